"""What a journal's file is made of: bytes from records, and records from bytes.

Knows the layout and its version, and whether what it reads is whole; refuses to know
who writes when, and what becomes of the rows.
"""

import json
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np

from ...errors import StoreError
from .. import worker
from ..collecting import RECORD_DTYPE, Origin

# A file begins with these bytes, as a PNG does, so that a copy in text mode shows.
MAGIC = b"\x89PNB-journal\r\n\x1a\n"
VERSION = 1
_START = struct.Struct("<16sI")
START_SIZE = _START.size

# kind, length of the body, CRC-32 of the body, CRC-32 of the three before
_HEAD = struct.Struct("<BxxxQI")
_CRC = struct.Struct("<I")
HEAD_SIZE = _HEAD.size + _CRC.size

HEADER, BLOCK, STARTUPS, GROWTH, END = range(1, 6)

# rows, lane, pid, thread, chunk number, ready, submitted, received, bytes of the input,
# bytes of: host, failures, results; flags
_BLOCK = struct.Struct("<QiqQqddddHQQB")
_IS_PEEK, _IS_SIZED, _IS_BARE, _HAS_FINGERPRINTS = 1, 2, 4, 8
FINGERPRINT = np.dtype("V16")


class Torn(Exception):
    """The file ends within a record."""


class Damaged(Exception):
    """Bytes are not those that were written."""


class Block(NamedTuple):
    """Rows that came home together."""

    records: np.ndarray  # of RECORD_DTYPE
    tasks: np.ndarray  # int64, positions in the batch
    origin: Origin
    number: int  # of the chunk, from 1; -1: they never travelled
    ready: float  # this and the next two: s, on the clock of the host
    submitted: float
    received: float
    in_bytes: float
    failures: dict  # row of the block -> (line, traceback, types)
    line: str  # what is to be said of each row
    fingerprints: np.ndarray | None  # of FINGERPRINT; zeros: unknown
    sizes: np.ndarray  # int64, bytes of the results' pickles; -1: there is none
    is_bare: bool  # whether an invalid result stands alone, not beside its failure
    is_peek: bool  # whether it was seen on its way, and comes again
    results_at: int = 0  # where the pickles begin in the file


def start() -> bytes:
    """The first bytes of a journal."""
    return _START.pack(MAGIC, VERSION)


def check_start(path: Any, begins: bytes) -> None:
    """Whether a file is a journal that this version reads.

    Raises
    ------
    StoreError
        If not.
    """
    if not begins:
        raise StoreError(f"{path} is not a journal: it is empty")
    if begins[: len(MAGIC)] != MAGIC[: len(begins)]:
        raise StoreError(
            f"{path} is not a journal. `load` reads the run files that `save` writes."
        )
    if len(begins) < START_SIZE:
        raise StoreError(f"{path} is torn before its first record: nothing is in it")
    version = _START.unpack(begins)[1]
    if not 1 <= version <= VERSION:
        raise StoreError(
            f"{path} is a journal of format {version}; this version of parallel_nb "
            f"reads formats up to {VERSION}. Upgrade: `pip install -U parallel-nb`."
        )


def record_head(kind: int, parts: list) -> bytes:
    """What stands before a body that is made of these parts."""
    checksum = length = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
        length += len(part)
    head = _HEAD.pack(kind, length, checksum)
    return head + _CRC.pack(zlib.crc32(head))


def read_record(file: Any, rest: int) -> tuple[int, bytes]:
    """Kind and body of the next record.

    Parameters
    ----------
    file : binary file
        At the beginning of a record.
    rest : int
        Bytes from here to the end.

    Raises
    ------
    Torn
        If the file ends before the record does.
    Damaged
        If it is not what was written.
    """
    head = file.read(min(HEAD_SIZE, rest))
    if len(head) < HEAD_SIZE:
        raise Torn
    if zlib.crc32(head[: _HEAD.size]) != _CRC.unpack_from(head, _HEAD.size)[0]:
        raise Damaged
    kind, length, checksum = _HEAD.unpack_from(head)
    if length > rest - HEAD_SIZE:
        raise Torn
    body = file.read(length)
    if len(body) < length:
        raise Torn
    if zlib.crc32(body) != checksum:
        raise Damaged
    return kind, body


def json_parts(fields: Any) -> list:
    """The body of a record that is not a block."""
    return [json.dumps(fields, separators=(",", ":"), default=str).encode()]


def json_fields(body: bytes) -> Any:
    """What `json_parts` was given."""
    return json.loads(body)


def block_parts(block: Block, results: list) -> list:
    """The body of a block; the results' pickles are passed on as they are."""
    failures = b""
    if block.failures or block.line:
        told = [[row, *failure] for row, failure in block.failures.items()]
        failures = json.dumps([block.line, told]).encode()
    origin, host = block.origin, block.origin.host.encode("utf-8", "replace")
    is_sized = not np.array_equal(block.sizes, block.records["size"])
    flags = (
        _IS_PEEK * block.is_peek
        | _IS_SIZED * is_sized
        | _IS_BARE * block.is_bare
        | _HAS_FINGERPRINTS * (block.fingerprints is not None)
    )
    head = _BLOCK.pack(
        len(block.records),
        origin.lane,
        origin.pid,
        origin.thread,
        block.number,
        block.ready,
        block.submitted,
        block.received,
        block.in_bytes,
        len(host),
        len(failures),
        sum(map(len, results)),
        flags,
    )
    parts = [head, host, failures, block.tasks.tobytes(), block.records.tobytes()]
    if block.fingerprints is not None:
        parts.append(block.fingerprints.tobytes())
    if is_sized:
        parts.append(block.sizes.tobytes())
    return parts + results


def read_block(body: bytes, at: int) -> Block:
    """A block from its body, which begins at `at` in the file.

    Raises
    ------
    Damaged
        If its parts do not add up.
    """
    try:
        n, lane, pid, thread, *times, n_host, n_failures, n_results, flags = (
            _BLOCK.unpack_from(body)
        )
        took = _BLOCK.size

        def take(size):
            nonlocal took
            took += size
            return body[took - size : took]

        host = take(n_host).decode()
        line, told = json.loads(take(n_failures) or '["", []]')
        tasks = np.frombuffer(take(8 * n), "<i8")
        records = np.frombuffer(take(RECORD_DTYPE.itemsize * n), RECORD_DTYPE)
        fingerprints = None
        if flags & _HAS_FINGERPRINTS:
            fingerprints = np.frombuffer(take(16 * n), FINGERPRINT)
        sizes = records["size"]
        if flags & _IS_SIZED:
            sizes = np.frombuffer(take(8 * n), "<i8")
    except (struct.error, ValueError, TypeError) as error:
        raise Damaged from error
    if took + n_results != len(body) or len(records) != n:
        raise Damaged
    number, ready, submitted, received, in_bytes = times
    return Block(
        records,
        tasks,
        Origin(lane, pid, thread, host),
        number,
        ready,
        submitted,
        received,
        in_bytes,
        {row: (why, text, tuple(types)) for row, why, text, types in told},
        line,
        fingerprints,
        sizes,
        bool(flags & _IS_BARE),
        bool(flags & _IS_PEEK),
        at + took,
    )


def has_result(block: Block) -> np.ndarray:
    """Whether there is a result in the file, of each row."""
    status = block.records["status"]
    is_kept = (status == worker.DONE) | (status == worker.INVALID)
    # A shell's or a thread's result has its size beside its record.
    return is_kept & (block.sizes > 0)
