"""Isolated lanes: one supervised process each, sharing nothing with its neighbours.

Starts and ends worker processes, hands one call at a time to each, and tells exactly
what a death took with it. It knows nothing of batches, of tasks or of joblib.
"""

import atexit
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from typing import NamedTuple

import cloudpickle

from ..errors import BackendError
from . import frames, slate, warden, worker
from .limits import seconds_of

# Lanes kept warm between runs; a process waits for work at no cost but its memory.
_KEPT_WARM = max(16, 2 * (os.cpu_count() or 1))
# Seconds that idle ones have for their own end, all of them together.
_GRACE = 1.0
# Processes tried for one call before it is given up.
_PATIENCE = 3
# What an idle process does before another run may have it, and how long it may take
# (seconds).
_ASK = pickle.dumps(worker.go_home)
_ANSWER_WITHIN = 1.0
# How often a limit is read again that may change (seconds).
_LOOK_AGAIN = 0.05


class Salvage(NamedTuple):
    """What a dead worker left behind."""

    blocks: list  # of (records, payload)
    position: int | None  # of the attempt in progress within its chunk
    started: float  # seconds on the host's clock
    died: float
    pid: int
    setup: tuple | None = None  # when the worker's set-up was, if it was in this call


class WorkerDied(BackendError):
    """A lane's process ended in the middle of a call.

    Attributes
    ----------
    reason : str
        Exit code or signal by name.
    salvage : Salvage
    """

    def __init__(self, reason, salvage=None):
        super().__init__(f"the worker process died: {reason}")
        self.reason = reason
        self.salvage = salvage

    def __reduce__(self):
        return type(self), (self.reason,)


class TimedOut(WorkerDied):
    """A lane's process was ended because a call took longer than it may."""


class LaneNotStarted(BackendError):
    """A lane's process ended before it could take its first call."""


class RemoteTraceback(Exception):
    """The traceback of an exception as text, shown as its cause."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text

    def __str__(self):
        return f"\n\n{self.text}"


class Place(NamedTuple):
    """What a process inherits at its start; a lane serves runs of its own place."""

    environment: frozenset  # of (name, value)
    folder: str
    path: tuple[str, ...]

    @classmethod
    def now(cls, overrides):
        """The caller's environment, working directory and import path as they are."""
        try:
            folder = os.getcwd()
        except FileNotFoundError:
            folder = os.path.abspath(os.sep)
        environment = frozenset({**os.environ, **overrides}.items())
        return cls(environment, folder, tuple(map(str, sys.path)))


class LaneFuture(Future):
    """The outcome of a call; `lane` and `blocks` tell where it ran, what it sent."""

    def __init__(self, payload, limit=None):
        super().__init__()
        self.payload = payload
        self.limit = limit  # seconds that an attempt may take, or a function that knows
        self.has_timed_out = False
        self.overdue = None  # when the attempt began that took too long
        self.lane = -1
        self.blocks = []


