"""Whether a side was shorter since it did less: tasks that failed, or never ran.

Knows what tasks took on the side that did them; refuses to know other reasons.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .. import schema
from ..runs import Run
from . import judging, matching
from .ratios import Ratio


def is_due_to_less(
    sides: tuple[Sequence[Run], Sequence[Run]],
    durations: Sequence[pd.DataFrame],
    makespans: Sequence[Sequence[float]],
    ratio: Ratio,
    tolerance: float,
) -> bool:
    """Whether the verdict falls with the seconds that one side left out.

    A task that is not done would have taken what it took on the other side, as a rule,
    and one worker of n for it: makespans + seconds / n are judged again.
    """
    given = judging.verdict(ratio, tolerance)
    if given not in (judging.FASTER, judging.SLOWER):
        return False
    short = 1 if given == judging.FASTER else 0
    left_out = _left_out(sides[short], durations[short], durations[1 - short])
    if not left_out:
        return False
    longer = 1 + left_out / float(np.mean(makespans[short]))
    times = longer if short else 1 / longer
    whole = ratio._replace(
        value=ratio.value * times, low=ratio.low * times, high=ratio.high * times
    )
    return judging.verdict(whole, tolerance) != given


def _left_out(runs: Sequence[Run], own: pd.DataFrame, others: pd.DataFrame) -> float:
    """Seconds of the makespan that undone tasks would have taken; the mean of runs."""
    expected = others.mean(axis=1)
    missing = []
    for at, run in enumerate(runs):
        is_undone = (run.tasks[schema.STATUS] != "done").to_numpy()
        seconds = 0.0
        if is_undone.any():
            undone = matching.index_of(run)[is_undone]
            more = expected.reindex(undone) - own[at].reindex(undone)
            seconds = float(more.clip(lower=0).sum())
        missing.append(seconds / run.meta.n_workers)
    return float(np.mean(missing))
