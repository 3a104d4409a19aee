"""Which tasks of two batches are the same, and what each of them took.

Knows names, and the place of a task among those of its name; refuses to know why one
takes longer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .. import schema, totals
from ..runs import Run

_SAID_OF_PLACES = (
    "tasks share names and are matched by their place among those of one name; there "
    "are not equally many of each, so the places may not be the same tasks"
)


def durations(runs: Sequence[Run]) -> pd.DataFrame:
    """Seconds of each task in each run, all attempts together.

    Returns
    -------
    DataFrame
        A row per task, by (name, place among the tasks of that name); a column per run.
        NaN where a run has no such task.
    """
    columns = [_durations(run) for run in runs]
    if len(columns) == 1 or all(columns[0].index.equals(c.index) for c in columns[1:]):
        return pd.DataFrame(dict(enumerate(columns)))
    return pd.concat(dict(enumerate(columns)), axis=1, sort=False)


def matched(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The index of all tasks: those before in their order, then those added."""
    if before.index.equals(after.index):
        return before.index
    added = after.index[~after.index.isin(before.index)]
    return before.index.append(added)


def doubt(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """What makes the match unsure; empty if nothing does."""
    if before.index.equals(after.index):
        return ""
    counts = [
        frame.index.get_level_values(0).value_counts() for frame in (before, after)
    ]
    of_both = pd.concat(counts, axis=1, keys=["before", "after"]).dropna()
    many = of_both[of_both.max(axis=1) > 1]
    unequal = (many["before"] != many["after"]).any()
    return _SAID_OF_PLACES if unequal else ""


def _durations(run: Run) -> pd.Series:
    names = run.tasks[schema.NAME]
    place = names.groupby(names, sort=False).cumcount()
    index = pd.MultiIndex.from_arrays([names, place], names=["name", "place"])
    seconds = totals.per_task(run.attempts, run.n_tasks)
    return pd.Series(np.asarray(seconds, dtype=float), index=index)
