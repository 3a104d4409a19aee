"""What one measured speedup says about the serial fraction, without any fit.

Knows the two formulas, one for each kind of scaling; refuses to mix them.
"""

from __future__ import annotations

import numpy as np


def karp_flatt(speedup, n_workers) -> np.ndarray:
    """Serial fraction that explains a speedup of the same batch; Karp and Flatt's e.

    Constant over n: the batch has a serial part. Rising with n: overheads grow with the
    number of workers. Below 0: more than n times as fast as one.

    Parameters
    ----------
    speedup : array of shape (n,)
        T_1 / T_n of one fixed batch (strong scaling), positive.
    n_workers : array of shape (n,)

    Returns
    -------
    array of shape (n,)
        NaN for one worker or less: its speedup tells nothing.

    Raises
    ------
    ValueError
        If a speedup or a number of workers is not positive.

    References
    ----------
    Karp, Flatt, "Measuring parallel processor performance", *Communications of the
    ACM* 33(5), 1990: e = (1/S - 1/n) / (1 - 1/n).

    Examples
    --------
    >>> karp_flatt([2.5, 4.0], [4, 16]).round(3)
    array([0.2, 0.2])
    """
    speedup, n_workers = _checked(speedup, n_workers)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (1 / speedup - 1 / n_workers) / (1 - 1 / n_workers)
    return np.where(n_workers > 1, found, np.nan)


def scaled_serial_fraction(speedup, n_workers) -> np.ndarray:
    """Serial share of the parallel run that explains a scaled speedup; Gustafson's s'.

    Parameters
    ----------
    speedup : array of shape (n,)
        n T_1 / T_n of batches that grow with n (weak scaling), positive.
    n_workers : array of shape (n,)

    Returns
    -------
    array of shape (n,)
        NaN for one worker or less.

    Raises
    ------
    ValueError
        If a speedup or a number of workers is not positive.

    References
    ----------
    Gustafson, "Reevaluating Amdahl's law", *Communications of the ACM* 31(5), 1988:
    S = n + (1 - n) s', solved for s', which is a share of the time on n workers.

    Examples
    --------
    >>> scaled_serial_fraction([3.7, 14.5], [4, 16]).round(3)
    array([0.1, 0.1])
    """
    speedup, n_workers = _checked(speedup, n_workers)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (n_workers - speedup) / (n_workers - 1)
    return np.where(n_workers > 1, found, np.nan)


def _checked(speedup, n_workers) -> tuple[np.ndarray, np.ndarray]:
    speedup = np.asarray(speedup, dtype=float)
    n_workers = np.asarray(n_workers, dtype=float)
    if (speedup <= 0).any():
        raise ValueError(f"`speedup` must be positive; got {np.nanmin(speedup)}")
    if (n_workers <= 0).any():
        raise ValueError(f"`n_workers` must be positive; got {np.nanmin(n_workers)}")
    return speedup, n_workers
