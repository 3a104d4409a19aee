"""One series of runs → its levels, the changes between them, the trend of the last one.

Knows ratios of levels and slopes; refuses to know where changes are looked for, and
which runs make a series.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from . import changes, judging, lasting, ratios

_LEAST_FOR_TREND = 5
_MOST_POINTS = 500


def of_series(rows: pd.DataFrame, measure: str, tolerance: float):
    """The level of each run, from 0, and a row for each change between them."""
    values = rows["value"].to_numpy()
    times = 1 / values if measure == "throughput" else values

    def is_change(before, after) -> bool:
        ratio = ratios.of_repeats(before, after)
        return judging.verdict(ratio, tolerance) in (judging.SLOWER, judging.FASTER)

    points = changes.change_points(times, is_change)
    levels = np.searchsorted(points, np.arange(len(values)), side="right")
    bounds = [0, *points, len(values)]
    found = []
    for place, at in enumerate(points, 1):
        before = slice(bounds[place - 1], at)
        after = slice(at, bounds[place + 1])
        ratio = ratios.of_repeats(times[before], times[after])
        found.append(
            {
                "at": rows["at"].iat[at],
                "run": int(rows.index[at]),
                "before": float(np.median(values[before])),
                "after": float(np.median(values[after])),
                "ratio": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                "verdict": judging.verdict(ratio, tolerance),
            }
        )
    return levels, found


def trend(values: pd.Series, measure: str, tolerance: float) -> dict[str, Any]:
    """The slow change within a level, as `History.trends` explains it."""
    n = len(values)
    if n < _LEAST_FOR_TREND:
        nothing = dict.fromkeys(("per_run", "low", "high"), math.nan)
        return {"n_runs": n, **nothing, "is_trend": False}
    logs = np.log(values.to_numpy(dtype=float))
    if measure == "throughput":
        logs = -logs
    each = -(-n // _MOST_POINTS)  # pairs of points: their number grows with its square
    points = [np.median(logs[i : i + each]) for i in range(0, n - n % each, each)]
    slope, _, low, high = (
        float(found) / each for found in theilslopes(points, np.arange(len(points)))
    )
    # The interval takes runs to be independent; of those that are not quite, as many
    # as `lasting` allows for tell as much as fewer that are.
    wider = math.sqrt((1 + lasting.CORRELATION) / (1 - lasting.CORRELATION))
    low, high = (slope + wider * (end - slope) for end in (low, high))
    is_sure = low > 0 or high < 0
    is_trend = is_sure and abs(slope) * (n - 1) > math.log1p(tolerance)
    return {
        "n_runs": n,
        "per_run": math.expm1(slope),
        "low": math.expm1(low),
        "high": math.expm1(high),
        "is_trend": is_trend,
    }
