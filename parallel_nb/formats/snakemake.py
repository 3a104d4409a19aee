"""Snakemake's ``--stats`` and the tables of its ``benchmark`` directive.

Source: Snakemake documentation. Stats (up to version 7) list output files with start
and stop to 1 s and a duration in s; files of one job share them. A benchmark has one
line a repetition: ``s``, ``max_rss`` in MB, ``cpu_time`` in s, and no times of day.
Neither can know who waited for whom, or on which core a job ran.
"""

from __future__ import annotations

import datetime
import math

import numpy as np

from .. import schema
from . import fields
from .assembling import WORKERS_CONCLUDED, assemble, lay_out, seconds
from .numbering import moved_apart
from .source import Source
from .spec import Format

_MONTHS = (
    "JanFebMarAprMayJunJulAugSepOctNovDec"[at : at + 3] for at in range(0, 36, 3)
)
_MONTH = {name: at for at, name in enumerate(_MONTHS, 1)}
_MEGABYTE = 1024.0**2
_NO_NUMBER = (None, "", "-", "NA", "nan", "NaN")
_SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)  # of the second that times are cut to


def sniff(source: Source) -> bool:
    """Whether it has the stats' totals, or a benchmark's first names."""
    head = source.head.lstrip(b" \r\n")
    if head.startswith(b"{"):
        return b'"total_runtime"' in head and b'"rules"' in head
    return _is_table(head.partition(b"\n")[0].decode("utf-8", "replace"))


def read(source: Source, n_workers: int | None = None):
    """The Run of a workflow's stats, or of a job's repetitions."""
    if source.head.lstrip().startswith(b"{"):
        return _of_stats(source, n_workers)
    return _of_benchmark(source, n_workers)


def _is_table(line):
    names = line.strip().split("\t")
    return names[:1] == ["s"] and "h:m:s" in names


def _of_stats(source, n_workers):
    stats = fields.mapping(source, fields.loaded(source), "the file")
    files = fields.mapping(source, stats.get("files"), "files")
    jobs: dict[tuple, list[str]] = {}
    for file, entry in files.items():
        where = f"file {file:.80}"
        fields.mapping(source, entry, "files", where)
        begin, end = (
            _clock(source, fields.needed(source, entry, (name,), where), name, where)
            for name in ("start-time", "stop-time")
        )
        told = fields.needed(source, entry, ("duration",), where)
        duration = seconds(source, told, "duration", where)
        # Two jobs do not take equally long to all digits of a float.
        jobs.setdefault((begin, end, duration), []).append(file)
    keys = sorted(jobs)
    begin, end, durations = np.array(keys, dtype=float).reshape(-1, 3).T
    base = begin.min(initial=math.inf) if len(keys) else 0.0
    begin, end = begin - base, end - base
    # Times are cut to the second: the earliest start that fits them both.
    started = np.maximum(begin, end - durations)
    total = stats.get("total_runtime")
    if total is not None:
        total = seconds(source, total, "total_runtime", "")
    latest = np.minimum(begin + 1, end + 1 - durations)
    started, lanes = _apart(started, durations, np.maximum(latest - started, 0), total)
    notes = [
        WORKERS_CONCLUDED,
        "starts are to the second, durations exact: what was cut moves jobs apart",
    ]
    n_files = len(files) - len(jobs)
    if n_files:
        notes.append(f"{n_files} files came from a job that made others, too")
    if total is not None:
        notes.append(f"the workflow took {total:.6g} s by its own account")
    return assemble(
        source,
        {
            schema.NAME: schema.as_text([jobs[key][0] for key in keys]),
            schema.STARTED: started,
            schema.ENDED: started + durations,
            schema.WORKER: lanes,
        },
        lacks=("workers",),
        made_by="snakemake",
        where=lambda row: f"file {jobs[keys[row]][0]:.80}",
        notes=(*notes, "the file's times are of an unknown time zone"),
        n_workers=n_workers,
        backend="snakemake",
    )


def _apart(started, durations, slack, total):
    """Starts and lanes: on as few as the times allow and the whole's length."""
    for share in _SHARES:
        moved, lanes = moved_apart(started, durations, slack * share)
        if total is None or not len(moved):
            break
        if (moved + durations).max() - moved.min() <= total:
            break
    return moved, lanes


def _clock(source, text, name, where):
    """Seconds of a time such as ``Tue Nov 24 16:19:47 2026``, of whatever zone."""
    try:
        _, month, day, clock, year = text.split()
        hour, minute, second = map(int, clock.split(":"))
        at = datetime.datetime(
            int(year),
            _MONTH[month],
            int(day),
            hour,
            minute,
            min(second, 59),
            tzinfo=datetime.UTC,
        )
    except (AttributeError, KeyError, ValueError, OverflowError):
        raise source.error(
            f"{name}: expected a time such as 'Fri Jan 31 12:00:00 2025'; got "
            f"{fields.shown(text)}",
            where,
        ) from None
    return at.timestamp()


def _of_benchmark(source, n_workers):
    lines = ((number, line) for number, line in source.lines() if line.strip())
    header = next(lines, (1, ""))[1]
    names = header.strip().split("\t")
    if not _is_table(header):
        raise source.error(
            f"expected the names s, h:m:s, … between tabs; got {header!r:.80}", "line 1"
        )
    rows, numbers = [], []
    for number, line in lines:
        values = line.split("\t")
        if len(values) != len(names):
            raise source.error(
                f"expected {len(names)} fields between tabs; got {len(values)}",
                f"line {number}",
            )
        rows.append(dict(zip(names, values, strict=True)))
        numbers.append(number)
    durations = np.array(
        [
            math.nan
            if row["s"].strip() in _NO_NUMBER
            else seconds(source, row["s"], "s", f"line {number}")
            for row, number in zip(rows, numbers, strict=True)
        ]
    )
    is_told = ~np.isnan(durations)
    if len(rows) and not is_told.any():
        raise source.error("s: expected a number; none of the lines has one")
    n_silent = int((~is_told).sum())
    notes = [f"{n_silent} repetitions have no time: left out"] if n_silent else []
    rows = [row for row, told in zip(rows, is_told, strict=True) if told]
    numbers = [number for number, told in zip(numbers, is_told, strict=True) if told]
    started, ended = lay_out(durations[is_told])
    titles = [row.get("rule_name") or source.stem or "repetition" for row in rows]
    return assemble(
        source,
        {
            schema.NAME: schema.as_text(titles),
            schema.STARTED: started,
            schema.ENDED: ended,
            schema.WORKER: np.zeros(len(rows), dtype=np.int64),
            schema.CPU: [_number(row.get("cpu_time")) for row in rows],
            schema.MAX_RSS: [_number(row.get("max_rss")) * _MEGABYTE for row in rows],
            schema.IN_BYTES: [_number(row.get("io_in")) * _MEGABYTE for row in rows],
            schema.OUT_BYTES: [_number(row.get("io_out")) * _MEGABYTE for row in rows],
        },
        made_by="snakemake",
        where=numbers,
        notes=notes,
        lacks=("starts", "workers"),
        n_workers=n_workers,
        backend="snakemake",
    )


def _number(text):
    return fields.number_of(text) if text not in _NO_NUMBER else math.nan


FORMAT = Format(
    "snakemake", "Snakemake stats or benchmark", sniff, read, ("n_workers",)
)
