"""Any table with a line a task: CSV, TSV or a DataFrame, whatever its columns' names.

Source: no standard; `columns=` says what is what, and for the rest well-known names are
understood. Numbers count as seconds unless a name says ``_ms``, ``_us``, ``_ns``,
``_min``, or as a clock's since 1970 where only that makes sense. It cannot know more
than its columns tell; what was concluded is in the notes.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .. import schema
from ..errors import ArgumentError, did_you_mean
from . import columns as understanding
from .assembling import assemble, lay_out
from .source import Source
from .spec import Format

DURATION = understanding.DURATION
_SEPARATORS = ",\t;|"
_ENDINGS = (".csv", ".tsv", ".tab")
_LABELS = (schema.NAME, schema.AGENT, schema.HOST, schema.ERROR)
_PLAIN = (schema.ROUND, schema.CHUNK, schema.PID, schema.ATTEMPT)
_SIZES = (schema.MAX_RSS, schema.IN_BYTES, schema.OUT_BYTES)
_FIRST = (schema.SUBMITTED, schema.READY, schema.RECEIVED)


def sniff(source: Source) -> bool:
    """Whether its first line has several names, one of them of a time."""
    first = _first_line(source)
    names = next(csv.reader([first], delimiter=_separator(first)), [])
    is_named = source.name.lower().removesuffix(".gz").endswith(_ENDINGS)
    if len(names) < 2 and not is_named:
        return False
    found = understanding.guessed(names, {})
    return is_named or bool({schema.STARTED, schema.ENDED, DURATION} & found.keys())


def read(
    source: Source,
    columns: Mapping[str, str] | None = None,
    n_workers: int | None = None,
):
    """The Run of a table in a file."""
    return _read(source, _frame(source), columns, n_workers)


def of_frame(
    frame: pd.DataFrame,
    columns: Mapping[str, str] | None = None,
    n_workers: int | None = None,
):
    """The Run of a DataFrame; names, units and errors as of a file."""
    return _read(Source(b"", name="frame"), frame, columns, n_workers)


def _frame(source: Source) -> pd.DataFrame:
    """The table as text: what is a number is decided where it must be one."""
    text = source.text().removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        with warnings.catch_warnings():
            # Of a line with more fields than names it would keep the first ones.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                io.StringIO(text),
                sep=_separator(first),
                dtype="str",
                index_col=False,
                skipinitialspace=True,
                on_bad_lines="error",
                na_values=understanding.NOTHING,
                keep_default_na=False,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        told = str(error).partition("C error: ")[2] or str(error)
        raise source.error(f"expected a table: {told.strip()}") from None
    except pd.errors.ParserWarning as warning:
        raise source.error(f"expected a table: {warning}") from None


def _first_line(source: Source) -> str:
    lines = source.head.decode("utf-8", "replace").splitlines()
    return next((line for line in lines if line.strip()), "")


def _separator(line: str) -> str:
    """Which of the usual separators parts a line of names most often."""
    return max(_SEPARATORS, key=line.count)


def _read(source: Source, frame: pd.DataFrame, columns, n_workers):
    names = _names(source, frame)
    mapping = _checked(columns or {}, names)
    found = understanding.guessed(names, mapping)
    if not {schema.STARTED, schema.ENDED, DURATION} & found.keys():
        raise source.error(
            "expected a column of starts, ends or durations; got "
            f"{', '.join(names)[:200]}. Name it by "
            "`columns={'theirs': 'started'}`, 'ended' or 'duration'."
        )
    if not len(frame):
        raise source.error("it tells of no task: there is nothing to make a Run of")
    notes = _concluded(found, mapping)
    told: dict[str, Any] = {}
    clocks = understanding.Clocks(source)
    for ours, name in found.items():
        values = frame.iloc[:, names.index(name)]
        is_given = name in mapping
        if ours in (schema.STARTED, schema.ENDED, *_FIRST):
            told[ours] = clocks.moments(values, name)
        elif ours in (DURATION, schema.CPU):
            told[ours] = understanding.lengths(source, values, name)
        elif ours == schema.STATUS:
            status = understanding.statuses(source, values, name, is_given)
            if status is not None:
                told[ours] = status
            else:
                notes.append(f"{name}: not understood as a status, left out")
        elif ours in _SIZES:
            told[ours] = understanding.numbers(source, values, name)
        elif ours in _PLAIN:
            told[ours] = understanding.numbers(source, values, name, is_whole=True)
        elif ours in _LABELS:
            told[ours] = _texts(values)
        else:
            told[ours] = values.reset_index(drop=True)
    clocks.settle(told)
    lacks, more = _completed(source, told)
    _label(source, told)
    if schema.NAME not in told and not isinstance(frame.index, pd.RangeIndex):
        told[schema.NAME] = _texts(frame.index.to_series())
    unused = [name for name in names if name not in found.values()]
    if unused:
        notes.append(f"columns not used: {', '.join(unused)[:200]}")
    is_file = source.path is not None or source.size
    return assemble(
        source,
        told,
        made_by="table",
        where=(lambda row: f"record {row + 1}") if is_file else _rows(frame),
        zero=clocks.zero,
        n_workers=n_workers,
        lacks=lacks,
        notes=(*notes, *clocks.notes, *more),
    )


def _names(source: Source, frame: pd.DataFrame) -> list[str]:
    names = [str(name).strip() for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise source.error(f"column {twice!r}: expected once; got it more than once")
    return names


def _checked(columns: Mapping[str, str], names: list[str]) -> dict[str, str]:
    allowed = (*schema.COLUMNS, DURATION)
    ours = list(columns.values())
    for theirs, our in columns.items():
        if our not in allowed:
            raise ArgumentError(
                f"`columns` must map to any of {', '.join(allowed)}; got {our!r}."
                f"{did_you_mean(our, allowed)}"
            )
        if str(theirs) not in names:
            raise ArgumentError(
                f"`columns` renames {theirs!r}, which the table lacks; it has "
                f"{names}.{did_you_mean(str(theirs), names)}"
            )
        if ours.count(our) > 1:
            raise ArgumentError(f"`columns` names {our!r} more than once")
    return {str(theirs): our for theirs, our in columns.items()}


def _concluded(found: Mapping[str, str], mapping: Mapping[str, str]) -> list[str]:
    taken = [
        f"{name!r} as {ours}"
        for ours, name in found.items()
        if name not in mapping and name != ours
    ]
    return [f"taken by their names: {', '.join(taken)}"] if taken else []


def _completed(source: Source, told: dict[str, Any]) -> tuple[tuple, tuple]:
    """Starts and ends from what there is of them and durations."""
    length = told.pop(DURATION, None)
    has_start, has_end = schema.STARTED in told, schema.ENDED in told
    if has_start and has_end:
        return (), ()
    if length is None:
        lacking = "an end" if has_start else "a start"
        raise source.error(
            f"expected {lacking} or a duration beside; name it by "
            "`columns={'theirs': 'ended'}`, 'started' or 'duration'"
        )
    if has_start:
        told[schema.ENDED] = told[schema.STARTED] + length
        return (), ()
    if has_end:
        told[schema.STARTED] = told[schema.ENDED] - length
        return (), ()
    if schema.STATUS not in told:
        absent = np.isnan(length) | (length < 0)
    else:
        absent = length < 0
    if absent.any():
        row = int(absent.argmax())
        got = "none" if np.isnan(length[row]) else f"{length[row]:g} s"
        raise source.error(f"expected a duration; got {got}", f"record {row + 1}")
    for column in _FIRST:
        told.pop(column, None)
    never = np.isnan(length)
    started, ended = lay_out(np.nan_to_num(length), told.get(schema.WORKER))
    told[schema.STARTED] = np.where(never, np.nan, started)
    told[schema.ENDED] = np.where(never, np.nan, ended)
    return ("starts",), ()


def _label(source: Source, told: dict[str, Any]) -> None:
    """Rows as tasks of their own, unless attempts are told apart."""
    if schema.WORKER in told:
        told[schema.WORKER] = _lanes_or_labels(source, told)
    task = told.pop(schema.TASK, None)
    if task is None:
        told.pop(schema.ATTEMPT, None)
        return
    if task.isna().any():
        row = int(task.isna().to_numpy().argmax())
        raise source.error("task: expected a label; got none", f"record {row + 1}")
    if schema.ATTEMPT in told:
        told[schema.TASK] = pd.factorize(task.map(str))[0].astype(np.int64)
    told.setdefault(schema.NAME, _texts(task))


def _lanes_or_labels(source: Source, told: dict[str, Any]):
    worker = told[schema.WORKER]
    absent = worker.isna().to_numpy() & ~np.isnan(told[schema.STARTED])
    if absent.any():
        raise source.error(
            "worker: expected one for each task that started; got none",
            f"record {int(absent.argmax()) + 1}",
        )
    numbers = pd.to_numeric(worker, errors="coerce")
    is_whole = numbers.notna().all() and (numbers % 1 == 0).all()
    if is_whole and numbers.between(0, 2**31 - 1).all():
        return numbers.astype(np.int64).to_numpy()
    return worker.map(str, na_action="ignore").astype(object)


def _texts(values: pd.Series):
    return schema.as_text(
        [
            None if absent else str(v)
            for v, absent in zip(values, values.isna(), strict=True)
        ]
    )


def _rows(frame: pd.DataFrame):
    return lambda row: f"row {frame.index[row]!r}"


FORMAT = Format(
    "table", "table (CSV, TSV, DataFrame)", sniff, read, ("columns", "n_workers")
)
