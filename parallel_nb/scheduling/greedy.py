"""List scheduling: whenever a worker is free, it takes the first task that may start.

Knows time, workers, slots and locks; refuses to know why the list is in its order.

References
----------
Graham, "Bounds for certain multiprocessing anomalies", *Bell System Technical Journal*
45(9), 1966.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from .graphs import Graph
from .locks import Locks

_AT_ONCE = 2048  # floats boxed at a time: they stay in the processor's cache


class Schedule:
    """Who does which task when; unpacks into `started`, `ended`, `worker`.

    Attributes
    ----------
    started, ended : arrays of shape (n_tasks,)
        Seconds since the beginning.
    n_workers : int
    """

    def __init__(self, started, ended, n_workers, worker=None, available=None):
        self.started = started
        self.ended = ended
        self.n_workers = n_workers
        self._worker = worker
        self._available = available

    @property
    def worker(self) -> np.ndarray:
        """The worker of each task, 0 ... n_workers - 1 (int32)."""
        if self._worker is None:
            self._worker = _turns(
                self.started, self.ended, self.n_workers, self._available
            )
        return self._worker

    @property
    def makespan(self) -> float:
        """Seconds from the beginning to the last end."""
        return float(self.ended.max(initial=0.0))

    @property
    def order(self) -> np.ndarray:
        """The tasks by their start: the list that leads to this schedule."""
        return np.lexsort([self.ended, self.started])

    def __iter__(self):
        return iter((self.started, self.ended, self.worker))

    def __repr__(self):
        return (
            f"<Schedule of {len(self.started)} tasks on {self.n_workers} workers: "
            f"makespan {self.makespan:g}>"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What there is to schedule, checked."""

    durations: np.ndarray
    n_workers: int
    graph: Graph
    agent: np.ndarray | None  # of each task, -1 for none; None: nobody asks for one
    slots: list[int]  # of each agent
    locks: Sequence | None  # of each task: pairs (resource, mode)
    available: np.ndarray | None = None  # s: when each worker is there; None: at once
    lags: np.ndarray | None = None  # s that each task waits when nothing else holds it

    @property
    def is_independent(self) -> bool:
        """Whether any task may run beside any other, at any time."""
        return (
            not len(self.graph.edges)
            and self.agent is None
            and self.locks is None
            and self.lags is None
        )

    def reversed(self) -> Problem:
        """The same, with time running backwards and all workers there."""
        return Problem(
            self.durations,
            self.n_workers,
            self.graph.reversed(),
            self.agent,
            self.slots,
            self.locks,
        )


def simulate(problem: Problem, order: np.ndarray) -> Schedule:
    """The list schedule of a problem, the list being a permutation of its tasks."""
    if problem.is_independent:
        starts = starts_of(
            problem.durations[order], problem.n_workers, problem.available
        )
        started = np.empty_like(starts)
        started[order] = starts
        worker = None
    else:
        started, worker = _event_by_event(problem, order.tolist())
    ended = started + problem.durations
    return Schedule(started, ended, problem.n_workers, worker, problem.available)


def starts_of(lengths: np.ndarray, n_workers: int, available=None) -> np.ndarray:
    """Starts of independent tasks in the order of the list: when a worker gets free.

    Parameters
    ----------
    lengths : array of shape (n_tasks,)
        Seconds, in the order of the list.
    n_workers : int
    available : array of shape (n_workers,), optional
        Seconds: when each worker is there. Default: at once.
    """
    started = np.empty(len(lengths))
    n_used = min(n_workers, max(len(lengths), 1))
    if available is None:
        free = [0.0] * n_used
    else:
        free = np.sort(available)[:n_used].tolist()  # in order, a list is a heap
    for at in range(0, len(lengths), _AT_ONCE):
        some = lengths[at : at + _AT_ONCE].tolist()
        started[at : at + _AT_ONCE] = [heapreplace(free, free[0] + d) for d in some]
    return started


