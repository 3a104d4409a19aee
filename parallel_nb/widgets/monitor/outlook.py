"""What is done → how long the rest will take, and between which bounds.

Knows sums over durations and how much is left; refuses to know runs and clocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

LEAST = 5  # attempts that are over, before anything is said
_SAMPLE = 500  # of the latest durations, for what an attempt under way still needs
_WIDTH = 2.0  # standard deviations to either side


class Outlook(NamedTuple):
    """Seconds to go."""

    seconds: float
    low: float
    high: float


def squares(values: np.ndarray, weights: np.ndarray | float = 1.0) -> float:
    """Sum of squares, without BLAS, which would wake a thread on each core for it.

    Examples
    --------
    >>> squares(np.array([3.0, 4.0])), squares(np.array([3.0, 4.0]), np.array([1, 2]))
    (25.0, 41.0)
    """
    return float((weights * values * values).sum())


@dataclass(slots=True)
class Finished:
    """Sums over attempts that are over; a cost of 1 each where none is known."""

    n: int = 0
    work: float = 0.0  # s
    cost: float = 0.0
    squared_cost: float = 0.0
    per_cost: float = 0.0  # sum of seconds per cost
    squared_per_cost: float = 0.0
    squared: float = 0.0  # sum of squared durations, s²
    longest: float = 0.0  # s
    _latest: np.ndarray = field(default_factory=lambda: np.empty(0))

    def add(
        self,
        durations: np.ndarray,
        costs: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        """Take in durations (s) of attempts of such costs; of 1 each by default.

        Each stands for itself, or for as many as its weight says.
        """
        if not len(durations):
            return
        weights = np.ones(len(durations)) if weights is None else weights
        costs = np.ones(len(durations)) if costs is None else costs
        rates = durations / costs
        self.n += round(float(weights.sum()))
        self.work += float((weights * durations).sum())
        self.cost += float((weights * costs).sum())
        self.squared_cost += squares(costs, weights)
        self.per_cost += float((weights * rates).sum())
        self.squared_per_cost += squares(rates, weights)
        self.squared += squares(durations, weights)
        self.longest = max(self.longest, float(durations.max()))
        self._latest = np.concatenate([self._latest, durations[-_SAMPLE:]])[-_SAMPLE:]

    def residual(self, age: float) -> float:
        """Seconds that an attempt of some age still needs, on average.

        As those that took longer did; the mean of all where none did.
        """
        longer = self._latest[self._latest > age]
        return float(longer.mean()) - age if len(longer) else self.work / self.n


def outlook(
    finished: Finished,
    cost_left: float,
    squared_cost_left: float,
    n_left: int,
    ages: list[float],
    n_workers: int,
    busy_share: float,
) -> Outlook | None:
    """How long the rest will take; None where that cannot be known yet.

    Parameters
    ----------
    finished : Finished
    cost_left, squared_cost_left : float
        Sum of the costs, and of their squares, of tasks that have not ended.
    n_left : int
        How many these are.
    ages : list of float
        Seconds since each attempt under way began; at most `n_workers`.
    n_workers : int
    busy_share : float
        Share of their time that workers spent inside attempts so far.

    Notes
    -----
    The mean duration (per cost) of what is over, times what is left, is the work left:
    so many seconds for each of the workers, at the share of time that they have worked.
    The variance of that is what the sum of so many durations has by itself, and what
    the mean has that it is reckoned with: s²·(Σc² + (Σc)²·Σc²_done / (Σc_done)²). The
    bounds are two standard deviations away. On top come the last tasks, during which
    some workers have nothing to do: on average half an attempt as the renewal theorem
    has it, E[d²] / 2E[d]; at most the longest one; both times 1 - 1/n [1]_.

    References
    ----------
    .. [1] Graham, *Bounds on Multiprocessing Timing Anomalies*, 1969.

    Examples
    --------
    >>> even = Finished()
    >>> even.add(np.full(10, 2.0), np.ones(10))
    >>> outlook(even, 8.0, 8.0, 8, [], 2, 1.0)
    Outlook(seconds=8.5, low=8.0, high=9.0)
    """
    if finished.n < LEAST or not finished.work > 0 or n_left < 1:
        return None
    n = min(n_workers, n_left)
    ages = sorted(ages)[-n:]
    rate = finished.work / finished.cost  # s per cost
    mean_cost = cost_left / n_left
    running = [finished.residual(age) for age in ages]
    work = rate * mean_cost * (n_left - len(running)) + sum(running)
    share = min(max(busy_share, 0.01), 1.0)
    spread = _variance(finished) * (
        squared_cost_left + cost_left**2 * finished.squared_cost / finished.cost**2
    )
    around = _WIDTH * math.sqrt(spread) / (n * share)
    even = work / (n * share)
    idle = 1 - 1 / n
    tail = idle * finished.squared / (2 * finished.work)
    low = max(even - around, 0.0)
    high = even + around + idle * finished.longest
    if n_left <= len(running):  # nobody waits: the last of them is the end
        tail = max(running) - even
        high = max(high, even + tail)
    return Outlook(even + tail, min(low, even + tail), max(high, even + tail))


def _variance(finished: Finished) -> float:
    """Of a duration per cost, in s²; as of a sample."""
    n = finished.n
    mean = finished.per_cost / n
    return max(finished.squared_per_cost / n - mean**2, 0.0) * n / (n - 1)
