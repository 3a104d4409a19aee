"""Better lists than the simple rules give: packing, swapping, pushing to and fro.

Knows heuristics whose results are list schedules again; stops where a bound says that
nothing is left to gain. Refuses to know frames and plans.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np

from .bounds import lower_bound, packing_bound
from .exchanging import exchanged
from .graphs import paths_to_the_end
from .greedy import Problem, Schedule, simulate

_CLOSE = 1e-9  # relative; what sums of floats leave
_GOOD_ENOUGH = 1e-3  # relative to the bound: not worth a search
_PATIENCE = 4_000_000  # workers looked at in a search: a second or two
_FEW = 50  # tasks for each worker: with more, swapping finds what there is
_HALVINGS = 20
_SWEEPS = 8


def best(problem: Problem) -> Schedule:
    """The shortest schedule that a bounded search finds.

    Independent tasks: longest first, packed by multifit, then improved by moving and
    swapping tasks between the last worker and others; where there are few tasks for
    each worker, by dividing those of two workers anew. Otherwise: the best of several
    priorities, improved by scheduling from the end and from the start in turns.

    References
    ----------
    Coffman, Garey, Johnson, "An application of bin-packing to multiprocessor
    scheduling", *SIAM Journal on Computing* 7(1), 1978: multifit, here with best fit in
    the place of first fit. Finn, Horowitz, "A linear time approximation algorithm for
    multiprocessor scheduling", *BIT* 19(3), 1979: interchanges. Kasahara, Narita,
    "Practical multiprocessor scheduling algorithms for efficient parallel processing",
    *IEEE Transactions on Computers* 33(11), 1984: critical path, then most immediate
    followers. Li, Willis, "An iterative scheduling technique for resource-constrained
    project scheduling", *European Journal of Operational Research* 56(3), 1992:
    forward and backward.
    """
    if problem.is_independent:
        return _independent(problem)
    return _dependent(problem)


# --- independent tasks ---


def _independent(problem: Problem) -> Schedule:
    lengths, n_workers = problem.durations, problem.n_workers
    longest_first = np.argsort(-lengths, kind="stable")
    found = simulate(problem, longest_first)
    if n_workers >= len(lengths):
        return found
    bound = packing_bound(lengths, n_workers)
    if found.makespan <= bound * (1 + _GOOD_ENOUGH):
        return found
    durations = lengths.tolist()
    packed = _multifit(
        durations, longest_first.tolist(), n_workers, bound, found.makespan
    )
    for workers in (found.worker.tolist(), packed):
        if workers is None or found.makespan <= bound * (1 + _CLOSE):
            continue
        improved = simulate(problem, _swapped(durations, workers, n_workers, bound))
        found = min(found, improved, key=lambda schedule: schedule.makespan)
    is_close = found.makespan <= bound * (1 + _GOOD_ENOUGH)
    if not is_close and len(durations) <= _FEW * n_workers:
        workers = exchanged(durations, found.worker.tolist(), n_workers, bound)
        improved = simulate(problem, _list_of(durations, workers, n_workers))
        found = min(found, improved, key=lambda schedule: schedule.makespan)
    return found


def _multifit(durations, longest_first, n_workers, low, high):
    """The worker of each task, by the smallest capacity found into which all fit."""
    packed = None
    for _ in range(_HALVINGS):
        if high - low <= _CLOSE * high:
            break
        capacity = (low + high) / 2
        attempt = _pack(durations, longest_first, n_workers, capacity)
        if attempt is None:
            low = capacity
        else:
            packed, high = attempt
    return packed


def _pack(durations, longest_first, n_workers, capacity):
    """Each task to the fullest worker that has room for it; None if one has nowhere."""
    room, owner = [capacity] * n_workers, list(range(n_workers))
    worker = [0] * len(durations)
    for task in longest_first:
        length = durations[task]
        at = bisect_left(room, length)
        if at == n_workers:
            return None
        left, who = room.pop(at) - length, owner.pop(at)
        at = bisect_left(room, left)
        room.insert(at, left)
        owner.insert(at, who)
        worker[task] = who
    return worker, capacity - room[0]


def _swapped(durations, worker, n_workers, bound) -> np.ndarray:
    """A list that leads to a better balance than the given workers had."""
    held: list[list] = [[] for _ in range(n_workers)]  # (length, task), ascending
    for task in np.argsort(durations, kind="stable").tolist():
        held[worker[task]].append((durations[task], task))
    loads = [sum(length for length, _ in tasks) for tasks in held]
    for _ in range(min(len(durations), _PATIENCE // n_workers)):
        last = max(range(n_workers), key=loads.__getitem__)
        if loads[last] <= bound * (1 + _CLOSE):
            break
        change = _best_change(held, loads, last)
        if change is None:
            break
        other, given, taken = change
        held[last].remove(given)
        insort(held[other], given)
        difference = given[0]
        if taken is not None:
            held[other].remove(taken)
            insort(held[last], taken)
            difference -= taken[0]
        loads[last] -= difference
        loads[other] += difference
    lanes = [0] * len(durations)
    for lane, tasks in enumerate(held):
        for _, task in tasks:
            lanes[task] = lane
    return _list_of(durations, lanes, n_workers)


def _list_of(durations, worker, n_workers) -> np.ndarray:
    """A list that leads to the loads of the given workers, or less uneven ones."""
    now, started = [0.0] * n_workers, np.empty(len(durations))
    for task in np.argsort(durations, kind="stable")[::-1].tolist():
        started[task] = now[worker[task]]
        now[worker[task]] += durations[task]
    return np.argsort(started, kind="stable")


def _best_change(held, loads, last):
    """What the last worker best gives to another, and takes from it for that.

    (other worker, given, taken or None); None if nothing helps. The gain is by how much
    the longer of the two gets shorter: at most half of their difference.
    """
    for other in sorted(range(len(held)), key=loads.__getitem__):
        gap = loads[last] - loads[other]
        gain, change = _CLOSE * loads[last], None
        if gap / 2 <= gain:
            return None
        lengths = [length for length, _ in held[other]]
        for given in held[last]:
            length = given[0]
            if min(length, gap - length) > gain:
                gain, change = min(length, gap - length), (other, given, None)
            at = bisect_left(lengths, length - gap / 2)
            for near in (at - 1, at):
                if 0 <= near < len(lengths):
                    moved = length - lengths[near]
                    if min(moved, gap - moved) > gain:
                        gain = min(moved, gap - moved)
                        change = (other, given, held[other][near])
        if change is not None:
            return change
    return None


# --- tasks that wait ---


def _dependent(problem: Problem) -> Schedule:
    lengths, graph = problem.durations, problem.graph
    paths = np.array(paths_to_the_end(lengths.tolist(), graph))
    n_followers = np.array([len(set(each)) for each in graph.followers])
    bound = _bound(problem, float(paths.max(initial=0.0)))
    found = None
    for keys in (
        [-paths],
        [-n_followers, -paths],
        [-lengths, -paths],
        [lengths, -paths],
        [-lengths],
        [-n_followers],
    ):
        attempt = simulate(problem, np.lexsort(keys))
        if found is None or attempt.makespan < found.makespan:
            found = attempt
        if found.makespan <= bound * (1 + _CLOSE):
            return found
    return _to_and_fro(problem, found, bound)


def _to_and_fro(problem: Problem, found: Schedule, bound: float) -> Schedule:
    """Schedule from the end, those last that ended last, then from the start again."""
    backwards, forth = problem.reversed(), found
    for _ in range(_SWEEPS):
        back = simulate(backwards, np.lexsort([-forth.started, -forth.ended]))
        forth = simulate(problem, np.lexsort([-back.started, -back.ended]))
        if forth.makespan < found.makespan:
            found = forth
        if found.makespan <= bound * (1 + _CLOSE):
            break
    return found


def _bound(problem: Problem, span: float) -> float:
    """What neither workers, chains nor slots can beat."""
    bound = lower_bound(float(problem.durations.sum()), span, problem.n_workers)
    if problem.agent is not None:
        for agent, slots in enumerate(problem.slots):
            asked = problem.agent == agent
            bound = max(bound, float(problem.durations[asked].sum()) / slots)
    return bound
