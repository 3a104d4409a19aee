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
from .source import Source
from .spec import Format

_STATUS = {
    "COMPLETED": "done",
    "FAILED": "failed",
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "CANCELLED": "cancelled",
    "PREEMPTED": "cancelled",
    "REQUEUED": "cancelled",
    "REVOKED": "cancelled",
    "OUT_OF_MEMORY": "crashed",
    "OUT_OF_ME+": "crashed",
    "NODE_FAIL": "crashed",
    "BOOT_FAIL": "crashed",
    "LAUNCH_FAILED": "crashed",
}
_GOING_ON = {"RUNNING", "PENDING", "SUSPENDED", "COMPLETING", "CONFIGURING", "RESIZING"}
_JOB = re.compile(r"\d+([_+]\S+)?(\.\S+)?")
_CLOCK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_LENGTH = re.compile(r"(?:(\d{1,6})-)?(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2}(?:\.\d{1,6})?)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGTP]?)[nc]?")
_EXIT = re.compile(r"\d+:\d+")
_TEXTS = ("JobName", "SubmitLine", "Comment", "AdminComment", "WorkDir", "Reason")
_LOOKS = {
    "JobID": _JOB,
    "ExitCode": _EXIT,
    "Elapsed": _LENGTH,
    "Submit": re.compile(r"\d{4}-.*|\d{9,11}"),
    "Start": re.compile(r"\d{4}-.*|\d{9,11}"),
    "End": re.compile(r"\d{4}-.*|\d{9,11}"),
    "State": re.compile(r"[A-Z_+]+( .*)?"),
}
_NO_TIME = {"", "Unknown", "None", "N/A", "NONE"}


def sniff(source: Source) -> bool:
    """Whether its first line names sacct's fields, or looks like a job."""
    first = source.head.partition(b"\n")[0].decode("utf-8", "replace").rstrip("\r")
    fields = first.split("|")
    if "JobID" in fields or "JobIDRaw" in fields:
        return len(fields) > 1
    return len(fields) > 2 and any(map(_JOB.fullmatch, fields)) and _is_job(fields)


def read(source: Source, n_workers: int | None = None):
    """The Run of an accounting report.

    Jobs that have not ended are left out. Several lines of one job, as
    ``--duplicates`` gives them, are attempts. Without ``Start`` and ``End`` the jobs
    are laid end to end by ``Elapsed``.
    """
    names, records, notes = _records(source)
    jobs, n_open = _jobs(source, names, records)
    if not jobs:
        raise source.error("it tells of no job that ended")
    if n_open:
        notes.append(f"{n_open} jobs have not ended: left out")
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
    elif columns["is_local"][0]:
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
        zero=None if columns["is_local"][0] or not is_placed else 0.0,
        n_workers=n_workers,
        lacks=lacks,
        notes=notes,
        backend="slurm",
    )


def _records(source: Source):
    """Names of the fields, and each line's number and fields by name."""
    names: list[str] = []
    records, notes = [], []
    for number, line in source.lines():
        fields = [field.strip() for field in line.split("|")]
        if not line.strip() or set(line) <= set("-| "):
            continue
        if not names:
            if {"JobID", "JobIDRaw"} & set(fields):
                names = fields
                continue
            names = _guessed(source, fields, number)
            shown = [name for name in names if name]
            notes.append(f"no header: fields taken for {', '.join(shown)}")
        elif fields == names:
            continue  # reports put together, each with its header
        extra = len(fields) - len(names)
        if extra > 0:
            fields = _joined(names, fields, extra)
        if len(fields) != len(names):
            raise source.error(
                f"expected {len(names)} fields between |; got {len(fields)}",
                f"line {number}",
            )
        records.append((number, dict(zip(names, fields, strict=True))))
    return names, records, notes


def _joined(names: list[str], fields: list[str], extra: int) -> list[str]:
    """Fields of a line where a text holds `|`: of the first text that explains it."""
    first = None
    for name in _TEXTS:
        if name not in names:
            continue
        at = names.index(name)
        whole = "|".join(fields[at : at + extra + 1])
        made = [*fields[:at], whole, *fields[at + extra + 1 :]]
        told = dict(zip(names, made, strict=True))
        if all(
            looks.fullmatch(told[each]) or told[each] in _NO_TIME
            for each, looks in _LOOKS.items()
            if each in told
        ):
            return made
        first = first or made
    return first or fields


