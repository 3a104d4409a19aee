"""Memory shared by a lane's process and its parent: what was done outlives the worker.

Every finished attempt stands here, result included, before the next one starts; the
attempt in progress is marked. Whatever then kills the process, the parent reads who did
it and loses nothing. It knows bytes and positions, not processes.
"""

import mmap
import struct

from .worker import OPEN, RECORD, WINDOW, clock, pickle_result

# Bytes of results, finished records, attempt in progress (position or _NONE), when it
# started. A kill may come between any two of them: results must be there before they
# count. In native format each is stored at once; in others, byte by byte.
_HEAD = struct.Struct("@qqqd")
_COUNT, _COUNT_AT = struct.Struct("@q"), 8
_NONE = -1
_UNTOUCHED = -2
_RECORDS = 4096
_RESULTS = 1 << 18
_RECORDS_AT = _HEAD.size
_RESULTS_AT = _RECORDS_AT + _RECORDS * RECORD.size
SIZE = _RESULTS_AT + _RESULTS


class Slate:
    """The worker's side: a sink for `worker.Chunk`.

    Parameters
    ----------
    memory : mmap
        `SIZE` shared bytes.
    send : callable
        ``send(records, payload)`` takes full blocks home through the lane's socket.
    """

    def __init__(self, memory, send):
        self._memory = memory
        self._send = send
        self._count = self._used = 0
        self.interrupted = None

    def decode(self):
        """Forget the last chunk; no attempt is to blame while inputs are unpickled."""
        self._clear(_NONE)

    def start(self):
        """The first attempt begins; `put` marks each one after it."""
        self._clear(0)

    def _clear(self, position):
        self._count = self._used = 0
        # No record may count while its result does not.
        _COUNT.pack_into(self._memory, _COUNT_AT, 0)
        _HEAD.pack_into(self._memory, 0, 0, 0, position, clock())

    def put(self, position, started, ended, status, result, window=OPEN):
        status, data = pickle_result(status, result)
        size = len(data)
        if self._count == _RECORDS or self._used + size > _RESULTS:
            self._flush(position)
            if size > _RESULTS:
                record = RECORD.pack(position, started, ended, status, size, *window)
                self._send(record, data)
                self._clear(position + 1)
                return
        memory = self._memory
        at = _RESULTS_AT + self._used
        memory[at : at + size] = data
        at = _RECORDS_AT + self._count * RECORD.size
        RECORD.pack_into(memory, at, position, started, ended, status, size, *window)
        self._count += 1
        self._used += size
        # The record counts from here on, and from here on the next one is to blame.
        _HEAD.pack_into(memory, 0, self._used, self._count, position + 1, ended)

    def close(self, cpu, wall, max_rss):
        if self._count:
            at = _RECORDS_AT + self._count * RECORD.size - WINDOW.size
            WINDOW.pack_into(self._memory, at, cpu, wall, max_rss)

    def _flush(self, position):
        if self._count:
            self._send(*_read(self._memory, self._count, self._used))
        self._clear(position)

    def finish(self):
        block = _read(self._memory, self._count, self._used)
        return [block] if self._count else []


def _read(memory, count, used):
    records = memory[_RECORDS_AT : _RECORDS_AT + count * RECORD.size]
    return records, memory[_RESULTS_AT : _RESULTS_AT + used]


def wipe(memory):
    """Before a call is sent: nothing on the slate, and nobody has touched it."""
    _HEAD.pack_into(memory, 0, 0, 0, _UNTOUCHED, 0.0)


def is_untouched(memory):
    """Whether the process died before it took the call: then no task is to blame."""
    return _HEAD.unpack_from(memory, 0)[2] == _UNTOUCHED


def started(memory):
    """When the attempt in progress began, on the host's clock; None between two."""
    _, _, position, began = _HEAD.unpack_from(memory, 0)
    return began if position >= 0 else None


def peek(memory):
    """Finished attempts while the process goes on: ``(records, payload)``, or None.

    None also where it was just then clearing its slate.
    """
    used, count, position, _ = _HEAD.unpack_from(memory, 0)
    if not count:
        return None
    block = _read(memory, count, used)
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
    return *_read(memory, count, used), position if position >= 0 else None, started


def new_memory():
    """`SIZE` zeroed bytes as ``(mmap, file)``; the file is what a child maps."""
    import tempfile

    file = tempfile.TemporaryFile(prefix="parallel_nb-")  # noqa: SIM115
    file.truncate(SIZE)
    return mmap.mmap(file.fileno(), SIZE), file


def open_memory(fd):
    """The same bytes in the child, which inherited `fd`."""
    return mmap.mmap(fd, SIZE)
