"""What intervals cover of pixels is exact: the raster neither loses nor adds time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb.draw.raster import columns, coverage

N_COLUMNS = 7
POSITIONS = st.floats(0, N_COLUMNS, allow_subnormal=False)
INTERVALS = st.lists(st.tuples(st.integers(0, 2), POSITIONS, POSITIONS), max_size=30)


def arrays(intervals):
    lane = np.array([lane for lane, *_ in intervals], dtype=int)
    ends = np.array([sorted(pair) for _, *pair in intervals]).reshape(-1, 2)
    return lane, ends[:, 0], ends[:, 1]


@given(INTERVALS)
def test_each_row_adds_up_to_the_length_of_its_intervals(intervals):
    lane, begin, end = arrays(intervals)
    covered = coverage(begin, end, lane, (3, N_COLUMNS))
    busy = np.bincount(lane, end - begin, minlength=3)
    np.testing.assert_allclose(covered.sum(axis=1), busy, atol=1e-9)


@given(INTERVALS)
def test_each_pixel_gets_its_overlap_with_each_interval(intervals):
    lane, begin, end = arrays(intervals)
    left = np.arange(N_COLUMNS)
    expected = np.zeros((3, N_COLUMNS))
    for row, start, stop in zip(lane, begin, end, strict=True):
        expected[row] += np.clip(
            np.minimum(stop, left + 1) - np.maximum(start, left), 0, 1
        )
    covered = coverage(begin, end, lane, (3, N_COLUMNS))
    np.testing.assert_allclose(covered, expected, atol=1e-9)


@given(INTERVALS, st.floats(-10, 10))
def test_a_weight_multiplies_what_is_covered(intervals, weight):
    lane, begin, end = arrays(intervals)
    plain = coverage(begin, end, lane, (3, N_COLUMNS))
    weighted = coverage(begin, end, lane, (3, N_COLUMNS), np.full(len(lane), weight))
    np.testing.assert_allclose(weighted, weight * plain, atol=1e-8)


def test_pixels_that_nothing_touches_are_exactly_zero():
    begin = np.linspace(0, 3, 10_001)
    covered = coverage(begin[:-1], begin[1:], np.zeros(10_000, int), (1, 6))
    assert (covered[0, 3:] == 0).all()


def test_a_million_intervals_lose_nothing():
    begin = np.linspace(0, 800, 1_000_001)
    covered = coverage(begin[:-1], begin[1:], np.zeros(1_000_000, int), (1, 800))
    np.testing.assert_allclose(covered, 1.0, atol=1e-9)


def test_an_interval_may_end_on_the_right_edge():
    assert coverage([1.0], [2.0], [0], (1, 2)).tolist() == [[0.0, 1.0]]


def test_no_intervals_cover_nothing():
    assert coverage([], [], [], (2, 3)).tolist() == [[0.0] * 3] * 2


def test_positions_outside_the_window_go_to_its_edges():
    assert columns([-1.0, 5.0, 99.0], (0.0, 10.0), 20).tolist() == [0.0, 10.0, 20.0]


@pytest.mark.parametrize("n_columns", [1, 800])
def test_the_edges_of_the_window_are_the_edges_of_the_picture(n_columns):
    assert columns([2.0, 3.0], (2.0, 3.0), n_columns).tolist() == [0.0, n_columns]
