"""The end of a run before its end: what runs is cancelled, and every task has a row.

The part of the scheduler loop that no batch needs that ends by itself.
"""

import math
import time

from . import worker
from .intake import Entry
from .lanes import WorkerDied
from .shell import GRACE

_WHY = {
    "wait": "stopped: enough tasks had succeeded",
    "impossible": "stopped: too few tasks could still succeed",
    "cancel": "stopped: the run was cancelled",
    "interrupt": "stopped: the run was interrupted",
    "deadline": "stopped: the run's deadline had come",
}


class Ending:
    """What `dispatch.Dispatcher` does when a run is over and something is left."""

    def cancel(self):
        """End what runs where the backend can, and keep what had finished."""
        self._hold()
        self._is_stopping = self._teller.is_cancelling = True
        self._intake.why_cancelled = _WHY.get(self.ended_by, "cancelled")
        # What came home by itself was not cancelled.
        changes = self._take_in_the_last("crashed")
        used, asked = [], []
        for entry in self._outstanding.values():
            if entry.chunk is not None:
                entry.chunk.is_stopped = True
                if entry.workers not in used:
                    used.append(entry.workers)
            if entry.attempt is not None and entry.attempt.ask_to_end():
                asked.append(entry.attempt)
        until = time.monotonic() + GRACE
        for attempt in asked:
            attempt.end_by(until)
        for workers in used:
            workers.abort(be_ready=False)
        changes += self._take_in_the_last("cancelled")
        changes += self._give_up_what_is_out()
        for change in changes:
            self._teller.tell(*change)

    def _give_up_what_is_out(self):
        """Rows of what will not come home; what there is to tell of them."""
        changes = []
        for number, entry in list(self._outstanding.items()):
            if entry.attempt is not None and not math.isnan(entry.attempt.started):
                self._intake.command(entry, worker.clock(), status="cancelled")
            else:
                shares = entry.workers is not None and entry.workers.shares_memory
                self._returned.extend(
                    self._intake.cancellation(entry, shares_memory=shares)
                )
            changes.append(self._teller.newest(entry))
            entry.close()
            # One by one: whoever is interrupted here comes again.
            del self._outstanding[number]
        return changes

    def _take_in_the_last(self, status_of_the_dead):
        """Rows of what has come home; what there is to tell of them."""
        changes = []
        while not self._arrived.empty():
            arrival = self._arrived.get()
            is_call = isinstance(arrival, tuple)
            entry = self._outstanding.get(arrival[0]) if is_call else None
            if entry is None:
                continue
            _, out, received = arrival
            try:
                if entry.attempt is None:
                    outcome = entry.workers.result(out)
                    back = self._intake.outcome(entry, outcome, out, received)
                elif status_of_the_dead != "cancelled":
                    back = self._intake.command(entry, received)
                else:
                    continue
            except WorkerDied as death:
                back = self._intake.death(
                    entry, death, out, received, status=status_of_the_dead
                )
            except BaseException:
                # Dropped from the queue before it began: its row is written later.
                continue
            del self._outstanding[entry.number]
            entry.close()
            self._returned.extend(back)
            if not back:
                changes.append(self._teller.newest(entry))
        return changes

    def account_for_the_rest(self, why="never started"):
        """Rows for tasks that never started: none is silently missing."""
        self._teller.is_cancelling = True
        # If somebody could not wait for the end of what ran.
        self._give_up_what_is_out()
        now = worker.clock()
        # Those that were to be tried again have their rows.
        settled = self._again.give_up()
        pieces = list(self._returned)
        self._returned.clear()
        if self._batch.is_planned:
            known = {int(piece.positions[0]) for piece in pieces}
            rest = self._batch.take_rest()
            pieces += [p for p in rest if int(p.positions[0]) not in known]
        else:
            while self._batch.n_waiting:
                pieces.append(self._batch.take(math.inf))
                self._collector.expect(self._batch.n_known)
        pieces = [
            piece
            for piece in pieces
            if len(piece) > 1 or int(piece.positions[0]) not in settled
        ]
        for piece in pieces:
            if self._keeping is not None:
                self._keeping.know(piece)
            entry = Entry(-1, piece, math.nan)
            self._collector.add_all(entry, "cancelled", why, received=now)
        if self._teller.has_listener:
            # What they were told of last is that these would be tried again.
            for position, (status, said) in settled.items():
                self._teller.tell(status, position, said)
            for piece in pieces:
                for position in piece.positions.tolist():
                    self._teller.tell("cancelled", position, why)

    @property
    def setups(self):
        """``(lane, pid, began, ready)`` of agents' set-ups."""
        return self._intake.setups
