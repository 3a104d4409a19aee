"""A Run → a small timeline without axes, as a PNG file.

Knows sizes that fit a card; refuses to know matplotlib, whose import would take
longer than everything else that a card needs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import png
from .blocks import Blocks, blocks
from .paint import paint

_WIDTH = 720  # CSS pixels
_SHARPNESS = 2


class Size(NamedTuple):
    """How high a strip is, in CSS pixels."""

    lane: int
    lowest: int
    highest: int


CARD = Size(lane=18, lowest=28, highest=160)
ROW = Size(lane=6, lowest=12, highest=36)  # one of many on a card


class Strip(NamedTuple):
    """A small picture on white paper, twice as sharp as its size says."""

    image: bytes  # a PNG file
    width: int  # CSS pixels
    height: int
    window: tuple[float, float]  # s at the left and the right edge


def strip(run, size: Size = CARD) -> Strip | None:
    """The picture, or None where no attempt has started."""
    shown = blocks(run)
    return strip_of(shown, size) if len(shown.started) else None


def strip_of(shown: Blocks, size: Size = CARD) -> Strip:
    """The picture of blocks, wherever they come from."""
    height = min(max(size.lane * shown.n_lanes, size.lowest), size.highest)
    shape = (_SHARPNESS * height, _SHARPNESS * _WIDTH)
    pixels = opaque(paint(shown, shape, scale=_SHARPNESS))
    return Strip(png.encode(pixels, level=6), _WIDTH, height, shown.window)


def opaque(pixels: np.ndarray, paper=(255, 255, 255)) -> np.ndarray:
    """What pixels with opacity look like on paper of a colour, by default white."""
    opacity = pixels[..., 3:].astype(np.uint16)
    below = np.asarray(paper, dtype=np.uint16) * (255 - opacity)
    mixed = pixels[..., :3] * opacity + below
    return ((mixed + 127) // 255).astype(np.uint8)
