"""Cargo's ``--timings`` report: an HTML page with one record a compiled unit.

Source: The Cargo Book, "Reporting build timings"; the page's constant ``UNIT_DATA``. In
s since the build's start, to 0.01 s: ``start``, ``duration``; units that could begin
when one was done (``unblocked_units``, once ``unlocked_units``), and those that could
begin at its metadata already (``…_rmeta_units``). It cannot know which job slot
compiled a unit, CPU time, or failures: only builds that succeed write it.
"""

from __future__ import annotations

import json
import math
import re

import numpy as np

from .. import metrics, schema
from ..runs import Run
from . import fields
from .assembling import WORKERS_CONCLUDED, assemble, moment, seconds
from .numbering import in_order
from .source import Source
from .spec import Format

_DATA = re.compile(r"\bUNIT_DATA\s*=\s*(?=\[)")
_CELL = re.compile(r"<td>([^<:]{1,40}):</td>\s*<td>([^<]{0,200})")
_JOBS = re.compile(r"jobs=(\d{1,6})\b")
_FULL = ("unblocked_units", "unlocked_units")
_EARLY = ("unblocked_rmeta_units", "unlocked_rmeta_units")
_FARTHEST = 2**53
_ROUNDING = 0.01001  # s: start and duration are each off by half of 0.01 s
MOST_EDGES = 1_000_000


def sniff(source: Source) -> bool:
    """Whether it is Cargo's page."""
    return b"Cargo Build Timings" in source.head or b"const UNIT_DATA" in source.head


def read(source: Source, n_workers: int | None = None):
    """The Run of a build.

    A dependency on metadata only is no edge of the Run: whoever has it starts before
    the other ends. It waits for all that the other had to wait for, and these are
    edges. ``details`` hold the rest.
    """
    text = source.text()
    units = _units(source, text)
    told = dict(_CELL.findall(text[: text.find("UNIT_DATA")]))
    started, ended, names = [], [], []
    for place, unit in enumerate(units, 1):
        where = f"unit {place}"
        started.append(
            seconds(
                source, fields.needed(source, unit, ("start",), where), "start", where
            )
        )
        duration = fields.needed(source, unit, ("duration",), where)
        # Of numbers with two decimals the sum has two, too.
        ended.append(
            round(started[-1] + seconds(source, duration, "duration", where), 6)
        )
        names.append(_name(unit))
    full, early = _waits(source, units)
    _refuse_circles(source, full, early)
    edges, is_whole = _edges(full, early)
    workers, n_workers, notes = _workers(told, started, ended, n_workers)
    n_early = sum(map(len, early))
    if n_early:
        notes.append(
            f"{n_early} dependencies are on a unit's metadata (rmeta) only, which is "
            "there before the unit ends: not among the edges, but a unit takes over "
            "the edges of those whose metadata it waits for. The span can be too short"
        )
    details = _details(units, names, early)
    n_metadata = sum("rmeta_time" in each["context"] for each in details.values())
    if n_metadata:
        notes.append(f"details tell of {n_metadata} units when metadata were ready")
    if not is_whole:
        notes.append("edges that metadata hand on were left out: there are too many")
    fresh = told.get("Fresh units", "0").strip()
    if fresh not in {"", "0"}:
        notes.append(f"{fresh:.20} fresh units were not compiled: not in the file")
    run = assemble(
        source,
        {
            schema.NAME: schema.as_text(names),
            schema.STARTED: started,
            schema.ENDED: ended,
            **({} if workers is None else {schema.WORKER: workers}),
        },
        made_by="cargo",
        lacks=("workers",),
        where=lambda row: f"unit {row + 1}",
        zero=_began(source, told),
        n_workers=n_workers,
        edges=edges,
        notes=notes,
        backend="cargo",
    )
    return Run(run.attempts, run.meta, edges=run.edges, details=details)


def _units(source, text):
    found = _DATA.search(text)
    if found is None:
        raise source.error("expected a constant UNIT_DATA with an array; got none")
    line = 1 + text.count("\n", 0, found.end())
    try:
        units, _ = json.JSONDecoder().raw_decode(text, found.end())
    except json.JSONDecodeError as error:
        raise source.error(
            f"UNIT_DATA: expected JSON: {error.msg}", f"line {error.lineno}"
        ) from None
    except ValueError as error:
        raise source.error(f"UNIT_DATA: expected JSON: {error}", f"line {line}") from (
            None
        )
    fields.sequence(source, units, "UNIT_DATA", f"line {line}")
    return [
        fields.mapping(source, unit, "UNIT_DATA", f"unit {place}")
        for place, unit in enumerate(units, 1)
    ]


