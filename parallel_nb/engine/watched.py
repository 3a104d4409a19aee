"""A run in progress, as others may look at it from another thread.

Knows which part of the engine tells what; changes nothing except by `cancel`, and
refuses to know who looks.
"""

from typing import NamedTuple

import numpy as np

from . import worker


class Rows(NamedTuple):
    """Attempts that came home."""

    records: np.ndarray  # of `worker.RECORD_FIELDS`; times on the host's clock
    tasks: np.ndarray  # int64 (n_rows,), positions in the batch
    lanes: np.ndarray  # int64 (n_rows,); -1 for what never began
    first: int  # number of the first of them within the run


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

    def news(self) -> Rows:
        """What came home since this was asked last."""
        records, tasks, blocks = self._collector.rows_since(self._n_blocks)
        counts = [block[0] for block in blocks]
        lanes = [self._lane_of(*block[1:]) for block in blocks]
        found = Rows(records, tasks, np.repeat(lanes, counts).astype(int), self._n_rows)
        self._n_blocks += len(blocks)
        self._n_rows += len(records)
        return found

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
