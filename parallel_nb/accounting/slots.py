"""The slots of agents, cut into the parts of a ledger.

Knows how many of an agent's attempts ran and waited at once; refuses to know which
worker took them. A slot is not a lane, so time is counted in slots, not followed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .. import schema
from . import parts, spans
from .lanes import Attempts, inside


def by_agent(
    attempts: pd.DataFrame,
    startups: pd.DataFrame,
    waits: tuple[np.ndarray, np.ndarray],
    fate: np.ndarray,
    slots: Mapping[str, int],
    window: tuple[float, float],
) -> pd.DataFrame:
    """One row per agent that has slots: slots x makespan, cut into parts.

    Parameters
    ----------
    attempts, startups : DataFrame
    waits : (array, array)
        From when until when each attempt could have been begun.
    fate : int8 array of shape (n_attempts,)
        Position in `parts.FATES`; 0: it counts.
    slots : mapping of str to int
    window : (float, float)
        Seconds.

    Returns
    -------
    DataFrame
        ``agent``, ``slots``, the parts and ``total`` in s.
    """
    agent = attempts[schema.AGENT].array
    seconds = np.zeros((len(slots), len(parts.PARTS)))
    for at, (name, n_slots) in enumerate(slots.items()):
        code = agent.categories.get_indexer([name])[0]
        rows = np.flatnonzero(agent.codes == code) if code >= 0 else np.empty(0, int)
        seconds[at] = _cut(
            _ran(attempts, fate, rows, window),
            tuple(times[rows] for times in waits),
            _starting(attempts, startups, rows),
            n_slots,
            window,
        )
    return pd.DataFrame(
        {
            "agent": schema.as_text(list(slots)),
            "slots": np.array(list(slots.values()), dtype=np.int64),
            **dict(zip(parts.NAMES, seconds.T, strict=True)),
            "total": seconds.sum(axis=1),
        }
    )


def _ran(attempts: pd.DataFrame, fate, rows, window) -> Attempts:
    """Those of the rows that ran, within the window."""
    columns = (schema.STARTED, schema.ENDED, schema.CPU)
    started, ended, cpu = (attempts[column].to_numpy()[rows] for column in columns)
    ran = ~np.isnan(ended - started)
    return Attempts(
        np.clip(started[ran], *window),
        np.clip(ended[ran], *window),
        cpu[ran],
        fate[rows][ran],
    )


def _starting(attempts: pd.DataFrame, startups: pd.DataFrame, rows):
    """Starts of processes that did nothing but this agent's tasks."""
    if not len(startups):
        return np.empty(0), np.empty(0)
    pid = attempts[schema.PID].to_numpy()
    own = pd.Index(pid[rows]).unique()
    others = np.ones(len(pid), dtype=bool)
    others[rows] = False
    own = own.difference(pd.Index(pid[others])).difference([0])
    known = startups[startups[schema.PID].isin(own)].dropna()
    return known[schema.STARTED].to_numpy(), known[schema.ENDED].to_numpy()


def _cut(ran: Attempts, waits, starting, n_slots: int, window) -> np.ndarray:
    """Seconds of each part."""
    found = np.zeros(len(parts.PARTS))
    known = ~np.isnan(waits[0])
    if not known.all():
        waits = tuple(times[known] for times in waits)
    could = spans.both(spans.at_least(1, *waits), spans.one(*window))
    starting = [np.clip(times, *window) for times in starting]
    moments, (running, could, starting) = _at_once(window, ran[:2], could, starting)
    lengths = np.diff(moments)
    busy = np.minimum(running, n_slots)
    starting = np.minimum(starting, n_slots - busy)
    idle = (n_slots - busy - starting) * lengths
    found[parts.STARTUP] = starting @ lengths
    last = ran.ended.max() if len(ran.ended) else window[1]
    over = np.searchsorted(moments[:-1], last)
    found[parts.DISPATCH] = idle[:over] @ could[:over]
    in_vain = idle[:over].sum() - found[parts.DISPATCH]
    found[parts.BLOCKED if len(ran.ended) else parts.TAIL] = max(in_vain, 0.0)
    found[parts.TAIL] += idle[over:].sum()

    took = ran.ended - ran.started
    in_slots, in_attempts = busy @ lengths, took.sum()
    if in_attempts > 0:
        of_attempts = inside(took, took, ran)
        share = in_slots / in_attempts  # below 1 where more ran than there were slots
        found[parts.USEFUL] = share * of_attempts.useful.sum()
        if of_attempts.unmeasured is not None:
            found[parts.UNMEASURED] = share * of_attempts.unmeasured.sum()
        if of_attempts.lost is not None:
            found[parts.LOST] = share * of_attempts.lost.sum()
        rest = in_slots - found[list(parts.INSIDE)].sum()
        found[parts.WAITING] = max(rest, 0.0)
    return found


def _at_once(window, *kinds) -> tuple[np.ndarray, list[np.ndarray]]:
    """Moments, ascending, and how many intervals of each kind go on until the next."""
    times = [np.array(window)]
    for pair in kinds:
        times += [spans.ascending(each) for each in pair]
    # What comes in few ascending stretches is sorted in a few passes.
    order = np.argsort(np.concatenate(times), kind="stable")
    counts, at = [], len(window)
    for started, ended in kinds:
        steps = np.zeros(len(order), dtype=np.int8)
        steps[at : at + len(started)] = 1
        at += len(started)
        steps[at : at + len(ended)] = -1
        at += len(ended)
        counts.append(np.cumsum(steps[order], dtype=np.int32)[:-1])
    return np.concatenate(times)[order], counts
