"""`Load`: the attempts of a batch as workers get them, with what handing over takes.

Knows chunks and gaps; refuses to know when anything starts.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np

from .. import scheduling
from ..errors import ArgumentError
from ..scheduling import Problem, Schedule
from .batches import Batch
from .handing_over import Dispatch

MEASURED = "measured"


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """What workers take from the list: attempts or, of independent ones, chunks.

    Attributes
    ----------
    problem : Problem
        Each attempt or chunk with the gaps that it takes.
    order : str or int array
        The list, for `scheduling.scheduled`.
    firsts : int array or None
        Where each chunk begins in the list; None where each attempt is taken by itself.
    members : int array or None
        The attempts of all chunks, one chunk after the other; None: as they come.
    gap, within : float
        Seconds before each chunk, or attempt, and before any other of a chunk.
    zero : float
        When the run begins in the schedule, whose first gaps may lie before it.
    """

    problem: Problem
    order: str | np.ndarray
    firsts: np.ndarray | None
    members: np.ndarray | None
    gap: float
    within: float
    zero: float

    def times(self, batch: Batch, schedule: Schedule):
        """Handed over, started, ended, worker and chunk of each attempt."""
        begun = schedule.started - self.zero
        if self.firsts is None:
            started = begun + self.gap
            ended, chunk = started + batch.durations, np.arange(len(started))
            return np.maximum(begun, 0.0), started, ended, schedule.worker, chunk
        members = self.members
        if members is None:
            members = np.arange(len(batch.durations))
        gaps = np.full(len(members), self.within)
        gaps[self.firsts] = self.gap
        lengths = batch.durations[members]
        ends = np.cumsum(gaps + lengths)
        sizes = np.diff(np.append(self.firsts, len(members)))
        began = ends[self.firsts] - (gaps + lengths)[self.firsts]
        since_began = ends - lengths - np.repeat(began, sizes)
        put = np.empty(len(members), dtype=np.int64)
        put[members] = np.arange(len(members))
        handed = np.repeat(begun, sizes)
        started = (handed + since_began)[put]
        worker = np.repeat(schedule.worker, sizes)
        chunk = np.repeat(np.arange(len(sizes)), sizes)
        ended = started + batch.durations
        handed = np.maximum(handed[put], 0.0)
        return handed, started, ended, worker[put], chunk[put]


def load_of(
    batch: Batch,
    *,
    n_workers: int,
    order,
    dispatch: float | str,
    chunks: int | None,
) -> Load:
    """A batch as so many workers get it; parameters and errors as of `simulate`."""
    measured = _dispatch(batch, dispatch)
    size = size_of(batch, n_workers, chunks, order)
    is_measured = dispatch == MEASURED
    available = batch.available(n_workers) if is_measured else None
    zero = batch.zero if is_measured else 0.0
    if size is None:
        is_alone = chunks is None and is_measured
        gap = measured.mean if is_alone else measured.between
        lengths = batch.durations + gap
        if batch.n_chunks is not None:
            n_others = batch.sizes - batch.n_chunks
            lengths = batch.durations + measured.between * batch.n_chunks
            lengths += measured.within * n_others
        elif batch.sizes is not None:
            lengths = batch.durations + gap * batch.sizes
        made = problem_of(batch, lengths, n_workers, available)
        order = _order(batch, order)
        zero = zero if batch.n_chunks is not None else min(zero, gap)
        return Load(made, order, None, None, gap, 0.0, zero)
    members, firsts = chunks_of(batch, size, order, n_workers)
    lengths = batch.durations if members is None else batch.durations[members]
    if len(firsts):
        sizes = np.diff(np.append(firsts, len(lengths)))
        lengths = np.add.reduceat(lengths, firsts) + measured.within * (sizes - 1)
        lengths += measured.between
    made = scheduling.make_problem(lengths, n_workers, available=available)
    gap, within = measured.between, measured.within
    return Load(made, "given", firsts, members, gap, within, zero)


def chunks_of(batch: Batch, size: int, order="given", n_workers: int = 1):
    """Attempts chunk by chunk, None as they come, and where among them chunks begin.

    Parameters
    ----------
    size : int
        Attempts of a chunk; 0: as recorded.
    order, n_workers
        As for `simulate`.
    """
    members = _order(batch, order)
    if isinstance(members, str):
        alone = scheduling.make_problem(batch.durations, n_workers)
        members = None if members == "given" else scheduling.listed(alone, members)
    if size:
        return members, np.arange(0, len(batch.durations), size)
    chunk = batch.chunk if members is None else batch.chunk[members]
    if (chunk[1:] < chunk[:-1]).any():
        members = _by_chunk(chunk, members)
        chunk = batch.chunk[members]
    return members, np.flatnonzero(np.append(True, chunk[1:] != chunk[:-1]))


def problem_of(batch: Batch, lengths, n_workers: int, available=None) -> Problem:
    """Attempts that take so long, to be taken one by one."""
    is_limited = batch.is_limited(n_workers) and batch.agent is not None
    return scheduling.make_problem(
        lengths,
        n_workers,
        after=batch.after,
        agent=batch.agent if is_limited else None,
        slots=list(batch.agents.values()) if is_limited else (),
        locks=batch.locks,
        available=available,
        lags=batch.lags,
        is_walked=False,
    )


def checked(dispatch, order) -> None:
    """Refuse what is neither measured nor seconds, and orders that there are not."""
    if isinstance(order, str):
        scheduling.checked_order(order)
    if isinstance(dispatch, str) and dispatch == MEASURED:
        return
    is_number = isinstance(dispatch, int | float | np.number)
    if not is_number or isinstance(dispatch, bool) or not 0 <= dispatch < np.inf:
        raise ArgumentError(
            f"`dispatch` must be 'measured' or seconds, not negative; got {dispatch!r}"
        )


def _dispatch(batch: Batch, dispatch) -> Dispatch:
    if dispatch == MEASURED:
        return batch.dispatch
    return Dispatch(between=float(dispatch))


def _order(batch: Batch, order):
    """An order of attempts: as given, by a rule, or a permutation of tasks."""
    if isinstance(order, str):
        is_listed = order != "given" or (batch.given[1:] > batch.given[:-1]).all()
        return order if is_listed else batch.given
    rank = np.asarray(order)
    n_tasks = int(batch.task.max(initial=-1)) + 1
    if (
        rank.dtype.kind not in "iu"
        or len(rank) < n_tasks
        or not np.array_equal(np.sort(rank, axis=None), np.arange(len(rank)))
    ):
        raise ArgumentError(
            f"`order` must be one of {', '.join(map(repr, scheduling.ORDERS))}, or "
            f"hold each of the tasks 0 ... {n_tasks - 1} once; got {order!r:.80}"
        )
    return np.argsort(np.argsort(rank)[batch.task], kind="stable")


def _by_chunk(here: np.ndarray, members: np.ndarray | None) -> np.ndarray:
    """A list in which those of one chunk follow each other, from its first one on."""
    # Of several places numpy keeps the last that it is told.
    first = np.full(here.max() + 1, len(here))
    first[here[::-1]] = np.arange(len(here))[::-1]
    by_chunk = np.argsort(first[here], kind="stable")
    return by_chunk if members is None else members[by_chunk]


def size_of(batch: Batch, n_workers: int, chunks, order) -> int | None:
    """Attempts in a chunk: 0 as recorded, None each by itself."""
    if chunks is None:
        travels = batch.chunk is not None and not batch.is_limited(n_workers)
        is_as_recorded = n_workers == batch.n_workers or not batch.is_ours
        is_given = isinstance(order, str) and order == "given"
        return 0 if travels and is_as_recorded and is_given else None
    try:
        size = operator.index(chunks)
    except TypeError:
        size = 0
    if size < 1:
        raise ArgumentError(
            f"`chunks` must be a whole number, 1 or more, or None; got {chunks!r}"
        )
    if size == 1:
        return None
    if not batch.is_independent or batch.is_limited(n_workers):
        raise ArgumentError(
            f"`chunks` must be 1 or None where tasks wait for others, are tried again "
            f"or ask for agents that are scarce: these travel alone; got {size}"
        )
    return size
