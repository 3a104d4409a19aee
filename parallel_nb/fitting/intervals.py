"""How far parameters may lie from their estimates: 95 % intervals.

Knows three ways: Student's t from the curvature at the estimate; the profile of the
sum of squares where an estimate sits on a bound, at which the first has no meaning; and
the bootstrap over repeats. Refuses to know what the parameters are for.

References
----------
Bates, Watts, *Nonlinear Regression Analysis and Its Applications*, Wiley, 1988:
covariance s² (J'J)⁻¹, t with n − p degrees of freedom, profile t. Davison, Hinkley,
*Bootstrap Methods and Their Application*, Cambridge, 1997: deviations that are drawn
anew, enlarged by sqrt(r / (r − 1)).
"""

from __future__ import annotations

import numpy as np

from ..laws import Law
from .batches import solve_many
from .estimates import LEVEL
from .responses import Response
from .solving import unbounded

_REACH = 6.0  # a profile is followed so many times as far as Student's t goes
_POINTS = 48  # on each side
_FEWEST_REPEATS = 3  # to resample repeats; else residuals


def student(df: int) -> float:
    """How many standard errors an interval reaches to each side; NaN without df."""
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + LEVEL) / 2)) if df > 0 else np.nan


def covariance(slopes: np.ndarray, variance: float) -> np.ndarray:
    """Of the estimates, to first order; infinite where data leave a direction open.

    Parameters
    ----------
    slopes : array of shape (n, n_parameters)
        Of the fitted curve on the response's scale.
    variance : float
        Of one measurement.
    """
    lengths = np.sqrt((slopes**2).sum(axis=0))
    if not (lengths > 0).all():
        return np.full((len(lengths),) * 2, np.inf)
    _, sizes, directions = np.linalg.svd(slopes / lengths, full_matrices=False)
    if len(sizes) < len(lengths) or sizes[-1] < 1e-10 * sizes[0]:
        return np.full((len(lengths),) * 2, np.inf)
    inverse = (directions.T / sizes**2) @ directions
    return variance * inverse / np.outer(lengths, lengths)


def profile(
    law: Law,
    response: Response,
    n_workers: np.ndarray,
    targets: np.ndarray,
    values: np.ndarray,
) -> np.ndarray:
    """Intervals by profile, cut at the bounds.

    The profile is that of the law without its bounds: only its optimum is where a sum
    of squares must be to scatter as Student's t says. An estimate on a bound would take
    part of its own interval away, and lend the others too much.

    Parameters
    ----------
    law : Law
    response : Response
    n_workers, targets : arrays of shape (n,)
    values : array of shape (n_parameters,)
        The estimates, some of them on a bound; every interval contains its own.

    Returns
    -------
    array of shape (n_parameters, 2)
    """
    free = unbounded(law, response, n_workers, targets)
    curve = law.curve(n_workers, free)
    least = float(((response.of(n_workers, curve) - targets) ** 2).sum())
    df = len(targets) - len(values)
    t = student(df)
    slopes = response.slope(n_workers, curve)[:, None] * law.slopes(n_workers, free)
    spread = covariance(slopes, least / df)
    errors = np.sqrt(np.diag(spread))
    if not np.isfinite(errors).all():
        return np.column_stack([law.lower, law.upper])
    if not least > len(targets) * (1e-13 * np.abs(targets).max()) ** 2:
        return _cut(law, np.column_stack([values, values]), values)  # no scatter at all
    away = t * _REACH * np.linspace(1 / _POINTS, 1, _POINTS) ** 2
    away = np.concatenate([-away[::-1], away])
    found = np.empty((len(values), 2))
    for at in range(len(values)):
        # The others start where they would be if the sum of squares were a bowl.
        starts = free + np.outer(away * errors[at], spread[:, at] / spread[at, at])
        is_curve = (law.curve(n_workers, starts) > 0).all(axis=1)
        others = np.arange(len(values)) != at
        starts[np.ix_(~is_curve, others)] = free[others]
        starts = starts[starts[:, -1] > 0.05 * free[-1]]
        tried, costs = solve_many(
            law, response, n_workers, targets, starts, held=at, is_bounded=False
        )
        steps = (tried[:, at] - free[at]) / errors[at]
        heights = np.sqrt(np.maximum(costs - least, 0) / (least / df))
        found[at, 0] = free[at] - errors[at] * _crossing(-steps[::-1], heights[::-1], t)
        found[at, 1] = free[at] + errors[at] * _crossing(steps, heights, t)
    return _cut(law, found, values)