class Lane:
    """One worker process and the thread that looks after it."""

    def __init__(self, place):
        self.place = place
        self.number = -1
        self._process = self._channel = self._memory = None
        # Held by whoever ends or replaces the process, so that a kill meant for one
        # call can never hit the next.
        self._lock = threading.RLock()
        self._job = None
        self._is_doomed = False  # killed, perhaps not dead yet
        self._is_closed = False

    # -- the process ---------------------------------------------------------

    def start(self):
        """Start the process unless it lives; returns without waiting for it."""
        with self._lock:
            if self._is_closed or self._process is not None:
                return
            ours, theirs = frames.socket_pair()
            memory, file = slate.new_memory()
            with theirs, file:
                try:
                    process = _spawn(self.place, theirs.fileno(), file.fileno())
                except BaseException:
                    ours.close()
                    raise
            warden.guard(process.pid)
            self._process, self._memory = process, memory
            self._channel = frames.Channel(ours, self._process)

    @property
    def pid(self):
        process = self._process
        return process.pid if process is not None else 0

    @property
    def is_usable(self):
        """Whether a later run can have this lane."""
        process = self._process
        return (
            process is not None
            and process.poll() is None
            and not self._is_closed
            and not self._is_stopped()
        )

    def goes_home(self):
        """Have an idle process undo what tasks did to its place; whether it can."""
        try:
            self._channel.send(frames.JOB, _ASK)
            kind, _ = self._channel.receive(time.monotonic() + _ANSWER_WITHIN)
        except (frames.PeerDied, frames.PeerClosed, TimeoutError):
            return False
        return kind == frames.RESULT

    def _is_stopped(self):
        """Whether the process was stopped (SIGSTOP): it would begin with nothing."""
        flags = os.WSTOPPED | os.WNOWAIT | os.WNOHANG
        try:
            return os.waitid(os.P_PID, self._process.pid, flags) is not None
        except ChildProcessError:
            return False

    def _reap(self):
        """End what is left of the process and its children; how it ended, in words."""
        with self._lock:
            process, channel = self._process, self._channel
            if process is None:
                return "it was stopped"
            # The group first: until the leader is reaped, its number is no one else's.
            _kill_group(process.pid)
            channel.close()
            warden.release(process.pid)
            code = process.wait()
            self._process = self._channel = None
            self._is_doomed = False
            return describe_exit(code)

    def kill(self, job=None):
        """Kill the process if it is busy (with `job`, where given), or about to be."""
        with self._lock:
            if self._job is not None and job in (None, self._job):
                self._is_doomed = True
                if self._process is not None:
                    _kill_group(self._process.pid)

    def peek(self, job):
        """What has ended of a call so far: blocks, oldest first."""
        with self._lock:
            if self._job is not job or self._process is None:
                return []
            memory = self._memory
        # Before the blocks that were sent: those that are sent now are among them.
        block = slate.peek(memory)
        blocks = list(job.blocks)
        is_still = self._job is job and self._memory is memory
        return [*blocks, block] if block is not None and is_still else blocks

    def hang_up(self):
        """Tell an idle process that it may end, in its own way."""
        with self._lock:
            self._is_closed = True
            if self._process is not None and self._job is None:
                self._channel.close()

    def close(self, until=0.0):
        """End the process by force, unless it ends by itself until a time (s)."""
        with self._lock:
            self._is_closed = True
            while worker.clock() < until and self._lives():
                time.sleep(0.005)
            self._reap()

    def _lives(self):
        # Not `poll`, which reaps: until then, the process's number is its own.
        if self._process is None:
            return False
        flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
        try:
            return os.waitid(os.P_PID, self._process.pid, flags) is None
        except ChildProcessError:
            return False

    # -- its calls -----------------------------------------------------------

    def serve(self, jobs, startups):
        """Take jobs from the queue until it yields None; runs in the lane's thread."""
        while (job := jobs.get()) is not None:
            with self._lock:
                if self._is_doomed:
                    # The call that was to be killed had ended by itself.
                    self._reap()
                    self._is_doomed = False
                if self._process is not None:
                    # Who looks at this call must not see what the last one left.
                    slate.wipe(self._memory)
                # First of all: who cannot cancel a call any more can kill it.
                self._job = job
            if not job.set_running_or_notify_cancel():
                self._job = None
                continue
            job.lane = self.number
            try:
                outcome, error = self._perform(job, startups), None
            except BaseException as e:
                outcome, error = None, e
            with self._lock:
                self._job = None
            if error is None:
                job.set_result(outcome)
            else:
                job.set_exception(error)

    def _perform(self, job, startups):
        for _ in range(_PATIENCE):
            self._prepare(startups)
            try:
                slate.wipe(self._memory)
                self._channel.send(frames.JOB, job.payload)
                return self._await(job)
            except (frames.PeerDied, frames.PeerClosed):
                if not slate.is_untouched(self._memory):
                    raise self._autopsy(job) from None
                # It was dead, or killed, before it took the call.
                was_stopped = self._is_doomed
                reason = self._reap()
                if was_stopped:
                    raise WorkerDied(reason) from None
        raise LaneNotStarted("worker processes die before they take a call")

    def _prepare(self, startups):
        """Have a live process that has said hello."""
        with self._lock:
            if self._is_doomed or self._is_closed:
                raise WorkerDied("it was stopped")
            if self._process is not None and self._is_stopped():
                self._reap()
            began, is_new = worker.clock(), self._process is None
            try:
                self.start()
            except OSError as error:
                raise LaneNotStarted(
                    f"a worker process could not be started: {error}"
                ) from error
        if not is_new:
            return
        try:
            self._channel.receive()
        except (frames.PeerDied, frames.PeerClosed):
            was_stopped = self._is_doomed
            reason = self._reap()
            if was_stopped:
                raise WorkerDied(reason) from None
            raise LaneNotStarted(
                f"a worker process ended before its first call ({reason}); "
                "its own message, if any, is on stderr"
            ) from None
        startups.append((self.number, self.pid, began, worker.clock()))

    def _await(self, job):
        while True:
            kind, body = self._receive(job)
            if kind == frames.BLOCK:
                size = int.from_bytes(body[:8], "little")
                view = memoryview(body)
                job.blocks.append((view[8 : 8 + size], view[8 + size :]))
            elif kind == frames.RESULT:
                return cloudpickle.loads(body)
            else:
                pickled, text = cloudpickle.loads(body)
                error = cloudpickle.loads(pickled)
                error.__cause__ = RemoteTraceback(text)
                raise error

    def _receive(self, job):
        """The next frame; an attempt that takes longer than it may is killed."""
        try:
            return self._within_limit(job, self._channel.receive)
        except frames.PeerClosed:
            # A task did that, perhaps an earlier one: it is no reason to end this one,
            # and the slate shows what is done.
            return self._within_limit(job, self._channel.await_end)
        except frames.PeerDied:
            raise
        except BaseException:
            # An answer that nobody waits for any more would be the next call's.
            self._reap()
            raise

    def _within_limit(self, job, wait):
        while job.limit is not None and not job.has_timed_out:
            # The clock starts with the attempt; until then, look for its start.
            began = slate.started(self._memory)
            seconds = seconds_of(job.limit)
            is_known = began is not None and seconds is not None
            left = began + seconds - worker.clock() if is_known else seconds
            if seconds is None or callable(job.limit):
                # What others take meanwhile may bring it down.
                left = min(_LOOK_AGAIN, _LOOK_AGAIN if left is None else left)
            try:
                return wait(time.monotonic() + max(left, 0.0))
            except TimeoutError:
                if is_known and worker.clock() >= began + seconds:
                    self._end_overdue(job, began, seconds)
        return wait()

    def _end_overdue(self, job, began, seconds):
        if slate.started(self._memory) == began:
            with self._lock:
                job.has_timed_out = True
                job.limit, job.overdue = seconds, began
                _kill_group(self._process.pid)

    def _autopsy(self, job):
        died, pid = worker.clock(), self.pid
        reason = self._reap()
        records, payload, position, started = slate.salvage(self._memory)
        if reason == describe_exit(frames.CUT_OFF):
            # Who could not send is not who closed the connection.
            reason, position = "its connection was closed", None
        blocks = [*job.blocks, (records, payload)]
        setup = slate.setup_of(self._memory)
        salvage = Salvage(blocks, position, started, died, pid, setup)
        if job.has_timed_out:
            if started == job.overdue:
                return TimedOut(f"it took longer than {job.limit:g} s", salvage)
            # It ended at that moment: the kill hit one that did nothing wrong.
            salvage = salvage._replace(position=None)
        return WorkerDied(reason, salvage)


