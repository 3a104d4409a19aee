"""`efficiencies`: a Run → the factors that make up its efficiency.

Knows which factors multiply to which; refuses to know their formulas, which are in
`metrics/`, and parts that add up.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from .. import metrics, schema, totals
from ..errors import ArgumentError
from ..runs import Run


def efficiencies(run: Run, reference: Run | None = None) -> pd.DataFrame:
    """The factors of a run's efficiency, whose product it is.

    - parallel efficiency = load balance x dispatch efficiency
    - global efficiency = parallel efficiency x computation scaling
    - speedup = global efficiency x n_workers / (parallel efficiency of the reference
      x its n_workers)

    Parameters
    ----------
    run : Run
    reference : Run, optional
        The same tasks, as a rule under one worker.

    Returns
    -------
    DataFrame
        One row: ``n_workers``; ``makespan`` (s); ``parallel_efficiency``, which is
        the run's utilization; ``load_balance``; ``dispatch_efficiency``;
        ``computation_scaling``, the reference's work / the run's work, which is
        1 / work inflation; ``global_efficiency``; ``speedup``, the reference's
        makespan / the run's.

        NaN is what is not defined: without a reference the last three, and all if
        nothing ran. Of a run that holds durations only (``"starts"`` in `Meta.lacks`)
        no more than computation scaling is. Where nobody noted who ran what
        (``"workers"``), lanes are the fewest that the times allow, so load balance and
        parallel efficiency are upper bounds. ``attrs["notes"]`` says so.

        Busy is whoever is inside an attempt, one that was lost, too: `ledger` tells
        them apart.

    Raises
    ------
    ArgumentError
        If `run` or `reference` is no Run, or they are not of equally many tasks.

    References
    ----------
    POP Centre of Excellence, *Standard Metrics for Performance Analysis*: "Parallel
    Efficiency", "Load Balance", "Communication Efficiency" (here: dispatch),
    "Computation Scaling", "Global Efficiency". Rosas, Giménez, Labarta, "Scalability
    prediction for fundamental performance factors", *Supercomputing Frontiers and
    Innovations* 1(2), 2014, for the factors and why they multiply.

    Examples
    --------
    >>> one = {"task": [0, 1], "started": [0.0, 3.0], "ended": [3.0, 4.0]}
    >>> two = {"task": [0, 1], "started": [0.0, 0.0], "ended": [3.0, 2.0]}
    >>> one, two = (Run.from_frame(pd.DataFrame(table)) for table in (one, two))
    >>> efficiencies(two, one).drop(columns=["n_workers", "makespan"]).T.round(3)
                             0
    parallel_efficiency  0.833
    load_balance         0.833
    dispatch_efficiency  1.000
    computation_scaling  0.800
    global_efficiency    0.667
    speedup              1.333
    """
    own = _numbers("run", run)
    found = {
        **own,
        "computation_scaling": math.nan,
        "global_efficiency": math.nan,
        "speedup": math.nan,
    }
    work = found.pop("work")
    if reference is not None:
        other = _numbers("reference", reference)
        if reference.n_tasks != run.n_tasks:
            raise ArgumentError(
                "`reference` must be a run of the same tasks; got one of "
                f"{reference.n_tasks:,} tasks beside one of {run.n_tasks:,}"
            )
        if work > 0 and other["work"] > 0:
            inflation = metrics.work_inflation(work, other["work"])
            found["computation_scaling"] = 1 / inflation
            found["global_efficiency"] = found["parallel_efficiency"] / inflation
            if other["makespan"] > 0 and own["makespan"] > 0:
                found["speedup"] = metrics.speedup(other["makespan"], own["makespan"])
    frame = pd.DataFrame([found])
    frame.attrs["notes"] = list(_notes(run))
    return frame


def _notes(run: Run):
    if "starts" in run.meta.lacks:
        yield (
            "durations only, laid end to end: when tasks began is not known, so "
            "neither are the makespan and the factors that follow from it"
        )
    elif "workers" in run.meta.lacks:
        yield (
            "nobody noted which worker ran what: lanes are the fewest that the times "
            "allow, so load balance and parallel efficiency are upper bounds"
        )


def _numbers(parameter: str, run: Run) -> dict[str, float]:
    if not isinstance(run, Run):
        raise ArgumentError(f"`{parameter}` must be a Run; got {type(run).__name__}")
    attempts, n_workers = run.attempts, run.meta.n_workers
    took = totals.durations(attempts)
    busy = metrics.busy(took, attempts[schema.WORKER].to_numpy(), n_workers)
    makespan = totals.makespan(attempts, run.startups)
    if "starts" in run.meta.lacks:
        makespan = math.nan
    factors = dict.fromkeys(
        ["parallel_efficiency", "load_balance", "dispatch_efficiency"], math.nan
    )
    if makespan > 0:
        factors["parallel_efficiency"] = metrics.utilization(busy, makespan)
        factors["dispatch_efficiency"] = metrics.dispatch_efficiency(busy, makespan)
        if np.any(busy):
            factors["load_balance"] = metrics.load_balance(busy)
    return {
        "n_workers": n_workers,
        "makespan": makespan,
        **factors,
        "work": float(busy.sum()),
    }
