"""What tasks returned, as bytes and back.

Knows pickles; the only place that unpickles anything from a file, when asked to.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .. import schema
from ..errors import StoreError
from ..runs import MISSING, Run
from ..totals import last_attempt_rows

# What plain pickle writes without naming a function or class of the user's.
_PLAIN = {type(None), bool, int, float, complex, str, bytes}
_PLAIN_ARRAYS = {np.ndarray, np.float64, np.float32, np.int64, np.int32, np.bool_}


def pickled_results(run: Run) -> pa.Array:
    """Each task's result as bytes, in the row of its last attempt."""
    results = run.results_or(MISSING)
    rows = last_attempt_rows(run.attempts)
    pickled = np.full(len(run.attempts), None, dtype=object)
    for task, row in enumerate(rows.tolist()):
        pickled[row] = _pickled(task, results[task])
    return pa.array(pickled, pa.large_binary())


def _pickled(task: int, result: Any) -> bytes | None:
    if result is MISSING:
        return None
    kind = type(result)
    if kind in _PLAIN or (kind in _PLAIN_ARRAYS and not result.dtype.hasobject):
        return pickle.dumps(result, protocol=5)
    import cloudpickle

    try:
        return cloudpickle.dumps(result, protocol=5)
    except Exception as error:
        raise StoreError(
            f"the result of task {task} ({type(result).__name__}) cannot be pickled: "
            f"{error}. Save without results, or return something that can be."
        ) from error


def results_of(path: Path, attempts: pd.DataFrame, pickles: pa.ChunkedArray) -> list:
    """What each task returned, from the bytes in each row."""
    tasks = attempts[schema.TASK].to_numpy()
    results: list[Any] = [MISSING] * (int(tasks.max()) + 1 if len(tasks) else 0)
    for task, pickled in zip(tasks.tolist(), pickles.to_pylist(), strict=True):
        if pickled is not None:
            results[task] = _unpickled(path, task, pickled)
    return results


def _unpickled(path: Path, task: int, pickled: bytes) -> Any:
    try:
        return pickle.loads(pickled)
    except Exception as error:
        raise StoreError(
            f"the result of task {task} in {path} cannot be unpickled here: "
            f"{type(error).__name__}: {error}. Load without results, or install what "
            "it needs."
        ) from error
