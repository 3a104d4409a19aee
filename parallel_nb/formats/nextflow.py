"""Nextflow's execution trace: one line a process execution, in the order of ending.

Source: Nextflow documentation, "Trace file". Tab-separated by default, columns as
chosen; times local without a zone, or with ``raw = true`` in ms since 1970; durations
such as ``1m 20s`` (rounded), or ms. ``duration`` counts from submission, ``realtime``
is execution. It cannot know which slot ran an execution, nor who waited for whom.
"""

from __future__ import annotations

import csv
import math
import re

import numpy as np

from .. import schema
from .assembling import assemble, lay_out, moment
from .numbering import tasks_and_attempts
from .source import Source
from .spec import Format

_OWN = {"native_id", "realtime", "%cpu", "peak_rss", "rchar", "workdir", "task_id"}
_TITLES = ("name", "process", "task_id", "hash")
_STATUS = {
    "COMPLETED": "done",
    "FAILED": "failed",
    "ABORTED": "cancelled",
    "SUBMITTED": "cancelled",
    "RUNNING": "cancelled",
    "NEW": "cancelled",
}
_PART = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*(ms|[a-z]+)(?![a-z])")
_UNITS = {
    unit: seconds
    for seconds, units in {
        1e-3: "ms milli millis",
        1.0: "s sec second seconds",
        60.0: "m min minute minutes",
        3600.0: "h hour hours",
        86400.0: "d day days",
    }.items()
    for unit in units.split()
}
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([KMGTP]?)B?")
_PLACED = "`start` is not in the file: taken as submit + duration - realtime"


def sniff(source: Source) -> bool:
    """Whether its first line has names that only this trace has."""
    first = source.head.lstrip(b"\r\n").partition(b"\n")[0]
    names = _names(first.decode("utf-8", "replace"))
    return len(_OWN & set(names)) >= 2 and bool({"hash", "status"} & set(names))


def read(source: Source, n_workers: int | None = None):
    """The Run of a trace.

    Cached executions are left out. An execution after a failed one of the same name is
    another attempt of it.
    """
    lines = ((number, line) for number, line in source.lines() if line.strip())
    header = next(lines, (1, ""))[1]
    separator = _separator(header)
    names = _names(header)
    _check(source, names)
    rows, numbers, n_cached = [], [], 0
    for number, line in lines:
        if _names(line) == names:  # of a run that came after
            continue
        fields = (
            line.split(separator) if separator != "," else next(csv.reader([line]), [])
        )
        if len(fields) != len(names):
            raise source.error(
                f"expected {len(names)} fields, as the first line has; got "
                f"{len(fields)}",
                f"line {number}",
            )
        row = dict(zip(names, (field.strip() for field in fields), strict=True))
        if row.get("status") == "CACHED":
            n_cached += 1
            continue
        rows.append(row)
        numbers.append(number)
    if n_cached and not rows:
        raise source.error(f"all of its {n_cached} executions are cached: none ran")
    return _run(source, rows, numbers, n_cached, n_workers, names)


def _run(source, rows, numbers, n_cached, n_workers, names):
    times = [
        _times(source, row, f"line {number}")
        for row, number in zip(rows, numbers, strict=True)
    ]
    submitted, started, ended = np.array(times, dtype=float).reshape(-1, 3).T
    is_placed = bool({"submit", "start"} & set(names))
    if not is_placed:
        real = [
            _duration(source, row, "realtime", f"line {number}")
            for row, number in zip(rows, numbers, strict=True)
        ]
        started, ended = lay_out(np.nan_to_num(real))
        never = np.where(np.isnan(real), np.nan, 0.0)
        started, ended = started + never, ended + never
    status = [_status(source, r, n) for r, n in zip(rows, numbers, strict=True)]
    titles = [
        next((row[name] for name in _TITLES if row.get(name)), "an execution")
        for row in rows
    ]
    keys, n_again = _keys(rows, titles, status, submitted, started)
    tasks, attempts = tasks_and_attempts(keys, np.nan_to_num(submitted), started)
    notes = []
    if is_placed and "start" not in names:
        notes.append(_PLACED)
    if n_cached:
        notes.append(f"{n_cached} cached executions did not run: left out")
    if n_again:
        notes.append(
            f"{n_again} executions came after a failed one of the same name: counted "
            "as attempts of it"
        )
    first = rows[0].get("submit", rows[0].get("start")) if rows else None
    is_raw = str(first).isdigit()
    if rows and is_placed and not is_raw:
        notes.append("the file's times are of an unknown time zone")
    elapsed = ended - started
    return assemble(
        source,
        {
            schema.TASK: tasks,
            schema.ATTEMPT: attempts,
            schema.NAME: schema.as_text(titles),
            schema.STATUS: status,
            schema.SUBMITTED: submitted,
            schema.STARTED: started,
            schema.ENDED: ended,
            schema.CPU: [
                _share(row.get("%cpu")) * seconds
                for row, seconds in zip(rows, elapsed, strict=True)
            ],
            schema.MAX_RSS: [_size(row.get("peak_rss")) for row in rows],
            schema.IN_BYTES: [_size(row.get("rchar")) for row in rows],
            schema.OUT_BYTES: [_size(row.get("wchar")) for row in rows],
            schema.ERROR: schema.as_text(
                [
                    None if s == "done" else _told(row)
                    for s, row in zip(status, rows, strict=True)
                ]
            ),
        },
        made_by="nextflow",
        where=numbers,
        zero=0.0 if is_raw else None,
        n_workers=n_workers,
        notes=notes,
        lacks=("workers",) if is_placed else ("starts", "workers"),
        backend="nextflow",
    )


