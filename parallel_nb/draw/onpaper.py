"""A Plan → its graph at the size of a card, as a PNG file and in words.

Knows a width and white paper, whatever style the notebook has set for its own pictures;
refuses to know what is drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg

from . import graph, pictures, png

_WIDTH, _LOWEST, _HIGHEST = 7.28, 1.4, 5.0  # inches
_FIXED, _ROW = 1.0, 0.34  # inches around the tasks, and for each row of them
_DPI = 100  # CSS pixels
_SHARPNESS = 2


class OnPaper(NamedTuple):
    """A picture on white paper, twice as sharp as its size says."""

    image: bytes  # a PNG file
    width: int  # CSS pixels
    height: int
    caption: str


def graph_on_paper(plan) -> OnPaper:
    """Which tasks of a plan wait for which, as `draw.plan` draws it, without a title."""
    widest = max(map(len, plan.rounds), default=0)
    height = min(max(_FIXED + _ROW * widest, _LOWEST), _HIGHEST)
    with style.context("default"):
        figure = pictures.blank(height).get_figure(root=True)
        figure.set_size_inches(_WIDTH, height)
        ax = graph.plan(plan, ax=figure.axes[0])
        ax.set_title("")  # the card has one
        figure.dpi = _SHARPNESS * _DPI
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    height, width = (extent // _SHARPNESS for extent in pixels.shape[:2])
    image = png.encode(pixels, level=6)
    return OnPaper(image, width, height, pictures.caption(figure))
