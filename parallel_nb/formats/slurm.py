"""Slurm's ``sacct -P``: jobs and their steps, fields between ``|``.

Source: sacct(1), option ``--parsable2``. Which fields there are is the user's choice,
the header may be missing; ``Start`` and ``End`` are local times without a zone, or
seconds since 1970; ``Elapsed`` is ``[D-]HH:MM:SS``, ``TotalCPU`` may end in ms. A step
(``17.batch``) is part of its job. It cannot know which processors a job had, nor tell
a step's time from its job's.
"""

from __future__ import annotations

import datetime
import math
import re

import numpy as np

from .. import schema
from . import machines
from .assembling import assemble, lay_out
from .numbering import tasks_and_attempts
from .slurm_fields import (
    ENDED,
    GOING_ON,
    NO_TIME,
    duration,
    looks_so,
    records,
    state_of,
)
from .source import Source
from .spec import Format

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGTP]?)[nc]?")


def sniff(source: Source) -> bool:
    """Whether its first line names sacct's fields, or looks like a job."""
    first = source.head.lstrip(b"\r\n").partition(b"\n")[0]
    return looks_so(first.decode("utf-8", "replace"))


def read(source: Source, n_workers: int | None = None):
    """The Run of an accounting report.

    Jobs that have not ended are left out. Several lines of one job, as
    ``--duplicates`` gives them, are attempts. Without ``Start`` and ``End`` the jobs
    are laid end to end by ``Elapsed``.
    """
    names, lines, notes = records(source)
    jobs, n_open, n_steps = _jobs(source, names, lines)
    if not jobs:
        raise source.error("it tells of no job that ended")
    if n_open:
        notes.append(f"{n_open} jobs have not ended: left out")
    if n_steps:
        notes.append(f"{n_steps} steps are parts of their jobs")
    columns = {key: [job[key] for job in jobs] for key in jobs[0]}
    started, ended = np.array(columns["start"]), np.array(columns["end"])
    length = np.array(columns["elapsed"])
    ended = np.where(np.isnan(ended), started + length, ended)
    started = np.where(np.isnan(started), ended - length, started)
    lacks: tuple[str, ...] = ("workers",)
    is_placed = not np.isnan(started).all()
    if not is_placed:
        lacks = ("starts", "workers")
        started, ended = lay_out(length)
    elif any(columns["is_local"]):
        first = datetime.datetime.fromtimestamp(np.nanmin(started), datetime.UTC)
        notes.append(f"local times, the first {first:%Y-%m-%d %H:%M:%S}")
    if n_workers is None and is_placed:
        notes.append(machines.AT_ONCE)
    never = np.isnan(started)
    status = np.array(columns["status"], dtype=object)
    tasks, attempts = tasks_and_attempts(columns["id"], np.nan_to_num(started))
    n_processors = np.array(columns["processors"])
    if (n_processors > 1).any():
        notes.append(
            f"a job is one worker here, though some had up to {n_processors.max():g} "
            "CPUs"
        )
    told = {
        schema.TASK: tasks,
        schema.ATTEMPT: attempts,
        schema.NAME: schema.as_text(columns["name"]),
        schema.STARTED: started,
        schema.ENDED: np.where(never, np.nan, ended),
        schema.STATUS: status,
        schema.CPU: np.array(columns["cpu"]),
        schema.MAX_RSS: np.array(columns["rss"]),
        schema.HOST: schema.as_text(columns["host"]),
        schema.ERROR: schema.as_text(columns["error"]),
    }
    if is_placed:
        told[schema.SUBMITTED] = np.fmin(np.array(columns["submit"]), started)
    return assemble(
        source,
        told,
        made_by="slurm",
        where=columns["number"],
        zero=None if any(columns["is_local"]) or not is_placed else 0.0,
        n_workers=n_workers,
        lacks=lacks,
        notes=notes,
        backend="slurm",
    )


