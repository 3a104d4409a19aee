"""`plan`: checks a batch and puts together all that is known before it runs.

Knows in which order the parts are asked; refuses to know how each finds its answer.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import scheduling
from ..errors import ArgumentError, PlanError, did_you_mean, one_of
from ..runs import Run
from ..tasks import Agent, Shell, Task, listed
from .conflicts import HANDLINGS, Conflicts
from .costs import costs_of
from .plans import Plan
from .sharing import common_objects
from .wiring import in_order, wire

_SYNONYMS = {"serialise": "order", "serialize": "order", "locks": "lock"}


def plan(
    tasks: Iterable[Task | Shell],
    *,
    n_jobs: int | None = None,
    agents: Mapping[str, int | Agent] | Iterable[Agent] | None = None,
    history: Run | None = None,
    conflicts: str = "order",
    backend: Any = None,
) -> Plan:
    """Whether tasks may run together, in which rounds, and how long it should take.

    Nothing runs. The plan can be read, drawn by `draw.plan`, and handed to `run`.

    Parameters
    ----------
    tasks : iterable of Task
        Made by `Task` and `shell`.
    n_jobs : int, optional
        Number of workers; negative counts back from the usable cores. Default: all
        usable cores.
    agents : mapping of str to int or Agent, or iterable of Agent, optional
        The kinds of workers that tasks ask for, and how many of each work at once.
    history : Run, optional
        An earlier run of the same tasks, whose durations are expected again: by name
        where names are unique, else by position. Tasks that failed there, or were
        ended, are expected to take as long as typical ones, or as they took if that is
        longer. Default: the tasks' costs; tasks without one count as the median of
        those that have one, or, if none has, all as one.
    conflicts : {"order", "lock"}
        What becomes of tasks that disturb each other and have no order. ``"order"``:
        they wait for each other as given. ``"lock"``: they do not run at the same time,
        and whichever is ready first goes first.
    backend : str or joblib backend, optional
        Where the tasks will run. In threads, mutable objects that tasks have in common
        are warned of.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        If tasks wait for each other in a circle, for a task that is not there, or ask
        for an agent that is not there.
    ArgumentError
        If an argument is not as described, or a task is listed twice.

    Examples
    --------
    >>> from parallel_nb import Task
    >>> load = Task(str.split, "5 3 8", name="load", cost=2)
    >>> tasks = [
    ...     load,
    ...     Task(min, load, name="low", writes="notes.txt", cost=3),
    ...     Task(max, load, name="high", writes="notes.txt", cost=3),
    ... ]
    >>> made = plan(tasks, n_jobs=2)
    >>> made
    <Plan 3 tasks: sequential · 3 rounds · 1 conflict serialised · makespan 8 ...>
    >>> made.explain("high", "low")
    'high waits for low: both write notes.txt.'
    """
    tasks = listed(tasks, "plan")
    n_workers = _n_workers(n_jobs)
    known = _checked_agents(agents)
    _check_asked(tasks, known)
    one_of("conflicts", conflicts, HANDLINGS, synonyms=_SYNONYMS)
    names, declared = [t.name for t in tasks], [t.cost for t in tasks]
    costs = costs_of(names, declared, history)
    waits, inputs = wire(tasks)
    order = in_order(tasks, waits)
    settled = Conflicts(tasks, order, waits, conflicts)
    pairs = [(task, other) for task, each in enumerate(settled.waits) for other in each]
    edges = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    threads = [_shares_memory(_backend_of(task, known, backend)) for task in tasks]
    return Plan(
        tasks=tasks,
        agents=known,
        n_workers=n_workers,
        costs=costs,
        predecessors=_predecessors(edges, len(tasks)),
        inputs=tuple(inputs),
        priority=scheduling.longest_paths(costs.values, edges),
        locks=settled.locks,
        settled=settled,
        in_threads=tuple(threads),
        common=tuple(common_objects(tasks, threads)) if any(threads) else (),
    )


def _n_workers(n_jobs) -> int:
    try:
        number = operator.index(-1 if n_jobs is None else n_jobs)
    except TypeError:
        number = 0
    if number == 0 or isinstance(n_jobs, bool):
        raise ArgumentError(
            "`n_jobs` must be a whole number of workers, or -1 for all usable cores; "
            f"got {n_jobs!r}"
        )
    return number if number > 0 else max(usable_cores() + 1 + number, 1)


def usable_cores() -> int:
    """Cores that this process may use, by its affinity and its group's quota."""
    if hasattr(os, "process_cpu_count"):
        cores = os.process_cpu_count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no control group, or no limit in it
        return cores


def _checked_agents(agents) -> dict[str, Agent]:
    if agents is None:
        return {}
    if isinstance(agents, Agent):
        agents = [agents]
    if isinstance(agents, Mapping):
        given = [_agent(name, value) for name, value in agents.items()]
    elif isinstance(agents, Iterable) and not isinstance(agents, str):
        given = list(agents)
    else:
        given = [agents]
    known: dict[str, Agent] = {}
    for agent in given:
        if not isinstance(agent, Agent):
            raise ArgumentError(
                "`agents` must map names to numbers of slots, such as "
                f"{{'test-runner': 2}}, or hold Agents; got {agent!r:.80}"
            )
        if agent.name in known:
            raise ArgumentError(f"`agents` has two of the name {agent.name!r}")
        known[agent.name] = agent
    return known


def _agent(name, value) -> Agent:
    if not isinstance(value, Agent):
        return Agent(name, slots=value)
    if value.name != name:
        raise ArgumentError(
            f"`agents` has the Agent {value.name!r} under the name {name!r}; use one "
            "name for it"
        )
    return value


def _check_asked(tasks: Sequence, agents: Mapping[str, Agent]) -> None:
    for position, task in enumerate(tasks):
        if task.agent is None or task.agent in agents:
            continue
        whose = f"task {position} ({task.name!r}) asks for the agent {task.agent!r}"
        if not agents:
            raise PlanError(
                f"{whose}, and no agents are known. Pass "
                f"`agents={{{task.agent!r}: 1}}`: how many of them work at once."
            )
        all_known = ", ".join(map(repr, agents))
        raise PlanError(
            f"{whose}; known are {all_known}.{did_you_mean(task.agent, agents)}"
        )


def _backend_of(task, agents, backend):
    agent = agents.get(task.agent)
    return backend if agent is None or agent.backend is None else agent.backend


def _shares_memory(backend) -> bool:
    """Whether a backend's workers are threads of this process."""
    if isinstance(backend, str):
        return backend == "threading"
    if type(backend).__name__ == "SequentialBackend":  # one after another
        return False
    uses_threads = getattr(backend, "uses_threads", False)
    return bool(uses_threads and getattr(backend, "supports_sharedmem", False))


def _predecessors(edges: np.ndarray, n_tasks: int) -> tuple[np.ndarray, ...]:
    """For each task, the tasks it waits for, ascending."""
    if not len(edges):
        return (np.empty(0, dtype=np.int64),) * n_tasks
    edges = edges[np.lexsort([edges[:, 1], edges[:, 0]])]
    bounds = np.searchsorted(edges[:, 0], np.arange(1, n_tasks))
    return tuple(np.split(edges[:, 1], bounds))
