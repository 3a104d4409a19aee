"""Two sweeps: the ratio of times at each number of workers, and on the whole.

Knows which measurements of two sweeps stand for the same thing; refuses to judge one
ratio, which is `judging.py`'s, and to explain it.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from ..sweeps import Sweep
from . import judging, ratios
from .ratios import Ratio

_LEVEL = 0.95


def compared(before: Sweep, after: Sweep, tolerance: float):
    """The ratio on the whole, and a row per number of workers.

    The whole is the geometric mean of the rows' ratios; its interval follows from
    theirs as those of independent numbers do.
    """
    if before.scale != after.scale:
        raise ArgumentError(
            "`before` and `after` must be of the same scaling; got one of strong "
            "scaling and one of weak"
        )
    if "speedup" in (before.measure, after.measure):
        raise ArgumentError(
            "`before` and `after` must hold times or throughputs; speedups are "
            "divided by times of their own, so they do not tell which is faster"
        )
    if before.measure != after.measure:
        raise ArgumentError(
            "`before` and `after` must hold the same measure; got "
            f"{before.measure} and {after.measure}"
        )
    sides = [_times(sweep) for sweep in (before, after)]
    common = [key for key in sides[0] if key in sides[1]]
    if not common and len(before.backends) == len(after.backends) == 1:
        # One backend each, under two names: then that is what is compared.
        sides[1] = {
            (before.backends[0], n): times for (_, n), times in sides[1].items()
        }
        common = [key for key in sides[0] if key in sides[1]]
    if not common:
        raise ArgumentError(
            "`before` and `after` must have a number of workers (and a backend) in "
            f"common; got {_shown(before)} and {_shown(after)}"
        )
    level = _LEVEL ** (1 / len(common))
    rows, plain = [], []
    for key in common:
        x, y = (side[key] for side in sides)
        ratio = ratios.of_repeats(x, y, level=level)
        plain.append(ratios.of_repeats(x, y, level=_LEVEL))
        verdict = judging.verdict(ratio, tolerance)
        unknown = verdict == judging.UNKNOWN
        within = math.log1p(tolerance) if tolerance else 0.01
        rows.append(
            {
                "backend": key[0],
                "n_workers": key[1],
                "n_before": len(x),
                "n_after": len(y),
                "ratio": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                "verdict": verdict,
                "needed": ratios.needed(x, y, within, level=level) if unknown else 0,
            }
        )
    return _whole(plain), pd.DataFrame(rows).astype({"backend": "str"})


def notes(before: Sweep, after: Sweep, rows: pd.DataFrame) -> list[str]:
    """What to know before believing it."""
    told = []
    for name, sweep in (("before", before), ("after", after)):
        alone = sorted(set(sweep.n_workers.tolist()) - set(rows["n_workers"]))
        if alone:
            told.append(f"only {name}: {', '.join(map(str, alone))} workers")
    if before.backends != after.backends:
        old, new = (", ".join(sweep.backends) or "unknown" for sweep in (before, after))
        told.append(f"not the same backend: {old} → {new}")
    if (rows[["n_before", "n_after"]].max(axis=1) < 2).all():
        told.append("one measurement of each: nobody knows the noise; repeat both")
    return told


def odds(rows: pd.DataFrame, verdict: str) -> str:
    """Where it is sure that it is not as on the whole; empty if nowhere."""
    told = []
    for other in (judging.FASTER, judging.SLOWER):
        at = rows[rows["verdict"] == other]
        if other == verdict or not len(at):
            continue
        named = at["n_workers"].drop_duplicates().sort_values().tolist()
        told.append(f"{other} with {', '.join(map(str, named))} workers")
    if not told or (verdict == judging.UNKNOWN and len(told) < 2):
        return ""
    return f"not the same everywhere: {'; '.join(told)}"


def runs_at_most_workers(before: Sweep, after: Sweep):
    """The repeats of both with most workers in common; None without Runs."""
    if not (before.runs and after.runs):
        return None
    n = int(np.intersect1d(before.n_workers, after.n_workers)[-1])
    sides = []
    for sweep in (before, after):
        at = [i for i, each in enumerate(sweep.n_of_each) if each == n]
        backend = sweep.table["backend"].iat[at[0]]
        sides.append(
            [sweep.runs[i] for i in at if sweep.table["backend"].iat[i] == backend]
        )
    return sides


def _times(sweep: Sweep) -> dict[tuple[str, int], np.ndarray]:
    times = 1 / sweep.throughput
    frame = pd.DataFrame(
        {
            "backend": sweep.table["backend"].to_numpy(),
            "n": sweep.n_of_each,
            "time": times,
        }
    )
    groups = frame.groupby(["backend", "n"], sort=False)["time"]
    return {(str(backend), int(n)): of.to_numpy() for (backend, n), of in groups}


def _whole(rows: list[Ratio]) -> Ratio:
    """The geometric mean of independent ratios, its interval by their widths."""
    middle = float(np.mean([math.log(row.value) for row in rows]))
    half = math.sqrt(sum(row.half**2 for row in rows)) / len(rows)
    if math.isnan(half):
        return Ratio(math.exp(middle), math.nan, math.nan, ratios.NOTHING, math.nan)
    low, high = math.exp(middle - half), math.exp(middle + half)
    basis = rows[0].basis if len({row.basis for row in rows}) == 1 else ratios.REPEATS
    return Ratio(math.exp(middle), low, high, basis, half)


def _shown(sweep: Sweep) -> str:
    return f"{', '.join(sweep.backends) or 'no backend'} at {sweep.n_workers.tolist()}"
