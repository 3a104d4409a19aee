"""Floor 4: a Run in one Parquet file, and back.

Knows the file format, its versions and how a file is replaced in one step; refuses to
know what the numbers mean. Reading never unpickles anything unless asked for results.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from . import __version__, attachments, schema
from .errors import SchemaError, StoreError
from .meta import FORMAT_VERSION, Meta
from .runs import MISSING, Run
from .totals import last_attempt_rows

_KEY = b"parallel_nb"
_MAGIC = b"PAR1"
_TRACEBACK = "traceback"
_RESULT = "result"
_TEXTS = [schema.NAME, schema.AGENT, schema.STATUS, schema.HOST, schema.ERROR]
# What plain pickle writes without naming a function or class of the user's.
_PLAIN = {type(None), bool, int, float, complex, str, bytes}
_PLAIN_ARRAYS = {np.ndarray, np.float64, np.float32, np.int64, np.int32, np.bool_}


def save(run: Run, path: str | os.PathLike, *, with_results: bool = False) -> Path:
    """The path of the file that now holds `run`.

    The file appears in one step: until all of it is on disk, a file that was there
    before stays as it was, whatever happens.

    Parameters
    ----------
    run : Run
        What to keep: attempts, metadata, tracebacks, dependencies, start-ups, details.
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
        If `with_results` and the Run has none.

    Examples
    --------
    >>> import tempfile
    >>> table = pd.DataFrame({"task": ["a"], "started": [0.0], "ended": [2.0]})
    >>> run = Run.from_frame(table, label="first")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(run, Path(folder, "first.parquet")))
    <Run 'first' 1 task: 1 done · 1 worker (unknown) · 2 s · speedup 1.0 (estimated) · \
utilization 100 %>
    """
    target = Path(path)
    table = _table(run, with_results)
    with replacing(target) as file:
        pq.write_table(
            table,
            file,
            compression="zstd",
            compression_level=1,
            use_dictionary=[*_TEXTS, _TRACEBACK],
            write_page_checksum=True,
        )
    return target


def load(path: str | os.PathLike, *, with_results: bool = False) -> Run:
    """The Run that a file holds.

    Parameters
    ----------
    path : path-like
        A file that `save` wrote, with this version of parallel_nb or an older one.
    with_results : bool
        Also read what the tasks returned. This unpickles, and a pickle can run any
        code: ask for it only if you trust whoever wrote the file.

    Raises
    ------
    StoreError
        If there is no such file; if it is torn, damaged or not a run file; if a newer
        version of parallel_nb wrote it; or if results were asked for and it has none,
        or they cannot be unpickled here.

    Examples
    --------
    See `save`.
    """
    path = Path(path)
    with _telling(path, "read"), path.open("rb") as file:
        _check_magic(path, file)
        with _damage_told(path):
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
        header = _header(path, parquet.schema_arrow.metadata or {})
        return _READERS[header["format_version"]](path, parquet, header, with_results)


def _table(run: Run, with_results: bool) -> pa.Table:
    attempts = run.attempts
    table = pa.Table.from_pandas(attempts, preserve_index=False)
    tracebacks = run.tracebacks
    if tracebacks:
        keys = zip(attempts[schema.TASK], attempts[schema.ATTEMPT], strict=True)
        texts = schema.as_text([tracebacks.get(key) for key in keys])
        table = table.append_column(_TRACEBACK, pa.array(texts))
    if with_results:
        table = table.append_column(_RESULT, _pickled_results(run))
    header = {
        "format_version": FORMAT_VERSION,
        "written_by": __version__,
        "meta": {**run.meta.to_dict(), "format_version": FORMAT_VERSION},
        "edges": run.edges.to_dict("list"),
        "startups": run.startups.astype(object).to_dict("list"),
        "details": {str(task): entry for task, entry in run.details.items()},
    }
    return table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _KEY: json.dumps(header).encode()}
    )


def _pickled_results(run: Run) -> pa.Array:
    """Each task's result as bytes, in the row of its last attempt."""
    results = run.results_or(MISSING)
    rows = last_attempt_rows(run.attempts)
    pickled = np.full(len(run.attempts), None, dtype=object)
    for task, row in enumerate(rows.tolist()):
        pickled[row] = _pickled(task, results[task])
    return pa.array(pickled, pa.large_binary())


def _pickled(task: int, result: Any) -> bytes | None:
    if result is MISSING:
        return None
    kind = type(result)
    if kind in _PLAIN or (kind in _PLAIN_ARRAYS and not result.dtype.hasobject):
        return pickle.dumps(result, protocol=5)
    import cloudpickle

    try:
        return cloudpickle.dumps(result, protocol=5)
    except Exception as error:
        raise StoreError(
            f"the result of task {task} ({type(result).__name__}) cannot be pickled: "
            f"{error}. Save without results, or return something that can be."
        ) from error


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[io.BufferedWriter]:
    """A file that takes the place of `target` once written, or leaves no trace.

    Raises
    ------
    StoreError
        If the file system refuses; says why.
    """
    with _telling(target, "write"):
        final = Path(os.path.realpath(target))
        if final.is_dir():
            raise IsADirectoryError(f"{final} is a folder; name a file in it")
        if not final.parent.is_dir():
            raise FileNotFoundError(
                f"there is no folder {final.parent}; create it first"
            )
        # In the same folder, so that the last step is a rename within one file system.
        draft = final.with_name(f".{final.name}.{secrets.token_hex(6)}.tmp")
        try:
            with draft.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.chmod(draft, final.stat().st_mode & 0o777)
            os.replace(draft, final)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
        _flush_folder(final.parent)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself outlive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _telling(path: Path, verb: str) -> Iterator[None]:
    """Failures of the file system as StoreErrors that name the file."""
    try:
        yield
    except StoreError:
        raise
    except (OSError, pa.ArrowException) as error:
        why = getattr(error, "strerror", None) or error
        told = StoreError(f"cannot {verb} {path}: {why}")
        told.errno = getattr(error, "errno", None)
        raise told from error


