"""A report as a piece of HTML that needs no other file.

Knows tags and style; refuses to know what a report says.
"""

from __future__ import annotations

import math

from ..draw import markup
from .document import (
    Bullets,
    Code,
    Entries,
    Facts,
    Paragraph,
    Section,
    Share,
    Strong,
    Table,
    Verbatim,
    clean,
)

# A sheet of light paper, as the card of a Run is, in light and in dark notebooks. The
# class is named thrice to outrank what a notebook says about tables and lists.
_STYLE = """
.pnb-report{box-sizing:border-box;max-width:980px;margin:4px 0;padding:16px 20px 20px;
border:1px solid #d0d7de;border-radius:8px;background:#fff;color:#1f2328;
color-scheme:light;font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
.pnb-report h2,.pnb-report h3,.pnb-report h4{color:inherit;font-weight:600;
line-height:1.25;overflow-wrap:anywhere;padding:0;border:0}
.pnb-report h2{font-size:22px;margin:0 0 8px}
.pnb-report h3{font-size:17px;margin:26px 0 6px;padding:0 0 4px;
border-bottom:1px solid #d7dce2}
.pnb-report h4{font-size:14px;margin:16px 0 4px}
.pnb-report p{margin:4px 0;padding:0;overflow-wrap:anywhere}
.pnb-report ul{margin:4px 0;padding:0 0 0 20px;list-style:disc}
.pnb-report li{margin:2px 0;padding:0;overflow-wrap:anywhere}
.pnb-report dl{display:grid;grid-template-columns:minmax(90px,max-content) 1fr;
gap:2px 16px;margin:6px 0;padding:0}
.pnb-report dt,.pnb-report dd{display:block;float:none;width:auto;margin:0;padding:0;
font-weight:400;overflow-wrap:anywhere}
.pnb-report dt,.pnb-report th{color:#59636e}
.pnb-report .pnb-entry{border-left:3px solid #d7dce2;padding:0 0 0 10px;margin:8px 0}
.pnb-report .pnb-entry b{overflow-wrap:anywhere}
.pnb-report .pnb-scroll{overflow-x:auto;margin:6px 0}
.pnb-report table{border-collapse:collapse;border:0;margin:0;width:100%;max-width:none;
table-layout:auto;font-size:13px;font-variant-numeric:tabular-nums}
.pnb-report tr,.pnb-report tbody tr:nth-child(n),.pnb-report tbody tr:hover{
background:none;border:0}
.pnb-report th,.pnb-report td{padding:5px 14px 5px 0;border:0;
border-bottom:1px solid #d7dce2;text-align:left;vertical-align:top;white-space:normal;
max-width:none;min-width:7em;font-weight:400}
.pnb-report td{overflow-wrap:anywhere}
.pnb-report thead th{border-bottom:2px solid #d7dce2;white-space:nowrap}
.pnb-report .pnb-number{text-align:right;white-space:nowrap;min-width:0;
width:1%}
.pnb-report .pnb-bar{display:block;height:4px;margin:3px 0 0;border-radius:2px;
background:#e4e8ec}
.pnb-report .pnb-bar i{display:block;height:4px;border-radius:2px;background:#0072b2}
.pnb-report code,.pnb-report pre{background:#f3f4f6;color:#1f2328;border:0;
border-radius:4px;font:12px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.pnb-report code{padding:1px 5px}
.pnb-report pre{margin:6px 0;padding:8px 10px;white-space:pre-wrap;
overflow-wrap:anywhere}
@media (max-width:560px){.pnb-report{padding:12px}
.pnb-report dl{grid-template-columns:1fr;gap:0}.pnb-report dd{margin:0 0 6px}
.pnb-report th,.pnb-report td{min-width:5em;padding:5px 10px 5px 0}}
""".replace("\n", "").replace(".pnb-report", ".pnb-report.pnb-report.pnb-report")
_TOP = 2  # a page or notebook around it has a heading of its own


def page(section: Section) -> str:
    """The section, all that is in it, and the style to see it in."""
    body = _section(section, _TOP)
    return f'<style>{_STYLE}</style>\n<article class="pnb-report">\n{body}\n</article>'


def inline(text) -> str:
    """Text that means nothing but itself.

    Examples
    --------
    >>> inline(("1 < 2 ", Code("x & y"), " ", Strong("now")))
    '1 &lt; 2 <code>x &amp; y</code> <strong>now</strong>'
    """
    match text:
        case tuple():
            return "".join(map(inline, text))
        case Code():
            return f"<code>{markup.text(text.text)}</code>"
        case Strong():
            return f"<strong>{markup.text(clean(text.text))}</strong>"
    return markup.text(clean(text))


def _section(section: Section, level: int) -> str:
    tag = f"h{min(level, 6)}"
    parts = [f"<{tag}>{inline(section.title)}</{tag}>"]
    return "\n".join(parts + [_block(block, level) for block in section.blocks])


def _block(block, level: int) -> str:
    match block:
        case Section():
            return f"<section>\n{_section(block, level + 1)}\n</section>"
        case Paragraph():
            return f"<p>{inline(block.text)}</p>"
        case Verbatim():
            return f"<pre>{markup.text(clean(block.text))}</pre>"
        case Bullets():
            items = "".join(f"<li>{inline(item)}</li>" for item in block.items)
            return f"<ul>{items}</ul>"
        case Facts():
            return _facts(block)
        case Entries():
            return "\n".join(
                f'<div class="pnb-entry"><b>{inline(title)}</b>{_facts(facts)}</div>'
                for title, facts in block.items
            )
        case Table():
            return _table(block)
    raise TypeError(f"no part of a report: {block!r}")


def _facts(facts: Facts) -> str:
    rows = "".join(
        f"<dt>{inline(name)}</dt><dd>{inline(text)}</dd>" for name, text in facts.rows
    )
    return f"<dl>{rows}</dl>"


def _table(table: Table) -> str:
    classes = [
        ' class="pnb-number"' if column.is_number else "" for column in table.columns
    ]
    head = "".join(
        f'<th scope="col"{kind}>{inline(column.title)}</th>'
        for kind, column in zip(classes, table.columns, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{_cell(cell)}</td>"
            for kind, cell in zip(classes, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    return (
        '<div class="pnb-scroll" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _cell(cell) -> str:
    if not isinstance(cell, Share):
        return inline(cell)
    if not math.isfinite(cell.share):
        return inline(cell.text)
    width = f"{min(max(cell.share, 0.0), 1.0):.1%}"
    bar = (
        f'<span class="pnb-bar" aria-hidden="true"><i style="width:{width}"></i></span>'
    )
    return inline(cell.text) + bar
