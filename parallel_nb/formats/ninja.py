"""Ninja's ``.ninja_log``: one line an output, of every build since it was last tidied.

Source: ninja's ``build_log.cc``, versions 4 to 7. Tab-separated: start and end in ms
since that build began, time of modification (v4: s, later: ns since 1970; of the
output, from v6 on of the command's start), output, hash of the command. Builds append,
until ninja rewrites the log, which leaves the last line of each output in any order.
It cannot know which slot ran a command, what it waited for, CPU time, nor anything of
commands that failed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from .. import schema
from .assembling import assemble
from .source import Source
from .spec import Format

_HEADER = re.compile(r"# ninja log v(\d{1,6})\s*")
_OLDEST = 4
_SHOWN = 3  # outputs in a task's name
_SLACK = 0.05  # s; a kernel's clock for files ticks slower than others
_WHOLE_SLACK = 1.5  # s; some file systems count whole seconds
_SINCE = 1e8  # s since 1970: an earlier time of modification is none
_FAILED = "a ninja log has no commands that failed, nor what any of them waited for"
_MIXED = (
    "ninja had rewritten the log: which build a command belongs to follows from its "
    "time of modification, and what later builds made again is in the last one only"
)


def sniff(source: Source) -> bool:
    """Whether its first line says so."""
    return source.head.startswith(b"# ninja log v")


def read(source: Source, n_workers: int | None = None):
    """The Run of each build, in their order; one alone is no list.

    A task is a command; one with several outputs is named by the first of them.
    """
    lines = _lines(source)
    builds = _builds(lines)
    zeros = _zeros(lines)
    found = []
    order = sorted(
        range(int(builds.max()) + 1 if len(builds) else 0),
        key=lambda build: (_zero_of(zeros[builds == build], default=np.inf), build),
    )
    if not lines.is_mixed:
        order.sort()
    for at, build in enumerate(order, 1):
        rows = np.flatnonzero(builds == build)
        label = source.stem or "ninja"
        if len(order) > 1:
            label = f"{label}, build {at} of {len(order)}"
        found.append(_run(source, lines, rows, zeros[rows], label, n_workers))
    if not found:
        raise source.error("it tells of no task: there is nothing to make a Run of")
    return found[0] if len(found) == 1 else found


@dataclass(slots=True)
class _Lines:
    version: int
    started: np.ndarray  # s since the build began
    ended: np.ndarray
    modified: np.ndarray  # s since 1970; NaN where there is none
    outputs: list[str]
    hashes: list[str]
    numbers: list[int]  # of the line
    is_mixed: bool = False


def _lines(source: Source) -> _Lines:
    lines = source.lines()
    header = _HEADER.fullmatch(next(lines, (1, ""))[1])
    if header is None or int(header[1]) < _OLDEST:
        got = "no such line" if header is None else f"version {header[1]}"
        raise source.error(
            f"expected `# ninja log v{_OLDEST}` or later; got {got}", "line 1"
        )
    version = int(header[1])
    times, outputs, hashes, numbers = [], [], [], []
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) < 5:
            torn = ", as of a line torn off" if next(lines, None) is None else ""
            raise source.error(
                f"expected start, end, mtime, output and hash between tabs; got "
                f"{len(fields)} fields{torn}",
                f"line {number}",
            )
        try:
            start, end, modified = (int(field) for field in fields[:3])
        except ValueError as error:
            raise source.error(f"expected numbers: {error}", f"line {number}") from None
        if not all(abs(value) < 2**63 for value in (start, end, modified)):
            raise source.error("expected numbers of 64 bits", f"line {number}")
        times.append((start, end, modified))
        outputs.append(fields[3])
        hashes.append(fields[4])
        numbers.append(number)
    table = np.array(times, dtype=np.float64).reshape(-1, 3)
    modified = table[:, 2] * (1e-9 if version > _OLDEST else 1.0)
    modified[(modified < _SINCE) | (modified > 1e11)] = np.nan
    started, ended = table[:, 0] / 1e3, table[:, 1] / 1e3
    return _Lines(version, started, ended, modified, outputs, hashes, numbers)


def _zeros(lines: _Lines) -> np.ndarray:
    """When each line's build began, in s since 1970, judged by its output; or NaN."""
    from_start = lines.version > 5
    return lines.modified - (lines.started if from_start else lines.ended)


