"""Runs on a real Dask cluster: two worker processes on this machine."""

import os
import re
import signal
import threading
import time

import joblib
import numpy as np
import pytest
from joblib._dask import DaskDistributedBackend

import parallel_nb as pnb
from parallel_nb.errors import ArgumentError, BackendError

from .processes import comes_true

distributed = pytest.importorskip(
    "distributed", reason="the extra `dask` is not installed"
)
dask = pytest.importorskip("dask")
psutil = pytest.importorskip("psutil")


@pytest.fixture(scope="module")
def cluster():
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    # Each death costs the start of an interpreter: let Dask give up at the second.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            resources={"GPU": 1},
        ) as made,
    ):
        yield made
    # What multiprocessing and the engine keep for themselves is not the cluster's.
    left = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.pid not in before and not {"tracker", "warden"} & words_of(child)
    ]
    _, alive = psutil.wait_procs(left, timeout=15)
    assert [child.cmdline() for child in alive] == []


def words_of(process):
    return set(re.split(r"\W|_", " ".join(process.cmdline())))


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as made:
        made.wait_for_workers(2, timeout=120)
        yield made


def run(*args, **kwargs):
    return pnb.run(*args, progress=False, **{"backend": "dask", **kwargs})


def square(x):
    return x * x


# -- what comes back -------------------------------------------------------------------


def test_results_come_in_order_and_rows_say_which_process_it_was(client):
    made = run(lambda x: (x, os.getpid()), range(50))
    assert [x for x, _ in made.results] == list(range(50))
    assert made.tasks["pid"].tolist() == [pid for _, pid in made.results]
    assert set(made.tasks["pid"]) <= set(client.run(os.getpid).values())
    assert (made.tasks["host"] == made.meta.host).all()
    assert made.meta.backend == "dask"
    assert made.meta.n_workers == 2
    assert made.meta.notes == ()
    assert made.tasks.groupby("worker")["pid"].nunique().max() == 1


def test_times_are_in_order_without_any_shift_on_one_host(client):
    attempts = run(time.sleep, [0.01] * 20).attempts
    assert (attempts["submitted"] <= attempts["started"]).all()
    assert (attempts["started"] + 0.01 <= attempts["ended"]).all()
    assert (attempts["ended"] <= attempts["received"]).all()


def test_tiny_tasks_travel_together(client):
    made = run(square, range(5000))
    assert made.results == [x * x for x in range(5000)]
    assert made.attempts["chunk"].nunique() < 100


def test_a_large_function_travels_once_a_worker(client):
    table = np.arange(300_000)

    def look_up(x, table=table):
        return int(table[x])

    made = run(look_up, range(20))
    assert made.results == list(range(20))


def test_large_arguments_come_without_files(client):
    def total(array):
        return type(array).__name__, float(array.sum())

    made = run(total, [np.ones(500_000), np.ones(600_000)])
    assert made.results == [("ndarray", 5e5), ("ndarray", 6e5)]


def test_an_error_and_an_unpicklable_result_are_rows(client):
    def mixed(x):
        if x == 1:
            raise ValueError("not this one")
        return threading.Lock() if x == 2 else x

    tasks = run(mixed, range(4)).tasks
    assert tasks["status"].tolist() == ["done", "failed", "failed", "done"]
    assert tasks["error"][1] == "ValueError: not this one"
    assert "could not be pickled" in tasks["error"][2]


def test_a_result_that_breaks_when_unpickled_fails_alone(client):
    class Broken:
        def __reduce__(self):
            return os.fsdecode, (3,)

    made = run(lambda x: Broken() if x == 1 else x, range(3))
    assert made.tasks["status"].tolist() == ["done", "failed", "done"]


# -- which cluster, and how much of it -------------------------------------------------


def test_a_client_says_which_cluster(client):
    made = pnb.run(square, [3], client=client, progress=False)
    assert made.results == [9]
    assert made.meta.backend == "dask"


def test_a_configured_backend_of_joblib_is_the_same_cluster(client):
    with joblib.parallel_config(backend="dask"):
        made = pnb.run(square, range(3), progress=False)
    assert made.results == [0, 1, 4]
    assert (made.meta.backend, made.meta.n_workers) == ("dask", 2)


def test_n_jobs_limits_how_many_tasks_run_at_once(client):
    made = run(time.sleep, [0.02] * 8, n_jobs=1)
    ran = made.attempts.sort_values("started")
    assert (ran["started"].to_numpy()[1:] >= ran["ended"].to_numpy()[:-1]).all()
    assert made.meta.n_workers == 1


