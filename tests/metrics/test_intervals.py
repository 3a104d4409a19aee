"""Who ran when: exact steps, exact bins, the fewest lanes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import metrics

from .schedules import TICKS, lane_schedules, running_at_once


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
