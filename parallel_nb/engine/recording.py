"""`record`: joblib code that is not ours becomes Runs.

Reads what `hooks` wrote while the code ran. Knows frames; changes nothing in joblib.
"""

import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

import joblib
import numpy as np
import pandas as pd

from .. import schema
from ..runs import Meta, Run
from . import hooks, worker
from .collecting import identify_lanes
from .details import versions

_LISTED = 20  # calls in the text of a log
_ATTEMPT_DTYPE = np.dtype(hooks.ATTEMPT_FIELDS)


class record:
    """A log of all `joblib.Parallel` calls in a ``with`` block, whose ever: a Run each.

    Calls made by this thread and by the tasks it started are recorded, nested ones
    included; calls of other threads are not. Results, their order, exceptions, warnings
    and scheduling are what they would be without recording.

    Parameters
    ----------
    label : str
        Kept in each run's ``meta``.

    Returns
    -------
    Log
        From the ``with`` statement: a sequence of `Run`, one a call, in the order in
        which the calls began.

    Examples
    --------
    >>> from joblib import Parallel, delayed
    >>> with record() as log:
    ...     values = Parallel(n_jobs=1)(delayed(abs)(x) for x in (-1, 2))
    >>> values, len(log), len(log[0].tasks)
    ([1, 2], 1, 2)
    """

    def __init__(self, label: str = ""):
        self._label = label

    def __enter__(self):
        folder = tempfile.mkdtemp(prefix="parallel_nb-record-")
        for name in ("attempts", "events"):
            open(os.path.join(folder, name), "wb").close()
        self._log = Log(hooks.Spool(folder), self._label)
        self._outer = hooks.active.get()
        hooks.install()
        self._token = hooks.active.set((self._log._spool, None, None))
        return self._log

    def __exit__(self, *error):
        hooks.active.reset(self._token)
        hooks.uninstall()
        if self._outer is not None:
            outer, call, index = self._outer
            outer.adopt(self._log._spool.path, call, index)
        self._log._finish()


class Log(Sequence):
    """The Runs of a `record` block; grows while the block runs."""

    def __init__(self, spool, label):
        self._spool = spool
        self._label = label
        self._runs = None

    def _finish(self):
        self._runs = _read(self._spool.path, self._label)
        self._spool.close()
        shutil.rmtree(self._spool.path, ignore_errors=True)

    def _current(self):
        if self._runs is not None:
            return self._runs
        return _read(self._spool.path, self._label)

    def __len__(self):
        return len(self._current())

    def __getitem__(self, index):
        return self._current()[index]

    def __repr__(self):
        runs = self._current()
        if not runs:
            return "<Log: no joblib.Parallel call yet>"
        has_room = len(runs) <= _LISTED
        lines, n_nested = [], 0
        for i, run in enumerate(runs):
            parent = run.meta.parent
            if parent and not has_room:
                n_nested += 1
                continue
            inside = f"  in task {parent[1]} of [{parent[0]}]" if parent else ""
            lines.append(f"[{i}] {run!r}{inside}")
        if len(lines) > _LISTED:
            lines[_LISTED:] = [f"and {len(lines) - _LISTED} more"]
        if n_nested:
            lines.append(f"and {n_nested} inside tasks of these; log.summary() has all")
        return "\n".join(lines)

    def summary(self) -> pd.DataFrame:
        """`Run.summary` of each run, one row each, with its backend."""
        runs = self._current()
        if not runs:
            return pd.DataFrame()
        table = pd.concat([run.summary() for run in runs], ignore_index=True)
        table.insert(0, "backend", [run.meta.backend for run in runs])
        return table


