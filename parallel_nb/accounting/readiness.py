"""When there was a task that an idle worker could have taken.

Knows when attempts were ready and began, and the slots of agents; refuses to know which
worker was idle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from .. import schema
from . import spans
from .spans import Spans


class Waits(NamedTuple):
    """From when until when each attempt could have been begun but was not."""

    started: np.ndarray  # s (n_attempts,); NaN: it never was ready
    ended: np.ndarray  # s (n_attempts,), no less than started
    n_guessed: int  # attempts of which nobody noted when they were ready


def waits(
    attempts: pd.DataFrame, edges: pd.DataFrame, window: tuple[float, float]
) -> Waits:
    """From `ready` until the start, or until it was settled that there is none.

    Where `ready` is not known, it is the latest of what is: submission (else the
    window's begin), the ends of what the task waited for, and the end of its attempt
    before. An attempt that never started and of which nobody knows when it was ready
    waited for nothing.
    """
    ready = attempts[schema.READY].to_numpy()
    began = attempts[schema.STARTED].to_numpy()
    never = np.isnan(began)
    if never.any():
        settled = attempts[schema.RECEIVED].to_numpy()
        settled = np.where(np.isnan(settled), attempts[schema.ENDED], settled)
        last = is_last(attempts)
        settled = np.where(np.isnan(settled) & last, window[1], settled)
        began = np.where(never, settled, began)
    guessed = np.isnan(ready) & ~never
    n_guessed = int(np.count_nonzero(guessed))
    if n_guessed:
        ready = np.where(guessed, _known_by(attempts, edges, window[0]), ready)
    return Waits(np.minimum(ready, began), began, n_guessed)


def is_last(attempts: pd.DataFrame) -> np.ndarray:
    """Whether each attempt is the last of its task."""
    task = attempts[schema.TASK].to_numpy()
    attempt = attempts[schema.ATTEMPT].to_numpy()
    last = np.zeros(int(task.max()) + 1, dtype=attempt.dtype)
    np.maximum.at(last, task, attempt)
    return attempt == last[task]


def _known_by(attempts: pd.DataFrame, edges: pd.DataFrame, begin: float) -> np.ndarray:
    """The least that is known of when each attempt was ready."""
    submitted = attempts[schema.SUBMITTED].to_numpy()
    ready = np.where(np.isnan(submitted), begin, submitted)
    task = attempts[schema.TASK].to_numpy()
    ended = attempts[schema.ENDED].to_numpy()
    if len(edges):
        over = np.full(int(task.max()) + 1, -np.inf)
        np.fmax.at(over, task, ended)
        free = np.full(len(over), -np.inf)
        np.maximum.at(free, edges["task"], over[edges["after"]])
        ready = np.maximum(ready, free[task])
    attempt = attempts[schema.ATTEMPT].to_numpy()
    if (attempt > 1).any():
        order = np.lexsort([attempt, task])
        again = np.flatnonzero(task[order][1:] == task[order][:-1])
        rows, before = order[again + 1], order[again]
        ready[rows] = np.fmax(ready[rows], ended[before])
    return ready


def takeable(
    attempts: pd.DataFrame,
    waits: Waits,
    slots: Mapping[str, int],
    window: tuple[float, float],
) -> Spans:
    """When some task was ready that any idle worker could have taken.

    A task of an agent could be taken only while a slot of the agent was free.
    """
    agent = attempts[schema.AGENT].array
    limits = {
        code: slots[name] for code, name in enumerate(agent.categories) if name in slots
    }
    if not limits:
        return spans.both(_while_any(waits, None), spans.one(*window))
    codes = agent.codes
    found = [_while_any(waits, ~np.isin(codes, list(limits)))]
    for code, n_slots in limits.items():
        of_agent = codes == code
        began, ended = running(attempts, of_agent)
        full = spans.at_least(n_slots, began, ended)
        waiting = _while_any(waits, of_agent)
        found.append(spans.both(waiting, spans.outside(full, window)))
    together = spans.union(*(np.concatenate(ends) for ends in zip(*found, strict=True)))
    return spans.both(together, spans.one(*window))


def running(attempts: pd.DataFrame, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of those of the rows that ran, as far as both are known."""
    began = attempts[schema.STARTED].to_numpy()[rows]
    ended = attempts[schema.ENDED].to_numpy()[rows]
    ran = ~np.isnan(ended - began)
    return began[ran], ended[ran]


def _while_any(waits: Waits, rows: np.ndarray | None) -> Spans:
    """When at least one of the rows (None: of all) waited."""
    started, ended = waits.started, waits.ended
    if rows is not None:
        started, ended = started[rows], ended[rows]
    known = ~np.isnan(started)
    if not known.all():
        started, ended = started[known], ended[known]
    return spans.at_least(1, started, ended)
