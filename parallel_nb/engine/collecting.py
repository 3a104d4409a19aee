"""Gathers what workers send home and turns it into a Run's frame.

Rows are kept packed until the end, so that recording costs a tiny task next to nothing.
Knows records and columns; nothing of scheduling.
"""

import math
import pickle

import numpy as np
import pandas as pd

from .. import schema
from ..metrics import colour_lanes
from ..runs import MISSING
from . import worker

RECORD_DTYPE = np.dtype(worker.RECORD_FIELDS)
_CODE = {name: code for code, name in enumerate(schema.STATUSES)}
_IS_FAILURE = np.isin(schema.STATUSES, ("failed", "invalid", "timeout", "crashed"))
_KEEPS_RESULT = ("done", "invalid")
_NAN = float("nan")


class Collector:
    """Rows, results and tracebacks of one run as they come in.

    Parameters
    ----------
    keeps_results : bool
        Without it, results are dropped as they arrive.
    """

    def __init__(self, keeps_results=True):
        self.results = [] if keeps_results else None
        self.n_done = 0
        self.n_failed = 0  # failed, invalid, timeout, crashed
        self.n_lost = 0  # these, and whatever was cancelled or skipped
        self.last_status = 0  # of the newest row, a code of `schema.STATUSES`
        self.last_error = ""
        # Called with (entry, records, positions in the batch, first row) of new rows.
        self.watchers = []
        self.n_chunks = 0  # of an earlier run
        self.journal = None  # gets all rows, with their results
        self._n_rows = 0
        self._records = []  # packed RECORDs
        self._tasks = []  # arrays of positions in the batch
        self._blocks = []  # (count, lane, pid, thread, host, submitted, received, …)
        self._failures = {}  # row -> (line, traceback, types)
        self._alike = []  # (first row, number of rows, line) of those that never began
        self._cancelled = []  # rows whose status is no longer what was sent

    def expect(self, n):
        """Make room for results up to position `n`."""
        if self.results is not None and n > len(self.results):
            self.results.extend([MISSING] * (n - len(self.results)))

    def absorb(self, entry, block, origin, received):
        """Take a block of finished attempts.

        Parameters
        ----------
        entry : Entry
            The chunk that the block belongs to.
        block : tuple
            ``(records, payload)`` as `worker.Outcome` has it.
        origin : Origin
            Where it ran.
        received : float

        Returns
        -------
        int
            Number of attempts taken; those known already are passed over.
        """
        packed, payload = block
        records = np.frombuffer(packed, RECORD_DTYPE)
        skip = entry.n_received - int(records["position"][0]) if len(records) else 0
        at = 0
        if skip > 0:
            at = int(records["size"][:skip].sum())
            records = records[skip:]
        n = len(records)
        if n == 0:
            return 0
        first = entry.n_received
        tasks = entry.piece.positions[first : first + n]
        if isinstance(payload, list):
            values = payload[max(skip, 0) :]
        else:
            values, records = _unpickle(records, payload, at, self.results is not None)
        self._keep(records, tasks, values)
        in_bytes = entry.n_bytes if len(entry.piece) == 1 else _NAN
        sent = values if isinstance(payload, list) else memoryview(payload)[at:]
        self._add(records, tasks, origin, entry, received, in_bytes, sent)
        entry.n_received += n
        if math.isnan(entry.began):
            entry.began = float(records["started"][0])
        entry.ended = float(records["ended"][-1])
        return n

    def _keep(self, records, tasks, values):
        """Put results into their places and failures beside their rows."""
        results, failed = self.results, np.flatnonzero(records["status"]).tolist()
        for i in failed:
            failure = values[i]
            if records["status"][i] == worker.INVALID:
                failure, values[i] = failure
            else:
                values[i] = MISSING
            self._failures[self._n_rows + i] = failure
            self.last_error = failure[0]
        if results is None:
            return
        if not failed and (tasks[1:] - tasks[:-1] == 1).all():
            results[int(tasks[0]) : int(tasks[-1]) + 1] = values
            return
        for task, value in zip(tasks.tolist(), values, strict=True):
            results[task] = value

    def _add(
        self, records, tasks, origin, entry, received, in_bytes, sent=None, line=""
    ):
        n = len(records)
        n_lost = int(np.count_nonzero(records["status"]))
        self.n_done += n - n_lost
        self.n_lost += n_lost
        if n_lost:
            self.n_failed += int(np.count_nonzero(_IS_FAILURE[records["status"]]))
        self.last_status = int(records["status"][-1])
        self._records.append(records.tobytes())
        self._tasks.append(tasks)
        self._blocks.append(
            (
                n,
                origin.lane,
                origin.pid,
                origin.thread,
                origin.host,
                entry.piece.ready,
                entry.submitted,
                received,
                entry.number,
                in_bytes,
                n_lost,
            )
        )
        self._n_rows += n
        if self.journal is not None:
            first, failures = self._n_rows - n, self._failures
            wrong = np.flatnonzero(records["status"]).tolist() if failures else ()
            self.journal.append(
                entry,
                records,
                tasks,
                origin,
                received=received,
                in_bytes=in_bytes,
                failures={
                    i: failures[first + i] for i in wrong if first + i in failures
                },
                line=line,
                results=sent if self.results is not None else None,
            )
        for watch in self.watchers:
            watch(entry, records, tasks, self._n_rows - n)

    def blocks_since(self, n_blocks):
        """Blocks that came after so many: the packed records of each, its tasks, and
        ``(number of rows, lane, process, thread, host, …, rows that are not done)``.

        May be called from another thread: of a block, what is counted here comes last.
        """
        new = slice(n_blocks, len(self._blocks))
        return self._records[new], self._tasks[new], self._blocks[new]

    def types_of(self, row):
        """Qualified names of the classes of the exception behind a row."""
        return self._failures.get(row, ("", "", ()))[2]

    def line_of(self, row):
        """What is said of a failure in one line."""
        return self._failures.get(row, ("",))[0]

    def take_back(self, status, n=1):
        """An attempt of this status is not its task's last one."""
        self.n_lost -= n
        if _IS_FAILURE[_CODE[status]]:
            self.n_failed -= n

    def add(
        self,
        entry,
        index,
        status,
        line,
        *,
        text="",
        types=(),
        started=_NAN,
        ended=_NAN,
        cpu=_NAN,
        max_rss=0,
        origin=None,
        received=_NAN,
    ):
        """Add the row of an attempt that sent no record of its own."""
        record = worker.RECORD.pack(
            index, started, ended, _CODE[status], 0, cpu, ended - started, max_rss
        )
        if line:
            self._failures[self._n_rows] = (line, text, types)
            self.last_error = line
        records = np.frombuffer(record, RECORD_DTYPE)
        tasks = entry.piece.positions[index : index + 1]
        sent, results = None, self.results
        if results is not None and status in _KEEPS_RESULT:
            sent = [results[int(tasks[0])]]
        elif results is not None:
            # An attempt before it may have left one.
            results[int(tasks[0])] = MISSING
        self._add(records, tasks, origin or Origin(), entry, received, _NAN, sent)

    def add_all(self, entry, status, line, *, received):
        """Add rows of all tasks of a piece, none of which has begun."""
        n = len(entry.piece)
        records = np.zeros(n, RECORD_DTYPE)
        records["position"] = np.arange(n)
        records["status"] = _CODE[status]
        for field in ("started", "ended", "window_cpu", "window_wall"):
            records[field] = _NAN
        self._alike.append((self._n_rows, n, line))
        tasks = entry.piece.positions
        self._add(records, tasks, Origin(), entry, received, _NAN, line=line)

    def restore(
        self, entry, records, tasks, origin, received, in_bytes, failures, line
    ):
        """Take rows that a journal had kept; their results are put in beside it."""
        for i, failure in failures.items():
            self._failures[self._n_rows + i] = failure
        if line:
            self._alike.append((self._n_rows, len(records), line))
        self.n_chunks = max(self.n_chunks, entry.number)
        sent = None
        if self.journal is not None and self.results is not None:
            sent = [self.results[task] for task in tasks.tolist()]
        self._add(records, tasks, origin, entry, received, in_bytes, sent)

    def forgive_interrupts(self):
        """Tasks that the user's interrupt ended in their workers have not failed."""
        for row, (_, _, types) in self._failures.items():
            if "builtins.KeyboardInterrupt" in types:
                self._cancelled.append(row)
        for row in self._cancelled:
            self._failures[row] = ("cancelled", "", ())
        self.n_failed -= len(self._cancelled)

    def finish(self, zero, n_workers, names, agents=None, rounds=None):
        """Attempts and tracebacks, as `Run` takes them.

        Parameters
        ----------
        zero : float
            The run's zero on the host's clock, in seconds.
        n_workers : int
        names : str or list of str
        agents : list of str or None, optional
            Agent of each task.
        rounds : int array, optional
            Round of each task.
        """
        records = np.frombuffer(b"".join(self._records), RECORD_DTYPE)
        if self._cancelled:
            records = records.copy()
            records["status"][self._cancelled] = _CODE["cancelled"]
        tasks = _joined(self._tasks)
        counts = np.array([b[0] for b in self._blocks], np.int64)

        def spread(i, dtype):
            return np.repeat(np.array([b[i] for b in self._blocks], dtype), counts)

        lanes, pids = self._lanes(records, counts, n_workers)
        hosts, host_names = pd.factorize(np.array([b[4] for b in self._blocks], object))
        # Arrival order within a task is attempt order, and a stable sort keeps it.
        order = np.argsort(tasks, kind="stable")
        cpu = _share_cpu(records, np.repeat([b[8] for b in self._blocks], counts))
        tasks, records = tasks[order], records[order]
        failures = self._failures
        errors = np.full(len(tasks), None, object)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        attempt = _attempt_numbers(tasks)
        for first, n, line in self._alike:
            errors[rank[first : first + n]] = line
        tracebacks = {}
        for row, (line, text, _) in failures.items():
            at = rank[row]
            errors[at] = line
            if text:
                tracebacks[int(tasks[at]), int(attempt[at])] = text
        memory = records["max_rss"].astype(float)
        memory[memory == 0] = np.nan
        sizes = records["size"].astype(float)
        sizes[sizes == 0] = np.nan
        frame = schema.coerce(
            {
                schema.TASK: tasks,
                schema.ATTEMPT: attempt,
                schema.NAME: names
                if isinstance(names, str)
                else np.array(names, object)[tasks],
                schema.AGENT: None
                if agents is None
                else np.array(agents, object)[tasks],
                schema.ROUND: 0 if rounds is None else rounds[tasks],
                schema.STATUS: pd.Categorical.from_codes(
                    records["status"].astype(np.int8), list(schema.STATUSES)
                ),
                schema.READY: spread(5, float)[order] - zero,
                schema.SUBMITTED: spread(6, float)[order] - zero,
                schema.STARTED: records["started"] - zero,
                schema.ENDED: records["ended"] - zero,
                schema.RECEIVED: spread(7, float)[order] - zero,
                schema.CPU: cpu[order],
                schema.WORKER: lanes[order],
                schema.PID: pids[order],
                schema.HOST: pd.Categorical.from_codes(
                    np.repeat(hosts.astype(np.int8), counts)[order],
                    pd.Index(host_names, dtype="str"),
                ),
                schema.CHUNK: spread(8, np.int32)[order],
                schema.MAX_RSS: memory,
                schema.IN_BYTES: spread(9, float)[order],
                schema.OUT_BYTES: sizes,
                schema.ERROR: errors if failures or self._alike else None,
            }
        )
        return {"attempts": frame, "tracebacks": tracebacks}

    def _lanes(self, records, counts, n_workers):
        """Lane and pid of each row; workers that replace others share their lanes."""
        known = np.array([b[1] for b in self._blocks], np.int32)
        pids = np.array([b[2] for b in self._blocks], np.int64)
        threads = np.array([b[3] for b in self._blocks], np.int64)
        unknown = (known < 0) & (pids > 0)
        if unknown.any():
            ends = np.cumsum(counts)
            known[unknown] = identify_lanes(
                pids[unknown],
                threads[unknown],
                records["started"][(ends - counts)[unknown]],
                records["ended"][(ends - 1)[unknown]],
                n_workers,
                hosts=[
                    b[4]
                    for b, is_one in zip(self._blocks, unknown, strict=True)
                    if is_one
                ],
            )
        return np.repeat(known, counts), np.repeat(pids, counts)