def _spawn(place, socket_fd, slate_fd):
    code = (
        f"import sys; sys.path[:] = {list(place.path)!r}; "
        f"from {__package__}.serve import main; main({socket_fd}, {slate_fd})"
    )
    return subprocess.Popen(
        [sys.executable, *subprocess._args_from_interpreter_flags(), "-c", code],
        pass_fds=(socket_fd, slate_fd),
        stdin=subprocess.DEVNULL,
        env=dict(place.environment),
        cwd=place.folder,
        start_new_session=True,
    )


def _kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def describe_exit(code):
    """``"exit code 3"`` or ``"killed by SIGSEGV"`` from a `Popen.returncode`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


# -- lanes kept between runs ------------------------------------------------------

_reserve = []
_reserve_lock = threading.Lock()


class Lease:
    """`n` lanes for one owner, fed from one queue.

    Parameters
    ----------
    n : int
        Number of lanes; their processes start when there is work for them.
    place : Place
    """

    def __init__(self, n, place):
        self.startups = []  # (lane, pid, began, ready) of processes started here
        self._jobs = queue.SimpleQueue()
        self._unfinished = set()
        self.lanes = _take(n, place)
        self._threads = []
        for number, lane in enumerate(self.lanes):
            lane.number = number

    def submit(self, payload, callback=None, limit=None):
        """Queue a pickled callable; a `LaneFuture`."""
        job = LaneFuture(payload, limit)
        self._unfinished.add(job)
        job.add_done_callback(self._unfinished.discard)
        if callback is not None:
            job.add_done_callback(callback)
        if len(self._threads) < len(self.lanes):
            try:
                self._add_thread(self.lanes[len(self._threads)])
            except RuntimeError as error:
                if not self._threads:
                    self._unfinished.discard(job)
                    raise LaneNotStarted(
                        f"no thread could be started: {error}"
                    ) from error
        self._jobs.put(job)
        return job

    def _add_thread(self, lane):
        thread = threading.Thread(
            target=lane.serve,
            args=(self._jobs, self.startups),
            name=f"parallel_nb-lane-{lane.number}",
            daemon=True,
        )
        thread.start()
        self._threads.append(thread)

    def peek(self, job):
        """What has ended of a call so far, and in which process."""
        if job.lane < 0:
            return [], 0
        lane = self.lanes[job.lane]
        return lane.peek(job), lane.pid

    def kill_busy(self):
        """End the calls in progress with their processes, and drop those that wait."""
        for job in list(self._unfinished):
            job.cancel()
        for lane in self.lanes:
            lane.kill()

    def release(self):
        """Give the lanes back; calls in progress are waited for."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        _give_back(self.lanes)


