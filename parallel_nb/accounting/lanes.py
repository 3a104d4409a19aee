"""One worker's time, cut into the parts of a ledger.

Knows what a worker was doing when; refuses to know the other workers, except through
the times at which there was something to take.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import parts, spans
from .spans import Spans, Until


class Attempts(NamedTuple):
    """Attempts that ran, as arrays."""

    started: np.ndarray  # s (n,)
    ended: np.ndarray  # s (n,)
    cpu: np.ndarray  # s (n,); NaN: not measured
    fate: np.ndarray  # int8 (n,), position in `parts.FATES`; 0: it counts
    # The places, among the spans when there was nothing to take, of the first that
    # starts no sooner than the attempt and of the first that ends after it does.
    at_start: np.ndarray | None = None  # int (n,)
    at_end: np.ndarray | None = None  # int (n,)


class Inside(NamedTuple):
    """What attempts did with the time that they had."""

    useful: np.ndarray  # s (n,)
    unmeasured: np.ndarray | None  # s (n,); None: all measured
    lost: np.ndarray | None  # s (n,); None: none were lost
    excess_cpu: float  # s of CPU time beyond the time that there was


class Lane(NamedTuple):
    """A worker's seconds."""

    until: np.ndarray  # s (n_moments, n_parts): of each part before each moment
    by_fate: np.ndarray  # s (n_fates,)
    excess_cpu: float  # s
    uncounted: float  # s inside attempts that the worker did not have


def inside(had: np.ndarray, took: np.ndarray, attempts: Attempts) -> Inside:
    """Cut up the seconds inside attempts, but for those that they waited.

    Parameters
    ----------
    had : array of shape (n,)
        Seconds of each that are counted.
    took : array of shape (n,)
        Seconds of each.
    attempts : Attempts
    """
    cpu = attempts.cpu
    if had is not took:
        # Of what is not counted, the CPU time is not either.
        share = np.divide(had, took, out=np.zeros(len(had)), where=took > 0)
        cpu = cpu * share
    lost = unmeasured = None
    if attempts.fate.any():
        is_lost = attempts.fate > 0
        lost = np.where(is_lost, had, 0.0)
        cpu = np.where(is_lost, 0.0, cpu)
    useful = np.minimum(cpu, had)  # NaN where it is not known
    total = float(useful.sum())
    if np.isnan(total):
        is_unknown = np.isnan(cpu)
        unmeasured = np.where(is_unknown, had, 0.0)
        useful, cpu = (np.where(is_unknown, 0.0, each) for each in (useful, cpu))
        total = float(useful.sum())
    return Inside(useful, unmeasured, lost, max(float(cpu.sum()) - total, 0.0))


def cut(
    attempts: Attempts,
    starting: Spans,
    nothing: Spans,
    moments: np.ndarray,
    *,
    is_start_unseen: bool = False,
) -> Lane:
    """One worker's seconds between the first and the last of the moments.

    Each second is of one part only. Where several say what the worker did, the first
    of these has it: the attempt that started first, another attempt, a start-up. What
    is left is idle: ``tail`` after the last attempt, before it ``dispatch`` while there
    was something to take and else ``blocked``. A worker without attempts is idle in
    ``dispatch`` while there was something to take, and else in ``tail``.

    Parameters
    ----------
    attempts : Attempts
        Of this worker, in any order.
    starting : Spans
        When its processes were started or set up.
    nothing : Spans
        When there was nothing to take, from the first moment to the last.
    moments : array of shape (n_moments,)
        Ascending, in seconds.
    is_start_unseen : bool
        Whether nobody would have noted a start-up: then it is the time before the first
        attempt, while there was something to take.
    """
    window = float(moments[0]), float(moments[-1])
    attempts = _in_order(attempts)
    took = attempts.ended - attempts.started
    busy = _disjoint(attempts, window)
    had = took if busy.started is attempts.started else busy.lengths
    of_attempts = inside(had, took, attempts)

    until = np.zeros((len(moments), len(parts.PARTS)))
    before = Until(busy, moments)
    in_attempts = before(had)
    until[:, parts.USEFUL] = before(of_attempts.useful)
    if of_attempts.unmeasured is not None:
        until[:, parts.UNMEASURED] = before(of_attempts.unmeasured)
    if of_attempts.lost is not None:
        until[:, parts.LOST] = before(of_attempts.lost)
    known = until[:, parts.INSIDE].sum(axis=1)
    until[:, parts.WAITING] = np.maximum(in_attempts - known, 0.0)

    has_run = len(busy.started) > 0
    last = float(busy.ended[-1]) if has_run else window[1]
    idle, after, between = spans.one(*window), spans.NONE, None
    if has_run:
        idle = Spans(np.append(window[0], busy.ended[:-1]), busy.started)
        after = spans.one(last, window[1])
        if attempts.at_end is not None and had is took:
            between = np.append(0, attempts.at_end[:-1]), attempts.at_start
    if is_start_unseen and has_run:
        at_first = window[0], float(busy.started[0])
        in_vain = spans.both(spans.one(*at_first), nothing)
        starting = spans.outside(in_vain, at_first)
    if len(starting.started):
        for each in (idle, after):
            begun = spans.both(each, starting)
            until[:, parts.STARTUP] += spans.until(begun, begun.lengths, moments)
        elsewhere = spans.outside(starting, window)
        idle, after = spans.both(idle, elsewhere), spans.both(after, elsewhere)
        between = None
    in_vain = spans.both(idle, nothing, between)
    until[:, parts.BLOCKED if has_run else parts.TAIL] = spans.until(
        in_vain, in_vain.lengths, moments
    )
    until[:, parts.TAIL] += spans.until(after, after.lengths, moments)
    rest = moments - window[0] - until.sum(axis=1)
    until[:, parts.DISPATCH] = np.maximum(rest, 0.0)

    by_fate = np.bincount(attempts.fate, had, len(parts.FATES))
    uncounted = 0.0 if had is took else max(float(took.sum() - had.sum()), 0.0)
    return Lane(until, by_fate, of_attempts.excess_cpu, uncounted)


def _in_order(attempts: Attempts) -> Attempts:
    started = attempts.started
    if (started[1:] >= started[:-1]).all():
        return attempts
    order = np.argsort(started, kind="stable")
    return Attempts(*(v if v is None else v[order] for v in attempts))


def _disjoint(attempts: Attempts, window: tuple[float, float]) -> Spans:
    """What each has of the lane: what started first keeps what several would have."""
    started, ended = attempts.started, attempts.ended
    if not len(started):
        return spans.NONE
    is_within = window[0] <= started[0] and ended.max() <= window[1]
    if is_within and (ended[:-1] <= started[1:]).all():
        return Spans(started, ended)
    started, ended = np.clip(started, *window), np.clip(ended, *window)
    over = np.maximum.accumulate(ended)
    started = np.maximum(started, np.append(window[0], over[:-1]))
    return Spans(started, np.maximum(started, ended))
