"""Findings on starting, handing over, order and lengths: the seconds they predict."""

import parallel_nb as pnb
from tests.accounting.making import run_of

from .making import in_turn, kinds, on, one, only

# --- starting and handing over ---


def test_workers_that_are_there_save_their_start():
    found = only(
        "StartupDominates",
        on(0, 2, 4),
        on(1, 2, 4),
        startups=[(0, 0, 2), (1, 0, 2)],
    )
    assert found.predicted == 2
    assert "50 % of the worker time" in found.evidence
    assert "n_jobs=1" not in found.remedy  # which would take 4 s, too


def test_little_work_is_done_without_starting_anybody():
    rows = on(0, 8, 9), on(1, 8, 9)
    found = only("StartupDominates", *rows, startups=[(0, 0, 8), (1, 0, 8)])
    assert found.predicted == 1
    assert "`n_jobs=1` starts none and takes 2 s" in found.remedy


def test_tiny_tasks_are_better_done_many_at_a_time():
    rows = [*in_turn(0, 16, 0.125, gap=0.125), *in_turn(1, 16, 0.125, gap=0.125)]
    found = only("TasksTooSmall", *rows)
    assert found.makespan == 3.875
    assert found.numbers["batch_size"] == 16
    assert found.predicted == 2.0
    assert "Let one task do 16 of them" in found.remedy


def test_what_handing_over_costs_more_than_doing_is_done_in_a_loop():
    rows = [*in_turn(0, 16, 0.125, gap=4), *in_turn(1, 16, 0.125, begin=2, gap=4)]
    found = one("TasksTooSmall", *rows)
    assert found.predicted == 4.0
    assert "plain loop" in found.remedy


def test_gaps_that_are_short_beside_the_tasks_are_no_alarm():
    rows = [*in_turn(0, 8, 4, gap=0.125), *in_turn(1, 8, 4, gap=0.125)]
    only("NothingToGain", *rows)


def test_chunks_that_are_too_large_leave_workers_without():
    rows = [
        *in_turn(0, 4, 1, chunk=0),
        *in_turn(1, 4, 1, chunk=1),
        *in_turn(0, 4, 1, begin=4, chunk=2),
    ]
    found = one("ChunksTooLarge", *rows, source="record")
    assert found.predicted == 6
    assert "`batch_size=2`" in found.remedy


# --- the tail ---


def test_a_long_task_that_came_last_should_come_first():
    found = only("LongestLast", on(0, 0, 2), on(1, 0, 2), on(0, 2, 6))
    assert (found.makespan, found.predicted, found.saving) == (6, 4, 2)
    assert found.tasks == (2,)
    assert found.sure == "likely"


def test_runs_that_were_sorted_are_not_told_to_be():
    rows = on(0, 0, 2), on(1, 0, 2), on(0, 2, 6)
    found = pnb.findings(run_of(*rows, order="longest_first"))
    assert "LongestLast" not in kinds(found)


def test_a_task_longer_than_its_share_should_be_split():
    found = only("TaskTooLong", on(0, 0, 4), on(1, 0, 1), on(1, 1, 2))
    assert found.predicted == 3
    assert "no number of workers gets below 4 s" in found.evidence
    assert found.tasks == (0,)


def test_three_equal_tasks_on_two_workers_should_be_split():
    found = only("TaskTooLong", on(0, 0, 4), on(1, 0, 4), on(0, 4, 8))
    assert found.predicted == 6


def test_workers_that_change_nothing_are_too_many():
    rows = on(0, 0, 4), on(1, 0, 1), on(2, 0, 1), on(3, 0, 1), on(1, 1, 2)
    found = one("TooManyWorkers", *rows, n_workers=4)
    assert found.numbers["useful_workers"] == 2
    assert found.predicted == 4
    assert found.numbers["spared_worker_seconds"] == 8


def test_workers_that_an_order_would_use_are_not_too_many():
    rows = on(0, 0, 2), on(1, 0, 2), on(2, 0, 2), on(0, 2, 6)
    found = pnb.findings(run_of(*rows, n_workers=3))
    assert "TooManyWorkers" not in kinds(found)


def in_chunks(gap, *, source="run"):
    """Findings of two workers with twenty chunks of five, a gap before each chunk."""
    rows = []
    for worker in (0, 1):
        for at in range(20):
            begin, chunk = at * (5 + gap) + gap, 2 * at + worker
            rows += in_turn(worker, 5, 1, begin=begin, chunk=chunk)
    return kinds(pnb.findings(run_of(*rows, source=source)))


def test_what_already_travels_together_needs_much_to_gain_to_be_blamed():
    assert "TasksTooSmall" not in in_chunks(0.85)  # a twelfth
    assert "TasksTooSmall" in in_chunks(0.85, source="record")
    assert "TasksTooSmall" in in_chunks(4.0)


def test_handing_over_that_costs_as_little_as_after_the_remedy_is_no_alarm():
    rows = [*in_turn(0, 32, 1, gap=0.09), *in_turn(1, 32, 1, gap=0.09)]
    assert "TasksTooSmall" not in kinds(pnb.findings(run_of(*rows)))
    rows = [*in_turn(0, 32, 1, gap=0.25), *in_turn(1, 32, 1, gap=0.25)]
    assert "TasksTooSmall" in kinds(pnb.findings(run_of(*rows)))
