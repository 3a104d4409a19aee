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


GUARDING_ALONE = """
import os, subprocess, sys, time
from parallel_nb.engine import warden

child = subprocess.Popen(["sleep", "60"])
for n in range(N_GUARDED):
    warden.guard_alone({child.pid})
for n in range(N_RELEASED):
    warden.release_alone({child.pid})
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("n_guarded", "n_released"), [(1, 0), (2, 1)])
def test_a_guarded_process_of_the_same_group_ends_alone(mark, n_guarded, n_released):
    program = start_script(
        GUARDING_ALONE, mark, N_GUARDED=n_guarded, N_RELEASED=n_released
    )
    child = psutil.Process(int(program.stdout.readline()))
    end(program, signal.SIGKILL)
    assert comes_true(lambda: is_over(child), seconds=2)


def test_a_released_process_is_left_alone(mark):
    program = start_script(GUARDING_ALONE, mark, N_GUARDED=2, N_RELEASED=2)
    child = psutil.Process(int(program.stdout.readline()))
    end(program, signal.SIGKILL)
    assert comes_true(lambda: marked(mark) == [child], seconds=5)
    assert not is_over(child)


POOLS = """
import parallel_nb as pnb
from tests.engine import chores

def hang(seconds):
    print("hangs", flush=True)
    chores.nap(seconds)

pnb.run(hang, [60.0, 60.0], n_jobs=2, backend=BACKEND)
"""


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_workers_of_pools_that_hang_end_with_the_kernel(mark, backend):
    program = start_script(POOLS, mark, BACKEND=backend)
    for _ in range(2):
        assert program.stdout.readline() == "hangs\n"

    def workers_now():
        children = psutil.Process(program.pid).children()
        return [p for p in children if "tracker" not in " ".join(p.cmdline())]

    assert comes_true(lambda: len(workers_now()) >= 3), "two, and the warden"
    workers = workers_now()
    end(program, signal.SIGKILL)
    assert comes_true(lambda: all(map(is_over, workers)), seconds=2)
    # joblib's own, which clears up behind all of them, may have been starting.
    assert comes_true(lambda: not marked(mark), seconds=10)


JOBLIB_GOES_ON = """
import os, joblib
import parallel_nb as pnb

def pids():
    with joblib.Parallel(2, "loky") as parallel:
        return set(parallel(joblib.delayed(os.getpid)() for _ in range(20)))

before = pids()
pnb.run(abs, range(-20, 0), n_jobs=2, backend="loky")
print(before >= pids(), flush=True)
"""


def test_joblibs_own_use_of_the_same_workers_goes_on(mark):
    with start_script(JOBLIB_GOES_ON, mark) as program:
        out, err = program.communicate(timeout=60)
    assert out == "True\n", err


def _warden_of(warden):
    warden.guard(2**22 + 1)  # no such group can be: pids end below
    warden.release(2**22 + 1)
    return psutil.Process(warden._process.pid)
