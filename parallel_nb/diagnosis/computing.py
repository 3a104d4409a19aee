"""Findings: more would compute at once than can.

Knows CPU seconds beside wall seconds; refuses to know what computes. A thread's CPU
time is its own, a process's is that of all its threads: which one `cpu` is depends on
the backend.
"""

from __future__ import annotations

import math

import numpy as np

from .. import schema
from ..simulation.batches import batch_of
from .results import LIKELY, POSSIBLE, Finding
from .thresholds import COMPUTES, INFLATED, INNER, ONE_CORE, SATURATED, SEVERAL
from .words import count, percent

_THREADS = "threading"  # the backend whose workers share one interpreter


def share_of_cpu(run) -> float:
    """CPU seconds of a Run's attempts / seconds inside them; NaN if not measured."""
    frame = run.attempts
    took = (frame[schema.ENDED] - frame[schema.STARTED]).to_numpy()
    cpu = frame[schema.CPU].to_numpy()
    ran = ~np.isnan(took)
    total = took[ran].sum()
    return float(cpu[ran].sum() / total) if total > 0 else np.nan


class HeldByTheGIL(Finding):
    """Threads of one interpreter compute in turns."""

    __slots__ = ()
    name = "held by the GIL"

    @classmethod
    def lacking(cls, case) -> str:
        """Whether CPU time and cores are known, of threads."""
        if case.run.meta.backend != _THREADS or case.n_workers == 1:
            return ""
        if not case.has_cpu:
            return "the GIL, as nobody measured CPU time"
        if not case.cores:
            return "the GIL, as nobody knows how many cores there were"
        return ""

    @classmethod
    def look(cls, case):
        """If several threads had one core together; likely if a baseline had more."""
        if case.run.meta.backend != _THREADS or case.n_workers == 1:
            return
        if not case.is_computing_matter:
            return
        used, at_once = case.cores_used, case.concurrency
        alone = np.nan if case.baseline is None else share_of_cpu(case.baseline)
        if case.cores < 2 or not at_once >= SEVERAL or alone < COMPUTES:
            return
        # As much as one thread had: a whole core, or what others left of it.
        as_one = used / min(1.0, np.nan_to_num(alone, nan=1.0))
        if not ONE_CORE[0] <= as_one <= ONE_CORE[1]:
            return
        replay, n_workers = case.replay, min(case.n_workers, case.cores)
        predicted = replay.predicted(n_workers=n_workers, durations=case.cpu)
        if not case.is_worth(predicted):
            return
        share = case.cpu_share
        is_sure = alone >= INFLATED * share
        told = (
            f"{at_once:.2g} threads were inside attempts at once, and together they "
            f"had one core's worth of CPU time ({used:.2g}): {percent(share)} of each "
            f"attempt was computing, the rest was waiting."
        )
        if is_sure:
            workers = count(case.baseline.meta.n_workers, "worker")
            told += f" In the baseline, with {workers}, it was {percent(alone)}."
        caveats = [*case.caveats(), "starting the processes is not in the prediction"]
        if not is_sure:
            caveats.append(
                "a lock, or other processes on the cores, would look the same: a "
                "baseline with one worker would tell"
            )
        yield cls(
            evidence=told,
            remedy=(
                'Use processes: `backend="isolated"`, or "loky". Threads help only '
                "where tasks wait, or release the GIL."
            ),
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY if is_sure else POSSIBLE,
            caveats=tuple(caveats),
            numbers={"cores_used": used, "at_once": at_once, "cpu_share": share},
        )


