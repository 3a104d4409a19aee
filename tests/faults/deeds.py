"""What faulty tasks do: one function a fault, named and described by itself.

Workers import this, so it loads nothing heavy. Every deed is bounded: forks and memory
are counted, and whatever hangs ends by itself if nobody ends it.
"""

import os
import signal
import subprocess
import sys
import threading
import time

from . import notes

# Longer than any cell may take (seconds): who waits so long hangs.
FOR_EVER = 150
# Seconds that an attempt may take where a fault asks for a time limit.
TIMEOUT = 0.5
# What a lane may allocate where a fault asks for a limit, and what its task wants.
MAX_MEMORY = "400MB"
_WANTED = 24
_STEP = 64 << 20

LARGE = 200_000_000
_DELAYS = {"culprit 0": 0.03, "culprit 1": 0.1, "culprit 2": 0.3}


# -- what a task raises ----------------------------------------------------------------


class _Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class _Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class _Holding(Exception):
    def __init__(self, held):
        super().__init__("holds something")
        self.held = held


def raises(folder, key):
    """raises an exception"""
    raise ValueError("as asked")


def raises_unpicklable(folder, key):
    """raises an exception that cannot be pickled"""
    raise _Holding(threading.Lock())


def raises_unloadable(folder, key):
    """raises an exception whose `__init__` breaks when it is unpickled"""
    raise _Odd(1, 2)


def raises_mute(folder, key):
    """raises an exception whose `__str__` raises"""
    raise _Mute


def exits(folder, key):
    """calls `sys.exit`"""
    sys.exit(2)


# -- what a task returns ---------------------------------------------------------------


class _Unloadable:
    def __reduce__(self):
        return _refuse, ()


def _refuse():
    raise ValueError("cannot be unpickled")


def returns_unpicklable(folder, key):
    """returns what cannot be pickled"""
    return threading.Lock()


def returns_unloadable(folder, key):
    """returns what breaks when it is unpickled"""
    return _Unloadable()


def returns_200_mb(folder, key):
    """returns 200 MB"""
    return bytes(LARGE)


# -- how a worker dies -----------------------------------------------------------------


def exits_at_once(folder, key):
    """calls `os._exit`"""
    os._exit(3)


def kills_itself(folder, key):
    """is killed (SIGKILL), as for want of memory"""
    os.kill(os.getpid(), signal.SIGKILL)


def segfaults(folder, key):
    """reads from address 0 (SIGSEGV)"""
    import ctypes
    import faulthandler

    faulthandler.disable()  # its stack need not be told
    ctypes.string_at(0)


def dies_while_sending(folder, key):
    """is killed while it sends 200 MB, at three delays"""
    worker = os.getpid()
    if os.fork() == 0:
        time.sleep(_DELAYS.get(key, 0.1))
        if os.getppid() == worker:
            os.kill(worker, signal.SIGKILL)
        os._exit(0)
    return bytes(LARGE)


def dies_half_way(folder, key):
    """is killed when half of its 200 MB have been sent"""
    _send_only_half()
    return bytes(LARGE)


def dies_half_way_with_a_child(folder, key):
    """the same, and leaves a child that holds its pipes open"""
    child = os.fork()
    if child == 0:
        time.sleep(12)
        os._exit(0)
    notes.put(folder, "child", key, child)
    return dies_half_way(folder, key)


def _send_only_half():
    from multiprocessing import connection

    from parallel_nb.engine import frames

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def write_half_a_frame(sock, kind, *parts):
        body = b"".join(parts)
        sock.sendall(frames._HEAD.pack(kind, len(body)))
        sock.sendall(body[: len(body) // 2])
        die()

    def send_half(self, data, write=os.write):
        view = memoryview(data)
        if len(view) < LARGE // 2:
            return whole(self, data)
        view = view[: len(view) // 2]
        while view:
            view = view[write(self._handle, view) :]
        return die()

    whole = connection.Connection._send
    frames.write_frame = write_half_a_frame
    connection.Connection._send = send_half


def closes_descriptors(folder, key):
    """closes all files and pipes that it inherited"""
    os.closerange(3, 256)


# -- what never ends -------------------------------------------------------------------


def stops_itself(folder, key):
    """stops (SIGSTOP), with a time limit"""
    os.kill(os.getpid(), signal.SIGSTOP)


def hangs(folder, key):
    """hangs in Python, with a time limit"""
    until = time.monotonic() + FOR_EVER
    while time.monotonic() < until:
        time.sleep(0.01)


def hangs_in_c(folder, key):
    """hangs in C and holds the interpreter's lock, with a time limit"""
    import ctypes

    ctypes.PyDLL(None).sleep(FOR_EVER)


def ignores_sigterm(folder, key):
    """ignores SIGTERM and hangs, with a time limit"""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    hangs(folder, key)


def ends_at_its_limit(folder, key):
    """ends in the very moment in which its time limit does"""
    began = notes.when(folder, "began", key)
    while (left := began + TIMEOUT - time.perf_counter()) > 0:
        time.sleep(left)


# -- what a task does to its worker and its machine ------------------------------------


def allocates_too_much(folder, key):
    """allocates more than `max_memory`"""
    # Untouched zeros: they count as address space and cost the machine nothing.
    held = [bytearray(_STEP) for _ in range(_WANTED)]
    return len(held)


def changes_folder(folder, key):
    """changes the working directory"""
    os.chdir(folder)


def writes_10_mb(folder, key):
    """writes 10 MB to stdout and to stderr"""
    for fd in (1, 2):
        view = memoryview(b"x" * 9_999 + b"\n")
        for _ in range(1000):
            left = view
            while left:
                left = left[os.write(fd, left) :]


def leaves_children(folder, key):
    """starts three processes that outlive it"""
    for _ in range(3):
        child = subprocess.Popen(["sleep", str(FOR_EVER)])
        notes.put(folder, "child", key, child.pid)


def leaves_forks(folder, key):
    """leaves a process that goes on forking and ending"""
    if os.fork() == 0:
        # Each lives long enough to be seen, also on a busy machine.
        for _ in range(120):
            time.sleep(0.1)
            if os.fork():
                os._exit(0)
        os._exit(0)


def leaves_threads(folder, key):
    """starts three threads that outlive it"""
    for _ in range(3):
        threading.Thread(target=time.sleep, args=(1.5,)).start()


def nests_joblib(folder, key):
    """uses `joblib.Parallel` itself"""
    from joblib import Parallel, delayed

    assert Parallel(n_jobs=2)(delayed(abs)(-i) for i in range(4)) == [0, 1, 2, 3]


def nests_a_run(folder, key):
    """calls `pnb.run` itself"""
    import parallel_nb as pnb

    assert pnb.run(abs, [-1, -2, -3], n_jobs=2).results == [1, 2, 3]


def nests_isolated_lanes(folder, key):
    """has isolated lanes of its own and is killed"""
    import parallel_nb as pnb

    run = pnb.run(_tell_pid, [folder] * 4, n_jobs=2, backend="isolated")
    for pid in set(run.results):
        notes.put(folder, "child", key, pid)
    kills_itself(folder, key)


def _tell_pid(folder):
    time.sleep(0.02)
    return os.getpid()
