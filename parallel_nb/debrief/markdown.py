"""A report as GitHub-flavoured markdown.

Knows its syntax and how to keep other people's words from being taken for it; refuses
to know what a report says.
"""

from __future__ import annotations

import re

from .document import (
    Bullets,
    Code,
    Entries,
    Facts,
    Paragraph,
    Section,
    Share,
    Strong,
    Table,
    Verbatim,
    clean,
)

# Some signs mean something in some places only: `test_runner` stays readable.
_SPECIAL = re.compile(r"[\\`*\[\]<>|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_AT_LINE_START = re.compile(r"^(?:([-+=#])(?=[-=#\s]|$)|(\d{1,9})([.)])(?=\s|$))")


def markdown(section: Section, level: int = 1) -> str:
    """The section under a heading of that level, and all that is in it."""
    title = re.sub(r"(#+)$", r"\\\1", inline(section.title).strip())
    parts = [f"{'#' * level} {title}"]
    parts += [_block(block, level) for block in section.blocks]
    return "\n\n".join(parts) + "\n" * (level == 1)


def inline(text) -> str:
    r"""Text on one line that means nothing but itself.

    Examples
    --------
    >>> print(inline(("a|b *c*\n", Code("x_y"), " ", Strong("__init__"))))
    a\|b \*c\* `x_y` **\_\_init\_\_**
    """
    match text:
        case tuple():
            return "".join(map(inline, text))
        case Code():
            return f"`{text.text}`"
        case Strong():
            return _strong(inline(text.text))
    line = re.sub(r"\s+", " ", clean(text))
    return _SPECIAL.sub(r"\\\g<0>", line)


def _block(block, level: int) -> str:
    match block:
        case Section():
            return markdown(block, level + 1)
        case Paragraph():
            return _line(block.text)
        case Verbatim():
            return _fenced(clean(block.text))
        case Bullets():
            return "\n".join(f"- {_line(item)}" for item in block.items)
        case Facts():
            return "\n".join(_facts(block))
        case Entries():
            return "\n".join(_entry(title, facts) for title, facts in block.items)
        case Table():
            return _table(block)
    raise TypeError(f"no part of a report: {block!r}")


def _line(text) -> str:
    """Text at the start of a line, where some signs would mean more."""
    return _AT_LINE_START.sub(
        lambda found: rf"\{found[1]}" if found[1] else rf"{found[2]}\{found[3]}",
        inline(text).strip(),
    )


def _strong(text: str) -> str:
    """Emphasis, which blanks at its ends would undo."""
    return f"**{text.strip()}**" if text.strip() else ""


def _facts(facts: Facts) -> list[str]:
    rows = ((inline(name).strip(), inline(text).strip()) for name, text in facts.rows)
    return [f"- {_strong(f'{name}:')} {text}" for name, text in rows]


def _entry(title, facts: Facts) -> str:
    head = f"- {_strong(inline(title)) or '–'}"
    return "\n".join([head, *(f"  {row}" for row in _facts(facts))])


def _fenced(text: str) -> str:
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _table(table: Table) -> str:
    head = [inline(column.title) for column in table.columns]
    rule = ["---:" if column.is_number else "---" for column in table.columns]
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows])


def _cell(cell) -> str:
    return inline(cell.text if isinstance(cell, Share) else cell)