def _take(n, place):
    with _reserve_lock:
        fitting = [lane for lane in _reserve if lane.place == place][:n]
        for lane in fitting:
            _reserve.remove(lane)
    taken = []
    for lane in fitting:
        if lane.is_usable:
            taken.append(lane)
        else:
            lane.close()
    return taken + [Lane(place) for _ in range(n - len(taken))]


def _give_back(lanes):
    kept = [lane for lane in lanes if lane.is_usable and lane.goes_home()]
    for lane in lanes:
        if lane not in kept:
            lane.close()
    with _reserve_lock:
        _reserve.extend(kept)
        surplus = _reserve[: max(0, len(_reserve) - _KEPT_WARM)]
        del _reserve[: len(surplus)]
    _close(surplus)


def close_reserve():
    """End all idle lanes; the next run starts new ones."""
    with _reserve_lock:
        lanes, _reserve[:] = list(_reserve), []
    _close(lanes)


def _close(lanes):
    """End idle lanes, which may have pools, shared memory and files to put away."""
    for lane in lanes:
        lane.hang_up()
    until = worker.clock() + _GRACE
    for lane in lanes:
        lane.close(until)


def _forget_reserve():
    # A forked child shares the sockets; two masters for one lane would garble both.
    global _reserve_lock
    _reserve_lock = threading.Lock()
    _reserve.clear()


atexit.register(close_reserve)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_reserve)
