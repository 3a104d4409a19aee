"""A Plan → its predicted schedule as a small timeline, and that in words.

Knows what a schedule looks like; refuses to know matplotlib, and how it was predicted.
"""

from __future__ import annotations

import numpy as np

from . import palette, wording
from .blocks import Blocks, Kind
from .strip import Strip, strip_of


def forecast(plan) -> Strip | None:
    """Who is predicted to do which task when, worker 0 on top.

    The critical path is black; the window is in the unit of the plan's costs. None if
    nothing takes time.
    """
    schedule, makespan = plan.schedule, plan.makespan
    if not makespan > 0:
        return None
    kind = np.zeros(plan.n_tasks, dtype=np.int8)
    kind[list(plan.critical_path)] = 1
    n_critical = len(plan.critical_path)
    kinds = (
        Kind("other tasks", palette.BLUE, plan.n_tasks - n_critical),
        Kind("critical path", palette.BLACK, n_critical),
    )
    nothing = np.empty(0)
    return strip_of(
        Blocks(
            started=schedule.started,
            ended=schedule.ended,
            lane=np.asarray(schedule.worker, dtype=np.intp),
            kind=kind,
            kinds=kinds,
            shade=None,
            failures=np.empty(0, dtype=np.intp),
            failure_status=np.empty(0, dtype=np.int8),
            lanes=tuple(map(str, range(plan.n_workers))),
            startups=(np.empty(0, dtype=np.intp), nothing, nothing),
            window=(0.0, makespan),
            n_attempts=plan.n_tasks,
        )
    )


def forecast_caption(plan) -> str:
    """What a picture of the predicted schedule shows."""
    text, makespan = plan.costs.text, plan.makespan
    who = (
        f"{wording.count(plan.n_tasks, 'task')} on "
        f"{wording.count(plan.n_workers, 'worker')}"
    )
    if not makespan > 0:
        return f"Predicted schedule of {who}: nothing takes any time."
    busy = plan.work / (plan.n_workers * makespan)
    chain = wording.count(len(plan.critical_path), "task")
    return (
        f"Predicted schedule of {who} in {text(makespan)}; workers are busy "
        f"{wording.percent(busy)} of the time. Critical path, in black: {chain}, "
        f"{text(plan.span)}."
    )