def test_without_a_cluster_the_error_says_how_to_make_one():
    with pytest.raises(ArgumentError, match=r"client = Client\("):
        run(square, [1])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"client": "tcp://somewhere"}, "distributed.Client; got str"),
        ({"client": object(), "backend": "loky"}, "belongs to backend='dask'"),
    ],
)
def test_a_wrong_client_is_refused(options, match):
    with pytest.raises(ArgumentError, match=match):
        run(square, [1], **options)


def test_a_closed_client_is_refused(cluster):
    made = distributed.Client(cluster)
    made.close()
    with pytest.raises(ArgumentError, match="closed"):
        run(square, [1], client=made)


# -- workers that die ------------------------------------------------------------------


def test_a_task_that_kills_workers_crashes_and_nobody_else_does(client):
    def deadly(x):
        if x == 3:
            os._exit(3)
        return x

    made = run(deadly, range(12))
    status = made.tasks["status"].tolist()
    assert status.pop(3) == "crashed"
    assert set(status) == {"done"}
    assert made.tasks["error"][3].startswith("WorkerDied: 2 workers of the Dask")
    assert made.results_or(None) == [0, 1, 2, None, *range(4, 12)]


def test_a_worker_killed_from_outside_loses_nothing(client, tmp_path):
    client.wait_for_workers(2, timeout=120)
    (victim, *_) = client.run(os.getpid).values()
    flag = tmp_path / "started"

    def slow(x, flag=str(flag)):
        open(flag, "a").close()
        time.sleep(0.05)
        return x

    handle = pnb.start(slow, range(40), backend="dask")
    assert comes_true(flag.exists)
    os.kill(victim, signal.SIGKILL)
    made = handle.wait(timeout=50)
    assert made.results == list(range(40))
    assert (made.tasks["status"] == "done").all()
    assert any("1 worker left the Dask cluster" in note for note in made.meta.notes)


# -- ending early ----------------------------------------------------------------------


def test_any_result_ends_the_run_and_the_futures(client):
    def wait(seconds):
        time.sleep(seconds)
        return seconds

    began = time.perf_counter()
    made = run(wait, [0.01, 3, 3, 3], wait="any")
    assert time.perf_counter() - began < 2
    assert made.meta.ended_by == "wait"
    assert (made.tasks["status"] == "cancelled").sum() == 3
    assert comes_true(lambda: not client.futures)


def test_a_run_in_the_background_can_be_cancelled(client):
    handle = pnb.start(time.sleep, [0.01, 1, 1, 1], backend="dask", n_jobs=1)
    assert comes_true(lambda: handle.progress[0] == 1)
    made = handle.cancel()
    assert made.meta.ended_by == "cancel"
    assert made.tasks["status"].tolist() == ["done", *["cancelled"] * 3]


def test_futures_that_somebody_cancels_come_home_as_failures(client):
    handle = pnb.start(time.sleep, [1], backend="dask")
    assert comes_true(lambda: any(client.processing().values()))
    client.cancel([distributed.Future(key, client) for key in client.futures])
    made = handle.wait(timeout=20)
    assert made.tasks["status"].tolist() == ["failed"]
    assert "Cancelled" in made.tasks["error"][0]


def test_a_cluster_that_ends_does_not_leave_the_run_waiting():
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=":0", processes=False
    ) as short:
        lonely = distributed.Client(short)
        handle = pnb.start(time.sleep, [0.01, 1, 1], client=lonely)
        assert comes_true(lambda: handle.progress[0] == 1)
        lonely.close()
        with pytest.raises(BackendError, match=r"gone|no more work"):
            handle.wait(timeout=20)
        assert handle.run.tasks["status"][0] == "done"


INTERRUPT = """
import json, os, signal, threading, time
os.setpgid(0, 0)
import parallel_nb as pnb
from dask.distributed import Client, LocalCluster

deaf = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"

def main():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", preload=[deaf]
    ) as cluster, Client(cluster) as client:
        before = sorted(client.run(os.getpid).values())

        def notice(event):
            if event.kind == "done":
                os.killpg(os.getpgid(0), signal.SIGINT)

        began = time.perf_counter()
        try:
            pnb.run(time.sleep, [0.2, 6, 6, 6], backend="dask", on_event=notice)
        except KeyboardInterrupt:
            raised = True
        seconds = time.perf_counter() - began
        partial = pnb.last_run()
        again = pnb.run(abs, [-1], backend="dask").results
        after = sorted(client.run(os.getpid).values())
    print(json.dumps([raised, seconds, partial.meta.ended_by,
                      partial.tasks["status"].tolist(), again, before == after]))

if __name__ == "__main__":
    main()
"""


