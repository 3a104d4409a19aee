"""A file, or a text, as every reader takes it: bytes, text or lines, never too many.

Knows compression, encodings and what a bomb looks like; refuses to know any format.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from ..errors import ArgumentError, FormatError, StoreError

HEAD = 1 << 16  # bytes that a sniffer may look at
# A file may unfold to this much whatever its size; beyond, to so many times its size.
ALWAYS_FINE = 256 << 20
MOST_TIMES = 200
MOST = 8 << 30


def _zstd(raw: BinaryIO) -> BinaryIO:
    return pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")


_OPENERS = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x28\xb5\x2f\xfd": _zstd,
}
_UNFIT = {
    b"PK\x03\x04": "a zip archive: unpack it and read what is in it",
    b"LZ4Block": "what Spark compressed by lz4: unpack it by Spark's own codec, or set "
    "`spark.eventLog.compression.codec` to zstd",
}
_MARKS = (  # the longer ones first: UTF-32's begins like UTF-16's
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class Source:
    """What is to be read, unfolded where it was compressed.

    Parameters
    ----------
    given : path-like, str, bytes or binary file
        A str is a path if there is such a file; a text if it has a line break or begins
        like JSON or XML.
    name : str
        What to call it where it is no file.
    """

    def __init__(self, given: Any, name: str = "text"):
        self._name = name
        self.path: Path | None = None
        self._bytes: bytes | None = None
        self.is_torn = False  # known where compressed data were read to their end
        if isinstance(given, bytes | bytearray | memoryview):
            self._bytes = bytes(given)
        elif isinstance(given, str) and _is_text(given):
            self._bytes = given.encode("utf-8", "surrogatepass")
        elif isinstance(given, str | os.PathLike):
            self.path = Path(given)
        elif hasattr(given, "read"):
            content = given.read()
            is_text = isinstance(content, str)
            self._bytes = content.encode("utf-8") if is_text else bytes(content)
        else:
            raise ArgumentError(
                "`source` must be a path, a text, bytes or an open file; got "
                f"{type(given).__name__}"
            )
        self.size = self._stored_size()
        with self.open() as file:
            head = file.read(HEAD)
        self._encoding = next((e for mark, e in _MARKS if head.startswith(mark)), "")
        # For sniffing: as UTF-8 without a mark, whatever the file is written in.
        self.head: bytes = self._as_utf8(head)

    @property
    def name(self) -> str:
        """The file's name, for sniffing and messages; without a file, `name`."""
        return self.path.name if self.path is not None else self._name

    @property
    def stem(self) -> str:
        """The file's name without endings, for a label; ``""`` without a file."""
        if self.path is None:
            return ""
        name = self.path.name
        for ending in (".gz", ".bz2", ".xz", ".zst", ".zstd"):
            name = name.removesuffix(ending)
        return Path(name).stem

    def error(self, what: str, where: str = "") -> FormatError:
        """A FormatError that names this source: ``"build.log, line 7: …"``."""
        place = f"{self.name}, {where}" if where else self.name
        return FormatError(f"{place}: {what}")

    def open(self) -> BinaryIO:
        """The unfolded bytes, to be read once from the beginning.

        Reading raises FormatError where the compressed data are torn, or unfold to
        more than any log would.
        """
        raw = self._raw()
        begins = raw.read(8)
        raw.seek(0)
        for mark, told in _UNFIT.items():
            if begins.startswith(mark):
                raw.close()
                raise self.error(f"expected a log; got {told}")
        for mark, opener in _OPENERS.items():
            if begins.startswith(mark):
                most = min(max(ALWAYS_FINE, MOST_TIMES * self.size), MOST)
                return io.BufferedReader(_Unfolding(self, opener(raw), raw, most))
        return raw

    def utf8(self) -> BinaryIO:
        """As `open`, but as UTF-8 without a mark where a byte order mark says so."""
        if not self._encoding:
            return self.open()
        if self._encoding == "utf-8-sig":
            file = self.open()
            file.read(3)
            return file
        return io.BytesIO(self.text().encode())

    def content(self) -> bytes:
        """All unfolded bytes."""
        with self.open() as file:
            return file.read()

    def text(self) -> str:
        """All of it as text.

        UTF-8, or what a byte order mark says. Bytes that are no such text stay, written
        with backslashes: a command's argument may hold anything.

        Raises
        ------
        FormatError
            If it is binary: text holds no NUL.
        """
        with self._decoded() as file:
            text = file.read()
        self.refuse_nul(text, 1)
        return text

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number (from 1) and text of each line, without its end; as `text`.

        Lines end as universal newlines do, and nowhere else.
        """
        with self._decoded() as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    self.refuse_nul(line, number)
                yield number, line.rstrip("\n")

    def refuse_nul(self, text: str, number: int) -> None:
        """A FormatError if there is a NUL in `text`, which begins in line `number`."""
        at = text.find("\0")
        if at >= 0:
            number += text.count("\n", 0, at)
            raise self.error(
                "expected text; got a NUL, as binary files have and UTF-16 without a "
                "byte order mark",
                f"line {number}",
            )

    def _decoded(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(
            self.open(),
            encoding=self._encoding or "utf-8",
            errors="backslashreplace",
        )

    def _as_utf8(self, head: bytes) -> bytes:
        if not self._encoding:
            return head
        return head.decode(self._encoding, "ignore").encode()

    def _stored_size(self) -> int:
        if self._bytes is not None:
            return len(self._bytes)
        try:
            if self.path.is_dir():
                raise ArgumentError(f"{self.path} is a folder; name a file in it")
            return self.path.stat().st_size
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error

    def _raw(self) -> BinaryIO:
        if self._bytes is not None:
            return io.BytesIO(self._bytes)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> Exception:
        if isinstance(error, ArgumentError):
            return error
        told = getattr(error, "strerror", None) or error
        hint = (
            " A text is told from a path by a line break in it."
            if isinstance(error, FileNotFoundError)
            else ""
        )
        made = StoreError(f"cannot read {self.path}: {told}.{hint}")
        made.errno = getattr(error, "errno", None)
        return made


class _Unfolding(io.RawIOBase):
    """A decompressed stream that ends in an error where it grows beyond belief."""

    def __init__(self, source: Source, stream: BinaryIO, raw: BinaryIO, most: int):
        self._source, self._stream, self._raw = source, stream, raw
        self._most, self._n_read = most, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        try:
            got = self._stream.read(len(buffer))
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            self._source.is_torn = True
            raise self._source.error(
                f"its compressed data are torn or damaged ({error})"
            ) from error
        self._n_read += len(got)
        if self._n_read > self._most:
            raise self._source.error(
                f"{self._source.size:,} bytes unfold to more than {self._most:,}, "
                "which no log does; unpack it yourself if it is meant"
            )
        buffer[: len(got)] = got
        return len(got)

    def close(self):
        if not self.closed:
            self._stream.close()
            self._raw.close()
        super().close()


def _is_text(given: str) -> bool:
    """Whether a str is the content itself rather than a path."""
    if "\n" in given or "\r" in given:
        return True
    return given.lstrip()[:1] in {"{", "[", "<"} and not os.path.exists(given)
