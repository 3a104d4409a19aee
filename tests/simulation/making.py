"""Runs whose gaps and starts are known, and problems of any kind."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from parallel_nb import schema
from parallel_nb.runs import Run
from tests.making import meta

# Binary fractions: sums of these are exact, so that ties are ties.
TICKS = st.integers(0, 64).map(lambda ticks: ticks / 8)


def recorded(*rows, n_workers=2, edges=None, agents=None, startups=None, **columns):
    """A Run of rows (task, worker, started, ended), all ready from the start."""
    task, worker, started, ended = zip(*rows, strict=True)
    of_meta = {"agents": agents or {}, "source": columns.pop("source", "run")}
    frame = schema.coerce(
        {
            "task": task,
            "worker": worker,
            "started": started,
            "ended": ended,
            "ready": 0.0,
            "submitted": 0.0,
            **columns,
        }
    )
    parts = {}
    if edges is not None:
        parts["edges"] = pd.DataFrame(edges, columns=["task", "after"])
    if startups is not None:
        lanes, pids, begun, done = zip(*startups, strict=True)
        parts["startups"] = pd.DataFrame(
            {
                "worker": np.array(lanes, np.int32),
                "pid": np.array(pids, np.int64),
                "started": np.array(begun, float),
                "ended": np.array(done, float),
            }
        )
    return Run(frame, meta(n_workers, **of_meta), **parts)


@st.composite
def graphs(draw, *, most=12):
    """Durations, edges in any direction of numbers, and a number of workers."""
    n = draw(st.integers(1, most))
    lengths = draw(st.lists(TICKS, min_size=n, max_size=n))
    number = draw(st.permutations(range(n)))
    edges = [
        (number[then], number[first])
        for then in range(1, n)
        for first in draw(st.sets(st.integers(0, then - 1), max_size=2))
    ]
    return lengths, edges, draw(st.integers(1, 5))


def makespan(run):
    return run.summary()["makespan"][0]
