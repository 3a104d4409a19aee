"""`findings`: a Run → what is wrong with it, ranked.

Knows which findings there are and which come first; refuses to know when each of them
holds.
"""

from __future__ import annotations

import math

from ..errors import ArgumentError
from ..runs import Run
from . import (
    blocking,
    computing,
    contradiction,
    counts,
    durations,
    handing,
    inflation,
    losses,
    nothing,
    starting,
)
from . import tail as tails
from .case import Case
from .results import Finding, Findings

_KINDS = (
    starting.StartupDominates,
    handing.TasksTooSmall,
    handing.ChunksTooLarge,
    tails.LongestLast,
    tails.TaskTooLong,
    counts.TooManyWorkers,
    computing.HeldByTheGIL,
    computing.Oversubscribed,
    inflation.WorkInflation,
    blocking.AgentTooScarce,
    blocking.ChainTooLong,
    blocking.WaitingForResources,
    losses.LostAttempts,
)
# What also explains a slowdown that the general finding would only state.
_EXPLAINS = {
    inflation.WorkInflation: (computing.HeldByTheGIL, computing.Oversubscribed)
}


def findings(run: Run, baseline: Run | None = None) -> Findings:
    """What keeps a run from being shorter or cheaper, and what each remedy would save.

    ================================  ===============================================
    start-up dominates                workers were being started
    tasks too small for dispatch      handing over takes longer than working
    chunks too large                  one worker has many tasks left, others none
    the longest tasks came last       another order is shorter
    a task is too long                no order and no number of workers helps
    too many workers                  fewer would take as long
    held by the GIL                   threads compute in turns
    oversubscribed                    more threads compute than there are cores
    work inflation                    the same tasks take longer than in the baseline
    an agent has too few slots        tasks wait for it while workers idle
    a chain of tasks is too long      tasks wait for tasks
    waiting for resources             tasks wait for what a Run does not tell
    lost to failures and retries      attempts whose results were not used
    nothing to gain                   none of these
    only durations are known          nobody noted when tasks began: what they tell
    the times contradict each other   more went on at once than can have
    ================================  ===============================================

    Each is told only if following it would save 5 % of the makespan, and more than
    re-scheduling is off on the run as it was; two of them, which save workers rather
    than time, if they are idle or share cores.

    Parameters
    ----------
    run : Run
    baseline : Run, optional
        The same tasks when they were better off, as a rule under one worker: tells
        work inflation, and makes the GIL and oversubscription sure.

    Returns
    -------
    Findings
        What saves most first; never empty. What they predict is the recorded attempts,
        scheduled again with one thing changed; remedies may overlap, so savings do not
        add up.

    Raises
    ------
    ArgumentError
        If `run` or `baseline` is no Run, or they are not of equally many tasks.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "task": ["a", "b", "c"],
    ...         "started": [0.0, 0.0, 2.0],
    ...         "ended": [2.0, 2.0, 6.0],
    ...         "worker": [0, 1, 0],
    ...     }
    ... )
    >>> found = findings(Run.from_frame(table))
    >>> found[0].name, found[0].predicted
    ('the longest tasks came last', 4.0)
    """
    for name, value in {"run": run, "baseline": baseline}.items():
        if not isinstance(value, Run) and (name == "run" or value is not None):
            raise ArgumentError(f"`{name}` must be a Run; got {type(value).__name__}")
    if baseline is not None and baseline.n_tasks != run.n_tasks:
        raise ArgumentError(
            "`baseline` must be a run of the same tasks; got one of "
            f"{baseline.n_tasks:,} tasks beside one of {run.n_tasks:,}"
        )
    meta = run.meta
    case = Case(run, baseline)
    makespan = case.makespan
    if not case.is_timed and case.work > 0:
        return Findings(
            label=meta.label,
            n_workers=meta.n_workers,
            makespan=math.nan,
            model_error=math.nan,
            not_examined=(durations.NOT_EXAMINED,),
            _all=tuple(durations.of(case)),
        )
    if not makespan > 0 or not case.work > 0:
        makespan = makespan if makespan >= 0 else math.nan
        idle = nothing.NothingRan.of(makespan)
        return Findings(meta.label, meta.n_workers, makespan, math.nan, (), (idle,))
    contradicted = contradiction.of(case)
    if contradicted:
        return Findings(
            label=meta.label,
            n_workers=meta.n_workers,
            makespan=makespan,
            model_error=math.nan,
            not_examined=(contradiction.NOT_EXAMINED,),
            _all=(contradicted,),
        )
    found: list[Finding] = []
    not_examined: list[str] = []
    for kind in _KINDS:
        lacking = kind.lacking(case)
        if lacking:
            not_examined.append(lacking)
        else:
            found += kind.look(case)
    kinds = {type(finding) for finding in found}
    found = [f for f in found if not kinds & set(_EXPLAINS.get(type(f), ()))]
    if "workers" in meta.lacks:
        not_examined.append(
            "whether workers were idle that had no task at all, as nobody noted which "
            "worker ran what: lanes are the fewest that the times allow, and balance "
            "is no better than they show"
        )
    if not found:
        found = [nothing.NothingToGain.of(case)]
    found.sort(key=_weight, reverse=True)
    return Findings(
        label=meta.label,
        n_workers=meta.n_workers,
        makespan=case.makespan,
        model_error=case.replay.error if case.is_replayed else math.nan,
        not_examined=tuple(dict.fromkeys(not_examined)),
        _all=tuple(found),
    )


def _weight(finding: Finding) -> float:
    """Seconds that it saves; what nobody can tell comes last."""
    return -math.inf if math.isnan(finding.saving) else finding.saving
