"""Many small least-squares problems of one law at once, within bounds.

Knows Levenberg's and Marquardt's steps for whole stacks of problems, which bootstraps,
profiles and leaving-one-out need by the hundred; refuses to know why. The one fit that
matters most is scipy's (`solving.py`).

References
----------
Marquardt, "An algorithm for least-squares estimation of nonlinear parameters",
*Journal of the SIAM* 11(2), 1963; Bertsekas, "Projected Newton methods for optimization
problems with simple constraints", *SIAM Journal on Control and Optimization* 20(2),
1982.
"""

from __future__ import annotations

import numpy as np

from ..laws import Law
from .responses import Response

_ROUNDS = 60
_MOST_AT_ONCE = 1_000_000  # residuals: about 100 MB with all that is made of them
_SETTLED = 1e-10  # of the cost, or of the parameters


def solve_many(
    law: Law,
    response: Response,
    n_workers: np.ndarray,
    targets: np.ndarray,
    starts: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    held: int | None = None,
    is_bounded: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """The best parameters of each problem.

    Parameters
    ----------
    law : Law
    response : Response
    n_workers : array of shape (n,)
    targets : array of shape (n_problems, n) or (n,)
        Measurements on the response's scale.
    starts : array of shape (n_problems, n_parameters)
        Within the law's bounds.
    weights : array of shape (n_problems, n), optional
        0 leaves a measurement out.
    held : int, optional
        The parameter that stays as it starts.
    is_bounded : bool
        Whether parameters stay within the law's bounds.

    Returns
    -------
    values : array of shape (n_problems, n_parameters)
    costs : array of shape (n_problems,)
        Weighted sums of squared residuals.
    """
    at_once = max(1, _MOST_AT_ONCE // len(n_workers))
    if len(starts) > at_once:
        parts = range(0, len(starts), at_once)
        solved = [
            solve_many(
                law,
                response,
                n_workers,
                targets[at : at + at_once] if targets.ndim > 1 else targets,
                starts[at : at + at_once],
                weights=None if weights is None else weights[at : at + at_once],
                held=held,
                is_bounded=is_bounded,
            )
            for at in parts
        ]
        return tuple(np.concatenate(each) for each in zip(*solved, strict=True))
    values = np.array(starts, dtype=float)
    lower, upper = law.lower, law.upper
    if not is_bounded:
        lower[:-1], upper[:-1] = -np.inf, np.inf
    lower[-1] = 1e-9 * values[:, -1].min()  # a throughput is positive
    targets = np.broadcast_to(targets, (len(values), len(n_workers)))
    live = np.arange(len(values))  # problems that are not settled yet
    damping = np.full(len(values), 1e-3)
    residuals, costs = _residuals(law, response, n_workers, targets, values, weights)
    for _ in range(_ROUNDS):
        at, weight = values[live], None if weights is None else weights[live]
        steps = _steps(
            _slopes(law, response, n_workers, at),
            residuals[live],
            weight,
            damping[live],
            (at <= lower, at >= upper),
            held,
        )
        tried = np.clip(at - steps, lower, upper)
        new, cost = _residuals(law, response, n_workers, targets[live], tried, weight)
        is_better = cost < costs[live]
        moved = (np.abs(tried - at) > _SETTLED * (np.abs(at) + 1e-12)).any(axis=1)
        gained = cost < costs[live] * (1 - _SETTLED)
        goes_on = moved & (gained | ~is_better & (damping[live] < 1e8))
        better = live[is_better]
        values[better], residuals[better] = tried[is_better], new[is_better]
        costs[better] = cost[is_better]
        factor = np.where(is_better, 0.1, 10.0)
        damping[live] = np.clip(damping[live] * factor, 1e-12, 1e10)
        live = live[goes_on]
        if not len(live):
            break
    return values, costs


def _steps(slopes, residuals, weights, damping, at_bounds, held) -> np.ndarray:
    """Marquardt's steps of parameters that may move."""
    weighted = slopes if weights is None else slopes * weights[..., None]
    weighted = weighted.swapaxes(1, 2)
    gradient = (weighted @ residuals[..., None])[..., 0]
    curvature = weighted @ slopes
    at_lower, at_upper = at_bounds
    still = at_lower & (gradient > 0) | at_upper & (gradient < 0)
    if held is not None:
        still[:, held] = True
    diagonal = np.arange(slopes.shape[-1])
    scale = np.maximum(curvature[:, diagonal, diagonal], 1e-300)
    curvature[:, diagonal, diagonal] += damping[:, None] * scale
    # What stands still is taken out of the equations.
    curvature[still] = 0.0
    curvature.swapaxes(1, 2)[still] = 0.0
    curvature[:, diagonal, diagonal] += np.where(still, 1.0, 0.0)
    gradient[still] = 0.0
    root = np.sqrt(np.where(still, 1.0, scale))  # parameters differ by many powers
    curvature /= root[:, :, None] * root[:, None, :]
    curvature[:, diagonal, diagonal] += 1e-14
    return np.linalg.solve(curvature, (gradient / root)[..., None])[..., 0] / root


def _residuals(law, response, n_workers, targets, values, weights):
    with np.errstate(divide="ignore", over="ignore"):
        curve = law.curve(n_workers, values)
    is_one = ((curve > 0) & (curve < np.inf)).all(axis=-1)  # else no throughput
    residuals = response.of(n_workers, np.where(is_one[:, None], curve, 1.0)) - targets
    squares = residuals**2 if weights is None else weights * residuals**2
    return residuals, np.where(is_one, squares.sum(axis=-1), np.inf)


def _slopes(law, response, n_workers, values):
    curve = law.curve(n_workers, values)
    slopes = response.slope(n_workers, curve)[..., None] * law.slopes(n_workers, values)
    return np.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)
