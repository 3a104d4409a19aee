"""Floor 6: any file that tells of a run → that Run.

Knows our own files from others'; refuses to know what is in either.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from . import store
from .engine.journals.recovering import recover, tells_of_a_run
from .errors import ArgumentError, one_of
from .formats import spark, spark_parts, table
from .formats.finding import read_foreign
from .formats.source import Source

_PARQUET = b"PAR1"


def read(
    source: Any,
    format: str | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    n_workers: int | None = None,
) -> Any:
    r"""The Run that a file tells of, whoever wrote it.

    Parameters
    ----------
    source : path-like, str, bytes or binary file
        A run file or a journal of ours, or what another tool wrote; may be compressed
        by gzip, bzip2, xz or zstd. A str with a line break, or one that begins like
        JSON or XML, is the content itself. Of a folder, all files are read; one that
        holds a rolled event log of Spark is a single Run.
    format : str, optional
        What wrote it, such as ``"joblog"``, ``"ninja"``, ``"chrome"``. Default: seen
        from the content.
    columns : mapping of str to str, optional
        For tables (CSV, TSV): ``{"theirs": "ours"}``, as of `Run.from_frame`. For
        benchmarks, which of their parameters is ``"n_workers"``.
    n_workers : int, optional
        For files that do not tell how many workers there were.

    Returns
    -------
    Run, Sweep, or list of them
        A list where the file tells of several runs. ``meta.source`` is the format,
        ``meta.lacks`` and ``meta.notes`` say what it could not tell.

    Raises
    ------
    FormatError
        If no format fits, or the content is not what its format says; names the line
        or the record.
    StoreError
        If the file cannot be read, or a run file of ours is torn.
    ArgumentError
        If there is no such format, or an option is not for it.

    Examples
    --------
    >>> names = "Seq Host Starttime JobRuntime Send Receive Exitval Signal Command"
    >>> first = "1 : 1700000000.0 2.0 0 0 0 0 sleep"
    >>> second = "2 : 1700000000.5 1.0 0 0 1 0 false"
    >>> log = "\n".join([names, first, second]).replace(" ", "\t")
    >>> read(log).tasks[["name", "started", "ended", "status"]]
        name  started  ended  status
    0  sleep      0.0    2.0    done
    1  false      0.5    1.5  failed
    """
    options = {"columns": columns, "n_workers": n_workers}
    if isinstance(source, pd.DataFrame):
        one_of("format", format or "table", ["table"])
        return table.of_frame(source, columns, n_workers)
    if isinstance(source, list | tuple):
        return _stream(source, format, options)
    is_path = isinstance(source, str | os.PathLike)
    if is_path and "\n" not in str(source) and os.path.isdir(source):
        return _folder(Path(source), format, options)
    found = Source(source)
    if found.path is not None and format is None:
        if found.head.startswith(_PARQUET):
            _refuse(options)
            return store.load(found.path)
        if tells_of_a_run(found.head):
            _refuse(options)
            return recover(found.path)
    return read_foreign(found, format, **options)


def _stream(stream: Any, format: str | None, options: Mapping[str, Any]) -> Any:
    from .formats import dask

    one_of("format", format or "dask", ["dask"])
    for name, value in options.items():
        if value is not None:
            raise ArgumentError(f"`{name}` is not for a task stream, which tells it")
    return dask.read_stream(stream)


def _folder(folder: Path, format: str | None, options: Mapping[str, Any]) -> Any:
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    if not paths:
        raise ArgumentError(f"{folder} has no file to read")
    parts = spark_parts.parts_of(folder) if format in {None, "spark"} else []
    if parts:
        _refuse(options, "a Spark event log")
        return spark.read_parts([Source(part) for part in parts])
    found = []
    for path in paths:
        one = read(path, format, **options)
        found.extend(one if isinstance(one, list) else [one])
    return found


def _refuse(options: Mapping[str, Any], what: str = "a run file") -> None:
    for name, value in options.items():
        if value is not None:
            raise ArgumentError(f"`{name}` is not for {what}, which tells it itself")
