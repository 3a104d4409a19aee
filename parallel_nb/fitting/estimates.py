"""One number with its uncertainty, and whether the data carry it at all.

Knows what makes an estimate worth saying; refuses to know how it was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LEVEL = 0.95  # of every interval and band


@dataclass(frozen=True, slots=True)
class Estimate:
    """A parameter, or what follows from parameters, as well as the data know it."""

    name: str
    meaning: str
    value: float  # NaN for what follows from parameters and is not identified
    se: float  # standard error, linear in the parameters; NaN where there is none
    low: float  # of the 95 % interval
    high: float
    identified: bool
    reason: str  # why it is not; "" where it is
    method: str  # of the interval: "t", "profile", "bootstrap" or "none"

    def __str__(self):
        interval = f"95 %: {three_digits(self.low)} to {three_digits(self.high)}"
        if not self.identified:
            if math.isnan(self.low):
                return f"{self.name}: not identified, {self.reason}"
            return f"{self.name}: not identified ({interval}), {self.reason}"
        return f"{self.name} = {three_digits(self.value)} ({interval})"


def three_digits(value: float) -> str:
    """Three digits, and no power of ten where it can be helped.

    Examples
    --------
    >>> [three_digits(each) for each in (96.52, 1884.2, 0.000104, float("inf"))]
    ['96.5', '1,884', '0.000104', '∞']
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
