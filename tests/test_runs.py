"""A Run is frozen, valid, and says in frames, numbers and one line what happened."""

import copy
import pickle
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import metrics, schema
from parallel_nb.errors import ArgumentError, ResultsNotKept, SchemaError, TasksFailed
from parallel_nb.runs import MISSING, Meta, Run, format_seconds


def meta(n_workers=2, **fields):
    known = {
        "backend": "isolated",
        "host": "here",
        "cpu_count": 8,
        "started_at": "2025-01-31T12:00:00+00:00",
        "versions": {"python": "3.13"},
    }
    return Meta(n_workers=n_workers, **(known | fields))


def run_of(*rows, n_workers=2, label="", fields=None, **extras):
    """A Run of rows (task, attempt, status, worker, started, ended)."""
    names = ["task", "attempt", "status", "worker", "started", "ended"]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    columns |= {"name": [f"job-{task}" for task in columns["task"]], **(fields or {})}
    return Run(schema.coerce(columns), meta(n_workers, label=label), **extras)


def two_done(**extras):
    return run_of((0, 1, "done", 0, 0.0, 4.0), (1, 1, "done", 1, 1.0, 3.0), **extras)


def one_failed(**extras):
    return run_of(
        (0, 1, "done", 0, 0.0, 4.0),
        (1, 1, "failed", 1, 1.0, 3.0),
        fields={"error": [None, "ValueError: no"]},
        **extras,
    )


# Frozen


def test_a_run_cannot_be_changed():
    run = two_done()
    with pytest.raises(AttributeError):
        run.attempts = None
    with pytest.raises(AttributeError):
        run.meta.label = "other"
    with pytest.raises(TypeError):
        run.tracebacks[0, 1] = "no"


@pytest.mark.parametrize("frame", ["attempts", "tasks", "edges", "startups"])
def test_changing_a_frame_that_was_handed_out_leaves_the_run_alone(frame):
    run = two_done(
        edges=pd.DataFrame({"task": [1], "after": [0]}),
        startups=pd.DataFrame(
            {
                "worker": np.array([0], np.int32),
                "pid": [7],
                "started": [0.0],
                "ended": [1.0],
            }
        ),
    )
    mine = getattr(run, frame)
    before = mine.copy(deep=True)
    mine.iloc[0, 0] = 99
    mine["colour"] = "red"
    del mine[mine.columns[1]]
    pd.testing.assert_frame_equal(getattr(run, frame), before)


def test_changing_the_frame_it_was_made_from_leaves_the_run_alone():
    frame = two_done().attempts
    run = Run(frame, meta())
    frame.loc[0, "ended"] = 99.0
    frame["worker"] = np.int32(7)
    assert run.attempts["ended"].to_list() == [4.0, 3.0]
    assert run.attempts["worker"].to_list() == [0, 1]


def test_runs_are_equal_only_to_themselves_and_can_be_kept_by_weak_reference():
    run = two_done()
    assert run == run
    assert run != two_done()
    assert weakref.ref(run)() is run
    assert len({run, two_done()}) == 2


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_run_can_be_copied(copied):
    run = one_failed(results=["a", MISSING], tracebacks={(1, 1): "Traceback"})
    same = copied(run)
    pd.testing.assert_frame_equal(same.attempts, run.attempts)
    assert same.results_or(None) == ["a", None]
    assert dict(same.tracebacks) == dict(run.tracebacks)


def test_a_run_and_what_is_missing_survive_pickling():
    same = pickle.loads(pickle.dumps(one_failed(results=["a", MISSING])))
    assert same.meta == meta()
    assert same.results_or(None) == ["a", None]
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
    assert repr(MISSING) == "MISSING"


# Made when asked for


def deferred(make, **extras):
    return Run(make, meta(), **extras)


def test_frames_that_come_from_a_callable_are_made_once_and_late():
    calls = []

    def make():
        calls.append("made")
        return {
            "attempts": one_failed().attempts,
            "tracebacks": {(1, 1): "Traceback"},
            "edges": pd.DataFrame({"task": [1], "after": [0]}),
        }

    run = deferred(make, results=["a", MISSING])
    assert run.results_or(None) == ["a", None]
    assert calls == []
    assert run.n_tasks == 2
    assert run.errors["traceback"].to_list() == ["Traceback"]
    assert len(run.edges) == 1
    assert calls == ["made"]


def test_frames_that_come_late_are_checked_too():
    run = deferred(lambda: {"attempts": two_done().attempts}, results=["a"])
    for _ in range(2):
        with pytest.raises(SchemaError, match="one for each of the 2 tasks; got 1"):
            _ = run.attempts


