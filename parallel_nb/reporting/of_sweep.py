"""What a page tells of a Sweep: its verdict, how it scales, what was measured.

Knows the order of these; refuses to know how laws are fitted.
"""

from __future__ import annotations

import numpy as np

from ..draw import markup, pictures, scaling
from ..errors import ArgumentError
from ..fitting import fit
from ..sweeps import Sweep
from . import page

_HEIGHT = 3.4  # inches of a picture


def parts(sweep: Sweep) -> list[str]:
    """Of the page of a Sweep."""
    told = [f'<p class="quiet">{markup.text(repr(sweep)[1:-1])}</p>']
    try:
        fits = fit(sweep)
        told.append(f"<p>{markup.text(fits.verdict)}</p>")
    except ArgumentError as error:
        fits = None
        told.append(f"<p>No law fits: {markup.text(str(error))}</p>")
    for function in (scaling.speedup, scaling.efficiency):
        told.append(page.picture(function(sweep, fits, ax=pictures.blank(_HEIGHT))))
    table = sweep.table.dropna(axis="columns", how="all")
    head = "".join(f'<th scope="col">{name}</th>' for name in table.columns)
    rows = [
        "<tr>"
        + "".join(f"<td>{markup.text(_cell(each))}</td>" for each in row)
        + "</tr>"
        for row in table.itertuples(index=False)
    ]
    return [*told, "<h3>Measurements</h3>", page.table(head, rows)]


def _cell(value) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)
