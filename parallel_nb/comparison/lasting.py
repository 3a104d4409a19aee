"""Whether a step stands out of noise that lasts from run to run.

Knows how large a step such noise makes by itself; refuses to know how candidates are
found. What disturbs a machine now often does so an hour later, too: then shuffling,
which takes runs to be independent, calls chance a change.
"""

from __future__ import annotations

import numpy as np

CORRELATION = 0.5  # of the noise of a run and of the next one, which is allowed for
_SPARED = 0.1  # of the differences of neighbours, the largest: steps may be among them
# Of series of so many numbers of AR(1) noise, 5 in 100 have a `size` beyond this at the
# split that ranks choose: `tests.benchmarks.comparing --critical` simulates them.
_CRITICAL = {
    8: 4.6, 9: 5.2, 10: 5.5, 12: 6.5, 14: 6.6, 16: 6.7,
    20: 6.8, 24: 7.3, 32: 7.6, 48: 7.8, 64: 7.9, 96: 8.2,
    128: 8.3, 256: 8.7, 512: 9.2, 1024: 9.4, 4096: 10.0, 16384: 10.3,
}  # fmt: skip
_N_KNOWN = np.log([float(n) for n in _CRITICAL])
_LIMITS = np.array(list(_CRITICAL.values()))


def stands_out(values, at: int, width: int) -> bool:
    """Whether a step at `at` is larger than noise that lasts makes them.

    Parameters
    ----------
    values : array of shape (n,)
        Logarithms, in the order of time.
    at, width : int
        The split, and how many numbers on each side of it count.
    """
    limit = float(np.interp(np.log(len(values)), _N_KNOWN, _LIMITS))
    return size(values, at, width) > limit


def size(values, at: int, width: int) -> float:
    """The step in units of the noise; infinite where there is none.

    The noise is the larger one of two estimates that steps elsewhere do not touch: from
    differences of neighbours, and from deviations from the medians on both sides.

    Examples
    --------
    >>> round(size([0.0, 0.1, 0.0, 0.1, 1.0, 1.1, 1.0, 1.1], 4, 8), 1)
    19.1
    """
    values = np.asarray(values, dtype=float)
    sides = values[max(0, at - width) : at], values[at : at + width]
    step = abs(float(sides[1].mean() - sides[0].mean()))
    step /= np.sqrt(sum(1 / len(side) for side in sides))
    squares = np.sort(np.diff(values) ** 2)
    kept = squares[: max(1, int((1 - _SPARED) * len(squares)))]
    off = np.concatenate([np.abs(side - np.median(side)) for side in sides])
    # 0.6745: the upper quartile of the normal distribution.
    noise = max(np.sqrt(kept.mean() / 2), float(np.median(off)) / 0.6745)
    if noise > 1e-12:
        return float(step / noise)
    return np.inf if step > 1e-12 else 0.0
