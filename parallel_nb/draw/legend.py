"""A legend in rows between the title and what is drawn.

Knows how much room words take; refuses to know what they say.
"""

from __future__ import annotations

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties

from .margins import CHARACTER
from .pictures import PictureAxes

_KEY = 3.2  # what an entry takes beside its words, in font sizes
_ROW = 1.5  # height of a row, in font sizes


def title_with_legend(ax: Axes, title: str, handles=()) -> None:
    """Set the title, and below it the legend, with room for as many rows as it needs.

    Parameters
    ----------
    ax : Axes
    title : str
    handles : sequence of Artist
        Their labels are the legend; it reads in rows.
    """
    size = FontProperties(size=rcParams["legend.fontsize"]).get_size_in_points()
    above = 0.0
    title = _literally(title)
    for handle in handles:
        handle.set_label(_literally(handle.get_label()))
    if handles:
        n_columns = _columns(ax, [handle.get_label() for handle in handles], size)
        above = _ROW * size * -(-len(handles) // n_columns)
        ax.legend(
            handles=_in_rows(handles, n_columns),
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=n_columns,
            frameon=False,
            fontsize=size,
            borderpad=0.1,
            borderaxespad=0.2,
            handlelength=1.1,
            handleheight=0.8,
            handletextpad=0.5,
            columnspacing=1.4,
        )
    if isinstance(ax, PictureAxes):
        ax.above = above  # titles that the user sets later keep clear of it, too
        ax.set_title(title)
    else:
        ax.set_title(title, pad=rcParams["axes.titlepad"] + above)


def _columns(ax: Axes, labels, size: float) -> int:
    """As many columns as fit, evened out over the rows that it takes."""
    figure = ax.get_figure(root=True)
    room = ax.get_window_extent().width / figure.dpi * 72 / size
    if figure.get_layout_engine() is not None:
        room *= 1.2  # its margins will be narrower than the default ones
    widths = [len(label) * CHARACTER + _KEY for label in labels]
    for n_columns in range(len(labels), 1, -1):
        if sum(max(widths[at::n_columns]) for at in range(n_columns)) <= room:
            n_rows = -(-len(labels) // n_columns)
            return -(-len(labels) // n_rows)
    return 1


def _in_rows(handles, n_columns: int) -> list:
    """Matplotlib fills columns; sort so that rows read on."""
    n_rows = -(-len(handles) // n_columns)
    n_full = (
        len(handles) - (n_rows - 1) * n_columns
    )  # columns with an entry in each row
    order = [
        row * n_columns + column
        for column in range(n_columns)
        for row in range(n_rows if column < n_full else n_rows - 1)
    ]
    return [handles[at] for at in order]


def _literally(text: str) -> str:
    """Names as they are: `$` begins no formula, and `_` hides no entry."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
