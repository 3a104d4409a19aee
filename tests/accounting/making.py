"""Runs for ledgers: a few written out, and any at all for properties."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from parallel_nb import schema
from parallel_nb.runs import Meta, Run

NAN = float("nan")


def run_of(*rows, n_workers=2, startups=(), edges=(), agents=None, **of_meta):
    """A Run of dicts with `worker`, `started`, `ended` and whatever else.

    Tasks are numbered as they come, ready at 0 and take all the CPU they can, unless a
    row says otherwise.
    """
    filled = []
    for at, row in enumerate(rows):
        least = {"task": at, "attempt": 1, "status": "done", "ready": 0.0}
        took = row.get("ended", NAN) - row.get("started", NAN)
        blank = {"worker": -1, "started": NAN, "ended": NAN, "cpu": took}
        rest = {"submitted": NAN, "received": NAN, "agent": None, "pid": 0}
        filled.append({**least, **blank, **rest, **row})
    names = filled[0] if filled else ["task", "started", "ended"]
    columns = {name: [row[name] for row in filled] for name in names}
    known = {"host": "here", "cpu_count": 8, "started_at": "", "versions": {}}
    known |= {"backend": "isolated", "agents": agents or {}}
    return Run(
        schema.coerce(columns),
        Meta(n_workers=n_workers, **(known | of_meta)),
        startups=startups_of(startups),
        edges=edges_of(edges),
    )


def startups_of(rows):
    """A frame of rows (worker, started, ended[, pid])."""
    worker, started, ended, pid = [], [], [], []
    for row in rows:
        for values, value in zip(
            (worker, started, ended, pid), (*row, 0)[:4], strict=True
        ):
            values.append(value)
    return pd.DataFrame(
        {
            "worker": np.array(worker, dtype=np.int32),
            "pid": np.array(pid, dtype=np.int64),
            "started": np.array(started, dtype=float),
            "ended": np.array(ended, dtype=float),
        }
    )


def edges_of(rows):
    """A frame of rows (task, after)."""
    task, after = zip(*rows, strict=True) if rows else ((), ())
    return pd.DataFrame(
        {"task": np.array(task, np.int64), "after": np.array(after, np.int64)}
    )


def spent(found):
    """The parts that are not nothing."""
    return {name: seconds for name, seconds in found.parts.items() if seconds}


_TIMES = st.one_of(
    st.integers(0, 12).map(float), st.floats(0, 12, allow_subnormal=False)
)
_MAYBE = st.one_of(st.none(), _TIMES)
_STATUSES = st.sampled_from([*["done"] * 4, *schema.STATUSES])


@st.composite
def attempts(draw, n_workers, agents):
    """One row as `run_of` takes it, possible or only just."""
    row = {"status": draw(_STATUSES), "agent": draw(st.sampled_from([None, *agents]))}
    row["attempt"] = 1
    row["pid"] = draw(st.integers(0, 3))
    for name in ("ready", "submitted", "received"):
        value = draw(_MAYBE)
        row[name] = NAN if value is None else value
    kind = draw(st.sampled_from(["ran", "ran", "ran", "ran", "never", "no end"]))
    if kind != "never":
        row["worker"] = draw(st.integers(0, n_workers - 1))
        row["started"] = draw(_TIMES)
        if kind == "ran":
            row["ended"] = row["started"] + draw(_TIMES)
    cpu = draw(_MAYBE)
    row["cpu"] = NAN if cpu is None else cpu
    return row


@st.composite
def runs(draw):
    """Any run: retries, lanes with too much in them, unknown times, agents, edges."""
    n_workers = draw(st.integers(1, 4))
    agents = draw(st.dictionaries(st.sampled_from("ab"), st.integers(1, 3)))
    rows = draw(st.lists(attempts(n_workers, [*agents, "c"]), max_size=12))
    n_tasks, tries = 0, []
    for row in rows:
        is_retry = n_tasks and draw(st.booleans())
        task = draw(st.integers(0, n_tasks - 1)) if is_retry else n_tasks
        n_tasks += not is_retry
        tries.append(task)
        row["task"], row["attempt"] = task, tries.count(task)
    edges = []
    if n_tasks > 1:
        pairs = st.tuples(st.integers(1, n_tasks - 1), st.integers(0, n_tasks - 2))
        edges = [e for e in draw(st.lists(pairs, max_size=5)) if e[1] < e[0]]
    starts = st.tuples(st.integers(0, n_workers - 1), _TIMES, _TIMES)
    startups = [
        (worker, begin, NAN if draw(st.booleans()) else begin + took)
        for worker, begin, took in draw(st.lists(starts, max_size=4))
    ]
    return run_of(
        *rows,
        n_workers=n_workers,
        agents=agents,
        startups=startups,
        edges=edges,
        backend=draw(st.sampled_from(["isolated", "loky"])),
    )
