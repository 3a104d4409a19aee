"""A Run as a page: its timeline above, and below it what one asks of it.

Knows the controls of the timeline and which section is open; refuses to know how
pictures and answers are made.
"""

from __future__ import annotations

import math
import threading

import ipywidgets

from ..draw import wording
from ..draw.blocks import COLOR_BY
from ..draw.packed import Packed
from ..draw.timeline_view import TimelineView
from ..runs import Run
from . import sections
from .framed import Framed
from .page import LABELLED, Page, row

_STEPS = 200  # of the slider, from edge to edge of what is in view
_CLOSEST = 1e-9  # of the whole: no window is narrower


class RunExplorer(Page):
    """What `explore` shows of a Run.

    Attributes
    ----------
    window : FloatRangeSlider
        Seconds in view.
    color : ToggleButtons
        As for `draw.timeline`.
    zoom_in, zoom_out, earlier, later, whole : Button
    section : ToggleButtons
        What is shown below: ``"Task"``, ``"Ledger"``, ``"What if"`` or ``"Findings"``.
    task, ledger, what_if : Section
        Those, with controls of their own.
    timeline : Framed
        The picture and its words.
    """

    def __init__(self, run: Run):
        self._run, self._lock = run, threading.RLock()
        self._packed = Packed.of(run), Packed.of(run, only_bad=True)
        self._views: dict[str, TimelineView] = {}
        self._full = self._view("status").full
        self.timeline = Framed("Timeline, and busy workers over time")
        self._make_controls()
        self.task = sections.TaskSection(run)
        self.ledger = sections.LedgerSection(run)
        self.what_if = sections.WhatIfSection(run)
        self._sections = {
            "Task": self.task,
            "Ledger": self.ledger,
            "What if": self.what_if,
        }
        if sections.FindingsSection.is_known():
            self._sections["Findings"] = sections.FindingsSection(run)
        self.section = ipywidgets.ToggleButtons(
            options=list(self._sections), description="Below", style=LABELLED
        )
        self._listen()
        buttons = (self.zoom_in, self.zoom_out, self.earlier, self.later, self.whole)
        size = (run.n_tasks, "task"), (run.meta.n_workers, "worker")
        n_tasks, n_workers = (wording.count(*each) for each in size)
        name = f"Explorer of {wording.name(run)}: {n_tasks} on {n_workers}"
        super().__init__(
            name,
            [
                row(self.color),
                row(self.window, *buttons),
                self.timeline,
                self.section,
                *self._sections.values(),
            ],
        )
        self._open_section()
        self._draw()

    def _make_controls(self) -> None:
        left, right = self._full
        self.color = ipywidgets.ToggleButtons(
            options=list(COLOR_BY), description="Colour by", style=LABELLED
        )
        self.color.style.button_width = "80px"
        self.window = ipywidgets.FloatRangeSlider(
            value=self._full,
            min=left,
            max=right,
            step=(right - left) / _STEPS,
            description="In view (s)",
            readout_format=f".{_digits(right - left)}f",
            style=LABELLED,
            layout={"width": "480px", "max_width": "100%"},
        )
        named = ("Zoom in", "Zoom out", "Earlier", "Later", "Whole run")
        buttons = [
            ipywidgets.Button(description=name, layout={"width": "auto"})
            for name in named
        ]
        self.zoom_in, self.zoom_out, self.earlier, self.later, self.whole = buttons

    def _listen(self) -> None:
        self.color.observe(self._draw, names="value")
        self.window.observe(self._draw, names="value")
        self.section.observe(self._open_section, names="value")
        self.task.task.observe(self._ring, names="value")
        self.task.zoom.on_click(lambda _: self._show_task())
        self.zoom_in.on_click(lambda _: self._look(0.0, 0.5))
        self.zoom_out.on_click(lambda _: self._look(0.0, 2.0))
        self.earlier.on_click(lambda _: self._look(-0.5, 1.0))
        self.later.on_click(lambda _: self._look(0.5, 1.0))
        self.whole.on_click(lambda _: self._show(*self._full))

    def _view(self, color: str) -> TimelineView:
        if color not in self._views:
            self._views[color] = TimelineView(self._run, color, *self._packed)
        return self._views[color]

    def _draw(self, change=None) -> None:
        """The timeline, in the window and the colours that are set."""
        with self._lock:
            left, right = self._framed_window()
            view = self._view(self.color.value)
            if self.section.value == "Task":
                view.ring(*self.task.place())
            else:
                view.ring(-1, math.nan, math.nan)
            image = view.frame(left, right)
            self.timeline.show(image, view.canvas.size, view.words)

    def _framed_window(self) -> tuple[float, float]:
        """What the slider says, of some width at least."""
        left, right = self.window.value
        least = _CLOSEST * (self._full[1] - self._full[0])
        return left, max(right, left + least)

    def _ring(self, change=None) -> None:
        if self.section.value == "Task":
            self._draw()

    def _open_section(self, change=None) -> None:
        for name, section in self._sections.items():
            section.show(name == self.section.value)
        if change is not None and "Task" in (change["old"], change["new"]):
            self._draw()

    def _look(self, by: float, times: float) -> None:
        """Move by some widths of the window, and make it some times as wide."""
        left, right = self._framed_window()
        middle, width = (left + right) / 2, (right - left)
        middle, width = middle + by * width, times * width
        low, high = self._full
        width = min(max(width, _CLOSEST * (high - low)), high - low)
        middle = min(max(middle, low + width / 2), high - width / 2)
        self._show(middle - width / 2, middle + width / 2)

    def _show_task(self) -> None:
        _, started, ended = self.task.place()
        if math.isnan(started):
            return
        ended = started if math.isnan(ended) else ended
        around = max(ended - started, 1e-3 * (self._full[1] - self._full[0]))
        low, high = self._full
        self._show(max(started - around, low), min(ended + around, high))

    def _show(self, left: float, right: float) -> None:
        width = right - left
        self.window.step = width / _STEPS
        self.window.readout_format = f".{_digits(width)}f"
        self.window.value = (left, right)

    def _kept(self) -> list[str]:
        return [self.timeline.kept(), self._sections[self.section.value].kept()]


def _digits(width: float) -> int:
    """Digits behind the point that tell the edges of a window apart."""
    return max(0, 2 - math.floor(math.log10(width))) if width > 0 else 2
