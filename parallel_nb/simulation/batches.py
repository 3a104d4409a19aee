"""`Batch`: what there is to schedule again, made from a Run, a Plan or durations.

Knows which attempts count, who waits for whom, and what of it is not known; refuses to
know workers and orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from .. import schema, totals
from ..errors import ArgumentError
from ..runs import Run
from .handing_over import (
    Dispatch,
    dispatch_of,
    followed,
    leads_of,
    makespan_of,
    ran_of,
)
from .waits import waits_of

_CUT_SHORT = ("timeout", "cancelled")
_SECONDS = "s"  # the unit of a plan's costs where an earlier run gave them


@runtime_checkable
class Planned(Protocol):
    """What is needed of a `parallel_nb.Plan`, which has its home beside this one."""

    tasks: Any
    agents: Any
    n_workers: Any
    costs: Any
    edge_positions: Any
    priority: Any
    locks: Any
    round_of: Any


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Attempts to schedule; positions among them, not tasks, are what all refers to.

    Attributes
    ----------
    rows : int array of shape (n,)
        Where each stands in the frame that it is from.
    task : int array of shape (n,)
    durations : float array of shape (n,)
        Seconds.
    given : int array of shape (n,)
        The list in which they are, or were, handed over.
    after : int array of shape (n_edges, 2)
    lags : float array of shape (n,), or None
        Seconds between the end of a failure and the next attempt's being ready.
    agents : dict of str to int
        Slots.
    agent : int array of shape (n,)
        Position in `agents`, -1 for none of these.
    locks : sequence or None
    chunk : int array of shape (n,), or None
        Attempts that travelled together share one; None where each travelled alone.
    sizes : int array of shape (n,), or None
        How many attempts each stands for, where short ones were put together.
    n_chunks : int array of shape (n,), or None
        In how many chunks those travelled; None where each did alone.
    n_workers : int
        Recorded or planned; 0 where there were none.
    makespan : float
        Recorded; NaN where there is none.
    leads : float array
        Seconds until each recorded worker was there, ascending, from `zero` before the
        beginning: where the first attempts are the first thing that is known, part of
        what it took to hand them over is not.
    zero : float
    cores : int
        That were there if the attempts used them; 0 where that does not matter.
    is_ours : bool
        Whether chunks got shorter towards the end.
    is_at_least : bool
        Whether some durations are not known, or were cut short.
    """

    rows: np.ndarray
    task: np.ndarray
    durations: np.ndarray
    given: np.ndarray
    after: np.ndarray
    lags: np.ndarray | None = None
    agents: dict[str, int] = field(default_factory=dict)
    agent: np.ndarray | None = None
    locks: tuple | None = None
    chunk: np.ndarray | None = None
    sizes: np.ndarray | None = None
    n_chunks: np.ndarray | None = None
    n_workers: int = 0
    makespan: float = np.nan
    dispatch: Dispatch = field(default_factory=Dispatch)
    leads: np.ndarray = field(default_factory=lambda: np.empty(0))
    zero: float = 0.0
    cores: int = 0
    is_ours: bool = True
    is_at_least: bool = False
    notes: tuple[str, ...] = ()

    @property
    def is_independent(self) -> bool:
        """Whether any attempt may run beside any other."""
        return not len(self.after) and self.locks is None

    def is_limited(self, n_workers: int) -> bool:
        """Whether an agent's slots, or locks, may keep workers from working."""
        if self.locks is not None:
            return True
        if self.agent is None:
            return False
        return any(
            slots < n_workers and bool((self.agent == at).any())
            for at, slots in enumerate(self.agents.values())
        )

    def available(self, n_workers: int) -> np.ndarray | None:
        """When each of so many workers is there; None: at once.

        Those that were recorded, and more that are as late as the last of these.
        """
        if not self.leads.any():
            return None
        n_more = max(n_workers - len(self.leads), 0)
        return np.append(self.leads[:n_workers], np.full(n_more, self.leads[-1]))


def batch_of(work, after=()) -> Batch:
    """What there is to schedule in a Run, a Plan or an array of durations.

    Raises
    ------
    ArgumentError
        If it is none of these, or holds no duration.
    """
    if not isinstance(work, Run | Planned):
        return _of_durations(work, after)
    if len(after):
        raise ArgumentError(
            "`after` goes with durations; a Run and a Plan have edges of their own"
        )
    return _of_run(work) if isinstance(work, Run) else _of_plan(work)


def _of_durations(durations, after) -> Batch:
    try:
        lengths = np.asarray(durations, dtype=float)
    except (TypeError, ValueError):
        lengths = None
    if lengths is None or lengths.ndim != 1:
        raise ArgumentError(
            "`work` must be a Run, a Plan or one number of seconds a task; got "
            f"{type(durations).__name__}"
        )
    wrong = ~((lengths >= 0) & (lengths < np.inf))
    if wrong.any():
        at = int(wrong.argmax())
        raise ArgumentError(
            f"`work` must hold seconds, finite and not negative; got {lengths[at]} for "
            f"task {at}. Leave out what is not known."
        )
    n = len(lengths)
    edges = np.asarray(after) if len(after) else np.empty((0, 2), dtype=np.int64)
    everyone = np.arange(n)
    return Batch(everyone, everyone, lengths, everyone, edges)


