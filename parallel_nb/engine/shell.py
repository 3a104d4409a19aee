"""Runs one shell command from a thread of the parent: bounded output, exact CPU time.

Knows processes and pipes; nothing of batches.
"""

import math
import os
import selectors
import signal
import subprocess
import threading
import time

from ..tasks import Shell, ShellResult, failed_check
from ..tasks.printed import last_words, plain
from . import warden
from .lanes import describe_exit
from .limits import seconds_of
from .worker import clock, peak_memory

_KEPT = 1 << 16
_PIPE_HOLDS = 1 << 20
# Seconds between TERM and KILL.
GRACE = 0.3
# How often to ask (seconds) for the end of a command where the OS has no pidfd, and for
# a limit that may change.
_ASK_EVERY = 0.05
# Seconds that are waited at once; the OS counts no more than 24 days.
_AT_ONCE = 3600.0


class ShellAttempt:
    """One execution of a `Shell` task; `cancel` may come from another thread."""

    def __init__(self, task: Shell, limit=None, max_memory: int | None = None):
        self.task = task
        self._limit = limit  # seconds, or what tells them
        self._max_memory = max_memory  # bytes of each of its processes
        self.has_timed_out = False
        self.started = self.ended = float("nan")
        self.cpu = float("nan")
        self.max_rss = 0
        self.pid = 0
        self.result = None
        self.error = ""
        self.is_invalid = False  # it ended well, and its check says no
        self._input = self._process = None
        self._floor = 0
        self._is_cancelled = False
        self._lock = threading.Lock()

    def __call__(self):
        """Run to the end; times, CPU seconds and result are attributes afterwards."""
        self.started = clock()
        try:
            with self._lock:
                process = self._process = self._start()
                warden.guard(process.pid)
            self.pid = process.pid
            stdout, stderr = _Kept(), _Kept()
            self._listen(process, stdout, stderr)
            code = process.returncode
            said = stdout.text(), stderr.text()
            if code != 0:  # nobody is passed this; it is shown
                said = map(plain, said)
            self.result = ShellResult(
                self.task.command, code, *said, stdout.n, stderr.n
            )
            if self.has_timed_out:
                self.error = f"timeout: it took longer than {self._limit:g} s"
            elif code != 0:
                last = last_words(self.result.stdout, self.result.stderr)[:200]
                self.error = describe_exit(code) + (f": {last}" if last else "")
            elif self.task.check is not None:
                self.error = failed_check(self.task.check, self.result) or ""
                self.is_invalid = bool(self.error)
        except Exception as error:
            # Also what `Popen` says of arguments: a run waits for every command.
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self.ended = clock()
        return self

    def _start(self):
        task = self.task
        if self._is_cancelled:
            raise OSError("cancelled before it started")
        self._input = task.input.encode() if isinstance(task.input, str) else task.input
        self._floor = peak_memory()
        command = task.command
        if self._max_memory is not None:
            command = _limited(command, self._max_memory)
        return subprocess.Popen(
            command,
            shell=isinstance(command, str),
            cwd=task.cwd,
            env=None if task.env is None else {**os.environ, **task.env},
            stdin=subprocess.DEVNULL if task.input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _listen(self, process, stdout, stderr):
        """Read and feed the pipes until the command itself ends.

        A child left in the background may hold the pipes open: what it writes later is
        not waited for.
        """
        data = memoryview(self._input or b"")
        pidfd = _open_pidfd(process.pid)
        with selectors.DefaultSelector() as selector:
            for pipe, kept in ((process.stdout, stdout), (process.stderr, stderr)):
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, kept)
            if process.stdin is not None:
                os.set_blocking(process.stdin.fileno(), False)
                selector.register(process.stdin, selectors.EVENT_WRITE)
            if pidfd is not None:
                selector.register(pidfd, selectors.EVENT_READ)
            try:
                kill_at = math.inf
                while not self._has_ended(process):
                    now, left = clock(), math.inf
                    if self.has_timed_out:
                        left = kill_at - now
                        if left <= 0:
                            self._kill(signal.SIGKILL)
                            kill_at = now + GRACE
                            continue
                    elif self._limit is not None:
                        seconds = seconds_of(self._limit)
                        if seconds is not None and now >= self.started + seconds:
                            self.has_timed_out, self._limit = True, seconds
                            self._kill(signal.SIGTERM)
                            kill_at = now + GRACE
                            continue
                        if seconds is not None:
                            left = self.started + seconds - now
                        if callable(self._limit):
                            left = min(left, _ASK_EVERY)
                    left = min(left, math.inf if pidfd else _ASK_EVERY)
                    wait = None if math.isinf(left) else min(left, _AT_ONCE)
                    for key, _ in selector.select(wait):
                        if key.fileobj is process.stdin:
                            data = self._feed(selector, process.stdin, data)
                        elif key.data is not None and not key.data.read(key.fd):
                            selector.unregister(key.fileobj)
                for pipe, kept in ((process.stdout, stdout), (process.stderr, stderr)):
                    kept.drain(pipe.fileno())
            finally:
                for pipe in (process.stdin, process.stdout, process.stderr):
                    if pipe is not None and not pipe.closed:
                        try:
                            pipe.close()
                        except BrokenPipeError:
                            pass
                if pidfd is not None:
                    os.close(pidfd)

    def _kill(self, number):
        with self._lock:
            self._signal(number)

    def _has_ended(self, process):
        with self._lock:
            if process.returncode is not None:
                return True
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid == 0:
                return False
            process.returncode = os.waitstatus_to_exitcode(status)
            warden.release(process.pid)
        self.cpu = usage.ru_utime + usage.ru_stime
        peak = usage.ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024)
        # A new process begins as a copy of this one, whose peak is counted as its own.
        self.max_rss = peak if peak > self._floor else 0
        return True

    @staticmethod
    def _feed(selector, stdin, data):
        try:
            data = data[os.write(stdin.fileno(), data[: 1 << 16]) :]
        except BlockingIOError:
            return data
        except BrokenPipeError:
            data = data[len(data) :]
        if not len(data):
            selector.unregister(stdin)
            stdin.close()
        return data

    def cancel(self):
        """End the command and its group: TERM, then KILL after 0.3 s."""
        if self.ask_to_end():
            self.end_by(time.monotonic() + GRACE)

    def ask_to_end(self):
        """TERM to the command and its group; whether there was anybody to ask."""
        with self._lock:
            self._is_cancelled = True
            return self._signal(signal.SIGTERM)

    def end_by(self, until):
        """Wait for the end until a time of `time.monotonic`, then KILL the group."""
        if not self._ends_by(until):
            with self._lock:
                self._signal(signal.SIGKILL)
            self._ends_by(time.monotonic() + GRACE)

    def _ends_by(self, until):
        # Whoever listened may be gone: an interrupt in the calling thread ends that.
        while not self._has_ended(self._process):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def _signal(self, number):
        # Under the lock: once it is reaped, its number may be somebody else's.
        process = self._process
        if process is None or process.returncode is not None:
            return False
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return False
        return True


