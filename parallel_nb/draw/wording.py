"""A Run in words: the few numbers to read first, and what a picture of it says.

Knows which numbers matter and how they are written; refuses to know how they are laid
out. Captions stand in for pictures where there is no eye on them, so they say what an
eye would see: how much, how busy, who was idle, what went wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .. import metrics, schema
from ..runs import format_seconds

_UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of a run, ready to be shown."""

    name: str
    text: str
    meaning: str  # one line for whoever wonders


def facts(numbers: dict) -> list[Fact]:
    """The numbers of a run that are read first.

    Parameters
    ----------
    numbers : dict
        The row of `run.summary()`, by column.
    """
    return [
        Fact("makespan", seconds(numbers["makespan"]), "first submission to last end"),
        Fact(
            "speedup (estimated)",
            factor(numbers["speedup_estimated"]),
            "work / makespan; what one worker would take was not measured",
        ),
        Fact(
            "utilization",
            percent(numbers["utilization"]),
            "share of the worker-seconds that went into attempts",
        ),
        Fact(
            "efficiency",
            percent(numbers["efficiency"]),
            "estimated speedup / number of workers",
        ),
        Fact(
            "load balance",
            percent(numbers["load_balance"]),
            "mean / longest busy time of the workers; 100 %: none waited for another",
        ),
    ]


def numbers(run) -> dict:
    """The row of `run.summary()`, by column."""
    return run.summary().to_dict("records")[0]


def percent(share: float) -> str:
    """A share as people read it; a dash where it is not known.

    Examples
    --------
    >>> percent(0.8712), percent(0.00042), percent(float("nan"))
    ('87 %', '0.042 %', '–')
    """
    if not math.isfinite(share):
        return _UNKNOWN
    hundredths = 100 * share
    if 0 < hundredths < 0.95:
        return f"{hundredths:.2g} %"
    if 99 < hundredths < 100:  # 99.96 % is not all of it
        return f"{math.floor(hundredths * 10) / 10:g} %"
    return f"{hundredths:.0f} %"


def factor(value: float) -> str:
    """How many times; a dash where it is not known.

    Examples
    --------
    >>> factor(1.836), factor(31.9), factor(float("nan"))
    ('1.84×', '31.9×', '–')
    """
    return f"{value:.3g}×" if math.isfinite(value) else _UNKNOWN


def seconds(value: float) -> str:
    """Seconds as people read them; a dash where they are not known.

    Examples
    --------
    >>> seconds(0.0123), seconds(float("nan"))
    ('12.3 ms', '–')
    """
    return format_seconds(value) if math.isfinite(value) else _UNKNOWN


def count(n: int, noun: str) -> str:
    """A number of things.

    Examples
    --------
    >>> count(1, "task"), count(1200, "task")
    ('1 task', '1,200 tasks')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def name(run) -> str:
    """What to call the run in a sentence."""
    return f"run “{run.meta.label}”" if run.meta.label else "a run"


def title(run) -> str:
    """One short line over a picture: whose it is and how large."""
    parts = [count(run.n_tasks, "task"), count(run.meta.n_workers, "worker")]
    if run.meta.label:
        parts.insert(0, run.meta.label)
    _, ended = _submission_to_end(run)
    if not np.isnan(ended).all():
        parts.append(seconds(_makespan(run)))
    return " · ".join(parts)


def status_counts(statuses) -> str:
    """How many attempts or tasks have which status, as a phrase."""
    codes = np.bincount(statuses.codes, minlength=len(schema.STATUSES))
    phrases = [
        f"{n:,} {status}" for status, n in zip(schema.STATUSES, codes, strict=True) if n
    ]
    return ", ".join(phrases)


def timeline_caption(run) -> str:
    """What a timeline of the run shows."""
    attempts = run.attempts
    if not len(attempts):
        return f"Timeline of {name(run)}: it has no tasks."
    statuses = status_counts(attempts[schema.STATUS].array)
    who = f"{count(len(attempts), 'attempt')} on {count(run.meta.n_workers, 'worker')}"
    started = attempts[schema.STARTED].to_numpy()
    ended = attempts[schema.ENDED].to_numpy()
    if np.isnan(started).all():
        return f"Timeline of {name(run)}: none of {who} started ({statuses})."
    head = f"Timeline of {name(run)}: {who}"
    if np.isnan(ended).all():
        return f"{head}; {statuses}."
    makespan = _makespan(run)
    sentences = [f"{head} in {seconds(makespan)}; {statuses}."]
    if makespan > 0:
        sentences.append(_busyness(run, np.nan_to_num(ended - started), makespan))
    return " ".join(sentences)


def utilization_caption(run, starts, busy) -> str:
    """What a picture of the busy workers shows.

    Parameters
    ----------
    run : Run
    starts : array of shape (n_bins + 1,)
        Edges of the bins in seconds.
    busy : array of shape (n_bins,)
        Busy workers in each bin.
    """
    n_workers, makespan = run.meta.n_workers, starts[-1] - starts[0]
    mean = float(np.average(busy, weights=np.diff(starts)))
    text = (
        f"Busy workers over time in {name(run)}: {mean:.3g} of {n_workers} on average "
        f"({percent(mean / n_workers)}) in {seconds(makespan)}."
    )
    full = np.flatnonzero(busy > n_workers - 0.01)
    if not len(full):
        return f"{text} At no time were all of them busy for long."
    tail = starts[-1] - starts[full[-1] + 1]
    if n_workers > 1 and tail > 0.02 * makespan:
        text += (
            f" In the last {seconds(tail)} ({percent(tail / makespan)} of the time) "
            "never all of them."
        )
    return text


def _busyness(run, durations, makespan: float) -> str:
    worker = run.attempts[schema.WORKER].to_numpy()
    busy = metrics.busy(durations, worker, run.meta.n_workers)
    text = f"Inside attempts {percent(busy.mean() / makespan)} of the time"
    if len(busy) > 1:
        least = int(busy.argmin())
        text += f", worker {least} the least ({percent(busy[least] / makespan)})"
    return text + "."


def _submission_to_end(run):
    attempts = run.attempts
    submitted = attempts[schema.SUBMITTED].to_numpy()
    started = attempts[schema.STARTED].to_numpy()
    submitted = np.where(np.isnan(submitted), started, submitted)
    return submitted, attempts[schema.ENDED].to_numpy()


def _makespan(run) -> float:
    submitted, ended = _submission_to_end(run)
    return metrics.makespan(ended, submitted)
