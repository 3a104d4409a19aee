"""How many times as long, and how surely: by repeats, or by the tasks of one run each.

Knows two samples of positive numbers; refuses to know Runs, and what to call a change.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

REPEATS, ONE_SIDED, TASKS, NOTHING = (
    "repeats",
    "repeats of one side",
    "tasks",
    "nothing",
)

# Of a run: by how much a machine makes all its tasks longer or shorter alike (standard
# deviation of logarithms), where one run cannot tell. 1 to 3 % if nothing else runs.
ALIKE = 0.05
_MANY_TASKS = 2000  # from here on the sum of tasks is normal enough
_N_RESAMPLES = 1999
_MOST_PAIRS = 4_000_000  # of repeats; beyond, means are normal enough


class Ratio(NamedTuple):
    """After / before, with its interval."""

    value: float
    low: float
    high: float
    basis: str  # what the interval comes from: one of the names above
    half: float  # of the interval's width, in logs; NaN where nothing carries one

    @property
    def inverse(self) -> Ratio:
        """Before / after."""
        turned = 1 / self.value, 1 / self.high, 1 / self.low
        return Ratio(*turned, self.basis, self.half)


def of_repeats(before, after, *, level: float = 0.95) -> Ratio:
    """The ratio of typical repeats, with an interval over repeats.

    Parameters
    ----------
    before, after : arrays of shape (n_before,), (n_after,)
        Positive; makespans in s, as a rule.
    level : float
        Of the interval.

    Returns
    -------
    Ratio
        The median of all quotients of one repeat after and one before, with the
        interval that the rank test of Mann and Whitney carries: no repeat that was
        disturbed decides, and nothing is assumed of the noise but that it is alike on
        both sides. Where repeats are too few for it (three and three; 0.95), Student's
        t of the logarithms for unequal variances. With one repeat on one side, its
        noise is taken to be the other's. With one on both, there is no interval.

    Notes
    -----
    A bootstrap of trimmed means, studentized, found 10 % in ten repeats of 5 % noise
    90 times of 100, this interval 96 times, both without false alarms beyond 3 %:
    ``python -m tests.benchmarks.comparing``.

    References
    ----------
    Hodges, Lehmann, "Estimates of location based on rank tests", *Annals of
    Mathematical Statistics* 34(2), 1963. Mann, Whitney, "On a test of whether one of
    two random variables is stochastically larger than the other", same journal 18(1),
    1947, for the distribution. Welch, "The generalization of 'Student's' problem",
    *Biometrika* 34, 1947.

    Examples
    --------
    >>> found = of_repeats([2.0, 2.0, 2.0, 2.0, 2.0], [3.0, 3.0, 3.2, 3.0, 2.8])
    >>> [round(float(value), 2) for value in found[:3]], found.basis
    ([1.5, 1.4, 1.6], 'repeats')
    """
    x, y = np.log(np.asarray(before, float)), np.log(np.asarray(after, float))
    fewest, most = sorted((len(x), len(y)))
    if most < 2:
        alone = math.exp(float(y[0] - x[0]))
        return Ratio(alone, math.nan, math.nan, NOTHING, math.nan)
    if len(x) * len(y) > _MOST_PAIRS:
        return _by_means(x, y, level)
    quotients = np.sort((y[:, None] - x).ravel())
    middle = float(np.median(quotients))
    if fewest < 2:
        many = x if len(x) > len(y) else y
        error = float(np.std(many, ddof=1)) * math.sqrt(1 + 1 / len(many))
        half = float(stdtrit(len(many) - 1, (1 + level) / 2)) * error
        return _around(middle, -half, half, ONE_SIDED)
    left_out = _ranks_left_out(len(x), len(y), level)
    if left_out < 1:
        return _by_means(x, y, level)
    low, high = quotients[left_out - 1], quotients[-left_out]
    return _around(middle, float(low) - middle, float(high) - middle, REPEATS)


def of_tasks(before, after, *, level: float = 0.95, alike: float = ALIKE) -> Ratio:
    """The ratio of summed durations, with an interval over the tasks.

    The tasks say how surely *these two runs* differ. What a machine did to all tasks of
    a run alike they do not show: that much is assumed.

    Parameters
    ----------
    before, after : arrays of shape (n_tasks,)
        Seconds; entry i of both is the same task.
    level : float
        Of the interval.
    alike : float
        Standard deviation, in logs, of what all tasks of a run have in common.

    Returns
    -------
    Ratio
        By a bootstrap over pairs, as much wider as Student's t is for so many; of 2,000
        tasks and more by the linearised ratio, which comes to the same there. No
        interval below five tasks.

    References
    ----------
    Cochran, *Sampling Techniques*, 3rd ed., 1977, section 6.4: variance of a ratio.

    Examples
    --------
    >>> found = of_tasks([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 4.0, 6.0, 8.0, 10.0])
    >>> [round(value, 2) for value in found[:3]], found.basis
    ([2.0, 1.74, 2.3], 'tasks')
    """
    x, y = np.asarray(before, float), np.asarray(after, float)
    n = len(x)
    if not (x.sum() > 0 and y.sum() > 0):
        return Ratio(math.nan, math.nan, math.nan, NOTHING, math.nan)
    ratio = float(y.sum() / x.sum())
    if n < 5:
        return Ratio(ratio, math.nan, math.nan, NOTHING, math.nan)
    common = float(ndtri((1 + level) / 2)) * math.sqrt(2) * alike
    if n >= _MANY_TASKS:
        off = y - ratio * x
        error = math.sqrt(n / (n - 1) * float(off @ off)) / float(y.sum())
        half = math.hypot(float(stdtrit(n - 1, (1 + level) / 2)) * error, common)
        return _around(math.log(ratio), -half, half, TASKS)
    stream = np.random.default_rng(20_240_229)
    times = stream.multinomial(n, np.full(n, 1 / n), size=_N_RESAMPLES)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(times @ y) - np.log(times @ x)
    logs = logs[np.isfinite(logs)] - math.log(ratio)
    low, high = np.quantile(logs, [(1 - level) / 2, (1 + level) / 2])
    student = float(stdtrit(n - 1, (1 + level) / 2) / ndtri((1 + level) / 2))
    wider = student * math.sqrt(n / (n - 1))
    # Basic, not percentile: the way in which resamples are off is taken back.
    low, high = wider * min(0.0, -float(high)), wider * max(0.0, -float(low))
    low, high = -math.hypot(low, common), math.hypot(high, common)
    return _around(math.log(ratio), low, high, TASKS)


def needed(before, after, within: float, *, level: float = 0.95) -> int:
    """Repeats on each side for an interval of half width `within`, in logs.

    0 where no side has two repeats: nobody knows the noise then.

    Examples
    --------
    >>> needed([1.0, 1.1, 0.9], [1.0, 1.1, 0.9], 0.05)
    33
    """
    x, y = np.log(np.asarray(before, float)), np.log(np.asarray(after, float))
    known = [float(np.var(each, ddof=1)) for each in (x, y) if len(each) > 1]
    if not known:
        return 0
    variance = 2 * sum(known) / len(known)
    n = 2
    while n < 10**6:
        t = float(stdtrit(2 * n - 2, (1 + level) / 2))
        more = math.ceil(variance * (t / within) ** 2)
        if more <= n:
            return n
        n = max(more if n > 50 else n + 1, n + 1)
    return n


def p_of_tasks(before, after) -> np.ndarray:
    """Of each task, how likely such a change is where nothing changed (Welch).

    Parameters
    ----------
    before, after : arrays of shape (n_repeats, n_tasks)
        Seconds. NaN, or fewer than two repeats on a side: NaN.
    """
    x, y = (np.log(np.where(each > 0, each, np.nan)) for each in (before, after))
    if min(len(x), len(y)) < 2:
        return np.full(x.shape[1], np.nan)
    sides = [each.var(axis=0, ddof=1) / len(each) for each in (x, y)]
    error, off = sides[0] + sides[1], np.abs(y.mean(axis=0) - x.mean(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = error**2 / (
            sides[0] ** 2 / (len(x) - 1) + sides[1] ** 2 / (len(y) - 1)
        )
        found = 2 * stdtr(freedom, -off / np.sqrt(error))
    # Without any noise, whatever differs does so surely.
    return np.where(error == 0, np.where(off > 0, 0.0, 1.0), found)


def _around(difference: float, low: float, high: float, basis: str) -> Ratio:
    return Ratio(
        math.exp(difference),
        math.exp(difference + low),
        math.exp(difference + high),
        basis,
        (high - low) / 2,
    )


def _by_means(x: np.ndarray, y: np.ndarray, level: float) -> Ratio:
    """By Student's t for unequal variances, in logs."""
    a, b = float(np.var(x, ddof=1)) / len(x), float(np.var(y, ddof=1)) / len(y)
    difference = float(y.mean() - x.mean())
    if not a + b:
        return _around(difference, 0.0, 0.0, REPEATS)
    freedom = (a + b) ** 2 / (a**2 / (len(x) - 1) + b**2 / (len(y) - 1))
    half = float(stdtrit(freedom, (1 + level) / 2)) * math.sqrt(a + b)
    return _around(difference, -half, half, REPEATS)


@functools.lru_cache(maxsize=256)
def _ranks_left_out(n: int, m: int, level: float) -> int:
    """How many quotients at each end lie outside the interval; 0: no such interval.

    As many as Mann and Whitney's U may be small with a chance of (1 - level) / 2.
    """
    tail = (1 - level) / 2
    if n + m > 60:
        spread = math.sqrt(n * m * (n + m + 1) / 12)
        return max(0, math.floor(n * m / 2 + float(ndtri(tail)) * spread + 0.5))
    # Ways to get each U: the coefficients of Gauss's binomial, factor by factor.
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for at in range(n * m, m + i - 1, -1):
            ways[at] -= ways[at - m - i]
        for at in range(i, n * m + 1):
            ways[at] += ways[at - i]
    most, below = math.comb(n + m, n) * tail, 0
    for u, many in enumerate(ways):
        below += many
        if below > most:
            return u
    return 0
