"""A Log of recorded calls on a card: a line and a small timeline for each.

Knows which calls to show and how they lie within each other; refuses to compute and to
draw.
"""

from __future__ import annotations

from ..draw import markup, wording
from ..draw.strip import ROW, strip
from . import sheet

_CALLS = 20
_INDENT, _DEEPEST = 18, 6  # CSS pixels for each level, and how many are told apart


def parts(log) -> list[str]:
    """The pieces of the card."""
    runs = log[:]  # a log that still grows reads them anew each time
    if not runs:
        return [
            sheet.head("Log", "no recorded calls"),
            "<p>No <code>joblib.Parallel</code> call so far.</p>",
        ]
    depth = _depths(runs)
    n_tasks = sum(run.n_tasks for run in runs)
    calls = wording.count(len(runs), "recorded call")
    size = f"{calls} · {wording.count(n_tasks, 'task')}"
    n_nested = sum(level > 0 for level in depth)
    if n_nested:
        size += f" · {n_nested:,} inside tasks of others"
    label = wording.shortened(runs[0].meta.label, 80)
    chosen = sorted(sorted(range(len(runs)), key=lambda at: (depth[at], at))[:_CALLS])
    items = [
        f'<div class="pnb-row" style="margin-left:{_indent(depth[at])}px">'
        f"{_line(at, runs[at])}{_strip(runs[at])}</div>"
        for at in _nested(chosen, runs)
    ]
    if len(runs) > len(items):
        items.append(sheet.more(len(runs) - len(items), "", "log.summary()"))
    return [
        sheet.head(label or "Log", size),
        sheet.lines(items),
        sheet.next_steps("log[0]", "log.summary()", "pnb.draw.timeline(log[0])"),
    ]


def _depths(runs) -> list[int]:
    """How many calls each lies within; one is recorded after what it lies within."""
    depth: list[int] = []
    for at, run in enumerate(runs):
        outer = run.meta.parent[0] if run.meta.parent else at
        depth.append(depth[outer] + 1 if outer < at else 0)
    return depth


def _nested(chosen: list[int], runs) -> list[int]:
    """The calls, each before those that lie within it."""
    inside: dict[int | None, list[int]] = {}
    for at in chosen:
        parent = runs[at].meta.parent
        inside.setdefault(parent[0] if parent else None, []).append(at)
    order, waiting = [], inside.get(None, [])[::-1]
    while waiting:
        at = waiting.pop()
        order.append(at)
        waiting += inside.get(at, [])[::-1]
    return order


def _indent(depth: int) -> int:
    return _INDENT * min(depth, _DEEPEST)


def _line(at: int, run) -> str:
    numbers, meta = wording.numbers(run), run.meta
    facts = [
        _what(run),
        f"{wording.count(meta.n_workers, 'worker')} ({meta.backend})",
        wording.seconds(numbers["makespan"]),
        f"utilization {wording.percent(numbers['utilization'])}",
    ]
    wrong = [
        f"{numbers[status]:,} {status}"
        for status in ("failed", "invalid", "timeout", "crashed", "cancelled")
        if numbers[status]
    ]
    told = markup.text(" · ".join([*facts[:1], *wrong, *facts[1:]]))
    where = f" in task {meta.parent[1]} of [{meta.parent[0]}]" if meta.parent else ""
    return (
        f"<code>log[{at}]</code> {told}"
        f'<span class="pnb-quiet">{markup.text(where)}</span>'
    )


def _what(run) -> str:
    """How many calls of what."""
    names = run.tasks["name"]
    if not len(names):
        return "no tasks"
    n_of = names.value_counts()
    told = wording.shortened(n_of.index[0], 60)
    if len(n_of) > 1:
        told += f" and {len(n_of) - 1:,} others"
    return f"{len(names):,} × {told}"


def _strip(run) -> str:
    drawn = strip(run, ROW)
    if drawn is None:
        return ""
    caption = wording.timeline_caption(run)
    return markup.image(drawn.image, caption, style=f"height:{drawn.height}px")
