"""`observe`: runs tasks one at a time, each in a lane of its own, and watches them.

Knows lanes, commands and what became of each task; refuses to know what a touch means
(`touching`) and when two tasks clash (`clashes`).
"""

import dataclasses
import math
import os
import pickle
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import wait
from datetime import UTC, datetime
from operator import index

import cloudpickle
import joblib
import numpy as np
import pandas as pd

from .. import schema
from ..errors import ArgumentError, BackendError
from ..planning.wiring import in_order, wire
from ..runs import MISSING, Meta, Run
from ..tasks import Shell, Task, inputs_of, is_task, with_results
from . import clashes, tracing, worker
from .jobs import versions
from .lanes import LaneNotStarted, Lease, Place, WorkerDied
from .observation import Observation, make_observation
from .shell import ShellAttempt
from .retelling import quoted
from .touching import COMMAND, CONNECT, NOTHING, is_untraced, read_notes, settle
from .traces import read_trace

_STATUS = {
    worker.DONE: "done",
    worker.FAILED: "failed",
    worker.INVALID: "invalid",
}
# What nobody can see, said of every observation.
_UNSEEN = (
    "Files that libraries open in C, past Python's hooks; mere looks at a file "
    "(whether it exists, its size, its time); reading of environment variables."
)
_LISTED = 4


def observe(
    tasks: Iterable[Task | Shell],
    *,
    sample: int | None = None,
    timeout: float | None = None,
) -> Observation:
    """What tasks really read and write, and which would disturb each other.

    The tasks are executed, for real, one at a time and each in a fresh process: none
    sees another's imports, caches, threads or variables. They go in the order given,
    each after those it waits for, and are passed their results. A process is ended
    with its call, and with it what the call left running. Nothing is tried twice.

    Parameters
    ----------
    tasks : iterable of Task
        Made by `Task` and `shell`.
    sample : int, optional
        Observe so many only: shared evenly among the functions and commands of the
        batch, and spread evenly over the tasks of each. What they wait for is observed
        as well. Default: all.
    timeout : float, optional
        Seconds after which any task is ended; a task's own timeout counts as well,
        unless it is a multiple of the median.

    Returns
    -------
    Observation
        Who touched what, the conflicts and which of them nobody declared, and copies
        of the tasks that declare all of it, for `plan`. A task that fails is observed
        as far as it got.

    Raises
    ------
    PlanError
        If tasks wait for each other in a circle, or for one that is not there.
    ArgumentError
        If an argument is not as described.
    BackendError
        If no lane can be started; there are none on Windows.

    Notes
    -----
    A call is watched by an audit hook [1]_: it sees what Python opens, lists, makes,
    renames and removes, connections, commands, variables, and the working directory.
    Libraries that open files in C are past it. What imports read is left out, and so
    is reading in the folders of Python and the system. SQLite's files are compared
    before and after. Shell commands, and commands that calls start, are run under
    ``strace`` where it is installed and may trace, which makes them slower and takes
    set-user-ID programs their rights; elsewhere `Observation.not_observed` says so.

    References
    ----------
    .. [1] Dower, "PEP 578 - Python Runtime Audit Hooks", 2018.

    Examples
    --------
    Three innocent-looking functions, two of which keep one log:

    >>> import os, tempfile
    >>> from parallel_nb import Task, plan
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = os.path.join(folder.name, "app.log")
    >>> def clean(rows):
    ...     kept = [row for row in rows if row]
    ...     with open(path, "a") as log:
    ...         log.write(f"kept {len(kept)}")
    ...     return kept
    >>> def count(rows):
    ...     return len(rows)
    >>> def total(rows):
    ...     with open(path, "a") as log:
    ...         log.write("adding up")
    ...     return sum(rows)
    >>> seen = observe([Task(each, [3, 0, 4]) for each in (clean, count, total)])
    >>> seen
    <Observation 3 tasks · 1 conflict, 1 undeclared>
    >>> print(seen.to_text())
    3 tasks observed, one at a time: 1 conflict, which is not declared.
    <BLANKLINE>
    'clean' and 'total' both write ...app.log; neither says so.
      plan(observation.tasks) keeps them apart.
    ...
    >>> plan(seen.tasks, history=seen.run).rounds
    ((0, 1), (2,))
    >>> folder.cleanup()
    """
    if os.name != "posix":
        raise BackendError("`observe` needs isolated lanes, which are for POSIX only")
    tasks = _checked_tasks(tasks)
    chosen = _chosen(tasks, _checked_sample(sample))
    timeout = _checked_timeout(timeout)
    waits, inputs = wire(tasks)
    order = in_order(tasks, waits)
    chosen = _with_what_they_wait_for(chosen, waits)
    with _Watcher(tasks, timeout) as watcher:
        for position in order:
            if position in chosen:
                watcher.observe(position, waits[position])
    return watcher.finish(order, waits, chosen)


