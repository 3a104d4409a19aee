"""Shares and seconds: answers by hand, bounds from the literature, identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import metrics

from .schedules import SECONDS, TICKS, lane_schedules


def test_work_leaves_out_what_never_ran():
    assert metrics.work([1.0, np.nan, 2.0]) == 3.0
    assert metrics.work([]) == 0.0


def test_idle_workers_lower_load_balance():
    assert metrics.load_balance([4.0, 4.0]) == 1.0
    assert metrics.load_balance([4.0, 4.0, 0.0, 0.0]) == 0.5


def test_busy_counts_attempts_without_a_lane_for_nobody():
    busy = metrics.busy([1.0, 2.0, np.nan], worker=[0, -1, 1], n_workers=2)
    assert busy.tolist() == [1.0, 0.0]
    assert metrics.busy([], worker=[], n_workers=2).tolist() == [0.0, 0.0]


def test_busy_refuses_a_lane_that_there_was_not():
    with pytest.raises(ValueError, match=r"below `n_workers` = 2; got 2"):
        metrics.busy([1.0], worker=[2], n_workers=2)


def test_attempts_that_overlap_in_a_lane_count_in_full():
    assert metrics.busy([2.0, 2.0], worker=[0, 0], n_workers=1).tolist() == [4.0]
    assert metrics.utilization([4.0], makespan=2.0) == 2.0


def test_makespan_leaves_out_unknown_times():
    assert metrics.makespan([np.nan, 7.0], [2.0, np.nan]) == 5.0


@pytest.mark.parametrize(("ended", "submitted"), [([], []), ([np.nan], [0.0])])
def test_there_is_no_makespan_where_nothing_ended(ended, submitted):
    with pytest.raises(ValueError, match="there is no makespan"):
        metrics.makespan(ended, submitted)


REFUSALS = [
    (metrics.work, ([-1.0],), "`durations` must not be negative; got -1.0"),
    (metrics.load_balance, ([],), "`busy` must hold a time for each worker"),
    (metrics.load_balance, ([0.0],), "`busy` must hold a positive time"),
    (metrics.load_balance, ([1.0, -1.0],), "`busy` must not be negative"),
    (metrics.speedup, (1.0, 0.0), "`makespan` must be positive; got 0.0"),
    (metrics.speedup, (1.0, np.nan), "`makespan` must be positive; got nan"),
    (metrics.efficiency, (1.0, 0), "`n_workers` must be positive; got 0"),
    (metrics.utilization, ([1.0], 0.0), "`makespan` must be positive"),
    (metrics.dispatch_efficiency, ([1.0], 0.0), "`makespan` must be positive"),
    (metrics.throughput, (1, 0.0), "`makespan` must be positive"),
    (metrics.work_inflation, (1.0, 0.0), "`reference` must be positive"),
    (metrics.success_rate, (0, 0), "`n_tasks` must be positive"),
    (metrics.concurrency, ([1.0], [0.0]), "`ended` must not be before `started`"),
    (metrics.colour_lanes, ([1.0], [0.0]), "`ended` must not be before `started`"),
    (metrics.utilization_series, ([], [], 1, [0.0]), "`edges` must be at least two"),
    (metrics.utilization_series, ([], [], 1, [1.0, 1.0]), "`edges` must be at least"),
    (metrics.utilization_series, ([], [], 0, [0.0, 1.0]), "`n_workers` must be"),
]


@pytest.mark.parametrize(
    ("formula", "arguments", "told"),
    REFUSALS,
    ids=[f"{formula.__name__}{arguments}" for formula, arguments, _ in REFUSALS],
)
def test_what_is_not_defined_is_refused_by_name(formula, arguments, told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is checked
        formula(*arguments)
    assert str(caught.value).startswith(told)


@settings(deadline=None)
@given(st.lists(SECONDS, min_size=1), st.floats(1e-3, 1e6))
def test_utilization_is_load_balance_times_dispatch_efficiency(busy, makespan):
    if max(busy) == 0:
        return
    product = metrics.load_balance(busy) * metrics.dispatch_efficiency(busy, makespan)
    assert metrics.utilization(busy, makespan) == pytest.approx(product)


@settings(deadline=None)
@given(
    st.lists(st.floats(1e-3, 1e4), min_size=1),
    st.floats(1e-3, 1e6),
    st.floats(1e-3, 1e6),
)
def test_efficiency_is_utilization_over_work_inflation(busy, makespan, reference):
    n_workers = len(busy)
    efficiency = metrics.efficiency(metrics.speedup(reference, makespan), n_workers)
    inflation = metrics.work_inflation(metrics.work(busy), reference)
    assert efficiency == pytest.approx(metrics.utilization(busy, makespan) / inflation)


@settings(deadline=None)
@given(lane_schedules(gaps=TICKS, lengths=TICKS))
def test_no_schedule_beats_work_per_worker_or_the_span(schedule):
    # Graham 1969: both bounds hold for every schedule. Exact, as ticks add up exactly.
    started, ended, _, n_workers = schedule
    if not len(started):
        return
    durations = ended - started
    makespan = metrics.makespan(ended, np.zeros_like(started))
    assert metrics.work(durations) / n_workers <= makespan
    assert metrics.span(durations) <= makespan


@settings(deadline=None)
@given(lane_schedules())
def test_valid_schedules_use_no_more_than_all_there_was(schedule):
    started, ended, worker, n_workers = schedule
    if not len(started) or ended.max() == 0:
        return
    busy = metrics.busy(ended - started, worker, n_workers)
    assert busy.sum() == pytest.approx(metrics.work(ended - started))
    assert metrics.utilization(busy, ended.max()) <= 1 + 1e-12
    assert metrics.dispatch_efficiency(busy, ended.max()) <= 1 + 1e-12
