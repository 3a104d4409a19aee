"""Dask's task stream: in a performance report, as JSON, or as the client gave it.

Source: Dask.distributed, "Diagnostics (distributed)". The stream has for each task
``key``, ``worker``, ``thread`` and ``startstops``, spans of an ``action`` in s since
1970. The report is a page with a Bokeh document in it, whose rectangles have their
*middle* and width in ms. It cannot know who waited for whom, or CPU time; and it has
but the last tasks of a long computation.
"""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from .. import schema
from . import fields, spans
from .assembling import assemble, seconds
from .numbering import attempts_of
from .source import Source
from .spec import Format
from .streaming import Stream

COMPUTE = "compute"
_SCRIPT = re.compile(
    r"<script\b[^>]{0,200}type=[\"']application/json[\"'][^>]{0,200}>(.*?)</script>",
    re.DOTALL | re.IGNORECASE,
)
_COLUMNS = ("start", "duration", "key", "name", "worker", "worker_thread")
_BEFORE = ("transfer-", "disk-write-", "disk-read-", "deserialize-")
_TOKEN = re.compile(r"[a-f]{8}|[a-f]{32}")  # of hexadecimal digits, all letters
_ERRED = "black"
_NUMBERED = "workers were numbered anew, in sorted order of their labels"
_DONE, _FAILED = map(schema.STATUSES.index, ("done", "failed"))
MOST_ROWS = 50_000_000
_DTYPES = {"float64": "f8", "float32": "f4", "int32": "i4", "int64": "i8"}


class _Span(msgspec.Struct):
    action: str
    start: float
    stop: float


class _Entry(msgspec.Struct):
    key: Any
    worker: str
    # Older versions had (action, start, stop).
    startstops: list[_Span | tuple[str, float, float]]
    thread: Any = 0
    status: Any = "OK"
    nbytes: Any = None
    name: Any = None


def sniff(source: Source) -> bool:
    """Whether it is a report, or begins like a task stream."""
    head = source.head
    begins = head.lstrip()[:1]
    if begins == b"<":  # the oldest ones are a "Bokeh Plot", and say no more
        return any(mark in head for mark in (b"Dask ", b"performance_report", b"Bokeh"))
    return begins in {b"[", b"{"} and b'"startstops"' in head


def read(source: Source):
    """The Run of a report or of a stream in JSON.

    An attempt is the computing of a key by a thread; a key computed again has several.
    Transfers, and reading, writing and decoding of data are told in the notes.
    """
    if source.head.lstrip().startswith(b"<"):
        return _of_report(source)
    return _of_stream(source)


def read_stream(stream: Iterable[Mapping[str, Any]]):
    """The Run of what `Client.get_task_stream` returned.

    Raises
    ------
    FormatError
        If an entry has not the fields of a task stream; names it.
    """
    source = Source(b"task stream")
    try:
        entries = msgspec.convert(list(stream), list[_Entry], strict=False)
    except (msgspec.ValidationError, TypeError) as error:
        raise source.error(f"expected a task stream: {error}") from None
    taken = Stream()
    for entry in entries:
        _take_entry(taken, entry)
    return _of_entries(source, taken)


