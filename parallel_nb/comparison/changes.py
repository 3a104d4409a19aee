"""Where the level of a series changes, if it does.

Knows a series of numbers in the order of time; refuses to know what they measure.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from . import lasting

LEAST = 4  # numbers on each side of a change: fewer cannot tell (4 and 4 can)
_N_SHUFFLES = 999
_FEWEST_SHUFFLES = 99  # of very long series; the level is the same
_LEVEL = 0.05
_MOST_RANKS = 1_000_000  # that are shuffled, for time's sake


def change_points(values, is_change) -> list[int]:
    """Positions at which a new level begins, ascending.

    Parameters
    ----------
    values : array of shape (n,)
        Positive, in the order of time.
    is_change : callable
        Of the numbers before and after a candidate: whether the difference matters.

    Returns
    -------
    list of int
        By segmentation: in each segment, the split at which ranks differ most between
        what lies just before and just after it, over windows from 4 to all, is a
        candidate. It stands if fewer than 5 % of shuffled segments have one as clear;
        if fewer than 5 % of segments of noise that lasts (AR(1), correlation 0.5) have
        one that large; and if `is_change` says so of both windows. In a series without
        a change one stands in at most 5 of 100, whether runs are independent or not
        quite. Beyond a correlation of 0.5 it is more: up to 22 of 100 at 0.7.

    References
    ----------
    Pettitt, "A non-parametric approach to the change-point problem", *Applied
    Statistics* 28(2), 1979, for ranks. Eichinger, Kirch, "A MOSUM procedure for the
    estimation of multiple random change points", *Bernoulli* 24(1), 2018, for windows,
    which see a level that comes and goes. Matteson, James, "A nonparametric approach
    for multiple change point analysis of multivariate data", *JASA* 109, 2014, for
    shuffling in each segment.

    Examples
    --------
    >>> level = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0]
    >>> change_points([*level, *(2 * x for x in level)], lambda before, after: True)
    [6]
    """
    values = np.asarray(values, dtype=float)
    logs = np.log(values)
    found: list[int] = []
    waiting = [(0, len(values))]
    stream = np.random.default_rng(20_240_229)
    while waiting:
        begin, end = waiting.pop()
        split, width = _clearest(values[begin:end], stream)
        if not split or not lasting.stands_out(logs[begin:end], split, width):
            continue
        at = begin + split
        before, after = max(begin, at - width), min(end, at + width)
        if is_change(values[before:at], values[at:after]):
            found.append(at)
            waiting += [(begin, at), (at, end)]
    return _confirmed(values, sorted(found), is_change)


def _confirmed(values, found: list[int], is_change) -> list[int]:
    """Those that still differ from their neighbours, once all segments are known."""
    kept = list(found)
    for at in found:
        bounds = [0, *kept, len(values)]
        place = bounds.index(at, 1)
        before, after = bounds[place - 1], bounds[place + 1]
        if not is_change(values[before:at], values[at:after]):
            kept.remove(at)
    return kept


def _clearest(values: np.ndarray, stream) -> tuple[int, int]:
    """The clearest split and its window's width; zeros if chance makes such."""
    n = len(values)
    if n < 2 * LEAST:
        return 0, 0
    ranks = rankdata(values)
    scores = [_scores(ranks[None], width)[0] for width in _widths(n)]
    best = int(np.argmax([each.max() for each in scores]))
    split, clearest = int(np.argmax(scores[best])), float(scores[best].max())
    n_shuffles = int(np.clip(_MOST_RANKS // n, _FEWEST_SHUFFLES, _N_SHUFFLES))
    most_as_clear = int(_LEVEL * (n_shuffles + 1)) - 1  # the series is one of them
    as_clear, left = 0, n_shuffles
    while left and as_clear <= most_as_clear:
        some = min(left, _FEWEST_SHUFFLES)
        shuffled = stream.permuted(np.broadcast_to(ranks, (some, n)), axis=1)
        most = np.max([_scores(shuffled, w).max(axis=1) for w in _widths(n)], axis=0)
        as_clear += int((most >= clearest - 1e-9).sum())
        left -= some
    return (
        (0, 0)
        if left or as_clear > most_as_clear
        else (split + LEAST, _widths(n)[best])
    )


def _widths(n: int) -> list[int]:
    """Of the windows on each side: doubling, the last one takes all there is."""
    widths, width = [], LEAST
    while width < n - LEAST:
        widths.append(width)
        width *= 2
    return [*widths, n]


def _scores(ranks: np.ndarray, width: int) -> np.ndarray:
    """|Standardized difference of mean ranks| about each split that may be."""
    n = ranks.shape[1]
    at = np.arange(LEAST, n - LEAST + 1)
    sums = np.zeros((len(ranks), n + 1))
    np.cumsum(ranks, axis=1, out=sums[:, 1:])
    begin, end = np.maximum(at - width, 0), np.minimum(at + width, n)
    before = (sums[:, at] - sums[:, begin]) / (at - begin)
    after = (sums[:, end] - sums[:, at]) / (end - at)
    spread = np.sqrt(n * (n + 1) / 12 * (1 / (at - begin) + 1 / (end - at)))
    return np.abs(after - before) / spread
