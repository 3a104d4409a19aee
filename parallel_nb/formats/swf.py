"""The Standard Workload Format of the Parallel Workloads Archive: one line a job.

Source: Feitelson, "The Standard Workload Format", version 2.2. 18 numbers, -1 where
unknown; s since the log began, whose header ``UnixStartTime`` may tell the date. A job
starts at submission + wait. It cannot know which processors a job had.
"""

from __future__ import annotations

import math
import re

import numpy as np

from .. import schema
from . import machines
from .assembling import assemble
from .numbering import tasks_and_attempts
from .source import Source
from .spec import Format

_N_FIELDS = 18
_FIELDS = ("job number", "submit time", "wait time", "run time")
_HEADER = re.compile(r";\s*([A-Za-z]+)\s*:\s*(.*)")
_STATUS = {0: "failed", 1: "done", 2: "done", 3: "done", 4: "failed", 5: "cancelled"}
# A job that was stopped and went on has a line for each of its parts, with these in the
# 11th field: to be continued, done, failed; and one before them that sums them up.
_PARTS = (2, 3, 4)


def sniff(source: Source) -> bool:
    """Whether its first lines are comments by ``;`` and 18 numbers."""
    for line in source.head.decode("utf-8", "replace").splitlines()[:200]:
        if not line.strip() or line.lstrip().startswith(";"):
            continue
        fields = line.split()
        return len(fields) == _N_FIELDS and all(map(_is_number, fields))
    return False


def read(source: Source, n_workers: int | None = None):
    """The Run of a workload.

    Jobs that never started are `cancelled`. Of a job that was stopped and went on, each
    part is an attempt. A job that waited for another to end has an edge; its think time
    is left out.
    """
    header, jobs, numbers = _lines(source)
    table = np.array(jobs).reshape(-1, _N_FIELDS)
    if not len(table):
        raise source.error("it tells of no job: there is nothing to make a Run of")
    table, numbers, n_sums = _in_parts(table, np.array(numbers))
    identity, submitted, wait, runtime, processors = table[:, :5].T
    processors = np.where(processors > 0, processors, table[:, 7])
    # Where no log had the waiting, the start is what was taken for the submission.
    is_unplaced = (wait < 0) & (runtime > 0) & (submitted >= 0)
    wait = np.where(is_unplaced, 0.0, wait)
    ran = (wait >= 0) & (runtime >= 0) & (submitted >= 0)
    started = np.where(ran, submitted + wait, np.nan)
    ended = started + runtime
    codes = table[:, 10]
    status = np.array([_STATUS.get(int(code), "done") for code in codes], dtype=object)
    status[~ran] = "cancelled"
    tasks, attempts = tasks_and_attempts(identity.tolist(), np.nan_to_num(started))
    n_processors = _count(header.get("MaxProcs") or header.get("MaxNodes"))
    known = 0 if is_unplaced.any() else n_processors
    notes = [*machines.told(started, ended, processors, known, "processors")]
    if n_workers is None:
        notes.append(machines.AT_ONCE)
    if n_unknown := int((codes < 0).sum()):
        notes.append(f"the status of {n_unknown} jobs is unknown: they count as done")
    if n_never := int((~ran).sum()):
        notes.append(f"{n_never} jobs have no wait or run time: they never started")
    if n_unplaced := int(is_unplaced.sum()):
        notes.append(
            f"{n_unplaced} jobs have no wait, as in models of a workload: taken to "
            "start when they were submitted, on however many processors"
        )
    if n_sums:
        notes.append(
            f"{n_sums} jobs were stopped and went on: their parts are attempts, the "
            "lines that sum them up are left out"
        )
    zero = _number(header.get("UnixStartTime", ""))
    return assemble(
        source,
        {
            schema.TASK: tasks,
            schema.ATTEMPT: attempts,
            schema.NAME: schema.as_text([f"job {number:g}" for number in identity]),
            schema.SUBMITTED: np.where(submitted >= 0, submitted, np.nan),
            schema.STARTED: started,
            schema.ENDED: ended,
            schema.STATUS: status,
        },
        made_by="swf",
        where=numbers.tolist(),
        zero=zero if zero > 0 else None,
        n_workers=n_workers,
        notes=notes,
        edges=_edges(identity, table[:, 16], tasks),
        backend="batch system",
        host=header.get("Computer", ""),
    )


def _lines(source: Source):
    header: dict[str, str] = {}
    jobs, numbers = [], []
    for number, line in source.lines():
        line = line.strip()
        if line.startswith(";"):
            if found := _HEADER.match(line):
                header.setdefault(found[1], found[2].strip())
            continue
        if not line:
            continue
        fields = line.split()
        if len(fields) < len(_FIELDS):
            raise source.error(
                f"expected {_N_FIELDS} numbers ({', '.join(_FIELDS)}, …); got "
                f"{len(fields)}",
                f"line {number}",
            )
        row = [_number(field) for field in fields[:_N_FIELDS]]
        row += [-1.0] * (_N_FIELDS - len(row))
        wrong = next((at for at, each in enumerate(row) if not math.isfinite(each)), -1)
        if wrong >= 0:
            what = _FIELDS[wrong] if wrong < len(_FIELDS) else f"field {wrong + 1}"
            raise source.error(
                f"{what}: expected a number; got {fields[wrong]!r:.60}",
                f"line {number}",
            )
        if not -1e15 < row[0] < 1e15:
            raise source.error(f"job number: got {row[0]:g}", f"line {number}")
        jobs.append(row)
        numbers.append(number)
    return header, jobs, numbers


def _in_parts(table: np.ndarray, numbers: np.ndarray):
    """Without lines that sum up parts; a part's wait counts from the end before it."""
    is_part = np.isin(table[:, 10], _PARTS)
    if not is_part.any():
        return table, numbers, 0
    with_parts = set(table[is_part, 0].tolist())
    is_sum = ~is_part & np.isin(table[:, 0], list(with_parts))
    table, kept = table.copy(), ~is_sum
    begun = dict(table[is_sum][:, [0, 1]].tolist())  # submission of each job
    before: dict[float, float] = {}  # end of a job's last part
    for row in np.flatnonzero(is_part).tolist():
        job, submitted, wait, runtime = table[row, :4].tolist()
        if submitted < 0:
            submitted = before.get(job, begun.get(job, -1.0))
            table[row, 1] = submitted
        if submitted >= 0 and runtime >= 0:
            before[job] = submitted + max(wait, 0.0) + runtime
    return table[kept], numbers[kept], int(is_sum.sum())


def _edges(identity, preceding, tasks) -> list[tuple[int, int]] | None:
    known = dict(zip(identity.tolist(), tasks.tolist(), strict=True))
    pairs = {
        (task, known[before])
        for task, before in zip(tasks.tolist(), preceding.tolist(), strict=True)
        if before > 0 and known.get(before, task) < task
    }
    return sorted(pairs) or None


def _is_number(text: str) -> bool:
    return math.isfinite(_number(text))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _count(text: str | None) -> int:
    number = _number((text or "").split(" ")[0])
    return int(number) if 1 <= number < 1e9 else 0


FORMAT = Format("swf", "workload in SWF", sniff, read, ("n_workers",))
