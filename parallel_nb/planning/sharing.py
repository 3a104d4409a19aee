"""Mutable objects that tasks have in common when they run in threads of one process.

Knows where a call keeps what it can change: arguments, closures, defaults, the instance
of a method, globals that its code names. Looks, and calls nothing; refuses to know
whether anything is changed.
"""

from __future__ import annotations

import array
import collections
import dis
import enum
import functools
import os
import random
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..tasks import Shell, Task

_CALLS = (types.FunctionType, types.MethodType, functools.partial)
_FIXED = (
    *(str, bytes, int, float, complex, type(None), range, type, enum.Enum),
    *(types.ModuleType, types.BuiltinFunctionType, types.CodeType),
    *(Task, Shell),
)
_CONTAINERS = (list, tuple, dict, set, frozenset)
_MUTABLE = (
    *(list, dict, set, bytearray, array.array, collections.deque, random.Random),
)
# By the package's name, so that nothing is imported for a type that nobody uses.
_MUTABLE_ELSEWHERE = {
    "numpy": {"ndarray", "Generator", "RandomState"},
    "pandas": {"DataFrame", "Series"},
}
# Their instances are made for being shared, or as good as immutable.
_SAFE = {
    *("_thread", "concurrent", "contextvars", "functools", "logging", "pathlib"),
    *("queue", "re", "threading", "typing"),
}
_LIBRARIES = (os.path.dirname(os.__file__) + os.sep,)
_MOST_ITEMS = 10_000  # looked at in one container
_MOST_CALLS = 200  # functions followed from one task's
_LOOK_UPS = {"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"}


class Common(NamedTuple):
    """One object that several tasks can change."""

    name: str  # of a variable where one is known, else empty
    kind: str  # its type
    tasks: tuple[int, ...]  # positions


def common_objects(tasks: Sequence, in_threads: Sequence[bool]) -> list[Common]:
    """The mutable objects that several of the tasks in threads can reach.

    Parameters
    ----------
    tasks : sequence of Task
    in_threads : sequence of bool
        Which of them share one process' memory.
    """
    users: dict[int, dict[int, None]] = {}
    found: dict[int, tuple[Any, str]] = {}  # the object, and what it is called
    of_function: dict[int, list] = {}
    for position, task in enumerate(tasks):
        if not in_threads[position] or isinstance(task, Shell):
            continue
        key = id(task.func)
        if key not in of_function:
            of_function[key] = list(_reached(task.func, ""))
        for value, name in (*of_function[key], *_passed(task)):
            users.setdefault(id(value), {})[position] = None
            if not found.get(id(value), (None, ""))[1]:
                found[id(value)] = (value, name)
    several = [key for key in users if len(users[key]) > 1]
    variables = _variables(tasks) if several else {}
    return [
        Common(
            name=variables.get(key) or found[key][1],
            kind=type(found[key][0]).__name__,
            tasks=tuple(users[key]),
        )
        for key in several
    ]


def _passed(task) -> Iterator[tuple[Any, str]]:
    """Mutable objects among a task's arguments, and the parameters they are for."""
    code = getattr(task.func, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    for number, value in enumerate(task.args):
        yield from _reached(value, names[number] if number < len(names) else "")
    for name, value in task.kwargs.items():
        yield from _reached(value, name)


def _reached(value, name) -> Iterator[tuple[Any, str]]:
    """What of a value, of what it contains and of what it calls, is mutable."""
    seen: set[int] = set()
    waiting, n_calls = [(value, name)], 0
    while waiting:
        value, name = waiting.pop()
        if issubclass(type(value), _FIXED) or id(value) in seen:
            continue
        seen.add(id(value))
        value = _unwrapped(value)
        if issubclass(type(value), _CALLS):
            n_calls += 1
            if n_calls <= _MOST_CALLS:
                waiting += _kept_by(value)
            continue
        if is_mutable(value):
            yield value, name
        waiting += [(item, "") for item in _items(value)]


def _items(value) -> list:
    """What a container holds, without asking code of its own."""
    for kind in _CONTAINERS:
        if issubclass(type(value), kind):
            each = dict.values if kind is dict else kind.__iter__
            return list(each(value)) if kind.__len__(value) <= _MOST_ITEMS else []
    return []


def _kept_by(call) -> list[tuple[Any, str]]:
    """What a callable carries with it, and by which names."""
    if isinstance(call, functools.partial):
        kept = [(call.func, ""), *((value, "") for value in call.args)]
        return kept + [(value, name) for name, value in call.keywords.items()]
    if isinstance(call, types.MethodType):
        return [(call.__self__, ""), (call.__func__, "")]
    code, kept = call.__code__, []
    for name, cell in zip(code.co_freevars, call.__closure__ or (), strict=True):
        try:
            kept.append((cell.cell_contents, name))
        except ValueError:  # not set yet
            continue
    if _is_of_a_library(code):  # what it keeps for itself is its own affair
        return kept
    defaults = call.__defaults__ or ()
    n_arguments = code.co_argcount
    names = code.co_varnames[n_arguments - len(defaults) : n_arguments]
    kept += zip(defaults, names, strict=True)
    kept += [(value, name) for name, value in (call.__kwdefaults__ or {}).items()]
    space = call.__globals__
    kept += [(space[name], name) for name in _looked_up(code) if name in space]
    return kept


def _looked_up(code) -> set[str]:
    """Names of globals that code uses, functions defined within it included."""
    names = {
        step.argval for step in dis.get_instructions(code) if step.opname in _LOOK_UPS
    }
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _looked_up(constant)
    return names


def _is_of_a_library(code) -> bool:
    path = code.co_filename
    return "-packages" in path or path.startswith((*_LIBRARIES, "<frozen"))


def _unwrapped(value):
    """The function inside what `functools.cache` and the like make of it."""
    if issubclass(type(value), functools._lru_cache_wrapper):
        return value.__wrapped__
    return value


def is_mutable(value: Any) -> bool:
    """Whether an object can be changed in place, as far as can be told from outside.

    Examples
    --------
    >>> is_mutable([]), is_mutable(()), is_mutable(len)
    (True, False, False)
    """
    kind = type(value)  # `isinstance` would ask the object, which may be a stand-in
    if issubclass(kind, _MUTABLE):
        return True
    if issubclass(kind, (*_FIXED, *_CALLS, tuple, frozenset)):
        return False
    for base in kind.__mro__:
        if base.__name__ in _MUTABLE_ELSEWHERE.get(_package(base), ()):
            return bool(getattr(getattr(value, "flags", None), "writeable", True))
    package = _package(kind)
    if package in _SAFE or package in _MUTABLE_ELSEWHERE:
        return False
    if getattr(getattr(kind, "__dataclass_params__", None), "frozen", False):
        return False
    return kind.__dictoffset__ != 0


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _variables(tasks) -> dict[int, str]:
    """Names of global variables by the id of what they hold."""
    spaces = {}
    for task in tasks:
        func = getattr(task, "func", None)
        while isinstance(func, functools.partial):
            func = func.func
        space = getattr(func, "__globals__", None)
        if space is not None:
            spaces[id(space)] = space
    main = getattr(sys.modules.get("__main__"), "__dict__", {})
    spaces[id(main)] = main
    named: dict[int, str] = {}
    for space in spaces.values():
        for name, value in list(space.items()):
            if not name.startswith("_") and name not in {"In", "Out"}:
                named.setdefault(id(value), name)
    return named
