"""Finding: fewer workers would take as long.

Knows how long each number of workers takes; refuses to know what a worker costs.
"""

from __future__ import annotations

import math

import numpy as np

from .results import LIKELY, Finding
from .thresholds import AS_GOOD, IDLE
from .words import count, percent, seconds

_TRIED = 64  # numbers of workers


def _fewest(replay, counts: list[int], enough: float) -> tuple[int, float]:
    """The first of ascending counts that takes no longer, and its seconds; else 0.

    Where tasks wait for each other each count costs a schedule: not all are made, as
    more workers take no longer, by and large.
    """
    if replay.batch.is_independent and not replay.batch.is_limited(counts[0]):
        took = replay.of_counts(counts)
        good = np.flatnonzero(took <= enough)
        return (counts[good[0]], float(took[good[0]])) if len(good) else (0, 0.0)
    found, low, high = (0, 0.0), 0, len(counts)
    while low < high:
        middle = (low + high) // 2
        took = float(replay.of_counts([counts[middle]])[0])
        if took <= enough:
            found, high = (counts[middle], took), middle
        else:
            low = middle + 1
    return found


class TooManyWorkers(Finding):
    """More workers than the tasks can keep busy."""

    __slots__ = ()
    name = "too many workers"

    @classmethod
    def look(cls, case):
        """If fewer are as good as these in their best order."""
        n_workers = case.n_workers
        if n_workers == 1 or not case.idle >= IDLE:
            return
        replay = case.replay
        best = replay.model
        if replay.batch.is_independent:
            best = min(best, replay.seconds(order="longest_first"))
        least = max(math.ceil(case.work / (AS_GOOD * best)), 1)
        if least >= n_workers:
            return
        spaced = np.linspace(least, n_workers - 1, min(n_workers - least, _TRIED))
        counts = np.unique(spaced.astype(int)).tolist()
        useful, took = _fewest(replay, counts, AS_GOOD * best)
        if not useful:
            return
        predicted = replay.of_model(took)
        spared = n_workers * case.makespan - useful * predicted
        yield cls(
            evidence=(
                f"Workers were idle {percent(case.idle)} of the time. {useful:,} of "
                f"{n_workers:,} take {seconds(predicted)} for the same tasks."
            ),
            remedy=(
                f"`n_jobs={useful}` is the most that is of use: it spares "
                f"{seconds(spared)} of worker time. Or cure what keeps "
                f"{count(n_workers, 'worker')} from working."
            ),
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY,
            caveats=case.caveats(),
            numbers={
                "idle": case.idle,
                "useful_workers": useful,
                "spared_worker_seconds": spared,
            },
        )