class Oversubscribed(Finding):
    """More threads compute than there are cores."""

    __slots__ = ()
    name = "oversubscribed"

    @classmethod
    def lacking(cls, case) -> str:
        """Whether CPU time and cores are known."""
        if case.n_workers == 1:
            return ""
        if not case.has_cpu:
            return "oversubscription, as nobody measured CPU time"
        if not case.cores:
            return "oversubscription, as nobody knows how many cores there were"
        return ""

    @classmethod
    def look(cls, case):
        """If all cores were busy, and more threads than cores computed."""
        if case.n_workers == 1:
            return
        alone = np.nan if case.baseline is None else share_of_cpu(case.baseline)
        inner = case.cpu_share
        if case.run.meta.backend != _THREADS:
            inner = np.fmax(inner, alone)
        if not inner >= INNER and case.n_workers <= case.cores:
            return
        if not case.is_computing_matter:
            return
        is_full = case.cores_used >= SATURATED * case.cores
        if inner >= INNER:
            if is_full and inner * case.concurrency > INFLATED * case.cores:
                yield cls._of_inner_threads(case, float(inner))
        elif is_full or not np.isnan(alone):
            yield from cls._of_workers(case, alone)

    @classmethod
    def _of_inner_threads(cls, case, inner: float):
        n_threads = max(case.cores // case.n_workers, 1)
        n_workers = min(case.n_workers, case.cores)
        cpu, caveats = case.cpu, [*case.caveats()]
        if case.baseline is not None:
            cpu = np.minimum(cpu, _cpu_of(case.baseline, case))
        else:
            caveats.append(
                "threads that spin while they wait count as computing: a baseline with "
                "one worker would tell how much that costs"
            )
        predicted = case.replay.predicted(
            n_workers=n_workers, durations=cpu / n_threads
        )
        return cls(
            evidence=(
                f"Each task computes with {inner:.2g} threads, so "
                f"{count(case.n_workers, 'worker')} have "
                f"{inner * case.n_workers:.3g} on {count(case.cores, 'core')}."
            ),
            remedy=(
                f"Allow each worker {count(n_threads, 'thread')}: "
                f"`threadpoolctl.threadpool_limits({n_threads})` in the task, or "
                f"`OMP_NUM_THREADS={n_threads}` before workers start."
            ),
            makespan=case.makespan,
            predicted=min(predicted, case.makespan),
            sure=POSSIBLE,
            caveats=tuple(caveats),
            numbers={"inner_threads": inner, "cores": case.cores},
        )

    @classmethod
    def _of_workers(cls, case, alone: float):
        # Where tasks also wait of their own accord, a core serves several workers.
        share = min(1.0, np.nan_to_num(alone, nan=1.0))
        useful = math.ceil(case.cores / share) if share > 0 else case.n_workers
        if share * case.concurrency <= INFLATED * case.cores:
            return
        if useful >= case.n_workers:
            return
        predicted = case.replay.predicted(n_workers=useful, durations=case.cpu / share)
        told = (
            f"{case.concurrency:.2g} attempts went on at once on "
            f"{count(case.cores, 'core')}: each had a core {percent(case.cpu_share)} "
            "of its time."
        )
        caveats = case.caveats()
        if np.isnan(alone):
            caveats += (
                "tasks that wait now and then would look the same, and gain by more "
                "workers: a baseline with one worker would tell",
            )
        else:
            workers = count(case.baseline.meta.n_workers, "worker")
            told += f" In the baseline, with {workers}, it was {percent(alone)}."
        yield cls(
            evidence=told,
            remedy=f"`n_jobs={useful}`: more workers only take turns on the cores.",
            makespan=case.makespan,
            predicted=min(predicted, case.makespan),
            sure=POSSIBLE if np.isnan(alone) else LIKELY,
            caveats=caveats,
            numbers={
                "at_once": case.concurrency,
                "cores": case.cores,
                "useful_workers": useful,
            },
        )


def _cpu_of(baseline, case) -> np.ndarray:
    """CPU seconds in the baseline of the task of each attempt; own where unknown."""
    other = batch_of(baseline)
    cpu = np.full(case.run.n_tasks, np.nan)
    cpu[other.task] = baseline.attempts[schema.CPU].to_numpy()[other.rows]
    cpu = cpu[case.replay.batch.task]
    return np.where(np.isnan(cpu), case.cpu, cpu)
