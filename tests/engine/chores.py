"""What the tests' tasks do, importable by a worker without loading a test module."""

import os
import signal
import threading
import time
from collections import Counter


def double(x):
    return 2 * x


def nap(seconds):
    time.sleep(seconds)
    return seconds


def nap_then_double(seconds, x):
    time.sleep(seconds)
    return 2 * x


def spin(seconds):
    """Use this much CPU time, however busy the machine is; how much it was."""
    began = time.thread_time()
    while (used := time.thread_time() - began) < seconds:
        pass
    return used


def pid(_=None):
    return os.getpid()


def leave_mark(folder, key):
    """Note one execution of `key`; `marks` counts them, whoever left them."""
    fd = os.open(os.path.join(folder, "marks"), os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(fd, f"{key}\n".encode())
    os.close(fd)
    return key


def marks(folder):
    """Executions by key."""
    try:
        with open(os.path.join(folder, "marks")) as file:
            return Counter(file.read().split())
    except FileNotFoundError:
        return Counter()


def leave_mark_in(folder):
    return leave_mark(folder, "here")


def nap_and_mark(call):
    """Note the end of a nap of so many seconds: ``(folder, key, seconds)``."""
    folder, key, seconds = call
    time.sleep(seconds)
    return leave_mark(folder, key)


def wait_for(folder, key, seconds=30):
    """Wait until `key` has left a mark."""
    until = time.monotonic() + seconds
    while not marks(folder)[str(key)]:
        if time.monotonic() > until:
            raise TimeoutError(f"{key} left no mark")
        time.sleep(0.005)


# -- faults --


def misbehave(deed, x=None):
    """Do what `deed` names, where it is a fault; otherwise return it."""
    return FAULTS.get(deed, lambda: deed)()


def mark_and_misbehave(folder, key, deed=None):
    leave_mark(folder, key)
    if deed is not None:
        return misbehave(deed)
    return key


class Odd(Exception):
    """Cannot be rebuilt from its args, as unpickling does."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Unpicklable:
    def __reduce__(self):
        raise TypeError("cannot be pickled")


class Unloadable:
    """Breaks when it is unpickled."""

    def __reduce__(self):
        return _refuse, ()


class QuitsWhenLoaded:
    """Raises `SystemExit` when it is unpickled."""

    def __reduce__(self):
        return exit, (2,)


class ExitsWhenLoaded:
    """Ends a worker that unpickles it."""

    def __reduce__(self):
        return _exit_outside_of, (os.getpid(),)


class Holding(Exception):
    def __init__(self, held):
        super().__init__("holds something")
        self.held = held


def _refuse():
    raise ValueError("cannot be unpickled")


def _exit_outside_of(pid):
    if os.getpid() != pid:
        os._exit(3)


def _raise(error):
    raise error


def _segfault():
    import ctypes

    ctypes.string_at(0)


def _close_descriptors():
    os.closerange(3, 256)


def _leave_a_thread():
    threading.Thread(target=time.sleep, args=(20,)).start()
    return "left"


FAULTS = {
    "raise": lambda: _raise(ValueError("as asked")),
    "exit": lambda: _raise(SystemExit(2)),
    "interrupt": lambda: _raise(KeyboardInterrupt()),
    "raise odd": lambda: _raise(Odd(1, 2)),
    "raise mute": lambda: _raise(Mute()),
    "raise unpicklable": lambda: _raise(Holding(threading.Lock())),
    "raise unloadable": lambda: _raise(Holding(Unloadable())),
    "return unpicklable": lambda: threading.Lock(),
    "return broken pickle": Unpicklable,
    "return unloadable": Unloadable,
    "return quitter": QuitsWhenLoaded,
    "_exit": lambda: os._exit(3),
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "SIGSEGV": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "segfault": _segfault,
    "close descriptors": _close_descriptors,
    "leave a thread": _leave_a_thread,
    "return 20 MB": lambda: b"x" * 20_000_000,
}


def die_while_sending(n_bytes, delay):
    """Return much, and be killed `delay` seconds later, in the middle of sending it."""
    if os.fork() == 0:
        time.sleep(delay)
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(0)
    return b"x" * n_bytes


def die_after_half(n_bytes, leave_child_in=None):
    """Return much, and be killed when half of it is in the socket.

    Parameters
    ----------
    leave_child_in : str, optional
        A folder where the pid of a surviving child is noted that keeps the socket open.
    """
    from parallel_nb.engine import frames

    if leave_child_in is not None:
        child = os.fork()
        if child == 0:
            os.setsid()
            time.sleep(30)
            os._exit(0)
        leave_mark(leave_child_in, child)

    def write_half(sock, kind, *parts):
        body = b"".join(parts)
        sock.sendall(frames._HEAD.pack(kind, len(body)))
        sock.sendall(body[: len(body) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    frames.write_frame = write_half
    return b"x" * n_bytes


# -- what a task can say of its worker --


def nature(array):
    """Where an array lives, and what it holds."""
    return type(array).__name__, float(array.sum())


def itself(x):
    return x


def thread_limits(_=None):
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {name: os.environ.get(name) for name in limits}


def place(_=None):
    import sys

    return os.getpid(), os.getcwd(), os.environ.get("PLACE"), "/nowhere" in sys.path


def nested_workers(_=None):
    """Backend and size that a task's own joblib call gets."""
    import joblib

    with joblib.Parallel(n_jobs=2) as parallel:
        return type(parallel._backend).__name__, parallel._effective_n_jobs()


def nested_run(backend, values):
    import parallel_nb as pnb

    run = pnb.run(abs, values, n_jobs=2, backend=backend)
    return run.results, run.meta.backend, run.meta.n_workers


def nested_parallel(values):
    from joblib import Parallel, delayed

    return Parallel(n_jobs=2)(delayed(double)(value) for value in values)


def warn_and_double(x):
    import warnings

    warnings.warn(f"value {x}", UserWarning, stacklevel=1)
    return 2 * x


def raise_at_three(x):
    if x == 3:
        raise ValueError("three")
    return x


exploded = 0


class Bomb:
    """Counts how often it was unpickled."""

    def __setstate__(self, state):
        global exploded
        exploded += 1

    def __getstate__(self):
        return {"is": "armed"}


def bomb(_=None):
    return Bomb()
