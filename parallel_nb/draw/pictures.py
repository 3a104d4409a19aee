"""The Axes that a picture goes into, the words that go with it, and its pixels.

Knows where a new picture belongs (the caller's Axes, a pyplot figure that she has just
opened, or a figure of its own) and how one of its own appears in a notebook; refuses to
know what is drawn.
"""

from __future__ import annotations

import sys
from base64 import b64encode

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from ..errors import ArgumentError
from . import markup, palette, png
from .margins import Margins

_WIDER = 1.4  # than rcParams' figure: time is long
_CAPTION = "_parallel_nb_caption"
_SHARPNESS = 2.0  # pixels per CSS pixel, for displays that have them
_HEAVY = 400_000  # bytes


class Picture(Figure):
    """A figure outside pyplot that a notebook shows once, with its words."""

    is_shown = False

    def _repr_mimebundle_(self, include=None, exclude=None):
        self.is_shown = True
        image, (width, height) = rendered(self, scale=_SHARPNESS)
        if len(image) > _HEAVY:  # every notebook that keeps it would carry it twice
            image, (width, height) = rendered(self)
        text = caption(self)
        shown = {
            "text/plain": text or repr(self),
            "text/html": markup.image(
                image, text, style=f"width:{width}px;max-width:100%"
            ),
            "image/png": b64encode(image).decode("ascii"),
        }
        return shown, {"image/png": {"width": width, "height": height}}


class PictureAxes(Axes):
    """Axes that a notebook shows as the picture they are part of."""

    above = 0.0  # points between the Axes and their title, for a legend

    def set_title(self, label, fontdict=None, loc=None, pad=None, *, y=None, **kwargs):
        """As for any Axes; unless told otherwise, above the legend."""
        pad = self.title_pad() if pad is None else pad
        y = 1.0 if y is None else y  # not asked to, matplotlib measures no text
        return super().set_title(label, fontdict, loc, pad, y=y, **kwargs)

    def title_pad(self) -> float:
        """Points between the Axes and their title."""
        return mpl.rcParams["axes.titlepad"] + self.above

    def _repr_mimebundle_(self, include=None, exclude=None):
        return self.get_figure(root=True)._repr_mimebundle_(include, exclude)


def axes_for(ax: Axes | None, height: float) -> Axes:
    """The Axes to draw into.

    Parameters
    ----------
    ax : Axes or None
        The caller's, if she gave any.
    height : float
        Inches that a figure of its own would like; rcParams' figure is as high as it
        gets.

    Raises
    ------
    ArgumentError
        If `ax` is given and is no Axes.
    """
    if ax is not None:
        if not isinstance(ax, Axes):
            raise ArgumentError(
                f"`ax` must be matplotlib Axes or None; got {type(ax).__name__}."
                + (" Pass one of its `.axes`." if isinstance(ax, Figure) else "")
                + (" Pass one of them." if isinstance(ax, np.ndarray) else "")
            )
        return ax
    opened = _just_opened()
    if opened is not None:
        return opened
    ax = blank(height)
    _show_after_the_cell(ax.get_figure(root=True))
    return ax


def blank(height: float) -> PictureAxes:
    """The Axes of a new figure of its own.

    Parameters
    ----------
    height : float
        Inches that it would like; rcParams' figure is as high as it gets.
    """
    width, highest = mpl.rcParams["figure.figsize"]
    size = (_WIDER * width, min(height, highest))
    figure = Picture(figsize=size, layout=Margins())
    FigureCanvasAgg(figure)
    return figure.add_subplot(axes_class=PictureAxes)


def _just_opened() -> Axes | None:
    """The current Axes of pyplot, if the user made them and drew nothing yet."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or not pyplot.get_fignums():
        return None
    figure = pyplot.gcf()
    if figure.axes and figure.gca().has_data():
        return None
    return figure.gca()


def _show_after_the_cell(figure: Picture) -> None:
    """Show a figure at the end of the notebook cell that made it, as pyplot's are.

    Unless the cell showed it itself, by its last value or by `display`.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not shell.display_trap.is_active:
        return

    def show():
        shell.events.unregister("post_execute", show)
        if not figure.is_shown:
            ipython.display.display(figure)

    shell.events.register("post_execute", show)


def paper() -> tuple[np.ndarray, bool]:
    """What a new picture would have behind its lanes, and whether that is dark.

    Returns
    -------
    (float array of shape (3,), bool)
        Red, green and blue of 0 ... 255, by rcParams.
    """
    of_both = (mpl.rcParams[f"{part}.facecolor"] for part in ("axes", "figure"))
    seen = [to_rgba(each)[:3] for each in of_both if to_rgba(each)[3] >= 0.5]
    colour = 255 * np.array([*seen, (1.0, 1.0, 1.0)][0])
    return colour, float(colour @ (0.299, 0.587, 0.114)) < 0.4 * 255


def say(ax: Axes, text: str) -> None:
    """Put words where there is nothing to draw, and no moments to tell apart."""
    ax.tick_params(axis="x", bottom=False, labelbottom=False)
    ax.text(
        *(0.5, 0.5),
        text,
        transform=ax.transAxes,
        ha="center",
        va="center",
        color=palette.GREY,
        fontsize="large",
    )


def describe(ax: Axes, text: str) -> None:
    """Attach the words that stand in for the picture."""
    setattr(ax, _CAPTION, text)


def caption(picture: Axes | Figure) -> str:
    """What a picture shows, in words: its alternative text.

    Parameters
    ----------
    picture : Axes or Figure
        As drawn by one of this package's functions; a figure gives the texts of all its
        Axes.

    Returns
    -------
    str
        Empty if nothing of ours was drawn there.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Run, draw
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> draw.caption(draw.timeline(Run.from_frame(table)))
    'Timeline of a run: 2 attempts on 2 workers in 4 s; 2 done. Inside attempts 75 % of
    the time, worker 0 the least (50 %).'
    """
    axes = picture.axes if isinstance(picture, Figure) else [picture]
    texts = [getattr(ax, _CAPTION, "") for ax in axes]
    return " ".join(text for text in texts if text)


def rendered(figure: Figure, *, scale: float = 1.0) -> tuple[bytes, tuple[int, int]]:
    """The figure as a PNG file, and its width and height in CSS pixels.

    Parameters
    ----------
    figure : Figure
    scale : float
        Pixels of the file per CSS pixel.
    """
    dpi = figure.dpi
    canvas, own = figure.canvas, FigureCanvasAgg(figure)
    try:
        figure.dpi = dpi * scale
        own.draw()
        pixels = np.asarray(own.buffer_rgba())
        image = png.encode(pixels)
    finally:
        figure.dpi = dpi
        figure.set_canvas(canvas)
    height, width = pixels.shape[:2]
    return image, (round(width / scale), round(height / scale))
