"""What happens to tasks while a run goes on, told to whoever listens.

Made by the scheduler loop; knows nothing of those who listen.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

KINDS = (
    "ready",
    "submitted",
    "retried",
    "done",
    "failed",
    "invalid",
    "timeout",
    "crashed",
    "cancelled",
    "skipped",
)


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one task's state.

    Attributes
    ----------
    kind : str
        ``"ready"`` (what it waited for has ended), ``"submitted"`` (handed to a
        worker), ``"retried"`` (failed, and will be tried once more), or the task's
        final status.
    task : int
        Position in the batch.
    name : str
        Of the task.
    agent : str or None
        That the task asks for.
    attempt : int
        From 1; 0 before there was one.
    time : float
        Seconds since the run's zero.
    error : str
        Why, for whatever is neither done nor on its way.
    result : object
        What a task that is done returned.
    summary : str
        What the task says of it, if `Task` has a `summary`.

    Examples
    --------
    >>> from parallel_nb import run
    >>> heard = []
    >>> done = run(abs, [-1], backend="sequential", on_event=heard.append)
    >>> [event.kind for event in heard]
    ['submitted', 'done']
    """

    kind: str
    task: int
    name: str
    agent: str | None = None
    attempt: int = 0
    time: float = 0.0
    error: str = ""
    result: object = None
    summary: str = ""


class Listener:
    """Calls a function with each event; an error of its own must not end the run."""

    def __init__(self, function):
        self._function = function
        self._has_failed = False

    def __call__(self, event):
        try:
            self._function(event)
        except Exception as error:
            if not self._has_failed:
                warnings.warn(
                    f"`on_event` raised {type(error).__name__}: {error}. The run goes "
                    "on; further errors of it are not shown.",
                    RuntimeWarning,
                    stacklevel=2,
                )
            self._has_failed = True
