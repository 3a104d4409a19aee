"""What draws into Axes → its picture at the size of a card, with its words.

Knows a width and white paper, whatever style the notebook has set for its own pictures;
refuses to know what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable

from matplotlib import style
from matplotlib.axes import Axes

from . import difference, levels, pictures, scaling
from .onpaper import OnPaper

_WIDTH = 7.28  # inches
_SHARPNESS = 2


def speedup_on_paper(sweep, fits=None, *, up_to: int | None = None) -> OnPaper:
    """What `draw.speedup` shows, without its title."""
    return _on_paper(lambda ax: scaling.speedup(sweep, fits, up_to=up_to, ax=ax), 2.7)


def compare_on_paper(comparison) -> OnPaper:
    """What `draw.compare` shows, without its title."""
    n_rows = len(comparison.measurements)
    height = 1.2 + 0.36 * n_rows if n_rows else 1.6
    return _on_paper(lambda ax: difference.compare(comparison, ax), height)


def history_on_paper(past) -> OnPaper:
    """What `draw.history` shows, without its title."""
    return _on_paper(lambda ax: levels.history(past, ax), 2.7)


def _on_paper(draw: Callable[[Axes], Axes], height: float) -> OnPaper:
    with style.context("default"):
        figure = pictures.blank(height).get_figure(root=True)
        figure.set_size_inches(_WIDTH, height)
        draw(figure.axes[0]).set_title("")  # the card has one
        image, size = pictures.rendered(figure, scale=_SHARPNESS)
    return OnPaper(image, *size, pictures.caption(figure))
