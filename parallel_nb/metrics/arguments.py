"""What a formula asks of its arguments; what it refuses, it tells by name.

Knows arrays and bounds on their values; refuses to know any formula.
"""

from __future__ import annotations

import numpy as np


def seconds(parameter: str, values) -> np.ndarray:
    """The values as float64, if none is negative."""
    values = np.asarray(values, dtype=float)
    if (values < 0).any():
        raise ValueError(f"`{parameter}` must not be negative; got {np.nanmin(values)}")
    return values


def positive(parameter: str, value: float) -> float:
    """The value, if it is above zero."""
    if not value > 0:
        raise ValueError(f"`{parameter}` must be positive; got {value}")
    return value
