"""Which sections a report has, and what stands in them: `report`.

Knows what to say and in which order; refuses to know how it is shown and how the
numbers came about.
"""

from __future__ import annotations

from ..diagnosis import findings
from ..errors import ArgumentError, one_of
from ..runs import Run
from .advice import recommendations
from .document import Facts, Paragraph, Section, Strong
from .figures import Figures, figures
from .markdown import markdown
from .measures import performance, quality
from .outcomes import aggregates, tasks
from .page import page
from .phrases import name_of
from .shown import HtmlReport, MarkdownReport
from .verdicts import verdict

_FORMATS = {"markdown": (markdown, MarkdownReport), "html": (page, HtmlReport)}
_SYNONYMS = {"md": "markdown", "github": "markdown", "htm": "html"}


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
        Which a notebook shows as what it says where it ends a cell.

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
        returned: done / (done + invalid). A task without a check takes any result, and
        where no task is known to have one, there is no rate.

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
    write, kind = _FORMATS[format]
    return kind(write(_document(run, figures(run, baseline), baseline)))


def _document(run: Run, of: Figures, baseline: Run | None) -> Section:
    label = name_of(run.meta.label)
    title = f"Report: {label}" if label else "Report"
    if not of.n_tasks:
        return Section(title, tuple(_head(run, of)))
    found = findings(run, baseline)
    return Section(
        title,
        (
            *_head(run, of),
            tasks(run, of),
            *aggregates(run),
            performance(run, of, baseline, found),
            quality(of),
            Section("Recommendations", (recommendations(of, run, found),)),
        ),
    )


def _head(run: Run, of: Figures) -> list:
    meta, overall = run.meta, verdict(of, run.meta.ended_by)
    workers = f"{meta.n_workers:,} ({meta.backend})"
    rows = [
        ("Workers", workers if of.n_tasks else ""),
        ("Host", meta.host),
        ("Started", _moment(meta.started_at)),
        ("Tags", ", ".join(meta.tags)),
        *(("Note", note) for note in meta.notes),
    ]
    facts = Facts(tuple((name, text) for name, text in rows if text))
    status = Paragraph((Strong(f"Status: {overall.status}."), f" {overall.reason}"))
    return [status, facts] if facts.rows else [status]


def _moment(started_at: str) -> str:
    """A moment of ISO 8601, which a Run keeps in UTC, to the second."""
    if not started_at.endswith(("+00:00", "Z")):
        return started_at
    date, _, time = started_at.partition("T")
    return f"{date} {time[:8]} UTC"
