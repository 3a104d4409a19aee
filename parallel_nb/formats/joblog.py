"""GNU parallel's ``--joblog``: one line a job, in the order in which they ended.

Source: parallel(1), options ``--joblog`` and ``--results FILE.csv`` or ``FILE.tsv``,
which begins with the same columns. ``Starttime`` in s since 1970, ``JobRuntime`` in s,
both to the ms and perhaps padded; ``Exitval``, ``Signal`` of the job; the log's
``Command`` may hold tabs. It cannot know which slot ran a job, CPU time, or when a job
could have started.
"""

from __future__ import annotations

import csv
import signal
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .. import metrics, schema
from .assembling import FARTHEST, WORKERS_CONCLUDED, assemble
from .blocks import Lines, blocks_of_lines, columns_of
from .source import Source
from .spec import Format

_NAMES = (
    ("Seq",),
    ("Host",),
    ("Starttime",),
    ("JobRuntime", "Runtime"),
    ("Send",),
    ("Receive",),
    ("Exitval",),
    ("Signal",),
    ("Command",),
)
_BLOCK = 1 << 15  # lines
_DIGITS = 6  # of a start in s: what an epoch time in float64 tells
_ROUNDING = 1.001e-3  # s: start and runtime are each off by half a ms
_SEQ_MOST = 2**62
_DONE, _FAILED, _CRASHED = (
    schema.STATUSES.index(status) for status in ("done", "failed", "crashed")
)
_TEXT = pa.large_string()
_TYPES = {
    "Seq": pa.int64(),
    "Host": _TEXT,
    "Starttime": pa.float64(),
    "JobRuntime": pa.float64(),
    "Send": None,
    "Receive": None,
    "Exitval": pa.int64(),
    "Signal": pa.int64(),
    "Command": _TEXT,
}


def sniff(source: Source) -> bool:
    """Whether it begins with the log's line of names."""
    first = source.head.partition(b"\n")[0].decode("utf-8", "replace").rstrip("\r")
    return any(
        first.startswith(separator.join(("Seq", "Host", "Starttime")))
        for separator in "\t,"
    )


def read(source: Source, n_workers: int | None = None):
    """The Run of a job log.

    A job that is in it several times, as ``--resume-failed`` leaves it, has several
    attempts. ``Exitval`` other than 0 is `failed`, a signal `crashed`.
    """
    blocks = list(_blocks(source))
    if not blocks:
        raise source.error("it tells of no job: there is nothing to make a Run of")
    names = pa.chunked_array([block.pop("names") for block in blocks], _TEXT)
    errors = pa.chunked_array([block.pop("errors") for block in blocks], _TEXT)
    hosts = pa.chunked_array(
        [block.pop("hosts") for block in blocks]
    ).unify_dictionaries()
    told = {
        name: np.concatenate([b.pop(name) for b in blocks]) for name in [*blocks[0]]
    }
    # Times since 1970 have room for 0.2 µs; those since the first second for all.
    zero = float(np.floor(told["starts"].min()))
    starts = np.round(told.pop("starts") - zero, _DIGITS)
    ended = starts + told.pop("runtimes")
    tasks, attempts, notes = _attempts(told.pop("sequence"), starts)
    columns = {
        schema.TASK: tasks,
        schema.ATTEMPT: attempts,
        schema.NAME: schema.as_text(names),
        schema.STARTED: starts,
        schema.ENDED: ended,
        schema.STATUS: pd.Categorical.from_codes(told.pop("codes"), schema.STATUSES),
        schema.ERROR: schema.as_text(errors),
    }
    del names, errors
    known = hosts.chunk(0).dictionary.to_pylist()
    lacks, n_seen = ("workers",), 1
    if known != [":"]:
        columns[schema.HOST] = hosts.to_pandas()
    if not (ended < starts).any():
        # A slot's next job seems to begin before the last ended, by what was rounded.
        until = np.maximum(ended - _ROUNDING, starts)
        columns[schema.WORKER] = metrics.colour_lanes(starts, until)
        n_seen = int(columns[schema.WORKER].max()) + 1
        notes = (WORKERS_CONCLUDED, *notes)
    return assemble(
        source,
        columns,
        made_by="joblog",
        where=told.pop("numbers"),
        zero=zero,
        n_workers=n_workers if n_workers is not None else n_seen,
        lacks=lacks,
        notes=notes,
        backend="parallel",
    )


def _blocks(source: Source) -> Iterator[dict]:
    """The columns of some jobs at once."""
    header = next(source.lines(), (1, ""))[1]
    separator = "\t" if "\t" in header else ","
    names = [name.strip() for name in header.split(separator)]
    _check_names(source, names)
    if separator == "\t" and len(names) == len(_NAMES):
        for lines in blocks_of_lines(source):
            quick = _quick(lines)
            yield from [quick] if quick is not None else _by_line(source, lines)
        return
    lines = source.lines()
    next(lines, None)
    yield from _split(source, _records(source, lines, separator))


def _by_line(source: Source, lines: Lines) -> Iterator[dict]:
    """What is not as it should be, line by line: it is told, or read after all."""
    rows = (
        (number, line.split("\t", len(_NAMES) - 1))
        for number, line in lines.texts(source)
        if line and number > 1
    )
    return _split(source, rows, is_end=lines.is_last)


