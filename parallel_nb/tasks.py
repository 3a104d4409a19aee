"""What to do: a call or a shell command, declared before anything runs.

Knows what a task is made of; not when, where or whether it runs.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .errors import ArgumentError


class Task:
    """One call, to be executed by `run`.

    Parameters
    ----------
    func : callable
    *args, **kwargs
        Passed to `func`.
    name : str, optional
        Shown in frames and pictures; names may repeat. Default: the function's name.
    cost : float, optional
        Expected length relative to the batch's other tasks, or in seconds; used by
        ``order="longest_first"``.

    Raises
    ------
    ArgumentError
        If `func` is not callable, is itself a task, or `cost` is negative.

    Examples
    --------
    >>> Task(pow, 2, 10, name="two to the ten")
    Task(pow, 2, 10, name='two to the ten')
    """

    __slots__ = ("args", "cost", "func", "kwargs", "name")

    def __init__(
        self,
        func: Callable,
        *args,
        name: str | None = None,
        cost: float | None = None,
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
        for value in (*args, *kwargs.values()):
            if isinstance(value, Task | Shell):
                raise ArgumentError(
                    f"an argument of the task {name_of(func)!r} is itself a task. "
                    "Run the inner one first and pass its result."
                )
        self.func = func
        self.args = args
        self.kwargs = kwargs
        self.name = name if name is not None else name_of(func)
        self.cost = _checked_cost(cost)

    def __repr__(self):
        parts = [name_of(self.func), *map(repr, self.args)]
        parts += [f"{key}={value!r}" for key, value in self.kwargs.items()]
        if self.name != name_of(self.func):
            parts.append(f"name={self.name!r}")
        if self.cost is not None:
            parts.append(f"cost={self.cost!r}")
        return f"Task({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class Shell:
    """One shell command, to be executed by `run`; made by `shell`."""

    command: str | Sequence[str]
    name: str
    cwd: str | None
    env: Mapping[str, str] | None
    input: str | bytes | None
    cost: float | None


def shell(
    command: str | Sequence[str],
    *,
    name: str | None = None,
    cwd: str | os.PathLike | None = None,
    env: Mapping[str, str] | None = None,
    input: str | bytes | None = None,
    cost: float | None = None,
) -> Shell:
    """A shell command as a task; exit code 0 is success.

    Parameters
    ----------
    command : str or sequence of str
        A line for the shell, or a program and its arguments without a shell.
    name : str, optional
        Default: the command, shortened.
    cwd : path, optional
        Working directory.
    env : mapping, optional
        Variables added to the caller's environment.
    input : str or bytes, optional
        Standard input; without it the command reads nothing.
    cost : float, optional
        As for `Task`.

    Returns
    -------
    Shell
        Its result in a run is a `ShellResult`.

    Raises
    ------
    ArgumentError
        If the command is empty or not made of strings.

    Examples
    --------
    >>> shell("ruff check .").name
    'ruff check .'
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
    short = text if len(text) <= 40 else f"{text[:39]}…"
    return Shell(
        command=command,
        name=name if name is not None else short,
        cwd=None if cwd is None else os.fspath(cwd),
        env=None if env is None else dict(env),
        input=input,
        cost=_checked_cost(cost),
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


def name_of(func: Callable) -> str:
    """What a callable is called, also where it has no ``__name__``."""
    name = getattr(func, "__name__", None)
    if name is None and hasattr(func, "func"):  # functools.partial
        return name_of(func.func)
    return name if name is not None else type(func).__name__


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
