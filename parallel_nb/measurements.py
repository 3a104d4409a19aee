"""Floor 1: the rows that a Sweep is made of, what they say, and how well they agree.

Knows dtypes and what is refused, with words that say why, and speedups; refuses to know
laws. A Run that it is given need only have `meta` and `summary()`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .errors import ArgumentError, SchemaError, did_you_mean

MEASURES = ("makespan", "throughput", "speedup")
GROWTH = "growth"  # of weak scaling: the batch, over one worker's
_MOST_WORKERS = 10**9
SHARES = ("utilization", "load_balance", "work")  # what only Runs know


def column(frame: pd.DataFrame, name: str, parameter: str) -> pd.Series:
    """The column that an argument names.

    Raises
    ------
    SchemaError
        If the frame has none of that name.
    """
    if name not in frame.columns:
        hint = did_you_mean(name, [c for c in frame.columns if isinstance(c, str)])
        raise SchemaError(
            f"`{parameter}`: expected a column of the frame; got {name!r}, and it has "
            f"{listed(map(repr, frame.columns))}.{hint}"
        )
    return frame[name]


def of_frame(
    frame: pd.DataFrame, n: str, told: Mapping[str, str | None], **others: str | None
) -> tuple[pd.DataFrame, str]:
    """Rows of a foreign table, and which measure it has.

    Parameters
    ----------
    frame : DataFrame
    n : str
        The column that counts workers.
    told : mapping
        Of measures to their column, or None.
    **others : str or None
        The columns that are the backend and the repeat.

    Raises
    ------
    SchemaError
        If a column is absent.
    ArgumentError
        If `frame` is none, or not exactly one measure has a column.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(f"`frame` must be a DataFrame; got {type(frame).__name__}")
    named = [measure for measure, name in told.items() if name is not None]
    if len(named) != 1:
        got = [each if each != "makespan" else "time" for each in named]
        raise ArgumentError(
            "exactly one of `time`, `throughput`, `speedup` must name a column; "
            f"got {' and '.join(got) or 'none'}"
        )
    (measure,) = named
    values = column(frame, told[measure], _parameter(measure))
    if pd.api.types.is_timedelta64_dtype(values):
        if measure != "makespan":
            raise SchemaError(
                f"`{measure}`: expected numbers; got {values.dtype}: name it as `time`"
            )
        values = values.dt.total_seconds()
    made = {"n_workers": column(frame, n, "n").to_numpy(), "backend": ""}
    if others["backend"] is not None:
        backend = column(frame, others["backend"], "backend")
        made["backend"] = backend.astype(str).to_numpy()
    made["value"] = values.to_numpy()
    if others["repeat"] is not None:
        made["repeat"] = column(frame, others["repeat"], "repeat").to_numpy()
    return pd.DataFrame(made), measure


def _parameter(measure: str) -> str:
    return "time" if measure == "makespan" else measure


def of_runs(
    runs: Sequence[Any],
    backends: Sequence[str] | None,
    growth: Sequence[float] | None,
) -> pd.DataFrame:
    """Rows of Runs, as `Sweep.from_runs` explains it."""
    numbers = [run.summary().iloc[0] for run in runs]
    for at, each in enumerate(numbers):
        if not each["makespan"] > 0:
            raise ArgumentError(
                f"`runs` must have a makespan each; run {at} has none, as nothing ran "
                "in it, or nobody noted when"
            )
    made = {
        "n_workers": [run.meta.n_workers for run in runs],
        "backend": backends or [run.meta.backend for run in runs],
        "value": [each["makespan"] for each in numbers],
    }
    for name in SHARES:
        made[name] = [float(each[name]) for each in numbers]
    if growth is not None:
        if len(growth) != len(runs):
            raise ArgumentError(
                f"`growth` must have one number for each of {len(runs)} runs; got "
                f"{len(growth)}"
            )
        made[GROWTH] = list(growth)
    return pd.DataFrame(made)


