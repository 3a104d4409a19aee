"""Our PNG files hold the pixels that were given, for any reader of the format."""

import io

import numpy as np
import pytest
from PIL import Image

from parallel_nb.draw.png import encode


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (31, 17)])
def test_another_reader_sees_the_same_pixels(size, channels):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (*size, channels), dtype=np.uint8)
    with Image.open(io.BytesIO(encode(pixels))) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_pixels_need_not_be_contiguous():
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)[::-1, ::2]
    with Image.open(io.BytesIO(encode(pixels))) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_upright_bars_make_a_small_file():
    bars = np.zeros((400, 800, 4), dtype=np.uint8)
    bars[...] = np.random.default_rng(0).integers(0, 256, (800, 4))
    assert len(encode(bars)) < bars.nbytes / 100
