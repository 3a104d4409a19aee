"""Several Runs side by side: a table in which the first is the reference.

Knows which figures are compared; refuses to know how they are made.
"""

from __future__ import annotations

import numpy as np

from .. import schema
from ..draw import markup, wording
from ..draw.blocks import blocks
from . import page

_FIRST_COLUMN, _COLUMN = 8, 7  # em, at least
_COMPARABLE = 12.0  # times longer than the shortest: one time scale still serves both


def compared(numbers: dict[str, dict]) -> str:
    """A table with a column for each run, the first being the reference."""
    runs = list(numbers.values())
    rows = [
        _row("tasks", [f"{of['n_tasks']:,}" for of in runs]),
        *(
            _row(status, [f"{of[status]:,}" for of in runs])
            for status in schema.STATUSES
            if any(of[status] for of in runs)
        ),
        _row("workers", [f"{of['n_workers']:,}" for of in runs]),
        _row("makespan", _against_first(runs, "makespan", with_bars=True)),
        _row("work", _against_first(runs, "work")),
        _row("span", _against_first(runs, "span")),
    ]
    shares = ["utilization", "load_balance", "dispatch_efficiency", "success_rate"]
    rows.append(
        _row(
            "speedup (estimated)",
            [wording.factor(of["speedup_estimated"]) for of in runs],
        )
    )
    rows += [
        _row(name.replace("_", " "), [wording.percent(of[name]) for of in runs])
        for name in ("efficiency", *shares)
    ]
    rows.append(
        _row("tasks done per second", [wording.number(of["throughput"]) for of in runs])
    )
    head = "".join(f'<th scope="col">{markup.text(name)}</th>' for name in numbers)
    width = _FIRST_COLUMN + _COLUMN * len(runs)
    attributes = f' class="compared" style="min-width:{width}em"'
    return page.table(f'<th scope="col"></th>{head}', rows, attributes)


def common_window(runs) -> tuple[float, float] | None:
    """Seconds that show all of the runs, if they are comparable in length."""
    windows = [blocks(run).window for run in runs]
    lengths = [right - left for left, right in windows]
    if max(lengths) > _COMPARABLE * min(lengths):
        return None
    return min(left for left, _ in windows), max(right for _, right in windows)


def _row(name: str, cells: list[str]) -> str:
    data = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{name}</th>{data}</tr>'


def _against_first(runs: list[dict], column: str, *, with_bars=False) -> list[str]:
    reference = runs[0][column]
    longest = max((of[column] for of in runs if of[column] > 0), default=np.nan)
    cells = []
    for of in runs:
        cell = wording.seconds(of[column])
        if of is not runs[0] and reference > 0:
            ratio = wording.factor(of[column] / reference)
            cell += f' <span class="quiet">{ratio}</span>'
        if with_bars and longest > 0:
            cell += (
                f'<span class="bar" style="width:{of[column] / longest:.1%}"></span>'
            )
        cells.append(cell)
    return cells
