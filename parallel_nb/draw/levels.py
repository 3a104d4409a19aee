"""`history`: every run a point, every level a line, every change with its factor.

Knows points and lines over time; refuses to know how changes are found.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import Formatter

from ..comparison import History
from ..errors import ArgumentError
from . import axis, palette, pictures, wording
from .legend import title_with_legend

_HEIGHT = 3.2  # inches
_MARKERS = "osD^v*"
_HEADROOM = 1.18


def history(past: History, ax: Axes | None = None) -> Axes:
    """Past runs over time: what each took, the levels, and where they changed.

    Parameters
    ----------
    past : History
        As `parallel_nb.history` gives it.
    ax : Axes, optional
        Where to draw. Default: as for `timeline`.

    Returns
    -------
    Axes
        x: when the run was, or its place where that is not known of all; y: the
        measure. A marker for each run, by series; a line for each level, at its
        median; a dashed line at each change, with its factor of time.

    Raises
    ------
    ArgumentError
        If `past` is no History, or `ax` no Axes.

    Examples
    --------
    >>> from parallel_nb import history as history_of
    >>> times = [2.0, 2.02, 1.98, 2.01, 1.99, 3.0, 3.03, 2.97, 3.01, 2.99]
    >>> ax = history(history_of(pd.DataFrame({"makespan": times})))
    >>> [text.get_text() for text in ax.texts]
    ['slower 1.5×']
    """
    if not isinstance(past, History):
        raise ArgumentError(
            f"`past` must be a History; got {type(past).__name__}. "
            "`pnb.history(runs)` makes one."
        )
    ax = pictures.axes_for(ax, _HEIGHT)
    ax.spines[["right", "top"]].set_visible(False)
    table, changes = past.table, past.changes
    is_dated = bool(table["at"].notna().all()) and table["at"].nunique() > 1
    x = dates.date2num(table["at"].dt.tz_localize(None)) if is_dated else table.index
    x = pd.Series(np.asarray(x, dtype=float), index=table.index)
    handles = []
    for at, (series, rows) in enumerate(table.groupby("series", sort=False)):
        colour = palette.CATEGORIES[at % len(palette.CATEGORIES)]
        marker = _MARKERS[at % len(_MARKERS)]
        ax.plot(x[rows.index], rows["value"], marker, color=colour, ms=5, alpha=0.8)
        for _, level in rows.groupby("level"):
            ends = [x[level.index[0]], x[level.index[-1]]]
            ax.plot(ends, [level["typical"].iat[0]] * 2, color=colour, lw=2)
        label = series or wording.count(len(rows), "run")
        handles.append(Line2D([], [], color=colour, marker=marker, label=label))
    top = float(table["value"].max()) * _HEADROOM
    ax.set_ylim(0, top)
    for row in changes.itertuples():
        is_worse = row.verdict == "slower"
        colour = palette.VERMILION if is_worse else palette.GREEN
        of_series = table.index[table["series"] == row.series]
        earlier = of_series[of_series < row.run][-1]
        place = (x[row.run] + x[earlier]) / 2
        ax.axvline(place, color=colour, lw=1.2, ls=(0, (4, 2)))
        times = row.ratio if is_worse else 1 / row.ratio
        ax.annotate(
            f"{row.verdict} {wording.factor(times)}",
            xy=(place, top),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            color=colour,
            fontsize="small",
        )
    title_with_legend(ax, _title(past), handles if len(handles) > 1 else ())
    if past.measure == "throughput":
        ax.set_ylabel("tasks per s")
    else:
        axis.time_axis(ax.yaxis)
    if is_dated:
        locator = dates.AutoDateLocator()
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(_dates(table["at"], locator))
        first, last = (
            f"{at:%Y-%m-%d}" for at in (table["at"].min(), table["at"].max())
        )
        ax.set_xlabel(f"{first}, UTC" if first == last else f"{first} to {last}")
    else:
        ax.set_xlabel("run")
    pictures.describe(ax, _caption(past))
    return ax


def _dates(at: pd.Series, locator) -> Formatter:
    """Times of one day are written out: seconds alone could be anything."""
    span = at.max() - at.min()
    if at.min().date() != at.max().date():
        return dates.ConciseDateFormatter(locator, show_offset=False)
    return dates.DateFormatter("%H:%M" if span > pd.Timedelta("1 h") else "%H:%M:%S")


def _title(past: History) -> str:
    name = f"{wording.shortened(past.label, 40)} · " if past.label else ""
    return f"{name}{past.measure} · {past!r}"


def _caption(past: History) -> str:
    name = f" of “{wording.shortened(past.label, 60)}”" if past.label else ""
    told = [f"Past runs{name}, {past.measure}: {past!r}."]
    for row in past.changes.itertuples():
        when = f"on {row.at:%Y-%m-%d}" if pd.notna(row.at) else f"at run {row.run}"
        where = f" ({row.series})" if row.series else ""
        levels = (row.before, row.after)
        if past.measure == "throughput":
            old, new = (f"{wording.number(value)} tasks/s" for value in levels)
        else:
            old, new = map(wording.seconds, levels)
        told.append(f"{when.capitalize()}{where} {row.verdict}: {old} → {new}.")
    return " ".join(told)
