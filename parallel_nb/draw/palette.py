"""Colours, each with one meaning in every picture and on every page.

Knows hex codes and which of them readers with any colour vision can tell apart; refuses
to know what is drawn with them.

References
----------
Okabe, Ito, *Color Universal Design*, 2008: the eight base colours.
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

GREY = "#8C8C8C"  # neutral on light and on dark paper

# Vermilion is kept for what went wrong: no name and no line has it.
STATUS = {
    "done": BLUE,
    "failed": VERMILION,
    "invalid": PURPLE,
    "timeout": ORANGE,
    "crashed": BLACK,
    "cancelled": GREY,
    "skipped": "#BDBDBD",
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
