"""A Run → the blocks of its timeline: when, in which lane, of which kind.

Knows the columns of `run.attempts` and how attempts are told apart by colour; refuses
to know pixels and matplotlib.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import schema
from ..errors import ArgumentError, one_of
from ..runs import Run
from . import palette

COLOR_BY = ("status", "name", "agent", "duration")
ANY_WORKER = "any worker"  # whose tasks those without an agent are
_SKEWED = 20.0  # 95 % quantile / 5 % quantile of durations, for a logarithmic scale
_SAME = 1e-6  # relative: no clock tells such durations apart
_SAMPLE = 10_000  # durations looked at for that


@dataclass(frozen=True, slots=True)
class Kind:
    """One entry of a timeline's legend."""

    label: str
    colour: str  # hex
    n_attempts: int
    is_failure: bool = False  # of a status other than done
    is_drawn: bool = True  # False: none of its attempts ever started


@dataclass(frozen=True, slots=True)
class Shade:
    """Colour by a number instead of by kind."""

    values: np.ndarray  # float32 (n_blocks,), 0 ... 1 along the colour map
    lowest: float  # s, at 0
    highest: float  # s, at 1
    is_log: bool
    is_cut: bool = False  # some durations are shorter than `lowest`


@dataclass(frozen=True, slots=True)
class Blocks:
    """The attempts that started, as arrays, with what tells them apart."""

    started: np.ndarray  # s (n_blocks,)
    ended: np.ndarray  # s (n_blocks,); the start where the end is not known
    lane: np.ndarray  # int (n_blocks,), from 0
    kind: np.ndarray  # int (n_blocks,), position in `kinds`
    kinds: tuple[Kind, ...]
    shade: Shade | None  # in place of the kinds' colours
    failures: np.ndarray  # int (n_failures,), positions of blocks not done
    failure_status: np.ndarray  # int8 (n_failures,), positions in schema.STATUSES
    lanes: tuple[str, ...]  # label of each lane
    startups: tuple[np.ndarray, np.ndarray, np.ndarray]  # lane, started, ended
    window: tuple[float, float]  # s, what there is to see; of positive width
    n_attempts: int  # those that never started included

    @property
    def n_lanes(self) -> int:
        """Lanes, idle ones included."""
        return len(self.lanes)


def blocks(run, color: str = "status") -> Blocks:
    """What a timeline of the run shows.

    Raises
    ------
    ArgumentError
        If `run` is no Run, or `color` is not one of `COLOR_BY`.
    """
    require_run(run)
    one_of("color", color, COLOR_BY, synonyms={"task": "name", "time": "duration"})
    attempts = run.attempts
    started = attempts[schema.STARTED].to_numpy()
    ended = attempts[schema.ENDED].to_numpy()
    lane = attempts[schema.WORKER].to_numpy()
    status = attempts[schema.STATUS].array.codes
    has_started = ~np.isnan(started)
    rows = None if has_started.all() else np.flatnonzero(has_started)
    if rows is not None:
        started, ended, lane = started[rows], ended[rows], lane[rows]
    known = _picked(status, rows)
    unended = np.isnan(ended)
    if unended.any():
        ended = np.where(unended, started, ended)
    lanes = [str(worker) for worker in range(run.meta.n_workers)]
    if len(lane) and lane.min() < 0:
        lane = np.where(lane < 0, len(lanes), lane)
        lanes.append("unknown")
    failures = np.flatnonzero(known)  # done is code 0
    kind, kinds, shade = np.zeros(len(started), dtype=np.int8), (), None
    if color == "status":
        kind, kinds = _by_status(status, known)
    elif color == "name":
        kind, kinds = _by_text(attempts[schema.NAME], rows, ended - started, "names")
    elif color == "agent":
        agents = attempts[schema.AGENT].astype("str").fillna(ANY_WORKER)
        kind, kinds = _by_text(agents, rows, ended - started, "agents")
    else:
        shade = _by_duration(ended - started)
    startups = run.startups.dropna()
    startups = tuple(startups[c].to_numpy() for c in ("worker", "started", "ended"))
    return Blocks(
        started=started,
        ended=ended,
        lane=lane,
        kind=kind,
        kinds=kinds,
        shade=shade,
        failures=failures,
        failure_status=known[failures],
        lanes=tuple(lanes),
        startups=startups,
        window=_window([started, startups[1]], [ended, startups[2]]),
        n_attempts=len(attempts),
    )


