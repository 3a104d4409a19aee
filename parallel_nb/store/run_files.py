"""A Run as columns and a header entry, and back.

Knows what of a Run is a column and what is not; refuses to know files, and other kinds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .. import attachments, schema
from ..errors import SchemaError, StoreError
from ..meta import FORMAT_VERSION, Meta
from ..runs import Run
from .files import damage_told
from .headers import KEY, RUN, header_bytes
from .pickled import pickled_results, results_of

TRACEBACK = "traceback"
RESULT = "result"
TEXTS = [
    schema.NAME,
    schema.AGENT,
    schema.STATUS,
    schema.HOST,
    schema.ERROR,
    TRACEBACK,
]


def table_of(run: Run, with_results: bool) -> pa.Table:
    """All that a file holds of a Run."""
    header = header_bytes(RUN, entry_of(run))
    return with_header(attempts_of(run, with_results), header)


def with_header(table: pa.Table, header: bytes) -> pa.Table:
    """The table with the header beside what pandas needs to know of it."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), KEY: header})


def attempts_of(run: Run, with_results: bool) -> pa.Table:
    """One row per attempt, with traceback and result where there are such."""
    attempts = run.attempts
    table = pa.Table.from_pandas(attempts, preserve_index=False)
    tracebacks = run.tracebacks
    if tracebacks:
        keys = zip(attempts[schema.TASK], attempts[schema.ATTEMPT], strict=True)
        texts = schema.as_text([tracebacks.get(key) for key in keys])
        table = table.append_column(TRACEBACK, pa.array(texts))
    if with_results:
        table = table.append_column(RESULT, pickled_results(run))
    return table


def entry_of(run: Run) -> dict[str, Any]:
    """What of a Run is not in a row, as JSON can hold it."""
    return {
        "meta": {**run.meta.to_dict(), "format_version": FORMAT_VERSION},
        "edges": run.edges.to_dict("list"),
        "startups": run.startups.astype(object).to_dict("list"),
        "details": {str(task): entry for task, entry in run.details.items()},
        "summary": summary_of(run),
    }


def summary_of(run: Run) -> dict[str, Any]:
    """Its numbers for whoever lists many files; None where one is not defined."""
    numbers = run.summary().iloc[0].to_dict()
    return {
        name: None if pd.isna(value) else getattr(value, "item", lambda v=value: v)()
        for name, value in numbers.items()
    }


def read_run(
    path: Path, parquet: pq.ParquetFile, header: dict[str, Any], with_results: bool
) -> Run:
    """The Run of a file."""
    return run_of(path, header, columns_of(path, parquet, with_results), with_results)


def columns_of(
    path: Path, parquet: pq.ParquetFile, with_results: bool, *more: str
) -> pa.Table:
    """The columns that are ours, and `more`; what a newer writer added stays out."""
    there = parquet.schema_arrow.names
    columns = [c for c in [*schema.COLUMNS, TRACEBACK, *more] if c in there]
    if with_results:
        if RESULT not in there:
            raise StoreError(
                f"{path} holds no results: it was saved without `with_results=True`"
            )
        columns.append(RESULT)
    with damage_told(path):
        table = parquet.read(columns=columns, use_threads=True)
    # Without the writer's pandas metadata: nothing in it can choose what gets built.
    return table.replace_schema_metadata(None)


def run_of(
    path: Path, entry: dict[str, Any], table: pa.Table, with_results: bool
) -> Run:
    """The Run of an entry and its rows.

    Raises
    ------
    StoreError
        If they do not fit each other.
    """
    ours = table.select([c for c in table.column_names if c in schema.COLUMNS])
    try:
        attempts = schema.coerce(ours.to_pandas())
        return Run(
            attempts,
            Meta.from_dict(entry["meta"]),
            tracebacks=_tracebacks(attempts, table),
            results=results_of(path, attempts, table[RESULT]) if with_results else None,
            edges=_frame(entry["edges"], schema.EDGES),
            startups=_frame(entry["startups"], schema.STARTUPS),
            details=_details(entry.get("details", {})),
        )
    except (SchemaError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is damaged: {error}") from error


def _tracebacks(attempts: pd.DataFrame, table: pa.Table) -> dict | None:
    if TRACEBACK not in table.column_names:
        return None
    texts = table[TRACEBACK].to_pandas()
    rows = np.flatnonzero(texts.notna())
    keys = attempts[[schema.TASK, schema.ATTEMPT]].iloc[rows]
    pairs = keys.itertuples(index=False, name=None)
    return dict(zip(pairs, texts.iloc[rows], strict=True))


def _details(entries: dict[str, dict]) -> dict[int, dict]:
    """Details by task; what a newer writer of this format added is left out."""
    return {
        int(task): {key: entry[key] for key in attachments.DETAILS if key in entry}
        for task, entry in entries.items()
    }


def _frame(columns: dict[str, list], dtypes: dict[str, np.dtype]) -> pd.DataFrame:
    return pd.DataFrame({c: np.array(columns[c], dtype) for c, dtype in dtypes.items()})
