"""Floor 3: a batch before it runs: what may run together, and how long it will take.

plan(tasks)   → Plan: rounds, conflicts and why, critical path, predicted makespan

Knows tasks, their names, resources, costs and agents; refuses to know backends and
clocks. There is no graph library behind it: an order, a circle, longest paths and who
reaches whom are single passes over lists.
"""

from .making import plan
from .plans import Plan

__all__ = ["Plan", "plan"]
