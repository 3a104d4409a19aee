"""Who waits for whom because a task says so: by its arguments, or by `after`.

Knows tasks, their names, and what makes an order impossible; refuses to know resources
(`resources.py`), costs and workers.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from itertools import pairwise

from ..errors import ArgumentError, PlanError, did_you_mean
from ..tasks import inputs_of

DATA, ORDER, CONFLICT = "data", "order", "conflict"
_LISTED = 10
_ONE_WORD = re.compile(r"[\w.<>-]+")


def labels(tasks: Sequence) -> list[str]:
    """What to call each task in a sentence.

    Its name, in quotes unless it is one word, and its position where names repeat.

    Examples
    --------
    >>> from parallel_nb import Task, shell
    >>> labels([Task(abs, 1), Task(abs, 2), shell("ruff check .")])
    ['abs (task 0)', 'abs (task 1)', "'ruff check .'"]
    """
    n_of = Counter(task.name for task in tasks)
    words = {name: name if _ONE_WORD.fullmatch(name) else repr(name) for name in n_of}
    return [
        words[task.name] + (f" (task {position})" if n_of[task.name] > 1 else "")
        for position, task in enumerate(tasks)
    ]


def enumerated(words: Sequence[str], most: int) -> str:
    """Some of the words as a phrase, and how many more there are.

    Examples
    --------
    >>> enumerated(["a"], 3), enumerated(["a", "b", "c"], 3), enumerated("abcde", 3)
    ('a', 'a, b and c', 'a, b, c and 2 more')
    """
    shown = list(words[:most])
    if len(words) > most:
        shown.append(f"{len(words) - most} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def wire(tasks: Sequence) -> tuple[list[dict[int, str]], list[tuple[int, ...]]]:
    """For each task, what it waits for and why, and whose results it is passed.

    Parameters
    ----------
    tasks : sequence of Task

    Returns
    -------
    waits : list of dict of int to str
        Position of the task waited for → ``"data"`` or ``"order"``.
    inputs : list of tuple of int
        Positions of the tasks in its arguments.

    Raises
    ------
    PlanError
        If a task waits for one that is not listed, or cannot be told from others of
        its name.
    ArgumentError
        If a task is listed twice.
    """
    finder = _Finder(tasks)
    barren: set[int] = set()
    waits, inputs = [], []
    for position, task in enumerate(tasks):
        found = [finder.task(each, position) for each in inputs_of(task, barren=barren)]
        wait = dict.fromkeys(found, DATA)
        for each in task.after:
            named = isinstance(each, str)
            other = finder.named(each, position) if named else None
            wait.setdefault(
                finder.task(each, position) if other is None else other, ORDER
            )
        inputs.append(tuple(found))
        waits.append(wait)
    return waits, inputs


class _Finder:
    """Positions of tasks and names."""

    def __init__(self, tasks):
        self._tasks = tasks
        self._positions = _distinct(tasks)
        self._by_name: dict = defaultdict(list)
        for position, task in enumerate(tasks):
            self._by_name[task.name].append(position)

    def task(self, task, waiting):
        if task in self._positions:
            return self._positions[task]
        raise PlanError(
            f"task {waiting} ({self._tasks[waiting].name!r}) waits for the task "
            f"{task.name!r}, which is not in the batch. List it, too."
        )

    def named(self, name, waiting):
        positions = self._by_name.get(name, ())
        if len(positions) == 1:
            return positions[0]
        whose = f"`after` of task {waiting} ({self._tasks[waiting].name!r})"
        if positions:
            raise PlanError(
                f"{whose} names {name!r}, and {len(positions)} tasks are called so, at "
                f"{_some(positions)}. Pass the task itself, or give them names of "
                "their own."
            )
        names = list(self._by_name)
        listed = ", ".join(map(repr, names[:_LISTED]))
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        raise PlanError(
            f"{whose} names {name!r}, and no task is called so; there are {listed}"
            f"{more}.{did_you_mean(name, names)}"
        )


def _distinct(tasks) -> dict:
    """The position of each task, of which there is one only."""
    positions: dict = {}
    for position, task in enumerate(tasks):
        before = positions.setdefault(task, position)
        if before != position:
            raise ArgumentError(
                f"items {before} and {position} of `tasks` are the very same task, "
                f"{task.name!r}. Make a Task for each time that it shall run."
            )
    return positions


def _some(positions):
    listed = ", ".join(map(str, positions[:_LISTED]))
    return listed + (", …" if len(positions) > _LISTED else "")


def in_order(tasks: Sequence, waits: Sequence[dict]) -> list[int]:
    """All tasks, each after those it waits for, and otherwise as given.

    Raises
    ------
    PlanError
        If they wait for each other in a circle; prints it, with reasons.
    """
    n_unmet = [len(wait) for wait in waits]
    if not any(n_unmet):
        return list(range(len(tasks)))
    followers: list[list[int]] = [[] for _ in tasks]
    for task, wait in enumerate(waits):
        for other in wait:
            followers[other].append(task)
    ready = [task for task, n in enumerate(n_unmet) if not n]
    order = []
    while ready:
        task = heapq.heappop(ready)
        order.append(task)
        for follower in followers[task]:
            n_unmet[follower] -= 1
            if not n_unmet[follower]:
                heapq.heappush(ready, follower)
    if len(order) < len(tasks):
        stuck = {task for task, n in enumerate(n_unmet) if n}
        raise PlanError(_circle(tasks, waits, stuck))
    return order


def _circle(tasks, waits, stuck) -> str:
    """The sentence about a circle among tasks that wait for each other."""
    task, walked = min(stuck), set()
    while task not in walked:  # each waits for another that is stuck
        walked.add(task)
        task = min(other for other in waits[task] if other in stuck)
    chain = _way(waits, task)
    named = labels(tasks)
    shown = [named[each] for each in chain]
    reasons = [
        reason(named, each, other, waits[each][other])
        for each, other in pairwise(chain)
    ]
    if len(shown) > _LISTED:
        shown[_LISTED - 1 : -1] = ["…"]
        reasons[_LISTED - 1 :] = ["…"]
    return (
        f"tasks wait for each other in a circle: {' → '.join(shown)}. "
        f"{'; '.join(reasons)}. Take one of these away."
    )


def _way(waits, start) -> list[int]:
    """The shortest way from a task back to itself, along what each waits for."""
    came_from: dict[int, int] = {}
    queue = deque([start])
    while True:
        task = queue.popleft()
        for other in waits[task]:
            if other == start:
                chain = [start, task]
                while chain[-1] != start:
                    chain.append(came_from[chain[-1]])
                return chain[::-1] if task != start else [start, start]
            if other not in came_from:
                came_from[other] = task
                queue.append(other)


def reason(named: Sequence[str], task: int, after: int, kind: str) -> str:
    """Why a task waits for another, as a clause."""
    if kind == DATA:
        return f"{named[task]} takes the result of {named[after]}"
    return f"{named[task]} is to come after {named[after]}"
