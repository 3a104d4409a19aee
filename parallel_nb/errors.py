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
    """Base of every exception that parallel_nb raises on its own account.

    Each of them also is the built-in that it refines, so `except ValueError` catches
    what `except ArgumentError` does. What a task raises is none of them: it is a row of
    the Run, and in `run.errors`.

    Examples
    --------
    >>> from parallel_nb import run
    >>> try:
    ...     run(abs, [-1], n_jobs=0)
    ... except ParallelNbError as error:
    ...     print(type(error).__name__, isinstance(error, ValueError))
    ArgumentError True
    """


class SchemaError(ParallelNbError, ValueError):
    """A frame or its metadata is not what a Run is made of. Also a ValueError.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Run
    >>> Run.from_frame(pd.DataFrame({"task": ["a"], "started": [0.0], "ended": ["?"]}))
    Traceback (most recent call last):
    ...
    parallel_nb.errors.SchemaError: column 'ended': expected float64; got values ...
    """


class ArgumentError(ParallelNbError, ValueError):
    """An argument is not allowed; raised before any work starts. Also a ValueError.

    Examples
    --------
    >>> from parallel_nb import run
    >>> run(abs, [-1], n_jobs=0)
    Traceback (most recent call last):
    ...
    parallel_nb.errors.ArgumentError: `n_jobs=0` means no worker at all: pass 1, 2, ...
    """


class PlanError(ArgumentError):
    """Tasks cannot be planned: they wait in a circle, or for what is not there.

    Also an `ArgumentError`.

    Examples
    --------
    >>> from parallel_nb import Task, plan
    >>> plan([Task(abs, -1, name="bake", after="mix")])
    Traceback (most recent call last):
    ...
    parallel_nb.errors.PlanError: `after` of task 0 ('bake') names 'mix', and no ...
    """


class StoreError(ParallelNbError, OSError):
    """A file could not be written, or could not be read back. Also an OSError.

    Examples
    --------
    >>> from parallel_nb import load
    >>> load("no such file.parquet")
    Traceback (most recent call last):
    ...
    parallel_nb.errors.StoreError: cannot read no such file.parquet: No such file ...
    """


class FormatError(ParallelNbError, ValueError):
    r"""Another tool's file is not what its format says; the message names the place.

    Also a ValueError.

    Examples
    --------
    >>> from parallel_nb import read
    >>> read("# ninja log v5\n0\t12\n", "ninja")
    Traceback (most recent call last):
    ...
    parallel_nb.errors.FormatError: text, line 2: expected start, end, mtime, output ...
    """


class BackendError(ParallelNbError, RuntimeError):
    """A backend, or another package, cannot do what it is needed for.

    Also a RuntimeError. One that is unknown or not installed is an `ArgumentError`,
    before any work starts. If workers cannot be started during a run, or a cluster is
    lost, the exception's ``run`` is the Run of what had finished.

    Examples
    --------
    ::

        try:
            run = pnb.run(simulate, seeds, client=client)
        except pnb.BackendError as error:  # the scheduler is gone
            run = error.run
    """


class ResultsNotKept(ParallelNbError, LookupError):
    """The Run holds the times of its tasks but not what they returned.

    Keep them: ``run(..., keep_results=True)``, ``save(..., with_results=True)``, and
    ``load`` or ``recover`` with ``with_results=True``. Also a LookupError.

    Examples
    --------
    >>> from parallel_nb import run
    >>> done = run(abs, [-1], backend="sequential", keep_results=False)
    >>> try:
    ...     done.results
    ... except ResultsNotKept:
    ...     print(done.tasks.status[0])
    done
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
    run, position, error
        As given.

    Examples
    --------
    >>> from parallel_nb import run
    >>> def readings():
    ...     yield from (3.0, -1.0)
    ...     raise OSError("the sensor is gone")
    >>> try:
    ...     run(abs, readings(), n_jobs=2, backend="threading")
    ... except InputsFailed as failed:
    ...     print(failed.position, failed.run.results_or(None), failed.error)
    2 [3.0, 1.0] the sensor is gone
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