def _guessed(source: Source, fields: list[str], number: int) -> list[str]:
    """What fields are, by what they look like: times in the order they come about."""
    names = [""] * len(fields)
    clocks = [at for at, each in enumerate(fields) if _CLOCK.fullmatch(each)]
    for at, name in zip(
        clocks[-3:], ("Submit", "Start", "End")[-len(clocks) :], strict=False
    ):
        names[at] = name
    for at, each in enumerate(fields):
        if not names[at]:
            for name, looks in (
                ("JobID", _JOB),
                ("Elapsed", _LENGTH),
                ("ExitCode", _EXIT),
            ):
                if looks.fullmatch(each) and name not in names:
                    # 1:0 is an exit code, and 00:10:00 a length.
                    if name == "Elapsed" and each.count(":") < 2:
                        continue
                    names[at] = name
                    break
            else:
                if each.split(" ")[0] in {*_STATUS, *_GOING_ON}:
                    names[at] = "State"
    if "JobID" not in names:
        raise source.error(
            "expected a header with JobID, Start and End (leave out `sacct -n`)",
            f"line {number}",
        )
    after = names.index("JobID") + 1
    if after < len(names) and not names[after]:
        names[after] = "JobName"
    return names


def _is_job(fields: list[str]) -> bool:
    return any(each.split(" ")[0] in {*_STATUS, *_GOING_ON} for each in fields) and any(
        _CLOCK.fullmatch(each) or _LENGTH.fullmatch(each) for each in fields
    )


def _jobs(source: Source, names: list[str], records) -> tuple[list[dict], int]:
    has_length = {"Elapsed", "ElapsedRaw"} & set(names)
    has_times = "Start" in names and ("End" in names or has_length)
    if not (has_times or has_length or {"Start", "End"} <= set(names)):
        raise source.error(
            "expected the fields Start and End, or Elapsed; got "
            f"{', '.join(name for name in names if name)[:200] or 'none'}. Ask for "
            "them by `sacct -P --format=JobID,JobName,State,ExitCode,Submit,Start,End`."
        )
    identity = "JobID" if "JobID" in names else "JobIDRaw"
    whole = {fields[identity] for _, fields in records if "." not in fields[identity]}
    peaks: dict[str, float] = {}
    jobs, n_open = [], 0
    for number, fields in records:
        job, _, step = fields[identity].partition(".")
        if step and job in whole:
            peak = _size(fields.get("MaxRSS", ""))
            peaks[job] = np.fmax(peaks.get(job, math.nan), peak)
            continue
        made = _job(source, fields, identity, number)
        if made is None:
            n_open += 1
            continue
        jobs.append(made)
    for job in jobs:
        job["rss"] = np.fmax(job["rss"], peaks.get(job["id"], math.nan))
    return jobs, n_open


def _job(source: Source, fields: dict[str, str], identity: str, number: int):
    """What one line says of a job; None if it has not ended."""
    where = f"line {number}"
    state = fields.get("State", "").split(" ")[0].rstrip("+")
    if state in _GOING_ON:
        return None
    clocks = [
        _clock(source, fields, name, where) for name in ("Submit", "Start", "End")
    ]
    submit, start, end = (value for value, _ in clocks)
    elapsed = _length(source, fields, where)
    code, _, signal = fields.get("ExitCode", "").partition(":")
    status = _STATUS.get(state)
    if status is None:
        status = "done" if code in {"", "0"} and signal in {"", "0"} else "failed"
    is_known = sum(map(math.isnan, (start, end, elapsed))) <= 1
    if status == "done" and not is_known and math.isnan(elapsed):
        raise source.error("expected Start and End, or Elapsed; got none", where)
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
        "cpu": _duration(fields.get("TotalCPU", "")),
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
    if text in _NO_TIME:
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
    if text in _NO_TIME:
        return math.nan
    value = _duration(text)
    if math.isnan(value):
        raise source.error(f"Elapsed: expected [D-]HH:MM:SS; got {text!r:.60}", where)
    return value


def _duration(text: str) -> float:
    """Seconds of ``[D-][HH:]MM:SS[.mmm]``; NaN of anything else."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        return math.nan
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return 86400.0 * days + 3600.0 * hours + 60.0 * minutes + float(found[4])


def _size(text: str) -> float:
    found = _SIZE.fullmatch(text)
    if found is None or len(found[1]) > 15:
        return math.nan
    return float(found[1]) * 1024.0 ** " KMGTP".index(found[2] or " ")


def _count(text: str) -> float:
    is_count = text.isascii() and text.isdigit() and 0 < len(text) < 9
    return float(text) if is_count else math.nan


FORMAT = Format("slurm", "Slurm accounting report", sniff, read, ("n_workers",))
