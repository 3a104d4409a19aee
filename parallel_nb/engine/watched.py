"""A run in progress, as others may look at it from another thread.

Knows which part of the engine tells what; changes nothing except by `cancel`, and
refuses to know who looks.
"""

from typing import NamedTuple

import numpy as np

from . import worker
from .collecting import RECORD_DTYPE

_MANY = 500  # rows of a block that is told by some of them
_SAMPLE = 32  # these


class Rows(NamedTuple):
    """Attempts that came home."""

    records: np.ndarray  # of `worker.RECORD_FIELDS`; times on the host's clock
    tasks: np.ndarray  # int64 (n_rows,), positions in the batch
    lanes: np.ndarray  # int64 (n_rows,); -1 for what never began
    numbers: np.ndarray  # int64 (n_rows,), within the run
    n_lost: int  # that are not done


class Blocks(NamedTuple):
    """Very many attempts that came home, all of them done.

    A stream of tiny tasks brings millions: who looks at each takes as long as some of
    them took. So of each block there are a few rows, from the first to the last one.
    """

    records: np.ndarray  # as above (n_some,), of some rows of each block
    some: np.ndarray  # int64 (n_some,), tasks of these rows
    first: np.ndarray  # int64 (n_blocks,): where the rows of each block begin
    lanes: np.ndarray  # int64 (n_blocks,)
    tasks: list[np.ndarray]  # all tasks of each block


class Watched:
    """What a view may ask of one run.

    Parameters
    ----------
    job : jobs.Job
    in_background : bool

    Attributes
    ----------
    title : str
    n_workers : int
        As far as they are known before they are there.
    backend : str
    zero : float
        When it began to hand out tasks, on the host's clock.
    in_background : bool
        Whether the kernel is free meanwhile: then `cancel` can be asked for.
    waits : bool
        Whether its tasks wait for each other, for agents or for resources.
    """

    def __init__(self, job, *, in_background):
        self._job = job
        self._collector = job.collector
        self._n_blocks = 0
        self._n_rows = 0
        self._lanes = {}
        self.title = job.title
        self.n_workers, self.backend = job.n_workers, job.backend
        self.zero = worker.clock()
        self.in_background = in_background
        self.waits = job.batch.is_planned

    def begin(self, workers):
        """The workers are there, and the first task is about to be handed out."""
        self.n_workers, self.backend = workers.n_workers, workers.name
        self.zero = worker.clock()

    def now(self) -> float:
        """The host's clock, in seconds."""
        return worker.clock()

    @property
    def n_tasks(self) -> int | None:
        """Tasks of the batch; None while nobody knows."""
        batch = self._job.batch
        return None if self._job.is_open and batch.may_go_on else batch.n_known

    @property
    def n_known(self) -> int:
        """Tasks known so far."""
        return self._job.batch.n_known

    @property
    def costs(self) -> np.ndarray | None:
        """Expected length of each task, in any unit; None where they are not listed."""
        return getattr(self._job.batch, "costs", None)

    @property
    def n_ended(self) -> int:
        """Tasks that have ended, however they did."""
        return self._collector.n_done + self._collector.n_lost

    @property
    def ended_by(self) -> str:
        """What ended the run, as ``meta.ended_by`` has it."""
        dispatcher = self._job.dispatcher
        return "" if dispatcher is None else dispatcher.ended_by

    def news(self) -> list[Rows | Blocks]:
        """What came home since this was asked last; what is done comes last."""
        few, many = [], []
        for each in zip(*self._collector.blocks_since(self._n_blocks), strict=True):
            n, n_lost = each[2][0], each[2][-1]
            (few if n_lost or n < _MANY else many).append((self._n_rows, *each))
            self._n_rows += n
            self._n_blocks += 1
        found = [self._rows(few)] if few else []
        return [*found, self._blocks(many)] if many else found

    def _rows(self, blocks) -> Rows:
        firsts, packed, tasks, facts = zip(*blocks, strict=True)
        counts = [each[0] for each in facts]
        lanes = [self._lane_of(*each[1:5]) for each in facts]
        # Where each row stands among all: blocks of very many may lie between.
        behind = np.array(firsts) - np.cumsum([0, *counts[:-1]])
        return Rows(
            np.frombuffer(b"".join(packed), RECORD_DTYPE),
            np.concatenate(tasks),
            np.repeat(lanes, counts),
            np.arange(sum(counts)) + np.repeat(behind, counts),
            sum(each[-1] for each in facts),
        )

    def _blocks(self, blocks) -> Blocks:
        _, packed, tasks, facts = zip(*blocks, strict=True)
        records, some, first, n = [], [], [], 0
        for each, own in zip(packed, tasks, strict=True):
            step, of_block = len(own) // _SAMPLE, np.frombuffer(each, RECORD_DTYPE)
            records += (of_block[::step], of_block[-1:])
            some += (own[::step], own[-1:])
            first.append(n)
            n += len(some[-2]) + 1
        return Blocks(
            np.concatenate(records),
            np.concatenate(some),
            np.array(first),
            np.array([self._lane_of(*each[1:5]) for each in facts]),
            list(tasks),
        )

    def _lane_of(self, lane, pid, thread, host):
        """Who is not known by a lane gets the next one; the last is shared by all."""
        if lane >= 0 or not pid:
            return min(lane, self.n_workers - 1)
        known = self._lanes
        return known.setdefault(
            (host, pid, thread), min(len(known), self.n_workers - 1)
        )

    def under_way(self) -> list[tuple[int, float]]:
        """Lane and moment of handing over of each chunk that a worker has.

        The lane is -1 where the backend does not say who has it; chunks that wait for
        a worker have none either.
        """
        return [
            (
                entry.lane if entry.lane >= 0 else getattr(entry.call, "lane", -1),
                entry.submitted,
            )
            for entry in self._job.dispatcher.outstanding()
        ]

    def name_of(self, task: int) -> str:
        """What a task is called."""
        names = self._job.batch.names
        return names if isinstance(names, str) else str(names[task])

    def error_of(self, row: int) -> str:
        """What is said in one line of the failure in a row; empty if nothing is."""
        return self._collector.line_of(row)

    def cancel(self) -> bool:
        """Ask the run to end, without waiting; False while it has not begun."""
        return self._job.stop()
