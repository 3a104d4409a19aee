"""Tells whoever listens of each change of a task's state.

Knows the batch's names and the newest rows; nothing of workers.
"""

from ..schema import STATUSES
from ..tasks import Shell, Task
from . import worker
from .details import summary_of
from .events import Event


class Teller:
    """Makes events; without a listener it does nothing.

    Parameters
    ----------
    batch : batch.Listed, batch.Streamed or planned.Planned
    collector : collecting.Collector
    listener : callable or None
    zero : float
        The run's zero on the host's clock.
    user_code : context manager
        Entered around the listener, which is not the engine's own code.
    """

    def __init__(self, batch, collector, listener, zero, user_code):
        self._batch = batch
        self._collector = collector
        self._listener = listener
        self._zero = zero
        self._user_code = user_code
        self._n_attempts = {}
        self.is_cancelling = False

    @property
    def has_listener(self):
        """Whether anybody wants to know."""
        return self._listener is not None

    def begins(self, position):
        """There is to be another attempt."""
        if self._listener is not None:
            self._n_attempts[position] = self._n_attempts.get(position, 0) + 1

    def came_back(self, position):
        """It was sent, and not tried."""
        if self._listener is not None and position in self._n_attempts:
            self._n_attempts[position] -= 1

    def ready(self):
        """What a plan's tasks waited for has ended."""
        if self._listener is not None and self._batch.is_planned:
            for task in self._batch.newly_ready():
                self.tell("ready", task)

    def tell(self, kind, position, error=""):
        """One change of one task's state."""
        if self._listener is None:
            return
        batch, results = self._batch, self._collector.results
        names = batch.names
        is_done = kind == "done" and results is not None
        event = Event(
            kind,
            position,
            names if isinstance(names, str) else names[position],
            batch.items[position].agent if batch.is_planned else None,
            self._n_attempts.get(position, 0),
            worker.clock() - self._zero,
            "" if kind == "done" else error,
            results[position] if is_done else None,
            self._summary(position, results[position]) if is_done else "",
        )
        try:
            with self._user_code:
                self._listener(event)
        except KeyboardInterrupt:
            # What is being ended need not be ended once more.
            if not self.is_cancelling:
                raise

    def _summary(self, position, result):
        items = getattr(self._batch, "items", None)  # a stream keeps none
        task = None if items is None else items[position]
        # An input of the user's may have a `summary` of its own.
        has_one = isinstance(task, Task | Shell) and task.summary is not None
        return summary_of(task, result) if has_one else ""

    def newest(self, entry):
        """What there is to tell of an entry whose row has just been written."""
        position = int(entry.piece.positions[0])
        collector = self._collector
        return STATUSES[collector.last_status], position, collector.last_error
