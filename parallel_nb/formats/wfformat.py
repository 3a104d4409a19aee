"""WfFormat, the workflow instances of WfCommons: who waited for whom, and how long.

Source: WfCommons, "WfFormat" JSON schema; 1.5 parts ``specification`` from
``execution``, 1.0 to 1.4 have one list of tasks (``jobs`` before). Runtimes in s. It
cannot know when a task started, so the record can be simulated, not replayed; nor what
its reported makespan holds besides runtimes.
"""

from __future__ import annotations

import math

import numpy as np

from .. import metrics, schema
from . import fields
from .assembling import assemble, lay_out, seconds
from .numbering import in_order
from .source import Source
from .spec import Format

_MARKS = (b'"schemaVersion"', b'"workflow"')
_RUNTIME = ("runtimeInSeconds", "runtime", "runtimeInseconds")
_MAKESPAN = ("makespanInSeconds", "makespan")
_LITTLE = 0.5  # of a makespan; less is worth saying


def sniff(source: Source) -> bool:
    """Whether it names a schema's version and a workflow."""
    head = source.head
    if not head.lstrip().startswith(b"{"):
        return False
    if b'"wfcommons' in head.lower() or b'"runtimeInSeconds"' in head:
        return True
    return all(mark in head for mark in _MARKS)


def read(source: Source, n_workers: int | None = None):
    """The Run of an instance, laid end to end in an order that its edges allow.

    Tasks are in the order of the file. `n_workers` is for what follows: one lane has
    all of them.
    """
    document = fields.mapping(source, fields.loaded(source), "the file")
    workflow = document.get("workflow")
    workflow = fields.mapping(source, workflow, "workflow")
    specified, executed, execution = _lists(source, workflow)
    ids, names, links = _tasks(source, specified)
    position = {identity: at for at, identity in enumerate(ids)}
    done = _executions(source, executed)
    durations, details = _runtimes(source, ids, names, specified, done)
    edges = _edges(source, specified, links, position, names)
    order = _order(source, len(ids), edges)
    started, ended = np.empty(len(ids)), np.empty(len(ids))
    started[order], ended[order] = lay_out(durations[order])
    return assemble(
        source,
        {
            schema.NAME: schema.as_text(names),
            schema.STARTED: started,
            schema.ENDED: ended,
            schema.WORKER: np.zeros(len(ids), dtype=np.int32),
            schema.CPU: details["cpu"],
            schema.MAX_RSS: details["memory"],
            schema.IN_BYTES: details["read"],
            schema.OUT_BYTES: details["written"],
        },
        made_by="wfformat",
        where=lambda row: f"task {row + 1} ({fields.shown(ids[row])})",
        edges=edges,
        lacks=("starts", "workers"),
        notes=_notes(source, workflow, execution, durations, edges),
        n_workers=n_workers,
        label=fields.text_of(document.get("name"), source.stem)[:120],
        backend=_system(document),
    )


def _lists(source, workflow):
    """Tasks as specified, as executed, and what holds the makespan."""
    specification = workflow.get("specification")
    if specification is not None:
        fields.mapping(source, specification, "workflow.specification")
        specified = fields.sequence(
            source, specification.get("tasks"), "workflow.specification.tasks"
        )
        execution = workflow.get("execution")
        if execution is None:
            raise source.error(
                "workflow.execution: expected the tasks' runtimes; got none: this is a "
                "workflow that nobody ran"
            )
        fields.mapping(source, execution, "workflow.execution")
        executed = fields.sequence(
            source, execution.get("tasks"), "workflow.execution.tasks"
        )
        return specified, executed, execution
    for name in ("tasks", "jobs"):
        if workflow.get(name) is not None:
            both = fields.sequence(source, workflow[name], f"workflow.{name}")
            return both, both, workflow
    raise source.error(
        "workflow: expected specification.tasks and execution.tasks, or tasks; got "
        "none of them"
    )


def _tasks(source, specified):
    """Identity and name of each task, and by which of them others name it."""
    ids, names = [], []
    for place, task in enumerate(specified, 1):
        where = f"task {place}"
        fields.mapping(source, task, "tasks", where)
        name = fields.text_of(fields.needed(source, task, ("name", "id"), where))
        identity = fields.text_of(task.get("id"), name)
        ids.append(identity)
        names.append(name)
    if len(set(ids)) < len(ids):
        seen: set[str] = set()
        for place, identity in enumerate(ids, 1):
            if identity in seen:
                raise source.error(
                    f"id: got {fields.shown(identity)} twice", f"task {place}"
                )
            seen.add(identity)
    # Up to 1.4 parents are named by name, where an id is another one.
    by_name = {name: at for at, name in enumerate(names)}
    return ids, names, by_name if len(by_name) == len(names) else {}


