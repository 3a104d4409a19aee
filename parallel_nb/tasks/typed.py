"""A declared task as one would type it: its repr.

Knows how tasks are written; refuses to know what becomes of them.
"""

from .arguments import inputs_of, with_results
from .checks import name_of
from .declaring import Shell, Task, is_task, short_line

_FIELDS = ("agent", "reads", "writes", "cost", "timeout")


def typed_task(task: Task) -> str:
    """The call that makes such a task."""
    named = {each: _Named(each.name) for each in inputs_of(task)}
    args, kwargs = with_results(task, named)
    func = name_of(task.func)
    parts = [func, *map(repr, args), *(f"{k}={v!r}" for k, v in kwargs.items())]
    if task.name != func:
        parts.append(f"name={task.name!r}")
    return f"Task({', '.join([*parts, *_declared(task)])})"


def typed_command(command: Shell) -> str:
    """The call that makes such a command; not what may be long or secret in it."""
    parts = [repr(command.command)]
    if command.name != short_line(command.command):
        parts.append(f"name={command.name!r}")
    if command.cwd is not None:
        parts.append(f"cwd={command.cwd!r}")
    return f"shell({', '.join([*parts, *_declared(command)])})"


def _declared(task):
    parts = []
    if task.after:
        after = tuple(_Named(t.name) if is_task(t) else t for t in task.after)
        parts.append(f"after={after!r}")
    said = {field: getattr(task, field) for field in _FIELDS} | task.tries._asdict()
    for field, value in said.items():
        if value not in (None, (), 0) or (field == "cost" and value == 0):
            parts.append(f"{field}={value!r}")
    return parts


class _Named:
    """Stands for a task where another one is shown."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return f"<task {self._name!r}>"
