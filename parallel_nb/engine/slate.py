"""Memory shared by a lane's process and its parent: what was done outlives the worker.

Every finished attempt stands here, result included, before the next one starts; the
attempt in progress is marked. Whatever then kills the process, the parent reads who did
it and loses nothing. It knows bytes and positions, not processes.
"""

import mmap
import struct
from typing import NamedTuple

from .worker import OPEN, RECORD, WINDOW, clock, pickle_result

# Bytes of results, finished records, attempt in progress (position or _NONE), when it
# started. A kill may come between any two of them: results must be there before they
# count. In native format each is stored at once; in others, byte by byte.
_HEAD = struct.Struct("@qqqd")
_COUNT, _COUNT_AT = struct.Struct("@q"), 8
_NONE = -1
_UNTOUCHED = -2
# When the worker's set-up began and ended, if it was in this call.
_SETUP, _SETUP_AT = struct.Struct("@dd"), _HEAD.size


class Layout(NamedTuple):
    """Where things are in shared memory."""

    records_at: int  # bytes
    n_records: int
    n_bytes: int  # of results

    @property
    def results_at(self):
        """Where results begin, in bytes."""
        return self.records_at + self.n_records * RECORD.size

    @property
    def size(self):
        """Bytes of all of it."""
        return self.results_at + self.n_bytes


LANE = Layout(_SETUP_AT + _SETUP.size, 4096, 1 << 18)


class Slate:
    """The worker's side: a sink for `worker.Chunk`.

    Parameters
    ----------
    memory : mmap
        ``layout.size`` shared bytes.
    send : callable
        ``send(records, payload)`` takes full blocks home through the lane's socket.
    layout : Layout
    """

    def __init__(self, memory, send, layout=LANE):
        self._memory = memory
        self._send = send
        self._layout = layout
        self._records_at, self._n_records, self._n_bytes = layout
        self._results_at = layout.results_at
        self._count = self._used = 0
        self.interrupted = None

    def decode(self):
        """Forget the last chunk; no attempt is to blame while inputs are unpickled."""
        self._clear(_NONE)

    def start(self):
        """The first attempt begins; `put` marks each one after it."""
        self._clear(0)

    def set_up(self, began, ended):
        """The worker's set-up was in this call: the first task may take it along."""
        _SETUP.pack_into(self._memory, _SETUP_AT, began, ended)

    def _clear(self, position):
        self._count = self._used = 0
        # No record may count while its result does not.
        _COUNT.pack_into(self._memory, _COUNT_AT, 0)
        _HEAD.pack_into(self._memory, 0, 0, 0, position, clock())

    def put(self, position, started, ended, status, result, window=OPEN):
        status, data = pickle_result(status, result)
        size = len(data)
        if self._count == self._n_records or self._used + size > self._n_bytes:
            record = RECORD.pack(position, started, ended, status, size, *window)
            if self._turn_over(position, record, data):
                return
        memory = self._memory
        at = self._results_at + self._used
        memory[at : at + size] = data
        at = self._records_at + self._count * RECORD.size
        RECORD.pack_into(memory, at, position, started, ended, status, size, *window)
        self._count += 1
        self._used += size
        # The record counts from here on, and from here on the next one is to blame.
        _HEAD.pack_into(memory, 0, self._used, self._count, position + 1, ended)

    def close(self, cpu, wall, max_rss):
        if self._count:
            at = self._records_at + self._count * RECORD.size - WINDOW.size
            WINDOW.pack_into(self._memory, at, cpu, wall, max_rss)

    def _turn_over(self, position, record, data):
        """There is no room: send what is here; whether `record` has gone, too."""
        if self._count:
            self._send(*_read(self._memory, self._count, self._used, self._layout))
        self._clear(position)
        if len(data) <= self._n_bytes:
            return False
        self._send(record, data)
        self._clear(position + 1)
        return True

    def finish(self):
        block = _read(self._memory, self._count, self._used, self._layout)
        return [block] if self._count else []


def _read(memory, count, used, layout, first=0, skip=0):
    """Records from `first` on, and results from byte `skip` on."""
    size, at, results_at = RECORD.size, layout.records_at, layout.results_at
    records = memory[at + first * size : at + count * size]
    return records, memory[results_at + skip : results_at + used]


def wipe(memory):
    """Before a call is sent: nothing on the slate, and nobody has touched it."""
    _HEAD.pack_into(memory, 0, 0, 0, _UNTOUCHED, 0.0)
    _SETUP.pack_into(memory, _SETUP_AT, 0.0, 0.0)


def is_untouched(memory):
    """Whether the process died before it took the call: then no task is to blame."""
    return _HEAD.unpack_from(memory, 0)[2] == _UNTOUCHED


def setup_of(memory):
    """When the set-up of this call began and ended; None if there was none."""
    began, ended = _SETUP.unpack_from(memory, _SETUP_AT)
    return (began, ended) if ended else None


def started(memory):
    """When the attempt in progress began, on the host's clock; None between two."""
    _, _, position, began = _HEAD.unpack_from(memory, 0)
    return began if position >= 0 else None


def peek(memory, layout=LANE, first=0, skip=0):
    """Finished attempts while the process goes on: ``(records, payload)``, or None.

    None also where it was just then clearing its slate.

    Parameters
    ----------
    memory : mmap
    layout : Layout
    first, skip : int
        How many records, and bytes of their results, are known already.
    """
    used, count, position, _ = _HEAD.unpack_from(memory, 0)
    if count <= first or used < skip:
        return None
    block = _read(memory, count, used, layout, first, skip)
    _, n, later, _ = _HEAD.unpack_from(memory, 0)
    # Both grow by one at a time until the slate is cleared.
    is_same = n >= count and later - n == position - count
    return block if is_same else None


def salvage(memory):
    """What a dead worker left: ``(records, payload, position, started)``.

    Returns
    -------
    records, payload : bytes
        Finished attempts; the last block sent may hold some of them, too.
    position : int or None
        The attempt in progress; None when the worker was between unpickling and its
        first attempt, or had finished them all.
    started : float
        When that began, on the host's clock.
    """
    used, count, position, started = _HEAD.unpack_from(memory, 0)
    block = _read(memory, count, used, LANE)
    return *block, position if position >= 0 else None, started


def new_memory():
    """Zeroed bytes for a lane as ``(mmap, file)``; the file is what a child maps."""
    import tempfile

    file = tempfile.TemporaryFile(prefix="parallel_nb-")  # noqa: SIM115
    file.truncate(LANE.size)
    return mmap.mmap(file.fileno(), LANE.size), file


def open_memory(fd):
    """The same bytes in the child, which inherited `fd`."""
    return mmap.mmap(fd, LANE.size)
