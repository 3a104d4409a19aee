"""Floor 1: the rows that a Sweep is made of, and how well repeats agree.

Knows dtypes and what is refused, with words that say why; refuses to know speedups,
laws and Runs.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from .errors import ArgumentError, SchemaError, did_you_mean

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


def checked(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the dtypes and the order of columns that a Sweep has."""
    if not len(rows):
        raise SchemaError("rows: expected at least one measurement; got none")
    n = _numbers(rows["n_workers"], "n_workers")
    if (n < 1).any() or (n != np.round(n)).any():
        wrong = n[(n < 1) | (n != np.round(n))][0]
        raise SchemaError(f"n_workers: expected whole numbers from 1; got {wrong:g}")
    value = _numbers(rows["value"], "what was measured")
    if not (value > 0).all():
        raise SchemaError(
            "what was measured: expected positive numbers; got "
            f"{value[~(value > 0)][0]:g}"
        )
    made = pd.DataFrame({"n_workers": n.astype(np.int64)})
    made["backend"] = rows["backend"].astype("str").to_numpy()
    if "repeat" in rows:
        made["repeat"] = _numbers(rows["repeat"], "repeat").astype(np.int64)
    else:
        made["repeat"] = made.groupby(["backend", "n_workers"]).cumcount()
    made["value"] = value
    for name in SHARES:
        if name in rows:
            made[name] = rows[name].to_numpy(dtype=float)
    return made


def _numbers(values: pd.Series, name: str) -> np.ndarray:
    try:
        found = values.to_numpy(dtype=float, na_value=math.nan)
    except (TypeError, ValueError):
        raise SchemaError(f"{name}: expected numbers; got {values.dtype}") from None
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