def identify_lanes(pids, threads, started, ended, n_workers, *, hosts=None):
    """Lanes 0, 1, … of workers known by host, process and thread.

    Parameters
    ----------
    pids, threads : int arrays of shape (n,)
    started, ended : float arrays of shape (n,)
        First start and last end (s) of what each entry ran.
    n_workers : int
        Where more workers than this were seen, some replaced others: those that were
        never there together may share a lane. Where more took turns, entries that never
        ran together may.
    hosts : sequence of str, optional
        Default: all are on one.

    Returns
    -------
    int32 array of shape (n,)
    """
    identities = {}
    hosts = [""] * len(pids) if hosts is None else hosts
    codes = np.array(
        [
            identities.setdefault(key, len(identities))
            for key in zip(hosts, pids.tolist(), threads.tolist(), strict=True)
        ],
        np.int32,
    )
    if len(identities) <= n_workers:
        return codes
    spans = pd.DataFrame({"code": codes, "first": started, "last": ended})
    spans = spans.groupby("code").agg({"first": "min", "last": "max"})
    lanes = colour_lanes(spans["first"].to_numpy(), spans["last"].to_numpy())[codes]
    return lanes if lanes.max() < n_workers else colour_lanes(started, ended)


class Origin:
    """Where an attempt ran."""

    __slots__ = ("host", "lane", "pid", "thread")

    def __init__(self, lane=-1, pid=0, thread=0, host=""):
        self.lane = lane
        self.pid = pid
        self.thread = thread
        self.host = host


