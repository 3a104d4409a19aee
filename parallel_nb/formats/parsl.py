"""Parsl's monitoring database: an SQLite file, one row a try.

Source: Parsl documentation, "Monitoring"; tables ``workflow``, ``task``, ``try`` and
``status``. Times are local without a zone; ``task_depends`` tells what a task waits
for. It cannot know which worker ran a try, nor, where resources were not monitored,
when it began after it was launched.
"""

from __future__ import annotations

import math
import sqlite3
import time
from contextlib import closing

import numpy as np

from .. import schema
from . import fields
from .assembling import assemble, moment
from .numbering import in_order, lanes_within, tasks_and_attempts
from .source import Source
from .spec import Format

_MAGIC = b"SQLite format 3\0"
_LONGEST_VALUE = 16 << 20
_LONGEST = 120.0  # s that reading may take
_STEPS = 100_000  # of SQLite's machine between looks at the clock
_STATUS = {
    "exec_done": "done",
    "memo_done": "skipped",
    "dep_fail": "skipped",
    "failed": "failed",
    "fail_retryable": "failed",
}
_BEFORE = {"pending", "unsched"}
_TRY = {
    "try": "try_id",
    "task": "task_id",
    "run": "run_id",
    "host": "hostname",
    "launched": "task_try_time_launched",
    "running": "task_try_time_running",
    "returned": "task_try_time_returned",
    "error": "task_fail_history",
}
_TASK = {
    "task": "task_id",
    "run": "run_id",
    "name": "task_func_name",
    "depends": "task_depends",
    "invoked": "task_time_invoked",
}
_OLD_TRY = {  # before there was a table `try`
    "task": "task_id",
    "run": "run_id",
    "host": "hostname",
    "launched": "task_time_submitted",
    "running": "task_time_running",
    "returned": "task_time_returned",
}
_STATE = {
    "task": "task_id",
    "run": "run_id",
    "state": "task_status_name",
    "at": "timestamp",
    "try": "try_id",
}


def sniff(source: Source) -> bool:
    """Whether it is an SQLite database."""
    return source.head.startswith(_MAGIC)


def read(source: Source, n_workers: int | None = None):
    """The Run of a workflow; a list of them where the file has several.

    The database is opened for reading only, its tables are read as they are: no view,
    trigger or virtual table of it is used.
    """
    if not source.head.startswith(_MAGIC):
        raise source.error("expected an SQLite database; got another file")
    try:
        with closing(_opened(source)) as database:
            tables = _tables(source, database)
            tasks = _rows(source, database, tables, "task", _TASK, ("task", "run"))
            if "try" in tables:
                needed = ("task", "run", "try", "returned")
                tries = _rows(source, database, tables, "try", _TRY, needed)
            else:
                needed = ("task", "run", "returned")
                tries = _rows(source, database, tables, "task", _OLD_TRY, needed)
            states = (
                _rows(source, database, tables, "status", _STATE, ("task", "run"))
                if "status" in tables
                else []
            )
    except UnicodeDecodeError:  # SQLite's own message quotes bytes that are no text
        raise source.error("its database cannot be read: it is damaged") from None
    except (sqlite3.Error, sqlite3.Warning, MemoryError) as error:
        raise source.error(f"its database cannot be read: {error}") from None
    return _runs(source, tasks, tries, states, n_workers)


def _opened(source):
    is_plain = False
    if source.path is not None:
        with source.path.open("rb") as file:
            is_plain = file.read(len(_MAGIC)) == _MAGIC
    if is_plain:
        log = source.path.with_name(source.path.name + "-wal")
        is_being_written = log.is_file() and log.stat().st_size > 0
        how = "mode=ro" if is_being_written else "mode=ro&immutable=1"
        uri = f"{source.path.absolute().as_uri()}?{how}"
        database = sqlite3.connect(uri, uri=True)
    else:
        database = sqlite3.connect(":memory:")
        database.deserialize(source.content())
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    until = time.monotonic() + _LONGEST
    database.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON"):
        database.execute(f"PRAGMA {pragma}")
    return database


def _tables(source, database):
    """Names of real tables; what computes its rows is none."""
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    tables = {
        str(name): str(sql)
        for name, sql in found
        if not str(sql).upper().lstrip().startswith("CREATE VIRTUAL")
    }
    if "task" not in tables:
        raise source.error(
            "expected Parsl's tables workflow, task, try; got "
            + (", ".join(sorted(tables)[:20]) or "none")
        )
    return tables


def _rows(source, database, tables, table, columns, needed):
    """Rows of a table as dicts, by our names of the columns that it has."""
    have = {str(row[1]) for row in database.execute(f'PRAGMA table_info("{table}")')}
    for name in needed:
        if columns[name] not in have:
            raise source.error(
                f"table {table}: expected a column {columns[name]!r}; got "
                + ", ".join(sorted(have)[:30])
            )
    taken = [name for name, theirs in columns.items() if theirs in have]
    listed = ", ".join(f'"{columns[name]}"' for name in taken)
    most = max(source.size, len(source.head)) if source.path is None else source.size
    most = max(most, 1) * 50  # a row has some bytes, or the pages are in a circle
    rows = []
    for values in database.execute(f'SELECT {listed} FROM "{table}"'):
        rows.append(dict(zip(taken, values, strict=True)))
        if len(rows) > most:
            raise source.error(f"table {table}: more rows than the file has room for")
    return rows


