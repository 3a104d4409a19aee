"""A problem of millions of short tasks as one of thousands: alike ones go together.

Knows which tasks a schedule cannot tell apart, and how much longer than these a grain
may be; refuses to know who asks. What comes of it is close, not exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .graphs import Graph
from .greedy import Problem
from .kinds import Kinds, kinds_of
from .levelwise import chain_ends, chains_through

_SPARE = 2  # times as many tasks as grains, or it is not worth it
_FEW = (100_000, 20_000)  # tasks that stay as they are, independent ones and others
# Grains for each worker, and all of them. Independent ones cost a step in a heap, the
# others some dozens of steps.
_A_WORKER, _AT_MOST = (1000, 125), (50_000, 5_000)
_AT_LEAST = 20  # grains for each worker, however many workers there are
# Towards the end of each kind grains get shorter: so many times, and from where on what
# is left is no more than so many grains for each worker.
_FINER, _LEFT = (32, 16), 2
_MOST_IN_KINDS = 200_000  # grains of many kinds, each with few for each worker
_STILL_A_GRAIN = 3  # grains that a group may hold once lengths have changed


@dataclass(frozen=True, eq=False)
class Grains:
    """Which tasks go together, in the order of the list by the first of each.

    Attributes
    ----------
    members : int array of shape (n_tasks,), or None
        Tasks, those that go together one after the other; None: as they come.
    begins : int array of shape (n_grains,)
        Where each grain begins among the members, ascending.
    place : int array of shape (n_grains,), or None
        Of the grains in the list's order, where they stand in `begins`.
    edges : int array of shape (n_edges, 2)
        Rows (grain, after): those that matter.
    lags : array of shape (n_grains,), or None
        Seconds: those that matter.
    seconds : float
        Of a grain at most, but for tasks that are longer.
    off : float
        Seconds that a makespan may be off by, about: a grain, or the shortest one of
        each stage.
    """

    n_tasks: int
    members: np.ndarray | None
    begins: np.ndarray
    place: np.ndarray | None
    edges: np.ndarray
    lags: np.ndarray | None
    seconds: float
    off: float

    def _listed(self, of_grains: np.ndarray) -> np.ndarray:
        return of_grains if self.place is None else of_grains[self.place]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Of each grain, the sum of what is given for each task."""
        values = values if self.members is None else values[self.members]
        return self._listed(np.add.reduceat(values, self.begins))

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many tasks each grain holds."""
        return self._listed(np.diff(np.append(self.begins, self.n_tasks)))

    @cached_property
    def first(self) -> np.ndarray:
        """The first task of each grain."""
        first = self.begins if self.members is None else self.members[self.begins]
        return self._listed(first)

    def serve(self, took: np.ndarray) -> bool:
        """Whether groups that take so long are still grains, or single tasks."""
        return bool((self.sizes[took > _STILL_A_GRAIN * self.seconds] == 1).all())


def coarse(
    problem: Problem, order: str | np.ndarray, grains: Grains | None = None
) -> tuple[Problem, str | np.ndarray]:
    """The problem and its list with short tasks put together, if there are many.

    Parameters
    ----------
    problem : Problem
    order : str or permutation
        As for `list_schedule`, but for ``"best"``.
    grains : Grains, optional
        Of this problem and order. Default: by `grains_of`.

    Returns
    -------
    Problem, str or permutation
        As they came, where `grains_of` puts nothing together.
    """
    is_named = isinstance(order, str)
    if grains is None:
        grains = grains_of(problem, None if is_named else order)
    if grains is None:
        return problem, order
    agent = problem.agent
    made = replace(
        problem,
        durations=grains.sums(problem.durations),
        graph=Graph(len(grains.begins), grains.edges),
        agent=None if agent is None else agent[grains.first],
        lags=grains.lags,
    )
    return made, order if is_named else np.arange(len(grains.begins))


def grains_of(problem: Problem, listed: np.ndarray | None = None) -> Grains | None:
    """Which tasks of a problem go together; None, where there are few, or locks.

    Tasks of the same agent that wait for the same ones, and for which the same ones
    wait, go together until they are a grain long, which is a small part of what the
    work takes at least, and less towards the end; longer ones stay as they are. Who
    waits for whom does not count where the whole chain is no longer than a grain.

    Parameters
    ----------
    problem : Problem
    listed : permutation, optional
        The list. Default: as they come.
    """
    lengths, is_free = problem.durations, problem.is_independent
    at_most = max(_AT_MOST[not is_free], _AT_LEAST * problem.n_workers)
    if len(lengths) < _FEW[not is_free] or problem.locks is not None:
        return None
    work = float(lengths.sum())
    least = max(work / problem.n_workers, float(lengths.max()))
    grain = max(least / _A_WORKER[not is_free], work / at_most)
    if not grain > 0:
        return None
    kinds, lags = (None, None) if is_free else _kinds(problem, grain)
    members, bounds = _by_kind(kinds, listed, len(lengths))
    here = lengths if members is None else lengths[members]
    finest, n_left = grain / _FINER[not is_free], _LEFT * problem.n_workers
    n_kinds = len(bounds)
    if n_kinds * n_left * 4 > at_most:
        n_left = max(min(n_left, _MOST_IN_KINDS / (3 * n_kinds)), 1.0)
        shorter = math.exp(_MOST_IN_KINDS / (3 * n_kinds * n_left) - 1)
        shorter = min(max(shorter, 4.0), _FINER[1])
        finest = max(finest, work / (n_kinds * n_left * shorter))
    begins = _begins(here, bounds, max(grain, finest), finest, n_left)
    if len(begins) * _SPARE > len(lengths):
        return None
    place = None
    if len(bounds) > 1:
        first = begins if members is None else members[begins]
        if listed is not None:
            rank = np.empty(len(listed), dtype=np.int64)
            rank[listed] = np.arange(len(listed))
            first = rank[first]
        place = np.argsort(first)
    edges = np.empty((0, 2), dtype=np.int64)
    if kinds is not None and len(kinds.edges):
        edges = _edges(kinds, bounds, begins, place)
    depth = 1
    if len(edges):
        depth = chain_ends(np.ones(kinds.n), kinds.edges).max()
    off = max(grain, finest * depth)
    grains = Grains(len(lengths), members, begins, place, edges, None, grain, off)
    return grains if lags is None else replace(grains, lags=lags[grains.first])


def _kinds(problem: Problem, grain: float) -> tuple[Kinds, np.ndarray | None]:
    """Kinds of tasks, by what matters in chains that are longer than a grain; lags."""
    edges, lags, n_tasks = problem.graph.edges, problem.lags, len(problem.durations)
    if lags is not None:
        if len(edges):
            edges = edges[chains_through(problem.durations + lags, edges) > grain]
        matters = lags > grain
        matters[edges[:, 0]] = True
        lags = np.where(matters, lags, 0.0)
        lags = lags if lags.any() else None
    elif len(edges):
        kinds = kinds_of(n_tasks, edges, agent=problem.agent)
        if kinds is not None:
            return _that_matter(kinds, problem, grain), None
        edges = edges[chains_through(problem.durations, edges) > grain]
    return kinds_of(n_tasks, edges, agent=problem.agent, lags=lags, is_sure=True), lags


def _that_matter(kinds: Kinds, problem: Problem, grain: float) -> Kinds:
    """Kinds of kinds: those alike by chains that are longer than a grain."""
    through = chains_through(kinds.longest(problem.durations), kinds.edges)
    if (through > grain).all():
        return kinds
    agent = None
    if problem.agent is not None:
        agent = np.empty(kinds.n, dtype=np.int64)
        agent[kinds.of] = problem.agent
    fewer = kinds_of(kinds.n, kinds.edges[through > grain], agent=agent, is_sure=True)
    return Kinds(fewer.of[kinds.of], fewer.n, fewer.edges)


def _by_kind(kinds: Kinds | None, listed, n_tasks: int):
    """Tasks by kind, and in the list's order within it; where each kind begins, ends.

    None for the tasks where they come like that.
    """
    if kinds is None or kinds.n == 1:
        return listed, np.array([[0, n_tasks]])
    of = kinds.of if listed is None else kinds.of[listed]
    if (of[1:] < of[:-1]).any():
        by_kind = np.argsort(of, kind="stable")
        listed = by_kind if listed is None else listed[by_kind]
    ends = np.cumsum(np.bincount(kinds.of, minlength=kinds.n))
    bounds = np.column_stack([np.append(0, ends[:-1]), ends])
    return listed, bounds[bounds[:, 1] > bounds[:, 0]]


def _begins(here, bounds, grain: float, finest: float, n_left: float) -> np.ndarray:
    """Where grains begin: at most so long, the shorter the less is left of a kind."""
    ends = np.cumsum(here)
    before = ends[bounds[:, 0]] - here[bounds[:, 0]]
    work = ends[bounds[:, 1] - 1] - before
    left = _left(float(work.max()), grain, finest, n_left)
    n_cuts = np.searchsorted(left, work)
    at = np.arange(n_cuts.sum()) - np.repeat(np.cumsum(n_cuts) - n_cuts, n_cuts)
    cuts = np.repeat(before + work, n_cuts) - left[at]
    begins = np.searchsorted(ends, np.sort(cuts), side="right")
    long = np.flatnonzero(here > grain)
    begins = np.sort(np.concatenate([bounds[:, 0], begins, long, long + 1]))
    is_new = np.append(True, begins[1:] > begins[:-1]) & (begins < len(here))
    return begins[is_new]


def _left(work: float, grain: float, finest: float, n_left: float) -> np.ndarray:
    """What is left of a kind where a grain begins, the last one first."""
    left = [finest]
    while left[-1] < min(work, n_left * grain):
        left.append(left[-1] + max(left[-1] / n_left, finest))
    more = np.arange(left[-1] + grain, work + grain, grain)
    return np.concatenate([left, more])


def _edges(kinds: Kinds, bounds, begins, place) -> np.ndarray:
    """Who waits for whom among grains: all of a kind for all of another."""
    number = np.arange(len(begins))
    if place is not None:
        number[place] = np.arange(len(begins))
    low = np.searchsorted(begins, bounds[:, 0])
    n = np.searchsorted(begins, bounds[:, 1]) - low
    task, after = kinds.edges.T
    sizes = n[task] * n[after]
    of = np.repeat(np.arange(len(sizes)), sizes)
    rank = np.arange(len(of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    task, after = task[of], after[of]
    mine, others = rank // n[after], rank % n[after]
    return np.column_stack([number[low[task] + mine], number[low[after] + others]])
