"""Airflow's task instances, as its REST API lists them or its command line prints them.

Source: Airflow REST API, "List task instances" and its ``tries``; ``airflow tasks
states-for-dag-run`` as JSON or as a table; any table with its names. ``queued_when``,
``start_date``, ``end_date`` as ISO 8601, null until they happen; ``duration`` in s,
``try_number``, ``hostname``. It cannot know which slot of a host ran a task, who waited
for whom, or CPU time; the list has but the last try of each.
"""

from __future__ import annotations

import csv
import math
import re

import numpy as np

from .. import schema
from . import fields
from .assembling import assemble, moment, seconds
from .numbering import lanes_within, tasks_and_attempts
from .source import Source
from .spec import Format

_STATUS = {
    "success": "done",
    "failed": "failed",
    "up_for_retry": "failed",
    "up_for_reschedule": "cancelled",
    "upstream_failed": "skipped",
    "skipped": "skipped",
    "removed": "skipped",
}
_TIMES = ("start_date", "end_date")
_RUN = ("dag_run_id", "run_id", "logical_date", "execution_date")
_NO_TIME = (None, "", "None", "nan", "NaT", "NULL")
_QUEUED = ("queued_when", "queued_dttm", "scheduled_when")


def sniff(source: Source) -> bool:
    """Whether task instances are in it."""
    head = source.head
    if head.lstrip()[:1] not in {b"[", b"{"}:
        first = head.lstrip().partition(b"\n")[0].decode("utf-8", "replace")
        names = set(re.findall(r"\w+", first))
        return {"task_id", "start_date", "end_date"} <= names and "dag_id" in names
    return b'"task_instances"' in head or (
        b'"task_id"' in head and b'"start_date"' in head
    )


def read(source: Source, n_workers: int | None = None):
    """The Run of a DAG run; a list of them where the file tells of several."""
    runs: dict[tuple[str, str], list] = {}
    place = 0
    is_json = source.head.lstrip()[:1] in {b"[", b"{"}
    for document in fields.documents(source) if is_json else [_table(source)]:
        for instance in _instances(source, document):
            place += 1
            where = f"instance {place}"
            fields.mapping(source, instance, "task_instances", where)
            told = _told(source, instance, where)
            runs.setdefault(told["run"], []).append(told)
    if not runs:
        raise source.error("it tells of no task: there is nothing to make a Run of")
    made = [_run(source, run, told, n_workers) for run, told in runs.items()]
    return made[0] if len(made) == 1 else made


def _instances(source, document):
    if isinstance(document, list):
        for each in document:
            yield from _instances(source, each)
        return
    fields.mapping(source, document, "the file")
    if "task_instances" in document:
        yield from fields.sequence(source, document["task_instances"], "task_instances")
    elif "task_id" in document:
        yield document
    else:
        raise source.error("expected a field 'task_instances'; got none")


def _table(source):
    """Instances of a printed table: columns between ``|``, commas, tabs, or spaces."""
    lines = [(number, line) for number, line in source.lines() if line.strip("=+-| \t")]
    if not lines:
        return []
    header = lines[0][1]
    separator = max("|,\t", key=header.count)
    if header.count(separator):
        rows = csv.reader((line for _, line in lines), delimiter=separator)
    else:  # all begin where their names do
        begins = [found.start() for found in re.finditer(r"\S+", header)]
        rows = (
            [line[a:b] for a, b in zip(begins, [*begins[1:], None], strict=True)]
            for _, line in lines
        )
    try:
        names, *found = [[field.strip() for field in row] for row in rows]
    except csv.Error as error:
        raise source.error(f"expected a table: {error}") from None
    if "task_id" not in names:
        raise source.error("expected a column 'task_id'; got none", "line 1")
    for (number, _), row in zip(lines[1:], found, strict=False):
        if len(row) != len(names):
            raise source.error(
                f"expected {len(names)} fields; got {len(row)}", f"line {number}"
            )
    return [
        {name: value for name, value in zip(names, row, strict=True) if value}
        | {name: row[names.index(name)] or None for name in _TIMES if name in names}
        for row in found
    ]