def _of_stream(source):
    taken = Stream()
    with source.utf8() as file:
        content = file.read()
    try:
        # Raw entries are views of the content: one is decoded at a time.
        if content.lstrip()[:1] == b"{":  # one a line
            entries = content.splitlines()
        else:
            entries = msgspec.json.decode(content, type=list[msgspec.Raw])
        decoder = msgspec.json.Decoder(_Entry)
        for place, entry in enumerate(entries, 1):
            if not entry:
                continue
            try:
                _take_entry(taken, decoder.decode(entry))
            except msgspec.ValidationError as error:
                raise source.error(
                    f"expected a task stream: {error}", f"record {place}"
                ) from None
    except msgspec.ValidationError as error:
        raise source.error(f"expected a task stream: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise source.error(f"expected JSON: {error}") from None
    return _of_entries(source, taken)


def _take_entry(taken, entry):
    taken.place += 1
    told = [s if isinstance(s, _Span) else _Span(*s) for s in entry.startstops]
    key = None
    for span in told:
        if span.action != COMPUTE:
            taken.set_aside(span.action[:40], span.stop - span.start)
            continue
        if key is None:
            key = _key(entry.key)
            name = fields.text_of(entry.name) or _prefix(key)
            thread = f"{entry.worker}-{_key(entry.thread)}"
            is_done = entry.status in ("OK", None)
            nbytes = fields.number_of(entry.nbytes)
        taken.add(
            key, name, thread, entry.worker, span.start, span.stop, is_done, nbytes
        )


def _of_entries(source, taken):
    if not len(taken):
        raise source.error(
            f"expected spans of action {COMPUTE!r}; got none"
            if taken.place
            else "it tells of no task: there is nothing to make a Run of"
        )
    return _run(source, taken, "record")


def _of_report(source):
    text = source.text()
    tables = []
    for found in _SCRIPT.finditer(text):
        try:
            document = json.loads(found[1])
        except ValueError as error:
            line = 1 + text.count("\n", 0, found.start(1))
            raise source.error(
                f"its document: expected JSON: {error}", f"line {line}"
            ) from None
        tables.extend(
            {**table, **{name: _values(source, name, table[name]) for name in _COLUMNS}}
            for table in _tables(document)
        )
    if not tables:
        raise source.error(
            "expected a Bokeh document with the task stream's columns "
            f"({', '.join(_COLUMNS)}); got none"
        )
    taken = Stream()
    taken.base = _base(tables)
    for table in tables:
        _take(source, table, taken)
    if not len(taken):
        raise source.error("its task stream has no computing: nothing ran meanwhile")
    return _run(source, taken, "rectangle")


def _tables(document):
    """Every mapping in it that has a task stream's columns, of any Bokeh version."""
    found, left = [], [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            entries = value.get("entries")
            if value.get("type") == "map" and isinstance(entries, list):
                pairs = [e for e in entries if isinstance(e, list) and len(e) == 2]
                value = {k: v for k, v in pairs if isinstance(k, str)}
            if set(_COLUMNS) <= value.keys():
                found.append(value)
            else:
                left.extend(value.values())
        elif isinstance(value, list):
            left.extend(each for each in value if isinstance(each, dict | list))
    return found


def _base(tables) -> float:
    """A second near all (s): times since 1970 in ms have room for 0.2 µs only."""
    told = [fields.number_of(at) for table in tables for at in table["start"][:1]]
    known = [value for value in told if 0 < value < 1e15]
    return math.floor(min(known) / 1e3) if known else 0.0


def _take(source, table, taken):
    columns = {name: table[name] for name in _COLUMNS}
    n_rows = len(columns["start"])
    base = 1e3 * taken.base
    for name, values in columns.items():
        if len(values) != n_rows:
            raise source.error(
                f"task stream, {name}: expected {n_rows} values, as in start; got "
                f"{len(values)}"
            )
    colors = _values(source, "color", table.get("color", []))
    for row in range(n_rows):
        where = f"rectangle {row + 1}"
        name = fields.text_of(columns["name"][row])
        middle = seconds(source, columns["start"][row], "start", where)
        width = seconds(source, columns["duration"][row], "duration", where) / 1e3
        if columns["worker"][row] == "foo" and name == "start":
            continue  # what the dashboard has where nothing happened
        before = next((mark for mark in _BEFORE if name.startswith(mark)), None)
        if before is not None:
            taken.set_aside(before[:-1], width)
            continue
        is_done = row >= len(colors) or colors[row] != _ERRED
        taken.place = row + 1
        taken.add(
            _key(columns["key"][row]),
            name,
            _key(columns["worker_thread"][row]),
            fields.text_of(columns["worker"][row]),
            (middle - base) / 1e3 - width / 2,
            (middle - base) / 1e3 + width / 2,
            is_done,
            math.nan,
        )


def _values(source, name, value):
    """A column's values, be they a list or an array in base64."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        told = value.get("array", value.get("__ndarray__"))
        if isinstance(told, dict):
            told = told.get("data")
        dtype = _DTYPES.get(fields.text_of(value.get("dtype")))
        order = "<" if value.get("order", "little") == "little" else ">"
        if isinstance(told, list):
            return told
        if isinstance(told, str) and dtype:
            try:
                packed = base64.b64decode(told, validate=True)
                if packed[:2] == b"\x1f\x8b":
                    packed = _unfolded(packed)
                return np.frombuffer(packed, order + dtype).tolist()
            except (ValueError, zlib.error):
                pass
    raise source.error(f"task stream, {name}: expected an array; got another value")


def _unfolded(packed):
    most = 8 * MOST_ROWS
    unfolding = zlib.decompressobj(wbits=31)
    unfolded = unfolding.decompress(packed, most)
    if not unfolding.eof:
        raise ValueError("torn, or more than any report holds")
    return unfolded


def _run(source, taken, unit):
    told = taken.columns()
    attempts = attempts_of(told["tasks"], told["starts"])
    notes = [] if told["lanes"].max() == 0 else [_NUMBERED]
    n_again = int((attempts > 1).sum())
    if n_again:
        notes.append(f"{n_again} times a key was computed again: another attempt")
    for action, (n_times, spent) in sorted(taken.aside.items())[:10]:
        notes.append(
            f"{n_times} times {action}, {spent:.3g} s on all workers: beside the "
            "attempts"
        )
    places = told["places"]
    # As the middle of a rectangle is rounded, the next seems to begin before its end.
    starts, stops = spans.apart(told["lanes"], told["starts"], told["stops"])
    n_over, longest = spans.overlaps(told["lanes"], starts, stops)
    if n_over:
        notes.append(
            f"{n_over} times a thread's task seems to begin before its last one ended, "
            f"by up to {longest:.3g} s: Dask corrects its workers' clocks meanwhile, "
            "or a task gave its thread back (secede)"
        )
    return assemble(
        source,
        {
            schema.TASK: told["tasks"],
            schema.ATTEMPT: attempts,
            schema.NAME: told["names"],
            schema.STARTED: starts,
            schema.ENDED: stops,
            schema.WORKER: told["lanes"],
            schema.HOST: told["hosts"],
            schema.STATUS: pd.Categorical.from_codes(
                np.where(told["is_done"], _DONE, _FAILED), schema.STATUSES
            ),
            schema.OUT_BYTES: told["nbytes"],
            schema.ERROR: told["errors"],
        },
        made_by="dask",
        where=lambda row: f"{unit} {places[row]}",
        zero=taken.base,
        notes=notes,
        label=source.stem or "dask",
        backend="dask",
    )


def _key(value) -> str:
    """A key as Dask shows it, whole: JSON makes lists of its tuples."""
    if isinstance(value, str):
        return value
    return repr(_tuple(value)) if isinstance(value, list) else repr(value)


def _tuple(value):
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _prefix(key: str) -> str:
    """What keys of one function have in common: the words before its token."""
    text = re.split(r"['\",]", key.lstrip("(['\"")[:200], maxsplit=1)[0]
    first, *words = text.split("-")
    kept = [first]
    for word in words:
        if not word.isalpha() or _TOKEN.fullmatch(word):
            break
        kept.append(word)
    return "-".join(kept) or key


FORMAT = Format("dask", "Dask performance report or task stream", sniff, read)
