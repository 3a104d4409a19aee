"""A Plan → its graph at the size of a card, as a PNG file and in words.

Knows a width and white paper, whatever style the notebook has set for its own pictures;
refuses to know what is drawn.
"""

from __future__ import annotations

from typing import NamedTuple

from matplotlib import style

from . import graph, pictures

_WIDTH, _LOWEST, _HIGHEST = 7.28, 1.7, 5.2  # inches, 100 CSS pixels each
_FIXED, _ROW = 1.2, 0.34  # inches around the tasks, and for each row of them
_SHARPNESS = 2.0


class OnPaper(NamedTuple):
    """A picture on white paper, twice as sharp as its size says."""

    image: bytes  # a PNG file
    width: int  # CSS pixels
    height: int
    caption: str


def graph_on_paper(plan) -> OnPaper:
    """Which tasks of a plan wait for which, as `draw.plan` draws it."""
    widest = max(map(len, plan.rounds), default=0)
    height = min(max(_FIXED + _ROW * widest, _LOWEST), _HIGHEST)
    # pictures.blank() makes figures wider than rcParams say
    size = {"figure.figsize": (_WIDTH / pictures.WIDER, height), "figure.dpi": 100}
    with style.context(["default", size]):
        ax = graph.plan(plan, ax=pictures.blank(height))
        figure = ax.get_figure(root=True)
        image, (width, height) = pictures.rendered(figure, scale=_SHARPNESS)
    return OnPaper(image, width, height, pictures.caption(figure))
