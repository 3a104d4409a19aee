"""Watches joblib from inside: times each task of a call, wherever it runs.

A task's record goes into a file, not into its result: what callers get back, in which
order, and what is raised stays what it would have been. Loaded in workers too, so it
imports nothing that joblib has not. `recording` reads the files.
"""

import contextlib
import contextvars
import functools
import json
import os
import struct
import threading
import time
from typing import ClassVar

from joblib import parallel as joblib_parallel

from . import worker
from .worker import clock

# call, index, status, pid, thread; submitted, started, ended, cpu
ATTEMPT = struct.Struct("<qqqqqdddd")
ATTEMPT_FIELDS = [
    ("call", "<i8"),
    ("index", "<i8"),
    ("status", "<i8"),
    ("pid", "<i8"),
    ("thread", "<i8"),
    ("submitted", "<f8"),
    ("started", "<f8"),
    ("ended", "<f8"),
    ("cpu", "<f8"),
]

# Which recording, and within which task of which call, this code runs: (spool, call,
# index), or None outside.
active = contextvars.ContextVar("parallel_nb_recording", default=None)


class Spool:
    """Two files that any process of this host appends to; pickled as their path."""

    __slots__ = ("home", "path")
    _open: ClassVar = {}  # path -> (pid, fd of attempts, fd of events)
    # Held while writing, so that no descriptor is closed, and another file's, by then.
    _lock = threading.Lock()

    def __init__(self, path):
        self.path = path
        self.home = os.getpid()

    def attempt(self, *fields):
        """Append one attempt; a spool that cannot be written loses it silently."""
        self._append(0, ATTEMPT.pack(*fields))

    def event(self, **fields):
        """Append one event as a line of JSON."""
        self._append(1, (json.dumps(fields) + "\n").encode())

    def adopt(self, path, call, index):
        """Append what another spool holds, as made inside a task of a call."""
        with open(os.path.join(path, "attempts"), "rb") as file:
            self._append(0, file.read())
        with open(os.path.join(path, "events"), "rb") as file:
            lines = file.read().splitlines()
        for line in lines:
            event = json.loads(line)
            if "began" in event and event["parent"] is None:
                event |= {"parent": call, "parent_index": index}
            self.event(**event)

    def _append(self, which, data):
        with Spool._lock, contextlib.suppress(OSError):
            os.write(self._files()[which], data)

    def _files(self):
        files = Spool._open.get(self.path)
        if files is None or files[0] != os.getpid():
            files = self._reopen()
        return files[1:]

    def _reopen(self):
        for path, (pid, *fds) in list(Spool._open.items()):
            # A worker serves one call at a time; the parent closes its own.
            if pid != os.getpid() or not os.path.exists(path):
                del Spool._open[path]
                if pid == os.getpid():
                    for fd in fds:
                        os.close(fd)
        flags = os.O_WRONLY | os.O_APPEND
        files = (
            os.getpid(),
            os.open(os.path.join(self.path, "attempts"), flags),
            os.open(os.path.join(self.path, "events"), flags),
        )
        Spool._open[self.path] = files
        return files

    def close(self):
        """Close this process's descriptors."""
        with Spool._lock:
            _, *fds = Spool._open.pop(self.path, (0,))
            for fd in fds:
                os.close(fd)


def _renew_lock():
    # Another thread of the parent may have held it when this child was forked.
    Spool._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class Timed:
    """A task's function, timed."""

    __slots__ = ("call", "func", "index", "pulled", "spool")

    def __init__(self, func, spool, call, index, pulled):
        self.func = func
        self.spool = spool
        self.call = call
        self.index = index
        self.pulled = pulled

    def __call__(self, *args, **kwargs):
        # A task has the whole process's CPU, unless it shares it with other threads.
        is_main = threading.current_thread() is threading.main_thread()
        cpu = time.process_time if is_main else time.thread_time
        token = active.set((self.spool, self.call, self.index))
        # At home, `record` itself watches, and for as long as its block lasts.
        is_away = os.getpid() != self.spool.home
        if is_away:
            install()
        cpu_before = cpu()
        started = clock()
        try:
            result = self.func(*args, **kwargs)
        except BaseException as error:
            self._write(worker.FAILED, started, clock(), cpu() - cpu_before)
            line, text, _ = worker.describe(error)
            self.spool.event(call=self.call, index=self.index, error=line, text=text)
            raise
        else:
            self._write(worker.DONE, started, clock(), cpu() - cpu_before)
            return result
        finally:
            if is_away:
                uninstall()
            active.reset(token)

    def _write(self, status, started, ended, cpu):
        self.spool.attempt(
            self.call,
            self.index,
            status,
            os.getpid(),
            threading.get_ident(),
            self.pulled,
            started,
            ended,
            cpu,
        )


