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

from parallel_nb.errors import (
    ArgumentError,
    ResultsNotKept,
    SchemaError,
    TasksFailed,
)
from parallel_nb.runs import MISSING, Run

from .making import meta, one_failed, run_of, two_done

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
            "details": {0: {"summary": "fine"}},
        }

    run = deferred(make, results=["a", MISSING])
    assert run.results_or(None) == ["a", None]
    assert calls == []
    assert run.n_tasks == 2
    assert run.errors["traceback"].to_list() == ["Traceback"]
    assert len(run.edges) == 1
    assert run.details == {0: {"summary": "fine"}}
    assert calls == ["made"]


def test_results_of_which_all_are_known_to_be_done_need_no_frames():
    def make():
        raise AssertionError("nobody asked for frames")

    assert deferred(make, results=["a", "b"], is_done=True).results == ["a", "b"]
    run = Run(one_failed().attempts, meta(), results=["a", MISSING], is_done=True)
    with pytest.raises(TasksFailed):
        _ = run.results


def test_frames_that_come_late_are_checked_too():
    run = deferred(lambda: {"attempts": two_done().attempts}, results=["a"])
    for _ in range(2):
        with pytest.raises(SchemaError, match="one for each of the 2 tasks; got 1"):
            _ = run.attempts


@pytest.mark.parametrize("name", ["tracebacks", "edges", "startups", "details"])
def test_what_a_callable_should_return_is_not_passed_beside_it(name):
    made = {"attempts": two_done().attempts}
    with pytest.raises(ArgumentError, match=f"`{name}` cannot stand beside a callable"):
        deferred(lambda: made, **{name: {}})


@pytest.mark.parametrize(
    "ask",
    [
        lambda run: run.attempts,
        lambda run: run.tasks,
        lambda run: run.details,
        lambda run: run.n_tasks,
        lambda run: run.summary(),
        repr,
        pickle.dumps,
    ],
    ids=["attempts", "tasks", "details", "n_tasks", "summary", "repr", "pickle"],
)
def test_an_attribute_error_of_the_callable_comes_out_as_it_is(ask):
    def make():
        raise AttributeError("'NoneType' object has no attribute 'rows'")

    with pytest.raises(AttributeError, match="'NoneType' object has no attribute"):
        ask(deferred(make))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (None, "with 'attempts' in it; got NoneType"),
        ({"edges": None}, r"with 'attempts' in it; got \['edges'\]"),
        ({"attempts": None, "edge": 1}, "got 'edge'. Did you mean 'edges'?"),
    ],
)
def test_what_a_callable_returns_is_checked(made, told):
    with pytest.raises(SchemaError, match=told):
        _ = deferred(lambda: made).attempts


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


# Details


def test_a_run_has_details_of_some_of_its_tasks():
    run = two_done(details={1: {"context": {"description": "b"}, "summary": "done"}})
    assert run.details == {1: {"context": {"description": "b"}, "summary": "done"}}
    assert two_done().details == {}


def test_changing_details_that_were_handed_out_leaves_the_run_alone():
    given = {0: {"context": {"limits": [1, 2]}}}
    run = two_done(details=given)
    given[0]["context"]["limits"].append(3)
    run.details[0]["context"]["limits"].append(4)
    with pytest.raises(TypeError):
        run.details[1] = {}
    assert run.details[0] == {"context": {"limits": [1, 2]}}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda r: pickle.loads(_dumped(r))])
def test_details_go_with_the_run(copied):
    run = two_done(details={0: {"is_aggregate": True}})
    assert copied(run).details == {0: {"is_aggregate": True}}


def _dumped(run):
    return pickle.dumps(run)


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


def test_runs_load_nothing_that_draws_stores_or_runs():
    code = "import sys, parallel_nb.runs; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "parallel_nb.runs" in loaded
    assert not {"joblib", "loky", "matplotlib", "ipywidgets", "scipy"} & set(loaded)
