"""`Ledger`: worker-seconds by part, as a whole, by worker, by agent and over time.

Knows how the parts are laid out in frames and in a line of text; refuses to know how
they were found.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd

from .. import schema
from . import parts


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ledger:
    """Where the worker-seconds of a run went: n_workers x makespan, in parts.

    Every second of every worker between the first submission and the last end is of
    one part only, so the parts add up, in each frame and each of its rows.

    Attributes
    ----------
    label, n_workers : str, int
        Of the run.
    window : (float, float)
        First submission and last end (s); NaN if nothing ended.
    n_attempts : int
    excess_cpu : float
        CPU seconds of successful attempts beyond their duration: threads of their own.
    uncounted : float
        Seconds inside attempts that overlapped others in their lane.
    notes : tuple of str
        What should be known before believing it.

    Examples
    --------
    >>> from parallel_nb import Run, ledger
    >>> table = pd.DataFrame(
    ...     {
    ...         "task": [0, 1],
    ...         "started": [0.0, 0.0],
    ...         "ended": [4.0, 2.0],
    ...         "cpu": [3.0, 2.0],
    ...         "worker": [0, 1],
    ...     }
    ... )
    >>> found = ledger(Run.from_frame(table))
    >>> found
    useful 62 %, waiting for the slowest 25 %, waiting inside attempts 12 %
    >>> {name: seconds for name, seconds in found.parts.items() if seconds}
    {'useful': 5.0, 'waiting': 1.0, 'tail': 2.0}
    >>> found.table[["part", "seconds", "share", "workers"]].query("seconds > 0")
          part  seconds  share  workers
    0   useful      5.0  0.625     1.25
    1  waiting      1.0  0.125     0.25
    7     tail      2.0  0.250     0.50
    >>> found.workers[["worker", "useful", "waiting", "tail", "total"]]
       worker  useful  waiting  tail  total
    0       0     3.0      1.0   0.0    4.0
    1       1     2.0      0.0   2.0    4.0
    """

    label: str  # of the run
    n_workers: int
    window: tuple[float, float]  # s: first submission, last end; NaN if nothing ended
    n_attempts: int
    excess_cpu: float  # CPU s of successful attempts beyond their wall time: threads
    uncounted: float  # s inside attempts that overlapped others in their lane
    notes: tuple[str, ...]  # what to know before believing it
    _workers: np.ndarray  # s (n_workers, n_parts)
    _bins: np.ndarray  # s (n_bins + 1,)
    _series: np.ndarray  # s (n_bins, n_parts)
    _agents: pd.DataFrame
    _lost: pd.DataFrame

    @property
    def makespan(self) -> float:
        """Seconds, as in `run.summary()`; NaN if nothing ended."""
        return self.window[1] - self.window[0]

    @property
    def total(self) -> float:
        """n_workers x makespan in worker-seconds; 0 if there is no makespan."""
        return self.n_workers * self.makespan if self.makespan > 0 else 0.0

    @property
    def _seconds(self) -> np.ndarray:
        return self._workers.sum(axis=0)

    @property
    def parts(self) -> dict[str, float]:
        """Worker-seconds of each part, by name; they add up to `total`."""
        return dict(zip(parts.NAMES, self._seconds.tolist(), strict=True))

    @property
    def shares(self) -> dict[str, float]:
        """Share of `total` of each part, by name; NaN if there is no makespan."""
        return {
            name: seconds / self.total if self.total else math.nan
            for name, seconds in self.parts.items()
        }

    @property
    def table(self) -> pd.DataFrame:
        """One row per part.

        Returns
        -------
        DataFrame
            ``part``; ``seconds`` (worker-seconds); ``share`` of the total;
            ``workers``, seconds / makespan: how many workers' time it took, which is
            how many times the speedup is short of n_workers for it; ``meaning``.
        """
        shares = np.array(list(self.shares.values()))
        return pd.DataFrame(
            {
                "part": schema.as_text(parts.NAMES),
                "seconds": self._seconds,
                "share": shares,
                "workers": shares * self.n_workers,
                "meaning": schema.as_text([part.meaning for part in parts.PARTS]),
            }
        )

    @property
    def workers(self) -> pd.DataFrame:
        """One row per worker: ``worker``, its seconds of each part, ``total``."""
        return pd.DataFrame(
            {
                "worker": np.arange(self.n_workers),
                **dict(zip(parts.NAMES, self._workers.T, strict=True)),
                "total": self._workers.sum(axis=1),
            }
        )

    @property
    def agents(self) -> pd.DataFrame:
        """One row per agent that has slots, as many seconds as slots x makespan.

        Returns
        -------
        DataFrame
            ``agent``, ``slots``, seconds of each part, ``total``. A slot is idle in
            ``dispatch`` while a task of this agent was ready, whoever the workers
            worked for; in ``tail`` after the agent's last attempt; else it is
            ``blocked``. The start of a process counts where it did nothing but this
            agent's tasks.
        """
        return self._agents.copy()

    @property
    def series(self) -> pd.DataFrame:
        """One row per bin of time: ``started``, ``ended``, s of each part, ``total``.

        The CPU time of an attempt is spread evenly over it.
        """
        return pd.DataFrame(
            {
                "started": self._bins[:-1],
                "ended": self._bins[1:],
                **dict(zip(parts.NAMES, self._series.T, strict=True)),
                "total": self._series.sum(axis=1),
            }
        )

    @property
    def lost(self) -> pd.DataFrame:
        """What was lost, by why.

        Returns
        -------
        DataFrame
            ``why``: the attempts' status, or ``superseded`` for those that were done
            and yet tried again; ``n_attempts``; ``seconds``, which add up to the part
            ``lost``.
        """
        return self._lost.copy()

    def __str__(self):
        if math.isnan(self.makespan):
            return "nothing ran"
        if not self.total:
            return "nothing took any time"
        return parts.in_words(list(self.shares.values()))

    def __repr__(self):
        return str(self)
