"""A Plan on a page of text.

Knows what stands on it and how much of each; refuses to know reasons (`telling.py`).
"""

from __future__ import annotations

import textwrap
from collections import Counter

from .telling import counted, disturbance
from .wiring import CONFLICT, enumerated

_LINES = 12  # of one section
_NAMES = 8  # in one line
_WIDTH = 88


def page(plan) -> str:
    """The plan on a page of text."""
    workers = counted(plan.n_workers, "worker")
    head = f"Plan of {counted(plan.n_tasks, 'task')} on {workers}: {plan.strategy}."
    lines = [head, *_wrapped(f"{plan.why[:1].upper()}{plan.why[1:]}.", "  ")]
    for title, rows in (
        ("Rounds", _rounds(plan)),
        ("Conflicts", _conflicts(plan)),
        ("Critical path", _critical_path(plan)),
        (f"Prediction ({plan.costs.source})", _prediction(plan)),
        ("Agents", _agents(plan)),
        ("Warnings", list(plan.warnings)),
    ):
        if rows:
            lines += ["", title]
            for row in rows:
                lines += _wrapped(row, "  ")
    return "\n".join(lines)


def _rounds(plan) -> list[str]:
    rows = []
    for number, tasks in enumerate(plan.rounds[:_LINES]):
        n_of = Counter(plan.tasks[task].name for task in tasks)
        names = [name if n == 1 else f"{name} × {n}" for name, n in n_of.items()]
        rows.append(f"{number:>2}  {enumerated(names, _NAMES)}")
    return rows + _rest(len(plan.rounds), "round")


def _conflicts(plan) -> list[str]:
    pairs = list(plan.settled.nearest)
    rows = []
    for first, then in pairs[:_LINES]:
        if plan.settled.waits[then].get(first) == CONFLICT:
            rows.append(plan.reason(then, first))
        else:
            shared = plan.settled.nearest[first, then]
            rows.append(disturbance(plan, (first, then), shared))
    return rows + _rest(len(pairs), "conflict")


def _critical_path(plan) -> list[str]:
    if not plan.span > 0:
        return []
    names = [plan.names[task] for task in plan.critical_path]
    if len(names) > _NAMES:
        half = _NAMES // 2
        names[half:-half] = [f"… {len(names) - 2 * half} more …"]
    return [f"{plan.costs.text(plan.span)}: {' → '.join(names)}"]


def _prediction(plan) -> list[str]:
    text = plan.costs.text
    workers = counted(plan.n_workers, "worker")
    rows = [
        f"makespan {text(plan.makespan)} on {workers}, starting up left out",
        f"work {text(plan.work)}, span {text(plan.span)}",
    ]
    if plan.span > 0:
        rows[1] += f", parallelism {plan.parallelism:.2g}"
        useful = plan.n_useful
        worth = "1 worker is" if useful == 1 else f"{useful} workers are"
        rows.append(f"{worth} worth having: more would not be faster")
    return rows


def _agents(plan) -> list[str]:
    rows = []
    load = plan.load
    for agent in load[load["kind"] == "agent"].itertuples():
        if agent.n_tasks:
            slots, tasks = counted(agent.slots, "slot"), counted(agent.n_tasks, "task")
            row = f"{agent.name}: {slots}, {tasks}, busy {plan.costs.text(agent.busy)}"
            if plan.makespan > 0:
                row += f" ({agent.utilization:.0%} of its time)".replace("%", " %")
            rows.append(row)
    return rows


def _rest(n: int, noun: str) -> list[str]:
    return [f"… and {counted(n - _LINES, f'more {noun}')}"] if n > _LINES else []


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=2 * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
