"""The widget of a run in progress, and the thread that keeps it true.

Knows when to paint and what a notebook is sent; refuses to know what it says.
"""

from __future__ import annotations

import threading
import time
import uuid

import ipywidgets
from IPython.display import publish_display_data

from ...draw import png
from ..framed import Picture
from ..page import row
from . import telling
from .tally import Tally

_EVERY = 0.2  # s between two frames
# Of a core that frames may take, which come less often where they cost. Their messages
# take about as much again, in the kernel's other threads.
_SHARE = 0.005
_SLOWEST = 2.0  # s between two frames, whatever they cost
_DELAY = 0.5  # s: what is over by then shows itself as well
_SPOKEN_EVERY = 10.0  # s between two sentences that are read out


class Monitor:
    """What `run` and `start` show in a notebook; a context manager.

    Attributes
    ----------
    cancel : Button
        Of a run in the background: ends it, and keeps what has finished.
    page, status : HTML
        Numbers for the eye, and a sentence now and then that is read out.
    lanes : Picture
    """

    def __init__(self, watched):
        self._watched = watched
        self._is_over = threading.Event()
        self._wants_end = threading.Event()
        self._thread = self._tally = self._shown = self._spoken = None
        self._display_id = uuid.uuid4().hex
        self._error = None
        self._has_place = False
        if watched.in_background:
            # The notebook may have gone on before there is more to see.
            self._publish(telling.starting(watched))

    @property
    def is_shown(self) -> bool:
        """Whether there was something to see."""
        return self._shown is not None

    def __enter__(self):
        self._tally = Tally(self._watched)
        self._thread = threading.Thread(
            target=self._paint, name="parallel_nb-view", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace):
        if self._is_over.is_set():
            return
        self._error = kind
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()
        elif self._has_place:
            self._publish(telling.not_begun(self._watched, kind))

    def _paint(self) -> None:
        delay = 0.0 if self._watched.in_background else _DELAY
        if self._is_over.wait(delay):
            return
        self.open()
        pause = _EVERY
        while not self._is_over.wait(pause):
            began = time.thread_time()
            self.draw()
            pause = max(_EVERY, (time.thread_time() - began) / _SHARE)
            pause = min(pause, _SLOWEST)
        self._tally.look()
        self.close()

    def open(self) -> None:
        """Show the widget."""
        self.page, self.status = ipywidgets.HTML(), ipywidgets.HTML()
        self.lanes = Picture(format="png", tooltip="What each worker did, over time")
        width, height = self._tally.lanes.size
        self.lanes.layout = {
            "width": "100%",
            "max_width": f"{width}px",
            "height": f"{height}px",  # where there is little room, too
            "object_fit": "fill",
        }
        self.cancel = ipywidgets.Button(
            description="Cancel",
            tooltip="End this run; what has finished is kept",
            layout={"width": "auto"},
        )
        self.cancel.on_click(self._cancel)
        buttons = [row(self.cancel)] if self._watched.in_background else []
        self._shown = ipywidgets.VBox(
            [self.page, self.lanes, *buttons, self.status],
            layout={"width": "100%", "max_width": "740px"},
        )
        self.draw()
        kept = telling.sentence(self._watched, self._tally)
        kept = f"{kept} It had not ended when this was kept."
        self._publish(kept, view=self._shown._repr_mimebundle_())

    def draw(self) -> None:
        """One more frame."""
        tally, watched = self._tally, self._watched
        tally.look()
        self.page.value = telling.page(watched, tally)
        self.lanes.value = self._picture()
        if self._wants_end.is_set():
            watched.cancel()
        said = tally.seconds // _SPOKEN_EVERY, bool(tally.n_failures)
        if said != self._spoken:
            self._spoken = said
            self.status.value = telling.spoken(telling.sentence(watched, tally))

    def _picture(self) -> bytes:
        tally = self._tally
        return png.encode(tally.lanes.pixels(tally.seconds, tally.under_way))

    def _cancel(self, button) -> None:
        """The run ends when it can: here in the kernel's own thread nobody waits."""
        button.disabled, button.description = True, "Cancelling…"
        self._wants_end.set()
        self._watched.cancel()

    def close(self) -> None:
        """Leave one line, which needs no kernel, in the place of the widget."""
        tally = self._tally
        words = telling.verdict(self._watched, tally, self._error)
        picture = None
        if self._watched.in_background:  # whose Run is not shown when it ends
            pixels = tally.lanes.pixels(tally.seconds)
            n_columns = pixels.shape[1] * tally.seconds / tally.lanes.span
            picture = png.encode(pixels[:, : max(round(n_columns), 1)], level=6)
        self._publish(words, picture)
        for widget in (*self._shown.children, self._shown):
            widget.close()

    def _publish(self, words: str, picture: bytes | None = None, view=None) -> None:
        """Put words, a picture or the widget where the notebook has this run."""
        told = {
            **(view or {}),
            "text/plain": words,
            "text/html": telling.still_life(words, picture),
        }
        publish_display_data(
            told, transient={"display_id": self._display_id}, update=self._has_place
        )
        self._has_place = True
