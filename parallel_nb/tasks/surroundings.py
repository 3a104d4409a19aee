"""What a function or class finds around it, and what of that decides what it does.

Knows code objects, modules and classes; refuses to know how what counts is written
down.
"""

import dis
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from pathlib import PurePath
from types import CodeType, FunctionType
from typing import Any

MAIN = ("__main__", "__mp_main__")

# Constants of a module count as long as they are no more, nested ones included.
_MOST_CONSTANTS = 1000
_PLAIN = (int, float, bool, type(None), str, bytes, complex, range)
_NEVER_CHANGED = (Enum, PurePath, Decimal, date, time, timedelta)
_CONTAINERS = (tuple, list, set, frozenset, dict)
_DESCRIPTORS = (staticmethod, classmethod, property, cached_property)
# Their classes are the same for everyone who has this Python.
_FIXED = ("builtins", "abc", "typing", "enum")


def globals_of(func: FunctionType) -> list[tuple[str, Any, str]]:
    """What a function looks up in its module: name, value, and what of it counts.

    Returns
    -------
    list of (name, value, counts)
        By name. `counts` is ``"value"`` for constants and for functions of the same
        module, ``"class"`` for its classes, ``"name"`` for functions and classes of
        others and ``""`` for anything else. What the function assigns itself, or what
        is not there, is left out.

    Examples
    --------
    >>> [(name, counts) for name, _, counts in globals_of(globals_of)]
    [('_names_used', 'value'), ('counts_of', 'value')]
    """
    space, home = func.__globals__, func.__module__
    names = sorted(name for name in _names_used(func.__code__) if name in space)
    return [(name, space[name], counts_of(space[name], home)) for name in names]


def counts_of(value: Any, home: str) -> str:
    """What of a global counts in a module, as `globals_of` says it."""
    kind = type(value)
    behind = function_behind(value)
    if kind is FunctionType or behind is not None:
        return "value" if (behind or value).__module__ == home else "name"
    if issubclass(kind, type):
        return "class" if value.__module__ == home else "name"
    return "value" if _are_constants(value) else ""


def members_of(cls: type) -> list[tuple[str, Any]]:
    """Methods and constants of a class, by name; not those of its bases."""
    if cls.__module__ in _FIXED:
        return []
    return [
        (name, value)
        for name, value in sorted(vars(cls).items())
        if isinstance(value, (FunctionType, *_DESCRIPTORS))
        or function_behind(value) is not None
        or (not name.startswith("__") and _are_constants(value))
    ]


def function_behind(value: Any) -> FunctionType | None:
    """The function in a wrapper of its own type, such as `lru_cache` makes; or None.

    Examples
    --------
    >>> from functools import lru_cache
    >>> function_behind(lru_cache(globals_of)) is globals_of
    True
    """
    if isinstance(value, type | FunctionType):
        return None
    try:
        # A stand-in for something else would answer any question with that.
        behind = object.__getattribute__(value, "__dict__").get("__wrapped__")
    except AttributeError:
        return None
    return behind if isinstance(behind, FunctionType) else None


def functions_in(descriptor: Any) -> list[Any]:
    """What a static or class method, or a property, is made of."""
    names = ("__func__", "func", "fget", "fset", "fdel")
    return [getattr(descriptor, name, None) for name in names]


def _names_used(code):
    """Names that code looks up in its module and does not assign there itself."""
    used, assigned, waiting = set(), set(), [code]
    while waiting:
        code = waiting.pop()
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                used.add(instruction.argval)
            elif instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                assigned.add(instruction.argval)
    return used - assigned


def _are_constants(value):
    """Whether it is a value such as a number, or a container of not too many."""
    waiting, n = [value], 0
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in _CONTAINERS:
            n += len(value)
            if n > _MOST_CONSTANTS:
                return False
            waiting += (*value, *value.values()) if kind is dict else value
        elif kind not in _PLAIN and not issubclass(kind, _NEVER_CHANGED):
            return False
    return True
