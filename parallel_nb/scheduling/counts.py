"""The makespan of one list on many numbers of workers: by bounds where they agree.

Knows two bounds of a list of independent tasks that are sharper than those of all
lists, and that more workers never take longer; refuses to simulate what these decide.
Tasks that wait have no such order: each count is simulated, unless the graph's own
bounds agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .bounds import LatestEnd
from .graphs import paths_to_the_end
from .greedy import Problem, starts_of
from .improving import best
from .lists import listed, scheduled

AGREED = 1e-3  # relative: bounds that are this close decide


class Makespans(NamedTuple):
    """What each number of workers takes; arrays of shape (n_counts,).

    Attributes
    ----------
    low, high : float arrays
        Seconds; the same where the schedule was simulated.
    is_simulated : bool array
    """

    low: np.ndarray
    high: np.ndarray
    is_simulated: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        """Halfway between the bounds: off by 0.05 % at most."""
        return (self.low + self.high) / 2


def makespans(
    problem: Problem,
    counts: Sequence[int],
    order: str | np.ndarray,
    *,
    available: Callable[[int], np.ndarray | None] = lambda n_workers: None,
) -> Makespans:
    """How long a problem takes on each of several numbers of workers.

    Parameters
    ----------
    problem : Problem
        Its own number of workers does not matter.
    counts : sequence of int
        Numbers of workers, in any order.
    order : str or permutation
        As for `list_schedule`.
    available : callable, optional
        When each of n workers is there, for any n. More workers must be those of fewer
        and others.

    References
    ----------
    Graham, 1969, as for `graham_bound`: a task starts when the mean worker gets free,
    at the latest. Kiefer, Wolfowitz, "On the theory of queues with many servers",
    *Transactions of the American Mathematical Society* 78(1), 1955: workers that are
    free earlier stay so, hence more of them take no longer.

    Examples
    --------
    >>> from parallel_nb.scheduling import make_problem
    >>> found = makespans(make_problem(4 * [1.0], 1), [1, 2, 3], "given")
    >>> found.middle, found.is_simulated
    (array([4., 2., 2.]), array([False,  True,  True]))
    """
    known: dict[int, tuple[float, float, bool]] = {}
    each, is_best = sorted(set(counts)), isinstance(order, str) and order == "best"
    if not problem.is_independent:
        _by_graph(problem, each, order, available, known)
    else:
        rule = "longest_first" if is_best else order
        _by_list(problem, each, rule, available, known)
        for n_workers in each if is_best else ():
            if known[n_workers][2]:  # there may be something to gain
                here = _on(problem, n_workers, available)
                known[n_workers] = 2 * (best(here).makespan,) + (True,)
    low, high, is_simulated = zip(*(known[n] for n in counts), strict=True)
    return Makespans(np.array(low), np.array(high), np.array(is_simulated))


def _on(problem: Problem, n_workers: int, available) -> Problem:
    return replace(problem, n_workers=n_workers, available=available(n_workers))


def _agree(low: float, high: float) -> bool:
    return high - low <= AGREED * low


# --- independent tasks ---


def _by_list(problem, counts, order, available, known) -> None:
    lengths = problem.durations[listed(problem, order)]
    longest = float(lengths.max(initial=0.0))
    work, latest = float(lengths.sum()), LatestEnd(lengths)
    left = []
    for n_workers in counts:
        there = _sorted(available(n_workers), n_workers)
        low = _filled(there, work)
        if len(there):
            low = max(low, float(there[0]) + longest)
        absent = float(there.sum())
        high = max(latest.on(n_workers, absent), low)
        if not _agree(low, high):
            low = max(low, latest.at_least(n_workers, absent))
        known[n_workers] = low, high, False
        if not _agree(low, high):
            left.append(n_workers)

    def took(n_workers: int) -> float:
        if not known[n_workers][2]:
            there = available(n_workers)
            ends = starts_of(lengths, n_workers, there) + lengths
            found = float(ends.max(initial=0.0))
            known[n_workers] = found, found, True
        return known[n_workers][0]

    pieces = [(0, len(left) - 1)] if left else []
    while pieces:  # between two counts that take as long, the others do
        first, last_ = pieces.pop()
        high, low = took(left[first]), took(left[last_])
        if last_ - first < 2:
            continue
        if _agree(low, high):
            for n_workers in left[first + 1 : last_]:
                known[n_workers] = low, high, False
            continue
        middle = (first + last_) // 2
        pieces += [(first, middle), (middle, last_)]


def _sorted(there, n_workers: int) -> np.ndarray:
    return np.zeros(n_workers) if there is None else np.sort(there)


def _filled(there: np.ndarray, work: float) -> float:
    """When workers that come one by one have done the work, if it could be shared."""
    n_there = np.arange(1, len(there) + 1)
    return float(((work + np.cumsum(there)) / n_there).min(initial=np.inf))


# --- tasks that wait ---


def _by_graph(problem, counts, order, available, known) -> None:
    span, has_lags = _span(problem), problem.lags is not None
    work = float(problem.durations.sum())
    is_limited = problem.agent is not None or problem.locks is not None
    widest: tuple[int, tuple[float, float, bool]] | None = None
    for n_workers in counts:
        there = available(n_workers)
        if widest is not None and there is None and n_workers >= widest[0]:
            known[n_workers] = widest[1]
            continue
        if not is_limited:
            arrive = _sorted(there, n_workers)
            low = max(_filled(arrive, work), float(arrive[0]) + span)
            share = 1.0 if has_lags else 1 - 1 / n_workers  # a lag keeps nobody busy
            high = float(arrive[-1]) + work / n_workers + share * span
            if _agree(low, high):
                known[n_workers] = low, max(low, high), False
                continue
        schedule = scheduled(_on(problem, n_workers, available), order)
        known[n_workers] = schedule.makespan, schedule.makespan, True
        n_used = int(schedule.worker.max(initial=-1)) + 1
        if there is None and n_used < n_workers:  # nobody ever waited for a worker
            widest = n_workers, known[n_workers]


def _span(problem: Problem) -> float:
    """The longest chain, lags counted."""
    lengths = problem.durations
    lags = np.zeros(len(lengths)) if problem.lags is None else problem.lags
    paths = paths_to_the_end((lengths + lags).tolist(), problem.graph)
    return max(paths, default=0.0)
