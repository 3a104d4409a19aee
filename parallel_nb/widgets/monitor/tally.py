"""What came home of a run in progress → counts, lanes, pace and what is to come.

Knows rows of attempts; refuses to know widgets and words.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from ... import schema
from ...draw.growing import Growing
from ...engine.watched import Blocks
from .outlook import Finished, Outlook, outlook, squares

_MOST_FAILURES = 5  # that are listed
_MANY = 1000  # rows of one look: more are laid into the lanes by groups
_DONE = 1  # what is kept of a task that is done
_PACE = 10.0  # s over which it is taken
_OWN_FAULT = np.isin(schema.STATUSES, ("failed", "invalid", "timeout", "crashed"))


class Failure(NamedTuple):
    """One attempt that went wrong."""

    task: int
    name: str
    status: str
    error: str


class Tally:
    """A run so far; `look` brings it up to now.

    Attributes
    ----------
    seconds : float
        Since the run began to hand out tasks.
    n_ended, n_tasks : int, int or None
        Tasks; None while nobody knows how many.
    counts : dict of str to int
        Tasks by the status of their last attempt.
    n_failures : int
        Attempts that went wrong by themselves.
    failures : list of Failure
        The first of them.
    lanes : Growing
    """

    def __init__(self, watched):
        self._watched = watched
        self.lanes = Growing(watched.n_workers)
        self.finished = Finished()
        self.failures: list[Failure] = []
        self.n_failures = self.n_ended = 0
        self.n_tasks: int | None = None
        self.seconds = 0.0
        self._status = np.zeros(max(watched.n_known, 1), np.uint8)  # code + 1; 0: none
        self._by_status = np.zeros(len(schema.STATUSES), int)
        self._costs = _uneven(watched.costs)
        # Of tasks that have not ended: the sum of their costs, and of the squares.
        self._cost_left = self._squared_left = 0.0
        if self._costs is not None:
            self._cost_left = float(self._costs.sum())
            self._squared_left = squares(self._costs)
        n = watched.n_workers
        self._began, self._until = np.full(n, np.inf), np.zeros(n)  # s, of each lane
        self._busy = np.zeros(n)
        self._paces: deque[tuple[float, int]] = deque()
        self._take_over()

    def _take_over(self) -> None:
        """Of a run that is gone on with, what is done; the rest is to be done again."""
        for found in self._watched.news():
            if isinstance(found, Blocks):
                self._count_blocks(found)
            elif (done := found.records["status"] == 0).any():
                self._count(found.tasks[done], found.records["status"][done])

    def look(self) -> None:
        """Take in what came home since."""
        watched = self._watched
        for found in watched.news():
            if isinstance(found, Blocks):
                self._count_blocks(found)
                self._lay_blocks(found)
            else:
                self._count(found.tasks, found.records["status"])
                self._lay(found)
                self._list_failures(found)
        self.n_ended, self.n_tasks = watched.n_ended, watched.n_tasks
        self.seconds = watched.now() - watched.zero
        self._paces.append((self.seconds, self.n_ended))
        while len(self._paces) > 2 and self._paces[1][0] < self.seconds - _PACE:
            self._paces.popleft()

    @property
    def counts(self) -> dict[str, int]:
        """Tasks by the status of their last attempt; statuses that none has are out."""
        counts = zip(schema.STATUSES, self._by_status.tolist(), strict=True)
        return {status: n for status, n in counts if n}

    @property
    def pace(self) -> float:
        """Tasks that ended a second, of late."""
        (first, n_before), (last, n_now) = self._paces[0], self._paces[-1]
        return (n_now - n_before) / (last - first) if last > first else 0.0

    @property
    def under_way(self) -> list[tuple[int, float]]:
        """Lane, and since when (s) it works on what it has, of those that are known."""
        zero = self._watched.zero
        return [
            (lane, max(since - zero, self._until[lane]))
            for lane, since in self._watched.under_way()
            if 0 <= lane < len(self._until)
        ]

    def outlook(self) -> Outlook | None:
        """How long the rest will take; None where nobody knows."""
        if self.n_tasks is None or self._watched.waits:
            return None
        n_left = self.n_tasks - self.n_ended
        cost_left = squared_left = float(n_left)
        if self._costs is not None:
            cost_left = max(self._cost_left, 0.0)
            squared_left = max(self._squared_left, 0.0)
        ages = [self.seconds - since for _, since in self.under_way]
        return outlook(
            self.finished,
            cost_left,
            squared_left,
            n_left,
            ages,
            self._watched.n_workers,
            self._busy_share,
        )

    @property
    def _busy_share(self) -> float:
        """Of the time from each lane's first start to its last end."""
        spans = np.maximum(self._until - self._began, 0.0).sum()
        return float(self._busy.sum() / spans) if spans > 0 else 1.0

    def _count(self, tasks, codes) -> None:
        """Statuses of tasks, of which those tried again have had another one."""
        if not (tasks[1:] > tasks[:-1]).all():
            # Of several attempts of a task, the last one counts.
            tasks, at = np.unique(tasks[::-1], return_index=True)
            codes = codes[::-1][at]
        self._make_room(int(tasks[-1]))
        self._forget(tasks)
        self._by_status += np.bincount(codes, minlength=len(self._by_status))
        self._status[tasks] = codes + 1

    def _count_blocks(self, blocks) -> None:
        """Of tasks that are done, each of which comes once."""
        self._make_room(max(int(tasks.max()) for tasks in blocks.tasks))
        for tasks in blocks.tasks:
            low, high = int(tasks[0]), int(tasks[-1])
            # One behind the other they are a slice, which costs a tenth.
            is_slice = high - low + 1 == len(tasks) and (tasks[1:] > tasks[:-1]).all()
            place = slice(low, high + 1) if is_slice else tasks
            self._forget(place)
            self._status[place] = _DONE
            self._by_status[0] += len(tasks)

    def _forget(self, place) -> None:
        """Statuses that tasks have had, and the costs of those that had none."""
        before = self._status[place]
        n_known = np.count_nonzero(before)
        if n_known:
            counts = np.bincount(before, minlength=len(self._by_status) + 1)
            self._by_status -= counts[1:]
        if self._costs is not None and n_known < len(before):
            fresh = self._costs[place]
            fresh = fresh[before == 0] if n_known else fresh
            self._cost_left -= float(fresh.sum())
            self._squared_left -= squares(fresh)

    def _make_room(self, last: int) -> None:
        if last >= len(self._status):
            grown = np.zeros(max(last + 1, 2 * len(self._status)), np.uint8)
            grown[: len(self._status)] = self._status
            self._status = grown

    def _lay(self, rows) -> None:
        """Durations, and their places in the lanes; of this run only."""
        zero, records = self._watched.zero, rows.records
        ended = records["ended"] - zero
        begun, lanes = records["started"] - zero, rows.lanes
        codes, tasks = records["status"], rows.tasks
        known = (ended > 0) & (lanes >= 0)  # NaN is not
        if not known.all():
            begun, ended, lanes = begun[known], ended[known], lanes[known]
            codes, tasks = codes[known], tasks[known]
        if not len(begun):
            return
        durations = ended - begun
        costs = None if self._costs is None else self._costs[tasks]
        self.finished.add(durations, costs)
        first = _groups(lanes, codes)
        last = np.append(first[1:], len(lanes)) - 1
        work = np.add.reduceat(durations, first)
        self._put(begun[first], ended[last], work, lanes[first], codes[first])

    def _lay_blocks(self, blocks) -> None:
        """The same of very many, each block as one group."""
        zero, records, first = self._watched.zero, blocks.records, blocks.first
        sizes = np.diff(first, append=len(records))
        stands_for = [len(tasks) for tasks in blocks.tasks] / sizes
        begun = records["started"][first] - zero
        ended = records["ended"][first + sizes - 1] - zero
        durations = records["ended"] - records["started"]
        costs = None if self._costs is None else self._costs[blocks.some]
        self.finished.add(durations, costs, np.repeat(stands_for, sizes))
        work = np.add.reduceat(durations, first) * stands_for
        work = np.minimum(work, ended - begun)
        self._put(begun, ended, work, blocks.lanes, np.zeros(len(first), int))

    def _put(self, begun, ended, work, lanes, codes) -> None:
        """Groups of attempts into their lanes; pauses within are put behind them."""
        self.lanes.add(begun, begun + work, lanes, codes)
        self._busy += np.bincount(lanes, work, len(self._busy))
        np.minimum.at(self._began, lanes, begun)
        np.maximum.at(self._until, lanes, ended)

    def _list_failures(self, rows) -> None:
        if not rows.n_lost:
            return
        wrong = np.flatnonzero(_OWN_FAULT[rows.records["status"]])
        self.n_failures += len(wrong)
        for row in wrong[: _MOST_FAILURES - len(self.failures)].tolist():
            task = int(rows.tasks[row])
            self.failures.append(
                Failure(
                    task,
                    self._watched.name_of(task),
                    schema.STATUSES[rows.records["status"][row]],
                    self._watched.error_of(int(rows.numbers[row])),
                )
            )


def _groups(lanes, codes) -> np.ndarray:
    """First rows of groups of one lane and one status; of few rows, each is its own."""
    n = len(lanes)
    if n <= _MANY:
        return np.arange(n)
    is_first = np.empty(n, bool)
    is_first[0] = True
    is_first[1:] = (lanes[1:] != lanes[:-1]) | (codes[1:] != codes[:-1])
    is_first[:: n // _MANY] = True
    return np.flatnonzero(is_first)


def _uneven(costs):
    """Costs, unless they are all the same: then they tell nothing."""
    if costs is None or not len(costs) or (costs == costs[0]).all():
        return None
    return costs
