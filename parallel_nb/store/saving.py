"""`save` and `load`: what is kept, whatever its kind, in one file.

Knows which kind is written and read by whom; formats are known elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import ArgumentError
from ..runs import Run
from ..sweeps import Sweep
from . import run_files, sweep_files
from .files import check_ends, check_magic, damage_told, replacing, telling
from .footers import ends_of
from .headers import KEY, RUN, SWEEP, header_of

_READERS = {RUN: run_files.read_run, SWEEP: sweep_files.read_sweep}


def save(
    kept: Run | Sweep, path: str | os.PathLike, *, with_results: bool = False
) -> Path:
    """The path of the file that now holds a Run, or a Sweep with all its Runs.

    The file appears in one step: until all of it is on disk, a file that was there
    before stays as it was, whatever happens.

    Parameters
    ----------
    kept : Run or Sweep
        What to keep. Of a Run: attempts, metadata, tracebacks, dependencies, start-ups,
        details. Of a Sweep: the measurements, and its Runs if it has them.
    path : path-like
        Of the file, by custom ``*.parquet``. The folder must exist.
    with_results : bool
        Also keep what the tasks returned, each pickled on its own. Reading them back
        runs whatever code a pickle names.

    Raises
    ------
    StoreError
        If the file cannot be written there, or a result cannot be pickled.
    ResultsNotKept
        If `with_results` and the Run, or one of the Sweep, has none.
    ArgumentError
        If `kept` is neither, or `with_results` of a Sweep without Runs.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> table = pd.DataFrame({"task": ["a"], "started": [0.0], "ended": [2.0]})
    >>> run = Run.from_frame(table, label="first")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(run, Path(folder, "first.parquet")))
    <Run 'first' 1 task: 1 done · 1 worker (unknown) · 2 s · speedup 1.0 (estimated) · \
utilization 100 %>

    Of a Sweep, each Run comes back, too:

    >>> sweep = Sweep.from_runs([run, run], label="twice")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load(save(sweep, Path(folder, "twice.parquet")))
    >>> again
    <Sweep 'twice' 1 worker · unknown · 2 repeats of each · strong scaling · \
makespan measured>
    >>> [each.meta.label for each in again.runs]
    ['first', 'first']
    """
    target = Path(path)
    table = _table_of(kept, with_results)
    with replacing(target) as file:
        _write(table, file)
    return target


def write(kept: Run | Sweep, file: BinaryIO, *, with_results: bool = False) -> None:
    """What `save` puts into a file, into one that is open."""
    _write(_table_of(kept, with_results), file)


def _table_of(kept: Run | Sweep, with_results: bool) -> pa.Table:
    if isinstance(kept, Sweep):
        if with_results and not kept.runs:
            raise ArgumentError(
                "`with_results` must be False for a Sweep without runs: it has "
                "measurements only"
            )
        return sweep_files.table_of(kept, with_results)
    if isinstance(kept, Run):
        return run_files.table_of(kept, with_results)
    raise ArgumentError(f"`kept` must be a Run or a Sweep; got {type(kept).__name__}")


def _write(table: pa.Table, file: BinaryIO) -> None:
    texts = [name for name in run_files.TEXTS if name in table.column_names]
    pq.write_table(
        table,
        file,
        compression="zstd",
        compression_level=1,
        use_dictionary=texts,
        write_page_checksum=True,
    )


def load(path: str | os.PathLike, *, with_results: bool = False) -> Run | Sweep:
    """The Run or the Sweep that a file holds.

    Parameters
    ----------
    path : path-like
        A file that `save` wrote, with this version of parallel_nb or an older one.
    with_results : bool
        Also read what the tasks returned. This unpickles, and a pickle can run any
        code: ask for it only if you trust whoever wrote the file.

    Returns
    -------
    Run or Sweep
        Whichever was saved. A Run without its results says so when they are asked for:
        `ResultsNotKept`.

    Raises
    ------
    StoreError
        If there is no such file; if it is torn, damaged or not a file of ours; if a
        newer version of parallel_nb wrote it; or if results were asked for and it has
        none, or they cannot be unpickled here.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> table = pd.DataFrame({"task": ["a"], "started": [0.0], "ended": [2.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(Run.from_frame(table, label="first"), Path(folder, "a.parquet"))
    ...     load(path).meta.label
    'first'
    """
    path = Path(path)
    with telling(path, "read"), path.open("rb") as file:
        return read(file, path, with_results=with_results)


def read(file: BinaryIO, path: Path, *, with_results: bool = False) -> Run | Sweep:
    """What `load` gives, from a file that is open; `path` is its name in errors."""
    check_magic(path, file)
    with damage_told(path):
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
    header = header_of(path, parquet.schema_arrow.metadata or {})
    return _READERS[header["kind"]](path, parquet, header, with_results)


def header_in(file: BinaryIO, path: Path) -> dict[str, Any]:
    """What an open file says of itself, without reading its rows; as of `load`."""
    found = ends_of(file)
    check_ends(path, found.size, found.begins, found.ends)
    if found.entry is not None:
        return header_of(path, {KEY: found.entry})
    file.seek(0)
    with damage_told(path):
        metadata = pq.read_metadata(file).metadata
    return header_of(path, metadata or {})
