"""The files of one Spark event log → its lines, in order.

Knows how a rolled log's files are called, and that a log may be torn where it ends, as
that of an application which runs or was killed; refuses to know what a line says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import FormatError
from .source import Source

# Spark: events_<n>_<application>, with an ending for its codec. Databricks: a time in
# the name of all but the last.
_ROLLED = re.compile(r"events_(\d{1,9})_[^/]+?(\.compact)?(?:\.(?!compact)\w{1,12})?")
_BY_TIME = re.compile(r"eventlog(-\d{4}-\d\d-\d\d--\d\d-\d\d)?(?:\.\w{1,12})?")
_LAST = "~"  # after all times


def parts_of(folder: Path) -> list[Path]:
    """The files of the log that a folder is, in order; none if it is no such folder.

    What was compacted stands for all that is older.
    """
    paths = [path for path in folder.iterdir() if path.is_file()]
    rolled = [(_ROLLED.fullmatch(path.name), path) for path in paths]
    numbered = sorted(
        (int(found[1]), bool(found[2]), path) for found, path in rolled if found
    )
    if numbered:
        compacted = max((n for n, is_compact, _ in numbered if is_compact), default=-1)
        return [
            path
            for number, is_compact, path in numbered
            if number > compacted or (number == compacted and is_compact)
        ]
    by_time = [(_BY_TIME.fullmatch(path.name), path) for path in paths]
    timed = sorted((found[1] or _LAST, path) for found, path in by_time if found)
    return [path for _, path in timed] if len(timed) > 1 else []


@dataclass(slots=True)
class Lines:
    """The lines of a log's files; after the last one it is known what was torn off."""

    sources: Sequence[Source]
    torn: str = ""
    places: list[int] = field(default_factory=lambda: [0])  # lines before each file
    _rest: Iterator[tuple[int, str]] | None = None

    def __iter__(self) -> Iterator[tuple[Source, int, str]]:
        """Source, number in all of the files (from 1) and text of each line."""
        for source in self.sources:
            before, number = self.places[-1], 0
            self._rest = source.lines()
            try:
                for number, line in self._rest:
                    if line.strip():
                        yield source, before + number, line
            except FormatError as error:
                if not (source.is_torn and source is self.sources[-1] and number):
                    raise
                self.torn = f"{error}: what stands before that was read"
            self.places.append(before + number)

    def is_torn_here(self, source: Source) -> bool:
        """Whether the line that was given last is the last of all, and may be torn."""
        if source is not self.sources[-1] or self._rest is None:
            return False
        return all(not line.strip() for _, line in self._rest)

    def where(self, number: int) -> str:
        """Place of a line: ``"line 7"``, of a later file ``"line 7 of events_2_x"``."""
        at = max(k for k, before in enumerate(self.places) if before < number)
        told = f"line {number - self.places[at]}"
        return told if at == 0 else f"{told} of {self.sources[at].name}"
