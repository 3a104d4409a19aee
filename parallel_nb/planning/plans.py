"""`Plan`: all that is known of a batch before it runs.

Knows the frames and numbers that follow from edges, costs, agents and locks, made when
they are asked for; refuses to know how edges were found (`making.py`) and how things
are worded (`telling.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from .. import scheduling, schema
from ..errors import ArgumentError, did_you_mean
from ..scheduling import Schedule
from ..tasks import Agent, Shell, Task, is_task
from . import paging, telling
from .conflicts import Conflicts
from .costs import Costs
from .sharing import Common
from .wiring import CONFLICT, enumerated, labels, reason

_CLOSE = 1e-9
_KINDS = pd.CategoricalDtype(("data", "order", "conflict"))
_DISTURBANCES = pd.CategoricalDtype(("write-write", "read-write"))
_HANDLED = pd.CategoricalDtype(("ordered", "serialised", "locked"))


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Which tasks may run together, who waits for whom and why, and how long it takes.

    Made by `plan`. Predictions are by list scheduling: whenever a worker is free, it
    takes the ready task that has the longest path to the end before it.

    Attributes
    ----------
    tasks : tuple of Task
    agents : mapping of str to Agent
    n_workers : int
    costs : Costs
        Expected lengths: `values` (float array of shape (n_tasks,)), their `unit` and
        `source`. Work, span, makespan, priorities and loads are in that unit.
    predecessors : tuple of int arrays
        For each task, the positions of those it waits for, ascending.
    inputs : tuple of tuples of int
        For each task, the positions of those whose results it is passed.
    priority : float array of shape (n_tasks,)
        The longest path from the start of each task to the end; higher goes first.
    locks : tuple of frozensets of (str, str)
        For each task, resources and modes (``"read"``, ``"write"``) that it holds while
        it runs; empty unless conflicts are settled by locks.

    Examples
    --------
    >>> from parallel_nb import Task, plan
    >>> measure = Task(abs, -3, name="measure", cost=3.0)
    >>> double = Task(pow, measure, 2, name="double", cost=1.0)
    >>> other = Task(abs, -2, name="other", cost=2.0)
    >>> made = plan([measure, double, other], n_jobs=2)
    >>> made.rounds, made.critical_path
    (((0, 2), (1,)), (0, 1))
    >>> made.work, made.span, made.makespan
    (6.0, 4.0, 4.0)
    >>> made.edges[["task", "after", "kind"]]
       task  after  kind
    0     1      0  data
    """

    tasks: tuple[Task | Shell, ...]
    agents: Mapping[str, Agent]
    n_workers: int
    costs: Costs
    predecessors: tuple[np.ndarray, ...]
    inputs: tuple[tuple[int, ...], ...]
    priority: np.ndarray
    locks: tuple[frozenset, ...]
    settled: Conflicts = field(repr=False)
    in_threads: tuple[bool, ...] = ()
    common: tuple[Common, ...] = ()

    def __repr__(self):
        return telling.line(self)

    @property
    def n_tasks(self) -> int:
        """How many tasks the batch has."""
        return len(self.tasks)

    # --- who waits for whom ---

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What sentences call each task: by name, and position where names repeat."""
        return tuple(labels(self.tasks))

    @cached_property
    def edge_positions(self) -> np.ndarray:
        """Rows (task, after) as positions, by task; `edges` says why (int64)."""
        counts = [len(each) for each in self.predecessors]
        task = np.repeat(np.arange(self.n_tasks), counts)
        after = np.concatenate([np.empty(0, np.int64), *self.predecessors])
        return np.column_stack([task, after])

    @property
    def edges(self) -> pd.DataFrame:
        """Who waits for whom: `task`, `after`, `kind` and `reason`.

        One row for each task and task waited for; kinds are data, order and conflict.
        A conflict that another way between the two settles has no row.
        """
        task, after = self.edge_positions.T
        reasons = [self.reason(*pair) for pair in self.edge_positions.tolist()]
        return pd.DataFrame(
            {
                "task": task,
                "after": after,
                "kind": pd.Categorical(self.edge_kinds, dtype=_KINDS),
                "reason": schema.as_text(reasons),
            }
        )

    @cached_property
    def edge_kinds(self) -> tuple[str, ...]:
        """Why the tasks of `edge_positions` wait: data, order or conflict."""
        waits = self.settled.waits
        return tuple(waits[task][after] for task, after in self.edge_positions.tolist())

    def reason(self, task: int, after: int) -> str:
        """Why a task waits for another, given by positions of an edge."""
        kind = self.settled.waits[task][after]
        if kind != CONFLICT:
            return reason(self.names, task, after, kind)
        shared = self.settled.nearest[after, task]
        clause = self.settled.clause(self.names, after, task, shared)
        return f"{self.names[task]} waits for {self.names[after]}: {clause}"

    @property
    def conflicts(self) -> pd.DataFrame:
        """Tasks that must not run together because of a resource, a row for each pair.

        `a`, `b` (positions, a first where there is an order), `a_name`, `b_name`,
        `resource`, `kind` (write-write, read-write) and `handled`: they are ordered
        anyway, were serialised, or hold a lock. Beyond 100,000 pairs, each task with
        the nearest ones only.
        """
        rows = self.settled.listed()
        names = [task.name for task in self.tasks]
        text = self.settled.resources.text
        return pd.DataFrame(
            {
                "a": np.array([row[0] for row in rows], np.int64),
                "b": np.array([row[1] for row in rows], np.int64),
                "a_name": schema.as_text([names[row[0]] for row in rows]),
                "b_name": schema.as_text([names[row[1]] for row in rows]),
                "resource": schema.as_text([text(row[2].resource) for row in rows]),
                "kind": pd.Categorical([r[2].kind for r in rows], dtype=_DISTURBANCES),
                "handled": pd.Categorical([r[3] for r in rows], dtype=_HANDLED),
            }
        )

    @cached_property
    def round_of(self) -> np.ndarray:
        """The round of each task, from 0 (int64)."""
        started = self._scheduled(np.ones(self.n_tasks), max(self.n_tasks, 1)).started
        return started.astype(np.int64)

    @cached_property
    def rounds(self) -> tuple[tuple[int, ...], ...]:
        """Positions of tasks that may run together, round by round.

        As early as dependencies, the slots of agents and locks allow, on any number of
        workers.
        """
        found: list[list[int]] = [[] for _ in range(self.round_of.max(initial=-1) + 1)]
        for task, number in enumerate(self.round_of.tolist()):
            found[number].append(task)
        return tuple(map(tuple, found))

    @cached_property
    def has_scarce_agents(self) -> bool:
        """Whether tasks would run in other rounds if agents had slots for all."""
        levels = scheduling.levels(self.n_tasks, self.edge_positions)
        return not any(self.locks) and not np.array_equal(self.round_of, levels)

    @cached_property
    def is_independent(self) -> bool:
        """Whether no task waits for another or must keep clear of it, as declared."""
        return not len(self.edge_positions) and not any(self.locks)

    # --- how long it takes ---

    @property
    def work(self) -> float:
        """Length of all tasks together."""
        return float(self.costs.values.sum())

    @property
    def span(self) -> float:
        """Length of the longest chain: no number of workers can beat it."""
        return float(self.priority.max(initial=0.0))

    @property
    def parallelism(self) -> float:
        """Work / span: how many workers could be kept busy on average; NaN for none.

        References
        ----------
        Cormen, Leiserson, Rivest, Stein, *Introduction to Algorithms*, "Multithreaded
        Algorithms".
        """
        return self.work / self.span if self.span > 0 else math.nan

    @cached_property
    def critical_path(self) -> tuple[int, ...]:
        """Positions of the tasks of the longest chain, in order."""
        return tuple(scheduling.critical_path(self.costs.values, self.edge_positions))

    @cached_property
    def schedule(self) -> Schedule:
        """Who is predicted to do which task when."""
        return self._scheduled(self.costs.values, self.n_workers)

    @property
    def makespan(self) -> float:
        """Predicted length of the whole batch on `n_workers`, starting up left out."""
        return self.schedule.makespan

    @property
    def load(self) -> pd.DataFrame:
        """Predicted share of the work, for each worker and then for each agent.

        `kind` (worker, agent), `name`, `slots` (1 for a worker), `n_tasks`, `busy` and
        `utilization` = busy / (slots x makespan); NaN where nothing takes time.
        """
        busy = np.bincount(
            self.schedule.worker, self.costs.values, minlength=self.n_workers
        )
        counts = np.bincount(self.schedule.worker, minlength=self.n_workers)
        rows = [
            ("worker", str(worker), 1, int(counts[worker]), float(busy[worker]))
            for worker in range(self.n_workers)
        ]
        for name, agent in self.agents.items():
            asked = np.array([task.agent == name for task in self.tasks], dtype=bool)
            amount = float(self.costs.values[asked].sum())
            rows.append(("agent", name, agent.slots, int(asked.sum()), amount))
        columns = ["kind", "name", "slots", "n_tasks", "busy"]
        frame = pd.DataFrame(rows, columns=columns).astype({"kind": "category"})
        paid = frame["slots"] * (self.makespan or math.nan)
        return frame.assign(utilization=frame["busy"] / paid)

    @cached_property
    def n_useful(self) -> int:
        """The most workers worth having: with more, the predicted makespan is the same.

        Found by bisection; where a schedule gets longer by a worker more (Graham's
        anomaly), fewer may do.
        """
        values = self.costs.values
        unlimited = self._scheduled(values, max(self.n_tasks, 1))
        limit = unlimited.makespan * (1 + _CLOSE)
        if not limit > 0:
            return 1
        fewest = max(1, math.ceil(self.work / limit))
        most = int(unlimited.worker.max()) + 1
        while fewest < most:
            middle = (fewest + most) // 2
            if self._scheduled(values, middle).makespan <= limit:
                most = middle
            else:
                fewest = middle + 1
        return most

    def _scheduled(self, lengths: np.ndarray, n_workers: int) -> Schedule:
        numbers = {name: number for number, name in enumerate(self.agents)}
        return scheduling.list_schedule(
            lengths,
            n_workers,
            after=self.edge_positions,
            order=np.argsort(-self.priority, kind="stable"),
            agent=[numbers.get(task.agent, -1) for task in self.tasks],
            slots=[agent.slots for agent in self.agents.values()],
            locks=self.locks,
        )

    # --- in words ---

    @property
    def strategy(self) -> str:
        """``"parallel"``, ``"sequential"`` or ``"mixed"``; `why` says why."""
        return telling.strategy(self)[0]

    @property
    def why(self) -> str:
        """The reason for the strategy, in a sentence."""
        return telling.strategy(self)[1]

    @property
    def checklist(self) -> pd.DataFrame:
        """What speaks against running tasks together: `item`, `verdict`, `evidence`.

        Verdicts: none; found (and dealt with); warning (to be dealt with by you);
        unknown, as some tasks do not declare what they read and write.
        """
        items, verdicts, evidence = zip(*telling.checklist(self), strict=True)
        columns = {"item": items, "verdict": verdicts, "evidence": evidence}
        return pd.DataFrame({k: schema.as_text(v) for k, v in columns.items()})

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What you should know before it runs, each with its remedy."""
        return tuple(telling.warnings(self))

    def explain(self, a: Any, b: Any) -> str:
        """Why two tasks can or cannot run together.

        Parameters
        ----------
        a, b : str, Task or int
            A name, a task of the plan, or a position.

        Raises
        ------
        ArgumentError
            If one of them is not in the plan, or a name is that of several tasks.
        """
        return telling.explain(self, self.position("a", a), self.position("b", b))

    def position(self, parameter: str, which: Any) -> int:
        """Where a task stands in the batch, by its name, itself or its position."""
        if is_task(which):
            found = [at for at, task in enumerate(self.tasks) if task is which]
        elif isinstance(which, str):
            found = [at for at, task in enumerate(self.tasks) if task.name == which]
        elif isinstance(which, int | np.integer) and 0 <= which < self.n_tasks:
            found = [int(which)]
        else:
            found = []
        if len(found) == 1:
            return found[0]
        if found:
            raise ArgumentError(
                f"`{parameter}` must be one task; there are {len(found)} of {which!r}, "
                f"at {enumerated(list(map(str, found)), 10)}. Pass a position."
            )
        known = [task.name for task in self.tasks]
        raise ArgumentError(
            f"`{parameter}` must be the name, the Task or the position of one of the "
            f"plan's {self.n_tasks} tasks; got {which!r:.60}."
            + did_you_mean(which, known)
        )

    def to_text(self) -> str:
        """The plan on a page: rounds, conflicts and why, critical path, prediction."""
        return paging.page(self)
