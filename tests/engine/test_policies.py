"""Enough successes, or a failure, end a run: verdicts from counts."""

import math

import pytest

import parallel_nb as pnb
from parallel_nb.engine.policies import Policy, make_policy


@pytest.mark.parametrize(
    ("wait", "n_tasks", "n_needed"),
    [("all", 5, None), ("any", 5, 1), (3, 5, 3), (0.6, 5, 3), (0.5, 5, 3), (1.0, 5, 5)],
)
def test_wait_is_a_number_of_successes(wait, n_tasks, n_needed):
    assert make_policy(wait, "continue", n_tasks).n_needed == n_needed


@pytest.mark.parametrize("wait", ["some", 0, -1, 0.0, 1.5, True, None])
def test_wait_that_makes_no_sense_is_refused(wait):
    with pytest.raises(pnb.ArgumentError, match="`wait`"):
        make_policy(wait, "continue", 5)


def test_more_successes_than_tasks_are_refused_before_work_starts():
    with pytest.raises(pnb.ArgumentError, match="needs 6 successes of 5 tasks"):
        make_policy(6, "continue", 5)


def test_a_share_of_an_unknown_number_is_refused():
    with pytest.raises(pnb.ArgumentError, match="not known"):
        make_policy(0.5, "continue", math.inf)


def test_on_failure_is_one_of_three():
    with pytest.raises(pnb.ArgumentError, match="Did you mean 'continue'"):
        make_policy("all", "continu", 5)


def test_waiting_ends_with_the_needed_success():
    policy = Policy(n_needed=2, n_tasks=4)
    assert policy.verdict(1, 2, 2) == ""
    assert policy.verdict(2, 2, 2) == "wait"


def test_waiting_ends_when_it_cannot_be_met_any_more():
    policy = Policy(n_needed=2, n_tasks=4)
    assert policy.verdict(1, 3, 3) == "impossible"


def test_a_failure_stops_where_it_shall():
    assert Policy(on_failure="stop").verdict(3, 1, 1) == "failure"
    assert Policy(on_failure="continue").verdict(3, 1, 1) == ""
