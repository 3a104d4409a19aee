"""`Replay`: a Run's attempts, scheduled again with one thing changed.

Knows how a prediction leans on what was measured; refuses to know what to change.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from .. import scheduling
from ..runs import Run
from ..simulation.batches import batch_of
from ..simulation.loads import MEASURED, load_of


class Replay:
    """The attempts of a Run as a batch that can be scheduled again and again.

    Of hundreds of thousands, short ones that are alike go together, as nobody could
    wait for all of them each time: see `scheduling.coarse`.

    Attributes
    ----------
    batch : simulation.batches.Batch
    measured : float
        The recorded makespan (s).
    """

    def __init__(self, run: Run):
        self.batch = batch_of(run)
        self.measured = self.batch.makespan
        self._grains: list = []  # what went together before

    @cached_property
    def model(self) -> float:
        """Seconds of the recorded schedule, scheduled again with nothing changed."""
        if self.batch.chunk is None and self.batch.is_independent:
            return float(self.of_counts([self.batch.n_workers])[0])
        return self.seconds()

    @property
    def error(self) -> float:
        """How far the model is off on what is known: model / measured - 1."""
        return self.model / self.measured - 1

    def seconds(self, *, n_workers=None, order="given", chunks=None, **changes):
        """Makespan by the model (s), with fields of the batch replaced."""
        batch = dataclasses.replace(self.batch, **changes)
        n_workers = n_workers or batch.n_workers
        load = load_of(
            batch, n_workers=n_workers, order=order, dispatch=MEASURED, chunks=chunks
        )
        coarse = scheduling.coarse(load.problem, load.order, self._grains)
        schedule = scheduling.scheduled(*coarse)
        return max(float(schedule.makespan) - load.zero, 0.0)

    def of_counts(self, counts) -> np.ndarray:
        """Makespan by the model (s) of each number of workers, order as given."""
        batch, most = self.batch, max(counts)
        load = load_of(
            batch, n_workers=most, order="given", dispatch=MEASURED, chunks=None
        )
        problem, order = scheduling.coarse(load.problem, load.order, self._grains)
        found = scheduling.makespans(problem, counts, order, available=self._available)
        return np.maximum(found.middle - load.zero, 0.0)

    def _available(self, n_workers: int):
        return self.batch.available(n_workers)

    def predicted(self, **changed) -> float:
        """Seconds that the run would take: parameters of `seconds`, by `of_model`."""
        return self.of_model(self.seconds(**changed))

    def of_model(self, seconds: float, *, kept: float = 1.0) -> float:
        """What the model says, as far as it may be believed.

        Time of the recorded run that the model does not explain stays, or the share
        that is `kept` of it; where the model makes the run longer than it was, it is
        taken to be too long everywhere.
        """
        if self.model > self.measured:
            return seconds * self.measured / self.model
        return seconds + kept * (self.measured - self.model)

    def split(self, tasks: np.ndarray, n_pieces: int) -> dict:
        """Changes that cut attempts, by position, into equal pieces.

        Only for batches whose attempts wait for nothing.
        """
        batch = self.batch
        n = np.ones(len(batch.durations), dtype=np.int64)
        n[tasks] = n_pieces
        of = np.repeat(np.arange(len(n)), n)
        rank = np.argsort(batch.given, kind="stable")
        return {
            "rows": batch.rows[of],
            "task": batch.task[of],
            "durations": batch.durations[of] / n[of],
            "given": np.argsort(rank[of], kind="stable"),
            "agent": None if batch.agent is None else batch.agent[of],
            "chunk": None,
        }
