"""Ends a multiprocessing pool at once, whatever its processes are doing.

Knows the standard library's pool from inside; private names of it that are used here
are pinned by tests.
"""

import os
import select
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
        pool._task_handler.join(0.01)
    # All whole results have been read when the reader meets the end.
    pool._outqueue._writer.close()
    pool._result_handler.join(_PATIENCE)
    pool._terminate.cancel()
    pool._terminate = _nothing


def _take_from_the_dead(lock):
    lock.acquire(timeout=_PATIENCE)
    lock.release()


def _empty(reader):
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    # Bytes, not messages: one of the dead may have read half of a message.
    while poll.poll(0):
        if not os.read(reader.fileno(), 1 << 16):
            return


def _nothing():
    pass