def _split(source: Source, rows, *, is_end: bool = True) -> Iterator[dict]:
    while block := list(islice(rows, _BLOCK)):
        numbers, fields = zip(*block, strict=True)
        shortest = min(map(len, fields))
        if shortest < len(_NAMES):
            at = next(at for at, each in enumerate(fields) if len(each) < len(_NAMES))
            is_last = is_end and at == len(fields) - 1 and next(rows, None) is None
            raise source.error(
                f"expected {len(_NAMES)} fields between tabs; got {len(fields[at])}"
                + (", as of a line torn off" if is_last else ""),
                f"line {numbers[at]}",
            )
        yield _columns(source, numbers, fields)


def _records(source: Source, lines, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Records of a table whose fields may be quoted and hold line breaks."""
    last = [1]

    def fed():
        for number, line in lines:
            last[0] = number
            yield line + "\n"

    records = csv.reader(fed(), delimiter=separator)
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            raise source.error(
                f"expected a table: {error}", f"line {last[0]}"
            ) from None
        if record:
            yield last[0], record


def _check_names(source: Source, names: list[str]) -> None:
    """The log's own columns come first, in this order."""
    for at, allowed in enumerate(_NAMES):
        if at >= len(names) or names[at] not in allowed:
            got = repr(names[at])[:60] if at < len(names) else "the end of the line"
            raise source.error(
                f"expected the names {', '.join(each[0] for each in _NAMES)}; got "
                f"{got} for {allowed[0]}",
                "line 1",
            )


def _quick(lines: Lines) -> dict | None:
    """The columns of lines that are as they should be; None where one is not."""
    found = columns_of(lines, _TYPES, skip=2)
    if found is None:
        return None
    numbers, columns = found
    told = {
        name: columns[name].to_numpy(zero_copy_only=False)
        for name in ("Seq", "Starttime", "JobRuntime", "Exitval", "Signal")
    }
    for values in told.values():
        most = _SEQ_MOST if values.dtype == np.int64 else FARTHEST
        if not (np.abs(values) < most).all():  # as of NaN, too
            return None
    return _told(numbers, *told.values(), columns["Command"], columns["Host"])


def _columns(source: Source, numbers, fields) -> dict:
    columns = list(zip(*(each[: len(_NAMES)] for each in fields), strict=True))
    return _told(
        np.array(numbers),
        _numbers(source, "Seq", columns[0], numbers, np.int64),
        _numbers(source, "Starttime", columns[2], numbers, np.float64),
        _numbers(source, "JobRuntime", columns[3], numbers, np.float64),
        _numbers(source, "Exitval", columns[6], numbers, np.int64),
        _numbers(source, "Signal", columns[7], numbers, np.int64),
        pa.array(columns[8], _TEXT),
        pa.array(columns[1], _TEXT),
    )


def _told(numbers, sequence, starts, runtimes, exitvals, signals, names, hosts) -> dict:
    codes = np.full(len(numbers), _DONE, dtype=np.int8)
    codes[exitvals != 0] = _FAILED
    codes[signals != 0] = _CRASHED
    errors = pa.nulls(len(numbers), _TEXT)
    wrong = codes != _DONE
    if wrong.any():
        said = [
            _said(int(exitval), int(signalled))
            for exitval, signalled in zip(exitvals[wrong], signals[wrong], strict=True)
        ]
        errors = pc.replace_with_mask(errors, pa.array(wrong), pa.array(said, _TEXT))
    return {
        "numbers": numbers,
        "sequence": sequence,
        "starts": starts,
        "runtimes": runtimes,
        "codes": codes,
        "names": names,
        "errors": errors,
        "hosts": hosts.dictionary_encode(),
    }


def _numbers(source: Source, what: str, texts, numbers, dtype) -> np.ndarray:
    convert, most = (int, _SEQ_MOST) if dtype is np.int64 else (float, FARTHEST)
    try:
        values = np.fromiter(map(convert, texts), dtype, len(texts))
        if (np.abs(values) < most).all():
            return values
    except (ValueError, OverflowError):
        pass
    for number, text in zip(numbers, texts, strict=True):
        try:
            if abs(convert(text)) < most:  # false for NaN
                continue
        except ValueError:
            pass
        raise source.error(
            f"{what}: expected a number; got {text!r:.60}", f"line {number}"
        )
    raise source.error(f"{what}: expected numbers")


def _said(exitval: int, signalled: int) -> str:
    if not signalled:
        return f"exit code {exitval}"
    try:
        return f"killed by {signal.Signals(signalled).name}"
    except ValueError:
        return f"killed by signal {signalled}"


def _attempts(sequence, starts):
    """Task and attempt of each line: jobs by ``Seq``, their attempts by time."""
    by_time = np.argsort(sequence, kind="stable")
    is_first = _changes(sequence[by_time])
    if not is_first.all():
        by_time = np.lexsort((starts, sequence))
        is_first = _changes(sequence[by_time])
    job = np.cumsum(is_first) - 1
    tasks = np.empty(len(sequence), dtype=np.int64)
    attempts = np.empty(len(sequence), dtype=np.int64)
    tasks[by_time] = job
    attempts[by_time] = np.arange(len(job)) - np.flatnonzero(is_first)[job] + 1
    n_again = int((~is_first).sum())
    told = f"{n_again} jobs ran again; Seq tells which" if n_again else ""
    return tasks, attempts, (told,) if told else ()


def _changes(ordered):
    return np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]


FORMAT = Format("joblog", "GNU parallel job log", sniff, read, ("n_workers",))