def _read(folder, label):
    with open(os.path.join(folder, "attempts"), "rb") as file:
        data = file.read()
    whole = len(data) - len(data) % hooks.ATTEMPT.size
    attempts = np.frombuffer(data[:whole], _ATTEMPT_DTYPE)
    with open(os.path.join(folder, "events"), "rb") as file:
        lines = file.read().split(b"\n")
    calls = defaultdict(lambda: {"names": [], "chunks": [], "errors": {}})
    for line in lines[:-1]:
        event = json.loads(line)
        call = calls[event.pop("call")]
        if "name" in event:
            call["names"].append((event["first"], event["name"]))
        elif "chunk" in event:
            call["chunks"].append((event["chunk"], event["n"], event["submitted"]))
        elif "error" in event:
            call["errors"][event["index"]] = event["error"], event["text"]
        else:
            call.update(event)
    ids = sorted(
        (c for c in calls if "began" in calls[c]), key=lambda c: calls[c]["began"]
    )
    order = {call: i for i, call in enumerate(ids)}
    attempts = attempts[np.argsort(attempts["call"], kind="stable")]
    runs = []
    for call in ids:
        at = np.searchsorted(attempts["call"], [call, call + 1])
        runs.append(_run_of(calls[call], attempts[at[0] : at[1]], order, label))
    return runs


def _run_of(call, records, order, label):
    n_seen = int(records["index"].max()) + 1 if len(records) else 0
    n_tasks = max(call.get("n_tasks", 0), n_seen)
    is_over = "returned" in call
    is_list = call["return_as"] == "list"
    zero = call["began"]
    missing = np.setdiff1d(np.arange(n_tasks), records["index"])
    task = np.concatenate([records["index"], missing])
    sort = np.argsort(task, kind="stable")
    n_workers = max(call.get("n_workers", 1), 1)
    lanes = identify_lanes(
        records["pid"],
        records["thread"],
        records["started"],
        records["ended"],
        n_workers,
    )

    def column(values, blank, shift=0.0):
        filler = np.full(len(missing), blank, values.dtype)
        return np.concatenate([values - shift if shift else values, filler])[sort]

    status = column(
        records["status"].astype(np.int8), schema.STATUSES.index("cancelled")
    )
    errors = np.full(n_tasks, None, object)
    errors[missing] = "no record: the call ended before the task did"
    notes = []
    if len(missing) and is_over and is_list and not call["raised"]:
        # The call returned, so these were done, only nobody could write it down.
        status[missing] = 0
        errors[missing] = None
        notes.append(f"times of {len(missing)} tasks could not be recorded")
    tracebacks = {}
    for index, (line, text) in call["errors"].items():
        if index < n_tasks:
            errors[index] = line
            tracebacks[index, 1] = text
    chunk, submitted = _chunks(call["chunks"], n_tasks)
    pulled = column(records["submitted"], np.nan)
    frame = schema.coerce(
        {
            "task": np.arange(n_tasks),
            "name": _names(call["names"], n_tasks),
            "status": pd.Categorical.from_codes(status, list(schema.STATUSES)),
            "ready": pulled - zero,
            "submitted": np.where(np.isnan(submitted), pulled, submitted) - zero,
            "started": column(records["started"], np.nan, zero),
            "ended": column(records["ended"], np.nan, zero),
            "cpu": column(records["cpu"], np.nan),
            "worker": column(lanes, -1),
            "pid": column(records["pid"], 0),
            "host": worker.host(),
            "chunk": chunk,
            "error": errors,
        }
    )
    parent = call.get("parent")
    known = parent is not None and parent in order
    return Run(
        frame,
        Meta(
            n_workers=max(n_workers, int(lanes.max(initial=-1)) + 1),
            backend=call.get("backend", "unknown"),
            host=worker.host(),
            cpu_count=joblib.cpu_count(),
            started_at=datetime.fromtimestamp(call["at"], UTC).isoformat(),
            versions=versions(),
            label=label,
            ended_by="error" if call.get("raised") else "completion",
            source="record",
            parent=(order[parent], call["parent_index"]) if known else None,
            notes=tuple(notes),
        ),
        tracebacks=tracebacks,
    )


def _chunks(chunks, n_tasks):
    """Chunk number and time of submission of each task, where they travelled."""
    number = np.full(n_tasks, -1, np.int32)
    submitted = np.full(n_tasks, np.nan)
    for i, (first, n, at) in enumerate(sorted(chunks)):
        number[first : first + n] = i
        submitted[first : first + n] = at
    return number, submitted


def _names(changes, n_tasks):
    if len(changes) <= 1:
        return changes[0][1] if changes else "task"
    names = np.empty(n_tasks, object)
    changes = sorted(changes)
    for (first, name), (last, _) in zip(
        changes, [*changes[1:], (n_tasks, "")], strict=True
    ):
        names[first:last] = name
    return names
