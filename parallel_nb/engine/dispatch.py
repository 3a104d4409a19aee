"""The scheduler loop: hands chunks to an open backend and takes in what they send home.

Runs in the calling thread. Knows pieces, chunks and rows; no frames or pictures.
"""

import math
import os
import queue
import threading
from collections import deque
from dataclasses import dataclass, field

from ..errors import BackendError
from ..tasks import Shell
from . import worker
from .chunking import TARGET, Sizer
from .collecting import Origin
from .lanes import LaneNotStarted, WorkerDied
from .shell import ShellAttempt

# A chunk hands its rest back after this many times the duration it was sized for.
_OVERRUN = 2


@dataclass(slots=True)
class Entry:
    """A chunk on its way."""

    number: int
    piece: object
    submitted: float
    lane: int = -1
    chunk: object = None
    n_bytes: float = math.nan
    n_received: int = 0
    began: float = math.nan
    ended: float = math.nan
    attempt: ShellAttempt = None


@dataclass(slots=True)
class Dispatcher:
    """One run in progress.

    Parameters
    ----------
    batch : batch.Listed or batch.Streamed
    workers : backends.Workers
    collector : collecting.Collector
    rate : float or None
        Seconds per unit of the batch's costs, where known.
    """

    batch: object
    workers: object
    collector: object
    rate: float | None = None
    has_shell: bool = False
    _sizers: dict = field(default_factory=dict)
    _returned: deque = field(default_factory=deque)
    _outstanding: dict = field(default_factory=dict)
    _arrived: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)
    _free_lanes: list = field(default_factory=list)
    _n_chunks: int = 0
    _is_stopping: bool = False
    fatal: BackendError | None = None

    def run(self):
        """Execute the batch to its end, or until nothing more can be started."""
        n = self.workers.n_workers
        if self.workers.is_inline:
            limit = 1
        else:
            # One chunk in the hand of each worker and one waiting for each: nobody
            # waits for this thread. Shell commands need to know who is free.
            limit = n if self.has_shell else 2 * n
        self._free_lanes = list(range(n))[::-1]
        while True:
            self._fill(limit)
            if not self._outstanding:
                return
            self._take_in(self._arrived.get())
            while not self._arrived.empty():
                self._take_in(self._arrived.get())

    # -- out -----------------------------------------------------------------

    def _fill(self, limit):
        while len(self._outstanding) < limit and not self._is_stopping:
            piece = self._next_piece()
            if piece is None:
                return
            self._send(piece)

    def _next_piece(self):
        if self._returned:
            return self._returned.popleft()
        batch = self.batch
        if batch.is_exhausted:
            return None
        head = batch.head()
        if isinstance(head, Shell):
            return batch.take(0)
        sizer = self._sizer(head)
        amount = sizer.amount(batch.remaining)
        batch.look_ahead(int(min(2 * self.workers.n_workers * amount, 1e7)) + 1)
        piece = batch.take(sizer.amount(batch.remaining))
        self.collector.expect(batch.n_known)
        return piece

    def _sizer(self, func):
        key = id(func)
        if key not in self._sizers:
            self._sizers[key] = Sizer(self.workers.n_workers, rate=self.rate)
        return self._sizers[key]

    def _send(self, piece):
        self._n_chunks += 1
        entry = Entry(self._n_chunks, piece, worker.clock())
        if isinstance(piece.func, Shell):
            self._send_shell(entry)
            return
        try:
            chunk = self.workers.chunk(piece, _OVERRUN * TARGET)
        except Exception as error:
            self._refuse(entry, error)
            return
        entry.chunk = chunk
        if isinstance(chunk.inputs, bytes):
            entry.n_bytes = float(len(chunk.inputs))
        if self.has_shell:
            entry.lane = self._free_lanes.pop()
        self._outstanding[entry.number] = entry
        number, arrived, clock = entry.number, self._arrived, worker.clock
        try:
            self.workers.submit(chunk, lambda out: arrived.put((number, out, clock())))
        except BackendError as error:
            del self._outstanding[number]
            self._stop(error)
        except RuntimeError as error:
            # A broken pool refuses work; what it held before fails by its futures.
            del self._outstanding[number]
            self._returned.appendleft(piece)
            self._repair(error)

    def _send_shell(self, entry):
        entry.attempt = ShellAttempt(entry.piece.func)
        entry.lane = self._free_lanes.pop()
        self._outstanding[entry.number] = entry
        number, arrived, clock = entry.number, self._arrived, worker.clock

        def execute():
            entry.attempt()
            arrived.put((number, None, clock()))

        if self.workers.is_inline:
            execute()
        else:
            threading.Thread(target=execute, daemon=True).start()

    def _refuse(self, entry, error):
        """Tasks that cannot be sent: the culprits get rows, the others go on."""
        if len(entry.piece) > 1:
            self._returned.extendleft(reversed(entry.piece.singles()))
            return
        line, text, types = worker.describe(error)
        self.collector.add(
            entry,
            0,
            "failed",
            f"the task could not be pickled: {line}",
            text=text,
            types=types,
        )

    # -- in ------------------------------------------------------------------

    def _take_in(self, arrival):
        number, out, received = arrival
        entry = self._outstanding.pop(number, None)
        if entry is None:
            return
        if entry.lane >= 0:
            self._free_lanes.append(entry.lane)
        if entry.attempt is not None:
            self._take_in_shell(entry, received)
            return
        try:
            outcome = self.workers.result(out)
        except WorkerDied as death:
            self._bury(entry, death, out, received)
        except LaneNotStarted as error:
            self._returned.appendleft(entry.piece)
            self._stop(error)
        except Exception as error:
            self._lose(entry, error, received)
        else:
            self._absorb(entry, outcome, out, received)

    def _absorb(self, entry, outcome, out, received):
        origin = Origin(
            self._lane(entry, out), outcome.pid, outcome.thread, outcome.host
        )
        for block in (*getattr(out, "blocks", ()), *outcome.blocks):
            self.collector.absorb(entry, block, origin, received)
        piece, n = entry.piece, entry.n_received
        if n:
            self._sizer(piece.func).observe(
                piece.cost * n / len(piece), entry.ended - entry.began
            )
        if outcome.undecodable:
            self._returned.extendleft(reversed(piece.singles()))
        elif n < len(piece):
            self._returned.appendleft(piece.rest(n))

    def _take_in_shell(self, entry, received):
        attempt = entry.attempt
        if attempt.error:
            status, line = "failed", attempt.error
            text = attempt.result.stderr if attempt.result is not None else ""
        else:
            status, line, text = "done", "", ""
            if self.collector.results is not None:
                self.collector.results[int(entry.piece.positions[0])] = attempt.result
        self.collector.add(
            entry,
            0,
            status,
            line,
            text=text,
            started=attempt.started,
            ended=attempt.ended,
            cpu=attempt.cpu,
            max_rss=attempt.max_rss,
            origin=Origin(entry.lane, attempt.pid, 0, worker.host()),
            received=received,
        )

    def _lane(self, entry, out):
        return entry.lane if entry.lane >= 0 else getattr(out, "lane", -1)

    def _bury(self, entry, death, out, received, status="crashed"):
        """A dead worker: keep what it finished, name who did it, return the rest."""
        salvage, piece = death.salvage, entry.piece
        if salvage is None:
            # Stopped before it began.
            if status == "crashed":
                self._returned.appendleft(piece)
            return
        origin = Origin(self._lane(entry, out), salvage.pid, 0, worker.host())
        for block in salvage.blocks:
            self.collector.absorb(entry, block, origin, received)
        n = entry.n_received
        if n == len(piece):
            return
        if salvage.position is None and len(piece) > 1:
            # It died unpickling them: who did it shows when each travels alone.
            self._returned.extendleft(reversed(piece.rest(n).singles()))
            return
        started = salvage.started if salvage.position is not None else math.nan
        self.collector.add(
            entry,
            n,
            status,
            "cancelled" if status == "cancelled" else f"WorkerDied: {death.reason}",
            started=started,
            ended=salvage.died if not math.isnan(started) else math.nan,
            origin=origin,
            received=received,
        )
        if n + 1 < len(piece):
            self._returned.appendleft(piece.rest(n + 1))

    def _lose(self, entry, error, received):
        """A pool that broke cannot say who did it: the chunk's tasks are lost."""
        line, text, types = worker.describe(error)
        if _is_broken_pool(error):
            status = "crashed"
            line = (
                f"a worker died, {self.workers.name} cannot tell at which task: {line}"
            )
        else:
            status = "failed"
        for index in range(entry.n_received, len(entry.piece)):
            self.collector.add(
                entry, index, status, line, text=text, types=types, received=received
            )
        if status == "crashed" and not any(
            e.attempt is None for e in self._outstanding.values()
        ):
            self._repair(error)

    def _repair(self, error):
        try:
            self.workers.abort(be_ready=True)
        except Exception as second:
            self._stop(BackendError(f"{error}; it could not be restarted: {second}"))

    def _stop(self, error):
        self._is_stopping = True
        self.fatal = self.fatal or error

    # -- the end before the end ----------------------------------------------

    def cancel(self):
        """End what runs where the backend can, and keep what had finished."""
        self._is_stopping = True
        for entry in self._outstanding.values():
            if entry.chunk is not None:
                entry.chunk.is_stopped = True
            if entry.attempt is not None:
                entry.attempt.cancel()
        if any(e.attempt is None for e in self._outstanding.values()):
            self.workers.abort(be_ready=False)
        while not self._arrived.empty():
            self._take_in_cancelled(self._arrived.get())
        for entry in list(self._outstanding.values()):
            self._cancel_entry(entry)
        self._outstanding.clear()

    def _take_in_cancelled(self, arrival):
        number, out, received = arrival
        entry = self._outstanding.get(number)
        if entry is None:
            return
        try:
            outcome = None if entry.attempt is not None else self.workers.result(out)
        except WorkerDied as death:
            del self._outstanding[number]
            self._bury(entry, death, out, received, status="cancelled")
        except BaseException:
            # Dropped from the queue before it began: its row is written below.
            return
        else:
            if outcome is not None:
                del self._outstanding[number]
                self._absorb(entry, outcome, out, received)

    def _cancel_entry(self, entry):
        """Rows of a chunk that will not come home."""
        chunk = entry.chunk
        sink = chunk.sink if chunk is not None else None
        origin, started, ended = None, math.nan, math.nan
        if sink is not None and self.workers.shares_memory:
            origin = Origin(entry.lane, os.getpid(), chunk.thread, worker.host())
            self.collector.absorb(entry, sink.finish()[0], origin, math.nan)
            if sink.interrupted is not None:
                _, started, ended = sink.interrupted
        if entry.n_received < len(entry.piece):
            self.collector.add(
                entry,
                entry.n_received,
                "cancelled",
                "cancelled",
                started=started,
                ended=ended,
                origin=origin,
            )
        if entry.n_received + 1 < len(entry.piece):
            self._returned.append(entry.piece.rest(entry.n_received + 1))

    def account_for_the_rest(self):
        """Rows for tasks that never started: none is silently missing."""
        now = worker.clock()
        pieces = list(self._returned)
        self._returned.clear()
        batch = self.batch
        while batch.n_waiting:
            pieces.append(batch.take(math.inf))
            self.collector.expect(batch.n_known)
        for piece in pieces:
            entry = Entry(-1, piece, math.nan)
            for index in range(len(piece)):
                self.collector.add(
                    entry, index, "cancelled", "never started", received=now
                )


def _is_broken_pool(error):
    from concurrent.futures import BrokenExecutor

    from joblib.externals.loky.process_executor import BrokenProcessPool

    return isinstance(error, BrokenExecutor | BrokenProcessPool)
