"""How well it went: time and speedup, agents, quality.

Knows which figures are told and in which words; refuses to know how they came about.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from .. import schema, totals
from ..diagnosis import Findings
from ..draw import wording
from ..runs import Run
from . import phrases
from .advice import helps
from .document import Column, Facts, Paragraph, Section, Share, Strong, Table
from .figures import Figures

_AGENTS = (
    Column("agent"),
    Column("slots", is_number=True),
    Column("tasks done", is_number=True),
    Column("utilization", is_number=True),
    Column("idle", is_number=True),
    Column("load", is_number=True),
    Column("longest task"),
)
_ABOUT_AGENTS = (
    "Utilization is busy / (slots × total time), the rest of which is idle; load is "
    "the share of all busy time."
)
_ABOUT_ALL = (
    "Agents share the run's workers: while a worker is busy for one of them, it counts "
    "as idle for others. The row “all” is the run's, its slots the workers; idle is "
    "what nobody used."
)
_QUALITY = (
    Column("agent"),
    Column("tasks", is_number=True),
    Column("success rate", is_number=True),
    Column("validation pass rate", is_number=True),
    Column("failed", is_number=True),
    Column("retried", is_number=True),
)
_ABOUT_QUALITY = (
    "Success is done / tasks. Validation is valid results / results returned; a task "
    "without a check takes any, and where no task is known to have one, there is no "
    "rate. Failed are also time-outs and crashes."
)


def performance(
    run: Run, of: Figures, baseline: Run | None, found: Findings
) -> Section:
    """Time, speedup, who was how busy, and what would help."""
    return Section(
        "Performance",
        (
            Facts(tuple(_facts(run, of, baseline))),
            Section("Agents", tuple(_agents(run, of))),
            Section("What would help", (helps(found),)),
        ),
    )


def quality(of: Figures) -> Section:
    """Success and validity, by agent."""
    agents = of.agents.head(phrases.LISTED).to_dict("records")
    rows = [_quality_row(phrases.agent(agent["agent"]), agent) for agent in agents]
    if len(of.agents) > 1:
        whole = {
            "n_tasks": of.n_tasks,
            "n_retried": of.n_retried,
            "n_checked": of.agents["n_checked"].sum(),
            **of.counts,
        }
        rows.append(_quality_row(Strong("all"), whole))
    left_out = phrases.more(len(of.agents), "run.agents")
    about = Paragraph(_ABOUT_QUALITY)
    return Section("Quality", (Table(_QUALITY, tuple(rows)), *left_out, about))


def _facts(run: Run, of: Figures, baseline: Run | None) -> Iterator[tuple[str, str]]:
    agents = [agent for agent in of.agents["agent"] if agent != totals.ANYONE]
    workers = wording.count(of.n_workers, "worker")
    yield (
        "Agents",
        f"{len(agents):,} ({phrases.listed(agents)})" if agents else "none declared",
    )
    yield "Tasks completed", f"{of.n_done:,} of {of.n_tasks:,}"
    yield "Total time", phrases.seconds(of.makespan)
    yield "Sequential time", _sequential(of, baseline)
    if of.speedup > 0:
        yield "Speedup", _speedup(of)
        yield "Efficiency", f"{wording.percent(of.efficiency)} (speedup / {workers})"
        yield "Utilization", _utilization(of.utilization, of.work, of.paid)
    else:
        for name in ("Speedup", "Efficiency", "Utilization"):
            yield name, phrases.NOT_MEASURED
    if of.is_measured:
        yield (
            "Work inflation",
            f"{wording.number(of.work_inflation)} ({wording.seconds(of.work)} of work "
            f"under {workers}, {wording.seconds(of.sequential)} under one)",
        )
    yield "Bottleneck", _bottleneck(run, of)


def _speedup(of: Figures) -> str:
    kind = "measured" if of.is_measured else "estimated"
    return (
        f"{wording.number(of.speedup)} ({wording.seconds(of.sequential)} → "
        f"{wording.seconds(of.makespan)}), {kind}"
    )


def _utilization(share: float, busy: float, paid: float) -> str:
    if not math.isfinite(share):
        return phrases.NOT_MEASURED
    return (
        f"{wording.percent(share)} ({wording.seconds(busy)} of {wording.seconds(paid)})"
    )


def _sequential(of: Figures, baseline: Run | None) -> str:
    told = phrases.seconds(of.sequential)
    if of.is_measured:
        whose = f" ({phrases.quote(baseline.meta.label)})" * bool(baseline.meta.label)
        return f"{told}, measured with one worker{whose}"
    if not of.sequential > 0:
        return told
    told += ", estimated: all attempts in a row"
    if baseline is None:
        return told
    return f"{told} (the baseline cannot be compared: not every task is done in both)"


def _bottleneck(run: Run, of: Figures) -> str:
    if of.bottleneck < 0:
        return "none: nothing ran"
    names = run.tasks[schema.NAME]
    took = float(of.of_task[of.bottleneck])
    told = (
        f"{phrases.quote(names.iat[of.bottleneck])} (task {of.bottleneck}), "
        f"{wording.seconds(took)}"
    )
    if of.makespan > 0:
        told += f", {wording.percent(took / of.makespan)} of the total time"
    if not of.has_edges:
        return told
    chain = phrases.arrows([names.iat[task] for task in of.chain])
    return f"{told}; the critical path is {chain} ({wording.seconds(of.span)})"


def _agents(run: Run, of: Figures) -> list:
    names = run.tasks[schema.NAME]
    agents = of.agents.head(phrases.LISTED).to_dict("records")
    rows = [_agent_row(phrases.agent(a["agent"]), a, names, of) for a in agents]
    about = _ABOUT_AGENTS
    if len(of.agents) > 1:
        whole = {
            "slots": of.n_workers,
            "done": of.n_done,
            "n_tasks": of.n_tasks,
            "busy": of.work,
            "idle": of.paid - of.work,
            "utilization": of.utilization,
            "load": of.agents["load"].sum(min_count=1),
            "longest_task": int(of.of_task.argmax()) if of.of_task.any() else -1,
        }
        rows.append(_agent_row(Strong("all"), whole, names, of))
        about = f"{about} {_ABOUT_ALL}"
    left_out = phrases.more(len(of.agents), "run.agents")
    return [Table(_AGENTS, tuple(rows)), *left_out, Paragraph(about)]


def _agent_row(name, agent: dict, names, of: Figures) -> tuple:
    longest = "–"
    if agent["longest_task"] >= 0:
        took = wording.seconds(of.of_task[agent["longest_task"]])
        longest = f"{phrases.name_of(names.iat[agent['longest_task']])}, {took}"
    paid = agent["busy"] + agent["idle"]
    return (
        name,
        f"{agent['slots']:,}" if agent["slots"] else "unknown",
        f"{agent['done']:,} of {agent['n_tasks']:,}",
        Share(
            _utilization(agent["utilization"], agent["busy"], paid),
            agent["utilization"],
        ),
        wording.seconds(agent["idle"]),
        wording.percent(agent["load"]),
        longest,
    )


def _quality_row(name, of: dict) -> tuple:
    n_failed = of["failed"] + of["timeout"] + of["crashed"]
    return (
        name,
        f"{of['n_tasks']:,}",
        _rate(of["done"], of["n_tasks"]),
        _rate(of["done"], of["done"] + of["invalid"]) if of["n_checked"] else "–",
        f"{n_failed:,}",
        f"{of['n_retried']:,}",
    )


def _rate(part: int, whole: int) -> str:
    if not whole:
        return "–"
    return f"{wording.percent(part / whole)} ({part:,} of {whole:,})"
