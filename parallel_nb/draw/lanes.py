"""`timeline`: who did what when.

Knows the parts of the picture around the lanes: ticks, legend, colour bar, words. What
lies in the lanes is painted anew for every size and every window (`paint.py`), so that
a view zoomed in to or printed at any resolution is exact.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, to_rgba
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import (
    FixedLocator,
    Formatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
)
from matplotlib.transforms import IdentityTransform

from . import palette, pictures, wording
from .axis import DurationFormatter, show_window, time_axis
from .blocks import Blocks, blocks
from .legend import title_with_legend
from .paint import STARTUP, STARTUP_LINES, paint

_EVERY_LANE_LABELLED = 16
_DECADES = 300.0  # longest / shortest: below, powers of ten would be too few ticks
_RAMP = np.linspace(0.0, 1.0, 256)


def timeline(run, ax: Axes | None = None, *, color: str = "status") -> Axes:
    """A lane for each worker, time to the right, a block for each attempt.

    Parameters
    ----------
    run : Run
        Any number of attempts; a million are drawn in the time of ten thousand.
    ax : Axes, optional
        Where to draw. Default: a pyplot figure that was just opened and is still empty,
        else a new figure, which a notebook shows at the end of the cell; to keep it in
        a file, use ``ax.figure.savefig``.
    color : {"status", "name", "agent", "duration"}
        What the colours tell: how attempts ended; which names, or which agents, took
        most of the time; or how long each attempt took, on a logarithmic scale if
        durations are skewed.

    Returns
    -------
    Axes
        Worker 0 on top; x in seconds since the run's zero, as long as the longest run
        where several share it. Restyle at will: ``ax.set_xlim(10, 11)`` shows that
        second in full detail.

    Raises
    ------
    ArgumentError
        If `run`, `color` or `ax` is none of these.

    See Also
    --------
    caption : The picture in words.

    Notes
    -----
    A pixel that several attempts share shows the exact share of it that they cover as
    opacity, and their mean hue by time (for durations on a logarithmic scale, the
    geometric mean). Attempts that are not done are marked above their lane, at least
    three pixels wide, however short they were. Hatched: the worker was being started.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Run
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> ax = timeline(Run.from_frame(table))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['done (2)']
    """
    shown = blocks(run, color)
    ax = pictures.axes_for(ax, height(shown.n_lanes))
    image = _Lanes(ax, shown)
    ax.add_image(image)
    left, right = shown.window
    show_window(ax, left, right + 0.01 * (right - left))  # the last end stays in sight
    ax.set_ylim(shown.n_lanes - 0.5, -0.5)
    time_axis(ax.xaxis)
    _lane_ticks(ax, shown.lanes)
    ax.grid(visible=False)
    ax.spines[["left", "right", "top"]].set_visible(False)
    title_with_legend(ax, wording.title(run), _handles(ax, shown))
    if shown.shade is not None and shown.shade.highest > shown.shade.lowest:
        _colour_bar(ax, image, "min" if shown.shade.is_cut else "neither")
    if not shown.n_attempts:
        pictures.say(ax, "no tasks")
    elif not len(shown.started):
        pictures.say(ax, "no attempt has started")
    elif not (shown.ended > shown.started).any():
        pictures.say(ax, "no attempt took a measurable time")
    caption = wording.timeline_caption(run)
    if color in ("name", "agent"):
        told = [(kind.label, kind.n_attempts) for kind in shown.kinds]
        caption += wording.colours(color, told)
    pictures.describe(ax, caption)
    return ax


def height(n_lanes: int) -> float:
    """Inches that a timeline of so many lanes would like."""
    return 1.5 + 0.34 * n_lanes


class _Lanes(AxesImage):
    """An image that is painted when it is drawn, for the pixels it will have."""

    def __init__(self, ax: Axes, shown: Blocks):
        left, right = shown.window
        extent = (left, right, shown.n_lanes - 0.5, -0.5)
        norm = None
        if shown.shade is not None:
            scaling = LogNorm if shown.shade.is_log else Normalize
            norm = scaling(shown.shade.lowest, shown.shade.highest)
        super().__init__(ax, extent=extent, norm=norm, zorder=1.8)  # above grid lines
        self.set_data(np.full((1, 1), left))  # no image without; the norm is fixed
        self.set_clip_path(ax.patch)
        self._blocks, self._painted = shown, (None, None)

    def make_image(self, renderer, magnification=1.0, unsampled=False):
        """The pixels under the Axes, from the blocks in view."""
        left, bottom, right, top = self.axes.bbox.extents
        corner = np.rint(np.array([left, bottom]) * magnification)
        width, height = (
            np.rint(np.array([right, top]) * magnification) - corner
        ).astype(int)
        if width < 1 or height < 1:
            return None, 0, 0, IdentityTransform()
        view = (*self.axes.get_xlim(), *self.axes.get_ylim())
        dots = self.get_figure(root=True).dpi * magnification
        on_dark = _luminance(self.axes) < 0.4
        key = (view, width, height, dots, on_dark, self.get_cmap().name)
        if self._painted[0] != key:
            self._painted = key, self._paint(view, (height, width), dots, on_dark)
        left, bottom = corner / magnification
        return self._painted[1], left, bottom, IdentityTransform()

    def _paint(self, view, shape, dots, on_dark):
        first, last, low, high = view
        picture = paint(
            self._blocks,
            shape,
            window=(min(first, last), max(first, last)),
            lane_span=(min(low, high), max(low, high)),
            scale=dots / 100,
            ramp=255 * self.get_cmap()(_RAMP)[:, :3].astype(np.float32),
            on_dark=on_dark,
        )
        if first > last:
            picture = picture[:, ::-1]
        if low > high:  # matplotlib's images begin at the bottom
            picture = picture[::-1]
        return np.ascontiguousarray(picture)

    def get_cursor_data(self, event):
        """Nothing: a pixel has no one number."""
        return None


def _luminance(ax: Axes) -> float:
    paper = ax.get_facecolor()
    if paper[3] < 0.5:
        paper = to_rgba(ax.get_figure(root=True).get_facecolor())
    if paper[3] < 0.5:
        return 1.0
    return float(np.dot(paper[:3], (0.299, 0.587, 0.114)))


def _lane_ticks(ax: Axes, labels) -> None:
    n_lanes = len(labels)
    ax.set_ylabel("worker")
    ax.tick_params(axis="y", length=0)
    if n_lanes <= _EVERY_LANE_LABELLED:
        ax.yaxis.set_major_locator(FixedLocator(range(n_lanes)))
    else:
        steps = [1, 2, 5, 10]
        ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=steps))
    ax.yaxis.set_major_formatter(_LaneFormatter(labels))


class _LaneFormatter(Formatter):
    """A lane's label where the lane is."""

    def __init__(self, labels):
        self._labels = labels

    def __call__(self, y, pos=None):
        return self._labels[int(y)] if y in range(len(self._labels)) else ""


