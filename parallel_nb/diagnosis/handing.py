"""Findings: what is handed over at once is too little, or too much.

Knows the price of handing over beside the work that it brings; refuses to know who
sets the size of chunks.
"""

from __future__ import annotations

import math

import numpy as np

from ..simulation import Dispatch
from .results import LIKELY, POSSIBLE, Finding
from .thresholds import AS_GOOD, NOTABLE, OVERHEAD, TOO_MUCH
from .words import count, percent, seconds


def _is_free(case) -> bool:
    """Whether attempts could travel together in any way."""
    batch = case.replay.batch
    return batch.is_independent and not batch.is_limited(case.n_workers)


def _mean_chunk(batch) -> float:
    if batch.chunk is None:
        return 1.0
    return len(batch.chunk) / max(np.count_nonzero(np.bincount(batch.chunk)), 1)


def _adapts(case) -> bool:
    """Whether someone sends as many at a time as it takes, and few only at the end.

    What is left to gain is then little, and differs from run to run by as much.
    """
    return case.run.meta.source == "run" and _mean_chunk(case.replay.batch) > 1


class TasksTooSmall(Finding):
    """Handing tasks over takes long beside the work in them."""

    __slots__ = ()
    name = "tasks too small for dispatch"

    @classmethod
    def lacking(cls, case) -> str:
        """Whether it was noted when tasks could be begun."""
        if case.has_ready:
            return ""
        return "handing over, as nobody noted when tasks could be begun"

    @classmethod
    def look(cls, case):
        """If gaps between tasks are long beside these, and fewer of them would show."""
        share, n = case.shares["dispatch"], len(case.rows)
        if not share >= NOTABLE or n < 2:
            return
        gaps = case.replay.batch.dispatch
        typical = case.work / n
        if not gaps.mean > 0 or gaps.mean < TOO_MUCH * typical:
            return  # that worker time is idle for another reason
        size, predicted = _together(case, typical)
        remedy = _AT_BEST if not size else _in_a_loop(case, size, typical)
        # What a plain loop takes is known, whatever the model makes of handing over.
        is_plain = case.work <= predicted or not case.is_worth(predicted)
        if size and is_plain:
            size, predicted, remedy = n, case.work, _plain(case)
        if not case.is_worth(predicted):
            return
        if _adapts(case) and not case.makespan - predicted >= NOTABLE * case.makespan:
            return
        yield cls(
            evidence=(
                f"{percent(share)} of the worker time passed idle while tasks could be "
                f"begun. A task takes {seconds(typical)} on average, and "
                f"{seconds(gaps.mean)} pass between two of a worker's."
            ),
            remedy=remedy,
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY if size else POSSIBLE,
            caveats=case.caveats(),
            numbers={
                "share": share,
                "dispatch": gaps.mean,
                "typical": typical,
                "batch_size": size,
            },
        )


def _together(case, typical: float) -> tuple[int, float]:
    """How many tasks to make one of, 0 if nobody knows, and what it would take then."""
    batch, gaps = case.replay.batch, case.replay.batch.dispatch
    if not _is_free(case):
        return 0, case.replay.predicted(dispatch=Dispatch())
    between = max(gaps.between, gaps.within)
    most = math.ceil(len(batch.durations) / case.n_workers)
    enough = between / (OVERHEAD * typical) if typical > 0 else most
    size = max(min(math.ceil(enough), most), 1)
    merged = Dispatch(between, 0.0, 1, 0)
    return size, case.replay.predicted(dispatch=merged, chunks=size)


def _in_a_loop(case, size: int, typical: float) -> str:
    gaps = case.replay.batch.dispatch
    between = max(gaps.between, gaps.within)
    share = percent(between / (between + size * typical))
    return (
        f"Let one task do {size:,} of them in a loop: handing over then is {share} of "
        "a worker's time."
    )


def _plain(case) -> str:
    return (
        f"A plain loop, or `n_jobs=1`, does all of it: that is {seconds(case.work)} of "
        f"work, and this run took {seconds(case.makespan)}."
    )


_AT_BEST = (
    "Do more in one task. How many go together depends on who waits for whom; the "
    "prediction is for no time between tasks, so it is the most to gain."
)


class ChunksTooLarge(Finding):
    """Some workers still had tasks of their chunk while others had none to take."""

    __slots__ = ()
    name = "chunks too large"

    @classmethod
    def look(cls, case):
        """If smaller chunks would end sooner, each at its measured price."""
        share = case.shares["tail"]
        if not share >= NOTABLE or not _is_free(case):
            return
        mean = _mean_chunk(case.replay.batch)
        if mean < 2:
            return
        sizes = [1]
        while sizes[-1] * 2 < mean:
            sizes.append(sizes[-1] * 2)
        found = {size: case.replay.seconds(chunks=size) for size in sizes}
        least = min(found.values())
        size = max(size for size in sizes if found[size] <= AS_GOOD * least)
        predicted = case.replay.of_model(found[size])
        if not case.is_worth(predicted):
            return
        yield cls(
            evidence=(
                f"Tasks travelled in chunks of {mean:.3g} on average, and "
                f"{percent(share)} of the worker time passed after a worker's last "
                "task while others still had some."
            ),
            remedy=(
                f"Send {count(size, 'task')} at a time: `batch_size={size}` for joblib."
            ),
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY,
            caveats=case.caveats(),
            numbers={"share": share, "mean_chunk": mean, "batch_size": size},
        )
