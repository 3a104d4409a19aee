"""A journal: every attempt is in a file as soon as it is known, whatever happens then.

Knows what of a run is worth a record, and pickles what threads return; refuses to know
what becomes of the bytes, and when the run ends.
"""

import os
import pickle
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import __version__
from ...attachments import checked_details
from ...meta import Meta
from ...runs import MISSING
from .. import worker
from ..collecting import RECORD_DTYPE
from . import layout
from .file import JournalFile

# Pickles of fewer bytes are copied together: writing many parts takes longer.
_LARGE = 1 << 16


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a run before it begins.

    Parameters
    ----------
    meta : Meta
    names : str or list of str
        What all tasks are called, or each of them.
    zero : float
        The run's zero on the host's clock, in seconds.
    n_tasks : int, optional
        None while nobody knows.
    agents : list of str or None, optional
        Agent of each task.
    rounds : int array, optional
    edges : DataFrame, optional
        Columns `task`, `after`.
    details : mapping of int to mapping, optional
        As a `Run` takes them.
    n_chunks : int
        Chunks of earlier runs in the same journal, if they are counted on.
    """

    meta: Meta
    names: str | Sequence[str]
    zero: float
    n_tasks: int | None = None
    agents: Sequence[str | None] | None = None
    rounds: Any = None
    edges: Any = None
    details: Mapping[int, Mapping[str, Any]] | None = None
    n_chunks: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON can hold them, and when zero was on the wall's clock."""
        columns = {} if self.edges is None else self.edges.to_dict("list")
        n_detailed = max(self.details or (), default=-1) + 1
        details = checked_details(self.details, n_detailed)
        return {
            "written_by": __version__,
            "meta": self.meta.to_dict(),
            "names": self.names if isinstance(self.names, str) else list(self.names),
            "zero": self.zero,
            "epoch": time.time() - (worker.clock() - self.zero),
            "n_tasks": self.n_tasks,
            "agents": None if self.agents is None else list(self.agents),
            "rounds": None if self.rounds is None else list(map(int, self.rounds)),
            "edges": {name: list(map(int, column)) for name, column in columns.items()},
            "n_chunks": self.n_chunks,
            "details": {str(task): details[task] for task in details},
        }


