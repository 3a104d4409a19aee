"""Labels and times of foreign records → tasks, attempts and lanes by number.

Knows how records that belong together are counted; refuses to know any format.
"""

from __future__ import annotations

import bisect
import heapq
import math
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from .. import metrics
from .spans import TICK


def tasks_and_attempts(
    keys: Sequence[Hashable], *order: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """The task (from 0) and the attempt (from 1) of each record.

    Parameters
    ----------
    keys : sequence of length n_records
        Records of one key are attempts of one task.
    *order : sequences of length n_records
        What orders a task's attempts, the most important first.

    Examples
    --------
    >>> tasks, attempts = tasks_and_attempts(["a", "b", "a"], [5.0, 0.0, 1.0])
    >>> tasks.tolist(), attempts.tolist()
    ([0, 1, 0], [2, 1, 1])
    """
    known: dict[Hashable, int] = {}
    tasks = np.array([known.setdefault(key, len(known)) for key in keys], np.int64)
    return tasks, attempts_of(tasks, *order)


def attempts_of(tasks: np.ndarray, *order: Sequence[float]) -> np.ndarray:
    """The attempt (from 1) of each record of a task (from 0); `order` as above.

    Examples
    --------
    >>> attempts_of(np.array([0, 1, 0]), [5.0, 0.0, 1.0]).tolist()
    [2, 1, 1]
    """
    columns = [np.asarray(column) for column in order]
    by_order = np.lexsort((*reversed(columns), tasks))
    ordered = tasks[by_order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
    attempts = np.empty(len(tasks), dtype=np.int64)
    attempts[by_order] = np.arange(len(tasks)) - first[ordered] + 1
    return attempts


def lanes_within(
    groups: Sequence[Hashable], started, ended, slots: dict[Hashable, int] | None = None
) -> tuple[np.ndarray, int]:
    """A lane for each record, each group on lanes of its own; and how many there are.

    Parameters
    ----------
    groups : sequence of length n_records
        Machines or executors, each with several workers.
    started, ended : arrays of shape (n_records,)
        Seconds; rows with NaN in either get -1.
    slots : dict, optional
        Lanes that a group has, the idle ones included, in the order of the lanes. More
        are made where more were used at once.

    Examples
    --------
    >>> lanes, n_lanes = lanes_within(
    ...     ["x", "y", "y"], [0.0, 0.0, 1.0], [2.0, 2.0, 3.0], {"x": 2}
    ... )
    >>> lanes.tolist(), n_lanes
    ([0, 2, 3], 4)
    """
    started, ended = np.asarray(started, float), np.asarray(ended, float)
    rows_of: dict[Hashable, list[int]] = {group: [] for group in slots or ()}
    for row, group in enumerate(groups):
        rows_of.setdefault(group, []).append(row)
    lanes = np.full(len(started), -1, dtype=np.int32)
    n_lanes = 0
    for group, rows in rows_of.items():
        lane = metrics.colour_lanes(started[rows], ended[rows])
        lanes[rows] = np.where(lane < 0, -1, lane + n_lanes)
        seen = int(lane.max(initial=-1)) + 1
        n_lanes += max(seen, (slots or {}).get(group, 0))
    return lanes, n_lanes


def moved_apart(
    begins,
    lengths,
    slack,
    labels: Sequence[Hashable] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Begins and lanes such that none of a lane overlap: what rounding took given back.

    Parameters
    ----------
    begins, lengths : arrays of shape (n_records,)
        Seconds, no NaN; each began when it says, or up to `slack` later.
    slack : float or array of shape (n_records,)
        Seconds.
    labels : sequence of length n_records, optional
        Of workers, whose lanes these are then; overlaps by more than `slack` stay.
        Without, or with a None among them: the fewest lanes in the order of begins.

    Examples
    --------
    >>> begins, lanes = moved_apart([0.0, 1.0, 1.0], [1.5, 1.0, 1.0], slack=1.0)
    >>> begins.tolist(), lanes.tolist()
    ([0.0, 1.5, 1.0], [0, 0, 1])
    """
    moved = np.array(begins, dtype=np.float64)
    slack = np.broadcast_to(np.asarray(slack, dtype=np.float64), moved.shape) + TICK
    lanes = np.empty(len(moved), dtype=np.int64)
    named: dict[Hashable, int] = {}
    until: dict[int, float] = {}
    free: list[tuple[float, int]] = []  # lanes by when they are free
    is_named = labels is not None and all(label is not None for label in labels)
    for row in np.argsort(moved, kind="stable").tolist():
        if is_named:
            lane = named.setdefault(labels[row], len(named))
            late = until.get(lane, -math.inf)
            if late - moved[row] <= slack[row]:
                moved[row] = max(moved[row], late)
            until[lane] = max(late, moved[row] + lengths[row])
            lanes[row] = lane
            continue
        at = bisect.bisect_right(free, (moved[row], len(moved))) - 1
        if at < 0 and free and free[0][0] - moved[row] <= slack[row]:
            at = 0
        late, lane = free.pop(at) if at >= 0 else (-math.inf, len(free))
        lanes[row], moved[row] = lane, max(moved[row], late)
        bisect.insort(free, (moved[row] + lengths[row], lane))
    return moved, lanes


def in_order(
    n_tasks: int, edges: Iterable[tuple[int, int]]
) -> tuple[np.ndarray, int | None]:
    """Tasks such that whoever is waited for comes first; and one in a circle, if any.

    Among those that may come next, the first in the file is taken.

    Examples
    --------
    >>> in_order(3, [(0, 2)])
    (array([1, 2, 0]), None)
    >>> in_order(2, [(0, 1), (1, 0)])
    (array([], dtype=int64), 0)
    """
    n_left = [0] * n_tasks
    frees: list[list[int]] = [[] for _ in range(n_tasks)]
    for task, after in edges:
        n_left[task] += 1
        frees[after].append(task)
    ready = [task for task in range(n_tasks) if not n_left[task]]
    order = []
    while ready:
        order.append(heapq.heappop(ready))
        for task in frees[order[-1]]:
            n_left[task] -= 1
            if not n_left[task]:
                heapq.heappush(ready, task)
    stuck = next((task for task in range(n_tasks) if n_left[task] > 0), None)
    return np.array(order, dtype=np.int64), stuck
