"""Finding: the same tasks take longer than they did in the baseline.

Knows two durations of each task; refuses to know why they differ, but for whether it
is computing or waiting that takes longer.
"""

from __future__ import annotations

import numpy as np

from .. import schema, totals
from .results import POSSIBLE, Finding
from .thresholds import INFLATED
from .words import count, factor, seconds

_DONE = 0  # code of the status
_TOLD = 10  # tasks


class WorkInflation(Finding):
    """Tasks that are the same take longer: they, or something else, get in the way."""

    __slots__ = ()
    name = "work inflation"

    @classmethod
    def look(cls, case):
        """If the median task and all of them together take longer."""
        if case.baseline is None:
            return
        own, cpu = _of_tasks(case.run)
        other, other_cpu = _of_tasks(case.baseline)
        both = (own > 0) & (other > 0)
        if not both.any():
            return
        if not both.all():
            own, cpu, other, other_cpu = (
                np.where(both, each, 0.0) for each in (own, cpu, other, other_cpu)
            )
        total = float(own.sum() / other.sum())
        ratios = own / other if both.all() else own[both] / other[both]
        low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75], overwrite_input=True)
        if not total >= INFLATED or not middle >= INFLATED:
            return
        batch = case.replay.batch
        cured = other
        if not np.array_equal(batch.task, np.arange(len(other))) or not both.all():
            cured = np.where(both[batch.task], other[batch.task], batch.durations)
        predicted = case.replay.predicted(durations=cured)
        if not case.is_worth(predicted):
            return
        worst = _largest(np.where(both, own - other, -np.inf), _TOLD)
        tasks = tuple(worst[both[worst]].tolist())
        told, remedy = _cause(own, other, cpu, other_cpu)
        yield cls(
            evidence=(
                f"The same tasks took {factor(total)} as long as with "
                f"{count(case.baseline.meta.n_workers, 'worker')} (the median task "
                f"{factor(middle)}, half of them {factor(low)} to {factor(high)}), "
                f"{case.named(tasks[:1])} {seconds((own - other)[worst[0]])} longer. "
                f"{told}"
            ),
            remedy=remedy,
            makespan=case.makespan,
            predicted=predicted,
            sure=POSSIBLE,
            caveats=(
                *case.caveats(),
                "the prediction is for a cure that leaves nothing of it: it is the "
                "most to gain",
            ),
            tasks=tasks,
            numbers={"inflation": total, "median": float(middle)},
        )


def _largest(values: np.ndarray, n: int) -> np.ndarray:
    """Where the n largest are, the largest and of equals the first first."""
    if len(values) > n:
        least = np.partition(values, len(values) - n)[len(values) - n]
        at = np.flatnonzero(values >= least)
    else:
        at = np.arange(len(values))
    return at[np.argsort(-values[at], kind="stable")][:n]


def _of_tasks(run) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and CPU seconds of each task that is done; NaN of the others."""
    frame = run.attempts
    rows = totals.last_attempt_rows(frame)
    took = (frame[schema.ENDED] - frame[schema.STARTED]).to_numpy()[rows]
    is_done = frame[schema.STATUS].array.codes[rows] == _DONE
    return np.where(is_done, took, np.nan), frame[schema.CPU].to_numpy()[rows]


def _cause(own, other, cpu, other_cpu) -> tuple[str, str]:
    """What takes longer, computing or waiting, and what to do about it."""
    mine, theirs = cpu.sum(), other_cpu.sum()
    if np.isnan(mine) or np.isnan(theirs):
        return (
            "Nobody measured the CPU time of both, so whether they compute or wait "
            "for longer is not known.",
            "Look for what tasks share: caches, memory, disks, locks, cores.",
        )
    longer = own.sum() - other.sum()
    if mine - theirs >= longer / 2:
        return (
            f"They compute for longer: {factor(mine / theirs)} the CPU time.",
            "Look for what slows cores down: shared caches and memory bandwidth, "
            "a lower clock under load, threads that spin. Fewer workers, or tasks that "
            "touch less memory.",
        )
    return (
        "They wait for longer; their CPU time is "
        f"{factor(mine / theirs) if theirs > 0 else 'next to nothing'}.",
        "Look for what they wait for: disks, networks, locks, or cores that other "
        "processes had.",
    )
