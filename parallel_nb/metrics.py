"""Floor 1: what a parallel run achieved, as functions of plain arrays.

Knows the formulas and where they come from; refuses to know frames, Runs and how a
number is shown. All times are float64 seconds; NaN stands for "unknown" and is left out
where said.
"""

from __future__ import annotations

import heapq

import numpy as np


def work(durations) -> float:
    """Seconds spent inside attempts, all workers together.

    Parameters
    ----------
    durations : array of shape (n_attempts,)
        Seconds; NaN (never ran) counts as nothing.

    References
    ----------
    Cormen, Leiserson, Rivest, Stein, *Introduction to Algorithms*, "Multithreaded
    Algorithms": the work of a computation, T_1.

    Examples
    --------
    >>> work([4.0, 2.0])
    6.0
    """
    return float(np.nansum(_seconds("durations", durations)))


def span(durations, edges=()) -> float:
    """Seconds of the longest dependency chain: no number of workers can beat it.

    Parameters
    ----------
    durations : array of shape (n_tasks,)
        Seconds of each task; NaN (never ran) counts as nothing.
    edges : array of shape (n_edges, 2), optional
        Rows (task, after): `task` may start once `after` has ended. Without any, the
        tasks are independent and the span is the longest of them.

    Raises
    ------
    ValueError
        If an edge points outside the tasks, or the tasks wait for each other in a
        circle.

    References
    ----------
    Cormen, Leiserson, Rivest, Stein, *Introduction to Algorithms*, "Multithreaded
    Algorithms": the span, T_infinity.

    Examples
    --------
    >>> span([4.0, 2.0, 3.0])
    4.0
    >>> span([4.0, 2.0, 3.0], edges=[(2, 1)])
    5.0
    """
    lengths = np.nan_to_num(_seconds("durations", durations))
    if not len(lengths):
        return 0.0
    edges = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    if not len(edges):
        return float(lengths.max())
    finish = lengths.tolist()
    begin = [0.0] * len(finish)
    for task, followers in in_dependency_order(len(finish), edges):
        finish[task] += begin[task]
        for follower in followers:
            begin[follower] = max(begin[follower], finish[task])
    return max(finish)


def in_dependency_order(n_tasks: int, edges):
    """Pairs (task, tasks waiting for it), each task after all that it waits for.

    Parameters
    ----------
    n_tasks : int
        Tasks are 0 ... n_tasks - 1.
    edges : int array of shape (n_edges, 2)
        Rows (task, after).

    Raises
    ------
    ValueError
        If an edge points outside the tasks, or the tasks wait for each other in a
        circle.

    References
    ----------
    Kahn, "Topological sorting of large networks", *Communications of the ACM* 5(11),
    1962.

    Examples
    --------
    >>> [task for task, _ in in_dependency_order(3, [(0, 2), (1, 0)])]
    [2, 0, 1]
    """
    edges = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    if len(edges) and (edges.min() < 0 or edges.max() >= n_tasks):
        raise ValueError(
            f"`edges` must point at tasks 0 ... {n_tasks - 1}; got "
            f"{edges.min()} ... {edges.max()}"
        )
    by_after = edges[np.argsort(edges[:, 1], kind="stable")]
    waiting = by_after[:, 0].tolist()
    bounds = np.searchsorted(by_after[:, 1], np.arange(n_tasks + 1)).tolist()
    unmet = np.bincount(edges[:, 0], minlength=n_tasks).tolist()
    ready = [task for task in range(n_tasks) if not unmet[task]]
    for task in ready:
        followers = waiting[bounds[task] : bounds[task + 1]]
        for follower in followers:
            unmet[follower] -= 1
            if not unmet[follower]:
                ready.append(follower)
        yield task, followers
    if len(ready) < n_tasks:
        stuck = [task for task in range(n_tasks) if unmet[task]]
        listed = ", ".join(map(str, stuck[:5])) + (", ..." if len(stuck) > 5 else "")
        raise ValueError(f"`edges` lets tasks wait in a circle: among tasks {listed}")


