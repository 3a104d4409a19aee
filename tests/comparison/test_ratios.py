"""Ratios and their intervals: published critical values, coverage, edge cases."""

import math

import numpy as np
import pytest
from scipy import stats

from parallel_nb.comparison import ratios


# Critical values of U, two-sided 5 %, as statistical tables print them.
@pytest.mark.parametrize(
    ("n", "m", "critical"),
    [(4, 4, 0), (5, 5, 2), (5, 10, 8), (8, 8, 13), (10, 10, 23), (20, 20, 127)],
)
def test_ranks_left_out_are_the_published_critical_values(n, m, critical):
    assert ratios._ranks_left_out(n, m, 0.95) == critical + 1
    assert ratios._ranks_left_out(m, n, 0.95) == critical + 1


def test_three_and_three_are_too_few_for_ranks():
    assert ratios._ranks_left_out(3, 3, 0.95) == 0
    found = ratios.of_repeats([1.0, 1.1, 1.2], [1.0, 1.1, 1.3])
    theirs = stats.ttest_ind(
        np.log([1.0, 1.1, 1.3]), np.log([1.0, 1.1, 1.2]), equal_var=False
    ).confidence_interval(0.95)
    assert math.log(found.low) == pytest.approx(theirs.low)
    assert math.log(found.high) == pytest.approx(theirs.high)


def test_the_normal_approximation_of_ranks_agrees_with_counting():
    counted = ratios._ranks_left_out(30, 30, 0.95)
    spread = math.sqrt(30 * 30 * 61 / 12)
    assert counted == pytest.approx(450 - 1.96 * spread, abs=1.5)
    assert ratios._ranks_left_out(31, 30, 0.95) == pytest.approx(
        465 - 1.96 * math.sqrt(31 * 30 * 62 / 12), abs=1.5
    )


@pytest.mark.parametrize("n", [3, 5, 10])
def test_intervals_of_repeats_cover_what_they_promise(n):
    stream = np.random.default_rng(7)
    covered = 0
    for _ in range(1500):
        before, after = np.exp(stream.normal(0, 0.05, (2, n)))
        found = ratios.of_repeats(before, 1.2 * after)
        covered += found.low <= 1.2 <= found.high
    assert 0.935 <= covered / 1500 <= 0.99


def test_one_disturbed_repeat_decides_nothing():
    calm = [1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0, 1.01]
    found = ratios.of_repeats(calm, [*calm[:-1], 9.0])
    assert 0.98 < found.low < 1 < found.high < 1.05


def test_swapping_the_sides_inverts_the_ratio():
    before, after = [1.0, 1.2, 0.9, 1.1, 1.05], [2.0, 2.1, 1.9, 2.2, 1.95]
    there, back = ratios.of_repeats(before, after), ratios.of_repeats(after, before)
    assert there.value == pytest.approx(1 / back.value)
    assert there.low == pytest.approx(1 / back.high)
    assert there.inverse.high == pytest.approx(back.high)


def test_one_repeat_each_has_no_interval():
    found = ratios.of_repeats([2.0], [3.0])
    assert found.value == pytest.approx(1.5)
    assert found.basis == ratios.NOTHING
    assert math.isnan(found.low)


def test_one_repeat_against_many_borrows_their_noise():
    found = ratios.of_repeats([2.0], [3.0, 3.1, 2.9, 3.0])
    assert found.basis == ratios.ONE_SIDED
    assert found.low < 1.5 < found.high


def test_equal_repeats_have_an_interval_of_no_width():
    found = ratios.of_repeats([1.0, 1.0], [2.0, 2.0])
    assert (found.low, found.high) == (pytest.approx(2.0), pytest.approx(2.0))


def test_very_many_repeats_need_no_pairs():
    stream = np.random.default_rng(3)
    before, after = stream.lognormal(0, 0.1, (2, 3000))
    found = ratios.of_repeats(before, after)
    assert found.low < 1 < found.high < 1.02


@pytest.mark.parametrize("n", [200, 5000])
def test_intervals_over_tasks_cover_what_they_promise(n):
    stream = np.random.default_rng(11)
    covered, rounds = 0, 300 if n > 1000 else 200
    for _ in range(rounds):
        before = stream.lognormal(0, 1, n)
        after = 1.1 * before * stream.lognormal(-0.02, 0.2, n)
        found = ratios.of_tasks(before, after, alike=0)
        covered += found.low <= 1.1 <= found.high
    assert 0.9 <= covered / rounds <= 0.99


def test_bootstrap_and_linearised_intervals_agree_where_they_meet():
    stream = np.random.default_rng(5)
    before = stream.lognormal(0, 0.5, 2000)
    after = before * stream.lognormal(0, 0.1, 2000)
    linear = ratios.of_tasks(before, after)
    resampled = ratios.of_tasks(before[:-1], after[:-1])
    assert resampled.half == pytest.approx(linear.half, rel=0.1)


def test_few_tasks_have_no_interval():
    assert math.isnan(ratios.of_tasks([1.0, 2.0], [2.0, 4.0]).low)


def test_needed_repeats_suffice():
    stream = np.random.default_rng(2)
    before, after = np.exp(stream.normal(0, 0.05, (2, 10)))
    n = ratios.needed(before, after, 0.05)
    widths = []
    for _ in range(200):
        sides = np.exp(stream.normal(0, 0.05, (2, n)))
        widths.append(ratios.of_repeats(*sides).half)
    assert np.median(widths) == pytest.approx(0.05, rel=0.35)


def test_nobody_knows_what_is_needed_without_repeats():
    assert ratios.needed([1.0], [2.0], 0.05) == 0


def test_a_task_without_noise_that_changes_does_so_surely():
    before = np.array([[1.0, 2.0], [1.0, 2.0]])
    after = np.array([[1.0, 3.0], [1.0, 3.0]])
    assert ratios.p_of_tasks(before, after).tolist() == [1.0, 0.0]


def test_p_of_tasks_is_welchs():
    stream = np.random.default_rng(1)
    before, after = stream.lognormal(0, 0.1, (5, 3)), stream.lognormal(0, 0.1, (7, 3))
    theirs = stats.ttest_ind(np.log(after), np.log(before), equal_var=False).pvalue
    assert ratios.p_of_tasks(before, after) == pytest.approx(theirs)
