"""Airflow's task instances, as its REST API lists them.

Source: Airflow REST API, "List task instances" and its ``tries``. ``queued_when``,
``start_date``, ``end_date`` as ISO 8601, null until they happen; ``duration`` in s,
``try_number``, ``hostname``. It cannot know which slot of a host ran a task, who waited
for whom, or CPU time; the list has but the last try of each.
"""

from __future__ import annotations

import math

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
_QUEUED = ("queued_when", "queued_dttm", "scheduled_when")


def sniff(source: Source) -> bool:
    """Whether task instances are in it."""
    head = source.head
    if head.lstrip()[:1] not in {b"[", b"{"}:
        return False
    return b'"task_instances"' in head or (
        b'"task_id"' in head and b'"start_date"' in head
    )


def read(source: Source, n_workers: int | None = None):
    """The Run of a DAG run; a list of them where the file tells of several."""
    runs: dict[tuple[str, str], list] = {}
    place = 0
    for document in fields.documents(source):
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


def _told(source, instance, where):
    def at(name):
        text = instance.get(name)
        return math.nan if text is None else moment(source, text, name, where)

    for name in ("start_date", "end_date"):
        if name not in instance:
            raise source.error(f"expected a field {name!r}; got none", where)
    name = fields.text_of(fields.needed(source, instance, ("task_id",), where))
    index = instance.get("map_index", -1)
    started, ended = at("start_date"), at("end_date")
    duration = instance.get("duration")
    state = fields.text_of(instance.get("state"), "no state")
    is_over = state in _STATUS
    if is_over and math.isnan(ended) and duration is not None:
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
    number = instance.get("try_number")
    return {
        "run": (
            fields.text_of(instance.get("dag_id")),
            fields.text_of(instance.get("dag_run_id", instance.get("run_id"))),
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
