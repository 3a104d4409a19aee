"""`utilization`: how many workers were busy, over time.

Knows bins of time and the mean that they add up to; refuses to know lanes.
"""

from __future__ import annotations

from math import isnan

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .. import metrics, schema
from . import palette, pictures, wording
from .axis import show_window, time_axis
from .blocks import require_run
from .legend import title_with_legend

HEIGHT = 2.6  # inches
_MOST_BINS = 800


def utilization(run, ax: Axes | None = None) -> Axes:
    """Busy workers over time, and their mean, which is the run's utilization.

    Parameters
    ----------
    run : Run
    ax : Axes, optional
        Where to draw. Default: as for `timeline`.

    Returns
    -------
    Axes
        x in seconds since the run's zero, y in workers. The time from the first
        submission to the last end is cut in at most 800 bins, each exact: the area is
        the work. What went into attempts that are not done has a colour of its own.

    Raises
    ------
    ArgumentError
        If `run` is no Run or `ax` no Axes.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Run
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> ax = utilization(Run.from_frame(table))
    >>> ax.get_ylabel(), [text.get_text() for text in ax.texts]
    ('busy workers', ['mean 1.5 of 2 = 75 %'])
    """
    require_run(run)
    ax = pictures.axes_for(ax, HEIGHT)
    n_workers = run.meta.n_workers
    ax.set_ylabel("busy workers")
    time_axis(ax.xaxis)
    ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    ax.set_ylim(0, n_workers * 1.08)
    ax.spines[["right", "top"]].set_visible(False)
    first, last = wording.first_and_last(run)
    if not last > first:
        title_with_legend(ax, wording.title(run))
        pictures.say(ax, "nothing ran" if isnan(last) else "nothing took any time")
        pictures.describe(ax, f"Busy workers over time in {wording.name(run)}: none.")
        return ax
    edges = np.linspace(first, last, _MOST_BINS + 1)
    started = run.attempts[schema.STARTED].to_numpy()
    ended = run.attempts[schema.ENDED].to_numpy()
    busy = n_workers * metrics.utilization_series(started, ended, n_workers, edges)
    bad = run.attempts[schema.STATUS].array.codes > 0
    if (bad & (ended > started)).any():
        lost = n_workers * metrics.utilization_series(
            started[bad], ended[bad], n_workers, edges
        )
        handles = [
            ax.stairs(height, edges, fill=True, color=colour, label=label)
            for height, colour, label in (
                (busy, palette.BLUE, "in attempts that are done"),
                (lost, palette.VERMILION, "not done"),
            )
        ]
    else:
        handles = []
        ax.stairs(busy, edges, fill=True, color=palette.BLUE)
    title_with_legend(ax, wording.title(run), handles)
    show_window(ax, min(0.0, edges[0]), edges[-1])
    ax.set_ylim(0, max(n_workers, busy.max()) * 1.08)
    ax.axhline(n_workers, color=palette.GREY, linewidth=0.8, linestyle=(0, (1, 2)))
    _mean_line(ax, float(busy.mean()), n_workers)
    pictures.describe(ax, wording.utilization_caption(run, edges, busy))
    return ax


def _mean_line(ax: Axes, mean: float, n_workers: int) -> None:
    ax.axhline(mean, color=palette.DEEP_ORANGE, linewidth=1.8, linestyle="--")
    low = mean < 0.8 * n_workers  # where there is room for words
    ax.annotate(
        f"mean {mean:.3g} of {n_workers} = {wording.percent(mean / n_workers)}",
        xy=(1, mean),
        xycoords=("axes fraction", "data"),
        xytext=(-6, 4 if low else -5),
        textcoords="offset points",
        ha="right",
        va="bottom" if low else "top",
        bbox={"boxstyle": "round,pad=0.25", "fc": ax.get_facecolor(), "ec": "none"},
    )
