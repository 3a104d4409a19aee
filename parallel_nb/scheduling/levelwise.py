"""The longest chains of millions of tasks, a level of the graph at a time.

Knows edges between numbered tasks as arrays; refuses to know workers, and lists of
followers, which `graphs.py` has for graphs that are walked task by task.
"""

from __future__ import annotations

import numpy as np

_ROUNDS = 4


def chain_ends(lengths: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Seconds until each task has ended, if only what it waits for holds it.

    Parameters
    ----------
    lengths : array of shape (n_tasks,)
        Seconds.
    edges : int array of shape (n_edges, 2)
        Rows (task, after).

    Raises
    ------
    ValueError
        If tasks wait for each other in a circle.

    Examples
    --------
    >>> chain_ends(np.array([4.0, 2.0, 3.0]), np.array([(2, 1)]))
    array([4., 2., 5.])
    """
    ended = _in_few_rounds(lengths, edges)
    return _walked(lengths, edges) if ended is None else ended


def _in_few_rounds(lengths: np.ndarray, edges: np.ndarray) -> np.ndarray | None:
    """As `chain_ends`, for chains of a few tasks; None where some are longer."""
    ended, later = lengths.astype(float), edges
    for _ in range(_ROUNDS):
        task, after = later[:, 0], later[:, 1]
        then = ended[after] + lengths[task]
        is_later = then > ended[task]
        if not is_later.any():
            return ended
        moved = np.zeros(len(ended), dtype=bool)
        np.maximum.at(ended, task[is_later], then[is_later])
        moved[task[is_later]] = True
        later = edges[moved[edges[:, 1]]]  # only what comes after may be later still
    return None


def _walked(lengths: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """As `chain_ends`, for any chains: each task once what it waits for is known."""
    n_tasks, ended = len(lengths), lengths.astype(float)
    by_after = np.argsort(edges[:, 1], kind="stable")
    waiting = edges[by_after, 0]
    n_unmet = np.bincount(edges[:, 0], minlength=n_tasks)
    n_followers = np.bincount(edges[:, 1], minlength=n_tasks)
    bounds = np.cumsum(n_followers) - n_followers
    now = np.flatnonzero((n_unmet == 0) & (n_followers > 0))
    n_seen, place = 0, np.empty(n_tasks, dtype=np.int64)
    while len(now):
        sizes = n_followers[now]
        of = np.repeat(np.arange(len(now)), sizes)
        places = np.arange(len(of)) + np.repeat(
            bounds[now] - (np.cumsum(sizes) - sizes), sizes
        )
        followers = waiting[places]
        n_seen += len(followers)
        np.maximum.at(ended, followers, (ended[now])[of] + lengths[followers])
        np.subtract.at(n_unmet, followers, 1)
        now = followers[(n_unmet[followers] == 0) & (n_followers[followers] > 0)]
        place[now] = np.arange(len(now))  # of one that comes twice, the last
        now = now[place[now] == np.arange(len(now))]
    if n_seen < len(edges):
        raise ValueError("`edges` lets tasks wait in a circle")
    return ended


def chains_through(lengths: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Seconds of the longest chain that each edge is part of.

    Examples
    --------
    >>> chains_through(np.array([4.0, 2.0, 3.0]), np.array([(2, 1)]))
    array([5.])
    """
    until = chain_ends(lengths, edges)
    since = chain_ends(lengths, edges[:, ::-1])
    return until[edges[:, 1]] + since[edges[:, 0]]


def longest_chain(lengths: np.ndarray, edges: np.ndarray) -> list[int]:
    """As `critical_path`, for graphs that would take long to walk task by task.

    Examples
    --------
    >>> longest_chain(np.array([4.0, 2.0, 3.0]), np.array([(2, 1)]))
    [1, 2]
    """
    since = chain_ends(lengths, edges[:, ::-1])
    by_after = edges[np.argsort(edges[:, 1], kind="stable")]
    is_first = np.bincount(edges[:, 0], minlength=len(lengths)) == 0
    now = int(np.where(is_first, since, -np.inf).argmax())
    chain = [now]
    while True:
        low, high = np.searchsorted(by_after[:, 1], [now, now + 1])
        if low == high:
            return chain
        followers = np.sort(by_after[low:high, 0])
        now = int(followers[since[followers].argmax()])
        chain.append(now)
