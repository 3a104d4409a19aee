"""Processes of isolated lanes: kept warm, replaced when need be, never left over."""

import os
import re
import signal
import threading
import time

import psutil
import pytest

import parallel_nb as pnb
from parallel_nb.engine import lanes, worker
from parallel_nb.engine.lanes import Lease, Place, WorkerDied

from . import chores
from .processes import comes_true, marked, start_script


def run_there(n=2):
    """``(pid, folder, PLACE, /nowhere on the path)`` as two lanes see them."""
    run = pnb.run(chores.place, range(n), n_jobs=n, backend="isolated")
    return run.results


def lane_pids():
    run = pnb.run(chores.nap, [0.05] * 4, n_jobs=2, backend="isolated")
    return set(run.attempts["pid"])


# -- reuse --------------------------------------------------------------------------


def test_lanes_stay_warm_between_runs():
    first, second = lane_pids(), lane_pids()
    assert first == second
    assert len(first) == 2


def test_a_warm_lane_remembers_no_function_of_another_run():
    def one(x):
        return x + 1

    def two(x):
        return x + 2

    assert pnb.run(one, [0], n_jobs=1).results == [1]
    assert pnb.run(two, [0], n_jobs=1).results == [2]


def test_a_changed_environment_is_seen(monkeypatch):
    before = lane_pids()
    monkeypatch.setenv("PLACE", "changed")
    there = run_there()
    assert {place for _, _, place, _ in there} == {"changed"}
    assert before.isdisjoint(pid for pid, *_ in there)


