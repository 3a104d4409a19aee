"""A Run as a Chrome trace, for Perfetto and other viewers; `chrome_ours.py` reads it.

Source: *Trace Event Format* (Google). Knows which events show what; refuses to know
files. Threads are lanes, numbered from 1; processes are hosts, with numbers beyond all
threads', as a viewer takes thread n of process n for its main one. ``ts`` and ``dur``
are µs with three decimals, everything in ``args`` is in s or bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import msgspec
import numpy as np
import pandas as pd

from .. import __version__, metrics, schema
from ..runs import Run

FORMAT = 1  # of what stands in `args` and `otherData`
MARK = "parallel_nb"
ATTEMPT, STARTUP = "attempt", "startup"  # categories
_BLOCK = 50_000  # events encoded at once
_MOST_COUNTS = 20_000  # changes of a counter; beyond, means over as many bins
_MOST_FLOWS = 100_000
_NEVER = "never started"
# Columns that become the first fields of `Args`, in this order.
_IN_ARGS = (
    schema.TASK,
    schema.STATUS,
    schema.ATTEMPT,
    schema.AGENT,
    schema.ERROR,
    schema.READY,
    schema.SUBMITTED,
    schema.RECEIVED,
    schema.CPU,
    schema.ROUND,
    schema.PID,
    schema.CHUNK,
    schema.MAX_RSS,
    schema.IN_BYTES,
    schema.OUT_BYTES,
)

_encoder = msgspec.json.Encoder()


class Args(msgspec.Struct, omit_defaults=True, gc=False):
    """What a viewer shows of an attempt besides its name and times."""

    task: int
    status: str = "done"
    attempt: int = 1
    agent: str | None = None
    error: str | None = None
    ready: float | None = None
    submitted: float | None = None
    received: float | None = None
    cpu: float | None = None
    round: int = 0
    pid: int = 0
    chunk: int = -1
    max_rss: float | None = None
    in_bytes: float | None = None
    out_bytes: float | None = None
    # Where there is no span to tell it:
    host: str | None = None
    started: float | None = None
    ended: float | None = None
    worker: int = -1
    after: list[int] | None = None  # tasks that had to end before
    at: int = 0  # position among the Run's attempts


class _Span(msgspec.Struct, gc=False):
    name: str
    ts: float
    dur: float
    pid: int
    tid: int
    args: Args
    cat: str = ATTEMPT
    ph: str = "X"


class _Moment(msgspec.Struct, gc=False):
    name: str
    ts: float
    pid: int
    tid: int
    args: Args
    cat: str = ATTEMPT
    ph: str = "i"
    s: str = "t"


def put(run: Run, file: BinaryIO) -> None:
    """Write the trace, some events at once."""
    making = _Making(run)
    file.write(
        b'{"displayTimeUnit":"ms","%s":%d,"traceEvents":[\n' % (MARK.encode(), FORMAT)
    )
    is_first = True
    for events in _blocks(making.events()):
        if not is_first:
            file.write(b",\n")
        file.write(b",\n".join(map(_encoder.encode, events)))
        is_first = False
    file.write(b'\n],"otherData":%s}\n' % _encoder.encode(making.metadata()))


def _blocks(events: Iterable[Any]) -> Iterator[list]:
    block = []
    for event in events:
        block.append(event)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block


class _Making:
    """The events of one Run."""

    def __init__(self, run: Run):
        self.run = run
        self.attempts, self.startups = run.attempts, run.startups
        meta = run.meta
        hosts = self.attempts[schema.HOST].cat.remove_unused_categories()
        self.host_of = hosts.cat.codes.to_numpy().astype(np.int64)
        self.hosts: list[str | None] = hosts.cat.categories.tolist()
        if (self.host_of < 0).any() or not self.hosts:
            self.hosts.insert(0, None)  # nobody knows
            self.host_of += 1
        self.first_pid = meta.n_workers + 2  # beyond all threads, `never` included
        self.never = meta.n_workers + 1
        times = self.attempts[[schema.READY, schema.SUBMITTED, schema.STARTED]]
        earliest = [times.to_numpy(), self.startups[schema.STARTED].to_numpy()]
        lowest = min(np.fmin.reduce(t, None, initial=0.0) for t in earliest)
        # Viewers drop what is before 0.
        self.shift = -float(np.floor(lowest)) if lowest < 0 else 0.0

    def metadata(self) -> dict[str, Any]:
        meta = self.run.meta
        return {
            "made_by": f"parallel_nb {__version__}",
            "label": meta.label,
            "n_workers": meta.n_workers,
            "started_at": meta.started_at,
            "versions": meta.versions,
            "units": "ts, dur: µs; args: s, bytes",
            MARK: {
                "format": FORMAT,
                "shift": self.shift,
                "n_attempts": len(self.attempts),
                "hosts": dict(enumerate(self.hosts, self.first_pid)),
                "meta": meta.to_dict(),
            },
        }

    def events(self) -> Iterator[Any]:
        yield from self._names()
        yield from self._startups()
        yield from self._attempts()
        yield from self._flows()
        yield from self._counters()

    def _names(self) -> Iterator[dict]:
        label = self.run.meta.label or "run"
        worker = self.attempts[schema.WORKER].to_numpy()
        lanes: list[set[int]] = [set() for _ in self.hosts]
        for host, lane in set(zip(self.host_of.tolist(), worker.tolist(), strict=True)):
            lanes[host].add(lane)
        everyone = set(range(self.run.meta.n_workers))
        lanes[0] |= (everyone | set(self.startups[schema.WORKER])).difference(*lanes)
        has_never = bool((worker < 0).any() or self._unspanned().any())
        for at, host in enumerate(self.hosts):
            pid = self.first_pid + at
            host = host if host is not None else self.run.meta.host
            name = f"{label} on {host}" if host else label
            yield _meta("process_name", pid, 0, name=name)
            yield _meta("process_sort_index", pid, 0, sort_index=at)
            for lane in sorted(lanes[at] - {-1}):
                yield _meta("thread_name", pid, lane + 1, name=f"worker {lane}")
                yield _meta("thread_sort_index", pid, lane + 1, sort_index=lane)
        if has_never:
            pid = self.first_pid
            yield _meta("thread_name", pid, self.never, name=_NEVER)
            yield _meta("thread_sort_index", pid, self.never, sort_index=self.never)

    def _startups(self) -> Iterator[dict]:
        # A worker's process starts where most of its attempts were.
        where = dict(
            zip(
                self.attempts[schema.WORKER].tolist(),
                self.host_of.tolist(),
                strict=True,
            )
        )
        for row in self.startups.itertuples(index=False):
            yield {
                "name": "start-up",
                "cat": STARTUP,
                "ph": "X",
                "ts": self._micros(row.started),
                "dur": max(_rounded(row.ended - row.started), 0.0),
                "pid": self.first_pid + where.get(row.worker, 0),
                "tid": row.worker + 1,
                "args": {"worker": row.worker, "pid": row.pid},
            }

    def _unspanned(self) -> np.ndarray:
        """Attempts that have no span: they never started, or nobody knows when."""
        times = self.attempts[schema.ENDED] - self.attempts[schema.STARTED]
        return times.isna().to_numpy() | (self.attempts[schema.WORKER].to_numpy() < 0)

    def _attempts(self) -> Iterator[_Span | _Moment]:
        unspanned = self._unspanned()
        after = self._waited_for()
        for low in range(0, len(self.attempts), _BLOCK):
            rows = slice(low, low + _BLOCK)
            yield from self._some(rows, unspanned[rows], after)

    def _some(self, rows: slice, unspanned, after) -> Iterator[_Span | _Moment]:
        frame = self.attempts.iloc[rows]
        told = {name: _values(frame[name]) for name in frame.columns}
        started = frame[schema.STARTED].to_numpy()
        ts = np.round((started + self.shift) * 1e6, 3)
        ends = np.round((frame[schema.ENDED].to_numpy() + self.shift) * 1e6, 3)
        ts, dur = ts.tolist(), np.round(ends - ts, 3).tolist()
        pids = (self.first_pid + self.host_of[rows]).tolist()
        names, lanes = told[schema.NAME], told[schema.WORKER]
        columns = [told[name] for name in _IN_ARGS]
        for at, values in enumerate(zip(*columns, strict=True)):
            args = Args(*values, at=rows.start + at)
            if after:
                args.after = after.pop(args.task, None)
            if not unspanned[at]:
                yield _Span(names[at], ts[at], dur[at], pids[at], lanes[at] + 1, args)
                continue
            args.started, args.ended = told[schema.STARTED][at], told[schema.ENDED][at]
            args.worker, args.host = lanes[at], told[schema.HOST][at]
            when = next(
                (
                    t
                    for t in (args.started, args.submitted, args.ready)
                    if t is not None
                ),
                0.0,
            )
            where = lanes[at] + 1 if lanes[at] >= 0 else self.never
            pid = pids[at] if lanes[at] >= 0 else self.first_pid
            yield _Moment(names[at], self._micros(when), pid, where, args)

    def _waited_for(self) -> dict[int, list[int]]:
        edges = self.run.edges
        found: dict[int, list[int]] = {}
        for task, after in zip(
            edges["task"].tolist(), edges["after"].tolist(), strict=True
        ):
            found.setdefault(task, []).append(after)
        return found

    def _flows(self) -> Iterator[dict]:
        """Arrows from the last end of a task to the first start of those after it."""
        edges = self.run.edges
        if not 0 < len(edges) <= _MOST_FLOWS:
            return
        rows = np.flatnonzero(~self._unspanned())
        frame = self.attempts.iloc[rows]
        places = list(
            zip(
                (self.first_pid + self.host_of[rows]).tolist(),
                (frame[schema.WORKER] + 1).tolist(),
                frame[schema.STARTED].tolist(),
                frame[schema.ENDED].tolist(),
                strict=True,
            )
        )
        tasks = frame[schema.TASK].tolist()
        last = dict(zip(tasks, places, strict=True))
        first = dict(zip(reversed(tasks), reversed(places), strict=True))
        pairs = zip(edges["task"].tolist(), edges["after"].tolist(), strict=True)
        for number, (task, after) in enumerate(pairs, 1):
            if task not in first or after not in last:
                continue
            shared = {"name": "after", "cat": "dependency", "id": number}
            pid, tid, _, ended = last[after]
            ts = self._micros(ended)
            yield {**shared, "ph": "s", "ts": ts, "pid": pid, "tid": tid}
            pid, tid, started, _ = first[task]
            ts = self._micros(started)
            yield {**shared, "ph": "f", "bp": "e", "ts": ts, "pid": pid, "tid": tid}

    def _counters(self) -> Iterator[dict]:
        started = self.attempts[schema.STARTED].to_numpy()
        ended = self.attempts[schema.ENDED].to_numpy()
        times, counts = metrics.concurrency(started, ended)
        if not len(times):
            return
        n_workers = self.run.meta.n_workers
        if len(times) > _MOST_COUNTS and times[-1] > times[0]:
            edges = np.linspace(times[0], times[-1], _MOST_COUNTS + 1)
            share = metrics.utilization_series(started, ended, n_workers, edges)
            times, counts = edges, np.append(np.round(share * n_workers, 3), 0.0)
        for time, count in zip(times.tolist(), counts.tolist(), strict=True):
            ts = self._micros(time)
            yield _counter("running workers", "running", count, ts, self.first_pid)
            percent = round(100 * count / n_workers, 2)
            yield _counter("utilization", "percent", percent, ts, self.first_pid)

    def _micros(self, seconds: float) -> float:
        return _rounded(seconds + self.shift)


def _rounded(seconds: float) -> float:
    return round(float(seconds) * 1e6, 3)


def _values(column: pd.Series) -> list:
    """Plain values, None where one is not known."""
    if column.dtype == np.float64:
        values = column.to_numpy()
        absent = np.isnan(values)
        if absent.all():
            return [None] * len(values)
        told = np.round(values, 9).tolist()
    else:
        absent = column.isna().to_numpy()
        told = column.astype(object).tolist() if absent.any() else column.tolist()
    for row in np.flatnonzero(absent).tolist():
        told[row] = None
    return told


def _meta(what: str, pid: int, tid: int, **args) -> dict:
    return {"name": what, "ph": "M", "ts": 0, "pid": pid, "tid": tid, "args": args}


def _counter(name: str, series: str, value: float, ts: float, pid: int) -> dict:
    return {"name": name, "ph": "C", "ts": ts, "pid": pid, "args": {series: value}}
