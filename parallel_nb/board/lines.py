r"""Rows → lines of text that fit a terminal.

Knows columns of a terminal, which are not characters, and alphabets that lack some of
them; refuses to know cursors and streams. Whatever tasks are called and return, nothing
of it reaches the terminal as a command.
"""

from __future__ import annotations

import math
import os
import unicodedata
from typing import NamedTuple

from ..draw.wording import shortened
from ..oneline import format_seconds
from ..tasks.printed import plain
from .tally import FAULTS, OPEN, Row, Tally

_HEADINGS = ("agent", "task", "state", "time", "result")
_GAP = "  "
_STATE = 9  # columns of the longest state
# Columns worth having, by importance; and shares of what is left after that.
_LEAST = {"state": _STATE, "task": 12, "result": 12, "agent": 8, "time": 11}
_GROWING = {"agent": 0.2, "task": 0.6, "result": 1.0}
_LEAST_HEIGHT = 6  # lower boards have no headings
_LOOKALIKES = {"…": "~", "µ": "u", "×": "x"}  # of the same width, in any alphabet
_INVISIBLE = ("Mn", "Me")
_COLOURS = {"done": "32", "retried": "33", **dict.fromkeys(FAULTS, "1;31")}


class Style(NamedTuple):
    """What a stream can show."""

    encoding: str = "utf-8"
    has_colours: bool = False

    @classmethod
    def of(cls, stream, *, is_terminal: bool) -> Style:
        """Of a text stream; colours on terminals, unless `NO_COLOR` is set."""
        return cls(
            encoding=getattr(stream, "encoding", None) or "utf-8",
            has_colours=is_terminal and not os.environ.get("NO_COLOR"),
        )

    def plain(self, text: str) -> str:
        """The text in letters that the stream has, the others as question marks."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            for letter, similar in _LOOKALIKES.items():
                text = text.replace(letter, similar)
            text = text.encode(self.encoding, "replace").decode(self.encoding)
        return text

    def painted(self, cell: str, state: str) -> str:
        """A cell in the colour of a state."""
        colour = _COLOURS.get(state) if self.has_colours else None
        return cell if colour is None else f"\x1b[{colour}m{cell}\x1b[0m"


def harmless(text: str, most: int) -> str:
    r"""Words on one line of at most `most` characters, without terminal commands.

    Examples
    --------
    >>> harmless("\x1b[31mred\x1b[0m,\n\x1b]0;title\x07 then\x07", 40)
    'red, then?'
    """
    text = plain(text[: 20 * most])
    text = "".join(c for c in text if not "\ufe00" <= c <= "\ufe0f")  # wide or not?
    return shortened(text, most)


def width(text: str) -> int:
    r"""Columns that a text takes: two for wide letters, none for accents of their own.

    Examples
    --------
    >>> width("abc"), width("\u6771\u4eac"), width("e\u0301")
    (3, 4, 1)
    """
    text = plain(text)
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in _INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def fitted(text: str, columns: int, style: Style) -> str:
    r"""Exactly so many columns, cut or filled with blanks.

    Examples
    --------
    >>> [fitted(text, 5, Style("ascii")) for text in ("abc", "abcdef")]
    ['abc  ', 'abcd~']
    >>> fitted("\u6771\u4eac\u90fd", 4, Style("utf-8")) == "\u6771\u2026 "
    True
    """
    text = style.plain(text)
    if width(text) > columns:
        kept, room = [], columns - 1
        for letter in text:
            room -= _columns(letter)
            if room < 0:
                break
            kept.append(letter)
        text = "".join(kept) + style.plain("…") if columns > 0 else ""
    return text + " " * (columns - width(text))


def board(
    tally: Tally, columns: int, height: int, elapsed: float, style: Style
) -> list[str]:
    """The lines of a board: how many tasks are in which state, then the tasks.

    Parameters
    ----------
    tally : Tally
    columns, height : int
        What there is room for.
    elapsed : float
        Seconds since the run's zero.
    style : Style
    """
    has_headings = height >= _LEAST_HEIGHT
    room = max(height - 1 - has_headings, 0)
    n_tasks = tally.n_tasks
    is_cut = n_tasks > room > 1
    rows = tally.rows(room - is_cut)
    cells = [_cells(row, elapsed) for row in rows]
    widths = _widths(cells, columns)
    lines = [fitted(_counted(tally, elapsed), columns, style).rstrip()]
    if has_headings:
        headings = dict(zip(_HEADINGS, _HEADINGS, strict=True))
        lines.append(_line(headings, widths, style))
    for row, each in zip(rows, cells, strict=True):
        lines.append(_line(each, widths, style, row.state))
    if is_cut:
        lines.append(fitted(f"… {n_tasks - len(rows):,} more", columns, style).rstrip())
    return lines


def _counted(tally: Tally, elapsed: float) -> str:
    told = ", ".join(f"{n:,} {state}" for state, n in tally.numbers.items())
    return f"{_seconds(elapsed)}: {told or 'no task yet'}"


def _cells(row: Row, elapsed: float) -> dict[str, str]:
    seconds = elapsed - row.since if row.state in OPEN else row.took
    return {
        "agent": harmless(row.agent, 80),
        "task": harmless(row.name, 200),
        "state": row.state,
        "time": "" if math.isnan(seconds) else _seconds(seconds),
        "result": _said(row),
    }


def _said(row: Row) -> str:
    text = harmless(row.text, 300)
    if row.attempt < 2:
        return text
    return f"attempt {row.attempt}{text and ': '}{text}"


def _seconds(seconds: float) -> str:
    """To tenths: more digits would flicker."""
    if 0 <= seconds < 59.95:
        return f"{seconds:.1f} s"
    return format_seconds(seconds)


def _widths(cells: list[dict[str, str]], columns: int) -> dict[str, int]:
    """Columns for each cell of a row; what there is no room for is left out."""
    natural = {
        name: max([width(name), *(width(each[name]) for each in cells)])
        for name in _HEADINGS
    }
    if not any(each["agent"] for each in cells):
        natural["agent"] = 0
    widths, left = dict.fromkeys(_HEADINGS, 0), columns + len(_GAP)
    for name, least in _LEAST.items():
        wanted = least if name == "state" else min(natural[name], least)
        if name == "task":
            wanted = min(wanted, left - len(_GAP))
        if 0 < wanted <= left - len(_GAP):
            widths[name] = wanted
            left -= wanted + len(_GAP)
    for name, share in _GROWING.items():
        if widths[name]:
            more = min(natural[name] - widths[name], int(left * share))
            widths[name] += more
            left -= more
    return widths


def _line(cells: dict, widths: dict, style: Style, state: str = "") -> str:
    parts = []
    for name in _HEADINGS:
        if not widths[name]:
            continue
        text = cells[name].rjust(widths[name]) if name == "time" else cells[name]
        cell = fitted(text, widths[name], style)
        parts.append(style.painted(cell, state) if name == "state" else cell)
    return _GAP.join(parts).rstrip()


def appended(row: Row, style: Style) -> str:
    """One change on a line of its own, for a stream that is no terminal."""
    agent = f" ({harmless(row.agent, 80)})" if row.agent else ""
    text = _said(row)
    told = f"{harmless(row.name, 80)}{agent}{text and ': '}{text}"
    line = f"{format_seconds(row.since):>10}  {row.state:<{_STATE}}  {told}"
    return style.plain(line)


def last_line(tally: Tally, elapsed: float, style: Style) -> str:
    """The end of a run, below its changes."""
    return style.plain(f"ended after {_counted(tally, elapsed)}")
