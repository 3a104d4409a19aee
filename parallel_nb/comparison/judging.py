"""What to call a ratio: faster, slower, no difference seen, can't tell.

Knows intervals and a tolerance; refuses to know what was measured.
"""

from __future__ import annotations

import math
import numbers

from ..errors import ArgumentError
from .ratios import Ratio

FASTER, SLOWER = "faster", "slower"
SAME, UNKNOWN = "no difference seen", "can't tell"


def verdict(ratio: Ratio, tolerance: float) -> str:
    """What to call a ratio of times, after / before.

    ``slower``: the interval lies above 1, and the ratio above 1 + tolerance.
    ``faster``: the same the other way round. ``no difference seen``: the interval lies
    within the tolerance. Else nobody can tell.

    Examples
    --------
    >>> from parallel_nb.comparison import ratios
    >>> verdict(Ratio(1.2, 1.1, 1.3, ratios.REPEATS, 0.1), 0.05)
    'slower'
    >>> verdict(Ratio(1.2, 0.98, 1.4, ratios.TASKS, 0.18), 0.05)
    "can't tell"
    >>> verdict(Ratio(1.01, 0.98, 1.04, ratios.REPEATS, 0.03), 0.05)
    'no difference seen'
    """
    if math.isnan(ratio.low) or math.isnan(ratio.value):
        return UNKNOWN
    most = 1 + tolerance
    if ratio.low > 1 and ratio.value > most:
        return SLOWER
    if ratio.high < 1 and ratio.value < 1 / most:
        return FASTER
    if ratio.low >= 1 / most and ratio.high <= most:
        return SAME
    return UNKNOWN


def checked(tolerance: float) -> float:
    """The tolerance, if it is one.

    Raises
    ------
    ArgumentError
        If it is no number from 0 to below 1.
    """
    if isinstance(tolerance, bool) or not isinstance(tolerance, numbers.Real):
        told = type(tolerance).__name__
    elif not 0 <= tolerance < 1:
        told = repr(tolerance)
    else:
        return float(tolerance)
    raise ArgumentError(
        "`tolerance` must be a share from 0 to below 1, such as 0.05 for 5 %; got "
        f"{told}"
    )
