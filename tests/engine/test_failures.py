"""Whatever a task does is its own row: nobody else is lost, or executed again."""

import os
import signal
import threading

import psutil
import pytest

import parallel_nb as pnb

from . import chores
from .processes import comes_true

BACKENDS = ["isolated", "loky", "multiprocessing", "threading", "sequential"]
PROCESSES = ["isolated", "loky", "multiprocessing"]
IN_WORKERS = [*PROCESSES, "threading"]
DEATHS = {
    "_exit": "exit code 3",
    "SIGKILL": "killed by SIGKILL",
    "SIGSEGV": "killed by SIGSEGV",
    "segfault": "killed by SIGSEGV",
}

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


def around(deed):
    """Six tasks; the fourth misbehaves."""
    return [0, 1, 2, deed, 4, 5]


def statuses(run):
    return run.tasks["status"].tolist()


def the_error(run, task):
    return run.tasks["error"][task]


# -- rows that any backend can give ------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("raise", "ValueError: as asked"),
        ("exit", "SystemExit: 2"),
        ("raise odd", "Odd: 1 and 2"),
        ("raise mute", "Mute: (its str() raised RuntimeError)"),
        ("raise unpicklable", "Holding: holds something"),
        ("raise unloadable", "Holding: holds something"),
    ],
)
def test_what_a_task_raises_is_its_own_row(backend, deed, error):
    run = pnb.run(chores.misbehave, around(deed), n_jobs=2, backend=backend)
    assert run.results_or(None) == [0, 1, 2, None, 4, 5]
    assert statuses(run) == ["done"] * 3 + ["failed"] + ["done"] * 2
    assert the_error(run, 3) == error
    assert "in misbehave" in run.errors["traceback"][0]
    assert run.meta.ended_by == "completion"


@pytest.mark.parametrize("backend", IN_WORKERS)
def test_a_keyboard_interrupt_that_a_task_raises_interrupts_nobody(backend):
    try:
        run = pnb.run(chores.misbehave, around("interrupt"), n_jobs=2, backend=backend)
    except KeyboardInterrupt:
        # It would end the tests.
        pytest.fail("the run was interrupted")
    assert statuses(run) == ["done"] * 3 + ["failed"] + ["done"] * 2
    assert the_error(run, 3) == "KeyboardInterrupt"


@pytest.mark.parametrize("backend", PROCESSES)
@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("return unpicklable", "the result could not be pickled: TypeError"),
        ("return broken pickle", "the result could not be pickled: TypeError"),
        ("return unloadable", "the result could not be unpickled: ValueError"),
        ("return quitter", "the result could not be unpickled: SystemExit"),
    ],
)
def test_a_result_that_cannot_travel_is_its_own_row(backend, deed, error):
    run = pnb.run(chores.misbehave, around(deed), n_jobs=2, backend=backend)
    assert run.results_or(None) == [0, 1, 2, None, 4, 5]
    assert the_error(run, 3).startswith(error)
    assert run.tasks["started"].notna().all()


@pytest.mark.parametrize("backend", PROCESSES)
@pytest.mark.parametrize(
    ("argument", "error"),
    [
        (chores.Unpicklable(), "the task could not be pickled: TypeError"),
        (chores.Unloadable(), "the input could not be unpickled: ValueError"),
    ],
    ids=["unpicklable", "unloadable"],
)
def test_an_argument_that_cannot_travel_is_its_own_row(backend, argument, error):
    run = pnb.run(chores.itself, around(argument), n_jobs=2, backend=backend)
    assert run.results_or(None) == [0, 1, 2, None, 4, 5]
    assert the_error(run, 3).startswith(error)


@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_what_stays_in_the_process_need_not_be_picklable(backend):
    lock = threading.Lock()
    run = pnb.run(chores.itself, [lock], n_jobs=2, backend=backend)
    assert run.results == [lock]


