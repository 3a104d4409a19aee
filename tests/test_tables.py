"""Any table of tasks with start and end becomes a Run."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import metrics
from parallel_nb.errors import ArgumentError, SchemaError
from parallel_nb.runs import Run

from .making import one_failed


def table(**columns):
    return pd.DataFrame(
        {
            "task": ["a", "b", "c"],
            "started": [10.0, 10.0, 12.0],
            "ended": [12.0, 14.0, 15.0],
        }
        | columns
    )


def test_the_least_a_frame_needs():
    run = Run.from_frame(table(), label="mine")
    assert run.tasks["name"].to_list() == ["a", "b", "c"]
    assert run.tasks["started"].to_list() == [0.0, 0.0, 2.0]
    assert run.tasks["worker"].to_list() == [0, 1, 0]
    assert run.meta.n_workers == 2
    assert run.meta.label == "mine"
    assert run.meta.source == "frame"
    assert run.meta.notes == (
        "workers were not told: the fewest lanes that the times allow",
    )


def test_time_is_counted_from_the_first_submission():
    run = Run.from_frame(table(submitted=[9.0, np.nan, 11.0], ready=8.0))
    assert run.tasks["started"].to_list() == [1.0, 1.0, 3.0]
    assert run.tasks["ready"].to_list() == [-1.0, -1.0, -1.0]


def test_columns_of_other_names_are_mapped():
    theirs = table().rename(columns={"task": "job", "started": "begin"})
    run = Run.from_frame(theirs, columns={"job": "task", "begin": "started"})
    assert run.tasks["name"].to_list() == ["a", "b", "c"]


def test_a_mapped_column_replaces_one_of_that_name():
    run = Run.from_frame(table(job=["x", "y", "z"]), columns={"job": "task"})
    assert run.tasks["name"].to_list() == ["x", "y", "z"]


def test_columns_left_behind_are_noted():
    run = Run.from_frame(table(worker=0, queue="short"), n_workers=1, columns={})
    assert run.meta.notes == ("columns not used: queue",)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"job": "task"}, "`columns` renames 'job', which the frame lacks"),
        ({"ende": "ended"}, "which the frame lacks.*Did you mean 'ended'?"),
        ({"task": "tusk"}, "`columns` must be one of 'task', .*Did you mean 'task'?"),
        ({"started": "ended", "ended": "ended"}, "names 'ended' more than once"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(columns, told):
    with pytest.raises(ArgumentError, match=told):
        Run.from_frame(table(), columns=columns)


def test_a_required_column_that_is_absent_is_named_with_the_remedy():
    theirs = table().rename(columns={"ended": "end"})
    with pytest.raises(
        SchemaError, match=r"column 'ended'.*Did you mean 'end'\?.*Rename"
    ):
        Run.from_frame(theirs)


def test_whole_numbers_without_gaps_are_positions():
    run = Run.from_frame(table(task=[2, 0, 1]))
    assert run.tasks["ended"].to_list() == [4.0, 5.0, 2.0]
    assert run.tasks["name"].to_list() == ["task"] * 3


def test_other_whole_numbers_are_labels():
    run = Run.from_frame(table(task=[700, 20, 31]))
    assert run.tasks["name"].to_list() == ["700", "20", "31"]
    assert "numbered anew" in run.meta.notes[0]


def test_without_attempts_every_row_is_a_task_of_its_own():
    run = Run.from_frame(table(task=["a", "a", "b"]))
    assert run.n_tasks == 3
    assert run.tasks["name"].to_list() == ["a", "a", "b"]


def test_with_attempts_rows_of_one_label_are_one_task():
    run = Run.from_frame(
        table(
            task=["a", "b", "a"], attempt=[1, 1, 2], status=["failed", "done", "done"]
        )
    )
    assert run.n_tasks == 2
    assert run.tasks["attempt"].to_list() == [2, 1]
    assert run.tasks["name"].to_list() == ["a", "b"]


def test_labels_of_any_hashable_kind_are_named_by_their_text():
    run = Run.from_frame(table(task=[("a", 1), 2.5, "b"]))
    assert run.tasks["name"].to_list() == ["('a', 1)", "2.5", "b"]


def test_a_row_without_a_task_is_refused():
    with pytest.raises(
        SchemaError, match="column 'task': expected a label; got none in"
    ):
        Run.from_frame(table(task=["a", None, "c"]))


def test_labels_that_cannot_be_told_apart_are_refused():
    with pytest.raises(SchemaError, match="column 'task': expected labels"):
        Run.from_frame(table(task=[["a"], ["b"], ["a"]], attempt=[1, 1, 2]))


def test_datetimes_become_seconds_and_the_zero_is_kept():
    begin = pd.Timestamp("2025-03-01T12:00:00.000000001", tz="Europe/Berlin")
    seconds = pd.to_timedelta([0.0, 0.25, 3600.0], unit="s")
    run = Run.from_frame(
        table(
            started=begin + seconds,
            ended=begin + seconds + pd.Timedelta("1s"),
            received=pd.NaT,
            cpu=pd.to_timedelta([1.0, 0.5, 0.25], unit="s"),
        )
    )
    assert run.tasks["started"].to_list() == [0.0, 0.25, 3600.0]
    assert run.tasks["ended"].to_list() == [1.0, 1.25, 3601.0]
    assert run.tasks["cpu"].to_list() == [1.0, 0.5, 0.25]
    assert run.meta.started_at == "2025-03-01T11:00:00.000000001+00:00"


def test_datetimes_and_numbers_are_not_mixed():
    with pytest.raises(SchemaError, match=r"\['started'\] as datetimes.*\['ended'\]"):
        Run.from_frame(table(started=pd.Timestamp("2025-03-01")))


@pytest.mark.parametrize(
    ("workers", "lanes"),
    [
        ([0, 1, 0], [0, 1, 0]),
        ([0.0, 1.0, 0.0], [0, 1, 0]),
        ([4711, 17, 4711], [1, 0, 1]),
        (["w-b", "w-a", "w-b"], [1, 0, 1]),
        ([("h", 1), 7, ("h", 1)], [0, 1, 0]),
    ],
    ids=["lanes", "floats", "pids", "names", "mixed"],
)
def test_workers_are_lanes_or_labels(workers, lanes):
    run = Run.from_frame(table(worker=workers))
    assert run.tasks["worker"].to_list() == lanes
    assert run.meta.n_workers == 2


def test_idle_workers_are_told_by_their_number():
    run = Run.from_frame(table(worker=[0, 3, 0]), n_workers=4)
    assert run.tasks["worker"].to_list() == [0, 3, 0]
    assert run.summary().at[0, "load_balance"] == pytest.approx(9 / 4 / 5)


@pytest.mark.parametrize("n_workers", [0, 1])
def test_fewer_workers_than_are_seen_are_refused(n_workers):
    with pytest.raises(ArgumentError, match="`n_workers` must be"):
        Run.from_frame(table(), n_workers=n_workers)


def test_a_row_that_ran_without_a_worker_is_refused():
    with pytest.raises(SchemaError, match=r"column 'worker'.*none in row 1"):
        Run.from_frame(table(worker=["a", None, "a"]))


def test_a_time_may_be_missing_only_where_a_status_says_why():
    with pytest.raises(SchemaError, match=r"column 'ended'.*none in row 2"):
        Run.from_frame(table(ended=[12.0, 14.0, np.nan]))
    run = Run.from_frame(
        table(
            started=[10.0, 10.0, np.nan],
            ended=[12.0, 14.0, np.nan],
            status=["done", "done", "skipped"],
        )
    )
    assert run.tasks["worker"].to_list() == [0, 1, -1]


def test_an_end_before_the_start_is_refused():
    with pytest.raises(SchemaError, match=r"column 'ended': .* less in row 0"):
        Run.from_frame(table(ended=0.0))
    with pytest.raises(SchemaError, match="column 'ended': expected no less than"):
        Run.from_frame(table(ended=0.0, worker=0))


def test_an_empty_table_is_an_empty_run():
    run = Run.from_frame(table().iloc[:0])
    assert run.n_tasks == 0
    assert run.meta.n_workers == 1


def test_the_callers_table_stays_as_it_was():
    mine = table(worker=["x", "y", "x"])
    before = mine.copy(deep=True)
    Run.from_frame(mine)
    pd.testing.assert_frame_equal(mine, before)


def test_attempts_of_a_run_make_the_same_run_again():
    run = one_failed()
    again = Run.from_frame(run.attempts, n_workers=2)
    pd.testing.assert_frame_equal(again.attempts, run.attempts)
    assert again.meta.notes == ()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e3)), max_size=20),
    st.floats(-1e6, 1e6),
)
def test_where_zero_lies_changes_no_lane(rows, zero):
    started = np.array([start for start, _ in rows])
    ended = started + np.array([length for _, length in rows])
    frame = pd.DataFrame({"task": range(len(rows)), "started": started, "ended": ended})
    run = Run.from_frame(frame)
    assert (
        run.attempts["worker"].to_list()
        == metrics.colour_lanes(started, ended).tolist()
    )
    shifted = Run.from_frame(frame.assign(started=started + zero, ended=ended + zero))
    assert shifted.attempts["started"].to_numpy() == pytest.approx(
        run.attempts["started"].to_numpy(), abs=1e-6
    )


# Agents


def test_slots_that_were_not_told_are_as_many_as_were_used_at_once():
    run = Run.from_frame(table(agent=["x", "x", "y"], worker=[0, 1, 0]))
    assert run.meta.agents == {"x": 2, "y": 1}
    assert run.meta.notes == (
        "slots of agents were not told: as many as were used at once",
    )


def test_slots_can_be_told_also_of_agents_that_did_nothing():
    told = {"y": 3, "x": 2, "idle": 1}
    run = Run.from_frame(table(agent=["x", None, "y"], worker=0), agents=told)
    assert run.meta.agents == told
    assert run.agents["agent"].to_list() == ["y", "x", "idle", ""]
    assert run.meta.notes == ()


@pytest.mark.parametrize(
    ("agents", "told"),
    [
        ({"test-runer": 1}, "`agents` must give the slots of 'test-runner', too"),
        ({"test-runer": 1}, "Did you mean 'test-runer'?"),
        ([("test-runner", 1)], "`agents` must map names to slots"),
    ],
)
def test_slots_that_do_not_fit_are_refused(agents, told):
    with pytest.raises(ArgumentError) as caught:
        Run.from_frame(table(agent="test-runner"), agents=agents)
    assert told in str(caught.value)


def test_slots_must_be_counts():
    with pytest.raises(SchemaError, match=r"meta\.agents\['x'\]: expected 1 or more"):
        Run.from_frame(table(agent="x"), agents={"x": 0})


def test_an_agent_whose_attempts_end_before_they_start_is_refused():
    with pytest.raises(SchemaError, match="column 'ended'"):
        Run.from_frame(table(agent="x", worker=0, ended=0.0))