def _event_by_event(problem: Problem, order: list[int]):
    """Starts and workers of tasks that wait for tasks, slots, locks or a moment."""
    graph, durations = problem.graph, problem.durations.tolist()
    n_tasks, followers = graph.n_tasks, graph.followers
    n_unmet = graph.n_unmet.copy()
    lags = None if problem.lags is None else problem.lags.tolist()
    rank = [0] * n_tasks
    for place, task in enumerate(order):
        rank[task] = place
    # Ready tasks, by their place in the list, one heap for each agent and the last one
    # for tasks that any worker can do.
    slots = [*problem.slots, n_tasks]
    pool_of = [-1] * n_tasks if problem.agent is None else problem.agent.tolist()
    ready: list[list[int]] = [[] for _ in slots]
    # What happens when: the end of a task; n_tasks + worker: it is there; -1 - task:
    # its lag is over.
    events: list[tuple[float, int]] = []
    for task in range(n_tasks):
        if n_unmet[task]:
            continue
        if lags is not None and lags[task] > 0:
            events.append((lags[task], -1 - task))
        else:
            ready[pool_of[task]].append(rank[task])
    for heap in ready:
        heapify(heap)
    locks = None
    if problem.locks is not None:
        locks = Locks(problem.locks, rank, pool_of)
    started, worker = [0.0] * n_tasks, [0] * n_tasks
    free = list(range(min(problem.n_workers, n_tasks)))  # the lowest first
    if problem.available is not None:
        there = problem.available.tolist()
        free = [lane for lane in range(problem.n_workers) if there[lane] <= 0]
        events += [(at, n_tasks + lane) for lane, at in enumerate(there) if at > 0]
    heapify(events)
    now, only = 0.0, len(ready) == 1
    while True:
        while free:
            if only:
                pool = 0
                if not ready[0]:
                    break
            else:
                pool = _first(ready, slots)
                if pool is None:
                    break
            task = order[heappop(ready[pool])]
            if locks is not None:
                is_free, also = locks.acquire(task)
                for waiting in also:
                    heappush(ready[pool_of[waiting]], rank[waiting])
                if not is_free:
                    continue
            started[task] = now
            worker[task] = heappop(free)
            slots[pool] -= 1
            heappush(events, (now + durations[task], task))
        if not events:
            return np.array(started, float), np.array(worker, np.int32)
        now = events[0][0]
        while events and events[0][0] == now:
            task = heappop(events)[1]
            if task >= n_tasks:
                heappush(free, task - n_tasks)
                continue
            if task < 0:
                task = -1 - task
                heappush(ready[pool_of[task]], rank[task])
                continue
            heappush(free, worker[task])
            slots[pool_of[task]] += 1
            for follower in followers[task]:
                n_unmet[follower] -= 1
                if n_unmet[follower]:
                    continue
                if lags is not None and lags[follower] > 0:
                    heappush(events, (now + lags[follower], -1 - follower))
                else:
                    heappush(ready[pool_of[follower]], rank[follower])
            if locks is not None:
                for waiting in locks.release(task):
                    heappush(ready[pool_of[waiting]], rank[waiting])


def _first(ready, slots):
    """The pool whose first task is the first in the list of those that have a slot."""
    best = None
    for pool, heap in enumerate(ready):
        if heap and slots[pool] and (best is None or heap[0] < ready[best][0]):
            best = pool
    return best


def _turns(started, ended, n_workers: int, available=None) -> np.ndarray:
    """Workers taking turns: who has been free for longest starts next."""
    if available is None:
        n_first = min(n_workers, len(started))
        first, free_at = range(n_first), np.zeros(n_first)
    else:
        first = np.argsort(available, kind="stable")[: len(started)]
        free_at, first = available[first], first.tolist()
        n_first = len(first)
    by_start = np.lexsort([ended, started])
    # The n-th to start takes whoever is the n-th to get free: by being there, or by an
    # end.
    began = np.concatenate([np.full(n_first, -np.inf), started])
    by_end = np.lexsort([began, np.concatenate([free_at, ended])])
    place = np.empty(n_first + len(started), dtype=np.int64)
    place[:n_first] = np.arange(-n_first, 0)
    place[n_first + by_start] = np.arange(len(started))
    turns: list[int] = []
    for at in range(0, len(started), _AT_ONCE):
        until = min(at + _AT_ONCE, len(started))
        for before in place[by_end[at:until]].tolist():
            turns.append(turns[before] if before >= 0 else first[before])
    worker = np.empty(len(started), dtype=np.int32)
    worker[by_start] = turns
    return worker
