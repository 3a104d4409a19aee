"""Whether a result is valid, and why not.

Workers import this: it knows a check and a result, and nothing of tasks and batches.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

_MOST = 200  # characters of a value in a reason


def checked(task: Any, result: Any) -> str | None:
    """Why the result of a task is not valid, or None if it is.

    Examples
    --------
    >>> from parallel_nb.tasks import Task
    >>> checked(Task(abs, -3, check=3), 4)
    'expected 3, got 4'
    >>> checked(
    ...     Task(abs, -3, check={"small": lambda r: r < 5, "odd": lambda r: r % 2}), 4
    ... )
    "check 'odd' returned 0"
    """
    return failed_check(task.check, result)


def failed_check(check: Any, result: Any) -> str | None:
    """As `checked`, for the check of a task by itself: all that a worker must know."""
    if check is None:
        return None
    if callable(check):
        return _failed(name_of(check), check, result)
    if _are_named_checks(check):
        reasons = (_failed(name, each, result) for name, each in check.items())
        return "; ".join(reason for reason in reasons if reason) or None
    printed = getattr(result, "stdout", None)
    if isinstance(check, str) and isinstance(printed, str):  # of a shell command
        result, check = printed.strip(), check.strip()
    try:
        if result is check or _equal(result, check):
            return None
    except Exception as error:
        return f"expected {shown(check)}, comparing with it raised {_line(error)}"
    return f"expected {shown(check)}, got {shown(result)}"


def _failed(name, check, result):
    try:
        verdict = check(result)
        if verdict:
            return None
    except (Exception, SystemExit) as error:
        return f"check {name!r} raised {_line(error)}"
    hint = "; it must return something true" if verdict is None else ""
    return f"check {name!r} returned {shown(verdict)}{hint}"


def _are_named_checks(check):
    return isinstance(check, Mapping) and check and all(map(callable, check.values()))


def _equal(result, expected):
    same = result == expected
    while hasattr(same, "all"):  # arrays and frames compare item by item
        if getattr(result, "shape", ()) != getattr(expected, "shape", ()):
            return False
        same = same.all()
        if not getattr(same, "shape", ()):
            break
    return bool(same)


def shown(value: Any) -> str:
    """A value as it is shown in a reason."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _line(error):
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def name_of(func: Callable) -> str:
    """What a callable is called, also where it has no ``__name__``."""
    name = getattr(func, "__name__", None)
    if name is None and isinstance(func, partial):
        return name_of(func.func)
    return str(name) if name is not None else type(func).__name__
