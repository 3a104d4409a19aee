"""How long each task will take, as far as anybody said or measured.

Knows declared costs and earlier Runs; refuses to guess in silence: tasks that nobody
knows count as the typical one, and it is said how many those are.
"""

from __future__ import annotations

from collections import defaultdict
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


def costs_of(tasks: Sequence, history: Run | None) -> Costs:
    """What is known of the tasks' lengths: a history if there is one, else their costs.

    Raises
    ------
    ArgumentError
        If `history` is no Run, or nothing ran in it.
    """
    if history is not None:
        values = _measured(tasks, history)
        label = f" {history.meta.label!r}" if history.meta.label else ""
        return _filled(values, SECONDS, f"durations of the earlier run{label}")
    values = np.array([np.nan if t.cost is None else t.cost for t in tasks], float)
    if np.isnan(values).all():
        return Costs(np.ones(len(tasks)), TASKS, "no costs known: counted in tasks", 0)
    return _filled(values, UNITS, "costs as declared")


def _filled(values, unit, source) -> Costs:
    unknown = np.isnan(values)
    if unknown.any():
        values = np.where(unknown, np.nanmedian(values), values)
    return Costs(values, unit, source, int(unknown.sum()))


def _measured(tasks, history) -> np.ndarray:
    """Seconds that each task took, NaN where it is not among those of the history.

    By name where a name is unique in both; by position where the names there agree, or
    none does anywhere; else the median of those of the same name.
    """
    if not isinstance(history, Run):
        raise ArgumentError(f"`history` must be a Run; got {type(history).__name__}")
    names, seconds = _durations(history)
    positions = defaultdict(list)
    for position, name in enumerate(names):
        positions[name].append(position)
    counts: dict[str, int] = defaultdict(int)
    for task in tasks:
        counts[task.name] += 1
    values = np.full(len(tasks), np.nan)
    if not any(name in positions for name in counts):
        n_both = min(len(tasks), len(seconds))
        values[:n_both] = seconds[:n_both]
        return values if np.isfinite(values).any() else np.full(len(tasks), np.nan)
    medians: dict[str, float] = {}
    for place, task in enumerate(tasks):
        namesakes = positions.get(task.name, ())
        if len(namesakes) == counts[task.name] == 1:
            values[place] = seconds[namesakes[0]]
        elif place < len(names) and names[place] == task.name:
            values[place] = seconds[place]
        if np.isnan(values[place]) and namesakes:
            if task.name not in medians:
                medians[task.name] = _median(seconds[namesakes])
            values[place] = medians[task.name]
    return values


def _durations(history) -> tuple[list[str], np.ndarray]:
    """Names and seconds of the tasks of a run; NaN where one is not done."""
    tasks = history.tasks
    seconds = (tasks[schema.ENDED] - tasks[schema.STARTED]).to_numpy(float, copy=True)
    is_done = (tasks[schema.STATUS] == "done").to_numpy()
    if np.isfinite(seconds[is_done]).any():  # what broke off tells no length
        seconds[~is_done] = np.nan
    if not np.isfinite(seconds).any():
        raise ArgumentError(
            "`history` must hold a task that ran; got a run in which none did. Leave "
            "it out, or give tasks a `cost`."
        )
    return tasks[schema.NAME].tolist(), seconds


def _median(seconds: np.ndarray) -> float:
    known = seconds[np.isfinite(seconds)]
    return float(np.median(known)) if len(known) else np.nan
