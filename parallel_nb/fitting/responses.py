"""On which scale measurements scatter evenly, so that least squares are fair.

Knows how throughput turns into the scale of the residuals and back; refuses to know
laws.
"""

from __future__ import annotations

from collections.abc import Callable
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
    grown: Callable[[np.ndarray], np.ndarray] = np.ones_like  # of batches, over n = 1's

    @property
    def _is_time(self) -> bool:
        return self.noise == "absolute" and self.measure == "makespan"

    def of(self, n_workers, throughput) -> np.ndarray:
        """Throughput on the scale of the residuals."""
        if self.noise == "relative":
            return np.log(throughput)
        if self._is_time:
            return self.grown(n_workers) / throughput
        return np.asarray(throughput)

    def slope(self, n_workers, throughput) -> np.ndarray:
        """How fast `of` rises with throughput."""
        if self.noise == "relative":
            return 1 / throughput
        if self._is_time:
            return -self.grown(n_workers) / throughput**2
        return np.ones_like(throughput)

    def level(self, n_workers, values) -> np.ndarray:
        """The logarithm of what was measured, from the scale of the residuals."""
        if self.noise == "absolute":
            return np.log(values)
        if self.measure == "makespan":
            return np.log(self.grown(n_workers)) - values
        return np.asarray(values)

    def back(self, n_workers, values) -> np.ndarray:
        """Throughput again; infinite or 0 where a value has none."""
        if self.noise == "relative":
            with np.errstate(over="ignore"):
                return np.exp(values)
        if self._is_time:
            with np.errstate(divide="ignore"):
                return self.grown(n_workers) / np.maximum(values, 0)
        return np.maximum(values, 0)
