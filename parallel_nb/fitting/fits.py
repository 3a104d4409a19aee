"""`Fit`: one law on one Sweep, with what it is worth.

Knows the numbers of a fit and what they predict; refuses to know how they were found
(`making.py`) and how they compare with another law's (`choosing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd

from ..errors import ArgumentError, one_of
from ..laws import Law, karp_flatt
from . import designing, intervals
from .checks import Check
from .estimates import Estimate
from .leaving_out import left_out_error
from .responses import Response

MEASURES = ("makespan", "throughput", "speedup", "efficiency")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fit:
    """One law on one Sweep; ``fit["alpha"]`` is one of its estimates.

    Made by `fit`. Residuals are on the scale on which measurements are taken to scatter
    evenly: logarithms if `noise` is ``relative``, so that 0.02 is 2 %; else the unit of
    what was measured.
    """

    law: Law
    sweep: object  # Sweep
    noise: str  # "relative" or "absolute"
    response: Response
    estimates: Mapping[str, Estimate]  # parameters first, then what follows from them
    vector: np.ndarray = field(metadata={"shape": "(n_parameters,)"})
    spread: np.ndarray = field(metadata={"shape": "(n_parameters, n_parameters)"})
    fitted: np.ndarray = field(metadata={"shape": "(n_measurements,)"})  # throughput
    deviations: np.ndarray  # measured - fitted, on the scale of the residuals
    rss: float  # sum of squared residuals
    df: int  # measurements - parameters
    r2: float  # share of the variance that the law explains
    aic: float
    aicc: float  # NaN where there are too few measurements for it
    checks: tuple[Check, ...]

    def __getitem__(self, name: str) -> Estimate:
        return self.estimates[one_of("name", name, self.estimates)]

    @property
    def values(self) -> Mapping[str, float]:
        """Least-squares value of each parameter, identified or not."""
        named = zip(self.law.names, self.vector.tolist(), strict=True)
        return MappingProxyType(dict(named))

    @property
    def parameters(self) -> pd.DataFrame:
        """One row per parameter.

        Returns
        -------
        DataFrame
            ``name``, ``value``, ``se``, ``low`` and ``high`` (95 % interval),
            ``identified``, ``reason`` (why it is not), ``method`` of the interval
            (``t``, ``profile``, ``bootstrap``, ``none``), ``meaning``.
        """
        return _frame(self.estimates[name] for name in self.law.names)

    @property
    def derived(self) -> pd.DataFrame:
        """What follows from the parameters, in rows as `parameters` has them.

        `value` is NaN where it is not identified; the interval says what is known
        nevertheless.
        """
        names = [each for each in self.estimates if each not in self.law.names]
        return _frame(self.estimates[name] for name in names)

    @property
    def covariance(self) -> pd.DataFrame:
        """Of the parameters, to first order."""
        names = list(self.law.names)
        return pd.DataFrame(self.spread, index=names, columns=names)

    @property
    def residual_se(self) -> float:
        """Standard deviation of one measurement; NaN without degrees of freedom."""
        return float(np.sqrt(self.rss / self.df)) if self.df > 0 else np.nan

    @property
    def loo(self) -> float:
        """Leave-one-out error: root mean square, on the scale of the residuals.

        Of each number of workers as predicted from all others; NaN where too few are
        left.
        """
        return left_out_error(self)

    @property
    def residuals(self) -> pd.DataFrame:
        """One row per measurement: ``n_workers``, ``fitted`` throughput, ``residual``.

        Fitted are throughputs (speedups, if those were measured); a residual is above 0
        where more was measured than fitted, on the scale of `noise`.
        """
        return pd.DataFrame(
            {
                "n_workers": self.sweep.n_of_each,
                "fitted": self.fitted,
                "residual": self.deviations,
            }
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against this law, one sentence each; empty if nothing does."""
        return tuple(
            f"{self.law.label}: {check.warning}"
            for check in self.checks
            if check.warning
        )

    @property
    def reference(self) -> float:
        """Throughput that is speedup 1: one worker's as measured, else gamma."""
        measured = self.sweep.reference
        (backend,) = self.sweep.backends
        return float(measured.get(backend, self.vector[-1]))

    @property
    def next_n(self) -> int:
        """The number of workers to measure next: there, the answer narrows most."""
        return int(self.next_measurements()["n_workers"].iloc[0])

    def next_measurements(self, up_to: int | None = None) -> pd.DataFrame:
        """What one more measurement would bring, the most useful first.

        Parameters
        ----------
        up_to : int, optional
            The most workers that can be had. Default: twice as many as were measured.

        Returns
        -------
        DataFrame
            ``n_workers``; ``narrows``, the share by which the interval of `quantity`
            would shrink; ``quantity``, what the law is asked for: the peak, the limit
            or the serial fraction.

        References
        ----------
        Atkinson, Donev, Tobias, *Optimum Experimental Designs, with SAS*, Oxford, 2007:
        c-optimality.
        """
        return designing.next_measurements(self, up_to)

    def predict(self, n_workers, measure: str | None = None) -> pd.DataFrame:
        """What the law says of any number of workers, with 95 % bands.

        Parameters
        ----------
        n_workers : int or sequence of float
        measure : {"makespan", "throughput", "speedup", "efficiency"}, optional
            Default: what was measured.

        Returns
        -------
        DataFrame
            One row per number: ``n_workers``, the measure, ``confidence_low`` and
            ``confidence_high`` (where the curve is), ``prediction_low`` and
            ``prediction_high`` (where one more measurement would fall),
            ``is_extrapolated`` (outside the numbers that were measured). Bands are NaN
            without degrees of freedom.

        Raises
        ------
        ArgumentError
            If a number of workers is below 1, or `measure` cannot be had from what was
            measured.

        References
        ----------
        Seber, Wild, *Nonlinear Regression*, Wiley, 1989: fitted ± t sqrt(j'Cj) and
        ± t sqrt(j'Cj + s²), on the scale of the residuals.
        """
        n = np.atleast_1d(np.asarray(n_workers, dtype=float))
        least = min(1.0, float(self.sweep.n_workers[0]))  # of loads, below 1
        if not (n >= least).all():
            raise ArgumentError(
                f"`n_workers` must be {least:g} or more; got {n.min():g}"
            )
        measure = one_of("measure", measure or self.sweep.measure, MEASURES)
        if self.sweep.measure == "speedup" and measure in ("makespan", "throughput"):
            raise ArgumentError(
                f"`measure` cannot be {measure!r}, as only speedups were measured"
            )
        curve = self.law.curve(n, self.vector)
        centre = self.response.of(n, curve)
        slopes = self.slopes(n)
        with np.errstate(invalid="ignore"):
            about = np.einsum("np,pq,nq->n", slopes, self.spread, slopes)
        t = intervals.student(self.df)
        reach = t * np.sqrt(np.maximum(about, 0))
        reach_new = t * np.sqrt(np.maximum(about, 0) + self.residual_se**2)
        bands = {
            "confidence": (centre - reach, centre + reach),
            "prediction": (centre - reach_new, centre + reach_new),
        }
        table = {"n_workers": n, measure: self._told(n, curve, measure)}
        for band, ends in bands.items():
            told = [self._told(n, self.response.back(n, e), measure) for e in ends]
            table[f"{band}_low"] = np.minimum(*told)
            table[f"{band}_high"] = np.maximum(*told)
        known = self.sweep.n_workers
        table["is_extrapolated"] = (n < known[0]) | (n > known[-1])
        return pd.DataFrame(table)

    def karp_flatt(self, n_workers) -> pd.DataFrame:
        """The serial fraction that the law implies at each number of workers.

        Parameters
        ----------
        n_workers : int or sequence of float
            Above 1.

        Returns
        -------
        DataFrame
            ``n_workers``, ``karp_flatt``, ``confidence_low``, ``confidence_high``.
            Level under Amdahl's law, alpha + beta n under the USL.

        References
        ----------
        Karp, Flatt, "Measuring parallel processor performance", *Communications of the
        ACM* 33(5), 1990.
        """
        n = np.atleast_1d(np.asarray(n_workers, dtype=float))
        shape = self.vector[:-1]
        speedup = self.law.speedups(n, shape)
        implied = karp_flatt(speedup, n)
        with np.errstate(divide="ignore", invalid="ignore"):
            by_speedup = -1 / (speedup**2 * (1 - 1 / n))
            slopes = by_speedup[:, None] * self.law.speedup_slopes(n, shape)
            about = np.einsum("np,pq,nq->n", slopes, self.spread[:-1, :-1], slopes)
        reach = intervals.student(self.df) * np.sqrt(np.maximum(about, 0))
        return pd.DataFrame(
            {
                "n_workers": n,
                "karp_flatt": implied,
                "confidence_low": implied - reach,
                "confidence_high": implied + reach,
            }
        )

    def slopes(self, n_workers: np.ndarray) -> np.ndarray:
        """Of the curve by each parameter, on the scale of the residuals."""
        curve = self.law.curve(n_workers, self.vector)
        by_curve = self.response.slope(n_workers, curve)
        return by_curve[:, None] * self.law.slopes(n_workers, self.vector)

    def _told(self, n, throughput, measure: str) -> np.ndarray:
        if measure == "throughput":
            return throughput
        if measure == "makespan":
            with np.errstate(divide="ignore"):
                return self.response.grown(n) / throughput
        speedup = throughput / self.reference
        return speedup if measure == "speedup" else speedup / n

    def __repr__(self):
        told = [str(self.estimates[name]) for name in self.law.names]
        return f"<Fit {self.law.label} · {' · '.join(told)}>"


def _frame(estimates) -> pd.DataFrame:
    columns = (
        *("name", "value", "se", "low", "high"),
        *("identified", "reason", "method", "meaning"),
    )
    rows = [[getattr(each, column) for column in columns] for each in estimates]
    frame = pd.DataFrame(rows, columns=columns)
    texts = dict.fromkeys(("name", "reason", "method", "meaning"), "str")
    numbers = dict.fromkeys(("value", "se", "low", "high"), "float64")
    return frame.astype({**texts, **numbers, "identified": bool})
