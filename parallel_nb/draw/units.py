"""Where ticks go on an axis of seconds, and how people read them.

Knows steps and units of time; refuses to know matplotlib. Data stay in seconds: units
appear here, in tick labels, and nowhere before.
"""

from __future__ import annotations

import math

import numpy as np

_FINER = 10  # times that steps are made smaller, for two ticks
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_ROUND = np.array(
    [
        *(10, 20, 30),
        *(n * _MINUTE for n in (1, 2, 5, 10, 20, 30)),
        *(n * _HOUR for n in (1, 2, 3, 6, 12)),
        *(n * 10**power * _DAY for power in range(5) for n in (1, 2, 5)),
    ]
)


def time_step(span: float, n_steps: float) -> float:
    """The smallest round number of seconds that divides `span` in `n_steps` at most.

    Below 10 s steps are 1, 2 or 5 times a power of ten; above, they are round in
    minutes, hours or days.

    Examples
    --------
    >>> [time_step(span, 5) for span in (0.007, 4.0, 100.0, 600.0, 100_000.0)]
    [0.002, 1.0, 20.0, 120.0, 21600.0]
    """
    least = span / n_steps
    if least <= 5:
        power = 10.0 ** math.floor(math.log10(least))
        step = next(n * power for n in (1, 2, 5, 10) if n * power >= least * (1 - 1e-9))
        return float(f"{step:.0e}")  # 0.30000000000000004 would show in labels
    return float(next((s for s in _ROUND if s >= least * (1 - 1e-9)), least))


def time_ticks(left: float, right: float, n_steps: float) -> np.ndarray:
    """Round moments between two others, in seconds: two at least.

    Examples
    --------
    >>> time_ticks(0.0, 300.0, 6)
    array([  0.,  60., 120., 180., 240., 300.])
    >>> time_ticks(1.93, 2.07, 2)
    array([1.95, 2.  , 2.05])
    """
    left, right = min(left, right), max(left, right)
    if not right > left or not math.isfinite(right - left):
        return np.array([left])
    for _ in range(_FINER):  # of one moment alone, nobody can tell the scale
        step = time_step(right - left, n_steps)
        first = math.ceil(left / step - 1e-9)
        last = math.floor(right / step + 1e-9)
        if last > first:
            break
        n_steps *= 1.5
    return np.arange(first, last + 1) * step


def time_labels(ticks) -> list[str]:
    """Labels for ticks on one axis: one unit, as many digits as the steps need.

    Examples
    --------
    >>> time_labels([0.0, 0.0005, 0.001])
    ['0', '0.5 ms', '1 ms']
    >>> time_labels([0.0, 0.5, 1.0]), time_labels([0.0, 120.0, 240.0])
    (['0', '0.5 s', '1 s'], ['0', '2 min', '4 min'])
    >>> time_labels([7200.0, 7202.0]), time_labels([0.0, 5400.0, 10800.0])
    (['7200 s', '7202 s'], ['0', '1.5 h', '3 h'])
    """
    ticks = np.asarray(ticks, dtype=float)
    if not len(ticks):
        return []
    largest = np.abs(ticks).max()
    step = np.diff(np.sort(ticks)).min() if len(ticks) > 1 else largest
    unit, symbol = _unit(largest, step)
    steps = step / unit
    digits = max(0, -math.floor(math.log10(steps) + 1e-9)) if steps > 0 else 0
    while digits < 12 and abs(round(steps, digits) - steps) > 1e-6 * steps:
        digits += 1
    texts = [f"{tick / unit:.{digits}f}" for tick in ticks]
    if digits:
        texts = [text.rstrip("0").rstrip(".") for text in texts]
    return [
        "0" if float(text) == 0 else f"{text} {symbol}".replace("-", "\N{MINUS SIGN}")
        for text in texts
    ]


def _unit(largest: float, step: float) -> tuple[float, str]:
    if largest >= 2 * _HOUR and step >= 0.5 * _HOUR:
        return _HOUR, "h"
    if largest >= 2 * _MINUTE and step >= 0.5 * _MINUTE:
        return _MINUTE, "min"
    if largest >= 1:
        return 1.0, "s"
    return (1e-3, "ms") if largest >= 1e-3 else (1e-6, "µs")
