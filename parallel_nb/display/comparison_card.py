"""A Comparison on a card: the verdict, the picture, why, and which tasks.

Knows what to read first about a Comparison; refuses to compute and to draw.
"""

from __future__ import annotations

from ..draw import markup, wording
from . import sheet

_MOST = 5  # tasks
_SIDES = ("before", "after")


def parts(comparison) -> list[str]:
    """The pieces of the card."""
    from ..draw.axes_on_paper import compare_on_paper  # matplotlib, only if needed

    names = [wording.shortened(label, 40) for label in comparison.labels]
    old, new = (name or side for name, side in zip(names, _SIDES, strict=True))
    drawn = compare_on_paper(comparison)
    notes = [f"Note: {note}." for note in _notes(comparison)]
    return [
        sheet.head(f"{old} → {new}", comparison.verdict),
        f"<p>{markup.text(comparison.headline)}.</p>",
        f'<figure class="pnb-wide">{markup.image(drawn.image, drawn.caption)}</figure>',
        sheet.lines(map(markup.text, comparison.reasons[:1])),
        sheet.section("Tasks that changed most", _tasks(comparison)),
        *(f'<p class="pnb-quiet">{markup.text(note)}</p>' for note in notes),
        sheet.next_steps(
            "comparison.parts", "comparison.tasks", "pnb.draw.compare(comparison)"
        ),
    ]


def _tasks(comparison) -> list[str]:
    tasks = comparison.tasks
    changed = tasks[tasks["changed"].astype(bool)]
    told = [_line(row) for row in changed.head(_MOST).itertuples()]
    if len(changed) > _MOST:
        told.append(sheet.more(len(changed) - _MOST, "", "comparison.tasks"))
    return told


def _line(row) -> str:
    name = wording.shortened(row.name, 60) + (f" ({row.place})" if row.place else "")
    if row.status != "both":
        took = row.after if row.status == "added" else row.before
        how = f"{row.status}, {wording.seconds(took)}"
    else:
        how = (
            f"{wording.seconds(row.before)} → {wording.seconds(row.after)}, "
            f"{wording.factor(row.ratio)}"
        )
    return f"<b>{markup.text(name)}</b> {markup.text(how)}"


def _notes(comparison) -> list[str]:
    notes = list(comparison.notes)
    if comparison.needed:
        repeats = wording.count(comparison.needed, "repeat")
        notes.append(f"about {repeats} on each side would tell")
    return notes
