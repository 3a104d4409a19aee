"""What there is to do: a call, or a shell command, and who can do it.

Knows what a task is made of; refuses to know when, where and whether it runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ArgumentError
from .checks import name_of
from .declarations import ANY, amounts, callable_or_none, count, declared, text
from .trying import Tries


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
    retries : int, optional
        How often it is tried again if it fails. Default: what the run says, else 0.
    backoff : float or callable, optional
        Seconds to wait before the second attempt, doubled for each one after it, or a
        function of the number of attempts so far.
    retry_on : str, exception type, or several, optional
        Statuses (``"failed"``, ``"invalid"``, ``"timeout"``, ``"crashed"``) and
        exceptions after which it is tried again. Default: any of these statuses.
    on_timeout : {"retry", "fail", "stop"}, optional
        Whether an attempt that took too long counts like any other failure, is the
        last one, or ends the run.
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
        "summary",
        "timeout",
        "tries",
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
        retries: int | None = None,
        backoff: float | Callable[[int], float] | None = None,
        retry_on=None,
        on_timeout: str | None = None,
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
        self.name = text("name", name) if name is not None else name_of(func)
        (
            self.agent,
            self.after,
            self.reads,
            self.writes,
            self.cost,
            self.check,
            self.context,
            self.timeout,
            self.tries,
            self.summary,
        ) = declared(
            is_task,
            agent,
            after,
            reads,
            writes,
            cost,
            check,
            context,
            timeout,
            _tries(retries, backoff, retry_on, on_timeout),
            summary,
        )

    @property
    def retries(self) -> int | None:
        """How often it is tried again; None leaves it to the run."""
        return self.tries.retries

    def __repr__(self):
        from .typed import typed_task

        return typed_task(self)


def _tries(*given):
    return ANY if given == ANY else given


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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
    tries: Tries = ANY
    summary: Callable | None = None

    @property
    def retries(self) -> int | None:
        """How often it is tried again; None leaves it to the run."""
        return self.tries.retries

    def __repr__(self):
        from .typed import typed_command

        return typed_command(self)


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
    retries: int | None = None,
    backoff: float | Callable[[int], float] | None = None,
    retry_on=None,
    on_timeout: str | None = None,
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
    agent, after, reads, writes, cost, context, summary
        As for `Task`.
    timeout, retries, backoff, retry_on, on_timeout
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
    >>> shell("pytest -q", agent="test-runner", retries=1)
    shell('pytest -q', agent='test-runner', retries=1)
    >>> shell("pytest -q", reads=["src", "tests"], timeout="3x median").timeout
    '3x median'
    """
    is_line = isinstance(command, str)
    if isinstance(command, Sequence) and all(isinstance(c, str) for c in command):
        command = command if is_line else tuple(command)
    else:
        raise ArgumentError(
            "`command` must be a string for the shell or a sequence of strings; "
            f"got {command!r:.80}"
        )
    if not (command if is_line else " ".join(command)).strip():
        raise ArgumentError("`command` is empty; pass what the shell should run")
    if not isinstance(input, str | bytes | None):
        raise ArgumentError(f"`input` must be text or bytes; got {input!r:.60}")
    env = None if env is None else dict(env)
    if env and not all(isinstance(each, str) for pair in env.items() for each in pair):
        raise ArgumentError(f"`env` must map strings to strings; got {env!r:.80}")
    kept = declared(
        is_task,
        agent,
        after,
        reads,
        writes,
        cost,
        check,
        context,
        timeout,
        _tries(retries, backoff, retry_on, on_timeout),
        summary,
    )
    if not (check is None or callable(check) or isinstance(check, Mapping | str)):
        raise ArgumentError(
            "`check` of a shell command must be a callable on its ShellResult, a "
            f"mapping of them, or the text that it should print; got {check!r:.60}"
        )
    return Shell(
        command=command,
        name=text("name", short_line(command) if name is None else name),
        cwd=None if cwd is None else os.fspath(cwd),
        env=env,
        input=input,
        **kept._asdict(),
    )


def short_line(command: str | Sequence[str]) -> str:
    """What a command is called if nobody says otherwise."""
    line = command if isinstance(command, str) else " ".join(command)
    return line if len(line) <= 40 else f"{line[:39]}…"


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
    resources : mapping of str to float, optional
        What a cluster's worker must have free for each attempt: ``{"GPU": 1}``. Dask
        and Ray keep to it; where the machine's own processes work, slots do.

    Raises
    ------
    ArgumentError
        If any of these is not as described.

    Examples
    --------
    >>> Agent("test-runner", slots=2)
    Agent(name='test-runner', slots=2, backend=None, setup=None, resources=None)
    """

    name: str
    slots: int = 1
    backend: Any = None
    setup: Callable | None = None
    resources: Mapping[str, float] | None = field(default=None, hash=False)

    def __post_init__(self):
        name = text("name", self.name)
        if not name:
            raise ArgumentError("`name` of an agent is empty; tasks ask for it by name")
        slots = count("slots", self.slots, least=1)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "slots", slots)
        callable_or_none("setup", self.setup)
        object.__setattr__(self, "resources", amounts("resources", self.resources))


def is_task(value: Any) -> bool:
    """Whether it is a task: a `Task` or what `shell` makes."""
    return isinstance(value, Task | Shell)
