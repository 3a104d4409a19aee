"""Floor 1: a Run in one line of text, and seconds as people read them.

Knows units and wording; refuses to know how the numbers came about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import schema


def of_run(meta, numbers: Mapping[str, Any]) -> str:
    """Label, tasks, workers, time and what was made of it.

    Parameters
    ----------
    meta : Meta
        Of the Run.
    numbers : mapping
        As `totals.summary` gives them.
    """
    counts = ", ".join(f"{numbers[s]} {s}" for s in schema.STATUSES if numbers[s])
    n_tasks, n_workers = numbers["n_tasks"], meta.n_workers
    head = f"{meta.label!r} " if meta.label else ""
    parts = [
        f"{head}{n_tasks} task{'s' * (n_tasks != 1)}" + (counts and f": {counts}"),
        f"{n_workers} worker{'s' * (n_workers != 1)} ({meta.backend})",
    ]
    if "starts" in meta.lacks:
        parts.append(f"{format_seconds(numbers['work'])} of work, not placed in time")
    elif np.isfinite(numbers["speedup_estimated"]):
        parts += [
            format_seconds(numbers["makespan"]),
            f"speedup {numbers['speedup_estimated']:.1f} (estimated)",
            f"utilization {numbers['utilization']:.0%}".replace("%", " %"),
        ]
    if meta.ended_by != "completion":
        parts.append(f"ended by {meta.ended_by}")
    return " · ".join(parts)


def format_seconds(seconds: float) -> str:
    """Three digits and a unit, for people.

    Examples
    --------
    >>> [format_seconds(s) for s in (0.0000123, 0.0123, 1.239, 83.0, 900.0, 3900.0)]
    ['12.3 µs', '12.3 ms', '1.24 s', '1 min 23 s', '15 min', '1 h 05 min']
    """
    if np.isnan(seconds):
        return "unknown"
    if seconds < 0:
        return f"-{format_seconds(-seconds)}"
    whole = round(seconds) if seconds >= 59.5 else 0
    if whole >= 3600:
        return _two(round(seconds / 60), "h", "min")
    if whole >= 60:
        return _two(whole, "min", "s")
    if seconds == 0 or seconds >= 0.9995:
        return f"{seconds:.3g} s"
    if seconds >= 0.9995e-3:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} µs"


def _two(count: int, unit: str, small: str) -> str:
    """A count of small units as large ones and what is left, if anything is."""
    whole, rest = divmod(count, 60)
    return f"{whole} {unit} {rest:02d} {small}" if rest else f"{whole} {unit}"
