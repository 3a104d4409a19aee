"""Events → where each task of a batch stands.

Knows states and which tasks to show where there is no room for all; refuses to know
lines and streams. What is kept grows with tasks in flight; of a task that has ended a
single byte is kept, and a row of the latest.
"""

from __future__ import annotations

from typing import NamedTuple

from ..engine.events import KINDS

OPEN = ("submitted", "retried", "ready")
FAULTS = ("failed", "invalid", "timeout", "crashed")
# In which order to tell how many there are, and which to show first.
STATES = ("submitted", "retried", *FAULTS, "ready", "done", "cancelled", "skipped")
_OTHERS = (("ready",), ("done",), ("cancelled", "skipped"))
_KEPT = 200  # rows of each state that an end puts tasks into: more than a screen has
_CODE = {kind: code for code, kind in enumerate(KINDS, start=1)}


class Row(NamedTuple):
    """One task as last heard of."""

    task: int
    name: str
    agent: str  # empty where any worker will do
    state: str  # an event's kind
    attempt: int  # 0 before there was one
    since: float  # s after the run's zero: when it came into this state
    took: float  # s from being handed to a worker to its end; NaN where that is not so
    text: str  # its result, or what went wrong


class Tally:
    """What is known of a batch from the events so far."""

    def __init__(self):
        self.last = 0.0  # s after the run's zero, of the latest event
        self.n_events = 0
        self._codes = bytearray()  # of each task's state; 0: not heard of
        self._numbers = dict.fromkeys(STATES, 0)
        self._rows: dict[str, dict[int, Row]] = {state: {} for state in STATES}

    def is_of_another_batch(self, event) -> bool:
        """Whether a task that has ended begins anew: then another run has begun."""
        return event.kind in OPEN and self._state(event.task) not in (None, *OPEN)

    def add(self, event, text: str) -> Row:
        """Take in an event, and what to say of it."""
        task, before = event.task, self._state(event.task)
        took = float("nan")
        if before is not None:
            self._numbers[before] -= 1
            was = self._rows[before].pop(task, None)
            if before == "submitted" and event.kind not in OPEN and was is not None:
                took = event.time - was.since
        row = Row(
            task=task,
            name=event.name,
            agent=event.agent or "",
            state=event.kind,
            attempt=event.attempt,
            since=event.time,
            took=took,
            text=text,
        )
        self._note(task, event.kind)
        self._numbers[event.kind] += 1
        rows = self._rows[event.kind]
        rows[task] = row
        if event.kind not in OPEN and len(rows) > _KEPT:
            del rows[next(iter(rows))]
        self.last = max(self.last, event.time)
        self.n_events += 1
        return row

    @property
    def numbers(self) -> dict[str, int]:
        """How many tasks are in which state, for states that have any."""
        return {state: n for state, n in self._numbers.items() if n}

    @property
    def n_tasks(self) -> int:
        """Tasks heard of."""
        return sum(self._numbers.values())

    @property
    def n_open(self) -> int:
        """Tasks heard of that have not ended."""
        return sum(self._numbers[state] for state in OPEN)

    def rows(self, most: int) -> list[Row]:
        """What to show: tasks with workers, those that went wrong, then the others.

        Where there is no room for all, half of it is for those that went wrong if they
        need it; of what runs the oldest is shown, of what has ended the latest.
        """
        running, wrong = self._group(("submitted", "retried")), self._group(FAULTS)
        running = running[: most - min(len(wrong), most // 2)]
        chosen = [running, _last(wrong, most - len(running))]
        for states in _OTHERS:
            room = most - sum(map(len, chosen))
            group = self._group(states)
            chosen.append(group[:room] if states == ("ready",) else _last(group, room))
        return [row for group in chosen for row in sorted(group)]

    def _group(self, states) -> list[Row]:
        """The rows of some states, by age."""
        rows = [row for state in states for row in self._rows[state].values()]
        if len(states) > 1:
            rows.sort(key=lambda row: row.since)
        return rows

    def _state(self, task: int) -> str | None:
        code = self._codes[task] if task < len(self._codes) else 0
        return KINDS[code - 1] if code else None

    def _note(self, task: int, state: str) -> None:
        lacking = task + 1 - len(self._codes)
        if lacking > 0:
            self._codes.extend(bytes(lacking))
        self._codes[task] = _CODE[state]


def _last(rows: list[Row], most: int) -> list[Row]:
    return rows[max(len(rows) - most, 0) :]