def test_a_changed_working_directory_is_seen(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert {folder for _, folder, _, _ in run_there()} == {str(tmp_path)}


def test_a_changed_import_path_is_seen(monkeypatch):
    monkeypatch.syspath_prepend("/nowhere")
    assert {is_there for *_, is_there in run_there()} == {True}


def test_an_import_path_may_hold_more_than_text(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.path", [tmp_path, *__import__("sys").path])
    assert pnb.run(abs, [-1], n_jobs=1).results == [1]


def test_a_working_directory_that_is_gone_is_no_obstacle(monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert pnb.run(abs, [-1], n_jobs=1).results == [1]


def test_idle_lanes_can_be_ended():
    pids = lane_pids()
    lanes.close_reserve()
    assert not any(map(psutil.pid_exists, pids))


def test_a_lane_that_died_while_nobody_looked_is_replaced():
    pids = lane_pids()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert lane_pids().isdisjoint(pids)


def test_a_lane_that_was_killed_a_moment_ago_is_replaced():
    for _ in range(5):
        for pid in lane_pids():
            os.kill(pid, signal.SIGKILL)
        run = pnb.run(chores.double, range(20), n_jobs=2)
        assert run.results == list(range(0, 40, 2))


# -- one lease ----------------------------------------------------------------------


def payload(function, *args):
    import cloudpickle

    return cloudpickle.dumps(lambda: function(*args))


@pytest.fixture
def lease():
    made = Lease(2, Place.now({}))
    yield made
    made.release()


def test_a_call_tells_the_lane_that_served_it(lease):
    future = lease.submit(payload(os.getpid))
    assert future.result(30) in {pid for _, pid, *_ in lease.startups}
    assert future.lane in (0, 1)


def test_a_callback_gets_the_finished_call(lease):
    seen = []
    done = threading.Event()

    def callback(future):
        seen.append(future.result())
        done.set()

    lease.submit(payload(abs, -3), callback)
    assert done.wait(30)
    assert seen == [3]


def test_calls_beyond_the_lanes_wait_their_turn(lease):
    futures = [lease.submit(payload(chores.double, x)) for x in range(20)]
    assert [future.result(30) for future in futures] == list(range(0, 40, 2))


def test_killing_ends_what_runs_and_drops_what_waits(lease, tmp_path):
    first = lease.submit(payload(chores.mark_and_misbehave, tmp_path, "first"))
    first.result(30)
    running = [lease.submit(payload(wait_for_ever, str(tmp_path), key)) for key in "ab"]
    waiting = [lease.submit(payload(abs, -1)) for _ in range(3)]
    for key in "ab":
        chores.wait_for(tmp_path, key)
    lease.kill_busy()
    for future in running:
        with pytest.raises(WorkerDied, match="SIGKILL"):
            future.result(30)
    assert all(future.cancelled() for future in waiting)
    assert lease.submit(payload(abs, -1)).result(30) == 1


def wait_for_ever(folder, key):
    chores.leave_mark(folder, key)
    time.sleep(60)


def test_killing_while_a_lane_starts_ends_the_call(tmp_path, monkeypatch):
    """Whenever the kill comes, nobody waits for the call to end by itself."""
    for delay in (0.0, 0.002, 0.01, 0.03, 0.1):
        monkeypatch.setenv("PLACE", f"fresh lanes {delay}")
        lease = Lease(1, Place.now({}))
        future = lease.submit(payload(time.sleep, 20))
        time.sleep(delay)
        lease.kill_busy()
        began = time.monotonic()
        lease.release()
        assert time.monotonic() - began < 5
        assert future.cancelled() or isinstance(future.exception(), WorkerDied)


def test_killing_again_and_again_meets_no_lane_off_its_guard(tmp_path):
    lease = Lease(2, Place.now({}))
    errors = []
    over = threading.Event()

    def kill():
        while not over.is_set():
            try:
                lease.kill_busy()
            except Exception as error:
                errors.append(error)
            time.sleep(0.001)

    killer = threading.Thread(target=kill)
    killer.start()
    futures = [lease.submit(payload(time.sleep, 0.05)) for _ in range(20)]
    for future in futures:
        comes_true(future.done, 30)
    over.set()
    killer.join()
    lease.release()
    assert errors == []
    assert all(future.done() for future in futures)


# -- whose lanes they are -----------------------------------------------------------

FORKED = """
import json, os
import parallel_nb as pnb
from tests.engine import chores

def pids():
    run = pnb.run(chores.nap, [0.05] * 4, n_jobs=2)
    return sorted(set(run.attempts["pid"].tolist()))

mine = pids()
reading, writing = os.pipe()
if os.fork() == 0:
    os.write(writing, json.dumps(pids()).encode())
    os._exit(0)
os.wait()
childs = json.loads(os.read(reading, 10_000))
print(json.dumps([mine, childs, pids()]))
"""


def test_a_forked_child_has_lanes_of_its_own(script):
    mine, childs, mine_again = script(FORKED)
    assert mine == mine_again
    assert set(mine).isdisjoint(childs)


POOLS_IN_LANES = """
import json, os
import parallel_nb as pnb
from tests.engine import chores

run = pnb.run([pnb.Task(chores.nested_run, "loky", [-1, -2])] * 2, n_jobs=2)
print(json.dumps(run.tasks["pid"].tolist()))
"""


def test_what_tasks_left_open_is_put_away_at_the_end(script):
    """A pool's semaphores would stay in the system until it is started again."""
    pids = set(script(POOLS_IN_LANES))
    left = [name for name in os.listdir("/dev/shm") if pids & numbers_in(name)]
    assert left == []


def numbers_in(name):
    return {int(digits) for digits in re.findall(r"\d+", name)}


WARM = """
import json
import parallel_nb as pnb
from tests.engine import chores

pids = sorted(set(pnb.run(chores.nap, [0.05] * 4, n_jobs=2).attempts["pid"].tolist()))
print(json.dumps(pids), flush=True)
"""


def test_the_interpreters_end_ends_its_lanes(script):
    pids = script(WARM)
    assert len(pids) == 2
    assert not any(map(psutil.pid_exists, pids))


def test_lanes_of_a_killed_kernel_are_gone_within_two_seconds(request):
    mark = request.node.nodeid
    with start_script(f"{WARM}\nimport time\ntime.sleep(60)\n", mark) as kernel:
        assert kernel.stdout.readline(), kernel.stderr.read()
        kernel.kill()
        kernel.wait()
        assert comes_true(lambda: not marked(mark), seconds=2)


BUSY_IN_C = """
import ctypes
import parallel_nb as pnb

def hold_the_gil(_):
    print("holding", flush=True)
    ctypes.PyDLL(None).sleep(30)

pnb.run(hold_the_gil, [0], n_jobs=1)
"""


def test_lanes_that_hold_the_interpreter_lock_die_with_the_kernel_too(request):
    mark = request.node.nodeid
    with start_script(BUSY_IN_C, mark) as kernel:
        assert kernel.stdout.readline() == "holding\n"
        kernel.kill()
        kernel.wait()
        is_over = comes_true(lambda: not marked(mark), seconds=2)
        for process in marked(mark):
            process.kill()  # it holds the pipes open
        assert is_over


# -- what a lane is -----------------------------------------------------------------


def test_a_lane_leads_a_process_group_and_ignores_the_interrupt():
    def look(_):
        is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        return os.getpgrp() == os.getpid(), is_ignored

    assert pnb.run(look, [0], n_jobs=1).results == [(True, True)]


def test_a_lane_loads_nothing_that_its_tasks_do_not():
    def look(_):
        import sys

        return sorted({"numpy", "pandas", "joblib", "matplotlib"} & set(sys.modules))

    lanes.close_reserve()
    assert pnb.run(look, [0], n_jobs=1).results == [[]]


def test_joblib_knows_in_a_lane_that_it_is_nested_though_it_comes_late():
    def look(_):
        from joblib.parallel import get_active_backend

        backend, n_jobs = get_active_backend()
        return type(backend).__name__, backend.nesting_level, n_jobs

    lanes.close_reserve()
    ((name, level, n_jobs),) = pnb.run(look, [0], n_jobs=1).results
    assert (name, level, n_jobs) == ("ThreadingBackend", 1, None)


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (3, "exit code 3"), (-9, "killed by SIGKILL")],
)
def test_an_exit_is_told_in_words(code, words):
    assert lanes.describe_exit(code) == words


def test_a_workers_clock_is_the_hosts():
    before = worker.clock()
    (there,) = pnb.run(lambda _: time.perf_counter(), [0], n_jobs=1).results
    assert before < there < worker.clock()


def go_elsewhere(how):
    if how == "folder":
        os.chdir("/")
    elif how == "variable":
        os.environ["PARALLEL_NB_TEST_PLACE"] = "elsewhere"
    return os.getcwd(), os.environ.get("PARALLEL_NB_TEST_PLACE")


@pytest.mark.parametrize("how", ["folder", "variable"])
def test_what_a_task_does_to_its_place_is_not_the_next_runs(how):
    pnb.run(go_elsewhere, [how] * 4, n_jobs=2)
    places = pnb.run(go_elsewhere, [""] * 4, n_jobs=2).results
    assert places == [(os.getcwd(), None)] * 4


@pytest.mark.parametrize("how", ["folder", "variable", ""])
def test_a_lane_stays_warm_whatever_its_tasks_did_to_its_place(how):
    before = pnb.run(chores.pid, range(4), n_jobs=1).results
    pnb.run(go_elsewhere, [how], n_jobs=1)
    assert pnb.run(chores.pid, range(4), n_jobs=1).results == before


def test_a_lane_that_cannot_go_home_is_ended(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    pnb.run(chores.double, [1], n_jobs=1)
    before = pnb.run(remove_and_leave, [str(gone)], n_jobs=1).results
    gone.mkdir()
    after = pnb.run(chores.pid, [0], n_jobs=1).results
    assert after != before


def remove_and_leave(folder):
    os.chdir("/")
    os.rmdir(folder)
    return os.getpid()
