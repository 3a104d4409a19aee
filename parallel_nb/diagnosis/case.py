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
from ..schema import ENDED, STARTED
from .replaying import Replay
from .thresholds import GRAIN, MODEL_OFF, WORTH
from .words import listed, percent, quoted

_NAMED = 3  # tasks in a sentence


class Case:
    """A Run that took time, a baseline if there is one, and what follows from them."""

    def __init__(self, run: Run, baseline: Run | None = None):
        self.run, self.baseline = run, baseline
        self.n_workers = run.meta.n_workers
        self.cores = run.meta.cpu_count

    @property
    def is_timed(self) -> bool:
        """Whether it was noted when tasks began, and not durations alone."""
        return "starts" not in self.run.meta.lacks

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
    def is_replayed(self) -> bool:
        """Whether anything was scheduled again, which takes a while for millions."""
        return "replay" in self.__dict__ and self.replay.is_modelled

    @cached_property
    def attempts(self):
        """The frame."""
        return self.run.attempts

    @cached_property
    def makespan(self) -> float:
        """Seconds, as recorded; NaN where only durations were."""
        if not self.is_timed:
            return np.nan
        return totals.makespan(self.attempts, self.run.startups)

    @cached_property
    def rows(self) -> np.ndarray:
        """Of the attempts that ran, as in the batch."""
        started, ended = (self.attempts[name] for name in (STARTED, ENDED))
        return np.flatnonzero(~np.isnan(ended.to_numpy() - started.to_numpy()))

    def of_attempts(self, column: str) -> np.ndarray:
        """A column of the attempts that ran."""
        values = self.attempts[column].to_numpy()
        return values if len(self.rows) == len(values) else values[self.rows]

    @cached_property
    def work(self) -> float:
        """Seconds inside attempts."""
        return float(totals.durations(self.attempts).sum())

    @cached_property
    def span(self) -> float:
        """Seconds of the longest task, or of the longest chain that waits."""
        if len(self.run.edges) and self.is_timed:
            return float(self.replay.batch.durations[self.replay.chain].sum())
        of_task = totals.durations(self.attempts)
        if self.run.n_tasks < len(of_task):
            of_task = totals.per_task(self.attempts, self.run.n_tasks)
        return float(of_task.max())

    @cached_property
    def cpu(self) -> np.ndarray:
        """CPU seconds of each attempt that ran; NaN where nobody measured."""
        return self.of_attempts(schema.CPU)

    @cached_property
    def cpu_share(self) -> float:
        """CPU seconds a second inside attempts; NaN where nobody measured."""
        return float(self.cpu.sum()) / self.work

    @property
    def has_cpu(self) -> bool:
        """Whether CPU time is known of all that ran."""
        return not np.isnan(self.cpu_share)

    @cached_property
    def has_ready(self) -> bool:
        """Whether it was noted when tasks became ready, of all that ran."""
        return not np.isnan(self.of_attempts(schema.READY)).any()

    @cached_property
    def busy_time(self) -> float:
        """Seconds during which at least one worker was inside an attempt."""
        started, ended = self.of_attempts(STARTED), self.of_attempts(ENDED)
        if not (started[1:] >= started[:-1]).all():
            order = np.argsort(started, kind="stable")
            started, ended = started[order], ended[order]
        until = np.maximum.accumulate(ended)
        before = np.append(-np.inf, until[:-1])
        return float(np.maximum(until - np.maximum(started, before), 0.0).sum())

    @property
    def is_computing_matter(self) -> bool:
        """Whether tasks are long enough to time, and cores what they may lack.

        Not if nobody was inside an attempt for most of the time.
        """
        is_timed = self.work >= GRAIN * len(self.rows)
        return is_timed and self.busy_time >= self.makespan / 2

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
        is_sure = self._is_all_known and not self.run.meta.lacks
        if not self.is_replayed and is_sure:
            return ()
        told = list(self.replay.batch.notes)
        if abs(self.replay.error) > MODEL_OFF:
            told.insert(
                0,
                f"by the same model the recorded run takes {_off(self.replay.error)} "
                "than it did",
            )
        if self.replay.coarseness > 0:
            told.append(
                "short attempts were scheduled again together: predictions may be "
                f"{percent(self.replay.coarseness)} of the run off by that"
            )
        return tuple(told)

    @cached_property
    def _is_all_known(self) -> bool:
        """Whether all attempts are done and took a known time."""
        is_done = not self.attempts[schema.STATUS].array.codes.any()
        return is_done and len(self.rows) == len(self.attempts)

    @cached_property
    def last_rows(self) -> np.ndarray:
        """The row of each task's last attempt."""
        return totals.last_attempt_rows(self.attempts)

    def named(self, tasks: Sequence[int]) -> str:
        """The first of these tasks, and how many more there are.

        By name, and by position where others have the same.
        """
        told, names = [], self.attempts[schema.NAME].array
        n_called: dict[str, int] = {}
        for task in tasks[:_NAMED]:
            name = names[self.last_rows[task]]
            if name not in n_called:
                is_called = np.asarray(names == name)
                if self.run.n_tasks < len(names):
                    is_called = is_called[self.last_rows]
                n_called[name] = int(is_called.sum())
            also = f" (task {task:,})" if n_called[name] > 1 else ""
            told.append(quoted(name) + also)
        return listed(told, len(tasks))


def _off(error: float) -> str:
    return f"{percent(abs(error))} {'longer' if error > 0 else 'less'}"
