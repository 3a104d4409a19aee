"""How well a law predicts numbers of workers that it was not fitted to.

Knows how to leave one out; refuses to judge.
"""

from __future__ import annotations

import numpy as np

from .batches import solve_many


def left_out_error(fit) -> float:
    """Root mean square error of predictions, on the scale of the residuals.

    A number of workers is left out with all its repeats: it is the curve that is tried,
    not the mean of the other repeats. NaN where too few numbers would be left.
    """
    n, law, response = fit.sweep.n_of_each.astype(float), fit.law, fit.response
    targets = response.of(n, fit.sweep.throughput)
    counts, group = np.unique(n, return_inverse=True)
    if len(counts) - 1 < len(fit.vector):
        return np.nan
    is_left_out = np.arange(len(counts))[:, None] == group
    starts = np.tile(fit.vector, (len(counts), 1))
    weights = (~is_left_out).astype(float)
    values, _ = solve_many(law, response, n, targets, starts, weights=weights)
    predicted = response.of(n, law.curve(n, values))
    return float(np.sqrt(np.mean((predicted - targets)[is_left_out] ** 2)))
