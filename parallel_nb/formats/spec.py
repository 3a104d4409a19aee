"""What a format is to those who look for the right one.

Knows the shape of a reader; refuses to know any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .source import Source


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that can be read.

    `sniff` looks at `source.head` and `source.name` only, and never raises; `read`
    gives a Run, a Sweep, or a list of them, and raises FormatError.
    """

    name: str  # what `format=` calls it: "joblog"
    title: str  # what people call it: "GNU parallel job log"
    sniff: Callable[[Source], bool]
    read: Callable[..., Any]  # of a Source; options by keyword
    options: tuple[str, ...] = ()  # those that `read` takes: "columns", "n_workers"
