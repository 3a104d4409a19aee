"""Runs one observed task at a time, and gathers what became of it.

Knows lanes, commands, and that nothing of them may stay behind; refuses to know what a
touch means (`touching`) and other tasks.
"""

import dataclasses
import glob
import math
import os
import pickle
import shutil
import signal
import tempfile
import threading
import time
from concurrent.futures import wait

import cloudpickle

from ...tasks import Shell, inputs_of, with_results
from .. import worker
from ..lanes import LaneNotStarted, Lease, Place, WorkerDied
from ..shell import ShellAttempt
from . import tracing
from .touching import COMMAND, PROCESS, is_untraced, read_notes, settle
from .traces import read_trace
from .witness import Observed

_STATUS = {
    worker.DONE: "done",
    worker.FAILED: "failed",
    worker.INVALID: "invalid",
}
_LISTED = 4
# How often (s) commands that have ended are looked for, to end what traces them.
_LOOK_EVERY = 0.25


@dataclasses.dataclass(slots=True)
class Seen:
    """What became of one task; times in seconds on the host's clock."""

    status: str
    error: str = ""
    traceback: str = ""
    submitted: float = math.nan
    started: float = math.nan
    ended: float = math.nan
    cpu: float = math.nan
    pid: int = 0
    max_rss: float = math.nan
    has_returned: bool = False
    accesses: list = dataclasses.field(default_factory=list)
    left: tuple[str, ...] = ()  # what it left changed in its process
    uses_relative: bool = False
    remarks: list = dataclasses.field(default_factory=list)  # what was not seen


