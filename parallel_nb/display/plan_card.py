"""A Plan on a card: whether tasks may run together, why not, and how long it will take.

Knows what to read first about a Plan and how much of it; refuses to compute and to
draw.
"""

from __future__ import annotations

from collections import Counter

from ..draw import markup, palette, wording
from ..draw.forecast import forecast, forecast_caption
from ..planning.telling import checklist
from ..planning.wiring import enumerated
from . import sheet

_MOST_DRAWN = 300  # tasks; a graph of more takes longer to draw than to look at
_CONFLICTS, _ROUNDS, _NAMES, _CHAIN, _WARNINGS = 3, 6, 6, 8, 5
_NAME, _SENTENCE = 40, 320  # characters
_MARKS = {
    "none": ("✓", palette.GREEN),
    "found": ("●", palette.BLUE),
    "warning": ("▲", palette.VERMILION),
    "unknown": ("?", palette.GREY),
}


def parts(plan) -> list[str]:
    """The pieces of the card."""
    return [
        sheet.head("Plan", _size(plan)),
        f"<p><b>{plan.strategy}</b>: {_sentence(plan.why)}.</p>",
        markup.facts(_facts(plan)),
        f'<p class="pnb-quiet">Lengths: {_sentence(plan.costs.source)}.</p>',
        sheet.warnings(_first_warnings(plan)),
        _picture(plan),
        sheet.section("May tasks run together?", _checklist(plan)),
        sheet.section("Rounds", _rounds(plan), "pnb-flow"),
        _critical_path(plan),
        sheet.section("Agents", _agents(plan), "pnb-flow"),
        sheet.next_steps("pnb.run(plan)", "plan.explain(a, b)", "pnb.draw.plan(plan)"),
    ]


def _size(plan) -> str:
    sizes = [wording.count(plan.n_tasks, "task")]
    if plan.rounds:
        sizes.append(wording.count(len(plan.rounds), "round"))
    sizes.append(wording.count(plan.n_workers, "worker"))
    return " · ".join(sizes)


def _sentence(text: str, most: int = _SENTENCE) -> str:
    return markup.text(wording.shortened(text, most))


def _facts(plan) -> list[wording.Fact]:
    text, source = plan.costs.text, plan.costs.source
    n_useful = plan.n_useful if plan.span > 0 else None
    return [
        wording.Fact(
            "makespan (predicted)",
            text(plan.makespan),
            f"by list scheduling, starting up left out; {source}",
        ),
        wording.Fact("work", text(plan.work), f"of all tasks together; {source}"),
        wording.Fact(
            "span", text(plan.span), "longest chain: no number of workers can beat it"
        ),
        wording.Fact(
            "parallelism",
            wording.number(plan.parallelism),
            "work / span: how many workers could be kept busy on average",
        ),
        wording.Fact(
            "useful workers",
            "–" if n_useful is None else f"{n_useful:,}",
            "the most worth having: with more, the predicted makespan is the same",
        ),
    ]


def _first_warnings(plan) -> list[str]:
    said = [wording.shortened(each, 2 * _SENTENCE) for each in plan.warnings]
    if len(said) > _WARNINGS:
        n_more = len(said) - _WARNINGS
        said[_WARNINGS:] = [f"and {n_more:,} more in plan.warnings"]
    return said


def _picture(plan) -> str:
    if not plan.n_tasks:
        return ""
    if plan.n_tasks <= _MOST_DRAWN:
        from ..draw.onpaper import graph_on_paper  # matplotlib, only if needed

        drawn = graph_on_paper(plan)
        picture = markup.image(drawn.image, drawn.caption)
        return f'<figure class="pnb-wide">{picture}</figure>'
    caption = forecast_caption(plan)
    drawn = forecast(plan)
    if drawn is None:
        return f"<p>{markup.text(caption)}</p>"
    picture = markup.image(drawn.image, caption, style=f"height:{drawn.height}px")
    left, right = (markup.text(plan.costs.text(each)) for each in drawn.window)
    return (
        f"<figure>{picture}<figcaption><span>{left}</span> <span>predicted; worker 0 "
        f"on top, critical path black</span> <span>{right}</span></figcaption></figure>"
    )


def _checklist(plan) -> list[str]:
    """Each item with its evidence; a conflict's is who waits for whom because of it."""
    rows = []
    for item, verdict, evidence in checklist(plan):
        mark, colour = _MARKS[verdict]
        said = [_sentence(evidence)]
        kind = item.removesuffix(" conflicts")
        if verdict == "found" and kind in plan.settled.n_pairs:
            verdict = f"{plan.settled.n_pairs[kind]:,} found"
            said = _conflicts(plan, kind)
        words = f"<b>{markup.text(item)}</b>: {verdict} – {' '.join(said)}"
        rows.append(sheet.marked(mark, colour, words))
    return rows


def _conflicts(plan, kind: str) -> list[str]:
    pairs = [
        pair
        for pair, shared in plan.settled.nearest.items()
        if any(each.kind == kind and each.n_direct for each in shared)
    ]
    said = [_sentence(plan.explain(*pair)) for pair in pairs[:_CONFLICTS]]
    n_more = plan.settled.n_pairs[kind] - len(said)
    if n_more:
        said.append(f"And {n_more:,} more in <code>plan.conflicts</code>.")
    return said


def _rounds(plan) -> list[str]:
    rows = []
    for number, tasks in enumerate(plan.rounds[:_ROUNDS]):
        n_of = Counter(plan.tasks[task].name for task in tasks)
        names = [
            wording.shortened(name, _NAME) + (f" × {n:,}" if n > 1 else "")
            for name, n in n_of.items()
        ]
        told = markup.text(enumerated(names, _NAMES))
        rows.append(f"<b>{number}</b> {told}")
    if len(plan.rounds) > _ROUNDS:
        rows.append(sheet.more(len(plan.rounds) - _ROUNDS, "rounds", "plan.rounds"))
    return rows


def _critical_path(plan) -> str:
    if not plan.span > 0:
        return ""
    names = [wording.shortened(plan.names[task], _NAME) for task in plan.critical_path]
    if len(names) > _CHAIN:
        half = _CHAIN // 2
        names[half:-half] = [f"… {len(names) - 2 * half:,} more …"]
    told = markup.text(" → ".join(names))
    length = f'<span class="pnb-quiet">({plan.costs.text(plan.span)})</span>'
    return sheet.section("Critical path", [f"{told} {length}"])


def _agents(plan) -> list[str]:
    load = plan.load
    return [
        f"<b>{markup.text(agent.name)}</b>: {wording.count(agent.slots, 'slot')}, "
        f"{wording.count(agent.n_tasks, 'task')}, busy "
        f"{wording.percent(agent.utilization)} of the time"
        for agent in load[load["kind"] == "agent"].itertuples()
        if agent.n_tasks
    ]
