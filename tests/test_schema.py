"""Valid frames pass unchanged; any other is told column, expected, got and row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import schema
from parallel_nb.errors import SchemaError


def attempts(**columns):
    return schema.coerce(
        {"task": [0, 1], "started": [0.0, 1.0], "ended": [1.0, 3.0], **columns}
    )


def refusal(frame):
    with pytest.raises(SchemaError) as caught:
        schema.validate(frame)
    return str(caught.value)


def test_columns_come_out_in_order_whatever_order_they_came_in():
    frame = attempts()[list(reversed(schema.COLUMNS))]
    assert tuple(schema.validate(frame).columns) == schema.COLUMNS


def test_rows_are_counted_anew():
    frame = attempts().set_axis([7, 7], axis="index")
    assert schema.validate(frame).index.to_list() == [0, 1]
    assert frame.index.to_list() == [7, 7]


def test_an_absent_column_is_named_with_the_one_that_was_meant():
    told = refusal(attempts().rename(columns={"started": "startet"}))
    assert "column 'started': expected float64; got no such column" in told
    assert "Did you mean 'startet'?" in told


def test_an_unknown_column_is_refused():
    assert "got 'colour', which is none of them" in refusal(attempts().assign(colour=1))


def test_a_column_given_twice_is_refused():
    frame = attempts()
    assert "got 'cpu', twice" in refusal(
        pd.concat([frame, frame[["cpu"]]], axis="columns")
    )


def test_something_else_than_a_frame_is_refused():
    assert refusal([]) == "attempts: expected a pandas DataFrame; got list"


@pytest.mark.parametrize(
    ("column", "dtype", "expected"),
    [
        ("task", "int32", "int64"),
        ("attempt", "int64", "int16"),
        ("started", "float32", "float64"),
        ("name", "object", "str"),
        ("host", "str", "category (of strings)"),
    ],
)
def test_another_dtype_is_refused_not_converted(column, dtype, expected):
    told = refusal(attempts().astype({column: dtype}))
    assert f"column {column!r}: expected {expected}; got dtype" in told or (
        f"column {column!r}: expected {expected}; got <" in told
    )
    assert "coerce" in told


def test_labels_must_be_strings():
    frame = attempts().assign(host=pd.Categorical([1, 2]))
    assert "column 'host': expected category (of strings)" in refusal(frame)


def test_statuses_must_be_all_and_in_order():
    frame = attempts().assign(status=pd.Categorical(["done", "done"]))
    assert "column 'status': expected category of 'done', 'failed'" in refusal(frame)


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("attempt", [1, 0], "column 'attempt': expected at least 1; got 0 in row 1"),
        ("worker", [-2, 0], "column 'worker': expected at least -1; got -2 in row 0"),
        ("pid", [5, -1], "column 'pid': expected at least 0; got -1 in row 1"),
        (
            "cpu",
            [-0.5, 0],
            "column 'cpu': expected no negative value; got -0.5 in row 0",
        ),
        ("received", [1, np.inf], "column 'received': expected seconds, or NaN"),
        (
            "ended",
            [1, 0.5],
            "column 'ended': expected no less than 'started' (1.0); got 0.5",
        ),
    ],
)
def test_values_out_of_range_are_located(column, values, told):
    assert told in refusal(attempts(**{column: values}))


def test_a_bad_row_is_told_with_its_task_and_name():
    frame = attempts(name=["fit", "score"], ended=[1.0, 0.0])
    assert refusal(frame).endswith("in row 1 (task 1 'score')")


@pytest.mark.parametrize("column", ["name", "status"])
def test_name_and_status_must_be_there(column):
    frame = attempts()
    frame.loc[1, column] = None
    assert f"column {column!r}: expected a value in each row" in refusal(frame)


def test_a_pair_of_task_and_attempt_occurs_once():
    told = refusal(attempts(task=[0, 0]))
    assert "expected each pair once; got (0, 1) again in row 1" in told


def test_a_retried_task_is_valid_in_any_order_of_rows():
    frame = attempts(task=[0, 0], attempt=[2, 1])
    assert schema.validate(frame)["attempt"].to_list() == [2, 1]


@pytest.mark.parametrize(("tasks", "gap"), [([0, 2], 1), ([1, 2], 0), ([0, 10**12], 1)])
def test_tasks_have_no_gaps(tasks, gap):
    told = refusal(attempts(task=tasks))
    assert f"without gaps; got none for {gap} although {tasks[1]} occurs" in told


def test_attempts_that_never_ran_have_no_times():
    frame = attempts(
        started=[0.0, np.nan], ended=[1.0, np.nan], status=["done", "skipped"]
    )
    assert len(schema.validate(frame)) == 2


def test_a_gap_shows_even_where_rows_are_enough():
    frame = attempts(task=[0, 2, 2], attempt=[1, 1, 2], started=0.0, ended=0.0)
    assert "got none for 1 although 2 occurs" in refusal(frame)


def test_series_are_taken_by_position():
    seconds = pd.Series([1.0, 2.0], index=[7, 3])
    assert attempts(cpu=seconds)["cpu"].to_list() == [1.0, 2.0]


def test_an_empty_frame_is_valid():
    frame = schema.coerce({"task": [], "started": [], "ended": []})
    assert len(schema.validate(frame)) == 0
    assert frame.dtypes["task"] == "int64"


def test_validation_shares_no_future_with_the_callers_frame():
    frame = attempts()
    valid = schema.validate(frame)
    frame.loc[0, "started"] = 0.5
    frame["cpu"] = 7.0
    assert valid.loc[0, "started"] == 0.0
    assert valid["cpu"].isna().all()


def test_absent_columns_get_their_defaults():
    row = attempts().iloc[0]
    assert row["name"] == "task"
    assert row["status"] == "done"
    numbers = ["attempt", "round", "worker", "pid", "chunk"]
    assert row[numbers].to_list() == [1, 0, -1, 0, -1]
    unknown = ["agent", "ready", "submitted", "received", "cpu", "host", "error"]
    assert row[unknown].isna().all()


def test_numbers_are_converted_where_nothing_is_lost():
    frame = attempts(
        worker=[1.0, np.nan], pid=pd.array([7, None], "Int64"), cpu=["1", "2"]
    )
    assert frame["worker"].to_list() == [1, -1]
    assert frame["pid"].to_list() == [7, 0]
    assert frame["cpu"].to_list() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("worker", [0.5, 1], "column 'worker': expected int32; got np.float64(0.5)"),
        ("attempt", [1, 40_000], "column 'attempt': expected int16; got"),
        ("task", [0, np.nan], "column 'task': expected int64; got"),
        ("started", ["soon", 1], "column 'started': expected float64; got values that"),
        ("started", [0.0], "column 'started': expected 2 values, as in 'task'; got 1"),
    ],
)
def test_numbers_are_not_converted_where_something_would_be_lost(column, values, told):
    with pytest.raises(SchemaError) as caught:
        attempts(**{column: values})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "status", ["Done", ["done", "Done"], pd.Categorical(["done", "Done"])]
)
def test_an_unknown_status_is_told_with_the_one_that_was_meant(status):
    with pytest.raises(SchemaError, match=r"got 'Done'\. Did you mean 'done'\?"):
        attempts(status=status)


def test_a_required_column_is_required_by_name():
    with pytest.raises(SchemaError, match=r"column 'ended' \(float64\) is required"):
        schema.coerce({"task": [0], "started": [0.0], "end": [1.0]})


def test_columns_of_other_tools_are_left_behind():
    assert "queue" not in attempts(queue="short")


def test_arrays_of_the_right_dtype_are_taken_over_without_a_copy():
    started = np.array([0.0, 1.0])
    assert np.shares_memory(attempts(started=started)["started"].to_numpy(), started)


def test_a_frame_is_copied_so_that_the_callers_changes_stay_hers():
    table = pd.DataFrame({"task": [0], "started": [0.0], "ended": [1.0]})
    frame = schema.coerce(table)
    table.loc[0, "ended"] = 9.0
    assert frame.loc[0, "ended"] == 1.0


def test_text_that_utf8_cannot_hold_is_kept_readable():
    frame = attempts(name=["caf\udce9.py", "b"], error=[None, "OSError: \udcff"])
    assert frame["name"].to_list() == ["caf\\udce9.py", "b"]
    assert frame["error"].iat[1] == "OSError: \\udcff"
    assert attempts(name="\udcff", host="\udcff")["host"].to_list() == ["\\udcff"] * 2


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(), max_size=8),
            st.floats(0, 1e9),
            st.floats(0, 1e6),
            st.sampled_from(schema.STATUSES),
        )
    )
)
def test_what_coerce_makes_is_valid_and_stays_as_it_is(rows):
    frame = schema.coerce(
        {
            "task": range(len(rows)),
            "name": [row[0] for row in rows],
            "started": [row[1] for row in rows],
            "ended": [row[1] + row[2] for row in rows],
            "status": [row[3] for row in rows],
        }
    )
    valid = schema.validate(frame)
    pd.testing.assert_frame_equal(valid, frame)
    pd.testing.assert_frame_equal(schema.coerce(frame), frame)


def test_a_million_attempts_cost_at_most_150_bytes_each():
    n = 1_000_000
    times = np.zeros(n)
    frame = schema.coerce(
        {
            "task": np.arange(n),
            "name": "simulate-the-thing",
            "agent": "test-runner",
            "host": "a-host",
            "started": times,
            "ended": times,
        }
    )
    assert frame.memory_usage(deep=True).sum() / n <= 150