def _of_plan(plan: Planned) -> Batch:
    n, everyone = plan.n_tasks, np.arange(plan.n_tasks)
    numbers = {name: number for number, name in enumerate(plan.agents)}
    notes = []
    if plan.costs.unit != _SECONDS:
        notes.append(f"times are not seconds: {plan.costs.source}")
    if plan.costs.n_guessed:
        notes.append(
            f"{plan.costs.n_guessed:,} of {n:,} tasks count as the typical one: nobody "
            "said how long they take"
        )
    return Batch(
        rows=everyone,
        task=everyone,
        durations=plan.costs.values,
        given=np.argsort(-plan.priority, kind="stable"),
        after=plan.edge_positions,
        agents={name: agent.slots for name, agent in plan.agents.items()},
        agent=np.array([numbers.get(t.agent, -1) for t in plan.tasks], dtype=np.int64)
        if numbers
        else None,
        locks=plan.locks if any(plan.locks) else None,
        n_workers=plan.n_workers,
        notes=tuple(notes),
    )


def _of_run(run: Run) -> Batch:
    ran, frame = ran_of(run), run.attempts
    if not len(ran.rows):
        raise ArgumentError(
            f"`work` must hold durations to schedule; of the {run.n_tasks:,} tasks of "
            "this run none is known to have started and ended"
        )
    durations = ran.ended - ran.started
    is_all = len(ran.rows) == len(frame)
    handed = frame[schema.SUBMITTED].to_numpy()
    handed = handed if is_all else handed[ran.rows]
    if np.isnan(handed).any():
        handed = np.where(np.isnan(handed), ran.started, handed)
    is_listed = all((v[1:] >= v[:-1]).all() for v in (handed, ran.started))
    given = np.arange(len(handed)) if is_listed else np.lexsort([ran.started, handed])
    after, lags = waits_of(run, ran)
    chunk = None if len(after) or not _is_shared(ran.chunk) else ran.chunk
    found = followed(ran, run)
    dispatch = dispatch_of(found)
    leads = leads_of(ran, run, found.first, dispatch)
    is_timed = "starts" not in run.meta.lacks
    if not is_timed:  # what was laid end to end has neither gaps nor an order
        chunk, dispatch, leads = None, Dispatch(), np.empty(0)
        given = np.lexsort([ran.attempt, ran.task])
    zero = max(0.0, -float(leads.min(initial=0.0)))
    notes = _unknowns(run, ran)
    cpu = frame[schema.CPU].to_numpy()
    cpu = float((cpu if is_all else cpu[ran.rows]).sum())
    if np.isnan(cpu):
        cpu = float(np.nansum(frame[schema.CPU].to_numpy()[ran.rows]))
    is_computing = cpu > durations.sum() / 2
    has_agents = ran.agent is not None and bool((ran.agent >= 0).any())
    return Batch(
        rows=ran.rows,
        task=ran.task,
        durations=durations,
        given=given,
        after=after,
        lags=lags,
        agents=dict(run.meta.agents),
        agent=ran.agent if has_agents else None,
        chunk=chunk,
        n_workers=run.meta.n_workers,
        makespan=makespan_of(run) if is_timed else np.nan,
        dispatch=dispatch,
        leads=leads + zero,
        zero=zero,
        cores=run.meta.cpu_count if is_computing else 0,
        is_ours=run.meta.source == "run",
        is_at_least=bool(notes),
        notes=(*notes, *_concluded(run)),
    )


def _concluded(run: Run):
    """What nobody measured, and follows from something else."""
    if "starts" in run.meta.lacks:
        yield (
            "only durations were recorded, and no times: what handing over takes is "
            "not known and counts as nothing, and how far the model is off cannot be "
            "told"
        )
    elif "workers" in run.meta.lacks:
        yield (
            "nobody noted which worker ran what: lanes are the fewest that the times "
            f"allow ({run.meta.n_workers:,}); if there were more, gaps in a lane are "
            "not what handing over takes"
        )


def _is_shared(chunk: np.ndarray) -> bool:
    """Whether all chunks are known and some hold several attempts."""
    if chunk.min(initial=0) < 0:
        return False
    most = int(chunk.max(initial=0))
    return most < len(chunk) - 1 or int(np.bincount(chunk).max(initial=0)) > 1


def _unknowns(run: Run, ran) -> tuple[str, ...]:
    """What keeps a prediction from being more than a lower limit."""
    frame, notes, n_known = run.attempts, [], run.n_tasks
    if len(ran.rows) < len(frame):
        n_known = np.count_nonzero(np.bincount(ran.task))
    if n_known < run.n_tasks:
        notes.append(
            f"{run.n_tasks - n_known:,} of {run.n_tasks:,} tasks have no known "
            "duration: they count as nothing, so it takes that long at least"
        )
    status = frame[schema.STATUS].array
    cut = [status.categories.get_loc(name) for name in _CUT_SHORT]
    last = totals.last_attempt_rows(frame) if np.isin(status.codes, cut).any() else []
    if len(last):
        is_short = np.isin(status.codes[last], cut)
        is_short &= np.isin(last, ran.rows)
        if is_short.any():
            notes.append(
                f"{int(is_short.sum()):,} of {run.n_tasks:,} tasks were ended by a "
                "time limit or cancelled: they count as long as they ran, so it takes "
                "that long at least"
            )
    return tuple(notes)
