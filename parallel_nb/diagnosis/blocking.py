"""Findings: workers were idle since no task could be taken.

Knows who waits for agents and for other tasks; refuses to know resources, of which a
Run does not tell.
"""

from __future__ import annotations

import numpy as np

from .. import schema
from ..accounting import spans
from .results import LIKELY, POSSIBLE, Finding
from .tail import waiting
from .thresholds import AS_GOOD, NOTABLE, WORTH
from .words import count, percent, quoted, seconds


class AgentTooScarce(Finding):
    """Tasks waited for a slot of their agent while workers were idle."""

    __slots__ = ()
    name = "an agent has too few slots"

    @classmethod
    def look(cls, case):
        """One for each agent that more slots would help, if workers were idle."""
        n_workers = case.n_workers
        if n_workers == 1 or not case.idle >= NOTABLE or not case.run.meta.agents:
            return
        batch = case.replay.batch
        if batch.agent is None:
            return
        for at, (agent, slots) in enumerate(batch.agents.items()):
            mine = batch.agent == at
            most = min(n_workers, int(np.count_nonzero(mine)))
            if most <= slots:
                continue
            least = case.replay.seconds(agents={**batch.agents, agent: most})
            if not case.is_worth(case.replay.of_model(least)):
                continue
            few, enough, took = slots, most, least
            while enough - few > 1:  # more slots take no longer, by and large
                n = (few + enough) // 2
                then = case.replay.seconds(agents={**batch.agents, agent: n})
                if then <= AS_GOOD * least:
                    enough, took = n, then
                else:
                    few = n
            busy = float(batch.durations[mine].sum()) / (slots * case.makespan)
            mine = np.flatnonzero(mine)
            tasks = batch.task[mine[spans.order_of(-batch.durations[mine])]]
            yield cls(
                evidence=(
                    f"Agent {quoted(agent)} was busy {percent(busy)} of the time "
                    f"in its {count(slots, 'slot')}, with "
                    f"{count(len(mine), 'attempt')}, while workers were idle "
                    f"{percent(case.idle)} of theirs."
                ),
                remedy=f"Give it {count(enough, 'slot')}, if it can have so many.",
                makespan=case.makespan,
                predicted=case.replay.of_model(took),
                sure=LIKELY,
                caveats=case.caveats(),
                tasks=tuple(tasks.tolist()),
                numbers={"busy": busy, "slots": slots, "enough_slots": enough},
            )


class ChainTooLong(Finding):
    """Tasks wait for tasks, and the longest chain of them sets the pace."""

    __slots__ = ()
    name = "a chain of tasks is too long"

    @classmethod
    def look(cls, case):
        """If a shorter longest task of the chain would show."""
        if case.n_workers == 1 or not waiting(case) >= NOTABLE:
            return
        batch = case.replay.batch
        if not len(case.run.edges) or not len(batch.after):
            return
        lengths = batch.durations
        chain = np.asarray(case.replay.chain)
        span = float(lengths[chain].sum())
        slowest = chain[int(lengths[chain].argmax())]
        shorter = lengths.copy()
        shorter[slowest] /= 2
        predicted = case.replay.predicted(durations=shorter)
        if len(chain) < 2 or not case.is_worth(predicted):
            return
        tasks = tuple(dict.fromkeys(batch.task[chain].tolist()))
        nobody = np.empty((0, 2), dtype=np.int64)
        free = case.replay.predicted(after=nobody, lags=None, order="longest_first")
        name = case.named([int(batch.task[slowest])])
        yield cls(
            evidence=(
                f"Workers had nothing to take {percent(waiting(case))} of the time. "
                f"{case.named(tasks)} wait for each other and take {seconds(span)}: no "
                "number of workers gets below that."
            ),
            remedy=(
                f"Make {name} shorter, the longest of the chain with "
                f"{seconds(lengths[slowest])}, or split it. The prediction is for half "
                "its length."
            ),
            makespan=case.makespan,
            predicted=predicted,
            sure=LIKELY,
            caveats=(
                *case.caveats(),
                "a Run does not tell why they wait. If not for results, but for what "
                "they write: with a place of its own for each it would take "
                f"{seconds(free)}",
            ),
            tasks=tasks,
            numbers={
                "span": span,
                "longest": float(lengths[slowest]),
                "without_waiting": free,
            },
        )


class WaitingForResources(Finding):
    """Neither tasks nor agents explain why nothing could be taken."""

    __slots__ = ()
    name = "waiting for resources"

    @classmethod
    def lacking(cls, case) -> str:
        """Whether it was noted when tasks could be begun."""
        if case.has_ready:
            return ""
        return "waiting for resources, as nobody noted when tasks could be begun"

    @classmethod
    def look(cls, case):
        """If the known reasons to wait leave much of it unexplained."""
        share = waiting(case)
        if case.n_workers == 1 or not share >= NOTABLE:
            return
        late = _late(case)
        if not late:
            return
        predicted = case.replay.model
        if not case.makespan - predicted >= WORTH * case.makespan:
            return
        yield cls(
            evidence=(
                f"Workers had nothing to take {percent(share)} of the time. "
                f"{case.named(late)} could not be begun for a while, and neither "
                "tasks before them nor the slots of agents explain it: with these "
                f"alone the run would have taken {seconds(predicted)}."
            ),
            remedy=(
                "See `plan.conflicts` for tasks that write what others use: give each "
                "a file or place of its own. Or see whether inputs came late."
            ),
            makespan=case.makespan,
            predicted=predicted,
            sure=POSSIBLE,
            caveats=case.replay.batch.notes,
            tasks=late,
            numbers={"share": share},
        )


def _late(case) -> tuple[int, ...]:
    """Tasks that could not be begun at once, though they wait for none."""
    batch = case.replay.batch
    ready = case.attempts[schema.READY].to_numpy()[batch.rows]
    since = ready - case.ledger.window[0]
    since[np.isnan(since)] = 0.0
    if len(batch.after):
        since[batch.after[:, 0]] = 0.0
    late = np.flatnonzero(since >= WORTH * case.makespan)
    return tuple(batch.task[late[spans.order_of(-since[late])]].tolist())
