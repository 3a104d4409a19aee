"""SQL over the attempts of all runs.

Knows DuckDB and how files become a table; refuses to know which runs there are.
"""

from __future__ import annotations

import re

import pandas as pd

from .. import schema
from ..errors import ArgumentError, BackendError, StoreError
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
    with duckdb.connect(":memory:") as connection:
        if not folder.is_local:
            connection.register_filesystem(folder.files)
        connection.register(
            "runs", readable.drop(columns=["versions", "why", "status", "tags"])
        )
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
        try:
            _refuse_to_write(duckdb, connection, sql)
            return connection.execute(sql).df()
        except (duckdb.IOException, duckdb.HTTPException) as error:
            raise StoreError(f"the runs cannot be read: {error}") from error
        except duckdb.Error as error:
            raise ArgumentError(
                f"`sql` cannot be answered: {error}. There are `attempts` (column "
                "`run` and those of a Run) and `runs` (columns of `runs()`)."
            ) from error


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
