"""What holds for every ledger, whatever the run: each second is in one part."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import parallel_nb as pnb
from parallel_nb import metrics
from parallel_nb.accounting import making, parts
from parallel_nb.accounting.spans import at_least, both, outside, union

from .making import runs

_EVENTS = ("started", "ended", "received", "submitted")
NAMES = list(parts.NAMES)
CLOSE = {"rel": 1e-9, "abs": 1e-12}


def asked(run):
    """The parts again, by asking between any two events what each worker was doing.

    Slow, plain, and without any arithmetic on intervals; the time inside attempts is
    not cut up.
    """
    found = pnb.ledger(run)
    attempts, edges = run.attempts, run.edges
    begin, end = found.window
    starts = run.startups.dropna().to_dict("records")
    rows = attempts.to_dict("records")
    tries = {}
    for row in rows:
        tries[row["task"]] = max(tries.get(row["task"], 0), row["attempt"])
    over = {}
    for row in rows:
        if row["ended"] == row["ended"]:
            over[row["task"]] = max(over.get(row["task"], -math.inf), row["ended"])
    for row in rows:
        row["until"] = row["started"]
        if math.isnan(row["started"]):
            row["until"] = row["received"]
            if math.isnan(row["until"]):
                row["until"] = row["ended"]
            if math.isnan(row["until"]) and row["attempt"] == tries[row["task"]]:
                row["until"] = end
        elif math.isnan(row["ready"]):
            known = [begin if math.isnan(row["submitted"]) else row["submitted"]]
            known += [
                over[after]
                for task, after in edges.itertuples(index=False)
                if task == row["task"] and after in over
            ]
            known += [
                other["ended"]
                for other in rows
                if other["task"] == row["task"]
                and other["attempt"] == row["attempt"] - 1
                and other["ended"] == other["ended"]
            ]
            row["ready"] = max(known)
    infers = run.meta.backend == "loky" and not len(run.startups)

    def can_be_taken(now):
        for row in rows:
            if row["ready"] <= now < row["until"]:
                slots = run.meta.agents.get(row["agent"])
                running = sum(
                    other["agent"] == row["agent"]
                    and other["started"] <= now < other["ended"]
                    for other in rows
                )
                if slots is None or running < slots:
                    return True
        return False

    seconds = dict.fromkeys([*NAMES, "inside"], 0.0)
    events = [row[name] for row in rows for name in ("ready", "until", *_EVENTS)]
    events += [start[name] for start in starts for name in ("started", "ended")]
    events = {event for event in events if begin < event < end}
    for before, after in pairwise(sorted({begin, end} | events)):
        now, took = (before + after) / 2, after - before
        could = can_be_taken(now)
        for worker in range(run.meta.n_workers):
            own = [r for r in rows if r["worker"] == worker]
            own = [r for r in own if not math.isnan(r["ended"] - r["started"])]
            if any(r["started"] <= now < r["ended"] for r in own):
                name = "inside"
            elif any(
                s["worker"] == worker and s["started"] <= now < s["ended"]
                for s in starts
            ):
                name = "startup"
            elif own and now >= max(r["ended"] for r in own):
                name = "tail"
            elif own and infers and could and now < min(r["started"] for r in own):
                name = "startup"
            elif could:
                name = "dispatch"
            else:
                name = "blocked" if own else "tail"
            seconds[name] += took
    return seconds


@given(runs())
@settings(max_examples=150, deadline=None)
def test_the_parts_add_up_for_the_run_each_worker_and_each_bin(run):
    found = pnb.ledger(run, bins=7)
    makespan = run.summary()["makespan"][0]
    assert found.makespan == makespan or math.isnan(makespan)
    whole = run.meta.n_workers * makespan if makespan > 0 else 0.0
    assert sum(found.parts.values()) == pytest.approx(whole, **CLOSE)
    assert found.total == pytest.approx(whole, **CLOSE)
    assert min(found.parts.values()) >= 0
    each = max(makespan, 0.0) if not math.isnan(makespan) else 0.0
    workers, series = found.workers, found.series
    assert workers[NAMES].sum(axis=1).to_numpy() == pytest.approx(each, **CLOSE)
    assert (workers[NAMES] >= 0).all(axis=None)
    assert workers[NAMES].sum().to_dict() == pytest.approx(found.parts, **CLOSE)
    assert (series[NAMES] >= 0).all(axis=None)
    assert series[NAMES].sum().to_dict() == pytest.approx(found.parts, **CLOSE)
    assert series["total"].to_numpy() == pytest.approx(whole / 7, **CLOSE)
    agents = found.agents
    assert agents["agent"].tolist() == list(run.meta.agents)
    assert agents[NAMES].sum(axis=1).to_numpy() == pytest.approx(
        agents["slots"].to_numpy() * each, **CLOSE
    )
    assert (agents[NAMES] >= 0).all(axis=None)
    assert found.lost["seconds"].sum() == pytest.approx(found.parts["lost"], **CLOSE)


@given(runs())
@settings(max_examples=40, deadline=None)
def test_time_inside_attempts_is_what_they_took_but_for_what_is_told(run):
    found = pnb.ledger(run)
    if not found.total:
        return
    inside = sum(found.parts[NAMES[at]] for at in parts.INSIDE)
    work = run.summary()["work"][0]
    assert inside + found.uncounted == pytest.approx(work, **CLOSE)
    if not found.uncounted:
        utilization = run.summary()["utilization"][0]
        assert inside / found.total == pytest.approx(utilization, **CLOSE)


@given(runs())
@settings(max_examples=100, deadline=None)
def test_asking_between_any_two_events_gives_the_same(run):
    found = pnb.ledger(run)
    if not found.total:
        return
    other = asked(run)
    inside = sum(found.parts[NAMES[at]] for at in parts.INSIDE)
    assert inside == pytest.approx(other["inside"], **CLOSE)
    for name in ("startup", "dispatch", "blocked", "tail"):
        assert found.parts[name] == pytest.approx(other[name], **CLOSE), name


@given(runs())
@settings(max_examples=40, deadline=None)
def test_the_series_is_the_utilization_over_time(run):
    found = pnb.ledger(run, bins=5)
    if not found.total or found.uncounted:
        return
    series = found.series
    inside = series[[NAMES[at] for at in parts.INSIDE]].sum(axis=1)
    edges = np.append(series["started"], found.window[1])
    attempts = run.attempts
    shares = metrics.utilization_series(
        attempts["started"], attempts["ended"], run.meta.n_workers, edges
    )
    assert (inside / series["total"]).to_numpy() == pytest.approx(shares, abs=1e-9)


@given(runs())
@settings(max_examples=25, deadline=None)
def test_making_a_ledger_leaves_the_run_as_it_was(run):
    before = run.attempts.copy(deep=True)
    pnb.ledger(run)
    assert before.equals(run.attempts)


@given(runs())
@settings(max_examples=40, deadline=None)
def test_parallel_efficiency_is_utilization_and_a_product(run):
    row = pnb.efficiencies(run).iloc[0]
    whole = run.summary().iloc[0]
    assert row["parallel_efficiency"] == pytest.approx(
        whole["utilization"], nan_ok=True
    )
    if whole["work"] > 0 and whole["makespan"] > 0:
        assert row["load_balance"] * row["dispatch_efficiency"] == pytest.approx(
            row["parallel_efficiency"]
        )


@given(runs())
@settings(max_examples=60, deadline=None)
def test_the_way_for_large_runs_gives_the_same(run):
    with pytest.MonkeyPatch.context() as patch:
        usual = pnb.ledger(run).workers
        patch.setattr(making, "_MANY", 0)
        pd.testing.assert_frame_equal(pnb.ledger(run).workers, usual)


_SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), max_size=8)


def covered(pairs, n=1):
    """Whole seconds that at least n of the intervals cover."""
    return {
        second
        for second in range(30)
        if sum(begin <= second < begin + took for begin, took in pairs) >= n
    }


def seconds_of(spans):
    assert (spans.started[1:] >= spans.ended[:-1]).all()
    return {
        second
        for begin, end in zip(*spans, strict=True)
        for second in range(int(begin), int(end))
    }


def apart(pairs):
    return [b for b, _ in pairs], [b + took for b, took in pairs]


@given(_SPANS, _SPANS, st.integers(1, 4))
def test_spans_are_sets_of_moments(some, others, n):
    a, b = union(*apart(some)), union(*apart(others))
    assert seconds_of(a) == covered(some)
    assert seconds_of(both(a, b)) == covered(some) & covered(others)
    assert seconds_of(outside(a, (3.0, 17.0))) == set(range(3, 17)) - covered(some)
    assert seconds_of(at_least(n, *apart(some))) == covered(some, n)
