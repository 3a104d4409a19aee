"""What to do: a call or a shell command, declared before anything runs.

Knows what a task is made of, which tasks its arguments name, and what makes its result
valid; not when, where or whether it runs. Workers import this: standard library only.
"""

import math
import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .errors import ArgumentError

_SHOWN = 200  # characters of a value in a reason
_CONTAINERS = (list, tuple, dict, set, frozenset)


class Task:
    """One call, to be executed by `run`.

    Parameters
    ----------
    func : callable
    *args, **kwargs
        Passed to `func`. A task among them, also inside lists, tuples, sets and dicts,
        is waited for and replaced by its result. Keywords that a task has itself, such
        as ``timeout``, reach `func` by ``functools.partial`` only.
    name : str, optional
        Shown in frames and pictures; names may repeat. Default: the function's name.
    agent : str, optional
        The kind of worker that it needs; any worker will do by default.
    after : task or str, or several, optional
        Tasks, or names of tasks, that must be done before it starts.
    reads, writes : str or path, or several, optional
        Resources that it uses or changes. A text that is absolute, has a separator,
        begins with a dot or exists on disk is a path, and a folder stands for all that
        is in it; other texts are names. Tasks that would disturb each other are kept
        apart.
    cost : float, optional
        Expected length relative to the batch's other tasks, or in seconds.
    check : callable, mapping of str to callable, or expected value, optional
        What makes a result valid: each callable must say so of the result by returning
        something true, or the result must equal the value. If not, the task's status is
        ``invalid``; its result is kept.
    context : mapping of str to object, optional
        Shown in plan and report: description, success criteria, expected output, ...
    timeout : float or str, optional
        Seconds that an attempt may take, or how many times the median of the tasks of
        its name: ``"3x median"``.
    retries : int
        How often it is tried again if it fails.
    summary : callable, optional
        What to say of the result in a report, as a function of it.

    Raises
    ------
    ArgumentError
        If any of these is not as described.

    Examples
    --------
    >>> Task(pow, 2, 10, name="two to the ten")
    Task(pow, 2, 10, name='two to the ten')
    >>> base = Task(abs, -2, name="base")
    >>> Task(pow, base, 10, after="set up")
    Task(pow, <task 'base'>, 10, after=('set up',))
    """

    __slots__ = (
        "after",
        "agent",
        "args",
        "check",
        "context",
        "cost",
        "func",
        "kwargs",
        "name",
        "reads",
        "retries",
        "summary",
        "timeout",
        "writes",
    )

    def __init__(
        self,
        func: Callable,
        *args,
        name: str | None = None,
        agent: str | None = None,
        after=(),
        reads=(),
        writes=(),
        cost: float | None = None,
        check: Any = None,
        context: Mapping[str, Any] | None = None,
        timeout: float | str | None = None,
        retries: int = 0,
        summary: Callable | None = None,
        **kwargs,
    ):
        if isinstance(func, Task | Shell):
            raise ArgumentError(
                "`func` must be a callable; got a task. A task cannot stand inside a "
                "task: pass its function and arguments, or list both in one batch."
            )
        if not callable(func):
            raise ArgumentError(
                f"`func` must be callable; got {type(func).__name__} ({func!r:.60}). "
                "Pass the function itself and its arguments after it: "
                "Task(f, x), not Task(f(x))."
            )
        self.func = func
        self.args = args
        self.kwargs = kwargs
        self.name = _text("name", name) if name is not None else name_of(func)
        self.agent = _agent_name(agent)
        self.after = _tasks_or_names(after) if after != () else ()
        self.reads = _resources("reads", reads) if reads != () else ()
        self.writes = _resources("writes", writes) if writes != () else ()
        self.cost = _checked_cost(cost)
        self.check = _checked_check(check)
        self.context = _checked_context(context)
        self.timeout = _checked_timeout(timeout)
        self.retries = _count("retries", retries, least=0)
        self.summary = _callable_or_none("summary", summary)

    def __repr__(self):
        named = {task: _Named(task.name) for task in inputs_of(self)}
        args, kwargs = with_results(self, named)
        parts = [name_of(self.func), *map(repr, args)]
        parts += [f"{key}={value!r}" for key, value in kwargs.items()]
        if self.name != name_of(self.func):
            parts.append(f"name={self.name!r}")
        if self.after:
            after = tuple(_Named(t.name) if is_task(t) else t for t in self.after)
            parts.append(f"after={after!r}")
        for field in ("agent", "reads", "writes", "cost", "timeout", "retries"):
            value = getattr(self, field)
            if value not in (None, (), 0) or (field == "cost" and value == 0):
                parts.append(f"{field}={value!r}")
        return f"Task({', '.join(parts)})"


@dataclass(frozen=True, slots=True, eq=False)
class Shell:
    """One shell command, to be executed by `run`; made by `shell`."""

    command: str | Sequence[str]
    name: str
    cwd: str | None
    env: Mapping[str, str] | None
    input: str | bytes | None
    cost: float | None
    agent: str | None = None
    after: tuple = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    check: Any = None
    context: Mapping[str, Any] | None = None
    timeout: float | str | None = None
    retries: int = 0
    summary: Callable | None = None


