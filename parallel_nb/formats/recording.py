"""A Chrome trace's events → spans as arrays, small enough for millions of them.

Knows what X, B, E, M, b and e say; refuses to know which tool wrote them and what a
task is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .. import schema
from . import spans
from .events import Event, scan
from .source import Source

_TEXT = pa.large_string()
_MARKS = {  # a field of the trace, or of its object, that only one tool writes
    "viztracer_metadata": "viztracer",
    "deviceProperties": "pytorch",
    "distributedInfo": "pytorch",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """The spans of a trace, complete ones first."""

    base: float  # s of the trace's clock, whole ones before its first span
    started: np.ndarray  # s since `base`: since 1970 they have room for 0.2 µs only
    ended: np.ndarray
    cpu: np.ndarray  # s, NaN where unknown
    track: np.ndarray  # position in `tracks`
    category: np.ndarray  # position in `categories`
    number: np.ndarray  # of the event, from 0
    names: pa.ChunkedArray
    tracks: list[tuple[Any, Any]]  # (process, thread)
    categories: list[str | None]
    labels: dict[tuple[str, Any, Any], Any]  # of "M" events: (what, process, thread)
    fields: dict[str, Any]
    n_events: int
    n_open: int  # begins and ends without the other
    n_endless: int  # whole spans that do not say how long they were
    n_aside: int  # asynchronous begins beside spans of threads
    is_async: bool  # nothing else is there: a track is what has an id, not a thread
    n_torn: int

    @property
    def has_cpu(self) -> bool:
        """Whether the trace tells CPU times."""
        return bool((~np.isnan(self.cpu)).any())

    def names_of(self, rows):
        """The names of some spans, as the text dtype."""
        taken = self.names.take(pa.array(rows)) if len(rows) else pa.array([], _TEXT)
        return schema.as_text(taken)

    def rows_of_category(self, category: str) -> np.ndarray:
        """Spans of one `cat`, which may be among several between commas."""
        codes = [
            code
            for code, each in enumerate(self.categories)
            if each is not None and category in each.split(",")
        ]
        return np.flatnonzero(np.isin(self.category, codes))

    def rows_of_name(self, name: str) -> np.ndarray:
        """Spans of exactly this name."""
        return np.flatnonzero(pc.equal(self.names, name).to_numpy())

    def rows_of_totals(self) -> np.ndarray:
        """Spans that are sums of others, as clang and lld write them."""
        return np.flatnonzero(pc.starts_with(self.names, "Total ").to_numpy())

    def tool(self) -> str:
        """Who wrote the trace, where one mark tells."""
        for field, tool in _MARKS.items():
            if field in self.fields:
                return tool
        known = {each for each in self.categories if each is not None}
        if {"task", "task:execute"} <= known or any(map(_is_of_ray, known)):
            return "ray"
        return "unknown"

    def rows_of_ray(self) -> np.ndarray:
        """Spans that are Ray's tasks: not their parts, and not its own waiting."""
        codes = [
            code
            for code, each in enumerate(self.categories)
            if each is not None and (each == "task" or _is_of_ray(each))
        ]
        return np.flatnonzero(np.isin(self.category, codes))

    def track_name(self, track: int) -> str:
        """What the trace calls a thread."""
        return str(self.labels.get(("thread_name", *self.tracks[track]), ""))

    def track_order(self, track: int):
        """A key by which threads stand as the trace wants them."""
        pid, tid = self.tracks[track]
        return (
            _natural(self.labels.get(("process_sort_index", pid, None))),
            _natural(pid),
            _natural(self.labels.get(("thread_sort_index", pid, tid))),
            _natural(tid),
        )


def record(source: Source) -> Recorded:
    """The spans of a trace.

    Raises
    ------
    FormatError
        If it is no trace, or a span has no time; names the event.
    """
    taking = _Taking(source)
    around = scan(source, taking.take)
    return taking.recorded(around)


