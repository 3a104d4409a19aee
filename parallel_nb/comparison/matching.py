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


def durations(*sides: Sequence[Run]) -> list[pd.DataFrame]:
    """Seconds of each task in each run, all attempts together; a frame per side.

    Returns
    -------
    list of DataFrame
        A row per task, by (name, place among the tasks of that name); a column per run.
        NaN where a run has no such task.
    """
    known: list[tuple[pd.Series, pd.MultiIndex]] = []
    return [_of_side(runs, known) for runs in sides]


def index_of(run: Run) -> pd.MultiIndex:
    """Name and place of each task, in the order of the batch."""
    return _index(run.tasks[schema.NAME], [])


def _of_side(runs: Sequence[Run], known: list) -> pd.DataFrame:
    columns = [_durations(run, known) for run in runs]
    if all(columns[0].index is each.index for each in columns[1:]):
        return pd.DataFrame(dict(enumerate(columns)))
    return pd.concat(dict(enumerate(columns)), axis=1, sort=False)


def matched(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The index of all tasks: those before in their order, then those added."""
    if before.index is after.index:
        return before.index
    added = after.index[~after.index.isin(before.index)]
    return before.index.append(added)


def doubt(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """What makes the match unsure; empty if nothing does."""
    if before.index is after.index:
        return ""
    counts = [
        frame.index.get_level_values(0).value_counts() for frame in (before, after)
    ]
    of_both = pd.concat(counts, axis=1, keys=["before", "after"]).dropna()
    many = of_both[of_both.max(axis=1) > 1]
    unequal = (many["before"] != many["after"]).any()
    return _SAID_OF_PLACES if unequal else ""


def _durations(run: Run, known: list) -> pd.Series:
    seconds = totals.per_task(run.attempts, run.n_tasks)
    index = _index(run.tasks[schema.NAME], known)
    return pd.Series(np.asarray(seconds, dtype=float), index=index)


def _index(names: pd.Series, known: list) -> pd.MultiIndex:
    """By name and place; one for all runs that have the same names in one order."""
    for others, index in known:
        if names.equals(others):
            return index
    codes, found = pd.factorize(names, use_na_sentinel=False)
    if len(found) == len(names):
        places = np.zeros(len(names), dtype=np.int64)
    else:
        places = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    levels = [found, np.arange(int(places.max(initial=0)) + 1)]
    index = pd.MultiIndex(
        levels, [codes, places], names=["name", "place"], verify_integrity=False
    )
    known.append((names, index))
    return index
