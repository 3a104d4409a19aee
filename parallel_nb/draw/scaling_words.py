"""What pictures of scaling say in words.

Knows which numbers an eye would take from the picture; refuses to draw.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import wording


def title(sweep) -> str:
    """One short line over a picture: whose it is and how large."""
    n = sweep.n_workers
    parts = [f"{sweep.scale} scaling", f"n = {n[0]}"]
    if len(n) > 1:
        parts[1] = f"n = {n[0]} … {n[-1]}"
    if sweep.label:
        parts.insert(0, wording.shortened(sweep.label, 60))
    return " · ".join(parts)


def speedup_caption(shown) -> str:
    """What a picture of speedups shows."""
    head = _head("Speedup", shown)
    means = _means(shown, "speedup")
    if not len(means):
        return f"{head}: one worker was not measured, so there is none."
    best = means.idxmax()
    most = means[best]
    text = (
        f"{head}: on average at most {wording.factor(most)}, with "
        f"{wording.count(int(best), 'worker')} ({wording.percent(most / best)} of the "
        "ideal)"
    )
    last = means.index[-1]
    if best != last:
        text += f"; {wording.factor(means[last])} with {last}"
    return f"{text}.{_laws(shown, 'speedup')}"


def efficiency_caption(shown) -> str:
    """What a picture of efficiencies shows."""
    head = _head("Efficiency", shown)
    means = _means(shown, "efficiency")
    if not len(means):
        return f"{head}: one worker was not measured, so there is none."
    first, last = means.index[0], means.index[-1]
    text = f"{head}: on average {wording.percent(means[last])} with {last}"
    if first != last:
        text += f", {wording.percent(means[first])} with {first}"
    return f"{text}.{_laws(shown, 'efficiency')}"


def karp_flatt_caption(shown) -> str:
    """What a picture of Karp–Flatt fractions shows."""
    head = _head("Serial fraction by Karp and Flatt", shown)
    means = _means(shown, "karp_flatt")
    if not len(means):
        return f"{head}: no number of workers above 1 beside 1 was measured."
    first, last = means.index[0], means.index[-1]
    text = f"{head}: on average {_share(means[first])} with {first}"
    if first != last:
        text += f", {_share(means[last])} with {last}; {_trend(means)}"
    return f"{text}.{_laws(shown, '')}"


def work_inflation_caption(shown) -> str:
    """What a picture of work inflation shows."""
    means = _means(shown, "work_inflation")
    first, last = means.index[0], means.index[-1]
    text = f"{_head('Work inflation', shown)}: on average {means[last]:.3g} with {last}"
    if first != last:
        text += f", {means[first]:.3g} with {first}; {_trend(means)}"
    return f"{text}. 1 is no inflation."


def _share(value: float) -> str:
    return f"{100 * value:.3g} %".replace("-", "\N{MINUS SIGN}")


def _trend(means) -> str:
    """Whether the means rise, fall, or neither."""
    steps = np.sign(np.diff(means.to_numpy()))
    if (steps > 0).all():
        return "it rises from each number of workers to the next"
    if (steps < 0).all():
        return "it falls from each number of workers to the next"
    return "it neither rises nor falls throughout"


def _means(shown, column: str) -> pd.Series:
    """Of the repeats that have it, by number of workers."""
    values = shown.table[column].to_numpy()
    is_known = ~np.isnan(values)
    n = shown.table["n_workers"].to_numpy()[is_known]
    n_workers, which = np.unique(n, return_inverse=True)
    sums = np.bincount(which, values[is_known], len(n_workers))
    return pd.Series(sums / np.bincount(which, minlength=len(n_workers)), n_workers)


def _head(what: str, shown) -> str:
    sweep = shown.sweep
    called = f"“{wording.shortened(sweep.label, 60)}”" if sweep.label else "a sweep"
    n_measured = wording.count(len(shown.table), "measurement")
    n = len(sweep.n_workers)
    estimated = " (estimated)" if shown.is_estimated else ""
    of = f"of {n} numbers of workers from {sweep.n_workers[0]} to {sweep.n_workers[-1]}"
    if n == 1:
        of = f"with {wording.count(sweep.n_workers[0].item(), 'worker')}"
    return f"{what}{estimated} in {called}, {sweep.scale} scaling, {n_measured} {of}"


def _laws(shown, measure: str) -> str:
    """What the laws say at the right edge."""
    if not shown.fits:
        return ""
    names = [fit.law.label for fit in shown.fits]
    if not measure:
        return f" Curves: {', '.join(names)}."
    told = []
    for fit in shown.fits:
        row = fit.predict(shown.up_to, measure).iloc[0]
        say = wording.factor if measure == "speedup" else wording.percent
        band = ""
        if np.isfinite([row["confidence_low"], row["confidence_high"]]).all():
            band = (
                f" (95 %: {say(row['confidence_low'])} to "
                f"{say(row['confidence_high'])})"
            )
        told.append(f"{fit.law.label} {say(row[measure])}{band}")
    where = f" With {shown.up_to} workers"
    beyond = ", beyond the measurements" if shown.is_extrapolated else ""
    return f"{where}{beyond}, by law: {'; '.join(told)}."