def test_frames_that_come_late_are_pickled_as_frames():
    run = deferred(lambda: {"attempts": two_done().attempts})
    same = pickle.loads(pickle.dumps(run))
    pd.testing.assert_frame_equal(same.attempts, two_done().attempts)


def test_two_threads_that_ask_at_once_get_the_same_frames():
    began, go_on, calls = threading.Event(), threading.Event(), []

    def make():
        calls.append("made")
        began.set()
        assert go_on.wait(30)
        return {"attempts": two_done().attempts}

    run = deferred(make)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(lambda: run.n_tasks)
        assert began.wait(30)
        second = threads.submit(lambda: run.n_tasks)
        go_on.set()
        assert (first.result(30), second.result(30)) == (2, 2)
    assert calls == ["made"]


def test_a_run_has_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'speed'"):
        _ = two_done().speed
    run = two_done()
    with pytest.raises(AttributeError, match="a Run is frozen: '_tasks' cannot be del"):
        del run._tasks


# Tasks


def test_tasks_are_sorted_whatever_order_attempts_arrived_in():
    run = run_of((1, 1, "done", 0, 0.0, 1.0), (0, 1, "done", 1, 0.0, 2.0))
    assert run.attempts["task"].to_list() == [1, 0]
    assert run.tasks["task"].to_list() == [0, 1]
    assert run.tasks["ended"].to_list() == [2.0, 1.0]
    assert run.tasks.index.to_list() == [0, 1]


def test_a_task_is_its_last_attempt():
    run = run_of(
        (1, 2, "done", 0, 5.0, 6.0),
        (0, 1, "done", 0, 0.0, 1.0),
        (1, 1, "failed", 1, 0.0, 2.0),
        results=["a", "b"],
    )
    assert run.tasks["attempt"].to_list() == [1, 2]
    assert run.tasks["status"].to_list() == ["done", "done"]
    assert run.results == ["a", "b"]


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), max_size=12), st.randoms())
def test_tasks_are_the_last_attempts_that_pandas_finds(attempts_of, random):
    rows = [
        (task, attempt, "done", 0, 0.0, 1.0)
        for task, n in enumerate(attempts_of)
        for attempt in range(1, n + 1)
    ]
    random.shuffle(rows)
    run = run_of(*rows)
    slow = run.attempts.sort_values(["task", "attempt"]).groupby("task").tail(1)
    pd.testing.assert_frame_equal(run.tasks, slow.reset_index(drop=True))


# Results and errors


def test_results_are_in_input_order():
    assert two_done(results=("a", None)).results == ["a", None]


def test_results_of_a_run_with_a_failed_task_are_refused():
    run = one_failed(results=["a", MISSING], tracebacks={(1, 1): "Traceback ..."})
    with pytest.raises(TasksFailed, match=r"task 1 'job-1' failed: ValueError: no"):
        _ = run.results
    assert run.results_or(-1) == ["a", -1]


@pytest.mark.parametrize(
    "ask",
    [lambda run: run.results, lambda run: run.results_or(0)],
    ids=["results", "results_or"],
)
def test_results_that_were_not_kept_are_an_error_not_a_none(ask):
    run = two_done()
    assert not run.has_results
    with pytest.raises(ResultsNotKept, match="kept no results"):
        ask(run)


def test_results_must_be_as_many_as_tasks():
    with pytest.raises(SchemaError, match="one for each of the 2 tasks; got 1"):
        two_done(results=["a"])


def test_errors_hold_every_attempt_that_had_one():
    run = run_of(
        (0, 1, "failed", 0, 0.0, 1.0),
        (0, 2, "done", 0, 1.0, 2.0),
        (1, 1, "crashed", 1, 0.0, 1.0),
        fields={"error": ["ValueError: no", None, "killed by signal 9"]},
        tracebacks={(0, 1): "Traceback \udcff"},
    )
    assert run.errors.columns.to_list() == [
        "task",
        "attempt",
        "name",
        "status",
        "error",
        "traceback",
    ]
    assert run.errors["error"].to_list() == ["ValueError: no", "killed by signal 9"]
    assert run.errors["traceback"].iat[0] == "Traceback \\udcff"
    assert pd.isna(run.errors["traceback"].iat[1])


def test_a_run_without_errors_has_an_empty_frame_of_them():
    assert len(two_done().errors) == 0
    assert two_done().errors["traceback"].dtype == "str"


