"""A multiprocessing pool whose workers are sending results can be ended."""

import multiprocessing
import multiprocessing.pool
import threading
import time

import pytest

from parallel_nb.engine.draining import drained

from .processes import comes_true

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


def large(_):
    time.sleep(0.3)
    return b"x" * 300_000


def busy_pool():
    """A pool that is told to end when its reader has gone and its workers are sending.

    That is how it is now and then; here, each step waits for the one before.
    """
    pool = multiprocessing.get_context("fork").Pool(2)
    put = pool._outqueue.put

    def put_late(item):
        if threading.current_thread() is not pool._task_handler:
            assert comes_true(lambda: not pool._result_handler.is_alive())
            time.sleep(0.6)
        put(item)

    pool._outqueue.put = put_late
    for i in range(20):
        pool.apply_async(large, (i,))
    return pool


def test_a_pool_ends_though_its_workers_are_sending():
    pool = busy_pool()
    processes = list(pool._pool)

    def end():
        with drained(pool):
            pool.terminate()

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    thread.join(20)
    has_ended = not thread.is_alive()
    for process in processes:
        process.kill()
    assert has_ended


def test_a_pool_of_threads_needs_no_help():
    with multiprocessing.pool.ThreadPool(2) as pool, drained(pool):
        assert pool.apply(abs, (-1,)) == 1


def test_no_pool_needs_no_help():
    with drained(None):
        pass
