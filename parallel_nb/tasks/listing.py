"""A batch as a list: what was passed as tasks, if it is tasks.

Knows in which shapes people pass them; refuses to know what is done with them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ArgumentError
from .declaring import Shell, Task, is_task


def listed(tasks: Any, use: str) -> tuple[Task | Shell, ...]:
    """The tasks, one by one.

    Parameters
    ----------
    tasks : iterable of Task, or Task
    use : str
        The function that they were passed to, for what it says of anything else.

    Raises
    ------
    ArgumentError
        If something else is among them.

    Examples
    --------
    >>> listed(Task(abs, -1), "plan")
    (Task(abs, -1),)
    """
    if is_task(tasks):
        return (tasks,)
    if isinstance(tasks, str | bytes | Mapping) or not isinstance(tasks, Iterable):
        hint = f" Pass {use}([Task(func, input), …])." if callable(tasks) else ""
        raise ArgumentError(
            "`tasks` must be tasks made by Task(...) and shell(...); got "
            f"{type(tasks).__name__}.{hint}"
        )
    items = tuple(tasks)
    for position, item in enumerate(items):
        if not is_task(item):
            raise ArgumentError(
                f"item {position} of `tasks` must be a Task or a shell(...) command; "
                f"got {type(item).__name__} ({item!r:.60})"
            )
    return items
