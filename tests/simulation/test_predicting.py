"""`predict`: bounds, the model's own error, what cannot be known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import parallel_nb as pnb
from parallel_nb import metrics, scheduling
from parallel_nb.errors import ArgumentError
from parallel_nb.scheduling import ORDERS

from .making import TICKS, graphs, makespan, recorded

CLOSE = 1 + 1e-9
RULES = ORDERS[:-1]


def row(frame, n_workers):
    return frame[frame["n_workers"] == n_workers].iloc[-1]


def test_the_recorded_number_of_workers_comes_first_with_the_models_own_error():
    run = recorded((0, 0, 0, 2), (1, 0, 2, 3), (2, 0, 3, 4), (3, 0, 5, 6), n_workers=1)
    frame = pnb.predict(run, [2, 1, 4])
    assert frame["n_workers"].tolist() == [1, 2, 4]
    first = frame.iloc[0]
    assert first["method"] == "recorded"
    assert first["measured"] == first["makespan"] == 6  # three gaps of 1/3 s each
    assert first["error"] == 0
    assert frame["measured"].isna().tolist() == [False, True, True]


def test_the_model_owns_up_to_a_gap_that_it_does_not_explain():
    ends = [*range(1, 10), 20]
    rows = [(at, 0, end - 1, end) for at, end in enumerate(ends)]
    first = pnb.predict(recorded(*rows, n_workers=1), [1]).iloc[0]
    assert (first["makespan"], first["measured"]) == (10, 20)
    assert first["error"] == pytest.approx(-0.5)


def test_what_was_recorded_is_scheduled_as_it_was_whatever_is_asked():
    run = recorded((0, 0, 0, 1), (1, 0, 1, 4), n_workers=1)
    frame = pnb.predict(run, [1, 2], order="longest_first", chunks=2)
    assert frame["method"].tolist()[0] == "recorded"
    assert frame["n_workers"].tolist() == [1, 1, 2]


def test_one_recorded_worker_is_what_speedups_refer_to():
    run = recorded((0, 0, 1, 2), (1, 0, 2, 3), n_workers=1)
    frame = pnb.predict(run, [2])
    assert frame["speedup"].tolist() == [1, 1.5]  # (1 + 2) s / (1 + 1) s
    assert frame["efficiency"].tolist() == [1, 0.75]


def test_without_one_recorded_worker_speedups_are_estimated():
    run = recorded((0, 0, 1, 2), (1, 1, 1, 2))
    assert pnb.predict(run, [2])["speedup"].tolist() == [1]


@pytest.mark.parametrize("m", [2, 3, 4, 7])
def test_bounds_hold_with_equality_in_grahams_worst_cases(m):
    lengths = [d for d in range(2 * m - 1, m, -1) for _ in "ab"] + 3 * [m]
    worst = pnb.predict(lengths, m, order="longest_first").iloc[0]
    assert worst["makespan"] == worst["lpt_bound"] == 4 * m - 1
    lengths = m * (m - 1) * [1] + [m]
    worst = pnb.predict(lengths, m).iloc[0]
    assert worst["makespan"] == worst["graham_bound"] == 2 * m - 1
    assert worst["lower_bound"] == m


def test_work_and_span_of_a_graph_burdened_with_dispatch():
    # 0 -> 1 -> 3 and 0 -> 2 -> 3, each 1 s and 0.5 s to hand it over
    edges = [(1, 0), (2, 0), (3, 1), (3, 2)]
    frame = pnb.predict([1, 1, 1, 1], [1, 2], after=edges, dispatch=0.5)
    assert frame["lower_bound"].tolist() == [4, 3]
    assert frame["makespan"].tolist() == [6, 4.5]
    assert frame["graham_bound"].tolist() == [6, 6 / 2 + 4.5 / 2]
    assert frame["lpt_bound"].isna().all()


def test_scarce_agents_limit_from_below_and_leave_no_upper_bound():
    run = recorded(
        *((at, at, 0, 1) for at in range(4)),
        n_workers=4,
        agent="gpu",
        agents={"gpu": 2},
    )
    frame = pnb.predict(run, [1, 2, 8], dispatch=0)
    assert row(frame, 8)["lower_bound"] == row(frame, 8)["makespan"] == 2
    assert np.isnan(row(frame, 8)["graham_bound"])
    assert row(frame, 1)["graham_bound"] == 4


def test_rows_that_bounds_decide_say_so():
    lengths = np.ones(10_000)
    frame = pnb.predict(lengths, [2, 3, 4096])
    assert frame["method"].tolist() == ["bounds", "bounds", "simulated"]
    assert frame["makespan"].tolist() == pytest.approx([5000, 3334, 3], rel=1e-3)


def test_a_run_whose_tasks_were_cut_short_takes_longer_than_predicted():
    run = recorded((0, 0, 0, 1), (1, 1, 0, 1), status=["done", "timeout"])
    frame = pnb.predict(run, [1])
    assert frame["is_at_least"].all()
    assert "ended by a time limit or cancelled" in frame.attrs["notes"][0]
    again = recorded(
        (0, 0, 0, 1), (0, 1, 1, 2), attempt=[1, 2], status=["timeout", "done"]
    )
    assert not pnb.predict(again, [1])["is_at_least"].any()


def test_nothing_takes_no_time_and_has_no_speedup():
    frame = pnb.predict([], [1, 2])
    assert frame["makespan"].tolist() == [0, 0]
    assert frame["speedup"].isna().all()


@pytest.mark.parametrize("counts", [0, [1, 0], [1.5], [], "ab"])
def test_impossible_numbers_of_workers_are_refused(counts):
    with pytest.raises(ArgumentError, match="`n_workers` must"):
        pnb.predict([1.0], counts)


def test_a_run_without_durations_cannot_be_predicted():
    run = recorded((0, -1, np.nan, np.nan), status=["cancelled"])
    with pytest.raises(ArgumentError, match="none is known to have started and ended"):
        pnb.predict(run, [1])


# --- what must always hold ---


@settings(deadline=None, max_examples=25)
@given(graphs(), st.sampled_from(RULES), TICKS)
def test_makespans_lie_between_the_bounds(problem, order, dispatch):
    durations, edges, _ = problem
    frame = pnb.predict(
        durations, [1, 2, 3, 5, 8], after=edges, order=order, dispatch=dispatch
    )
    work, span = sum(durations), metrics.span(durations, edges)
    n = frame["n_workers"]
    assert np.allclose(frame["lower_bound"], np.maximum(work / n, span))
    assert (frame["lower_bound"] <= frame["makespan"] * CLOSE).all()
    assert (frame["makespan"] <= frame["graham_bound"] * CLOSE).all()
    if not dispatch:
        assert np.allclose(frame["graham_bound"], work / n + (1 - 1 / n) * span)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(TICKS, min_size=1, max_size=40),
    st.sampled_from(ORDERS),
    TICKS,
    st.sampled_from([None, 1, 3]),
)
def test_predictions_are_the_simulations_within_what_decides(
    durations, order, dispatch, chunks
):
    asked = {"order": order, "dispatch": dispatch, "chunks": chunks}
    frame = pnb.predict(durations, [1, 2, 3, 50], **asked)
    for each in frame.itertuples():
        took = makespan(pnb.simulate(durations, n_workers=each.n_workers, **asked))
        assert each.makespan == pytest.approx(took, rel=scheduling.AGREED)
        if each.method == "simulated" and order != "best":
            assert each.makespan == took


@settings(deadline=None, max_examples=25)
@given(st.lists(TICKS, min_size=1, max_size=40), st.integers(1, 6))
def test_longest_first_keeps_to_its_bound(durations, n_workers):
    frame = pnb.predict(durations, n_workers, order="longest_first")
    assert frame["makespan"][0] <= frame["lpt_bound"][0] * CLOSE
    assert frame["lpt_bound"][0] <= frame["graham_bound"][0] * CLOSE
    assert frame["lpt_bound"][0] <= 2 * frame["lower_bound"][0] * CLOSE


@settings(deadline=None, max_examples=20)
@given(graphs(), st.integers(1, 4), st.sampled_from(RULES))
def test_a_simulated_run_is_predicted_without_error(problem, n_workers, order):
    durations, edges, _ = problem
    run = pnb.simulate(durations, n_workers=n_workers, after=edges, order=order)
    first = pnb.predict(run, [n_workers], dispatch=0).iloc[0]
    assert first["measured"] == max(run.attempts["ended"])
    if first["measured"] and not edges:
        assert first["error"] == pytest.approx(0)


def test_short_retries_that_go_together_take_as_long(monkeypatch):
    """Enough of them to be put together; each count scheduled exactly beside it."""
    monkeypatch.setattr(scheduling.coarsening, "_AT_MOST", (2000, 2000))
    rng = np.random.default_rng(0)
    lengths, again = rng.exponential(1.0, 20_000), np.arange(1, 20_000, 7)
    after = np.column_stack([again, again - 1])
    counts = [1, 2, 3, 8, 20]
    near = pnb.predict(lengths, counts, after=after)["makespan"].to_numpy()
    exact = [scheduling.list_schedule(lengths, n, after=after).makespan for n in counts]
    assert near == pytest.approx(exact, rel=0.004)


@pytest.mark.parametrize(("n_tasks", "is_told"), [(400, False), (24_000, True)])
def test_short_attempts_that_were_scheduled_together_are_told_of(n_tasks, is_told):
    half = n_tasks // 2
    first, last = np.arange(half), np.arange(half + 1, n_tasks)
    ended = np.column_stack([np.full(half, half), first])
    begin = np.column_stack([last, np.full(len(last), half)])
    lengths = np.random.default_rng(0).exponential(1.0, n_tasks)
    lengths[half] = n_tasks / 8
    frame = pnb.predict(lengths, [4, 7], after=np.concatenate([ended, begin]))
    told = [note for note in frame.attrs["notes"] if "scheduled together" in note]
    assert bool(told) == is_told
    assert (frame["makespan"] >= frame["lower_bound"]).all()
    assert (frame["makespan"] <= frame["graham_bound"] * CLOSE).all()
