"""What tasks declare besides what they do, as it is kept.

Knows what each declaration may be, and one form for each; refuses to know tasks.
"""

import math
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import ArgumentError
from .checks import shown
from .trying import Tries, checked_tries


class Declared(NamedTuple):
    """What a task declares, as it is kept."""

    agent: str | None
    after: tuple
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    cost: float | None
    check: Any
    context: Mapping[str, Any] | None
    timeout: float | str | None
    tries: Tries
    summary: Callable | None


# The defaults of `Task` and `shell`. A million tasks that declare nothing are checked
# by asking whether that is what came.
ANY = Tries()
NOTHING = Declared(None, (), (), (), None, None, None, None, ANY, None)


def declared(is_task: Callable[[Any], bool], *given) -> Declared:
    """Declarations as they are kept, from the fields of `Declared` as they came.

    `tries` comes as a tuple, or is `ANY`.

    Raises
    ------
    ArgumentError
        If one is not what it may be; says what that is.
    """
    if all(map(operator.is_, given, NOTHING)):
        return NOTHING
    given = Declared(*given)
    return Declared(
        agent=_agent_name(given.agent),
        after=_tasks_or_names(given.after, is_task),
        reads=_resources("reads", given.reads),
        writes=_resources("writes", given.writes),
        cost=_checked_cost(given.cost),
        check=checked_check(given.check),
        context=_checked_context(given.context),
        timeout=checked_timeout(given.timeout),
        tries=given.tries if given.tries is ANY else checked_tries(*given.tries),
        summary=callable_or_none("summary", given.summary),
    )


def median_factor(timeout: float | str | None) -> float | None:
    """How many times the median a timeout is; None for seconds and for no timeout.

    Examples
    --------
    >>> median_factor("2.5x median"), median_factor(60.0)
    (2.5, None)
    """
    if not isinstance(timeout, str):
        return None
    number, sign, rest = timeout.lower().replace("×", "x").partition("x")
    try:
        factor = float(number) if sign and rest.strip() == "median" else math.nan
    except ValueError:
        factor = math.nan
    return factor if 0 < factor < math.inf else None


def checked_timeout(timeout):
    """Seconds, ``"3x median"`` or None."""
    if timeout is None:
        return None
    factor = median_factor(timeout)
    if factor is not None:
        return f"{factor:g}x median"
    seconds = positive_seconds(timeout)
    if seconds is None:
        raise ArgumentError(
            "`timeout` must be a number of seconds above 0, or a multiple of the "
            f"median such as '3x median'; got {timeout!r}. Leave it out for no limit."
        )
    return seconds


def positive_seconds(value: Any) -> float | None:
    """A duration above 0, in s; None for anything else."""
    try:
        seconds = math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds < math.inf else None


def _checked_cost(cost):
    if cost is None:
        return None
    try:
        number = float(cost)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ArgumentError(f"`cost` must be a finite number ≥ 0; got {cost!r}")
    return number


def checked_check(check: Any) -> Any:
    """A check that can be carried out."""
    if not isinstance(check, Mapping):
        return check
    n_callables = sum(map(callable, check.values()))
    if 0 < n_callables < len(check):
        odd = next(key for key, value in check.items() if not callable(value))
        raise ArgumentError(
            "`check` must map names to callables, or be an expected value with no "
            f"callable in it; got both, as {odd!r} maps to {shown(check[odd])}"
        )
    if n_callables and not all(isinstance(key, str) for key in check):
        raise ArgumentError(
            f"`check` must name each callable by a string; got {list(check)!r:.80}"
        )
    return dict(check) if n_callables else check


def _checked_context(context):
    if context is None:
        return None
    if not isinstance(context, Mapping):
        raise ArgumentError(
            "`context` must be a mapping, such as {'description': '…'}; got "
            f"{type(context).__name__}"
        )
    return dict(context)


def _agent_name(agent):
    if agent is None:
        return None
    if isinstance(agent, str) and agent:
        return encodable(agent)
    name = getattr(agent, "name", None)
    hint = f" Pass {name!r}." if isinstance(name, str) else ""
    raise ArgumentError(
        f"`agent` must be the name of an agent; got {agent!r:.80}.{hint}"
    )


def _tasks_or_names(after, is_task):
    listed = (after,) if isinstance(after, str) or is_task(after) else after
    listed = tuple(listed) if isinstance(listed, Iterable) else (after,)
    for each in listed:
        if not isinstance(each, str) and not is_task(each):
            raise ArgumentError(
                "`after` must be a task or the name of one, or several of them; got "
                f"{type(each).__name__} ({each!r:.60})"
            )
    return tuple(encodable(e) if isinstance(e, str) else e for e in listed)


def _resources(parameter, resources):
    one = isinstance(resources, str | os.PathLike)
    listed = (resources,) if one else resources
    listed = tuple(listed) if isinstance(listed, Iterable) else (resources,)
    return tuple(_resource(parameter, each) for each in listed)


def _resource(parameter, resource):
    if isinstance(resource, os.PathLike):
        path = os.fsdecode(resource)  # stays a path also where it looks like a name
        return path if os.path.dirname(path) else os.path.join(os.curdir, path)
    if isinstance(resource, str) and resource.strip():
        return resource
    raise ArgumentError(
        f"`{parameter}` must be names of resources or paths; got {resource!r:.60}. "
        "Leave it out if there are none."
    )


def text(parameter: str, value: Any) -> str:
    """The value, if it is a text; as frames keep it."""
    if not isinstance(value, str):
        raise ArgumentError(f"`{parameter}` must be a string; got {value!r:.60}")
    return encodable(value)


def encodable(text: str) -> str:
    r"""A text that may be printed: what UTF-8 cannot hold is written with backslashes.

    Names of files can contain such halves of characters.

    Examples
    --------
    >>> encodable("caf\udce9")
    'caf\\udce9'
    """
    return text.encode("utf-8", "backslashreplace").decode()


def count(parameter: str, value: Any, least: int) -> int:
    """The value as an int, if it is a whole number of `least` or more."""
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ArgumentError(
            f"`{parameter}` must be a whole number, {least} or more; got {value!r}"
        )
    return number


def amounts(parameter: str, value: Any) -> dict[str, float] | None:
    """The value, if it is None or maps names to numbers above 0."""
    if value is None:
        return None
    is_mapping = isinstance(value, Mapping)
    for name, amount in value.items() if is_mapping else ():
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if not isinstance(name, str) or not is_number or not 0 < amount < math.inf:
            is_mapping = False
    if not is_mapping:
        raise ArgumentError(
            f"`{parameter}` must map names to numbers above 0, as in {{'GPU': 1}}; got "
            f"{value!r:.60}"
        )
    return dict(value)


def callable_or_none(parameter: str, value: Any) -> Callable | None:
    """The value, if it can be called or is None."""
    if value is not None and not callable(value):
        raise ArgumentError(
            f"`{parameter}` must be callable; got {type(value).__name__} "
            f"({value!r:.60})"
        )
    return value
