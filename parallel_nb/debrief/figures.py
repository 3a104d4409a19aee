"""Numbers that only a report needs, beside those of `run.summary()` and `run.agents`.

Knows which attempts and tasks a number is made of; refuses to know what it means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import attachments, metrics, schema, totals
from ..errors import ArgumentError
from ..runs import Run
from ..scheduling import critical_path

WENT_WRONG = ("failed", "invalid", "timeout", "crashed")  # of themselves
NOT_RUN = ("cancelled", "skipped")  # as others decided


@dataclass(frozen=True, slots=True)
class Figures:
    """A run in numbers; seconds, shares and counts, NaN where nothing was measured."""

    n_tasks: int
    n_workers: int
    n_attempts: int
    counts: dict[str, int]  # tasks by status
    n_retried: int  # tasks
    work: float
    span: float
    makespan: float
    utilization: float
    sequential: float  # T_1 if measured, else the work
    is_measured: bool  # whether `sequential` is
    speedup: float
    efficiency: float
    work_inflation: float  # NaN unless measured
    agents: pd.DataFrame  # as `run.agents`, and `n_retried`, `n_checked` tasks
    of_task: np.ndarray  # seconds of each task, all attempts together
    chain: tuple[int, ...]  # tasks of the longest chain; without edges the longest task
    has_edges: bool
    bottleneck: int  # longest task of the chain; -1 if none ran

    @property
    def n_done(self) -> int:
        """Tasks done."""
        return self.counts["done"]

    @property
    def n_not_run(self) -> int:
        """Tasks that were cancelled or skipped."""
        return sum(self.counts[status] for status in NOT_RUN)

    @property
    def paid(self) -> float:
        """Worker-seconds: workers times makespan."""
        return self.n_workers * self.makespan


def figures(run: Run, baseline: Run | None = None) -> Figures:
    """The figures of a run; `baseline` is the same batch under one worker.

    T_1 counts as measured only if every task is done in both runs: the time of less
    than all of the work is not comparable.

    Raises
    ------
    ArgumentError
        If `baseline` is no Run, has several workers or other than as many tasks.
    """
    numbers = run.summary().to_dict("records")[0]
    attempts, tasks, edges = run.attempts, run.tasks, run.edges
    of_task = totals.per_task(attempts, run.n_tasks)
    chain = _chain(of_task, edges)
    reference = _reference(run, baseline)
    is_measured = bool(reference > 0 and numbers["makespan"] > 0)
    sequential = reference if is_measured else numbers["work"]
    speedup = numbers["speedup_estimated"]
    efficiency, inflation = numbers["efficiency"], np.nan
    if is_measured:
        speedup = metrics.speedup(reference, numbers["makespan"])
        efficiency = metrics.efficiency(speedup, run.meta.n_workers)
        inflation = metrics.work_inflation(numbers["work"], reference)
    if "starts" in run.meta.lacks:
        # Laid end to end: places, and what follows from them, say nothing.
        numbers |= dict.fromkeys(("makespan", "utilization"), np.nan)
        speedup = efficiency = inflation = np.nan
        is_measured, sequential = False, numbers["work"]
    return Figures(
        n_tasks=run.n_tasks,
        n_workers=run.meta.n_workers,
        n_attempts=len(attempts),
        counts={status: numbers[status] for status in schema.STATUSES},
        n_retried=int((tasks[schema.ATTEMPT] > 1).sum()),
        work=numbers["work"],
        span=numbers["span"],
        makespan=numbers["makespan"],
        utilization=numbers["utilization"],
        sequential=sequential if sequential > 0 else np.nan,
        is_measured=is_measured,
        speedup=speedup,
        efficiency=efficiency,
        work_inflation=inflation,
        agents=_agents(run),
        of_task=of_task,
        chain=chain,
        has_edges=bool(len(edges)),
        bottleneck=max(chain, key=lambda task: of_task[task], default=-1),
    )


def _reference(run: Run, baseline: Run | None) -> float:
    """Measured seconds of the same batch under one worker; NaN where there are none."""
    if baseline is None:
        return np.nan
    if not isinstance(baseline, Run):
        raise ArgumentError(
            f"`baseline` must be a Run with one worker; got {type(baseline).__name__}"
        )
    if baseline.meta.n_workers != 1:
        raise ArgumentError(
            "`baseline` must be a Run with one worker, as the speedup is counted from "
            f"there; got {baseline.meta.n_workers} workers"
        )
    if baseline.n_tasks != run.n_tasks:
        raise ArgumentError(
            f"`baseline` must be a Run of the same {run.n_tasks} tasks; got "
            f"{baseline.n_tasks}"
        )
    if not (is_all_done(run) and is_all_done(baseline)):
        return np.nan
    return float(baseline.summary().at[0, "makespan"])


def is_all_done(run: Run) -> bool:
    """Whether every task is done."""
    return bool((run.tasks[schema.STATUS] == "done").all())


def _chain(of_task: np.ndarray, edges: pd.DataFrame) -> tuple[int, ...]:
    if not of_task.any():
        return ()
    if not len(edges):
        return (int(of_task.argmax()),)
    chain = critical_path(of_task, edges.to_numpy())
    ran = np.flatnonzero(of_task[chain])  # those at its ends may have been skipped
    return tuple(chain[ran[0] : ran[-1] + 1])


def _agents(run: Run) -> pd.DataFrame:
    agents, tasks = run.agents, run.tasks
    of = tasks[schema.AGENT].astype("str").fillna(totals.ANYONE)
    is_checked = (tasks[schema.STATUS] == "invalid").to_numpy(copy=True)
    for task, entry in run.details.items():
        is_checked[task] |= attachments.IS_CHECKED in entry
    extras = {
        "n_retried": of[tasks[schema.ATTEMPT] > 1],
        "n_checked": of[is_checked],
    }
    counts = {name: whose.value_counts() for name, whose in extras.items()}
    if "starts" in run.meta.lacks:
        agents = agents.assign(utilization=np.nan, idle=np.nan)
    return agents.assign(
        **{
            name: [int(count.get(agent, 0)) for agent in agents["agent"]]
            for name, count in counts.items()
        }
    )
