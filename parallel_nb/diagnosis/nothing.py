"""Findings for want of others: nothing ran, or nothing is to be gained.

Knows the limit that the run has come close to; refuses to know any remedy.
"""

from __future__ import annotations

import math

import numpy as np

from .. import scheduling
from .results import LIKELY, SURE, Finding
from .thresholds import AS_GOOD, WORTH
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
        n_workers, span = case.n_workers, case.span
        least = float(scheduling.lower_bound(case.work, span, n_workers))
        busy = min(case.work / (n_workers * case.makespan), 1.0)
        return cls(
            evidence=(
                f"Workers were inside attempts {percent(busy)} of the time: this run "
                f"took {seconds(case.makespan)}, and no schedule of these attempts on "
                f"{count(n_workers, 'worker')} takes less than {seconds(least)}."
            ),
            remedy=_remedy(case, span),
            makespan=case.makespan,
            predicted=case.makespan,
            sure=LIKELY,
            caveats=case.caveats(),
            numbers={"busy": busy, "lower_bound": least},
        )


def _with(case, span: float, n_workers: int) -> float:
    """Seconds on so many workers: by bounds where these agree, or scheduled again."""
    counts = np.array([case.n_workers, n_workers])
    least = scheduling.lower_bound(case.work, span, counts)
    most = scheduling.graham_bound(case.work, span, counts)
    if not case.run.meta.agents and (most <= AS_GOOD * least).all():
        return case.makespan * float(least[1] / least[0])
    return case.replay.of_model(float(case.replay.of_counts([n_workers])[0]))


def _remedy(case, span: float) -> str:
    more = 2 * case.n_workers
    told = "Only less work or more workers make it shorter"
    then = _with(case, span, more)
    if not case.makespan - then >= WORTH * case.makespan:
        return "Only shorter tasks make it shorter."
    asked = (
        case.cpu_share * case.work / then
    )  # cores, if each task is as busy as it was
    if case.cores and asked > case.cores:
        return f"{told}; {more:,} would have to share {count(case.cores, 'core')}."
    if math.isnan(asked) and 0 < case.cores < more:
        told += f", if they need not share {count(case.cores, 'core')}"
    return f"{told}: {more:,} would take {seconds(then)}."