def _executions(source, executed):
    done = {}
    for place, task in enumerate(executed, 1):
        where = f"execution {place}"
        fields.mapping(source, task, "tasks", where)
        identity = fields.text_of(fields.needed(source, task, ("id", "name"), where))
        if identity in done:
            raise source.error(f"id: got {fields.shown(identity)} twice", where)
        done[identity] = task
    return done


def _runtimes(source, ids, names, specified, done):
    durations = np.empty(len(ids))
    details = {
        n: np.full(len(ids), np.nan) for n in ("cpu", "memory", "read", "written")
    }
    for at, (identity, name) in enumerate(zip(ids, names, strict=True)):
        where = f"task {at + 1} ({fields.shown(identity)})"
        task = done.get(identity, done.get(name))
        if task is None:
            raise source.error("expected an execution of it; got none", where)
        runtime = fields.needed(source, task, _RUNTIME, where)
        durations[at] = seconds(source, runtime, "runtimeInSeconds", where)
        if durations[at] < 0:
            raise source.error(
                f"runtimeInSeconds: expected no negative time; got {durations[at]:g}",
                where,
            )
        share = fields.number_of(task.get("avgCPU"))
        details["cpu"][at] = share / 100 * durations[at]
        details["memory"][at] = fields.number_of(task.get("memoryInBytes"))
        details["read"][at] = fields.number_of(task.get("readBytes"))
        details["written"][at] = fields.number_of(task.get("writtenBytes"))
    return durations, details


def _edges(source, specified, links, position, names):
    edges = set()
    for at, task in enumerate(specified):
        where = f"task {at + 1}"
        for field in ("parents", "children"):
            others = task.get(field)
            if others is None:
                continue
            for other in fields.sequence(source, others, field, where):
                known = isinstance(other, str | int)
                label = fields.text_of(other) if known else None
                to = position.get(label, links.get(label))
                if to is None:
                    raise source.error(
                        f"{field}: expected tasks of the file; got "
                        f"{fields.shown(other)}",
                        where,
                    )
                if to == at:
                    raise source.error(f"{field}: got the task itself", where)
                edges.add((at, to) if field == "parents" else (to, at))
    return sorted(edges)


def _order(source, n_tasks, edges):
    order, stuck = in_order(n_tasks, edges)
    if stuck is not None:
        raise source.error("parents: tasks wait in a circle", f"task {stuck + 1}")
    return order


def _notes(source, workflow, execution, durations, edges):
    notes = ["the record can be simulated, not replayed: see `simulate` and `predict`"]
    name = next((n for n in _MAKESPAN if execution.get(n) is not None), None)
    if name is None:
        return notes
    makespan = seconds(source, execution[name], name, "workflow")
    notes.append(f"the file reports a makespan of {makespan:g} s")
    machines = execution.get("machines", workflow.get("machines"))
    n_cores = _cores(machines if isinstance(machines, list) else [])
    if n_cores:
        notes[-1] += f" on {len(machines)} machines with {n_cores} cores"
    span = metrics.span(durations, edges)
    least = max(span, durations.sum() / n_cores) if n_cores else span
    if makespan > 0 and least < _LITTLE * makespan:
        notes.append(
            f"its runtimes explain little of that: the longest chain takes {span:g} s; "
            "the rest is waiting, moving files and what else the file does not tell"
        )
    return notes


def _cores(machines):
    total = 0.0
    for machine in machines:
        cpu = machine.get("cpu") if isinstance(machine, dict) else None
        if isinstance(cpu, dict):
            count = fields.number_of(cpu.get("coreCount", cpu.get("count")))
            total += 0 if math.isnan(count) or count > 1e6 else count
    return int(total)


def _system(document):
    system = document.get("runtimeSystem", document.get("wms"))
    name = system.get("name") if isinstance(system, dict) else None
    return name[:40].lower() if isinstance(name, str) and name else "unknown"


FORMAT = Format("wfformat", "WfFormat workflow instance", sniff, read, ("n_workers",))
