"""What analysing ten million attempts costs: ``python -m tests.benchmarks.analysis``.

Ledger, efficiencies and utilization over time, beside the same figures by plain pandas
group-bys, and the most memory that either takes; then findings of runs that are sick.
Takes ten minutes; ``--quick`` takes seconds, with a hundredth of the attempts.
"""

import argparse
import gc
import os
import threading
import time
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

import parallel_nb as pnb
from parallel_nb import metrics, schema
from parallel_nb.runs import Meta, Run

from .millions import SICK

N_ATTEMPTS = 10_000_000
N_WORKERS = 64
N_BINS = 100
MOST_SECONDS = 5.0  # for all of ours
MOST_MEMORY = 3.0  # frames
_REPEATS = 3


# -- runs --------------------------------------------------------------------------


def run_of(n_attempts, *, seed=0, lead=None, sick=False, shuffled=False) -> Run:
    """Attempts of lognormal lengths with short pauses between them, in time order.

    Parameters
    ----------
    n_attempts : int
    seed : int
    lead : float, optional
        Mean seconds from when a task is ready until it starts. Default: all are ready
        from the start.
    sick : bool
        Whether some fail and are tried again, and some CPU times are not known.
    shuffled : bool
        Whether rows are in any order instead.
    """
    rng = np.random.default_rng(seed)
    worker = rng.integers(0, N_WORKERS, n_attempts).astype(np.int32)
    took = rng.lognormal(-5, 1, n_attempts)
    pause = rng.exponential(2e-4, n_attempts)
    started, ended = np.empty(n_attempts), np.empty(n_attempts)
    for lane in range(N_WORKERS):
        own = np.flatnonzero(worker == lane)
        over = np.cumsum(took[own] + pause[own])
        started[own], ended[own] = over - took[own], over
    order = np.argsort(started)
    worker, took, started, ended = (v[order] for v in (worker, took, started, ended))
    status, cpu = np.zeros(n_attempts, np.int8), took * rng.uniform(0.5, 1, n_attempts)
    task, attempt = np.arange(n_attempts), np.ones(n_attempts, np.int16)
    if sick:
        again = np.flatnonzero(rng.random(n_attempts - 1) < 0.01)
        again = again[np.append(True, np.diff(again) > 1)]
        status[again], attempt[again + 1] = schema.STATUSES.index("failed"), 2
        task = np.cumsum(attempt == 1) - 1
        cpu[rng.random(n_attempts) < 0.1] = np.nan
    ready = np.zeros(n_attempts)
    if lead is not None:
        ready = np.maximum(started - rng.exponential(lead, n_attempts), 0)
    frame = schema.coerce(
        {
            "task": task,
            "attempt": attempt,
            "name": "task",
            "status": pd.Categorical.from_codes(status, categories=schema.STATUSES),
            "ready": ready,
            "submitted": np.maximum(started - 1e-4, 0),
            "started": started,
            "ended": ended,
            "received": ended + 1e-4,
            "cpu": cpu,
            "worker": worker,
            "pid": worker.astype(np.int64) + 1000,
        }
    )
    if shuffled:
        put = rng.permutation(n_attempts)
        columns = {name: frame[name].array.take(put) for name in frame}
        frame = pd.DataFrame(columns, copy=False)
    meta = Meta(
        n_workers=N_WORKERS,
        backend="isolated",
        host="here",
        cpu_count=N_WORKERS,
        started_at="",
        versions={},
    )
    return Run(frame, meta)


RUNS = {
    "all ready from the start": {},
    "arriving 1 ms before": {"lead": 1e-3},
    "arriving 10 µs before": {"lead": 1e-5},
    "failures, retries, unknown CPU": {"sick": True},
    "10 µs before, in any order": {"lead": 1e-5, "shuffled": True},
}


# -- figures -----------------------------------------------------------------------


def ours(run):
    """Ledger, efficiencies and utilization over time."""
    found = pnb.ledger(run, bins=N_BINS)
    row = pnb.efficiencies(run).iloc[0]
    attempts = run.attempts
    edges = np.linspace(*found.window, N_BINS + 1)
    series = metrics.utilization_series(
        attempts[schema.STARTED].to_numpy(),
        attempts[schema.ENDED].to_numpy(),
        N_WORKERS,
        edges,
    )
    return found.parts, row["parallel_efficiency"], series