class Watcher:
    """Observes tasks; a context manager that leaves no process and no file.

    Parameters
    ----------
    timeout : float
        Seconds that any task may take.

    Attributes
    ----------
    results : dict of task to object
    startups : list of (int, int, float, float)
        Lane, pid, and when its process was being started.
    """

    def __init__(self, timeout=math.inf):
        self.results = {}
        self.startups = []
        self.place = Place.now({})
        self.tracer = tracing.find_tracer()
        self._timeout = timeout
        self._n_watched = 0
        self._groups = []  # of processes that commands have left

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix="parallel_nb-observe-")
        return self

    def __exit__(self, *error):
        for group in self._groups:
            _end_group(group)
        shutil.rmtree(self._folder, ignore_errors=True)

    def watch(self, task) -> Seen:
        """Execute a task, whose inputs have been observed before, and watch it."""
        self._n_watched += 1
        file = os.path.join(self._folder, f"task-{self._n_watched}")
        own = task.timeout if isinstance(task.timeout, float) else math.inf
        limit = min(own, self._timeout)
        if isinstance(task, Shell):
            return self._watch_command(task, file, limit)
        return self._watch_call(task, file, limit)

    # -- calls ---------------------------------------------------------------

    def _watch_call(self, task, notes, limit):
        seen = Seen("failed", submitted=worker.clock())
        try:
            known = {each: self.results[each] for each in inputs_of(task)}
            call = (task.func, *with_results(task, known), task.check)
            call = cloudpickle.dumps(call, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            seen.error = f"the task could not be pickled: {error}"
            return seen
        open(notes, "xb").close()
        payload = pickle.dumps(Observed(call, notes, self.tracer.releasing))
        # Lanes kept warm for runs have another environment: the hook stays out of them.
        mark = ("PARALLEL_NB_OBSERVED", self._folder)
        place = self.place._replace(environment=self.place.environment | {mark})
        lease = Lease(1, place)
        try:
            # The clock of a timeout starts when the lane is there.
            lease.submit(pickle.dumps(os.getpid)).result()
            began = time.time_ns()
            self._await(task, seen, lease, payload, limit, notes)
        finally:
            for lane in lease.lanes:
                lane.close()
            lease.release()
            self.startups += lease.startups
        self._read(seen, notes, began)
        return seen

    def _await(self, task, seen, lease, payload, limit, notes):
        (lane,) = lease.lanes
        future = lease.submit(payload)
        seen.pid = lane.pid
        is_late = not self._ends_within(future, limit, notes)
        if is_late:
            lane.kill(future)
        try:
            self._take_in(task, seen, future.result())
        except LaneNotStarted:
            raise
        except WorkerDied as death:
            seen.status, seen.error = "crashed", str(death)
            if is_late:
                seen.status, seen.error = "timeout", _too_long(limit)
            if death.salvage is not None:
                seen.ended = death.salvage.died
        except Exception as error:
            seen.error = worker.describe(error)[0]

    def _ends_within(self, future, limit, notes):
        if not self.tracer.words:
            return bool(wait([future], None if limit == math.inf else limit).done)
        until = worker.clock() + limit
        while not wait([future], min(_LOOK_EVERY, until - worker.clock())).done:
            if worker.clock() >= until:
                return False
            if glob.glob(f"{glob.escape(notes)}-*"):
                traced = read_notes(notes).traced
                tracing.release({trace: pid for trace, _, pid in traced if pid})
        return True

    def _take_in(self, task, seen, report):
        seen.status = _STATUS[report.status]
        seen.started, seen.ended = report.started, report.ended
        seen.cpu, seen.max_rss = report.cpu, report.max_rss or math.nan
        seen.has_returned = report.has_returned
        if report.n_threads:
            several = report.n_threads > 1
            seen.remarks.append(
                f"left {report.n_threads} thread{'s' * several} running, which "
                f"{'were' if several else 'was'} ended"
            )
        if report.past_hooks:
            names = ", ".join(report.past_hooks)
            seen.remarks.append(f"has loaded {names}: files opened there are not seen")
        try:
            value = pickle.loads(report.data)
        except Exception as error:
            line = worker.describe(error)[0]
            seen.status = "failed"
            seen.error = f"the result could not be unpickled: {line}"
            return
        if seen.status == "failed":
            seen.error, seen.traceback, _ = value
        elif seen.status == "invalid":
            (seen.error, _, _), self.results[task] = value
        else:
            self.results[task] = value

    def _read(self, seen, path, began):
        """What the notes say, and the traces that they tell of."""
        notes = read_notes(path)
        touches = list(notes.touches)
        n_missed = notes.n_missed
        for file, folder, _ in notes.traced:
            trace = read_trace(file, folder)
            touches += trace.touches
            n_missed += trace.n_missed
        seen.accesses = settle(touches, began, notes.led)
        seen.uses_relative = notes.uses_relative
        if math.isnan(seen.started) and notes.started <= seen.ended:
            seen.started = notes.started
        elif math.isnan(seen.started):
            seen.ended = math.nan  # it did not come to a start
        own = {a.resource for a in seen.accesses if a.part == PROCESS}
        seen.left = tuple(
            name.removeprefix("env:") for name in sorted(notes.left_variables & own)
        )
        if notes.left_folder:
            seen.left += ("the working directory",)
        self._remark_commands(seen, notes)
        if n_missed:
            seen.remarks.append(_missed(n_missed))

    def _remark_commands(self, seen, notes):
        commands = [a for a in seen.accesses if a.kind == COMMAND]
        if not self.tracer.words:
            unseen, why = commands, f", as {self.tracer.why_not}"
        else:
            unseen = [a for a in commands if any(map(is_untraced, a.how))]
            why = ""
        names = [*(a.resource for a in unseen), *notes.untraced]
        if names:
            seen.remarks.append(
                f"started {some(names)}: what that read and wrote was not seen{why}"
            )

    # -- commands ------------------------------------------------------------

    def _watch_command(self, task, trace, limit):
        folder = os.path.realpath(task.cwd or os.curdir)
        words = None
        if self.tracer.words:
            path = {**os.environ, **(task.env or {})}.get("PATH")
            words = tracing.under(
                task.command, self.tracer.words, trace, folder=folder, path=path
            )
        traced = task if words is None else dataclasses.replace(task, command=words)
        attempt = ShellAttempt(traced)
        began, submitted = time.time_ns(), worker.clock()
        is_late = self._execute(attempt, limit)
        seen = Seen(
            "failed" if attempt.error else "done",
            attempt.error,
            submitted=submitted,
            started=attempt.started,
            ended=attempt.ended,
            cpu=attempt.cpu,
            pid=attempt.pid,
            max_rss=attempt.max_rss or math.nan,
            has_returned=attempt.is_invalid,
        )
        if attempt.is_invalid:
            seen.status = "invalid"
        elif is_late and attempt.error:
            seen.status, seen.error = "timeout", _too_long(limit)
        if attempt.result is not None:
            result = dataclasses.replace(attempt.result, command=task.command)
            if seen.status in ("done", "invalid"):
                self.results[task] = result
            else:
                seen.traceback = result.stderr
        if words is not None:
            touches, n_missed = read_trace(trace, folder, attempt.pid)
            seen.accesses = settle(touches, began)
            if n_missed:
                seen.remarks.append(_missed(n_missed))
        elif not self.tracer.words:
            seen.remarks.append(
                "is a command: what it read and wrote was not seen, as "
                f"{self.tracer.why_not}"
            )
        return seen

    def _execute(self, attempt, limit):
        """Let a command run; whether it had to be ended."""
        was_late = threading.Event()

        def end():
            was_late.set()
            attempt.cancel()

        timer = threading.Timer(limit, end) if limit < math.inf else None
        try:
            if timer is not None:
                timer.start()
            attempt()
        finally:
            if timer is not None:
                timer.cancel()
            attempt.cancel()  # an interrupt leaves it running
            if attempt.pid and _is_alive(attempt.pid):
                # Later tasks may need what it left running.
                self._groups.append(attempt.pid)
        return was_late.is_set()


def some(texts) -> str:
    """The first few of them, shortened and quoted."""
    listed = [repr(text if len(text) <= 60 else f"{text[:59]}…") for text in texts]
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return ", ".join(listed[:_LISTED]) + more


def _missed(n):
    return f"did {n} thing{'s' * (n > 1)} that could not be made out"


def _too_long(limit):
    return f"it took longer than {limit:g} s"


def _is_alive(group):
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _end_group(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