def makespan(ended, submitted) -> float:
    """Seconds from the first submission to the last end.

    Parameters
    ----------
    ended, submitted : arrays of any length
        Seconds since one common zero; NaN (unknown) is left out.

    Raises
    ------
    ValueError
        If nothing was submitted or nothing ended.

    References
    ----------
    Graham, "Bounds on multiprocessing timing anomalies", *SIAM Journal on Applied
    Mathematics* 17(2), 1969: a schedule's finishing time, at least
    max(work / n_workers, span).

    Examples
    --------
    >>> makespan(ended=[3.0, 5.0], submitted=[1.0, 1.0])
    4.0
    """
    ended, submitted = np.asarray(ended, float), np.asarray(submitted, float)
    if np.isnan(ended).all() or np.isnan(submitted).all():
        raise ValueError(
            "`ended` and `submitted` must each hold a known time; got none, so there "
            "is no makespan"
        )
    return float(np.nanmax(ended) - np.nanmin(submitted))


def busy(durations, worker, n_workers: int) -> np.ndarray:
    """Seconds that each worker spent inside attempts.

    Parameters
    ----------
    durations : array of shape (n_attempts,)
        Seconds; NaN (never ran) counts as nothing.
    worker : int array of shape (n_attempts,)
        The lane of each attempt, 0 ... n_workers - 1; -1 (no lane) counts for nobody.
    n_workers : int
        Lanes there were, idle ones included.

    Returns
    -------
    array of shape (n_workers,)
        Zeros for idle workers. Attempts that overlap in one lane count in full.

    Raises
    ------
    ValueError
        If a lane is not below `n_workers`.

    Examples
    --------
    >>> busy([4.0, 2.0, 1.0], worker=[0, 1, 1], n_workers=3)
    array([4., 3., 0.])
    """
    durations = np.nan_to_num(_seconds("durations", durations))
    worker = np.asarray(worker)
    if len(worker) and worker.max() >= n_workers:
        raise ValueError(
            f"`worker` must be below `n_workers` = {n_workers}; got {worker.max()}"
        )
    on_lane = worker >= 0
    if not on_lane.all():
        durations, worker = durations[on_lane], worker[on_lane]
    if not len(worker):
        return np.zeros(n_workers)
    return np.bincount(worker, weights=durations, minlength=n_workers)


def speedup(reference: float, makespan: float) -> float:
    """How many times faster than one worker.

    Parameters
    ----------
    reference : float
        T_1, the makespan of the same batch under one worker, in seconds. Where it was
        not measured, the work of the parallel run stands in; call the result
        *estimated* then.
    makespan : float
        T_n, in seconds.

    Raises
    ------
    ValueError
        If `makespan` is not positive.

    References
    ----------
    Eager, Zahorjan, Lazowska, "Speedup versus efficiency in parallel systems", *IEEE
    Transactions on Computers* 38(3), 1989.

    Examples
    --------
    >>> speedup(6.0, 4.0)
    1.5
    """
    return float(reference / _positive("makespan", makespan))


def efficiency(speedup: float, n_workers: int) -> float:
    """Speedup that each worker contributes; 1.0 is a perfect split.

    Raises
    ------
    ValueError
        If `n_workers` is not positive.

    References
    ----------
    Eager, Zahorjan, Lazowska, 1989, as for `speedup`. POP Centre of Excellence,
    *Standard Metrics*, "Global Efficiency".

    Examples
    --------
    >>> efficiency(1.5, 2)
    0.75
    """
    return float(speedup / _positive("n_workers", n_workers))


def utilization(busy, makespan: float) -> float:
    """Share of the worker-seconds paid for that went into attempts.

    Equals `load_balance` x `dispatch_efficiency`.

    Parameters
    ----------
    busy : array of shape (n_workers,)
        Seconds worked by each worker, zeros included.
    makespan : float
        Seconds.

    Raises
    ------
    ValueError
        If `busy` is empty or negative, or `makespan` is not positive.

    References
    ----------
    POP Centre of Excellence, *Standard Metrics*, "Parallel Efficiency".

    Examples
    --------
    >>> utilization([4.0, 2.0], makespan=4.0)
    0.75
    """
    busy = _busy(busy)
    return float(busy.sum() / (len(busy) * _positive("makespan", makespan)))


def load_balance(busy) -> float:
    """Mean over maximum busy time; 1.0 means no worker waited for another.

    Parameters
    ----------
    busy : array of shape (n_workers,)
        Seconds worked by each worker, zeros included.

    Raises
    ------
    ValueError
        If `busy` is empty, negative or all zero.

    References
    ----------
    POP Centre of Excellence, *Standard Metrics*, "Load Balance Efficiency".

    Examples
    --------
    >>> load_balance([4.0, 2.0])
    0.75
    """
    busy = _busy(busy)
    longest = busy.max()
    if not longest > 0:
        raise ValueError("`busy` must hold a positive time; got only zeros")
    return float(busy.sum() / (len(busy) * longest))


