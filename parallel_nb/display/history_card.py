"""A History on a card: the picture, every change, the trend.

Knows what to read first about a History; refuses to compute and to draw.
"""

from __future__ import annotations

from ..draw import markup, palette, wording
from . import sheet

_MOST = 6  # changes


def parts(past) -> list[str]:
    """The pieces of the card."""
    from ..draw.axes_on_paper import history_on_paper  # matplotlib, only if needed

    drawn = history_on_paper(past)
    headline, *more = str(past).split("\n")
    return [
        sheet.head(wording.shortened(past.label, 80) or "History", past.measure),
        f"<p>{markup.text(headline)}.</p>",
        f'<figure class="pnb-wide">{markup.image(drawn.image, drawn.caption)}</figure>',
        sheet.section("Changes", _changes(past)),
        *(f'<p class="pnb-quiet">{markup.text(told)}.</p>' for told in more),
        sheet.next_steps("past.changes", "past.table", "pnb.draw.history(past)"),
    ]


def _changes(past) -> list[str]:
    changes = past.changes
    told = []
    for row in changes.tail(_MOST).itertuples():
        is_worse = row.verdict == "slower"
        when = f"{row.at:%Y-%m-%d %H:%M}" if row.at == row.at else f"run {row.run}"
        where = f" ({row.series})" if row.series else ""
        how = wording.factor(row.ratio if is_worse else 1 / row.ratio)
        words = f"{when}{where} {row.verdict} {how}"
        colour = palette.VERMILION if is_worse else palette.GREEN
        told.append(sheet.marked("▲" if is_worse else "▼", colour, markup.text(words)))
    if len(changes) > _MOST:
        told.append(sheet.more(len(changes) - _MOST, "", "past.changes"))
    return told
