"""A Sweep and its laws → their picture at the size of a card, with its words.

Knows a width and white paper, whatever style the notebook has set for its own pictures;
refuses to know what is drawn.
"""

from __future__ import annotations

from matplotlib import style

from . import pictures, scaling
from .onpaper import OnPaper

_SIZE = (7.28, 2.7)  # inches
_SHARPNESS = 2


def speedup_on_paper(sweep, fits=None, *, up_to: int | None = None) -> OnPaper:
    """What `draw.speedup` shows, without its title."""
    with style.context("default"):
        figure = pictures.blank(_SIZE[1]).get_figure(root=True)
        figure.set_size_inches(*_SIZE)
        ax = scaling.speedup(sweep, fits, up_to=up_to, ax=figure.axes[0])
        ax.set_title("")  # the card has one
        image, size = pictures.rendered(figure, scale=_SHARPNESS)
    return OnPaper(image, *size, pictures.caption(figure))
