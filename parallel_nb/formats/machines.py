"""Jobs that take several processors at once → what a Run of one worker a job must say.

Knows ranges of machines and the processors' utilization; refuses to know any format.
"""

from __future__ import annotations

import re

import numpy as np

AT_ONCE = (
    "the number of workers is the most jobs that ran at once, not what the cluster has"
)
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
MOST = 10_000_000  # machines of one job; more is a mistake


def first_and_count(text: str) -> tuple[int, int, int] | None:
    """The lowest machine of ``"0 4-6"``, how many there are, and the highest.

    Returns
    -------
    tuple of int, or None
        None if it is no list of ranges.

    Examples
    --------
    >>> first_and_count("0 4-6")
    (0, 4, 6)
    """
    lowest, highest, count = MOST, -1, 0
    for part in re.split(r"[\s,+]+", text.strip()):
        found = _RANGE.fullmatch(part)
        if found is None:
            return None
        low = int(found[1])
        high = int(found[2]) if found[2] else low
        if not low <= high < MOST:
            return None
        lowest, highest = min(lowest, low), max(highest, high)
        count += high - low + 1
    return lowest, count, highest


def told(started, ended, counts, n_machines: int, what: str) -> tuple[str, ...]:
    """What to say of jobs that used several of `n_machines` (0: nobody knows).

    Parameters
    ----------
    started, ended : arrays of shape (n_jobs,)
        Seconds; NaN where a job never ran.
    counts : array of shape (n_jobs,)
        Machines that each used; NaN where unknown.
    """
    lengths = ended - started
    ran = ~np.isnan(lengths) & (counts > 0)
    if not ran.any() or counts[ran].max() <= 1:
        return ()
    said = (
        f"a job is one worker here, though some took up to {int(counts[ran].max()):,} "
        f"{what} at once: work, speedup and utilization count jobs, not {what}"
    )
    with np.errstate(all="ignore"):  # of what no clock shows, which is told elsewhere
        makespan = np.nanmax(ended) - np.nanmin(started)
        share = (lengths * counts)[ran].sum() / (n_machines * makespan)
    if n_machines and makespan > 0 and share <= 1:
        said += f"; of {n_machines:,} {what} {share:.1%} were in use"
    return (said,)
