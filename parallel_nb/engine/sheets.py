"""Memory that shows a chunk's finished attempts before the chunk comes home.

A sheet lies in no folder: it is memory of the parent's that a worker of the same
machine finds among the parent's open files. Whatever ends either of them leaves nothing
behind. Knows bytes and positions, as `slate` does; refuses to know pools.
"""

import mmap
import os
import stat
import struct
import threading
import uuid

from . import slate, worker

# After the slate's own head: whose sheet it is, then who writes it (process, thread).
_TOKEN_AT = slate.LANE.records_at
_WRITER, _WRITER_AT = struct.Struct("@qq"), _TOKEN_AT + 16
# Memory is taken as it is used: this is more than what ends within a chunk's time.
LAYOUT = slate.Layout(_WRITER_AT + _WRITER.size, 1 << 17, 1 << 28)


class Sheet:
    """The parent's side, for one chunk.

    Raises
    ------
    OSError
        If there is no memory for it.

    Attributes
    ----------
    address : tuple
        What a worker needs to find it, for `opened`.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._known = 0, 0
        self._fd = os.memfd_create("parallel_nb-sheet")
        try:
            os.ftruncate(self._fd, LAYOUT.size)
            self._memory = mmap.mmap(self._fd, LAYOUT.size)
        except BaseException:
            os.close(self._fd)
            raise
        token = uuid.uuid4().bytes
        self._memory[_TOKEN_AT : _TOKEN_AT + 16] = token
        self.address = f"/proc/{os.getpid()}/fd/{self._fd}", token

    def news(self):
        """What has ended since the last time: ``(blocks, pid, thread)``."""
        return self._read(*self._known)

    def all(self):
        """What has ended: ``(blocks, pid, thread)``."""
        return self._read(0, 0)

    def _read(self, first, skip):
        with self._lock:
            if self._memory is None:
                return [], 0, 0
            block = slate.peek(self._memory, LAYOUT, first, skip)
            writer = _WRITER.unpack_from(self._memory, _WRITER_AT)
        if block is None:
            return [], *writer
        records, payload = block
        self._known = first + len(records) // worker.RECORD.size, skip + len(payload)
        return [block], *writer

    def close(self):
        """Give the memory back; a worker that still has it keeps its part."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None
                os.close(self._fd)


def new_sheet():
    """A `Sheet`, or None where the system has none to give."""
    try:
        return Sheet() if os.path.isdir("/proc/self/fd") else None
    except (AttributeError, OSError):
        return None


class _Writing(slate.Slate):
    """The worker's side: a sink for `worker.Chunk`, which ends when there is no room.

    What is here stays here until the chunk is home.
    """

    def __init__(self, memory):
        super().__init__(memory, None, LAYOUT)
        self._last = []

    def _turn_over(self, position, record, data):
        self._last = [(record, bytes(data))]
        raise worker.Full

    def finish(self):
        blocks = super().finish() + self._last
        self._memory.close()
        return blocks


def opened(address):
    """A sink that writes to a parent's sheet; None where that cannot be reached.

    Its name may be another file's by now, or that of a file on another machine: the
    token tells.
    """
    path, token = address
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size != LAYOUT.size:
            return None
        memory = mmap.mmap(fd, LAYOUT.size)
    except OSError:
        return None
    finally:
        os.close(fd)
    if memory[_TOKEN_AT : _TOKEN_AT + 16] != token:
        return None
    _WRITER.pack_into(memory, _WRITER_AT, os.getpid(), threading.get_ident())
    return _Writing(memory)
