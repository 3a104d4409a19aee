"""`to_html`: Runs or a Sweep → one page that any browser opens.

Knows what can be asked for and where it goes; refuses to know what is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..draw import markup, wording
from ..errors import ArgumentError
from ..runs import Run
from ..store import replacing
from ..sweeps import Sweep
from . import of_run, of_sweep, page, side_by_side


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
        made = page.framed(of_sweep.parts(runs), title)
    else:
        named = _named(runs)
        if title is None:
            title = next(iter(named)) if len(named) == 1 else f"{len(named)} runs"
        made = page.framed(_of_runs(named), title)
    target = Path(path)
    with replacing(target) as file:
        file.write(made.encode("utf-8", "replace"))
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


def _of_runs(named: dict[str, Run]) -> list[str]:
    numbers = {name: wording.numbers(run) for name, run in named.items()}
    parts = []
    window = None
    if len(named) > 1:
        links = "".join(
            f'<a href="#run-{at}">{markup.text(name)}</a>'
            for at, name in enumerate(named)
        )
        window = side_by_side.common_window(named.values())
        parts += [
            f"<nav>{links}</nav>",
            "<h2>Side by side</h2>",
            side_by_side.compared(numbers),
        ]
    if window is not None:
        parts.append('<p class="quiet">The pictures share one time scale.</p>')
    for at, (name, run) in enumerate(named.items()):
        if len(named) > 1:
            parts.append(f'<h2 id="run-{at}">{markup.text(name)}</h2>')
        parts.append(of_run.section(run, numbers[name], window))
    return parts
