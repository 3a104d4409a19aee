"""Chrome's trace: spans of threads, from Bazel, clang, viztracer, Ray, PyTorch, ….

Source: *Trace Event Format* (Google). An object with `traceEvents`, or a bare array,
which may be torn off; complete spans (`X`: `ts`, `dur`) and begin-end pairs (`B`, `E`;
`b`, `e` with an id, on no thread), in µs of a clock of the tool's own; `M` names
processes and threads. `tdur`, if any, is CPU time.

What a task is: a span that lies in no other of its thread, so that no second counts
twice. Of Bazel's profile it is an action (`cat` "action processing"), of clang's
``-ftime-trace`` a phase of the compiler: what lies directly in `ExecuteCompiler`, the
sums that are called `Total …` left out. A file of clang is one translation unit, hence
a Run. It cannot know what waited for what (Bazel tells its critical path only), when a
task could have started, nor whether it failed.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import metrics, schema
from . import chrome_ours, spans
from .assembling import assemble
from .fields import number_of
from .recording import Recorded, record
from .source import Source
from .spec import Format

_ACTION = "action processing"
_CRITICAL = "critical path component"
_WHOLE = ("ExecuteCompiler", "ExecuteLinker")
_ACTION_NAME = re.compile(r"action '(.*)'", re.DOTALL)
_DATE = re.compile(r"\w{3} (\w{3}) (\d\d) ([\d:]{8}) (?:UTC|GMT|Z) (\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
           "Dec")  # fmt: skip
# A clock in µs that shows a year from 2001 to 2096 counts since 1970.
_EPOCH = (1e15, 4e15)


def sniff(source: Source) -> bool:
    """Whether it begins with events, or with an object that has some."""
    head = source.head.lstrip()
    if head[:1] == b"{":
        return b'"traceEvents"' in head
    return head[:1] == b"[" and bool(
        re.match(rb'\[\s*\{[^{}\[\]]*?"ph"\s*:\s*"\w"', head)
        or (re.search(rb'"ph"\s*:\s*"\w"', head) and b'"ts"' in head)
    )


def read(source: Source, n_workers: int | None = None):
    """The Run of a trace: a worker for each thread that has a task.

    Where the spans of one thread overlap without nesting, as coroutines do, it gets
    as many workers as it needs. A trace that `write` made gives back
    its Run.
    """
    if chrome_ours.is_ours(source):
        return chrome_ours.read(source, n_workers)
    recorded = record(source)
    chosen = _chosen(source, recorded)
    rows = chosen.rows
    started, ended = recorded.started[rows], recorded.ended[rows]
    tracks = recorded.track[rows]
    is_outer = spans.outermost(tracks, started, ended)
    notes = [*chosen.notes]
    if n_inner := int((~is_outer).sum()):
        notes.append(
            f"{n_inner:,} spans lie in others of their thread: their seconds are "
            "counted there, once"
        )
    rows, tracks = rows[is_outer], tracks[is_outer]
    started, ended = started[is_outer], ended[is_outer]
    if recorded.n_endless:
        notes.append(
            f"{recorded.n_endless:,} spans (X) without `dur` had not ended when "
            "tracing stopped: left out"
        )
    if recorded.n_aside:
        notes.append(
            f"{recorded.n_aside:,} asynchronous spans (b, e) ran on no thread of their "
            "own: left out"
        )
    workers, names, is_split = None, "", False
    if recorded.is_async:
        notes.append("spans are asynchronous (b, e): no thread is told")
    else:
        workers, names, is_split = _workers(recorded, tracks, started, ended)
        started, ended = spans.apart(workers, started, ended)
    if is_split:
        notes.append(
            "some spans of a thread overlap without nesting: such a thread is shown as "
            "several workers"
        )
    if names:
        notes.append(f"workers: {names}")
    zero = _zero(recorded)
    edges, told = _critical_path(recorded, rows, started, ended)
    if recorded.n_torn:
        notes.append(f"torn off: {recorded.n_torn:,} bytes after the last whole event")
    order = np.lexsort((rows, started))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    numbers = recorded.number[rows][order]
    columns = {
        schema.NAME: recorded.names_of(rows[order]),
        schema.STARTED: started[order],
        schema.ENDED: ended[order],
        schema.PID: _pids(recorded)[tracks[order]],
    }
    if workers is not None:
        columns[schema.WORKER] = workers[order]
    if recorded.has_cpu:
        columns[schema.CPU] = np.maximum(recorded.cpu[rows][order], 0.0)
    return assemble(
        source,
        columns,
        made_by="chrome",
        where=lambda row: f"event {numbers[row] + 1}",
        zero=zero,
        n_workers=n_workers,
        notes=(*notes, *told),
        edges=[(place[task], place[after]) for task, after in edges],
        backend=chosen.tool,
        versions=_versions(recorded),
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    rows: np.ndarray
    tool: str  # "bazel", …; "unknown"
    notes: tuple[str, ...] = ()


def _chosen(source: Source, recorded: Recorded) -> _Chosen:
    """The spans that may be tasks, by what the tool that wrote them calls so."""
    if not len(recorded.started):
        if recorded.n_endless:
            raise source.error(
                f"dur: expected µs; got none in all {recorded.n_endless:,} spans (X)"
            )
        raise source.error(
            "expected spans (events of phase X, B and E, or b and e); got "
            f"{recorded.n_events:,} events and none of them"
        )
    everything = np.arange(len(recorded.started))
    actions = recorded.rows_of_category(_ACTION)
    if len(actions):
        return _Chosen(actions, "bazel")
    notes = []
    if recorded.n_open:
        notes.append(f"{recorded.n_open:,} begins or ends without the other: left out")
    if recorded.tool() == "ray":
        tasks = recorded.rows_of_ray()
        if n_others := len(everything) - len(tasks):
            notes.append(
                f"{n_others:,} spans of Ray's own, such as worker_idle, ray.get and "
                "the parts of a task: not tasks"
            )
        return _Chosen(tasks, "ray", tuple(notes))
    wholes = [row for name in _WHOLE for row in recorded.rows_of_name(name)]
    if wholes:
        tool = "clang" if recorded.rows_of_name(_WHOLE[0]).size else "lld"
        kept = np.setdiff1d(everything, recorded.rows_of_totals(), assume_unique=True)
        phases = np.setdiff1d(kept, wholes, assume_unique=True)
        return _Chosen(phases if len(phases) else kept, tool, tuple(notes))
    # PyTorch: a span on a track of its own that says how long it was profiled.
    frames = recorded.rows_of_category("Trace")
    kept = np.setdiff1d(everything, frames, assume_unique=True)
    return _Chosen(kept if len(kept) else everything, recorded.tool(), tuple(notes))


def _workers(recorded: Recorded, tracks, started, ended):
    """A lane for each span, the names of the threads, and whether one got several."""
    used = sorted(set(tracks.tolist()), key=recorded.track_order)
    lanes = np.empty(len(tracks), dtype=np.int32)
    named, is_split, first = [], False, 0
    by_track = np.argsort(tracks, kind="stable")
    bounds = np.searchsorted(tracks[by_track], used, side="left")
    ends = np.searchsorted(tracks[by_track], used, side="right")
    for track, low, high in zip(used, bounds, ends, strict=True):
        rows = by_track[low:high]
        begin = started[rows]
        end = np.maximum(ended[rows] - spans.TICK, begin)
        in_order = np.argsort(begin, kind="stable")
        n_lanes = 1
        if (begin[in_order][1:] < np.maximum.accumulate(end[in_order])[:-1]).any():
            lane = metrics.colour_lanes(begin, end)
            n_lanes, is_split = int(lane.max()) + 1, True
            lanes[rows] = first + lane
        else:
            lanes[rows] = first
        if name := recorded.track_name(track):
            named.append(f"{first} {name}")
        first += n_lanes
    names = ", ".join(named[:20]) + (" …" if len(named) > 20 else "")
    return lanes, names, is_split


def _pids(recorded: Recorded) -> np.ndarray:
    """The process of each track, 0 where it has no number."""
    return np.array(
        [
            pid if isinstance(pid, int) and 0 <= pid < 2**31 else 0
            for pid, _ in recorded.tracks
        ],
        dtype=np.int64,
    )


def _zero(recorded: Recorded) -> float | None:
    """When the trace's clock showed its base, in s since 1970, if it says so."""
    fields = recorded.fields
    metadata = fields.get("viztracer_metadata")
    other = fields.get("otherData")
    for value, unit in (
        (fields.get("baseTimeNanoseconds"), 1e-9),
        (isinstance(metadata, dict) and metadata.get("baseTimeNanoseconds"), 1e-9),
        (fields.get("beginningOfTime"), 1e-6),
        (isinstance(other, dict) and other.get("profile_start_ts"), 1e-3),
    ):
        known = number_of(value)
        if known > 0:  # false for NaN
            return known * unit + recorded.base
    date = _DATE.fullmatch(str(other.get("date"))) if isinstance(other, dict) else None
    if date and date[1] in _MONTHS:  # of Bazel before 7; other zones nobody knows
        at = f"{date[4]}-{_MONTHS.index(date[1]) + 1:02}-{date[2]}T{date[3]}Z"
        with contextlib.suppress(ValueError):
            return datetime.datetime.fromisoformat(at).timestamp() + recorded.base
    if _EPOCH[0] < recorded.base * 1e6 < _EPOCH[1]:
        return recorded.base
    return None


