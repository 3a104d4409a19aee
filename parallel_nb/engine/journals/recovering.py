"""`recover`: a Run from a journal, whatever became of who wrote it.

Knows what a Run needs that a journal may lack; refuses to know how it is read.
"""

from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pandas as pd

from ... import schema
from ...errors import SchemaError, StoreError
from ...runs import Run
from ...totals import last_attempt_rows
from .. import worker
from ..collecting import Collector, Origin
from . import layout
from .reading import read

UNFINISHED = "not finished when the journal ended"
_CANCELLED = schema.STATUSES.index("cancelled")
_NAN = float("nan")


def tells_of_a_run(begins: bytes) -> bool:
    """Whether a file that begins like this is a journal."""
    return begins.startswith(layout.MAGIC)


def recover(path: str | os.PathLike, *, with_results: bool = False) -> Run:
    """The Run that a journal tells of, whatever became of who wrote it.

    Parameters
    ----------
    path : path-like
        A journal; it may still be being written.
    with_results : bool
        Also read what the tasks returned. This unpickles, and a pickle can run any
        code: ask for it only if you trust whoever wrote the file.

    Returns
    -------
    Run
        With every attempt that had ended. ``meta.ended_by`` is ``"killed"`` if the
        journal has no end; tasks that had no attempt are ``cancelled`` then. What could
        not be read is in ``meta.notes``.

    Raises
    ------
    StoreError
        If there is no such file, or it is not a journal, or a newer version's.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from parallel_nb import run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Path(folder, "abs.journal")
    ...     done = run(abs, [-1, 2], backend="sequential", journal=journal)
    ...     found = recover(journal)
    >>> found.tasks[["task", "status"]]
       task status
    0     0   done
    1     1   done
    """
    return run_of(read(path), with_results=with_results)


def run_of(found, *, with_results):
    """The Run that a journal's `Contents` tell of; as `recover`."""
    path, n = found.path, found.n_tasks
    results, failures = found.results() if with_results else (None, {})
    collector = Collector(keeps_results=False)
    found.restore(collector, 0.0)
    status, _, has_result = found.last()
    missing = np.flatnonzero(status < 0)
    if len(missing):
        _cancel(collector, missing)
    if with_results:
        _note_absent(found, status, has_result)
    meta = found.meta
    try:
        made = collector.finish(
            0.0, meta.n_workers, found.names_of(n), found.agents, found.rounds
        )
        if failures:
            made = _with_failures(made, failures)
        return Run(
            made["attempts"],
            meta,
            results=results,
            tracebacks=made["tracebacks"],
            edges=found.edges,
            startups=_startups(found.startups, meta.n_workers),
            details=found.details,
        )
    except (SchemaError, IndexError) as error:
        raise StoreError(f"the journal {path} is damaged: {error}") from error


def _cancel(collector, tasks):
    piece = SimpleNamespace(ready=_NAN, positions=tasks)
    entry = SimpleNamespace(number=-1, submitted=_NAN, piece=piece)
    records = np.zeros(len(tasks), layout.RECORD_DTYPE)
    records["position"], records["status"] = np.arange(len(tasks)), _CANCELLED
    for name in ("started", "ended", "window_cpu", "window_wall"):
        records[name] = _NAN
    collector.restore(entry, records, tasks, Origin(), _NAN, _NAN, {}, UNFINISHED)


def _note_absent(found, status, has_result):
    n = int(np.count_nonzero((status == worker.DONE) & ~has_result))
    if n:
        found.notes.append(
            f"{n} results are not in the journal: they could not be pickled, or were "
            "not kept"
        )


def _with_failures(made, failures):
    """Attempts with those failed whose results cannot be had."""
    attempts, tracebacks = made["attempts"], dict(made["tracebacks"])
    last = last_attempt_rows(attempts)
    status = attempts[schema.STATUS].astype(object)
    errors = attempts[schema.ERROR].astype(object)
    for task, (line, text, _) in failures.items():
        row = last[task]
        status.iloc[row], errors.iloc[row] = "failed", line
        tracebacks[task, int(attempts[schema.ATTEMPT].iloc[row])] = text
    attempts = schema.coerce(attempts.assign(status=status, error=errors))
    return {"attempts": attempts, "tracebacks": tracebacks}


def _startups(rows, n_workers):
    rows = [row for row in rows if 0 <= row[0] < n_workers]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema.STARTUPS)
    return pd.DataFrame(
        {
            name: np.array(column, dtype)
            for (name, dtype), column in zip(
                schema.STARTUPS.items(), columns, strict=True
            )
        }
    )
