"""Runs on a real Ray of this machine."""

import functools
import multiprocessing.pool
import os
import signal
import sys
import threading
import time

import joblib
import numpy as np
import psutil
import pytest
from joblib.pool import PicklingPool

import parallel_nb as pnb
from parallel_nb.engine.clusters import abroad
from parallel_nb.engine.clusters.on_ray import RayCluster
from parallel_nb.errors import ArgumentError

from ..faults.engines import start_ray
from .processes import comes_true

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")

# Ray's own code, at its start and at its end.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
]


@pytest.fixture(scope="module")
def started():
    others = set(psutil.Process().children(recursive=True))
    start_ray(num_cpus=2, resources={"licence": 1})
    mine = set(psutil.Process().children(recursive=True)) - others
    yield
    ray.shutdown()
    _, alive = psutil.wait_procs(mine, timeout=30)
    assert alive == []


@pytest.fixture
def on_ray(started):
    def run(*args, **kwargs):
        return pnb.run(*args, progress=False, **{"backend": "ray", **kwargs})

    return run


def test_without_ray_started_the_error_says_how_to_start_it():
    assert not ray.is_initialized()
    with pytest.raises(ArgumentError, match=r"ray\.init\(\)"):
        pnb.run(abs, [1], backend="ray")


def test_results_come_in_order_and_rows_say_which_process_it_was(on_ray):
    made = on_ray(lambda x: (x, os.getpid()), range(50))
    assert [x for x, _ in made.results] == list(range(50))
    assert made.tasks["pid"].tolist() == [pid for _, pid in made.results]
    assert os.getpid() not in set(made.tasks["pid"])
    assert (made.meta.backend, made.meta.n_workers) == ("ray", 2)
    assert (made.tasks["host"] == made.meta.host).all()
    attempts = made.attempts
    assert (attempts["submitted"] <= attempts["started"]).all()
    assert (attempts["ended"] <= attempts["received"]).all()


def test_tiny_tasks_travel_together(on_ray):
    made = on_ray(lambda x: x * x, range(5000))
    assert made.results == [x * x for x in range(5000)]
    assert made.attempts["chunk"].nunique() < 100


def test_large_functions_and_arguments_come_without_files(on_ray):
    table = np.arange(300_000)
    look_up = functools.partial(lambda table, x: int(table[x]), table)
    assert on_ray(look_up, range(8)).results == list(range(8))
    totals = on_ray(lambda a: (type(a).__name__, a.sum()), [np.ones(500_000)])
    assert totals.results == [("ndarray", 5e5)]


def test_errors_and_unpicklable_results_are_rows(on_ray):
    def mixed(x):
        if x == 1:
            raise ValueError("not this one")
        return threading.Lock() if x == 2 else x

    tasks = on_ray(mixed, range(4)).tasks
    assert tasks["status"].tolist() == ["done", "failed", "failed", "done"]
    assert tasks["error"][1] == "ValueError: not this one"


def test_a_task_that_kills_its_worker_crashes_once_and_alone(on_ray, tmp_path):
    def deadly(x, folder=str(tmp_path)):
        if x == 3:
            open(os.path.join(folder, f"{os.getpid()}"), "a").close()
            os._exit(3)
        return x

    made = on_ray([pnb.Task(deadly, x, name=str(x)) for x in range(12)], agents={})
    status = made.tasks["status"].tolist()
    assert status.pop(3) == "crashed"
    assert set(status) == {"done"}
    assert made.tasks["error"][3].startswith("WorkerDied")


def test_a_worker_killed_from_outside_is_one_row_and_can_be_retried(on_ray, tmp_path):
    flag = tmp_path / "pid"

    def slow(x, flag=str(flag)):
        if x == 0 and not os.path.exists(flag):
            with open(flag + "~", "w") as file:
                file.write(str(os.getpid()))
            os.rename(flag + "~", flag)
            time.sleep(30)
        return x

    tasks = [pnb.Task(slow, x, retries=1) for x in range(4)]
    handle = pnb.start(tasks, backend="ray")
    assert comes_true(flag.exists)
    os.kill(int(flag.read_text()), signal.SIGKILL)
    made = handle.wait(timeout=30)
    assert made.results == list(range(4))
    first = made.attempts[made.attempts["task"] == 0]
    assert first["status"].tolist() == ["crashed", "done"]