def _crossing(steps: np.ndarray, heights: np.ndarray, t: float) -> float:
    """How far the profile can be followed until it is as high as t; maybe infinite."""
    is_ahead = steps > 0
    steps = np.concatenate([[0.0], steps[is_ahead]])
    heights = np.concatenate([[0.0], heights[is_ahead]])
    beyond = np.flatnonzero(heights > t)
    if not len(beyond):
        return np.inf
    at = beyond[0]
    if not np.isfinite(heights[at]):  # no curve at all there
        return float(steps[at])
    share = (t - heights[at - 1]) / (heights[at] - heights[at - 1])
    return float(steps[at - 1] + share * (steps[at] - steps[at - 1]))


def bootstrap(
    law: Law,
    response: Response,
    n_workers: np.ndarray,
    targets: np.ndarray,
    values: np.ndarray,
    *,
    n_samples: int,
    seed: int,
) -> np.ndarray:
    """Parameters of as many resampled sweeps.

    Each number of workers keeps the mean of its repeats, where it has three or more,
    and gets new deviations, drawn from those of all repeats: they need not be normal,
    and the law need not hold. With fewer repeats, residuals of the fit are drawn.

    Parameters
    ----------
    law : Law
    response : Response
    n_workers, targets : arrays of shape (n,)
    values : array of shape (n_parameters,)
        The estimates.
    n_samples : int
    seed : int

    Returns
    -------
    array of shape (n_samples, n_parameters)
    """
    group = np.unique(n_workers, return_inverse=True)[1]
    repeats = np.bincount(group)
    if repeats.min() >= _FEWEST_REPEATS:
        centre = (np.bincount(group, targets) / repeats)[group]
        deviations = (targets - centre) * np.sqrt(repeats / (repeats - 1))[group]
    else:
        centre = response.of(n_workers, law.curve(n_workers, values))
        df = max(len(targets) - len(values), 1)
        deviations = (targets - centre) * np.sqrt(len(targets) / df)
        deviations -= deviations.mean()
    random = np.random.default_rng(seed)
    drawn = np.empty((n_samples, len(repeats)))
    for at in range(n_samples):  # the sums of repeats are all that the best curve needs
        sample = centre + random.choice(deviations, len(targets))
        drawn[at] = np.bincount(group, sample)
    starts = np.tile(values, (n_samples, 1))
    weights = np.broadcast_to(repeats.astype(float), drawn.shape)
    counts = np.unique(n_workers)
    return solve_many(law, response, counts, drawn / repeats, starts, weights=weights)[
        0
    ]


def percentiles(samples: np.ndarray, df: int) -> np.ndarray:
    """The middle 95 % of each column, widened as Student's t is beside the normal.

    Parameters
    ----------
    samples : array of shape (n_samples, n_columns)
        Infinite ones are as large as any.
    df : int
        Of the scatter that the samples repeat.

    Returns
    -------
    array of shape (n_columns, 2)

    References
    ----------
    Hesterberg, "What teachers should know about the bootstrap", *The American
    Statistician* 69(4), 2015: expanded percentiles.
    """
    from scipy.special import ndtr

    tail = ndtr(-student(df))
    ends = np.quantile(samples, [tail, 1 - tail], axis=0, method="nearest")
    return ends.T


def by_student(law: Law, values: np.ndarray, errors: np.ndarray, df: int) -> np.ndarray:
    """Estimates ± t standard errors, cut at the bounds.

    Returns
    -------
    array of shape (n_parameters, 2)
        NaN without degrees of freedom.
    """
    reach = student(df) * errors
    return _cut(law, np.column_stack([values - reach, values + reach]), values)


def _cut(law: Law, ends: np.ndarray, values: np.ndarray) -> np.ndarray:
    low = np.minimum(np.maximum(ends[:, 0], law.lower), values)
    high = np.maximum(np.minimum(ends[:, 1], law.upper), values)
    return np.column_stack([low, high])
