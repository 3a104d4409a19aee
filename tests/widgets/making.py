"""A Run to explore, and what the tests read off a widget."""

import struct

from ..making import run_of


def uneven(**extras):
    """Four tasks on two workers; the last one failed."""
    return run_of(
        (0, 1, "done", 0, 0.0, 4.0),
        (1, 1, "done", 1, 0.0, 1.0),
        (2, 1, "done", 1, 1.0, 3.0),
        (3, 1, "failed", 1, 3.0, 8.0),
        fields={
            "error": [None, None, None, "ValueError: no <b> such thing"],
            "cpu": [3.0, 1.0, 2.0, 5.0],
        },
        label="uneven",
        tracebacks={(3, 1): "Traceback:\n  ValueError: no <b> such thing"},
        **extras,
    )


def size_of(image):
    """Width and height of a PNG file, in its own pixels."""
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", image[16:24])


def seen(framed):
    """What changes when a frame is drawn: the picture and its words."""
    return framed.picture.value, framed.caption.value
