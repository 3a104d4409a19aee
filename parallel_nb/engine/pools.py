"""Which workers a plan's agents have: everybody's, or some of their own.

Knows agents and backends; nothing of tasks in progress.
"""

from ..errors import ArgumentError
from ..tasks import Task
from .backends import Settings, Workers, name_of_backend, settings
from .clusters.pool import NAMES

# What can belong to one agent alone. joblib has one set of loky processes for all; a
# cluster's workers are everybody's, too, but it keeps apart who asked for what.
_OWN = ("isolated", "threading", *NAMES)


def name_of_pool(agent, backend):
    """Backend of an agent's workers, where the run's is `backend`.

    Raises
    ------
    ArgumentError
        If it asks for one that cannot be its own.
    """
    if agent is None or not _has_own(agent, backend):
        return backend
    if agent.backend is None and backend in NAMES:
        return backend
    if agent.backend is None:
        return "threading" if backend in ("threading", "sequential") else "isolated"
    name = name_of_backend(settings(1, agent.backend).backend)
    if name not in _OWN:
        raise ArgumentError(
            f"`backend` of agent {agent.name!r} must be one of "
            f"{', '.join(map(repr, _OWN))}; got {name!r}, whose workers everybody "
            "shares, so that slots and set-ups of one agent mean nothing there"
        )
    return name


def _has_own(agent, backend):
    """Whether an agent has workers of its own, where the run's backend is this one."""
    asks = agent.resources is not None and backend in NAMES
    return asks or agent.backend is not None or agent.setup is not None


def pools_of(plan, backend, max_memory=None):
    """Agents that bring their own backend or set-up, each with its workers.

    Yields
    ------
    (str, Workers)
        Name of the agent; workers that have not been entered.
    """
    for name, agent in plan.agents.items():
        if not _has_own(agent, name_of_backend(backend)):
            continue
        functions = {
            id(task.func): task.func
            for task in plan.tasks
            if task.agent == name and isinstance(task, Task)
        }
        own = name_of_pool(agent, name_of_backend(backend))
        if own in NAMES:
            own = (
                backend if agent.backend is None else settings(1, agent.backend).backend
            )
        chosen = Settings(own, agent.slots)
        workers = Workers(
            chosen,
            setup=agent.setup,
            functions=list(functions.values()),
            is_beside=True,
            max_memory=max_memory,
            resources=agent.resources if name_of_backend(own) in NAMES else None,
        )
        yield name, workers
