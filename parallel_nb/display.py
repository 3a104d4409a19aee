"""Floor 6: how a Run shows itself in a notebook.

Knows IPython's display formatter and the card of a Run; refuses to know numbers, which
come from `run.summary()`, and pixels, which come from `draw`. Types are registered by
name, so nothing is imported for a type that nobody shows.
"""

from __future__ import annotations

import sys

from .draw import markup, wording
from .draw.strip import strip

_SHOWN_FAILURES = 3
# One style for light and for dark themes: a card is a sheet of light paper. It has no
# tables, which notebooks stripe in their theme's colours, and names its class twice to
# outrank what they say about lists and code.
_STYLE = """
.pnb-card{box-sizing:border-box;max-width:760px;margin:4px 0;padding:12px 16px;
border:1px solid #d0d7de;border-radius:8px;background:#fff;color:#1f2328;
color-scheme:light;font:13px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif}
.pnb-card p,.pnb-card ul,.pnb-card dl,.pnb-card figure,.pnb-card li{margin:0;padding:0}
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
.pnb-card .pnb-failures{display:block;border-left:3px solid #d55e00;padding-left:10px;
margin:8px 0}
.pnb-card .pnb-next{margin-top:8px}
.pnb-card .pnb-failures li{overflow-wrap:anywhere}
.pnb-card code{background:#f3f4f6;color:#1f2328;border-radius:4px;padding:1px 5px;
font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
""".replace("\n", "").replace(".pnb-card", ".pnb-card.pnb-card")


def register(shell=None) -> bool:
    """Have a Run show itself as a card.

    Parameters
    ----------
    shell : InteractiveShell, optional
        Default: the running one. None is looked for, and nothing is imported, where
        IPython is not loaded.

    Returns
    -------
    bool
        Whether there was a shell to tell.
    """
    if shell is None:
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return False
    bundles = shell.display_formatter.mimebundle_formatter
    bundles.for_type_by_name("parallel_nb.runs", "Run", bundle)
    return True


def bundle(run, include=None, exclude=None) -> dict[str, str]:
    """What a notebook keeps of a Run: one line of text, and the card."""
    return {"text/plain": repr(run), "text/html": card(run)}


def card(run) -> str:
    """A Run on one sheet: numbers, a small timeline, what failed, where to go on.

    Returns
    -------
    str
        HTML that needs no other file.
    """
    numbers = wording.numbers(run)
    parts = [
        _head(run),
        markup.facts(wording.facts(numbers)),
        markup.status_counts(numbers),
        _timeline(run),
        _failures(run),
        *(f'<p class="pnb-quiet">Note: {markup.text(n)}</p>' for n in run.meta.notes),
        '<p class="pnb-quiet pnb-next">Next: <code>run.tasks</code>, '
        "<code>pnb.draw.timeline(run)</code>, <code>pnb.save(run, path)</code></p>",
    ]
    body = "".join(parts)
    return f'<style>{_STYLE}</style><div class="pnb-card">{body}</div>'


def _head(run) -> str:
    meta = run.meta
    title = wording.shortened(meta.label, 80) or "Run"
    size = (
        f"{wording.count(run.n_tasks, 'task')} · "
        f"{wording.count(meta.n_workers, 'worker')} ({meta.backend})"
    )
    if meta.ended_by != "completion":
        size += f" · ended by {meta.ended_by}"
    return (
        f'<p class="pnb-head"><b>{markup.text(title)}</b> '
        f'<span class="pnb-quiet">{markup.text(size)}</span></p>'
    )


def _timeline(run) -> str:
    caption = wording.timeline_caption(run)
    drawn = strip(run)
    if drawn is None:
        return f"<p>{markup.text(caption)}</p>"
    picture = markup.image(drawn.image, caption, style=f"height:{drawn.height}px")
    left, right = map(wording.seconds, drawn.window)
    return (
        f"<figure>{picture}<figcaption><span>{left}</span> "
        f"<span>worker 0 on top</span> <span>{right}</span></figcaption></figure>"
    )


def _failures(run) -> str:
    failures, n_failures = wording.failures(run, _SHOWN_FAILURES)
    if not n_failures:
        return ""
    items = [
        f"<li>task {row.task} <b>{markup.text(row.name)}</b> {row.status}"
        f"{f': {markup.text(row.error)}' if row.error else ''}</li>"
        for row in failures
    ]
    if n_failures > len(failures):
        more = f"{n_failures - len(failures):,} more in <code>run.errors</code>"
        items.append(f"<li>and {more}</li>")
    return f'<ul class="pnb-failures">{"".join(items)}</ul>'
