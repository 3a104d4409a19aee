"""A figure of which only some parts move → a PNG file a frame.

Knows which artists move, and keeps the pixels of all others; refuses to know what is
drawn. Setting text takes most of the time that a figure takes, and most text stays.
"""

from __future__ import annotations

import threading
import warnings

import numpy as np

from . import pictures, png

_DPI = 100  # CSS pixels per inch
_SHARPNESS = 2.0  # pixels per CSS pixel


class Canvas:
    """A figure outside pyplot, drawn again and again.

    Parameters
    ----------
    width, height : float
        Inches, which are 100 CSS pixels each.
    sharpness : float
        Pixels per CSS pixel.
    """

    def __init__(self, width: float, height: float, sharpness: float = _SHARPNESS):
        figure = pictures.blank(height).get_figure(root=True)
        figure.clear()
        figure.set_layout_engine("none")
        figure.dpi = sharpness * _DPI
        self.figure = figure
        self.resize(width, height)
        self.lock = threading.RLock()  # handlers may come from several threads
        self._moving: list = []
        self._above: list = []
        self._settled: list = []  # axes
        self._over = None

    def resize(self, width: float, height: float) -> None:
        """Make it so many inches wide and high."""
        self.figure.set_size_inches(width, height)
        self.size = round(width * _DPI), round(height * _DPI)  # CSS pixels
        self._still = self._below = None

    def axes(self, n_rows: int = 1, n_columns: int = 1, **fitting) -> list:
        """So many Axes; those of one column share their x axis."""
        made = self.figure.subplots(
            n_rows,
            n_columns,
            sharex="col",
            squeeze=False,
            subplot_kw={"axes_class": pictures.PictureAxes},
            gridspec_kw=fitting,
        )
        return made.ravel().tolist()

    def move(self, *artists) -> None:
        """Have these drawn anew in each frame, on top of what stays, in this order."""
        for artist in artists:
            artist.set_animated(True)
        self._moving += artists
        self._still = None

    def lay_above(self, *artists) -> None:
        """Have these drawn anew in each frame, on top of what moves."""
        for artist in artists:
            artist.set_animated(True)
        self._above += artists
        self._still = None

    def clear(self) -> None:
        """Leave Axes with linear scales and nothing in them, for the next frame.

        They keep their ticks: to make these anew takes as long as to draw them.
        """
        for ax in self.figure.axes:
            legend = ax.get_legend()
            for each in (*ax.lines, *ax.collections, *ax.patches, *ax.texts, legend):
                if each is not None:
                    each.remove()
            ax.set_xscale("linear")
            ax.set_yscale("linear")
        self._moving, self._above = [], []

    def settle(self, axis, x: float, y: float) -> None:
        """Have the label of an axis stay where it is, whatever its ticks say.

        To find room for it, each tick label would be measured in each frame.

        Parameters
        ----------
        axis : Axis
        x, y : float
            The middle of the label, in widths and heights of its Axes.
        """
        axis.set_label_coords(x, y)
        self._settled.append(axis)

    def frame(self, *beneath, is_same: bool = False, over=None) -> bytes:
        """A PNG file of the figure as it is now.

        Parameters
        ----------
        *beneath : Artist
            That are in this frame only, beneath those that move.
        is_same : bool
            Whether all has stayed since the last frame but what lies above it.
        over : hashable, optional
            Of a cleared canvas: what stays is as it was in the last frame if that had
            the same.
        """
        if over != self._over:
            self._over, self._still = over, None
        for artist in beneath:
            artist.set_animated(True)
        with self.lock, warnings.catch_warnings():
            # Letters that the font lacks are boxes: no news.
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            for axis in self._settled:
                for tick in axis.get_major_ticks():
                    tick.label1.set_in_layout(False)
            canvas = self.figure.canvas
            if is_same and self._still is not None and self._below is not None:
                canvas.restore_region(self._below)
            else:
                self._draw_below(canvas, beneath)
            for artist in self._above:
                self.figure.draw_artist(artist)
            # All is opaque, but picking three of four bytes takes longer than it saves.
            return png.encode(np.asarray(canvas.buffer_rgba()))

    def _draw_below(self, canvas, beneath) -> None:
        """What stays and what moves; kept where something lies above it."""
        if self._still is None:
            canvas.draw()
            self._still = canvas.copy_from_bbox(self.figure.bbox)
        else:
            canvas.restore_region(self._still)
        for artist in (*beneath, *self._moving):
            self.figure.draw_artist(artist)
        self._below = canvas.copy_from_bbox(self.figure.bbox) if self._above else None
