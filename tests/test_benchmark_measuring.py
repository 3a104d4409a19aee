"""The benchmark's own numbers: literal timings in, known medians and verdicts out."""

import math

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import showing, tables
from tests.benchmarks.measuring import Estimate, estimate, mirrored, timings, verdict


class Clock:
    """Jumps by what the call before said that it takes."""

    now = 100.0

    def __call__(self):
        return self.now


def timed(n_pairs, costs, seed=0):
    """Timings of two calls that take `costs` seconds of a made-up clock."""
    clock, log = Clock(), []

    def call(name):
        def cost():
            log.append(name)
            clock.now += costs[name]
            return name.upper()

        return cost

    found = list(
        timings(
            {name: call(name) for name in costs},
            n_pairs,
            np.random.default_rng(seed),
            clock=clock,
            collect=lambda: log.append("collect"),
        )
    )
    return found, log


# --- whose turn it is ---


@pytest.mark.parametrize("seed", range(5))
def test_every_two_pairs_mirror_each_other(seed):
    swapped = mirrored(10, np.random.default_rng(seed))
    assert all(a != b for a, b in zip(swapped[::2], swapped[1::2], strict=True))


def test_who_goes_first_is_drawn():
    drawn = {tuple(mirrored(2, np.random.default_rng(seed))) for seed in range(20)}
    assert drawn == {(False, True), (True, False)}


def test_an_odd_number_of_pairs_has_no_extra_one():
    assert len(mirrored(9, np.random.default_rng(0))) == 9


# --- timings ---


def test_each_pair_has_both_sides_once():
    found, _ = timed(3, {"a": 2.0, "b": 5.0})
    assert [t.pair for t in found] == [0, 0, 1, 1, 2, 2]
    assert [t.turn for t in found] == [0, 1] * 3
    for pair in range(3):
        assert {t.side for t in found if t.pair == pair} == {"a", "b"}


def test_seconds_are_those_of_the_call():
    found, _ = timed(2, {"a": 2.0, "b": 5.0})
    assert {(t.side, t.seconds, t.value) for t in found} == {
        ("a", 2.0, "A"),
        ("b", 5.0, "B"),
    }


def test_what_the_caller_does_between_is_not_timed():
    clock = Clock()
    calls = {"a": lambda: None, "b": lambda: None}
    for timing in timings(calls, 2, np.random.default_rng(0), clock=clock):
        assert timing.seconds == 0.0
        clock.now += 1000.0


def test_garbage_is_collected_before_each_call():
    _, log = timed(2, {"a": 1.0, "b": 1.0})
    assert log[::2] == ["collect"] * 4
    assert sorted(log[1::2]) == ["a", "a", "b", "b"]


def test_a_value_is_freed_before_the_next_call_is_timed():
    alive = []

    class Value:
        def __init__(self):
            alive.append(self)

        def __del__(self):
            freed.append(1)

    freed, seen = [], []

    def call():
        seen.append(len(freed))
        value = Value()
        alive.clear()
        return value

    for timing in timings({"a": call, "b": call}, 2, np.random.default_rng(0)):
        del timing
    assert seen == [0, 1, 2, 3]


# --- estimates ---


def test_the_estimate_is_the_median():
    assert estimate([5.0, 1.0, 2.0, 100.0, 3.0]).median == 3.0


def test_one_wild_timing_of_nine_leaves_the_interval_alone():
    found = estimate([1.0] * 8 + [50.0])
    assert found == Estimate(1.0, 1.0, 1.0, 9)


