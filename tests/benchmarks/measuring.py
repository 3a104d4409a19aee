"""Two ways to do the same thing, timed in turns: a timing each, then what they say.

Knows order, clocks and medians; nothing of what is timed, or of tables.
"""

import gc
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

# With fewer values, not even the whole range covers a median with 95 % probability:
# it misses with 2 · 0.5^n, which is 6 % for five values and 3 % for six.
LEAST_FOR_INTERVAL = 6
_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Timing:
    """One call, timed from outside."""

    pair: int  # which pair it belongs to, from 0
    turn: int  # 0 where it went first in its pair
    side: str
    began: float  # s on the clock
    seconds: float
    value: Any  # what the call returned


class Estimate(NamedTuple):
    """A median and its 95 % interval; NaN where too few values carry one."""

    median: float
    low: float
    high: float
    n: int


def mirrored(n_pairs: int, rng: np.random.Generator) -> list[bool]:
    """Whether each pair is swapped: A B, B A or B A, A B, drawn for every two pairs.

    Whatever drifts slowly and whatever one side leaves behind for the next then falls
    on both sides alike.

    Examples
    --------
    >>> mirrored(4, np.random.default_rng(1))
    [False, True, True, False]
    """
    swapped = []
    while len(swapped) < n_pairs:
        first = bool(rng.integers(2))
        swapped += [first, not first]
    return swapped[:n_pairs]


def timings(
    calls: Mapping[str, Callable[[], Any]],
    n_pairs: int,
    rng: np.random.Generator,
    *,
    clock: Callable[[], float] = time.perf_counter,
    collect: Callable[[], Any] = gc.collect,
) -> Iterator[Timing]:
    """Time both calls `n_pairs` times, in turns; garbage is collected before each.

    What the caller does with a timing before it asks for the next one is not timed.

    Parameters
    ----------
    calls : mapping of str to callable
        The two sides by name.
    n_pairs : int
    rng : numpy Generator
        Decides who goes first.

    Yields
    ------
    Timing
    """
    names = list(calls)
    for pair, is_swapped in enumerate(mirrored(n_pairs, rng)):
        for turn, name in enumerate(names[::-1] if is_swapped else names):
            call = calls[name]
            collect()
            began = clock()
            value = call()
            seconds = clock() - began
            yield Timing(pair, turn, name, began, seconds, value)
            # Or the next call would be charged for freeing it.
            del value


def estimate(values, *, seed: int = 0) -> Estimate:
    """Median of `values` with a bootstrap interval (95 %, percentiles).

    The median, because a shared machine makes some timings much longer and none much
    shorter. Given pairwise ratios it is insensitive to drift, too, which hits both
    timings of a pair.

    Parameters
    ----------
    values : array of shape (n,)
        One for each pair; NaN ones are left out.
    seed : int
        Of the resampling.

    References
    ----------
    B. Efron, R. J. Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13.

    Examples
    --------
    >>> estimate([3.0, 1.0, 2.0])
    Estimate(median=2.0, low=nan, high=nan, n=3)
    >>> estimate([2.0] * 9)
    Estimate(median=2.0, low=2.0, high=2.0, n=9)
    """
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    n = len(values)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    median = float(np.median(values))
    if n < LEAST_FOR_INTERVAL:
        return Estimate(median, math.nan, math.nan, n)
    rng = np.random.default_rng(seed)
    medians = np.median(rng.choice(values, (_RESAMPLES, n)), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return Estimate(median, float(low), float(high), n)


def verdict(found: Estimate, bar: float) -> str:
    """``"met"``, ``"missed"``, or ``""`` where there is no bar; by the median.

    Followed by ``"?"`` where the interval holds the bar, or there is none: the next
    measurement may say otherwise.

    Examples
    --------
    >>> verdict(Estimate(0.9, 0.8, 0.95, 9), 1.0)
    'met'
    >>> verdict(Estimate(1.1, 0.9, 1.2, 9), 1.0)
    'missed?'
    """
    if math.isnan(bar) or math.isnan(found.median):
        return ""
    is_met = found.median <= bar
    is_decided = found.high <= bar if is_met else found.low > bar
    return ("met" if is_met else "missed") + ("" if is_decided else "?")
