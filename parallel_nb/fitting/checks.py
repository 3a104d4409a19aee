"""Whether a law fits at all: tests that its residuals are mere noise.

Knows its tests and says what each found in a sentence; refuses to choose among laws.

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

from ..laws import Law
from .responses import Response

_DOUBT = 0.05
_DOUBT_OF_NOISE = 0.01  # it is no fault of the law
_FEWEST_SIGNS = 7  # below, no order of signs is odd enough to tell
_MOST_SIGNS = 400  # above, runs are counted as the normal distribution has them


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

    One-sided: few runs mean a curve of another shape. The probability is exact for up
    to 400 numbers of workers.
    """
    _, group = np.unique(n_workers, return_inverse=True)
    means = np.bincount(group, residuals) / np.bincount(group)
    signs = means[means != 0] > 0
    n_above, n_below = int(signs.sum()), int((~signs).sum())
    if len(signs) < _FEWEST_SIGNS or not n_above or not n_below:
        return Check("residual runs", np.nan, np.nan, "")
    seen = 1 + int((signs[1:] != signs[:-1]).sum())
    is_counted = len(signs) <= _MOST_SIGNS
    p = (_fewer_runs if is_counted else _about)(seen, n_above, n_below)
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


def _about(seen: int, n_above: int, n_below: int) -> float:
    """The same by the normal distribution."""
    from scipy.special import ndtr

    n, both = n_above + n_below, 2 * n_above * n_below
    variance = both * (both - n) / (n**2 * (n - 1))
    if not variance > 0:
        return 1.0
    return float(ndtr((seen + 0.5 - both / n - 1) / np.sqrt(variance)))


def bounds(law: Law, vector, free, rss: float, free_rss: float, df: int) -> Check:
    """Whether the data would have a parameter beyond its bound by more than chance.

    F = ((rss - free rss) / k) / (free rss / df), for the k parameters on a bound.
    """
    from scipy.special import fdtrc

    is_bound = (vector == law.lower) | (vector == law.upper)
    n_bound = int(is_bound.sum())
    if not n_bound or df < 1 or not free_rss > 0:
        return Check("bounds", np.nan, np.nan, "")
    f = max(rss - free_rss, 0.0) / n_bound / (free_rss / df)
    p = float(fdtrc(n_bound, df, f))
    told = " and ".join(
        f"{name} = {free[at]:.2g}, beyond its bound {vector[at]:g}"
        for at, name in enumerate(law.names)
        if is_bound[at] and not law.lower[at] <= free[at] <= law.upper[at]
    )
    return Check(
        "bounds",
        f,
        p,
        f"the measurements would have {told} (p = {p:.2g}): they follow another law"
        if p < _DOUBT and told
        else "",
    )


def scatter(n_workers, targets, response: Response) -> Check:
    """Whether repeats scatter as the fit takes it, or the other way.

    The logarithm of their variance is drawn against that of what was measured, weighted
    by what normal noise lets it err; a slope against the fit's kind of noise counts.

    References
    ----------
    Bartlett, Kendall, "The statistical analysis of variance-heterogeneity and the
    logarithmic transformation", *Supplement to the Journal of the Royal Statistical
    Society* 8(1), 1946.
    """
    from scipy.special import ndtr, polygamma

    counts, group = np.unique(n_workers, return_inverse=True)
    repeats = np.bincount(group)
    means = np.bincount(group, targets) / repeats
    squares = np.bincount(group, (targets - means[group]) ** 2)
    known = (repeats > 1) & (squares > 0)
    if known.sum() < 3 or (known.sum() < (repeats > 1).sum()):
        return Check("scatter", np.nan, np.nan, "")
    counts, means, df = counts[known], means[known], repeats[known] - 1
    y, x = np.log(squares[known] / df), response.level(counts, means)
    weights = 1 / polygamma(1, df / 2)
    x = x - np.average(x, weights=weights)
    slope = (weights * x * y).sum() / max((weights * x**2).sum(), 1e-300)
    z = float(slope * np.sqrt((weights * x**2).sum()))
    is_relative = response.noise == "relative"
    p = float(ndtr(z if is_relative else -z))
    other = "absolute" if is_relative else "relative"
    how = "the less" if is_relative else "the more"
    return Check(
        "scatter",
        z,
        p,
        f"repeats scatter {how} the greater they are (p = {p:.2g}), so that its "
        f'intervals are approximate: noise="{other}" is fairer'
        if p < _DOUBT_OF_NOISE
        else "",
    )


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
        f"{counts[1:][at]:g} workers do {more:.3g} times what {counts[0]:g} "
        f"{'does' if counts[0] == 1 else 'do'}: more "
        "than their number explains (caches, memory, another batch?), which no law "
        "here allows"
        if p < _DOUBT
        else "",
    )
