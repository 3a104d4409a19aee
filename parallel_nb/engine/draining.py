"""Lets a multiprocessing pool be ended while its workers are sending results.

Knows the standard library's pool from inside; private names of it that are used here
are pinned by tests.
"""

import os
import select
import threading
from contextlib import contextmanager

_LOOK_EVERY = 0.01


@contextmanager
def drained(pool):
    """Read what workers send once the pool itself does not read any more.

    `Pool.terminate` ends the thread that reads results, and then takes the lock of the
    results' pipe, which a worker in the middle of a large result has for ever if nobody
    reads it (https://github.com/python/cpython/issues/73945).

    Parameters
    ----------
    pool : multiprocessing.pool.Pool or None
        What has no pipe, such as a pool of threads, needs no help.
    """
    reader = getattr(getattr(pool, "_outqueue", None), "_reader", None)
    if reader is None:
        yield
        return
    is_over = threading.Event()
    thread = threading.Thread(target=_drain, args=(pool, reader, is_over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _drain(pool, reader, is_over):
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    while not is_over.wait(_LOOK_EVERY):
        if pool._result_handler.is_alive():
            continue
        # Bytes, not messages: the rest of one whose sender was killed never comes.
        while poll.poll(0):
            if not os.read(reader.fileno(), 1 << 16):
                return
