"""What every reader ends in: a foreign file's columns → a Run, or an error with a line.

Knows which times cannot be and what is said of what was not told; refuses to know any
format. Lanes, labels and zero are `tables.py`'s, by `Run.from_frame`.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import metrics, schema
from ..errors import ArgumentError, SchemaError
from ..meta import Meta
from ..runs import Run
from .source import Source

FARTHEST = 1e12  # s; no clock shows more, and float64 still tells tenths of a ms
_DIGITS = 9  # of a second
LAID_OUT = (
    "the file has durations and no times: tasks are laid end to end, so their places, "
    "the makespan and all that follows from it are not measured"
)
WORKERS_CONCLUDED = "workers were not told: the fewest lanes that the times allow"


def assemble(
    source: Source,
    columns: Mapping[str, Any],
    *,
    made_by: str,
    where: Callable[[int], str] | Sequence[int] | None = None,
    zero: float | None = None,
    label: str | None = None,
    lacks: Sequence[str] = (),
    notes: Sequence[str] = (),
    n_workers: int | None = None,
    agents: Mapping[str, int] | None = None,
    edges: Sequence[tuple[int, int]] | pd.DataFrame | None = None,
    tracebacks: Mapping[tuple[int, int], str] | None = None,
    **meta: Any,
) -> Run:
    """A Run from columns in the order of the file.

    Parameters
    ----------
    source : Source
        Named in errors and, unless `label` is given, in the Run's label.
    columns : mapping of str to array of length n_attempts
        By the names of `parallel_nb.schema`; at least `started` and `ended`, in s on
        one clock; NaN where an attempt never ran, which `status` must say then. Absent,
        `task` is 0, 1, ... in the order of the file. `worker` may be labels; if
        it is absent, lanes follow from what overlaps (`lacks` says so).
    made_by : str
        The format's name, for ``meta.source``.
    where : callable or sequence of int, optional
        Place of a row for errors: row → ``"line 7"``, or the line of each row. Default:
        ``"record 7"`` (from 1).
    zero : float, optional
        When the file's clock showed 0, in s since 1970: 0.0 for epoch times. None:
        nobody knows.
    lacks : sequence of {"starts", "workers"}
        See `Meta.lacks`.
    notes : sequence of str
        What the Run must say aloud.
    n_workers, agents
        As of `Run.from_frame`.
    edges : pairs (task, after) of positions, or DataFrame, optional
    tracebacks : mapping of (task, attempt) to str, optional
    **meta
        Further fields of Meta: backend, host, cpu_count, versions, order, tags.

    Raises
    ------
    FormatError
        If there is no row; or a time is missing, infinite, unbelievable or before the
        start: names the row's place.
    """
    told = dict(columns)
    n_rows = len(told[schema.STARTED])
    if not n_rows:
        raise source.error("it tells of no task: there is nothing to make a Run of")
    told.setdefault(schema.TASK, np.arange(n_rows))
    place = _places(where)
    for column in (*schema.TIMES, schema.CPU):
        if column in told:
            told[column] = np.asarray(told[column], dtype=np.float64)
    _check_times(source, told, place)
    lacks = tuple(lacks)
    if schema.WORKER not in told and "workers" not in lacks:
        lacks = (*lacks, "workers")
    if "starts" in lacks and LAID_OUT not in notes:
        notes = (LAID_OUT, *notes)
    earliest = _earliest(told)
    label = source.stem if label is None else label
    try:
        build = _built if _is_numbered(told, n_workers) else Run.from_frame
        run = build(
            told if build is _built else _framed(told),
            n_workers=n_workers,
            agents=agents,
            label=label,
            source=made_by,
            edges=_edges(edges),
        )
        fields = {
            "started_at": _moment(zero, earliest),
            "notes": (*run.meta.notes, *notes),
            "lacks": lacks,
            **meta,
        }
        return Run(
            run.attempts if build is _built else _rounded(run.attempts),
            dataclasses.replace(run.meta, **fields),
            edges=run.edges,
            tracebacks=tracebacks,
        )
    except (SchemaError, OverflowError) as error:
        raise source.error(str(error)) from error


def lay_out(durations, workers=None) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends (s) of tasks end to end, on each worker from 0.

    Parameters
    ----------
    durations : array of shape (n_attempts,)
        Seconds.
    workers : array of labels, shape (n_attempts,), optional
        Default: one worker.

    Examples
    --------
    >>> started, ended = lay_out([2.0, 3.0, 1.0], workers=["a", "b", "a"])
    >>> started.tolist(), ended.tolist()
    ([0.0, 0.0, 2.0], [2.0, 3.0, 3.0])
    """
    durations = np.asarray(durations, dtype=np.float64)
    labels = np.zeros(len(durations)) if workers is None else np.asarray(workers)
    ended = pd.Series(durations).groupby(labels, sort=False).cumsum()
    # Each starts exactly where the one before it ends, so that none overlap.
    started = ended.groupby(labels, sort=False).shift(fill_value=0.0)
    return started.to_numpy(), ended.to_numpy()


