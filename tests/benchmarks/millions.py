"""Runs of as many attempts as asked for, made without running anything, well or sick.

Knows what a disease looks like in a frame; refuses to know what is found in it.
"""

import numpy as np
import pandas as pd

from parallel_nb import schema
from parallel_nb.runs import Meta, Run

N_WORKERS = 64
_GAP = 2e-4  # s between two attempts of a worker


def laid_out(worker, took, pause, *, begin=0.0, n_workers=N_WORKERS):
    """Starts and ends of attempts, one after the other on their workers."""
    started, ended = np.empty(len(took)), np.empty(len(took))
    for lane in range(n_workers):
        own = np.flatnonzero(worker == lane)
        over = begin + np.cumsum(took[own] + pause[own])
        started[own], ended[own] = over - took[own], over
    return started, ended


def as_run(worker, started, ended, *, edges=None, startups=None, meta=None, **columns):
    """A Run of these attempts, in time order; what is not given is unremarkable."""
    order = np.argsort(started, kind="stable")
    given = {"worker": worker, "started": started, "ended": ended, **columns}
    put = np.empty(len(order), dtype=np.int64)
    put[order] = np.arange(len(order))
    given = {
        name: values[order] if np.ndim(values) else values
        for name, values in given.items()
    }
    status = given.pop("status", np.zeros(len(order), np.int8))
    agent = given.pop("agent", None)
    if agent is not None:
        given["agent"] = pd.Categorical.from_codes(
            agent, categories=list(meta["agents"])
        )
    start, end = given["started"], given["ended"]
    given = {
        "task": np.arange(len(order)),
        "name": "task",
        "ready": 0.0,
        "submitted": np.maximum(start - 1e-4, 0),
        "received": end + 1e-4,
        "cpu": end - start,
        "pid": given["worker"].astype(np.int64) + 1000,
        "status": pd.Categorical.from_codes(status, categories=schema.STATUSES),
        **given,
    }
    known = {
        "n_workers": N_WORKERS,
        "backend": "isolated",
        "host": "here",
        "cpu_count": N_WORKERS,
        "started_at": "",
        "versions": {},
        **(meta or {}),
    }
    if edges is not None:
        edges = pd.DataFrame(put[edges], columns=["task", "after"])
    return Run(schema.coerce(given), Meta(**known), edges=edges, startups=startups)


def _even(n, rng, *, n_lanes=N_WORKERS):
    """Workers, seconds and pauses of attempts of lognormal lengths."""
    worker = (np.arange(n) % n_lanes).astype(np.int32)
    return worker, rng.lognormal(-5, 1, n), rng.exponential(_GAP, n)


def well(n, rng):
    """Nothing to gain."""
    worker, took, pause = _even(n, rng)
    return as_run(worker, *laid_out(worker, took, pause))


def longest_last(n, rng):
    """One worker is still busy for a third of the time when the others are done."""
    worker, took, pause = _even(n, rng)
    took[n - 1] = took.sum() / N_WORKERS / 2
    return as_run(worker, *laid_out(worker, took, pause))


def too_long(n, rng):
    """One task takes twice as long as all others on their workers."""
    worker, took, pause = _even(n, rng)
    worker[worker == 0] = 1
    worker[0], took[0] = 0, 2 * took.sum() / N_WORKERS
    return as_run(worker, *laid_out(worker, took, pause))


def tiny(n, rng):
    """Handing over takes as long as the tasks."""
    worker, took, _ = _even(n, rng)
    took = took * 0.02
    return as_run(worker, *laid_out(worker, took, rng.exponential(_GAP, n)))