def _told(source, instance, where):
    def at(name):
        text = instance.get(name)
        return math.nan if text in _NO_TIME else moment(source, text, name, where)

    for name in _TIMES:
        if name not in instance:
            raise source.error(f"expected a field {name!r}; got none", where)
    name = fields.text_of(fields.needed(source, instance, ("task_id",), where))
    index = instance.get("map_index", -1)
    started, ended = at("start_date"), at("end_date")
    duration = instance.get("duration")
    state = fields.text_of(instance.get("state"), "no state")
    is_over = state in _STATUS
    if is_over and math.isnan(ended) and duration not in _NO_TIME:
        ended = started + seconds(source, duration, "duration", where)
    status = _STATUS.get(state, "cancelled")
    error = None if status == "done" else state
    if status == "cancelled" and state not in _STATUS:
        error += " when this was written"
    if status == "done" and math.isnan(started):
        if math.isnan(ended):  # an operator without work, passed over
            status, error = "skipped", "success without being run"
        started = ended
    if math.isnan(started) or math.isnan(ended):
        started = ended = math.nan
    queued = next((at(each) for each in _QUEUED if instance.get(each)), math.nan)
    number, index = map(_whole, (instance.get("try_number"), index))
    return {
        "run": (
            fields.text_of(instance.get("dag_id")),
            next((fields.text_of(instance[n]) for n in _RUN if instance.get(n)), ""),
        ),
        "key": (name, index if isinstance(index, int) else -1),
        "name": f"{name}[{index}]" if isinstance(index, int) and index >= 0 else name,
        "try": number if isinstance(number, int) and 0 <= number < 2**31 else 1,
        "times": (math.nan if queued > started else queued, started, ended),
        "status": status,
        "error": error,
        "host": fields.text_of(instance.get("hostname")),
        "pool": fields.text_of(instance.get("pool")),
        "where": where,
    }


def _whole(value):
    """A whole number, be it written as text; anything else as it is."""
    is_text = isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value)
    return int(value) if is_text else value


def _run(source, run, told, n_workers):
    queued, started, ended = np.array([each["times"] for each in told], float).T
    tasks, attempts = tasks_and_attempts(
        [each["key"] for each in told],
        [each["try"] for each in told],
        np.nan_to_num(started),
    )
    n_earlier = sum(max(each["try"] - 1, 0) for each in told) - int(
        (attempts - 1).sum()
    )
    columns = {
        schema.TASK: tasks,
        schema.ATTEMPT: attempts,
        schema.NAME: schema.as_text([each["name"] for each in told]),
        schema.SUBMITTED: queued,
        schema.STARTED: started,
        schema.ENDED: ended,
        schema.STATUS: [each["status"] for each in told],
        schema.ERROR: schema.as_text([each["error"] for each in told]),
        schema.HOST: schema.as_text([each["host"] or None for each in told]),
    }
    pools = [each["pool"] for each in told]
    if len(set(pools)) > 1:
        columns[schema.AGENT] = schema.as_text([pool or None for pool in pools])
    hosts = [each["host"] for each in told]
    if len(set(filter(None, hosts))) > 1 and (ended >= started)[~np.isnan(ended)].all():
        lanes, n_lanes = lanes_within(hosts, started, ended)
        columns[schema.WORKER] = lanes
        n_workers = max(n_lanes, 1) if n_workers is None else n_workers
    notes = ["who waited for whom is in the DAG's file"]
    if n_earlier > 0:
        notes.append(f"{n_earlier} earlier tries are not in the file")
    label = " ".join(part for part in run if part)
    return assemble(
        source,
        columns,
        made_by="airflow",
        where=lambda row: told[row]["where"],
        zero=0.0,
        label=label[:200] or source.stem,
        lacks=("workers",),
        notes=notes,
        n_workers=n_workers,
        backend="airflow",
    )


FORMAT = Format("airflow", "Airflow task instances", sniff, read, ("n_workers",))
