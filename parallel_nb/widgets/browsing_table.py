"""Rows of past runs → those that are asked for, in order, as text and as HTML.

Knows columns of `browsing_folder`; refuses to know files and widgets.
"""

from __future__ import annotations

import math

import pandas as pd

from ..draw import markup, wording
from .browsing_folder import COLUMNS

# What a list can be ordered by: column, and whether the highest comes first.
ORDERS = {
    "newest first": ("started_at", True),
    "oldest first": ("started_at", False),
    "longest first": ("makespan", True),
    "shortest first": ("makespan", False),
    "most errors first": ("n_errors", True),
    "by label": ("label", False),
    "by name": ("id", False),
}
_SEARCHED = ("id", "kind", "label", "tags", "started_at", "backend", "ended_by")
_TEXTS = (*_SEARCHED[1:], "problem")
_ERRORS = ("failed", "invalid", "timeout", "crashed")
_UNREADABLE = "unreadable"
_MOST = 10  # rows of a table; the list has all
_HEAD = ("Run", "Started", "Tasks", "Workers", "Makespan", "Errors", "Ended by")
_CELL = "padding:2px 14px 2px 0;border-bottom:1px solid #d0d7de"
_TABLE = (
    "border-collapse:collapse;background:#fff;color:#1f2328;color-scheme:light;"
    "font-size:12px;line-height:1.4;white-space:nowrap;"
    "font-variant-numeric:tabular-nums"
)


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """With all columns, whoever made it: absent texts are empty, numbers NaN.

    A `RunStore` counts errors by status, and says itself which files are no runs.
    """
    told = {}
    if "n_errors" not in rows and not (counts := rows.filter(items=_ERRORS)).empty:
        told["n_errors"] = counts.sum(axis="columns").astype(float)
    if "problem" not in rows and {"status", "why"} <= set(rows):
        told["problem"] = rows["why"].where(rows["status"] == _UNREADABLE, "")
        told["kind"] = rows["status"].replace({"ok": "run", _UNREADABLE: ""})
    rows = rows.assign(**told).reindex(columns=list(COLUMNS))
    texts = {
        name: rows[name].astype(object).where(rows[name].notna(), "") for name in _TEXTS
    }
    return rows.assign(**{name: column.map(_text) for name, column in texts.items()})


def chosen(rows: pd.DataFrame, asked: str, order: str) -> pd.DataFrame:
    """Rows in which each word is found somewhere, in an order; unreadable ones last.

    Parameters
    ----------
    rows : DataFrame
        As `complete` gives them.
    asked : str
        Words, in any case.
    order : str
        One of `ORDERS`.
    """
    found = pd.Series(True, index=rows.index)
    text = rows["id"].map(str).str.lower()
    for name in _SEARCHED[1:]:
        text = text + "\n" + rows[name].str.lower()
    for word in asked.lower().split():
        found &= text.str.contains(word, regex=False)
    column, is_descending = ORDERS[order]
    rows = rows[found].sort_values(
        column, ascending=not is_descending, kind="stable", na_position="last"
    )
    is_bad = rows["problem"] != ""
    return pd.concat([rows[~is_bad], rows[is_bad]])


def line(row) -> str:
    """One run in one line of text, for a list."""
    cells = _cells(row)
    parts = [cells[0], cells[1]]
    nouns = ("task", "worker", "", "error")
    for noun, value, cell in zip(
        nouns,
        (row.n_tasks, row.n_workers, row.makespan, row.n_errors),
        cells[2:6],
        strict=True,
    ):
        if not math.isnan(value) and (value or noun != "error"):
            parts.append(wording.count(int(value), noun) if noun else cell)
    if row.kind != "run":
        parts.append(row.kind)
    return " · ".join(part for part in parts if part)


def table(rows: pd.DataFrame, picked: str | None = None) -> str:
    """HTML of the first rows; the one that is picked is among them, and marked."""
    good = rows[rows["problem"] == ""]
    shown = good.head(_MOST)
    if picked is not None and picked not in set(shown["id"]):
        shown = pd.concat([shown.head(_MOST - 1), good[good["id"] == picked]])
    head = "".join(
        f'<th scope="col" style="text-align:left;{_CELL}">{h}</th>' for h in _HEAD
    )
    body = "".join(
        _html(row, row.id == picked) for row in shown.itertuples(index=False)
    )
    more = len(good) - len(shown)
    below = f"<p>and {wording.count(more, 'more run')} in the list</p>" if more else ""
    if not len(shown):
        return ""
    return (
        '<div style="contain:inline-size;overflow-x:auto">'
        f'<table style="{_TABLE}"><thead><tr>{head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>{below}"
    )


def problems(rows: pd.DataFrame) -> str:
    """HTML: files that cannot be read, and why."""
    bad = rows[rows["problem"] != ""]
    told = [
        f"<li><b>{markup.text(id)}</b> cannot be read: {markup.text(problem)}</li>"
        for id, problem in bad[["id", "problem"]].head(_MOST).to_numpy()
    ]
    if len(bad) > _MOST:
        told.append(f"<li>and {wording.count(len(bad) - _MOST, 'more file')}</li>")
    return f'<ul style="overflow-wrap:anywhere">{"".join(told)}</ul>' if told else ""


def caption(rows: pd.DataFrame, n_all: int, asked: str, where: str) -> str:
    """How many there are, in one sentence."""
    n_bad = int((rows["problem"] != "").sum())
    n = len(rows) - n_bad
    told = wording.count(n, "run")
    if not n_all:
        return f"No runs in {where}. `pnb.save(run, path)` keeps one in a file."
    if asked.strip():
        told = f"{n:,} of {wording.count(n_all, 'file')} match “{asked.strip()}”"
    bad = f"; {wording.count(n_bad, 'file')} cannot be read" if n_bad else ""
    return f"{told} in {where}{bad}."


def _html(row, is_picked: bool) -> str:
    colour = ";background:#ddf4ff" if is_picked else ""
    current = ' aria-current="true"' if is_picked else ""
    cells = "".join(
        f'<td style="text-align:left;{_CELL}">{markup.text(c)}</td>'
        for c in _cells(row)
    )
    return f'<tr style="{colour}"{current}>{cells}</tr>'


def _cells(row) -> list[str]:
    name = wording.shortened(row.label, 60) or str(row.id)
    if row.label and row.tags:
        name = f"{name} [{wording.shortened(row.tags, 40)}]"
    return [
        name,
        row.started_at[:16].replace("T", " "),
        _number(row.n_tasks),
        _number(row.n_workers),
        wording.seconds(row.makespan),
        _number(row.n_errors),
        row.ended_by if row.kind in ("run", "") else row.kind,
    ]


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{int(value):,}"


def _text(value) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, _listed(value)))


def _listed(value):
    return value if isinstance(value, list | tuple) else [value]