@pytest.mark.parametrize("backend", PROCESSES)
def test_a_function_that_cannot_travel_costs_its_own_tasks(backend):
    lock = threading.Lock()
    tasks = [pnb.Task(abs, -1), pnb.Task(lambda: lock), pnb.Task(abs, -3)]
    run = pnb.run(tasks, n_jobs=2, backend=backend)
    assert run.results_or(None) == [1, None, 3]
    assert "could not be pickled" in the_error(run, 1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_failures_among_tiny_tasks_are_all_told_apart(backend):
    def work(x):
        if x % 7 == 0:
            raise ValueError(f"no {x}")
        return x

    run = pnb.run(work, range(300), n_jobs=2, backend=backend)
    errors = run.errors
    assert errors["task"].tolist() == list(range(0, 300, 7))
    assert errors["error"].tolist() == [f"ValueError: no {x}" for x in range(0, 300, 7)]
    assert [x for x in run.results_or(None) if x is not None] == [
        x for x in range(300) if x % 7
    ]


def test_asking_for_results_lists_who_failed():
    run = pnb.run(chores.misbehave, around("raise"), n_jobs=2)
    with pytest.raises(pnb.TasksFailed, match=r"(?s)1 of 6 .* task 3 .*as asked") as e:
        run.results  # noqa: B018
    assert e.value.run is run


def test_a_text_that_is_no_valid_utf8_is_told_all_the_same():
    def work(_):
        raise OSError("caf\udce9")

    assert "caf" in the_error(pnb.run(work, [0]), 0)


def test_a_thread_that_outlives_its_task_holds_nobody_up():
    run = pnb.run(chores.misbehave, around("leave a thread"), n_jobs=2)
    assert run.results == [0, 1, 2, "left", 4, 5]


# -- dead workers in isolated lanes ---------------------------------------------------


@pytest.mark.parametrize("deed", DEATHS)
def test_a_death_is_the_culprits_row_only(deed, tmp_path):
    tasks = [
        pnb.Task(chores.mark_and_misbehave, tmp_path, i, deed if i == 3 else None)
        for i in range(6)
    ]
    run = pnb.run(tasks, n_jobs=2)
    assert run.results_or(None) == [0, 1, 2, None, 4, 5]
    assert statuses(run) == ["done"] * 3 + ["crashed"] + ["done"] * 2
    assert the_error(run, 3) == f"WorkerDied: {DEATHS[deed]}"
    assert set(chores.marks(tmp_path).values()) == {1}
    culprit = run.tasks.loc[3]
    assert culprit["started"] <= culprit["ended"]
    assert pnb.run(abs, [-1, -2], n_jobs=2).results == [1, 2]


@pytest.mark.parametrize("deed", ["_exit", "SIGKILL", "SIGSEGV"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_death_in_a_chunk_of_tiny_tasks_costs_the_culprit_only(
    deed, n_jobs, tmp_path
):
    culprits = {150, 700, 701, 999}

    def work(i):
        return chores.mark_and_misbehave(tmp_path, i, deed if i in culprits else None)

    run = pnb.run(work, range(1000), n_jobs=n_jobs)
    crashed = run.tasks.query("status == 'crashed'")["task"]
    assert set(crashed) == culprits
    assert run.results_or(None) == [None if i in culprits else i for i in range(1000)]
    marks = chores.marks(tmp_path)
    assert len(marks) == 1000
    assert set(marks.values()) == {1}
    assert len(run.attempts) == 1000


def test_large_results_of_a_dead_workers_chunk_are_kept(tmp_path):
    def work(i):
        chores.leave_mark(tmp_path, i)
        return chores.misbehave("SIGKILL") if i == 30 else bytes(100_000) + bytes([i])

    run = pnb.run(work, range(40), n_jobs=1)
    assert [r[-1] if r else r for r in run.results_or(None)] == [
        None if i == 30 else i for i in range(40)
    ]
    assert set(chores.marks(tmp_path).values()) == {1}


def test_every_second_task_may_die(tmp_path):
    def work(i):
        return chores.mark_and_misbehave(tmp_path, i, "SIGKILL" if i % 2 else None)

    run = pnb.run(work, range(20), n_jobs=2)
    assert statuses(run) == ["done", "crashed"] * 10
    assert set(chores.marks(tmp_path).values()) == {1}


def test_an_argument_that_kills_whoever_unpickles_it_is_found_out(tmp_path):
    inputs = [chores.ExitsWhenLoaded() if i == 120 else i for i in range(200)]

    def work(x):
        return chores.leave_mark(tmp_path, x)

    run = pnb.run(work, inputs, n_jobs=2)
    assert run.tasks.query("status == 'crashed'")["task"].tolist() == [120]
    assert "exit code 3" in the_error(run, 120)
    marks = chores.marks(tmp_path)
    assert (len(marks), set(marks.values())) == (199, {1})


@pytest.mark.parametrize("delay", [0.02, 0.1, 0.25])
def test_a_death_at_any_time_of_sending_200_mb_costs_nobody_else(delay):
    tasks = [
        pnb.Task(chores.double, 1),
        pnb.Task(chores.die_while_sending, 200_000_000, delay),
        *(pnb.Task(chores.nap_then_double, 0.1, x) for x in (2, 3, 4)),
    ]
    run = pnb.run(tasks, n_jobs=2)
    results = run.results_or(None)
    assert [results[0], *results[2:]] == [2, 4, 6, 8]
    # Whoever is killed before it has sent everything, or just after, is known.
    assert statuses(run)[1] in ("crashed", "done")
    assert len(run.attempts) == 5


def test_a_torn_result_is_a_crash_and_nobody_elses(tmp_path):
    tasks = [
        pnb.Task(chores.mark_and_misbehave, tmp_path, 0),
        pnb.Task(chores.die_after_half, 200_000_000),
        pnb.Task(chores.mark_and_misbehave, tmp_path, 2),
    ]
    run = pnb.run(tasks, n_jobs=1)
    assert statuses(run) == ["done", "crashed", "done"]
    assert set(chores.marks(tmp_path).values()) == {1}


def test_a_grandchild_that_holds_the_socket_hides_no_death(tmp_path):
    tasks = [
        pnb.Task(chores.double, 1),
        pnb.Task(chores.die_after_half, 10_000_000, str(tmp_path)),
        pnb.Task(chores.double, 3),
    ]
    try:
        run = pnb.run(tasks, n_jobs=1)
    finally:
        (child,) = map(int, chores.marks(tmp_path))
        os.kill(child, signal.SIGKILL)
    assert statuses(run) == ["done", "crashed", "done"]
    # It lives for half a minute.
    assert run.summary()["makespan"].item() < 10


def test_a_task_that_closes_its_lanes_descriptors_makes_no_innocent_crash(tmp_path):
    def work(i):
        chores.nap(0.02)
        return chores.mark_and_misbehave(
            tmp_path, i, "close descriptors" if i == 40 else None
        )

    run = pnb.run(work, range(60), n_jobs=1)
    crashed = run.tasks.query("status != 'done'")["task"].tolist()
    assert crashed in ([], [40])
    assert pnb.run(abs, [-1], n_jobs=1).results == [1]


def test_an_idle_lane_that_is_killed_costs_nothing(tmp_path):
    def inputs():
        yield 0
        chores.wait_for(tmp_path, 0)
        # The mark is left before the task has ended.
        (lane,) = lanes()
        assert comes_true(lambda: lane.status() == psutil.STATUS_SLEEPING)
        chores.nap(0.1)
        lane.kill()
        yield from range(1, 5)

    def lanes():
        return [p for p in psutil.Process().children() if p.pid in pids(tmp_path)]

    run = pnb.run(mark_and_tell_pid(tmp_path), inputs(), n_jobs=1)
    assert run.results == list(range(5))
    assert run.attempts["pid"].nunique() == 2
    assert all(chores.marks(tmp_path)[str(i)] == 1 for i in range(5))


def mark_and_tell_pid(folder):
    def work(i):
        chores.leave_mark(folder, f"pid-{os.getpid()}")
        return chores.leave_mark(folder, i)

    return work


def pids(folder):
    marks = chores.marks(folder)
    return [int(key[4:]) for key in marks if key.startswith("pid-")]


STORM = """
import gc, json, psutil
import parallel_nb as pnb
from tests.engine import chores

def footprint():
    gc.collect()
    me = psutil.Process()
    return me.num_fds(), me.num_threads(), len(me.children(recursive=True))

pnb.run(abs, [1, 2], n_jobs=2)
before = footprint()
for _ in range(5):
    deeds = [0, "SIGKILL", 1, "_exit", 2, "SIGSEGV"] * 3
    run = pnb.run(chores.misbehave, deeds, n_jobs=2)
    assert run.tasks["status"].tolist() == ["done", "crashed"] * 9
pnb.run(chores.nap, [0.05] * 4, n_jobs=2)
print(json.dumps([before, footprint()]))
"""


def test_deaths_leave_no_process_thread_or_open_file(script):
    before, after = script(STORM)
    assert after == before


# -- where a pool cannot say who it was ---------------------------------------------


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_who_broke_a_pool_shows_in_lanes_and_the_pool_serves_again(backend):
    run = pnb.run(chores.misbehave, around("SIGKILL"), n_jobs=2, backend=backend)
    assert statuses(run) == ["done", "done", "done", "crashed", "done", "done"]
    assert the_error(run, 3) == "WorkerDied: killed by SIGKILL"
    attempts = run.attempts
    assert attempts[attempts["task"] == 3]["attempt"].tolist() == [1, 2]
    lost = attempts[attempts["status"] == "cancelled"]["error"]
    assert lost.str.contains(f"a worker of {backend} died").all()
    assert pnb.run(abs, [-1, -2], n_jobs=2, backend=backend).results == [1, 2]


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_one_that_breaks_a_pool_is_tried_again_where_it_harms_nobody(backend):
    run = pnb.run(
        chores.misbehave, around("_exit"), n_jobs=2, backend=backend, retries=2
    )
    attempts = run.attempts[run.attempts["task"] == 3]
    assert attempts["status"].tolist() == ["cancelled", *["crashed"] * 3]
    assert statuses(run).count("done") == 5


def test_lanes_that_cannot_start_end_the_run_with_an_error(monkeypatch, capfd):
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    monkeypatch.setenv("LANES", "of this test only")
    with pytest.raises(pnb.BackendError, match=r"could not be started.*nowhere") as e:
        pnb.run(abs, [-1, -2], n_jobs=2)
    assert statuses(e.value.run) == ["cancelled"] * 2


def test_lanes_that_end_at_once_end_the_run_with_an_error(monkeypatch, capfd):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with pytest.raises(pnb.BackendError, match="ended before its first call") as e:
        pnb.run(abs, [-1, -2], n_jobs=2)
    assert statuses(e.value.run) == ["cancelled"] * 2
    assert pnb.last_run() is e.value.run
    assert "Python" in capfd.readouterr().err
