"""`Comparison`: one verdict on two sides, and what it rests on.

Knows how it is laid out in sentences and frames; refuses to know how it was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from ..oneline import format_seconds
from . import ratios

_NAMED = 3  # tasks in a sentence
_LEAST = 0.02  # of the makespan: less is not worth a word


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison:
    """What became of the makespan between two sides, how surely, and why.

    Made by `compare`.

    Attributes
    ----------
    verdict : str
        ``"faster"``, ``"slower"``, ``"no difference seen"`` or ``"can't tell"``.
    ratio : float
        Makespan after / before; below 1 is faster.
    low, high : float
        Ends of its 95 % interval; NaN where there is none.
    basis : str
        What the interval is over: ``"repeats"``, …, ``"tasks"``, ``"nothing"``.
    tolerance : float
        Smaller changes count as none; 0.05 is 5 %.
    labels : (str, str)
        Of both sides.
    makespans : two tuples of float
        Seconds, of each repeat; empty of sweeps.
    n_workers : (int, int)
        Of both sides.
    needed : int
        Repeats on each side that it would take to tell; 0: there are enough, or nobody
        knows.
    notes : tuple of str
        What should be known before believing it.

    Examples
    --------
    >>> from parallel_nb import Run, compare
    >>> def run(*seconds):
    ...     table = {"task": list("abcde")[: len(seconds)], "started": 0.0}
    ...     return Run.from_frame(pd.DataFrame({**table, "ended": seconds}))
    >>> before = [run(2.0, 1.0 + i / 100) for i in range(5)]
    >>> after = [run(3.0, 1.0 + i / 100) for i in range(5)]
    >>> found = compare(before, after)
    >>> found.verdict, round(found.ratio, 3)
    ('slower', 1.5)
    >>> print(found)
    slower: 1.5× as long (1.5 to 1.5, 95 %, over 5 and 5 repeats), 2 s → 3 s
    +1 s: work +500 ms, dispatch 0 s, schedule +500 ms
    most by task 'a' +500 ms
    """

    verdict: str  # "faster", "slower", "no difference seen", "can't tell"
    ratio: float  # after / before, of makespans; below 1 is faster
    low: float  # of the 95 % interval; NaN where there is none
    high: float
    basis: str  # what the interval is over: "repeats", …, "tasks", "nothing"
    tolerance: float  # smaller changes count as none
    labels: tuple[str, str]  # of both sides
    makespans: tuple[tuple[float, ...], tuple[float, ...]]  # s; none of sweeps
    n_workers: tuple[int, int]
    needed: int  # repeats on each side to tell; 0: enough there are, or unknown
    notes: tuple[str, ...]  # what to know before believing it
    _parts: pd.DataFrame | None
    _factors: pd.DataFrame | None
    _tasks: pd.DataFrame | None
    _measurements: pd.DataFrame | None

    @property
    def before(self) -> float:
        """Makespan before in s; the median of repeats. NaN of sweeps."""
        return float(pd.Series(self.makespans[0], dtype=float).median())

    @property
    def after(self) -> float:
        """Makespan after in s; the median of repeats. NaN of sweeps."""
        return float(pd.Series(self.makespans[1], dtype=float).median())

    @property
    def parts(self) -> pd.DataFrame:
        """The ledger side by side, in seconds of the makespan.

        Returns
        -------
        DataFrame
            One row per part: ``part``, ``kind`` (``work``, ``dispatch``, ``schedule``),
            ``before``, ``after``: worker-seconds / n_workers, means over repeats;
            ``change``. The rows add up to the mean makespans. Empty where only numbers
            are known.
        """
        return _copy(self._parts, ["part", "kind", "before", "after", "change"])

    @property
    def factors(self) -> pd.DataFrame:
        """Work, workers, load balance, dispatch efficiency: what each multiplies.

        Returns
        -------
        DataFrame
            ``factor``, ``before``, ``after``, ``times``; the ``times`` of the first
            four multiply to that of ``makespan``, the last row.
        """
        return _copy(self._factors, ["factor", "before", "after", "times"])

    @property
    def tasks(self) -> pd.DataFrame:
        """One row per task, those with most change first.

        Returns
        -------
        DataFrame
            ``name``, ``place`` among the tasks of that name, ``status`` (``both``,
            ``added``, ``removed``), ``before``, ``after`` (s), ``ratio``, ``change``
            (s of the makespan, through the work: together the change of work in
            `parts`), ``changed``: whether that is more
            than noise.
        """
        columns = ["name", "place", "status", "before", "after", "ratio", "change"]
        return _copy(self._tasks, [*columns, "changed"])

    @property
    def measurements(self) -> pd.DataFrame:
        """Of sweeps, one row per backend and number of workers that both measured.

        Returns
        -------
        DataFrame
            ``backend``, ``n_workers``, ``n_before``, ``n_after`` (repeats), ``ratio``,
            ``low``, ``high``, ``verdict``. The intervals hold all together in 95 of 100
            cases (Šidák). Empty where no sweeps were compared.
        """
        columns = ["backend", "n_workers", "n_before", "n_after", "ratio", "low"]
        return _copy(self._measurements, [*columns, "high", "verdict"])

    @property
    def table(self) -> pd.DataFrame:
        """One row: the verdict and its numbers."""
        return pd.DataFrame(
            {
                "verdict": [self.verdict],
                "ratio": [self.ratio],
                "low": [self.low],
                "high": [self.high],
                "basis": [self.basis],
                "before": [self.before],
                "after": [self.after],
                "n_before": [len(self.makespans[0])],
                "n_after": [len(self.makespans[1])],
            }
        )

    @property
    def headline(self) -> str:
        """One line: the verdict, the ratio with its interval, both makespans."""
        return f"{self.verdict}: {self._how_much()}"

    @property
    def reasons(self) -> list[str]:
        """Sentences on where the difference lies; none where only numbers are known."""
        return [told for told in (self._kinds(), self._most()) if told]

    def __str__(self):
        return "\n".join(
            [self.headline, *self.reasons, *map("Note: {}".format, self.notes)]
        )

    def __repr__(self):
        return self.headline

    def _how_much(self) -> str:
        told = f"{_times(self.ratio)} as long"
        if not math.isnan(self.low):
            told += (
                f" ({_number(self.low)} to {_number(self.high)}, 95 %, {self._over()})"
            )
        if not math.isnan(self.before):
            told += f", {format_seconds(self.before)} → {format_seconds(self.after)}"
        return told

    def _over(self) -> str:
        if self._measurements is not None:
            return f"over {len(self._measurements)} numbers of workers"
        n, m = map(len, self.makespans)
        if self.basis == ratios.TASKS:
            return "over the tasks of one run each"
        return f"over {n} and {m} repeats"

    def _kinds(self) -> str:
        if self._parts is None:
            return ""
        by_kind = self._parts.groupby("kind", sort=False)["change"].sum()
        told = [f"{kind} {_signed(change)}" for kind, change in by_kind.items()]
        where = ""
        if self._measurements is not None:
            where = f" with {self.n_workers[1]} workers"
        elif abs(by_kind.sum() - (self.after - self.before)) > _LEAST * self.before:
            where = " on average"  # the headline has medians
        return f"{_signed(by_kind.sum())}{where}: {', '.join(told)}"

    def _most(self) -> str:
        if self._tasks is None:
            return ""
        tasks = self._tasks[self._tasks["changed"]]
        whole = self._parts["before"].sum()
        tasks = tasks[tasks["change"].abs() > _LEAST * whole]
        told = [_task(row) for row in tasks.head(_NAMED).itertuples()]
        more = f", and {len(tasks) - _NAMED:,} more" if len(tasks) > _NAMED else ""
        return f"most by {', '.join(told)}{more}" if told else ""


def _copy(frame: pd.DataFrame | None, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=columns) if frame is None else frame.copy()


def _task(row) -> str:
    place = f" ({row.place})" if row.place else ""
    kind = f", {row.status}" if row.status != "both" else ""
    return f"task {row.name!r}{place} {_signed(row.change)}{kind}"


def _times(ratio: float) -> str:
    return f"{_number(ratio)}×"


def _number(ratio: float) -> str:
    return f"{ratio:.3g}" if ratio < 999.5 else f"{ratio:,.0f}"


def _signed(seconds: float) -> str:
    """Seconds with their sign; a change that no clock shows is none."""
    if abs(seconds) < 5e-7:
        return "0 s"
    sign = "+" if seconds > 0 else "\N{MINUS SIGN}"
    return f"{sign}{format_seconds(abs(seconds))}"
