"""Who did what when, and how many were busy, over one window of time.

Knows the two Axes and what of them moves when the window does; what lies in them is
drawn by `draw`, and the words are those of its captions.
"""

from __future__ import annotations

import numpy as np

from .. import schema
from ..draw import lanes, palette, units, wording
from ..draw import timeline as draw_timeline
from ..draw.axis import time_axis
from ..runs import Run
from .canvas import Canvas
from .packed import Packed

_WIDTH = 9.6  # inches
_BUSY, _HIGHEST = 0.9, 4.2  # inches: of the utilization, of the lanes
_LEFT, _RIGHT, _BAR, _BOTTOM = 0.62, 0.3, 0.95, 0.34  # inches around the Axes
_TITLE = 0.34
_N_BINS = 800


class TimelineView:
    """The picture of one Run in one colouring.

    Parameters
    ----------
    run : Run
    color : str
        As for `draw.timeline`.
    packed, bad : Packed
        Its attempts, and those of them that are not done.
    """

    def __init__(self, run: Run, color: str, packed: Packed, bad: Packed):
        self._run, self._packed, self._bad = run, packed, bad
        of_lanes = min(max(lanes.height(run.meta.n_workers) - 0.7, 1.0), _HIGHEST)
        height = of_lanes + _BUSY + _BOTTOM + _TITLE + 0.55
        self.canvas = Canvas(_WIDTH, height)
        figure = self.canvas.figure
        above, below = self.canvas.axes(2, height_ratios=[of_lanes, _BUSY])
        self._place(0.0, has_bar=color == "duration")
        draw_timeline(run, ax=above, color=color)
        self._place(above.above / 72, has_bar=color == "duration")
        below.set_ylabel("busy")
        above.tick_params(axis="x", labelbottom=False, bottom=False)
        time_axis(below.xaxis)
        n_workers = run.meta.n_workers
        below.set_ylim(0, n_workers * 1.08)
        below.set_yticks([0, n_workers])
        below.spines[["right", "top"]].set_visible(False)
        self.full = above.get_xlim()
        self.window = self.full
        self._colours = self._colours_in_words(above, color)
        self._lanes, self._busy_axes = above, below
        nothing, edges = np.zeros(_N_BINS), np.linspace(*self.full, _N_BINS + 1)
        self._busy = below.stairs(nothing, edges, fill=True, color=palette.BLUE)
        self._lost = below.stairs(nothing, edges, fill=True, color=palette.VERMILION)
        self._ring = [
            above.plot([], [], color=colour, linewidth=width, solid_joinstyle="miter")[0]
            for colour, width in (("white", 4.5), ("black", 1.8))
        ]
        bottom = figure.add_artist  # keeps what moves in one list, below
        del bottom
        self.canvas.move(*above.images, *self._ring)
        self.canvas.move(self._busy, self._lost, below.xaxis, below.spines["bottom"])
        self.show(self.full)
