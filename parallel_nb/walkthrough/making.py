"""`to_notebook`: questions → a valid notebook beside its data, executed if wanted.

Knows nbformat and nbclient; refuses to know what is asked.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat

from .. import __version__
from ..errors import ArgumentError, BackendError, ParallelNbError
from ..runs import Run
from ..store import replacing, save
from ..sweeps import Sweep
from .cells import headline, questions

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_SECONDS = 600  # that one cell may take
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")


def to_notebook(
    kept: Run | Sweep, path: str | os.PathLike, *, execute: bool = False
) -> Path:
    """The path of a notebook that walks through a Run or a Sweep, ready to go on with.

    Beside it is its data, as `save` keeps it: for ``analysis.ipynb`` it is
    ``analysis.parquet``, which the first cell loads. Move them together.

    Parameters
    ----------
    kept : Run or Sweep
        Whatever made it: cells ask only what it can answer. Of a Run: summary, errors
        if any, timeline, utilization, longest tasks, ledger, findings, predictions. Of
        a Sweep: table, precision, laws, speedup, what to measure next.
    path : path-like
        Of the notebook, by custom ``*.ipynb``. The folder must exist; files that are
        there are replaced in one step each.
    execute : bool
        Also run it, so that it opens with its pictures (needs the extra ``lab``).

    Returns
    -------
    Path
        Cells have the same ids whenever it is made.

    Raises
    ------
    ArgumentError
        If `kept` is neither, or `path` ends in ``.parquet``.
    StoreError
        If a file cannot be written there.
    BackendError
        If it is to be executed and nbclient or a Python kernel is not installed.
    ParallelNbError
        If a cell fails; the notebook is there, with the cell's error in it.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> run = Run.from_frame(table, label="two tasks")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = to_notebook(run, Path(folder, "two.ipynb"))
    ...     made = nbformat.read(path, as_version=4)
    >>> made.cells[0].source.splitlines()[0], len(made.cells) > 10
    ('# two tasks', True)
    """
    if not isinstance(kept, Run | Sweep):
        raise ArgumentError(
            f"`kept` must be a Run or a Sweep; got {type(kept).__name__}"
        )
    target = Path(path)
    data = target.with_suffix(".parquet")
    if data == target:
        raise ArgumentError(
            f"`path` must be that of a notebook, such as "
            f"{target.with_suffix('.ipynb')}, as its data are {data}"
        )
    made = _notebook(kept, data.name)
    save(kept, data)
    _put(made, target)
    if execute:
        _execute(made, target)
    return target


def _notebook(kept: Run | Sweep, file: str) -> nbformat.NotebookNode:
    title, about = headline(kept)
    cells = [_text("title", f"# {_escaped(title)}\n\n{_escaped(about)}")]
    notes = () if isinstance(kept, Sweep) else kept.meta.notes
    if notes:
        items = "\n".join(f"- {_escaped(note)}" for note in notes)
        cells.append(_text("notes", f"What to know before believing it:\n\n{items}"))
    for key, heading, text, code in questions(kept, file):
        if heading:
            cells.append(_text(key, f"## {heading}\n\n{text}"))
        cells.append(nbformat.v4.new_code_cell(code, id=f"{key}-code"))
    metadata = {
        "kernelspec": _KERNEL,
        "language_info": {"name": "python"},
        "parallel_nb": {"made_by": __version__},
    }
    made = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.validate(made)
    return made


def _text(key: str, source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source, id=f"{key}-text")


def _escaped(text: str) -> str:
    """Words that markdown shows as they are, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _put(made: nbformat.NotebookNode, target: Path) -> None:
    with replacing(target) as file:
        file.write(nbformat.writes(made).encode("utf-8", "replace"))


def _execute(made: nbformat.NotebookNode, target: Path) -> None:
    try:
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
    except ImportError as error:
        raise BackendError(
            "to execute a notebook nbclient is needed: pip install 'parallel-nb[lab]'"
        ) from error
    client = NotebookClient(
        made,
        timeout=_SECONDS,
        resources={"metadata": {"path": str(target.absolute().parent)}},
    )
    try:
        client.execute()
    except KeyError as error:  # what Jupyter raises for a kernel it does not know
        raise BackendError(
            "there is no Python kernel: pip install 'parallel-nb[lab]'"
        ) from error
    except CellExecutionError as error:
        _put(made, target)
        raise ParallelNbError(
            f"a cell of {target} failed: {error.ename}: {error.evalue}"
        ) from error
    _put(made, target)
