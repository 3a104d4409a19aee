"""Spans of threads, some inside others: which are outermost, which one by one.

Knows nesting by time, begin-end pairs and what rounding does to both; refuses to know
any format.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

TICK = 1.001e-6  # s: what rounding to µs can put a child's end after its parent's


def outermost(tracks, started, ended) -> np.ndarray:
    """Whether each span lies in no other of its track.

    One that begins in another and goes on after its end lies in none; neither does one
    that touches it. Of equal ones the first is the outer.

    Parameters
    ----------
    tracks : int array of shape (n_spans,)
    started, ended : float arrays of shape (n_spans,)
        Seconds.

    Returns
    -------
    bool array of shape (n_spans,)

    Examples
    --------
    >>> outermost([0, 0, 0, 1], [0.0, 1.0, 4.0, 1.0], [4.0, 2.0, 5.0, 2.0])
    array([ True, False,  True,  True])
    """
    tracks = np.asarray(tracks)
    started, ended = np.asarray(started, float), np.asarray(ended, float)
    order = np.lexsort((-ended, started, tracks))
    found = np.ones(len(order), dtype=bool)
    for rows in _grouped(tracks, order):
        begin, end = started[rows], ended[rows]
        until = np.maximum.accumulate(end)[:-1]  # of all that began before
        middle = begin[1:] + (end[1:] - begin[1:]) / 2
        is_inside = (begin[1:] < until) & (end[1:] <= until + TICK) & (middle < until)
        found[rows[1:]] = ~is_inside
    return found


def pairs(tracks, times, signs) -> tuple[np.ndarray, np.ndarray, int]:
    """Rows of the begin and of the end of each outermost span, and how many lack one.

    Parameters
    ----------
    tracks : int array of shape (n_events,)
    times : float array of shape (n_events,)
        Those that are equal stay in the given order.
    signs : int array of shape (n_events,)
        1 for a begin, -1 for an end.

    Examples
    --------
    >>> begins, ends, n_open = pairs([0] * 5, [1.0, 2, 3, 4, 5], [1, 1, -1, -1, 1])
    >>> begins.tolist(), ends.tolist(), n_open
    ([0], [3], 1)
    """
    tracks, times = np.asarray(tracks), np.asarray(times, float)
    signs = np.asarray(signs, dtype=np.int64)
    begins, ends, n_open = [], [], 0
    for rows in _grouped(tracks, np.lexsort((times, tracks))):
        total = np.cumsum(signs[rows])
        # An end without a begin does not count: depth is never below 0.
        lowest = np.minimum(np.minimum.accumulate(total), 0)
        depth = total - lowest
        before = np.r_[0, depth[:-1]]
        opened = rows[(before == 0) & (depth == 1)]
        closed = rows[(before == 1) & (depth == 0)]
        n_open += len(opened) - len(closed) - int(lowest[-1])
        begins.append(opened[: len(closed)])
        ends.append(closed)
    if not begins:
        return np.empty(0, np.int64), np.empty(0, np.int64), 0
    return np.concatenate(begins), np.concatenate(ends), int(n_open)


def apart(tracks, started, ended) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends where what follows on a track begins no earlier than it can.

    Clocks that are read to 1 µs put the start of a span up to a `TICK` before the end
    of the one before. Such a span is moved, with its length; none moves by more than
    what was rounded, however many follow one another. What overlaps by more stays.

    Parameters
    ----------
    tracks : int array of shape (n_spans,)
    started, ended : float arrays of shape (n_spans,)
        Seconds.

    Examples
    --------
    >>> started, ended = apart([0, 0], [0.0, 1.9999995], [2.0, 3.0])
    >>> started.tolist(), ended.round(7).tolist()
    ([0.0, 2.0], [2.0, 3.0000005])
    """
    tracks = np.asarray(tracks)
    started, ended = np.array(started, float), np.array(ended, float)
    order = np.lexsort((ended, started, tracks))
    follows = np.flatnonzero(
        (tracks[order][1:] == tracks[order][:-1])
        & (started[order][1:] < ended[order][:-1])
    )
    done = -1
    for at in follows.tolist():
        at = max(at, done)
        while at + 1 < len(order):
            last, row = order[at], order[at + 1]
            overlap = ended[last] - started[row]
            if tracks[row] != tracks[last] or not 0 < overlap <= TICK:
                break
            length = ended[row] - started[row]
            started[row] = ended[last]
            ended[row] = ended[last] + length
            at += 1
        done = at
    return started, ended


def overlaps(tracks, started, ended) -> tuple[int, float]:
    """How many spans begin before one of their track ended, and by how much (s).

    Examples
    --------
    >>> overlaps([0, 0, 1], [0.0, 1.0, 1.0], [1.5, 2.0, 2.0])
    (1, 0.5)
    """
    n_over, longest = 0, 0.0
    for rows in _grouped(np.asarray(tracks), np.lexsort((started, tracks))):
        until = np.maximum.accumulate(np.asarray(ended)[rows])[:-1]
        over = until - np.asarray(started)[rows][1:]
        n_over += int((over > 0).sum())
        longest = max(longest, float(over.max(initial=0.0)))
    return n_over, longest


def _grouped(tracks, order) -> Iterator[np.ndarray]:
    """The rows of each track, in `order`, which has the tracks together."""
    if not len(order):
        return
    ordered = tracks[order]
    edges = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    yield from np.split(order, edges)
