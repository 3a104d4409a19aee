"""Floor 1: how long tasks take together, on paper.

Lists     list_schedule → Schedule: who does what when
Bounds    lower_bound, graham_bound, list_ratio, lpt_ratio, packing_bound
Graphs    longest_paths, critical_path, levels
Locks     Locks: for whoever schedules event by event

Knows arrays of seconds and edges between positions; refuses to know frames, Runs, names
and clocks.
"""

from .bounds import graham_bound, list_ratio, lower_bound, lpt_ratio, packing_bound
from .graphs import critical_path, levels, longest_paths
from .greedy import Schedule
from .lists import ORDERS, list_schedule
from .locks import Locks

__all__ = [
    "ORDERS",
    "Locks",
    "Schedule",
    "critical_path",
    "graham_bound",
    "levels",
    "list_ratio",
    "list_schedule",
    "longest_paths",
    "lower_bound",
    "lpt_ratio",
    "packing_bound",
]
