"""Colours, each with one meaning in every picture and on every page.

Knows hex codes and which of them readers with any colour vision can tell apart, and
from the paper; refuses to know what is drawn with them.

References
----------
Okabe, Ito, *Color Universal Design*, 2008: the eight base colours.
W3C, *Web Content Accessibility Guidelines 2.2*, 1.4.3 and 1.4.11: contrasts.
"""

from __future__ import annotations

import numpy as np

ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
BLACK = "#000000"

GREY = "#767676"  # of letters and lines, on light and on dark paper
# Of lines, and around areas: three hues are too bright for these on light paper. As
# areas themselves, they could no longer be told apart by readers who see red as green.
DEEP_ORANGE = "#BD8300"
DEEP_SKY = "#3A98CD"
DEEP_YELLOW = "#948B00"
_EDGES = {ORANGE: DEEP_ORANGE, SKY: DEEP_SKY, YELLOW: DEEP_YELLOW}

# Vermilion is kept for what went wrong: no name and no line has it.
STATUS = {
    "done": BLUE,
    "failed": VERMILION,
    "invalid": PURPLE,
    "timeout": ORANGE,
    "crashed": BLACK,
    "cancelled": GREY,
    "skipped": "#949494",
}
# Of a ledger: what worker-seconds went into.
PART = {
    "useful": BLUE,
    "waiting": SKY,
    "unmeasured": GREEN,
    "lost": VERMILION,
    "startup": ORANGE,
    "dispatch": PURPLE,
    "blocked": YELLOW,
    "tail": GREY,
}
LAW = {  # colour and line of each: never by colour alone
    "linear": (DEEP_SKY, (0, (1, 1.2))),
    "amdahl": (BLUE, "-"),
    "gustafson": (GREEN, (0, (3, 1, 0.8, 1))),
    "usl": (DEEP_ORANGE, (0, (3, 1.3))),
    "amdahl_overhead": (PURPLE, (0, (5, 1.5, 1, 1.5))),
}
CATEGORIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW)
OTHER = GREY


def on_paper(colour: str, is_dark: bool) -> str:
    """The colour as it can be seen: black turns to white on dark paper.

    Examples
    --------
    >>> on_paper("#D55E00", True), on_paper("#000000", True), on_paper("#000000", False)
    ('#D55E00', '#FFFFFF', '#000000')
    """
    return "#FFFFFF" if is_dark and colour == BLACK else colour


def edge(colour: str) -> str:
    """What to draw around an area of a colour, so that its paper ends there.

    Examples
    --------
    >>> edge(BLUE) == BLUE, edge(ORANGE) == DEEP_ORANGE
    (True, True)
    """
    return _EDGES.get(colour, colour)


def contrast(one: str, other: str) -> float:
    """How far two colours differ in luminance, from 1 to 21.

    Letters need 4.5 on their paper, lines and marks 3.

    References
    ----------
    W3C, *Web Content Accessibility Guidelines 2.2*, "contrast ratio".

    Examples
    --------
    >>> contrast("#000000", "#FFFFFF"), round(contrast("#FFFFFF", "#767676"), 2)
    (21.0, 4.54)
    """
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of sRGB, from 0 to 1."""
    channels = rgb([colour])[0].astype(float) / 255
    linear = ((channels + 0.055) / 1.055) ** 2.4
    linear = np.where(channels <= 0.04045, channels / 12.92, linear)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def ink(paper: str) -> str:
    """Black or white, whichever is read more easily on some paper.

    Examples
    --------
    >>> ink(ORANGE), ink(BLUE)
    ('#000000', '#FFFFFF')
    """
    return max((BLACK, "#FFFFFF"), key=lambda colour: contrast(colour, paper))


def rgb(colours) -> np.ndarray:
    """Hex codes as numbers of 0 ... 255.

    Parameters
    ----------
    colours : sequence of str
        Each ``"#RRGGBB"``.

    Returns
    -------
    float32 array of shape (n_colours, 3)

    Examples
    --------
    >>> rgb(["#0072B2"])
    array([[  0., 114., 178.]], dtype=float32)
    """
    codes = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]
    return np.array(codes, dtype=np.float32).reshape(-1, 3)
