import json

import numpy as np
import pytest

from parallel_nb.errors import FormatError
from tests.formats.making import notes, text
from tests.formats.samples import AIRFLOW, AIRFLOW_INSTANCES, airflow_instance, at


def test_instances_have_their_queueing_and_times():
    run = text(AIRFLOW)
    load = run.tasks.set_index("name").loc["load"]
    assert load[["submitted", "started", "ended"]].to_list() == [1.0, 1.5, 9.0]
    assert run.meta.label == "etl manual__1"


def test_mapped_tasks_are_tasks_of_their_own():
    assert {"scale[0]", "scale[1]"} <= set(text(AIRFLOW).tasks["name"])


def test_states_are_ours():
    tasks = text(AIRFLOW).tasks.set_index("name")
    assert tasks["status"].to_dict() == {
        "begin": "done",
        "load": "done",
        "scale[0]": "done",
        "scale[1]": "failed",
        "report": "skipped",
        "watch": "cancelled",
    }
    assert np.isnan(tasks.loc["watch", "started"])


def test_an_operator_without_work_takes_no_time():
    begin = text(AIRFLOW).tasks.iloc[0]
    assert begin["started"] == begin["ended"] == 0.0


def test_tries_that_are_not_in_the_list_are_said():
    assert "2 earlier tries" in notes(text(AIRFLOW))


def test_tries_that_are_in_it_are_attempts():
    tries = [
        airflow_instance("x", at(0), at(2), "failed", try_number=1),
        airflow_instance("x", at(3), at(5), try_number=2),
    ]
    run = text(json.dumps({"task_instances": tries}))
    assert run.attempts["status"].to_list() == ["failed", "done"]
    assert run.n_tasks == 1


def test_several_dag_runs_are_several_runs():
    other = [each | {"dag_run_id": "manual__2"} for each in AIRFLOW_INSTANCES]
    runs = text(json.dumps({"task_instances": AIRFLOW_INSTANCES + other}))
    assert [run.n_tasks for run in runs] == [6, 6]


def test_hosts_have_lanes_of_their_own():
    there = [
        airflow_instance("a", at(0), at(4)),
        airflow_instance("b", at(5), at(6), hostname="worker-2"),
    ]
    run = text(json.dumps({"task_instances": there}))
    assert run.tasks["worker"].to_list() == [0, 1]


def test_pools_are_agents():
    there = [
        airflow_instance("a", at(0), at(4)),
        airflow_instance("b", at(0), at(4), pool="gpu"),
    ]
    run = text(json.dumps({"task_instances": there}))
    assert run.tasks["agent"].to_list() == ["default_pool", "gpu"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (at(9), "noon", "instance 2: end_date: .*noon"),
        ('"start_date"', '"began"', "instance 1: .*'start_date'"),
        ('"task_id"', '"task"', "instance 1: .*'task_id'"),
        (at(9), at(0), "instance 2: .*end after the start"),
        ('"task_instances"', '"instances"', "'task_instances'"),
    ],
)
def test_what_cannot_be_is_told_with_its_instance(old, new, told):
    with pytest.raises(FormatError, match=told):
        text(AIRFLOW.replace(old, new), "airflow")


STATES = """\
dag_id | execution_date   | task_id | state   | start_date          | end_date
=======+==================+=========+=========+=====================+=================
etl    | 2025-01-31 12:00 | load    | success | 2025-01-31T12:00:01 | 2025-01-31T12:01
etl    | 2025-01-31 12:00 | report  | failed  | 2025-01-31T12:01:00 | 2025-01-31T12:02
etl    | 2025-01-31 12:00 | mail    |         |                     |
"""


@pytest.mark.parametrize(
    "content",
    [
        STATES,
        STATES.replace("|", " "),
        "\n".join(
            ",".join(cell.strip() for cell in line.split("|"))
            for line in STATES.splitlines()
            if "=" not in line
        ),
    ],
    ids=["table", "plain", "csv"],
)
def test_what_the_command_line_prints_is_read(content):
    run = text(content)
    assert run.meta.source == "airflow"
    assert run.tasks["name"].to_list() == ["load", "report", "mail"]
    assert run.tasks["status"].to_list() == ["done", "failed", "cancelled"]
    assert run.tasks["ended"].to_list()[:2] == [59.0, 119.0]
    assert run.meta.label == "etl 2025-01-31 12:00"


def test_empty_dates_are_none():
    waiting = airflow_instance("mail", "", "", "")
    run = text(json.dumps([AIRFLOW_INSTANCES[1], waiting]))
    assert run.tasks["status"].to_list() == ["done", "cancelled"]


def test_a_row_that_is_too_short_is_told():
    lines = STATES.splitlines()
    with pytest.raises(FormatError, match="line 3: expected 6 fields; got 1"):
        text("\n".join([lines[0], lines[1], "etl", lines[3]]), "airflow")
