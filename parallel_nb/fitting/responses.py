"""On which scale measurements scatter evenly, so that least squares are fair.

Knows how throughput turns into the scale of the residuals and back; refuses to know
laws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NOISES = ("relative", "absolute")


@dataclass(frozen=True, slots=True)
class Response:
    """From throughput to what is compared, and back.

    ``relative`` compares logarithms: every measurement errs by the same share, whether
    it is told as time, throughput or speedup. ``absolute`` compares the measured
    numbers themselves, as published fits of throughput do.
    """

    noise: str
    measure: str  # "makespan", "throughput" or "speedup"
    is_weak: bool = False  # the batch grows with n

    @property
    def _is_time(self) -> bool:
        return self.noise == "absolute" and self.measure == "makespan"

    def of(self, n_workers, throughput) -> np.ndarray:
        """Throughput on the scale of the residuals."""
        if self.noise == "relative":
            return np.log(throughput)
        if self._is_time:
            return self._batches(n_workers) / throughput
        return np.asarray(throughput)

    def slope(self, n_workers, throughput) -> np.ndarray:
        """How fast `of` rises with throughput."""
        if self.noise == "relative":
            return 1 / throughput
        if self._is_time:
            return -self._batches(n_workers) / throughput**2
        return np.ones_like(throughput)

    def back(self, n_workers, values) -> np.ndarray:
        """Throughput again; infinite or 0 where a value has none."""
        if self.noise == "relative":
            with np.errstate(over="ignore"):
                return np.exp(values)
        if self._is_time:
            with np.errstate(divide="ignore"):
                return self._batches(n_workers) / np.maximum(values, 0)
        return np.maximum(values, 0)

    def _batches(self, n_workers):
        return n_workers if self.is_weak else 1.0
