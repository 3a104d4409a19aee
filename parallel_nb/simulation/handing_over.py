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
_AT_ONCE = 1 << 16  # attempts: what is known of them fits the processor's cache
_ENOUGH = 500_000  # gaps to know their quartiles by


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
    agent: np.ndarray | None  # position in `run.meta.agents`, -1 for none; None: all
    caused: np.ndarray | None  # the last end of what it waits for; -inf if for nothing


class Followed(NamedTuple):
    """How attempts came one after the other on their workers."""

    between: np.ndarray  # s of each gap before an attempt with a new chunk
    within: np.ndarray  # s of each before any other
    first: np.ndarray  # the first attempt of each worker, by worker


def ran_of(run: Run) -> Ran:
    """What a Run tells of the attempts that ran."""
    frame = run.attempts
    started = frame[schema.STARTED].to_numpy()
    ended = frame[schema.ENDED].to_numpy()
    ran = ~np.isnan(ended - started)
    is_all = bool(ran.all())
    rows = np.arange(len(frame)) if is_all else np.flatnonzero(ran)

    def column(name):
        values = frame[name].to_numpy()
        return values if is_all else values[rows]

    times = (started, ended) if is_all else (started[rows], ended[rows])
    task, edges, caused = column(schema.TASK), run.edges.to_numpy(), None
    if len(edges):
        last = np.full(run.n_tasks, -np.inf)
        np.maximum.at(last, task, times[1])
        caused = np.full(run.n_tasks, -np.inf)
        np.maximum.at(caused, edges[:, 0], last[edges[:, 1]])
        caused = caused[task]
    agent = None
    if run.meta.agents:
        numbers = {name: number for number, name in enumerate(run.meta.agents)}
        labels = frame[schema.AGENT].array
        lookup = np.array([*(numbers.get(name, -1) for name in labels.categories), -1])
        agent = lookup[labels.codes if is_all else labels.codes[rows]]
    return Ran(
        rows=rows,
        task=task,
        attempt=column(schema.ATTEMPT),
        started=times[0],
        ended=times[1],
        ready=column(schema.READY),
        worker=column(schema.WORKER),
        chunk=column(schema.CHUNK),
        agent=agent,
        caused=caused,
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
    return dispatch_of(followed(ran_of(run), run))


def dispatch_of(found: Followed) -> Dispatch:
    """As `measured_dispatch`, of gaps that are known already."""
    between, within = found.between, found.within
    return Dispatch(_typical(between), _typical(within), len(between), len(within))


def followed(ran: Ran, run: Run) -> Followed:
    """The gaps of `measured_dispatch`, and who came first on each worker."""
    n, gaps, seen = len(ran.rows), _Gaps(ran, run), []
    order = None if _ascends(ran.started) else np.lexsort([ran.ended, ran.started])
    for at in range(0, n, _AT_ONCE):
        some = slice(at, at + _AT_ONCE)
        seen.append(gaps.of(some if order is None else order[some]))
    between, within = zip(*seen, strict=True) if seen else ((), ())
    return Followed(
        np.concatenate([np.empty(0), *between]),
        np.concatenate([np.empty(0), *within]),
        gaps.first[gaps.first >= 0],
    )


class _Gaps:
    """Gaps of some attempts after the other, in time order.

    So many at once as fit the processor's cache, which is several times as fast.
    """

    def __init__(self, ran: Ran, run: Run):
        self._ran = ran
        # Lanes of 16 bits are sorted by their digits, several times as fast. The one
        # before the first is of those of whom nobody knows it.
        n_lanes = int(ran.worker.max(initial=-1)) + 2
        self._lane_type = np.int16 if n_lanes < np.iinfo(np.int16).max else np.int64
        self._ended = np.full(n_lanes, np.nan)  # by the last attempt of each lane
        self._chunk = np.full(n_lanes, -1, dtype=ran.chunk.dtype)
        self.first = np.full(n_lanes, -1)
        self._has_chunks = int(ran.chunk.max(initial=-1)) >= 0
        self._has_retries = int(ran.attempt.max(initial=1)) > 1
        self._ends = {
            agent: np.append(-np.inf, np.sort(ran.ended[ran.agent == agent]))
            for agent in (_scarce(run) if ran.agent is not None else ())
        }

    def of(self, rows) -> tuple[np.ndarray, np.ndarray]:
        """Of the next rows: seconds before new chunks, and within chunks."""
        ran, started = self._ran, self._ran.started[rows]
        lane = ran.worker[rows].astype(self._lane_type) + 1
        by_lane = np.argsort(lane, kind="stable")
        there = lane[by_lane]
        is_new = np.append(True, there[1:] != there[:-1])
        new = np.flatnonzero(is_new)
        lanes, last = there[new], np.append(new[1:], len(there)) - 1

        def before(values, latest):
            """Of the attempt before each on its lane; notes the latest of each lane."""
            here = values[rows][by_lane]
            earlier = np.empty_like(here)
            earlier[1:], earlier[new] = here[:-1], latest[lanes]
            latest[lanes] = here[last]
            put = np.empty_like(here)
            put[by_lane] = earlier
            return put

        since = before(ran.ended, self._ended)
        firsts = self.first[lanes] < 0
        if firsts.any():
            at = by_lane[new[firsts]]
            is_slice = isinstance(rows, slice)
            self.first[lanes[firsts]] = rows.start + at if is_slice else rows[at]
        counts = ~np.isnan(since)
        if self._has_retries:
            counts &= ran.attempt[rows] == 1
        if ran.caused is None:
            since = np.fmax(since, ran.ready[rows])
        else:
            caused = ran.caused[rows]
            ready = np.where(np.isneginf(caused), ran.ready[rows], -np.inf)
            since = np.fmax(np.maximum(since, caused), ready)
        for agent, ends in self._ends.items():
            mine = np.flatnonzero(ran.agent[rows] == agent)
            earlier = np.searchsorted(ends, started[mine], side="right") - 1
            since[mine] = np.maximum(since[mine], ends[earlier])
        gaps = np.maximum(started - since, 0.0)
        if not self._has_chunks:
            return gaps[counts], np.empty(0)
        chunk = ran.chunk[rows]
        is_within = (chunk >= 0) & (before(ran.chunk, self._chunk) == chunk)
        return gaps[counts & ~is_within], gaps[counts & is_within]


def leads_of(ran: Ran, run: Run, first: np.ndarray, dispatch: Dispatch) -> np.ndarray:
    """Seconds from the beginning until each worker was there, ascending.

    By the first attempt of each, less what it takes to hand it over, where that waited
    for nothing else; the others are not known. Negative where even its handing over
    was not seen.
    """
    if not len(ran.rows):
        return np.empty(0)
    known = ran.attempt[first] == 1
    if ran.caused is not None:
        known &= np.isneginf(ran.caused[first])
    if ran.agent is not None:
        known &= ~np.isin(ran.agent[first], _scarce(run))
    first = first[known]
    ready = ran.ready[first]
    late = ready - np.fmin.reduce(ran.ready, initial=np.inf)  # inputs, not workers
    since = beginning(run) + np.nan_to_num(late)
    return np.sort(ran.started[first] - since - dispatch.between)


def beginning(run: Run) -> float:
    """The moment from which the makespan counts, s since the run's zero.

    An attempt that never started or ended counts as well.
    """
    attempts = run.attempts
    handed = attempts[schema.SUBMITTED].to_numpy()
    if np.isnan(handed).any():
        started = attempts[schema.STARTED].to_numpy()
        handed = np.where(np.isnan(handed), started, handed)
    earliest = np.fmin.reduce(handed, initial=np.inf)
    began = run.startups[schema.STARTED].to_numpy()
    return float(np.fmin.reduce(began, initial=earliest))


def makespan_of(run: Run) -> float:
    """Seconds from first submission to last end, as `run.summary()` has it."""
    return totals.makespan(run.attempts, run.startups)


def _scarce(run: Run) -> list[int]:
    slots = run.meta.agents.values()
    return [at for at, n in enumerate(slots) if n < run.meta.n_workers]


def _ascends(values: np.ndarray) -> bool:
    return bool((values[1:] >= values[:-1]).all())


def _typical(gaps: np.ndarray) -> float:
    """Their mean, without those that are far out."""
    if not len(gaps):
        return 0.0
    # Of millions, some tell where the quartiles are.
    some = gaps[:: max(len(gaps) // _ENOUGH, 1)]
    lower, upper = np.quantile(some, [0.25, 0.75])
    return float(gaps[gaps <= upper + _FAR_OUT * (upper - lower)].mean())
