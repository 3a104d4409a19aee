"""What a law is made of: a formula, its slopes, parameters with bounds, consequences.

Knows how these hang together; refuses to know any one law.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import ArgumentError


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that a law leaves open."""

    name: str
    meaning: str
    lower: float = 0.0
    upper: float = np.inf
    tries: tuple[float, ...] = ()  # where a search for it may begin


@dataclass(frozen=True, slots=True)
class Consequence:
    """A number that follows from a law's parameters.

    It is reckoned through `flat`, a function of the parameters that is nearly straight
    and reaches 0 where the consequence is infinite: value = flat ** power. Where it is
    the root of an equation that is a plain sum of parameters, `line` gives the weights
    and the sum for a value tried: its interval needs no `flat` then.
    """

    name: str
    meaning: str
    flat: Callable[[np.ndarray], np.ndarray]  # (..., n_parameters) -> (...)
    power: float  # negative
    rests_on: str  # the parameter without which there is none
    is_peak: bool = False  # a number of workers that the data reach, or do not
    is_at_peak: bool = False  # there is none without a peak
    line: Callable[[float], tuple[np.ndarray, float]] | None = None


@dataclass(frozen=True, slots=True)
class Law:
    """How throughput depends on the number of workers.

    The last parameter is always ``gamma``, the throughput of one worker; the others
    shape the curve. Times follow: one batch takes 1 / throughput.
    """

    name: str
    label: str  # in pictures and tables
    formula: str
    scales: tuple[str, ...]  # "strong", "weak": the scaling that it speaks about
    parameters: tuple[Parameter, ...]
    speedups: Callable[[np.ndarray, np.ndarray], np.ndarray]  # (n, shape) -> speedup
    speedup_slopes: Callable[[np.ndarray, np.ndarray], np.ndarray]  # by shape
    source: str
    consequences: tuple[Consequence, ...] = ()
    includes: tuple[str, ...] = ()  # laws that it becomes with parameters at 0
    same_curve: str = ""  # the law that draws the same curve with other parameters

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def lower(self) -> np.ndarray:
        """The least value of each parameter."""
        return np.array([parameter.lower for parameter in self.parameters])

    @property
    def upper(self) -> np.ndarray:
        """The highest value of each parameter."""
        return np.array([parameter.upper for parameter in self.parameters])

    def speedup(self, n_workers, **parameters: float) -> np.ndarray:
        """Speedup over one worker.

        Parameters
        ----------
        n_workers : array of shape (n,)
        **parameters : float
            Each of the law's parameters but ``gamma``.

        Raises
        ------
        ArgumentError
            If one is missing, unknown or out of its bounds.

        Examples
        --------
        >>> from parallel_nb.laws import AMDAHL
        >>> AMDAHL.speedup([1, 4, 16], serial_fraction=0.2)
        array([1. , 2.5, 4. ])
        """
        return self.throughput(n_workers, **parameters, gamma=1.0)

    def throughput(self, n_workers, **parameters: float) -> np.ndarray:
        """Throughput, in the unit of ``gamma``.

        Parameters
        ----------
        n_workers : array of shape (n,)
        **parameters : float
            Each of the law's parameters.

        Raises
        ------
        ArgumentError
            If one is missing, unknown or out of its bounds.

        Examples
        --------
        >>> from parallel_nb.laws import USL
        >>> USL.throughput([1, 20], gamma=90, alpha=0.03, beta=1e-4).round(1)
        array([  90. , 1119.4])
        """
        if set(parameters) != set(self.names):
            raise ArgumentError(
                f"the law {self.name!r} has the parameters {', '.join(self.names)}; "
                f"got {', '.join(parameters) or 'none'}"
            )
        for parameter in self.parameters:
            value = parameters[parameter.name]
            if not parameter.lower <= value <= parameter.upper:
                raise ArgumentError(
                    f"`{parameter.name}` must be from {parameter.lower:g} to "
                    f"{parameter.upper:g}; got {value!r}"
                )
        values = np.array([parameters[name] for name in self.names], dtype=float)
        return self.curve(np.asarray(n_workers, dtype=float), values)

    def curve(self, n_workers: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Throughput for many sets of parameters at once.

        Parameters
        ----------
        n_workers : array of shape (n,)
        values : array of shape (..., n_parameters)

        Returns
        -------
        array of shape (..., n)
        """
        return values[..., -1:] * self.speedups(n_workers, values[..., :-1])

    def slopes(self, n_workers: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Partial derivatives of `curve` by each parameter.

        Returns
        -------
        array of shape (..., n, n_parameters)
        """
        shape = values[..., :-1]
        by_shape = values[..., -1:, None] * self.speedup_slopes(n_workers, shape)
        by_gamma = self.speedups(n_workers, shape)[..., None]
        return np.concatenate([by_shape, by_gamma], axis=-1)
