"""`history`: runs of one batch over time → levels, changes, trend.

Knows how to find what belongs together and in which order it was run; refuses to know
where runs are kept: a store only has to have `runs()`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import schema
from ..errors import ArgumentError, did_you_mean, one_of
from ..oneline import format_seconds
from ..runs import Run
from . import changes, judging, levels

MEASURES = ("makespan", "work", "throughput")
_SAME = ("backend", "n_workers", "host")  # what a series has in common


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class History:
    """How long a batch took over time: which changes there were, and the trend.

    Examples
    --------
    >>> times = [2.0, 2.02, 1.98, 2.01, 1.99, 3.0, 3.03, 2.97, 3.01, 2.99]
    >>> days = pd.date_range("2025-01-01", periods=10, tz="UTC")
    >>> past = history(pd.DataFrame({"makespan": times, "started_at": days}))
    >>> past
    1 change in 10 runs: slower by 1.5× since 2025-01-06
    >>> past.changes[["at", "ratio", "verdict"]]
                             at  ratio verdict
    0 2025-01-06 00:00:00+00:00    1.5  slower
    """

    label: str
    measure: str  # "makespan", "work" (s) or "throughput" (1/s)
    tolerance: float
    notes: tuple[str, ...]
    _table: pd.DataFrame
    _changes: pd.DataFrame
    _trends: pd.DataFrame

    @property
    def table(self) -> pd.DataFrame:
        """One row per run, in the order of time.

        Returns
        -------
        DataFrame
            ``at`` (UTC; NaT where unknown), ``value``, ``series``: what it has in
            common with others (backend, workers, host); ``level``: from 0, one more
            after each change of its series; ``typical``: the median of that level;
            ``id`` where the store gives one.
        """
        return self._table.copy()

    @property
    def changes(self) -> pd.DataFrame:
        """One row per change of level, in the order of time.

        Returns
        -------
        DataFrame
            ``series``, ``at``: when the first run of the new level was; ``run``: its
            row of `table`; ``before``, ``after``: medians; ``ratio`` of times (after /
            before; of throughput before / after), with ``low`` and ``high``, 95 %;
            ``verdict``.
        """
        return self._changes.copy()

    @property
    def regressions(self) -> pd.DataFrame:
        """The changes for the worse."""
        worse = self._changes["verdict"] == judging.SLOWER
        return self._changes[worse].reset_index(drop=True)

    @property
    def trends(self) -> pd.DataFrame:
        """One row per series: slow change within its last level.

        Returns
        -------
        DataFrame
            ``series``, ``n_runs`` in that level, ``per_run``: by what each run is
            longer than the one before, as a share (-0.01: 1 % shorter), with ``low``
            and ``high``, 95 % also where noise lasts from run to run (AR(1), 0.5);
            ``is_trend``: whether the interval excludes 0 and the whole level changes by
            more than the tolerance. NaN below 5 runs.

        References
        ----------
        Sen, "Estimates of the regression coefficient based on Kendall's tau", *JASA*
        63, 1968.
        """
        return self._trends.copy()

    def __len__(self):
        return len(self._table)

    def __str__(self):
        lines = [self._headline()]
        for row in self._trends[self._trends["is_trend"]].itertuples():
            way = "longer" if row.per_run > 0 else "shorter"
            where = f" ({row.series})" if len(self._trends) > 1 else ""
            lines.append(
                f"trend: {100 * abs(row.per_run):.2g} % {way} with each of the last "
                f"{row.n_runs} runs{where}"
            )
        return "\n".join([*lines, *map("Note: {}".format, self.notes)])

    def __repr__(self):
        return self._headline()

    def _headline(self) -> str:
        n, runs = len(self._changes), len(self._table)
        what = f"{runs:,} run{'s' * (runs != 1)}"
        if not n:
            typical = self._table["value"].median()
            shown = (
                f"{typical:.4g} tasks/s"
                if self.measure == "throughput"
                else format_seconds(typical)
            )
            return f"no change in {what}: {shown} as a rule"
        last = self._changes.iloc[-1]
        factor = (
            last["ratio"] if last["verdict"] == judging.SLOWER else 1 / last["ratio"]
        )
        at = self._table["at"]
        days = at.dt.date.nunique()
        when = "%Y-%m-%d" if days > 1 else "%Y-%m-%d %H:%M:%S"  # all of one day
        since = f" since {last['at']:{when}}" if pd.notna(last["at"]) else ""
        if not since:
            since = f" from run {last['run']} on"
        head = f"{n} change{'s' * (n != 1)} in {what}"
        return f"{head}: {last['verdict']} by {factor:.3g}×{since}"


def history(
    runs: Any,
    *,
    label: str | None = None,
    measure: str = "makespan",
    tolerance: float = 0.05,
) -> History:
    """How long a batch took over time: changes of level, regressions, trend.

    Parameters
    ----------
    runs : RunStore, sequence of Run, or DataFrame
        A frame has a row per run, as `RunStore.runs` gives it: the measure and, where
        known, ``started_at``, ``label``, ``backend``, ``n_workers``, ``host``. Rows
        without a time stay in their order.
    label : str, optional
        Which runs. Default: all, if they have one label.
    measure : {"makespan", "work", "throughput"}
    tolerance : float
        A change that is smaller does not count: 0.05 for 5 %.

    Returns
    -------
    History
        Runs on other backends, numbers of workers or hosts are series of their own:
        levels are compared within one only. A change needs four runs on either side.

    Raises
    ------
    ArgumentError
        If there is no run, none of that label, or several labels and none was named; or
        if `runs` is something else.

    References
    ----------
    `parallel_nb.comparison.changes` names them for the changes. Daly, Brown, Ingo,
    O'Leary, Bradford, "The use of change point detection to identify software
    performance regressions in a continuous integration system", *ICPE*, 2020, for why
    not thresholds.

    Examples
    --------
    >>> times = [2.0, 2.02, 1.98, 2.01, 1.99, 3.0, 3.03, 2.97, 3.01, 2.99]
    >>> past = history(pd.DataFrame({"makespan": times}))
    >>> past.changes[["run", "before", "after", "ratio", "verdict"]].round(2)
       run  before  after  ratio verdict
    0    5     2.0    3.0    1.5  slower
    """
    tolerance = judging.checked(tolerance)
    one_of("measure", measure, MEASURES)
    frame = _frame(runs, measure)
    frame, label = _of_label(frame, label)
    notes = []
    known = np.isfinite(frame["value"]) & (frame["value"] > 0)
    if not known.all():
        notes.append(f"{int((~known).sum())} runs are left out: nothing ran in them")
        frame = frame[known]
    if n_less := int((frame["success_rate"] < 1).sum()):
        notes.append(
            f"not all tasks were done in {n_less} of {len(frame)} runs: less time may "
            "be less work"
        )
    if not len(frame):
        raise ArgumentError("`runs` must hold runs in which something ran; got none")
    frame = frame.sort_values(
        "at", kind="stable", na_position="first", ignore_index=True
    )
    frame["series"] = _series(frame)
    frame["level"], found, trends = 0, [], []
    for series, rows in frame.groupby("series", sort=False):
        numbers, of_series = levels.of_series(rows, measure, tolerance)
        frame.loc[rows.index, "level"] = numbers
        found += [{"series": series, **change} for change in of_series]
        last = rows[numbers == numbers[-1]]
        trends.append(
            {"series": series, **levels.trend(last["value"], measure, tolerance)}
        )
    groups = frame.groupby(["series", "level"], sort=False)["value"]
    frame["typical"] = groups.transform("median")
    few = frame.groupby("series").size() < 2 * changes.LEAST
    if few.any():
        who = "the series is" if len(few) == 1 else f"{int(few.sum())} series are"
        least = 2 * changes.LEAST
        notes.append(f"{who} too short for a change to be seen: it takes {least} runs")
    columns = ["series", "at", "run", "before", "after", "ratio", "low", "high"]
    table = pd.DataFrame(found, columns=[*columns, "verdict"])
    table = table.sort_values("run", ignore_index=True)
    ids = ["id"] if "id" in frame else []
    return History(
        label=label,
        measure=measure,
        tolerance=tolerance,
        notes=tuple(notes),
        _table=frame[["at", "value", "series", "level", "typical", *ids]],
        _changes=table,
        _trends=pd.DataFrame(trends),
    )


def _frame(runs: Any, measure: str) -> pd.DataFrame:
    """One row per run: ``value``, ``at``, ``label`` and what a series has in common."""
    if hasattr(runs, "runs"):
        runs = runs.runs()
    elif not isinstance(runs, pd.DataFrame):
        runs = _of_runs(runs)
    if not len(runs):
        raise ArgumentError("`runs` must hold at least one run; got none")
    if measure not in runs:
        hint = did_you_mean(measure, [c for c in runs.columns if isinstance(c, str)])
        raise ArgumentError(
            f"`runs` must have a column {measure!r}; it has {list(runs.columns)}.{hint}"
        )
    made = pd.DataFrame({"value": pd.to_numeric(runs[measure], errors="coerce")})
    absent = pd.Series("", index=runs.index)
    for column in ("label", *_SAME):
        values = runs.get(column, absent)
        made[column] = schema.as_text(["" if pd.isna(v) else str(v) for v in values])
    rate = runs.get("success_rate", pd.Series(math.nan, index=runs.index))
    made["success_rate"] = pd.to_numeric(rate, errors="coerce")
    if "id" in runs:
        made["id"] = runs["id"]
    at = runs.get("started_at", absent)
    made["at"] = pd.to_datetime(at, utc=True, errors="coerce", format="ISO8601")
    return made.reset_index(drop=True)


def _of_runs(runs: Any) -> pd.DataFrame:
    if isinstance(runs, str | bytes | Run) or not isinstance(runs, Sequence):
        raise ArgumentError(
            "`runs` must be a RunStore, a sequence of Runs or a DataFrame; got "
            f"{type(runs).__name__}"
        )
    rows = []
    for at, run in enumerate(runs):
        if not isinstance(run, Run):
            raise ArgumentError(
                f"`runs` must hold Runs only; got {type(run).__name__} at {at}"
            )
        numbers = run.summary().iloc[0]
        meta = run.meta
        rows.append(
            {
                **{name: numbers[name] for name in (*MEASURES, "success_rate")},
                **{name: getattr(meta, name) for name in _SAME},
                "started_at": meta.started_at or None,
            }
        )
    labels = schema.as_text([run.meta.label for run in runs])
    return pd.DataFrame(rows).assign(label=labels)


def _of_label(frame: pd.DataFrame, label: str | None) -> tuple[pd.DataFrame, str]:
    labels = list(dict.fromkeys(frame["label"]))
    if label is None:
        if len(labels) > 1:
            shown = ", ".join(map(repr, labels[:8])) + ", …" * (len(labels) > 8)
            raise ArgumentError(
                f"`label` must say which runs, as there are several: {shown}"
            )
        return frame, labels[0]
    one_of("label", label, labels)
    return frame[frame["label"] == label], label


def _series(frame: pd.DataFrame) -> pd.Series:
    """What tells series apart, in words; "" where they have all in common."""
    differing = [column for column in _SAME if frame[column].nunique() > 1]
    if not differing:
        return pd.Series("", index=frame.index, dtype="str")
    told = frame[differing].copy()
    if "n_workers" in told:
        told["n_workers"] = told["n_workers"].map(
            lambda n: f"{n} worker{'s' * (n != '1')}"
        )
    return told.agg(" · ".join, axis=1).astype("str")
