"""A problem of millions of short tasks as one of thousands: alike ones go together.

Knows which tasks a schedule cannot tell apart, and how much longer than these a grain
may be; refuses to know who asks. What comes of it is close, not exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .graphs import Graph
from .greedy import Problem
from .levelwise import chains_through
from .lists import listed

_SMALL = np.iinfo(np.int16).max
_SPARE = 2  # times as many tasks as grains, or it is not worth it
# Grains for each worker, and all of them. Independent ones cost a step in a heap, the
# others some dozens of steps.
_A_WORKER, _AT_MOST = (4000, 300), (200_000, 20_000)
_BY_LENGTH = ("longest_first", "shortest_first")  # lists that follow from lengths
_STILL_A_GRAIN = 3  # grains that a group may hold once lengths have changed


class Grains(NamedTuple):
    """Which tasks go together, and for which problems that holds."""

    of: tuple  # edges, agents, lags and order: it holds where these are the same ones
    group: np.ndarray  # of each task
    first: np.ndarray  # the first task of each group, in the list's order
    edges: np.ndarray  # those that matter
    lags: np.ndarray | None

    def serve(self, of: tuple, lengths: np.ndarray, grain: float) -> bool:
        """Whether groups of these lengths would be grains, or single tasks, as well."""
        if len(lengths) != len(self.group) or not all(
            mine is theirs or (isinstance(mine, str) and mine == theirs)
            for mine, theirs in zip(self.of, of, strict=True)
        ):
            return False
        took = np.bincount(self.group, lengths, len(self.first))
        too_long = took > _STILL_A_GRAIN * grain
        return bool((took[too_long] == lengths[self.first[too_long]]).all())


def coarse(
    problem: Problem, order: str | np.ndarray, known: list[Grains] | None = None
) -> tuple[Problem, str | np.ndarray]:
    """The problem and its list with short tasks put together, if there are many.

    Tasks of the same agent that wait for the same ones, and for which the same ones
    wait, go together until they are a grain long, which is a small part of what the
    work takes at least; longer ones stay as they are. Who waits for whom does not count
    where the whole chain is no longer than a grain.

    Parameters
    ----------
    problem : Problem
    order : str or permutation
        As for `list_schedule`, but for ``"best"``.
    known : list of Grains, optional
        What went together before, for whoever asks again and again with other numbers
        of workers, slots or lengths; it is added to.

    Returns
    -------
    Problem, str or permutation
        As they came, where there are few tasks or locks.
    """
    n_tasks, is_free = len(problem.durations), problem.is_independent
    at_most = _AT_MOST[not is_free]
    if n_tasks < _SPARE * at_most or problem.locks is not None:
        return problem, order
    lengths = problem.durations
    work = float(lengths.sum())
    least = max(work / problem.n_workers, float(lengths.max()))
    grain = max(least / _A_WORKER[not is_free], work / at_most)
    known = [] if known is None else known
    edges = problem.graph.edges if len(problem.graph.edges) else None
    of = (edges, problem.agent, problem.lags, order)
    is_by_length = isinstance(order, str) and order in _BY_LENGTH
    fit = (each for each in known if each.serve(of, lengths, grain))
    grains = None if is_by_length else next(fit, None)
    if grains is None:
        grains = _grains(problem, order, of, grain)
        if len(grains.first) * _SPARE > n_tasks:
            return problem, order
        known.append(grains)
    _, group, first, edges, lags = grains
    agent = problem.agent
    made = Problem(
        durations=np.bincount(group, lengths, len(first)),
        n_workers=problem.n_workers,
        graph=Graph(len(first), _between(group, edges, len(first))),
        agent=None if agent is None else agent[first],
        slots=problem.slots,
        locks=None,
        available=problem.available,
        lags=None if lags is None else lags[first],
    )
    is_by_graph = isinstance(order, str) and order == "critical_path"
    is_by_graph = is_by_graph and len(problem.graph.edges) > 0
    return made, "critical_path" if is_by_graph else np.arange(len(first))


def _grains(problem: Problem, order, of: tuple, grain: float) -> Grains:
    edges, lags = _that_matter(problem, grain)
    alike = _alike(problem, edges, lags)
    listed = _list_of(problem, order, grain)
    return Grains(of, *_grouped(problem.durations, alike, listed, grain), edges, lags)


def _that_matter(problem: Problem, grain: float):
    """Edges of chains that are longer than a grain, and lags in these."""
    edges = problem.graph.edges
    if problem.lags is None:
        if len(edges):
            edges = edges[chains_through(problem.durations, edges) > grain]
        return edges, None
    lags = problem.lags.copy()
    if len(edges):
        edges = edges[chains_through(problem.durations + lags, edges) > grain]
    matters = lags > grain
    matters[edges[:, 0]] = True
    lags[~matters] = 0.0
    return edges, lags if lags.any() else None


def _alike(problem: Problem, edges, lags) -> np.ndarray | None:
    """A number for each task, the same for those that no schedule tells apart."""
    n_tasks = len(problem.durations)
    if problem.agent is None and not len(edges) and lags is None:
        return None
    if not len(edges) and lags is None and len(problem.slots) < _SMALL:
        # Numbers of 16 bits are sorted by their digits, several times as fast.
        return problem.agent.astype(np.int16)
    found = np.zeros(n_tasks, dtype=np.uint64)
    if problem.agent is not None:
        found += problem.agent.astype(np.uint64)
    if len(edges):
        # Sums of random numbers: of the same ones for the same sets, and of others for
        # others, but for one chance in some 10^19.
        dice = np.random.default_rng(0)
        for mine, others in ((0, 1), (1, 0)):
            number = dice.integers(1, 2**63, n_tasks, dtype=np.uint64)
            np.add.at(found, edges[:, mine], number[edges[:, others]])
    if lags is not None:
        waits = np.flatnonzero(lags)
        found[waits] = np.random.default_rng(1).integers(
            1, 2**63, len(waits), dtype=np.uint64
        )
    return found


def _list_of(problem: Problem, order, grain: float) -> np.ndarray | None:
    """The list; None as they come. Among short ones, lengths do not count."""
    if not isinstance(order, str):
        return np.asarray(order)
    if order == "given":
        return None
    lengths = problem.durations
    if order == "critical_path" and len(problem.graph.edges):
        return None  # those that go together are as far from the end, but for a grain
    if order == "shortest_first":
        return listed(problem, order)
    is_long = lengths > grain
    long = np.flatnonzero(is_long)
    long = long[np.argsort(-lengths[long], kind="stable")]
    return np.concatenate([long, np.flatnonzero(~is_long)])


def _grouped(lengths, alike, order, grain: float) -> tuple[np.ndarray, np.ndarray]:
    """The group of each task, and the first task of each group, in the list's order."""
    if alike is None:
        order_now = order
    else:
        listed_keys = alike if order is None else alike[order]
        by_key = np.argsort(listed_keys, kind="stable")
        order_now = by_key if order is None else order[by_key]
    here = lengths if order_now is None else lengths[order_now]
    is_long = here > grain
    filled = np.floor(np.cumsum(here) / grain)
    begins = np.empty(len(here), dtype=bool)
    begins[0] = True
    np.not_equal(filled[1:], filled[:-1], out=begins[1:])
    begins |= is_long
    begins[1:] |= is_long[:-1]
    if alike is not None:
        keys = listed_keys[by_key]
        begins[1:] |= keys[1:] != keys[:-1]
    first = np.flatnonzero(begins)
    number = np.cumsum(begins) - 1
    if alike is not None:  # groups in the order of the list, not of the keys
        by_place = np.argsort(by_key[first], kind="stable")
        put = np.empty(len(first), dtype=np.int64)
        put[by_place] = np.arange(len(first))
        number, first = put[number], first[by_place]
    if order_now is None:
        return number, first
    group = np.empty(len(here), dtype=np.int64)
    group[order_now] = number
    return group, order_now[first]


def _between(group: np.ndarray, edges: np.ndarray, n_groups: int) -> np.ndarray:
    """The edges between groups, each once."""
    if not len(edges):
        return edges
    codes = group[edges[:, 0]] * n_groups + group[edges[:, 1]]
    codes = np.sort(codes[np.append(True, codes[1:] != codes[:-1])])
    codes = codes[np.append(True, codes[1:] != codes[:-1])]
    return np.column_stack([codes // n_groups, codes % n_groups])
