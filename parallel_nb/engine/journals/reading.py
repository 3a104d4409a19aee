"""What a journal holds, read back: rows, what is known of their tasks, and results.

Knows which rows count and which results are there; refuses to know how they were
written, and unpickles nothing unless asked for results.
"""

import os
import pickle
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from ... import schema
from ...errors import SchemaError, StoreError
from ...meta import Meta
from ...runs import MISSING
from .. import worker
from ..collecting import Collector
from . import layout
from .peeks import without_repeats, without_unbegun


@dataclass
class Contents:
    """What was read of a journal.

    A run that was gone on with has written several headers; the newest one tells what
    the tasks are called, and times are told from the oldest one's zero.
    """

    path: str
    n_bytes: int = 0  # of the file when it was read
    end: int = 0  # bytes that could be read
    metas: list[Meta] = field(default_factory=list)  # of each run that wrote in it
    names: str | list[str] = ""
    agents: list | None = None
    rounds: np.ndarray | None = None
    edges: pd.DataFrame | None = None
    details: dict | None = None
    epoch: float = 0.0  # when the first run's zero was, s since 1970
    ended_by: str = ""  # of the last run; empty: it did not say
    blocks: list[layout.Block] = field(default_factory=list)  # times from the zero
    startups: list[tuple] = field(default_factory=list)  # lane, pid, began, ready
    notes: list[str] = field(default_factory=list)
    n_expected: int = 0  # tasks that the newest header, or the growth after it, tells
    n_chunks: int = 0  # highest number of a chunk
    was_interrupted: bool = False  # whether any run in it was

    @property
    def n_tasks(self) -> int:
        """Tasks that are known: of a stream, those that were seen."""
        seen = [int(block.tasks.max()) + 1 for block in self.blocks if len(block.tasks)]
        return max([self.n_expected, *seen])

    @property
    def meta(self) -> Meta:
        """What is true of all that is in it."""
        newest = self.metas[-1]
        return replace(
            newest,
            n_workers=max(meta.n_workers for meta in self.metas),
            started_at=self.metas[0].started_at,
            ended_by=self.ended_by or "killed",
            notes=(*newest.notes, *self.notes),
        )

    def names_of(self, n: int) -> str | list[str]:
        """One name for all of `n` tasks, or each one's."""
        if isinstance(self.names, str):
            return self.names
        return [*self.names[:n], *["task"] * (n - len(self.names))]

    def last(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The last attempt of each task.

        Returns
        -------
        status : int8 array of shape (n_tasks,)
            Code of `schema.STATUSES`; -1: it was never tried.
        fingerprints : array of shape (n_tasks,)
            16 bytes each (`journal_format.FINGERPRINT`); zeros: nobody knows.
        has_result : bool array of shape (n_tasks,)
            Whether its result is in the file.
        """
        n = self.n_tasks
        status, has_result = np.full(n, -1, np.int8), np.zeros(n, bool)
        fingerprints = np.zeros(n, layout.FINGERPRINT)
        for block in self.blocks:
            status[block.tasks] = block.records["status"]
            has_result[block.tasks] = layout.has_result(block)
            if block.fingerprints is not None:
                fingerprints[block.tasks] = block.fingerprints
        return status, fingerprints, has_result

    def changed(self, fingerprints: bytes) -> np.ndarray:
        """Tasks that are not what they were, int64; unknown ones are left out.

        Parameters
        ----------
        fingerprints : bytes of length 16 n_tasks
            What they are now; as many tasks as there are here are compared.
        """
        before = self.last()[1].view(np.uint8).reshape(-1, layout.FINGERPRINT.itemsize)
        now = np.frombuffer(fingerprints, np.uint8).reshape(-1, before.shape[1])
        n = min(len(before), len(now))
        before, now = before[:n], now[:n]
        is_known = before.any(1) & now.any(1)
        return np.flatnonzero(is_known & (before != now).any(1))

    def restore(
        self, collector: Collector, zero: float, is_done: np.ndarray | None = None
    ) -> None:
        """Put all rows into a collector that has none yet.

        Parameters
        ----------
        collector : Collector
            Without its journal and watchers, who would take the rows for new ones. It
            then counts tasks that are done, and no others: those are still to be done.
        zero : float
            What the run's zero is on the clock of the collector.
        is_done : bool array of shape (n_tasks,), optional
            Which are to be counted. Default: those whose last attempt is done.
        """
        for block in self.blocks:
            piece = SimpleNamespace(ready=block.ready + zero, positions=block.tasks)
            entry = SimpleNamespace(
                number=block.number, submitted=block.submitted + zero, piece=piece
            )
            records = block.records.copy()
            records["started"] += zero
            records["ended"] += zero
            received = block.received + zero
            collector.restore(
                entry,
                records,
                block.tasks,
                block.origin,
                received,
                block.in_bytes,
                block.failures,
                block.line,
            )
        if self.was_interrupted:
            collector.forgive_interrupts()
        if is_done is None:
            is_done = self.last()[0] == worker.DONE
        collector.n_done = int(np.count_nonzero(is_done))
        collector.n_failed = collector.n_lost = 0

    def results(self) -> tuple[list, dict[int, tuple]]:
        """What tasks returned, unpickled, and why some of that could not be.

        Returns
        -------
        results : list of length n_tasks
            `MISSING` where there is none.
        failures : dict of int to (line, traceback, types)
            By task.

        Raises
        ------
        StoreError
            If the file is not there any more.
        """
        results: list[Any] = [MISSING] * self.n_tasks
        failures = {}
        with _reading(self.path) as file:
            for block in self.blocks:
                self._read_results(file, block, results, failures)
        return results, failures

    def _read_results(self, file, block, results, failures):
        has_result = layout.has_result(block).tolist()
        at, invalid = block.results_at, block.records["status"] == worker.INVALID
        for row, (task, size) in enumerate(
            zip(block.tasks.tolist(), block.sizes.tolist(), strict=True)
        ):
            results[task] = MISSING  # an attempt that came later counts
            failures.pop(task, None)
            if has_result[row]:
                file.seek(at)
                try:
                    value = pickle.loads(file.read(size))
                    if invalid[row] and not block.is_bare:
                        value = value[1]
                    results[task] = value
                except (Exception, SystemExit) as error:
                    line, text, types = worker.describe(error)
                    line = f"the result could not be unpickled: {line}"
                    failures[task] = line, text, types
            at += max(size, 0)


def read(path: str | os.PathLike) -> Contents:
    """What a journal holds, also one that is still being written.

    A record that was not written to its end is left out, and so is all that comes after
    a damaged one; the notes say so.

    Raises
    ------
    StoreError
        If there is no such file, or it is not a journal, or a newer version's.
    """
    path = os.fspath(path)
    found = Contents(path)
    with _reading(path) as file:
        found.n_bytes = os.fstat(file.fileno()).st_size
        layout.check_start(path, file.read(min(layout.START_SIZE, found.n_bytes)))
        found.end = layout.START_SIZE
        reader = _Reader(found)
        try:
            while found.end < found.n_bytes:
                kind, body = layout.read_record(file, found.n_bytes - found.end)
                reader.take(kind, body)
                found.end += layout.HEAD_SIZE + len(body)
        except layout.Torn:
            n = found.n_bytes - found.end
            found.notes.append(
                f"the journal ends in the middle of a record: its last {n} bytes were "
                "left out"
            )
        except (layout.Damaged, SchemaError, KeyError, TypeError, ValueError):
            n = found.n_bytes - found.end
            found.notes.append(
                f"the journal is damaged at byte {found.end}: this and the {n} bytes "
                "from there on were left out"
            )
    if not found.metas:
        raise StoreError(
            f"{path} holds no run: "
            + (found.notes or ["its first record is not there"])[0]
        )
    found.blocks = without_repeats(found.blocks)
    if any(block.number < 0 for block in found.blocks[:-1]):
        found.blocks = without_unbegun(found.blocks)
    return found


class _Reader:
    """Takes records in the order of the file."""

    def __init__(self, found):
        self._found = found
        self._shift = 0.0  # from the host's clock to seconds since the run's zero
        self._n_chunks = 0  # to be added to the numbers of chunks

    def take(self, kind, body):
        if kind == layout.BLOCK:
            self._block(layout.read_block(body, self._found.end + layout.HEAD_SIZE))
        elif kind in self._SMALL:
            self._SMALL[kind](self, layout.json_fields(body))
        # A kind that is not known was added without harm to those that are.
        if kind != layout.HEADER and not self._found.metas:
            raise layout.Damaged

    def _header(self, fields):
        found = self._found
        meta = Meta.from_dict(fields["meta"])
        if not found.metas:
            found.epoch = fields["epoch"]
        # The zero of a run that goes on is where the one before it had ended.
        self._shift = -fields["zero"]
        self._n_chunks = found.n_chunks - fields["n_chunks"]
        found.metas.append(meta)
        found.names, found.agents = fields["names"], fields["agents"]
        found.rounds = None
        if fields["rounds"] is not None:
            found.rounds = np.array(fields["rounds"], np.int32)
        found.edges = None
        if fields["edges"]:
            found.edges = pd.DataFrame(fields["edges"]).astype(schema.EDGES)
        found.details = {int(task): d for task, d in fields["details"].items()}
        found.n_expected = fields["n_tasks"] or 0
        found.ended_by = ""

    def _block(self, block):
        number = block.number + self._n_chunks if block.number > 0 else -1
        self._found.n_chunks = max(self._found.n_chunks, number)
        records = block.records.copy()
        records["started"] += self._shift
        records["ended"] += self._shift
        self._found.blocks.append(
            block._replace(
                records=records,
                ready=block.ready + self._shift,
                submitted=block.submitted + self._shift,
                received=block.received + self._shift,
                number=number,
            )
        )

    def _startups(self, rows):
        for lane, pid, began, ready in rows:
            self._found.startups.append(
                (lane, pid, began + self._shift, ready + self._shift)
            )

    def _growth(self, fields):
        found = self._found
        found.n_expected = fields["n_tasks"]
        if isinstance(found.names, list):
            found.names += fields["names"]

    def _end(self, fields):
        found = self._found
        found.ended_by = fields["ended_by"]
        found.was_interrupted |= found.ended_by == "interrupt"
        if fields["meta"] is not None:
            found.metas[-1] = Meta.from_dict(fields["meta"])

    _SMALL = {  # noqa: RUF012
        layout.HEADER: _header,
        layout.STARTUPS: _startups,
        layout.GROWTH: _growth,
        layout.END: _end,
    }


@contextmanager
def _reading(path):
    """The file; failures of the file system as StoreErrors that name it."""
    try:
        with open(path, "rb") as file:
            yield file
    except StoreError:
        raise
    except OSError as error:
        told = StoreError(f"cannot read the journal {path}: {error.strerror or error}")
        told.errno = error.errno
        raise told from error
