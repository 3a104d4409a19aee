"""Measured dispatch: which gaps count, and from when."""

import numpy as np
import pytest

from parallel_nb.simulation import Dispatch, measured_dispatch
from parallel_nb.simulation.batches import batch_of

from .making import recorded


def test_a_gap_is_from_an_end_to_the_next_start_on_the_same_worker():
    run = recorded((0, 0, 0, 1), (1, 1, 0, 3), (2, 0, 1.5, 2), (3, 0, 2.5, 3))
    assert measured_dispatch(run) == Dispatch(between=0.5, n_between=2)


def test_gaps_within_a_chunk_are_told_apart():
    run = recorded(
        (0, 0, 0, 1), (1, 0, 1.25, 2), (2, 0, 3, 4), (3, 0, 4.25, 5), chunk=[7, 7, 8, 8]
    )
    found = measured_dispatch(run)
    assert found == Dispatch(between=1.0, within=0.25, n_between=1, n_within=2)
    assert found.mean == pytest.approx(0.5)


def test_a_task_that_was_not_ready_yet_is_not_charged_for_it():
    run = recorded((0, 0, 0, 1), (1, 0, 4.5, 5), ready=[0, 4])
    assert measured_dispatch(run).between == 0.5


def test_a_task_that_waits_is_charged_from_the_end_of_what_it_waits_for():
    # Its parent saw that end later: telling the parent is part of the price.
    run = recorded(
        (0, 0, 0, 1),
        (1, 1, 0, 3),
        (2, 0, 3.75, 5),
        edges=[(2, 1)],
        ready=[0, 0, 3.5],
    )
    assert measured_dispatch(run).between == 0.75


def test_a_scarce_agent_is_not_dispatch():
    rows = (0, 0, 0, 1), (1, 1, 0, 3), (2, 0, 3.25, 4)
    agent = [None, "gpu", "gpu"]
    assert measured_dispatch(recorded(*rows, agent=agent)).between == 2.25
    scarce = recorded(*rows, agent=agent, agents={"gpu": 1})
    assert measured_dispatch(scarce).between == 0.25
    enough = recorded(*rows, agent=agent, agents={"gpu": 2})
    assert measured_dispatch(enough).between == 2.25


def test_pauses_before_another_try_are_not_dispatch():
    run = recorded(
        (0, 0, 0, 1), (0, 0, 4, 5), (1, 0, 5.5, 6), attempt=[1, 2, 1], ready=[0, 4, 0]
    )
    assert measured_dispatch(run) == Dispatch(between=0.5, n_between=1)


def test_gaps_that_are_far_out_do_not_count():
    starts = np.arange(40) * 1.25
    starts[30:] += 100
    rows = [(at, 0, start, start + 1) for at, start in enumerate(starts)]
    assert measured_dispatch(recorded(*rows)).between == pytest.approx(0.25)


def test_nothing_is_measured_where_no_worker_had_two():
    assert measured_dispatch(recorded((0, 0, 0, 1), (1, 1, 0, 1))) == Dispatch()


def test_workers_are_there_when_their_first_attempt_starts():
    run = recorded((0, 0, 2, 3), (1, 1, 1, 4), (2, 0, 3, 5))
    assert batch_of(run).leads.tolist() == [1, 2]


def test_starting_counts_from_where_the_makespan_does():
    run = recorded((0, 0, 3, 4), startups=[(0, 9, -1.0, 3.0)])
    assert batch_of(run).leads.tolist() == [4]


def test_handing_over_the_first_attempts_lies_before_what_was_seen():
    batch = batch_of(recorded((0, 0, 0, 1), (1, 1, 0.125, 1), (2, 0, 1.25, 2)))
    assert batch.zero == 0.25
    assert batch.leads.tolist() == [0, 0.125]


def test_a_first_attempt_that_had_to_wait_says_nothing_of_its_worker():
    run = recorded((0, 0, 0.5, 2), (1, 1, 2, 3), edges=[(1, 0)])
    assert batch_of(run).leads.tolist() == [0.5]


def test_more_workers_come_as_late_as_the_last_recorded_one():
    batch = batch_of(recorded((0, 0, 2, 3), (1, 1, 1, 4)))
    assert batch.available(1).tolist() == [1]
    assert batch.available(4).tolist() == [1, 2, 2, 2]
