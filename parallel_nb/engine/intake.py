"""What came home becomes rows; what did not comes back as pieces to be tried again.

Knows outcomes, deaths and refusals of one chunk; nothing of the other chunks.
"""

import math
import os
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass

from . import worker
from .collecting import Origin
from .lanes import TimedOut
from .shell import ShellAttempt


@dataclass(slots=True)
class Entry:
    """A chunk on its way."""

    number: int
    piece: object
    submitted: float
    lane: int = -1  # where the scheduler chose it
    workers: object = None  # the backends.Workers that have it
    chunk: object = None
    n_bytes: float = math.nan
    n_received: int = 0
    began: float = math.nan
    ended: float = math.nan
    attempt: ShellAttempt = None
    call: object = None  # what the backend's `submit` returned
    limit: object = None  # seconds that an attempt may take, or what tells them
    is_suspect: bool = False  # whether it runs apart, to see whom it kills
    sheet: object = None  # the sheets.Sheet that shows what has ended, if any

    def close(self):
        """Nobody will ask any more what has ended."""
        if self.sheet is not None:
            self.sheet.close()


class Intake:
    """Rows of chunks, one way in for each way in which a chunk can end.

    Every method returns the pieces that have to be tried again, in order.
    """

    def __init__(self, collector):
        self._collector = collector
        self.why_cancelled = "cancelled"
        self.setups = []  # (lane, pid, began, ready) of agents' set-ups

    def outcome(self, entry, outcome, out, received):
        """A chunk that ran: records of some or all of its tasks."""
        lane = _lane(entry, out)
        origin = Origin(lane, outcome.pid, outcome.thread, outcome.host)
        if outcome.setup is not None:
            self.setups.append((lane, outcome.pid, *outcome.setup))
        for block in (*getattr(out, "blocks", ()), *outcome.blocks):
            self._collector.absorb(entry, block, origin, received)
        piece, n = entry.piece, entry.n_received
        if outcome.undecodable:
            return piece.singles()
        return [piece.rest(n)] if n < len(piece) else []

    def death(self, entry, death, out, received, status="crashed"):
        """A dead worker: keep what it finished, name who did it, return the rest."""
        salvage, piece = death.salvage, entry.piece
        if salvage is None:
            # It ended before it began with this.
            return [piece]
        origin = Origin(_lane(entry, out), salvage.pid, 0, worker.host())
        if salvage.setup is not None:
            self.setups.append((origin.lane, salvage.pid, *salvage.setup))
        for block in salvage.blocks:
            self._collector.absorb(entry, block, origin, received)
        n = entry.n_received
        if n == len(piece):
            return []
        if salvage.position is None and len(piece) > 1:
            # It died unpickling them: who did it shows when each travels alone.
            return piece.rest(n).singles()
        is_known = salvage.position is not None
        if isinstance(death, TimedOut) and status == "crashed":
            status = "timeout"
        self._collector.add(
            entry,
            n,
            status,
            self.why_cancelled
            if status == "cancelled"
            else _LINES[status].format(death.reason),
            started=salvage.started if is_known else math.nan,
            ended=salvage.died if is_known else math.nan,
            origin=origin,
            received=received,
        )
        return [piece.rest(n + 1)] if n + 1 < len(piece) else []

    def loss(self, entry, error, received):
        """A chunk that raised: its tasks are lost; a broken pool cannot say by whom."""
        line, text, types = worker.describe(error)
        status = "failed"
        if is_broken_pool(error):
            status = "crashed"
            name = entry.workers.name
            line = f"a worker died, {name} cannot tell at which task: {line}"
        for index in range(entry.n_received, len(entry.piece)):
            self._collector.add(
                entry, index, status, line, text=text, types=types, received=received
            )
        return []

    def loss_with_pool(self, entry, received):
        """A chunk that was on its way when a pool broke: nobody says by whom."""
        self._keep_what_shows(entry, received)
        name, n = entry.workers.name, entry.n_received
        if n == len(entry.piece):
            return []
        line = f"lost with its pool: a worker of {name} died; run again in a lane"
        for index in range(n, len(entry.piece)):
            self._collector.add(entry, index, "cancelled", line, received=received)
        return [entry.piece.rest(n)]

    def _keep_what_shows(self, entry, received):
        """Rows of what had ended in a worker that will not say so any more."""
        if entry.sheet is not None:
            blocks, pid, thread = entry.sheet.all()
            origin = Origin(entry.lane, pid, thread, worker.host())
            for block in blocks:
                self._collector.absorb(entry, block, origin, received)

    def overdue(self, entry, seconds, lane):
        """An attempt in a thread that was given up after so many seconds."""
        chunk, now = entry.chunk, worker.clock()
        lane = entry.lane if entry.lane >= 0 else lane
        self._collector.add(
            entry,
            0,
            "timeout",
            f"timeout: it took longer than {seconds:g} s; its thread was left behind",
            started=chunk.began,
            ended=now,
            origin=Origin(lane, os.getpid(), chunk.thread, worker.host()),
            received=now,
        )
        return []

    def refusal(self, entry, error):
        """Tasks that cannot be sent: the culprit gets a row, the others go on."""
        if len(entry.piece) > 1:
            return entry.piece.singles()
        line, text, types = worker.describe(error)
        what = "pickled" if entry.piece.error is None else "sent"
        line = f"the task could not be {what}: {line}"
        self._collector.add(entry, 0, "failed", line, text=text, types=types)
        return []

    def command(self, entry, received, status=None):
        """A shell command that ended."""
        attempt = entry.attempt
        line, text = attempt.error, ""
        if line and attempt.result is not None:
            text = attempt.result.stderr
        if attempt.is_invalid:
            status = "invalid"
        if attempt.has_timed_out and status is None:
            status = "timeout"
        if status == "cancelled":
            line = self.why_cancelled
        is_done = not line and status is None
        keep = attempt.result if attempt.is_invalid or is_done else None
        results = self._collector.results
        if keep is not None and results is not None:
            results[int(entry.piece.positions[0])] = keep
        self._collector.add(
            entry,
            0,
            status or ("failed" if line else "done"),
            line or status,
            text=text,
            started=attempt.started,
            ended=attempt.ended,
            cpu=attempt.cpu,
            max_rss=attempt.max_rss,
            origin=Origin(entry.lane, attempt.pid, 0, worker.host()),
            received=received,
        )
        return []

    def cancellation(self, entry, *, shares_memory):
        """A chunk that will not come home: what had finished is kept where it shows."""
        chunk, piece = entry.chunk, entry.piece
        sink = chunk.sink if chunk is not None else None
        origin, started, ended = None, math.nan, math.nan
        if sink is not None and shares_memory:
            origin = Origin(entry.lane, os.getpid(), chunk.thread, worker.host())
            self._collector.absorb(entry, sink.finish()[0], origin, math.nan)
            if sink.interrupted is not None:
                _, started, ended = sink.interrupted
        self._keep_what_shows(entry, math.nan)
        n = entry.n_received
        if n < len(piece):
            self._collector.add(
                entry,
                n,
                "cancelled",
                self.why_cancelled,
                started=started,
                ended=ended,
                origin=origin,
            )
        return [piece.rest(n + 1)] if n + 1 < len(piece) else []


_LINES = {"crashed": "WorkerDied: {}", "timeout": "timeout: {}"}


def is_broken_pool(error):
    """Whether a joblib pool lost a worker and with it everything it held."""
    from joblib.externals.loky.process_executor import BrokenProcessPool

    return isinstance(error, BrokenExecutor | BrokenProcessPool)


def _lane(entry, out):
    return entry.lane if entry.lane >= 0 else getattr(out, "lane", -1)