def _unpickle(records, payload, at, wants_results):
    """Results and failures of a block, and its records.

    A result that cannot be unpickled becomes a failure of its own task.
    """
    view, loads = memoryview(payload), pickle.loads
    ends = (np.cumsum(records["size"]) + at).tolist()
    bounds = list(zip([at, *ends[:-1]], ends, strict=True))
    if not wants_results:
        done = (records["status"] == worker.DONE).tolist()
        rows = zip(bounds, done, strict=True)
        return [None if ok else loads(view[a:b]) for (a, b), ok in rows], records
    try:
        return [loads(view[a:b]) for a, b in bounds], records
    except (Exception, SystemExit):
        values, records = [], records.copy()
    for i, (a, b) in enumerate(bounds):
        try:
            values.append(loads(view[a:b]))
        except (Exception, SystemExit) as error:
            line, text, types = worker.describe(error)
            line = f"the result could not be unpickled: {line}"
            values.append((line, text, types))
            records["status"][i] = worker.FAILED
    return values, records


def _share_cpu(records, chunks):
    """CPU seconds of each attempt from the windows in which they were measured.

    An attempt that had a window to itself has what was read; those that shared one get
    it in proportion to their durations. NaN where a worker died before it could read.
    """
    closes = ~np.isnan(records["window_wall"])
    chunk_ends = np.concatenate((chunks[1:] != chunks[:-1], [True]))[: len(chunks)]
    windows = np.concatenate(([0], np.cumsum(closes | chunk_ends)[:-1]))[: len(chunks)]
    last = np.flatnonzero(closes | chunk_ends)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = records["window_cpu"][last] / records["window_wall"][last]
        return share[windows] * (records["ended"] - records["started"])


def _joined(arrays):
    return np.concatenate(arrays) if arrays else np.empty(0, np.int64)


def _attempt_numbers(tasks):
    """1, 2, … within each task of a sorted array."""
    n = len(tasks)
    if n == 0:
        return np.empty(0, np.int16)
    is_first = np.concatenate(([True], tasks[1:] != tasks[:-1]))
    if is_first.all():
        return np.ones(n, np.int16)
    firsts = np.flatnonzero(is_first)
    return (np.arange(n) - firsts[np.cumsum(is_first) - 1] + 1).astype(np.int16)
