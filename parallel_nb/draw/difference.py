"""`compare`: both sides as bars cut into parts, or a ratio per number of workers.

Knows bars, whiskers and where words go; refuses to know how a comparison is made.
"""

from __future__ import annotations

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..accounting.parts import PARTS
from ..comparison import Comparison
from ..errors import ArgumentError
from . import axis, palette, pictures, wording
from .legend import title_with_legend

_HEIGHT, _ROW = 1.7, 0.42  # inches: two bars; a row per number of workers
_THICK = 0.62
_LEAST = 0.004  # of the longer side: less is not worth a colour in the legend
_FAR = 0.02  # of the median: a mean that is further off is told
_NAMES = ("before", "after")
_COLOUR = {
    "slower": palette.VERMILION,
    "faster": palette.GREEN,
    "no difference seen": palette.BLUE,
    "can't tell": palette.GREY,
}
_MARKER = {"slower": ">", "faster": "<", "no difference seen": "o", "can't tell": "D"}


def compare(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """What became of the makespan, and which part of it changed.

    Parameters
    ----------
    comparison : Comparison
        As `parallel_nb.compare` gives it.
    ax : Axes, optional
        Where to draw. Default: as for `timeline`.

    Returns
    -------
    Axes
        Of Runs: a bar for each side, x in s. Its pieces are the parts of the ledger,
        worker-seconds / n_workers, so together they are the makespan (the mean of
        repeats); a tick above the bar is one repeat. Of sweeps: a row for each number
        of workers, x is the ratio of times after / before with its interval; the grey
        band is the tolerance.

    Raises
    ------
    ArgumentError
        If `comparison` is none, or `ax` no Axes.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Run, compare as comparison_of
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> slower = table.assign(ended=[5.0, 2.0])
    >>> found = comparison_of(Run.from_frame(table), Run.from_frame(slower))
    >>> ax = compare(found)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['before', 'after']
    """
    if not isinstance(comparison, Comparison):
        raise ArgumentError(
            f"`comparison` must be a Comparison; got {type(comparison).__name__}. "
            "`pnb.compare(before, after)` makes one."
        )
    if len(comparison.measurements):
        return _by_workers(comparison, ax)
    return _by_parts(comparison, ax)


def _by_parts(found: Comparison, ax: Axes | None) -> Axes:
    ax = pictures.axes_for(ax, _HEIGHT)
    ax.spines[["right", "top", "left"]].set_visible(False)
    parts = found.parts.set_index("part")
    lengths = [parts[side].sum() for side in _NAMES]
    longest = max(*lengths, *found.makespans[0], *found.makespans[1])
    shown = [part for part in PARTS if parts.loc[part.name, list(_NAMES)].max() > 0]
    in_legend = [
        part
        for part in shown
        if parts.loc[part.name, list(_NAMES)].max() > _LEAST * longest
    ]
    ax.set_ylim(1.5, -0.6)
    told = [_length(found.before, lengths[0]), _length(found.after, lengths[1])]
    # Beside its bar, wherever the farthest repeat is.
    room = 1.14 if max(map(len, told)) < 12 else 1.35
    ax.set_xlim(0, max(1.04 * longest, room * max(lengths)))
    title_with_legend(
        ax,
        found.headline,
        [Patch(**_of(part.name), label=part.phrase) for part in in_legend],
    )
    for row, side in enumerate(_NAMES):
        left = 0.0
        for part in shown:
            width = parts.loc[part.name, side]
            if width > 0:
                ax.barh(row, width, _THICK, left=left, **_of(part.name))
            left += width
        ends = list(found.makespans[row])
        if len(ends) > 1:
            top = row - _THICK / 2
            ax.vlines(ends, top - 0.12, top, color=rcParams["text.color"], lw=1.0)
        ax.annotate(
            told[row],
            xy=(left, row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=rcParams["xtick.labelsize"],
        )
    ax.set_yticks(range(2), list(_NAMES))
    ax.tick_params(axis="y", length=0)
    axis.time_axis(ax.xaxis)
    pictures.describe(ax, _caption_of_parts(found))
    return ax


def _of(name: str) -> dict:
    """How the area of a part is drawn."""
    colour = palette.PART[name]
    return {"facecolor": colour, "edgecolor": palette.edge(colour), "linewidth": 1.0}


def _length(median: float, mean: float) -> str:
    """The makespan of the headline; and the bar's, where that is another one."""
    told = wording.seconds(median)
    if abs(mean - median) <= _FAR * median:
        return told
    return f"{told} (bar: {wording.seconds(mean)}, the mean)"


def _by_workers(found: Comparison, ax: Axes | None) -> Axes:
    rows = found.measurements
    ax = pictures.axes_for(ax, 1.4 + _ROW * len(rows))
    ax.spines[["right", "top"]].set_visible(False)
    verdicts = list(dict.fromkeys(rows["verdict"]))
    handles = [
        ax.plot(
            [], [], _MARKER[verdict], color=_COLOUR[verdict], label=verdict, ls="none"
        )[0]
        for verdict in verdicts
    ]
    title_with_legend(ax, found.headline, handles)
    most = 1 + found.tolerance
    ax.axvspan(1 / most, most, color=palette.GREY, alpha=0.2, lw=0)
    ax.axvline(1.0, color=palette.GREY, lw=0.8)
    for at, row in enumerate(rows.itertuples()):
        colour = _COLOUR[row.verdict]
        if np.isfinite(row.low):
            ax.hlines(at, row.low, row.high, color=colour, lw=2)
        ax.plot(row.ratio, at, _MARKER[row.verdict], color=colour)
    several = rows["backend"].nunique() > 1
    ax.set_yticks(
        range(len(rows)),
        [
            wording.count(row.n_workers, "worker")
            + (f", {row.backend}" if several else "")
            for row in rows.itertuples()
        ],
    )
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel("time after / before")
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}×"))
    pictures.describe(ax, _caption_of_workers(found))
    return ax


def _caption_of_parts(found: Comparison) -> str:
    told = [f"Two runs compared, {found.headline}."]
    if len(found.makespans[0]) > 1 or len(found.makespans[1]) > 1:
        told = [f"Repeats compared, {found.headline}."]
    changes = found.parts.set_index("part")["change"]
    phrases = {part.name: part.phrase for part in PARTS}
    largest = changes.abs().sort_values(ascending=False)
    named = [
        f"{phrases[name]} {_signed(changes[name])}"
        for name in largest.index[:3]
        if largest[name] > _LEAST * max(found.before, found.after)
    ]
    if named:
        told.append(f"Of the makespan: {', '.join(named)}.")
    return " ".join(told)


def _caption_of_workers(found: Comparison) -> str:
    told = [
        f"{wording.count(row.n_workers, 'worker')} {wording.factor(row.ratio)} "
        f"({row.verdict})"
        for row in found.measurements.itertuples()
    ]
    rows = ", ".join(told)
    return f"Two sweeps compared, {found.headline}. Time after / before: {rows}."


def _signed(seconds: float) -> str:
    sign = "+" if seconds >= 0 else "\N{MINUS SIGN}"
    return f"{sign}{wording.seconds(abs(seconds))}"
