"""Runs to report on, as hypothesis makes them up."""

import pandas as pd
from hypothesis import strategies as st

from parallel_nb import schema

from ..making import agents_run


@st.composite
def lane_runs(draw, statuses=schema.STATUSES):
    """A Run that keeps to its lanes: agents, retries, dependencies, every status."""
    n_workers = draw(st.integers(1, 3))
    row = st.tuples(
        st.sampled_from(["a", "b|c", None]),
        st.sampled_from(statuses),
        st.integers(1, 3),
        st.floats(0.0, 100),
        st.floats(0.0, 10),
    )
    clock, rows, ends = [0.0] * n_workers, [], []
    for task, (agent, status, n_attempts, seconds, gap) in enumerate(
        draw(st.lists(row, max_size=8))
    ):
        lane = draw(st.integers(0, n_workers - 1))
        for attempt in range(1, n_attempts + 1):
            began = clock[lane] + gap
            clock[lane] = began + seconds
            last = status if attempt == n_attempts else "failed"
            rows.append((task, attempt, agent, last, lane, began, clock[lane]))
        ends.append((rows[-n_attempts][5], clock[lane]))
    pairs = [
        (after, before)
        for after in range(len(ends))
        for before in range(after)
        if ends[before][1] <= ends[after][0]
    ]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=6)) if pairs else []
    return agents_run(
        *rows,
        agents={"a": n_workers, "b|c": n_workers},
        n_workers=n_workers,
        extras={
            "edges": pd.DataFrame(edges, columns=["task", "after"]).astype("int64")
        },
    )
