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

from .. import schema
from . import fields
from .assembling import assemble, seconds
from .numbering import tasks_and_attempts
from .source import Source
from .spec import Format

COMPUTE = "compute"
_SCRIPT = re.compile(
    r"<script\b[^>]{0,200}type=[\"']application/json[\"'][^>]{0,200}>(.*?)</script>",
    re.DOTALL | re.IGNORECASE,
)
_COLUMNS = ("start", "duration", "key", "name", "worker", "worker_thread")
_BEFORE = ("transfer-", "disk-write-", "disk-read-", "deserialize-")
_TOKEN = re.compile(r"[a-f]{8}|[a-f]{32}")  # of hexadecimal digits, all letters
_ERRED = "black"
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
    if begins == b"<":
        return b"Dask Performance Report" in head or b"performance_report" in head
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
    return _of_entries(source, entries)


def _of_stream(source):
    with source.utf8() as file:
        content = file.read()
    try:
        if content.lstrip()[:1] == b"{":  # one a line
            entries = msgspec.json.Decoder(_Entry).decode_lines(content)
        else:
            entries = msgspec.json.decode(content, type=list[_Entry])
    except msgspec.ValidationError as error:
        raise source.error(f"expected a task stream: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise source.error(f"expected JSON: {error}") from None
    return _of_entries(source, entries)


def _of_entries(source, entries):
    rows, aside = [], {}
    for place, entry in enumerate(entries, 1):
        spans = [s if isinstance(s, _Span) else _Span(*s) for s in entry.startstops]
        computing = [span for span in spans if span.action == COMPUTE]
        for span in spans:
            if span.action != COMPUTE:
                aside.setdefault(span.action[:40], []).append(span.stop - span.start)
        is_done = entry.status in ("OK", None)
        nbytes = fields.number_of(entry.nbytes)
        for span in computing:
            rows.append(
                (
                    _key(entry.key),
                    fields.text_of(entry.name) or _prefix(_key(entry.key)),
                    f"{entry.worker}-{_key(entry.thread)}",
                    entry.worker,
                    span.start,
                    span.stop,
                    is_done,
                    nbytes,
                    place,
                )
            )
    if entries and not rows:
        raise source.error(f"expected spans of action {COMPUTE!r}; got none")
    return _run(source, rows, aside, "record")


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
        tables.extend(_tables(document))
    if not tables:
        raise source.error(
            "expected a Bokeh document with the task stream's columns "
            f"({', '.join(_COLUMNS)}); got none"
        )
    rows, aside = [], {}
    for table in tables:
        _take(source, table, rows, aside)
    if not rows:
        raise source.error("its task stream has no computing: nothing ran meanwhile")
    return _run(source, rows, aside, "rectangle")


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


def _take(source, table, rows, aside):
    columns = {name: _values(source, name, table[name]) for name in _COLUMNS}
    n_rows = len(columns["start"])
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
        middle = seconds(source, columns["start"][row], "start", where) / 1e3
        width = seconds(source, columns["duration"][row], "duration", where) / 1e3
        if columns["worker"][row] == "foo" and name == "start":
            continue  # what the dashboard has where nothing happened
        before = next((mark for mark in _BEFORE if name.startswith(mark)), None)
        if before is not None:
            action = before[:-1]
            aside.setdefault(action, []).append(width)
            continue
        is_done = row >= len(colors) or colors[row] != _ERRED
        rows.append(
            (
                _key(columns["key"][row]),
                name,
                _key(columns["worker_thread"][row]),
                fields.text_of(columns["worker"][row]),
                middle - width / 2,
                middle + width / 2,
                is_done,
                math.nan,
                row + 1,
            )
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


def _run(source, rows, aside, unit):
    keys, names, threads, workers, starts, stops, done, nbytes, places = (
        zip(*rows, strict=True) if rows else ((),) * 9
    )
    tasks, attempts = tasks_and_attempts(keys, starts)
    notes = []
    n_again = int((attempts > 1).sum())
    if n_again:
        notes.append(f"{n_again} times a key was computed again: another attempt")
    for action, spent in sorted(aside.items())[:10]:
        notes.append(
            f"{len(spent)} times {action}, {sum(spent):.3g} s on all workers: beside "
            "the attempts"
        )
    return assemble(
        source,
        {
            schema.TASK: tasks,
            schema.ATTEMPT: attempts,
            schema.NAME: schema.as_text(names),
            schema.STARTED: starts,
            schema.ENDED: stops,
            schema.WORKER: np.array(threads, dtype=object),
            schema.HOST: schema.as_text([_host(worker) for worker in workers]),
            schema.STATUS: ["done" if each else "failed" for each in done],
            schema.OUT_BYTES: nbytes,
            schema.ERROR: schema.as_text(
                [
                    None if each else "erred; the stream does not tell how"
                    for each in done
                ]
            ),
        },
        made_by="dask",
        where=lambda row: f"{unit} {places[row]}",
        zero=0.0,
        notes=notes,
        label=source.stem or "dask",
        backend="dask",
    )


def _key(value) -> str:
    return value if isinstance(value, str) else fields.shown(value)


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


def _host(worker: str) -> str | None:
    """The machine in an address such as ``tcp://10.0.0.2:40123``."""
    found = re.match(r"\w{1,20}://(\[[^\]]{1,60}\]|[^:/]{1,200})", worker)
    return found[1] if found else None


FORMAT = Format("dask", "Dask performance report or task stream", sniff, read)
