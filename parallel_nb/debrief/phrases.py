"""Names and numbers as they stand in a sentence or a cell.

Knows how long a name may be and how many are listed; refuses to know what is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .. import totals
from ..draw import wording
from .document import Code, Paragraph

LISTED = 50  # rows of a table
NAME, TOLD = 80, 300  # characters of a name, and of a reason or result in a table
NOT_MEASURED = "not measured"
_NAMED = 5  # tasks in a sentence
_MOST_OF_A_CHAIN = 6  # tasks


def name_of(text: str) -> str:
    """A name that fits into a cell or heading."""
    return wording.shortened(text, NAME)


def agent(name: str) -> str:
    """An agent's name, or whose tasks those without one are."""
    return "any worker" if name == totals.ANYONE else name_of(name)


def seconds(value: float) -> str:
    """Seconds as people read them, or that nobody measured them."""
    return wording.seconds(value) if math.isfinite(value) else NOT_MEASURED


def more(n_rows: int, where: str) -> list[Paragraph]:
    """How many rows a table leaves out, and where they are; nothing if none."""
    if n_rows <= LISTED:
        return []
    return [Paragraph((f"and {n_rows - LISTED:,} more in ", Code(where)))]


def listed(names: Sequence[str]) -> str:
    """The first names, quoted, and how many more there are.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('“a”', '“a”, “b” and “c”')
    """
    quoted = [quote(name) for name in names[:_NAMED]]
    if len(names) > _NAMED:
        return f"{', '.join(quoted)} and {len(names) - _NAMED:,} more"
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def quote(name: str) -> str:
    """A name within a sentence."""
    return f"“{name_of(name)}”"


def arrows(names: Sequence[str]) -> str:
    """A chain of tasks, its middle left out if it is long."""
    quoted = [quote(name) for name in names]
    if len(quoted) > _MOST_OF_A_CHAIN:
        half = _MOST_OF_A_CHAIN // 2
        quoted = [*quoted[:half], f"… {len(quoted) - 2 * half} more …", *quoted[-half:]]
    return " → ".join(quoted)
