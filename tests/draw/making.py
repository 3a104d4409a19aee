"""Runs to look at, made by hand or by the million."""

import numpy as np
import pandas as pd

from parallel_nb import schema
from parallel_nb.runs import Meta, Run


def run_of(*rows, n_workers=None, label="", startups=(), notes=(), tracebacks=None):
    """A Run of (worker, started, ended[, status[, name[, error]]]) rows."""
    columns = {"worker": [], "started": [], "ended": [], "status": [], "name": []}
    errors = []
    for row in rows:
        defaults = (-1, np.nan, np.nan, "done", "task", None)
        *known, error = (*row, *defaults[len(row) :])
        for values, value in zip(columns.values(), known, strict=True):
            values.append(value)
        errors.append(error)
    columns["worker"] = np.array(columns["worker"], dtype=np.int32)
    return Run(
        schema.coerce(
            {
                "task": np.arange(len(rows)),
                **columns,
                "error": errors or None,
            }
        ),
        meta(n_workers or max([0, *columns["worker"]]) + 1, label, notes),
        tracebacks=tracebacks,
        startups=startups_of(startups),
    )


def meta(n_workers, label="", notes=()):
    return Meta(
        n_workers=int(n_workers),
        backend="isolated",
        host="here",
        cpu_count=8,
        started_at="2025-01-31T12:00:00+00:00",
        versions={"python": "3.13.1", "joblib": "1.5.0"},
        label=label,
        notes=tuple(notes),
    )


def startups_of(rows):
    worker, started, ended = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame(
        {
            "worker": np.array(worker, dtype=np.int32),
            "pid": np.arange(len(rows)),
            "started": np.array(started, dtype=float),
            "ended": np.array(ended, dtype=float),
        }
    )


def many(n_attempts, n_workers, failed=(), seconds=10.0):
    """Back-to-back attempts of equal length, of which some failed."""
    lane = np.arange(n_attempts) % n_workers
    turn = np.arange(n_attempts) // n_workers
    length = seconds / -(-n_attempts // n_workers)
    codes = np.zeros(n_attempts, dtype=np.int8)
    codes[list(failed)] = schema.STATUSES.index("failed")
    frame = schema.coerce(
        {
            "task": np.arange(n_attempts),
            "started": turn * length,
            "ended": (turn + 1) * length,
            "worker": lane.astype(np.int32),
            "status": pd.Categorical.from_codes(codes, categories=schema.STATUSES),
        }
    )
    return Run(frame, meta(n_workers))


def is_near(pixels, colour, tolerance=40):
    """Where pixels (RGB or RGBA) have about the colour of a hex code."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return (np.abs(pixels[..., :3].astype(int) - wanted) <= tolerance).all(axis=-1)