def _zero_of(zeros: np.ndarray, default: float) -> float:
    known = zeros[~np.isnan(zeros)]
    return float(np.median(known)) if len(known) else default


def _builds(lines: _Lines) -> np.ndarray:
    """The build of each line.

    In the order of the log an end before the last one means a new build: commands are
    logged as they end. In a log that was rewritten it means nothing: then lines belong
    together whose outputs were made when one clock says so.
    """
    steps = np.diff(lines.ended) < 0
    by_order = np.r_[0, np.cumsum(steps)][: len(lines.ended)]
    clocks = _clocks(lines)
    before, after = clocks[:-1][steps], clocks[1:][steps]
    both = (before >= 0) & (after >= 0)
    if not both.any() or (after <= before)[both].mean() < 0.5:
        return by_order
    lines.is_mixed = True
    return _placed(lines, clocks)


def _clocks(lines: _Lines) -> np.ndarray:
    """Lines numbered by when their build may have begun; -1 where nothing tells.

    The output was modified while its command ran, so the build began between `modified
    - ended` and `modified - started`. The fewest moments such that each line's interval
    has one.
    """
    clocks = np.full(len(lines.ended), -1)
    are_whole = (np.nan_to_num(lines.modified) % 1 == 0).all()
    slack = _WHOLE_SLACK if are_whole else _SLACK
    lowest = lines.modified - lines.ended - slack
    highest = lines.modified - lines.started
    known = np.flatnonzero(~np.isnan(lines.modified))
    moment, clock = -np.inf, -1
    for row in known[np.argsort(highest[known], kind="stable")]:
        if lowest[row] > moment:
            moment, clock = highest[row] + slack, clock + 1
        clocks[row] = clock
    return clocks


def _placed(lines: _Lines, clocks: np.ndarray) -> np.ndarray:
    """A build for those lines, too, whose output was not modified.

    The one in which a command ended closest to their start.
    """
    builds = clocks.copy()
    ends = {
        build: np.sort(lines.ended[clocks == build])
        for build in range(int(clocks.max()) + 1)
    }
    for row in np.flatnonzero(clocks < 0):
        start = lines.started[row]

        def distance(build, start=start):
            known = ends[build]
            at = np.searchsorted(known, start)
            near = known[max(at - 1, 0) : at + 1]
            return float(np.abs(near - start).min())

        builds[row] = min(ends, key=distance)
    return builds


def _run(source: Source, lines: _Lines, rows, zeros, label: str, n_workers):
    """One build: outputs of the same start, end and command are one task."""
    tasks: dict[tuple, list[int]] = {}
    for row in rows[np.lexsort((lines.ended[rows], lines.started[rows]))].tolist():
        key = (lines.started[row], lines.ended[row], lines.hashes[row])
        tasks.setdefault(key, []).append(row)
    firsts = [of_one[0] for of_one in tasks.values()]
    n_several = sum(len(of_one) > 1 for of_one in tasks.values())
    notes = [_FAILED]
    if n_several:
        notes.append(f"{len(rows)} outputs of {len(tasks)} commands")
    if lines.is_mixed:
        notes.append(_MIXED)
    numbers = [lines.numbers[row] for row in firsts]
    zero = _zero_of(zeros, default=np.nan)
    return assemble(
        source,
        {
            schema.NAME: schema.as_text(
                [
                    _name([lines.outputs[row] for row in of_one])
                    for of_one in tasks.values()
                ]
            ),
            schema.STARTED: lines.started[firsts],
            schema.ENDED: lines.ended[firsts],
        },
        made_by="ninja",
        where=numbers,
        zero=None if np.isnan(zero) else zero,
        label=label,
        n_workers=n_workers,
        notes=notes,
        backend="ninja",
    )


def _name(outputs: list[str]) -> str:
    told = ", ".join(outputs[:_SHOWN])
    n_more = len(outputs) - _SHOWN
    return f"{told}, and {n_more} more" if n_more > 0 else told


FORMAT = Format("ninja", "ninja log", sniff, read, ("n_workers",))
