"""Times that contradict each other: then nothing follows from them.

Knows limits that no true times can beat; refuses to know who noted them.
"""

from __future__ import annotations

import math

import numpy as np

from .. import schema, totals
from .results import SURE, Finding
from .words import percent, quoted, seconds

NOT_EXAMINED = "all else, until the times agree with each other"
_ROUNDING = 0.01  # of the makespan: clocks may differ by so much


class TimesContradict(Finding):
    """More went on at once than can have, or tasks began before their time."""

    __slots__ = ()
    name = "the times contradict each other"


def of(case) -> TimesContradict | None:
    """The finding, if what limits any schedule is longer than the run took."""
    limits = {
        "all attempts together, spread over the workers": case.work / case.n_workers,
        "the longest chain of tasks that wait for each other": case.span,
        **_agents(case),
    }
    what, limit = max(limits.items(), key=lambda item: item[1])
    if not limit > case.makespan * (1 + _ROUNDING):
        return None
    return TimesContradict(
        evidence=(
            f"The run took {seconds(case.makespan)}, {what} {seconds(limit)}, "
            f"{percent(limit / case.makespan - 1)} more: attempts overlap within a "
            "worker, more of an agent's tasks ran at once than it has slots, or tasks "
            "began before what they wait for had ended."
        ),
        remedy="Check where the times come from.",
        makespan=case.makespan,
        predicted=math.nan,
        sure=SURE,
        numbers={"limit": limit},
    )


def _agents(case) -> dict[str, float]:
    """Seconds that each agent's slots take at least."""
    slots = case.run.meta.agents
    if not slots:
        return {}
    labels = case.attempts[schema.AGENT].array
    busy = np.bincount(  # the first are those that ask for none
        labels.codes + 1,
        totals.durations(case.attempts),
        len(labels.categories) + 1,
    )[1:]
    return {
        f"the attempts of agent {quoted(agent)}, spread over its slots": (
            float(of_agent) / slots[agent]
        )
        for agent, of_agent in zip(labels.categories, busy, strict=True)
        if slots.get(agent)
    }
