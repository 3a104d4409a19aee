"""Time or memory runs out: for an attempt in a thread, for a run, for a lane."""

import sys
import threading
import time

import pytest

import parallel_nb as pnb
from parallel_nb import Task, shell

from . import chores
from .processes import comes_true

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is Linux's")


def statuses(run):
    return run.tasks["status"].astype("str").tolist()


# -- threads -----------------------------------------------------------------------


class Gate:
    """Keeps those inside that were to be kept until the test opens it."""

    def __init__(self, *kept):
        self.kept, self.event = kept, threading.Event()
        self.n_waiting = 0

    def __call__(self, x):
        if x in self.kept:
            self.n_waiting += 1
            self.event.wait(60)
        return x


@pytest.fixture
def gate():
    made = Gate(2, 3)
    yield made
    made.event.set()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_threads_that_hang_are_left_behind_and_replaced(gate, n_jobs):
    with pytest.warns(RuntimeWarning, match="2 threads left behind"):
        run = pnb.run(gate, range(8), n_jobs=n_jobs, backend="threading", timeout=0.2)
    expected = ["done"] * 8
    expected[2] = expected[3] = "timeout"
    assert statuses(run) == expected
    assert "2 threads left behind" in run.meta.notes[0]
    seconds = (run.tasks["ended"] - run.tasks["started"])[2:4]
    assert seconds.between(0.2, 0.4).all()
    assert set(run.tasks["worker"]) <= set(range(n_jobs))


@pytest.mark.parametrize("ends", ["deadline", "wait", "cancel"])
def test_threads_that_a_runs_end_cancelled_are_told_of(gate, ends):
    """No warning: that is what was asked for."""
    if ends == "cancel":
        handle = pnb.start(gate, [0, 2, 3], n_jobs=2, backend="threading")
        assert comes_true(lambda: gate.n_waiting == 2)
        handle.cancel()
        run = handle.wait(timeout=20)
    else:
        options = {"deadline": {"deadline": 0.4}, "wait": {"wait": "any"}}[ends]
        keys = [2, 3] if ends == "deadline" else [2, 0]
        run = pnb.run(gate, keys, n_jobs=2, backend="threading", **options)
    n = {"deadline": "2 threads still run", "wait": "1 thread still runs"}
    (note,) = run.meta.notes
    assert note.startswith(n.get(ends, "2 threads still run"))
    assert "isolated" in note


def test_threads_that_have_done_their_work_are_not_told_of():
    run = pnb.run(abs, [1], n_jobs=2, backend="threading", deadline=60, wait="any")
    assert run.meta.notes == ()


def test_a_thread_that_comes_back_late_changes_nothing(gate):
    with pytest.warns(RuntimeWarning):
        run = pnb.run(gate, range(4), n_jobs=2, backend="threading", timeout=0.1)
    gate.event.set()
    assert statuses(run) == ["done", "done", "timeout", "timeout"]
    assert run.results_or(None) == [0, 1, None, None]


def test_as_many_threads_are_at_work_as_before(gate):
    """Those that follow two hung ones run two at a time."""
    together = threading.Barrier(2, timeout=30)

    def work(x):
        gate(x)
        if x > 3:
            together.wait()
        return x

    with pytest.warns(RuntimeWarning):
        run = pnb.run(work, range(2, 8), n_jobs=2, backend="threading", timeout=0.2)
    assert statuses(run) == ["timeout"] * 2 + ["done"] * 4


def test_a_thread_that_ended_in_time_is_not_spoken_of(recwarn):
    run = pnb.run(abs, range(50), n_jobs=2, backend="threading", timeout=5)
    assert statuses(run) == ["done"] * 50
    assert run.meta.notes == ()
    assert not [w for w in recwarn if w.category is RuntimeWarning]


def test_plans_leave_threads_behind_too(gate):
    first = Task(gate, 2, name="hangs", timeout=0.1)
    tasks = [first, Task(abs, first, name="needs it"), Task(abs, -5)]
    with pytest.warns(RuntimeWarning, match="1 thread left behind"):
        run = pnb.run(tasks, n_jobs=2, backend="threading")
    assert statuses(run) == ["timeout", "skipped", "done"]


def test_a_median_is_learnt_as_the_run_goes_on():
    naps = [0.02] * 9 + [60] + [0.02] * 3
    run = pnb.run(chores.nap, naps, n_jobs=2, timeout="20x median")
    assert statuses(run) == ["done"] * 9 + ["timeout"] + ["done"] * 3
    assert (run.tasks["ended"] - run.tasks["started"])[9] < 5


