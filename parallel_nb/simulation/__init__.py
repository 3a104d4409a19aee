"""Floor 3: what was recorded or planned, scheduled again on other workers.

simulate(run)   → Run: who would do which task when
predict(run)    → DataFrame: makespan, speedup and bounds for many numbers of workers
measured_dispatch(run)  → Dispatch: what handing over took, by the recorded attempts

Knows Runs, Plans and arrays of durations; refuses to know clocks, backends and why a
task takes as long as it does: each takes what it took, whoever runs beside it.
"""

from .handing_over import Dispatch, measured_dispatch
from .predicting import predict
from .simulating import simulate

__all__ = ["Dispatch", "measured_dispatch", "predict", "simulate"]
