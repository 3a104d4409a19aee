"""What a run achieved: seconds of work, and what they are shares of.

Knows the formulas and where they come from; refuses to know when anything ran.
"""

from __future__ import annotations

import numpy as np

from .arguments import positive, seconds


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
    return float(np.nansum(seconds("durations", durations)))


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
    durations = np.nan_to_num(seconds("durations", durations))
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
    return float(reference / positive("makespan", makespan))


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
    return float(speedup / positive("n_workers", n_workers))


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
    return float(busy.sum() / (len(busy) * positive("makespan", makespan)))


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
    return float(_busy(busy).max() / positive("makespan", makespan))


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
    return float(n_done / positive("makespan", makespan))


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
    return float(work / positive("reference", reference))


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
    return float(n_done / positive("n_tasks", n_tasks))


def _busy(values) -> np.ndarray:
    values = seconds("busy", values)
    if not len(values):
        raise ValueError("`busy` must hold a time for each worker; got no worker")
    return values