def failing(n, rng):
    """A fifth of the attempts fail, and are tried again at once."""
    worker, took, pause = _even(n // 64 * 64, rng)
    n, rounds = len(worker), len(worker) // 64
    fails = np.zeros((rounds, 64), dtype=bool)
    fails[:-1] = rng.random((rounds - 1, 64)) < 0.2
    fails[1:][fails[:-1]] = False
    again = np.zeros((rounds, 64), dtype=bool)
    again[1:] = fails[:-1]
    task = np.cumsum(~again.ravel()) - 1
    task = task.reshape(rounds, 64)
    task[1:][fails[:-1]] = task[:-1][fails[:-1]]
    return as_run(
        worker,
        *laid_out(worker, took, pause),
        task=task.ravel(),
        attempt=1 + again.ravel().astype(np.int16),
        status=np.where(fails, schema.STATUSES.index("failed"), 0).ravel(),
    )


def cold(n, rng):
    """Workers are started for a quarter of the time."""
    worker, took, pause = _even(n, rng)
    begin = took.sum() / N_WORKERS / 3
    lanes = np.arange(N_WORKERS)
    startups = pd.DataFrame(
        {
            "worker": lanes.astype(np.int32),
            "pid": lanes + 1000,
            "started": 0.0,
            "ended": begin,
        }
    )
    started, ended = laid_out(worker, took, pause, begin=begin)
    return as_run(
        worker, started, ended, startups=startups, submitted=np.zeros(len(worker))
    )


def one_core(n, rng):
    """Threads that compute in turns."""
    worker, took, pause = _even(n, rng)
    return as_run(
        worker,
        *laid_out(worker, took, pause),
        cpu=took / N_WORKERS,
        meta={"backend": "threading"},
    )


def crowded(n, rng):
    """Eight workers on each core."""
    worker, took, pause = _even(n, rng)
    return as_run(
        worker, *laid_out(worker, took, pause), cpu=took / 8, meta={"cpu_count": 8}
    )


def scarce(n, rng):
    """A third of the tasks ask for an agent that has few slots."""
    worker, took, pause = _even(n, rng)
    agent = np.where(rng.random(n) < 1 / 3, 0, -1)
    worker[agent == 0] %= 8
    worker[agent < 0] = 8 + worker[agent < 0] % (N_WORKERS - 8)
    return as_run(
        worker,
        *laid_out(worker, took, pause),
        agent=agent,
        meta={"agents": {"gpu": 8}},
    )


def stages(n, rng):
    """Half of the tasks wait for one, which waits for the other half."""
    half = n // 2
    worker, took, pause = _even(n, rng)
    first = laid_out(worker[:half], took[:half], pause[:half])
    last = first[1].max()
    between = took.sum() / N_WORKERS / 4
    second = laid_out(
        worker[half + 1 :], took[half + 1 :], pause[half + 1 :], begin=last + between
    )
    started, ended = (
        np.concatenate([one, [at], two])
        for one, at, two in zip(first, (last, last + between), second, strict=True)
    )
    edges = np.empty((n - 1, 2), dtype=np.int64)
    edges[:half] = np.column_stack([np.full(half, half), np.arange(half)])
    later = np.arange(half + 1, n)
    edges[half:] = np.column_stack([later, np.full(len(later), half)])
    ready = np.zeros(n)
    ready[half:] = last
    ready[half + 1 :] = last + between
    return as_run(worker, started, ended, edges=edges, ready=ready)


def chunked(n, rng):
    """Chunks of a thousandth of the batch, the last of which takes long."""
    worker, took, pause = _even(n, rng)
    size = n // 1000
    chunk = (np.arange(n) // size).astype(np.int32)
    worker = (chunk % N_WORKERS).astype(np.int32)
    took[-n // 50 :] *= 8
    return as_run(
        worker,
        *laid_out(worker, took, pause),
        chunk=chunk,
        meta={"source": "record", "backend": "threading"},
    )


def late(n, rng):
    """Half of the tasks cannot be begun for a third of the time."""
    half = n // 2
    worker, took, pause = _even(n, rng)
    first = laid_out(worker[:half], took[:half], pause[:half])
    begin = first[1].max() * 1.5
    second = laid_out(worker[half:], took[half:], pause[half:], begin=begin)
    started, ended = (np.concatenate(pair) for pair in zip(first, second, strict=True))
    ready = np.zeros(n)
    ready[half:] = begin
    return as_run(worker, started, ended, ready=ready)


def inflated(n, rng):
    """Each task takes almost twice as long as in the baseline."""
    worker, took, pause = _even(n, rng)
    base = as_run(worker, *laid_out(worker, took, pause))
    return as_run(worker, *laid_out(worker, took * 1.8, pause)), base


SICK = {
    "nothing to gain": well,
    "the longest tasks came last": longest_last,
    "a task is too long": too_long,
    "tasks too small for dispatch": tiny,
    "lost to failures and retries": failing,
    "start-up dominates": cold,
    "held by the GIL": one_core,
    "oversubscribed": crowded,
    "an agent has too few slots": scarce,
    "a chain of tasks is too long": stages,
    "chunks too large": chunked,
    "waiting for resources": late,
    "work inflation": inflated,
}