# -- what is to be done about it -----------------------------------------------------


@pytest.mark.parametrize(
    ("on_timeout", "n_attempts"), [("retry", 3), ("fail", 1), ("stop", 1)]
)
def test_a_timeout_is_a_failure_as_asked(on_timeout, n_attempts):
    run = pnb.run(
        chores.nap, [60], n_jobs=1, timeout=0.1, retries=2, on_timeout=on_timeout
    )
    assert run.attempts["status"].tolist() == ["timeout"] * n_attempts


def test_a_timeout_can_end_the_run():
    run = pnb.run(
        chores.nap, [60, *[0.3] * 9], n_jobs=2, timeout=0.5, on_timeout="stop"
    )
    assert run.meta.ended_by == "failure"
    assert statuses(run)[0] == "timeout"
    assert statuses(run)[-1] == "cancelled"


# -- the whole run -------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend", ["isolated", "threading", "loky", "multiprocessing", "sequential"]
)
def test_a_run_ends_at_its_deadline_with_what_it_has(backend):
    pnb.run(chores.double, [1, 2], n_jobs=2, backend=backend)  # processes are there
    began = time.monotonic()
    run = pnb.run(chores.nap, [0.05] * 200, n_jobs=2, backend=backend, deadline=1.0)
    assert time.monotonic() - began < 6
    assert run.meta.ended_by == "deadline"
    assert statuses(run)[0] == "done"
    assert statuses(run)[-1] == "cancelled"
    assert run.tasks["error"].iloc[-1] == "not started: the run's deadline had come"


def test_what_runs_at_the_deadline_is_ended_with_its_process():
    run = pnb.run(chores.nap, [0.01, 60, 60], n_jobs=2, deadline=1.0)
    assert statuses(run) == ["done", "cancelled", "cancelled"]
    assert run.tasks["error"][1] == "stopped: the run's deadline had come"
    assert run.tasks["ended"][1] < 2.0


def test_commands_end_at_the_deadline(tmp_path):
    run = pnb.run([shell("sleep 60"), shell("true")], n_jobs=2, deadline=0.5)
    assert statuses(run) == ["cancelled", "done"]


def test_a_deadline_that_is_met_is_not_spoken_of():
    run = pnb.run(chores.double, range(9), n_jobs=2, deadline=60)
    assert run.meta.ended_by == "completion"
    assert run.results == [2 * x for x in range(9)]


def test_a_deadline_comes_in_a_pause_before_another_try():
    began = time.monotonic()
    run = pnb.run(
        chores.misbehave, ["raise"], n_jobs=1, retries=1, backoff=60, deadline=0.5
    )
    assert time.monotonic() - began < 10
    assert statuses(run) == ["failed"]
    assert run.meta.ended_by == "deadline"


# -- memory ----------------------------------------------------------------------------

MEGA = 1_000_000


def take(n_bytes):
    return len(bytearray(n_bytes))


@on_linux
def test_one_that_wants_too_much_memory_is_one_row():
    sizes = [MEGA, 900 * MEGA, 2 * MEGA]
    run = pnb.run(take, sizes, n_jobs=2, max_memory="400 MB")
    assert statuses(run) == ["done", "failed", "done"]
    assert run.tasks["error"][1] == "MemoryError"


@on_linux
def test_a_limit_of_one_run_is_none_of_the_next():
    pnb.run(take, [MEGA] * 2, n_jobs=2, max_memory="100 MB")
    assert pnb.run(take, [300 * MEGA] * 2, n_jobs=2).results == [300 * MEGA] * 2


@on_linux
def test_arguments_that_are_too_large_fail_their_own_task():
    run = pnb.run(len, [b"x", bytes(80 * MEGA)], n_jobs=1, max_memory="40 MB")
    assert statuses(run) == ["done", "failed"]
    assert "MemoryError" in run.tasks["error"][1]


@on_linux
def test_a_command_is_held_to_it_as_well():
    code = "python3 -c 'bytearray(2_000_000_000)'"
    run = pnb.run([shell(code)], n_jobs=1, max_memory="1 GB")
    assert statuses(run) == ["failed"]
    assert "MemoryError" in run.errors["traceback"][0]


@on_linux
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_memory_of_others_is_not_limited(backend):
    with pytest.raises(pnb.ArgumentError, match="cannot be kept by backend"):
        pnb.run(take, [1], n_jobs=2, backend=backend, max_memory=MEGA)
