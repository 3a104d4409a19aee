"""Findings of a Run that holds durations only: what these carry without any times.

Knows the longest task and chain beside all the work; refuses to know workers, order and
makespan, of which such a Run does not tell.
"""

from __future__ import annotations

import math

import numpy as np

from .. import scheduling, schema, totals
from .results import LIKELY, SURE, Finding
from .thresholds import LONG, NOTABLE, WORTH
from .words import count, factor, percent, seconds

NOT_EXAMINED = (
    "start-up, handing over, idle workers, order, cores and the model's own error, as "
    "nobody noted when tasks began"
)
_DONE = 0  # code of the status


class OnlyDurations(Finding):
    """Nobody noted when tasks began; what their durations alone tell."""

    __slots__ = ()
    name = "only durations are known"


class Straggler(Finding):
    """One task, or chain, is so much of the work that few workers are of use."""

    __slots__ = ()
    name = "a straggler sets the limit"


class LostWork(Finding):
    """Much of the work was in attempts whose results were not used."""

    __slots__ = ()
    name = "work lost to failures and retries"


def of(case) -> list[Finding]:
    """All that can be told; the first says what cannot."""
    of_task = totals.per_task(case.attempts, case.run.n_tasks)
    edges = case.run.edges.to_numpy()
    chain = [int(of_task.argmax())]
    if len(edges):
        chain = scheduling.longest_chain(of_task, edges)
    span = float(of_task[chain].sum())
    useful = math.ceil(case.work / span * (1 - 1e-9))
    what = "longest task" if len(chain) == 1 else "longest chain of tasks"
    known = {"makespan": math.nan, "predicted": math.nan}
    found = [
        OnlyDurations(
            evidence=(
                f"All tasks together take {seconds(case.work)}, the {what} "
                f"{seconds(span)}: no number of workers gets below that, and more than "
                f"about {count(useful, 'worker')} cannot be kept busy."
            ),
            remedy=(
                "`pnb.predict(run, n_workers=[…])` schedules these durations on as "
                "many workers as you like. To know what keeps a run from that, record "
                "when its tasks begin."
            ),
            sure=SURE,
            caveats=case.caveats(),
            numbers={"work": case.work, "span": span, "useful_workers": useful},
            **known,
        )
    ]
    return [*found, *_straggler(case, of_task, chain, span, known), *_lost(case, known)]


def _straggler(case, of_task, chain, span: float, known):
    typical = float(np.median(of_task[of_task > 0]))
    worst = max(chain, key=of_task.__getitem__)
    longest = float(of_task[worst])
    if len(of_task) < 2 or longest < LONG * typical or span < NOTABLE * case.work:
        return
    then = max(span - longest / 2, float(np.sort(of_task)[-2]))
    if then > (1 - WORTH) * span:
        return
    name = case.named([worst])
    yield Straggler(
        evidence=(
            f"{name} takes {seconds(longest)}, {factor(longest / typical)} the typical "
            f"task and {percent(longest / case.work)} of all the work."
        ),
        remedy=(
            f"Make it shorter or split it: in two, the limit is {seconds(then)}. "
            "Whole, start it first."
        ),
        sure=LIKELY,
        tasks=(int(worst),),
        numbers={"longest": longest, "typical": typical, "then": then},
        **known,
    )


def _lost(case, known):
    frame = case.attempts
    counts = np.zeros(len(frame), dtype=bool)
    counts[totals.last_attempt_rows(frame)] = True
    counts &= frame[schema.STATUS].array.codes == _DONE
    lost = float(totals.durations(frame)[~counts].sum())
    if not lost >= WORTH * case.work:
        return
    yield LostWork(
        evidence=(
            f"{seconds(lost)}, {percent(lost / case.work)} of the work, went into "
            f"{count(int((~counts).sum()), 'attempt')} in vain."
        ),
        remedy="Find out why; `run.errors` has what was told of them.",
        sure=SURE,
        numbers={"lost": lost, "share": lost / case.work},
        **known,
    )
