"""`compare`: two sides → a Comparison.

Knows what may stand on a side and which question that allows; refuses to know the
statistics and the words.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..runs import Run
from ..sweeps import Sweep
from . import doing, explaining, judging, matching, ratios, scaling
from .ratios import Ratio
from .results import Comparison

_ENOUGH = 0.5  # of the work: fewer matched tasks do not speak for the rest
ONE_EACH = (
    "one run each: the interval is over their tasks; what the machine did to all tasks "
    f"of a run alike is taken to be {100 * ratios.ALIKE:.0f} %; repeat both, taking "
    "turns"
)


def compare(before: Any, after: Any, *, tolerance: float = 0.05) -> Comparison:
    """Whether it got faster or slower, by how much, how surely, and why.

    Parameters
    ----------
    before, after : Run, sequence of Run, or Sweep
        Several Runs are repeats of one batch. Both sides must be of the same kind, but
        one Run may stand against several. Repeats that take turns (before, after,
        before, …) tell a change from a machine that was busy for a while.
    tolerance : float
        A change that is smaller does not count: 0.05 for 5 %.

    Returns
    -------
    Comparison
        ``verdict`` is ``"slower"`` or ``"faster"`` if the 95 % interval of the ratio
        excludes 1 and the ratio goes beyond the tolerance; ``"no difference seen"`` if
        the interval lies within it; else ``"can't tell"``, and ``needed`` says how many
        repeats would. Nobody can tell either where one side was shorter and might not
        have been, had it done all its tasks. With one run on each side the interval is
        over their tasks, and wider by the 5 % that a machine may do to all tasks of a
        run alike, and by what start-up and dispatch changed, which one run each does
        not show to be more than chance: changes below 15 % then stay open.

        ``parts``, ``factors`` and ``tasks`` say where the difference lies. Tasks are
        matched by name.

    Raises
    ------
    ArgumentError
        If a side is none of these, or nothing ran in one of its Runs; if sweeps have no
        number of workers in common, or one is of strong scaling and one of weak.

    References
    ----------
    `parallel_nb.comparison.ratios` names those of the intervals. Chen, Revels,
    "Robust benchmarking in noisy environments", *HPEC*, 2016, for ratios judged
    against a tolerance.

    Examples
    --------
    Five repeats on each side, of which one task takes a second longer afterwards:

    >>> import pandas as pd
    >>> def repeats(longest):
    ...     for i in range(5):
    ...         ended = [longest, 1.0 + i / 100]
    ...         table = pd.DataFrame(
    ...             {"task": ["a", "b"], "started": 0.0, "ended": ended}
    ...         )
    ...         yield Run.from_frame(table)
    >>> compare([*repeats(2.0)], [*repeats(3.0)])
    slower: 1.5× as long (1.5 to 1.5, 95 %, over 5 and 5 repeats), 2 s → 3 s
    """
    tolerance = judging.checked(tolerance)
    if isinstance(before, Sweep) or isinstance(after, Sweep):
        for name, side in (("before", before), ("after", after)):
            if not isinstance(side, Sweep):
                raise ArgumentError(
                    f"`{name}` must be a Sweep, as the other side is one; got "
                    f"{type(side).__name__}"
                )
        return _of_sweeps(before, after, tolerance)
    return _of_runs(_side("before", before), _side("after", after), tolerance)


def _side(name: str, given: Any) -> list[Run]:
    runs = [given] if isinstance(given, Run) else given
    if isinstance(runs, str | bytes) or not isinstance(runs, Sequence):
        hint = (
            " `pnb.load(path)` reads a file, `store.load(id)` a run of a RunStore."
            * isinstance(given, str)
        )
        raise ArgumentError(
            f"`{name}` must be a Run, a sequence of Runs or a Sweep; got "
            f"{type(given).__name__}.{hint}"
        )
    if not len(runs):
        raise ArgumentError(f"`{name}` must hold at least one Run; got none")
    for at, run in enumerate(runs):
        if not isinstance(run, Run):
            raise ArgumentError(
                f"`{name}` must hold Runs only; got {type(run).__name__} at {at}"
            )
    return list(runs)


def _of_runs(before: list[Run], after: list[Run], tolerance: float) -> Comparison:
    makespans = _makespans("before", before), _makespans("after", after)
    durations = matching.durations(before, after)
    sides = before[0], after[0]
    parts = explaining.parts(before, after)
    ratio, notes = _ratio(makespans, durations, parts)
    verdict = judging.verdict(ratio, tolerance)
    needed = _needed(verdict, makespans, tolerance)
    n_workers = sides[0].meta.n_workers, sides[1].meta.n_workers
    notes += _notes(before, after, durations, ratio)
    if doing.is_due_to_less((before, after), durations, makespans, ratio, tolerance):
        verdict, needed = judging.UNKNOWN, 0
    return Comparison(
        verdict=verdict,
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        basis=ratio.basis,
        tolerance=tolerance,
        labels=(sides[0].meta.label, sides[1].meta.label),
        makespans=makespans,
        n_workers=n_workers,
        needed=needed,
        notes=tuple(notes),
        _parts=parts,
        _factors=explaining.factors(before, after),
        _tasks=explaining.tasks(*durations, *_workers(before, after)),
        _measurements=None,
    )


def _workers(*sides: list[Run]) -> list[list[int]]:
    return [[run.meta.n_workers for run in side] for side in sides]


def _makespans(name: str, runs: list[Run]) -> tuple[float, ...]:
    found = tuple(float(run.summary()["makespan"].iat[0]) for run in runs)
    for at, makespan in enumerate(found):
        if "starts" in runs[at].meta.lacks:
            raise ArgumentError(
                f"`{name}` must hold Runs with measured times; number {at} "
                f"({runs[at].meta.label!r}) has durations only, laid end to end. "
                "Compare `pnb.simulate(run, n_workers=…)` of both instead."
            )
        if not makespan > 0:
            raise ArgumentError(
                f"`{name}` must hold Runs in which something ran; nothing did in "
                f"number {at}"
            )
    return found


def _ratio(makespans, durations, parts) -> tuple[Ratio, list[str]]:
    if max(map(len, makespans)) > 1:
        return ratios.of_repeats(*makespans), []
    alone = makespans[1][0] / makespans[0][0]
    x, y = (side.to_numpy()[:, 0] for side in durations)
    if durations[0].index is not durations[1].index:
        common = durations[0].index.intersection(durations[1].index)
        x, y = (side.loc[common].iloc[:, 0].to_numpy() for side in durations)
    shares = [
        float(of.sum() / np.nansum(side.to_numpy()))
        for of, side in zip((x, y), durations, strict=True)
        if np.nansum(side.to_numpy()) > 0
    ]
    share = min(shares, default=1.0)  # where no task took any time
    by_work = ratios.of_tasks(x, y)
    if share < _ENOUGH or math.isnan(by_work.low):
        told = (
            f"only {100 * share:.0f} % of the work is of tasks that both runs have"
            if share < _ENOUGH
            else "too few tasks for an interval, and one run each"
        )
        return (
            Ratio(alone, math.nan, math.nan, ratios.NOTHING, math.nan),
            [f"{told}: repeat both, taking turns"],
        )
    # The makespan is the work times what the schedule made of it, which is known; what
    # was lost to dispatch was measured once, and another time might be as before.
    times = alone / by_work.value
    rest = parts[parts["kind"] != explaining.DISPATCH]
    as_before = float(rest["after"].sum() / rest["before"].sum()) / alone
    ratio = by_work._replace(
        value=alone,
        low=by_work.low * times * min(1.0, as_before),
        high=by_work.high * times * max(1.0, as_before),
    )
    return ratio, [ONE_EACH]


def _needed(verdict: str, makespans, tolerance: float) -> int:
    if verdict != judging.UNKNOWN:
        return 0
    return ratios.needed(*makespans, math.log1p(tolerance) if tolerance else 0.01)


def _notes(before, after, durations, ratio: Ratio) -> list[str]:
    notes = []
    if ratio.basis == ratios.ONE_SIDED:
        notes.append("one side was run once: its noise is taken to be the other side's")
    if told := matching.doubt(*durations):
        notes.append(told)
    for what in ("n_workers", "backend", "host", "order"):
        sides = [{getattr(run.meta, what) for run in runs} for runs in (before, after)]
        if sides[0] != sides[1]:
            old, new = (
                ", ".join(map(str, sorted(each))) or "unknown" for each in sides
            )
            notes.append(
                f"not the same {what}: {old or 'unknown'} → {new or 'unknown'}"
            )
        elif len(sides[0]) > 1:
            notes.append(f"repeats differ in {what}: {', '.join(map(str, sides[0]))}")
    n_before, n_after = before[0].n_tasks, after[0].n_tasks
    if n_before != n_after:
        notes.append(
            f"not the same tasks: {n_before:,} → {n_after:,}; `tasks` says which"
        )
    for name, runs in (("before", before), ("after", after)):
        unfinished = sum(bool((run.tasks["status"] != "done").any()) for run in runs)
        if unfinished:
            notes.append(
                f"{name}: not all tasks are done in {unfinished} of {len(runs)} runs, "
                "so they did less, and less time may come of that"
            )
    return notes


def _of_sweeps(before: Sweep, after: Sweep, tolerance: float) -> Comparison:
    ratio, rows = scaling.compared(before, after, tolerance)
    verdict = judging.verdict(ratio, tolerance)
    notes = scaling.notes(before, after, rows)
    if told := scaling.odds(rows, verdict):
        notes.insert(0, told)
        if verdict == judging.SAME:
            verdict = judging.UNKNOWN
    empty = Comparison(
        verdict=verdict,
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        basis=ratio.basis,
        tolerance=tolerance,
        labels=(before.label, after.label),
        makespans=((), ()),
        n_workers=(int(before.n_workers[-1]), int(after.n_workers[-1])),
        needed=int(rows["needed"].max()) if verdict == judging.UNKNOWN else 0,
        notes=tuple(notes),
        _parts=None,
        _factors=None,
        _tasks=None,
        _measurements=rows.drop(columns="needed"),
    )
    sides = scaling.runs_at_most_workers(before, after)
    if sides is None:
        return empty
    durations = matching.durations(*sides)
    n_workers = tuple(runs[0].meta.n_workers for runs in sides)
    return dataclasses.replace(
        empty,
        n_workers=n_workers,
        _parts=explaining.parts(*sides),
        _factors=explaining.factors(*sides),
        _tasks=explaining.tasks(*durations, *_workers(*sides)),
    )