def naive(run):
    """The same by group-bys; only where all tasks were ready from the start."""
    frame = run.attempts
    frame["took"] = frame["ended"] - frame["started"]
    begin = frame["submitted"].fillna(frame["started"]).min()
    end = frame["ended"].max()
    is_last = frame["attempt"] == frame.groupby("task")["attempt"].transform("max")
    frame["counts"] = (frame["status"] == "done") & is_last
    good = frame[frame["counts"]]
    useful = np.minimum(good["cpu"], good["took"]).groupby(good["worker"]).sum()
    unmeasured = good[good["cpu"].isna()].groupby("worker")["took"].sum()
    in_good = good.groupby("worker")["took"].sum()
    lost = frame[~frame["counts"]].groupby("worker")["took"].sum()
    frame = frame.sort_values(["worker", "started"])
    before = frame.groupby("worker")["ended"].shift().fillna(begin)
    gaps = (frame["started"] - before).groupby(frame["worker"]).sum()
    tail = end - frame.groupby("worker")["ended"].max()
    parts = {
        "useful": useful.sum(),
        "waiting": in_good.sum() - useful.sum() - unmeasured.sum(),
        "unmeasured": unmeasured.sum(),
        "lost": lost.sum(),
        "startup": 0.0,
        "dispatch": gaps.sum(),
        "blocked": 0.0,
        "tail": tail.sum(),
    }
    busy = frame.groupby("worker")["took"].sum()
    efficiency = busy.sum() / (N_WORKERS * (end - begin))
    edges = np.linspace(begin, end, N_BINS + 1)
    series = [
        (frame["ended"].clip(low, high) - frame["started"].clip(low, high)).sum()
        / (N_WORKERS * (high - low))
        for low, high in pairwise(edges)
    ]
    return parts, efficiency, np.array(series)


def same(one, other) -> bool:
    """Whether two of them agree."""
    scale = sum(one[0].values())
    return (
        all(abs(one[0][part] - other[0][part]) <= 1e-6 * scale for part in one[0])
        and abs(one[1] - other[1]) <= 1e-9
        and np.allclose(one[2], other[2], atol=1e-9)
    )


# -- measuring ---------------------------------------------------------------------


class Cost(NamedTuple):
    """Of one analysis of one run."""

    cpu: float  # s, the least of the repeats
    wall: float  # s
    memory: float  # bytes at most, beside the frame


def measure(figures, run, repeats) -> tuple[Cost, tuple]:
    """What it costs, and what it gives."""
    cpu, wall = [], []
    for _ in range(repeats):
        gc.collect()
        began, began_cpu = time.perf_counter(), time.process_time()
        found = figures(run)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    gc.collect()
    with Peak() as peak:
        figures(run)
    return Cost(min(cpu), min(wall), peak.grown), found


class Peak:
    """By how many bytes the process grew at most; looked at by a thread.

    tracemalloc would make a schedule of event by event take minutes.
    """

    def __enter__(self):
        self._is_over = threading.Event()
        self._before = self._most = _resident()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def _look(self):
        while not self._is_over.wait(0.002):
            self._most = max(self._most, _resident())

    def __exit__(self, *error):
        self._is_over.set()
        self._watch.join()
        self.grown = self._most - self._before


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
    """Print a table of what each run costs to analyse."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of it")
    parser.add_argument("--ours", action="store_true", help="without group-bys")
    parser.add_argument("--findings", action="store_true", help="these alone")
    options = parser.parse_args()
    n_attempts = N_ATTEMPTS // 100 if options.quick else N_ATTEMPTS
    print(f"{n_attempts:,} attempts on {N_WORKERS} workers, {N_BINS} bins")
    head = f"{'run':34}{'by':12}{'CPU s':>8}{'wall s':>8}{'memory / frame':>16}"
    print(head)
    for name, kind in {} if options.findings else RUNS.items():
        run = run_of(n_attempts, **kind)
        frame = run.attempts.memory_usage(deep=True).sum()
        cost, found = measure(ours, run, _REPEATS)
        is_met = cost.cpu <= MOST_SECONDS and cost.memory <= MOST_MEMORY * frame
        mark = "met" if is_met else "missed"
        print(_line(name, "ours", cost, frame), "" if options.quick else mark)
        if options.ours or "lead" in kind:
            continue
        cost, other = measure(naive, run, 1)
        agree = "the same figures" if same(found, other) else "OTHER FIGURES"
        print(_line("", "group-bys", cost, frame), agree)
    print("findings of one that")
    for name, make in SICK.items():
        made = make(n_attempts, np.random.default_rng(0))
        runs = made if isinstance(made, tuple) else (made,)
        frame = runs[0].attempts.memory_usage(deep=True).sum()
        cost, found = measure(lambda _, runs=runs: pnb.findings(*runs), runs[0], 1)
        is_met = cost.cpu <= MOST_SECONDS and cost.memory <= MOST_MEMORY * frame
        mark = "met" if is_met else "missed"
        is_found = name in [finding.name for finding in found]
        told = "" if is_found else "NOT FOUND"
        print(_line(name, "ours", cost, frame), "" if options.quick else mark, told)
        if not options.ours:
            cost, _ = measure(naive, runs[0], 1)
            print(_line("", "group-bys", cost, frame), "the figures of a ledger alone")
        del made, runs
    print(
        f"bars: {MOST_SECONDS:g} s, {MOST_MEMORY:g} frames of "
        f"{frame / n_attempts:.0f} B an attempt"
    )


def _line(name, who, cost, frame) -> str:
    return (
        f"{name:34}{who:12}{cost.cpu:8.2f}{cost.wall:8.2f}{cost.memory / frame:16.2f}"
    )


if __name__ == "__main__":
    main()
