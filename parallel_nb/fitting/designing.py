"""What to measure next: where one more measurement narrows the answer most.

Knows how information adds up; refuses to know what a measurement costs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

_ASKED = ("peak_n", "max_speedup")  # what a law is asked for, the first that it has
_FURTHER = 2  # times as many workers as were measured
_MOST = 400  # candidates


def candidates(n_workers: np.ndarray, up_to: int | None) -> np.ndarray:
    """Whole numbers from 1 to as many as can be had."""
    last = max(int(up_to or _FURTHER * n_workers.max()), 1)
    if last <= _MOST:
        return np.arange(1, last + 1, dtype=float)
    return np.unique(np.round(np.geomspace(1, last, _MOST)))


def next_measurements(fit, up_to: int | None) -> pd.DataFrame:
    """As `Fit.next_measurements` explains it."""
    tried = candidates(fit.sweep.n_workers, up_to)
    quantity, weights = _asked(fit)
    measured = fit.slopes(fit.sweep.n_of_each.astype(float))
    # By lengths, as parameters differ by many powers of ten.
    lengths = np.sqrt((measured**2).sum(axis=0))
    lengths = np.where(lengths > 0, lengths, 1.0)
    inverse = np.linalg.pinv((measured / lengths).T @ (measured / lengths))
    slopes, weights = fit.slopes(tried) / lengths, weights / lengths
    before = weights @ inverse @ weights
    gained = (slopes @ inverse @ weights) ** 2
    gained /= 1 + np.einsum("np,pq,nq->n", slopes, inverse, slopes)
    with np.errstate(invalid="ignore", divide="ignore"):
        narrows = 1 - np.sqrt(np.clip(1 - gained / before, 0, 1))
    order = np.lexsort([tried, -np.round(np.nan_to_num(narrows), 6)])
    if not fit.law.names[:-1]:  # nothing to know but whether it goes on like this
        order = np.arange(len(tried))[::-1]
    return pd.DataFrame(
        {
            "n_workers": tried[order].astype(np.int64),
            "narrows": narrows[order],
            "quantity": pd.array([quantity] * len(tried), dtype="str"),
        }
    )


def telling_apart(one, other, up_to: int | None = None) -> int:
    """The number of workers at which two laws differ most, in standard errors."""
    tried = candidates(one.sweep.n_workers, up_to)
    gap, variance = 0.0, 0.0
    for sign, fit in ((1, one), (-1, other)):
        slopes = fit.slopes(tried)
        gap = gap + sign * fit.response.of(tried, fit.law.curve(tried, fit.vector))
        variance = variance + np.einsum("np,pq,nq->n", slopes, fit.spread, slopes)
        variance = variance + fit.rss / max(fit.df, 1)
    return int(tried[np.argmax(np.abs(gap) / np.sqrt(variance + 1e-300))])


def _asked(fit) -> tuple[str, np.ndarray]:
    """What the law is asked for, and how it changes with each parameter."""
    for each in fit.law.consequences:
        if each.name in _ASKED:
            return each.name, gradient(each.flat, fit.vector)
    weights = np.zeros(len(fit.vector))
    weights[0] = 1.0
    return fit.law.names[0], weights


def gradient(of, vector: np.ndarray) -> np.ndarray:
    """Of a function of the parameters, by central differences."""
    steps = 1e-6 * np.maximum(np.abs(vector), 1e-4)
    moved = np.diag(steps)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (of(vector + moved) - of(vector - moved)) / (2 * steps)
