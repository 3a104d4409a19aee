"""Floor 7: Runs → one page of HTML that needs no network and no other file.

Knows what belongs on the page and how it is laid out; refuses to know how numbers and
pictures are made. Markdown and notebooks will be written here, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from . import __version__, schema
from .draw import busy, lanes, markup, pictures, scaling, wording
from .draw.blocks import blocks
from .errors import ArgumentError
from .fitting import fit
from .runs import Run
from .store import replacing
from .sweeps import Sweep

_SLOWEST = 10
_SHOWN_FAILURES = 20
_HEIGHT = 3.4  # inches of a picture of a sweep
_SHARPNESS = 2.0  # pixels per CSS pixel
_FIRST_COLUMN, _COLUMN = 8, 7  # em, at least, of the table that compares
_COMPARABLE = 12.0  # times longer than the shortest: one time scale still serves both

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
.foot{margin-top:48px;font-size:13px}
.provenance{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:0}
.provenance dd{overflow-wrap:anywhere}
@media (max-width:560px){main{padding:12px 12px 48px}.facts dd{font-size:19px}}
@media print{details{break-inside:avoid}figure{break-inside:avoid}}
"""


def to_html(
    runs: Run | Sweep | Mapping[str, Run] | Iterable[Run],
    path: str | os.PathLike,
    *,
    title: str | None = None,
) -> Path:
    """The path of a page that shows the runs, side by side and one by one.

    Parameters
    ----------
    runs : Run, Sweep, mapping of str to Run, or iterable of Run
        The first is what the others are compared with. Without names, the runs' labels
        are their names. Of a Sweep: its measurements, and how it scales.
    path : path-like
        Of the page, by custom ``*.html``. The folder must exist; a file that is there
        is replaced in one step.
    title : str, optional
        Default: the name of the run, or how many there are.

    Returns
    -------
    Path
        One file that any browser opens: pictures are in it, and nothing is loaded from
        elsewhere.

    Raises
    ------
    ArgumentError
        If there is no run, or something that is no Run.
    StoreError
        If the file cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> run = Run.from_frame(table, label="two tasks")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = to_html(run, Path(folder, "run.html")).read_text()
    >>> "<h1>two tasks</h1>" in page
    True
    """
    if isinstance(runs, Sweep):
        title = title if title is not None else runs.label or "Sweep"
        page = _framed(_of_sweep(runs), title)
    else:
        named = _named(runs)
        if title is None:
            title = next(iter(named)) if len(named) == 1 else f"{len(named)} runs"
        page = _framed(_of_runs(named), title)
    target = Path(path)
    with replacing(target) as file:
        file.write(page.encode("utf-8", "replace"))
    return target


def _named(runs) -> dict[str, Run]:
    if isinstance(runs, Run):
        runs = [runs]
    if not isinstance(runs, Iterable):
        raise ArgumentError(
            "`runs` must be a Run, a mapping of names to Runs or an iterable of Runs; "
            f"got {type(runs).__name__}"
        )
    named: dict[str, Run] = {}
    pairs = runs.items() if isinstance(runs, Mapping) else ((None, r) for r in runs)
    for number, (name, run) in enumerate(pairs, start=1):
        if not isinstance(run, Run):
            raise ArgumentError(
                f"`runs` must hold Runs only; number {number} is a {type(run).__name__}"
            )
        name = str(name) if name is not None else run.meta.label or f"Run {number}"
        named[name if name not in named else f"{name} ({number})"] = run
    if not named:
        raise ArgumentError("`runs` must hold one Run at least; got none")
    return {"Run": run} if list(named) == ["Run 1"] else named


def _of_sweep(sweep: Sweep) -> list[str]:
    parts = [f'<p class="quiet">{markup.text(repr(sweep)[1:-1])}</p>']
    try:
        fits = fit(sweep)
        parts.append(f"<p>{markup.text(fits.verdict)}</p>")
    except ArgumentError as error:
        fits = None
        parts.append(f"<p>No law fits: {markup.text(str(error))}</p>")
    for function in (scaling.speedup, scaling.efficiency):
        parts.append(_shown(function(sweep, fits, ax=pictures.blank(_HEIGHT))))
    table = sweep.table.dropna(axis="columns", how="all")
    head = "".join(f'<th scope="col">{name}</th>' for name in table.columns)
    rows = [
        "<tr>"
        + "".join(f"<td>{markup.text(_cell(each))}</td>" for each in row)
        + "</tr>"
        for row in table.itertuples(index=False)
    ]
    return [*parts, "<h3>Measurements</h3>", _table(head, rows)]


def _cell(value) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)


def _of_runs(named: dict[str, Run]) -> list[str]:
    numbers = {name: wording.numbers(run) for name, run in named.items()}
    parts = []
    window = None
    if len(named) > 1:
        links = "".join(
            f'<a href="#run-{at}">{markup.text(name)}</a>'
            for at, name in enumerate(named)
        )
        window = _common_window(named.values())
        parts += [f"<nav>{links}</nav>", "<h2>Side by side</h2>", _compared(numbers)]
    if window is not None:
        parts.append('<p class="quiet">The pictures share one time scale.</p>')
    for at, (name, run) in enumerate(named.items()):
        if len(named) > 1:
            parts.append(f'<h2 id="run-{at}">{markup.text(name)}</h2>')
        parts.append(_section(run, numbers[name], window))
    return parts