def _name(unit):
    version = fields.text_of(unit.get("version"))
    name = fields.text_of(unit.get("name"), "unit")
    target = fields.text_of(unit.get("target"))
    return f"{name} v{version}{target}" if version else name + target


def _waits(source, units):
    """Positions that each unit waits for: to their ends, and to their metadata."""
    position: dict[int, int] = {}
    for at, unit in enumerate(units):
        where = f"unit {at + 1}"
        number = fields.count_of(source, unit.get("i", at), "i", where, _FARTHEST)
        if position.setdefault(number, at) != at:
            raise source.error(f"i: got {number} twice", where)
    full: list[set[int]] = [set() for _ in units]
    early: list[set[int]] = [set() for _ in units]
    for at, unit in enumerate(units):
        where = f"unit {at + 1}"
        for names, waits in ((_FULL, full), (_EARLY, early)):
            name = next((name for name in names if unit.get(name) is not None), None)
            if name is None:
                continue
            for number in fields.sequence(source, unit[name], name, where):
                fields.count_of(source, number, name, where, _FARTHEST)
                freed = position.get(number)
                if freed is not None and freed != at:  # not all of them were compiled
                    waits[freed].add(at)
    return full, early


def _refuse_circles(source, full, early):
    pairs = [
        (unit, after)
        for waits in (full, early)
        for unit, others in enumerate(waits)
        for after in others
    ]
    _, stuck = in_order(len(full), pairs)
    if stuck is not None:
        raise source.error("units wait in a circle", f"unit {stuck + 1}")


def _edges(full, early):
    """Pairs (task, after) that hold whatever the schedule; and whether all are there.

    Who waits for another's metadata begins after that one began, so after all that it
    waited for.
    """
    n_left = [len(waits) for waits in early]
    frees: list[list[int]] = [[] for _ in early]
    for unit, waits in enumerate(early):
        for other in waits:
            frees[other].append(unit)
    waits = [set(each) for each in full]
    n_edges = sum(map(len, waits))
    ready = [unit for unit, left in enumerate(n_left) if not left]
    is_whole = True
    while ready:
        unit = ready.pop()
        for freed in frees[unit]:
            if is_whole:
                n_before = len(waits[freed])
                waits[freed] |= waits[unit] - {freed}
                n_edges += len(waits[freed]) - n_before
                is_whole = n_edges <= MOST_EDGES
            n_left[freed] -= 1
            if not n_left[freed]:
                ready.append(freed)
    if not is_whole:
        waits = full
    return [(unit, after) for unit in range(len(waits)) for after in waits[unit]], (
        is_whole
    )


def _workers(told, started, ended, n_workers):
    """A lane for each unit, how many there were, and what to say of them."""
    started, ended = np.array(started), np.array(ended)
    if not len(started) or not (ended >= started).all():
        return None, n_workers, []
    # A unit seems to begin before the one whose slot it got ended, by what was rounded.
    lanes = metrics.colour_lanes(started, np.maximum(ended - _ROUNDING, started))
    n_seen = int(lanes.max()) + 1
    notes = [WORKERS_CONCLUDED]
    found = _JOBS.search(told.get("Max concurrency", ""))
    if n_workers is not None or found is None:
        return lanes, n_workers, notes
    jobs = max(int(found[1]), 1)
    if n_seen > jobs:
        notes.append(
            f"jobs={jobs}, but {n_seen} units were compiled at once: not every one "
            "holds a job all the time"
        )
    return lanes, max(jobs, n_seen), notes


def _began(source, told):
    try:
        return moment(source, told["Build start"], "Build start", "")
    except (KeyError, ValueError):
        return None


def _details(units, names, early):
    freed: dict[int, list[str]] = {}
    for unit, waits in enumerate(early):
        for other in waits:
            freed.setdefault(other, []).append(names[unit])
    details = {}
    for at, unit in enumerate(units):
        context = {}
        at_metadata = _metadata_after(unit)
        if at_metadata > 0:
            context["rmeta_time"] = at_metadata
        if at in freed:
            context["unblocked_by_rmeta"] = sorted(freed[at])
        if context:
            details[at] = {"context": context}
    return details


def _metadata_after(unit):
    """Seconds from a unit's start to its metadata; NaN where nobody told."""
    if unit.get("rmeta_time") is not None:
        return fields.number_of(unit["rmeta_time"])
    sections = unit.get("sections")
    for section in sections if isinstance(sections, list) else ():
        if (
            isinstance(section, list)
            and len(section) == 2
            and str(section[0]).lower() == "frontend"
            and isinstance(section[1], dict)
        ):
            return fields.number_of(section[1].get("end"))
    return math.nan


FORMAT = Format("cargo", "Cargo timing report", sniff, read, ("n_workers",))
