"""Finding: workers were being started for much of the run.

Knows what else a batch of this size could do; refuses to know why a start takes long.
"""

from __future__ import annotations

import numpy as np

from .results import LIKELY, Finding
from .thresholds import COMPUTES, NOTABLE
from .words import percent, seconds

_NOTE_STARTS = ("run", "record", "simulated")  # or can be told by the first attempts


class StartupDominates(Finding):
    """Processes were being started while tasks were waiting for them."""

    __slots__ = ()
    name = "start-up dominates"

    @classmethod
    def lacking(cls, case) -> str:
        """Whether anybody noted the starts, or would have."""
        if not len(case.run.startups) and case.run.meta.source not in _NOTE_STARTS:
            return "start-up, as nobody noted when workers were started"
        return ""

    @classmethod
    def look(cls, case):
        """If workers that are there from the beginning would be faster."""
        share = case.shares["startup"]
        if not share >= NOTABLE:
            return
        replay = case.replay
        warm = {"leads": np.zeros_like(replay.batch.leads), "zero": 0.0}
        if replay.batch.is_ours:
            warm["chunk"] = None  # whose sizes follow from when workers are there
        # What is not explained may have been anywhere, also while workers started.
        predicted = replay.of_model(replay.seconds(**warm), kept=1 - share)
        if not case.is_worth(predicted):
            return
        first = float(replay.batch.leads.min(initial=np.inf))
        began = ""
        if np.isfinite(first):
            began = f"; the first was ready after {seconds(first)}"
        caveats = [*case.caveats()]
        if not len(case.run.startups):
            caveats.append(
                "nobody noted the starts: they are taken from when each worker's first "
                "attempt began"
            )
        yield cls(
            evidence=(
                f"{percent(share)} of the worker time went into starting workers"
                f"{began}. The work of all tasks is {seconds(case.work)}."
            ),
            remedy=_remedy(case),
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY,
            caveats=tuple(caveats),
            numbers={"share": share, "first_ready": first, "work": case.work},
        )


def _remedy(case) -> str:
    told = (
        "Keep the workers: the next run in the same process finds them there. Or put "
        "several runs into one."
    )
    if case.work < case.makespan:
        told += (
            f" For this much work alone, `n_jobs=1` starts none and takes "
            f"{seconds(case.work)}."
        )
    is_waiting = case.cpu_share < COMPUTES
    if is_waiting and case.run.meta.backend != "threading":
        told += (
            " The tasks wait most of the time: where that is for files or a network, "
            "and not for a core, threads would do, too."
        )
    return told
