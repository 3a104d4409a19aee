"""Floor 1: the frames of a Run → its numbers, for the whole and for each agent.

Knows which rows a number is made of; refuses to know the formulas, which are in
`metrics/`, and the Run that asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from . import metrics, schema

ANYONE = ""  # the agent of tasks that any worker may do


def last_attempt_rows(attempts: pd.DataFrame) -> np.ndarray:
    """The row of each task's last attempt, by task.

    Parameters
    ----------
    attempts : DataFrame
        Valid by `parallel_nb.schema`: tasks have no gaps, so nothing needs sorting.

    Returns
    -------
    int64 array of shape (n_tasks,)
    """
    task = attempts[schema.TASK].to_numpy()
    n_tasks = int(task.max()) + 1 if len(task) else 0
    rows = np.arange(len(task))
    if n_tasks < len(task):
        attempt = attempts[schema.ATTEMPT].to_numpy()
        last = np.zeros(n_tasks, dtype=attempt.dtype)
        np.maximum.at(last, task, attempt)
        rows = np.flatnonzero(attempt == last[task])
    by_task = np.empty(n_tasks, dtype=np.int64)
    by_task[task[rows]] = rows
    return by_task


def last_attempts(attempts: pd.DataFrame) -> pd.DataFrame:
    """One row per task, its last attempt; row i is task i."""
    order = last_attempt_rows(attempts)
    if len(order) == len(attempts) and (order == np.arange(len(order))).all():
        return attempts
    # Column by column: two thirds of the time of `attempts.take` at 1,000,000 rows.
    columns = {column: attempts[column].array.take(order) for column in attempts}
    return pd.DataFrame(columns, copy=False)


def durations(attempts: pd.DataFrame) -> np.ndarray:
    """Seconds of each attempt; 0 where it never ran, or nobody knows how long."""
    ended = attempts[schema.ENDED].to_numpy()
    return np.nan_to_num(ended - attempts[schema.STARTED].to_numpy())


def per_task(attempts: pd.DataFrame, n_tasks: int) -> np.ndarray:
    """Seconds of each task, all its attempts together."""
    return _sums(attempts[schema.TASK].to_numpy(), durations(attempts), n_tasks)


def window_of(attempts: pd.DataFrame, startups: pd.DataFrame) -> tuple[float, float]:
    """First submission (start, where unknown) or start-up, and last end, in s.

    A pool that starts before it takes its first task is waited for all the same. NaN,
    both, if nothing ended.
    """
    ended = attempts[schema.ENDED].to_numpy()
    first = attempts[schema.SUBMITTED].to_numpy()
    if np.isnan(first).any():
        first = np.where(np.isnan(first), attempts[schema.STARTED], first)
    begin = np.fmin.reduce(first, initial=np.nan)
    begin = np.fmin.reduce(startups[schema.STARTED].to_numpy(), initial=begin)
    end = np.fmax.reduce(ended, initial=np.nan)
    if np.isnan(begin) or np.isnan(end):
        return np.nan, np.nan
    return float(begin), float(end)


def makespan(attempts: pd.DataFrame, startups: pd.DataFrame) -> float:
    """Seconds from the first to the last moment of `window_of`."""
    first, last = window_of(attempts, startups)
    return last - first


def summary(
    attempts: pd.DataFrame,
    tasks: pd.DataFrame,
    edges: pd.DataFrame,
    startups: pd.DataFrame,
    n_workers: int,
    *,
    is_timed: bool = True,
) -> dict[str, Any]:
    """The numbers of a Run, as `Run.summary` explains them.

    Where it is not timed, durations were laid end to end: moments mean nothing.
    """
    n_tasks = len(tasks)
    ran, of_task = durations(attempts), per_task(attempts, n_tasks)
    work = metrics.work(ran)
    busy = metrics.busy(ran, attempts[schema.WORKER].to_numpy(), n_workers)
    statuses = tasks[schema.STATUS].array.codes
    counts = np.bincount(statuses, minlength=len(schema.STATUSES)).tolist()
    numbers = {
        "n_tasks": n_tasks,
        **dict(zip(schema.STATUSES, counts, strict=True)),
        "n_attempts": len(attempts),
        "n_workers": n_workers,
        "work": work,
        "span": metrics.span(of_task, edges.to_numpy()),
        "makespan": makespan(attempts, startups) if is_timed else np.nan,
        "speedup_estimated": np.nan,
        "efficiency": np.nan,
        "utilization": np.nan,
        "load_balance": np.nan,
        "dispatch_efficiency": np.nan,
        "throughput": np.nan,
        "success_rate": np.nan,
        "retries": int((attempts[schema.ATTEMPT].to_numpy() > 1).sum()),
        "longest_task": -1,
        "longest_name": None,
    }
    n_done = numbers["done"]
    if n_tasks:
        numbers["success_rate"] = metrics.success_rate(n_done, n_tasks)
    if is_timed and busy.any():
        numbers["load_balance"] = metrics.load_balance(busy)
    took = numbers["makespan"]
    if took > 0:
        numbers["speedup_estimated"] = metrics.speedup(work, took)
        numbers["efficiency"] = metrics.efficiency(
            numbers["speedup_estimated"], n_workers
        )
        numbers["utilization"] = metrics.utilization(busy, took)
        numbers["dispatch_efficiency"] = metrics.dispatch_efficiency(busy, took)
        numbers["throughput"] = metrics.throughput(n_done, took)
    if work > 0:
        numbers["longest_task"] = longest = int(of_task.argmax())
        numbers["longest_name"] = tasks[schema.NAME].iat[longest]
    return numbers


def by_agent(
    attempts: pd.DataFrame,
    tasks: pd.DataFrame,
    slots: Mapping[str, int],
    n_workers: int,
    makespan: float,
) -> pd.DataFrame:
    """One row per agent, as `Run.agents` explains it.

    Parameters
    ----------
    attempts, tasks : DataFrame
    slots : mapping of str to int
        Slots of the agents that were declared; these come first, in this order.
    n_workers : int
    makespan : float
        Seconds; NaN where nothing ran.
    """
    agents = _agents(attempts, slots)
    of_attempt, of_task = _positions(attempts, agents), _positions(tasks, agents)
    n_agents, n_statuses = len(agents), len(schema.STATUSES)
    given = {**dict.fromkeys(agents, 0), **slots, ANYONE: n_workers}
    n_slots = np.array([given[agent] for agent in agents], dtype=np.int64)
    busy = _sums(of_attempt, durations(attempts), n_agents)
    cells = of_task * n_statuses + tasks[schema.STATUS].array.codes
    counts = np.bincount(cells, minlength=n_agents * n_statuses)
    counts = counts.reshape(n_agents, n_statuses)
    paid = np.where(n_slots > 0, n_slots * makespan, np.nan)
    longest = _longest(per_task(attempts, len(tasks)), of_task, n_agents)
    names = [tasks[schema.NAME].iat[task] if task >= 0 else None for task in longest]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = {
            "busy": busy,
            "idle": paid - busy,
            "utilization": np.where(paid > 0, busy / paid, np.nan),
            "load": busy / busy.sum(),
        }
    return pd.DataFrame(
        {
            "agent": schema.as_text(agents),
            "slots": n_slots,
            "n_tasks": counts.sum(axis=1),
            **dict(zip(schema.STATUSES, counts.T, strict=True)),
            **shares,
            "longest_task": longest,
            "longest_name": schema.as_text(names),
        }
    )


def _agents(attempts: pd.DataFrame, slots: Mapping[str, int]) -> list[str]:
    """Those that were declared, then those that were seen, then anyone."""
    seen = attempts[schema.AGENT].array.remove_unused_categories().categories
    others = [agent for agent in seen if agent not in slots and agent != ANYONE]
    is_anyones = attempts[schema.AGENT].isna().any() or ANYONE in seen
    return [*slots, *others, *([ANYONE] * bool(is_anyones))]


def _positions(frame: pd.DataFrame, agents: list[str]) -> np.ndarray:
    """Where the agent of each row stands among `agents`."""
    column = frame[schema.AGENT].array
    where = {agent: position for position, agent in enumerate(agents)}
    anyone = where.get(ANYONE, -1)
    lookup = [where.get(agent, -1) for agent in column.categories]
    return np.array([*lookup, anyone], dtype=np.int64)[column.codes]  # -1: the last


def _sums(group: np.ndarray, values: np.ndarray, n_groups: int) -> np.ndarray:
    """The sum of each group; float64 also where there are no values."""
    sums = np.bincount(group, weights=values, minlength=n_groups)
    return sums.astype(np.float64, copy=False)


def _longest(of_task: np.ndarray, agent: np.ndarray, n_agents: int) -> np.ndarray:
    """The task of each agent with most seconds, the first of equals; -1 if none ran."""
    most = np.zeros(n_agents)
    np.maximum.at(most, agent, of_task)
    first_last = np.flatnonzero((of_task > 0) & (of_task == most[agent]))[::-1]
    longest = np.full(n_agents, -1, dtype=np.int64)
    longest[agent[first_last]] = first_last  # of several, numpy keeps the last
    return longest
