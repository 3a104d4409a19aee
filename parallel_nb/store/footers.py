"""What a file of ours says of itself, read from the end of the file alone.

Knows where in a Parquet footer our entry stands; refuses to know what else is in a
footer, and what the entry means. Lists of many files need nothing but this entry, and
reading the rest takes ten times as long.
"""

from __future__ import annotations

import os
from typing import BinaryIO, NamedTuple

from .headers import KEY

_AT_FIRST = 1 << 14  # bytes; most footers are shorter
_ENDS = 8  # bytes: length of the footer, and the magic
# Thrift, compact: field 1 of a struct, a text; its length; the text; field 2, a text.
_MARK = b"\x18" + bytes([len(KEY)]) + KEY + b"\x18"


class Ends(NamedTuple):
    """Of a file, as much as tells whether it is whole, and what it is."""

    size: int  # bytes
    begins: bytes  # four
    ends: bytes  # four
    entry: bytes | None  # ours; None where a proper reader of footers must look


def ends_of(file: BinaryIO) -> Ends:
    """Both ends of an open file.

    References
    ----------
    Apache Parquet, *File Format*, for the order of a footer's parts: entries such as
    ours come after all that could hold a text of somebody else's. Apache Thrift,
    *Compact protocol encoding*, for the marks and for lengths.
    """
    size = file.seek(0, os.SEEK_END)
    tail = _last(file, size, _AT_FIRST)
    length = int.from_bytes(tail[-_ENDS:-4], "little")
    if len(tail) < length + _ENDS <= size:
        tail = _last(file, size, length + _ENDS)
    if len(tail) == size:
        begins = tail[:4]
    else:
        file.seek(0)
        begins = file.read(4)
    is_there = _ENDS + length <= len(tail)
    footer = tail[-_ENDS - length : -_ENDS] if is_there else b""
    return Ends(size, begins, tail[-4:], _entry(footer))


def _last(file: BinaryIO, size: int, n: int) -> bytes:
    file.seek(max(0, size - n))
    return file.read()


def _entry(footer: bytes) -> bytes | None:
    at = footer.rfind(_MARK)
    if at < 0:
        return None
    at += len(_MARK)
    length = shift = 0
    for byte in footer[at : at + 5]:  # seven bits each, the lowest first
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    end = at + length
    # A struct ends with a zero.
    return footer[at:end] if footer[end : end + 1] == b"\0" else None
