"""Cost and error of predictions: ``python -m tests.benchmarks.simulation``.

CPU seconds of a million independent tasks on 64 numbers of workers and of a graph of
10,000 tasks on 16, with their bars; then real batches, which were recorded on one
worker, beside what more take, in turns, by the shortest of each. Takes two minutes;
``--quick`` leaves the real ones out and takes a hundredth of the tasks.
"""

import argparse
import random
import time

import numpy as np
import pandas as pd

import parallel_nb as pnb
from parallel_nb import schema
from parallel_nb.runs import Meta, Run
from parallel_nb.scheduling import list_schedule
from parallel_nb.workloads import count_tokens, standard_library

N_TASKS = 1_000_000
N_IN_GRAPH = 10_000
COUNTS = range(1, 65)
FEW_COUNTS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 1024]
MOST_SECONDS = 1.0
MOST_OFF = 0.05
_REPEATS = 3
_NAPS = (np.random.default_rng(0).exponential(0.02, 400) + 0.005).tolist()


# -- how long it takes -------------------------------------------------------------


def recorded(durations, n_workers, edges=()) -> Run:
    """A Run that followed a list, made without running anything."""
    order = "critical_path" if len(edges) else "given"
    schedule = list_schedule(durations, n_workers, after=edges, order=order)
    frame = schema.coerce(
        {
            "task": np.arange(len(durations)),
            "ready": 0.0,
            "submitted": schedule.started,
            "started": schedule.started,
            "ended": schedule.ended,
            "worker": schedule.worker,
        }
    )
    meta = Meta(
        n_workers=n_workers,
        backend="isolated",
        host="here",
        cpu_count=n_workers,
        started_at="",
        versions={},
    )
    waits = pd.DataFrame(edges, columns=["task", "after"]) if len(edges) else None
    return Run(frame, meta, edges=waits)


def batches(n_tasks):
    """Lengths of independent tasks by the name of their distribution."""
    rng = np.random.default_rng(0)
    return {
        "equal": np.full(n_tasks, 0.01),
        "uniform": rng.random(n_tasks),
        "exponential": rng.exponential(1.0, n_tasks),
        "lognormal": rng.lognormal(0.0, 1.0, n_tasks),
    }


def graph(n_tasks, rng):
    """Each task waits for two of the 500 before it."""
    edges = [
        (task, other)
        for task in range(1, n_tasks)
        for other in rng.sample(range(max(0, task - 500), task), min(2, task))
    ]
    return np.array(edges)


def predicted(run, counts, order):
    """CPU seconds of a prediction, and how its rows came about."""
    seconds = []
    for _ in range(_REPEATS):
        began = time.process_time()  # others may have the cores
        frame = pnb.predict(run, counts, order=order)
        seconds.append(time.process_time() - began)
    methods = frame["method"].value_counts()
    told = ", ".join(f"{n} {name}" for name, n in methods.items() if n)
    return float(np.median(seconds)), told


def costs(n_tasks, n_in_graph):
    """Rows (what, order, CPU seconds, methods)."""
    for name, lengths in batches(n_tasks).items():
        run = recorded(lengths, 8)
        for order in ("given", "longest_first", "best"):
            yield f"{n_tasks:,} {name}", order, *predicted(run, COUNTS, order)
    edges = graph(n_in_graph, random.Random(0))
    lengths = np.random.default_rng(0).exponential(1.0, n_in_graph)
    run = recorded(lengths, 4, edges)
    for order in ("given", "critical_path"):
        found = predicted(run, FEW_COUNTS, order)
        yield f"graph of {n_in_graph:,}", order, *found


# -- how far off it is -------------------------------------------------------------


REAL = {
    "sleeps, threads": (time.sleep, _NAPS, "threading", [4, 8, 16, 32]),
    "sleeps, processes": (time.sleep, _NAPS, "isolated", [4, 8]),
    "tokenizing, processes": (count_tokens, standard_library(), "isolated", [2]),
}


def _took(run):
    return run.summary()["makespan"][0]


def errors(func, inputs, backend, counts):
    """Rows (n_workers, predicted, measured, work inflation); the first is of one."""
    shortest: dict = {}
    pnb.run(func, inputs[:64], n_jobs=max(counts), backend=backend)
    for _ in range(_REPEATS):
        for n_workers in [1, *counts]:
            run = pnb.run(func, inputs, n_jobs=n_workers, backend=backend)
            if n_workers not in shortest or _took(run) < _took(shortest[n_workers]):
                shortest[n_workers] = run
    frame = pnb.predict(shortest[1], counts)
    work = {n: run.summary()["work"][0] for n, run in shortest.items()}
    for row in frame.itertuples():
        n = row.n_workers
        yield n, row.makespan, _took(shortest[n]), work[n] / work[1]


# -- showing -----------------------------------------------------------------------


def main(arguments=None):
    """Measure, show; the exit code says whether all bars are met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.simulation")
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args(arguments).quick
    part = 100 if is_quick else 1
    is_met = True
    print(f"CPU seconds of predict, medians of {_REPEATS}; bar {MOST_SECONDS:g} s")
    for what, order, seconds, told in costs(N_TASKS // part, N_IN_GRAPH // part):
        is_met = is_met and seconds <= MOST_SECONDS
        mark = _mark(seconds <= MOST_SECONDS)
        print(f"  {what:24}{order:16}{seconds:6.2f} {mark}  {told}")
    for name, batch in {} if is_quick else REAL.items():
        print(f"{name}: predicted from one worker; bar {MOST_OFF:.0%}")
        for n_workers, expected, measured, inflation in errors(*batch):
            off = expected / measured - 1
            is_met = is_met and abs(off) <= MOST_OFF
            print(
                f"  {n_workers:3} workers  predicted {expected:7.3f} s  measured "
                f"{measured:7.3f} s  {off:+.1%} {_mark(abs(off) <= MOST_OFF)}  "
                f"(the same tasks took {inflation:.2f}×)"
            )
    return 0 if is_met else 1


def _mark(is_met):
    return "✓" if is_met else "✗"


if __name__ == "__main__":
    raise SystemExit(main())
