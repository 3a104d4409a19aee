"""A Plan → its graph at the size of a card, as a PNG file and in words.

Knows a width and white paper, whatever style the notebook has set for its own pictures;
refuses to know what is drawn.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg

from . import graph, pictures, png

_WIDTH, _LOWEST, _HIGHEST = 7.28, 1.4, 5.0  # inches
_FIXED, _ROW = 1.0, 0.34  # inches around the tasks, and for each row of them
_DPI = 100  # CSS pixels
_SHARPNESS = 2  # pixels per CSS pixel
_HEAVY = 250_000  # bytes; a sharper picture is not worth more


class OnPaper(NamedTuple):
    """A picture on white paper."""

    image: bytes  # a PNG file
    width: int  # CSS pixels
    height: int
    caption: str


def graph_on_paper(plan) -> OnPaper:
    """Which tasks of a plan wait for which, by `draw.plan`, without its title."""
    widest = max(map(len, plan.rounds), default=0)
    height = min(max(_FIXED + _ROW * widest, _LOWEST), _HIGHEST)
    with style.context("default"):
        figure = pictures.blank(height).get_figure(root=True)
        figure.set_size_inches(_WIDTH, height)
        ax = graph.plan(plan, ax=figure.axes[0])
        ax.set_title("")  # the card has one
        image, size = _drawn(figure, _SHARPNESS)
        if len(image) > _HEAVY:
            image, size = _drawn(figure, 1)
    return OnPaper(image, *size, pictures.caption(figure))


def _drawn(figure, sharpness: int) -> tuple[bytes, tuple[int, int]]:
    """A PNG file, and its width and height in CSS pixels."""
    figure.dpi = sharpness * _DPI
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():  # letters that the font lacks are boxes: no news
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]  # all of it is opaque
    height, width = (extent // sharpness for extent in pixels.shape[:2])
    return png.encode(pixels, level=6), (width, height)
