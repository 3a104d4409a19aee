"""Two schedules of one toy problem, one above the other, with the bound on both.

Knows boxes, their numbers and a line; refuses to know how tasks are scheduled.
"""

from __future__ import annotations

import numpy as np

from ..scheduling import Schedule
from . import palette, wording
from .axis import time_axis
from .canvas import Canvas

_MOST_NUMBERED = 12  # tasks: each number costs a millisecond
_THICK = 0.86


class ToyPicture:
    """Boxes in lanes; the longest task has a colour of its own."""

    def __init__(self):
        self.canvas = Canvas(9.6, 4.4)
        self._axes = self.canvas.axes(2)
        self.canvas.figure.subplots_adjust(
            left=0.02, right=0.98, top=0.93, bottom=0.08, hspace=0.26
        )
        moving = []
        for ax in self._axes:
            ax.set_yticks([])
            ax.spines[["left", "right", "top"]].set_visible(False)
            time_axis(ax.xaxis)
            ax.title.set_horizontalalignment("left")
            moving += [ax.xaxis, ax.title]
        moving.remove(self._axes[0].xaxis)
        self._axes[0].tick_params(axis="x", bottom=False, labelbottom=False)
        self._axes[0].spines["bottom"].set_visible(False)
        self._lines = [
            ax.axvline(0, color=palette.VERMILION, linestyle="--", linewidth=1.6)
            for ax in self._axes
        ]
        self._numbers = [
            [_number(ax) for _ in range(_MOST_NUMBERED)] for ax in self._axes
        ]
        numbers = [text for of_axes in self._numbers for text in of_axes]
        self.canvas.move(*self._lines, *moving, *numbers)

    def frame(self, schedules: list[tuple[str, Schedule]], bound: float) -> bytes:
        """A PNG file of two schedules with their names, and a line at the bound."""
        with self.canvas.lock:
            latest = max([bound, *(each.makespan for _, each in schedules)])
            drawn = [
                self._draw(at, name, schedule, bound, 1.02 * latest)
                for at, (name, schedule) in enumerate(schedules)
            ]
            image = self.canvas.frame(*(box for boxes in drawn for box in boxes))
            for boxes in drawn:
                for box in boxes:
                    box.remove()
            return image

    def _draw(self, at: int, name: str, schedule: Schedule, bound, right: float):
        """The boxes of one schedule; what moves beside them is set."""
        ax, n_tasks = self._axes[at], len(schedule.started)
        ax.set_xlim(0, right)
        ax.set_ylim(schedule.n_workers - 0.5, -0.5)
        self._lines[at].set_xdata([bound, bound])
        ax.title.set_text(f"{name}: {wording.seconds(schedule.makespan)}")
        ax.title.set_x(0.0)
        lengths = schedule.ended - schedule.started
        for task, text in enumerate(self._numbers[at]):
            is_there = task < n_tasks <= _MOST_NUMBERED
            text.set_text(f"{task}" * is_there)
            if is_there:
                middle = schedule.started[task] + lengths[task] / 2
                text.set_position((middle, schedule.worker[task]))
        is_longest = np.arange(n_tasks) == lengths.argmax()
        colours = np.where(is_longest, palette.ORANGE, palette.SKY)
        edges = np.where(is_longest, palette.DEEP_ORANGE, palette.DEEP_SKY)
        spans = np.column_stack([schedule.started, lengths])
        lanes = [(lane, schedule.worker == lane) for lane in range(schedule.n_workers)]
        return [
            ax.broken_barh(
                spans[own],
                (lane - _THICK / 2, _THICK),
                facecolors=colours[own],
                edgecolors=edges[own],
                linewidth=1.2,
            )
            for lane, own in lanes
            if own.any()
        ]


def _number(ax):
    """Of a task; both colours of boxes are bright, whatever the paper is."""
    return ax.text(0, 0, "", ha="center", va="center", color=palette.ink(palette.SKY))
