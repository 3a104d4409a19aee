"""Messages between a lane and its parent over one private socket.

A frame is a kind, a length and bytes. The worker's side may block; the parent's never
waits for a peer that is stopped, dead, or dead with a grandchild holding the socket.
"""

import math
import os
import select
import socket
import struct
import time

_HEAD = struct.Struct("<BQ")

HELLO, JOB, BLOCK, RESULT, ERROR = range(1, 6)
# Exit code of a worker that cannot send: some task of the chunk closed its socket.
CUT_OFF = 113

_READ_AT_ONCE = 1 << 16
_LARGE = 1 << 20
# Where the OS has no pidfd, a death is seen by asking this often (seconds).
_ASK_EVERY = 0.05
# Seconds that are waited at once; the OS counts no more than 24 days.
_AT_ONCE = 3600.0


class PeerDied(Exception):
    """The worker's process ended; everything it had sent has been received."""


class PeerClosed(Exception):
    """The worker closed its socket but lives on."""


def write_frame(sock, kind, *parts):
    """Send one frame, blocking; the worker's side."""
    size = sum(map(len, parts))
    head = _HEAD.pack(kind, size)
    if size < _READ_AT_ONCE:
        sock.sendall(b"".join((head, *parts)))
        return
    sock.sendall(head)
    for part in parts:
        sock.sendall(part)


def read_frame(sock, timeout=None):
    """Receive one frame, blocking; None at the end of the stream or after `timeout`."""
    sock.settimeout(timeout)
    try:
        head = _read_exactly(sock, _HEAD.size)
    except TimeoutError:
        return None
    sock.settimeout(None)
    if head is None:
        return None
    kind, size = _HEAD.unpack(head)
    body = _read_exactly(sock, size)
    return None if body is None else (kind, body)


def _read_exactly(sock, size):
    buffer = bytearray(size)
    view = memoryview(buffer)
    at = 0
    while at < size:
        n = sock.recv_into(view[at:])
        if n == 0:
            return None
        at += n
    return buffer


class Channel:
    """The parent's side of a lane's socket.

    Parameters
    ----------
    sock : socket
        Made non-blocking here.
    process : subprocess.Popen
        Watched by pidfd where there is one, so that its death is seen at once although
        a grandchild may keep the socket open.
    """

    def __init__(self, sock, process):
        sock.setblocking(False)
        self._sock = sock
        self._process = process
        self._buffer = bytearray()
        self._large = None  # a large frame's kind, body and bytes received so far
        try:
            self._pidfd = os.pidfd_open(process.pid)
        except (AttributeError, OSError):
            self._pidfd = None
        self._readable = self._poller(select.POLLIN)
        self._writable = self._poller(select.POLLOUT)

    def _poller(self, event):
        poll = select.poll()
        poll.register(self._sock, event)
        if self._pidfd is not None:
            poll.register(self._pidfd, select.POLLIN)
        return poll

    def _wait(self, poll, until=None):
        """True when the socket is ready, False when the process has ended.

        TimeoutError when neither is so until a time of `time.monotonic`.
        """
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            if self._pidfd is None:
                left = _ASK_EVERY if left is None else min(left, _ASK_EVERY)
            wait = None if left is None else math.ceil(min(left, _AT_ONCE) * 1000)
            ready = poll.poll(wait)
            if ready:
                return any(fd != self._pidfd for fd, _ in ready)
            if self._pidfd is None and self._process.poll() is not None:
                return False
            if until is not None and time.monotonic() >= until:
                raise TimeoutError

    def send(self, kind, *parts):
        """Send one frame; PeerDied or PeerClosed when it cannot arrive."""
        size = sum(map(len, parts))
        views = [memoryview(p) for p in (_HEAD.pack(kind, size), *parts) if len(p)]
        while views:
            try:
                sent = self._sock.sendmsg(views)
            except BlockingIOError:
                if not self._wait(self._writable):
                    raise PeerDied from None
                continue
            except (BrokenPipeError, ConnectionResetError):
                raise self._why() from None
            while views and sent >= len(views[0]):
                sent -= len(views.pop(0))
            if sent:
                views[0] = views[0][sent:]

    def receive(self, until=None):
        """The next frame as ``(kind, bytes)``; PeerDied or PeerClosed at the end.

        TimeoutError when there is none until a time of `time.monotonic`; what has come
        of it is not lost.
        """
        while (frame := self._parse()) is None:
            try:
                ended = not self._read()
            except BlockingIOError:
                if not self._wait(self._readable, until):
                    self._drain()
                    if (frame := self._parse()) is not None:
                        return frame
                    raise PeerDied from None
                continue
            except ConnectionResetError:
                raise self._why() from None
            if ended:
                raise self._why()
        return frame

    def _read(self):
        """Take what is there; False at the end of the stream."""
        if self._large is not None:
            kind, body, at = self._large
            n = self._sock.recv_into(memoryview(body)[at:])
            self._large = kind, body, at + n
            return n > 0
        data = self._sock.recv(_READ_AT_ONCE)
        self._buffer += data
        return bool(data)

    def _drain(self):
        """Take what the kernel still holds of a process that has ended."""
        while True:
            try:
                if not self._read():
                    return
            except (BlockingIOError, ConnectionResetError):
                return

    def _parse(self):
        if self._large is not None:
            kind, body, at = self._large
            if at < len(body):
                return None
            self._large = None
            return kind, body
        buffer = self._buffer
        if len(buffer) < _HEAD.size:
            return None
        kind, size = _HEAD.unpack_from(buffer)
        end = _HEAD.size + size
        if len(buffer) < end:
            if size > _LARGE:
                # Received in place: growing a buffer would copy it again and again.
                at = len(buffer) - _HEAD.size
                body = bytearray(size)
                body[:at] = memoryview(buffer)[_HEAD.size :]
                self._large, self._buffer = (kind, body, at), bytearray()
            return None
        if len(buffer) == end:
            # The common case: hand the bytes over instead of copying what follows.
            body, self._buffer = bytes(memoryview(buffer)[_HEAD.size :]), bytearray()
        else:
            body = bytes(memoryview(buffer)[_HEAD.size : end])
            self._buffer = buffer[end:]
        return kind, body

    def _why(self):
        """A process that ends closes its socket a moment before one can wait for it."""
        if self._pidfd is None:
            for _ in range(10):
                if self._process.poll() is not None:
                    return PeerDied()
                time.sleep(0.01)
            return PeerClosed()
        # Not select(): it refuses descriptors above 1023.
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return PeerDied() if poll.poll(100) else PeerClosed()

    def await_end(self, until=None):
        """Wait for the end of a process that has closed its socket: PeerDied then.

        TimeoutError when it lives on at a time of `time.monotonic`.
        """
        poll = select.poll()
        if self._pidfd is not None:
            poll.register(self._pidfd, select.POLLIN)
        while self._wait(poll, until):
            pass
        raise PeerDied

    def close(self):
        self._sock.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


def socket_pair():
    """Two connected sockets: the parent's and the worker's end."""
    return socket.socketpair()