def dispatch_efficiency(busy, makespan: float) -> float:
    """Share of the makespan that the busiest worker spent inside attempts.

    What is missing to 1.0 went into starting up, handing over and waiting for the
    parent: time that a better balance would not bring back.

    Parameters
    ----------
    busy : array of shape (n_workers,)
        Seconds worked by each worker, zeros included.
    makespan : float
        Seconds.

    Raises
    ------
    ValueError
        If `busy` is empty or negative, or `makespan` is not positive.

    References
    ----------
    POP Centre of Excellence, *Standard Metrics*, "Communication Efficiency":
    there the maximum over processes of useful time / runtime, whatever kept the process
    from useful work.

    Examples
    --------
    >>> dispatch_efficiency([4.0, 2.0], makespan=5.0)
    0.8
    """
    return float(_busy(busy).max() / _positive("makespan", makespan))


def throughput(n_done: int, makespan: float) -> float:
    """Tasks done per second.

    Raises
    ------
    ValueError
        If `makespan` is not positive.

    Examples
    --------
    >>> throughput(12, makespan=4.0)
    3.0
    """
    return float(n_done / _positive("makespan", makespan))


def work_inflation(work: float, reference: float) -> float:
    """How many times more work the same batch is under n workers than under one.

    Above 1.0 the workers get in each other's way: caches, memory bandwidth, clock
    speed, the GIL. `efficiency` = `utilization` / `work_inflation`.

    Parameters
    ----------
    work : float
        Seconds inside attempts under n workers.
    reference : float
        T_1: seconds of the same batch under one worker.

    Raises
    ------
    ValueError
        If `reference` is not positive.

    References
    ----------
    Olivier, de Supinski, Schulz, Prins, "Characterizing and mitigating work
    time inflation in task parallel programs", *SC '12*, 2012. The reciprocal of
    "Computation Scaling" in POP Centre of Excellence, *Standard Metrics*.

    Examples
    --------
    >>> work_inflation(6.0, reference=4.0)
    1.5
    """
    return float(work / _positive("reference", reference))


def success_rate(n_done: int, n_tasks: int) -> float:
    """Share of the tasks that are done.

    Raises
    ------
    ValueError
        If `n_tasks` is not positive.

    Examples
    --------
    >>> success_rate(9, 12)
    0.75
    """
    return float(n_done / _positive("n_tasks", n_tasks))


def concurrency(started, ended) -> tuple[np.ndarray, np.ndarray]:
    """How many attempts ran at any time, exactly.

    Parameters
    ----------
    started, ended : arrays of shape (n_attempts,)
        Seconds. An attempt runs from `started` until just before `ended`; rows with NaN
        in either are left out.

    Returns
    -------
    times : array of shape (n_times,)
        Every moment at which an attempt started or ended, ascending, each once.
    counts : int array of shape (n_times,)
        Attempts running from that moment until the next; the last is 0.

    Raises
    ------
    ValueError
        If an attempt ends before it starts.

    References
    ----------
    The integral of the step function is the work, so its mean over the
    makespan is work / makespan: Little, "A proof for the queuing formula L = lambda W",
    *Operations Research* 9(3), 1961.

    Examples
    --------
    >>> times, counts = concurrency([0.0, 1.0], [4.0, 3.0])
    >>> times
    array([0., 1., 3., 4.])
    >>> counts
    array([1, 2, 1, 0])
    """
    started, ended = _intervals(started, ended)
    started, ended = np.sort(started), np.sort(ended)
    times = np.unique(np.concatenate([started, ended]))
    counts = np.searchsorted(started, times, side="right") - np.searchsorted(
        ended, times, side="right"
    )
    return times, counts


