"""Tests of a fit, against what can be counted by hand."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from parallel_nb.fitting import checks


@pytest.mark.parametrize("signs", [(1, 1, 1, 0, 0, 0, 0), (1, 1, 0, 0, 0, 1, 0)])
def test_the_chance_of_so_few_runs_is_exact(signs):
    def n_runs(order):
        return 1 + sum(a != b for a, b in pairwise(order))

    orders = set(permutations(signs))
    seen = n_runs(signs)
    by_counting = sum(n_runs(order) <= seen for order in orders) / len(orders)
    n = np.arange(1, 8)
    residuals = np.where(np.array(signs) > 0, 1.0, -1.0)
    found = checks.runs(n, residuals)
    assert found.statistic == seen
    assert found.p_value == pytest.approx(by_counting)


def test_lack_of_fit_is_the_textbooks_f():
    n = np.array([1, 1, 2, 2, 4, 4])
    residuals = np.array([0.1, -0.1, 1.1, 0.9, -0.9, -1.1])
    found = checks.lack_of_fit(n, residuals, 2)
    assert found.statistic == pytest.approx((2 * 2 / 1) / (0.06 / 3))
    assert "lack of fit" in found.warning


def test_without_repeats_there_is_no_pure_error():
    found = checks.lack_of_fit(np.array([1, 2, 4]), np.array([1.0, -1, 1]), 2)
    assert np.isnan(found.p_value)
    assert found.warning == ""


def test_of_many_runs_the_chance_is_nearly_the_exact_one():
    for seen in (80, 95, 105):
        exact = checks._fewer_runs(seen, 100, 100)
        assert checks._about(seen, 100, 100) == pytest.approx(exact, abs=0.005)
