"""When tests began, by the timestamps of a report: each test's, or its suite's.

Knows what such stamps are good for and when they are not; refuses to know XML.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .numbering import moved_apart
from .spans import TICK

BY_TEST = "tests are placed by their timestamps"
BY_SUITE = (
    "suites are placed by their timestamps, the tests of each end to end: what was "
    "between tests is in none of them"
)
BY_END = "timestamps fit tests one after another only as their ends: taken so"


@dataclass(frozen=True, slots=True)
class Placed:
    """Times (s from `zero`) of the tests that ran, NaN of others, and lanes."""

    zero: (
        float  # s since 1970: float64 has room for 0.2 µs there, and for all from here
    )
    started: np.ndarray
    ended: np.ndarray
    lanes: np.ndarray
    notes: tuple[str, ...]


def stamp_of(text: str | None) -> tuple[float, bool]:
    """Seconds since 1970 of an ISO 8601 time and whether it told its zone.

    NaN of what is no such time.

    Examples
    --------
    >>> stamp_of("1970-01-01T00:01:00.5Z"), stamp_of("1970-01-01T00:01:00")
    ((60.5, True), (60.0, False))
    """
    try:
        at = datetime.datetime.fromisoformat((text or "").strip())
        has_zone = at.tzinfo is not None
        at = at if has_zone else at.replace(tzinfo=datetime.UTC)
        return at.timestamp(), has_zone
    except (ValueError, OverflowError):
        return math.nan, False


def placed(
    durations: np.ndarray,
    ran: np.ndarray,
    own: np.ndarray,
    suites: Sequence[int],
    of_suite: np.ndarray,
    workers: Sequence[str | None],
) -> Placed | None:
    """Where the tests lie by what stamps there are; None if they place nothing.

    Parameters
    ----------
    durations : array of shape (n_tests,)
        Seconds, no NaN.
    ran : bool array of shape (n_tests,)
    own : array of shape (n_tests,)
        Each test's stamp (s), NaN where it has none.
    suites : sequence of int, length n_tests
        Which suite's stamp counts for each test; -1 for none.
    of_suite : array of shape (n_tests,)
        That stamp (s), NaN where there is none.
    workers : sequence of str or None, length n_tests
        None where nothing tells it; lanes are those of the workers where all do.
    """
    suites = np.asarray(suites)
    rows = np.flatnonzero(ran)
    if not len(rows):
        return None
    known = np.concatenate([own[rows], of_suite[rows]])
    zero = float(np.floor(np.nanmin(known))) if not np.isnan(known).all() else 0.0
    own, of_suite = own - zero, of_suite - zero
    labels = [workers[row] for row in rows.tolist()]
    lengths = durations[rows]
    if not np.isnan(own[rows]).any() and len(set(own[rows])) > 1:
        stamps, notes = own[rows], (BY_TEST,)
        step = _resolution(stamps)
        begin, lanes = moved_apart(stamps, lengths, step, labels)
        if lanes.max() > 0 and None in labels:
            others = moved_apart(stamps - lengths, lengths, step, labels)
            if others[1].max() == 0:
                (begin, lanes), notes = others, (BY_TEST, BY_END)
        ends = begin + lengths
    else:
        stamps, notes = of_suite[rows], (BY_SUITE,)
        if np.isnan(stamps).any() or len(set(stamps)) < 2:
            return None
        _, of_block = np.unique(suites[rows], return_inverse=True)
        edges = np.cumsum(np.bincount(of_block))[:-1]
        members = np.split(np.argsort(of_block, kind="stable"), edges)
        first = np.array([at[0] for at in members])
        totals = np.bincount(of_block, weights=lengths)
        block_labels = [labels[at] for at in first.tolist()]
        if any(block_labels[b] != w for b, w in zip(of_block, labels, strict=True)):
            return None  # several workers in a suite: nobody knows who began when
        begin, lanes = moved_apart(
            stamps[first], totals, _resolution(stamps), block_labels
        )
        # Stamps of when a report was written are as good as equal.
        spread = stamps.max() - stamps.min()
        if lanes.max() > 0 and spread < totals.mean():
            return None
        first_begin, lanes = begin, lanes[of_block]
        begin, ends = np.empty(len(rows)), np.empty(len(rows))
        for at, block_begin in zip(members, first_begin, strict=True):
            # Each begins exactly where the one before it ends.
            ends[at] = block_begin + np.cumsum(lengths[at])
            begin[at] = np.r_[block_begin, ends[at][:-1]]
    started = np.full(len(durations), np.nan)
    ended = started.copy()
    started[rows], ended[rows] = begin, ends
    whole = np.full(len(durations), -1, dtype=np.int64)
    whole[rows] = lanes
    return Placed(zero, started, ended, whole, notes)


def _resolution(stamps: np.ndarray) -> float:
    """What the stamps are cut to, s."""
    for step in (1.0, 1e-3):
        if np.allclose(stamps / step, np.round(stamps / step), atol=1e-4, rtol=0):
            return step
    return 2 * TICK
