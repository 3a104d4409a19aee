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
from ..tasks import Shell
from ..tasks.trying import Tries
from . import worker
from .again import Again
from .chunking import Sizer
from .ending import Ending
from .intake import Entry, Intake, is_broken_pool
from .lanes import LaneNotStarted, WorkerDied
from .limits import Limits, seconds_of
from .policies import Policy
from .shell import ShellAttempt
from .telling import Teller

# A chunk hands its rest back after this many times the duration it was sized for.
_OVERRUN = 2
# Seconds between two looks at what nobody reports: a thread that takes too long, a
# process of a multiprocessing pool that died.
_LOOK_EVERY = 0.05
# Seconds that it sleeps at most; a clock's limits are finite.
_SLEEP = 3600.0
_STOP = object()


class Dispatcher(Ending):
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
    tries : Tries or list of Tries, optional
        How often tasks are tried, all of them or each.
    limits : Limits, optional
        How long attempts may take.
    until : float, optional
        When the run is ended, on the host's clock.
    max_memory : int, optional
        Bytes that a process of a shell command may take.
    n_chunks : int
        Chunks of an earlier run, after which this one counts on.
    keeping : keeping.Keeping, optional
        Gets to know what is sent, and looks at it while it is on its way.
    listener : callable, optional
        Gets an `Event` for each change of each task; tasks then travel alone.
    zero : float
        The run's zero on the host's clock.
    user_code : context manager, optional
        Entered around what is not the engine's own code.
    hold : callable, optional
        Called when the run is about to be ended: what follows should not be disturbed.
    """

    def __init__(
        self,
        batch,
        pools,
        collector,
        *,
        rate=None,
        policy=None,
        tries=None,
        limits=None,
        until=math.inf,
        max_memory=None,
        n_chunks=0,
        keeping=None,
        listener=None,
        zero=0.0,
        user_code=None,
        hold=None,
    ):
        self._batch = batch
        self._pools = pools
        self._workers = pools[None]
        self._collector = collector
        self._intake = Intake(collector)
        self._again = Again(tries or Tries(), collector)
        self._limits = limits or Limits(None)
        if self._limits.is_learning:
            collector.watchers.append(self._limits.learn)
        self._rate = rate
        self._policy = policy or Policy()
        self._until = until
        self._max_memory = max_memory
        self._user_code = user_code or nullcontext()
        self._hold = hold or _nothing
        self._teller = Teller(batch, collector, listener, zero, self._user_code)
        self._sizers = {}
        self._returned = deque()
        self._outstanding = {}
        self._arrived = queue.SimpleQueue()
        self._suspects = set()  # positions of tasks that may have killed their worker
        self._watches_threads = self._limits.has_any and any(
            workers.is_of_threads for workers in pools.values()
        )
        may_die = any(workers.can_lose_others for workers in pools.values())
        self._look_at = 0.0 if self._watches_threads or may_die else math.inf
        n = self._workers.n_workers
        self._target = self._workers.chunk_seconds
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
        self._n_chunks = n_chunks
        self._keeping = keeping
        if keeping is not None:
            keeping.watch(self.outstanding)
        self._is_stopping = False
        self._stop_reason = ""
        self.ended_by = "completion"
        self.fatal = None

    def run(self):
        """Execute the batch to its end, or until the policy says that it is over."""
        self._teller.ready()
        if self._is_over():  # an earlier run had done enough
            return
        while not self._stop_reason:
            self._fill()
            # After a fatal error, nobody need wait for another attempt's time.
            is_idle = self._again.is_empty or self.fatal is not None
            if not self._outstanding and is_idle:
                if worker.clock() >= self._until and not self._is_stopping:
                    self._stop_reason = "deadline"
                break
            self._take_in(self._next_arrival())
            while not self._arrived.empty():
                self._take_in(self._arrived.get())
            now = worker.clock()
            if now >= self._next_look():
                self._look_around(now)
            if self._is_over():
                return
        if self._stop_reason and (self._outstanding or self._has_more()):
            self.ended_by = self._stop_reason
            self.cancel()

    def outstanding(self):
        """Chunks that are on their way; from any thread."""
        return list(self._outstanding.values())

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
            self._stop_starting(verdict)
            return False
        if verdict == "impossible" or self._outstanding or self._has_more():
            self.ended_by = verdict
        self.cancel()
        return True

    def _stop_starting(self, reason):
        """Running ones may finish; no other one starts."""
        self._is_stopping = True
        if self._outstanding or self._has_more():
            self.ended_by = reason
        given_up = self._again.give_up()
        # Those whose time had come wait here.
        self._returned = deque(
            piece
            for piece in self._returned
            if len(piece) > 1 or int(piece.positions[0]) not in given_up
        )
        for position, (status, why) in given_up.items():
            self._settle_task(position, status, why)

    def _has_more(self):
        return bool(self._returned or not self._again.is_empty or self._batch.may_go_on)

    # -- waiting -------------------------------------------------------------

    def _next_arrival(self):
        """What comes home next; _STOP where it is time to look around first."""
        until = self._next_look()
        try:
            if until == math.inf:
                return self._arrived.get()
            left = max(until - worker.clock(), 0.0)
            return self._arrived.get(timeout=min(left, _SLEEP))
        except queue.Empty:
            return _STOP

    def _next_look(self):
        return min(self._until, self._again.next_time, self._look_at)

    def _look_around(self, now):
        """Do what its time has come for, and see what nobody reports."""
        if now >= self._until:
            self._stop_reason = self._stop_reason or "deadline"
            return
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            if self._watches_threads:
                self._give_up_threads(now)
            for workers in {e.workers for e in self._outstanding.values()} - {None}:
                workers.guard()
                if workers.has_lost_one():
                    self._replace(workers)
        for position, piece in self._again.due(now):
            if piece is None:
                self._batch.again(position)
            else:
                piece.ready = now
                self._returned.append(piece)

    def _give_up_threads(self, now):
        for entry in list(self._outstanding.values()):
            is_in_thread = entry.chunk is not None and entry.workers.is_of_threads
            began = entry.chunk.began if is_in_thread else None
            seconds = seconds_of(entry.limit)
            if began is None or seconds is None or now < began + seconds:
                continue
            if entry.workers.abandon(entry.call):
                entry.chunk.is_stopped = True
                del self._outstanding[entry.number]
                self._free(entry)
                back = self._intake.overdue(entry, seconds, entry.call.lane)
                self._after(entry, back)

    def _replace(self, workers):
        """A pool that lost a process and does not say so: all it held is at risk."""
        self._repair(workers, BackendError("a process of the pool died"))
        while not self._arrived.empty():
            self._take_in(self._arrived.get())
        now = worker.clock()
        for entry in [e for e in self._outstanding.values() if e.workers is workers]:
            del self._outstanding[entry.number]
            self._free(entry)
            self._after(entry, self._lose_with_pool(entry, now))
            entry.close()

    # -- out -----------------------------------------------------------------

    def _fill(self):
        while len(self._outstanding) < self._limit and not self._is_stopping:
            if self._stop_reason or worker.clock() >= self._until:
                return
            piece = self._next_piece()
            if piece is None:
                return
            self._send(piece)

    def _next_piece(self):
        if any(entry.is_suspect for entry in self._outstanding.values()):
            # They have the workers' places: nobody else runs meanwhile.
            is_next = self._returned and self._is_suspect(self._returned[0])
            return self._returned.popleft() if is_next else None
        if self._returned:
            return self._returned.popleft()
        batch = self._batch
        if batch.is_planned:
            return batch.next_piece(self._collector.results)
        with self._user_code:
            if batch.is_exhausted:
                return None
        head = batch.head()
        if (
            self._teller.has_listener
            or self._watches_threads
            or isinstance(head, Shell)
        ):
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
        position = int(piece.positions[0])
        entry = Entry(self._n_chunks, piece, worker.clock())
        entry.limit = self._limits.of(position)
        self._again.begins(position)
        if self._keeping is not None:
            self._keeping.know(piece)
        self._teller.begins(position)
        if isinstance(piece.func, Shell):
            self._send_command(entry)
        else:
            self._send_chunk(entry)

    def _send_chunk(self, entry):
        piece = entry.piece
        entry.is_suspect = self._is_suspect(piece)
        workers = entry.workers = self._workers_of(piece)
        try:
            if piece.error is not None:
                raise piece.error
            if entry.is_suspect:
                workers = entry.workers = workers.in_lanes()
            chunk = workers.chunk(piece, self._budget(entry))
        except Exception as error:
            back = self._intake.refusal(entry, error)
            self._after(entry, back)
            if not back:
                self._is_over()
            return
        entry.chunk = chunk
        entry.sheet = workers.sheet(chunk)
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
                entry.call = workers.submit(
                    chunk, lambda out: arrived.put((number, out, clock())), entry.limit
                )
        except BackendError as error:
            self._withdraw(entry)
            self._end(error)
        except RuntimeError as error:
            # A broken pool refuses work; what it held before fails by its futures.
            self._withdraw(entry)
            self._repair(workers, error)

    def _budget(self, entry):
        """Seconds after which a chunk hands back what it has not begun."""
        seconds = _OVERRUN * self._target
        if self._until == math.inf:
            return seconds
        return max(min(seconds, self._until - worker.clock()), 0.0)

    def _send_command(self, entry):
        task = entry.piece.func
        entry.attempt = ShellAttempt(task, entry.limit, self._max_memory)
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
        self._teller.tell("submitted", int(entry.piece.positions[0]))
        return entry.number

    def _withdraw(self, entry):
        self._outstanding.pop(entry.number)
        self._free(entry)
        entry.close()
        self._come_back([entry.piece])

    def _free(self, entry):
        if entry.lane >= 0:
            self._free_lanes.append(entry.lane)

    def _come_back(self, pieces):
        self._returned.extendleft(reversed(pieces))
        for piece in pieces:
            self._teller.came_back(int(piece.positions[0]))

    def _is_suspect(self, piece):
        return int(piece.positions[0]) in self._suspects

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
        if entry.attempt is not None:
            self._after(entry, self._intake.command(entry, received))
            return
        try:
            self._take_in_chunk(entry, out, received)
        finally:
            entry.close()

    def _take_in_chunk(self, entry, out, received):
        intake = self._intake
        broken = None
        try:
            outcome = entry.workers.result(out)
        except WorkerDied as death:
            back = intake.death(entry, death, out, received)
        except LaneNotStarted as error:
            back = [entry.piece]
            self._end(error)
        except Exception as error:
            broken = error if is_broken_pool(error) else None
            if broken is not None and entry.workers.can_lose_others:
                back = self._lose_with_pool(entry, received)
            else:
                back = intake.loss(entry, error, received)
        else:
            back = intake.outcome(entry, outcome, out, received)
            if entry.n_received and not self._batch.is_planned:
                share = entry.n_received / len(entry.piece)
                self._sizer(entry.piece.func).observe(
                    entry.piece.cost * share, entry.ended - entry.began
                )
        self._after(entry, back)
        if broken is not None and not self._holds(entry.workers):
            self._repair(entry.workers, broken)

    def _holds(self, workers):
        return any(e.workers is workers for e in self._outstanding.values())

    def _lose_with_pool(self, entry, received):
        """Who broke the pool shows where each has a process to itself."""
        back = self._intake.loss_with_pool(entry, received)
        if not back:
            return back
        self._suspects.update(back[0].positions.tolist())
        # It was tried, as its row says.
        self._teller.begins(int(back[0].positions[0]))
        for lost in self._again.take_lost():
            self._collector.take_back(lost.status)
        return back

    def _after(self, entry, back):
        """An entry's rows are written: what of it is tried again, and what is over."""
        retried = {}
        # First: what stops the run sees that there is more, and adds rows of others.
        status, position, error = self._teller.newest(entry)
        self._come_back(back)
        for lost in self._again.take_lost():
            if self._tries_again(lost):
                retried[lost.position] = lost
        if back:
            return
        if self._batch.is_planned:
            self._batch.release(position)
        if position in retried and len(entry.piece) == 1:
            self._teller.tell("retried", position, error)
        elif self._batch.is_planned or self._teller.has_listener:
            self._settle_task(position, status, error)

    def _tries_again(self, lost):
        pause = self._again.pause(lost)
        tries = self._again.of(lost.position)
        if lost.status == "timeout" and tries.on_timeout == "stop":
            self._stop_starting("failure")
        if pause is None or self._is_stopping:
            return False
        if lost.status == "crashed" and lost.entry.is_suspect:
            self._suspects.add(lost.position)
        else:
            self._suspects.discard(lost.position)
        now = worker.clock()
        piece = None
        if not self._batch.is_planned:
            piece = lost.entry.piece.single(lost.index)
        self._again.put(lost, now + pause, piece)
        return True

    def _settle_task(self, position, status, error):
        """A task has ended: who waited for it may go on, or need not."""
        skipped = []
        if self._batch.is_planned:
            for task, cause in self._batch.settle(position, status == "done"):
                skipped.append((task, self._batch.reason_to_skip(cause)))
                row = Entry(-1, self._batch.piece_of(task), math.nan)
                self._collector.add(row, 0, "skipped", skipped[-1][1])
        # Listeners come last: one that is interrupted leaves nothing half done.
        self._teller.tell(status, position, error)
        for task, why in skipped:
            self._teller.tell("skipped", task, why)
        self._teller.ready()

    def _repair(self, workers, error):
        try:
            workers.abort(be_ready=True)
        except Exception as second:
            self._end(BackendError(f"{error}; it could not be restarted: {second}"))

    def _end(self, error):
        self._is_stopping = True
        self.fatal = self.fatal or error


def _items(batch):
    return getattr(batch, "items", ())


def _nothing():
    pass
