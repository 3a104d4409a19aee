"""From the best parameters to Estimates: intervals, what follows, what is identified.

Knows which interval is fair where, and what the data do not carry; refuses to know how
the best parameters were found.
"""

from __future__ import annotations

import numpy as np

from ..laws import Law
from . import intervals
from .designing import gradient
from .estimates import Estimate
from .responses import Response

_NEAREST, _FURTHEST = 1e-6, 1e15  # peaks that are looked for
_REACH = 1.25  # a peak so many times beyond the data is still within their reach


def estimates_of(
    law: Law,
    response: Response,
    n: np.ndarray,
    targets: np.ndarray,
    vector: np.ndarray,
    spread: np.ndarray,
    drawn: np.ndarray | None,
) -> dict[str, Estimate]:
    """Of the parameters, and of what follows from them, by name.

    Parameters
    ----------
    law : Law
    response : Response
    n, targets : arrays of shape (n,)
    vector : array of shape (n_parameters,)
        The best parameters.
    spread : array of shape (n_parameters, n_parameters)
        Their covariance.
    drawn : array of shape (n_samples, n_parameters) or None
        Those of resampled sweeps, where intervals are to come from them.
    """
    df = len(n) - len(vector)
    errors = np.sqrt(np.diag(spread))
    method, ends = _ends(law, response, n, targets, vector, errors, drawn)
    made, doubts = {}, {}
    for at, parameter in enumerate(law.parameters):
        low, high = ends[at]
        doubts[parameter.name] = reason = _doubt(parameter, low, high, df)
        made[parameter.name] = Estimate(
            parameter.name,
            parameter.meaning,
            *map(float, (vector[at], errors[at], low, high)),
            identified=not reason,
            reason=reason,
            method=method,
        )
    told = "t" if method == "profile" else method
    peak = None
    for each in law.consequences:
        reason = doubts[each.rests_on]
        if reason:
            reason = f"it rests on {each.rests_on}: {reason}"
        value, se, low, high = _consequence(each, vector, spread, df, drawn)
        if each.is_peak:
            if method == "profile":
                low, high = _let_go(each, law, vector, ends)
            value, low, high = _from_the_first(value, low, high, n)
            reason = reason or _out_of_reach(value, n.max())
        elif each.is_at_peak and not peak.identified:
            reason, low, high = peak.reason, np.nan, np.nan
        elif each.is_at_peak and peak.value <= min(1.0, n.min()):
            value, se, low, high = _at_the_first(each, law, made, vector, peak.value)
        if not reason and not np.isfinite(high):
            reason = "its 95 % interval has no end"
        made[each.name] = Estimate(
            each.name,
            each.meaning,
            np.nan if reason else float(value),
            np.nan if reason else float(se),
            float(low),
            float(high),
            identified=not reason,
            reason=reason,
            method=told,
        )
        if each.is_peak:
            peak = made[each.name]
    return made


def _ends(law, response, n, targets, vector, errors, drawn):
    """The parameters' intervals, and how they came about."""
    df = len(n) - len(vector)
    is_on_bound = (vector[:-1] == law.lower[:-1]) | (vector[:-1] == law.upper[:-1])
    if not df > 0:
        return "none", np.full((len(vector), 2), np.nan)
    if drawn is not None:
        return "bootstrap", intervals.percentiles(drawn, df)
    if is_on_bound.any():
        return "profile", intervals.profile(law, response, n, targets, vector)
    return "t", intervals.by_student(law, vector, errors, df)


def _doubt(parameter, low: float, high: float, df: int) -> str:
    """Why a parameter is not identified; "" if it is."""
    if not df > 0:
        return "there are no more measurements than parameters"
    if low <= parameter.lower and high >= parameter.upper:
        return "the measurements leave it open"
    for end, bound in ((low, parameter.lower), (high, parameter.upper)):
        if end == bound and np.isfinite(bound):
            return f"its 95 % interval includes its bound {bound:g}"
    return "" if np.isfinite([low, high]).all() else "its 95 % interval has no end"


def _out_of_reach(peak: float, last: float) -> str:
    if peak <= _REACH * last:
        return ""
    return f"the data end at n = {last:g}, and it lies beyond their reach"


def _consequence(each, vector, spread, df: int, drawn):
    """Value, standard error, and interval of what follows from the parameters."""
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = float(each.flat(vector))
        value = float(np.power(max(flat, 0.0), each.power))
        if not df > 0:
            return value, np.nan, np.nan, np.nan
        if drawn is not None:
            of_each = np.power(np.maximum(each.flat(drawn), 0.0), each.power)
            low, high = intervals.percentiles(of_each[:, None], df)[0]
            return value, float(of_each.std(ddof=1)), float(low), float(high)
        if each.line and 0 < value < np.inf:
            low, high = _by_line(each, vector, spread, df, value)
            slope = gradient(lambda v: np.power(each.flat(v), each.power), vector)
            return value, float(np.sqrt(slope @ spread @ slope)), low, high
        slopes = gradient(each.flat, vector)
        error = float(np.sqrt(max(slopes @ spread @ slopes, 0.0)))
        reach = intervals.student(df) * error
        ends = np.power(np.maximum([flat + reach, flat - reach], 0.0), each.power)
        se = abs(each.power) * value / flat * error if flat > 0 else np.inf
        return value, se, float(ends[0]), float(ends[1])


def _by_line(each, vector, spread, df: int, value: float) -> tuple[float, float]:
    """All values, from the best one outwards, for which the line may still hold.

    References
    ----------
    Fieller, "Some problems in interval estimation", *Journal of the Royal Statistical
    Society B* 16(2), 1954.
    """
    from scipy.optimize import brentq

    t = intervals.student(df)

    def beyond(tried: float) -> float:
        weights, total = each.line(tried)
        return abs(weights @ vector - total) - t * np.sqrt(weights @ spread @ weights)

    ends = []
    for factor, last in ((0.5, _NEAREST), (2.0, _FURTHEST)):
        inner, outer = value, value * factor
        while beyond(outer) <= 0 and _NEAREST < outer < _FURTHEST:
            inner, outer = outer, outer * factor
        ends.append(brentq(beyond, inner, outer) if beyond(outer) > 0 else last)
    low, high = ends
    return low if low > _NEAREST else 0.0, high if high < _FURTHEST else np.inf


def _let_go(each, law: Law, vector: np.ndarray, ends: np.ndarray):
    """On a bound the peak is where the profile lets its parameter go."""
    moved = np.tile(vector, (2, 1))
    at = law.names.index(each.rests_on)
    moved[:, at] = ends[at, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = map(float, np.power(each.flat(moved), each.power))
    return low, np.inf if np.isnan(high) else high


def _from_the_first(value: float, low: float, high: float, n: np.ndarray):
    """A peak and its interval from the fewest workers that there can be.

    What falls from the first worker on has its peak there: a law may put it before.
    """
    least = min(1.0, float(n.min()))  # of loads, less than one
    return max(value, least), np.maximum(low, least), np.maximum(high, least)


def _at_the_first(each, law: Law, made, vector: np.ndarray, least: float):
    """What there is at the peak, where throughput falls from the first worker on."""
    speedup = float(law.speedups(np.array([least]), vector[:-1])[0])
    if each.name == "peak_speedup":
        return speedup, 0.0, speedup, speedup
    gamma = made[law.names[-1]]
    return tuple(speedup * np.array([gamma.value, gamma.se, gamma.low, gamma.high]))
