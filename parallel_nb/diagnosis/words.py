"""Names and numbers as they stand in a finding's sentences.

Knows words and units; refuses to know what is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..oneline import format_seconds

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


def listed(told: Sequence[str], n: int) -> str:
    """The first of `n` things, and how many more there are.

    Examples
    --------
    >>> listed(["a"], 1), listed(["a", "b"], 2), listed(["a", "b", "c"], 4)
    ('a', 'a and b', 'a, b, c and 1 more')
    """
    if n > len(told):
        return f"{', '.join(told)} and {n - len(told):,} more"
    return " and ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))


def quoted(name: str) -> str:
    """A name within a sentence."""
    return f"“{shortened(name)}”"


def shortened(name: str) -> str:
    """A name on one line that is not too long, of characters that can be shown."""
    text = "".join(c if c.isprintable() else "?" for c in " ".join(name.split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
