"""Floor 6: `write`, a Run → a file that other tools read.

Knows which format is written by whom, and how a file is compressed; refuses to know
what any of them looks like.
"""

from __future__ import annotations

import contextlib
import gzip
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from .errors import ArgumentError, one_of
from .runs import Run
from .store import replacing

# Modules of `formats`, each with `put(run, file)`.
_WRITERS = {"chrome": "chrome_out", "joblog": "joblog_out", "csv": "table_out"}
_SYNONYMS = {"perfetto": "chrome", "json": "chrome", "trace": "chrome"}
_ENDINGS = {".csv": "csv", ".joblog": "joblog"}  # all others: a trace
_LEVEL = 3  # of gzip: twice the size of the best takes a fifth of its time


def write(run: Run, path: str | os.PathLike, format: str | None = None) -> Path:
    """The path of the file that now tells of a Run in another tool's format.

    `save` keeps all of it for parallel_nb itself; `read` reads every one of these back.

    Parameters
    ----------
    run : Run
    path : path-like
        Of the file; the folder must exist, a file that is there is replaced in one
        step. Compressed if it ends in ``.gz``.
    format : {"chrome", "joblog", "csv"}, optional
        Default: ``"csv"`` or ``"joblog"`` if the file ends so, ``.gz`` left aside; else
        ``"chrome"``.

        - ``"chrome"``: a trace for https://ui.perfetto.dev, ``chrome://tracing`` and
          Speedscope: a process per host, a thread per worker, a span per attempt and
          per start-up, arrows from task to task, counters of running workers and
          utilization. Times in µs, to 1 ns. It comes back with all attempts, edges,
          start-ups and ``meta``; tracebacks, details and results are left out.
        - ``"joblog"``: a line per attempt that ran, as GNU parallel writes it; times in
          s, to 1 ms.
        - ``"csv"``: the table `Run.attempts`, times in s.

    Raises
    ------
    ArgumentError
        If `run` is no Run, or there is no such format.
    StoreError
        If the file cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from parallel_nb import read
    >>> table = pd.DataFrame({"task": ["a"], "started": [0.0], "ended": [2.0]})
    >>> run = Run.from_frame(table, label="first")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = read(write(run, Path(folder, "trace.json.gz")))
    >>> again.meta == run.meta, again.attempts.equals(run.attempts)
    (True, True)
    """
    if not isinstance(run, Run):
        raise ArgumentError(f"`run` must be a Run; got {type(run).__name__}")
    target = Path(path)
    if format is None:
        ending = Path(target.name.removesuffix(".gz")).suffix.lower()
        format = _ENDINGS.get(ending, "chrome")
    one_of("format", format, _WRITERS, synonyms=_SYNONYMS)
    put = import_module(f"{__package__}.formats.{_WRITERS[format]}").put
    with replacing(target) as file, _packed(file, target) as packed:
        put(run, packed)
    return target


@contextlib.contextmanager
def _packed(file: BinaryIO, target: Path) -> Iterator[BinaryIO]:
    if target.suffix != ".gz":
        yield file
        return
    # No name and no time inside: the same Run is the same file.
    with gzip.GzipFile("", "wb", _LEVEL, fileobj=file, mtime=0) as packed:
        yield packed
