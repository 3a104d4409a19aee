"""Lines with a verdict as text for a terminal and as Markdown for a README.

Knows rounding, units and columns; nothing of what the lines say.
"""

import math

import pandas as pd

from .tables import NOTES, TITLES

_MARKS = {"met": "✓", "missed": "✗", "met?": "✓?", "missed?": "✗?", "": ""}
LEGEND = (
    "✓ ✗ by the median of pairwise ratios or differences, with its 95 % interval; "
    "? where the interval holds the bar or there are too few pairs for one."
)


_COLUMNS = (
    "ours: run() and its results; frame: making the Run's frame, when it is first "
    "asked for; framed: the ratio with that; floor: the ratio if only the tasks' own "
    "CPU time were left"
)


def quantity(value: float, unit: str) -> str:
    """A number with its unit; nothing for NaN.

    Examples
    --------
    >>> quantity(0.0421, "s"), quantity(3.14159, "s"), quantity(0.4567, "x")
    ('42.1 ms', '3.14 s', '0.457')
    """
    if math.isnan(value):
        return ""
    if unit == "x":
        return f"{value:.3f}"
    if unit == "B":
        return f"{value:.0f} B"
    if abs(value) >= 1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.1f} ms"


def interval(line) -> str:
    """The 95 % interval in the unit of its median."""
    if math.isnan(line["low"]):
        return ""
    return " to ".join(
        quantity(line[end], line["judged_in"]) for end in ("low", "high")
    )


def bar(line) -> str:
    """What the median may be at most."""
    return f"≤ {quantity(line['bar'], line['judged_in'])}"


def verdict(line) -> str:
    """The bar and whether it is met."""
    if math.isnan(line["bar"]):
        return ""
    return f"{bar(line)} {_MARKS[line['verdict']]}".rstrip()


def _cells(line):
    return {
        "length": line["at"],
        "": line["what"],
        "tasks": "" if math.isnan(line["n_tasks"]) else f"{line['n_tasks']:,.0f}",
        "ours": quantity(line["ours"], line["unit"]),
        "theirs": quantity(line["theirs"], line["unit"]),
        "frame": quantity(line["frame"], "s"),
        "floor": quantity(line["floor"], "x"),
        "framed": quantity(line["framed"], "x"),
        "median": quantity(line["median"], line["judged_in"]),
        "95 % interval": interval(line),
        "bar": verdict(line),
    }


_LEFT = {"length", ""}
_HEADS = {
    ("starts", "median"): "difference",
    ("frame", "median"): "median",
    ("ideal", "ours"): "makespan",
    ("ideal", "theirs"): "ideal",
    ("skewed", "ours"): "makespan",
    ("skewed", "theirs"): "bound",
}


def _grid(lines):
    """Cells of a section with their heads; columns that say nothing are left out."""
    section = lines["section"].iloc[0]
    cells = pd.DataFrame([_cells(line) for _, line in lines.iterrows()])
    cells = cells.loc[:, (cells != "").any()]
    names = {"median": "ratio"}
    names.update({name: head for (of, name), head in _HEADS.items() if of == section})
    heads = [names.get(name, name) for name in cells.columns]
    is_left = [name in _LEFT for name in cells.columns]
    return heads, is_left, cells.to_numpy().tolist()


def text(lines: pd.DataFrame) -> str:
    """The tables of all sections in `lines`, for a terminal."""
    parts = []
    for section, of_section in lines.groupby("section", sort=False):
        heads, is_left, rows = _grid(of_section)
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        parts.append(TITLES[section])
        for row in [heads, *rows]:
            cells = [
                cell.ljust(width) if left else cell.rjust(width)
                for cell, width, left in zip(row, widths, is_left, strict=True)
            ]
            parts.append("  " + "  ".join(cells).rstrip())
        notes = [_COLUMNS] if "floor" in heads else []
        notes += [NOTES[section]] if section in NOTES else []
        parts += [*(f"  ({note})" for note in notes), ""]
    return "\n".join([*parts, LEGEND])


def markdown(lines: pd.DataFrame) -> str:
    """The same for a README: comparisons by length become a table of medians."""
    parts = []
    for section, of_section in lines.groupby("section", sort=False):
        parts += [f"**{TITLES[section]}**", ""]
        if of_section["at"].any():
            heads, is_left, rows = _by_length(of_section)
        else:
            heads, is_left, rows = _grid(of_section)
        rule = [":--" if left else "--:" for left in is_left]
        parts += ["| " + " | ".join(row) + " |" for row in (heads, rule, *rows)]
        if section in NOTES:
            parts += ["", NOTES[section]]
        parts.append("")
    return "\n".join([*parts, LEGEND])


def _by_length(lines):
    """One row a comparison, one column a length."""
    lengths = list(dict.fromkeys(lines["at"]))
    rows = []
    for what, of_what in lines.groupby("what", sort=False):
        cells = {
            line["at"]: f"{quantity(line['median'], line['judged_in'])} "
            f"{_MARKS[line['verdict']]}".strip()
            for _, line in of_what.iterrows()
        }
        rows.append([what, *(cells.get(length, "") for length in lengths)])
    return ["", *lengths], [True] + [False] * len(lengths), rows


def missed(lines: pd.DataFrame) -> str:
    """The bars that are not met, and by how much."""
    judged = lines[lines["verdict"] != ""]
    of_missed = judged[judged["verdict"].str.startswith("missed")]
    parts = [f"Bars not met: {len(of_missed)} of {len(judged)}"]
    for _, line in of_missed.iterrows():
        name = ", ".join(filter(None, [line["section"], line["at"], line["what"]]))
        unit = line["judged_in"]
        found = quantity(line["median"], unit)
        spread = f" ({interval(line)})" if interval(line) else ""
        by = quantity(line["median"] - line["bar"], unit)
        floor = f", floor {quantity(line['floor'], unit)}" if line["floor"] > 0 else ""
        doubt = ", undecided" if line["verdict"].endswith("?") else ""
        parts.append(
            f"- {name}: {found}{spread}, bar {bar(line)}, {by} over{floor}{doubt}"
        )
    return "\n".join(parts)
