"""`StatusBoard`: lines → a stream; where, how often, and the end.

Knows cursors, clocks and threads; refuses to know what is in a line.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ..engine.details import shortened
from ..errors import ArgumentError
from .lines import Style, appended, board, last_line, width
from .tally import Tally

_EVERY = 0.1  # s between two drawings
_SPARE = 1.0  # s between two that are drawn out of turn
_TICK = 1.0  # s between two if nothing happens
_GONE = (OSError, ValueError)  # what writing to a closed pipe or file raises
_NO_WRAPPING, _WRAPPING = "\x1b[?7l", "\x1b[?7h"
_UP, _REST_OF_LINE, _ALL_BELOW = "\x1b[{}A", "\x1b[K", "\x1b[J"


class StatusBoard:
    """Agent, task, state and result of each task on a terminal while a batch runs.

    Give it to ``run(on_event=...)``. On a terminal it is redrawn in place, with as many
    tasks as there is room for: those that have been handed to workers and those that
    went wrong come first. Elsewhere, in a log file say, each change appends a line.

    Parameters
    ----------
    stream : text file, optional
        Default: ``sys.stderr``.
    clock : callable, optional
        Seconds that go forwards only.

    Notes
    -----
    The column `time` has how long ago a task came into its state; where it has ended,
    how long that took from being handed to a worker.

    A board need not know how many tasks there are, and shows one run at a time; the
    next one has a board of its own below. It is drawn ten times a second at most. In a
    ``with`` block it also moves when nothing happens, and the end of the block leaves
    what it shows last::

        with StatusBoard() as board:
            run(tasks, on_event=board)

    What others write to the terminal in the meantime gets between the lines. So a run
    in the background, beside a prompt, is better watched by ``handle.status()``, or by
    a board that writes to a file.

    Raises
    ------
    ArgumentError
        If `stream` is no text file.

    Examples
    --------
    >>> import io
    >>> from parallel_nb import run
    >>> told = io.StringIO()
    >>> done = run(abs, [-1], backend="sequential", on_event=StatusBoard(told))
    >>> [line.split()[2:] for line in told.getvalue().splitlines()[:2]]
    [['submitted', 'abs'], ['done', 'abs:', '1']]
    """

    def __init__(self, stream=None, *, clock: Callable[[], float] = time.monotonic):
        stream = sys.stderr if stream is None else stream
        if not callable(getattr(stream, "write", None)):
            raise ArgumentError(
                "`stream` must be a text file that can be written to, such as "
                f"sys.stdout; got {type(stream).__name__} ({stream!r:.60})"
            )
        self._stream = stream
        self._clock = clock
        self._is_terminal = _is_terminal(stream)
        self._style = Style.of(stream, is_terminal=self._is_terminal)
        self._lock = threading.RLock()
        self._n_entered = 0
        self._timer: threading.Timer | None = None
        self._n_alarms = 0
        self._due = math.inf  # when the timer rings
        self._start_over()

    def _start_over(self):
        """Forget what was drawn: what comes next goes below."""
        self._tally = Tally()
        self._heard_at = self._clock()  # of the latest event
        self._drawn: list[int] = []  # columns of each line that is there
        self._bars: set[int] = set()  # below it
        self._n_drawn_events = 0
        self._n_waited_for = 0
        self._drawn_at = self._spare_drawn_at = -math.inf

    def __call__(self, event):
        """Take in an `Event`; from any thread."""
        text = event.error
        if event.kind == "done":
            text = event.summary or shortened(event.result)
        with self._lock:
            if self._tally.is_of_another_batch(event):
                self._leave()
            row = self._tally.add(event, text)
            self._heard_at = self._clock()
            if self._is_terminal:
                self._draw_in_time()
            else:
                self._write(appended(row, self._style) + "\n")

    def __enter__(self):
        """Have the board move also when nothing happens."""
        with self._lock:
            if not self._n_entered:
                self._leave()
            self._n_entered += 1
            self._alarm(_TICK)
        return self

    def __exit__(self, *error):
        """Show how it ended, and leave that there."""
        with self._lock:
            if self._n_entered == 1:
                # A reader who has gone is no reason to fail after the work is done.
                with suppress(*_GONE):
                    self._leave()
            self._n_entered -= 1

    def _leave(self):
        """Show how a run ended; what comes after it goes below."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._tally.n_events and not self._is_terminal:
            line = last_line(self._tally, self._elapsed(), self._style)
            self._write(line + "\n")
        elif self._tally.n_events and self._n_entered:
            self._draw()
        elif self._n_drawn_events < self._tally.n_events:
            self._draw_below()
        self._start_over()

    # --- when ---

    def _draw_in_time(self):
        """Draw now, or have it drawn soon if it has just been."""
        now = self._clock()
        wait = self._drawn_at + _EVERY - now
        # Without a block, nobody says when the last task has ended, and what the caller
        # writes next may come at once.
        may_be_last = not (self._n_entered or self._tally.n_open)
        if may_be_last and now >= self._spare_drawn_at + _SPARE:
            self._spare_drawn_at = now
            wait = 0
        if wait <= 0:
            self._draw()
        else:
            self._alarm(wait)

    def _alarm(self, seconds: float):
        """Have it drawn in so many seconds, or earlier."""
        due = self._clock() + seconds
        if not self._is_terminal or (self._timer is not None and self._due <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._n_alarms += 1
        self._timer = threading.Timer(seconds, self._on_time, [self._n_alarms])
        self._timer.name = "parallel_nb-board"
        # At its end the interpreter waits for a last drawing, not for a clock.
        self._timer.daemon = self._n_entered > 0
        self._timer.start()

    def _on_time(self, number: int):
        with self._lock:
            if self._timer is None or number != self._n_alarms:
                return  # too late: none is wanted, or another one
            self._timer = None
            with suppress(*_GONE):  # the next event tells the run
                self._draw_late()
            if self._n_entered:
                self._alarm(_TICK)

    def _draw_late(self):
        n_events = self._tally.n_events
        is_stale = n_events > self._n_drawn_events
        if self._n_entered or (is_stale and self._tally.n_open):
            self._draw()
        elif is_stale and n_events == self._n_waited_for:
            self._draw_below()
        elif is_stale:
            self._n_waited_for = n_events  # the end, or between two tasks?
            self._alarm(_EVERY)

    # --- where ---

    def _draw_below(self):
        """Draw where nothing is, as others may have written since the last time."""
        self._drawn = []
        self._draw()

    def _draw(self):
        columns, height = _size(self._stream)
        lines = board(
            self._tally, columns - 1, height - 1, self._elapsed(), self._style
        )
        with _between_bars(self._stream) as bars:
            up = sum(max(1, -(-drawn // columns)) for drawn in self._drawn)
            if up:
                up += len(self._bars - bars)  # a bar that is closed leaves a line
            self._write(
                "".join(
                    [
                        _NO_WRAPPING,
                        "\r",
                        _UP.format(up) if up else "",
                        *(f"{line}{_REST_OF_LINE}\n" for line in lines),
                        _ALL_BELOW,
                        _WRAPPING,
                    ]
                )
            )
        self._drawn = [width(line) for line in lines]
        self._bars = bars
        self._drawn_at = self._clock()
        self._n_drawn_events = self._tally.n_events

    def _elapsed(self) -> float:
        """Seconds since the run's zero; when nothing goes on, until the last change."""
        tally = self._tally
        return tally.last + (self._clock() - self._heard_at if tally.n_open else 0.0)

    def _write(self, text: str):
        self._stream.write(text)
        self._stream.flush()


def _is_terminal(stream) -> bool:
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and os.environ.get("TERM") != "dumb"


def _size(stream) -> tuple[int, int]:
    """Columns and lines of the terminal behind a stream."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (AttributeError, OSError, ValueError):
        size = (0, 0)
    otherwise = shutil.get_terminal_size()
    return size[0] or otherwise[0], size[1] or otherwise[1]


@contextmanager
def _between_bars(stream) -> Iterator[set[int]]:
    """Have tqdm's progress bars step aside while something is written; which are there.

    Nothing is imported for it: without tqdm there are no bars.
    """
    tqdm = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    if tqdm is None:
        yield set()
        return
    with tqdm.external_write_mode(file=stream):
        yield {id(bar) for bar in getattr(tqdm, "_instances", ()) if bar.fp == stream}
