"""A Sweep on a card: what more workers brought, and whether repeats agree.

Knows what to read first about a Sweep; refuses to compute and to draw.
"""

from __future__ import annotations

from ..draw import markup, wording
from . import sheet

_ROWS = 12
_WITHIN = 0.05  # a mean that is known to 5 % is known well enough to be shown


def parts(sweep) -> list[str]:
    """The pieces of the card."""
    n_rows = wording.count(len(sweep), "measurement")
    head = f"{sweep.scale} scaling · {n_rows} of {sweep.measure}"
    return [
        sheet.head(wording.shortened(sweep.label, 80) or "Sweep", head),
        picture(sweep),
        sheet.section("By number of workers", _rows(sweep)),
        _precision(sweep),
        sheet.next_steps("pnb.fit(sweep)", "sweep.table", "pnb.explore(sweep)"),
    ]


def picture(sweep, fits=None, up_to: int | None = None) -> str:
    """The speedups as an image, with the words that stand in for it."""
    from ..draw.axes_on_paper import speedup_on_paper  # matplotlib, only if needed

    drawn = speedup_on_paper(sweep, fits, up_to=up_to)
    return (
        f'<figure class="pnb-wide">{markup.image(drawn.image, drawn.caption)}</figure>'
    )


def _rows(sweep) -> list[str]:
    by = sweep.table.groupby(["backend", "n_workers"], sort=False)
    means = by[["makespan", "throughput", "speedup", "efficiency"]].mean()
    rows = []
    for (backend, n), row in list(means.iterrows())[:_ROWS]:
        told = [f"speedup {wording.factor(row['speedup'])}"]
        told.append(f"efficiency {wording.percent(row['efficiency'])}")
        if sweep.measure == "makespan":
            told.insert(0, wording.seconds(row["makespan"]))
        elif sweep.measure == "throughput":
            told.insert(0, f"throughput {wording.number(row['throughput'])}")
        who = f"{wording.shortened(backend, 28)}, " if backend else ""
        rows.append(f"<b>{markup.text(who)}n = {n}</b> {markup.text(' · '.join(told))}")
    if len(means) > _ROWS:
        rows.append(sheet.more(len(means) - _ROWS, "", "sweep.table"))
    return rows


def _precision(sweep) -> str:
    table = sweep.precision(_WITHIN)
    short = table[(table["more"] > 0) & (table["n_repeats"] > 1)]
    if (table["n_repeats"] == 1).all():
        said = (
            "One measurement of each: how precise they are is not known. Repeat them."
        )
    elif len(short):
        worst = short.loc[short["more"].idxmax()]
        said = (
            f"Repeats disagree: {len(short)} of {len(table)} means are not known to "
            f"5 %. Worst is n = {worst['n_workers']}, known to "
            f"{wording.percent(worst['half_width'])}: about {worst['more']:,} more "
            "repeats would do."
        )
    else:
        return '<p class="pnb-quiet">Each mean is known to 5 % or better.</p>'
    return sheet.lines([markup.text(said)], "pnb-warnings")
