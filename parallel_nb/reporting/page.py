"""A page that needs no network and no other file: its frame, tables and pictures.

Knows how things are laid out and shown; refuses to know what they are about.
"""

from __future__ import annotations

from .. import __version__
from ..draw import markup, pictures

_SHARPNESS = 2.0  # pixels per CSS pixel

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--quiet:#59636e;--line:#d7dce2;
--paper:#fff;--sheet:#f6f8fa;--bar:#0072b2}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9da7b3;--line:#3d444d;
--paper:#0d1117;--sheet:#161b22;--bar:#56b4e9}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:980px;margin:0 auto;padding:24px 20px 64px}
h1{font-size:28px;line-height:1.2;margin:8px 0 4px;overflow-wrap:anywhere}
h2{font-size:21px;margin:44px 0 4px;overflow-wrap:anywhere}
h3{font-size:16px;margin:26px 0 6px}
p{margin:4px 0}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0}
a{color:var(--bar)}
.quiet,dt,th,figcaption{color:var(--quiet);font-weight:400}
dl{margin:0}
.facts dl{display:grid;gap:10px 14px;margin:14px 0;
grid-template-columns:repeat(auto-fit,minmax(132px,1fr))}
dt{font-size:13px}dd{margin:0}
.facts dd{font-size:22px;font-weight:600;font-variant-numeric:tabular-nums}
ul{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;margin:0;padding:0}
figure{margin:16px 0}
img{display:block;max-width:100%;height:auto;background:#fff;border-radius:8px;
padding:6px;border:1px solid var(--line)}
figcaption{font-size:13px;margin-top:4px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);text-align:right;
vertical-align:top;white-space:nowrap}
th:first-child,td:first-child,.words{text-align:left}
td.words{white-space:normal;overflow-wrap:anywhere;min-width:9em}
thead th{border-bottom:2px solid var(--line)}
.compared{table-layout:fixed}
.compared th{white-space:normal;overflow-wrap:anywhere}
.bar{display:block;height:4px;border-radius:2px;background:var(--bar);margin:3px 0 0
auto}
details{border:1px solid var(--line);border-radius:8px;margin:8px 0;padding:8px 12px;
background:var(--sheet);overflow-wrap:anywhere}
summary{cursor:pointer}
pre{margin:8px 0 0;overflow-x:auto;font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,
Consolas,monospace}
.failure{border:1px solid var(--line);border-radius:8px;margin:8px 0;padding:8px 12px;
background:var(--sheet);overflow-wrap:anywhere}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.finding{margin:10px 0 16px}
.left{display:block;height:6px;border-radius:3px;background:var(--line);
max-width:360px;margin:3px 0}
.left i{display:block;height:100%;border-radius:3px;background:var(--bar)}
.foot{margin-top:48px;font-size:13px}
.provenance{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:0}
.provenance dd{overflow-wrap:anywhere}
@media (max-width:560px){main{padding:12px 12px 48px}.facts dd{font-size:19px}}
@media print{details{break-inside:avoid}figure{break-inside:avoid}}
"""


def framed(parts: list[str], title: str) -> str:
    """The page, of its parts."""
    body = "\n".join([f"<h1>{markup.text(title)}</h1>", *parts])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{markup.text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n"
        f'<p class="quiet foot">Made by parallel_nb {__version__}.</p>\n'
        "</main>\n</body>\n</html>\n"
    )


def table(head: str, rows: list[str], attributes: str = "") -> str:
    """A table that is scrolled where it is too wide."""
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="scroll" tabindex="0"><table{attributes}>{body}</table></div>'


def picture(ax) -> str:
    """A picture, and its caption as text."""
    caption = pictures.caption(ax)
    image, (width, _) = pictures.rendered(ax.get_figure(), scale=_SHARPNESS)
    shown = markup.image(image, caption, style=f"width:{width}px")
    told = f'<figcaption aria-hidden="true">{markup.text(caption)}</figcaption>'
    return f"<figure>{shown}{told}</figure>"
