"""The overall status of a run follows from what came of its tasks."""

import pytest

from parallel_nb.debrief.figures import figures
from parallel_nb.debrief.verdicts import verdict

from ..making import agents_run


def overall(*statuses, ended_by="completion", attempts=None):
    """The verdict on a run whose tasks have these statuses."""
    rows = [
        (task, attempt, None, status if attempt == last else "failed", 0, 0.0, 1.0)
        for task, status in enumerate(statuses)
        for last in [(attempts or {}).get(task, 1)]
        for attempt in range(1, last + 1)
    ]
    run = agents_run(*rows, ended_by=ended_by)
    return verdict(figures(run), ended_by)


@pytest.mark.parametrize(
    ("statuses", "ended_by", "status"),
    [
        (["done", "done"], "completion", "success"),
        (["done", "failed"], "completion", "partial"),
        (["done", "invalid"], "completion", "partial"),
        (["done", "skipped"], "failure", "partial"),
        (["done", "cancelled"], "interrupt", "partial"),
        (["failed", "crashed"], "completion", "failure"),
        (["invalid"], "completion", "failure"),
        (["skipped", "cancelled"], "cancel", "failure"),
        (["done", "failed", "skipped"], "impossible", "failure"),
        (["done", "cancelled", "skipped"], "wait", "success"),
        (["failed", "done", "cancelled"], "wait", "success with issues"),
        ([], "completion", "no tasks"),
    ],
)
def test_the_overall_status(statuses, ended_by, status):
    assert overall(*statuses, ended_by=ended_by).status == status


def test_a_success_at_the_second_attempt_has_issues():
    told = overall("done", "done", attempts={1: 2})
    assert told.status == "success with issues"
    assert told.reason == "2 of 2 tasks done. 1 task took more than one attempt."


def test_the_reason_counts_every_status_and_says_who_ended_the_run():
    told = overall("done", "failed", "timeout", "cancelled", ended_by="interrupt")
    assert told.reason == (
        "1 of 4 tasks done, 1 failed, 1 timeout, 1 cancelled. The run was interrupted."
    )


def test_a_reason_that_is_new_is_told_as_it_is():
    assert overall("done", ended_by="deadline").reason.endswith("ended by deadline.")
