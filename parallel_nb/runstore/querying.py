"""SQL over the attempts of all runs.

Knows DuckDB and how files become a table; refuses to know which runs there are.
"""

from __future__ import annotations

import errno
import re
import warnings
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from .. import schema
from ..errors import ArgumentError, BackendError, StoreError
from ..store import read
from . import rows


def query(folder, frame: pd.DataFrame, sql: str) -> pd.DataFrame:
    """What `RunStore.query` gives.

    Parameters
    ----------
    folder : LocalFolder or RemoteFolder
    frame : DataFrame
        As `rows.frame_of`; those that can be read are asked.
    sql : str
    """
    duckdb = _duckdb()
    if not isinstance(sql, str) or not sql.strip():
        raise ArgumentError(f"`sql` must be a query; got {sql!r}")
    readable = frame[frame["status"] == rows.OK]
    try:
        return _answer(duckdb, folder, readable, sql)
    except duckdb.Error as error:
        if isinstance(error, _of_the_asker(duckdb)):
            raise _not_answered(error) from error
        # It seldom says which file it stumbled over.
        damaged = _damaged(folder, readable["id"])
        if not damaged:
            is_files = isinstance(error, duckdb.IOException | duckdb.HTTPException)
            raise (
                StoreError(f"the runs cannot be read: {error}")
                if is_files
                else _not_answered(error)
            ) from error
    if told := [why for why in damaged.values() if why]:
        more = f" (and {len(told) - 1:,} more)" if len(told) > 1 else ""
        warnings.warn(f"left out: {told[0]}{more}", RuntimeWarning, stacklevel=3)
    try:
        return _answer(duckdb, folder, readable[~readable["id"].isin(damaged)], sql)
    except duckdb.Error as error:
        raise _not_answered(error) from error


def _answer(duckdb, folder, readable: pd.DataFrame, sql: str) -> pd.DataFrame:
    with duckdb.connect(":memory:") as connection:
        if not folder.is_local:
            connection.register_filesystem(folder.files)
        connection.register("runs", _listed(readable))
        names = ", ".join(f'"{name}"' for name in schema.COLUMNS)
        if len(readable):
            urls = folder.urls([f"{each}{rows.ENDING}" for each in readable["id"]])
            # A star in a name is no pattern: it would count other files twice.
            urls = [re.sub(r"[*?]", r"[\g<0>]", url) for url in urls]
            files = connection.read_parquet(urls, union_by_name=True, filename=True)
            files.create_view("files")
            run = f"parse_filename(filename, false)[:-{len(rows.ENDING) + 1}]"
            connection.execute(
                f"CREATE VIEW attempts AS SELECT {run} AS run, {names} FROM files"
            )
        else:
            empty = schema.coerce({"task": [], "started": [], "ended": []})
            connection.register("nothing", empty)
            connection.execute(
                f"CREATE VIEW attempts AS SELECT '' AS run, {names} FROM nothing"
            )
        _refuse_to_write(duckdb, connection, sql)
        return connection.execute(sql).df()


def _listed(readable: pd.DataFrame) -> pa.Table:
    """The runs as SQL has them: tags are a list, and all of them can be read."""
    plain = readable.drop(columns=["versions", "why", "status", "tags"])
    tags = pa.array([list(each) for each in readable["tags"]], pa.list_(pa.string()))
    table = pa.Table.from_pandas(plain, preserve_index=False)
    return table.append_column("tags", tags)


def _of_the_asker(duckdb) -> tuple[type[Exception], ...]:
    """Errors that no file can be the reason of."""
    return duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException


def _not_answered(error: Exception) -> ArgumentError:
    return ArgumentError(
        f"`sql` cannot be answered: {error}. There are `attempts` (column `run` and "
        "those of a Run) and `runs` (columns of `runs()`)."
    )


def _damaged(folder, ids: Iterable[str]) -> dict[str, str]:
    """Why each run that cannot be read is not; "" if it is gone by now."""
    found = {}
    for key in ids:
        name = f"{key}{rows.ENDING}"
        try:
            with folder.reading(name) as file:
                read(file, folder.name_of(name))
        except StoreError as error:
            is_gone = getattr(error, "errno", None) == errno.ENOENT
            found[key] = "" if is_gone else str(error)
    return found


def _refuse_to_write(duckdb, connection, sql: str) -> None:
    """DuckDB could write files and attach databases: a store is only asked."""
    kinds = duckdb.StatementType
    for statement in connection.extract_statements(sql):
        if statement.type not in (kinds.SELECT, kinds.EXPLAIN):
            raise ArgumentError(
                "`sql` must be a query, such as SELECT …; got a statement that is "
                f"none: {statement.query.strip():.60}"
            )


def _duckdb():
    try:
        import duckdb
    except ImportError:
        raise BackendError(
            "queries need DuckDB: `pip install 'parallel-nb[store]'`"
        ) from None
    return duckdb
