"""Names and numbers as they stand in a finding's sentences.

Knows how many names are listed; refuses to know what is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..oneline import format_seconds

_NAMED = 3  # tasks in a sentence
_LONGEST = 60  # characters of a name


def seconds(value: float) -> str:
    """Seconds as people read them."""
    return format_seconds(value)


def percent(share: float) -> str:
    """A share as people read it.

    Examples
    --------
    >>> percent(0.871), percent(0.004), percent(float("nan"))
    ('87 %', '0.4 %', 'unknown')
    """
    if not math.isfinite(share):
        return "unknown"
    return f"{100 * share:.2g} %" if abs(share) < 0.095 else f"{100 * share:.0f} %"


def factor(value: float) -> str:
    """How many times.

    Examples
    --------
    >>> factor(1.836)
    '1.84×'
    """
    return f"{value:.3g}×"


def count(n: int, noun: str) -> str:
    """A number of things.

    Examples
    --------
    >>> count(1, "task"), count(1200, "task")
    ('1 task', '1,200 tasks')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def listed(names: Sequence[str], n: int | None = None) -> str:
    """The first names, quoted, and how many more of all `n` there are.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c", "d"])
    ('“a”', '“a” and “b”', '“a”, “b”, “c” and 1 more')
    """
    n = len(names) if n is None else n
    quoted = [f"“{shortened(name)}”" for name in names[:_NAMED]]
    if n > len(quoted):
        return f"{', '.join(quoted)} and {n - len(quoted):,} more"
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def shortened(name: str) -> str:
    """A name on one line that is not too long, of characters that can be shown."""
    text = "".join(c if c.isprintable() else "?" for c in " ".join(name.split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