def _check_magic(path: Path, file: io.BufferedReader) -> None:
    """A Parquet file begins and ends with the same four letters."""
    begins = file.read(4)
    if begins != _MAGIC:
        told = "it is empty" if not begins else "it is not a Parquet file"
        raise StoreError(f"{path} is not a run file: {told}")
    file.seek(-4, os.SEEK_END)
    if file.read(4) != _MAGIC or file.tell() < 12:
        raise StoreError(
            f"{path} is torn: its end is missing, perhaps after a partial copy or "
            "download. Fetch it again."
        )
    file.seek(0)


@contextlib.contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} is damaged: {error}") from error


def _header(path: Path, metadata: dict[bytes, bytes]) -> dict[str, Any]:
    if _KEY not in metadata:
        raise StoreError(
            f"{path} is a Parquet file, but not a run file of parallel_nb. If it is a "
            "table of tasks, make a Run of it: `Run.from_frame(pd.read_parquet(path))`."
        )
    try:
        header = json.loads(metadata[_KEY])
        version = header["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged: no readable header ({error})") from error
    if not isinstance(version, int) or version not in _READERS:
        raise StoreError(
            f"{path} has run file format {version}, written by parallel_nb "
            f"{header.get('written_by', 'of unknown version')}; this is parallel_nb "
            f"{__version__}, which reads formats up to {FORMAT_VERSION}. Upgrade: "
            "`pip install -U parallel-nb`."
        )
    return header


def _read_version_1(
    path: Path, parquet: pq.ParquetFile, header: dict[str, Any], with_results: bool
) -> Run:
    there = parquet.schema_arrow.names
    columns = [c for c in [*schema.COLUMNS, _TRACEBACK] if c in there]
    if with_results:
        if _RESULT not in there:
            raise StoreError(
                f"{path} holds no results: it was saved without `with_results=True`"
            )
        columns.append(_RESULT)
    with _damage_told(path):
        table = parquet.read(columns=columns, use_threads=True)
    # Without the writer's pandas metadata: nothing in it can choose what gets built.
    table = table.replace_schema_metadata(None)
    attempts_table = table.select([c for c in columns if c in schema.COLUMNS])
    try:
        attempts = schema.coerce(attempts_table.to_pandas())
        return Run(
            attempts,
            Meta.from_dict(header["meta"]),
            tracebacks=_tracebacks(attempts, table),
            results=_results(path, attempts, table) if with_results else None,
            edges=_frame(header["edges"], schema.EDGES),
            startups=_frame(header["startups"], schema.STARTUPS),
            details=_details(header.get("details", {})),
        )
    except (SchemaError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is damaged: {error}") from error


_READERS: dict[int, Callable[..., Run]] = {1: _read_version_1}


def _tracebacks(attempts: pd.DataFrame, table: pa.Table) -> dict | None:
    if _TRACEBACK not in table.column_names:
        return None
    texts = table[_TRACEBACK].to_pandas()
    rows = np.flatnonzero(texts.notna())
    keys = attempts[[schema.TASK, schema.ATTEMPT]].iloc[rows]
    pairs = keys.itertuples(index=False, name=None)
    return dict(zip(pairs, texts.iloc[rows], strict=True))


def _results(path: Path, attempts: pd.DataFrame, table: pa.Table) -> list:
    tasks = attempts[schema.TASK].to_numpy()
    results: list[Any] = [MISSING] * (int(tasks.max()) + 1 if len(tasks) else 0)
    for task, pickled in zip(tasks.tolist(), table[_RESULT].to_pylist(), strict=True):
        if pickled is not None:
            results[task] = _unpickled(path, task, pickled)
    return results


def _unpickled(path: Path, task: int, pickled: bytes) -> Any:
    try:
        return pickle.loads(pickled)
    except Exception as error:
        raise StoreError(
            f"the result of task {task} in {path} cannot be unpickled here: "
            f"{type(error).__name__}: {error}. Load without results, or install what "
            "it needs."
        ) from error


def _details(entries: dict[str, dict]) -> dict[int, dict]:
    """Details by task; what a newer writer of this format added is left out."""
    return {
        int(task): {key: entry[key] for key in attachments.DETAILS if key in entry}
        for task, entry in entries.items()
    }


def _frame(columns: dict[str, list], dtypes: dict[str, np.dtype]) -> pd.DataFrame:
    return pd.DataFrame({c: np.array(columns[c], dtype) for c, dtype in dtypes.items()})
