"""Lanes of a Run as lines of text: how busy each worker was, from left to right.

Knows letters of different height; refuses to know widths of terminals and streams.
"""

from __future__ import annotations

import numpy as np

from .. import metrics, schema
from ..runs import Run

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN = " .:-=+*%#"  # where the stream has no blocks
MOST = 32  # lanes that are shown


def lanes(run: Run, columns: int, letters: str = BLOCKS) -> list[str]:
    """A line per worker: its number, a bar, the share of the time that it was busy.

    Parameters
    ----------
    run : Run
    columns : int
        Width of a line.
    letters : str
        For nothing at all up to all of the time.

    Examples
    --------
    >>> import pandas as pd
    >>> table = {"task": [0, 1], "started": 0.0, "ended": [4.0, 3.0], "worker": [0, 1]}
    >>> for line in lanes(Run.from_frame(pd.DataFrame(table)), 16):
    ...     print(line)
    0 ████████ 100 %
    1 ██████    75 %
    """
    attempts = run.attempts
    started = attempts[schema.STARTED].to_numpy()
    ended = attempts[schema.ENDED].to_numpy()
    ran = ~np.isnan(ended - started)
    if not ran.any() or not ended[ran].max() > started[ran].min():
        return []
    first = np.fmin.reduce(
        attempts[[schema.SUBMITTED, schema.STARTED]].to_numpy(), axis=None
    )
    workers = attempts[schema.WORKER].to_numpy()
    n_shown = min(run.meta.n_workers, MOST)
    digits = len(str(n_shown - 1))
    edges = np.linspace(first, ended[ran].max(), max(columns - digits - 7, 8) + 1)
    told = []
    for worker in range(n_shown):
        rows = ran & (workers == worker)
        busy = metrics.utilization_series(started[rows], ended[rows], 1, edges)
        height = np.ceil(np.clip(busy, 0, 1) * (len(letters) - 1) - 1e-6).astype(int)
        bar = "".join(letters[each] for each in height)
        share = f"{100 * busy.mean():.0f} %"
        told.append(f"{worker:>{digits}} {bar} {share:>5}")
    if run.meta.n_workers > n_shown:
        told.append(f"… and {run.meta.n_workers - n_shown:,} more workers")
    return told