def test_a_traceback_belongs_to_an_attempt_with_an_error():
    with pytest.raises(SchemaError, match=r"that have an error; got \(0, 1\)"):
        one_failed(tracebacks={(1, 1): "fine", (0, 1): "stray"})


# Validation


def test_an_attempt_beyond_the_last_lane_is_refused():
    told = r"column 'worker': expected lanes below meta.n_workers = 1; got 1 in row 1"
    with pytest.raises(SchemaError, match=told):
        two_done(n_workers=1)


def test_an_attempt_that_ran_must_have_a_lane():
    with pytest.raises(SchemaError, match=r"expected a lane wherever.*got -1 in row 0"):
        run_of((0, 1, "done", -1, 0.0, 1.0))


def test_an_attempt_that_never_ran_needs_no_lane():
    run = run_of((0, 1, "skipped", -1, np.nan, np.nan))
    assert run.tasks["status"].to_list() == ["skipped"]


def test_the_metadata_must_be_a_meta():
    with pytest.raises(SchemaError, match="meta: expected a Meta; got dict"):
        Run(two_done().attempts, {})


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ({"task": [1], "before": [0]}, "edges: expected the columns"),
        ({"task": [1.0], "after": [0]}, "edges.task: expected int64; got float64"),
        ({"task": [2], "after": [0]}, "edges: expected tasks 0 ... 1; got 0 ... 2"),
        ({"task": [0], "after": [0]}, "edges: `edges` lets tasks wait in a circle"),
        (
            {"task": [0, 1], "after": [1, 0]},
            "edges: `edges` lets tasks wait in a circle",
        ),
    ],
    ids=["names", "dtype", "range", "self", "circle"],
)
def test_edges_are_checked(edges, told):
    with pytest.raises(SchemaError) as caught:
        two_done(edges=pd.DataFrame(edges))
    assert str(caught.value).startswith(told)


def test_startups_are_of_workers_that_there_were():
    startups = pd.DataFrame(
        {
            "worker": np.array([2], np.int32),
            "pid": [1],
            "started": [0.0],
            "ended": [1.0],
        }
    )
    with pytest.raises(SchemaError, match=r"expected lanes 0 \.\.\. 1; got 2"):
        two_done(startups=startups)


# Meta


def test_metadata_come_back_from_json_types():
    full = meta(
        label="a", tags=("x", "y"), parent=(0, 3), notes=("said",), source="record"
    )
    assert Meta.from_dict(full.to_dict()) == full
    assert full.to_dict()["tags"] == ["x", "y"]


def test_what_a_newer_version_added_to_the_metadata_is_ignored():
    assert Meta.from_dict({**meta().to_dict(), "mood": "good"}) == meta()


def test_metadata_without_a_required_field_are_refused():
    fields = meta().to_dict()
    del fields["backend"]
    with pytest.raises(SchemaError, match=r"meta\.backend: expected a value"):
        Meta.from_dict(fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_workers", 0),
        ("n_workers", True),
        ("n_workers", 2.0),
        ("cpu_count", -1),
        ("backend", None),
        ("tags", "one"),
        ("notes", [1]),
        ("versions", "3.13"),
        ("parent", (1,)),
    ],
)
def test_metadata_of_another_type_are_refused(field, value):
    with pytest.raises(SchemaError, match=rf"meta\.{field}: expected"):
        Meta(**{**meta().to_dict(), field: value})


def test_metadata_can_be_compared_and_hashed():
    assert meta(tags=["a"]) == meta(tags=("a",))
    assert hash(meta()) == hash(meta())


# Summary


def test_the_summary_by_hand():
    run = run_of(
        (0, 1, "failed", 0, 1.0, 3.0),
        (0, 2, "done", 0, 3.0, 5.0),
        (1, 1, "done", 1, 1.0, 3.0),
        (2, 1, "skipped", -1, np.nan, np.nan),
        fields={"submitted": [0.0, 3.0, 0.0, np.nan]},
    )
    summary = run.summary()
    assert len(summary) == 1
    assert summary.iloc[0].to_dict() == {
        "n_tasks": 3,
        "done": 2,
        "failed": 0,
        "invalid": 0,
        "timeout": 0,
        "crashed": 0,
        "cancelled": 0,
        "skipped": 1,
        "n_attempts": 4,
        "n_workers": 2,
        "work": 6.0,
        "span": 4.0,
        "makespan": 5.0,
        "speedup_estimated": 1.2,
        "efficiency": 0.6,
        "utilization": 0.6,
        "load_balance": 0.75,
        "dispatch_efficiency": 0.8,
        "throughput": 0.4,
        "success_rate": pytest.approx(2 / 3),
        "retries": 1,
        "longest_task": 0,
        "longest_name": "job-0",
    }