def _limited(command, n_bytes):
    """The command behind a shell that first limits itself, and so what it starts."""
    limit = f"ulimit -v {max(n_bytes // 1024, 1)} || exit 126; exec"
    if isinstance(command, str):
        return ["/bin/sh", "-c", f'{limit} /bin/sh -c "$0"', command]
    return ["/bin/sh", "-c", f'{limit} "$0" "$@"', *command]


class _Kept:
    """The head and the tail of a stream."""

    def __init__(self):
        self.n = 0
        self.is_dry = False
        self._head = bytearray()
        self._tail = bytearray()

    def read(self, fd):
        """Take what is there; False at the end of the stream."""
        try:
            data = os.read(fd, _KEPT)
        except BlockingIOError:
            self.is_dry = True
            return True
        self.is_dry = False
        self.n += len(data)
        room = _KEPT - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * _KEPT:
            del self._tail[:-_KEPT]
        return bool(data)

    def drain(self, fd):
        """Take what the pipe still holds, not what a child left behind adds to it."""
        for _ in range(_PIPE_HOLDS // _KEPT):
            if not self.read(fd) or self.is_dry:
                return

    def text(self):
        tail = self._tail[-_KEPT:]
        left_out = self.n - len(self._head) - len(tail)
        text = self._head.decode(errors="replace")
        if left_out > 0:
            text += f"\n… {left_out:,} bytes left out …\n"
        return text + tail.decode(errors="replace")


def _open_pidfd(pid):
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