def _framed(parts: list[str], title: str) -> str:
    body = "\n".join([f"<h1>{markup.text(title)}</h1>", *parts])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{markup.text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n"
        f'<p class="quiet foot">Made by parallel_nb {__version__}.</p>\n'
        "</main>\n</body>\n</html>\n"
    )


def _compared(numbers: dict[str, dict]) -> str:
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
    return _table(f'<th scope="col"></th>{head}', rows, attributes)


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


def _table(head: str, rows: list[str], attributes: str = "") -> str:
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="scroll" tabindex="0"><table{attributes}>{body}</table></div>'


def _common_window(runs) -> tuple[float, float] | None:
    """Seconds that show all of the runs, if they are comparable in length."""
    windows = [blocks(run).window for run in runs]
    lengths = [right - left for left, right in windows]
    if max(lengths) > _COMPARABLE * min(lengths):
        return None
    return min(left for left, _ in windows), max(right for _, right in windows)


def _section(run: Run, numbers: dict, window) -> str:
    return "\n".join(
        [
            f'<p class="quiet">{markup.text(_size(run))}</p>',
            *(f"<p>Note: {markup.text(note)}</p>" for note in run.meta.notes),
            f'<div class="facts">{markup.facts(wording.facts(numbers))}</div>',
            markup.status_counts(numbers),
            _picture(lanes.timeline, run, lanes.height(run.meta.n_workers), window),
            _picture(busy.utilization, run, busy.HEIGHT, window),
            _slowest(run, numbers["makespan"]),
            _failures(run),
            _provenance(run),
        ]
    )


def _size(run: Run) -> str:
    size = (
        f"{wording.count(run.n_tasks, 'task')} · "
        f"{wording.count(run.meta.n_workers, 'worker')} ({run.meta.backend})"
    )
    ended_by = run.meta.ended_by
    return size if ended_by == "completion" else f"{size} · ended by {ended_by}"


def _picture(function, run: Run, height: float, window) -> str:
    ax = function(run, pictures.blank(height))
    if window is not None:
        left, right = window
        ax.set_xlim(left, right + 0.01 * (right - left))
    return _shown(ax)


def _shown(ax) -> str:
    caption = pictures.caption(ax)
    image, (width, _) = pictures.rendered(ax.get_figure(), scale=_SHARPNESS)
    shown = markup.image(image, caption, style=f"width:{width}px")
    told = f'<figcaption aria-hidden="true">{markup.text(caption)}</figcaption>'
    return f"<figure>{shown}{told}</figure>"


def _slowest(run: Run, makespan: float) -> str:
    attempts = run.attempts
    durations = (attempts[schema.ENDED] - attempts[schema.STARTED]).to_numpy()
    durations = np.nan_to_num(durations)
    n_shown = min(_SLOWEST, int((durations > 0).sum()))
    if not n_shown:
        return ""
    longest = np.argpartition(durations, len(durations) - n_shown)[-n_shown:]
    longest = longest[np.argsort(-durations[longest], kind="stable")]
    rows = [
        f'<tr><td>{row.task}</td><td class="words">{markup.text(row.name)}</td>'
        f"<td>{row.status}</td><td>{row.worker}</td>"
        f"<td>{wording.seconds(row.started)}</td>"
        f"<td>{wording.seconds(duration)}</td><td>{wording.seconds(row.cpu)}</td>"
        f"<td>{wording.percent(duration / makespan)}</td></tr>"
        for row, duration in zip(
            attempts.iloc[longest].itertuples(index=False),
            durations[longest].tolist(),
            strict=True,
        )
    ]
    head = '<th scope="col">task</th><th scope="col" class="words">name</th>' + "".join(
        f'<th scope="col">{name}</th>'
        for name in ("status", "worker", "started", "duration", "CPU", "of makespan")
    )
    return f"<h3>Longest attempts</h3>{_table(head, rows)}"


def _failures(run: Run) -> str:
    failures, n_failures = wording.failures(run, _SHOWN_FAILURES)
    if not n_failures:
        return ""
    items = []
    for failure in failures:
        told = f": {markup.text(failure.error)}" if failure.error else ""
        line = (
            f"task {failure.task} <b>{markup.text(failure.name)}</b> {failure.status}"
        )
        if failure.traceback:
            trace = f"<pre>{markup.text(failure.traceback.rstrip())}</pre>"
            items.append(f"<details><summary>{line}{told}</summary>{trace}</details>")
        else:
            items.append(f'<p class="failure">{line}{told}</p>')
    more = n_failures - len(failures)
    if more:
        items.append(
            f'<p class="quiet">and {more:,} more in <code>run.errors</code></p>'
        )
    return f"<h3>What went wrong</h3>{''.join(items)}"


def _provenance(run: Run) -> str:
    meta = run.meta
    entries = {
        "started": meta.started_at.replace("T", " ").replace("+00:00", " UTC"),
        "host": meta.host,
        "usable cores": meta.cpu_count or "",
        "backend": meta.backend,
        "order": meta.order,
        "ended by": meta.ended_by,
        "source": meta.source,
        "tags": ", ".join(meta.tags),
        "versions": ", ".join(f"{k} {v}" for k, v in sorted(meta.versions.items())),
    }
    items = "".join(
        f"<dt>{name}</dt><dd>{markup.text(value)}</dd>"
        for name, value in entries.items()
        if value
    )
    return f'<h3>Where it comes from</h3><dl class="provenance">{items}</dl>'
