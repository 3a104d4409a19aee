"""What no schedule can beat, and what every list schedule keeps to.

Knows theorems, each with its source; refuses to know any schedule. Functions of
`n_workers` take one count or an array of them.
"""

from __future__ import annotations

import numpy as np

from .graphs import checked_durations

_BLOCK = 1000
_ROUNDS = 3


def lower_bound(work, span, n_workers):
    """Seconds that no schedule on `n_workers` can beat: max(work / n, span).

    Parameters
    ----------
    work, span : float
        Seconds of all tasks together, and of the longest chain of them.
    n_workers : int or int array

    References
    ----------
    Brent, "The parallel evaluation of general arithmetic expressions", *Journal of the
    ACM* 21(2), 1974; Cormen, Leiserson, Rivest, Stein, *Introduction to Algorithms*,
    "Multithreaded Algorithms": the work law and the span law.

    Examples
    --------
    >>> lower_bound(work=12.0, span=4.0, n_workers=[1, 2, 4])
    array([12.,  6.,  4.])
    """
    return _plain(np.maximum(work / _workers(n_workers), span))


def graham_bound(work, span, n_workers):
    """Seconds that no list schedule exceeds: work / n + (1 - 1/n) span.

    Whatever the order of the list, as long as no worker idles while a task is ready.
    That is at most 2 - 1/n times the best possible.

    Parameters
    ----------
    work, span : float
        Seconds of all tasks together, and of the longest chain of them.
    n_workers : int or int array

    References
    ----------
    Graham, "Bounds on multiprocessing timing anomalies", *SIAM Journal on Applied
    Mathematics* 17(2), 1969.

    Examples
    --------
    >>> graham_bound(work=12.0, span=4.0, n_workers=[1, 2, 4])
    array([12.,  8.,  6.])
    """
    n_workers = _workers(n_workers)
    return _plain(work / n_workers + (1 - 1 / n_workers) * span)


def list_ratio(n_workers):
    """How many times the best possible a list schedule is at worst: 2 - 1/n.

    References
    ----------
    Graham, "Bounds for certain multiprocessing anomalies", *Bell System Technical
    Journal* 45(9), 1966.

    Examples
    --------
    >>> list_ratio([1, 2, 4])
    array([1.  , 1.5 , 1.75])
    """
    return _plain(2 - 1 / _workers(n_workers))


def lpt_ratio(n_workers):
    """How many times the best possible "longest first" is at worst: 4/3 - 1/(3n).

    For independent tasks. Turned round, no order of theirs takes less than the
    makespan of longest-first divided by this.

    References
    ----------
    Graham, 1969, as for `graham_bound`.

    Examples
    --------
    >>> lpt_ratio([1, 2, 4])
    array([1.        , 1.16666667, 1.25      ])
    """
    return _plain(4 / 3 - 1 / (3 * _workers(n_workers)))


def lpt_bound(durations, n_workers):
    """Seconds that "longest first" never exceeds, for independent tasks.

    When a task starts, nobody idles: it starts by the work of the longer ones / n. The
    last to end does so, too. That is at most `graham_bound`.

    Parameters
    ----------
    durations : array of shape (n_tasks,)
        Seconds.
    n_workers : int or int array

    References
    ----------
    Graham, 1969, as for `graham_bound`: the first step of the proof of the ratio 4/3.

    Examples
    --------
    >>> lpt_bound([2.0, 3.0, 2.0, 3.0, 2.0], n_workers=[1, 2])
    array([12.,  7.])
    """
    counts = _workers(n_workers)
    latest = LatestEnd(np.sort(checked_durations(durations))[::-1])
    found = [latest.on(n) for n in np.ravel(counts).tolist()]
    return _plain(np.reshape(found, counts.shape))


