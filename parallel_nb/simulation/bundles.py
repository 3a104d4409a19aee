"""`Bundles`: a batch of millions of attempts as one of thousands, to schedule often.

Knows which attempts went together, and what becomes of them when durations, edges or
agents change; refuses to know who changes them, and schedules.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from .. import scheduling
from .batches import Batch
from .loads import chunks_of, problem_of

_NO_EDGES = np.empty((0, 2), dtype=np.int64)


class Bundles:
    """Attempts of a batch that go together, as `scheduling.grains_of` has it.

    Parameters
    ----------
    batch : Batch
    is_in_chunks : bool
        Whether they travel as recorded, so that chunks go together, not attempts.
    """

    def __init__(self, batch: Batch, *, is_in_chunks: bool = False):
        self._batch, self._chunks = batch, None
        listed = None
        if is_in_chunks:
            self._chunks = chunks_of(batch, 0)
            self._n_in_chunk = np.diff(np.append(self._chunks[1], len(batch.durations)))
            gaps = batch.dispatch
            lengths = self._sums(batch.durations) + gaps.within * (self._n_in_chunk - 1)
            problem = scheduling.make_problem(
                lengths + gaps.between, max(batch.n_workers, 1)
            )
        else:
            if (batch.given[1:] < batch.given[:-1]).any():
                listed = batch.given
            lengths = batch.durations + batch.dispatch.mean
            problem = problem_of(batch, lengths, max(batch.n_workers, 1))
        self._grains = scheduling.grains_of(problem, listed)
        self._took: np.ndarray | None = None

    @property
    def is_coarse(self) -> bool:
        """Whether there are fewer of these than attempts, so that it is worth it."""
        return self._grains is not None or self._chunks is not None

    @property
    def off(self) -> float:
        """Seconds that a makespan of these may be off by, about."""
        return 0.0 if self._grains is None else self._grains.off

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Of what goes into grains: attempts, or chunks."""
        if self._chunks is None:
            return values
        members, firsts = self._chunks
        values = values if members is None else values[members]
        return np.add.reduceat(values, firsts)

    def _of_grains(self, values: np.ndarray) -> np.ndarray:
        return values if self._grains is None else self._grains.sums(values)

    def of(self, changed: Batch) -> Batch | None:
        """A batch of these instead of its attempts; None where they serve no longer.

        Parameters
        ----------
        changed : Batch
            Of the same attempts: with other durations, workers and slots, or without
            edges or lags.
        """
        old, grains = self._batch, self._grains
        is_same = changed.durations is old.durations
        is_kept = changed.after is old.after
        if not is_kept and len(changed.after):
            return None
        if is_same and self._took is not None:
            took = self._took
        else:
            took = self._of_grains(self._sums(changed.durations))
            if is_same:
                self._took = took
            elif grains is not None and not grains.serve(took):
                return None
        n, first, n_chunks = len(took), None, None
        if self._chunks is not None:
            n_chunks = np.ones(n, dtype=np.int64) if grains is None else grains.sizes
            sizes, first = self._of_grains(self._n_in_chunk), np.zeros(n, dtype=int)
        else:
            sizes, first = grains.sizes, grains.first
        has_lags = changed.lags is not None and grains is not None
        return dataclasses.replace(
            changed,
            rows=changed.rows[first],
            task=changed.task[first],
            durations=took,
            given=np.arange(n),
            after=grains.edges if is_kept and grains is not None else _NO_EDGES,
            lags=grains.lags if has_lags else None,
            agent=None if changed.agent is None else changed.agent[first],
            chunk=None,
            sizes=sizes,
            n_chunks=n_chunks,
        )

    def places(self, attempts: np.ndarray) -> np.ndarray:
        """Where attempts that are too long to go with others stand among these."""
        order = np.argsort(self._grains.first)
        at = np.searchsorted(self._grains.first, attempts, sorter=order)
        return order[at]
