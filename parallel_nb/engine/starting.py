"""`start`: a run in the background, its handle, and the board of its tasks.

Knows jobs and their events; nothing of how they are executed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from ..attachments import SUMMARY
from ..errors import ArgumentError
from ..runs import MISSING, Run
from ..schema import as_text
from ..tasks import Shell, Task
from .details import shortened
from .jobs import Job
from .options import Options

# Backends that share nothing with a `joblib.Parallel` in the foreground: not joblib's
# one reusable executor, and not the process group that a notebook's interrupt hits.
_BESIDE = ("isolated", "threading", "dask", "ray")


class Handle:
    """A run in the background.

    Attributes
    ----------
    run : Run or None
        The Run once it has ended, also when it was cancelled; None until then.
    """

    def __init__(self, job, progress=None):
        self._job = job
        self._board = Board(job)
        self._error = None
        self._has_ended = threading.Event()
        self.run = None
        job.listen(self._board)
        job.show(progress, in_background=True)
        self._thread = threading.Thread(
            target=self._execute, name="parallel_nb-start", daemon=True
        )
        self._thread.start()

    def _execute(self):
        try:
            self.run = self._job.execute()
        except BaseException as error:
            self._error = error
            self.run = getattr(error, "run", None)
        finally:
            self._has_ended.set()

    @property
    def is_running(self) -> bool:
        """Whether it still goes on."""
        return not self._has_ended.is_set()

    @property
    def progress(self) -> tuple[int, int | None]:
        """Tasks that have ended, and how many there are; None while nobody knows."""
        job = self._job
        n_tasks = None if job.is_open and self.is_running else job.batch.n_known
        return job.collector.n_done + job.collector.n_lost, n_tasks

    def status(self) -> pd.DataFrame:
        """The board: one row per task, as `status` gives it."""
        return self._board.frame()

    def wait(self, timeout: float | None = None) -> Run:
        """The Run, when it has ended.

        Raises
        ------
        TimeoutError
            If that takes longer than `timeout` seconds; the run goes on.
        Exception
            What `run` would have raised.
        """
        if not self._has_ended.wait(timeout):
            raise TimeoutError(f"the run goes on after {timeout} s of waiting")
        if self._error is not None:
            raise self._error
        return self.run

    def cancel(self) -> Run:
        """End the run; what had finished is kept. Returns the partial Run."""
        while not self._job.stop() and self.is_running:
            self._has_ended.wait(0.01)
        return self.wait()

    def __repr__(self):
        n_ended, n_tasks = self.progress
        if self.run is not None:
            return f"<Handle of {self.run!r}>"
        total = "?" if n_tasks is None else n_tasks
        return f"<Handle {n_ended} of {total} tasks ended>"


def start(
    work: Callable | Iterable[Task | Shell],
    inputs: Iterable | None = None,
    *,
    backend=None,
    on_event: Callable | None = None,
    progress: bool | None = None,
    **options,
) -> Handle:
    """A Handle of a run that goes on in the background.

    Parameters
    ----------
    work, inputs, on_event, **options
        As for `run`; `on_event` is called in the background thread.
    backend : {"isolated", "threading", "dask", "ray"}, optional
        The others share processes with a `joblib.Parallel` in the foreground, or with
        a notebook's interrupt.
    progress : bool, optional
        Show how it goes, or don't; by default in notebooks only, where the live view
        can cancel it, too.

    Returns
    -------
    Handle
        ``wait()`` gives the Run; ``progress``, ``status()`` and ``cancel()`` serve
        until then, and ``run`` is None.

    Raises
    ------
    ArgumentError
        Before any work starts.

    Examples
    --------
    >>> handle = start(abs, [-1, 2], n_jobs=2, backend="threading")
    >>> handle.wait(timeout=60).results
    [1, 2]
    """
    given = {**options, "backend": backend, "on_event": on_event}
    job = Job(work, inputs, Options.of("start", **given))
    if job.backend not in _BESIDE:
        raise ArgumentError(
            f"`backend` of a run in the background must be one of "
            f"{', '.join(map(repr, _BESIDE))}; got {job.backend!r}, which shares its "
            "processes with joblib code in the foreground or with its interrupt"
        )
    return Handle(job, progress)


class Board:
    """Agent, task, state and result of each task, from events."""

    def __init__(self, job):
        self._job = job
        self._states = {  # position -> (state, attempt, text)
            position: (
                state,
                attempt,
                error or ("" if result is MISSING else shortened(result)),
            )
            for position, state, attempt, error, result in job.known()
        }

    def __call__(self, event):
        text = event.error
        if event.kind == "done":
            text = event.summary or shortened(event.result)
        self._states[event.task] = event.kind, event.attempt, text

    def frame(self):
        batch = self._job.batch
        n, names = batch.n_known, batch.names
        states = dict(self._states)
        rows = [states.get(i, ("waiting", 0, "")) for i in range(n)]
        names = [names] * n if isinstance(names, str) else list(names)[:n]
        return pd.DataFrame(
            {
                "agent": as_text(batch.agents if batch.is_planned else [None] * n),
                "task": as_text(names),
                "state": as_text([row[0] for row in rows]),
                "attempt": np.array([row[1] for row in rows], np.int16),
                "result": as_text([row[2] for row in rows]),
            }
        )


def status(of: Run | Handle) -> pd.DataFrame:
    """The status board of a run: one row per task.

    Parameters
    ----------
    of : Run or Handle

    Returns
    -------
    DataFrame
        ``agent``, ``task`` (name), ``state`` (a status, or ``waiting``, ``ready``,
        ``submitted``, ``retried``), ``attempt``, ``result`` (what `Task` has as
        `summary` says of it, or else shortened; or the error).

    Examples
    --------
    >>> from parallel_nb.engine.running import run
    >>> status(run(abs, [-1], backend="sequential"))[["task", "state", "result"]]
      task state result
    0  abs  done      1
    """
    if isinstance(of, Handle):
        return of.status()
    if not isinstance(of, Run):
        raise ArgumentError(
            f"`of` must be a Run or what start() returned; got {type(of).__name__}"
        )
    tasks = of.tasks
    results = of.results_or(MISSING) if of.has_results else [MISSING] * len(tasks)
    errors = tasks["error"].fillna("").tolist()
    summaries = {task: entry.get(SUMMARY) for task, entry in of.details.items()}
    texts = [
        error or summaries.get(task) or ("" if result is MISSING else shortened(result))
        for task, (error, result) in enumerate(zip(errors, results, strict=True))
    ]
    return pd.DataFrame(
        {
            "agent": tasks["agent"].astype("str"),
            "task": tasks["name"],
            "state": tasks["status"].astype("str"),
            "attempt": tasks["attempt"],
            "result": as_text(texts),
        }
    )
