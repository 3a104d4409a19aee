"""`simulate`: a batch on other workers or in another order, as a Run.

Knows how a schedule becomes attempts; refuses to know what makes it better or worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import scheduling, schema
from ..meta import Meta
from ..runs import Run
from . import loads
from .batches import Batch, Planned, batch_of
from .loads import MEASURED

SOURCE = "simulated"


def simulate(
    work: Run | Planned | Sequence[float],
    *,
    n_workers: int,
    order: str | Sequence[int] = "given",
    dispatch: str | float = MEASURED,
    chunks: int | None = None,
    after: Sequence[tuple[int, int]] = (),
) -> Run:
    """The Run that it would be: the same attempts, scheduled again.

    Whenever a worker is free, it takes the first attempt of a list that may start. Each
    takes as long as it took, or as the plan or you say, whoever runs beside it: where
    neighbours slow each other down, it will be longer.

    Parameters
    ----------
    work : Run, Plan, or array of shape (n_tasks,)
        A Run's attempts keep their statuses: what failed fails again, and the next
        attempt waits as long as it did. Edges, slots of agents and a plan's locks hold.
        Of a Plan the expected costs count. An array holds seconds.
    n_workers : int
    order : str or permutation of 0 ... n_tasks - 1
        The list. ``"given"``: as handed over in the Run, by the plan's priorities, or
        as they come. ``"longest_first"``, ``"shortest_first"``, ``"critical_path"`` and
        ``"best"``: as for `parallel_nb.scheduling.list_schedule`.
    dispatch : "measured" or float
        What it takes to hand an attempt to a worker. ``"measured"``: the gaps and the
        start-up of workers that the Run shows, by `measured_dispatch`; nothing for a
        plan and for durations. Or seconds before each chunk; then workers are there
        from the beginning.
    chunks : int, optional
        How many independent tasks travel together. Default: as recorded on as many
        workers as recorded; on others each by itself, at the mean cost of a recorded
        one, as chunks of `parallel_nb.run` get small towards the end. Those of joblib
        do not: they stay as recorded.
    after : int array of shape (n_edges, 2), optional
        Rows (task, after), where `work` is durations.

    Returns
    -------
    Run
        Its ``meta.source`` is ``"simulated"``; its zero is the beginning. Without
        results. ``meta.notes`` says what is not known of it.

    Raises
    ------
    ArgumentError
        If `work` holds no durations, or a parameter is not allowed.

    References
    ----------
    Graham, "Bounds on multiprocessing timing anomalies", *SIAM Journal on Applied
    Mathematics* 17(2), 1969: list scheduling.

    Examples
    --------
    >>> run = simulate([1.0, 1.0, 2.0], n_workers=2)
    >>> run.tasks[["task", "started", "ended", "worker"]]
       task  started  ended  worker
    0     0      0.0    1.0       0
    1     1      0.0    1.0       1
    2     2      1.0    3.0       0
    >>> better = simulate(run, n_workers=2, order="longest_first")
    >>> better.summary()[["makespan", "utilization"]]
       makespan  utilization
    0       2.0          1.0
    """
    loads.checked(dispatch, order)
    batch = batch_of(work, after)
    load = loads.load_of(
        batch, n_workers=n_workers, order=order, dispatch=dispatch, chunks=chunks
    )
    schedule = scheduling.scheduled(load.problem, load.order)
    handed, started, ended, worker, chunk = load.times(batch, schedule)
    ready = _ready(batch, ended)
    if (
        load.problem.available is not None
    ):  # a worker's first task waits for it to start
        handed[handed <= load.problem.available[worker] - load.zero] = 0.0
    columns = {
        schema.READY: ready,
        schema.SUBMITTED: np.maximum(handed, ready),
        schema.STARTED: started,
        schema.ENDED: ended,
        schema.RECEIVED: ended,
        schema.WORKER: worker.astype(np.int32),
        schema.CHUNK: chunk.astype(np.int32),
    }
    n_workers = load.problem.n_workers
    attempts, extras = _frame(work, batch, columns)
    return Run(
        attempts,
        _meta(work, batch, n_workers, order, dispatch),
        startups=_startups(load.problem.available, load.zero),
        **extras,
    )


def _ready(batch: Batch, ended: np.ndarray) -> np.ndarray:
    """When all that each attempt waits for has ended, and its lag is over."""
    ready = np.zeros(len(ended))
    if len(batch.after):
        np.maximum.at(ready, batch.after[:, 0], ended[batch.after[:, 1]])
    return ready if batch.lags is None else ready + batch.lags


def _frame(work, batch: Batch, columns) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Attempts with new times, and what else of the work a Run keeps."""
    if isinstance(work, Run):
        frame = work.attempts
        nothing = {schema.WORKER: -1, schema.CHUNK: -1}
        for column, values in columns.items():
            dtype = schema.DTYPES[column]
            placed = np.full(len(frame), nothing.get(column, np.nan), dtype)
            placed[batch.rows] = values
            frame[column] = placed
        frame[schema.PID] = np.zeros(len(frame), np.int64)
        extras = {
            "tracebacks": work.tracebacks,
            "edges": work.edges,
            "details": work.details,
        }
        return frame, extras
    columns = {schema.TASK: batch.task, **columns}
    if isinstance(work, Planned):
        columns[schema.NAME] = [task.name for task in work.tasks]
        columns[schema.AGENT] = [task.agent for task in work.tasks]
        columns[schema.ROUND] = work.round_of
    edges = pd.DataFrame(batch.after, columns=list(schema.EDGES), dtype=np.int64)
    return schema.coerce(columns), {"edges": edges}


def _meta(work, batch: Batch, n_workers: int, order, dispatch) -> Meta:
    known = work.meta if isinstance(work, Run) else None
    return Meta(
        n_workers=n_workers,
        backend=known.backend if known else "unknown",
        host=known.host if known else "",
        cpu_count=known.cpu_count if known else 0,
        started_at="",
        versions=known.versions if known else {},
        label=known.label if known else "",
        tags=known.tags if known else (),
        order=order if isinstance(order, str) else "list",
        source=SOURCE,
        notes=notes_of(batch, n_workers, dispatch),
        agents=batch.agents,
    )


def notes_of(batch: Batch, n_workers: int, dispatch) -> tuple[str, ...]:
    """What must be said of a schedule on so many workers."""
    notes = [*batch.notes]
    if batch.cores and n_workers > batch.cores:
        notes.append(
            f"the tasks compute, and there were {batch.cores:,} cores: {n_workers:,} "
            "workers take that long only where each has a core"
        )
    if dispatch == MEASURED and batch.dispatch.n_between:
        gaps = batch.dispatch
        notes.append(
            f"simulated with the measured dispatch: {gaps.between:.2g} s before a chunk"
            + (f", {gaps.within:.2g} s within one" if gaps.n_within else "")
        )
    return tuple(notes)


def _startups(available, zero: float) -> pd.DataFrame | None:
    if available is None or not (available > zero).any():
        return None
    return pd.DataFrame(
        {
            schema.WORKER: np.arange(len(available), dtype=np.int32),
            "pid": np.zeros(len(available), dtype=np.int64),
            schema.STARTED: np.zeros(len(available)),
            schema.ENDED: np.maximum(np.sort(available) - zero, 0.0),
        }
    )
