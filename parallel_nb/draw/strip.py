"""A Run → a small timeline without axes, as a PNG file.

Knows a size that fits a card; refuses to know matplotlib, whose import would take
longer than everything else that a card needs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import png
from .blocks import blocks
from .paint import paint

_WIDTH, _LANE, _LOWEST, _HIGHEST = 720, 18, 28, 160  # CSS pixels
_SHARPNESS = 2


class Strip(NamedTuple):
    """A small picture on white paper, twice as sharp as its size says."""

    image: bytes  # a PNG file
    width: int  # CSS pixels
    height: int
    window: tuple[float, float]  # s at the left and the right edge


def strip(run) -> Strip | None:
    """The picture, or None where no attempt has started."""
    shown = blocks(run)
    if not len(shown.started):
        return None
    height = min(max(_LANE * shown.n_lanes, _LOWEST), _HIGHEST)
    shape = (_SHARPNESS * height, _SHARPNESS * _WIDTH)
    pixels = on_white(paint(shown, shape, scale=_SHARPNESS))
    return Strip(png.encode(pixels, level=6), _WIDTH, height, shown.window)


def on_white(pixels: np.ndarray) -> np.ndarray:
    """Opaque pixels: what those with opacity look like on white paper."""
    opacity = pixels[..., 3:].astype(np.uint16)
    mixed = pixels[..., :3] * opacity + 255 * (255 - opacity)
    return ((mixed + 127) // 255).astype(np.uint8)