# -- which tasks -------------------------------------------------------------------


def _checked_tasks(tasks):
    tasks = getattr(tasks, "tasks", tasks)  # of a Plan
    if is_task(tasks):
        return (tasks,)
    if isinstance(tasks, str | bytes | Mapping) or not isinstance(tasks, Iterable):
        hint = " Pass observe([Task(func, input), …])." if callable(tasks) else ""
        raise ArgumentError(
            "`tasks` must be tasks made by Task(...) and shell(...); got "
            f"{type(tasks).__name__}.{hint}"
        )
    listed = tuple(tasks)
    for position, task in enumerate(listed):
        if not is_task(task):
            raise ArgumentError(
                f"item {position} of `tasks` must be a Task or a shell(...) command; "
                f"got {type(task).__name__} ({task!r:.60})"
            )
    return listed


def _checked_sample(sample):
    if sample is None:
        return None
    try:
        number = 0 if isinstance(sample, bool) else index(sample)
    except TypeError:
        number = 0
    if number < 1:
        raise ArgumentError(
            f"`sample` must be a number of tasks, 1 or more; got {sample!r}. "
            "Leave it out to observe all."
        )
    return number


def _checked_timeout(timeout):
    if timeout is None:
        return math.inf
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if not is_number or not timeout > 0:
        raise ArgumentError(
            f"`timeout` must be a number of seconds above 0; got {timeout!r}"
        )
    return float(timeout)


def _chosen(tasks, sample):
    """Positions of the tasks to observe."""
    if sample is None or sample >= len(tasks):
        return set(range(len(tasks)))
    kinds: dict = {}
    for position, task in enumerate(tasks):
        if isinstance(task, Shell):
            words = task.command.split() if isinstance(task.command, str) else None
            kind = (words or task.command)[0]
        else:
            kind = id(task.func)
        kinds.setdefault(kind, []).append(position)
    shares = dict.fromkeys(kinds, 0)
    left = sample
    while left:
        for kind, positions in kinds.items():
            if left and shares[kind] < len(positions):
                shares[kind] += 1
                left -= 1
    chosen = set()
    for kind, positions in kinds.items():
        places = np.linspace(0, len(positions) - 1, shares[kind]).round().astype(int)
        chosen.update(positions[place] for place in places)
    return chosen


