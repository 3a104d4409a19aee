"""`observe`: watches tasks and puts together what was found.

Knows which tasks to watch, and in which order; refuses to know how that is done
(`watching`), what a touch means (`touching`) and when two tasks clash (`clashes`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from operator import index

import joblib
import numpy as np
import pandas as pd

from ... import schema
from ...errors import ArgumentError, BackendError
from ...planning.wiring import in_order, wire
from ...runs import MISSING, Meta, Run
from ...tasks import Shell, Task, listed
from .. import worker
from ..details import versions
from . import clashes
from .results import Observation, make_observation
from .retelling import quoted
from .touching import CONNECT
from .watching import Seen, Watcher, some

_ENDS = {"failed": "it failed", "crashed": "it crashed", "timeout": "it was ended"}
# What nobody can see, said of every observation.
_UNSEEN = (
    "Files that libraries open in C, past Python's hooks; mere looks at a file "
    "(whether it exists, its size, its time); reading of environment variables."
)


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
    with its call, and with it what the call left running. Nothing is tried twice, and
    no agent is set up.

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
    tasks = listed(getattr(tasks, "tasks", tasks), "observe")  # also of a Plan
    chosen = _chosen(tasks, _checked_sample(sample))
    timeout = _checked_timeout(timeout)
    waits, _ = wire(tasks)
    order = in_order(tasks, waits)
    chosen = _with_what_they_wait_for(chosen, waits)
    zero, started_at = worker.clock(), datetime.now(UTC)
    seen: dict[int, Seen] = {}
    with Watcher(timeout) as watcher:
        for position in order:
            if position in chosen:
                before = [(tasks[i], seen[i]) for i in waits[position]]
                seen[position] = _skipped(before) or watcher.watch(tasks[position])
    return _put_together(tasks, seen, watcher, order, waits, zero, started_at)


# -- which tasks -------------------------------------------------------------------


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


def _skipped(before):
    """Why a task cannot be run, if what it waits for is not done."""
    missing = [task.name for task, seen in before if seen.status != "done"]
    if missing:
        return Seen("skipped", f"it needs {some(missing)}, which is not done")
    return None


# -- what was found ----------------------------------------------------------------


def _put_together(tasks, seen, watcher, order, waits, zero, started_at):
    cwd = watcher.place.folder
    accesses = {i: one.accesses for i, one in seen.items()}
    accesses = clashes.without_noise(accesses, cwd)
    found = clashes.find_clashes(
        accesses,
        in_vain={i for i, one in seen.items() if one.status != "done"},
        relative={i for i, one in seen.items() if one.uses_relative},
    )
    return make_observation(
        tasks,
        accesses,
        found,
        order=order,
        ordered=clashes.in_order(found, order, waits),
        left={i: one.left for i, one in seen.items()},
        not_observed=_not_observed(quoted(tasks), seen, accesses),
        run=_run_of(tasks, seen, watcher, waits, zero, started_at),
        cwd=cwd,
    )


def _not_observed(named, seen, accesses):
    said = []
    n_outside = len(named) - len(seen)
    if n_outside:
        said.append(f"{n_outside} task{'s' * (n_outside > 1)} outside the sample.")
    for i, one in sorted(seen.items()):
        if one.status == "skipped":
            said.append(f"{named[i]} did not run: {one.error}.")
        elif one.status != "done" and not one.has_returned:
            line = one.error.strip().partition("\n")[0]
            ended = _ENDS[one.status]
            said.append(f"What {named[i]} would have done after {ended} ({line}).")
        said += [f"{named[i]} {remark}." for remark in one.remarks]
    listed = (access for each in accesses.values() for access in each)
    addresses = {access.resource: None for access in listed if access.kind == CONNECT}
    if addresses:
        said.append(f"What is kept behind {some(addresses)}.")
    return [*said, _UNSEEN]


def _run_of(tasks, seen, watcher, waits, zero, started_at):
    rows = sorted(seen)
    place = {position: row for row, position in enumerate(rows)}
    found, observed = [seen[i] for i in rows], [tasks[i] for i in rows]

    def times(field):
        return np.array([getattr(one, field) for one in found], float) - zero

    frame = schema.coerce(
        {
            schema.TASK: np.arange(len(rows)),
            schema.NAME: [task.name for task in observed],
            schema.AGENT: [task.agent for task in observed],
            schema.STATUS: [one.status for one in found],
            schema.READY: times("submitted"),
            schema.SUBMITTED: times("submitted"),
            schema.STARTED: times("started"),
            schema.ENDED: times("ended"),
            schema.RECEIVED: times("ended"),
            schema.CPU: [one.cpu for one in found],
            schema.WORKER: [-1 if math.isnan(one.started) else 0 for one in found],
            schema.PID: [one.pid for one in found],
            schema.HOST: [worker.host()] * len(rows),
            schema.MAX_RSS: [one.max_rss for one in found],
            schema.ERROR: [one.error or None for one in found],
        }
    )
    edges = [(place[i], place[after]) for i in rows for after in waits[i]]
    edges = np.array(edges, np.int64).reshape(-1, 2)
    startups = np.array(watcher.startups, float).reshape(-1, 4)
    notes = ["each task ran alone, in a process of its own, under a hook"]
    if watcher.tracer.words:
        notes.append("commands ran under strace, which slows them")
    return Run(
        frame,
        Meta(
            n_workers=1,
            backend="isolated",
            host=worker.host(),
            cpu_count=joblib.cpu_count(),
            started_at=started_at.isoformat(),
            versions=versions(),
            source="observe",
            notes=tuple(notes),
        ),
        results=[watcher.results.get(task, MISSING) for task in observed],
        tracebacks={
            (row, 1): one.traceback
            for row, one in enumerate(found)
            if one.error and one.traceback
        },
        edges=pd.DataFrame({"task": edges[:, 0], "after": edges[:, 1]}),
        startups=pd.DataFrame(
            {
                "worker": startups[:, 0].astype(np.int32),
                "pid": startups[:, 1].astype(np.int64),
                "started": startups[:, 2] - zero,
                "ended": startups[:, 3] - zero,
            }
        ),
    )
