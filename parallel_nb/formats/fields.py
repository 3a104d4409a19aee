"""A JSON document of a foreign tool → values of the type a reader needs, or an error.

Knows what to say when a field is absent or of another type; refuses to know any format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .source import Source

_SPACE = re.compile(r"\s*")


def loaded(source: Source) -> Any:
    """The one JSON value that a source is.

    Raises
    ------
    FormatError
        If it is none; names the line.
    """
    text = source.text()
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _no_json(source, error) from None
    except ValueError as error:  # an integer of more digits than Python converts
        raise source.error(f"expected JSON: {error}") from None


def documents(source: Source) -> Iterator[Any]:
    """The JSON values of a source, one after another: pages, or one a line.

    Raises
    ------
    FormatError
        As `loaded`.
    """
    text = source.text()
    decoder = json.JSONDecoder()
    at = _SPACE.match(text).end()
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise _no_json(source, error) from None
        except ValueError as error:
            raise source.error(f"expected JSON: {error}") from None
        yield value
        at = _SPACE.match(text, at).end()


def mapping(source: Source, value: Any, what: str, where: str = "") -> dict:
    """`value`, if it is an object."""
    if not isinstance(value, dict):
        raise source.error(f"{what}: expected an object; got {shown(value)}", where)
    return value


def sequence(source: Source, value: Any, what: str, where: str = "") -> list:
    """`value`, if it is an array."""
    if not isinstance(value, list):
        raise source.error(f"{what}: expected an array; got {shown(value)}", where)
    return value


def needed(source: Source, record: Mapping, names: tuple[str, ...], where: str) -> Any:
    """What the first of `names` that `record` has holds.

    Raises
    ------
    FormatError
        If it has none of them, or null there; names them.
    """
    for name in names:
        if record.get(name) is not None:
            return record[name]
    listed = " or ".join(map(repr, names))
    raise source.error(f"expected a field {listed}; got none", where)


def text_of(value: Any, default: str = "") -> str:
    """A field that is shown only: its text, whatever its type; `default` for null."""
    if value is None:
        return default
    return value if isinstance(value, str) else shown(value)


def number_of(value: Any) -> float:
    """A field that the Run can do without: its number, or NaN."""
    if isinstance(value, bool):
        return float("nan")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
    return number if 0 <= number < 1e300 else float("nan")


def count_of(source: Source, value: Any, what: str, where: str, most: int) -> int:
    """A whole number from 0 to `most`, as cores and positions are."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise source.error(
            f"{what}: expected a whole number from 0 to {most:,}; got {shown(value)}",
            where,
        )
    return value


def shown(value: Any) -> str:
    """A value for a message, short however long it is."""
    if isinstance(value, dict):
        return f"an object of {len(value)} fields"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    told = "null" if value is None else f"{value!r:.61}"
    return told if len(told) <= 60 else told[:59] + "…"


def _no_json(source: Source, error: json.JSONDecodeError):
    return source.error(
        f"expected JSON: {error.msg} (column {error.colno})", f"line {error.lineno}"
    )
