"""A Plan in words: one line, and the reasons for what it says.

Knows sentences, and how many of them are enough; refuses to compute.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .conflicts import READ_WRITE, WRITE_WRITE
from .costs import SECONDS
from .wiring import CONFLICT, DATA, ORDER, enumerated

NONE, FOUND, WARNING, UNKNOWN = "none", "found", "warning", "unknown"
_REASONS = 3  # given as evidence
_REMEDY = "observe() can find out"
_NOTHING = f"no reads or writes declared: unknown; {_REMEDY}"
_WAITING = {  # one task, several
    DATA: ("takes the result of another", "take results of others"),
    ORDER: ("is to come after another", "are to come after others"),
    CONFLICT: ("waits because of a resource", "wait because of resources"),
}


def line(plan) -> str:
    """The plan in one line."""
    parts = [f"{counted(plan.n_tasks, 'task')}: {plan.strategy}"]
    if len(plan.rounds) > 1:
        parts.append(counted(len(plan.rounds), "round"))
    n_conflicts = sum(plan.settled.n_pairs.values())
    if n_conflicts:
        handled = set(plan.settled.handled.values())
        said = handled.pop() if len(handled) == 1 else "settled"
        parts.append(f"{counted(n_conflicts, 'conflict')} {said}")
    if plan.warnings:
        parts.append(counted(len(plan.warnings), "warning"))
    parts.append(f"makespan {plan.costs.text(plan.makespan)}")
    parts.append(counted(plan.n_workers, "worker"))
    return f"<Plan {' · '.join(parts)}>"


def strategy(plan) -> tuple[str, str]:
    """How to run it, in a word, and why, as a clause."""
    widest = max(map(len, plan.rounds), default=0)
    if plan.n_tasks < 2:
        said = "one task" if plan.n_tasks else "no task"
        return "sequential", f"there is {said}, so nothing can run beside another"
    if widest < 2:
        return "sequential", f"no two tasks may run together: {_hindrance(plan)}"
    if plan.n_workers < 2:
        return "sequential", f"there is one worker, where {widest} tasks could share it"
    if plan.is_independent:
        limits = _limits(plan)
        though = f", though {limits}" if limits else ""
        unknown = _undeclared(plan)
        if unknown:
            return "parallel", f"no task waits for another{though}; {unknown}"
        return "parallel", f"no task waits for another or disturbs it{though}"
    return "mixed", (
        f"{counted(len(plan.rounds), 'round')} with up to {widest} tasks at once, as "
        f"{_hindrance(plan)}"
    )


def _hindrance(plan) -> str:
    """What keeps tasks from running together."""
    waiting = Counter(
        kind for wait in plan.settled.waits for kind in sorted(set(wait.values()))
    )
    parts = [
        f"{counted(n, 'task')} {_WAITING[kind][n > 1]}" for kind, n in waiting.items()
    ]
    n_locked = sum(map(bool, plan.locks))
    if n_locked:
        parts.append(f"{n_locked} tasks lock what they share")
    limits = _limits(plan) if any(plan.locks) or plan.has_scarce_agents else ""
    return ", ".join(filter(None, [*parts, limits]))


def _limits(plan) -> str:
    """Agents that have fewer slots than tasks."""
    asked = Counter(task.agent for task in plan.tasks)
    return ", ".join(
        f"agent {name} has {counted(agent.slots, 'slot')} for {asked[name]} tasks"
        for name, agent in plan.agents.items()
        if asked[name] > agent.slots
    )


def checklist(plan) -> list[tuple[str, str, str]]:
    """What could speak against running tasks together: item, verdict, evidence."""
    rows = [
        _waiting(
            plan, DATA, "data dependencies", "no task takes the result of another"
        ),
        _conflicting(plan, WRITE_WRITE, "no two tasks write the same"),
        _conflicting(plan, READ_WRITE, "no task reads what another writes"),
        _waiting(
            plan, ORDER, "ordering requirements", "no task is to come after another"
        ),
    ]
    if plan.common:
        said = [f"{_object(each)} in {_users(plan, each)}" for each in plan.common]
        rows.append(("shared mutable state", WARNING, _evidence(said)))
    elif any(plan.in_threads):
        said = "tasks in threads have no mutable object in common"
        rows.append(("shared mutable state", NONE, said))
    else:
        said = "no task is planned to run in a thread: each has copies of its own"
        rows.append(("shared mutable state", NONE, said))
    rows.append(("cycles", NONE, "no task waits for itself, by whatever way"))
    return rows


def _waiting(plan, kind, item, otherwise):
    pairs = [
        (task, after)
        for task, wait in enumerate(plan.settled.waits)
        for after, why in wait.items()
        if why == kind
    ]
    if not pairs:
        return item, NONE, otherwise
    reasons = [plan.reason(*pair) for pair in pairs[:_REASONS]]
    return item, FOUND, _evidence(reasons, len(pairs))


def _conflicting(plan, kind, otherwise):
    item = f"{kind} conflicts"
    unknown = _undeclared(plan)
    if not plan.settled.n_pairs[kind]:
        if unknown == _NOTHING:
            return item, UNKNOWN, unknown
        if unknown:
            return item, UNKNOWN, f"{otherwise}, as far as declared; {unknown}"
        return item, NONE, otherwise
    reasons = [
        disturbance(plan, pair, [each for each in shared if each.kind == kind])
        for pair, shared in plan.settled.nearest.items()
        if any(each.kind == kind and each.n_direct for each in shared)
    ]
    told = _evidence(reasons, plan.settled.n_pairs[kind])
    return item, FOUND, f"{told}; {unknown}" if unknown else told


def _undeclared(plan) -> str:
    """That nobody knows what some tasks use, and how to know; empty if all say it."""
    n = sum(not _declares(task) for task in plan.tasks)
    if n == plan.n_tasks:
        return _NOTHING
    does = "task declares" if n == 1 else "tasks declare"
    return f"{n:,} {does} no reads or writes: unknown; {_REMEDY}" if n else ""


def _declares(task) -> bool:
    return bool(task.reads or task.writes)


def disturbance(plan, pair, shared) -> str:
    """Which resource two tasks conflict over, and what becomes of that."""
    first, then = pair
    clause = plan.settled.clause(plan.names, first, then, shared)
    clause = _subject(f"{plan.names[first]} and {plan.names[then]}", clause)
    return f"{clause} ({plan.settled.handled[pair]})"


def _subject(both: str, clause: str) -> str:
    """The clause as one that stands alone."""
    return f"{both} {clause}" if clause.startswith("both ") else clause


def _evidence(reasons: Sequence[str], n: int = 0) -> str:
    n = max(n, len(reasons))
    told = "; ".join(reasons[:_REASONS])
    return told if n <= _REASONS else f"{told}; and {n - _REASONS} more"


def warnings(plan) -> Iterator[str]:
    """What to know before it runs, with the remedy."""
    for common in plan.common:
        yield (
            f"{_object(common)} is shared by {len(common.tasks)} tasks that run in "
            f"threads: {_users(plan, common)}. If one changes it while others use it, "
            "results depend on timing. Give each a copy of its own, return what is new "
            "instead, or run them in processes (backend='isolated')."
        )
    if plan.costs.n_guessed:
        is_measured = plan.costs.unit == SECONDS
        longer = ", or as long as they lasted until they broke off" * is_measured
        yield (
            f"{plan.costs.n_guessed} of {plan.n_tasks} tasks have no length in the "
            f"{plan.costs.source}: they count as the median of the others{longer}. "
            "Give them a `cost`, or a history that has them."
        )


def _object(common) -> str:
    return f"`{common.name}` ({common.kind})" if common.name else f"a {common.kind}"


def _users(plan, common) -> str:
    return enumerated([plan.names[task] for task in common.tasks], 5)


def explain(plan, a: int, b: int) -> str:
    """Why two tasks can or cannot run together."""
    names = plan.names
    if a == b:
        return f"{names[a]} is one task: it cannot run beside itself."
    both = f"{names[a]} and {names[b]}"
    first, then, shared = plan.settled.between(a, b)
    clause = plan.settled.clause(names, first, then, shared)
    for pair in ((a, b), (b, a)):
        way = _way(plan.predecessors, *pair)
        if way:
            is_all = not clause or plan.settled.waits[then].get(first) == CONFLICT
            besides = "" if is_all else f" Besides, {_subject(both, clause)}."
            return _told(plan, way) + besides
    if clause:
        return f"{both} cannot run together, but either may go first: {clause}."
    agent = plan.tasks[a].agent
    is_same = agent is not None and agent == plan.tasks[b].agent
    if is_same and plan.agents[agent].slots == 1:
        return f"{both} cannot run together: agent {agent} has 1 slot."
    silent = [names[task] for task in (a, b) if not _declares(plan.tasks[task])]
    if silent:
        one = f"{silent[0]} does not declare"
        whose = "neither declares" if len(silent) == 2 else one
        said = (
            f"{both} can run together as far as is known: neither waits for the other, "
            f"but {whose} what it reads or writes; {_REMEDY}."
        )
    else:
        said = (
            f"{both} can run together: neither waits for the other, and neither writes "
            "what the other declares to use."
        )
    sentences = [said]
    common = [_object(each) for each in plan.common if {a, b} <= set(each.tasks)]
    if common:
        sentences.append(f"In threads both could change {enumerated(common, 3)}.")
    if plan.n_workers == 1:
        sentences.append("There is one worker, though.")
    return " ".join(sentences)


def _way(predecessors, then: int, first: int) -> list[int]:
    """The shortest way from a task to one that it waits for; empty if it does not."""
    follower: dict[int, int] = {}
    queue = deque([then])
    while queue:
        task = queue.popleft()
        for other in predecessors[task].tolist():
            if other not in follower:
                follower[other] = task
                queue.append(other)
        if first in follower:
            way = [first]
            while way[-1] != then:
                way.append(follower[way[-1]])
            return way
    return []


def _told(plan, way: Sequence[int]) -> str:
    reasons = [plan.reason(task, after) for after, task in pairwise(way)]
    if len(way) == 2:
        return f"{reasons[0]}."
    between = [plan.names[task] for task in way[1:-1]]
    return (
        f"{plan.names[way[-1]]} waits for {plan.names[way[0]]} by way of "
        f"{enumerated(between, 3)}: {_evidence(reasons)}."
    )


def counted(n: int, noun: str) -> str:
    """A number of things."""
    return f"{n:,} {noun}{'s' * (n != 1)}"