def test_an_interrupt_stops_the_run_and_not_the_cluster(script):
    raised, seconds, ended_by, statuses, again, are_same = script(INTERRUPT)
    assert raised
    # A second or less, and not the six that the others take; it may be a busy machine.
    assert seconds < 5.5
    assert ended_by == "interrupt"
    assert statuses[0] == "done"
    assert set(statuses[1:]) == {"cancelled"}
    assert again == [1]
    assert are_same


# -- clocks ----------------------------------------------------------------------------


def skew():
    """Pretend to be another machine, whose clock shows 100 s more."""
    from parallel_nb.engine import worker
    from parallel_nb.engine.clusters import abroad

    worker.clock = lambda: time.perf_counter() + 100
    abroad.clock_name = lambda: "another boot"


def unskew():
    from parallel_nb.engine import worker
    from parallel_nb.engine.clusters import abroad

    worker.clock = time.perf_counter
    import importlib

    importlib.reload(abroad)


def test_a_skewed_clock_is_aligned_within_the_uncertainty_it_reports(client):
    client.wait_for_workers(2, timeout=120)
    odd, _ = client.scheduler_info()["workers"]
    client.run(skew, workers=[odd])
    (pid,) = client.run(os.getpid, workers=[odd]).values()
    try:
        made = run(time.sleep, [0.005] * 60)
    finally:
        client.run(unskew, workers=[odd])
    (note,) = made.meta.notes
    assert note.startswith("the clock of 1 worker was aligned to within")
    within = float(note.split()[-2]) / 1e3
    assert 0 < within < 0.05
    skewed = made.attempts[made.attempts["pid"] == pid]
    assert len(skewed)
    assert (skewed["started"] >= skewed["submitted"] - within).all()
    assert (skewed["ended"] <= skewed["received"] + within).all()
    assert (skewed["ended"] - skewed["started"]).median() < 0.1


# -- plans, agents, commands, recording ------------------------------------------------


def test_a_plan_with_dependencies_runs_on_the_cluster(client):
    two = pnb.Task(square, 2, name="two")
    three = pnb.Task(square, 3, name="three")
    both = pnb.gather([two, three], into=sum)
    made = run(both)
    assert made.results_or(None)[-1] == 13
    assert len(made.edges) == 2
    assert set(made.tasks["pid"]) <= set(client.run(os.getpid).values())


@pytest.mark.parametrize("says", ["agent", "backend"])
def test_an_agent_may_need_what_only_some_workers_have(client, says):
    needed = {"GPU": 1}
    own = {"resources": needed}
    if says == "backend":
        own = {"backend": DaskDistributedBackend(client=client, resources=needed)}
    agents = {"gpu": pnb.Agent("gpu", 2, **own)}
    task = pnb.Task(time.sleep, 0.5, agent="gpu")
    handle = pnb.start([task], agents=agents, backend="dask")

    def needs(dask_scheduler=None):
        return [
            dict(t.resource_restrictions or {}) for t in dask_scheduler.tasks.values()
        ]

    assert comes_true(lambda: {"GPU": 1} in client.run_on_scheduler(needs))
    assert handle.wait(timeout=20).tasks["status"].tolist() == ["done"]


def test_commands_run_on_this_machine(client):
    made = run(
        [pnb.shell("echo $PPID", name="here"), pnb.Task(os.getpid, name="there")]
    )
    here, there = made.results
    assert int(here.stdout) == os.getpid()
    assert there in client.run(os.getpid).values()


def test_recorded_joblib_code_on_dask_becomes_a_run(client):
    with pnb.record() as log, joblib.parallel_config(backend="dask"):
        values = joblib.Parallel()(joblib.delayed(abs)(-x) for x in range(6))
    assert values == list(range(6))
    (made,) = log
    assert made.meta.backend == "dask"
    assert (made.tasks["status"] == "done").all()
    assert set(made.tasks["pid"]) <= set(client.run(os.getpid).values())


def test_a_run_inside_a_task_keeps_to_its_worker(client):
    def nested(x):
        import parallel_nb

        inner = parallel_nb.run(abs, [-x], progress=False)
        return inner.results, inner.meta.n_workers

    assert run(nested, [4]).results == [([4], 1)]
