"""A Ledger on a card: one bar cut into parts, and what each of them is.

Knows what to read first about a Ledger; refuses to compute and to draw.
"""

from __future__ import annotations

from ..draw import markup, palette, wording
from . import sheet

_LEAST = 0.0005  # of the whole: a part below it is not worth a line


def parts(ledger) -> list[str]:
    """The pieces of the card."""
    shown = ledger.table.query(f"share > {_LEAST}").to_dict("records")
    return [
        sheet.head(wording.shortened(ledger.label, 80) or "Ledger", _size(ledger)),
        f"<p>{markup.text(f'{ledger}.')}</p>",
        _bar(shown),
        sheet.lines([_line(row, ledger) for row in shown]),
        *(
            f'<p class="pnb-quiet">Note: {markup.text(note)}</p>'
            for note in _notes(ledger)
        ),
        sheet.next_steps("ledger.table", "ledger.workers", "pnb.draw.ledger(ledger)"),
    ]


def _size(ledger) -> str:
    who = wording.count(ledger.n_workers, "worker")
    if not ledger.total:
        return who
    return (
        f"{who} × {wording.seconds(ledger.makespan)} = "
        f"{wording.seconds(ledger.total)} of worker time"
    )


def _bar(shown) -> str:
    """The whole, to scale; what it says is in the lines below it."""
    if not shown:
        return ""
    pieces = "".join(
        f'<span style="flex:{row["share"]:.6f} 0 0;background:'
        f'{palette.PART[row["part"]]}"></span>'
        for row in shown
    )
    style = "display:flex;height:16px;border-radius:2px"
    return f'<div class="pnb-bar" aria-hidden="true" style="{style}">{pieces}</div>'


def _line(row, ledger) -> str:
    share, times = wording.percent(row["share"]), wording.factor(row["workers"])
    words = (
        f"<b>{row['part']}</b> {share}, {times} one worker: "
        f"{markup.text(row['meaning'])}"
    )
    if row["part"] == "lost":
        why = [f"{n} {status}" for status, n in _lost(ledger)]
        words += f" ({markup.text(', '.join(why))})"
    return sheet.marked("■", palette.PART[row["part"]], words)


def _lost(ledger):
    lost = ledger.lost
    return zip(lost["why"], lost["n_attempts"].map("{:,}".format), strict=True)


def _notes(ledger) -> list[str]:
    notes = list(ledger.notes)
    if ledger.excess_cpu > _LEAST * ledger.total:
        notes.append(
            f"{wording.seconds(ledger.excess_cpu)} of CPU time beyond the attempts' "
            "durations are left out: they have threads of their own"
        )
    return notes
