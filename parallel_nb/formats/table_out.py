"""`Run.attempts` as CSV, which `table.py` reads.

Knows one table; refuses to know what is not in it.
"""

from __future__ import annotations

from typing import BinaryIO

from ..runs import Run


def put(run: Run, file: BinaryIO) -> None:
    """Write a line per attempt; times in s, nothing where a value is not known."""
    shown = run.attempts.dropna(axis="columns", how="all")
    shown.to_csv(file, index=False, lineterminator="\n", encoding="utf-8")