def _names(line: str) -> list[str]:
    line = line.lstrip("\ufeff").rstrip("\r\n")
    return [name.strip() for name in line.split(_separator(line))]


def _separator(header: str) -> str:
    return "\t" if "\t" in header else max(",;|", key=header.count)


def _check(source, names):
    have = set(names)
    if not have & {"name", "process", "task_id"}:
        raise source.error("expected a column 'name'; got " + ", ".join(names)[:300])
    if not have & {"submit", "start"} and "realtime" in have:
        return  # lengths alone
    if "start" in have:
        missing = [] if have & {"realtime", "complete"} else ["realtime"]
    else:
        missing = [n for n in ("submit", "duration", "realtime") if n not in have]
    if missing:
        raise source.error(
            "expected the columns submit, duration, realtime, or start, complete; got "
            f"none of {', '.join(missing)}"
        )


def _times(source, row, where):
    """Submission, start and end (s); NaN where the execution has none."""
    submit = _moment(source, row, "submit", where)
    start = _moment(source, row, "start", where)
    complete = _moment(source, row, "complete", where)
    duration = _duration(source, row, "duration", where)
    real = _duration(source, row, "realtime", where)
    if math.isnan(start):
        start = submit + duration - real
        if start < submit:  # both are rounded, each by itself
            start = submit
    end = start + real
    if math.isnan(end):
        end = complete
    if math.isnan(start) or math.isnan(end):
        start = end = math.nan
    return submit, start, end


def _moment(source, row, name, where):
    text = row.get(name, "-")
    if text in {"", "-"}:
        return math.nan
    if text.isdigit() and len(text) < 18:
        return int(text) / 1e3
    return moment(source, text, name, where)


def _duration(source, row, name, where):
    text = row.get(name, "-")
    if text in {"", "-"}:
        return math.nan
    if text.isdigit() and len(text) < 18:
        return int(text) / 1e3
    total, at = 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or part[2] not in _UNITS:
            raise source.error(
                f"{name}: expected a duration such as 1m 20s; got {text!r:.60}", where
            )
        total += float(part[1]) * _UNITS[part[2]]
        at = part.end()
    return total


def _status(source, row, number):
    told = row.get("status", "COMPLETED")
    if told not in _STATUS:
        raise source.error(
            f"status: expected one of {', '.join(_STATUS)}, CACHED; got {told!r:.60}",
            f"line {number}",
        )
    return _STATUS[told]


def _told(row):
    code = row.get("exit", "-")
    return row["status"] if code in {"", "-"} else f"exit code {code}"


def _keys(rows, titles, status, submitted, started):
    """What tells tasks apart; an execution after a failed one of its name joins it."""
    keys: list = [None] * len(rows)
    failed: dict[str, tuple[int, str]] = {}
    n_again = 0
    begun = np.where(np.isnan(submitted), started, submitted)
    for row in np.lexsort((np.arange(len(rows)), np.nan_to_num(begun))).tolist():
        title = titles[row]
        attempt = rows[row].get("attempt", "")
        before = failed.pop(title, None)
        joins = before is not None and attempt != "1"
        keys[row] = before if joins else (row, title)
        n_again += joins
        if status[row] != "done":
            failed[title] = keys[row]
    # Tasks are numbered in the order of the file, whatever the order of their starts.
    return keys, n_again


def _share(text):
    try:
        share = float(text.rstrip("%")) / 100
    except (AttributeError, ValueError):
        return math.nan
    return share if 0 <= share < 1e6 else math.nan


def _size(text):
    found = _SIZE.fullmatch(text or "")
    if found is None:
        return math.nan
    return float(found[1]) * 1024.0 ** " KMGTP".index(found[2] or " ")


FORMAT = Format("nextflow", "Nextflow trace", sniff, read, ("n_workers",))
