"""Any window of a Run is told exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb import metrics
from parallel_nb.draw.packed import Packed

from ..widgets.making import uneven


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10)), min_size=1, max_size=20),
    st.floats(-5, 105),
    st.floats(0.01, 200),
)
def test_busy_workers_of_any_window_are_those_of_the_metric(spans, left, width):
    started = np.array([start for start, _ in spans])
    ended = started + np.array([length for _, length in spans])
    edges = np.linspace(left, left + width, 8)
    expected = metrics.utilization_series(started, ended, 1, edges)
    found = Packed(started, ended).busy(edges)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * 100 / width + 1e-9)


def test_a_narrow_window_late_in_a_long_run_keeps_its_digits():
    started = np.arange(1_000_000) * 1.0
    packed = Packed(started, started + 0.5)
    edges = np.linspace(999_000.0, 999_000.001, 3)
    np.testing.assert_allclose(packed.busy(edges), [1.0, 1.0], rtol=1e-6)


def test_attempts_that_touch_a_window_are_counted():
    packed = Packed.of(uneven())
    assert packed.n_between(0.0, 8.0) == 4
    assert packed.n_between(5.0, 6.0) == 1
    assert Packed.of(uneven(), only_bad=True).n_between(0.0, 2.0) == 0


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_known_is_nobody_busy(n):
    packed = Packed(np.full(n, 1.0), np.full(n, np.nan))
    assert packed.busy(np.array([0.0, 1.0, 2.0])).tolist() == [0.0, 0.0]
