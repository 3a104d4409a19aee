"""A Run on a card: numbers, a small timeline, what failed, where to go on.

Knows what to read first about a Run; refuses to compute and to draw.
"""

from __future__ import annotations

from ..draw import markup, wording
from ..draw.strip import strip
from . import sheet

_SHOWN_FAILURES = 3


def parts(run, called: str = "run") -> list[str]:
    """The pieces of the card; what to try next is about the Run as it is called."""
    numbers = wording.numbers(run)
    return [
        _head(run),
        markup.facts(wording.facts(numbers)),
        markup.status_counts(numbers),
        _timeline(run),
        _failures(run, called),
        *(f'<p class="pnb-quiet">Note: {markup.text(n)}</p>' for n in run.meta.notes),
        sheet.next_steps(
            f"{called}.tasks",
            f"pnb.findings({called})",
            f"pnb.explore({called})",
        ),
    ]


def _head(run) -> str:
    meta = run.meta
    size = (
        f"{wording.count(run.n_tasks, 'task')} · "
        f"{wording.count(meta.n_workers, 'worker')} ({meta.backend})"
    )
    if meta.ended_by != "completion":
        size += f" · ended by {meta.ended_by}"
    return sheet.head(wording.shortened(meta.label, 80) or "Run", size)


def _timeline(run) -> str:
    caption = wording.timeline_caption(run)
    drawn = strip(run)
    if drawn is None:
        return f"<p>{markup.text(caption)}</p>"
    picture = markup.image(drawn.image, caption, style=f"height:{drawn.height}px")
    left, right = map(wording.seconds, drawn.window)
    return (
        f"<figure>{picture}<figcaption><span>{left}</span> "
        f"<span>worker 0 on top</span> <span>{right}</span></figcaption></figure>"
    )


def _failures(run, called: str) -> str:
    failures, n_failures = wording.failures(run, _SHOWN_FAILURES)
    if not n_failures:
        return ""
    items = [
        f"task {row.task} <b>{markup.text(row.name)}</b> {row.status}"
        f"{f': {markup.text(row.error)}' if row.error else ''}"
        for row in failures
    ]
    if n_failures > len(failures):
        items.append(sheet.more(n_failures - len(failures), "", f"{called}.errors"))
    return sheet.lines(items, "pnb-failures")
