"""`run`: a batch in, a Run out.

Puts the parts together: checks what was asked for, opens a backend, drives the
scheduler loop and hands the rows over to a Run. Knows no pictures.
"""

import platform
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import metadata

import joblib

from ..errors import ArgumentError, InputsFailed
from ..runs import Meta, Run
from ..tasks import Shell, Task, name_of
from . import worker
from .backends import Workers, settings
from .batch import make_batch
from .collecting import Collector
from .dispatch import Dispatcher
from .progress import Progress

_last = None


def run(
    work: Callable | Iterable[Task | Shell],
    inputs: Iterable | None = None,
    *,
    n_jobs: int | None = None,
    backend=None,
    name=None,
    label: str = "",
    tags: Iterable[str] = (),
    order: str = "given",
    cost=None,
    history: Run | None = None,
    progress: bool | None = None,
    keep_results: bool = True,
) -> Run:
    """Execute a batch in parallel and record every attempt.

    Parameters
    ----------
    work : callable or iterable of Task
        A function, called once for each input, or tasks made by `Task` and `shell`.
    inputs : iterable, optional
        Inputs of the function; may be a generator of unknown length, which is read no
        further ahead than keeps the workers busy.
    n_jobs : int, optional
        Number of workers; negative counts back from the usable cores. Default: what an
        active `joblib.parallel_config` says, else all usable cores.
    backend : str or joblib backend, optional
        ``"isolated"``, ``"loky"``, ``"threading"``, ``"multiprocessing"``,
        ``"sequential"`` or any registered joblib backend. Default: what an active
        `joblib.parallel_config` says, else ``"isolated"``.
    name : str, callable or sequence of str, optional
        What tasks are called: one name for all, a function of the input, or one each.
    label, tags : str, iterable of str
        Kept in ``run.meta``.
    order : {"given", "longest_first"}
    cost : callable or sequence of float, optional
        Expected length of each task, in any unit.
    history : Run, optional
        An earlier run of the same tasks, matched by name where names are unique and by
        position otherwise.
    progress : bool, optional
        Show a bar, or don't; by default only where somebody watches.
    keep_results : bool
        False drops what tasks return.

    Returns
    -------
    Run
        A task that fails is a row of it; nothing is raised for it until
        ``run.results`` is asked for.

    Raises
    ------
    ArgumentError
        Before any work starts.
    InputsFailed
        When iterating over `inputs` raised: ``.run`` holds what had finished.
    BackendError
        When workers cannot be started: ``.run`` holds what had finished.

    Examples
    --------
    >>> run(abs, [-1, 2, -3], n_jobs=1, backend="sequential").results
    [1, 2, 3]
    """
    zero, started_at = worker.clock(), datetime.now(UTC)
    tags = _checked_tags(label, tags)
    batch, rate = make_batch(
        work,
        inputs,
        name=name,
        order=order,
        cost=cost,
        history=history,
        clock=worker.clock,
    )
    title = label or (name_of(work) if inputs is not None else "")
    chosen = settings(n_jobs, backend)
    collector = Collector(keep_results)
    ended_by, failure = "completion", None
    with Workers(chosen) as workers:
        if inputs is not None:
            _check_function(workers, work)
        dispatcher = Dispatcher(
            batch, workers, collector, rate, has_shell=_has_shell(work, inputs, batch)
        )
        try:
            with Progress(collector, lambda: _total(batch), title, progress):
                dispatcher.run()
        except BaseException as error:
            failure = error
            ended_by = "interrupt" if isinstance(error, KeyboardInterrupt) else "error"
            dispatcher.cancel()
        if dispatcher.fatal is not None and failure is None:
            ended_by, failure = "error", dispatcher.fatal
        if batch.error is not None and failure is None:
            ended_by = "error"
        startups = workers.startups()
        backend_name, n_workers = workers.name, workers.n_workers
    dispatcher.account_for_the_rest()
    names = batch.names  # the batch itself, inputs and all, need not be kept
    made = Run(
        lambda: {
            **collector.finish(zero, n_workers, names),
            "startups": _startups(startups, zero),
        },
        Meta(
            n_workers=n_workers,
            backend=backend_name,
            host=worker.host(),
            cpu_count=joblib.cpu_count(),
            started_at=started_at.isoformat(),
            versions=versions(),
            label=label,
            tags=tags,
            order=order,
            ended_by=ended_by,
            source="run",
        ),
        results=collector.results,
    )
    _remember(made)
    if failure is not None:
        if not isinstance(failure, KeyboardInterrupt):
            failure.run = made
        raise failure
    if batch.error is not None:
        raise InputsFailed(made, batch.n_known, batch.error) from batch.error
    return made


def last_run() -> Run | None:
    """The newest Run of this process, also a partial one after an interrupt."""
    return _last


def _remember(made):
    global _last
    _last = made


def _checked_tags(label, tags):
    """The tags as a tuple; what a Run could not hold is refused before it is made."""
    if not isinstance(label, str):
        raise ArgumentError(f"`label` must be a string; got {label!r}")
    listed = tuple(tags) if isinstance(tags, Iterable) else ()
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in listed):
        raise ArgumentError(f"`tags` must be strings, as in ['a', 'b']; got {tags!r}")
    return listed


def _check_function(workers, func):
    """A function that cannot travel would fail for every input: say so at once."""
    try:
        workers.function(func)
    except Exception as error:
        raise ArgumentError(
            f"the function cannot be sent to the workers of backend {workers.name!r}: "
            f"{type(error).__name__}: {error}. Use backend='threading', or make what "
            "it refers to picklable."
        ) from error


def _has_shell(work, inputs, batch):
    return inputs is None and any(isinstance(item, Shell) for item in batch.items)


def _total(batch):
    return batch.n_known or None


def _startups(seen, zero):
    import pandas as pd

    return pd.DataFrame(
        {
            "worker": pd.array([s[0] for s in seen], "int32"),
            "pid": pd.array([s[1] for s in seen], "int64"),
            "started": [float(s[2] - zero) for s in seen],
            "ended": [float(s[3] - zero) for s in seen],
        }
    )


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide how a run goes."""
    found = {"python": platform.python_version(), "system": sys.platform}
    for library in ("parallel-nb", "joblib", "loky", "numpy", "pandas"):
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found