class _Taking:
    """Collects events as `scan` hands them over."""

    def __init__(self, source: Source):
        self.source = source
        self.n_events = 0
        self.whole: list[dict] = []  # columns of X, a block each
        self.halves: list[dict] = []  # of B and E
        self.asyncs: list[dict] = []  # of b and e
        self.identities: dict[tuple, int] = _numbering()  # of b and e
        self.tracks: dict[tuple, int] = _numbering()
        self.categories: dict[str | None, int] = _numbering()
        self.labels: dict[tuple, Any] = {}
        self.n_endless = 0

    def take(self, first: int, events: list[Event]) -> None:
        self.n_events += len(events)
        phases = [event.ph for event in events]
        by_phase: dict[str, list[Event]] = {phase: [] for phase in "XBEMbe"}
        for phase in set(phases) & set(by_phase):
            by_phase[phase] = (
                events
                if len(events) == phases.count(phase)
                else [event for event in events if event.ph == phase]
            )
        for event in by_phase["M"]:
            self._label(event)
        if any(event.dur is None for event in by_phase["X"]):
            self._leave_endless(events, phases, by_phase)
        for phase, sign in (("X", 0), ("B", 1), ("E", -1), ("b", 1), ("e", -1)):
            if not (chosen := by_phase[phase]):
                continue
            numbers = np.array(
                [at for at, each in enumerate(phases, first) if each == phase]
                if len(chosen) < len(events)
                else range(first, first + len(events)),
                dtype=np.int64,
            )
            columns = self._columns(chosen, numbers)
            if sign:
                columns["sign"] = np.full(len(chosen), sign)
                if phase.islower():
                    columns["track"] = self._identities(chosen)
                    self.asyncs.append(columns)
                else:
                    self.halves.append(columns)
                continue
            columns["dur"] = self._micros([e.dur for e in chosen], numbers, "dur")
            cpu = [e.tdur for e in chosen]
            columns["tdur"] = (
                np.full(len(cpu), np.nan)
                if cpu.count(None) == len(cpu)
                else self._micros(cpu, numbers)
            )
            self.whole.append(columns)

    def _leave_endless(self, events, phases, by_phase) -> None:
        """Take whole spans without `dur` out: they ran when tracing stopped."""
        for at, event in enumerate(events):
            if event.ph == "X" and event.dur is None:
                phases[at] = ""
                self.n_endless += 1
        by_phase["X"] = [event for event in by_phase["X"] if event.dur is not None]

    def _columns(self, chosen: list[Event], numbers: np.ndarray) -> dict:
        tracks, categories = self.tracks, self.categories
        return {
            "number": numbers,
            "ts": self._micros([e.ts for e in chosen], numbers, "ts"),
            "track": np.array([tracks[e.pid, e.tid] for e in chosen], dtype=np.int32),
            "category": np.array([categories[e.cat] for e in chosen], dtype=np.int32),
            "name": _texts([e.name for e in chosen]),
        }

    def _micros(self, values: list, numbers, needed: str = "") -> np.ndarray:
        """A field in µs; where an event lacks one that is `needed`, an error."""
        try:
            micros = np.array(values, dtype=np.float64)
        except (TypeError, ValueError):
            micros = np.array([_number(value) for value in values])
        if needed and (absent := ~np.isfinite(micros)).any():
            row = int(absent.argmax())
            got = "none" if values[row] is None else repr(values[row])[:60]
            raise self.source.error(
                f"{needed}: expected µs; got {got}", f"event {numbers[row] + 1}"
            )
        return micros

    def _identities(self, chosen: list[Event]) -> np.ndarray:
        """What begins and ends together: of one process, kind and id."""
        known = self.identities
        return np.array(
            [known[e.pid, e.cat, bytes(e.id) or bytes(e.id2)] for e in chosen],
            dtype=np.int32,
        )

    def _label(self, event: Event) -> None:
        if not isinstance(event.name, str):
            return
        try:
            told = msgspec.json.decode(event.args)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        if not isinstance(told, dict):
            return
        value = told.get("name", told.get("sort_index"))
        if isinstance(value, str | int | float):
            tid = event.tid if event.name.startswith("thread") else None
            self.labels[event.name, event.pid, tid] = value

    def recorded(self, around) -> Recorded:
        halves, n_open = _paired(self.halves)
        n_aside = sum(int((block["sign"] > 0).sum()) for block in self.asyncs)
        tracks = list(self.tracks)
        if is_async := bool(self.asyncs) and not self.whole and not halves:
            halves, n_open = _paired(self.asyncs)
            tracks, n_aside = [(pid, None) for pid, *_ in self.identities], 0
        self.halves, self.asyncs = [], []
        blocks = [*self.whole, *halves]
        self.whole = []

        def column(name, dtype=np.float64):
            found = [block.pop(name) for block in blocks]
            return np.concatenate(found) if found else np.empty(0, dtype)

        names = [block.pop("name") for block in blocks]
        micros = column("ts")
        base = float(np.floor(micros.min(initial=np.inf) * 1e-6)) if len(micros) else 0
        started = (micros - base * 1e6) * 1e-6
        return Recorded(
            base=float(base),
            started=started,
            ended=started + column("dur") * 1e-6,
            cpu=column("tdur") * 1e-6,
            track=column("track", np.int32),
            category=column("category", np.int32),
            number=column("number", np.int64),
            names=pa.chunked_array(names, _TEXT),
            tracks=tracks,
            categories=list(self.categories),
            labels=self.labels,
            fields=around.fields,
            n_events=self.n_events,
            n_open=n_open,
            n_endless=self.n_endless,
            n_aside=n_aside,
            is_async=is_async,
            n_torn=around.n_torn,
        )


def _paired(halves: list[dict]) -> tuple[list[dict], int]:
    """The outermost spans that begins and ends make, as columns of X."""
    if not halves:
        return [], 0
    told = {
        name: np.concatenate([block[name] for block in halves])
        for name in ("number", "ts", "track", "category", "sign")
    }
    names = pa.chunked_array([block["name"] for block in halves], _TEXT)
    in_file = np.argsort(told["number"], kind="stable")
    told = {name: column[in_file] for name, column in told.items()}
    names = names.take(pa.array(in_file))
    begins, ends, n_open = spans.pairs(told["track"], told["ts"], told["sign"])
    if not len(begins):
        return [], n_open
    columns = {
        name: told[name][begins] for name in ("number", "ts", "track", "category")
    }
    columns["name"] = names.take(pa.array(begins)).combine_chunks()
    columns["dur"] = told["ts"][ends] - told["ts"][begins]
    columns["tdur"] = np.full(len(begins), np.nan)
    return [columns], n_open


def _is_of_ray(category: str) -> bool:
    return category.startswith("task::")


def _numbering() -> dict:
    """Numbers its keys from 0, as they are asked for."""
    known: defaultdict = defaultdict()
    known.default_factory = known.__len__
    return known


def _texts(values: list) -> pa.Array:
    try:
        return pa.array(values, _TEXT).fill_null("")
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, UnicodeEncodeError):
        told = ["" if value is None else str(value) for value in values]
        return pa.array(told, _TEXT)


def _number(value) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _natural(value) -> tuple:
    """Numbers first and as numbers, also those that are written as text."""
    number = _number(value)
    if math.isnan(number):
        return (1, 0.0, "" if value is None else str(value))
    return (0, number, "")
