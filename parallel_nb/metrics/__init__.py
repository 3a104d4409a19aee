"""Floor 0: what a parallel run achieved, as functions of plain arrays.

Seconds     work, makespan, busy
Shares      speedup, efficiency, utilization, load_balance, dispatch_efficiency,
            throughput, work_inflation, success_rate
Chains      span, in_dependency_order
Intervals   concurrency, utilization_series, colour_lanes

Knows the formulas and where they come from; refuses to know frames, Runs and how a
number is shown. All times are float64 seconds; NaN stands for "unknown" and is left out
where said.
"""

from .chains import in_dependency_order, span
from .intervals import colour_lanes, concurrency, utilization_series
from .ratios import (
    busy,
    dispatch_efficiency,
    efficiency,
    load_balance,
    makespan,
    speedup,
    success_rate,
    throughput,
    utilization,
    work,
    work_inflation,
)

__all__ = [
    "busy",
    "colour_lanes",
    "concurrency",
    "dispatch_efficiency",
    "efficiency",
    "in_dependency_order",
    "load_balance",
    "makespan",
    "span",
    "speedup",
    "success_rate",
    "throughput",
    "utilization",
    "utilization_series",
    "work",
    "work_inflation",
]
