"""`speedup`, `efficiency`, `karp_flatt`, `work_inflation`: what more workers bring.

Knows axes, bands and where the data end; refuses to know how laws are fitted, and what
the pictures say in words (`scaling_words.py`). Whatever lies beyond the last number of
workers that was measured is on grey paper, and its name is on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .. import laws
from ..errors import ArgumentError
from . import palette, pictures, scaling_words, wording
from .legend import title_with_legend

HEIGHT = 4.2  # inches
_POINTS = 240  # of a curve
_HEADROOM = 1.08
_BAND_SEEN = 1.6  # how far bands may widen the view, in highest curves
_MARKERS = "osD^v*"  # by backend: never by colour alone


def speedup(sweep, fits=None, *, up_to: int | None = None, ax: Axes | None = None):
    """Speedup against the number of workers: every repeat, laws with bands, the ideal.

    Parameters
    ----------
    sweep : Sweep
    fits : Fits, Fit or sequence of Fit, optional
        Laws to draw. Of `Fits` those that got a vote, or the best. Shaded: where the
        curve is with 95 % confidence.
    up_to : int, optional
        Draw laws up to so many workers. Beyond the measurements the paper is grey.
    ax : Axes, optional
        Where to draw. Default: as for `timeline`.

    Returns
    -------
    Axes
        x in workers, y in times the throughput of one worker: as measured with one,
        else as a law has it, and the axis says *estimated*.

    Raises
    ------
    ArgumentError
        If `sweep` is no Sweep, `fits` are none of one, `up_to` is less than was
        measured, or `ax` is no Axes.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Sweep, fit
    >>> table = pd.DataFrame({"n": [1, 2, 4, 8], "seconds": [30, 18.2, 11.9, 9.1]})
    >>> sweep = Sweep.from_frame(table, n="n", time="seconds")
    >>> ax = speedup(sweep, fit(sweep, "amdahl"), up_to=32)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['measured (4)', 'ideal', 'Amdahl, 95 % band']
    """
    shown = _Shown(sweep, fits, up_to)
    ax = pictures.axes_for(ax, HEIGHT)
    label = "speedup (scaled)" if sweep.scale == "weak" else "speedup"
    handles = _curves(ax, shown, label, "speedup")
    return _finished(ax, shown, handles, scaling_words.speedup_caption)


def efficiency(sweep, fits=None, *, up_to: int | None = None, ax: Axes | None = None):
    """Speedup that each worker contributes, against their number; 100 % is ideal.

    Parameters
    ----------
    sweep, fits, up_to, ax
        As for `speedup`.

    Returns
    -------
    Axes
        x in workers, y a share.

    Raises
    ------
    ArgumentError
        As for `speedup`.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Sweep
    >>> table = pd.DataFrame({"n": [1, 2, 4], "seconds": [30.0, 18.2, 11.9]})
    >>> ax = efficiency(Sweep.from_frame(table, n="n", time="seconds"))
    >>> ax.get_ylabel()
    'efficiency'
    """
    shown = _Shown(sweep, fits, up_to)
    ax = pictures.axes_for(ax, HEIGHT)
    handles = _curves(ax, shown, "efficiency", "efficiency")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.3g} %"))
    return _finished(ax, shown, handles, scaling_words.efficiency_caption)


def karp_flatt(sweep, fits=None, *, up_to: int | None = None, ax: Axes | None = None):
    """The serial fraction that each measurement implies, against the number of workers.

    Level: the batch has a serial part. Rising: something grows with the number of
    workers, which Amdahl's law knows nothing of. Falling, or below 0: caches, or a
    reference that was slow.

    Parameters
    ----------
    sweep : Sweep
        Of strong scaling, with one worker measured.
    fits, up_to, ax
        As for `speedup`; the curves are what laws imply.

    Returns
    -------
    Axes
        x in workers from 2, y a share.

    Raises
    ------
    ArgumentError
        As for `speedup`, or if the sweep is of weak scaling.

    References
    ----------
    Karp, Flatt, "Measuring parallel processor performance", *Communications of the
    ACM* 33(5), 1990.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Sweep
    >>> table = pd.DataFrame({"n": [1, 2, 4, 8], "seconds": [30, 16.5, 9.75, 6.375]})
    >>> ax = karp_flatt(Sweep.from_frame(table, n="n", time="seconds"))
    >>> ax.get_ylabel()
    "serial fraction (Karp–Flatt's e)"
    """
    shown = _Shown(sweep, fits, up_to)
    if sweep.scale == "weak":
        raise ArgumentError(
            "`sweep` must be of strong scaling, as Karp and Flatt's e is a share of "
            "one worker's time; got weak scaling. `sweep.table` has its "
            "`scaled_serial_fraction`"
        )
    ax = pictures.axes_for(ax, HEIGHT)
    handles = _curves(ax, shown, "serial fraction (Karp–Flatt's e)", "karp_flatt")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.3g} %"))
    return _finished(ax, shown, handles, scaling_words.karp_flatt_caption)


def work_inflation(sweep, *, ax: Axes | None = None):
    """Seconds inside tasks over those of one worker, against the number of workers.

    Level at 1: the same tasks take as long, whoever is at work beside them. Rising:
    they share caches, memory or clock frequency, or wait for each other's locks.

    Parameters
    ----------
    sweep : Sweep
        Of Runs, with one worker measured.
    ax : Axes, optional
        As for `speedup`.

    Returns
    -------
    Axes
        x in workers, y in times the work of one worker.

    Raises
    ------
    ArgumentError
        If `sweep` is no Sweep or knows no work, or `ax` is no Axes.

    Examples
    --------
    >>> import time
    >>> from parallel_nb import sweep
    >>> measured = sweep(time.sleep, [0.001] * 4, n_jobs=[1, 2], backend="threading")
    >>> work_inflation(measured).get_ylabel()
    'work inflation'
    """
    shown = _Shown(sweep, None, None)
    if shown.table["work_inflation"].isna().all():
        raise ArgumentError(
            "`sweep` must be made of Runs, one worker among them: a table of times "
            "does not tell how many seconds were spent inside tasks"
        )
    ax = pictures.axes_for(ax, HEIGHT)
    handles = _curves(ax, shown, "work inflation", "work_inflation")
    return _finished(ax, shown, handles, scaling_words.work_inflation_caption)


class _Shown:
    """What is to be drawn: measurements, fits, and up to where."""

    def __init__(self, sweep, fits, up_to):
        if not hasattr(sweep, "precision") or not hasattr(sweep, "table"):
            raise ArgumentError(f"`sweep` must be a Sweep; got {type(sweep).__name__}")
        self.sweep, self.table = sweep, sweep.table
        self.fits = _chosen(fits)
        for fit in self.fits:
            if fit.sweep.scale != sweep.scale:
                raise ArgumentError(
                    f"`fits` must be of the sweep that is drawn; got one of "
                    f"{fit.sweep.scale} scaling for a sweep of {sweep.scale} scaling"
                )
        self.last = math.ceil(sweep.n_workers[-1])  # of loads there are fractions
        if up_to is not None and not up_to >= int(sweep.n_workers[-1]):
            raise ArgumentError(
                f"`up_to` must be {self.last} or more, as so many workers were "
                f"measured; got {up_to!r}"
            )
        self.up_to = max(int(up_to or self.last), self.last)
        self.is_estimated = bool(np.isnan(self.table["speedup"]).any())
        if self.is_estimated and self.fits:
            of_one = self.fits[0].reference
            estimated = self.table["throughput"] / of_one
            self.table["speedup"] = self.table["speedup"].fillna(estimated)
            n = self.table["n_workers"].to_numpy()
            self.table["efficiency"] = self.table["speedup"] / n
            if sweep.scale == "strong":
                self.table["karp_flatt"] = laws.karp_flatt(self.table["speedup"], n)

    @property
    def is_extrapolated(self) -> bool:
        return self.up_to > self.last


def _chosen(fits) -> list:
    """The fits to draw, the one with the plainest law first."""
    if fits is None:
        return []
    if isinstance(fits, Mapping):
        voted = set(fits.votes["law"].dropna()) or {fits.best.law.name}
        return [fit for name, fit in fits.items() if name in voted]
    chosen = list(fits) if isinstance(fits, Sequence) else [fits]
    for fit in chosen:
        if not hasattr(fit, "law") or not hasattr(fit, "predict"):
            raise ArgumentError(
                "`fits` must be what `fit(sweep)` gives, or a list of such Fits; got "
                f"{type(fit).__name__}"
            )
    return chosen


def _curves(ax: Axes, shown: _Shown, label: str, column: str) -> list:
    """Draw ideal, laws and measurements; the handles of the legend."""
    first = 2 if column == "karp_flatt" else min(1, shown.sweep.n_workers[0])
    ax.set_xlabel("workers")
    ax.set_ylabel(f"{label}, estimated" if shown.is_estimated else label)
    steps = [1, 2, 4, 5, 8, 10]
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=steps))
    ax.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    ax.spines[["right", "top"]].set_visible(False)
    measured = _measured(ax, shown, column)
    values = shown.table.loc[shown.table["n_workers"] >= first, column].dropna()
    if not len(values):
        ax.tick_params(axis="y", left=False, labelleft=False)
        return []
    left = min(first, shown.sweep.n_workers[0])
    # Evenly along either kind of axis.
    lines = np.linspace(left, shown.up_to, _POINTS)
    n = np.unique([*lines, *np.geomspace(left, shown.up_to, _POINTS), shown.last])
    n = n[n >= first]
    highest, lowest = [values.max()], [values.min()]
    fitted = []
    for fit in shown.fits:
        curve, low, high = _of_law(fit, n, column)
        colour, line = palette.LAW[fit.law.name]
        ax.plot(n, curve, color=colour, linestyle=line, linewidth=2, zorder=2.4)
        has_band = bool(np.isfinite(low).all())
        if has_band:
            ax.fill_between(n, low, high, color=colour, alpha=0.18, linewidth=0)
            widest = _BAND_SEEN * max(np.abs(curve).max(), values.max())
            highest.append(min(np.nanmax(high), widest))
            lowest.append(max(np.nanmin(low), -0.5 * widest))
        highest.append(curve.max())
        lowest.append(curve.min())
        name = f"{fit.law.label}{', 95 % band' if has_band else ''}"
        fitted.append(
            (
                Line2D([], [], color=colour, linestyle=line, linewidth=2, label=name),
                fit,
            )
        )
    handles = [*measured]
    low, high = _limits(column, lowest, highest)
    if column != "karp_flatt":
        ideal = n if column == "speedup" else np.ones_like(n)
        style = {"color": palette.GREY, "linestyle": (0, (1, 2)), "linewidth": 1.4}
        ax.plot(n, ideal, zorder=2.2, **style)
        handles.append(Line2D([], [], label="ideal", **style))
    else:
        ax.axhline(0, color=palette.GREY, linewidth=0.8, zorder=1.5)
    handles += [handle for handle, _ in fitted]
    room = 0.03 * (shown.up_to - left) or 0.5
    ax.set_xlim(0 if left <= 2 else left - room, shown.up_to + room)
    ax.set_ylim(low, high)
    if shown.is_extrapolated:
        _grey_paper(ax, shown)
    return handles


def _limits(column: str, lowest, highest) -> tuple[float, float]:
    low, high = min(0.0, *lowest), max(highest)
    if column == "efficiency":
        high = max(high, 1.0)
    room = (_HEADROOM - 1) * (high - low) or 0.05  # nothing but zeros
    return (low - room if low < 0 else 0.0), high + room


def _of_law(fit, n: np.ndarray, column: str):
    """A law's curve and its confidence band in the unit of a column."""
    if column == "karp_flatt":
        table = fit.karp_flatt(n)
    else:
        table = fit.predict(n, column)
    columns = (column, "confidence_low", "confidence_high")
    return tuple(table[each].to_numpy() for each in columns)


