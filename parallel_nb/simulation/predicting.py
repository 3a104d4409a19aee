"""`predict`: what other numbers of workers would take, and how far to trust it.

Knows counts, bounds and the model's own error; refuses to know schedules.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from .. import scheduling
from ..errors import ArgumentError
from ..runs import Run
from . import loads
from .batches import Batch, Planned, batch_of
from .loads import MEASURED
from .simulating import notes_of

_MANY = 20_000  # attempts: their graph is not walked one by one
RECORDED, SIMULATED, BOUNDS = METHODS = ("recorded", "simulated", "bounds")


def predict(
    work: Run | Planned | Sequence[float],
    n_workers: int | Iterable[int],
    *,
    order: str | Sequence[int] = "given",
    dispatch: str | float = MEASURED,
    chunks: int | None = None,
    after: Sequence[tuple[int, int]] = (),
) -> pd.DataFrame:
    """What each number of workers would take, after the model's error on what is known.

    The attempts are scheduled again as by `simulate`: each takes as long as it took,
    so the prediction holds where tasks do not slow each other down.

    Parameters
    ----------
    work : Run, Plan, or array of shape (n_tasks,)
    n_workers : int or iterable of int
    order, dispatch, chunks, after
        As for `simulate`.

    Returns
    -------
    DataFrame
        A row for each number of workers, in the order given. Of a Run, the first row is
        the recorded number, scheduled again as it was recorded: ``measured`` is what it
        took, and ``error`` how far the model is off, makespan / measured - 1. These are
        NaN in all other rows.

        - ``n_workers``; ``makespan``: s
        - ``speedup``: T_1 / makespan where one worker was recorded, both as the model
          has them; else estimated, as work / makespan
        - ``efficiency``: speedup / n_workers
        - ``lower_bound``: max(work / n, span) (s), for an agent work / slots, too:
          no schedule beats it, even if handing over takes no time
        - ``graham_bound``: work / n + (1 - 1/n) span (s), both burdened with dispatch,
          after the last worker is there: no order takes longer. NaN where scarce agents
          or locks may keep workers from working
        - ``lpt_bound``: s that longest first never exceeds, burdened as well; NaN where
          tasks wait for each other
        - ``method``: ``"recorded"``, as above; ``"simulated"``; ``"bounds"``, which
          agree to 0.1 %, so that makespan is halfway between them. Of tens of thousands
          of attempts that wait for others or for agents, short ones that are alike are
          simulated together: ``attrs["notes"]`` says how far off that may be
        - ``measured``, ``error``: NaN also in the first row where a Run holds durations
          only, laid end to end (``"starts"`` in `Meta.lacks`)
        - ``is_at_least``: whether some tasks were cut short, or their durations are not
          known, so that it takes longer than this

        ``attrs["notes"]`` says so in sentences, and what else must be said;
        ``attrs["cores"]`` are those that there were, if the tasks compute, else 0.

    Raises
    ------
    ArgumentError
        If `work` holds no durations, or a parameter is not allowed.

    References
    ----------
    Graham, 1969, as for `simulate`; Brent, "The parallel evaluation of general
    arithmetic expressions", *Journal of the ACM* 21(2), 1974. He, Leiserson, Leiserson,
    "The Cilkview scalability analyzer", *SPAA* 2010: the burdened span.

    Examples
    --------
    >>> frame = predict([1.0, 1.0, 2.0], [1, 2, 4], order="longest_first")
    >>> frame[["n_workers", "makespan", "speedup", "lower_bound", "graham_bound"]]
       n_workers  makespan  speedup  lower_bound  graham_bound
    0          1       4.0      1.0          4.0           4.0
    1          2       2.0      2.0          2.0           3.0
    2          4       2.0      2.0          2.0           2.5
    """
    loads.checked(dispatch, order)
    counts = _counts(n_workers)
    batch = batch_of(work, after)
    asked = {"dispatch": dispatch, "chunks": chunks}
    tables, coarse = [], []
    if isinstance(work, Run):
        tables.append(_recorded(batch, {"dispatch": dispatch, "chunks": None}))
        if chunks is None and isinstance(order, str) and order == "given":
            counts = [n for n in counts if n != batch.n_workers]
    if counts:
        tables.append(_predicted(batch, counts, order, asked, coarse))
    frame = pd.concat(tables, ignore_index=True)
    frame["is_at_least"] = batch.is_at_least
    took = frame["makespan"].where(frame["makespan"] > 0)
    is_measured = batch.n_workers == 1 and isinstance(work, Run)
    # By the same model, so that what it is off by does not count as a speedup.
    one = took.iloc[0] if is_measured else float(batch.durations.sum())
    frame["speedup"] = one / took
    frame["efficiency"] = frame["speedup"] / frame["n_workers"]
    frame["method"] = pd.Categorical(frame["method"], categories=METHODS)
    frame = frame[
        [
            "n_workers",
            "makespan",
            "speedup",
            "efficiency",
            "lower_bound",
            "graham_bound",
            "lpt_bound",
            "method",
            "measured",
            "error",
            "is_at_least",
        ]
    ]
    most = int(frame["n_workers"].max())
    frame.attrs["notes"] = [*notes_of(batch, most, dispatch), *_coarsely(coarse)]
    if isinstance(work, Run):
        frame.attrs |= {"label": work.meta.label, "cores": batch.cores}
    return frame


def _counts(n_workers) -> list[int]:
    given = n_workers if isinstance(n_workers, Iterable) else [n_workers]
    counts = []
    for each in given:
        try:
            counts.append(operator.index(each))
        except TypeError:
            counts.append(0)
        if counts[-1] < 1:
            raise ArgumentError(
                f"`n_workers` must be whole numbers, 1 or more; got {each!r}"
            )
    if not counts:
        raise ArgumentError("`n_workers` must hold a number of workers; got none")
    return counts


def _recorded(batch: Batch, asked) -> pd.DataFrame:
    """The recorded number of workers, as the model has it and as it was."""
    n_workers = batch.n_workers
    load = loads.load_of(batch, n_workers=n_workers, order="given", **asked)
    took = scheduling.scheduled(load.problem, load.order).makespan - load.zero
    measured = batch.makespan
    table = _bounded(batch, load, [n_workers], asked["dispatch"])
    error = took / measured - 1 if measured > 0 else np.nan
    return table.assign(makespan=took, method=RECORDED, measured=measured, error=error)


def _coarsely(off: list[float]):
    """What must be said where short attempts were simulated together."""
    if max(off, default=0.0) > 0:
        yield (
            "short attempts were scheduled together: makespans may be "
            f"{100 * max(off):.2g} % off by that"
        )


def _predicted(batch: Batch, counts, order, asked, coarse) -> pd.DataFrame:
    """A row for each count; counts that lead to the same load share the work."""
    kinds: dict[tuple, list[int]] = {}
    for n_workers in counts:
        is_as_recorded = batch.chunk is not None and n_workers == batch.n_workers
        kind = is_as_recorded, batch.is_limited(n_workers)
        if isinstance(order, str) and order == "best" and asked["chunks"] is not None:
            kind = (*kind, n_workers)  # which tasks travel together depends on it
        kinds.setdefault(kind, []).append(n_workers)
    rows: dict[int, pd.Series] = {}
    for some in kinds.values():
        load = loads.load_of(batch, n_workers=max(some), order=order, **asked)
        found = _makespans(load, some, _available(batch, asked), coarse)
        table = _bounded(batch, load, some, asked["dispatch"]).assign(
            makespan=np.maximum(found.middle - load.zero, 0.0),
            method=np.where(found.is_simulated, SIMULATED, BOUNDS),
            measured=np.nan,
            error=np.nan,
        )
        rows |= {n: table.iloc[[at]] for at, n in enumerate(some)}
    return pd.concat([rows[n] for n in counts], ignore_index=True)


def _makespans(load, counts, available, coarse) -> scheduling.Makespans:
    """Of each count. Short attempts go together where many wait for others.

    Each count costs a schedule then, and a few workers need not tell apart what many
    do: counts of the same octave share their grains. `coarse` gets the shares of the
    makespan that these may be off by.
    """
    is_searched = isinstance(load.order, str) and load.order == "best"
    if load.problem.is_independent or is_searched:
        return scheduling.makespans(
            load.problem, counts, load.order, available=available
        )
    octaves: dict[int, list[int]] = {}
    for at, n_workers in enumerate(counts):
        octaves.setdefault((n_workers - 1).bit_length(), []).append(at)
    low, high = np.empty(len(counts)), np.empty(len(counts))
    is_simulated = np.empty(len(counts), dtype=bool)
    for places in octaves.values():
        some = [counts[at] for at in places]
        problem = dataclasses.replace(load.problem, n_workers=max(some))
        order = load.order
        is_named = isinstance(order, str)
        grains = scheduling.grains_of(problem, None if is_named else order)
        if grains is not None:
            problem, order = scheduling.coarse(problem, order, grains)
        found = scheduling.makespans(problem, some, order, available=available)
        low[places], high[places], is_simulated[places] = found
        if grains is not None and found.is_simulated.any():
            coarse.append(grains.off / float(found.high.min()))
    return scheduling.Makespans(low, high, is_simulated)


def _available(batch: Batch, asked):
    if isinstance(asked["dispatch"], str):
        return batch.available
    return lambda n_workers: None


def _bounded(batch: Batch, load, counts, dispatch) -> pd.DataFrame:
    """Bounds of each count: those of the work itself, and those that are burdened."""
    n = np.array(counts, dtype=np.int64)
    problem, available = load.problem, _available(batch, {"dispatch": dispatch})
    work = float(batch.durations.sum())
    lower = np.maximum(
        scheduling.lower_bound(work, _span(batch, batch.durations), n),
        _of_agents(batch),
    )
    there = [available(each) for each in counts]
    lengths = problem.durations
    if problem.is_independent:
        span = float(lengths.max(initial=0.0))
        absent = [0.0 if each is None else float(each.sum()) for each in there]
        longest = scheduling.lpt_bound(lengths, n) + np.array(absent) / n
    else:
        lags = 0.0 if batch.lags is None else batch.lags
        span, longest = _span(batch, lengths + lags), np.nan
    last = np.array([0.0 if each is None else each.max() for each in there])
    burdened = scheduling.graham_bound(float(lengths.sum()), span, n) + last
    if batch.lags is not None:
        burdened += span / n  # a lag keeps nobody busy
    is_limited = np.array([batch.is_limited(each) for each in counts])
    return pd.DataFrame(
        {
            "n_workers": n,
            "lower_bound": lower,
            "graham_bound": np.where(is_limited, np.nan, burdened - load.zero),
            "lpt_bound": longest - load.zero,
        }
    )


def _span(batch: Batch, lengths) -> float:
    if not len(batch.after):
        return float(lengths.max(initial=0.0))
    if len(lengths) < _MANY:
        return float(scheduling.longest_paths(lengths, batch.after).max(initial=0.0))
    return float(scheduling.chain_ends(lengths, batch.after).max())


def _of_agents(batch: Batch) -> float:
    """Seconds that the busiest agent takes at least."""
    if batch.agent is None:
        return 0.0
    slots = np.array([*batch.agents.values(), 1])
    asked = batch.agent >= 0
    busy = np.bincount(batch.agent[asked], batch.durations[asked], minlength=len(slots))
    return float((busy / slots).max(initial=0.0))
