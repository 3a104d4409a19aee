"""Floor 0: the exceptions, and the wording they share.

Knows how to say which tasks are not done and which argument was not allowed. Imports
nothing of the package and nothing heavy, so a worker may import it; refuses to know how
a Run is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

LISTED_TASKS = 10
SHOWN_TRACEBACKS = 3


class ParallelNbError(Exception):
    """Base of every exception that parallel_nb raises on its own account."""


class SchemaError(ParallelNbError, ValueError):
    """A frame or its metadata is not what a Run is made of."""


class ArgumentError(ParallelNbError, ValueError):
    """An argument is not allowed; raised before any work starts. Also a ValueError."""


class PlanError(ArgumentError):
    """Tasks cannot be planned: they wait in a circle, or for what is not there."""


class StoreError(ParallelNbError, OSError):
    """A file could not be written, or could not be read back. Also an OSError."""


class FormatError(ParallelNbError, ValueError):
    """Another tool's file is not what its format says; the message names the place."""


class BackendError(ParallelNbError, RuntimeError):
    """A backend is unknown, missing, or cannot do what was asked of it."""


class ResultsNotKept(ParallelNbError, LookupError):
    """The Run holds the times of its tasks but not what they returned.

    Keep them: ``run(..., keep_results=True)``, ``save(..., with_results=True)``, and
    ``load`` or ``recover`` with ``with_results=True``.
    """


class TasksFailed(ParallelNbError, RuntimeError):
    """Some tasks are not done; the message lists them.

    Parameters
    ----------
    run : Run
        The run with at least one task whose status is not ``done``.

    Attributes
    ----------
    run : Run
        The same run: nothing that finished is lost.

    Examples
    --------
    >>> from parallel_nb import run
    >>> done = run(lambda x: 1 / x, [0, 2], backend="sequential")
    >>> try:
    ...     done.results
    ... except TasksFailed as failed:
    ...     print(failed.run.results_or(None))
    [None, 0.5]
    """

    def __init__(self, run: Any):
        super().__init__(_unfinished_tasks(run))
        self.run = run

    def __reduce__(self):
        return type(self), (self.run,)


class InputsFailed(ParallelNbError, RuntimeError):
    """The iterable of inputs raised while it was being read.

    Parameters
    ----------
    run : Run
        The run of the inputs that did arrive.
    position : int
        Which input could not be had, from 0: as many inputs came before it.
    error : BaseException
        What the iterable raised.

    Attributes
    ----------
    run, position
        As given.
    """

    def __init__(self, run: Any, position: int, error: BaseException):
        super().__init__(
            f"`inputs` raised {_error_line(error)} when asked for input {position} "
            f"(counted from 0). The {position} inputs before it are in this "
            "exception's `.run`; `.run.results_or(default)` gives their results."
        )
        self.run = run
        self.position = position
        self.error = error

    def __reduce__(self):
        return type(self), (self.run, self.position, self.error)


def one_of(
    parameter: str,
    value: Any,
    allowed: Iterable[Any],
    *,
    synonyms: Mapping[str, Any] | None = None,
) -> Any:
    """`value`, if it is among the allowed ones.

    Parameters
    ----------
    parameter : str
        The name that the caller knows the argument by.
    value : object
        What arrived.
    allowed : iterable
        What may arrive, in the order to list it.
    synonyms : mapping of str to object, optional
        Other words in use for an allowed value (lower case); they are suggested,
        not accepted.

    Raises
    ------
    ArgumentError
        If it is not allowed; says what is, and which one was probably meant.

    Examples
    --------
    >>> one_of("order", "given", ["given", "longest_first"])
    'given'
    >>> one_of("order", "longest-first", ["given", "longest_first"])
    Traceback (most recent call last):
    ...
    parallel_nb.errors.ArgumentError: `order` must be one of 'given', 'longest_first'; \
got 'longest-first'. Did you mean 'longest_first'?
    """
    choices = list(allowed)
    if any(value is choice or value == choice for choice in choices):
        return value
    listed = ", ".join(map(repr, choices)) or "nothing (there is none to choose from)"
    raise ArgumentError(
        f"`{parameter}` must be one of {listed}; got {value!r}."
        + did_you_mean(value, choices, synonyms=synonyms)
    )


def did_you_mean(
    value: Any,
    candidates: Iterable[Any],
    *,
    synonyms: Mapping[str, Any] | None = None,
) -> str:
    """A sentence to append that names the closest candidate, or nothing.

    Examples
    --------
    >>> did_you_mean("endde", ["started", "ended"])
    " Did you mean 'ended'?"
    >>> did_you_mean("colour", ["started", "ended"])
    ''
    """
    if not isinstance(value, str):
        return ""
    wanted = value.casefold()
    if synonyms and wanted in synonyms:
        return f" Did you mean {synonyms[wanted]!r}?"
    from difflib import get_close_matches

    spelled = {c.casefold(): c for c in candidates if isinstance(c, str)}
    close = get_close_matches(wanted, spelled, n=1)
    return f" Did you mean {spelled[close[0]]!r}?" if close else ""


def _unfinished_tasks(run: Any) -> str:
    tasks = run.tasks
    unfinished = tasks[tasks["status"] != "done"]
    counts = unfinished["status"].value_counts()
    by_status = ", ".join(f"{n} {status}" for status, n in counts.items() if n)
    lines = [f"{len(unfinished)} of {len(tasks)} tasks are not done ({by_status}):"]
    for row in unfinished.head(LISTED_TASKS).itertuples(index=False):
        said = f": {_first_line(row.error)}" if isinstance(row.error, str) else ""
        lines.append(f"  task {row.task} {row.name!r} {row.status}{said}")
    if len(unfinished) > LISTED_TASKS:
        lines.append(f"  and {len(unfinished) - LISTED_TASKS} more")
    lines.append(
        "`run.results_or(default)` gives the results that there are; the run is this "
        "exception's `.run`, its errors are in `.run.errors`."
    )
    if run.tracebacks:
        keys = zip(unfinished["task"], unfinished["attempt"], strict=True)
        known = (key for key in keys if key in run.tracebacks)
        for task, attempt in islice(known, SHOWN_TRACEBACKS):
            text = run.tracebacks[task, attempt].rstrip()
            lines.append(f"\nTraceback of task {task}, attempt {attempt}:\n{text}")
    return "\n".join(lines)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _error_line(error: BaseException) -> str:
    said = _first_line(str(error))
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
