"""A multiprocessing pool ends at once, whatever it is doing."""

import multiprocessing
import multiprocessing.pool
import os
import signal
import threading
import time

import pytest

from parallel_nb.engine.killing import kill

from .processes import comes_true

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


def large(seconds):
    time.sleep(seconds)
    return b"x" * 300_000


def size(data, seconds):
    time.sleep(seconds)
    return len(data)


@pytest.fixture
def pool():
    made = multiprocessing.get_context("fork").Pool(2)
    made.map(abs, range(4))
    processes = list(made._pool)
    yield made
    for process in processes:
        process.kill()


def ends(pool):
    """Whether a pool ends soon, and with it its threads and processes."""
    threads = [pool._worker_handler, pool._task_handler, pool._result_handler]
    processes = list(pool._pool)

    def end():
        kill(pool)
        pool.terminate()

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    thread.join(15)
    left = [*threads, thread, *processes]
    return not any(each.is_alive() for each in left)


def test_an_idle_pool_ends(pool):
    assert ends(pool)


def test_a_pool_ends_though_its_workers_work(pool):
    for _ in range(9):
        pool.apply_async(time.sleep, (60,))
    assert ends(pool)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.1])
def test_a_pool_ends_though_its_workers_are_sending(pool, seconds):
    for _ in range(300):
        pool.apply_async(large, (seconds,))
    time.sleep(0.2)
    assert ends(pool)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 10])
def test_a_pool_ends_though_it_is_handing_out_a_task(pool, seconds):
    for _ in range(300):
        pool.apply_async(size, (b"x" * 300_000, seconds))
    time.sleep(0.2)
    assert ends(pool)


def test_a_lock_that_died_with_its_owner_holds_nobody_up(pool):
    """A worker is killed in the middle of sending, when nobody reads."""
    may_read = threading.Event()
    received = []

    def read_late(value):
        received.append(len(value))
        may_read.wait(20)

    pool.apply_async(large, (0,), callback=read_late)
    assert comes_true(lambda: received)
    for _ in range(2):
        pool.apply_async(large, (0,))
    time.sleep(0.3)
    for process in pool._pool:
        os.kill(process.pid, signal.SIGKILL)
    threading.Timer(0.3, may_read.set).start()
    assert ends(pool)


def test_results_that_were_sent_are_received(pool):
    received = []
    for i in range(20):
        pool.apply_async(abs, (-i,), callback=received.append)
    pool.apply_async(time.sleep, (60,))
    assert comes_true(lambda: len(received) == 20)
    assert ends(pool)
    assert sorted(received) == list(range(20))


def test_a_pool_of_threads_is_left_as_it_is():
    with multiprocessing.pool.ThreadPool(2) as threads:
        kill(threads)
        assert threads.apply(abs, (-1,)) == 1


def test_no_pool_is_no_problem():
    kill(None)
