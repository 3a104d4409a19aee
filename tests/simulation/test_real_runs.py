"""Real sleeps: what one worker took tells what others will take."""

import time

import numpy as np
import pytest

import parallel_nb as pnb

from .making import makespan

NAPS = (np.random.default_rng(7).exponential(0.012, 160) + 0.004).tolist()
OFF = 0.05
STARTING = 1e-3  # seconds that a thread takes to start where others have the cores
MOST_TRIES = 6


def run_on(n_workers):
    return pnb.run(time.sleep, NAPS, n_jobs=n_workers, backend="threading")


def test_sleeps_on_one_worker_tell_what_more_take():
    # 32 workers, and processes, are in tests/benchmarks/simulation.py: they need longer
    # batches to be told from their start.
    counts = [4, 8, 16]
    recorded, took = run_on(1), dict.fromkeys(counts, np.inf)
    for _ in range(MOST_TRIES):  # in turns; a busy machine only makes them longer
        for n_workers in counts:
            took[n_workers] = min(took[n_workers], makespan(run_on(n_workers)))
        frame = pnb.predict(recorded, counts).set_index("n_workers")
        far = [
            n
            for n in counts
            if abs(frame["makespan"][n] - took[n]) > OFF * took[n] + STARTING * n
        ]
        if not far:
            break
        recorded = min(recorded, run_on(1), key=makespan)
    assert not far, (frame["makespan"].to_dict(), took)
    assert abs(frame["error"][1]) <= OFF


def test_a_graph_recorded_on_two_threads_tells_what_four_take():
    rng, tasks = np.random.default_rng(3), []
    for at in range(60):
        near = tasks[-10:]
        after = [near[i] for i in {*rng.integers(0, len(near), 2)}] if at > 5 else []
        nap = float(rng.exponential(0.01) + 0.004)
        tasks.append(pnb.Task(time.sleep, nap, name=f"t{at}", after=after, cost=nap))
    plan = pnb.plan(tasks, n_jobs=2)
    took, runs = np.inf, []
    for _ in range(MOST_TRIES):
        took = min(took, makespan(pnb.run(plan, n_jobs=4, backend="threading")))
        runs.append(pnb.run(plan, backend="threading"))
        frame = pnb.predict(min(runs, key=makespan), [4])
        if abs(frame["makespan"][1] / took - 1) <= OFF:
            break
    assert frame["makespan"][1] == pytest.approx(took, rel=OFF)
    assert abs(frame["error"][0]) <= OFF


def test_pauses_before_another_try_are_kept():
    tried = set()

    def flaky(nap):
        time.sleep(0.02)
        if nap not in tried:
            tried.add(nap)
            raise ValueError

    run = pnb.run(
        flaky, range(4), n_jobs=4, backend="threading", retries=1, backoff=0.2
    )
    assert set(run.tasks["attempt"]) == {2}
    for n_workers in (2, 4):
        again = pnb.simulate(run, n_workers=n_workers)
        ready, ended = again.attempts["ready"], again.attempts["ended"]
        assert (ready[1::2].to_numpy() - ended[::2].to_numpy() >= 0.2).all()
    error = pnb.predict(run, [4])["error"][0]
    assert abs(error) < 0.1
