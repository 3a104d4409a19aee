"""Patterns of work with a name: many tasks into one, a round after a round.

Made of tasks and runs; nothing here that a user could not write herself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import ArgumentError
from ..runs import Run
from ..tasks import Shell, Task, name_of
from .details import AGGREGATES
from .running import run


def gather(
    tasks: Iterable[Task | Shell], into: Callable, *, name: str | None = None
) -> list:
    """Tasks and one more that is passed the list of their results.

    Parameters
    ----------
    tasks : iterable of Task or Shell
    into : callable
        Called with the results, in the order of `tasks`, once all are done.
    name : str, optional
        Of the gathering task; default: the function's name.

    Returns
    -------
    list of Task
        For `run` or `plan`; the last one gathers, and a report gives its result a
        section of its own.

    Raises
    ------
    ArgumentError
        If there are no tasks, or one that is none, or `into` cannot be called.

    Examples
    --------
    >>> tasks = gather([Task(abs, -1), Task(abs, -2)], into=sum)
    >>> run(tasks, n_jobs=2, backend="threading").results
    [1, 2, 3]
    """
    tasks = list(tasks)
    if not tasks:
        raise ArgumentError("`tasks` is empty: there is nothing to gather")
    for task in tasks:
        if not isinstance(task, Task | Shell):
            raise ArgumentError(
                f"`tasks` must be Task or shell(...); got {type(task).__name__}"
            )
    if not callable(into):
        raise ArgumentError(f"`into` must be callable; got {into!r:.60}")
    synthesis = Task(
        into,
        tasks,
        name=name if name is not None else name_of(into),
        context={AGGREGATES: f"{len(tasks)} tasks"},
    )
    return [*tasks, synthesis]


def rounds(first, then, **options) -> list[Run]:
    """One batch after another, the second made from the first one's results.

    Parameters
    ----------
    first : iterable of Task or Plan
    then : iterable of Task, Plan, or callable
        A callable is passed the first round's results, None where a task is not done,
        and returns the second round's tasks; none at all end it after the first.
    **options
        For both runs, as for `run`.

    Returns
    -------
    list of Run
        One a round.

    Raises
    ------
    ArgumentError
        As for `run`, before the round in question starts.

    Examples
    --------
    >>> def double(values):
    ...     return [Task(pow, value, 2) for value in values]
    >>> [r.results for r in rounds([Task(abs, -3)], double, backend="sequential")]
    [[3], [9]]
    """
    runs = [run(first, **options)]
    if callable(then):
        then = then(runs[0].results_or(None))
    then = then if hasattr(then, "tasks") else list(then)
    if hasattr(then, "tasks") or then:
        runs.append(run(then, **options))
    return runs
