"""How long each task will take, as far as anybody said or measured.

Knows declared costs and earlier Runs; refuses to guess in silence: tasks that nobody
knows count as the typical one, and it is said how many those are. Plans and runs
without a plan reckon alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .. import schema
from ..errors import ArgumentError
from ..oneline import format_seconds
from ..runs import Run

SECONDS, UNITS, TASKS = "s", "cost", "tasks"


class Costs(NamedTuple):
    """The length of each task, and what it is measured in.

    Attributes
    ----------
    values : float array of shape (n_tasks,)
    unit : {"s", "cost", "tasks"}
        Seconds by an earlier run; whatever ``Task(cost=...)`` is in; or one a task, as
        nothing is known.
    source : str
        Where they come from, as a clause.
    n_guessed : int
        Tasks that are counted as the typical one.
    """

    values: np.ndarray
    unit: str
    source: str
    n_guessed: int

    def text(self, amount: float) -> str:
        """An amount of work as people read it.

        Examples
        --------
        >>> values = np.ones(2)
        >>> (
        ...     Costs(values, "s", "", 0).text(90.0),
        ...     Costs(values, "tasks", "", 0).text(1.0),
        ... )
        ('1 min 30 s', '1 task')
        """
        if self.unit == SECONDS:
            return format_seconds(amount)
        number = f"{amount:,.0f}" if amount >= 1000 else f"{amount:.4g}"
        if self.unit == TASKS:
            return f"{number} task{'s' * (number != '1')}"
        return number


def costs_of(
    names: Sequence[str],
    declared: Sequence[float | None] | None,
    history: Run | None = None,
) -> Costs:
    """What is known of tasks' lengths: by a history if there is one, else as declared.

    Tasks without a length count as the median of those that have one.

    Parameters
    ----------
    names : sequence of str
        Of each task.
    declared : sequence of float or None, optional
        The cost of each task, None where it has none. Not needed with a history.
    history : Run, optional
        What each task is taken to be there: by name where a name is unique in both; by
        position where the names there agree, or no name does anywhere; else the median
        of those of the same name. A result that a check refused took as long as any;
        what failed or was ended may have broken off early, so it took that long at
        least, and counts only where that is longer than what is otherwise expected.

    Raises
    ------
    ArgumentError
        If `history` is no Run, or nothing ran in it.

    Examples
    --------
    >>> costs_of(["a", "b", "c"], [1, None, 5]).values
    array([1., 3., 5.])
    """
    if history is not None:
        values, least = _measured(names, history)
        label = f" {history.meta.label!r}" if history.meta.label else ""
        known = _filled(values, SECONDS, f"durations of the earlier run{label}")
        return known._replace(values=np.maximum(known.values, least))
    values = np.array([np.nan if cost is None else cost for cost in declared], float)
    if np.isnan(values).all():
        return Costs(np.ones(len(names)), TASKS, "no costs known: counted in tasks", 0)
    return _filled(values, UNITS, "costs as declared")


def _filled(values, unit, source) -> Costs:
    unknown = np.isnan(values)
    if unknown.any():
        values = np.where(unknown, np.nanmedian(values), values)
    return Costs(values, unit, source, int(unknown.sum()))


def _measured(names, history) -> tuple[np.ndarray, np.ndarray]:
    """Seconds that each task took, NaN where nobody knows; and at least took."""
    if not isinstance(history, Run):
        raise ArgumentError(f"`history` must be a Run; got {type(history).__name__}")
    earlier, seconds, broken = _durations(history)
    positions = defaultdict(list)
    for position, name in enumerate(earlier):
        positions[name].append(position)
    counts = Counter(names)
    values, least = np.full(len(names), np.nan), np.zeros(len(names))
    if not any(name in positions for name in counts):
        n_both = min(len(names), len(seconds))
        if np.isfinite(seconds[:n_both]).any():
            values[:n_both], least[:n_both] = seconds[:n_both], broken[:n_both]
        else:
            values[:] = _median(seconds)
        return values, least
    medians: dict[str, float] = {}
    for place, name in enumerate(names):
        namesakes = positions.get(name, ())
        same = place
        if len(namesakes) == counts[name] == 1:
            same = namesakes[0]
        elif place >= len(earlier) or earlier[place] != name:
            same = -1
        if same >= 0:
            values[place], least[place] = seconds[same], broken[same]
        if np.isnan(values[place]) and namesakes:
            if name not in medians:
                medians[name] = _median(seconds[namesakes])
            values[place] = medians[name]
    if np.isnan(values).all():
        values[:] = _median(seconds)
    return values, least


def _durations(history) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names; seconds, NaN where a task has no result; seconds until it broke off."""
    tasks = history.tasks
    seconds = (tasks[schema.ENDED] - tasks[schema.STARTED]).to_numpy(float, copy=True)
    broken = np.zeros(len(seconds))
    is_whole = tasks[schema.STATUS].isin(("done", "invalid")).to_numpy()
    if np.isfinite(seconds[is_whole]).any():
        broken[~is_whole] = np.nan_to_num(seconds[~is_whole])
        seconds[~is_whole] = np.nan
    if not np.isfinite(seconds).any():
        raise ArgumentError(
            "`history` must hold a task that ran; got a run in which none did. Leave "
            "it out, or give tasks a `cost`."
        )
    return tasks[schema.NAME].tolist(), seconds, broken


def _median(seconds: np.ndarray) -> float:
    known = seconds[np.isfinite(seconds)]
    return float(np.median(known)) if len(known) else np.nan
