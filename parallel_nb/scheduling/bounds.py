"""What no schedule can beat, and what every list schedule keeps to.

Knows theorems, each with its source; refuses to know any schedule. Functions of
`n_workers` take one count or an array of them.
"""

from __future__ import annotations

import numpy as np

from .graphs import checked_durations


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