def shell(
    command: str | Sequence[str],
    *,
    name: str | None = None,
    cwd: str | os.PathLike | None = None,
    env: Mapping[str, str] | None = None,
    input: str | bytes | None = None,
    agent: str | None = None,
    after=(),
    reads=(),
    writes=(),
    cost: float | None = None,
    check: Any = None,
    context: Mapping[str, Any] | None = None,
    timeout: float | str | None = None,
    retries: int = 0,
    summary: Callable | None = None,
) -> Shell:
    """A shell command as a task; exit code 0 is success.

    Parameters
    ----------
    command : str or sequence of str
        A line for the shell, or a program and its arguments without a shell.
    name : str, optional
        Default: the command, shortened.
    cwd : path, optional
        Working directory; relative paths in `reads` and `writes` count from there.
    env : mapping, optional
        Variables added to the caller's environment.
    input : str or bytes, optional
        Standard input; without it the command reads nothing.
    check : callable, mapping of str to callable, or str, optional
        As for `Task`, on the `ShellResult`; a text is what the command should print,
        but for white space at both ends.
    agent, after, reads, writes, cost, context, timeout, retries, summary
        As for `Task`.

    Returns
    -------
    Shell
        Its result in a run is a `ShellResult`.

    Raises
    ------
    ArgumentError
        If the command is empty or not made of strings, or anything else is not as
        described.

    Examples
    --------
    >>> shell("ruff check .").name
    'ruff check .'
    >>> shell("pytest -q", reads=["src", "tests"], timeout="3x median").timeout
    '3x median'
    """
    if isinstance(command, str):
        text = command
    elif isinstance(command, Sequence) and all(isinstance(c, str) for c in command):
        command = tuple(command)
        text = " ".join(command)
    else:
        raise ArgumentError(
            "`command` must be a string for the shell or a sequence of strings; "
            f"got {command!r:.80}"
        )
    if not text.strip():
        raise ArgumentError("`command` is empty; pass what the shell should run")
    if not isinstance(input, str | bytes | None):
        raise ArgumentError(f"`input` must be text or bytes; got {input!r:.60}")
    env = None if env is None else dict(env)
    if env and not all(isinstance(text, str) for pair in env.items() for text in pair):
        raise ArgumentError(f"`env` must map strings to strings; got {env!r:.80}")
    short = text if len(text) <= 40 else f"{text[:39]}…"
    check = _checked_check(check)
    if not (check is None or callable(check) or isinstance(check, Mapping | str)):
        raise ArgumentError(
            "`check` of a shell command must be a callable on its ShellResult, a "
            f"mapping of them, or the text that it should print; got {check!r:.60}"
        )
    return Shell(
        command=command,
        name=_text("name", name) if name is not None else short,
        cwd=None if cwd is None else os.fspath(cwd),
        env=env,
        input=input,
        cost=_checked_cost(cost),
        agent=_agent_name(agent),
        after=_tasks_or_names(after),
        reads=_resources("reads", reads),
        writes=_resources("writes", writes),
        check=check,
        context=_checked_context(context),
        timeout=_checked_timeout(timeout),
        retries=_count("retries", retries, least=0),
        summary=_callable_or_none("summary", summary),
    )


@dataclass(frozen=True, slots=True)
class ShellResult:
    """What a shell command left.

    Attributes
    ----------
    command : str or tuple of str
    exit_code : int
        Negative: ended by that signal.
    stdout, stderr : str
        Head and tail, 64 KiB each, with a mark where something was left out.
    n_stdout, n_stderr : int
        Bytes written by the command, left-out ones included.
    """

    command: str | Sequence[str]
    exit_code: int
    stdout: str
    stderr: str
    n_stdout: int
    n_stderr: int


@dataclass(frozen=True, slots=True)
class Agent:
    """A kind of worker, and how many of its kind work at once.

    Parameters
    ----------
    name : str
        What tasks call it by: ``Task(..., agent="gpu")``.
    slots : int
        Attempts that it executes at once, over all tasks; 1 or more.
    backend : str or joblib backend, optional
        Where its tasks are executed; by default, where the others are.
    setup : callable, optional
        Called without arguments, once in each worker that serves the agent, before its
        first task there.

    Raises
    ------
    ArgumentError
        If any of these is not as described.

    Examples
    --------
    >>> Agent("test-runner", slots=2)
    Agent(name='test-runner', slots=2, backend=None, setup=None)
    """

    name: str
    slots: int = 1
    backend: Any = None
    setup: Callable | None = None

    def __post_init__(self):
        if not _text("name", self.name):
            raise ArgumentError("`name` of an agent is empty; tasks ask for it by name")
        slots = _count("slots", self.slots, least=1)
        object.__setattr__(self, "slots", slots)
        _callable_or_none("setup", self.setup)


def is_task(value: Any) -> bool:
    """Whether it is a task: a `Task` or what `shell` makes."""
    return isinstance(value, Task | Shell)


