"""The formulas: answers by hand, bounds from the literature, identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import metrics

SECONDS = st.floats(0.0, 1e4, allow_subnormal=False)
# Whole milliseconds as binary fractions: sums of these are exact.
TICKS = st.integers(0, 4096).map(lambda ticks: ticks / 1024)


@st.composite
def lane_schedules(draw, gaps=SECONDS, lengths=SECONDS):
    """Attempts (started, ended, worker) that never overlap in a lane, and the lanes."""
    n_workers = draw(st.integers(1, 5))
    lane = st.lists(st.tuples(gaps, lengths), max_size=6)
    started, ended, worker = [], [], []
    for number in range(n_workers):
        now = 0.0
        for gap, length in draw(lane):
            started.append(now + gap)
            now = now + gap + length
            ended.append(now)
            worker.append(number)
    return np.array(started), np.array(ended), np.array(worker, dtype=int), n_workers


def running_at_once(started, ended):
    _, counts = metrics.concurrency(started, ended)
    return int(counts.max(initial=0))


# Answers by hand


def test_work_leaves_out_what_never_ran():
    assert metrics.work([1.0, np.nan, 2.0]) == 3.0
    assert metrics.work([]) == 0.0


def test_span_of_independent_tasks_is_the_longest():
    assert metrics.span([1.0, 5.0, np.nan]) == 5.0
    assert metrics.span([]) == 0.0


def test_span_of_a_diamond_is_its_longer_side():
    #   0 -> 1 -> 3
    #   0 -> 2 -> 3
    edges = [(1, 0), (2, 0), (3, 1), (3, 2)]
    assert metrics.span([1.0, 2.0, 5.0, 1.0], edges) == 7.0
    assert metrics.span([1.0, 5.0, 2.0, 1.0], edges) == 7.0


def test_span_counts_an_edge_given_twice_once():
    assert metrics.span([1.0, 2.0], [(1, 0), (1, 0)]) == 3.0


def test_span_of_a_long_chain_needs_no_recursion():
    n = 50_000
    edges = np.column_stack([np.arange(1, n), np.arange(n - 1)])
    assert metrics.span(np.ones(n), edges) == n


def test_tasks_that_wait_in_a_circle_are_refused():
    with pytest.raises(ValueError, match=r"wait in a circle: among tasks 1, 2"):
        metrics.span([1.0] * 3, [(1, 2), (2, 1)])


def test_edges_to_no_task_are_refused():
    with pytest.raises(
        ValueError, match=r"must point at tasks 0 \.\.\. 1; got 0 \.\.\. 2"
    ):
        metrics.span([1.0, 1.0], [(0, 2)])


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


def test_an_attempt_that_starts_as_another_ends_does_not_run_beside_it():
    times, counts = metrics.concurrency([0.0, 1.0], [1.0, 2.0])
    assert times.tolist() == [0.0, 1.0, 2.0]
    assert counts.tolist() == [1, 1, 0]


def test_an_attempt_without_length_never_counts():
    times, counts = metrics.concurrency([1.0], [1.0])
    assert times.tolist() == [1.0]
    assert counts.tolist() == [0]


def test_nothing_ran_no_steps():
    times, counts = metrics.concurrency([np.nan], [np.nan])
    assert len(times) == len(counts) == 0


def test_utilization_is_exact_where_an_attempt_covers_part_of_a_bin():
    series = metrics.utilization_series([0.5], [2.25], 1, edges=[0.0, 1.0, 2.0, 4.0])
    assert series.tolist() == [0.5, 1.0, 0.125]


def test_utilization_outside_the_edges_is_left_out():
    series = metrics.utilization_series([-5.0, 9.0], [0.5, 11.0], 2, edges=[0.0, 1.0])
    assert series.tolist() == [0.25]


def test_utilization_of_no_attempts_is_zero():
    assert metrics.utilization_series([], [], 2, edges=[0.0, 1.0, 2.0]).tolist() == [
        0,
        0,
    ]


def test_lanes_are_given_out_from_the_lowest_free_one():
    started = [0.0, 0.0, 0.0, 2.0, 1.0]
    ended = [3.0, 1.0, 2.0, 4.0, 2.0]
    assert metrics.colour_lanes(started, ended).tolist() == [2, 0, 1, 0, 0]


def test_an_attempt_that_never_ran_has_no_lane():
    lanes = metrics.colour_lanes([np.nan, 0.0], [np.nan, 1.0])
    assert lanes.tolist() == [-1, 0]
    assert lanes.dtype == np.int32


# Identities


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
@given(lane_schedules(gaps=TICKS, lengths=TICKS), st.data())
def test_no_schedule_beats_a_chain_that_it_respected(schedule, data):
    started, ended, _, _ = schedule
    n = len(started)
    if not n:
        return
    pairs = [(b, a) for a in range(n) for b in range(n) if ended[a] <= started[b]]
    pairs = [(b, a) for b, a in pairs if (started[a], a) < (started[b], b)]
    edges = data.draw(st.lists(st.sampled_from(pairs))) if pairs else []
    assert metrics.span(ended - started, edges) <= metrics.makespan(ended, [0.0])


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


@settings(deadline=None)
@given(lane_schedules())
def test_concurrency_integrates_to_the_work(schedule):
    started, ended, _, _ = schedule
    times, counts = metrics.concurrency(started, ended)
    area = float((counts[:-1] * np.diff(times)).sum()) if len(times) else 0.0
    assert area == pytest.approx(metrics.work(ended - started), abs=1e-6)
    assert (np.diff(times) > 0).all()
    assert counts.min(initial=0) >= 0


@settings(deadline=None)
@given(lane_schedules(), st.integers(1, 40))
def test_utilization_of_bins_averages_to_utilization(schedule, n_bins):
    started, ended, worker, n_workers = schedule
    if not len(started) or ended.max() < 1e-3:
        return
    edges = np.linspace(0.0, ended.max(), n_bins + 1)
    series = metrics.utilization_series(started, ended, n_workers, edges)
    busy = metrics.busy(ended - started, worker, n_workers)
    assert series.mean() == pytest.approx(
        metrics.utilization(busy, edges[-1]), abs=1e-9
    )
    assert series.min() >= 0
    assert series.max() <= 1 + 1e-9


@settings(deadline=None)
@given(
    lane_schedules(gaps=TICKS, lengths=TICKS), st.lists(TICKS, min_size=2, unique=True)
)
def test_utilization_of_a_bin_is_what_concurrency_says(schedule, edges):
    started, ended, _, n_workers = schedule
    edges = np.sort(edges)
    times, counts = metrics.concurrency(started, ended)
    grid = np.union1d(times, edges)
    at = np.searchsorted(times, grid[:-1], side="right") - 1
    running = np.where(at >= 0, np.append(counts, 0)[at], 0)
    series = metrics.utilization_series(started, ended, n_workers, edges)
    for low, high, share in zip(edges[:-1], edges[1:], series, strict=True):
        inside = (grid[:-1] >= low) & (grid[1:] <= high)
        area = (running * np.diff(grid))[inside].sum()
        assert share == pytest.approx(area / (n_workers * (high - low)))


@settings(deadline=None)
@given(st.lists(st.tuples(TICKS, TICKS), max_size=30))
def test_lanes_never_overlap_and_are_the_fewest(attempts):
    started = np.array([start for start, _ in attempts])
    ended = started + np.array([length for _, length in attempts])
    lanes = metrics.colour_lanes(started, ended)
    for lane in range(int(lanes.max(initial=-1)) + 1):
        rows = np.flatnonzero(lanes == lane)
        rows = rows[np.lexsort([ended[rows], started[rows]])]
        assert len(rows)
        assert (ended[rows[:-1]] <= started[rows[1:]]).all()
    lengthy = ended > started
    fewest = running_at_once(started, ended)
    assert len(set(lanes[lengthy])) == fewest


@settings(deadline=None)
@given(lane_schedules(gaps=TICKS, lengths=TICKS.filter(bool)))
def test_lanes_that_were_kept_need_no_more_colours(schedule):
    started, ended, _, n_workers = schedule
    assert metrics.colour_lanes(started, ended).max(initial=-1) < n_workers