def _versions(recorded: Recorded) -> dict[str, str]:
    other: Any = recorded.fields.get("otherData")
    metadata: Any = recorded.fields.get("viztracer_metadata")
    found = {}
    if isinstance(other, dict) and isinstance(other.get("bazel_version"), str):
        found["bazel"] = other["bazel_version"].removeprefix("release ")
    if isinstance(metadata, dict) and isinstance(metadata.get("version"), str):
        found["viztracer"] = metadata["version"]
    return found


def _critical_path(recorded: Recorded, rows, started, ended):
    """Edges (task, after) by row along the path that Bazel names, and a note on it."""
    parts = recorded.rows_of_category(_CRITICAL)
    if not len(parts):
        return [], ()
    parts = parts[np.argsort(recorded.started[parts], kind="stable")]
    seconds = float((recorded.ended[parts] - recorded.started[parts]).sum())
    known: dict[str, list[int]] = {}
    for row, name in enumerate(recorded.names_of(rows).tolist()):
        known.setdefault(name, []).append(row)
    chain = []
    for name in recorded.names_of(parts).tolist():
        found = _ACTION_NAME.fullmatch(name)
        actions = known.get(found[1] if found else name, [])
        if len(actions) == 1:
            chain.append(actions[0])
    chain.sort(key=lambda row: started[row])
    edges = [
        (task, after)
        for after, task in itertools.pairwise(chain)
        if started[task] >= ended[after]
    ]
    told = f"Bazel's critical path: {seconds:.3f} s in {len(parts)} actions"
    if edges:
        told += "; who waited for whom is known along it only"
    return edges, (told,)


FORMAT = Format("chrome", "Chrome trace", sniff, read, ("n_workers",))
