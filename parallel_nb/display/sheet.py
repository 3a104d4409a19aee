"""The paper of all cards: its style, and the pieces that several of them have.

Knows tags and one style sheet; refuses to know what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..draw import markup

# One style for light and for dark themes: a card is a sheet of light paper. It has no
# tables, which notebooks stripe in their theme's colours, and names its class twice to
# outrank what they say about lists and code.
_STYLE = """
.pnb-card{box-sizing:border-box;max-width:760px;margin:4px 0;padding:12px 16px;
border:1px solid #d0d7de;border-radius:8px;background:#fff;color:#1f2328;
color-scheme:light;font:13px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif}
.pnb-card p,.pnb-card ul,.pnb-card dl,.pnb-card figure,.pnb-card li{margin:0;padding:0}
.pnb-card p,.pnb-card li,.pnb-card b,.pnb-card dd{color:inherit}
.pnb-card .pnb-head{display:flex;flex-wrap:wrap;gap:0 10px;align-items:baseline}
.pnb-card .pnb-head b{font-size:15px;overflow-wrap:anywhere}
.pnb-card .pnb-quiet,.pnb-card dt,.pnb-card figcaption{color:#59636e;font-weight:400}
.pnb-card dl{display:grid;gap:8px 12px;margin:10px 0;
grid-template-columns:repeat(auto-fit,minmax(126px,1fr))}
.pnb-card dt,.pnb-card dd{display:block;float:none;width:auto;margin:0;padding:0}
.pnb-card dt{font-size:12px}
.pnb-card dd{font-size:17px;font-weight:600;font-variant-numeric:tabular-nums}
.pnb-card ul{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none}
.pnb-card figure{margin:8px 0}
.pnb-card img{display:block;width:100%;max-width:none;border-radius:2px}
.pnb-card figcaption{display:flex;justify-content:space-between;gap:12px;margin-top:3px;
font-size:12px}
.pnb-card .pnb-failures,.pnb-card .pnb-warnings{display:block;padding-left:10px;
margin:8px 0;border-left:3px solid #d55e00}
.pnb-card .pnb-warnings{border-color:#e69f00}
.pnb-card .pnb-next{margin-top:8px}
.pnb-card .pnb-failures li{overflow-wrap:anywhere}
.pnb-card code{background:#f3f4f6;color:#1f2328;border-radius:4px;padding:1px 5px;
font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.pnb-card .pnb-title{margin-top:10px;font-weight:600}
.pnb-card .pnb-lines{display:block;overflow-wrap:anywhere}
.pnb-card .pnb-flow{overflow-wrap:anywhere}
.pnb-card .pnb-lines li{margin:2px 0}
.pnb-card .pnb-marked{padding-left:1.5em;text-indent:-1.5em}
.pnb-card .pnb-marked>span:first-child{display:inline-block;width:1.5em;text-indent:0}
.pnb-card .pnb-wide{overflow-x:auto}
.pnb-card .pnb-wide img{min-width:480px}
.pnb-card .pnb-row{margin:3px 0}
.pnb-card .pnb-state{display:inline-block;min-width:5.5em}
.pnb-card .pnb-bar{height:8px;margin:8px 0;border-radius:4px;background:#e7eaee;
overflow:hidden}
.pnb-card .pnb-bar span{display:block;height:100%;background:#0072b2}
""".replace("\n", "").replace(".pnb-card", ".pnb-card.pnb-card")


def sheet(parts: Iterable[str]) -> str:
    """Pieces of HTML on one sheet, with its style."""
    body = "".join(parts)
    return f'<style>{_STYLE}</style><div class="pnb-card">{body}</div>'


def head(title: str, more: str) -> str:
    """What it is, and how large."""
    return (
        f'<p class="pnb-head"><b>{markup.text(title)}</b> '
        f'<span class="pnb-quiet">{markup.text(more)}</span></p>'
    )


def section(title: str, items: Sequence[str], kind: str = "pnb-lines") -> str:
    """A titled list of lines, each HTML; nothing if there are none."""
    if not items:
        return ""
    return f'<p class="pnb-title">{markup.text(title)}</p>{lines(items, kind)}'


def lines(items: Iterable[str], kind: str = "pnb-lines") -> str:
    """A list of lines, each HTML."""
    return f'<ul class="{kind}">{"".join(f"<li>{item}</li>" for item in items)}</ul>'


def more(n: int, what: str, where: str) -> str:
    """The line below a list that was cut; HTML.

    Examples
    --------
    >>> more(1200, "conflicts", "plan.conflicts")
    'and 1,200 more conflicts in <code>plan.conflicts</code>'
    """
    noun = f" {what}" if what else ""
    return f"and {n:,} more{noun} in <code>{markup.text(where)}</code>"


def marked(mark: str, colour: str, words: str) -> str:
    """A line of HTML with a mark for the eye; what it means is in the words."""
    return (
        f'<div class="pnb-marked"><span aria-hidden="true" style="color:{colour}">'
        f"{mark}</span>{words}</div>"
    )


def warnings(said: Iterable[str]) -> str:
    """What is to be known before all else; nothing if there is nothing."""
    items = [f"<b>Warning:</b> {markup.text(each)}" for each in said]
    return lines(items, "pnb-warnings") if items else ""


def next_steps(*steps: str) -> str:
    """What to try next."""
    named = ", ".join(f"<code>{markup.text(step)}</code>" for step in steps)
    return f'<p class="pnb-quiet pnb-next">Next: {named}</p>'
