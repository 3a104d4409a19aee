"""What a page tells of one Run, from its figures to where it comes from.

Knows the order of these; refuses to know how numbers and pictures are made.
"""

from __future__ import annotations

import numpy as np

from .. import schema
from ..diagnosis import Finding, findings
from ..draw import busy, lanes, markup, pictures, waterfall, wording
from ..runs import Run
from . import page

_SLOWEST = 10
_SHOWN_FAILURES = 20
_HEIGHT_OF_LEDGER = 3.2  # inches


def section(run: Run, numbers: dict, window: tuple[float, float] | None) -> str:
    """All of a Run; pictures in time show this window, if one is given."""
    return "\n".join(
        [
            f'<p class="quiet">{markup.text(_size(run))}</p>',
            *(f"<p>Note: {markup.text(note)}</p>" for note in run.meta.notes),
            f'<div class="facts">{markup.facts(wording.facts(numbers))}</div>',
            markup.status_counts(numbers),
            _in_time(lanes.timeline, run, lanes.height(run.meta.n_workers), window),
            *_utilization(run, window),
            *_where_it_went(run),
            *_what_would_help(run),
            _slowest(run, numbers["makespan"]),
            _failures(run),
            _provenance(run),
        ]
    )


def _size(run: Run) -> str:
    size = (
        f"{wording.count(run.n_tasks, 'task')} · "
        f"{wording.count(run.meta.n_workers, 'worker')} ({run.meta.backend})"
    )
    ended_by = run.meta.ended_by
    return size if ended_by == "completion" else f"{size} · ended by {ended_by}"


def _in_time(function, run: Run, height: float, window) -> str:
    ax = function(run, pictures.blank(height))
    if window is not None:
        left, right = window
        ax.set_xlim(left, right + 0.01 * (right - left))
    return page.picture(ax)


def _utilization(run: Run, window) -> list[str]:
    if "starts" in run.meta.lacks:  # laid end to end, one worker is always busy
        return []
    return [_in_time(busy.utilization, run, busy.HEIGHT, window)]


def _where_it_went(run: Run) -> list[str]:
    if not run.n_tasks or "starts" in run.meta.lacks:  # findings say what is unknown
        return []
    ax = waterfall.ledger(run, pictures.blank(_HEIGHT_OF_LEDGER))
    return ["<h3>Where the worker-seconds went</h3>", page.picture(ax)]


def _what_would_help(run: Run) -> list[str]:
    if not run.n_tasks:
        return []
    found = findings(run)
    told = [_finding(finding) for finding in found]
    if found.not_examined:
        said = markup.text("; ".join(found.not_examined))
        told.append(f'<p class="quiet">Not examined: {said}.</p>')
    return ["<h3>What would help</h3>", *told]


def _finding(finding: Finding) -> str:
    bar = ""
    if 0 <= finding.predicted < finding.makespan:  # what is left, to scale
        left = finding.predicted / finding.makespan
        bar = f'<i style="width:{left:.1%}"></i>'
        bar = f'<span class="left" aria-hidden="true">{bar}</span>'
    told = [
        f"<b>{markup.text(finding.headline)}</b>{bar}",
        markup.prose(finding.evidence),
    ]
    if finding.remedy:
        told.append(f"<b>Do:</b> {markup.prose(finding.remedy)}")
    told += [
        f'<span class="quiet">Note: {markup.text(caveat)}.</span>'
        for caveat in finding.caveats
    ]
    lines = "".join(f"<p>{line}</p>" for line in told)
    return f'<div class="finding">{lines}</div>'


def _slowest(run: Run, makespan: float) -> str:
    attempts = run.attempts
    durations = (attempts[schema.ENDED] - attempts[schema.STARTED]).to_numpy()
    durations = np.nan_to_num(durations)
    n_shown = min(_SLOWEST, int((durations > 0).sum()))
    if not n_shown:
        return ""
    longest = np.argpartition(durations, len(durations) - n_shown)[-n_shown:]
    longest = longest[np.argsort(-durations[longest], kind="stable")]
    rows = [
        f'<tr><td>{row.task}</td><td class="words">{markup.text(row.name)}</td>'
        f"<td>{row.status}</td><td>{row.worker}</td>"
        f"<td>{wording.seconds(row.started)}</td>"
        f"<td>{wording.seconds(duration)}</td><td>{wording.seconds(row.cpu)}</td>"
        f"<td>{wording.percent(duration / makespan)}</td></tr>"
        for row, duration in zip(
            attempts.iloc[longest].itertuples(index=False),
            durations[longest].tolist(),
            strict=True,
        )
    ]
    head = '<th scope="col">task</th><th scope="col" class="words">name</th>' + "".join(
        f'<th scope="col">{name}</th>'
        for name in ("status", "worker", "started", "duration", "CPU", "of makespan")
    )
    return f"<h3>Longest attempts</h3>{page.table(head, rows)}"


def _failures(run: Run) -> str:
    failures, n_failures = wording.failures(run, _SHOWN_FAILURES)
    if not n_failures:
        return ""
    items = []
    for failure in failures:
        told = f": {markup.text(failure.error)}" if failure.error else ""
        line = (
            f"task {failure.task} <b>{markup.text(failure.name)}</b> {failure.status}"
        )
        if failure.traceback:
            trace = f"<pre>{markup.text(failure.traceback.rstrip())}</pre>"
            items.append(f"<details><summary>{line}{told}</summary>{trace}</details>")
        else:
            items.append(f'<p class="failure">{line}{told}</p>')
    more = n_failures - len(failures)
    if more:
        items.append(
            f'<p class="quiet">and {more:,} more in <code>run.errors</code></p>'
        )
    return f"<h3>What went wrong</h3>{''.join(items)}"


def _provenance(run: Run) -> str:
    meta = run.meta
    entries = {
        "started": meta.started_at.replace("T", " ").replace("+00:00", " UTC"),
        "host": meta.host,
        "usable cores": meta.cpu_count or "",
        "backend": meta.backend,
        "order": meta.order,
        "ended by": meta.ended_by,
        "source": meta.source,
        "tags": ", ".join(meta.tags),
        "versions": ", ".join(f"{k} {v}" for k, v in sorted(meta.versions.items())),
    }
    items = "".join(
        f"<dt>{name}</dt><dd>{markup.text(value)}</dd>"
        for name, value in entries.items()
        if value
    )
    return f'<h3>Where it comes from</h3><dl class="provenance">{items}</dl>'
