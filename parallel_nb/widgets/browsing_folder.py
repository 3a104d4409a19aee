"""A folder of saved runs → one row a file, without reading what happened in them.

Knows which files are runs of ours and what their heads tell; refuses to know widgets.
Whatever has `runs` and `load` like `Folder` can be browsed as well.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .. import schema
from ..engine.journals import layout
from ..engine.journals.recovering import recover
from ..errors import ArgumentError, StoreError
from ..store import load
from ..store.headers import RUN, header_of

RUNS = ".parquet"
JOURNAL = ".journal"
COLUMNS = (
    *("id", "kind", "label", "tags", "started_at", "n_tasks", "n_workers", "backend"),
    *("makespan", "n_errors", "ended_by", "problem"),
)
_BLANK = {
    **dict.fromkeys(("kind", "label", "tags", "started_at", "backend", "ended_by"), ""),
    **dict.fromkeys(("n_tasks", "n_workers", "makespan", "n_errors"), np.nan),
    "problem": "",
}


class Folder:
    """The runs saved in a folder: what `save` wrote, and journals.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    ArgumentError
        If there is no such folder.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        if not self.path.is_dir():
            raise ArgumentError(
                f"`folder={os.fspath(path)!r}`: there is no such folder"
            )
        self._known: dict[tuple, dict] = {}

    def __str__(self):
        return str(self.path)

    def runs(self) -> pd.DataFrame:
        """One row a file.

        Returns
        -------
        DataFrame
            ``id`` (name of the file), ``kind`` (``run``, ``sweep`` or ``journal``),
            ``label``, ``tags``, ``started_at``, ``n_tasks``, ``n_workers``,
            ``backend``, ``makespan`` (s), ``n_errors`` (attempts with an error),
            ``ended_by``; NaN or empty where the head of a file does not tell.
            ``problem`` says why a file cannot be read.
        """
        known, rows = {}, []
        with os.scandir(self.path) as found:
            files = [file for file in found if file.name.endswith((RUNS, JOURNAL))]
        for file in sorted(files, key=lambda file: file.name):
            try:
                facts = file.stat()
            except OSError:
                continue  # it has gone meanwhile
            key = file.name, facts.st_size, facts.st_mtime_ns
            known[key] = self._known.get(key) or _row(Path(file.path))
            rows.append(known[key])
        self._known = known
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def load(self, id: str):
        """The Run, or Sweep, of a row.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
        path = self.path / id
        return recover(path) if path.suffix == JOURNAL else load(path)


def _row(path: Path) -> dict:
    """What the head of a file tells."""
    tell = _of_journal if path.suffix == JOURNAL else _of_parquet
    try:
        told = tell(path)
    except (StoreError, PermissionError) as error:
        told = {"problem": " ".join(str(error).split())}
    except (OSError, pa.ArrowException):
        told = {"problem": "it is torn, damaged or not a Parquet file"}
    except (layout.Torn, layout.Damaged, ValueError, KeyError, TypeError):
        told = {"problem": "its head is damaged"}
    return {"id": path.name, **_BLANK, **told}


def _of_meta(meta: dict) -> dict:
    names = ("label", "started_at", "n_workers", "backend", "ended_by")
    told = {name: meta[name] for name in names if name in meta}
    return {**told, "tags": ", ".join(meta.get("tags", ()))}


def _of_parquet(path: Path) -> dict:
    footer = pq.read_metadata(path)
    header = header_of(path, footer.metadata or {})
    if header["kind"] != RUN:
        return {"kind": header["kind"], "label": str(header.get("label", ""))}
    facts = _Statistics(footer)
    begun = facts.least(schema.SUBMITTED)
    if np.isnan(begun):
        begun = facts.least(schema.STARTED)
    return {
        "kind": "run",
        **_of_meta(header["meta"]),
        "n_tasks": np.nan_to_num(facts.most(schema.TASK) + 1),
        "makespan": facts.most(schema.ENDED) - begun,
        "n_errors": facts.n_known(schema.ERROR),
    }


def _of_journal(path: Path) -> dict:
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        layout.check_start(path, file.read(min(layout.START_SIZE, n_bytes)))
        kind, body = layout.read_record(file, n_bytes - layout.START_SIZE)
    if kind != layout.HEADER:
        raise layout.Damaged
    fields = layout.json_fields(body)
    told = _of_meta(fields["meta"])
    n_tasks = fields["n_tasks"]
    return {
        "kind": "journal",
        **told,
        "n_tasks": np.nan if n_tasks is None else n_tasks,
        "ended_by": "",  # only its end tells
    }


class _Statistics:
    """What the foot of a Parquet file says of its columns."""

    def __init__(self, footer):
        self._footer = footer
        first = footer.row_group(0) if footer.num_row_groups else None
        n = 0 if first is None else first.num_columns
        self._at = {first.column(i).path_in_schema: i for i in range(n)}

    def least(self, column: str) -> float:
        """The lowest value; NaN where there is none."""
        return float(min((s.min for s in self._known(column)), default=np.nan))

    def most(self, column: str) -> float:
        """The highest value; NaN where there is none."""
        return float(max((s.max for s in self._known(column)), default=np.nan))

    def n_known(self, column: str) -> float:
        """Values that are there."""
        if column not in self._at:
            return 0.0
        counts = [s.null_count for s in self._all(column) if s.has_null_count]
        return float(self._footer.num_rows - sum(counts))

    def _known(self, column: str) -> list:
        return [s for s in self._all(column) if s.has_min_max]

    def _all(self, column: str) -> list:
        if column not in self._at:
            return []
        groups = map(self._footer.row_group, range(self._footer.num_row_groups))
        found = [group.column(self._at[column]).statistics for group in groups]
        return [each for each in found if each is not None]
