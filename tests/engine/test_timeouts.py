"""A time limit ends the attempt that overruns it, and nothing else."""

import ctypes
import os
import subprocess
import time

import psutil
import pytest

import parallel_nb as pnb

from . import chores
from .processes import comes_true


def hang_in_python(_):
    while True:
        pass


def hang_in_c(_):
    ctypes.PyDLL(None).sleep(60)  # holds the interpreter lock


def stop(_):
    os.kill(os.getpid(), 19)


def leave_a_child(folder):
    child = subprocess.Popen(["sleep", "60"])
    chores.leave_mark(folder, f"child-{child.pid}")
    time.sleep(60)


def seconds_of(attempts):
    return (attempts["ended"] - attempts["started"]).tolist()


@pytest.mark.parametrize("hang", [hang_in_python, hang_in_c, stop])
def test_an_attempt_that_overruns_is_ended_within_a_tenth_of_a_second(hang):
    tasks = [pnb.Task(chores.nap, 0.05), pnb.Task(hang, 0, timeout=0.4)]
    run = pnb.run(tasks, n_jobs=2)
    assert run.tasks["status"].astype("str").tolist() == ["done", "timeout"]
    assert run.tasks["error"][1] == "timeout: it took longer than 0.4 s"
    assert 0.4 <= seconds_of(run.tasks)[1] < 0.5


def test_its_neighbours_do_not_notice(tmp_path):
    tasks = [pnb.Task(hang_in_c, 0, timeout=0.3)]
    tasks += [pnb.Task(chores.leave_mark, tmp_path, key) for key in range(20)]
    tasks += [pnb.Task(chores.nap, 0.8)]
    run = pnb.run(tasks, n_jobs=2)
    assert run.tasks["status"].astype("str").tolist() == ["timeout"] + ["done"] * 21
    assert set(chores.marks(tmp_path).values()) == {1}


def test_the_children_of_an_ended_attempt_end_with_it(tmp_path):
    pnb.run([pnb.Task(leave_a_child, tmp_path, timeout=0.5)], n_jobs=1)
    (mark,) = chores.marks(tmp_path)
    assert comes_true(lambda: not psutil.pid_exists(int(mark.split("-")[1])))


def test_the_clock_starts_with_the_attempt_and_not_in_the_queue():
    tasks = [pnb.Task(chores.nap, 0.3, timeout=0.6) for _ in range(4)]
    assert len(pnb.run(tasks, n_jobs=1).results) == 4


def test_a_task_that_keeps_its_limit_is_done():
    assert pnb.run([pnb.Task(chores.nap, 0.01, timeout=60)], n_jobs=1).results == [0.01]


def test_each_attempt_has_the_whole_limit():
    run = pnb.run([pnb.Task(hang_in_python, 0, timeout=0.2, retries=1)], n_jobs=1)
    assert run.attempts["status"].astype("str").tolist() == ["timeout", "timeout"]
    assert run.attempts["attempt"].tolist() == [1, 2]
    assert min(seconds_of(run.attempts)) >= 0.2


def test_a_command_that_overruns_is_ended_with_its_children():
    run = pnb.run([pnb.shell("sleep 60 & sleep 60", timeout=0.3)], backend="threading")
    assert run.tasks["status"].astype("str").tolist() == ["timeout"]
    assert 0.3 <= seconds_of(run.tasks)[0] < 0.9


def test_a_command_that_ignores_the_request_to_end_is_killed():
    command = "trap '' TERM; while :; do sleep 0.05; done"
    run = pnb.run([pnb.shell(command, timeout=0.2)], backend="threading")
    assert run.tasks["status"].astype("str").tolist() == ["timeout"]
    assert seconds_of(run.tasks)[0] < 2


@pytest.mark.parametrize("backend", ["loky", "sequential", "multiprocessing"])
def test_a_backend_that_cannot_end_one_task_says_so_beforehand(backend):
    with pytest.raises(pnb.ArgumentError, match="cannot be kept by backend"):
        pnb.run([pnb.Task(abs, 1, timeout=1)], backend=backend)


def test_a_multiple_of_the_median_needs_an_earlier_run():
    tasks = [pnb.Task(chores.nap, 0.05, timeout="3x median") for _ in range(3)]
    with pytest.raises(pnb.ArgumentError, match="history"):
        pnb.run(tasks, n_jobs=2)


def test_a_multiple_of_the_median_of_an_earlier_run():
    history = pnb.run([pnb.Task(chores.nap, 0.05) for _ in range(3)], n_jobs=1)
    tasks = [
        pnb.Task(chores.nap, 0.01, timeout="10x median"),
        pnb.Task(chores.nap, 30, timeout="10x median"),
    ]
    run = pnb.run(tasks, n_jobs=2, history=history)
    assert run.tasks["status"].astype("str").tolist() == ["done", "timeout"]
