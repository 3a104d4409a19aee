"""What a report is made of, whatever it is shown as.

Knows sections, tables, lists and the few kinds of text in them; refuses to know what
they say and how they are shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..tasks.printed import plain

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Code:
    """What one could type; our own words only."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """What must not be missed."""

    text: str


# Text is a string, which is shown as it is whatever is in it, or a sequence of these.
Text = str | Code | Strong | tuple


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more sentences."""

    text: Text


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Someone else's words, line by line."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what is to be said of each."""

    rows: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """Facts about several things, each with its title."""

    items: tuple[tuple[Text, Facts], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Of a table."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """A cell that is a share of a whole, to be seen as well as read."""

    text: str
    share: float  # 0 ... 1; NaN where nobody knows


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells: text, or shares."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Text | Share, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it, further sections included."""

    title: str
    blocks: tuple


def clean(text: str) -> str:
    r"""Without what no page and no terminal should be sent.

    Examples
    --------
    >>> clean("a\x1b[31mb\ud800\n")
    'ab?\n'
    """
    text = plain(str(text)).encode("utf-8", "replace").decode("utf-8")
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
