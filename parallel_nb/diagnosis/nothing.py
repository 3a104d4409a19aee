"""Findings for want of others: nothing ran, or nothing is to be gained.

Knows the limit that the run has come close to; refuses to know any remedy.
"""

from __future__ import annotations

import math

from .. import scheduling
from .results import LIKELY, SURE, Finding
from .words import count, percent, seconds


class NothingRan(Finding):
    """No attempt took any time."""

    __slots__ = ()
    name = "nothing ran"

    @classmethod
    def of(cls, makespan: float):
        """The finding of a Run in which nothing took any time."""
        return cls(
            evidence="No attempt is known to have taken any time.",
            remedy="",
            makespan=makespan,
            predicted=makespan,
            sure=SURE,
        )


class NothingToGain(Finding):
    """No remedy known here would make a difference that can be seen."""

    __slots__ = ()
    name = "nothing to gain"

    @classmethod
    def of(cls, case):
        """The finding of a Run that has no others, and what more workers would do."""
        batch, n_workers = case.replay.batch, case.n_workers
        span = float(batch.durations.max(initial=0.0))
        if len(batch.after):
            paths = scheduling.longest_paths(batch.durations, batch.after)
            span = float(paths.max(initial=0.0))
        least = float(scheduling.lower_bound(case.work, span, n_workers))
        busy = min(case.work / (n_workers * case.makespan), 1.0)
        return cls(
            evidence=(
                f"Workers were inside attempts {percent(busy)} of the time: this run "
                f"took {seconds(case.makespan)}, and no schedule of these attempts on "
                f"{count(n_workers, 'worker')} takes less than {seconds(least)}."
            ),
            remedy=_remedy(case),
            makespan=case.makespan,
            predicted=case.makespan,
            sure=LIKELY,
            caveats=case.caveats(),
            numbers={"busy": busy, "lower_bound": least},
        )


def _remedy(case) -> str:
    more = 2 * case.n_workers
    told = "Only less work or more workers make it shorter"
    then = case.replay.of_model(float(case.replay.of_counts([more])[0]))
    if not case.is_worth(then):
        return "Only shorter tasks make it shorter."
    asked = float(case.cpu.sum()) / then  # cores, if each task is as busy as it was
    if case.cores and asked > case.cores:
        return f"{told}; {more:,} would have to share {count(case.cores, 'core')}."
    if math.isnan(asked) and 0 < case.cores < more:
        told += f", if they need not share {count(case.cores, 'core')}"
    return f"{told}: {more:,} would take {seconds(then)}."
