"""A multiprocessing pool whose workers are sending results can be ended."""

import multiprocessing
import multiprocessing.pool
import threading

import pytest

from parallel_nb.engine.draining import drained

from .processes import comes_true

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


def large(_):
    return b"x" * 300_000


def busy_pool():
    """A pool that nobody reads from, with workers that are sending."""
    pool = multiprocessing.get_context("fork").Pool(2)
    for i in range(60):
        pool.apply_async(large, (i,))
    # What `terminate` does first, and usually so late that it does no harm.
    pool._result_handler._state = multiprocessing.pool.TERMINATE
    assert comes_true(lambda: not pool._result_handler.is_alive())
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
