"""Where the difference of two makespans lies: parts of the ledger, factors, tasks.

Knows how seconds of workers become seconds of the makespan; refuses to judge whether
the difference is more than noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from .. import schema, totals
from ..accounting import efficiencies, ledger
from ..runs import Run
from . import matching, ratios

WORK, DISPATCH, SCHEDULE = "work", "dispatch", "schedule"
# Which part of the ledger is of which kind of change.
KINDS = {
    "useful": WORK,
    "waiting": WORK,
    "unmeasured": WORK,
    "lost": WORK,
    "startup": DISPATCH,
    "dispatch": DISPATCH,
    "blocked": SCHEDULE,
    "tail": SCHEDULE,
}
_LEVEL = 0.05  # of tasks said to have changed, so many may be no change (expected)
_FAR = 3.5  # robust standard deviations of all tasks' ratios


def parts(before: Sequence[Run], after: Sequence[Run]) -> pd.DataFrame:
    """The ledger side by side, in seconds of the makespan; means over repeats.

    Returns
    -------
    DataFrame
        One row per part: ``part``, ``kind`` (work, dispatch or schedule), ``before``,
        ``after``: worker-seconds / n_workers; ``change``: their difference, s. The rows
        add up to the mean makespans and to their difference, exactly, whether or not
        the numbers of workers are the same.
    """
    sides = [np.mean([_parts(run) for run in runs], axis=0) for runs in (before, after)]
    return pd.DataFrame(
        {
            "part": schema.as_text(list(KINDS)),
            "kind": schema.as_text(list(KINDS.values())),
            "before": sides[0],
            "after": sides[1],
            "change": sides[1] - sides[0],
        }
    )


def factors(before: Sequence[Run], after: Sequence[Run]) -> pd.DataFrame:
    """The factors whose product is the makespan; geometric means over repeats.

    makespan = work / (n_workers x load balance x dispatch efficiency)

    Returns
    -------
    DataFrame
        One row per factor: ``work`` (s), ``workers``, ``load_balance``,
        ``dispatch_efficiency``, ``makespan`` (s); columns ``factor``, ``before``,
        ``after`` and ``times``: what it makes of the makespan. The ``times`` of the
        first four multiply to that of the last; NaN where no task took any time.

    References
    ----------
    POP Centre of Excellence, *Standard Metrics*; work for useful computation.
    """
    sides = [
        np.exp(np.mean([_logs_of_factors(run) for run in runs], axis=0))
        for runs in (before, after)
    ]
    names = ["work", "workers", "load_balance", "dispatch_efficiency", "makespan"]
    times = sides[1] / sides[0]
    times[1:4] = 1 / times[1:4]
    return pd.DataFrame(
        {
            "factor": schema.as_text(names),
            "before": sides[0],
            "after": sides[1],
            "times": times,
        }
    )


def tasks(before: pd.DataFrame, after: pd.DataFrame, n_before, n_after) -> pd.DataFrame:
    """What each task took, and how much of the change that explains.

    Parameters
    ----------
    before, after : DataFrame
        As `matching.durations` gives them.
    n_before, n_after : sequence of int
        Workers of each run.

    Returns
    -------
    DataFrame
        One row per task, those with most change first: ``name``; ``place`` among the
        tasks of that name; ``status``: ``both``, ``added`` or ``removed``; ``before``,
        ``after`` (s, means over repeats); ``ratio``; ``change``: what it adds to the
        makespan through the work, after / n_after - before / n_before (s), where a
        run without the task has 0 s of it: these add up to the change of work in
        `parts` (where no attempts overlapped in a lane); ``changed``: whether that is
        more than noise. With repeats on both sides, by Welch's test of each task, so
        that of those found one in twenty is expected to be none (Benjamini and
        Hochberg); else whether its ratio stands out among all.

    References
    ----------
    Benjamini, Hochberg, "Controlling the false discovery rate", *JRSS B* 57(1), 1995.
    Iglewicz, Hoaglin, *How to Detect and Handle Outliers*, 1993: 3.5 of the robust
    standard deviations.
    """
    index = matching.matched(before, after)
    if before.index is not after.index:
        before, after = before.reindex(index), after.reindex(index)
    x, y = before.mean(axis=1).to_numpy(), after.mean(axis=1).to_numpy()
    status = np.where(np.isnan(x), "added", np.where(np.isnan(y), "removed", "both"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(x > 0, y / x, np.nan)
    change = _shares(after, n_after) - _shares(before, n_before)
    made = pd.DataFrame(
        {
            "name": schema.as_text(index.get_level_values("name")),
            "place": index.get_level_values("place").astype("int64"),
            "status": schema.as_text(status.tolist()),
            "before": x,
            "after": y,
            "ratio": ratio,
            "change": change,
            "changed": (status != "both") | _stand_out(before, after, ratio),
        }
    )
    order = np.argsort(-np.abs(change), kind="stable")
    return made.iloc[order].reset_index(drop=True)


def _shares(seconds: pd.DataFrame, n_workers) -> np.ndarray:
    """Seconds of the makespan that each task is worth; the mean over runs."""
    return np.mean(np.nan_to_num(seconds.to_numpy()) / np.asarray(n_workers), axis=1)


def _stand_out(before: pd.DataFrame, after: pd.DataFrame, ratio) -> np.ndarray:
    found = np.zeros(len(ratio), dtype=bool)
    if min(before.shape[1], after.shape[1]) >= 2:
        p = ratios.p_of_tasks(before.to_numpy().T, after.to_numpy().T)
        known = np.isfinite(p)
        if known.any():
            found[known] = false_discovery_control(p[known]) <= _LEVEL
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(ratio)
    known = np.isfinite(logs)
    if known.sum() < 5:
        return found
    off = np.abs(logs - np.median(logs[known]))
    # 0.6745: the upper quartile of the normal distribution.
    spread = np.median(off[known]) / 0.6745
    found[known] = off[known] > np.maximum(_FAR * spread, 1e-9)
    return found


def _parts(run: Run) -> np.ndarray:
    found = ledger(run, bins=1).parts
    return np.array([found[name] for name in KINDS]) / run.meta.n_workers


def _logs_of_factors(run: Run) -> np.ndarray:
    row = efficiencies(run).iloc[0]
    work = float(totals.durations(run.attempts).sum())
    found = np.array(
        [
            work,
            run.meta.n_workers,
            row["load_balance"],
            row["dispatch_efficiency"],
            row["makespan"],
        ]
    )
    return np.log(np.where(found > 0, found, np.nan))
