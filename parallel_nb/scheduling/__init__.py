"""Floor 1: how long tasks take together, on paper.

Lists     list_schedule → Schedule: who does what when; make_problem, scheduled, listed:
          the same in steps, for one problem in many ways
Counts    makespans: of one list on many numbers of workers, by bounds where these agree
Bounds    lower_bound, graham_bound, list_ratio, lpt_ratio, lpt_bound, packing_bound
Coarse    coarse: a problem of many short tasks as one of few, close to it; grains_of:
          which of them go together; kinds_of: which no schedule tells apart
Graphs    longest_paths, critical_path, levels; chain_ends, longest_chain: in arrays
Locks     Locks: for whoever schedules event by event

Knows arrays of seconds and edges between positions; refuses to know frames, Runs, names
and clocks.
"""

from .bounds import (
    graham_bound,
    list_ratio,
    lower_bound,
    lpt_bound,
    lpt_ratio,
    packing_bound,
)
from .coarsening import Grains, coarse, grains_of
from .counts import AGREED, Makespans, makespans
from .graphs import critical_path, levels, longest_paths
from .greedy import Problem, Schedule
from .kinds import Kinds, kinds_of
from .levelwise import chain_ends, longest_chain
from .lists import (
    ORDERS,
    checked_order,
    list_schedule,
    listed,
    make_problem,
    scheduled,
)
from .locks import Locks

__all__ = [
    "AGREED",
    "ORDERS",
    "Grains",
    "Kinds",
    "Locks",
    "Makespans",
    "Problem",
    "Schedule",
    "chain_ends",
    "checked_order",
    "coarse",
    "critical_path",
    "graham_bound",
    "grains_of",
    "kinds_of",
    "levels",
    "list_ratio",
    "list_schedule",
    "listed",
    "longest_chain",
    "longest_paths",
    "lower_bound",
    "lpt_bound",
    "lpt_ratio",
    "make_problem",
    "makespans",
    "packing_bound",
    "scheduled",
]
