"""What an error says is what its reader can act on."""

import pickle
import subprocess
import sys

import pytest

from parallel_nb import schema
from parallel_nb.errors import (
    ArgumentError,
    BackendError,
    InputsFailed,
    ParallelNbError,
    ResultsNotKept,
    SchemaError,
    StoreError,
    TasksFailed,
    did_you_mean,
    one_of,
)
from parallel_nb.runs import Meta, Run


def run_of(statuses, *, errors=None, tracebacks=None):
    n = len(statuses)
    attempts = schema.coerce(
        {
            "task": range(n),
            "name": [f"job-{i}" for i in range(n)],
            "status": list(statuses),
            "started": 0.0,
            "ended": 1.0,
            "worker": range(n),
            "error": errors or [None] * n,
        }
    )
    meta = Meta(max(n, 1), "isolated", "", 1, "", {})
    return Run(attempts, meta, tracebacks=tracebacks)


@pytest.mark.parametrize(
    ("own", "builtin"),
    [
        (SchemaError, ValueError),
        (ArgumentError, ValueError),
        (StoreError, OSError),
        (BackendError, RuntimeError),
        (TasksFailed, RuntimeError),
        (InputsFailed, RuntimeError),
        (ResultsNotKept, LookupError),
    ],
)
def test_each_exception_refines_a_built_in_one(own, builtin):
    assert issubclass(own, builtin)
    assert issubclass(own, ParallelNbError)


def test_unfinished_tasks_are_listed_with_status_and_error():
    run = run_of(
        ["done", "failed", "skipped"],
        errors=[None, "ValueError: bad seed\nand more", None],
        tracebacks={(1, 1): "Traceback ...\nValueError: bad seed\n"},
    )
    message = str(TasksFailed(run))
    assert message.startswith("2 of 3 tasks are not done (1 failed, 1 skipped):")
    assert "  task 1 'job-1' failed: ValueError: bad seed\n" in message
    assert "  task 2 'job-2' skipped\n" in message
    assert "job-0" not in message
    assert "Traceback of task 1, attempt 1:\nTraceback ...\n" in message
    assert "results_or" in message


def test_a_long_list_is_cut_after_ten_tasks_and_three_tracebacks():
    run = run_of(
        ["failed"] * 14,
        errors=["E: no"] * 14,
        tracebacks={(i, 1): f"trace of {i}" for i in range(2, 14)},
    )
    lines = str(TasksFailed(run)).splitlines()
    assert sum(line.startswith("  task ") for line in lines) == 10
    assert "  and 4 more" in lines
    shown = [line for line in lines if line.startswith("trace of")]
    assert shown == ["trace of 2", "trace of 3", "trace of 4"]


def test_the_run_travels_with_the_exception():
    run = run_of(["failed"], errors=["E: no"])
    assert TasksFailed(run).run is run
    copy = pickle.loads(pickle.dumps(TasksFailed(run)))
    assert copy.run.tasks["status"].to_list() == ["failed"]
    assert str(copy) == str(TasksFailed(run))


def test_inputs_that_raise_are_located():
    run = run_of(["done", "done"])
    error = InputsFailed(run, 2, KeyError("seed"))
    assert error.position == 2
    assert error.run is run
    assert "raised KeyError: 'seed' when asked for input 2" in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert copy.position == 2
    assert copy.run.n_tasks == 2


def test_an_error_without_a_message_is_told_by_its_type():
    assert "raised StopAsyncIteration when" in str(
        InputsFailed(run_of([]), 0, StopAsyncIteration())
    )


def test_an_allowed_value_comes_back():
    assert one_of("n_jobs", 2, [1, 2]) == 2


def test_a_value_that_is_not_allowed_is_refused_with_what_is():
    with pytest.raises(ArgumentError) as caught:
        one_of("order", "Longest_First", ["given", "longest_first"])
    assert str(caught.value) == (
        "`order` must be one of 'given', 'longest_first'; got 'Longest_First'. "
        "Did you mean 'longest_first'?"
    )


def test_another_word_for_an_allowed_value_is_understood_but_not_accepted():
    with pytest.raises(ArgumentError, match=r"Did you mean 'longest_first'\?"):
        one_of(
            "order",
            "LPT",
            ["given", "longest_first"],
            synonyms={"lpt": "longest_first"},
        )


def test_no_suggestion_where_nothing_is_close():
    with pytest.raises(ArgumentError, match=r"got 7\.$"):
        one_of("order", 7, ["given"])
    assert did_you_mean("zzz", ["given"]) == ""
    assert did_you_mean(None, ["given"]) == ""


def test_a_worker_can_import_the_exceptions_without_weight():
    code = "import sys, parallel_nb.errors; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"numpy", "pandas", "pyarrow", "joblib", "difflib"}
    assert "parallel_nb.errors" in loaded
    assert not heavy & set(loaded)
