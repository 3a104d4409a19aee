"""Which sections a report has, and what stands in them: `report`.

Knows what to say and in which order; refuses to know how it is shown and how the
numbers came about.
"""

from __future__ import annotations

import json
import math

import numpy as np

from .. import attachments, schema, totals
from ..draw import wording
from ..errors import ArgumentError, one_of
from ..runs import MISSING, Run
from .advice import findings, listed, quote, recommendations
from .document import (
    Bullets,
    Code,
    Column,
    Entries,
    Facts,
    Paragraph,
    Section,
    Share,
    Strong,
    Table,
    Text,
    Verbatim,
)
from .figures import Figures, figures
from .markdown import markdown
from .page import page
from .verdicts import verdict

_FORMATS = {"markdown": markdown, "html": page}
_SYNONYMS = {"md": "markdown", "github": "markdown", "htm": "html"}

_LISTED = 50  # tasks of one status, and agents
_NAME, _TOLD, _QUOTED = 80, 300, 10_000  # characters
_NOT_MEASURED = "not measured"
_TITLES = {
    "done": "Completed",
    "failed": "Failed",
    "invalid": "Invalid",
    "timeout": "Timed out",
    "crashed": "Crashed",
    "cancelled": "Cancelled",
    "skipped": "Skipped",
}


def report(run: Run, format: str = "markdown", *, baseline: Run | None = None) -> str:
    """What came of a run, how well it went, what would help: a text to pass on.

    Parameters
    ----------
    run : Run
        Whatever made it.
    format : {"markdown", "html"}
        GitHub-flavoured markdown, or a piece of HTML that needs no other file.
    baseline : Run, optional
        The same batch under one worker: then the sequential time is measured, if every
        task is done in both. Otherwise it is estimated, as the work of `run`.

    Returns
    -------
    str
        Its first line gives the overall status:

        - **success**: every task is done, each at its first attempt
        - **success with issues**: every task is done, some of them only when tried
          again
        - **partial**: some tasks are done, others are not
        - **failure**: no task is done, or the run was given up because too few tasks
          could still succeed
        - **no tasks**: there was nothing to do

        Where enough tasks had succeeded by the terms of the run (``wait="any"``, or a
        number or share of them), those that were cancelled or skipped for that reason
        do not count, and failed ones are an issue: it is a success with or without.

        The validation pass rate is the share of valid results among those that tasks
        returned: done / (done + invalid). A task without a check takes any result.

    Raises
    ------
    ArgumentError
        If `run` is no Run, the format is unknown, or `baseline` is not a Run of as many
        tasks with one worker.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"task": ["a", "b", "c"], "started": 0.0, "ended": [900.0, 600.0, 480.0]}
    ... )
    >>> text = report(Run.from_frame(table))
    >>> for line in text.splitlines():
    ...     if line.startswith(("**Status", "- **Speedup", "- **Efficiency")):
    ...         print(line)
    **Status: success.** 3 of 3 tasks done.
    - **Speedup:** 2.2 (33 min → 15 min), estimated
    - **Efficiency:** 73 % (speedup / 3 workers)
    """
    if not isinstance(run, Run):
        raise ArgumentError(f"`run` must be a Run; got {type(run).__name__}")
    one_of("format", format, _FORMATS, synonyms=_SYNONYMS)
    return _FORMATS[format](_document(run, figures(run, baseline), baseline))


def _document(run: Run, of: Figures, baseline: Run | None) -> Section:
    found = findings(of, run) if of.n_tasks else []
    label = wording.shortened(run.meta.label, _NAME)
    blocks = [*_head(run, of)]
    if of.n_tasks:
        blocks += [
            _tasks(run, of),
            *_aggregates(run),
            _performance(run, of, baseline, found),
            _quality(of),
            Section(
                "Recommendations", (Bullets(tuple(recommendations(of, run, found))),)
            ),
        ]
    return Section(f"Report: {label}" if label else "Report", tuple(blocks))


def _head(run: Run, of: Figures) -> list:
    meta, overall = run.meta, verdict(of, run.meta.ended_by)
    started = meta.started_at.partition(".")[0].replace("T", " ")
    rows = {
        "Workers": f"{meta.n_workers:,} ({meta.backend})",
        "Host": meta.host,
        "Started": f"{started.partition('+')[0]} UTC" if started else "",
        "Tags": ", ".join(meta.tags),
    }
    facts = Facts(tuple((name, text) for name, text in rows.items() if text))
    blocks = [
        Paragraph((Strong(f"Status: {overall.status}."), f" {overall.reason}")),
        facts,
    ]
    if meta.notes:
        blocks.append(Bullets(tuple(f"Note: {note}" for note in meta.notes)))
    return blocks


# What came of the tasks


def _tasks(run: Run, of: Figures) -> Section:
    sections = []
    codes = run.tasks[schema.STATUS].array.codes
    for code, status in enumerate(schema.STATUSES):
        which = np.flatnonzero(codes == code)
        if len(which):
            title = f"{_TITLES[status]} ({len(which):,})"
            sections.append(Section(title, tuple(_listing(run, of, status, which))))
    return Section("Tasks", tuple(sections))