class Journal:
    """The writer of one journal; made by `create` or `resume`.

    What it cannot write it leaves out: it warns once, and the run goes on.

    Attributes
    ----------
    keeps_results : bool
        Whether `peek` writes results, as `append` does when it is passed them.
    n_absent : int
        Results that could not be pickled, and are in no journal.
    """

    def __init__(self, file):
        self.keeps_results = True
        self.n_absent = 0
        self._file = file
        self._peeked = {}  # chunk number -> attempts of it that were written
        self._fingerprints = np.zeros(0, layout.FINGERPRINT)

    @classmethod
    def create(cls, path: str | os.PathLike, header: Header) -> "Journal":
        """A new journal.

        Raises
        ------
        ArgumentError
            If there is one already, or another file.
        StoreError
            If it cannot be written there.
        """
        parts = layout.json_parts(header.to_dict())
        first = [layout.start(), layout.record_head(layout.HEADER, parts), *parts]
        return cls(JournalFile(path, first))

    @classmethod
    def resume(cls, header: Header, contents) -> "Journal":
        """The journal of an earlier run, to be gone on with.

        Parameters
        ----------
        header : Header
            Of the new run.
        contents : recovering.Contents
            What was read of the journal; what could not be read is cut off.

        Raises
        ------
        ArgumentError
            If another run writes it.
        StoreError
            If it cannot be written.
        """
        parts = layout.json_parts(header.to_dict())
        first = [layout.record_head(layout.HEADER, parts), *parts]
        file = JournalFile(
            contents.path, first, size=contents.n_bytes, end=contents.end
        )
        return cls(file)

    @property
    def problem(self) -> str:
        """Why it stopped, and what to do; empty while it goes on."""
        return self._file.problem

    def know(self, positions: np.ndarray, fingerprints: bytes) -> None:
        """Keep fingerprints of tasks, 16 bytes each, for when they have ended."""
        known, needed = self._fingerprints, int(positions.max(initial=-1)) + 1
        if needed > len(known):
            grown = np.zeros(max(needed, 2 * len(known)), layout.FINGERPRINT)
            grown[: len(known)] = known
            self._fingerprints = grown
        self._fingerprints[positions] = np.frombuffer(fingerprints, layout.FINGERPRINT)

    def append(
        self,
        entry,
        records,
        tasks,
        origin,
        *,
        received,
        in_bytes,
        failures=None,
        line="",
        results=None,
        is_peek=False,
    ):
        """Write rows.

        Parameters
        ----------
        entry : intake.Entry
            Tells the chunk's number and times.
        records : array of RECORD_DTYPE
            `position` is that within the chunk.
        tasks : int64 array
            Positions in the batch.
        origin : collecting.Origin
        received, in_bytes : float
        failures : dict of int to (line, traceback, types), optional
            By row.
        line : str
            What there is to say of every row.
        results : bytes-like or list, optional
            Pickles one after the other, each of its record's `size`, those of failures
            included; or the results themselves, `MISSING` where there is none.
        is_peek : bool
            Whether the chunk is still on its way: its rows will come again, and then
            count instead of these.
        """
        if not self._file.takes_more:
            return
        is_bare = not isinstance(results, bytes | bytearray | memoryview)
        if is_bare:
            sizes, results, n_absent = self._pickled(records, results)
            self.n_absent += 0 if is_peek else n_absent
        else:
            sizes, results = records["size"], [results]
        known = self._fingerprints
        has_any = len(known) and int(tasks.max(initial=-1)) < len(known)
        block = layout.Block(
            records,
            np.ascontiguousarray(tasks, np.int64),
            origin,
            entry.number,
            entry.piece.ready,
            entry.submitted,
            received,
            in_bytes,
            failures or {},
            line,
            known[tasks] if has_any else None,
            sizes,
            is_bare,
            is_peek,
        )
        if not is_peek:
            self._peeked.pop(entry.number, None)
        self._write(layout.BLOCK, layout.block_parts(block, results))

    def peek(self, entry, block, origin, received):
        """Write attempts that have ended in a chunk that is still on its way.

        Parameters
        ----------
        entry : intake.Entry
        block : tuple
            ``(records, payload)``, as `Collector.absorb` takes it: pickles, or objects.
            What an earlier call wrote of the chunk, or what has come home, may be in it
            again: it is passed over. So is a block that is not whole, as a worker was
            writing it.
        origin : collecting.Origin
        received : float
        """
        packed, payload = block
        records = np.frombuffer(packed, RECORD_DTYPE)
        n_bytes = sys.maxsize if isinstance(payload, list) else len(payload)
        if not _is_of(records, n_bytes, len(entry.piece)):
            return
        first = max(entry.n_received, self._peeked.get(entry.number, 0))
        skip = int(np.searchsorted(records["position"], first))
        if skip == len(records):
            return
        if isinstance(payload, list):
            results, failures = _objects(records[skip:], payload[skip:])
        else:
            at = int(records["size"][:skip].sum())
            results = memoryview(payload)[at : int(records["size"].sum())]
            failures = _failures(records[skip:], results)
        records = records[skip:]
        self._peeked[entry.number] = int(records["position"][-1]) + 1
        self.append(
            entry,
            records,
            entry.piece.positions[records["position"]],
            origin,
            received=received,
            in_bytes=float("nan"),
            failures=failures,
            results=results if self.keeps_results else None,
            is_peek=True,
        )

    def copy(self, block: layout.Block, results: list) -> None:
        """Write a block of another journal, its times on this one's clock."""
        self._write(layout.BLOCK, layout.block_parts(block, results))

    def discard(self) -> None:
        """Give up a journal that was not finished, and its file."""
        self._file.close()
        os.unlink(self._file.path)

    def let_go(self) -> None:
        """Close the file without a word on how the run ended."""
        self._file.close()

    def add_startups(self, rows: Sequence[tuple]) -> None:
        """Write when workers started: ``(lane, pid, began, ready)``, host's clock."""
        listed = [[int(a), int(b), float(c), float(d)] for a, b, c, d in rows]
        self._write(layout.STARTUPS, layout.json_parts(listed))

    def grow(self, n_tasks: int, names: Sequence[str] = ()) -> None:
        """Write how many tasks there are by now, and what the newest are called."""
        fields = {"n_tasks": n_tasks, "names": list(names)}
        self._write(layout.GROWTH, layout.json_parts(fields))

    def close(self, ended_by: str, meta: Meta | None = None) -> None:
        """Write how the run ended, and bring everything to disk; does it once.

        Parameters
        ----------
        ended_by : str
            As in `Meta`.
        meta : Meta, optional
            What has become known of the run; in place of that in the header.
        """
        fields = {"ended_by": ended_by, "meta": meta and meta.to_dict()}
        self._write(layout.END, layout.json_parts(fields))
        self._file.close()

    def _pickled(self, records, values):
        """Sizes and pickles of results; -1 where there is none."""
        sizes = [-1] * len(records)
        if values is None:
            return np.array(sizes, np.int64), [], 0
        n_absent = 0
        pickles, joined, dumps = [], bytearray(), worker.dumps
        for row, status in enumerate(records["status"].tolist()):
            value = values[row]
            if status > worker.INVALID or value is MISSING:
                continue
            try:
                pickled = dumps(value)
            except (Exception, SystemExit):
                n_absent += 1
                continue
            sizes[row] = len(pickled)
            if len(pickled) < _LARGE:
                joined += pickled
            else:
                pickles += [joined, pickled]
                joined = bytearray()
        return np.array(sizes, np.int64), [*pickles, joined], n_absent

    def _write(self, kind, parts):
        self._file.append([layout.record_head(kind, parts), *parts])


def _is_of(records, n_bytes, n_tasks):
    """Whether records and their results can be those of a chunk of so many tasks."""
    positions, sizes = records["position"], records["size"]
    return (
        len(records) > 0
        and positions[0] >= 0
        and positions[-1] < n_tasks
        and bool((np.diff(positions) == 1).all())
        and bool((sizes >= 0).all())
        and int(sizes.sum()) <= n_bytes
    )


def _objects(records, values):
    """Results and failures of attempts in a thread, which were not pickled."""
    results, failures = list(values), {}
    for row in np.flatnonzero(records["status"]).tolist():
        failure = values[row]
        results[row] = MISSING
        if records["status"][row] == worker.INVALID:
            failure, results[row] = failure
        failures[row] = failure
    return results, failures


def _failures(records, pickles):
    """Failures of attempts by row, from the pickles of all."""
    ends, failures = np.cumsum(records["size"]).tolist(), {}
    for row in np.flatnonzero(records["status"]).tolist():
        size = int(records["size"][row])
        pickled = pickles[ends[row] - size : ends[row]]
        failures[row] = _failure(records["status"][row], pickled)
    return failures


def _failure(status, pickled):
    """Line, traceback and types, as a worker pickled them."""
    try:
        value = pickle.loads(pickled)
        return value[0] if status == worker.INVALID else value
    except (Exception, SystemExit) as error:
        return worker.describe(error)