def checked(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The rows with the dtypes and the order of columns that a Sweep has."""
    if not len(rows):
        raise SchemaError("rows: expected at least one measurement; got none")
    n = _workers(rows["n_workers"], measure)
    value = _numbers(rows["value"], "what was measured")
    if not (value > 0).all():
        at = int(np.flatnonzero(~(value > 0))[0])
        hint = ". Drop rows in which nothing was done" if value[at] == 0 else ""
        raise SchemaError(
            f"what was measured: expected positive numbers; got {value[at]:g} in row "
            f"{at}{hint}"
        )
    backend = rows["backend"].astype("str").reset_index(drop=True)
    made = {"n_workers": n, "backend": backend}
    if "repeat" in rows:
        repeat = _numbers(rows["repeat"], "repeat")
        if (repeat != np.round(repeat)).any():
            wrong = repeat[repeat != np.round(repeat)][0]
            raise SchemaError(f"repeat: expected whole numbers; got {wrong:g}")
        made["repeat"] = repeat.astype(np.int64)
    else:
        made["repeat"] = _counted(pd.factorize(backend)[0], n)
    made["value"] = value
    for name in SHARES:
        if name in rows:
            made[name] = rows[name].to_numpy(dtype=float)
    if GROWTH in rows:
        made[GROWTH] = _numbers(rows[GROWTH], GROWTH)
        if not (made[GROWTH] > 0).all():
            raise SchemaError(
                f"growth: expected positive numbers; got {made[GROWTH].min():g}"
            )
    return pd.DataFrame(made)


def _workers(values: pd.Series, measure: str) -> np.ndarray:
    """Whole numbers, or loads, of which there may be a fraction."""
    n = _numbers(values, "n_workers")
    is_whole = (n >= 1) & (n == np.round(n))
    if is_whole.all():
        if (n > _MOST_WORKERS).any():
            raise SchemaError(
                f"n_workers: expected up to {_MOST_WORKERS:,}; got {n.max():g}"
            )
        return n.astype(np.int64)
    wrong = n[~is_whole][0]
    if measure != "throughput":
        hint = ""
        if wrong > 0:
            hint = (
                ". Fractions are loads, such as the mean number of busy sessions, and "
                "go with `throughput`"
            )
        raise SchemaError(
            f"n_workers: expected whole numbers from 1; got {wrong:g}{hint}"
        )
    if not (n > 0).all():
        raise SchemaError(
            f"n_workers: expected numbers above 0; got {n[~(n > 0)][0]:g}"
        )
    return n


def _counted(series: np.ndarray, n: np.ndarray) -> np.ndarray:
    """How many equal rows were there before each."""
    _, number = np.unique(n, return_inverse=True)
    group = series * (number.max() + 1) + number
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[first, len(ordered)])
    found = np.empty(len(group), dtype=np.int64)
    found[order] = np.arange(len(group)) - np.repeat(first, lengths)
    return found


def throughput(rows: pd.DataFrame, measure: str, scale: str) -> np.ndarray:
    """Work per time of each row, as `Sweep.throughput` explains it."""
    value = rows["value"].to_numpy()
    if measure != "makespan":
        return value
    return grown(rows, scale) / value


def grown(rows: pd.DataFrame, scale: str) -> np.ndarray | float:
    """Work of each row's batch over one worker's."""
    if scale == "strong":
        return 1.0
    return rows[GROWTH if GROWTH in rows else "n_workers"].to_numpy()


def grown_at(rows: pd.DataFrame, scale: str, n: np.ndarray) -> np.ndarray:
    """The batch of any number of workers, as `Sweep.grown` explains it."""
    if scale == "strong":
        return np.ones_like(n)
    if GROWTH not in rows:
        return n
    known = rows.groupby("n_workers")[GROWTH].median()
    at, times = known.index.to_numpy(dtype=float), known.to_numpy()
    if at[0] > 1:
        at, times = np.r_[1.0, at], np.r_[1.0, times]
    if len(at) == 1:  # nobody knows how it goes on
        return times[0] * n
    further = np.diff(times)[-1] / np.diff(at)[-1] * np.maximum(n - at[-1], 0)
    return np.interp(n, at, times) + further


def reference(
    rows: pd.DataFrame, measure: str, rate: np.ndarray
) -> Mapping[str, float]:
    """The throughput of one worker by backend, as `Sweep.reference` explains it."""
    backend = rows["backend"].to_numpy()
    named = list(dict.fromkeys(backend.tolist()))
    if measure == "speedup":
        return dict.fromkeys(named, 1.0)
    is_one = rows["n_workers"].to_numpy() == 1
    of_each = {name: rate[is_one & (backend == name)] for name in named}
    return {name: float(np.median(of)) for name, of in of_each.items() if len(of)}


def table(
    rows: pd.DataFrame, measure: str, scale: str, of_one: Mapping[str, float]
) -> pd.DataFrame:
    """What each row says by itself, but for its serial fraction."""
    n = rows["n_workers"].to_numpy()
    rate = throughput(rows, measure, scale)
    reference_of_each = rows["backend"].map(dict(of_one)).to_numpy(dtype=float)
    speedup = rate / reference_of_each
    unknown = np.full(len(rows), np.nan)
    made = {
        "n_workers": n,
        "backend": rows["backend"],
        "repeat": rows["repeat"],
        "makespan": rows["value"] if measure == "makespan" else unknown,
        "throughput": unknown if measure == "speedup" else rate,
        "speedup": speedup,
        "efficiency": speedup / n,
        "utilization": rows.get("utilization", unknown),
        "load_balance": rows.get("load_balance", unknown),
        "work_inflation": unknown,
    }
    if "work" in rows:
        inflated = rows["work"].to_numpy() * reference_of_each
        made["work_inflation"] = inflated / grown(rows, scale)
    return pd.DataFrame(made)


def _numbers(values: pd.Series, name: str) -> np.ndarray:
    try:
        found = values.to_numpy(dtype=float, na_value=math.nan)
    except (TypeError, ValueError):
        wrong = pd.to_numeric(values, errors="coerce").isna().to_numpy()
        at = int(np.argmax(wrong))
        got = f"{values.iloc[at]!r} in row {at}" if wrong.any() else values.dtype
        raise SchemaError(f"{name}: expected numbers; got {got}") from None
    if not np.isfinite(found).all():
        at = int(np.flatnonzero(~np.isfinite(found))[0])
        raise SchemaError(
            f"{name}: expected a number in each row; got {found[at]} in row {at}. "
            "Drop such rows first"
        )
    return found


def listed(names) -> str:
    """Names in a row, the middle ones left out where they are many."""
    names = list(names)
    if len(names) > 12:
        names[5:-3] = ["…"]
    return ", ".join(names)


def precision(rows: pd.DataFrame, within: float) -> pd.DataFrame:
    """How well repeats agree, as `Sweep.precision` explains it."""
    from scipy.special import stdtrit

    if not within > 0:
        raise ArgumentError(f"`within` must be positive; got {within!r}")
    groups = rows.groupby(["backend", "n_workers"], sort=False)["value"]
    table = groups.agg(n_repeats="size", mean="mean", cv="std").reset_index()
    repeats = table["n_repeats"].to_numpy()
    t = stdtrit(np.maximum(repeats - 1, 1), 0.975)
    table["cv"] /= table["mean"]
    table["half_width"] = t * table["cv"] / np.sqrt(repeats)
    needed = np.ceil((t * table["cv"] / within) ** 2 - 1e-9)
    needed = np.maximum(needed.fillna(2), np.minimum(repeats, 2))
    table["needed"] = needed.astype(np.int64)
    table["more"] = np.maximum(table["needed"] - repeats, 0)
    return table