class LatestEnd:
    """When a list of independent tasks ends, at the latest and at the earliest.

    A task starts when the mean worker gets free, at the latest; one that comes before a
    longer one is not the last to end. It starts earlier by what the others still have
    to do, which is limited by how long the tasks before it are.

    Parameters
    ----------
    lengths : array of shape (n_tasks,)
        Seconds, in the order of the list.
    """

    def __init__(self, lengths: np.ndarray):
        before = np.cumsum(lengths) - lengths
        longest_since = np.maximum.accumulate(lengths[::-1])[::-1]
        may_be_last = np.append(lengths[:-1] > longest_since[1:], True)[: len(lengths)]
        self._lengths, self._all_before = lengths, before
        self._tasks = np.flatnonzero(may_be_last)
        self._before, self._last = before[may_be_last], lengths[may_be_last]
        self._longest = float(lengths.max(initial=0.0))

    def on(self, n_workers: int, absent: float = 0.0) -> float:
        """Seconds, at the latest; `absent`: of all workers before they were there."""
        return self._candidate(n_workers)[1] + absent / n_workers

    def at_least(self, n_workers: int, absent: float = 0.0) -> float:
        """Seconds that the list takes at least, by the task that limits it most."""
        at, latest = self._candidate(n_workers)
        if at < n_workers:
            return self._longest
        # Its start is early by `others` / n. A task before it can still run if it is
        # long enough; which ones that are depends on how early that start is.
        lengths, before = self._lengths, self._all_before
        others, since = np.inf, before[at] - n_workers * self._longest
        for _ in range(_ROUNDS):
            first = 0
            if others < np.inf:
                first = int(np.searchsorted(before[:at], since - others))
            near, gap = lengths[first:at], before[at] - before[first:at]
            if others < np.inf:
                near = near[gap < n_workers * near + others]
            others = _largest(near, n_workers - 1) + absent
        return max(latest - others / n_workers, self._longest)

    def _candidate(self, n_workers: int) -> tuple[int, float]:
        """The task that ends last at the latest, and when."""
        if not len(self._last):
            return 0, 0.0
        before, last = self._before, self._last
        # Both are sorted, so the ends of a block bound all that is in it: few blocks
        # have to be looked through.
        first = np.arange(0, len(last), _BLOCK)
        final = np.minimum(first + _BLOCK, len(last)) - 1
        known = before[first] / n_workers + last[first]
        at, latest = int(first[known.argmax()]), known.max()
        hopeful = before[final] / n_workers + last[first] >= latest
        for place in first[hopeful].tolist():
            block = slice(place, place + _BLOCK)
            known = before[block] / n_workers + last[block]
            if known.max() > latest:
                at, latest = place + int(known.argmax()), known.max()
        return int(self._tasks[at]), float(latest)


def _largest(values: np.ndarray, n: int) -> float:
    """The sum of the n largest."""
    if len(values) <= n or not n:
        return float(values.sum()) if n else 0.0
    return float(np.partition(values, len(values) - n)[len(values) - n :].sum())


def packing_bound(durations, n_workers: int) -> float:
    """Seconds that no schedule of independent tasks can beat; at least `lower_bound`.

    Of the ``k n + 1`` longest tasks, some worker has ``k + 1``.

    Parameters
    ----------
    durations : array of shape (n_tasks,)
        Seconds.
    n_workers : int

    References
    ----------
    Dell'Amico, Martello, "Optimal scheduling of tasks on identical parallel
    processors", *ORSA Journal on Computing* 7(2), 1995.

    Examples
    --------
    >>> packing_bound([3.0, 3.0, 3.0, 2.0], n_workers=3)
    5.0
    """
    lengths = np.sort(checked_durations(durations))[::-1]
    n_workers = int(_workers(n_workers))
    if not len(lengths):
        return 0.0
    sums = np.concatenate([[0.0], np.cumsum(lengths)])
    k = np.arange((len(lengths) - 1) // n_workers + 1)
    shared = sums[k * n_workers + 1] - sums[k * n_workers - k]
    return float(max(sums[-1] / n_workers, shared.max()))


def _workers(n_workers) -> np.ndarray:
    counts = np.asarray(n_workers)
    if counts.dtype.kind not in "iu" or (counts < 1).any():
        raise ValueError(
            f"`n_workers` must be whole numbers, 1 or more; got {n_workers!r}"
        )
    return counts


def _plain(value):
    return float(value) if np.ndim(value) == 0 else value
