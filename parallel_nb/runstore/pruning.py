"""Which runs may go.

Knows counts and ages; refuses to remove anything.
"""

from __future__ import annotations

import datetime
import numbers
import re

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from . import rows


def beyond(frame: pd.DataFrame, keep: int | str | datetime.timedelta) -> pd.DataFrame:
    """The runs of `frame` that are not to keep; as `RunStore.prune` explains it."""
    runs = frame[frame["status"] == rows.OK]
    if isinstance(keep, numbers.Integral) and not isinstance(keep, bool):
        if keep < 0:
            raise ArgumentError(f"`keep` must be 0 or more; got {keep}")
        # Oldest first: counted from the end of each label.
        from_end = runs.groupby("label").cumcount(ascending=False)
        return runs[from_end >= keep].reset_index(drop=True)
    try:
        # A bare number would be one of nanoseconds, and nothing is as young as that.
        is_bare = isinstance(keep, numbers.Number | np.number | np.bool_) or (
            isinstance(keep, str) and re.fullmatch(r"[\s\d.eE+-]*", keep)
        )
        age = pd.NaT if is_bare else pd.Timedelta(keep)
    except (TypeError, ValueError):
        age = pd.NaT
    if pd.isna(age) or age < pd.Timedelta(0):
        raise ArgumentError(
            "`keep` must be a number of runs, a timedelta or a text such as '30 days'; "
            f"got {keep!r}"
        )
    is_old = runs["started_at"] < pd.Timestamp.now("UTC") - age
    return runs[is_old].reset_index(drop=True)