def _listing(run: Run, of: Figures, status: str, which: np.ndarray) -> list:
    """The tasks of one status: a table, and what was declared of them."""
    shown = which[:_LISTED].tolist()
    rows, details = run.tasks.iloc[shown], run.details
    entries = [details.get(task, {}) for task in shown]
    columns = {
        Column("#", is_number=True): [f"{task}" for task in shown],
        Column("task"): [wording.shortened(name, _NAME) for name in rows["name"]],
    }
    if len(of.agents) > 1 or of.agents["agent"].iat[0] != totals.ANYONE:
        agents = rows[schema.AGENT].astype("str").fillna(totals.ANYONE)
        columns[Column("agent")] = [_agent(agent) for agent in agents]
    if of.n_retried:
        attempts = [f"{attempt}" for attempt in rows[schema.ATTEMPT]]
        columns[Column("attempts", is_number=True)] = attempts
    columns[Column("time", is_number=True)] = [
        wording.seconds(of.of_task[task] if began else math.nan)
        for task, began in zip(shown, rows[schema.STARTED].notna(), strict=True)
    ]
    if status == "done":
        told = [_result(entry) for entry in entries]
        if any(told):
            columns[Column("result")] = told
    else:
        errors = rows[schema.ERROR].fillna("")
        columns[Column("reason")] = [wording.shortened(e, _TOLD) for e in errors]
    blocks: list = [Table(tuple(columns), tuple(zip(*columns.values(), strict=True)))]
    if len(which) > len(shown):
        more = f"and {len(which) - len(shown):,} more in "
        blocks.append(Paragraph((more, Code("run.tasks"))))
    contexts = tuple(
        (f"{task} {quote(name)}", _context(entry[attachments.CONTEXT]))
        for task, name, entry in zip(shown, rows["name"], entries, strict=True)
        if attachments.CONTEXT in entry
    )
    return [*blocks, Entries(contexts)] if contexts else blocks


def _result(entry: dict) -> str:
    if entry.get(attachments.IS_AGGREGATE):
        return "has a section of its own"
    return wording.shortened(entry.get(attachments.SUMMARY, ""), _TOLD)


def _context(context: dict) -> Facts:
    return Facts(
        tuple(
            (
                wording.shortened(key, _NAME).replace("_", " "),
                wording.shortened(_plain(value), _TOLD),
            )
            for key, value in context.items()
        )
    )


def _plain(value) -> str:
    """A value of JSON as one would write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(v, list | dict) for v in value):
        return "; ".join(map(_plain, value))
    return json.dumps(value, ensure_ascii=False)


def _aggregates(run: Run) -> list[Section]:
    """A section for each result that was made of others'."""
    tasks = run.tasks
    results = run.results_or(MISSING) if run.has_results else None
    sections = []
    for task, entry in run.details.items():
        is_done = tasks[schema.STATUS].iat[task] == "done"
        if not is_done or not entry.get(attachments.IS_AGGREGATE):
            continue
        name = wording.shortened(tasks[schema.NAME].iat[task], _NAME)
        blocks = [_said(entry.get(attachments.SUMMARY), results, task)]
        if attachments.CONTEXT in entry:
            blocks.append(_context(entry[attachments.CONTEXT]))
        sections.append(Section(f"Aggregate: {name}", tuple(blocks)))
    return sections


def _said(summary: str | None, results: list | None, task: int):
    if summary is None:
        if results is None:
            return Paragraph("Its result was not kept with the run.")
        summary = _text_of(results[task])
    if len(summary) > _QUOTED:
        summary = f"{summary[: _QUOTED - 1]}…"
    if "\n" in summary.strip():
        return Verbatim(summary.strip("\n"))
    return Paragraph(summary.strip() or "(empty)")


def _text_of(result) -> str:
    if isinstance(result, str):
        return result
    try:
        return repr(result)
    except Exception as error:  # its own, whatever it is
        return f"({type(result).__name__}, whose repr() raised {type(error).__name__})"


# How well it went


def _performance(run: Run, of: Figures, baseline: Run | None, found) -> Section:
    blocks = [
        Facts(tuple(_facts(run, of, baseline))),
        Section("Agents", tuple(_agents(run, of))),
        Section("What would help", (Bullets(tuple(f.text for f in found)),)),
    ]
    return Section("Performance", tuple(blocks))


def _facts(run: Run, of: Figures, baseline: Run | None):
    workers = wording.count(of.n_workers, "worker")
    agents = [agent for agent in of.agents["agent"] if agent != totals.ANYONE]
    told = f"{len(agents):,} ({listed(agents)})" if agents else "none declared"
    yield "Agents", told
    yield "Tasks completed", f"{of.n_done:,} of {of.n_tasks:,}"
    yield "Total time", _measured(of.makespan)
    yield "Sequential time", _sequential(of, baseline)
    kind = "measured" if of.is_measured else "estimated"
    is_known = math.isfinite(of.speedup)
    yield (
        "Speedup",
        f"{wording.number(of.speedup)} ({wording.seconds(of.sequential)} → "
        f"{wording.seconds(of.makespan)}), {kind}"
        if is_known
        else _NOT_MEASURED,
    )
    yield (
        "Efficiency",
        f"{wording.percent(of.efficiency)} (speedup / {workers})"
        if is_known
        else _NOT_MEASURED,
    )
    yield (
        "Utilization",
        f"{wording.percent(of.utilization)} ({wording.seconds(of.work)} of "
        f"{wording.seconds(of.paid)} paid for)"
        if is_known
        else _NOT_MEASURED,
    )
    if of.is_measured:
        yield (
            "Work inflation",
            f"{wording.number(of.work_inflation)} ({wording.seconds(of.work)} of work "
            f"under {workers}, {wording.seconds(of.sequential)} under one)",
        )
    yield "Bottleneck", _bottleneck(run, of)


