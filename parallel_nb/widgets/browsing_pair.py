"""Two Runs side by side: numbers, lanes on one axis, where the worker-seconds went.

Knows what is set beside what; refuses to judge, which `comparison` does.
"""

from __future__ import annotations

import math

import ipywidgets
import numpy as np

from .. import accounting
from ..comparison import compare
from ..draw import markup, timeline, wording
from ..draw.canvas import Canvas
from ..errors import ParallelNbError
from ..runs import Run
from .framed import Framed

_WIDTH = 9.6  # inches
_LANE, _LOWEST, _HIGHEST = 0.24, 0.7, 2.2  # inches, of the lanes of one run
_AROUND = 1.15  # inches above and below the lanes of each
_CELL = "padding:2px 18px 2px 0;border-bottom:1px solid #d0d7de;text-align:left"
_TABLE = (
    "border-collapse:collapse;background:#fff;color:#1f2328;color-scheme:light;"
    "font-size:12px;line-height:1.4;white-space:nowrap;"
    "font-variant-numeric:tabular-nums"
)
_TIMES = ("makespan", "work", "span")  # seconds in a summary


class Pair(ipywidgets.VBox):
    """What `browse` shows of two runs.

    Attributes
    ----------
    timelines : Framed
    tables : HTML
        Numbers, and the parts of the ledgers.
    verdict : HTML
        What `compare` says of the difference, and why.
    """

    def __init__(self, first: Run, second: Run, names: tuple[str, str]):
        self.timelines = Framed("Timelines of two runs on one axis")
        self.timelines.show(*_picture(first, second, names))
        numbers = table_of("Numbers", names, summary_rows(first, second))
        ledgers = table_of("Worker-seconds", names, ledger_rows(first, second))
        self.tables = ipywidgets.HTML(
            numbers + ledgers, layout={"width": "100%", "margin": "0"}
        )
        self.verdict = ipywidgets.HTML(verdict(first, second))
        super().__init__(
            [self.verdict, self.timelines, self.tables], layout={"width": "100%"}
        )

    def kept(self) -> str:
        """HTML that needs no kernel."""
        return self.verdict.value + self.timelines.kept() + self.tables.value


def verdict(first: Run, second: Run) -> str:
    """HTML: what `comparison.compare` says of two runs, the first one before."""
    try:
        found = compare(first, second)
    except ParallelNbError as error:
        return f"<p>They cannot be compared: {markup.text(error)}</p>"
    told = [*found.reasons, *(f"Note: {note}" for note in found.notes)]
    lines = "".join(f"<li>{markup.text(each)}</li>" for each in told)
    return (
        f'<p role="status"><b>{markup.text(found.headline)}</b></p>'
        f'<ul style="margin:2px 0;line-height:1.45">{lines}</ul>'
    )


def summary_rows(first: Run, second: Run) -> list[tuple[str, str, str, str]]:
    """What to read first of each, and how many times as much the second has."""
    of_both = [wording.numbers(run) for run in (first, second)]
    workers = [run.meta.n_workers for run in (first, second)]
    rows = [
        ("tasks", *(f"{of['n_tasks']:,}" for of in of_both), ""),
        ("not done", *(f"{of['n_tasks'] - of['done']:,}" for of in of_both), ""),
        ("workers", *(f"{n:,}" for n in workers), ""),
    ]
    for name in _TIMES:
        values = [float(of[name]) for of in of_both]
        rows.append((name, *map(wording.seconds, values), _times(*values)))
    for one, two in zip(*map(wording.facts, of_both), strict=True):
        if one.name != "makespan":
            rows.append((one.name, one.text, two.text, ""))
    return rows


def ledger_rows(first: Run, second: Run) -> list[tuple[str, str, str, str]]:
    """The parts of both ledgers: seconds and share."""
    one, two = (accounting.ledger(run) for run in (first, second))
    totals = [float(np.nansum(list(each.parts.values()))) for each in (one, two)]
    rows = []
    for part in dict.fromkeys([*one.parts, *two.parts]):
        values = [float(each.parts.get(part, 0.0)) for each in (one, two)]
        if any(value > 0 for value in values):
            told = [
                f"{wording.seconds(value)} ({wording.percent(_share(value, total))})"
                for value, total in zip(values, totals, strict=True)
            ]
            rows.append((part, *told, _times(*values)))
    return rows


def table_of(title: str, names, rows) -> str:
    """HTML of rows of a name, two values and how the second compares."""
    heads = (title, *names, "second / first")
    head = "".join(
        f'<th scope="col" style="{_CELL}">{markup.text(wording.shortened(h, 50))}</th>'
        for h in heads
    )
    body = "".join(
        f'<tr><th scope="row" style="{_CELL};font-weight:400">{markup.text(first)}</th>'
        + "".join(f'<td style="{_CELL}">{markup.text(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        '<div style="contain:inline-size;overflow-x:auto;margin-top:8px">'
        f'<table style="{_TABLE}"><thead>'
        f"<tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _picture(first: Run, second: Run, names) -> tuple[bytes, tuple[int, int], str]:
    """A PNG file, its size, and its words."""
    lanes = [
        min(max(_LANE * run.meta.n_workers, _LOWEST), _HIGHEST)
        for run in (first, second)
    ]
    height = sum(lanes) + 2 * _AROUND
    canvas = Canvas(_WIDTH, height)
    axes = canvas.axes(2, height_ratios=lanes)
    canvas.figure.subplots_adjust(
        left=0.07, right=0.97, top=1 - 0.62 / height, bottom=0.5 / height, hspace=0.9
    )
    for ax, run in zip(axes, (first, second), strict=True):
        timeline(run, ax=ax)
    longest = max(ax.get_xlim()[1] for ax in axes)
    axes[0].set_xlim(min(ax.get_xlim()[0] for ax in axes), longest)
    told = [
        f"{which}, {wording.shortened(name, 60)}: {wording.timeline_caption(run)}"
        for which, name, run in zip(
            ("Above", "Below"), names, (first, second), strict=True
        )
    ]
    return canvas.frame(), canvas.size, " ".join(told)


def _times(first: float, second: float) -> str:
    return wording.factor(second / first if first > 0 else math.nan)


def _share(value: float, total: float) -> float:
    return value / total if total > 0 else math.nan
