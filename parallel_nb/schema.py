"""Floor 0: the columns of a Run's frames, their dtypes and units, and a check of both.

Knows what a valid frame of attempts is and how to make one from loose columns; refuses
to know what the numbers mean together (`metrics/`) or what makes frames belong to one
another (`attachments.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .errors import SchemaError, did_you_mean

TASK = "task"  # position in the batch, from 0
ATTEMPT = "attempt"  # executions of the task, from 1
NAME = "name"
AGENT = "agent"  # the kind of worker that the task asked for; missing: any
ROUND = "round"  # tasks of one round may run together; from 0
STATUS = "status"
READY = "ready"  # s since the run's zero: dependencies met
SUBMITTED = "submitted"  # s: handed over by the parent
STARTED = "started"  # s: began in the worker
ENDED = "ended"  # s: ended in the worker
RECEIVED = "received"  # s: seen by the parent
CPU = "cpu"  # CPU seconds
WORKER = "worker"  # lane from 0; -1: never ran on a lane
PID = "pid"  # 0: unknown
HOST = "host"  # missing: unknown
CHUNK = "chunk"  # attempts that travelled together share one; -1: unknown
MAX_RSS = "max_rss"  # bytes
IN_BYTES = "in_bytes"
OUT_BYTES = "out_bytes"
ERROR = "error"  # "ValueError: ..."; missing: none

STATUSES = ("done", "failed", "invalid", "timeout", "crashed", "cancelled", "skipped")

_TEXT = pd.StringDtype(na_value=np.nan)
_LABELS = pd.CategoricalDtype()
_INT16, _INT32, _INT64 = (np.dtype(f"int{bits}") for bits in (16, 32, 64))
_FLOAT = np.dtype("float64")

DTYPES = {
    TASK: _INT64,
    ATTEMPT: _INT16,
    NAME: _TEXT,
    AGENT: _LABELS,
    ROUND: _INT32,
    STATUS: pd.CategoricalDtype(STATUSES),
    READY: _FLOAT,
    SUBMITTED: _FLOAT,
    STARTED: _FLOAT,
    ENDED: _FLOAT,
    RECEIVED: _FLOAT,
    CPU: _FLOAT,
    WORKER: _INT32,
    PID: _INT64,
    HOST: _LABELS,
    CHUNK: _INT32,
    MAX_RSS: _FLOAT,
    IN_BYTES: _FLOAT,
    OUT_BYTES: _FLOAT,
    ERROR: _TEXT,
}
COLUMNS = tuple(DTYPES)
REQUIRED = (TASK, STARTED, ENDED)
TIMES = (READY, SUBMITTED, STARTED, ENDED, RECEIVED)
DEFAULTS = {
    ATTEMPT: 1,
    NAME: "task",
    ROUND: 0,
    STATUS: "done",
    WORKER: -1,
    PID: 0,
    CHUNK: -1,
}
EDGES = {TASK: _INT64, "after": _INT64}  # `task` had to wait for `after`
STARTUPS = {WORKER: _INT32, PID: _INT64, STARTED: _FLOAT, ENDED: _FLOAT}
_LOWEST = {TASK: 0, ATTEMPT: 1, ROUND: 0, WORKER: -1, PID: 0, CHUNK: -1}
_NEVER_NEGATIVE = (CPU, MAX_RSS, IN_BYTES, OUT_BYTES)


def validate(frame: pd.DataFrame) -> pd.DataFrame:
    """The same attempts with the columns in order, if they are valid.

    Parameters
    ----------
    frame : DataFrame
        One row per attempt, with exactly the columns of `COLUMNS` in any order, each of
        its dtype in `DTYPES`. Nothing is converted: `coerce` does that.

    Returns
    -------
    DataFrame
        Sharing its data with `frame` (pandas copies on write), index 0, 1, 2, ...

    Raises
    ------
    SchemaError
        If a column is absent, unknown or of another dtype; if a value is out of its
        range; if an attempt ends before it starts; if a (task, attempt) pair occurs
        twice; or if the tasks are not 0 ... n - 1 without gaps. Names the column, what
        was expected, what arrived, and the first row where.

    Examples
    --------
    >>> frame = coerce({"task": [0, 1], "started": [0.0, 1.0], "ended": [1.0, 3.0]})
    >>> validate(frame[sorted(frame)]).columns[:3].to_list()
    ['task', 'attempt', 'name']
    >>> validate(frame.assign(started=2.0))
    Traceback (most recent call last):
    ...
    parallel_nb.errors.SchemaError: column 'ended': expected no less than 'started'
    (2.0); got 1.0 in row 0 (task 0 'task')
    """
    _check_columns(frame)
    if list(frame.columns) == list(COLUMNS):
        frame = frame.copy(deep=False)
    else:
        frame = frame[list(COLUMNS)]
    frame.index = pd.RangeIndex(len(frame))
    for column, dtype in DTYPES.items():
        _check_dtype(column, frame[column], dtype)
    _check_values(frame)
    _check_tasks(frame)
    return frame


def coerce(columns: Mapping[str, Any] | pd.DataFrame) -> pd.DataFrame:
    """A frame of the right columns and dtypes, made from loose ones.

    Parameters
    ----------
    columns : mapping of str to array or scalar, or DataFrame
        At least `task`, `started` and `ended`; columns outside `COLUMNS` are left
        behind. In a mapping, scalars are repeated and arrays that have their dtype
        already are taken over without a copy.

    Returns
    -------
    DataFrame
        Absent columns hold what `DEFAULTS` says, the others are missing (NaN). The
        values are not judged: `validate` does that.

    Raises
    ------
    SchemaError
        If a required column is absent, lengths differ, or values cannot be converted
        without losing something.

    Examples
    --------
    >>> frame = coerce({"task": [0, 1], "started": 0, "ended": [1, 3], "worker": 0})
    >>> frame[["task", "name", "status", "ended"]]
       task  name status  ended
    0     0  task   done    1.0
    1     1  task   done    3.0
    """
    for column in REQUIRED:
        if column not in columns:
            raise SchemaError(
                f"column {column!r} ({DTYPES[column]}) is required; got "
                f"{_listing(columns)}." + did_you_mean(column, columns)
            )
    if isinstance(columns, pd.DataFrame):
        # numpy views escape pandas' copy-on-write: copy, or a later change of the
        # caller's frame would change a frozen Run.
        columns = {c: columns[c].array.copy() for c in COLUMNS if c in columns}
    n_rows = len(np.atleast_1d(columns[TASK]))
    data = {}
    for column, dtype in DTYPES.items():
        values = columns.get(column, DEFAULTS.get(column))
        if values is None or np.ndim(values) == 0:
            data[column] = _constant(column, values, dtype, n_rows)
        else:
            data[column] = _converted(column, values, dtype)
        if len(data[column]) != n_rows:
            raise SchemaError(
                f"column {column!r}: expected {n_rows} values, as in 'task'; "
                f"got {len(data[column])}"
            )
    return pd.DataFrame(data, copy=False)


def validate_small(
    name: str, frame: pd.DataFrame | None, dtypes: Mapping[str, np.dtype]
) -> pd.DataFrame:
    """The same rows, such as `EDGES` or `STARTUPS`, with the columns in order.

    Parameters
    ----------
    name : str
        What to call the frame in an error.
    frame : DataFrame, optional
        With exactly the columns of `dtypes`; None stands for no rows.
    dtypes : mapping of str to dtype

    Raises
    ------
    SchemaError
        If a column is absent, unknown or of another dtype.

    Examples
    --------
    >>> validate_small("edges", pd.DataFrame({"after": [0], "task": [1]}), EDGES)
       task  after
    0     1      0
    """
    if frame is None:
        return pd.DataFrame({c: np.empty(0, dtype) for c, dtype in dtypes.items()})
    is_frame = isinstance(frame, pd.DataFrame)
    if not is_frame or sorted(map(str, frame.columns)) != sorted(dtypes):
        got = list(frame.columns) if is_frame else type(frame).__name__
        raise SchemaError(f"{name}: expected the columns {list(dtypes)}; got {got}")
    for column, dtype in dtypes.items():
        got = frame[column].dtype
        if got != dtype:
            raise SchemaError(f"{name}.{column}: expected {dtype}; got {got}")
    return frame[list(dtypes)].reset_index(drop=True)


def as_text(values: Sequence[str | None]) -> pd.api.extensions.ExtensionArray:
    r"""An array of the text dtype; what UTF-8 cannot hold is written with backslashes.

    File names and messages of the operating system can contain such halves of
    characters, and no name or message may cost a run its record.

    Examples
    --------
    >>> [len(text) for text in as_text(["abc", "\udcff"])]
    [3, 6]
    """
    if not len(values):
        return pd.array([], dtype=_TEXT)
    try:
        return pd.array(values, dtype=_TEXT)
    except UnicodeEncodeError:
        return pd.array([_encodable(value) for value in values], dtype=_TEXT)


def _encodable(value):
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def _listing(names) -> str:
    return ", ".join(repr(str(name)) for name in names) or "no columns"


def _where(frame: pd.DataFrame, wrong: np.ndarray) -> str:
    """The first wrong row, told so that a reader can find it."""
    row = int(np.argmax(wrong))
    task, name = frame[TASK].iat[row], frame[NAME].iat[row]
    return f"in row {row} (task {task} {name!r})"


def _check_columns(frame: pd.DataFrame) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(
            f"attempts: expected a pandas DataFrame; got {type(frame).__name__}"
        )
    given = list(frame.columns)
    for column in COLUMNS:
        if column not in given:
            raise SchemaError(
                f"column {column!r}: expected {DTYPES[column]}; got no such column "
                f"among {_listing(given)}."
                f"{did_you_mean(column, set(given) - set(COLUMNS))} "
                "`parallel_nb.schema.coerce` fills in what is optional."
            )
    for column in given:
        if column not in DTYPES or given.count(column) > 1:
            told = "twice" if column in DTYPES else "which is none of them"
            raise SchemaError(
                f"expected exactly the columns {_listing(COLUMNS)}; "
                f"got {str(column)!r}, {told}"
            )


def _check_dtype(column: str, values: pd.Series, dtype) -> None:
    got = values.dtype
    if dtype is _LABELS:
        fits = isinstance(got, pd.CategoricalDtype) and (
            len(got.categories) == 0 or got.categories.inferred_type == "string"
        )
        expected = "category (of strings)"
    elif isinstance(dtype, pd.CategoricalDtype):
        fits = isinstance(got, pd.CategoricalDtype) and (
            tuple(got.categories) == STATUSES
        )
        expected = "category of " + ", ".join(map(repr, STATUSES)) + ", in this order"
    else:
        fits, expected = got == dtype, str(dtype)
    if fits:
        return
    raise SchemaError(
        f"column {column!r}: expected {expected}; got {got!r}. "
        "`parallel_nb.schema.coerce` converts."
    )


def _check_values(frame: pd.DataFrame) -> None:
    for column, lowest in _LOWEST.items():
        values = frame[column].to_numpy()
        if len(values) and values.min() < lowest:
            _refuse(frame, column, values < lowest, f"at least {lowest}")
    for column in (NAME, STATUS):
        if frame[column].hasnans:
            _refuse(
                frame, column, frame[column].isna().to_numpy(), "a value in each row"
            )
    for column in TIMES:
        values = frame[column].to_numpy()
        if np.isinf(values).any():
            _refuse(frame, column, np.isinf(values), "seconds, or NaN where unknown")
    for column in _NEVER_NEGATIVE:
        values = frame[column].to_numpy()
        if (values < 0).any():
            _refuse(frame, column, values < 0, "no negative value")
    started, ended = frame[STARTED].to_numpy(), frame[ENDED].to_numpy()
    backwards = ended < started
    if backwards.any():
        began = started[np.argmax(backwards)]
        _refuse(frame, ENDED, backwards, f"no less than 'started' ({began})")


def _refuse(frame: pd.DataFrame, column: str, wrong: np.ndarray, expected: str) -> None:
    got = frame[column].iat[int(np.argmax(wrong))]
    raise SchemaError(
        f"column {column!r}: expected {expected}; got {got} {_where(frame, wrong)}"
    )


def _check_tasks(frame: pd.DataFrame) -> None:
    """Pairs (task, attempt) unique, tasks 0 ... n - 1; no sort where none repeats."""
    task, attempt = frame[TASK].to_numpy(), frame[ATTEMPT].to_numpy()
    if not len(task):
        return
    if task.max() >= len(task):
        n_tasks = len(np.unique(task))
        _refuse_gap(task, n_tasks)
    counts = np.bincount(task)
    if not counts.all():
        _refuse_gap(task, len(counts))
    repeated = counts[task] > 1
    if not repeated.any():
        return
    rows = np.flatnonzero(repeated)
    key = task[rows] * (np.iinfo(_INT16).max + 1) + attempt[rows]
    _, first = np.unique(key, return_index=True)
    if len(first) < len(rows):
        twice = np.zeros(len(task), dtype=bool)
        twice[np.delete(rows, first)] = True
        row = int(np.argmax(twice))
        raise SchemaError(
            "columns 'task', 'attempt': expected each pair once; got "
            f"({task[row]}, {attempt[row]}) again {_where(frame, twice)}"
        )


def _refuse_gap(task: np.ndarray, n_tasks: int) -> None:
    known = np.zeros(n_tasks + 1, dtype=bool)
    known[task[task <= n_tasks]] = True
    absent = int(np.argmin(known))
    raise SchemaError(
        "column 'task': expected the positions 0, 1, 2, ... without gaps; got none for "
        f"{absent} although {task.max()} occurs. `Run.from_frame` numbers tasks anew."
    )


def _constant(column: str, value: Any, dtype, n_rows: int):
    one = _converted(column, [np.nan if value is None else value], dtype)
    return one.take(np.zeros(n_rows, dtype=np.int64))


def _converted(column: str, values: Any, dtype):
    if isinstance(values, pd.Series):
        values = values.array.copy()
    if not isinstance(values, pd.api.extensions.ExtensionArray):
        values = values if isinstance(values, np.ndarray) else list(values)
    if isinstance(dtype, pd.CategoricalDtype):
        return _to_category(values, dtype)
    if isinstance(dtype, pd.StringDtype):
        text = as_text(values)
        default = DEFAULTS.get(column)
        return text.fillna(default) if default is not None else text
    return _to_number(column, values, dtype)


def _to_category(values, dtype):
    if not isinstance(values, pd.Categorical):
        values = pd.Categorical(as_text(values))
    if dtype is _LABELS:
        return values.rename_categories(values.categories.astype("str"))
    for used in values.remove_unused_categories().categories.difference(STATUSES):
        raise _unknown_status(used)
    return values.set_categories(STATUSES)


def _unknown_status(value) -> SchemaError:
    return SchemaError(
        f"column 'status': expected one of {', '.join(map(repr, STATUSES))}; "
        f"got {value!r}.{did_you_mean(value, STATUSES)}"
    )


def _to_number(column: str, values, dtype: np.dtype) -> np.ndarray:
    if isinstance(values, np.ndarray) and values.dtype == dtype:
        return values
    try:
        numbers = pd.to_numeric(pd.Series(values), errors="raise")
        if dtype == _FLOAT:
            return numbers.to_numpy(dtype=dtype, na_value=np.nan)
        missing = numbers.isna()
        if missing.any() and column in DEFAULTS:
            numbers = numbers.fillna(DEFAULTS[column])
        whole = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = (whole != np.floor(whole)) | (np.abs(whole) > np.iinfo(dtype).max)
        if not wrong.any():
            return numbers.to_numpy(dtype=dtype)
        got = repr(numbers.iat[int(np.argmax(wrong))])
    except (TypeError, ValueError, OverflowError) as error:
        got = f"values that are no numbers ({error})"
    raise SchemaError(f"column {column!r}: expected {dtype}; got {got}")
