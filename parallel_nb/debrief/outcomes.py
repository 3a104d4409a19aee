"""What came of the tasks: by status, and where one result was made of many.

Knows which tasks are listed and what is told of each; refuses to know how well it went.
"""

from __future__ import annotations

import json
import math

import numpy as np

from .. import attachments, schema, totals
from ..draw import wording
from ..runs import MISSING, Run
from .document import Column, Entries, Facts, Paragraph, Section, Table, Verbatim
from .figures import Figures
from .phrases import LISTED, TOLD, agent, more, name_of, quote

_QUOTED = 10_000  # characters of a result that has a section of its own
_TITLES = {
    "done": "Completed",
    "failed": "Failed",
    "invalid": "Invalid",
    "timeout": "Timed out",
    "crashed": "Crashed",
    "cancelled": "Cancelled",
    "skipped": "Skipped",
}


def tasks(run: Run, of: Figures) -> Section:
    """A table of the tasks for each status that there is."""
    sections = []
    codes = run.tasks[schema.STATUS].array.codes
    for code, status in enumerate(schema.STATUSES):
        which = np.flatnonzero(codes == code)
        if len(which):
            title = f"{_TITLES[status]} ({len(which):,})"
            sections.append(Section(title, tuple(_listing(run, of, status, which))))
    return Section("Tasks", tuple(sections))


def aggregates(run: Run) -> list[Section]:
    """A section for each result that was made of others'."""
    status, names = run.tasks[schema.STATUS], run.tasks[schema.NAME]
    results = run.results_or(MISSING) if run.has_results else None
    sections = []
    for task, entry in sorted(run.details.items()):
        if attachments.IS_AGGREGATE not in entry or status.iat[task] != "done":
            continue
        blocks = [_said(entry.get(attachments.SUMMARY), results, task)]
        if attachments.CONTEXT in entry:
            blocks.append(_context(entry[attachments.CONTEXT]))
        title = f"Aggregate: {name_of(names.iat[task])}"
        sections.append(Section(title, tuple(blocks)))
    return sections


def _listing(run: Run, of: Figures, status: str, which: np.ndarray) -> list:
    """The tasks of one status: a table, and what was declared of them."""
    shown = which[:LISTED].tolist()
    rows, details = run.tasks.iloc[shown], run.details
    entries = [details.get(task, {}) for task in shown]
    has_begun = rows[schema.STARTED].notna()
    columns = {
        Column("#", is_number=True): [f"{task}" for task in shown],
        Column("task"): [name_of(name) for name in rows["name"]],
    }
    if len(of.agents) > 1 or of.agents["agent"].iat[0] != totals.ANYONE:
        agents = rows[schema.AGENT].astype("str").fillna(totals.ANYONE)
        columns[Column("agent")] = [agent(name) for name in agents]
    if of.n_retried:
        columns[Column("attempts", is_number=True)] = [
            f"{attempt}" if began else "–"
            for attempt, began in zip(rows[schema.ATTEMPT], has_begun, strict=True)
        ]
    columns[Column("time", is_number=True)] = [
        wording.seconds(of.of_task[task] if began else math.nan)
        for task, began in zip(shown, has_begun, strict=True)
    ]
    if status == "done":
        told = [_result(entry) for entry in entries]
        if any(told):
            columns[Column("result")] = told
    else:
        errors = rows[schema.ERROR].fillna("")
        columns[Column("reason")] = [wording.shortened(e, TOLD) for e in errors]
    blocks: list = [Table(tuple(columns), tuple(zip(*columns.values(), strict=True)))]
    blocks += more(len(which), "run.tasks")
    contexts = tuple(
        (f"{quote(name)} (task {task})", _context(entry[attachments.CONTEXT]))
        for task, name, entry in zip(shown, rows["name"], entries, strict=True)
        if attachments.CONTEXT in entry and not _has_section(entry, status)
    )
    return [*blocks, Entries(contexts)] if contexts else blocks


def _has_section(entry: dict, status: str) -> bool:
    return status == "done" and attachments.IS_AGGREGATE in entry


def _result(entry: dict) -> str:
    if _has_section(entry, "done"):
        return "has a section of its own"
    return wording.shortened(entry.get(attachments.SUMMARY, ""), TOLD)


def _context(context: dict) -> Facts:
    return Facts(
        tuple(
            (
                name_of(key).replace("_", " "),
                wording.shortened(_plain(value), TOLD),
            )
            for key, value in context.items()
        )
    )


def _plain(value) -> str:
    """A value of JSON as one would write it."""
    if isinstance(value, list) and not any(isinstance(v, list | dict) for v in value):
        return "; ".join(map(str, value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


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
