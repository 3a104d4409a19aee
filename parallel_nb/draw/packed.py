"""The attempts of a Run, sorted once, so that any window of time is told at once.

Knows sums over sorted times; refuses to know widgets and pictures.
"""

from __future__ import annotations

import numpy as np

from .. import schema

_MANY = 50_000  # times in a window; fewer are added up anew, from its left edge


class Packed:
    """How many attempts are in a window, and how many workers are busy over it.

    Parameters
    ----------
    started, ended : float arrays of shape (n_attempts,)
        Seconds; rows with NaN in either are left out.
    """

    def __init__(self, started: np.ndarray, ended: np.ndarray):
        known = ~np.isnan(started + ended)
        self.started = np.sort(started[known])
        self.ended = np.sort(ended[known])
        self._begun = self.started, _sums(self.started)
        self._over = self.ended, _sums(self.ended)

    @classmethod
    def of(cls, run, *, only_bad: bool = False) -> Packed:
        """Of all attempts of a Run, or of those that are not done."""
        attempts = run.attempts
        started = attempts[schema.STARTED].to_numpy()
        ended = attempts[schema.ENDED].to_numpy()
        if only_bad:
            bad = attempts[schema.STATUS].array.codes > 0
            started, ended = started[bad], ended[bad]
        return cls(started, ended)

    def n_between(self, left: float, right: float) -> int:
        """Attempts of which at least a moment lies in a window."""
        n_begun = np.searchsorted(self.started, right, side="right")
        n_over = np.searchsorted(self.ended, left, side="left")
        return int(n_begun - n_over)

    def busy(self, edges: np.ndarray) -> np.ndarray:
        """Busy workers, on average over each bin, exactly.

        Parameters
        ----------
        edges : array of shape (n_bins + 1,)
            Ascending seconds.

        Notes
        -----
        Up to a moment t, attempts have been busy for sum(t - start) over those that
        have begun, less sum(t - end) over those that are over. In a window with few of
        them that is reckoned from its left edge, so that no two large sums are
        subtracted.

        Examples
        --------
        >>> packed = Packed(np.array([0.0, 1.0]), np.array([4.0, 3.0]))
        >>> packed.busy(np.array([0.0, 2.0, 4.0]))
        array([1.5, 1.5])
        """
        left, right = edges[0], edges[-1]
        moments = edges - left
        here = _since(*self._begun, left, right, moments)
        gone = _since(*self._over, left, right, moments)
        n_before = np.searchsorted(self.started, left, side="right")
        n_before -= np.searchsorted(self.ended, left, side="right")
        worked = n_before * moments + here - gone
        return np.maximum(np.diff(worked) / np.diff(moments), 0.0)


def _sums(times: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(times)])


def _since(times, sums, left, right, moments) -> np.ndarray:
    """Sum of (moment - time) over the times between `left` and each moment after it."""
    first, last = np.searchsorted(times, [left, right], side="right")
    if last - first > _MANY:
        counts = np.searchsorted(times, left + moments, side="right")
        return (counts - first) * (left + moments) - (sums[counts] - sums[first])
    offsets = times[first:last] - left
    counts = np.searchsorted(offsets, moments, side="right")
    return counts * moments - _sums(offsets)[counts]