def require_run(run) -> None:
    """Say what a picture is made of, before anything is drawn.

    Raises
    ------
    ArgumentError
        If `run` is no Run.
    """
    if not isinstance(run, Run):
        hint = " `Run.from_frame` makes one of it." * isinstance(run, pd.DataFrame)
        raise ArgumentError(f"`run` must be a Run; got {type(run).__name__}.{hint}")


def _picked(values, rows):
    return values if rows is None else values[rows]


def _by_status(status, drawn):
    codes = range(len(schema.STATUSES))
    total = [np.count_nonzero(status == code) for code in codes]
    visible = total
    if drawn is not status:
        visible = [np.count_nonzero(drawn == code) for code in codes]
    present = [code for code in codes if total[code]]
    kinds = tuple(
        Kind(
            label=schema.STATUSES[code],
            colour=palette.STATUS[schema.STATUSES[code]],
            n_attempts=total[code],
            is_failure=code > 0,
            is_drawn=visible[code] > 0,
        )
        for code in present
    )
    if len(present) < 2:
        return np.zeros(len(drawn), dtype=np.int8), kinds
    position = np.zeros(len(codes), dtype=np.int8)
    position[present] = np.arange(len(present))
    return position[drawn], kinds


def _by_text(texts: pd.Series, rows, durations, noun: str):
    """The texts with most seconds, each its colour; the others share one."""
    codes, labels = pd.factorize(texts)
    total = np.bincount(codes, minlength=len(labels))
    codes = _picked(codes, rows)
    seconds = np.bincount(codes, durations, len(labels))
    ranked = np.lexsort([-total, -seconds])
    n_named = len(palette.CATEGORIES)
    if len(labels) == n_named + 1:
        n_named += 1  # a colour for "1 other" can as well bear its name
    named = ranked[:n_named]
    position = np.full(len(labels), len(named), dtype=np.int8)
    position[named] = np.arange(len(named))
    colours = [*palette.CATEGORIES, palette.OTHER]
    kinds = [
        Kind(label=str(labels[text]), colour=colour, n_attempts=int(total[text]))
        for text, colour in zip(named, colours, strict=False)
    ]
    others = ranked[n_named:]
    if len(others):
        label = f"{len(others):,} other {noun}"
        kinds.append(Kind(label, palette.OTHER, int(total[others].sum())))
    return position[codes], tuple(kinds)


def _by_duration(durations) -> Shade:
    positive = durations[durations > 0]
    if not len(positive):
        return Shade(np.zeros(len(durations), np.float32), 0.0, 0.0, is_log=False)
    lowest, highest = float(durations.min()), float(positive.max())
    sample = positive[:: len(positive) // _SAMPLE + 1]
    short, long = np.quantile(sample, [0.05, 0.95], method="nearest")
    is_log = bool(long > _SKEWED * short)
    if is_log:
        shortest, lowest = lowest, float(np.quantile(sample, 0.01, method="lower"))
        lowest = max(lowest, highest * 1e-9)
        values = np.log(np.maximum(durations, lowest) / lowest)
        values /= np.log(highest / lowest)
        shaded = values.astype(np.float32)
        return Shade(shaded, lowest, highest, is_log, is_cut=shortest < lowest)
    if highest > lowest * (1 + _SAME):
        values = (durations - lowest) / (highest - lowest)
    else:
        lowest, values = 0.0, np.ones(len(durations))
    return Shade(values.astype(np.float32), lowest, highest, is_log=False)


def _window(begins, ends) -> tuple[float, float]:
    left = min([0.0, *(float(times.min()) for times in begins if len(times))])
    right = max([left, *(float(times.max()) for times in ends if len(times))])
    if not right > left:
        right = left + 1e-3  # nothing took any time that could be measured
    return left, right
