"""What it took to hand tasks over and to start workers, by the recorded attempts.

Knows gaps between attempts and what they cannot be blamed for; refuses to know
schedules.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import schema, totals
from ..runs import Run

_FAR_OUT = 3.0  # quartile ranges beyond the upper quartile


class Dispatch(NamedTuple):
    """Seconds that a worker waits for its next attempt although there is one.

    Attributes
    ----------
    between : float
        Before an attempt that comes with a new chunk.
    within : float
        Before any other attempt of a chunk.
    n_between, n_within : int
        Gaps that these are means of; 0 where nothing was measured.
    """

    between: float = 0.0
    within: float = 0.0
    n_between: int = 0
    n_within: int = 0

    @property
    def mean(self) -> float:
        """Seconds before an attempt, of either kind."""
        n_gaps = self.n_between + self.n_within
        total = self.n_between * self.between + self.n_within * self.within
        return total / n_gaps if n_gaps else 0.0


class Ran(NamedTuple):
    """The attempts of a Run that took time, a row each, and what they waited for."""

    rows: np.ndarray  # in `run.attempts`
    task: np.ndarray
    attempt: np.ndarray
    started: np.ndarray
    ended: np.ndarray
    ready: np.ndarray
    worker: np.ndarray
    chunk: np.ndarray
    agent: np.ndarray  # position in `run.meta.agents`, -1 for none of these
    caused: np.ndarray  # the last end of what it waits for; -inf if it does for nothing
    by_worker: np.ndarray  # the order in which each worker had them, by worker


def ran_of(run: Run) -> Ran:
    """What a Run tells of the attempts that ran."""
    frame = run.attempts
    started = frame[schema.STARTED].to_numpy()
    ended = frame[schema.ENDED].to_numpy()
    rows = np.flatnonzero(~np.isnan(ended - started))

    is_all = len(rows) == len(frame)

    def column(name):
        values = frame[name].to_numpy()
        return values if is_all else values[rows]

    task, edges = column(schema.TASK), run.edges.to_numpy()
    caused = np.full(max(run.n_tasks, 1), -np.inf)
    if len(edges):
        last = np.full(run.n_tasks, -np.inf)
        np.maximum.at(last, task, ended[rows])
        np.maximum.at(caused, edges[:, 0], last[edges[:, 1]])
    numbers = {name: number for number, name in enumerate(run.meta.agents)}
    labels = frame[schema.AGENT].array
    lookup = np.array([*(numbers.get(name, -1) for name in labels.categories), -1])
    worker = column(schema.WORKER)
    times = (started, ended) if is_all else (started[rows], ended[rows])
    return Ran(
        rows=rows,
        task=task,
        attempt=column(schema.ATTEMPT),
        started=times[0],
        ended=times[1],
        ready=column(schema.READY),
        worker=worker,
        chunk=column(schema.CHUNK),
        agent=lookup[labels.codes[rows]],
        caused=caused[task] if len(edges) else np.full(len(task), -np.inf),
        by_worker=_by_worker(*times, worker),
    )


def measured_dispatch(run: Run) -> Dispatch:
    """Seconds between two attempts of a worker for which nothing else can be blamed.

    The gap before an attempt counts from the latest of these: the end of the attempt
    before it on the same worker; the last end of what it waits for, or, where it waits
    for nothing, the moment at which it was ready; the last end of its agent's attempts
    before it, where the agent has fewer slots than there are workers. So it holds all
    that it takes to tell the parent, to choose, to send and to begin. A worker's first
    attempt is left out, which waits for the worker, and so is a task that is tried
    again, which may be made to wait.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Dispatch
        Means without the gaps that are far out: these have causes that a Run does not
        tell, such as locks.

    References
    ----------
    Tukey, *Exploratory Data Analysis*, 1977: "far out" is more than three quartile
    ranges beyond a quartile.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "task": [0, 1, 2],
    ...         "started": [0.0, 1.25, 2.5],
    ...         "ended": [1.0, 2.25, 3.0],
    ...         "worker": [0, 0, 0],
    ...     }
    ... )
    >>> measured_dispatch(Run.from_frame(table)).between
    0.25
    """
    return dispatch_of(ran_of(run), run)


def dispatch_of(ran: Ran, run: Run) -> Dispatch:
    """As `measured_dispatch`, for attempts that are there already."""
    order = ran.by_worker
    before, row = order[:-1], order[1:]
    lane, attempt, chunk = ran.worker[order], ran.attempt[order], ran.chunk[order]
    follows = (lane[:-1] == lane[1:]) & (attempt[1:] == 1)
    is_within = ((chunk[1:] >= 0) & (chunk[1:] == chunk[:-1]))[follows]
    before, row = before[follows], row[follows]
    caused, since = ran.caused[row], ran.ended[before]
    ready = np.where(np.isneginf(caused), ran.ready[row], -np.inf)
    since = np.fmax(np.maximum(since, caused), ready)
    for agent in _scarce(run):
        mine = ran.agent[row] == agent
        ends = np.append(-np.inf, np.sort(ran.ended[ran.agent == agent]))
        earlier = np.searchsorted(ends, ran.started[row[mine]], side="right") - 1
        since[mine] = np.maximum(since[mine], ends[earlier])
    gaps = np.maximum(ran.started[row] - since, 0.0)
    between, within = gaps[~is_within], gaps[is_within]
    return Dispatch(_typical(between), _typical(within), len(between), len(within))


def leads_of(ran: Ran, run: Run, dispatch: Dispatch) -> np.ndarray:
    """Seconds from the beginning until each worker was there, ascending.

    By the first attempt of each, less what it takes to hand it over, where that waited
    for nothing else; the others are not known. Negative where even its handing over
    was not seen.
    """
    if not len(ran.rows):
        return np.empty(0)
    order = ran.by_worker
    is_first = np.append(True, np.diff(ran.worker[order]) != 0)
    first = order[is_first]
    known = np.isneginf(ran.caused[first]) & (ran.attempt[first] == 1)
    known &= ~np.isin(ran.agent[first], _scarce(run))
    first = first[known]
    ready = ran.ready[first]
    late = ready - np.fmin.reduce(ran.ready, initial=np.inf)  # inputs, not workers
    since = beginning(run) + np.nan_to_num(late)
    return np.sort(ran.started[first] - since - dispatch.between)


def beginning(run: Run) -> float:
    """The moment from which the makespan counts, s since the run's zero."""
    attempts = run.attempts
    submitted = attempts[schema.SUBMITTED].to_numpy()
    started = attempts[schema.STARTED].to_numpy()
    handed = np.where(np.isnan(submitted), started, submitted)
    earliest = np.fmin.reduce(handed, initial=np.inf)
    began = run.startups[schema.STARTED].to_numpy()
    return float(np.fmin.reduce(began, initial=earliest))


def makespan_of(run: Run) -> float:
    """Seconds from first submission to last end, as `run.summary()` has it."""
    return totals.makespan(run.attempts, run.startups)


def _scarce(run: Run) -> list[int]:
    slots = run.meta.agents.values()
    return [at for at, n in enumerate(slots) if n < run.meta.n_workers]


def _by_worker(started, ended, worker) -> np.ndarray:
    if (np.diff(started) >= 0).all():  # no need to sort a million times
        # Lanes of 16 bits are sorted by their digits, several times as fast.
        is_few = worker.max(initial=0) < np.iinfo(np.int16).max
        return np.argsort(worker.astype(np.int16) if is_few else worker, kind="stable")
    return np.lexsort([ended, started, worker])


def _typical(gaps: np.ndarray) -> float:
    if not len(gaps):
        return 0.0
    lower, upper = np.quantile(gaps, [0.25, 0.75])
    return float(gaps[gaps <= upper + _FAR_OUT * (upper - lower)].mean())
