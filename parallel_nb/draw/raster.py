"""Intervals on lanes → how much of each pixel they cover, exactly.

Knows arrays and pixels; refuses to know Runs, colours and matplotlib. One way for ten
intervals and for ten million: time and memory beyond the input depend on pixels only.
"""

from __future__ import annotations

import numpy as np


def coverage(begin, end, lane, shape, weight=None) -> np.ndarray:
    """Share of each pixel that intervals cover, exact to rounding.

    Parameters
    ----------
    begin, end : float arrays of shape (n_intervals,)
        Where each interval lies, in columns: 0 is the left edge of the picture and
        n_columns its right edge. ``0 <= begin <= end <= n_columns``.
    lane : int array of shape (n_intervals,)
        The row of each interval, 0 ... n_lanes - 1.
    shape : (int, int)
        n_lanes, n_columns.
    weight : float array of shape (n_intervals,), optional
        What one column's width of each interval counts. Default: 1.

    Returns
    -------
    array of shape (n_lanes, n_columns)
        1.0 is a pixel covered once all over; intervals that overlap add up. The sum
        over a row is the length of its intervals.

    Notes
    -----
    Each interval opens a unit-high step in the pixel where it begins and closes it
    where it ends. A cumulative sum of the integer step counts gives what covers whole
    pixels, without drift; what the first and the last pixel get beside that is a
    fraction, added up by `numpy.bincount`.

    Examples
    --------
    >>> coverage([0.25, 2.0], [2.5, 3.0], [0, 0], (1, 4))
    array([[0.75, 1.  , 1.5 , 0.  ]])
    """
    n_lanes, n_columns = shape
    begin, end = np.asarray(begin, dtype=float), np.asarray(end, dtype=float)
    stride = n_columns + 1  # an end on the right edge closes in a column of its own
    size = n_lanes * stride
    origin = np.asarray(lane, dtype=np.intp) * stride
    first, last = begin.astype(np.intp), end.astype(np.intp)
    before, after = first + 1 - begin, last + 1 - end
    if weight is not None:
        before, after = before * weight, after * weight
    first += origin
    last += origin
    partial = np.bincount(first, before, size) - np.bincount(last, after, size)
    steps = np.bincount(first, weight, size) - np.bincount(last, weight, size)
    covered = partial.reshape(n_lanes, stride)
    whole = np.cumsum(steps.reshape(n_lanes, stride), axis=1)
    covered[:, 1:] += whole[:, :-1]
    return covered[:, :n_columns]


def columns(times, window, n_columns: int) -> np.ndarray:
    """Times as positions between 0 and `n_columns`; what is outside goes to the edge.

    Parameters
    ----------
    times : float array
        Seconds.
    window : (float, float)
        Seconds at the left and the right edge, ascending.
    n_columns : int
        Columns of the picture.

    Examples
    --------
    >>> columns([-1.0, 1.0, 3.0], (0.0, 2.0), 100)
    array([  0.,  50., 100.])
    """
    left, right = window
    positions = (np.asarray(times, dtype=float) - left) * (n_columns / (right - left))
    return np.clip(positions, 0, n_columns, out=positions)
