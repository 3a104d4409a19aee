"""Batsim's ``*_jobs.csv``: one line a job of a simulated cluster.

Source: Batsim documentation, "Output", and evalys, which reads it. Times in s since the
simulation began; ``allocated_resources`` such as ``0 4-6``. Everything is simulated.
It cannot know what waited for what, nor machines above the last that was used.
"""

from __future__ import annotations

import csv
import math

import numpy as np

from .. import schema
from . import machines
from .assembling import assemble
from .source import Source
from .spans import TICK
from .spec import Format

_JOB = ("job_id", "jobID")
_STARTED, _SUBMITTED = ("starting_time",), ("submission_time",)
_ENDED, _LENGTH = ("finish_time",), ("execution_time",)
_WAIT = ("waiting_time",)
_MACHINES = ("allocated_resources", "allocated_processors")
_STATES = {
    "COMPLETED_SUCCESSFULLY": "done",
    "COMPLETED_FAILED": "failed",
    "COMPLETED_WALLTIME_REACHED": "timeout",
    "COMPLETED_KILLED": "cancelled",
    "REJECTED": "skipped",
}


def sniff(source: Source) -> bool:
    """Whether its first line has the names that Batsim gives."""
    head = source.head.lstrip(b"\r\n")
    first = head.partition(b"\n")[0].decode("utf-8", "replace")
    names = {name.strip().strip('"') for name in first.split(",")}
    is_placed = bool(names & {*_STARTED, *_WAIT})
    return bool(names & set(_JOB)) and is_placed and set(_SUBMITTED) <= names


def read(source: Source, n_workers: int | None = None):
    """The Run of a simulated schedule: a worker for each machine.

    A job that had several machines is on the first of them.
    """
    jobs = _jobs(source)
    if not jobs:
        raise source.error("it tells of no job: there is nothing to make a Run of")
    names, numbers, status, allocated, *times = zip(*jobs, strict=True)
    submitted, started, ended = np.array(times, dtype=np.float64)
    counts = np.array([each[1] if each else np.nan for each in allocated], float)
    ran = ~np.isnan(started)
    columns = {
        schema.NAME: schema.as_text(names),
        schema.SUBMITTED: submitted,
        schema.STARTED: started,
        schema.ENDED: ended,
        schema.STATUS: list(status),
    }
    n_machines = max((each[2] + 1 for each in allocated if each), default=0)
    lacks = ()
    if all(each for each, it_ran in zip(allocated, ran, strict=True) if it_ran):
        columns[schema.WORKER] = np.array(
            [
                each[0] if it_ran else -1
                for each, it_ran in zip(allocated, ran, strict=True)
            ]
        )
        n_workers = n_machines if n_workers is None else n_workers
    else:
        lacks = ("workers",)
    return assemble(
        source,
        columns,
        made_by="batsim",
        where=numbers,
        n_workers=n_workers or None,
        lacks=lacks,
        notes=(
            "a simulation: no time was measured",
            *machines.told(started, ended, counts, n_machines, "machines"),
            *_shared(columns.get(schema.WORKER), started, ended),
        ),
        backend="batsim",
    )


def _shared(lanes, started, ended) -> tuple[str, ...]:
    """What to say where jobs were on one machine at the same time."""
    if lanes is None:
        return ()
    rows = np.flatnonzero((lanes >= 0) & (ended > started))
    rows = rows[np.lexsort((started[rows], lanes[rows]))]
    before, after = rows[:-1], rows[1:]
    is_same = lanes[before] == lanes[after]
    n_shared = int((is_same & (started[after] < ended[before] - TICK)).sum())
    if not n_shared:
        return ()
    return (
        f"{n_shared} jobs began while another was on their first machine: a lane here "
        "may have several at once",
    )


def _jobs(source: Source) -> list[tuple]:
    reader = csv.reader(line + "\n" for _, line in source.lines())
    found = []
    try:
        first = next((record for record in reader if record), [])
        names = [name.strip() for name in first]
        for field in (_JOB, _SUBMITTED, (*_STARTED, *_WAIT)):
            _place(source, names, field)
        for record in reader:
            if record:
                found.append(_job(source, names, record, reader.line_num))
    except csv.Error as error:
        raise source.error(
            f"expected a table: {error}", f"line {reader.line_num}"
        ) from None
    return found


def _job(source: Source, names: list[str], record: list[str], number: int) -> tuple:
    where = f"line {number}"
    if len(record) < len(names):
        raise source.error(
            f"expected {len(names)} fields between commas; got {len(record)}", where
        )

    def text(field):
        at = next((names.index(name) for name in field if name in names), None)
        return record[at].strip() if at is not None else ""

    def seconds(field):
        told = text(field)
        if told in {"", "-1", "nan", "NaN", "None"}:
            return math.nan
        try:
            value = float(told)
        except ValueError:
            value = math.inf
        if not math.isfinite(value):
            raise source.error(
                f"{field[0]}: expected a number; got {told!r:.60}", where
            )
        return value if value >= 0 else math.nan

    submitted, started, ended = map(seconds, (_SUBMITTED, _STARTED, _ENDED))
    if math.isnan(started):
        started = submitted + seconds(_WAIT)
    if math.isnan(ended):
        ended = started + seconds(_LENGTH)
    state = text(("final_state",))
    status = _STATES.get(state)
    if status is None:
        status = "failed" if text(("success",)) in {"0", "False"} else "done"
    if math.isnan(started) or math.isnan(ended):
        if status == "done":
            raise source.error(
                "expected starting_time and finish_time or execution_time; got none",
                where,
            )
        started = ended = math.nan
    allocated = text(_MACHINES)
    ranges = machines.first_and_count(allocated) if allocated else None
    if allocated and ranges is None:
        raise source.error(
            f"{_MACHINES[0]}: expected ranges such as 0 4-6; got {allocated!r:.60}",
            where,
        )
    return text(_JOB), number, status, ranges, submitted, started, ended


def _place(source: Source, names: list[str], field: tuple[str, ...]) -> None:
    if not set(field) & set(names):
        raise source.error(
            f"expected a column {' or '.join(field)}; got {', '.join(names)[:200]}",
            "line 1",
        )


FORMAT = Format("batsim", "Batsim jobs CSV", sniff, read, ("n_workers",))