def _jobs(source: Source, names: list[str], lines) -> tuple[list[dict], int, int]:
    has_length = {"Elapsed", "ElapsedRaw"} & set(names)
    has_times = "Start" in names and ("End" in names or has_length)
    if not (has_times or has_length or {"Start", "End"} <= set(names)):
        raise source.error(
            "expected the fields Start and End, or Elapsed; got "
            f"{', '.join(name for name in names if name)[:200] or 'none'}. Ask for "
            "them by `sacct -P --format=JobID,JobName,State,ExitCode,Submit,Start,End`."
        )
    identity = "JobID" if "JobID" in names else "JobIDRaw"
    whole = {fields[identity] for _, fields in lines if "." not in fields[identity]}
    peaks: dict[str, float] = {}
    jobs, n_open, n_steps = [], 0, 0
    for number, fields in lines:
        job, _, step = fields[identity].partition(".")
        if step and job in whole:
            peak = _size(fields.get("MaxRSS", ""))
            peaks[job] = np.fmax(peaks.get(job, math.nan), peak)
            n_steps += 1
            continue
        made = _job(source, fields, identity, number)
        if made is None:
            n_open += 1
            continue
        jobs.append(made)
    for job in jobs:
        job["rss"] = np.fmax(job["rss"], peaks.get(job["id"], math.nan))
    return jobs, n_open, n_steps


def _job(source: Source, fields: dict[str, str], identity: str, number: int):
    """What one line says of a job; None if it has not ended."""
    where = f"line {number}"
    state = state_of(fields.get("State", ""))
    if state in GOING_ON or (not state and fields.get("End") == "Unknown"):
        return None
    clocks = [
        _clock(source, fields, name, where) for name in ("Submit", "Start", "End")
    ]
    submit, start, end = (value for value, _ in clocks)
    elapsed = _length(source, fields, where)
    code, _, signal = fields.get("ExitCode", "").partition(":")
    status = ENDED.get(state)
    if status is None:
        status = "done" if code in {"", "0"} and signal in {"", "0"} else "failed"
    is_known = sum(map(math.isnan, (start, end, elapsed))) <= 1
    if status == "done" and not is_known and math.isnan(elapsed):
        raise source.error("expected Start and End, or Elapsed; got none", where)
    if status != "done" and not elapsed > 0 and not start < end:
        start = end = elapsed = math.nan  # cancelled before it began
    return {
        "id": fields[identity],
        "name": fields.get("JobName") or f"job {fields[identity]}",
        "number": number,
        "status": status,
        "submit": submit,
        "start": start,
        "end": end,
        "elapsed": elapsed,
        "is_local": any(is_local for _, is_local in clocks),
        "cpu": duration(fields.get("TotalCPU", "")),
        "rss": _size(fields.get("MaxRSS", "")),
        "host": fields.get("NodeList") or None,
        "processors": _count(fields.get("AllocCPUS") or fields.get("NCPUS") or ""),
        "error": _error(status, state, code, signal),
    }


def _error(status: str, state: str, code: str, signal: str) -> str | None:
    if status == "done":
        return None
    told = (state or status).replace("_", " ").lower()
    if signal not in {"", "0"}:
        return f"{told}: killed by signal {signal}"
    return f"{told}: exit code {code}" if code not in {"", "0"} else told


def _clock(source: Source, fields, name: str, where: str) -> tuple[float, bool]:
    """Seconds since 1970 and whether they are those of a local clock."""
    text = fields.get(name, "")
    if text in NO_TIME:
        return math.nan, False
    if text.isascii() and text.isdigit() and len(text) < 12:
        return float(text), False
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise source.error(
            f"{name}: expected a time such as 2025-01-31T12:00:00; got {text!r:.60}",
            where,
        ) from None
    if at.tzinfo is not None:
        return at.timestamp(), False
    return at.replace(tzinfo=datetime.UTC).timestamp(), True


def _length(source: Source, fields, where: str) -> float:
    raw = fields.get("ElapsedRaw", "")
    if raw.isascii() and raw.isdigit() and len(raw) < 12:
        return float(raw)
    text = fields.get("Elapsed", "")
    if text in NO_TIME:
        return math.nan
    value = duration(text)
    if math.isnan(value):
        raise source.error(f"Elapsed: expected [D-]HH:MM:SS; got {text!r:.60}", where)
    return value


def _size(text: str) -> float:
    found = _SIZE.fullmatch(text)
    if found is None or len(found[1]) > 15:
        return math.nan
    return float(found[1]) * 1024.0 ** " KMGTP".index(found[2] or " ")


def _count(text: str) -> float:
    is_count = text.isascii() and text.isdigit() and 0 < len(text) < 9
    return float(text) if is_count else math.nan


FORMAT = Format("slurm", "Slurm accounting report", sniff, read, ("n_workers",))
