"""What an earlier run has done already, put in front of the run that goes on with it.

Knows rows and results of a Run; refuses to know how the rest is executed.
"""

import numpy as np
import pandas as pd

from .. import schema
from ..runs import MISSING
from . import worker
from .collecting import RECORD_DTYPE, Origin

_NOTE = (
    "{n:,} attempts are an earlier run's; the pause between the two is left out of all "
    "times"
)
_OF_A_CHUNK = [
    schema.WORKER,
    schema.PID,
    schema.HOST,
    schema.READY,
    schema.SUBMITTED,
    schema.RECEIVED,
    schema.CHUNK,
]


class Earlier:
    """A Run whose tasks are those of a batch, or some of them.

    Parameters
    ----------
    run : Run
    positions : int array of shape (n tasks of the Run,)
        Where each of its tasks is in the batch; -1 for those that are not in it.
    n : int
        Tasks of the batch.
    is_left : bool array of shape (n,)
        Which tasks are to be done (again).
    """

    def __init__(self, run, positions, n, is_left):
        self.run = run
        self.is_left = is_left
        self._positions = np.asarray(positions, np.int64)
        self._is_known = self._positions >= 0
        self.results = [MISSING] * n
        if run.has_results:
            kept = zip(self._positions.tolist(), run.results_or(MISSING), strict=True)
            for position, result in kept:
                if position >= 0 and not is_left[position]:
                    self.results[position] = result
        attempts = run.attempts
        # A row that never began was no attempt, where there is another one now.
        began = attempts[schema.SUBMITTED].notna() | attempts[schema.STARTED].notna()
        places = self._positions[attempts[schema.TASK].to_numpy()]
        counts = (places >= 0) & (began.to_numpy() | ~is_left[places])
        self._attempts = attempts[counts].reset_index(drop=True)
        times = self._attempts[[schema.ENDED, schema.RECEIVED]].to_numpy()
        self.seconds = float(np.nanmax(times, initial=0.0))

    @property
    def n_workers(self):
        """Workers that it had."""
        return self.run.meta.n_workers

    @property
    def notes(self):
        """What it said aloud, and that it was another one."""
        return (*self.run.meta.notes, _NOTE.format(n=len(self._attempts)))

    def startups(self, zero):
        """``(lane, pid, began, ready)`` on the clock on which its zero is `zero`."""
        rows = self.run.startups.itertuples(index=False)
        return [
            (row.worker, row.pid, row.started + zero, row.ended + zero) for row in rows
        ]

    def restore(self, collector, zero):
        """Put its rows and results into a collector that has none yet."""
        self.put_rows(collector, zero)
        status = self.run.tasks[schema.STATUS].to_numpy()
        stays = self._is_known & ~self.is_left[self._positions]
        collector.n_done = int(np.count_nonzero(stays & (status == "done")))
        collector.n_lost = int(np.count_nonzero(stays)) - collector.n_done
        collector.n_failed = 0
        if collector.results is not None:
            collector.results[: len(self.results)] = self.results

    def states(self):
        """``(position, status, attempt, error, result)`` of what stays as it was."""
        tasks = self.run.tasks
        rows = zip(
            self._positions.tolist(),
            tasks[schema.STATUS].astype("str"),
            tasks[schema.ATTEMPT],
            tasks[schema.ERROR].fillna(""),
            strict=True,
        )
        for at, status, attempt, error in rows:
            if at >= 0 and not self.is_left[at]:
                yield at, status, attempt, error, self.results[at]

    def put_rows(self, collector, zero):
        """Put its rows into a collector, those that count as attempts."""
        frame = self._attempts
        if not len(frame):
            return
        tracebacks = self.run.tracebacks
        tasks = frame[schema.TASK].to_numpy()
        attempt = frame[schema.ATTEMPT].to_numpy()
        errors = frame[schema.ERROR]
        keys = frame[_OF_A_CHUNK].astype({schema.HOST: "str"})
        # In the order in which they came home: that of a task's attempts.
        order = np.lexsort((tasks, attempt))
        frame, keys = frame.iloc[order], keys.iloc[order]
        records = _records(frame, zero)
        is_new = (keys != keys.shift()) & ~(keys.isna() & keys.shift().isna())
        firsts = np.flatnonzero(is_new.any(axis=1).to_numpy())
        bounds = zip(firsts, [*firsts[1:], len(frame)], strict=True)
        has_error = errors.notna().to_numpy()[order]
        errors = errors.to_numpy(object)[order]
        tasks, attempt = tasks[order], attempt[order]
        for first, end in bounds:
            key = keys.iloc[first]
            failures = {
                row - first: (
                    errors[row],
                    tracebacks.get((tasks[row], attempt[row]), ""),
                    (),
                )
                for row in np.flatnonzero(has_error[first:end]) + first
            }
            entry = _Entry(key, zero)
            host = "" if pd.isna(key[schema.HOST]) else key[schema.HOST]
            collector.restore(
                entry,
                records[first:end],
                self._positions[tasks[first:end]],
                Origin(int(key[schema.WORKER]), int(key[schema.PID]), 0, host),
                key[schema.RECEIVED] + zero,
                frame[schema.IN_BYTES].iloc[first],
                failures,
                "",
            )


class _Entry:
    """As much of an `intake.Entry` as a row tells."""

    def __init__(self, key, zero):
        self.number = int(key[schema.CHUNK])
        self.submitted = key[schema.SUBMITTED] + zero
        self.piece = _Piece(key[schema.READY] + zero)


class _Piece:
    def __init__(self, ready):
        self.ready = ready


def _records(frame, zero):
    records = np.zeros(len(frame), RECORD_DTYPE)
    started, ended = frame[schema.STARTED].to_numpy(), frame[schema.ENDED].to_numpy()
    records["position"] = np.arange(len(frame))
    records["started"], records["ended"] = started + zero, ended + zero
    records["status"] = frame[schema.STATUS].array.codes
    records["size"] = frame[schema.OUT_BYTES].fillna(0).to_numpy()
    # Each attempt closes a window of its own, in which its CPU time was read.
    records["window_cpu"], records["window_wall"] = frame[schema.CPU], ended - started
    records["max_rss"] = frame[schema.MAX_RSS].fillna(0).to_numpy()
    return records


def check_inputs_known(plan, earlier):
    """Why tasks that are left cannot have what others returned; empty if they can."""
    if plan is None:
        return ""
    for task, inputs in enumerate(plan.inputs):
        for other in inputs if earlier.is_left[task] else ():
            if not earlier.is_left[other] and earlier.results[other] is MISSING:
                return (
                    f"{plan.tasks[task].name!r} is passed the result of "
                    f"{plan.tasks[other].name!r}, which was not kept"
                )
    return ""


def clock_zero(earlier):
    """The zero of a run that begins now, or that goes on where another one ended."""
    return worker.clock() - (0.0 if earlier is None else earlier.seconds)
