"""Better balances of few long tasks: two workers at a time share theirs anew.

Knows lengths and loads; refuses to know orders and starts. What it finds is no worse
than what it is given, and the same each time.
"""

from __future__ import annotations

import random

import numpy as np

_CLOSE = 1e-9  # relative; what sums of floats leave
_ALL_WAYS = 10  # tasks of two workers of which all divisions are tried
_TRIES = 2000
_PATIENCE = 4_000_000  # workers looked at: a second or two
_KICK_AFTER = 2  # rounds over all workers without a gain


def exchanged(
    lengths: list[float], worker: list[int], n_workers: int, bound: float
) -> list[int]:
    """The worker of each task, after the last to end has shared with others.

    Of two workers' tasks all divisions are tried, or those of some of them. Where no
    other worker can help the last one, two others share at random, which lets it.

    Parameters
    ----------
    lengths : list of float
        Seconds of each task.
    worker : list of int
        The worker of each task, to begin with.
    n_workers : int
    bound : float
        Seconds that no division can beat: there the search ends.

    References
    ----------
    Frangioni, Necciari, Scutella, "A multi-exchange neighborhood for minimum makespan
    parallel machine scheduling problems", *Journal of Combinatorial Optimization* 8(2),
    2004, for exchanges of several tasks at once. Lourenco, Martin, Stutzle, "Iterated
    local search", *Handbook of Metaheuristics*, 2003.

    Examples
    --------
    >>> exchanged([3.0, 3.0, 2.0, 2.0, 2.0], [0, 1, 0, 1, 0], n_workers=2, bound=6.0)
    [1, 1, 0, 0, 0]
    """
    dice = random.Random(0)
    held: list[list[int]] = [[] for _ in range(n_workers)]
    for task, lane in enumerate(worker):
        held[lane].append(task)
    loads = [sum(lengths[task] for task in tasks) for tasks in held]
    found, took = [list(tasks) for tasks in held], max(loads)
    idle = 0
    n_tries = min(_TRIES, _PATIENCE // n_workers) if n_workers > 1 else 0
    for _ in range(n_tries):
        if took <= bound * (1 + _CLOSE):
            break
        last = max(range(n_workers), key=loads.__getitem__)
        other = dice.randrange(n_workers - 1)
        other += other >= last
        if idle >= _KICK_AFTER * n_workers:
            idle = 0
            if n_workers > 2:  # two others share, whatever comes of it
                last = dice.randrange(n_workers - 1)
                last += last >= other
                _share(lengths, held, loads, last, other, dice, np.inf)
                continue
        limit = loads[last] * (1 - _CLOSE)
        if loads[other] < limit and _share(
            lengths, held, loads, last, other, dice, limit
        ):
            idle = 0
            if max(loads) < took * (1 - _CLOSE):
                found, took = [list(tasks) for tasks in held], max(loads)
        else:
            idle += 1
    lanes = [0] * len(lengths)
    for lane, tasks in enumerate(found):
        for task in tasks:
            lanes[task] = lane
    return lanes


def _share(lengths, held, loads, one, other, dice, limit) -> bool:
    """Divide the tasks of two workers as evenly as can be, if both stay below a limit.

    Where there is no limit, a random division is as good.
    """
    tasks = held[one] + held[other]
    dice.shuffle(tasks)
    moved, kept = tasks[:_ALL_WAYS], tasks[_ALL_WAYS:]
    mine = [task for task in kept if task in set(held[one])] if kept else []
    others = [task for task in kept if task not in set(mine)]
    total = loads[one] + loads[other]
    wish = total / 2 - sum(lengths[task] for task in mine)
    sums = np.zeros(1)
    for task in moved:
        sums = np.concatenate([sums, sums + lengths[task]])
    if limit == np.inf:
        way = dice.randrange(len(sums))
    else:
        way = int(np.abs(sums - wish).argmin())
    load = total / 2 - wish + float(sums[way])
    if max(load, total - load) >= limit:
        return False
    chosen = [way >> at & 1 for at in range(len(moved))]
    pairs = list(zip(moved, chosen, strict=True))
    held[one] = mine + [task for task, is_mine in pairs if is_mine]
    held[other] = others + [task for task, is_mine in pairs if not is_mine]
    loads[one], loads[other] = load, total - load
    return True