def seconds(source: Source, value: Any, what: str, where: str) -> float:
    """A finite float of what a field holds, be it a number or its text.

    Raises
    ------
    FormatError
        If it is neither; names `what` and `where`.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        shown = repr(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "…"
        raise source.error(f"{what}: expected a number; got {shown}", where)
    return number


def moment(source: Source, text: Any, what: str, where: str) -> float:
    """Seconds since 1970 of an ISO 8601 time; without a zone it counts as UTC.

    Raises
    ------
    FormatError
        If it is no such time.
    """
    try:
        at = datetime.datetime.fromisoformat(text.strip())
        if at.tzinfo is None:
            at = at.replace(tzinfo=datetime.UTC)
        return at.timestamp()
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise source.error(
            f"{what}: expected a time such as 2025-01-31T12:00:00Z; got {text!r:.60}",
            where,
        ) from None


def _is_numbered(told: Mapping[str, Any], n_workers: int | None) -> bool:
    """Whether nothing is left to number: tasks and lanes are positions already.

    Millions of rows are then taken over as they are, instead of copied some times by
    `Run.from_frame`, which makes positions of any labels.
    """
    if schema.AGENT in told:
        return False
    for column in (schema.TASK, schema.WORKER):
        values = told.get(column)
        if values is None:
            continue
        if not (isinstance(values, np.ndarray) and values.dtype.kind == "i"):
            return False
        most = n_workers if column == schema.WORKER and n_workers else len(values)
        if values.min() < 0 or values.max() >= most:
            return False
        if column == schema.TASK or not n_workers:
            is_gapless = np.bincount(values).all()
            if not is_gapless:
                return False
    return True


def _rounded(attempts: pd.DataFrame) -> pd.DataFrame:
    """Times to 1 ns: what is finer is of the arithmetic, not of any clock."""
    columns = (*schema.TIMES, schema.CPU)
    return attempts.assign(**{c: attempts[c].round(_DIGITS) for c in columns})


def _framed(told: Mapping[str, Any]) -> pd.DataFrame:
    try:
        return pd.DataFrame(told)
    except UnicodeEncodeError:  # a label holds half of a character
        return pd.DataFrame(
            {
                name: schema.as_text(values)
                if getattr(values, "dtype", None) == np.dtype(object)
                else values
                for name, values in told.items()
            }
        )


def _built(told: dict[str, Any], *, n_workers, agents, label, source, edges) -> Run:
    """As `Run.from_frame`, of columns that are numbered; `told` is emptied."""
    notes = ()
    if schema.WORKER not in told:
        told[schema.WORKER] = metrics.colour_lanes(
            told[schema.STARTED], told[schema.ENDED]
        )
        notes = (WORKERS_CONCLUDED,)
    zero = _earliest(told)
    if math.isfinite(zero):
        for column in schema.TIMES:
            if column in told:
                told[column] = np.round(told[column] - zero, _DIGITS)
    if schema.CPU in told:
        told[schema.CPU] = np.round(told[schema.CPU], _DIGITS)
    seen = max(int(told[schema.WORKER].max()) + 1, 1)
    if n_workers is not None and seen > n_workers:
        raise ArgumentError(
            f"`n_workers` must be {seen} or more, as many workers are seen; got "
            f"{n_workers}"
        )
    meta = Meta(
        n_workers=seen if n_workers is None else n_workers,
        backend="unknown",
        host="",
        cpu_count=0,
        started_at="",
        versions={},
        label=label,
        source=source,
        notes=notes,
        agents=dict(agents or {}),
    )
    attempts = schema.coerce(told)
    told.clear()
    return Run(attempts, meta, edges=edges)


def _places(where) -> Callable[[int], str]:
    if where is None:
        return lambda row: f"record {row + 1}"
    if callable(where):
        return where
    return lambda row: f"line {where[row]}"


def _check_times(source: Source, told: Mapping[str, np.ndarray], place) -> None:
    started, ended = told[schema.STARTED], told[schema.ENDED]
    for column in (*schema.TIMES, schema.CPU):
        if column not in told:
            continue
        values = told[column]
        wrong = np.isinf(values) | (np.abs(np.nan_to_num(values)) > FARTHEST)
        if wrong.any():
            row = int(wrong.argmax())
            raise source.error(
                f"{column}: expected seconds of some clock; got {values[row]:g}",
                place(row),
            )
    if schema.STATUS in told:
        ran = np.asarray(told[schema.STATUS]) == "done"
    else:
        ran = np.ones(len(started), dtype=bool)
    if ran.any():
        absent = ran & (np.isnan(started) | np.isnan(ended))
        if absent.any():
            row = int(absent.argmax())
            missing = "a start" if np.isnan(started[row]) else "an end"
            raise source.error(f"expected {missing}; got none", place(row))
    backwards = ended < started
    if backwards.any():
        row = int(backwards.argmax())
        raise source.error(
            f"expected an end after the start; got {started[row]:.6f} s and "
            f"{ended[row]:.6f} s, {started[row] - ended[row]:g} s before it",
            place(row),
        )


def _earliest(told: Mapping[str, np.ndarray]) -> float:
    handed_over = [told[c] for c in (schema.SUBMITTED, schema.STARTED) if c in told]
    return min(np.fmin.reduce(values, initial=np.inf) for values in handed_over)


def _moment(zero: float | None, earliest: float) -> str:
    if zero is None or not math.isfinite(earliest):
        return ""
    try:
        at = datetime.datetime.fromtimestamp(zero + earliest, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return at.isoformat()


def _edges(edges) -> pd.DataFrame | None:
    if edges is None or isinstance(edges, pd.DataFrame):
        return edges
    pairs = np.array(list(edges), dtype=np.int64).reshape(-1, 2)
    return pd.DataFrame({"task": pairs[:, 0], "after": pairs[:, 1]})