class _Inputs:
    """The tasks of a call, each with its function timed; as lazy as they were."""

    def __init__(self, iterable, spool, call):
        self._iterable = iterable
        self._spool = spool
        self._call = call

    def __iter__(self):
        # What cannot be iterated over says so here, as it would to joblib.
        return self._timed(iter(self._iterable))

    def _timed(self, tasks):
        spool, call, name, index = self._spool, self._call, None, -1
        try:
            for index, task in enumerate(tasks):
                if not (isinstance(task, tuple) and len(task) == 3):
                    yield task  # joblib will say what is wrong with it
                    continue
                func, args, kwargs = task
                if (new := _name(func)) != name:
                    name = new
                    spool.event(call=call, first=index, name=name)
                yield Timed(func, spool, call, index, clock()), args, kwargs
        finally:
            spool.event(call=call, n_tasks=index + 1)


class _SizedInputs(_Inputs):
    def __len__(self):
        return len(self._iterable)


def _name(func):
    while isinstance(func, functools.partial):
        func = func.func
    return str(getattr(func, "__name__", type(func).__name__))


# -- the patch ---------------------------------------------------------------------

_lock = threading.Lock()
_n_installed = 0
_originals = None


def install():
    """Watch this process's `joblib.Parallel`; undone by as many `uninstall`."""
    global _n_installed, _originals
    with _lock:
        _n_installed += 1
        if _n_installed > 1:
            return
        parallel = joblib_parallel.Parallel
        _originals = parallel.__call__, parallel._dispatch
        parallel.__call__ = _watched_call(_originals[0])
        parallel._dispatch = _watched_dispatch(_originals[1])


def uninstall():
    """Put back what `install` replaced, when nobody needs it any more."""
    global _n_installed, _originals
    with _lock:
        _n_installed -= 1
        if _n_installed == 0:
            parallel = joblib_parallel.Parallel
            parallel.__call__, parallel._dispatch = _originals
            _originals = None


def _watched_call(original):
    @functools.wraps(original)
    def __call__(self, iterable):
        recording = active.get()
        if recording is None:
            return original(self, iterable)
        spool, parent, parent_index = recording
        call = int.from_bytes(os.urandom(7), "little")
        kind = _SizedInputs if hasattr(iterable, "__len__") else _Inputs
        spool.event(
            call=call,
            began=clock(),
            at=time.time(),
            parent=parent,
            parent_index=parent_index,
            return_as=self.return_as,
        )
        error = ""
        try:
            return original(self, kind(iterable, spool, call))
        except BaseException as raised:
            error = worker.describe(raised)[0]
            raise
        finally:
            # Known only now: a backend may have handed over to another one.
            spool.event(
                call=call,
                n_workers=_n_workers(self),
                backend=_backend_name(self._backend),
                returned=clock(),
                raised=error,
            )

    return __call__


def _n_workers(parallel):
    # Asking the backend again could repeat its warnings.
    if isinstance(parallel._backend, joblib_parallel.SequentialBackend):
        return 1
    return getattr(parallel, "_cached_effective_n_jobs", 1)


def _watched_dispatch(original):
    @functools.wraps(original)
    def _dispatch(self, batch):
        items = getattr(batch, "items", ())
        first = items[0][0] if items and isinstance(items[0], tuple) else None
        if isinstance(first, Timed):
            first.spool.event(
                call=first.call, chunk=first.index, n=len(items), submitted=clock()
            )
        return original(self, batch)

    return _dispatch


def _backend_name(backend):
    for name, factory in joblib_parallel.BACKENDS.items():
        if type(backend) is factory:
            return name
    return type(backend).__name__