def name_of(func: Callable) -> str:
    """What a callable is called, also where it has no ``__name__``."""
    name = getattr(func, "__name__", None)
    if name is None and isinstance(func, partial):
        return name_of(func.func)
    return str(name) if name is not None else type(func).__name__


# --- tasks in the arguments of tasks ---


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
        if isinstance(value, Task | Shell):
            found[value] = None
        elif isinstance(value, _CONTAINERS) and (
            barren is None or id(value) not in barren
        ):
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
        held = waiting.pop()
        values = (*held.keys(), *held.values()) if isinstance(held, dict) else held
        inner = []
        for value in values:
            if isinstance(value, Task | Shell):
                found[value] = None
            elif isinstance(value, _CONTAINERS) and id(value) not in seen:
                seen.add(id(value))
                inner.append(value)
        waiting += reversed(inner)
    return found


def _replaced(value, results, made):
    """A value with results for tasks; `made` has the containers that were replaced."""
    if isinstance(value, Task | Shell):
        return results[value]
    if not isinstance(value, _CONTAINERS):
        return value
    if id(value) in made:
        return made[id(value)]
    if not _tasks_inside(value):
        made[id(value)] = value
        return value
    kind = type(value)
    if isinstance(value, list | dict):  # these may hold themselves
        copy = made[id(value)] = kind()
        if isinstance(value, list):
            copy.extend(_replaced(item, results, made) for item in value)
        else:
            for key, item in value.items():
                key = _hashable(_replaced(key, results, made), "a key of a dict")
                copy[key] = _replaced(item, results, made)
        return copy
    items = [_replaced(item, results, made) for item in value]
    if isinstance(value, set | frozenset):
        items = [_hashable(item, "an item of a set") for item in items]
    copy = kind._make(items) if hasattr(kind, "_make") else kind(items)
    made[id(value)] = copy
    return copy


def _hashable(value, place):
    try:
        hash(value)
    except TypeError:
        raise ArgumentError(
            f"a task stands as {place}, but its result, a {type(value).__name__}, "
            "cannot stand there. Put the task into a list."
        ) from None
    return value


class _Named:
    """Stands for a task where another one is shown."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return f"<task {self._name!r}>"


# --- whether a result is valid ---


def checked(task: Task | Shell, result: Any) -> str | None:
    """Why a result is not valid, or None if it is.

    Examples
    --------
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
    if isinstance(result, ShellResult) and isinstance(check, str):
        result, check = result.stdout.strip(), check.strip()
    try:
        if result is check or _equal(result, check):
            return None
    except Exception as error:
        return f"expected {_shown(check)}, comparing with it raised {_line(error)}"
    return f"expected {_shown(check)}, got {_shown(result)}"


def _failed(name, check, result):
    try:
        verdict = check(result)
        if verdict:
            return None
    except (Exception, SystemExit) as error:
        return f"check {name!r} raised {_line(error)}"
    hint = "; it must return something true" if verdict is None else ""
    return f"check {name!r} returned {_shown(verdict)}{hint}"


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


def _shown(value):
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _line(error):
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


# --- what was declared, as it is kept ---


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


def _checked_timeout(timeout):
    if timeout is None:
        return None
    factor = median_factor(timeout)
    if factor is not None:
        return f"{factor:g}x median"
    try:
        seconds = math.nan if isinstance(timeout, bool | str) else float(timeout)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ArgumentError(
            "`timeout` must be a number of seconds above 0, or a multiple of the "
            f"median such as '3x median'; got {timeout!r}. Leave it out for no limit."
        )
    return seconds


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


def _checked_check(check):
    if not isinstance(check, Mapping):
        return check
    n_callables = sum(map(callable, check.values()))
    if 0 < n_callables < len(check):
        odd = next(key for key, value in check.items() if not callable(value))
        raise ArgumentError(
            "`check` must map names to callables, or be an expected value with no "
            f"callable in it; got both, as {odd!r} maps to {_shown(check[odd])}"
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
    if agent is None or (isinstance(agent, str) and agent):
        return agent
    hint = f" Pass {agent.name!r}." if isinstance(agent, Agent) else ""
    raise ArgumentError(
        f"`agent` must be the name of an agent; got {agent!r:.80}.{hint}"
    )


def _tasks_or_names(after):
    listed = (after,) if isinstance(after, str) or is_task(after) else after
    listed = tuple(listed) if isinstance(listed, Iterable) else (after,)
    for each in listed:
        if not isinstance(each, str) and not is_task(each):
            raise ArgumentError(
                "`after` must be a task or the name of one, or several of them; got "
                f"{type(each).__name__} ({each!r:.60})"
            )
    return listed


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


def _text(parameter, value):
    if not isinstance(value, str):
        raise ArgumentError(f"`{parameter}` must be a string; got {value!r:.60}")
    return value


def _count(parameter, value, least):
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ArgumentError(
            f"`{parameter}` must be a whole number, {least} or more; got {value!r}"
        )
    return number


def _callable_or_none(parameter, value):
    if value is not None and not callable(value):
        raise ArgumentError(
            f"`{parameter}` must be callable; got {type(value).__name__} "
            f"({value!r:.60})"
        )
    return value
