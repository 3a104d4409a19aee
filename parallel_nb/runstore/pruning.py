"""Which runs may go.

Knows counts and ages; refuses to remove anything.
"""

from __future__ import annotations

import datetime

import pandas as pd

from ..errors import ArgumentError
from . import rows


def beyond(frame: pd.DataFrame, keep: int | str | datetime.timedelta) -> pd.DataFrame:
    """The runs of `frame` that are not to keep; as `RunStore.prune` explains it."""
    runs = frame[frame["status"] == rows.OK]
    if isinstance(keep, int) and not isinstance(keep, bool):
        if keep < 0:
            raise ArgumentError(f"`keep` must be 0 or more; got {keep}")
        # Oldest first: counted from the end of each label.
        from_end = runs.groupby("label").cumcount(ascending=False)
        return runs[from_end >= keep].reset_index(drop=True)
    try:
        age = pd.Timedelta(keep)
    except (TypeError, ValueError):
        age = pd.NaT
    if pd.isna(age) or age < pd.Timedelta(0) or isinstance(keep, bool | float):
        raise ArgumentError(
            "`keep` must be a number of runs, a timedelta or a text such as '30 days'; "
            f"got {keep!r}"
        )
    is_old = runs["started_at"] < pd.Timestamp.now("UTC") - age
    return runs[is_old].reset_index(drop=True)
