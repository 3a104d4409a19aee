"""The least-squares parameters of one law, within its bounds, by scipy.

Knows starts, bounds and optima; refuses to know uncertainty. A law's bounds are few, so
that every set of parameters at their bounds can be tried: the result lies exactly on a
bound, or not at all, and never a hair beside it.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from ..laws import Law
from .responses import Response

_UNSEEN = 1e-12  # of a throughput
_FAR = 1e3  # the residual of a curve that is no throughput, in spreads of the data


def solve(
    law: Law, response: Response, n_workers: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """The parameters with the least sum of squared residuals.

    Parameters
    ----------
    law : Law
    response : Response
    n_workers, targets : arrays of shape (n,)
        Measurements on the response's scale.

    Returns
    -------
    array of shape (n_parameters,)
    """
    start = _start(law, response, n_workers, targets)
    free = _minimum(law, response, n_workers, targets, start, {})
    free = _snapped(law, n_workers, free)
    if _is_within(law, free):
        return free
    found = []
    ends = [
        [None, *(end for end in (each.lower, each.upper) if np.isfinite(end))]
        for each in law.parameters[:-1]
    ]
    for chosen in product(*ends):
        held = {at: end for at, end in enumerate(chosen) if end is not None}
        if held:
            values = _minimum(law, response, n_workers, targets, start, held)
            if _is_within(law, values):
                curve = law.curve(n_workers, values)
                cost = ((response.of(n_workers, curve) - targets) ** 2).sum()
                found.append((cost, len(held), values))
    return min(found, key=lambda each: each[:2])[2]


def unbounded(
    law: Law, response: Response, n_workers: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """The same without bounds: where it lies says how the data break the law."""
    start = _start(law, response, n_workers, targets)
    return _minimum(law, response, n_workers, targets, start, {})


def _start(law, response, n_workers, targets) -> np.ndarray:
    """The best of a coarse grid of shapes, each with its own best gamma."""
    combined = list(product(*(each.tries for each in law.parameters[:-1])))
    shapes = np.array(combined, dtype=float).reshape(len(combined), -1)
    speedups = law.speedups(n_workers, shapes)
    ratios = np.log(response.back(n_workers, targets)) - np.log(
        np.maximum(speedups, 1e-300)
    )
    gammas = np.exp(ratios.mean(axis=1))
    tried = np.column_stack([shapes, gammas])
    curves = law.curve(n_workers, tried)
    costs = ((response.of(n_workers, curves) - targets) ** 2).sum(axis=1)
    return tried[np.argmin(costs)]


def _minimum(law, response, n_workers, targets, start, held) -> np.ndarray:
    from scipy.optimize import least_squares

    values = start.copy()
    for at, end in held.items():
        values[at] = end
    free = [at for at in range(len(start)) if at not in held]
    spread = np.ptp(targets) or np.abs(targets).max() or 1.0
    # Gamma is sought as a multiple of where it starts, so that all parameters are
    # numbers about or below 1.
    unit = np.ones(len(start))
    unit[-1] = start[-1]

    def at(x):
        values[free] = x * unit[free]
        return law.curve(n_workers, values)

    def residuals(x):
        curve = at(x)
        if not (curve > 0).all() or not np.isfinite(curve).all():
            return np.full(len(targets), _FAR * spread)
        return response.of(n_workers, curve) - targets

    def slopes(x):
        curve = at(x)
        by = response.slope(n_workers, curve)[:, None] * law.slopes(n_workers, values)
        return by[:, free] * unit[free]

    solved = least_squares(
        residuals,
        values[free] / unit[free],
        slopes,
        method="lm" if len(targets) >= len(free) else "trf",
        x_scale="jac",
        **dict.fromkeys(("ftol", "xtol", "gtol"), 1e-14),
    )
    at(solved.x)
    return values


def _snapped(law: Law, n_workers: np.ndarray, values: np.ndarray) -> np.ndarray:
    """With parameters on a bound where nobody could tell the difference."""
    curve = law.curve(n_workers, values)
    for at, parameter in enumerate(law.parameters[:-1]):
        for end in (parameter.lower, parameter.upper):
            if np.isfinite(end) and values[at] != end:
                tried = values.copy()
                tried[at] = end
                moved = np.abs(law.curve(n_workers, tried) - curve)
                if (moved <= _UNSEEN * np.abs(curve)).all():
                    values = tried
    return values


def _is_within(law: Law, values: np.ndarray) -> bool:
    inside = (values[:-1] >= law.lower[:-1]) & (values[:-1] <= law.upper[:-1])
    return bool(inside.all()) and values[-1] > 0