def utilization_series(started, ended, n_workers: int, edges) -> np.ndarray:
    """Utilization within each bin of time, exactly: every attempt counts where it ran.

    Parameters
    ----------
    started, ended : arrays of shape (n_attempts,)
        Seconds; rows with NaN in either are left out.
    n_workers : int
        Lanes there were.
    edges : array of shape (n_bins + 1,)
        Strictly ascending seconds.

    Returns
    -------
    array of shape (n_bins,)
        Share of n_workers x bin width that went into attempts. Above 1.0 only where
        attempts overlap in one lane.

    Raises
    ------
    ValueError
        If `edges` are not ascending, `n_workers` is not positive, or an attempt ends
        before it starts.

    Examples
    --------
    >>> utilization_series([0.0, 1.0], [4.0, 3.0], n_workers=2, edges=[0.0, 2.0, 4.0])
    array([0.75, 0.75])
    """
    edges = np.asarray(edges, dtype=float)
    widths = np.diff(edges)
    if edges.ndim != 1 or len(edges) < 2 or not (widths > 0).all():
        raise ValueError(
            "`edges` must be at least two strictly ascending times; got "
            f"{np.array2string(edges, threshold=6, edgeitems=3)}"
        )
    started, ended = _intervals(started, ended)
    started = np.clip(started, edges[0], edges[-1])
    ended = np.clip(ended, edges[0], edges[-1])
    inside = ended > started
    started, ended = started[inside], ended[inside]
    n_bins = len(widths)
    first = np.searchsorted(edges, started, side="right") - 1
    last = np.searchsorted(edges, ended, side="left") - 1
    within = first == last
    covered = np.zeros(n_bins)
    covered += np.bincount(first[within], (ended - started)[within], n_bins)
    first, last = first[~within], last[~within]
    covered += np.bincount(first, edges[first + 1] - started[~within], n_bins)
    covered += np.bincount(last, ended[~within] - edges[last], n_bins)
    # Whole bins are counted, not added up: a sum of widths would drift.
    whole = np.bincount(first + 1, minlength=n_bins) - np.bincount(
        last, minlength=n_bins
    )
    covered += np.cumsum(whole) * widths
    return covered / (_positive("n_workers", n_workers) * widths)


def colour_lanes(started, ended) -> np.ndarray:
    """A lane for each attempt such that none overlaps another in its lane.

    The fewest lanes possible are used: as many as attempts ever ran at once. Attempts
    are taken by start, each gets the lowest lane that is free.

    Parameters
    ----------
    started, ended : arrays of shape (n_attempts,)
        Seconds. An attempt may start when another ends; rows with NaN in either never
        ran.

    Returns
    -------
    int32 array of shape (n_attempts,)
        Lanes from 0; -1 for rows that never ran.

    Raises
    ------
    ValueError
        If an attempt ends before it starts.

    References
    ----------
    Kleinberg, Tardos, *Algorithm Design*, "Scheduling to Partition Intervals".

    Examples
    --------
    >>> colour_lanes([0.0, 1.0, 2.0], [2.0, 4.0, 3.0])
    array([0, 1, 0], dtype=int32)
    """
    started, ended = np.asarray(started, float), np.asarray(ended, float)
    ran = ~(np.isnan(started) | np.isnan(ended))
    begin, end = _intervals(started, ended)
    order = np.lexsort([end, begin])
    colours = np.empty(len(begin), dtype=np.int32)
    occupied: list[tuple[float, int]] = []  # (until, lane)
    free: list[int] = []
    for row, at, until in zip(
        order.tolist(), begin[order].tolist(), end[order].tolist(), strict=True
    ):
        while occupied and occupied[0][0] <= at:
            heapq.heappush(free, heapq.heappop(occupied)[1])
        lane = heapq.heappop(free) if free else len(occupied)
        colours[row] = lane
        heapq.heappush(occupied, (until, lane))
    lanes = np.full(len(started), -1, dtype=np.int32)
    lanes[ran] = colours
    return lanes


def _seconds(parameter: str, values) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if (values < 0).any():
        raise ValueError(f"`{parameter}` must not be negative; got {np.nanmin(values)}")
    return values


def _busy(values) -> np.ndarray:
    values = _seconds("busy", values)
    if not len(values):
        raise ValueError("`busy` must hold a time for each worker; got no worker")
    return values


def _positive(parameter: str, value: float) -> float:
    if not value > 0:
        raise ValueError(f"`{parameter}` must be positive; got {value}")
    return value


def _intervals(started, ended) -> tuple[np.ndarray, np.ndarray]:
    started, ended = np.asarray(started, float), np.asarray(ended, float)
    ran = ~(np.isnan(started) | np.isnan(ended))
    if not ran.all():
        started, ended = started[ran], ended[ran]
    backwards = ended < started
    if backwards.any():
        row = int(np.argmax(backwards))
        raise ValueError(
            f"`ended` must not be before `started`; got {ended[row]} < {started[row]}"
        )
    return started, ended
