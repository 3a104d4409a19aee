import json

import numpy as np
import pytest

from parallel_nb.errors import FormatError
from tests.formats.making import notes, text
from tests.formats.samples import GITHUB, GITHUB_JOBS, at, github_job


def test_jobs_have_their_queueing_running_and_runner():
    run = text(GITHUB)
    assert run.tasks["status"].to_list() == [
        "done",
        "failed",
        "done",
        "skipped",
        "cancelled",
    ]
    assert run.tasks["submitted"].to_list()[:2] == [0.0, 0.0]
    assert run.tasks["started"].to_list()[:2] == [2.0, 3.0]
    assert run.tasks["worker"].to_list() == [1, 0, 0, -1, -1]
    assert run.meta.lacks == ()


def test_a_job_that_is_not_over_and_one_skipped_have_no_times():
    tasks = text(GITHUB).tasks
    assert np.isnan(tasks["started"].iloc[3:]).all()
    assert tasks["error"].iloc[4] == "in progress when this was written"


def test_steps_are_in_the_details():
    assert text(GITHUB).details[0]["context"]["steps"] == [
        {"name": "Set up job", "conclusion": "success", "seconds": 3.0}
    ]


def test_pages_and_lists_of_pages_are_put_together():
    first, second = ({"jobs": GITHUB_JOBS[:2]}, {"jobs": GITHUB_JOBS[2:]})
    assert text(json.dumps(first) + json.dumps(second)).n_tasks == 5
    assert text(json.dumps([first, second])).n_tasks == 5


def test_payloads_of_one_job_are_one_task():
    job = github_job(9, "build", at(0), at(1), at(5), "success")
    before = job | {"status": "queued", "completed_at": None, "conclusion": None}
    run = text("\n".join(json.dumps({"workflow_job": j}) for j in (before, job, job)))
    assert run.tasks["status"].to_list() == ["done"]


def test_a_job_that_was_run_again_has_two_attempts():
    again = github_job(
        22, "test (3.11)", at(30), at(31), at(40), "success", run_attempt=2
    )
    run = text(json.dumps([*GITHUB_JOBS, again]))
    assert run.n_tasks == 5
    assert run.tasks["status"].iloc[1] == "done"


def test_the_command_lines_spelling_is_read():
    job = {
        "completedAt": at(9),
        "startedAt": at(1),
        "conclusion": "success",
        "databaseId": 3,
        "name": "build",
        "status": "completed",
        "steps": [],
    }
    open_job = job | {"databaseId": 4, "completedAt": "0001-01-01T00:00:00Z"}
    run = text(json.dumps({"jobs": [job, open_job]}))
    assert run.summary()["work"][0] == 8.0
    assert run.meta.lacks == ("workers",)


def test_runners_that_share_a_name_are_not_lanes():
    jobs = [job | {"runner_name": "Hosted Agent"} for job in GITHUB_JOBS]
    run = text(json.dumps(jobs))
    assert run.meta.n_workers == 2
    assert run.meta.lacks == ("workers",)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (at(3), "noon", "job 2: started_at: .*noon"),
        ('"completed_at"', '"ended"', "job 1: .*'completed_at'"),
        (at(20), at(1), "job 2: .*end after the start"),
        ('"jobs"', '"works"', "expected jobs"),
        ("[{", "[7, {", "job 1: jobs: expected an object"),
    ],
)
def test_what_cannot_be_is_told_with_its_job(old, new, told):
    with pytest.raises(FormatError, match=told):
        text(GITHUB.replace(old, new), "github_actions")


def test_what_the_file_cannot_tell_is_said():
    assert "1 jobs were not over" in notes(text(GITHUB))