def _with_what_they_wait_for(chosen, waits):
    found, waiting = set(chosen), list(chosen)
    while waiting:
        new = set(waits[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


# -- watching them -----------------------------------------------------------------


@dataclasses.dataclass(slots=True)
class _Seen:
    """What became of one task; times on the host's clock, s."""

    status: str
    error: str = ""
    traceback: str = ""
    submitted: float = math.nan
    started: float = math.nan
    ended: float = math.nan
    cpu: float = math.nan
    pid: int = 0
    max_rss: float = math.nan
    accesses: list = dataclasses.field(default_factory=list)
    has_returned: bool = False
    left: tuple = ()
    uses_relative: bool = False
    remarks: list = dataclasses.field(default_factory=list)


class _Watcher:
    """Observes tasks, and gathers what came of it."""

    def __init__(self, tasks, timeout):
        self._tasks = tasks
        self._timeout = timeout
        self._seen = {}
        self._results = {}  # task -> what it returned
        self._startups = []
        self._groups = []  # of processes that commands left behind
        self._zero, self._started_at = worker.clock(), datetime.now(UTC)
        self._place = Place.now({})
        self._tracer = tracing.find_tracer()

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix="parallel_nb-observe-")
        return self

    def __exit__(self, *error):
        for group in self._groups:
            _end_group(group)
        shutil.rmtree(self._folder, ignore_errors=True)

    def observe(self, position, waits):
        task = self._tasks[position]
        missing = [i for i in waits if self._seen[i].status != "done"]
        if missing:
            names = ", ".join(repr(self._tasks[i].name) for i in missing[:_LISTED])
            seen = _Seen("skipped", f"it needs {names}, which is not done")
        elif isinstance(task, Shell):
            seen = self._observe_command(task, position)
        else:
            seen = self._observe_call(task, position)
        self._seen[position] = seen

    def _limit(self, task):
        own = task.timeout if isinstance(task.timeout, float) else math.inf
        return min(own, self._timeout)

    # -- calls ---------------------------------------------------------------

    def _observe_call(self, task, position):
        notes = os.path.join(self._folder, f"task-{position}")
        open(notes, "xb").close()
        seen = _Seen("failed", submitted=worker.clock())
        try:
            known = {each: self._results[each] for each in inputs_of(task)}
            call = (task.func, *with_results(task, known), task.check)
            call = cloudpickle.dumps(call, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            seen.error = f"the task could not be pickled: {error}"
            return seen
        from .witness import Observed

        payload = pickle.dumps(Observed(call, notes, self._tracer.words))
        began = time.time_ns()
        lease = Lease(1, self._place._replace(environment=self._environment()))
        (lane,) = lease.lanes
        try:
            lease.submit(pickle.dumps(os.getpid)).result()  # a lane that is ready
            future = lease.submit(payload)
            seen.pid = lane.pid
            limit = self._limit(task)
            wait([future], None if limit == math.inf else limit)
            is_late = not future.done()
            if is_late:
                lane.kill(future)
            try:
                self._take_in(task, seen, future.result())
            except LaneNotStarted:
                raise
            except WorkerDied as death:
                seen.status = "timeout" if is_late else "crashed"
                seen.error = (
                    f"it took longer than {limit:g} s" if is_late else str(death)
                )
                if death.salvage is not None:
                    seen.ended = death.salvage.died
            except Exception as error:
                seen.error = f"{type(error).__name__}: {error}"
        finally:
            lane.close(wait=False)
            lease.release()
            self._startups += [(0, *startup[1:]) for startup in lease.startups]
        self._read_notes(seen, notes, began)
        return seen

    def _environment(self):
        # Lanes that are kept warm have another one: the hook stays out of them.
        return self._place.environment | {("PARALLEL_NB_OBSERVED", self._folder)}

    def _take_in(self, task, seen, report):
        seen.status = _STATUS[report.status]
        seen.started, seen.ended = report.started, report.ended
        seen.cpu, seen.max_rss = report.cpu, report.max_rss or math.nan
        seen.has_returned = report.has_returned
        if report.n_threads:
            seen.remarks.append(
                f"left {report.n_threads} thread{'s' * (report.n_threads > 1)} running"
            )
        if report.past_hooks:
            names = ", ".join(report.past_hooks)
            seen.remarks.append(f"has loaded {names}, which opens files past the hook")
        try:
            value = pickle.loads(report.data)
        except Exception as error:
            seen.status = "failed"
            seen.error = f"the result could not be unpickled: {error}"
            return
        if report.status == worker.DONE:
            self._results[task] = value
            return
        failure = value
        if report.status == worker.INVALID:
            failure, self._results[task] = value
        seen.error, seen.traceback, _ = failure

    def _read_notes(self, seen, path, began):
        notes = read_notes(path)
        touches = list(notes.touches)
        for trace, folder in notes.traced:
            touches += read_trace(trace, folder)
        seen.accesses = settle(touches, began)
        seen.uses_relative = notes.uses_relative
        if not math.isnan(seen.ended) and math.isnan(seen.started):
            seen.started = notes.started
            seen.ended = seen.ended if notes.started <= seen.ended else math.nan
        imported = {a.resource for a in seen.accesses if a.part == NOTHING}
        left = notes.left_variables - imported
        seen.left = tuple(name.removeprefix("env:") for name in sorted(left))
        if notes.left_folder:
            seen.left += ("the working directory",)
        commands = [a for a in seen.accesses if a.kind == COMMAND]
        escaped = [a.resource for a in commands if any(map(is_untraced, a.how))]
        if commands and not self._tracer.words:
            escaped = [a.resource for a in commands]
            why = f", as {self._tracer.why_not}"
        else:
            escaped += notes.untraced
            why = ""
        if escaped:
            seen.remarks.append(
                f"started {_some(escaped)}: what it read and wrote was not seen{why}"
            )
        if notes.n_missed:
            seen.remarks.append(f"did {notes.n_missed} things that could not be read")

    # -- commands ------------------------------------------------------------

    def _observe_command(self, task, position):
        trace = os.path.join(self._folder, f"task-{position}")
        folder = os.path.realpath(task.cwd) if task.cwd else os.getcwd()
        words = None
        if self._tracer.words:
            path = {**os.environ, **(task.env or {})}.get("PATH")
            words = tracing.under(
                task.command, self._tracer.words, trace, folder=folder, path=path
            )
        traced = task if words is None else dataclasses.replace(task, command=words)
        attempt = ShellAttempt(traced)
        began, submitted = time.time_ns(), worker.clock()
        limit, was_late = self._limit(task), threading.Event()

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
            attempt.cancel()
            if attempt.pid and _is_group(attempt.pid):
                self._groups.append(attempt.pid)
        seen = _Seen(
            "failed" if attempt.error else "done",
            attempt.error,
            submitted=submitted,
            started=attempt.started,
            ended=attempt.ended,
            cpu=attempt.cpu,
            pid=attempt.pid,
            max_rss=attempt.max_rss or math.nan,
        )
        if attempt.result is not None:
            result = dataclasses.replace(attempt.result, command=task.command)
            seen.traceback = result.stderr if attempt.error else ""
            if not attempt.error or attempt.is_invalid:
                self._results[task] = result
        if attempt.is_invalid:
            seen.status, seen.has_returned = "invalid", True
        if was_late.is_set() and attempt.error:
            seen.status, seen.error = "timeout", f"it took longer than {limit:g} s"
        if words is not None:
            touches = read_trace(trace, folder, attempt.pid)
            seen.accesses = settle(touches, began)
        elif not self._tracer.words:
            seen.remarks.append(
                f"is a command: what it reads and writes was not seen, as "
                f"{self._tracer.why_not}"
            )
        return seen

    # -- all together --------------------------------------------------------

    def finish(self, order, waits, chosen):
        seen, named = self._seen, quoted(self._tasks)
        cwd = self._place.folder
        accesses = clashes.without_noise(
            {i: one.accesses for i, one in seen.items()}, cwd
        )
        found = clashes.find_clashes(
            accesses,
            in_vain={i for i, one in seen.items() if one.status != "done"},
            relative={i for i, one in seen.items() if one.uses_relative},
        )
        return make_observation(
            self._tasks,
            accesses,
            found,
            order=order,
            ordered=clashes.in_order(found, order, waits),
            left={i: one.left for i, one in seen.items()},
            not_observed=self._not_observed(accesses, named),
            run=self._run(waits),
            cwd=cwd,
        )

    def _not_observed(self, accesses, named):
        said = []
        n_outside = len(named) - len(self._seen)
        if n_outside:
            said.append(f"{n_outside} task{'s' * (n_outside > 1)} outside the sample.")
        for i, one in sorted(self._seen.items()):
            name = named[i]
            if one.status == "skipped":
                said.append(f"{name} did not run: {one.error}.")
            elif one.status != "done" and not one.has_returned:
                first = one.error.strip().partition("\n")[0]
                said.append(
                    f"What {name} would have done after it ended as {one.status} "
                    f"({first})."
                )
            said += [f"{name} {remark}." for remark in one.remarks]
        addresses = {
            a.resource: None
            for listed in accesses.values()
            for a in listed
            if a.kind == CONNECT
        }
        if addresses:
            said.append(f"What is kept behind {_some(list(addresses))}.")
        return [*said, _UNSEEN]

    def _run(self, waits):
        rows = sorted(self._seen)
        seen = [self._seen[i] for i in rows]
        tasks = [self._tasks[i] for i in rows]
        zero = self._zero
        has_run = [not math.isnan(one.started) for one in seen]

        def times(field):
            return np.array([getattr(one, field) for one in seen], float) - zero

        frame = schema.coerce(
            {
                schema.TASK: np.arange(len(rows)),
                schema.NAME: [task.name for task in tasks],
                schema.AGENT: [task.agent for task in tasks],
                schema.STATUS: [one.status for one in seen],
                schema.READY: times("submitted"),
                schema.SUBMITTED: times("submitted"),
                schema.STARTED: times("started"),
                schema.ENDED: times("ended"),
                schema.RECEIVED: times("ended"),
                schema.CPU: [one.cpu for one in seen],
                schema.WORKER: np.where(has_run, 0, -1),
                schema.PID: [one.pid for one in seen],
                schema.HOST: [worker.host()] * len(rows),
                schema.MAX_RSS: [one.max_rss for one in seen],
                schema.ERROR: [one.error or None for one in seen],
            }
        )
        place = {i: row for row, i in enumerate(rows)}
        edges = [(place[i], place[after]) for i in rows for after in waits[i]]
        edges = np.array(edges, np.int64).reshape(-1, 2)
        notes = ["each task ran alone and in a process of its own, under a hook"]
        if self._tracer.words:
            notes.append("commands ran under strace, which slows them")
        return Run(
            frame,
            Meta(
                n_workers=1,
                backend="isolated",
                host=worker.host(),
                cpu_count=joblib.cpu_count(),
                started_at=self._started_at.isoformat(),
                versions=versions(),
                source="observe",
                notes=tuple(notes),
            ),
            results=[self._results.get(task, MISSING) for task in tasks],
            tracebacks={
                (row, 1): one.traceback
                for row, one in enumerate(seen)
                if one.error and one.traceback
            },
            edges=pd.DataFrame({"task": edges[:, 0], "after": edges[:, 1]}),
            startups=pd.DataFrame(
                {
                    "worker": pd.array([s[0] for s in self._startups], "int32"),
                    "pid": pd.array([s[1] for s in self._startups], "int64"),
                    "started": [float(s[2] - zero) for s in self._startups],
                    "ended": [float(s[3] - zero) for s in self._startups],
                }
            ),
        )


def _some(texts):
    listed = [repr(text if len(text) <= 60 else f"{text[:59]}…") for text in texts]
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return ", ".join(listed[:_LISTED]) + more


def _is_group(number):
    """Whether processes of this group are alive."""
    try:
        os.killpg(number, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _end_group(number):
    try:
        os.killpg(number, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
