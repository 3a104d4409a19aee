"""A Handle on a card: how far a run in the background is, and where each task stands.

Knows which tasks to show; refuses to know how the run goes. A card is a moment of it:
it does not move.
"""

from __future__ import annotations

from ..draw import markup, palette, wording
from . import run_card, sheet

_ROWS = 12
_FIRST = (
    *("submitted", "retried", "failed", "invalid", "timeout", "crashed"),
    *("ready", "waiting", "done", "cancelled", "skipped"),
)
_COLOURS = {**palette.STATUS, "submitted": palette.SKY, "retried": palette.ORANGE}


def parts(handle) -> list[str]:
    """The pieces of the card."""
    if handle.run is not None:
        return run_card.parts(handle.run, "handle.run")
    n_ended, n_tasks = handle.progress
    board = handle.status()
    if not handle.is_running:
        state, steps = "ended by an error", ["handle.wait()"]
    else:
        state = "running in the background"
        steps = ["handle.wait()", "handle.status()", "handle.cancel()"]
    ended = f"{n_ended:,} of {'?' if n_tasks is None else f'{n_tasks:,}'} tasks ended"
    return [
        sheet.head("Run", f"{state} · {ended}"),
        _bar(n_ended, n_tasks),
        _counts(board["state"]),
        sheet.section("Tasks", _rows(board)),
        '<p class="pnb-quiet">As it was when it was shown.</p>',
        sheet.next_steps(*steps),
    ]


def _bar(n_ended: int, n_tasks: int | None) -> str:
    if not n_tasks:
        return ""
    percent = 100 * n_ended / n_tasks
    return (
        f'<div class="pnb-bar" role="progressbar" aria-valuenow="{percent:.0f}" '
        f'aria-label="tasks ended"><span style="width:{percent:.1f}%"></span></div>'
    )


def _counts(states) -> str:
    counts = states.value_counts()
    items = [
        f"{_mark(state)} {counts[state]:,} {state}"
        for state in _FIRST
        if state in counts.index
    ]
    return sheet.lines(items, "pnb-counts")


def _mark(state: str) -> str:
    colour = _COLOURS.get(state, palette.GREY)
    return f'<span aria-hidden="true" style="color:{colour}">■</span>'


def _rows(board) -> list[str]:
    place = {state: at for at, state in enumerate(_FIRST)}
    first = board["state"].map(place).argsort(kind="stable").to_numpy()[:_ROWS]
    rows = []
    for row in board.iloc[first].itertuples(index=False):
        agent = (
            f" ({wording.shortened(row.agent, 40)})" if row.agent == row.agent else ""
        )
        told = f": {wording.shortened(row.result, 120)}" if row.result else ""
        rows.append(
            f'{_mark(row.state)} <span class="pnb-state">{row.state}</span> '
            f"<b>{markup.text(wording.shortened(row.task, 80))}</b>"
            f"{markup.text(agent)}{markup.text(told)}"
        )
    if len(board) > _ROWS:
        rows.append(sheet.more(len(board) - _ROWS, "", "handle.status()"))
    return rows
