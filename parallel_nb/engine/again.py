"""Attempts that failed, and when their tasks are to be tried again.

Knows statuses, counts and times; nothing of workers or chunks.
"""

import heapq
import math
from typing import NamedTuple

import numpy as np

from ..schema import STATUSES
from ..tasks.trying import Tries


class Lost(NamedTuple):
    """One attempt that did not succeed."""

    entry: object
    index: int  # within its piece
    position: int  # within the batch
    status: str
    row: int


class Again:
    """Decides what is tried again, and remembers it until its time has come.

    Parameters
    ----------
    tries : Tries or list of Tries
        Of all tasks, or of each.
    collector : collecting.Collector
        Its counts are kept true: what will be tried again has not failed yet.
    """

    def __init__(self, tries, collector):
        self._tries = tries
        self._collector = collector
        self._lost = []
        self._n_failures = {}
        self._delayed = []  # heap of (when, number, position, what)
        self._n_delayed = 0
        self._pending = {}  # position -> status of the attempt before, and why
        collector.watchers.append(self._note)

    def _note(self, entry, records, tasks, first):
        for i in np.flatnonzero(records["status"]).tolist():
            self._lost.append(
                Lost(
                    entry,
                    int(records["position"][i]),
                    int(tasks[i]),
                    STATUSES[records["status"][i]],
                    first + i,
                )
            )

    def of(self, position) -> Tries:
        """What is to be tried how often."""
        return self._tries if isinstance(self._tries, Tries) else self._tries[position]

    def take_lost(self):
        """What was lost since the last time of asking."""
        lost, self._lost = self._lost, []
        return lost

    def pause(self, lost):
        """Seconds until the next attempt of its task; None if there is none."""
        n = self._n_failures[lost.position] = 1 + self._n_failures.get(lost.position, 0)
        types = self._collector.types_of(lost.row)
        return self.of(lost.position).pause(n, lost.status, types)

    def put(self, lost, when, what):
        """Remember what to do at a time on the host's clock."""
        self._collector.take_back(lost.status)
        self._pending[lost.position] = lost.status, self._collector.line_of(lost.row)
        self._n_delayed += 1
        heapq.heappush(self._delayed, (when, self._n_delayed, lost.position, what))

    def due(self, now):
        """What there is to do by now, in order, as ``(position, what)``."""
        found = []
        while self._delayed and self._delayed[0][0] <= now:
            found.append(heapq.heappop(self._delayed)[2:])
        return found

    def begins(self, position):
        """The next attempt of a task is on its way."""
        self._pending.pop(position, None)

    @property
    def is_empty(self):
        """Whether no task waits for its time."""
        return not self._delayed

    @property
    def next_time(self):
        """When there is something to do next; infinite for never."""
        return self._delayed[0][0] if self._delayed else math.inf

    def give_up(self):
        """Positions whose next attempt will not be; the status that stays, and why."""
        given_up, self._pending = self._pending, {}
        self._delayed.clear()
        for status, _ in given_up.values():
            self._collector.take_back(status, -1)
        return given_up
