"""`Case`: a Run, and what several findings ask of it, each worked out once.

Knows shares of time, names and CPU seconds; refuses to know what is good or bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from .. import schema, totals
from ..accounting import Ledger, ledger
from ..runs import Run
from .replaying import Replay
from .thresholds import MODEL_OFF, WORTH
from .words import listed, percent, quoted

_NAMED = 3  # tasks in a sentence


class Case:
    """A Run that took time, a baseline if there is one, and what follows from them."""

    def __init__(self, run: Run, baseline: Run | None = None):
        self.run, self.baseline = run, baseline
        self.n_workers = run.meta.n_workers
        self.cores = run.meta.cpu_count

    @cached_property
    def ledger(self) -> Ledger:
        """Where the worker-seconds went."""
        return ledger(self.run, bins=1)

    @cached_property
    def shares(self) -> dict[str, float]:
        """Share of the worker time of each part of the ledger."""
        return self.ledger.shares

    @property
    def idle(self) -> float:
        """Share of the worker time outside attempts and start-up."""
        return sum(self.shares[part] for part in ("dispatch", "blocked", "tail"))

    @cached_property
    def replay(self) -> Replay:
        """The attempts, to be scheduled again."""
        return Replay(self.run)

    @property
    def makespan(self) -> float:
        """Seconds, as recorded."""
        return self.replay.measured

    @property
    def work(self) -> float:
        """Seconds inside attempts."""
        return float(self.replay.batch.durations.sum())

    @cached_property
    def attempts(self):
        """The frame."""
        return self.run.attempts

    @cached_property
    def cpu(self) -> np.ndarray:
        """CPU seconds of each attempt of the batch; NaN where nobody measured."""
        return self.attempts[schema.CPU].to_numpy()[self.replay.batch.rows]

    @property
    def has_cpu(self) -> bool:
        """Whether CPU time is known of all that ran."""
        return not np.isnan(self.cpu).any()

    @cached_property
    def has_ready(self) -> bool:
        """Whether it was noted when tasks became ready, of all that ran."""
        rows = self.replay.batch.rows
        return not np.isnan(self.attempts[schema.READY].to_numpy()[rows]).any()

    @cached_property
    def busy_time(self) -> float:
        """Seconds during which at least one worker was inside an attempt."""
        rows = self.replay.batch.rows
        started = self.attempts[schema.STARTED].to_numpy()[rows]
        ended = self.attempts[schema.ENDED].to_numpy()[rows]
        order = np.argsort(started, kind="stable")
        started, until = started[order], np.maximum.accumulate(ended[order])
        before = np.append(-np.inf, until[:-1])
        return float(np.maximum(until - np.maximum(started, before), 0.0).sum())

    @property
    def cores_used(self) -> float:
        """CPU seconds a second while anybody was inside an attempt."""
        return float(self.cpu.sum()) / self.busy_time if self.busy_time else np.nan

    @property
    def concurrency(self) -> float:
        """How many attempts went on at once, while any did."""
        return self.work / self.busy_time if self.busy_time else np.nan

    def is_worth(self, predicted: float) -> bool:
        """Whether it is so much less than the makespan that it should be told.

        Not if the model is further off on what is known than what it promises.
        """
        least = max(WORTH, abs(self.replay.error)) * self.makespan
        return self.makespan - predicted >= least * (1 - 1e-9)

    def caveats(self) -> tuple[str, ...]:
        """What must be said of anything that was scheduled again."""
        told = list(self.replay.batch.notes)
        if abs(self.replay.error) > MODEL_OFF:
            told.insert(
                0,
                f"by the same model the recorded run takes {_off(self.replay.error)} "
                "than it did",
            )
        return tuple(told)

    @cached_property
    def _row_of_task(self) -> np.ndarray:
        return totals.last_attempt_rows(self.attempts)

    def named(self, tasks: Sequence[int]) -> str:
        """The first of these tasks, and how many more there are.

        By name, and by position where others have the same.
        """
        first = list(tasks[:_NAMED])
        names = self.attempts[schema.NAME].array[self._row_of_task]
        told = [
            quoted(names[task])
            + (f" (task {task:,})" if (names == names[task]).sum() > 1 else "")
            for task in first
        ]
        return listed(told, len(tasks))


def _off(error: float) -> str:
    return f"{percent(abs(error))} {'longer' if error > 0 else 'less'}"
