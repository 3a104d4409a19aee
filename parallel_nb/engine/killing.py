"""Ends a multiprocessing pool at once, whatever its processes are doing.

Knows the standard library's pool from inside; private names of it that are used here
are pinned by tests.
"""

import os
import select
import signal
from multiprocessing.pool import TERMINATE

# Longer than a living thread of this process holds a lock or reads on (seconds).
_PATIENCE = 0.5


def kill(pool):
    """Kill a pool's processes and let its threads end; `terminate` then has no work.

    `Pool.terminate` lets its threads write and lock while it kills the processes, and
    waits for ever now and then: for room in a pipe that nobody reads, or for a lock
    that died with its owner (https://github.com/python/cpython/issues/73945). Here the
    processes go first, and what they held is given back.

    Parameters
    ----------
    pool : multiprocessing.pool.Pool or None
        Threads cannot be killed: a pool of them is left as it is.
    """
    if not hasattr(getattr(pool, "_outqueue", None), "_writer"):
        return
    pool._worker_handler._state = TERMINATE  # or it would replace the dead
    pool._change_notifier.put(None)
    pool._worker_handler.join()
    for process in pool._pool:
        process.kill()
    for process in pool._pool:
        process.join()
    _take_from_the_dead(pool._outqueue._wlock)
    pool._task_handler._state = TERMINATE
    while pool._task_handler.is_alive():
        _empty(pool._inqueue._reader)
        pool._task_handler.join(0.001)
    # All whole results have been read when the reader meets the end.
    pool._outqueue._writer.close()
    pool._result_handler.join(_PATIENCE)
    pool._terminate.cancel()
    pool._terminate = _nothing


def kill_executor(executor):
    """Kill a loky executor's processes, and let its thread end as well.

    That thread reads whole results. Where a process dies in the middle of sending one,
    it waits for the rest for ever, and so does whoever waits for the thread: the others
    hold the pipe open, and so does this process itself. Here the rest is supplied.

    Parameters
    ----------
    executor : loky.ProcessPoolExecutor or None
    """
    manager = getattr(executor, "_executor_manager_thread", None)
    if manager is None:
        return
    for pid in list(executor._processes):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    manager.join(_PATIENCE)
    if not manager.is_alive():
        return
    try:
        # A number of our own: the thread closes its, and somebody else may get that.
        fd = os.dup(executor._result_queue._writer.fileno())
    except OSError:
        return  # closed: the thread is at its end
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    try:
        while manager.is_alive():
            # A pipe that is ready takes this much without blocking.
            if poll.poll(10):
                os.write(fd, bytes(select.PIPE_BUF))
    except BrokenPipeError:
        manager.join()
    finally:
        os.close(fd)


def is_dead(pid):
    """Whether a child has ended; it is left to its owner to reap it."""
    try:
        flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
        return os.waitid(os.P_PID, pid, flags) is not None
    except ChildProcessError:
        return True


def _take_from_the_dead(lock):
    lock.acquire(timeout=_PATIENCE)
    lock.release()


def _empty(reader):
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    # Bytes, not messages: one of the dead may have read half of a message.
    # To wait for more here, and not for the thread, keeps pace with who writes.
    while poll.poll(10):
        if not os.read(reader.fileno(), 1 << 16):
            return


def _nothing():
    pass