def _runs(source, tasks, tries, states, n_workers):
    def by_run(rows):
        found: dict = {}
        for place, row in enumerate(rows, 1):
            row["place"] = place
            found.setdefault(row["run"], []).append(row)
        return found

    tasks, tries, states = by_run(tasks), by_run(tries), by_run(states)
    if not tasks:
        raise source.error("it tells of no task: there is nothing to make a Run of")
    made = [
        _run(source, run, rows, tries.get(run, []), states.get(run, []), n_workers)
        for run, rows in tasks.items()
    ]
    return made[0] if len(made) == 1 else made


def _run(source, run, tasks, tries, states, n_workers):
    last = _last_states(states)
    of_task = {row["task"]: row for row in tasks}
    tried = {row["task"] for row in tries}
    rows = [row for row in tries if row["task"] in of_task]
    rows += [row for row in tasks if row["task"] not in tried]
    times = [_times(source, row, of_task[row["task"]]) for row in rows]
    invoked, started, ended, is_launch = np.array(times, float).reshape(-1, 4).T
    status = [_status(row, last) for row in rows]
    errors = [
        None if s == "done" else (fields.text_of(row.get("error")) or s)[:300]
        for s, row in zip(status, rows, strict=True)
    ]
    positions, attempts = tasks_and_attempts(
        [row["task"] for row in rows],
        [fields.number_of(row.get("try")) for row in rows],
    )
    columns = {
        schema.TASK: positions,
        schema.ATTEMPT: attempts,
        schema.NAME: schema.as_text(
            [fields.text_of(of_task[row["task"]].get("name"), "task") for row in rows]
        ),
        schema.STATUS: status,
        schema.READY: invoked,
        schema.STARTED: started,
        schema.ENDED: ended,
        schema.HOST: schema.as_text([row.get("host") for row in rows]),
        schema.ERROR: schema.as_text(errors),
    }
    hosts = [fields.text_of(row.get("host")) for row in rows]
    if len(set(filter(None, hosts))) > 1 and not (ended < started).any():
        lanes, n_lanes = lanes_within(hosts, started, ended)
        columns[schema.WORKER] = lanes
        n_workers = max(n_lanes, 1) if n_workers is None else n_workers
    notes = ["the file's times are of an unknown time zone"]
    if n_launched := int(is_launch.sum()):
        notes.append(
            f"{n_launched} tries do not tell when they began: taken from their launch, "
            "so waiting for a worker is in them"
        )
    return assemble(
        source,
        columns,
        made_by="parsl",
        where=lambda row: f"row {rows[row]['place']} of run {fields.shown(run)}",
        edges=_edges(source, tasks, rows, positions),
        lacks=("workers",),
        notes=notes,
        n_workers=n_workers,
        label=f"{source.stem} {run}".strip()[:120],
        backend="parsl",
    )


def _last_states(states):
    last: dict = {}
    for row in states:
        key = (row["task"], row.get("try"))
        at = fields.text_of(row.get("at"))
        if key not in last or at >= last[key][0]:
            last[key] = (at, fields.text_of(row.get("state")))
    return last


def _status(row, last):
    """Of a try: by its last state, else by what the try itself tells."""
    found = last.get((row["task"], row.get("try")))
    if found is None and "try" not in row:  # a task that was never tried
        states = [told for key, told in last.items() if key[0] == row["task"]]
        found = max(states, default=None)
    state = found[1] if found is not None else ""
    if state in _STATUS:
        return _STATUS[state]
    if row.get("returned") is None or state in _BEFORE:
        return "cancelled"
    return "failed" if row.get("error") else "done"


def _times(source, row, task):
    """When invoked, begun and returned; and whether the beginning is but the launch."""

    def at(record, name):
        value = record.get(name)
        if value is None or value == "":
            return math.nan
        return moment(source, value, name, f"row {record['place']}")

    invoked, launched = at(task, "invoked"), at(row, "launched")
    running, ended = at(row, "running"), at(row, "returned")
    is_launch = math.isnan(running)
    started = launched if is_launch else running
    if math.isnan(started) or math.isnan(ended):
        started = ended = math.nan
    return invoked, started, ended, is_launch and not math.isnan(started)


def _edges(source, tasks, rows, positions):
    position = {
        fields.text_of(row["task"]): int(at)
        for row, at in zip(rows, positions, strict=True)
    }
    edges = set()
    for row in tasks:
        task = position[fields.text_of(row["task"])]
        for other in fields.text_of(row.get("depends")).split(","):
            after = position.get(other.strip())
            if after is not None and after != task:
                edges.add((task, after))
    _, stuck = in_order(int(positions.max()) + 1, edges)
    if stuck is not None:
        raise source.error(f"task_depends: tasks wait in a circle, one is {stuck}")
    return sorted(edges)


FORMAT = Format("parsl", "Parsl monitoring database", sniff, read, ("n_workers",))