def _measured(ax: Axes, shown: _Shown, column: str) -> list:
    """A mark for each measurement; repeats lie over each other and show through."""
    ink = ax.yaxis.label.get_color()  # black on white paper, white on black
    backends = shown.sweep.backends
    handles = []
    for at, backend in enumerate(backends):
        rows = shown.table[shown.table["backend"] == backend]
        known = rows[column].notna()
        if len(backends) == 1:
            colour = ink
        else:
            colour = palette.CATEGORIES[at % len(palette.CATEGORIES)]
        style = {
            "marker": _MARKERS[at % len(_MARKERS)],
            "markersize": 5.5,
            "linestyle": "none",
            "color": colour,
            "alpha": 0.5 if rows["n_workers"].duplicated().any() else 0.9,
            "markeredgewidth": 0,
        }
        ax.plot(rows["n_workers"][known], rows[column][known], zorder=2.6, **style)
        who = "measured" if len(backends) == 1 else backend or "measured"
        name = f"{wording.shortened(who, 28)} ({known.sum():,})"
        handles.append(Line2D([], [], label=name, **style))
    return handles


def _grey_paper(ax: Axes, shown: _Shown) -> None:
    """Mark where no one has measured."""
    ax.axvspan(
        shown.last,
        ax.get_xlim()[1],
        facecolor=palette.GREY,
        alpha=0.13,
        linewidth=0,
        zorder=0.5,
    )
    ax.axvline(shown.last, color=palette.GREY, linewidth=0.8, zorder=1.5)
    ax.annotate(
        "extrapolated →",
        xy=(shown.last, 0),  # where the ideal seldom passes
        xycoords=("data", "axes fraction"),
        xytext=(5, 4),
        textcoords="offset points",
        ha="left",
        va="bottom",
        fontsize="small",
        color=ax.xaxis.label.get_color(),
    )


def _finished(ax: Axes, shown: _Shown, handles: list, caption) -> Axes:
    title_with_legend(ax, scaling_words.title(shown.sweep), handles)
    if not handles:
        words = "no speedup: one worker was not measured"
        if shown.table["n_workers"].max() == 1:
            words = "only one worker was measured"
        pictures.say(ax, words)
    pictures.describe(ax, caption(shown))
    return ax
