"""Floor 2: what to do, declared before anything runs.

Declare   Task, shell → Shell, Agent
List      listed(tasks): what is no task among them is refused
Depend    inputs_of(task), with_results(task, results): tasks in arguments
Judge     checked(task, result), failed_check(check, result)

Workers import this to judge results: each name is imported when first asked for, so
that they load nothing else, and the standard library is all that the rest needs.
"""

from importlib import import_module as _import_module

_HOMES = {
    "Agent": "declaring",
    "Shell": "declaring",
    "ShellResult": "declaring",
    "Task": "declaring",
    "checked": "checks",
    "failed_check": "checks",
    "inputs_of": "arguments",
    "is_task": "declaring",
    "listed": "listing",
    "median_factor": "declarations",
    "name_of": "checks",
    "shell": "declaring",
    "with_results": "arguments",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # the next access does not come here again
    return value


def __dir__():
    return __all__
