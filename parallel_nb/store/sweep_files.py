"""A Sweep as columns and a header, and back.

Knows that the rows are the attempts of all its Runs, one Run after the other, and that
the measurements stand in the header; refuses to know what either means.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .. import schema
from ..errors import ArgumentError, SchemaError, StoreError
from ..runs import Run
from ..sweeps import Sweep
from .headers import SWEEP, header_bytes
from .run_files import attempts_of, columns_of, entry_of, run_of, with_header

_RUN = "run"  # position of the measurement that an attempt belongs to
# Mostly the same for all Runs of a Sweep, so each is written once.
_SHARED = ("edges", "details")


def table_of(sweep: Sweep, with_results: bool) -> pa.Table:
    """All that a file holds of a Sweep."""
    tables = [_numbered(at, run, with_results) for at, run in enumerate(sweep.runs)]
    entries, shared = _once([entry_of(run) for run in sweep.runs])
    header = {
        "sweep": {
            "measure": sweep.measure,
            "scale": sweep.scale,
            "label": sweep.label,
        },
        "measurements": sweep.rows.to_dict("list"),
        "runs": entries,
        "shared": shared,
    }
    rows = (
        # One Run may have tracebacks where another has none.
        pa.concat_tables(tables, promote_options="default")
        if tables
        else pa.table({_RUN: pa.array([], pa.int32())})
    )
    return with_header(rows, header_bytes(SWEEP, header))


def _numbered(at: int, run: Run, with_results: bool) -> pa.Table:
    table = attempts_of(run, with_results).replace_schema_metadata(None)
    for place, field in enumerate(table.schema):
        # As text: each Run has categories of its own, and one column has one set.
        if pa.types.is_dictionary(field.type):
            text = table[field.name].cast(pa.large_string())
            table = table.set_column(place, field.name, text)
    return table.add_column(0, _RUN, pa.array(np.full(len(table), at, np.int32)))


def _once(entries: list[dict[str, Any]]) -> tuple[list[dict], list]:
    """The entries with numbers for what they share, and the list of it."""
    numbers: dict[str, int] = {}
    for entry in entries:
        for part in _SHARED:
            text = json.dumps(entry[part])
            entry[part] = numbers.setdefault(text, len(numbers))
    return entries, [json.loads(text) for text in numbers]


def read_sweep(
    path: Path, parquet: pq.ParquetFile, header: dict[str, Any], with_results: bool
) -> Sweep:
    """The Sweep of a file."""
    try:
        entries, said = header["runs"], header["sweep"]
        entries = [
            entry | {part: header["shared"][entry[part]] for part in _SHARED}
            for entry in entries
        ]
        rows = pd.DataFrame(header["measurements"])
        if with_results and not entries:
            raise StoreError(f"{path} holds no results: it is a sweep without runs")
        table = columns_of(path, parquet, with_results and bool(entries), _RUN)
        runs = [
            run_of(path, entry, part, with_results)
            for entry, part in zip(
                entries, _parts(path, table, len(entries)), strict=True
            )
        ]
        return Sweep(
            rows,
            measure=said["measure"],
            scale=said["scale"],
            label=said["label"],
            runs=runs,
        )
    except (
        SchemaError,
        ArgumentError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
    ) as error:
        raise StoreError(f"{path} is damaged: {error}") from error


def _parts(path: Path, table: pa.Table, n_runs: int) -> list[pa.Table]:
    """The rows of each Run."""
    number = table[_RUN].to_numpy()
    is_sorted = not (np.diff(number) < 0).any()
    if len(number) and not (is_sorted and number[0] >= 0 and number[-1] < n_runs):
        raise StoreError(f"{path} is damaged: rows that belong to none of its runs")
    ends = np.searchsorted(number, np.arange(n_runs + 1))
    # Without attempts a Run still has its columns.
    wanted = [c for c in table.column_names if c != _RUN]
    missing = [c for c in schema.REQUIRED if c not in wanted]
    if n_runs and missing:
        raise StoreError(f"{path} is damaged: no column {missing[0]!r}")
    ours = table.select(wanted)
    return [
        ours.slice(begin, end - begin)
        for begin, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]
