"""What somebody passed to `run`, before it becomes a batch: does it need a plan?

Knows tasks, plans and what goes together; nothing of workers.
"""

from collections.abc import Iterable

from ..errors import ArgumentError
from ..planning import Plan, plan
from ..tasks import Shell, Task, inputs_of
from ..tasks.declarations import ANY
from .backends import name_of_backend, settings


def plan_of(work, inputs, options):
    """The plan that was passed, or the one that these tasks need; None for neither."""
    if inputs is not None:
        for name in ("agents", "barriers"):
            if getattr(options, name):
                raise ArgumentError(
                    f"`{name}` is for tasks; inputs of one function have neither "
                    "agents nor rounds: pass [Task(f, x, agent=…) for x in …]"
                )
        return None
    if isinstance(work, Plan):
        if options.agents is not None:
            raise ArgumentError("`agents` belongs to the plan: plan(tasks, agents=…)")
        return work
    is_tasks = isinstance(work, list) and all(isinstance(t, Task | Shell) for t in work)
    if not is_tasks or not work:
        return None
    if options.agents or options.barriers or any(map(_needs_plan, work)):
        chosen = settings(options.n_jobs, options.backend, options.client)
        return plan(
            work,
            n_jobs=chosen.n_workers,
            agents=options.agents,
            history=options.history,
            backend=name_of_backend(chosen.backend),
        )
    return None


def is_read_once(work):
    """Whether looking at the tasks would use them up."""
    return isinstance(work, Iterable) and not (
        callable(work) or isinstance(work, Plan | Task | Shell | list | str | bytes)
    )


def refuse_beside_plan(work, options):
    """What a plan, or its tasks, have decided already."""
    places = {
        "name": "Task(name=…)",
        "cost": "Task(cost=…)",
        "history": "plan(history=…)" if isinstance(work, Plan) else "",
        "order": "their longest remaining path",
    }
    for argument, place in places.items():
        value = getattr(options, argument)
        is_default = value is None or (argument == "order" and value == "given")
        if place and not is_default:
            raise ArgumentError(
                f"`{argument}` would be ignored: tasks of a plan have it from {place}"
            )


def _needs_plan(task):
    return bool(
        task.agent is not None
        or task.after
        or task.reads
        or task.writes
        or task.tries != ANY
        or task.timeout is not None
        or task.check is not None
        or inputs_of(task)
    )


def checked_tags(label, tags):
    """The tags as a tuple; what a Run could not hold is refused before it is made."""
    if not isinstance(label, str):
        raise ArgumentError(f"`label` must be a string; got {label!r}")
    listed = tuple(tags) if isinstance(tags, Iterable) else ()
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in listed):
        raise ArgumentError(f"`tags` must be strings, as in ['a', 'b']; got {tags!r}")
    return listed


def check_function(workers, func):
    """A function that cannot travel would fail for every input: say so at once."""
    try:
        workers.function(func)
    except Exception as error:
        raise ArgumentError(
            f"the function cannot be sent to the workers of backend {workers.name!r}: "
            f"{type(error).__name__}: {error}. Use backend='threading', or make what "
            "it refers to picklable."
        ) from error
