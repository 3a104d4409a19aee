"""Arithmetic on intervals of time: what is in both, in neither, up to a moment.

Knows arrays of starts and ends; refuses to know what happens in them. `Spans` are
ascending and disjoint, which is what makes each of these a few passes over arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Spans(NamedTuple):
    """Intervals ``[started, ended)``, ascending and disjoint."""

    started: np.ndarray  # s (n,)
    ended: np.ndarray  # s (n,)

    @property
    def lengths(self) -> np.ndarray:
        """Seconds of each."""
        return self.ended - self.started


NONE = Spans(np.empty(0), np.empty(0))


def one(started: float, ended: float) -> Spans:
    """A single interval; none if it is empty."""
    if not ended > started:
        return NONE
    return Spans(np.array([float(started)]), np.array([float(ended)]))


def union(started, ended) -> Spans:
    """What any of the intervals covers, in whatever order they come.

    Examples
    --------
    >>> union([5.0, 0.0, 1.0], [6.0, 2.0, 3.0])
    Spans(started=array([0., 5.]), ended=array([3., 6.]))
    """
    started, ended = np.asarray(started, float), np.asarray(ended, float)
    lasting = ended > started
    started, ended = started[lasting], ended[lasting]
    if not len(started):
        return NONE
    order = np.argsort(started, kind="stable")
    started, until = started[order], np.maximum.accumulate(ended[order])
    apart = np.flatnonzero(started[1:] > until[:-1])
    first, last = np.append(0, apart + 1), np.append(apart, len(until) - 1)
    return Spans(started[first], until[last])


def both(these: Spans, those: Spans, between=None) -> Spans:
    """What lies in both, cut where either of them is cut.

    Parameters
    ----------
    these, those : Spans
    between : (int array, int array), optional
        For each of `these`, the place among `those` of the first that ends after it
        starts, and of the first that starts no sooner than it ends; looked for unless
        they are known.

    Examples
    --------
    >>> both(union([0.0, 5.0], [3.0, 6.0]), union([2.0], [5.5]))
    Spans(started=array([2., 5.]), ended=array([3. , 5.5]))
    """
    few, many = these, those
    if between is None and len(those.started) < len(these.started):
        few, many = those, these
    if not len(few.started) or not len(many.started):
        return NONE
    if between is None:
        first = np.searchsorted(many.ended, few.started, side="right")
        last = np.searchsorted(many.started, few.ended)
    else:
        first, last = between
    n = np.maximum(last - first, 0)
    of_few = np.repeat(np.arange(len(n)), n)
    of_many = np.arange(len(of_few)) + np.repeat(first - (np.cumsum(n) - n), n)
    started = np.maximum(few.started[of_few], many.started[of_many])
    ended = np.minimum(few.ended[of_few], many.ended[of_many])
    lasting = ended > started
    if lasting.all():
        return Spans(started, ended)
    return Spans(started[lasting], ended[lasting])


def outside(spans: Spans, window: tuple[float, float]) -> Spans:
    """What of the window lies in none of them.

    Examples
    --------
    >>> outside(union([1.0], [2.0]), (0.0, 4.0))
    Spans(started=array([0., 2.]), ended=array([1., 4.]))
    """
    started = np.clip(np.append(window[0], spans.ended), *window)
    ended = np.clip(np.append(spans.started, window[1]), *window)
    lasting = ended > started
    return Spans(started[lasting], ended[lasting])


def at_least(n: int, started, ended) -> Spans:
    """When at least `n` of the intervals were going on, exactly.

    With starts and ends each sorted, so many are going on from the k-th start until the
    (k - n + 1)-th end, for each k; no intervals need to be matched.

    Parameters
    ----------
    n : int
        From 1.
    started, ended : arrays of shape (n_intervals,)
        No interval ends before it starts.

    Examples
    --------
    >>> at_least(2, [0.0, 1.0, 2.0], [5.0, 3.0, 4.0])
    Spans(started=array([1.]), ended=array([4.]))
    """
    if len(started) < n:
        return NONE
    begin, end = ascending(started)[n - 1 :], ascending(ended)
    end = end[: len(begin)]
    # Both ascend: what they enclose ends where the next begins later.
    lasting = end > begin
    if not lasting.all():
        begin, end = begin[lasting], end[lasting]
    if not len(begin):
        return NONE
    apart = np.flatnonzero(begin[1:] > end[:-1])
    first, last = np.append(0, apart + 1), np.append(apart, len(end) - 1)
    return Spans(begin[first], end[last])


def order_of(values: np.ndarray) -> np.ndarray:
    """The places of the values in ascending order, of equal ones the first first.

    Examples
    --------
    >>> order_of(np.array([2.0, 1.0, 2.0])).tolist()
    [1, 0, 2]
    """
    return in_order(values)[0]


def in_order(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places as of `order_of`, and the values in this order.

    Examples
    --------
    >>> in_order(np.array([2.0, 1.0]))[1].tolist()
    [1.0, 2.0]
    """
    # Without a promise about equal ones numpy is twice as fast; most clocks give none.
    order = np.argsort(values)
    here = values[order]
    if (here[1:] == here[:-1]).any():
        order = np.argsort(values, kind="stable")
    return order, here


def ascending(values) -> np.ndarray:
    """The values in ascending order; they themselves where they are."""
    values = np.asarray(values, float)
    if (values[1:] >= values[:-1]).all():
        return values
    return np.sort(values)


def until(spans: Spans, seconds, moments) -> np.ndarray:
    """How many of the seconds, spread evenly over each interval, came before a moment.

    Parameters
    ----------
    spans : Spans
    seconds : array of shape (n,)
        Of each interval.
    moments : array of shape (n_moments,)

    Examples
    --------
    >>> until(union([1.0], [3.0]), [1.0], [0.0, 2.0, 4.0])
    array([0. , 0.5, 1. ])
    """
    return Until(spans, moments)(seconds)


class Until:
    """`until` for several kinds of seconds in the same intervals."""

    def __init__(self, spans: Spans, moments):
        started, ended = spans
        # Those that are over by then, and the one that is not.
        self._over = np.searchsorted(ended, moments, side="right")
        self._n, self._cut = len(ended), np.zeros(len(moments))
        if self._n:
            self._at = np.minimum(self._over, self._n - 1)
            elapsed = moments - started[self._at]
            length = ended[self._at] - started[self._at]
            is_cut = (self._over < self._n) & (elapsed > 0)
            np.divide(elapsed, length, out=self._cut, where=is_cut)

    def __call__(self, seconds) -> np.ndarray:
        """Of these seconds, those before each moment."""
        if not self._n:
            return np.zeros(len(self._cut))
        total = np.empty(self._n + 1)
        total[0] = 0.0
        np.cumsum(seconds, out=total[1:])
        return total[self._over] + np.asarray(seconds)[self._at] * self._cut
