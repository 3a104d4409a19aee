"""Room around one Axes for its labels, by arithmetic.

Knows font sizes and how many characters there are to set; refuses to measure text.
Matplotlib's constrained layout sets all text twice and costs more than all the rest of
a timeline does; this is exact enough, and follows when the user changes labels.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.layout_engine import LayoutEngine

CHARACTER = 0.6  # width of one, on average, in font sizes
LINE = 1.25  # height of one, in font sizes
_EDGE = 4.0  # points of paper around everything
_TICK = 3.5  # points between an axis and its labels
_HALF_A_MOMENT = 20.0  # points
_MOMENT = 6  # characters that a time has, at most as a rule
_BAR = 22.0  # points from the Axes to the far side of a colour bar


class Margins(LayoutEngine):
    """Makes room for titles, tick labels, axis labels, legend rows and a colour bar."""

    _adjust_compatible = True
    _colorbar_gridspec = False

    def execute(self, fig):
        """Place the Axes of a figure that has one."""
        ax = fig.axes[0]
        width, height = 72 * fig.get_size_inches()
        beside, below = _ticks(ax.yaxis, "width"), _ticks(ax.xaxis, "height")
        left = _EDGE + beside + _lines(ax.yaxis.label)
        right = _EDGE + _right(ax)
        bottom = _EDGE + below + _lines(ax.xaxis.label)
        top = _EDGE + _above(ax)
        if fig.get_suptitle():
            top += LINE * 1.6 * ax.title.get_fontsize()
        plot_width = max(width - left - right, 1)
        plot_height = max(height - top - bottom, 1)
        fig.subplots_adjust(
            left=left / width,
            right=(left + plot_width) / width,
            bottom=bottom / height,
            top=(bottom + plot_height) / height,
        )
        # Told where they are, labels need not be fitted to measured ticks.
        ax.yaxis.set_label_coords(-beside / plot_width, 0.5)
        ax.xaxis.set_label_coords(0.5, -below / plot_height)


def _right(ax: Axes) -> float:
    """Room for half of the last moment's label, or for a colour bar."""
    bars = [
        _BAR + _ticks(bar.yaxis, "width", least=_MOMENT) + _lines(bar.yaxis.label)
        for bar in ax.child_axes
    ]
    return max([_HALF_A_MOMENT, *bars])


def _above(ax: Axes) -> float:
    if not ax.get_title():
        return getattr(ax, "above", 0.0)
    n_lines = 1 + ax.get_title().count("\n")
    return ax.title_pad() + n_lines * LINE * ax.title.get_fontsize()


def _lines(label) -> float:
    text = label.get_text()
    return (text.count("\n") + 1) * LINE * label.get_fontsize() if text else 0.0


def _ticks(axis, extent: str, least: int = 0) -> float:
    """Of an axis' tick labels, with what sets them off on both sides.

    Reckoned for `least` characters at least: a layout that fits labels which change
    with the layout would not come to rest.
    """
    labels = axis.get_ticklabels()
    if not labels:
        return 2 * _TICK
    size = labels[0].get_fontsize()
    if extent == "height":
        return 2 * _TICK + LINE * size
    return 3 * _TICK + CHARACTER * size * max(
        [least, *(len(t.get_text()) for t in labels)]
    )
