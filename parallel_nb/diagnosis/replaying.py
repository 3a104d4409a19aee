"""`Replay`: a Run's attempts, scheduled again with one thing changed.

Knows how a prediction leans on what was measured; refuses to know what to change.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from .. import scheduling
from ..runs import Run
from ..simulation.batches import Batch, batch_of
from ..simulation.bundles import Bundles
from ..simulation.loads import MEASURED, load_of, size_of


class Replay:
    """The attempts of a Run as a batch that can be scheduled again and again.

    Of hundreds of thousands, short ones that are alike go together, as nobody could
    wait for all of them each time: see `scheduling.grains_of`.

    Attributes
    ----------
    batch : simulation.batches.Batch
    measured : float
        The recorded makespan (s).
    """

    def __init__(self, run: Run):
        self.batch = batch_of(run)
        self.measured = self.batch.makespan
        self._bundles: dict[bool, Bundles] = {}

    @cached_property
    def model(self) -> float:
        """Seconds of the recorded schedule, scheduled again with nothing changed."""
        if self.batch.chunk is None and self.batch.is_independent:
            return float(self.of_counts([self.batch.n_workers])[0])
        return self.seconds()

    @property
    def is_modelled(self) -> bool:
        """Whether `model` was asked for, which takes a while for millions."""
        return "model" in self.__dict__

    @property
    def error(self) -> float:
        """How far the model is off on what is known: model / measured - 1."""
        return self.model / self.measured - 1

    @property
    def coarseness(self) -> float:
        """How far off that attempts went together may be, as a share of the run."""
        off = max((each.off for each in self._bundles.values()), default=0.0)
        return off / self.measured if off else 0.0

    def seconds(self, *, n_workers=None, order="given", chunks=None, **changes):
        """Makespan by the model (s), with fields of the batch replaced."""
        batch = dataclasses.replace(self.batch, **changes) if changes else self.batch
        return self.of_batch(batch, n_workers=n_workers, order=order, chunks=chunks)

    def of_batch(self, batch: Batch, *, n_workers=None, order="given", chunks=None):
        """Makespan by the model (s) of a batch made from this one."""
        n_workers = n_workers or batch.n_workers
        batch = self._coarse(batch, size_of(batch, n_workers, chunks, order))
        load = load_of(
            batch, n_workers=n_workers, order=order, dispatch=MEASURED, chunks=chunks
        )
        problem, order = load.problem, load.order
        if load.firsts is not None:  # chunks of another size
            problem, order = scheduling.coarse(problem, order)
        schedule = scheduling.scheduled(problem, order)
        return max(float(schedule.makespan) - load.zero, 0.0)

    def _coarse(self, batch: Batch, size: int | None) -> Batch:
        """The batch, its short attempts put together if there are many of them."""
        if size or batch.sizes is not None:
            return batch
        is_in_chunks = size == 0
        if is_in_chunks not in self._bundles:
            self._bundles[is_in_chunks] = Bundles(self.batch, is_in_chunks=is_in_chunks)
        bundles = self._bundles[is_in_chunks]
        if not bundles.is_coarse:
            return batch
        made = bundles.of(batch)
        if made is None:
            others = Bundles(batch, is_in_chunks=is_in_chunks)
            made = others.of(batch) if others.is_coarse else batch
        return made

    def of_counts(self, counts) -> np.ndarray:
        """Makespan by the model (s) of each number of workers, order as given."""
        most = max(counts)
        batch = self._coarse(self.batch, size_of(self.batch, most, None, "given"))
        load = load_of(
            batch, n_workers=most, order="given", dispatch=MEASURED, chunks=None
        )
        found = scheduling.makespans(
            load.problem, counts, load.order, available=self.batch.available
        )
        return np.maximum(found.middle - load.zero, 0.0)

    @cached_property
    def _kinds(self) -> scheduling.Kinds | None:
        return scheduling.kinds_of(len(self.batch.durations), self.batch.after)

    @cached_property
    def chain(self) -> list[int]:
        """The attempts of the longest chain that waits, in order."""
        batch = self.batch
        if self._kinds is None:
            return scheduling.longest_chain(batch.durations, batch.after)
        return self._kinds.longest_chain(batch.durations)

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

    def split(self, tasks: np.ndarray, n_pieces: int) -> Batch:
        """The batch with attempts, by position, cut into equal pieces.

        Only for batches whose attempts wait for nothing; of millions, only for attempts
        that are long.
        """
        batch = self._coarse(self.batch, None)
        if batch is not self.batch:
            tasks = self._bundles[False].places(tasks)
        n = np.ones(len(batch.durations), dtype=np.int64)
        n[tasks] = n_pieces
        of = np.repeat(np.arange(len(n)), n)
        rank = np.argsort(batch.given, kind="stable")
        sizes = batch.sizes
        return dataclasses.replace(
            batch,
            rows=batch.rows[of],
            task=batch.task[of],
            durations=batch.durations[of] / n[of],
            given=np.argsort(rank[of], kind="stable"),
            agent=None if batch.agent is None else batch.agent[of],
            chunk=None,
            sizes=None if sizes is None else sizes[of],
        )
