"""Floor 7: a batch's events, as they come → a board on a terminal, redrawn in place.

StatusBoard   what `run(on_event=...)` can be given
tally.py      events → how many tasks are in which state, and which rows to show
lines.py      rows → lines that fit a terminal of any width and alphabet
showing.py    lines → a stream: where, how often, and the end

Knows events and streams; refuses to know how a batch is run.
"""

from .showing import StatusBoard

__all__ = ["StatusBoard"]
