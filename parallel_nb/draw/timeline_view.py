"""Who did what when, and how many were busy, over one window of time.

Knows the two Axes and what of them moves when the window does; what lies in them is
drawn by `draw`, and the words are those of its captions.
"""

from __future__ import annotations

import math

import numpy as np

from ..runs import Run
from . import palette, wording
from .axis import time_axis
from .canvas import Canvas
from .lanes import timeline
from .packed import Packed
from .pictures import caption

_WIDTH = 9.6  # inches
_BUSY, _LOWEST, _HIGHEST = 0.8, 0.9, 2.8  # inches: of the utilization, of the lanes
_LEFT, _RIGHT, _BAR, _BOTTOM, _TOP = 0.62, 0.3, 1.0, 0.34, 0.42  # inches around them
_BETWEEN = 0.12  # inches
_N_BINS = 800
_SHARP, _PLAIN = 2.0, 1.0  # pixels per CSS pixel
# Attempts, of many colours and of few: beyond, more pixels would be sharper noise.
_MOTLEY, _DENSE = 20_000, 500_000
_LEAST = 0.004  # of the window: a task that is picked is ringed at least that wide


class TimelineView:
    """The picture of one Run in one colouring.

    Parameters
    ----------
    run : Run
    color : str
        As for `draw.timeline`.
    packed, bad : Packed
        Its attempts, and those of them that are not done.
    """

    def __init__(self, run: Run, color: str, packed: Packed, bad: Packed):
        self._run, self._packed, self._bad = run, packed, bad
        self._color = color
        n_workers = run.meta.n_workers
        of_lanes = min(max(0.34 * n_workers, _LOWEST), _HIGHEST)
        plain = of_lanes + _BETWEEN + _BUSY + _BOTTOM + _TOP
        most = _DENSE if color == "status" else _MOTLEY
        is_noise = len(packed.started) > most
        self.canvas = Canvas(_WIDTH, plain, _PLAIN if is_noise else _SHARP)
        above, below = self.canvas.axes(2, height_ratios=[of_lanes, _BUSY])
        right = _BAR if color == "duration" else _RIGHT
        self._place(plain, right, _TOP, of_lanes)
        timeline(run, ax=above, color=color)
        of_legend = above.above / 72
        height = plain + of_legend
        self.canvas.resize(_WIDTH, height)
        self._place(height, right, _TOP + of_legend, of_lanes)
        above.tick_params(axis="x", bottom=False, labelbottom=False)
        above.spines["bottom"].set_visible(False)
        below.set_ylabel("busy")
        time_axis(below.xaxis)
        below.set_ylim(0, n_workers * 1.08)
        below.set_yticks([0, n_workers])
        below.spines[["right", "top"]].set_visible(False)
        self.full = tuple(float(edge) for edge in above.get_xlim())
        self.words = ""
        self._caption, self._above = caption(above), above
        nothing, edges = np.zeros(_N_BINS), np.linspace(*self.full, _N_BINS + 1)
        self._bars = [
            below.stairs(nothing, edges, fill=True, color=colour)
            for colour in (palette.BLUE, palette.VERMILION)
        ]
        self._rings = [
            above.plot([], [], color=colour, linewidth=width)[0]
            for colour, width in (("white", 4.5), ("black", 1.8))
        ]
        self._ringed = None
        self.canvas.move(*above.images)
        self.canvas.lay_above(*self._rings)
        self._drawn = None
        self.canvas.move(*self._bars, below.xaxis, below.spines["bottom"])
        self.canvas.settle(below.xaxis, 0.5, 0.0)  # it has none

    def _place(self, height: float, right: float, top: float, of_lanes: float) -> None:
        """Where the two Axes lie, in a figure of some height; all in inches."""
        self.canvas.figure.subplots_adjust(
            left=_LEFT / _WIDTH,
            right=1 - right / _WIDTH,
            bottom=_BOTTOM / height,
            top=1 - top / height,
            hspace=2 * _BETWEEN / (of_lanes + _BUSY),
        )

    def ring(self, lane: int, started: float, ended: float) -> None:
        """Draw a ring around one attempt; around none, if it never started."""
        known = lane >= 0 and not math.isnan(started)
        ended = started if math.isnan(ended) else ended
        self._ringed = (lane, started, ended) if known else None

    def frame(self, left: float, right: float) -> bytes:
        """A PNG file of what is between two moments; `words` are its caption then."""
        edges = np.linspace(left, right, _N_BINS + 1)
        with self.canvas.lock:
            self._set_ring(right - left)
            if self._drawn == (left, right):
                return self.canvas.frame(is_same=True)
            self._drawn = left, right
            self._above.set_xlim(left, right)
            busy = self._packed.busy(edges)
            for bar, packed_busy in zip(
                self._bars, (busy, self._bad.busy(edges)), strict=True
            ):
                bar.set_data(packed_busy, edges)
            self.words = self._in_words(left, right)
            return self.canvas.frame()

    def _set_ring(self, width: float) -> None:
        x, y = [], []
        if self._ringed is not None:
            lane, started, ended = self._ringed
            lacking = max(_LEAST * width - (ended - started), 0.0) / 2
            low, high = started - lacking, ended + lacking
            x = [low, high, high, low, low]
            y = [lane + side for side in (-0.45, -0.45, 0.45, 0.45, -0.45)]
        for ring in self._rings:
            ring.set_data(x, y)

    def _in_words(self, left: float, right: float) -> str:
        if not len(self._packed.started):
            return self._caption
        n_workers = self._run.meta.n_workers
        last = min(right, float(self._packed.ended.max(initial=left)))
        mean = 0.0
        if last > left:
            (mean,) = self._packed.busy(np.array([left, last]))
        who = wording.count(self._packed.n_between(left, right), "attempt")
        n_bad = self._bad.n_between(left, right)
        bad = f" ({n_bad:,} not done)" if n_bad else ""
        return (
            f"{self._caption} Coloured by {self._color}. In view, "
            f"{moments(left, right)}: {who}{bad}, on average "
            f"{mean:.3g} of {wording.count(n_workers, 'worker')} busy "
            f"({wording.percent(mean / n_workers)})."
        )


def moments(left: float, right: float) -> str:
    """A window of time, with as many digits as tell its edges apart.

    Examples
    --------
    >>> moments(0.0, 12.3456), moments(1234.5671, 1234.5683)
    ('0.0 to 12.3 s', '1,234.56710 to 1,234.56830 s')
    """
    width = right - left
    digits = max(0, 2 - math.floor(math.log10(width))) if width > 0 else 2
    return f"{left:,.{digits}f} to {right:,.{digits}f} s"
