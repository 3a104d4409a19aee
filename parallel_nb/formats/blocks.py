"""Lines of fields between tabs, some MB at once → columns, without an object a field.

Knows lines, tabs and numbers; refuses to know what is wrong with lines it cannot take.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from .source import Source

SIZE = 8 << 20  # bytes at once
_MOST = 1 << 30  # bytes of one line; Arrow counts in 32 bits
_FOR_TAB = b"\x1f"  # stands for a tab within the last field


@dataclass(frozen=True, slots=True)
class Lines:
    """Some whole lines of a file, as UTF-8."""

    content: bytes
    first: int  # number of the first line, from 1
    is_last: bool

    def texts(self, source: Source) -> Iterator[tuple[int, str]]:
        """As `Source.lines`."""
        with io.TextIOWrapper(
            io.BytesIO(self.content), encoding="utf-8", errors="backslashreplace"
        ) as file:
            for number, line in enumerate(file, self.first):
                if "\0" in line:
                    source.refuse_nul(line, number)
                yield number, line.rstrip("\n")

    @property
    def n_lines(self) -> int:
        """How many lines these are, by universal newlines."""
        content = self.content
        n_lines = content.count(b"\n")
        if b"\r" in content:
            n_lines += content.count(b"\r") - content.count(b"\r\n")
        return n_lines + (content[-1:] not in {b"\n", b"\r", b""})


def blocks_of_lines(source: Source) -> Iterator[Lines]:
    """A file in pieces that each end where a line does."""
    with source.utf8() as stream:
        pending, number = b"", 1
        while block := stream.read(max(SIZE, len(pending))):
            cut = block.rfind(b"\n") + 1
            if not cut:
                pending += block
                continue
            lines = Lines(pending + block[:cut], number, False)
            pending = block[cut:]
            yield lines
            number += lines.n_lines
        if pending:
            yield Lines(pending, number, True)


def columns_of(
    lines: Lines, types: Mapping[str, pa.DataType | None], *, skip: int = 0
) -> tuple[np.ndarray, dict[str, pa.Array]] | None:
    r"""The number of each line and its fields; None where one is not as it should be.

    Parameters
    ----------
    types : mapping of str to DataType
        A name and a type for each field, None for those that nobody wants. The last
        one may hold tabs.
    skip : int
        Lines with a lower number, such as those of names, are left out.

    Examples
    --------
    >>> lines = Lines(b"1\tone\n\n2\ttwo\twords\n", first=1, is_last=True)
    >>> numbers, found = columns_of(lines, {"n": pa.int64(), "text": pa.string()})
    >>> numbers.tolist(), found["n"].to_pylist(), found["text"].to_pylist()
    ([1, 3], [1, 2], ['one', 'two\twords'])
    """
    content = lines.content
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    if len(content) > _MOST or any(odd in content for odd in (b"\r", b"\0", _FOR_TAB)):
        return None
    first = lines.first
    while first < skip:
        content, first = content.partition(b"\n")[2], first + 1
    content = content if content.endswith(b"\n") else content + b"\n"
    bytes_ = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(bytes_ == ord("\n"))
    is_blank = np.diff(ends, prepend=-1) == 1
    tabs = np.flatnonzero(bytes_ == ord("\t"))
    n_before = np.searchsorted(tabs, ends)
    n_tabs = np.diff(n_before, prepend=0)
    n_needed = len(types) - 1
    if (n_tabs < n_needed)[~is_blank].any():
        return None
    has_more = bool((n_tabs > n_needed).any())
    if has_more:
        rank = np.arange(len(tabs)) - np.repeat(n_before - n_tabs, n_tabs)
        bytes_ = bytes_.copy()
        bytes_[tabs[rank >= n_needed]] = ord(_FOR_TAB)
    numbers = np.flatnonzero(~is_blank) + first
    wanted = {name: each for name, each in types.items() if each is not None}
    if not len(numbers):
        return None
    try:
        table = csv.read_csv(
            pa.py_buffer(bytes_),
            csv.ReadOptions(
                use_threads=False, block_size=len(bytes_) + 1, column_names=list(types)
            ),
            csv.ParseOptions(delimiter="\t", quote_char=False, escape_char=False),
            csv.ConvertOptions(
                column_types=wanted, include_columns=list(wanted), null_values=[]
            ),
        ).combine_chunks()
    except pa.ArrowInvalid:
        return None
    if len(table) != len(numbers):
        return None
    found = {name: _whole(table[name]) for name in wanted}
    if has_more:
        last = list(types)[-1]
        found[last] = pc.replace_substring(found[last], _FOR_TAB.decode(), "\t")
    return numbers, found


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
