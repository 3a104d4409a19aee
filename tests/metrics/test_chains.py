"""Chains: the span by hand, and what no schedule beats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import metrics

from .schedules import TICKS, lane_schedules


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
