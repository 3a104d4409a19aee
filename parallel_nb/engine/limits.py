"""Seconds that an attempt may take: as given, or a multiple of what others took.

Knows durations and limits; whoever has the attempt ends it.
"""

import statistics
from collections import Counter, deque

import numpy as np

from ..errors import ArgumentError
from ..tasks import Task, median_factor
from .worker import DONE

# A median of fewer durations says too little to end somebody's work for it.
_N_NEEDED = 5
_N_REMEMBERED = 1000


class MedianLimit:
    """A multiple of the median of the durations seen, once there are five.

    Examples
    --------
    >>> limit = MedianLimit(3.0)
    >>> limit.learn([1.0, 2.0, 2.0, 9.0])
    >>> limit() is None
    True
    >>> limit.learn([2.0])
    >>> limit()
    6.0
    """

    def __init__(self, factor):
        self._factor = factor
        self._durations = deque(maxlen=_N_REMEMBERED)
        self._seconds = None
        self._is_old = True

    def learn(self, durations):
        """Take in how long attempts took that are done (s)."""
        self._durations.extend(durations)
        self._is_old = True

    def __call__(self):
        """Seconds, or None as long as too little is known; from any thread."""
        if self._is_old and len(self._durations) >= _N_NEEDED:
            self._is_old = False
            self._seconds = self._factor * statistics.median(self._durations.copy())
        return self._seconds


def seconds_of(limit):
    """A limit in seconds as it is now; None for none."""
    return limit() if callable(limit) else limit


class Limits:
    """The limit of each task of a batch.

    Parameters
    ----------
    tasks : list of Task or Shell, or None
        None where one function does them all.
    timeout : float, str or None
        Of those that have none of their own.
    medians : mapping of str to float, optional
        Known medians (s) by name.

    Raises
    ------
    ArgumentError
        If a multiple of a median is asked for that cannot be known.
    """

    def __init__(self, tasks, timeout=None, medians=None):
        self._medians = medians or {}
        self._learning = {}  # (kind, factor) -> MedianLimit
        if tasks is None:
            self._kinds = None
            self._all = self._limit(None, timeout, "", _N_NEEDED + 1)
            self.has_any = self._all is not None
            return
        self._kinds = [_kind(task) for task in tasks]
        sizes = Counter(self._kinds)
        self._limits = [
            self._limit(
                kind,
                timeout if task.timeout is None else task.timeout,
                task.name,
                sizes[kind],
            )
            for task, kind in zip(tasks, self._kinds, strict=True)
        ]
        self.has_any = any(limit is not None for limit in self._limits)

    def _limit(self, kind, timeout, name, n_alike):
        factor = median_factor(timeout)
        if factor is None:
            return timeout
        if name in self._medians:
            return factor * self._medians[name]
        if n_alike <= _N_NEEDED:
            raise ArgumentError(
                f"`timeout={timeout!r}` of {name!r} needs to know durations: pass "
                f"`history=` (an earlier Run) or seconds; in this batch, {n_alike} "
                f"task{'s are' if n_alike > 1 else ' is'} alike, and it takes more "
                f"than {_N_NEEDED}"
            )
        return self._learning.setdefault((kind, factor), MedianLimit(factor))

    @property
    def is_learning(self):
        """Whether durations of this run decide."""
        return bool(self._learning)

    def of(self, position):
        """Seconds, a `MedianLimit`, or None."""
        return self._all if self._kinds is None else self._limits[position]

    def learn(self, entry, records, tasks, first):
        """Take in attempts that have ended; a watcher of the collector."""
        is_done = records["status"] == DONE
        durations = (records["ended"] - records["started"])[is_done]
        if self._kinds is None:
            self._learn(None, durations.tolist())
            return
        tasks = np.asarray(tasks)[is_done].tolist()
        for task, seconds in zip(tasks, durations.tolist(), strict=True):
            self._learn(self._kinds[task], [seconds])

    def _learn(self, kind, durations):
        for (known, _), limit in self._learning.items():
            if known == kind:
                limit.learn(durations)


def _kind(task):
    """What makes durations comparable: the function, or the command's name."""
    return id(task.func) if isinstance(task, Task) else task.name
