"""Who ran when: how many at once, how busy over time, in which lanes.

Knows starts and ends; refuses to know what ran.
"""

from __future__ import annotations

import heapq

import numpy as np

from .arguments import positive

_BLOCK = 1 << 18  # attempts that are Python's numbers at once


def concurrency(started, ended) -> tuple[np.ndarray, np.ndarray]:
    """How many attempts ran at any time, exactly.

    Parameters
    ----------
    started, ended : arrays of shape (n_attempts,)
        Seconds. An attempt runs from `started` until just before `ended`; rows with NaN
        in either are left out.

    Returns
    -------
    times : array of shape (n_times,)
        Every moment at which an attempt started or ended, ascending, each once.
    counts : int array of shape (n_times,)
        Attempts running from that moment until the next; the last is 0.

    Raises
    ------
    ValueError
        If an attempt ends before it starts.

    References
    ----------
    The integral of the step function is the work, so its mean over the
    makespan is work / makespan: Little, "A proof for the queuing formula L = lambda W",
    *Operations Research* 9(3), 1961.

    Examples
    --------
    >>> times, counts = concurrency([0.0, 1.0], [4.0, 3.0])
    >>> times
    array([0., 1., 3., 4.])
    >>> counts
    array([1, 2, 1, 0])
    """
    started, ended = _intervals(started, ended)
    started, ended = np.sort(started), np.sort(ended)
    times = np.unique(np.concatenate([started, ended]))
    counts = np.searchsorted(started, times, side="right") - np.searchsorted(
        ended, times, side="right"
    )
    return times, counts


def utilization_series(started, ended, n_workers: int, edges) -> np.ndarray:
    """Utilization within each bin of time, exactly: every attempt counts where it ran.

    Parameters
    ----------
    started, ended : arrays of shape (n_attempts,)
        Seconds; rows with NaN in either are left out.
    n_workers : int
        Lanes there were.
    edges : array of shape (n_bins + 1,)
        Strictly ascending seconds.

    Returns
    -------
    array of shape (n_bins,)
        Share of n_workers x bin width that went into attempts. Above 1.0 only where
        attempts overlap in one lane.

    Raises
    ------
    ValueError
        If `edges` are not ascending, `n_workers` is not positive, or an attempt ends
        before it starts.

    Examples
    --------
    >>> utilization_series([0.0, 1.0], [4.0, 3.0], n_workers=2, edges=[0.0, 2.0, 4.0])
    array([0.75, 0.75])
    """
    edges = np.asarray(edges, dtype=float)
    widths = np.diff(edges)
    if edges.ndim != 1 or len(edges) < 2 or not (widths > 0).all():
        raise ValueError(
            "`edges` must be at least two strictly ascending times; got "
            f"{np.array2string(edges, threshold=6, edgeitems=3)}"
        )
    started, ended = _intervals(started, ended)
    started = np.clip(started, edges[0], edges[-1])
    ended = np.clip(ended, edges[0], edges[-1])
    inside = ended > started
    started, ended = started[inside], ended[inside]
    n_bins = len(widths)
    first = np.searchsorted(edges, started, side="right") - 1
    last = np.searchsorted(edges, ended, side="left") - 1
    within = first == last
    covered = np.zeros(n_bins)
    covered += np.bincount(first[within], (ended - started)[within], n_bins)
    first, last = first[~within], last[~within]
    covered += np.bincount(first, edges[first + 1] - started[~within], n_bins)
    covered += np.bincount(last, ended[~within] - edges[last], n_bins)
    # Whole bins are counted, not added up: a sum of widths would drift.
    whole = np.bincount(first + 1, minlength=n_bins) - np.bincount(
        last, minlength=n_bins
    )
    covered += np.cumsum(whole) * widths
    return covered / (positive("n_workers", n_workers) * widths)


def colour_lanes(started, ended) -> np.ndarray:
    """A lane for each attempt such that none overlaps another in its lane.

    The fewest lanes possible are used: as many as attempts ever ran at once. Attempts
    are taken by start, each gets the lowest lane that is free.

    Parameters
    ----------
    started, ended : arrays of shape (n_attempts,)
        Seconds. An attempt may start when another ends; rows with NaN in either never
        ran.

    Returns
    -------
    int32 array of shape (n_attempts,)
        Lanes from 0; -1 for rows that never ran.

    Raises
    ------
    ValueError
        If an attempt ends before it starts.

    References
    ----------
    Kleinberg, Tardos, *Algorithm Design*, "Scheduling to Partition Intervals".

    Examples
    --------
    >>> colour_lanes([0.0, 1.0, 2.0], [2.0, 4.0, 3.0])
    array([0, 1, 0], dtype=int32)
    """
    started, ended = np.asarray(started, float), np.asarray(ended, float)
    ran = ~(np.isnan(started) | np.isnan(ended))
    begin, end = _intervals(started, ended)
    order = np.lexsort([end, begin])
    colours = np.empty(len(begin), dtype=np.int32)
    colours[order] = _coloured(begin[order], end[order])
    lanes = np.full(len(started), -1, dtype=np.int32)
    lanes[ran] = colours
    return lanes


def _coloured(begin, end) -> list[int]:
    """The lane of each attempt; they come by start, those that start at once by end."""
    by_end = np.argsort(end, kind="stable")
    over = np.searchsorted(end[by_end], begin, side="right")  # before each starts
    # One that takes no time is not over before it began.
    n_zero = np.concatenate([[0], np.cumsum(begin == end)])
    over -= n_zero[np.searchsorted(begin, begin, side="right")] - n_zero[:-1]
    lanes: list[int] = []
    free: list[int] = []  # a heap
    n_lanes = n_over = 0
    for first in range(0, len(begin), _BLOCK):
        counts = over[first : first + _BLOCK]
        ending = iter(by_end[n_over : counts[-1]].tolist())
        for count in counts.tolist():
            while n_over < count:
                heapq.heappush(free, lanes[next(ending)])
                n_over += 1
            if free:
                lanes.append(heapq.heappop(free))
            else:
                lanes.append(n_lanes)
                n_lanes += 1
    return lanes


def _intervals(started, ended) -> tuple[np.ndarray, np.ndarray]:
    started, ended = np.asarray(started, float), np.asarray(ended, float)
    ran = ~(np.isnan(started) | np.isnan(ended))
    if not ran.all():
        started, ended = started[ran], ended[ran]
    backwards = ended < started
    if backwards.any():
        row = int(np.argmax(backwards))
        raise ValueError(
            f"`ended` must not be before `started`; got {ended[row]} < {started[row]}"
        )
    return started, ended