def test_the_span_follows_the_edges():
    chained = run_of(
        (0, 1, "done", 0, 0.0, 4.0),
        (1, 1, "done", 1, 4.0, 6.0),
        edges=pd.DataFrame({"task": [1], "after": [0]}),
    )
    assert chained.summary().at[0, "span"] == 6.0


def test_the_makespan_begins_at_the_start_where_submission_is_unknown():
    run = run_of((0, 1, "done", 0, 1.0, 3.0), (1, 1, "done", 1, 2.0, 4.0))
    assert run.summary().at[0, "makespan"] == 3.0


def test_a_run_in_which_nothing_ran_has_no_speedup():
    summary = run_of((0, 1, "skipped", -1, np.nan, np.nan)).summary().iloc[0]
    assert summary["work"] == 0.0
    assert summary[["makespan", "speedup_estimated", "load_balance"]].isna().all()
    assert summary["success_rate"] == 0.0
    assert summary["longest_task"] == -1
    assert pd.isna(summary["longest_name"])


def test_an_end_without_any_beginning_is_no_makespan():
    summary = run_of((0, 1, "crashed", 0, np.nan, 3.0)).summary().iloc[0]
    assert pd.isna(summary["makespan"])
    assert summary["crashed"] == 1


def test_an_empty_run_can_be_summed_up():
    run = run_of()
    assert run.n_tasks == 0
    assert len(run.tasks) == 0
    assert pd.isna(run.summary().at[0, "success_rate"])
    assert repr(run) == "<Run 0 tasks · 2 workers (isolated)>"


def test_attempts_too_short_for_the_clock_do_not_break_the_summary():
    summary = run_of((0, 1, "done", 0, 1.0, 1.0)).summary().iloc[0]
    assert summary["makespan"] == 0.0
    assert summary[["speedup_estimated", "utilization", "throughput"]].isna().all()


def test_summaries_of_runs_can_be_stacked():
    both = pd.concat([two_done().summary(), run_of().summary()])
    assert both.dtypes.to_dict() == two_done().summary().dtypes.to_dict()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.001, 100)), min_size=1))
def test_summaries_keep_the_identities(tasks):
    clock = [0.0] * 4
    rows = []
    for task, (worker, seconds) in enumerate(tasks):
        rows.append((task, 1, "done", worker, clock[worker], clock[worker] + seconds))
        clock[worker] += seconds
    row = run_of(*rows, n_workers=4).summary().iloc[0]
    product = row["load_balance"] * row["dispatch_efficiency"]
    assert row["utilization"] == pytest.approx(product)
    assert row["efficiency"] == pytest.approx(row["utilization"])
    lower_bound = max(row["work"] / row["n_workers"], row["span"])
    assert lower_bound <= row["makespan"] * (1 + 1e-12)


# One line


def test_the_line_of_a_run():
    assert repr(one_failed(label="grid")) == (
        "<Run 'grid' 2 tasks: 1 done, 1 failed · 2 workers (isolated) · 4 s · "
        "speedup 1.5 (estimated) · utilization 75 %>"
    )


def test_the_line_says_how_an_interrupted_run_ended():
    run = Run(
        run_of((0, 1, "done", 0, 0.0, 1.0)).attempts, meta(1, ended_by="interrupt")
    )
    assert repr(run) == (
        "<Run 1 task: 1 done · 1 worker (isolated) · 1 s · speedup 1.0 (estimated) · "
        "utilization 100 % · ended by interrupt>"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (9e-7, "0.9 µs"),
        (0.0009999, "1 ms"),
        (0.9999, "1 s"),
        (59.4, "59.4 s"),
        (59.7, "1 min"),
        (61.0, "1 min 01 s"),
        (3599.7, "1 h"),
        (3900.0, "1 h 05 min"),
        (360_000.0, "100 h"),
        (-0.25, "-250 ms"),
        (np.nan, "unknown"),
    ],
)
def test_seconds_are_told_in_the_unit_that_fits(seconds, text):
    assert format_seconds(seconds) == text


# From a frame


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
    with pytest.raises(SchemaError, match="'ended'"):
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


def test_runs_load_nothing_that_draws_stores_or_runs():
    code = "import sys, parallel_nb.runs; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "parallel_nb.runs" in loaded
    assert not {"joblib", "loky", "matplotlib", "ipywidgets", "scipy"} & set(loaded)
