"""What dependencies impose: an order, and the longest chain.

Knows edges between numbered tasks; refuses to know workers.
"""

from __future__ import annotations

import numpy as np

from .arguments import seconds


def span(durations, edges=()) -> float:
    """Seconds of the longest dependency chain: no number of workers can beat it.

    Parameters
    ----------
    durations : array of shape (n_tasks,)
        Seconds of each task; NaN (never ran) counts as nothing.
    edges : array of shape (n_edges, 2), optional
        Rows (task, after): `task` may start once `after` has ended. Without any, the
        tasks are independent and the span is the longest of them.

    Raises
    ------
    ValueError
        If an edge points outside the tasks, or the tasks wait for each other in a
        circle.

    References
    ----------
    Cormen, Leiserson, Rivest, Stein, *Introduction to Algorithms*, "Multithreaded
    Algorithms": the span, T_infinity.

    Examples
    --------
    >>> span([4.0, 2.0, 3.0])
    4.0
    >>> span([4.0, 2.0, 3.0], edges=[(2, 1)])
    5.0
    """
    lengths = np.nan_to_num(seconds("durations", durations))
    if not len(lengths):
        return 0.0
    edges = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    if not len(edges):
        return float(lengths.max())
    finish = lengths.tolist()
    begin = [0.0] * len(finish)
    for task, followers in in_dependency_order(len(finish), edges):
        finish[task] += begin[task]
        for follower in followers:
            begin[follower] = max(begin[follower], finish[task])
    return max(finish)


def in_dependency_order(n_tasks: int, edges):
    """Pairs (task, tasks waiting for it), each task after all that it waits for.

    Parameters
    ----------
    n_tasks : int
        Tasks are 0 ... n_tasks - 1.
    edges : int array of shape (n_edges, 2)
        Rows (task, after).

    Raises
    ------
    ValueError
        If an edge points outside the tasks, or the tasks wait for each other in a
        circle.

    References
    ----------
    Kahn, "Topological sorting of large networks", *Communications of the ACM* 5(11),
    1962.

    Examples
    --------
    >>> [task for task, _ in in_dependency_order(3, [(0, 2), (1, 0)])]
    [2, 0, 1]
    """
    edges = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    if len(edges) and (edges.min() < 0 or edges.max() >= n_tasks):
        raise ValueError(
            f"`edges` must point at tasks 0 ... {n_tasks - 1}; got "
            f"{edges.min()} ... {edges.max()}"
        )
    by_after = edges[np.argsort(edges[:, 1], kind="stable")]
    waiting = by_after[:, 0].tolist()
    bounds = np.searchsorted(by_after[:, 1], np.arange(n_tasks + 1)).tolist()
    unmet = np.bincount(edges[:, 0], minlength=n_tasks).tolist()
    ready = [task for task in range(n_tasks) if not unmet[task]]
    for task in ready:
        followers = waiting[bounds[task] : bounds[task + 1]]
        for follower in followers:
            unmet[follower] -= 1
            if not unmet[follower]:
                ready.append(follower)
        yield task, followers
    if len(ready) < n_tasks:
        stuck = [task for task in range(n_tasks) if unmet[task]]
        listed = ", ".join(map(str, stuck[:5])) + (", ..." if len(stuck) > 5 else "")
        raise ValueError(f"`edges` lets tasks wait in a circle: among tasks {listed}")