def test_the_interval_lies_between_the_second_lowest_and_second_highest_of_nine():
    # A resampled median is among the lowest two where five of nine draws are, which
    # has probability 3.0 %; to be the lowest one has 0.1 %.
    found = estimate([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    assert (found.median, found.low, found.high) == (5.0, 2.0, 8.0)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_too_few_values_carry_no_interval(n):
    found = estimate([2.0] * n)
    assert found.median == 2.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_missing_values_are_left_out():
    assert estimate([math.nan, 1.0, 3.0]).n == 2
    assert math.isnan(estimate([math.nan]).median)


def test_the_same_values_give_the_same_interval():
    values = [1.0, 1.2, 0.9, 1.1, 1.3, 0.8, 1.05]
    assert estimate(values) == estimate(values)


# --- verdicts ---


@pytest.mark.parametrize(
    ("low", "median", "high", "said"),
    [
        (0.8, 0.9, 1.0, "met"),
        (0.8, 0.9, 1.1, "met?"),
        (1.0, 1.0, 1.0, "met"),
        (1.1, 1.2, 1.3, "missed"),
        (0.9, 1.2, 1.3, "missed?"),
        (math.nan, 0.9, math.nan, "met?"),
        (math.nan, 1.2, math.nan, "missed?"),
        (math.nan, math.nan, math.nan, ""),
    ],
)
def test_a_bar_that_lies_in_the_interval_is_undecided(low, median, high, said):
    assert verdict(Estimate(median, low, high, 9), 1.0) == said


def test_without_a_bar_there_is_no_verdict():
    assert verdict(Estimate(0.9, 0.8, 1.0, 9), math.nan) == ""


# --- tables ---


FACTS = ("makespan", "work", "span", "after_last", "frame", "n_bytes")


def rows(section, ours, theirs, at, pairs, **facts):
    """Rows of a comparison from ``(seconds of ours, seconds of theirs)``."""
    made = []
    for pair, seconds in enumerate(pairs):
        for side, value in zip(("ours", "theirs"), seconds, strict=True):
            row = {"section": section, "ours": ours, "theirs": theirs, "at": at}
            row |= {"pair": pair, "side": side, "seconds": value, "n_tasks": 100}
            row |= {"n_workers": 2, "share": 1.0, "n_pairs": len(pairs)}
            row |= {
                "frame": math.nan,
                "after_last": math.nan,
                "n_started": 0,
                "n_bytes": math.nan,
            }
            own = facts if side == "ours" else {}
            row |= dict.fromkeys(("makespan", "work", "span"), math.nan) | own
            made.append(row)
    return pd.DataFrame(made)


def only(lines):
    (line,) = lines.to_dict("records")
    return line


def test_ratios_are_taken_pair_by_pair():
    # The machine became four times slower; each pair still says 0.5.
    drifting = [(1.0, 2.0), (2.0, 4.0), (4.0, 8.0)]
    line = only(
        tables.summarise(rows("recording", "with record()", "without", "", drifting))
    )
    assert line["median"] == 0.5
    assert (line["ours"], line["theirs"]) == (2.0, 4.0)


def test_the_frame_is_told_apart_from_the_rest():
    lines = tables.summarise(
        rows("plain", "loky", "joblib", "1 ms", [(1.1, 1.0)], frame=0.2)
    )
    line = lines[lines["section"] == "plain"].iloc[0]
    assert line["median"] == pytest.approx(1.1)
    assert line["frame"] == pytest.approx(0.2)
    assert line["framed"] == pytest.approx(1.3)


@pytest.mark.parametrize(("backend", "floor"), [("loky", 0.25), ("threading", 0.5)])
def test_the_floor_is_what_the_tasks_alone_would_take(backend, floor):
    # 100 tasks of 1 ms: 50 ms for two workers, 100 ms where they take turns.
    lines = tables.summarise(rows("plain", backend, "joblib", "1 ms", [(0.3, 0.2)]))
    assert lines["floor"].iloc[0] == pytest.approx(floor)


@pytest.mark.parametrize(
    ("backend", "at", "bar"),
    [
        ("isolated", "0", 0.5),
        ("threading", "10 µs", 0.5),
        ("sequential", "0", 1.0),
        ("loky", "100 µs", 1.0),
    ],
)
def test_tiny_tasks_must_cost_half_on_parallel_backends(backend, at, bar):
    lines = tables.summarise(rows("plain", backend, "joblib", at, [(1.0, 2.0)]))
    assert only(lines)["bar"] == bar


def test_makespan_is_held_against_work_shared_out_evenly():
    lines = tables.summarise(
        rows("plain", "loky", "joblib loky", "1 ms", [(1.2, 2)], makespan=1.1, work=2.0)
    )
    ideal = lines[lines["section"] == "ideal"]
    assert ideal["what"].tolist() == ["loky, recorded", "loky, outside"]
    assert ideal["median"].tolist() == [1.1, 1.2]


def test_the_bound_of_a_skewed_batch_may_be_its_longest_task():
    facts = {"makespan": 2.1, "work": 3.0, "span": 2.0}
    lines = tables.summarise(
        rows("skewed", "longest first", "joblib loky", "", [(2.2, 3.0)], **facts)
    )
    assert lines["theirs"].tolist() == [2.0] * 3
    assert lines["median"].round(3).tolist() == [1.05, 1.1, 1.5]


def test_peers_that_isolate_nothing_have_no_bar():
    lines = tables.summarise(
        pd.concat(
            [
                rows("peers", "isolated", peer, "0", [(1.0, 2.0)])
                for peer in ("pebble", "mpire, insights")
            ]
        )
    )
    assert lines["bar"].notna().tolist() == [True, False]


def test_a_smoke_run_is_not_judged():
    frame = rows("recording", "with record()", "without", "", [(2.0, 1.0)])
    assert only(tables.summarise(frame))["verdict"] == "missed?"
    assert only(tables.summarise(frame.assign(share=0.05)))["verdict"] == ""


def test_cold_lanes_are_told():
    frame = rows("plain", "isolated", "joblib loky", "0", [(1.0, 2.0)] * 9)
    assert tables.doubts(frame) == []
    (doubt,) = tables.doubts(frame.assign(n_started=[1, 0] * 9))
    assert "9 timings" in doubt


def test_what_is_missed_is_listed_with_its_distance():
    frame = rows("recording", "with record()", "without", "", [(1.5, 1.0)] * 9)
    lines = tables.summarise(frame)
    assert showing.missed(lines).splitlines() == [
        "Bars not met: 1 of 1",
        "- recording, with record() / without: 1.500 (1.500 to 1.500), "
        "bar ≤ 1.020, 0.480 over",
    ]
    assert "✗" in showing.text(lines)


def test_markdown_has_a_column_for_each_length():
    lines = tables.summarise(
        pd.concat(
            [
                rows("plain", "loky", "joblib loky", at, [(0.4, 1.0)] * 9)
                for at in ("0", "10 µs")
            ]
        )
    )
    shown = showing.markdown(lines).splitlines()
    assert "|  | 0 | 10 µs |" in shown
    assert "| loky / joblib loky | 0.400 ✓ | 0.400 ✓ |" in shown
