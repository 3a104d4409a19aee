"""How well a law predicts numbers of workers that it was not fitted to.

Knows how to leave one out; refuses to judge.
"""

from __future__ import annotations

import numpy as np

from .batches import solve_many

_MANY = 200  # numbers of workers: what leaving one out changes is straight by then


def left_out_error(fit) -> float:
    """Root mean square error of predictions, on the scale of the residuals.

    A number of workers is left out with all its repeats: it is the curve that is tried,
    not the mean of the other repeats. NaN where too few numbers would be left. Of more
    than 200 numbers it is reckoned to first order, without fitting again.

    References
    ----------
    Cook, Weisberg, *Residuals and Influence in Regression*, Chapman and Hall, 1982.
    """
    n, law, response = fit.sweep.n_of_each.astype(float), fit.law, fit.response
    targets = response.of(n, fit.sweep.throughput)
    counts, group = np.unique(n, return_inverse=True)
    if len(counts) - 1 < len(fit.vector):
        return np.nan
    if len(counts) > _MANY:
        return _by_leverage(fit, n, group)
    is_left_out = np.arange(len(counts))[:, None] == group
    starts = np.tile(fit.vector, (len(counts), 1))
    weights = (~is_left_out).astype(float)
    values, _ = solve_many(law, response, n, targets, starts, weights=weights)
    predicted = response.of(n, law.curve(n, values))
    return float(np.sqrt(np.mean((predicted - targets)[is_left_out] ** 2)))


def _by_leverage(fit, n: np.ndarray, group: np.ndarray) -> float:
    """The same to first order: repeats lever the curve as one, so none is inverted."""
    slopes = fit.slopes(n)
    lengths = np.sqrt((slopes**2).sum(axis=0))
    slopes = slopes / np.where(lengths > 0, lengths, 1.0)
    inverse = np.linalg.pinv(slopes.T @ slopes)
    lever = np.einsum("np,pq,nq->n", slopes, inverse, slopes)
    repeats = np.bincount(group)[group]
    summed = np.bincount(group, fit.deviations)[group]
    left = np.maximum(1 - repeats * lever, 1e-9)
    return float(np.sqrt(np.mean((fit.deviations + lever / left * summed) ** 2)))
