"""Findings: all wait for the slowest, by the order of tasks or by their lengths.

Knows which tasks are in the way at the end; refuses to know why they take long.
"""

from __future__ import annotations

import numpy as np

from .. import schema
from .results import LIKELY, Finding
from .thresholds import LONG, NOTABLE
from .words import count, percent, seconds

_SPLIT_HELPS = 0.9  # of what any order takes; else it is the order that matters
_AS_LONG = 0.9  # of the longest: as long as it
_SORTED = ("longest_first", "critical_path", "best")


def waiting(case) -> float:
    """Share of the worker time during which workers had nothing to take."""
    return case.shares["tail"] + case.shares["blocked"]


def _sorted_by(case) -> str:
    return "longest_first" if case.replay.batch.is_independent else "critical_path"


def _as_given(case) -> float:
    """Seconds of the recorded order by the model, chunks taken apart."""
    replay = case.replay
    if replay.batch.chunk is None or replay.batch.is_limited(case.n_workers):
        return replay.model
    return min(replay.model, replay.seconds(chunks=1))


class LongestLast(Finding):
    """Long tasks began late, so that one worker was busy when others were done."""

    __slots__ = ()
    name = "the longest tasks came last"

    @classmethod
    def look(cls, case):
        """If the longest first would be shorter, and not for smaller chunks alone."""
        share = waiting(case)
        if case.n_workers == 1 or not share >= NOTABLE:
            return
        if case.run.meta.order in _SORTED:
            return
        replay = case.replay
        predicted = replay.predicted(order=_sorted_by(case))
        gained = replay.of_model(_as_given(case)) - predicted
        if not case.is_worth(predicted) or not case.is_worth(case.makespan - gained):
            return
        late = _late(case)
        at, lengths = late[0], replay.batch.durations
        if not len(case.run.edges) and lengths[at] < LONG * np.median(lengths):
            return  # equals, of which some were tried again: no order helps
        frame, row = case.attempts, replay.batch.rows[at]
        began = float(frame[schema.STARTED].iat[row]) - case.ledger.window[0]
        tasks = tuple(replay.batch.task[late].tolist())
        yield cls(
            evidence=(
                f"Workers had nothing to do {percent(share)} of the time. "
                f"{case.named(tasks[:1])} takes "
                f"{seconds(lengths[at])} and began "
                f"{percent(began / case.makespan)} into the run."
            ),
            remedy=(
                'Start the longest tasks first: `order="longest_first"` with '
                "`history=` this run, or with `cost=` where lengths can be guessed."
            ),
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY,
            caveats=case.caveats(),
            tasks=tasks,
            numbers={"share": share, "began": began},
        )


def _late(case) -> np.ndarray:
    """Positions of what still went on when the first worker was done, longest first."""
    batch, frame = case.replay.batch, case.attempts
    ended = frame[schema.ENDED].to_numpy()[batch.rows]
    worker = frame[schema.WORKER].to_numpy()[batch.rows]
    last = np.full(max(int(worker.max()) + 1, case.n_workers), -np.inf)
    np.maximum.at(last, worker[worker >= 0], ended[worker >= 0])
    over = np.flatnonzero(ended > last.min()) if len(last) else np.arange(len(ended))
    if not len(over):
        over = np.array([int(ended.argmax())])
    order = over[np.argsort(-batch.durations[over], kind="stable")]
    lengths = batch.durations[order]
    return order[lengths >= lengths[0] / 2]


class TaskTooLong(Finding):
    """The work cannot be divided evenly, as some task is too long for that."""

    __slots__ = ()
    name = "a task is too long"

    @classmethod
    def look(cls, case):
        """If the longest, cut into parts, would be shorter than in any order."""
        n_workers, share = case.n_workers, waiting(case)
        if n_workers == 1 or not share >= NOTABLE:
            return
        replay, batch = case.replay, case.replay.batch
        if not batch.is_independent or batch.is_limited(n_workers):
            return
        lengths = batch.durations
        longest = float(lengths.max())
        evenly = case.work / n_workers
        if longest < (1 - _SPLIT_HELPS) * evenly:
            return  # it is more than the longest that any order is off by
        long = np.flatnonzero(lengths >= min(_AS_LONG * longest, max(evenly, 0.0)))
        if longest <= evenly:
            long = np.flatnonzero(lengths >= _AS_LONG * longest)
        long = long[np.argsort(-lengths[long], kind="stable")]
        if case.attempts[schema.STATUS].array.codes[batch.rows[long]].any():
            return  # what hung, or was ended, is no work that could be split
        parts = replay.split(long, n_workers)
        changed = replay.of_batch(parts, order="longest_first")
        whole = min(_as_given(case), replay.seconds(order="longest_first"))
        predicted = replay.of_model(changed)
        if changed > _SPLIT_HELPS * whole or not case.is_worth(predicted):
            return
        tasks = tuple(batch.task[long].tolist())
        many = len(long) > 1
        yield cls(
            evidence=(
                f"{case.named(tasks)} {'take' if many else 'takes'} "
                f"{seconds(longest)}{' each' if many else ''}, while all the work, "
                f"divided evenly, would take {seconds(evenly)}. Whole, no number of "
                f"workers gets below {seconds(longest)}."
            ),
            remedy=(
                f"Split {'each of them' if many else 'it'} into "
                f"{count(n_workers, 'part')}, and start these first."
            ),
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY,
            caveats=(
                *case.caveats(),
                "the parts are taken to be equal, and to cost nothing to put together",
            ),
            tasks=tasks,
            numbers={"share": share, "floor": longest, "evenly": evenly},
        )
