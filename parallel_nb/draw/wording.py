"""A Run in words: the few numbers to read first, and what a picture of it says.

Knows which numbers matter and how they are written; refuses to know how they are laid
out. Captions stand in for pictures where there is no eye on them, so they say what an
eye would see: how much, how busy, who was idle, what went wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import metrics, schema, totals
from ..runs import format_seconds

_UNKNOWN = "–"
_NEARLY_ALL = 0.95  # of the workers
_LAST_OWN_FAULT = schema.STATUSES.index("crashed")


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of a run, ready to be read."""

    name: str
    text: str
    meaning: str  # for whoever wonders


def numbers(run) -> dict:
    """The row of `run.summary()`, by column."""
    return run.summary().to_dict("records")[0]


def facts(of: dict) -> list[Fact]:
    """What to read first about a run, given its `numbers`."""
    return [
        Fact("makespan", seconds(of["makespan"]), "from first submission to last end"),
        Fact(
            "speedup (estimated)",
            factor(of["speedup_estimated"]),
            "work / makespan; what one worker would have taken was not measured",
        ),
        Fact(
            "utilization",
            percent(of["utilization"]),
            "share of the workers' time that went into attempts",
        ),
        Fact(
            "efficiency",
            percent(of["efficiency"]),
            "estimated speedup / number of workers",
        ),
        Fact(
            "load balance",
            percent(of["load_balance"]),
            "mean / longest busy time of a worker; 100 %: none waited for another",
        ),
    ]


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
    if not math.isfinite(value):
        return _UNKNOWN
    return f"{value:.3g}×" if value < 999.5 else f"{value:,.0f}×"


def seconds(value: float) -> str:
    """Seconds as people read them; a dash where they are not known.

    Examples
    --------
    >>> seconds(0.0123), seconds(float("nan"))
    ('12.3 ms', '–')
    """
    return format_seconds(value) if math.isfinite(value) else _UNKNOWN


def number(value: float) -> str:
    """Three digits; a dash where it is not known.

    Examples
    --------
    >>> number(12345.6), number(0.12345), number(float("nan"))
    ('12,346', '0.123', '–')
    """
    if not math.isfinite(value):
        return _UNKNOWN
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def count(n: int, noun: str) -> str:
    """A number of things.

    Examples
    --------
    >>> count(1, "task"), count(1200, "task")
    ('1 task', '1,200 tasks')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def shortened(text: str, most: int) -> str:
    r"""On one line of at most `most` characters, each of which can be shown.

    Examples
    --------
    >>> shortened("one\ntwo", 20), shortened("a long name", 6), shortened("\0", 6)
    ('one two', 'a lon…', '?')
    """
    text = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def name(run) -> str:
    """What to call the run in a sentence."""
    return f"run “{shortened(run.meta.label, 60)}”" if run.meta.label else "a run"


def title(run) -> str:
    """One short line over a picture: whose it is and how large."""
    parts = [count(run.n_tasks, "task"), count(run.meta.n_workers, "worker")]
    if run.meta.label:
        parts.insert(0, shortened(run.meta.label, 60))
    first, last = first_and_last(run)
    if math.isfinite(last):
        parts.append(seconds(last - first))
    return " · ".join(parts)


def status_counts(statuses) -> str:
    """How many attempts or tasks have which status, as a phrase."""
    numbers = [
        (np.count_nonzero(statuses.codes == code), status)
        for code, status in enumerate(schema.STATUSES)
    ]
    return ", ".join(f"{n:,} {status}" for n, status in numbers if n)


def first_and_last(run) -> tuple[float, float]:
    """When the run began and ended, in s, as its makespan counts; NaN if none ended."""
    return totals.window_of(run.attempts, run.startups)


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
    first, last = first_and_last(run)
    sentences = [f"{head} in {seconds(last - first)}; {statuses}."]
    if last > first:
        sentences.append(_busyness(run, ended - started, last - first))
    return " ".join(sentences)


def colours(what: str, kinds: Sequence[tuple[str, int]]) -> str:
    """What the colours of a timeline tell, as one more sentence of its caption.

    Examples
    --------
    >>> colours("agent", [("tester", 3), ("any worker", 1)])
    ' Colours tell the agent: tester (3 attempts), any worker (1 attempt).'
    """
    if not kinds:
        return ""
    told = (f"{shortened(label, 28)} ({count(n, 'attempt')})" for label, n in kinds)
    return f" Colours tell the {what}: {', '.join(told)}."


def utilization_caption(run, edges, busy) -> str:
    """What a picture of the busy workers shows.

    Parameters
    ----------
    run : Run
    edges : array of shape (n_bins + 1,)
        Edges of the bins in seconds.
    busy : array of shape (n_bins,)
        Busy workers in each bin.
    """
    n_workers, makespan = run.meta.n_workers, edges[-1] - edges[0]
    mean = float(np.average(busy, weights=np.diff(edges)))
    text = (
        f"Busy workers over time in {name(run)}: {mean:.3g} of {n_workers} on average "
        f"({percent(mean / n_workers)}) in {seconds(makespan)}."
    )
    if n_workers == 1:
        return text
    full = np.flatnonzero(busy >= _NEARLY_ALL * n_workers)
    if not len(full):
        return f"{text} Never were {percent(_NEARLY_ALL)} of them busy at a time."
    tail = edges[-1] - edges[full[-1] + 1]
    if tail > 0.02 * makespan:
        text += (
            f" In the last {seconds(tail)} ({percent(tail / makespan)} of the time) "
            f"fewer than {percent(_NEARLY_ALL)} of them were busy."
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


class Failure(NamedTuple):
    """One attempt that went wrong, ready to be read."""

    task: int
    name: str
    status: str
    error: str  # empty where there is none
    traceback: str


def failures(run, most: int) -> tuple[list[Failure], int]:
    """The first attempts that went wrong by themselves, and how many there are.

    Not those that were cancelled or skipped: others decided that.
    """
    attempts = run.attempts
    status = attempts[schema.STATUS].array.codes
    wrong = np.flatnonzero((status >= 1) & (status <= _LAST_OWN_FAULT))
    told = [
        Failure(
            task=row.task,
            name=shortened(row.name, 80),
            status=row.status,
            error=shortened(row.error, 300) if isinstance(row.error, str) else "",
            traceback=run.tracebacks.get((row.task, row.attempt), ""),
        )
        for row in attempts.iloc[wrong[:most]].itertuples(index=False)
    ]
    return told, len(wrong)
