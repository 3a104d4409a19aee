"""Which attempts of a Run waited for which others, and for how long after these.

Knows edges between tasks and attempts that were tried again; refuses to know how long
attempts took, and workers.
"""

from __future__ import annotations

import numpy as np

from ..runs import Run
from .handing_over import Ran


def waits_of(run: Run, ran: Ran) -> tuple[np.ndarray, np.ndarray | None]:
    """Edges between attempts, and how long a task that failed is made to wait.

    The first attempt of a task waits for the last one of each it depends on; its next
    ones for the one before.
    """
    edges, n = run.edges.to_numpy(), len(ran.rows)
    is_once = int(ran.attempt.max(initial=1)) == 1
    if is_once and (not len(edges) or np.array_equal(ran.task, np.arange(run.n_tasks))):
        return edges.astype(np.int64, copy=False), None
    first, last, again, failed = _tried_again(ran, run.n_tasks, is_all=len(edges) > 0)
    after = np.column_stack([again, failed])
    if len(edges):
        edges = _without_gaps(edges, first >= 0)
        between = np.column_stack([first[edges[:, 0]], last[edges[:, 1]]])
        after = np.concatenate([between, after])
    paused = np.fmax(ran.ready[again] - ran.ended[failed], 0.0)
    if not paused.any():
        return after, None
    lags = np.zeros(n)
    lags[again] = paused
    return after, lags


def _tried_again(ran: Ran, n_tasks: int, *, is_all: bool):
    """The first and last attempt of each task, -1 if none; attempts and those before.

    Attempts of one number after the other: there are few numbers, and each is a pass.
    Those of tasks that were tried once are left out unless all are asked for.
    """
    first, is_once = np.full(n_tasks, -1), ran.attempt == 1
    others = np.flatnonzero(~is_once)
    if not is_all:
        is_retried = np.zeros(n_tasks, dtype=bool)
        is_retried[ran.task[others]] = True
        is_once &= is_retried[ran.task]
    once = np.flatnonzero(is_once)
    first[ran.task[once]] = once
    last, again, failed = first.copy(), [], []
    numbers = ran.attempt[others]
    for number in np.unique(numbers):
        rows = others[numbers == number]
        task = ran.task[rows]
        before = last[task]
        has_before = before >= 0
        again.append(rows[has_before])
        failed.append(before[has_before])
        first[task[~has_before]] = rows[~has_before]
        last[task] = rows
    nothing = np.empty(0, dtype=np.int64)
    again = np.concatenate([nothing, *again])
    return first, last, again, np.concatenate([nothing, *failed])


def _without_gaps(edges: np.ndarray, has_run: np.ndarray) -> np.ndarray:
    """Edges among tasks that ran; who waits for one that did not, for its reasons."""
    if not len(edges) or has_run[edges].all():
        return edges
    waits: dict[int, list[int]] = {}
    for task, other in edges.tolist():
        waits.setdefault(task, []).append(other)
    found = set()
    for task in np.flatnonzero(has_run).tolist():
        todo, seen = list(waits.get(task, ())), set()
        while todo:
            other = todo.pop()
            if other in seen:
                continue
            seen.add(other)
            if has_run[other]:
                found.add((task, other))
            else:
                todo += waits.get(other, ())
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
