"""`ledger`: a Run → its worker-seconds, each in one part.

Knows which rows of a Run are whose time; refuses to know how one worker's time is cut
up, and how a ledger is shown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import schema, totals
from ..errors import ArgumentError
from ..runs import Run
from . import lanes, parts, readiness, slots, spans
from .ledgers import Ledger

_N_BINS = 100
_MANY = 10_000  # spans
_TOLERANCE = 1e-9  # of the whole
# Who says when a worker's process was started, or has none to start.
_TELLS_OF_STARTS = {
    "run": ("isolated", "multiprocessing", "threading", "sequential"),
    "record": ("threading", "sequential"),
}


def ledger(run: Run, *, bins: int = _N_BINS) -> Ledger:
    """Where the worker-seconds went: n_workers x makespan, each second in one part.

    ====================  ==============================================================
    ``useful``            CPU time of successful attempts: those that are ``done`` and
                          the last of their task. CPU time beyond an attempt's duration
                          (threads of its own) is left out, `Ledger.excess_cpu` has it
    ``waiting``           the rest of those attempts: I/O, locks, the GIL, being
                          descheduled
    ``unmeasured``        all of those whose CPU time is NaN: useful or waiting,
                          nobody knows
    ``lost``              all other attempts; `Ledger.lost` says by what
    ``startup``           between attempts, while a process of the worker was started
                          or set up, as `run.startups` has it. Where nobody notes that
                          (loky, Dask, Ray, `record`), the time before the worker's
                          first attempt while something could be taken
    ``dispatch``          idle while a task was ready that the worker could have taken:
                          handing over, chunks too large, a parent too slow
    ``blocked``           idle while there was none: dependencies, agents without a free
                          slot, conflicts, pauses before a retry
    ``tail``              after the worker's last attempt
    ====================  ==============================================================

    Time runs from the first submission (start, where unknown), or the first start of a
    worker if that was earlier, to the last end: the makespan of `run.summary()`. A task
    can be taken from ``ready`` until it starts; where ``ready`` is NaN, it is the
    latest of what is known instead (submission, the ends of the tasks it waited for,
    the end of its attempt before, else the window's begin), and a note says so. A
    worker that never had an attempt is idle in ``dispatch`` while there was something
    to take, and else in ``tail``.

    Parameters
    ----------
    run : Run
    bins : int
        Bins of `Ledger.series`.

    Returns
    -------
    Ledger
        Where attempts overlap in a lane, as in imported tables, each moment is counted
        once, for the attempt that started first; `Ledger.uncounted` has the rest. An
        attempt whose start or end is NaN has no time.

    Raises
    ------
    ArgumentError
        If `run` is no Run, or one that holds durations only (``"starts"`` in
        `Meta.lacks`), or `bins` not a positive integer.

    References
    ----------
    Böhme, Geimer, Wolf, Arnold, "Identifying the root causes of wait states in
    large-scale parallel applications", *ICPP*, 2010, for wait states told apart by
    cause. Tallent, Mellor-Crummey, "Effective performance measurement and analysis of
    multithreaded applications", *PPoPP '09*, 2009, for idleness and overhead as shares
    of all workers' time.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "task": ["a", "b", "c"],
    ...         "started": [1.0, 1.0, 6.0],
    ...         "ended": [5.0, 3.0, 9.0],
    ...         "submitted": [0.0, 0.0, 5.0],
    ...         "cpu": [4.0, 2.0, 3.0],
    ...         "worker": [0, 1, 0],
    ...     }
    ... )
    >>> print(ledger(Run.from_frame(table)))
    useful 50 %, waiting for the slowest 33 %, dispatch 17 %
    """
    if not isinstance(run, Run):
        hint = " `Run.from_frame` makes one of it." * isinstance(run, pd.DataFrame)
        raise ArgumentError(f"`run` must be a Run; got {type(run).__name__}.{hint}")
    if "starts" in run.meta.lacks:
        raise ArgumentError(
            "`run` must tell when its tasks began; this one has durations only, laid "
            "end to end, so where workers' time went is not known. What durations "
            "alone tell: `pnb.predict(run, n_workers=[…])`, and "
            "`pnb.ledger(pnb.simulate(run, n_workers=…))` of such a schedule."
        )
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise ArgumentError(f"`bins` must be a positive integer; got {bins!r}")
    attempts, startups = run.attempts, run.startups
    window, n_workers = totals.window_of(attempts, startups), run.meta.n_workers
    seconds = np.zeros((n_workers, len(parts.PARTS)))
    series = np.zeros((bins, len(parts.PARTS)))
    by_fate, excess_cpu, uncounted = np.zeros(len(parts.FATES)), 0.0, 0.0
    fate, notes = _fates(attempts), []
    given, moments = run.meta.agents, np.full(bins + 1, window[0])
    waits = readiness.Waits(np.empty(0), np.empty(0), 0)
    has_time = window[1] > window[0]
    if has_time:
        moments = np.linspace(*window, bins + 1)
        waits = readiness.waits(attempts, run.edges, window)
        takeable = readiness.takeable(attempts, waits, given, window)
        nothing = spans.outside(takeable, window)
        starting = _starts(startups)
        is_start_unseen = not len(startups) and not _tells_of_starts(run.meta)
        for worker, of_worker in _by_worker(attempts, fate, nothing, n_workers):
            lane = lanes.cut(
                of_worker,
                starting.get(worker, spans.NONE),
                nothing,
                moments,
                is_start_unseen=is_start_unseen,
            )
            seconds[worker] = lane.until[-1]
            series += np.diff(lane.until, axis=0)
            by_fate += lane.by_fate
            excess_cpu += lane.excess_cpu
            uncounted += lane.uncounted
        whole = window[1] - window[0]
        assert np.allclose(seconds.sum(axis=1), whole, rtol=_TOLERANCE, atol=0)
        if is_start_unseen and seconds[:, parts.STARTUP].any():
            notes.append(
                "nobody noted when workers were started: the time before their first "
                "attempts counts as start-up"
            )
        agents = slots.by_agent(attempts, startups, waits[:2], fate, given, window)
    else:
        agents = _no_time(given)
    if waits.n_guessed:
        notes.append(
            f"nobody noted when {waits.n_guessed:,} of {len(attempts):,} attempts "
            "became ready: they count as ready from their submission, the ends of "
            "what they waited for, or the beginning"
        )
    if "workers" in run.meta.lacks:
        notes.append(
            "nobody noted which worker ran what: lanes are the fewest that the times "
            "allow, so there may have been more, and these idle"
        )
    if uncounted > _TOLERANCE * seconds.sum():
        notes.append(
            f"attempts overlap in their lanes by {uncounted:.3g} s, which are counted "
            "once; were there more workers than lanes?"
        )
    return Ledger(
        label=run.meta.label,
        n_workers=n_workers,
        window=window,
        n_attempts=len(attempts),
        excess_cpu=excess_cpu,
        uncounted=uncounted,
        notes=tuple(notes),
        _workers=seconds,
        _bins=moments,
        _series=np.maximum(series, 0.0),
        _agents=agents,
        _lost=_losses(fate, by_fate),
    )


def _fates(attempts: pd.DataFrame) -> np.ndarray:
    """Position in `parts.FATES` of each attempt."""
    fate = attempts[schema.STATUS].array.codes
    attempt = attempts[schema.ATTEMPT].to_numpy()
    if not (attempt > 1).any():
        return fate
    superseded = ~readiness.is_last(attempts) & (fate == 0)
    return np.where(superseded, parts.FATES.index(parts.SUPERSEDED), fate)


def _by_worker(attempts: pd.DataFrame, fate, nothing: spans.Spans, n_workers: int):
    """Each worker with its attempts that ran; all at once would not fit the caches."""
    times = (schema.STARTED, schema.ENDED, schema.CPU)
    started, ended, cpu = (attempts[column].to_numpy() for column in times)
    lane = attempts[schema.WORKER].to_numpy()
    ran = ~(np.isnan(started) | np.isnan(ended))
    if not ran.all():
        lane = np.where(ran, lane, -1)
    at_start = at_end = None
    if len(nothing.started) > _MANY:
        # Looked for in the order of time, neighbours are still in the caches.
        if not (started[1:] >= started[:-1]).all():
            order, started = spans.in_order(started)
            ended, cpu, lane = (values[order] for values in (ended, cpu, lane))
            fate = fate[order] if fate.any() else fate
        at_start = np.searchsorted(nothing.started, started)
        at_end = np.searchsorted(nothing.ended, ended, side="right")
    columns = (started, ended, cpu, fate, at_start, at_end)
    # Lanes of 16 bits are sorted by their digits, several times as fast.
    small = np.int16 if n_workers < np.iinfo(np.int16).max else lane.dtype
    order = np.argsort(lane.astype(small), kind="stable")
    counts = np.bincount(lane + 1, minlength=n_workers + 1)
    bounds = np.cumsum(counts)
    for worker in range(n_workers):
        rows = order[bounds[worker] : bounds[worker + 1]]
        picked = (values if values is None else values[rows] for values in columns)
        yield worker, lanes.Attempts(*picked)


def _starts(startups: pd.DataFrame) -> dict[int, spans.Spans]:
    """When processes of each worker were started, where both ends are known."""
    return {
        int(worker): spans.union(rows[schema.STARTED], rows[schema.ENDED])
        for worker, rows in startups.dropna().groupby(schema.WORKER)
    }


def _tells_of_starts(meta) -> bool:
    """Whether someone would have noted the start of a worker's process."""
    told = _TELLS_OF_STARTS.get(meta.source)
    return told is None or meta.backend in told


def _losses(fate: np.ndarray, seconds: np.ndarray) -> pd.DataFrame:
    counts = np.bincount(fate, minlength=len(parts.FATES))
    seen = [at for at in range(1, len(parts.FATES)) if counts[at]]
    return pd.DataFrame(
        {
            "why": schema.as_text([parts.FATES[at] for at in seen]),
            "n_attempts": counts[seen],
            "seconds": seconds[seen],
        }
    )


def _no_time(given) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "agent": schema.as_text(list(given)),
            "slots": np.array(list(given.values()), dtype=np.int64),
            **{name: np.zeros(len(given)) for name in (*parts.NAMES, "total")},
        }
    )