def _measured(seconds: float) -> str:
    return wording.seconds(seconds) if math.isfinite(seconds) else _NOT_MEASURED


def _sequential(of: Figures, baseline: Run | None) -> str:
    if of.is_measured:
        whose = f" ({quote(baseline.meta.label)})" if baseline.meta.label else ""
        return f"{wording.seconds(of.sequential)}, measured with one worker{whose}"
    if not math.isfinite(of.sequential):
        return _NOT_MEASURED
    told = f"{wording.seconds(of.sequential)}, estimated: all attempts in a row"
    if baseline is None:
        return told
    return f"{told} (the baseline cannot be compared: not every task is done in both)"


def _bottleneck(run: Run, of: Figures) -> str:
    if of.bottleneck < 0:
        return "none: nothing ran"
    name = quote(run.tasks[schema.NAME].iat[of.bottleneck])
    seconds = float(of.of_task[of.bottleneck])
    told = f"{name} (task {of.bottleneck}), {wording.seconds(seconds)}"
    if of.makespan > 0:
        told += f", {wording.percent(seconds / of.makespan)} of the total time"
    if not of.has_edges:
        return told
    return f"{told}; on the critical path ({wording.count(len(of.chain), 'task')})"


def _agents(run: Run, of: Figures) -> list:
    rows = []
    names = run.tasks[schema.NAME]
    for agent in of.agents.head(_LISTED).itertuples(index=False):
        longest = "–"
        if agent.longest_task >= 0:
            seconds = wording.seconds(of.of_task[agent.longest_task])
            name = wording.shortened(names.iat[agent.longest_task], _NAME)
            longest = f"{name}, {seconds}"
        rows.append(
            (
                _agent(agent.agent),
                f"{agent.slots:,}" if agent.slots else "unknown",
                f"{agent.done:,} of {agent.n_tasks:,}",
                Share(wording.percent(agent.utilization), agent.utilization),
                wording.seconds(agent.busy),
                wording.seconds(agent.idle),
                wording.percent(agent.load),
                longest,
            )
        )
    columns = (
        Column("agent"),
        Column("slots", is_number=True),
        Column("tasks done", is_number=True),
        Column("utilization", is_number=True),
        Column("busy", is_number=True),
        Column("idle", is_number=True),
        Column("load", is_number=True),
        Column("longest task"),
    )
    explained = (
        "Utilization is busy / (slots × total time); load is the share of all busy "
        "time."
    )
    return [
        Table(columns, tuple(rows)),
        *_more(of, "run.agents"),
        Paragraph(explained),
    ]


def _quality(of: Figures) -> Section:
    agents = of.agents.head(_LISTED)
    rows = [_quality_row(_agent(a["agent"]), a) for a in agents.to_dict("records")]
    if len(of.agents) > 1:
        whole = {"n_tasks": of.n_tasks, "n_retried": of.n_retried, **of.counts}
        rows.append(_quality_row(Strong("all"), whole))
    columns = (
        Column("agent"),
        Column("tasks", is_number=True),
        Column("success rate", is_number=True),
        Column("validation pass rate", is_number=True),
        Column("failed", is_number=True),
        Column("retried", is_number=True),
    )
    explained = (
        "Success is done / tasks; validation is valid results / results returned, where "
        "a task without a check takes any; failed ones include time-outs and crashes."
    )
    blocks = [
        Table(columns, tuple(rows)),
        *_more(of, "run.agents"),
        Paragraph(explained),
    ]
    return Section("Quality", tuple(blocks))


def _quality_row(name: Text, of: dict) -> tuple:
    n_returned = of["done"] + of["invalid"]
    n_failed = of["failed"] + of["timeout"] + of["crashed"]
    return (
        name,
        f"{of['n_tasks']:,}",
        _rate(of["done"], of["n_tasks"]),
        _rate(of["done"], n_returned),
        f"{n_failed:,}",
        f"{of['n_retried']:,}",
    )


def _rate(part: int, whole: int) -> str:
    if not whole:
        return "–"
    return f"{wording.percent(part / whole)} ({part:,} of {whole:,})"


def _more(of: Figures, where: str) -> list:
    n_more = len(of.agents) - _LISTED
    return [Paragraph((f"and {n_more:,} more in ", Code(where)))] if n_more > 0 else []


def _agent(name: str) -> str:
    return "any worker" if name == totals.ANYONE else wording.shortened(name, _NAME)
