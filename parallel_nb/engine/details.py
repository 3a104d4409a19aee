"""What a Run says besides its rows: results in a line, start-ups, versions.

Makes it from what the engine has seen; nothing here is needed while tasks run.
"""

from functools import cache
from importlib import metadata

import numpy as np
import pandas as pd

from ..runs import MISSING
from ..tasks import ShellResult
from ..tasks.printed import last_words

# A task whose context says this makes one result of several others'.
AGGREGATES = "aggregates"

_SHORT = 60


def details_of(tasks, results):
    """What a report says of each task, by position."""
    details = {}
    for position, task in enumerate(tasks):
        context = dict(task.context or {})
        detail = {
            "context": context,
            "is_aggregate": AGGREGATES in context,
            "is_checked": task.check is not None,
        }
        result = MISSING if results is None else results[position]
        if result is not MISSING:
            detail["summary"] = summary_of(task, result)
        details[position] = detail
    return details


def summary_of(task, result) -> str:
    """A result as its task wants it said, or shortened."""
    if getattr(task, "summary", None) is None:
        return shortened(result)
    try:
        return str(task.summary(result))
    except Exception as error:
        return f"(its summary raised {type(error).__name__}: {error})"


def shortened(result) -> str:
    """A result in at most 60 characters of one line; of a command its last line."""
    try:
        text = printed(result) if isinstance(result, ShellResult) else repr(result)
    except Exception as error:
        text = f"({type(result).__name__}, whose repr() raised {type(error).__name__})"
    text = " ".join(text[: 4 * _SHORT].split())
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def printed(result: ShellResult) -> str:
    """What a command that succeeded printed last."""
    return last_words("", result.stdout) or "exit code 0"


def startups_of(seen, zero, n_workers, attempts=None):
    """Start-ups as a Run takes them.

    Parameters
    ----------
    seen : list of (lane, pid, began, ready)
        On the host's clock.
    zero : float
        The run's zero there.
    n_workers : int
    attempts : DataFrame, optional
        Where lanes are the scheduler's: a process belongs to the lane of its first
        attempt.
    """
    lanes = np.array([s[0] for s in seen], np.int32)
    pids = np.array([s[1] for s in seen], np.int64)
    if attempts is not None and len(seen):
        ran = attempts[attempts["started"].notna() & attempts["pid"].isin(pids)]
        first = ran.sort_values("started").drop_duplicates("pid")
        of_pid = dict(zip(first["pid"], first["worker"], strict=True))
        lanes = np.array(
            [of_pid.get(pid, lane) for pid, lane in zip(pids, lanes, strict=True)],
            np.int32,
        )
    lanes = np.minimum(lanes, n_workers - 1)
    return pd.DataFrame(
        {
            "worker": lanes,
            "pid": pids,
            "started": [float(s[2] - zero) for s in seen],
            "ended": [float(s[3] - zero) for s in seen],
        }
    )


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide how a run goes."""
    import platform
    import sys

    found = {"python": platform.python_version(), "system": sys.platform}
    libraries = (
        "parallel-nb",
        "joblib",
        "loky",
        "numpy",
        "pandas",
        "distributed",
        "ray",
    )
    for library in libraries:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found
