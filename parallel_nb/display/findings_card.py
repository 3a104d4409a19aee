"""Findings on a card: each with what it would save, what shows it and what to do.

Knows what to read first about Findings; refuses to compute.
"""

from __future__ import annotations

import math

from ..draw import markup, palette, wording
from . import sheet

_SHOWN = 5


def parts(findings) -> list[str]:
    """The pieces of the card."""
    left = len(findings) - _SHOWN
    size = f"{wording.count(len(findings), 'finding')} · {findings.size}"
    return [
        sheet.head(wording.shortened(findings.label, 80) or "Findings", size),
        *(_piece(finding) for finding in findings[:_SHOWN]),
        *([f"<p>{sheet.more(left, 'findings', 'findings.table')}</p>"] * (left > 0)),
        *_not_examined(findings),
        sheet.next_steps("findings.table", "pnb.ledger(run)", "pnb.simulate(run, ...)"),
    ]


def _piece(finding) -> str:
    told = [markup.prose(finding.evidence)]
    if finding.remedy:
        told.append(f"<b>Do:</b> {markup.prose(finding.remedy)}")
    told += [
        f'<span class="pnb-quiet">Note: {markup.text(caveat)}.</span>'
        for caveat in finding.caveats
    ]
    title = f'<p class="pnb-title">{markup.text(finding.headline)}</p>'
    return f"{title}{_bar(finding)}{sheet.lines(told)}"


def _bar(finding) -> str:
    """What is left of the makespan, to scale; the headline says it in words."""
    share = finding.predicted / finding.makespan if finding.makespan > 0 else math.nan
    if not 0 <= share < 1:
        return ""
    return (
        '<div class="pnb-bar" aria-hidden="true">'
        f'<span style="width:{share:.1%};background:{palette.PART["useful"]}"></span>'
        "</div>"
    )


def _not_examined(findings) -> list[str]:
    if not findings.not_examined:
        return []
    said = markup.text("; ".join(findings.not_examined))
    return [f'<p class="pnb-quiet">Not examined: {said}.</p>']