def test_any_result_ends_the_run_and_what_still_runs(on_ray, tmp_path):
    flag = tmp_path / "pid"

    def wait(seconds, flag=str(flag)):
        if seconds:
            with open(f"{flag}~{seconds}", "w") as file:
                file.write(str(os.getpid()))
            os.rename(f"{flag}~{seconds}", flag)
            time.sleep(seconds)
        while not os.path.exists(flag):
            time.sleep(0.01)
        return seconds

    made = on_ray(wait, [0, 200, 201], wait="any")
    assert made.meta.ended_by == "wait"
    assert made.tasks["status"].tolist() == ["done", "cancelled", "cancelled"]
    # Long before a task would end by itself; one that was on its way to its worker is
    # cancelled once more, a second later.
    assert comes_true(lambda: is_over(int(flag.read_text())), seconds=60)


def test_a_plan_with_dependencies_runs_on_ray(on_ray):
    def times(x, y):
        return x * y

    both = pnb.gather([pnb.Task(times, 2, 2), pnb.Task(times, 3, 3)], into=sum)
    assert on_ray(both).results[-1] == 13


def test_an_agent_may_need_what_only_some_nodes_have(on_ray):
    from ray.util.joblib.ray_backend import RayBackend

    backend = RayBackend(ray_remote_args={"resources": {"licence": 1}})
    agents = {"holder": pnb.Agent("holder", 2, backend=backend)}
    tasks = [pnb.Task(time.sleep, 0.1, agent="holder") for _ in range(3)]
    ran = on_ray(tasks, agents=agents).attempts.sort_values("started")
    assert (ran["started"].to_numpy()[1:] >= ran["ended"].to_numpy()[:-1]).all()


def test_the_clock_of_another_machine_is_aligned(on_ray, monkeypatch):
    # This process pretends to be elsewhere, as Ray's start and end by themselves.
    monkeypatch.setattr(abroad, "clock_name", lambda: "another boot")
    made = on_ray(time.sleep, [0.005] * 40)
    (note,) = made.meta.notes
    assert "aligned to within" in note
    within = float(note.split()[-2]) / 1e3
    attempts = made.attempts
    assert (attempts["started"] >= attempts["submitted"] - within).all()
    assert (attempts["ended"] <= attempts["received"] + within).all()


def is_over(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class LateRay:
    """Ray's calls, where a cancellation that comes too early is forgotten."""

    def __init__(self, n_forgotten):
        self.n_left = n_forgotten
        self.cancelled = []

    def is_initialized(self):
        return True

    def cancel(self, future, force):
        assert force
        self.cancelled.append(future)

    def wait(self, futures, num_returns, timeout):
        self.n_left -= 1
        return ([], futures) if self.n_left >= 0 else (futures, [])


@pytest.mark.parametrize("n_forgotten", [0, 1, 3])
def test_what_a_cancellation_missed_is_cancelled_until_it_ends(
    n_forgotten, monkeypatch
):
    late = LateRay(n_forgotten)
    monkeypatch.setitem(sys.modules, "ray", late)
    RayCluster().cancel(["one"])
    assert comes_true(lambda: late.n_left < 0)
    assert late.cancelled == ["one"] * (n_forgotten + 1)


# -- multiprocessing stays multiprocessing ---------------------------------------------


def is_multiprocessing():
    parents = joblib.Parallel(n_jobs=2, backend="multiprocessing")(
        joblib.delayed(os.getppid)() for _ in range(4)
    )
    return set(parents) == {os.getpid()} and PicklingPool.__bases__ == (
        multiprocessing.pool.Pool,
    )


def test_after_a_run_on_ray_multiprocessing_is_itself(on_ray):
    from ray.util.joblib import register_ray

    register_ray()
    on_ray(abs, [-1])
    with joblib.parallel_config(backend="ray"):
        made = pnb.run(abs, [-1, -2], progress=False)
    assert (made.meta.backend, made.results) == ("ray", [1, 2])
    assert is_multiprocessing()


def test_recorded_joblib_code_on_ray_becomes_a_run_and_a_later_run_is_itself(started):
    from ray.util.joblib import register_ray

    register_ray()
    with pnb.record() as log, joblib.parallel_config(backend="ray"):
        values = joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-x) for x in range(4))
    assert values == list(range(4))
    assert log[0].meta.backend == "ray"
    assert (log[0].tasks["status"] == "done").all()
    # Ray's own backend has put its pool there.
    here = pnb.run(lambda _: os.getppid(), [0, 1], n_jobs=2, backend="multiprocessing")
    assert set(here.results) == {os.getpid()}
    assert is_multiprocessing()
