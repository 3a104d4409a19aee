"""Whether a law fits at all: tests that its residuals are mere noise.

Knows four tests and says what each found in a sentence; refuses to choose among laws.

References
----------
Draper, Smith, *Applied Regression Analysis*, Wiley, 1998, "Pure error and lack of fit";
Wald, Wolfowitz, "On a test whether two samples are from the same population", *Annals
of Mathematical Statistics* 11(2), 1940: runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from .responses import Response

_DOUBT = 0.05
_FEWEST_SIGNS = 7  # below, no order of signs is odd enough to tell


@dataclass(frozen=True, slots=True)
class Check:
    """One test of a fit."""

    name: str
    statistic: float
    p_value: float  # of what was seen, if the law were true; NaN: cannot be tested
    warning: str  # a sentence, if it is below 5 %; else ""


def lack_of_fit(n_workers, residuals, n_parameters: int) -> Check:
    """Whether the law misses the means of repeats by more than repeats scatter.

    F = (lack-of-fit sum of squares / (m - p)) / (pure-error sum of squares / (n - m)),
    m being the different numbers of workers.
    """
    from scipy.special import fdtrc

    _, group = np.unique(n_workers, return_inverse=True)
    repeats = np.bincount(group)
    means = np.bincount(group, residuals) / repeats
    pure = float(((residuals - means[group]) ** 2).sum())
    missed = float((repeats * means**2).sum())
    df_missed = len(repeats) - n_parameters
    df_pure = len(residuals) - len(repeats)
    if df_missed < 1 or df_pure < 1 or not pure > 0:
        return Check("lack of fit", np.nan, np.nan, "")
    f = (missed / df_missed) / (pure / df_pure)
    p = float(fdtrc(df_missed, df_pure, f))
    worst = int(np.unique(n_workers)[np.abs(means).argmax()])
    return Check(
        "lack of fit",
        f,
        p,
        f"it misses the means of repeats by more than repeats scatter (lack of fit: "
        f"F = {f:.3g}, p = {p:.2g}), most at n = {worst}"
        if p < _DOUBT
        else "",
    )


def runs(n_workers, residuals) -> Check:
    """Whether the signs of mean residuals come in too few runs along n.

    One-sided: few runs mean a curve of another shape. The probability is exact.
    """
    _, group = np.unique(n_workers, return_inverse=True)
    means = np.bincount(group, residuals) / np.bincount(group)
    signs = means[means != 0] > 0
    n_above, n_below = int(signs.sum()), int((~signs).sum())
    if len(signs) < _FEWEST_SIGNS or not n_above or not n_below:
        return Check("residual runs", np.nan, np.nan, "")
    seen = 1 + int((signs[1:] != signs[:-1]).sum())
    p = _fewer_runs(seen, n_above, n_below)
    return Check(
        "residual runs",
        float(seen),
        p,
        f"its residuals keep their sign over many neighbours ({seen} runs among "
        f"{len(signs)} numbers of workers, p = {p:.2g}): the curve has another shape"
        if p < _DOUBT
        else "",
    )


def _fewer_runs(seen: int, n_above: int, n_below: int) -> float:
    """The chance of so few runs, or fewer, in a random order.

    Examples
    --------
    >>> _fewer_runs(2, 2, 2) == 2 / 6
    True
    """

    def ways(n_runs: int) -> int:
        half, is_odd = divmod(n_runs, 2)
        if not is_odd:
            return 2 * comb(n_above - 1, half - 1) * comb(n_below - 1, half - 1)
        return comb(n_above - 1, half) * comb(n_below - 1, half - 1) + comb(
            n_above - 1, half - 1
        ) * comb(n_below - 1, half)

    found = sum(ways(n_runs) for n_runs in range(2, seen + 1))
    return found / comb(n_above + n_below, n_above)


def superlinear(
    n_workers, targets, response: Response, variance: float, df: int
) -> Check:
    """Whether n workers do more than n times what the fewest do.

    Means per worker are compared on the response's scale with those of the fewest
    workers; of several comparisons the strongest counts, its p multiplied by their
    number (Bonferroni).
    """
    from scipy.special import stdtr

    counts, group = np.unique(n_workers, return_inverse=True)
    if len(counts) < 2 or df < 1 or not variance > 0:
        return Check("superlinear", np.nan, np.nan, "")
    repeats = np.bincount(group)
    means = np.bincount(group, targets) / repeats
    throughput = response.back(counts, means)
    ideal = throughput[0] / counts[0] * counts
    gap = means - response.of(counts, ideal)
    gap *= np.sign(response.slope(counts, ideal))  # above: more throughput
    # What the ideal inherits from the scatter of the fewest workers.
    inherited = (
        counts
        / counts[0]
        * response.slope(counts, ideal)
        / response.slope(counts[:1], throughput[:1])
    )
    errors = np.sqrt(variance * (1 / repeats + inherited**2 / repeats[0]))
    t = gap[1:] / errors[1:]
    at = int(t.argmax())
    p = float(min(1.0, (len(counts) - 1) * stdtr(df, -t[at])))
    more = throughput[1:][at] / throughput[0]
    return Check(
        "superlinear",
        float(t[at]),
        p,
        f"{counts[1:][at]:g} workers do {more:.3g} times what {counts[0]:g} do: more "
        "than their number explains (caches, memory, another batch?), which no law "
        "here allows"
        if p < _DOUBT
        else "",
    )
