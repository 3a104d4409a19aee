"""The events of a Chrome trace, block by block, however large the file is.

Knows where one event ends and the next begins, and what a file lacks that was torn off;
refuses to know what any event means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from ..errors import FormatError
from .source import Source

BLOCK = 8 << 20  # bytes decoded at once
_HEADER_MOST = 64 << 20  # what may stand before the events
_EVENTS = re.compile(rb'"traceEvents"\s*:\s*\[')
_BETWEEN = re.compile(rb"\}(?=\s*,\s*\{)")
_PHASE = re.compile(rb'"ph"\s*:')
_BYTE = re.compile(r"\(byte (\d+)\)")
_NO_NUMBER = re.compile(r"(?<=[:,\[])(\s*)(?:NaN|-?Infinity|-?inf)(?=\s*[,\]}])")
_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


class Event(msgspec.Struct, gc=False):
    """What is read of an event; its other fields are ignored."""

    ph: str = ""
    name: str | int | float | None = None
    cat: str | None = None
    ts: float | str | None = None  # µs
    dur: float | str | None = None  # µs
    tdur: float | str | None = None  # µs of the thread's own clock
    pid: int | float | str | None = None
    tid: int | float | str | None = None
    args: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()  # of "b" and "e"
    id2: msgspec.Raw = msgspec.Raw()


@dataclass(frozen=True, slots=True)
class Around:
    """What a trace says outside of its events."""

    fields: dict[str, Any]  # of the object that holds the events, those that are small
    n_torn: int  # bytes after the last whole event, where an array was torn off


class _Cut(Exception):
    """The bytes end inside of an event."""


_decoder = msgspec.json.Decoder(list[Event])
_Fields = dict[str, msgspec.Raw]
_small = 100_000  # bytes; a larger field is no fact about the run


def scan(source: Source, take: Callable[[int, list[Event]], None]) -> Around:
    """Hand all events to `take`, in order, with the number (from 0) of the first.

    Raises
    ------
    FormatError
        If it is no trace: names the event, or the byte in an event.
    """
    with source.utf8() as stream:
        return _scan(source, stream, take)


def _scan(source: Source, stream, take) -> Around:
    pending, is_bare, fields = _start(source, stream)
    n_events = 0
    while block := stream.read(max(BLOCK, len(pending))):
        # What holds no end of an event is looked at again with twice as much.
        pending += block
        for cut in _cuts(pending):
            try:
                events, rest = _decoded(source, pending[:cut], n_events, is_whole=False)
            except _Cut:
                continue
            take(n_events, events)
            n_events += len(events)
            if rest is not None:
                rest += pending[cut:] + stream.read()
                return _ended(source, rest, is_bare, fields)
            pending = pending[cut:].lstrip(b" \t\r\n,")
            break
    try:
        events, rest = _decoded(source, pending, n_events, is_whole=True)
    except _Cut:
        if not is_bare:
            raise source.error(
                "it is torn off: expected an end of `traceEvents`",
                f"after event {n_events}",
            ) from None
        events, n_torn = _torn_array(source, pending, n_events)
        take(n_events, events)
        return Around({}, n_torn)
    take(n_events, events)
    return _ended(source, rest or b"", is_bare, fields)


def _start(source: Source, stream) -> tuple[bytes, bool, dict[str, Any]]:
    """Bytes from the first event on, whether they are a bare array, and the fields."""
    pending = stream.read(BLOCK).lstrip()
    if pending[:1] == b"[":
        return pending[1:], True, {}
    if pending[:1] != b"{":
        raise source.error("expected an array of events, or an object with some")
    while True:
        for found in _EVENTS.finditer(pending):
            before = pending[: found.start()].rstrip(b" \t\r\n,")
            try:
                fields = _fields(before + b"}")
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # the words stood inside of something else
            return pending[found.end() :], False, fields
        more = stream.read(BLOCK) if len(pending) < _HEADER_MOST else b""
        if not more:
            raise source.error("expected a field `traceEvents`; got none")
        pending += more


def _cuts(pending: bytes) -> Iterator[int]:
    """Where an event may end, from the back: some that are near, some far."""
    end = len(pending)
    window = 1 << 16
    while end > 0:
        found = [m.end() for m in _BETWEEN.finditer(pending, max(0, end - window), end)]
        yield from reversed(found[-3:])
        end = min(end - window, end // 2)
        window *= 2


def _decoded(
    source: Source, piece: bytes, number: int, *, is_whole: bool
) -> tuple[list[Event], bytes | None]:
    """Events of a piece that begins with one; what follows the array, if it ended.

    Reading from the front, a bracket that closes the piece for good proves that the
    piece ended with an event.
    """
    text = b"[" + piece if is_whole else b"[" + piece + b"]"
    try:
        return _attempt(text, is_whole)
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        better = _mended(text)
        failure = error
    except RecursionError as error:
        raise _too_deep(source, number) from error
    if better != text and not isinstance(failure, msgspec.ValidationError):
        text = better
        try:
            return _attempt(text, is_whole)
        except msgspec.DecodeError as error:
            failure = error
        except RecursionError as error:
            raise _too_deep(source, number) from error
    if isinstance(failure, msgspec.ValidationError):
        raise _wrong_field(source, number, failure) from None
    at = _byte(failure)
    # Of a cut piece the last byte is the bracket that was put there.
    if at is None or at >= len(text) - (not is_whole):
        raise _Cut from None
    told = str(failure).partition(": ")[2].partition(" (byte")[0]
    shown = text[max(at - 20, 0) : at + 20].decode("utf-8", "replace")
    n_before = max(len(_PHASE.findall(text, 0, at)) - 1, 0)
    raise source.error(
        f"expected JSON: {told} at {shown!r}", f"after event {number + n_before}"
    ) from None


def _attempt(text: bytes, is_whole: bool) -> tuple[list[Event], bytes | None]:
    try:
        return _decoder.decode(text), None
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as error:
        problem, at = str(error), _byte(error)
        if at is not None and "trailing comma" in problem:
            comma = text.rfind(b",", 0, at)
            return _attempt(text[:comma] + b" " + text[comma + 1 :], is_whole)
        if at is not None and "trailing characters" in problem:
            rest = text[at - 1 :] if is_whole else text[at - 1 : -1]
            return _decoder.decode(text[: at - 1]), rest
        raise


def _byte(error) -> int | None:
    found = _BYTE.search(str(error))
    return int(found[1]) if found else None


def _too_deep(source: Source, number: int) -> FormatError:
    return source.error("it is nested too deeply", f"after event {number}")


def _mended(text: bytes) -> bytes:
    """What many writers get wrong: NaN as a number, halves of characters, Latin-1."""
    told = _HALF.sub(r"\\ufffd", text.decode("utf-8", "replace"))
    return _NO_NUMBER.sub(r"\1null", told).encode()


def _wrong_field(source: Source, number: int, error) -> FormatError:
    told, _, path = str(error).partition(" - at `$")
    place = re.match(r"\[(\d+)\]\.?(.*?)`?$", path)
    if place is None:
        return source.error(told, f"event {number + 1}")
    what = f"{place[2]}: " if place[2] else ""
    told = told.replace("Expected", "expected").replace(", got", "; got")
    return source.error(f"{what}{told}", f"event {number + int(place[1]) + 1}")


def _torn_array(source: Source, pending: bytes, number: int):
    """The whole events of an array that nobody closed, and how many bytes follow."""
    whole = pending.rstrip(b" \t\r\n,")
    if not whole:
        return [], 0
    for cut in (len(whole), *_cuts(pending)):
        try:
            events, _ = _decoded(source, whole[:cut], number, is_whole=False)
        except _Cut:
            continue
        return events, len(whole) - cut
    return [], len(whole)


def _ended(source: Source, rest: bytes, is_bare: bool, fields) -> Around:
    """The fields after the array of events."""
    rest = rest.strip()
    if is_bare:
        if rest:
            raise source.error(
                f"expected nothing after the array of events; got {rest[:40]!r}"
            )
        return Around({}, 0)
    try:
        return Around({**fields, **_fields(b"{" + rest.lstrip(b" \t\r\n,"))}, 0)
    except UnicodeDecodeError:
        return _ended(source, rest.decode("utf-8", "replace").encode(), False, fields)
    except msgspec.MsgspecError as error:
        better = _mended(rest)
        if better != rest:
            return _ended(source, better, False, fields)
        raise source.error(
            f"expected fields of the trace after its events: {error}"
        ) from None


def _fields(text: bytes) -> dict[str, Any]:
    raw = msgspec.json.decode(text, type=_Fields)
    return {
        name: msgspec.json.decode(value)
        for name, value in raw.items()
        if len(bytes(value)) < _small
    }
