"""Fits on a card: the verdict, who voted for what, and each law in a line.

Knows what to read first about several laws; refuses to compute and to draw.
"""

from __future__ import annotations

from ..draw import markup, palette, wording
from ..fitting.estimates import three_digits
from . import sheet
from .fit_card import further
from .sweep_card import picture


def parts(fits) -> list[str]:
    """The pieces of the card."""
    sweep = fits.sweep
    size = f"{wording.count(len(fits), 'law')} · {sweep.scale} scaling"
    if sweep.label:
        size += f" · {wording.shortened(sweep.label, 60)}"
    return [
        sheet.head("Which law", size),
        f"<p><b>{markup.text(fits.verdict)}</b></p>",
        picture(sweep, fits, further(fits.best)),
        sheet.section("Votes", [_vote(fits, row) for row in fits.votes.itertuples()]),
        sheet.section("Laws", [_law(fits, name) for name in fits]),
        *(
            f'<p class="pnb-quiet">{markup.text(name)} was not asked: '
            f"{markup.text(why)}.</p>"
            for name, why in fits.skipped.items()
        ),
        sheet.next_steps(
            f'fits["{fits.best.law.name}"]', "fits.table", "fits.best.predict([16, 32])"
        ),
    ]


def _vote(fits, row) -> str:
    known = isinstance(row.law, str)
    label = fits[row.law].law.label if known else "cannot tell"
    mark = ("●", palette.BLUE) if known else ("?", palette.GREY)
    return sheet.marked(
        *mark,
        f"{markup.text(row.way)}: <b>{markup.text(label)}</b> "
        f'<span class="pnb-quiet">({markup.text(row.why)})</span>',
    )


def _law(fits, name: str) -> str:
    fit = fits[name]
    told = []
    for each in (fit[parameter] for parameter in fit.law.names):
        value = three_digits(each.value) if each.identified else "not identified"
        told.append(f"{each.name} {value}")
    same = fit.law.same_curve
    if same in fits:
        told.append(f"the same curve as {fits[same].law.label}")
    return f"<b>{markup.text(fit.law.label)}</b> {markup.text(' · '.join(told))}"
