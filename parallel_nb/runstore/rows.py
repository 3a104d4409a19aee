"""What each file says of its run: one row, without reading the attempts.

Knows which columns the list of runs has, and what stands for a file that is no run;
refuses to know where files lie.
"""

from __future__ import annotations

import errno
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import StoreError
from ..store import header_in, read
from ..store.run_files import summary_of

ENDING = ".parquet"
OK, UNREADABLE = "ok", "unreadable"
_META = (
    "label",
    "started_at",
    "host",
    "backend",
    "n_workers",
    "cpu_count",
    "order",
    "ended_by",
    "source",
    "commit",
)
_COUNTED = ("n_workers", "cpu_count")
_COUNTS = (
    "n_tasks",
    "n_attempts",
    "done",
    "failed",
    "invalid",
    "timeout",
    "crashed",
    "cancelled",
    "skipped",
    "retries",
)
_NUMBERS = (
    "makespan",
    "work",
    "span",
    "speedup_estimated",
    "efficiency",
    "utilization",
    "load_balance",
    "dispatch_efficiency",
    "throughput",
    "success_rate",
)
_TEXTS = ("id", "status", "why", "label", "host", "backend", "order", "ended_by")
_TEXTS += ("source", "commit")
COLUMNS = (
    *("id", "label", "tags", "started_at", "n_workers", "backend"),
    *("makespan", "speedup_estimated", "utilization", "n_tasks", "done"),
    *(name for name in _COUNTS if name not in ("n_tasks", "done")),
    *(n for n in _NUMBERS if n not in ("makespan", "speedup_estimated", "utilization")),
    *("host", "cpu_count", "order", "ended_by", "source", "commit", "versions"),
    *("n_bytes", "status", "why"),
)


# What is known of a run once its file was opened; an index that lacks any is no use.
INDEXED = ("id", "n_bytes", "status", "why", *_META, *_COUNTS, *_NUMBERS)
INDEXED += ("tags", "versions")
_SAID = tuple(name for name in _META if name not in _COUNTED)
_SUMMED = (*_COUNTS, *_NUMBERS)


def row_of(folder, name: str, n_bytes: int) -> dict[str, Any] | None:
    """The row of one file, whatever is in it; None if it is gone by now."""
    key = _text(name.removesuffix(ENDING))
    row = {"id": key, "n_bytes": n_bytes, "status": OK, "why": ""}
    if f"{key}{ENDING}" != name:
        why = "its name is not in UTF-8: rename it"
        return row | {"status": UNREADABLE, "why": why}
    path = f"{folder}/{name}"
    try:
        with folder.reading(name) as file:
            header = header_in(file, path)
            if header["kind"] != "run":
                return row | {
                    "status": header["kind"],
                    "why": f"{path} holds a {header['kind']}: `pnb.load` reads it",
                }
            meta, summary = header["meta"], header.get("summary")
            if summary is None:  # of a file that was written before there were any
                file.seek(0)
                summary = summary_of(read(file, path))
        row |= {name: _text(meta.get(name)) for name in _SAID}
        row |= {name: _number(meta.get(name)) for name in _COUNTED}
        row |= {name: _number(summary.get(name)) for name in _SUMMED}
        row["tags"] = [_text(tag) for tag in meta.get("tags", ())]
        row["versions"] = json.dumps(meta.get("versions", {}))
    except (StoreError, KeyError, TypeError, AttributeError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ENOENT:
            return None
        return {**row, "status": UNREADABLE, "why": _text(str(error))}
    return row


def _text(value: Any) -> str:
    """One odd label must not cost a store its list."""
    text = "" if value is None else str(value)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def frame_of(rows: Iterable[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Rows as a frame with the columns and dtypes of `RunStore.runs`, oldest first."""
    frame = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    for name in _TEXTS:
        frame[name] = frame[name].astype("str").fillna("")
    frame["started_at"] = pd.to_datetime(
        frame["started_at"], utc=True, errors="coerce", format="ISO8601"
    )
    for name in (*_COUNTS, "n_workers", "cpu_count", "n_bytes"):
        values = pd.to_numeric(frame[name], errors="coerce").fillna(0)
        frame[name] = values.clip(-(2**53), 2**53).astype(np.int64)
    for name in _NUMBERS:
        frame[name] = pd.to_numeric(frame[name], errors="coerce").astype(np.float64)
    frame["tags"] = [tuple(t) if _is_list(t) else () for t in frame["tags"]]
    # Thousands of runs know a few sets of versions between them.
    texts = [text if isinstance(text, str) else "" for text in frame["versions"]]
    known = {text: _versions(text) for text in set(texts)}
    frame["versions"] = [dict(known[text]) for text in texts]
    return frame.sort_values(
        ["started_at", "id"], kind="stable", na_position="first", ignore_index=True
    )


def _is_list(value) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _versions(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
