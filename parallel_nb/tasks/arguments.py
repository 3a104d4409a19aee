"""Tasks in the arguments of tasks, and results in their places.

Knows where in arguments tasks may stand; refuses to know when results are there.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any

from ..errors import ArgumentError
from .declaring import Shell, Task

_TASKS = (Task, Shell)
_CONTAINERS = (list, tuple, dict, set, frozenset)


def inputs_of(task: Task | Shell, *, barren: set[int] | None = None) -> list:
    """The tasks whose results a task is passed, each once, as they come.

    Parameters
    ----------
    task : Task or Shell
        Its arguments are searched, and lists, tuples, dicts and sets in them.
    barren : set of int, optional
        Ids of containers known to hold no task, which are passed over; those found are
        added. For tasks that share large arguments and stay alive between the calls.

    Examples
    --------
    >>> one, two = Task(abs, -1, name="one"), Task(abs, -2, name="two")
    >>> [task.name for task in inputs_of(Task(sum, [one, two]))]
    ['one', 'two']
    """
    if isinstance(task, Shell):
        return []
    found: dict = {}
    for value in (*task.args, *task.kwargs.values()):
        kind = type(value)  # `isinstance` would ask the value, which may be a stand-in
        if issubclass(kind, _TASKS):
            found[value] = None
        elif issubclass(kind, _CONTAINERS) and not (barren and id(value) in barren):
            inner = _tasks_inside(value)
            found |= inner
            if barren is not None and not inner:
                barren.add(id(value))
    return list(found)


def with_results(task: Task | Shell, results: Mapping) -> tuple[tuple, dict]:
    """Arguments and keywords of a task, with results where there were tasks.

    Parameters
    ----------
    task : Task or Shell
    results : mapping of task to object
        What each of `inputs_of` returned; tasks are looked up by identity.

    Returns
    -------
    args : tuple
    kwargs : dict
        Containers without a task in them are the very same objects.

    Raises
    ------
    KeyError
        If a result is not there.
    ArgumentError
        If a result cannot be put where the task stood, as lists cannot into sets.

    Examples
    --------
    >>> one, two = Task(abs, -1, name="one"), Task(abs, -2, name="two")
    >>> with_results(Task(sum, [one, two], start=one), {one: 1, two: 2})
    (([1, 2],), {'start': 1})
    """
    if isinstance(task, Shell):
        return (), {}
    made: dict[int, Any] = {}
    args = tuple(_replaced(value, results, made) for value in task.args)
    kwargs = {key: _replaced(v, results, made) for key, v in task.kwargs.items()}
    return args, kwargs


def _tasks_inside(container) -> dict:
    """The tasks in a container and the containers in it, as the keys of a dict."""
    found, seen, waiting = {}, {id(container)}, [container]
    while waiting:
        inner = []
        for value in _held(waiting.pop()):
            kind = type(value)
            if issubclass(kind, _TASKS):
                found[value] = None
            elif issubclass(kind, _CONTAINERS) and id(value) not in seen:
                seen.add(id(value))
                inner.append(value)
        waiting += reversed(inner)
    return found


def _held(container):
    """Keys, values, items: without asking code that a class of its own may have."""
    kind = type(container)
    if issubclass(kind, dict):
        return (*dict.keys(container), *dict.values(container))
    base = next(base for base in _CONTAINERS if issubclass(kind, base))
    return base.__iter__(container)


def _replaced(value, results, made):
    """A value with results for tasks; `made` has the containers that were replaced."""
    kind = type(value)
    if issubclass(kind, _TASKS):
        return results[value]
    if not issubclass(kind, _CONTAINERS):
        return value
    if id(value) in made:
        return made[id(value)]
    if not _tasks_inside(value):
        made[id(value)] = value
        return value
    if issubclass(kind, list | dict):  # these may hold themselves
        filled = made[id(value)] = copy(value)
        filled.clear()
        if issubclass(kind, list):
            filled.extend([_replaced(item, results, made) for item in _held(value)])
        else:
            for key, item in dict.items(value):
                key = _hashable(_replaced(key, results, made), "a key of a dict")
                filled[key] = _replaced(item, results, made)
        return filled
    items = [_replaced(item, results, made) for item in _held(value)]
    if issubclass(kind, set | frozenset):
        items = [_hashable(item, "an item of a set") for item in items]
    filled = kind._make(items) if hasattr(kind, "_make") else kind(items)
    made[id(value)] = filled
    return filled


def _hashable(value, place):
    try:
        hash(value)
    except TypeError:
        raise ArgumentError(
            f"a task stands as {place}, but its result, a {type(value).__name__}, "
            "cannot stand there. Put the task into a list."
        ) from None
    return value
