"""Whoever is guarded ends with the process that started him, however that ends."""

import os
import signal

import psutil
import pytest

from .processes import comes_true, marked, start_script

GUARDING = """
import os, subprocess, sys, time
from parallel_nb.engine import warden

child = subprocess.Popen(["sleep", "60"], start_new_session=True)
warden.guard(child.pid)
if RELEASES:
    warden.release(child.pid)
if FORKS and os.fork() == 0:
    time.sleep(60)
print(child.pid, flush=True)
time.sleep(60)
"""


def guarding(mark, *, releases=False, forks=False):
    program = start_script(GUARDING, mark, RELEASES=releases, FORKS=forks)
    return program, psutil.Process(int(program.stdout.readline()))


def end(program, number):
    program.send_signal(number)
    program.wait(timeout=10)
    program.stdout.close()
    program.stderr.close()


@pytest.fixture
def mark(request):
    yield request.node.nodeid
    for process in marked(request.node.nodeid):
        process.kill()


def is_over(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_guarded_group_ends_with_its_starter(mark, number):
    program, child = guarding(mark)
    end(program, number)
    assert comes_true(lambda: is_over(child), seconds=2)
    assert comes_true(lambda: not marked(mark), seconds=2)


def test_a_released_group_is_left_alone(mark):
    program, child = guarding(mark, releases=True)
    end(program, signal.SIGKILL)
    # The warden's own end shows that it has done what it was going to do.
    assert comes_true(lambda: marked(mark) == [child], seconds=5)
    assert not is_over(child)


def test_a_forked_child_that_holds_the_pipe_delays_nothing(mark):
    program, child = guarding(mark, forks=True)
    end(program, signal.SIGKILL)
    assert comes_true(lambda: is_over(child), seconds=2)


def test_a_warden_that_was_killed_is_replaced():
    from parallel_nb.engine import warden

    first = _warden_of(warden)
    os.kill(first.pid, signal.SIGKILL)
    assert comes_true(lambda: is_over(first))
    second = _warden_of(warden)
    assert second.pid != first.pid
    assert not is_over(second)


REPLACING = """
import os, signal, subprocess, time
from parallel_nb.engine import warden

child = subprocess.Popen(["sleep", "60"], start_new_session=True)
warden.guard(child.pid)
os.kill(warden._process.pid, signal.SIGKILL)
warden._process.wait()
warden.guard(2**22 + 1)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_the_next_warden_knows_whom_the_first_one_guarded(mark):
    program = start_script(REPLACING, mark)
    child = psutil.Process(int(program.stdout.readline()))
    end(program, signal.SIGKILL)
    assert comes_true(lambda: is_over(child), seconds=2)


def _warden_of(warden):
    warden.guard(2**22 + 1)  # no such group can be: pids end below
    warden.release(2**22 + 1)
    return psutil.Process(warden._process.pid)
