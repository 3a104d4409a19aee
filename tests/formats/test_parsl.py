import os
import sqlite3
import stat
from contextlib import closing

import pytest

from parallel_nb.errors import FormatError
from parallel_nb.reading import read
from tests.formats.making import MADE, notes

DAY = "2025-01-31 12:00:"


def database(path, *statements):
    with closing(sqlite3.connect(path)) as made:
        made.execute(
            "CREATE TABLE task (task_id, run_id, task_func_name, task_depends, "
            "task_time_invoked)"
        )
        made.execute(
            "CREATE TABLE try (try_id, task_id, run_id, hostname, "
            "task_try_time_launched, task_try_time_running, task_try_time_returned, "
            "task_fail_history)"
        )
        for statement in statements:
            made.execute(statement)
        made.commit()
    return path


def task(number, name="f", depends="", run="r1"):
    return (
        f"INSERT INTO task VALUES ({number}, '{run}', '{name}', '{depends}', '{DAY}00')"
    )


def attempt(number, begin, end, tried=0, error="", run="r1", host="h"):
    return (
        f"INSERT INTO try VALUES ({tried}, {number}, '{run}', '{host}', '{DAY}00', "
        f"'{DAY}{begin:02d}', '{DAY}{end:02d}', '{error}')"
    )


def test_a_real_database_has_tasks_tries_and_edges():
    run = read(MADE / "parsl.db")
    assert run.tasks["name"].to_list() == ["part", "part", "part", "whole", "broken"]
    assert run.tasks["status"].to_list() == ["done"] * 4 + ["failed"]
    assert len(run.attempts) == 6
    assert run.errors["error"].to_list() == ["ValueError('as planned')"] * 2
    assert sorted(run.edges.to_numpy().tolist()) == [[3, 0], [3, 1], [3, 2]]
    assert "taken from their launch" in notes(run)


def test_its_bytes_say_the_same_as_its_path():
    of_path, of_bytes = read(MADE / "parsl.db"), read((MADE / "parsl.db").read_bytes())
    assert of_path.attempts.equals(of_bytes.attempts)


def test_a_folder_that_cannot_be_written_is_left_as_it_is(tmp_path):
    path = tmp_path / "monitoring.db"
    path.write_bytes((MADE / "parsl.db").read_bytes())
    path.chmod(stat.S_IRUSR)
    before = path.stat().st_mtime_ns
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert read(path).n_tasks == 5
        assert os.listdir(tmp_path) == ["monitoring.db"]
        assert path.stat().st_mtime_ns == before
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_running_counts_from_when_it_began(tmp_path):
    path = database(tmp_path / "p.db", task(0), attempt(0, 2, 5))
    run = read(path)
    assert run.summary()["work"][0] == 3.0
    assert "launch" not in notes(run)


def test_several_workflows_are_several_runs(tmp_path):
    path = database(
        tmp_path / "p.db",
        task(0),
        attempt(0, 2, 5),
        task(0, run="r2"),
        attempt(0, 1, 2, run="r2"),
    )
    assert [run.summary()["work"][0] for run in read(path)] == [3.0, 1.0]


def test_hosts_have_lanes_of_their_own(tmp_path):
    path = database(
        tmp_path / "p.db",
        task(0),
        task(1),
        attempt(0, 2, 5),
        attempt(1, 6, 7, host="other"),
    )
    assert read(path).tasks["worker"].to_list() == [0, 1]


def test_before_there_was_a_table_of_tries_tasks_had_the_times(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute(
            "CREATE TABLE task (task_id, run_id, task_func_name, task_time_submitted, "
            "task_time_running, task_time_returned)"
        )
        made.execute(
            f"INSERT INTO task VALUES (0, 'r', 'f', '{DAY}00', '{DAY}01', '{DAY}04')"
        )
        made.commit()
    assert read(path).summary()["work"][0] == 3.0


def test_a_view_in_place_of_a_table_is_not_run(tmp_path):
    path = tmp_path / "p.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute(
            "CREATE VIEW task AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
            "i + 1 FROM n) SELECT i AS task_id, i AS run_id FROM n"
        )
        made.commit()
    with pytest.raises(FormatError, match="expected Parsl's tables"):
        read(path)


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([], "no task"),
        ([task(0), attempt(0, 5, 2)], "row 1 of run 'r1': .*end after the start"),
        ([task(0, depends="1"), task(1, depends="0")], "circle"),
        (["DROP TABLE task"], "expected Parsl's tables"),
        (["ALTER TABLE task DROP COLUMN run_id"], "column 'run_id'"),
        (
            [task(0), attempt(0, 1, 2), "UPDATE try SET task_try_time_returned = 'x'"],
            "row 1: returned: .*'x'",
        ),
    ],
)
def test_what_cannot_be_is_told(tmp_path, statements, told):
    path = database(tmp_path / "p.db", *statements)
    with pytest.raises(FormatError, match=told):
        read(path)


def test_a_torn_database_is_told(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read((MADE / "parsl.db").read_bytes()[:5000], "parsl")


def test_a_schema_that_is_no_text_is_told():
    content = (MADE / "parsl.db").read_bytes()
    broken = content.replace(b"PRIMARY KEY (try", b"PRIMARY \x80EY (try")
    assert broken != content
    with pytest.raises(FormatError, match="cannot be read"):
        read(broken)
