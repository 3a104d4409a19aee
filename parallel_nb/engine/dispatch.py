"""The scheduler loop: hands chunks to open backends and takes in what they send home.

Runs in the calling thread. Knows pieces, chunks, order and policy; no frames or
pictures.
"""

import math
import queue
import threading
from collections import deque
from contextlib import nullcontext

from ..errors import BackendError
from ..schema import STATUSES
from ..tasks import Shell
from . import worker
from .chunking import ALONE, TARGET, Sizer
from .events import Event
from .intake import Entry, Intake, is_broken_pool
from .lanes import LaneNotStarted, WorkerDied
from .policies import Policy
from .shell import ShellAttempt

# A chunk hands its rest back after this many times the duration it was sized for.
_OVERRUN = 2
_STOP = object()
_WHY = {
    "wait": "stopped: enough tasks had succeeded",
    "impossible": "stopped: too few tasks could still succeed",
    "cancel": "stopped: the run was cancelled",
    "interrupt": "stopped: the run was interrupted",
}


class Dispatcher:
    """One run in progress.

    Parameters
    ----------
    batch : batch.Listed, batch.Streamed or planned.Planned
    pools : dict of str or None to backends.Workers
        Workers of agents that have their own; None has everybody else's.
    collector : collecting.Collector
    rate : float, optional
        Seconds per unit of the batch's costs, where known.
    policy : Policy, optional
    listener : callable, optional
        Gets an `Event` for each change of each task; tasks then travel alone.
    zero : float
        The run's zero on the host's clock.
    user_code : context manager, optional
        Entered around what is not the engine's own code.
    """

    def __init__(
        self,
        batch,
        pools,
        collector,
        *,
        rate=None,
        policy=None,
        listener=None,
        zero=0.0,
        user_code=None,
    ):
        self._batch = batch
        self._pools = pools
        self._workers = pools[None]
        self._collector = collector
        self._intake = Intake(collector)
        self._rate = rate
        self._policy = policy or Policy()
        self._listener = listener
        self._zero = zero
        self._sizers = {}
        self._returned = deque()
        self._outstanding = {}
        self._arrived = queue.SimpleQueue()
        n = self._workers.n_workers
        self._target = ALONE if self._workers.is_inline else TARGET
        has_shell = any(isinstance(item, Shell) for item in _items(batch))
        # Who runs where is this loop's choice; elsewhere the backend's.
        self._assigns_lanes = batch.is_planned or has_shell
        self._free_lanes = list(range(n))[::-1]
        if self._workers.is_inline:
            self._limit = 1
        else:
            # One chunk in the hand of each worker and one waiting for each: nobody
            # waits for this thread. Where order matters, none is handed out early.
            self._limit = n if self._assigns_lanes else 2 * n
        self._n_chunks = 0
        self._n_attempts = {}
        self._is_stopping = False
        self._is_cancelling = False
        self._stop_reason = ""
        self._user_code = user_code or nullcontext()
        self.ended_by = "completion"
        self.fatal = None

    def run(self):
        """Execute the batch to its end, or until the policy says that it is over."""
        self._tell_ready()
        while not self._stop_reason:
            self._fill()
            if not self._outstanding:
                break
            self._take_in(self._arrived.get())
            while not self._arrived.empty():
                self._take_in(self._arrived.get())
            if self._is_over():
                return
        if self._stop_reason and (self._outstanding or self._has_more()):
            self.ended_by = self._stop_reason
            self.cancel()

    def stop(self, reason):
        """Ask the loop, from anywhere, to cancel what runs and return."""
        self._stop_reason = reason
        self._arrived.put(_STOP)

    def _is_over(self):
        collector = self._collector
        verdict = self._policy.verdict(
            collector.n_done, collector.n_failed, collector.n_lost
        )
        if not verdict or self.ended_by != "completion":
            return False
        if verdict == "failure":
            # Running ones may finish.
            self._is_stopping = True
            if self._outstanding or self._has_more():
                self.ended_by = verdict
            return False
        if verdict == "impossible" or self._outstanding or self._has_more():
            self.ended_by = verdict
        self.cancel()
        return True

    def _has_more(self):
        return bool(self._returned or self._batch.may_go_on)

    # -- out -----------------------------------------------------------------

    def _fill(self):
        while len(self._outstanding) < self._limit and not self._is_stopping:
            if self._stop_reason:
                return
            piece = self._next_piece()
            if piece is None:
                return
            self._send(piece)

    def _next_piece(self):
        if self._returned:
            return self._returned.popleft()
        batch = self._batch
        if batch.is_planned:
            return batch.next_piece(self._collector.results)
        with self._user_code:
            if batch.is_exhausted:
                return None
        head = batch.head()
        if self._listener is not None or isinstance(head, Shell):
            amount = 0
        else:
            sizer = self._sizer(head)
            amount = sizer.amount(batch.remaining)
            with self._user_code:
                n = 2 * self._workers.n_workers * amount
                batch.look_ahead(int(min(n, 1e7)) + 1)
            amount = sizer.amount(batch.remaining)
        piece = batch.take(amount)
        self._collector.expect(batch.n_known)
        return piece

    def _sizer(self, func):
        key = id(func)
        if key not in self._sizers:
            self._sizers[key] = Sizer(
                self._workers.n_workers, rate=self._rate, target=self._target
            )
        return self._sizers[key]

    def _send(self, piece):
        self._n_chunks += 1
        entry = Entry(self._n_chunks, piece, worker.clock())
        if self._batch.is_planned or self._listener is not None:
            position = int(piece.positions[0])
            self._n_attempts[position] = self._n_attempts.get(position, 0) + 1
        if isinstance(piece.func, Shell):
            self._send_command(entry)
        else:
            self._send_chunk(entry)

    def _send_chunk(self, entry):
        piece = entry.piece
        workers = self._workers_of(piece)
        entry.workers = workers
        try:
            if piece.error is not None:
                raise piece.error
            chunk = workers.chunk(piece, _OVERRUN * self._target)
        except Exception as error:
            back = self._intake.refusal(entry, error)
            self._come_back(back)
            if not back:
                self._settle(entry)
                self._is_over()
            return
        entry.chunk = chunk
        if isinstance(chunk.inputs, bytes):
            entry.n_bytes = float(len(chunk.inputs))
        number = self._register(entry)
        arrived, clock = self._arrived, worker.clock
        try:
            if workers.is_inline:
                with self._user_code:
                    out = chunk()
                arrived.put((number, out, clock()))
            else:
                workers.submit(chunk, lambda out: arrived.put((number, out, clock())))
        except BackendError as error:
            self._withdraw(entry)
            self._end(error)
        except RuntimeError as error:
            # A broken pool refuses work; what it held before fails by its futures.
            self._withdraw(entry)
            self._repair(workers, error)

    def _send_command(self, entry):
        task = entry.piece.func
        entry.attempt = ShellAttempt(task, entry.piece.timeout)
        number = self._register(entry)
        arrived, clock = self._arrived, worker.clock

        def execute():
            entry.attempt()
            arrived.put((number, None, clock()))

        if self._workers.is_inline:
            with self._user_code:
                execute()
        else:
            threading.Thread(target=execute, daemon=True).start()

    def _register(self, entry):
        if self._assigns_lanes:
            entry.lane = self._free_lanes.pop()
        self._outstanding[entry.number] = entry
        if self._listener is not None:
            self._tell("submitted", int(entry.piece.positions[0]))
        return entry.number

    def _withdraw(self, entry):
        self._outstanding.pop(entry.number)
        self._free(entry)
        self._come_back([entry.piece])

    def _free(self, entry):
        if entry.lane >= 0:
            self._free_lanes.append(entry.lane)

    def _come_back(self, pieces):
        self._returned.extendleft(reversed(pieces))
        for piece in pieces:
            # It was sent, and not tried.
            if self._n_attempts:
                self._n_attempts[int(piece.positions[0])] -= 1

    def _workers_of(self, piece):
        if not self._batch.is_planned:
            return self._workers
        agent = self._batch.items[int(piece.positions[0])].agent
        return self._pools.get(agent, self._workers)

    # -- in ------------------------------------------------------------------

    def _take_in(self, arrival):
        if arrival is _STOP:
            return
        number, out, received = arrival
        entry = self._outstanding.pop(number, None)
        if entry is None:
            return
        self._free(entry)
        intake = self._intake
        if entry.attempt is not None:
            intake.command(entry, received)
            self._settle(entry)
            return
        try:
            outcome = entry.workers.result(out)
        except WorkerDied as death:
            back = intake.death(entry, death, out, received)
        except LaneNotStarted as error:
            back = [entry.piece]
            self._end(error)
        except Exception as error:
            back = intake.loss(entry, error, received)
            if is_broken_pool(error) and not self._holds(entry.workers):
                self._repair(entry.workers, error)
        else:
            back = intake.outcome(entry, outcome, out, received)
            if entry.n_received and not self._batch.is_planned:
                share = entry.n_received / len(entry.piece)
                self._sizer(entry.piece.func).observe(
                    entry.piece.cost * share, entry.ended - entry.began
                )
        self._come_back(back)
        if not back:
            self._settle(entry)

    def _holds(self, workers):
        return any(e.workers is workers for e in self._outstanding.values())

    def _settle(self, entry):
        """A task that travelled alone has ended: who waited for it may go on."""
        if self._batch.is_planned:
            self._settle_planned(entry)
        elif self._listener is not None:
            self._tell(*self._newest(entry))

    def _settle_planned(self, entry):
        batch, collector = self._batch, self._collector
        status, position, error = self._newest(entry)
        batch.release(position)
        has_more_tries = self._n_attempts[position] <= batch.items[position].retries
        if status != "done" and has_more_tries and not self._is_stopping:
            collector.n_failed -= 1
            collector.n_lost -= 1
            batch.again(position)
            self._tell("retried", position, error)
            return
        skipped = []
        for task, cause in batch.settle(position, status == "done"):
            skipped.append((task, batch.reason_to_skip(cause)))
            entry = Entry(-1, batch.piece_of(task), math.nan)
            collector.add(entry, 0, "skipped", skipped[-1][1])
        # Listeners come last: one that is interrupted leaves nothing half done.
        self._tell(status, position, error)
        for task, why in skipped:
            self._tell("skipped", task, why)
        self._tell_ready()

    def _tell_ready(self):
        if self._listener is not None and self._batch.is_planned:
            for task in self._batch.newly_ready():
                self._tell("ready", task)

    def _tell(self, kind, position, error=""):
        if self._listener is None:
            return
        batch, collector = self._batch, self._collector
        names = batch.names
        result = None
        if kind == "done" and collector.results is not None:
            result = collector.results[position]
        self._call_listener(
            Event(
                kind,
                position,
                names if isinstance(names, str) else names[position],
                batch.items[position].agent if batch.is_planned else None,
                self._n_attempts.get(position, 0),
                worker.clock() - self._zero,
                "" if kind == "done" else error,
                result,
            )
        )

    def _call_listener(self, event):
        try:
            with self._user_code:
                self._listener(event)
        except KeyboardInterrupt:
            # What is being ended need not be ended once more.
            if not self._is_cancelling:
                raise

    def _repair(self, workers, error):
        try:
            workers.abort(be_ready=True)
        except Exception as second:
            self._end(BackendError(f"{error}; it could not be restarted: {second}"))

    def _end(self, error):
        self._is_stopping = True
        self.fatal = self.fatal or error

    # -- the end before the end ----------------------------------------------

    def cancel(self):
        """End what runs where the backend can, and keep what had finished."""
        self._is_stopping = self._is_cancelling = True
        self._intake.why_cancelled = _WHY.get(self.ended_by, "cancelled")
        # What came home by itself was not cancelled.
        changes = self._take_in_the_last("crashed")
        used = []
        for entry in self._outstanding.values():
            if entry.chunk is not None:
                entry.chunk.is_stopped = True
                if entry.workers not in used:
                    used.append(entry.workers)
            if entry.attempt is not None:
                entry.attempt.cancel()
        for workers in used:
            workers.abort(be_ready=False)
        changes += self._take_in_the_last("cancelled")
        for entry in self._outstanding.values():
            if entry.attempt is not None and not math.isnan(entry.attempt.started):
                self._intake.command(entry, worker.clock(), status="cancelled")
            else:
                shares = entry.workers is not None and entry.workers.shares_memory
                self._returned.extend(
                    self._intake.cancellation(entry, shares_memory=shares)
                )
            changes.append(self._newest(entry))
        self._outstanding.clear()
        for change in changes:
            self._tell(*change)

    def _take_in_the_last(self, status_of_the_dead):
        """Rows of what has come home; what there is to tell of them."""
        changes = []
        while not self._arrived.empty():
            arrival = self._arrived.get()
            entry = None if arrival is _STOP else self._outstanding.get(arrival[0])
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
            self._returned.extend(back)
            if not back:
                changes.append(self._newest(entry))
        return changes

    def _newest(self, entry):
        """What there is to tell of an entry whose row has just been written."""
        collector = self._collector
        position = int(entry.piece.positions[0])
        return STATUSES[collector.last_status], position, collector.last_error

    def account_for_the_rest(self, why="never started"):
        """Rows for tasks that never started: none is silently missing."""
        self._is_cancelling = True
        now = worker.clock()
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
        for piece in pieces:
            entry = Entry(-1, piece, math.nan)
            self._collector.add_all(entry, "cancelled", why, received=now)
        if self._listener is not None:
            for piece in pieces:
                for position in piece.positions.tolist():
                    self._tell("cancelled", position, why)

    @property
    def setups(self):
        """``(lane, pid, began, ready)`` of agents' set-ups."""
        return self._intake.setups


def _items(batch):
    return getattr(batch, "items", ())
