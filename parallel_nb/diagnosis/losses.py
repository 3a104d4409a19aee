"""Finding: time went into attempts whose results were not used.

Knows which attempts were in vain; refuses to know what went wrong in them.
"""

from __future__ import annotations

import math

import numpy as np

from .. import schema
from ..accounting import spans
from .results import LIKELY, Finding
from .thresholds import WORTH
from .words import count, percent, seconds

_DONE = 0  # code of the status


class LostAttempts(Finding):
    """Attempts failed, crashed, took too long or were tried again."""

    __slots__ = ()
    name = "lost to failures and retries"

    @classmethod
    def look(cls, case):
        """If attempts in vain, or pauses before the next, took much of the time."""
        frame, share = case.attempts, case.shares["lost"]
        if case.run.meta.ended_by == "wait":
            return  # what was cancelled then was meant to be
        if not share >= WORTH and case.run.n_tasks == len(frame):
            return
        batch = case.replay.batch
        again = np.ones(len(frame), dtype=bool)
        again[case.last_rows] = False
        in_vain = again | (frame[schema.STATUS].array.codes != _DONE)
        if len(batch.rows) < len(frame):
            again, in_vain = again[batch.rows], in_vain[batch.rows]
        paused = 0.0 if batch.lags is None else float(batch.lags.sum())
        if not share >= WORTH and not paused >= WORTH * case.makespan:
            return
        predicted = case.replay.predicted(
            durations=np.where(again, 0.0, batch.durations), lags=None
        )
        if not case.is_worth(predicted):
            if not share >= WORTH:
                return
            predicted = math.nan
        vain = np.flatnonzero(in_vain)
        lost = np.bincount(batch.task[vain], batch.durations[vain], case.run.n_tasks)
        worst = np.flatnonzero(lost > 0)
        worst = worst[spans.order_of(-lost[worst])]
        tasks = tuple(worst.tolist())
        yield cls(
            evidence=_evidence(case, share, paused, tasks),
            remedy=(
                "Find out why; `run.errors` has the tracebacks. A shorter `timeout` or "
                "fewer `retries` lose less on what cannot succeed."
            ),
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY,
            caveats=(*case.caveats(), *_caveats(case, predicted)),
            tasks=tasks,
            numbers={"share": share, "lost": float(lost.sum()), "paused": paused},
        )


def _evidence(case, share: float, paused: float, tasks) -> str:
    lost = case.ledger.lost
    kinds = ", ".join(
        f"{row.n_attempts:,} {row.why} ({seconds(row.seconds)})"
        for row in lost[lost["seconds"] > 0].itertuples()
    )
    told = f"{percent(share)} of the worker time went into attempts in vain: {kinds}."
    if tasks:
        told += f" Most of it in {case.named(tasks)}."
    if paused > 0:
        told += f" Tasks were made to wait {seconds(paused)} before they were retried."
    return told


def _caveats(case, predicted: float):
    status = case.attempts[schema.STATUS].array.codes
    n_undone = int((status[case.last_rows] != _DONE).sum())
    if n_undone:
        yield (
            f"{count(n_undone, 'task')} never got done: what they would take is not "
            "known, and the prediction has the time that they did"
            if not math.isnan(predicted)
            else f"{count(n_undone, 'task')} never got done: what they would take is "
            "not known"
        )