def _handles(ax: Axes, shown: Blocks) -> list:
    on_dark = _luminance(ax) < 0.4
    handles = []
    for kind in shown.kinds:
        colour = palette.on_paper(kind.colour, on_dark)
        label = f"{wording.shortened(kind.label, 28)} ({kind.n_attempts:,})"
        if not kind.is_drawn:
            label = f"{kind.label} ({kind.n_attempts:,}, not started)"
        face = colour if kind.is_drawn else "none"
        handles.append(
            Patch(facecolor=face, edgecolor=palette.edge(colour), label=label)
        )
    if not any(kind.is_failure for kind in shown.kinds) and len(shown.failures):
        label = f"not done ({len(shown.failures):,})"
        handles.append(
            Line2D(
                *([], []),
                color=palette.VERMILION,
                marker="s",
                markersize=4,
                linestyle="none",
                label=label,
            )
        )
    if len(shown.startups[0]):
        lines, paper = (
            tuple(c / 255 for c in colour) for colour in (STARTUP_LINES, STARTUP)
        )
        handles.append(
            Patch(
                facecolor=paper,
                edgecolor=lines,
                hatch="////",
                linewidth=0,
                label=f"starting up ({len(shown.startups[0]):,})",
            )
        )
    return handles


def _colour_bar(ax: Axes, image: AxesImage, extend: str) -> None:
    figure = ax.get_figure(root=False)
    if isinstance(ax, pictures.PictureAxes):
        beside = ax.inset_axes([1.012, 0.0, 0.013, 1.0])
        bar = figure.colorbar(image, cax=beside, extend=extend)
    else:
        bar = figure.colorbar(image, ax=ax, pad=0.015, aspect=30, extend=extend)
    bar.set_label("attempt duration")
    if isinstance(image.norm, LogNorm):
        is_short = image.norm.vmax < _DECADES * image.norm.vmin
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_short else (1,)))
        bar.ax.yaxis.set_major_formatter(DurationFormatter())
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
    else:
        time_axis(bar.ax.yaxis)
    bar.outline.set_visible(False)
