"""`list_schedule`: from durations and an order to starts, ends and workers.

Knows the orders by name; refuses to know frames, names of tasks, and clocks.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import ArgumentError, one_of
from .graphs import Graph, checked_durations, paths_to_the_end
from .greedy import Problem, Schedule, simulate
from .improving import best

ORDERS = ("given", "longest_first", "shortest_first", "critical_path", "best")
_SYNONYMS = {
    "fifo": "given",
    "lpt": "longest_first",
    "longest": "longest_first",
    "spt": "shortest_first",
    "shortest": "shortest_first",
    "cp": "critical_path",
    "optimal": "best",
}


def list_schedule(
    durations,
    n_workers: int,
    *,
    after=(),
    order: str | Sequence[int] = "given",
    agent: Sequence[int] | None = None,
    slots: Sequence[int] = (),
    locks: Sequence[Iterable[tuple[object, str]]] | None = None,
    available: Sequence[float] | None = None,
    lags: Sequence[float] | None = None,
) -> Schedule:
    """Starts, ends and workers of tasks taken from a list by whoever is free.

    Whenever a worker is free, it takes the first task of the list that has what it
    waits for. No worker idles while a task could start, so the makespan is at most
    `graham_bound`, unless slots, locks, lags or absent workers are in the way.

    Parameters
    ----------
    durations : array of shape (n_tasks,)
        Seconds.
    n_workers : int
    after : int array of shape (n_edges, 2), optional
        Rows (task, after): `task` may start once `after` has ended.
    order : str or permutation of 0 ... n_tasks - 1
        The list. ``"given"``: as they come. ``"longest_first"``: LPT, within 4/3 of the
        best for independent tasks. ``"shortest_first"``. ``"critical_path"``: by the
        longest path to the end. ``"best"``: the shortest that a search finds, at the
        price of some dozens of schedules. Ties go as given.
    agent : int sequence of length n_tasks, optional
        What kind of worker each task asks for, as a position in `slots`; -1 for none.
    slots : int sequence, optional
        How many tasks of each agent may run at once.
    locks : sequence of length n_tasks, optional
        For each task, pairs (resource, ``"read"`` or ``"write"``) that it holds while
        it runs: one resource has one writer or any number of readers at a time.
    available : array of shape (n_workers,), optional
        Seconds from the beginning until each worker is there. Default: at once.
    lags : array of shape (n_tasks,), optional
        Seconds that a task waits once all that it waits for has ended.

    Returns
    -------
    Schedule
        Unpacks into `started`, `ended` (s) and `worker`; has a `makespan`.

    Raises
    ------
    ArgumentError
        If `order` is neither a name of an order nor a permutation, or an agent has no
        slots.
    ValueError
        If durations are negative or unknown, edges point outside the tasks, or tasks
        wait for each other in a circle.

    References
    ----------
    Graham, "Bounds on multiprocessing timing anomalies", *SIAM Journal on Applied
    Mathematics* 17(2), 1969, for lists, and for longest first; Hu, 1961, as for
    `longest_paths`, for the critical path.

    Examples
    --------
    >>> started, ended, worker = list_schedule([1.0, 1.0, 2.0], n_workers=2)
    >>> ended, worker
    (array([1., 1., 3.]), array([0, 1, 0], dtype=int32))
    >>> list_schedule([1.0, 1.0, 2.0], n_workers=2, order="longest_first").makespan
    2.0
    """
    given = make_problem(
        durations,
        n_workers,
        after=after,
        agent=agent,
        slots=slots,
        locks=locks,
        available=available,
        lags=lags,
    )
    return scheduled(given, order)


def scheduled(problem: Problem, order: str | Sequence[int]) -> Schedule:
    """As `list_schedule`, for a problem that is there already."""
    if isinstance(order, str):
        checked_order(order)
        if order == "best":
            return best(problem)
    return simulate(problem, listed(problem, order))


def checked_order(order: str) -> str:
    """The name of an order, if there is one of this name."""
    return one_of("order", order, ORDERS, synonyms=_SYNONYMS)


def listed(problem: Problem, order: str | Sequence[int]) -> np.ndarray:
    """The list that an order stands for: a permutation of the tasks."""
    lengths = problem.durations
    if not isinstance(order, str):
        return _permutation(order, len(lengths))
    if order == "best":
        return best(problem).order
    if order == "given":
        return np.arange(len(lengths))
    if order == "shortest_first":
        return np.argsort(lengths, kind="stable")
    if order == "critical_path" and len(problem.graph.edges):
        paths = np.array(paths_to_the_end(lengths.tolist(), problem.graph))
        return np.argsort(-paths, kind="stable")
    return np.argsort(-lengths, kind="stable")


def _permutation(order, n_tasks: int) -> np.ndarray:
    listed = np.asarray(order)
    if not listed.size:
        listed = np.empty(0, dtype=np.int64)
    if listed.dtype.kind not in "iu" or not np.array_equal(
        np.sort(listed, axis=None), np.arange(n_tasks)
    ):
        raise ArgumentError(
            f"`order` must be one of {', '.join(map(repr, ORDERS))}, or hold each of "
            f"the positions 0 ... {n_tasks - 1} once; got {order!r:.80}"
        )
    return listed.reshape(n_tasks)


def make_problem(
    durations,
    n_workers: int,
    *,
    after=(),
    agent=None,
    slots=(),
    locks=None,
    available=None,
    lags=None,
    is_walked: bool = True,
) -> Problem:
    """What there is to schedule, checked; parameters and errors as of `list_schedule`.

    One problem serves many orders; `dataclasses.replace` makes one of another number of
    workers without walking the graph again. Where it is not to be walked at once,
    errors of the graph come when it is.
    """
    lengths = checked_durations(durations)
    n_tasks = len(lengths)
    n_workers = _count("n_workers", n_workers)
    return Problem(
        durations=lengths,
        n_workers=n_workers,
        graph=Graph(n_tasks, after).checked() if is_walked else Graph(n_tasks, after),
        agent=_agents(agent, slots, n_tasks),
        slots=[_count("slots", each) for each in slots],
        locks=_checked_locks(locks, n_tasks),
        available=_moments("available", available, n_workers),
        lags=_moments("lags", lags, n_tasks),
    )


def _moments(parameter: str, values, n: int) -> np.ndarray | None:
    if values is None:
        return None
    moments = np.asarray(values, dtype=float)
    if moments.shape != (n,) or not ((moments >= 0) & (moments < np.inf)).all():
        raise ArgumentError(
            f"`{parameter}` must be {n} finite numbers of seconds, none negative; got "
            f"{values!r:.80}"
        )
    return moments if moments.any() else None


def _agents(agent, slots, n_tasks: int) -> list[int] | None:
    if agent is None:
        return None
    asked = np.asarray(agent, dtype=np.int64)
    if asked.shape != (n_tasks,):
        raise ArgumentError(
            f"`agent` must be one number a task: {n_tasks}; got shape {asked.shape}"
        )
    if n_tasks and (asked.min() < -1 or asked.max() >= len(slots)):
        raise ArgumentError(
            f"`agent` must be positions in `slots`, 0 ... {len(slots) - 1}, or -1; got "
            f"{asked.min()} ... {asked.max()}"
        )
    return asked if n_tasks and asked.max() >= 0 else None


def _checked_locks(locks, n_tasks: int):
    if locks is None:
        return None
    listed = [tuple(each) for each in locks]
    if len(listed) != n_tasks:
        raise ArgumentError(
            f"`locks` must be one collection a task: {n_tasks}; got {len(listed)}"
        )
    for each in listed:
        for _, mode in each:
            one_of("locks", mode, ("read", "write"))
    return listed if any(listed) else None


def _count(parameter: str, value) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ArgumentError(
            f"`{parameter}` must be a whole number, 1 or more; got {value!r}"
        )
    return number
