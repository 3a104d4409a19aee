"""Floor 2: what to do, declared before anything runs.

Declare   Task, shell → Shell, Agent
Depend    inputs_of(task), with_results(task, results): tasks in arguments
Judge     checked(task, result), failed_check(check, result)

Workers import this: the standard library is all that it needs.
"""

from .arguments import inputs_of, with_results
from .checks import checked, failed_check, name_of
from .declarations import median_factor
from .declaring import Agent, Shell, ShellResult, Task, is_task, shell

__all__ = [
    "Agent",
    "Shell",
    "ShellResult",
    "Task",
    "checked",
    "failed_check",
    "inputs_of",
    "is_task",
    "median_factor",
    "name_of",
    "shell",
    "with_results",
]
