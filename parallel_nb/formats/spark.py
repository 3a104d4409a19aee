"""Spark's event log: one JSON object a line, as the history server reads it.

Source: Spark's ``JsonProtocol``; "Monitoring and Instrumentation". ``Launch Time`` and
``Finish Time`` of a task in ms since 1970, CPU time in ns, bytes read and written; a
stage's ``Parent IDs`` tell what it waits for. It cannot know which core of an executor
ran a task, and what made one job follow another: the program did.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from .. import schema
from . import fields, spark_stages
from .assembling import assemble
from .numbering import lanes_within, tasks_and_attempts
from .source import Source
from .spark_parts import Lines
from .spec import Format
from .stages import edges_of

MOST_CORES = 1_000_000
_MARK = b"SparkListener"
_LOCAL = re.compile(r"local\[(\d{1,6})[\],]")
_REASONS = {
    "Success": "done",
    "TaskKilled": "cancelled",
    "ExecutorLostFailure": "crashed",
}


def _field(default=None, *, name):
    return msgspec.field(default=default, name=name)


class _Info(msgspec.Struct):
    index: int = msgspec.field(name="Index")
    launched: float = msgspec.field(name="Launch Time")
    finished: float = _field(0.0, name="Finish Time")
    executor: str = _field("driver", name="Executor ID")
    task_id: int = _field(0, name="Task ID")
    attempt: int = _field(0, name="Attempt")
    host: str | None = _field(name="Host")
    failed: bool = _field(False, name="Failed")
    killed: bool = _field(False, name="Killed")


class _Event(msgspec.Struct):
    event: str = msgspec.field(name="Event")
    stage: int | None = _field(name="Stage ID")
    stage_attempt: int | None = _field(name="Stage Attempt ID")
    info: _Info | None = _field(name="Task Info")
    reason: Any = _field(name="Task End Reason")
    metrics: Any = _field(name="Task Metrics")
    stage_info: dict[str, Any] | None = _field(name="Stage Info")
    stage_infos: list[dict[str, Any]] | None = _field(name="Stage Infos")
    executor: str | None = _field(name="Executor ID")
    executor_info: dict[str, Any] | None = _field(name="Executor Info")
    properties: dict[str, Any] | None = _field(name="Spark Properties")
    app: str | None = _field(name="App Name")
    version: str | None = _field(name="Spark Version")


_WANTED = {
    "SparkListenerTaskStart",
    "SparkListenerTaskEnd",
    "SparkListenerStageSubmitted",
    "SparkListenerStageCompleted",
    "SparkListenerJobStart",
    "SparkListenerExecutorAdded",
    "SparkListenerEnvironmentUpdate",
    "SparkListenerApplicationStart",
    "SparkListenerLogStart",
}


class _Log:
    """What the lines told so far."""

    def __init__(self):
        self.cores: dict[str, int] = {}
        self.stages = spark_stages.Stages()
        self.running: dict[tuple, tuple[int, _Info]] = {}
        self.rows: list[tuple] = []
        self.cpus_per_task = 1
        self.master = ""
        self.name, self.version = "", ""


def sniff(source: Source) -> bool:
    """Whether one of its first lines is an event of Spark's.

    The very first may be another's: Databricks begins with one of its own.
    """
    head = source.head.lstrip()
    return head.startswith(b"{") and any(
        line.startswith(b"{") and _MARK in line for line in head.split(b"\n", 10)[:10]
    )


def read(source: Source):
    """The Run of an application.

    A task is a stage's task index; attempts are those of tasks and of stages. Lanes are
    executors times the tasks that they run at once.
    """
    return read_parts([source])


def read_parts(sources: Sequence[Source]):
    """As `read`, of the files of a rolled log in their order."""
    log, lines = _Log(), Lines(sources)
    decoder = msgspec.json.Decoder(_Event)
    for source, number, line in lines:
        try:
            event = decoder.decode(line)
        except msgspec.ValidationError as error:
            if _is_unwanted(line):
                continue
            raise source.error(
                f"expected an event of Spark's: {error}", lines.where(number)
            ) from None
        except (msgspec.DecodeError, UnicodeError) as error:
            where = lines.where(number)
            if number > 1 and lines.is_torn_here(source):
                lines.torn = f"{where} is torn off: what stands before it was read"
                break
            raise source.error(f"expected JSON: {error}", where) from None
        if event.event in _WANTED:
            _take(source, log, event, number, lines.where(number))
    return _run(sources[0], log, lines)


def _is_unwanted(line):
    """Whether an event is one that the Run can do without, and may be anything."""
    try:
        event = msgspec.json.decode(line, type=dict[str, Any]).get("Event")
    except (msgspec.DecodeError, msgspec.ValidationError):
        return False
    return isinstance(event, str) and event not in _WANTED


def _take(source, log, event, number, where):
    match event.event.removeprefix("SparkListener"):
        case "TaskEnd" | "TaskStart" as kind:
            if event.stage is None or event.info is None:
                raise source.error("expected Stage ID and Task Info; got none", where)
            for what, value in (
                ("Stage ID", event.stage),
                ("Stage Attempt ID", event.stage_attempt or 0),
                ("Attempt", event.info.attempt),
            ):
                fields.count_of(source, value, what, where, spark_stages.MOST)
            _take_task(log, event, number, kind == "TaskEnd")
        case "JobStart":
            for info in event.stage_infos or ():
                log.stages.take(source, info, where)
        case "StageSubmitted" | "StageCompleted":
            if event.stage_info is not None:
                log.stages.take(source, event.stage_info, where)
        case "ExecutorAdded":
            cores = (event.executor_info or {}).get("Total Cores", 0)
            log.cores[event.executor or "driver"] = fields.count_of(
                source, cores, "Total Cores", where, MOST_CORES
            )
        case "EnvironmentUpdate":
            told = (event.properties or {}).get("spark.task.cpus", "1")
            if isinstance(told, str) and told.isdigit() and len(told) < 7:
                log.cpus_per_task = max(int(told), 1)
            log.master = fields.text_of((event.properties or {}).get("spark.master"))
        case "ApplicationStart":
            log.name = event.app or ""
        case "LogStart":
            log.version = event.version or ""


def _take_task(log, event, number, is_end):
    info = event.info
    attempt = event.stage_attempt or 0
    key = (event.stage, attempt, info.index, info.attempt, info.task_id)
    if not is_end:
        log.running[key] = (number, info)
        return
    log.running.pop(key, None)
    reason = event.reason if isinstance(event.reason, dict) else {}
    told = fields.text_of(reason.get("Reason"), "Success")
    status = _REASONS.get(told, "failed")
    if status == "done" and (info.failed or info.killed):
        status = "failed" if info.failed else "cancelled"
    log.rows.append((number, event.stage, attempt, info, status, _error(reason), event))
    # What the Run takes from the metrics is taken now: lines are long, logs are longer.
    log.rows[-1] = (*log.rows[-1][:-1], _numbers(event.metrics))


def _error(reason):
    told = fields.text_of(reason.get("Reason"))
    if told in {"", "Success"}:
        return None
    name = fields.text_of(reason.get("Class Name"), told)
    said = next(
        (
            fields.text_of(reason[each])
            for each in ("Description", "Kill Reason", "Loss Reason", "Message")
            if reason.get(each)
        ),
        "",
    )
    return f"{name}: {said.splitlines()[0][:300]}" if said.strip() else name


def _numbers(metrics):
    """CPU seconds, bytes read, bytes written; NaN where it does not tell."""
    metrics = metrics if isinstance(metrics, dict) else {}

    def number(*path):
        value: Any = metrics
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return fields.number_of(value)

    cpu = np.nansum([number("Executor Deserialize CPU Time")])
    shuffled = [
        number("Shuffle Read Metrics", f"{place} Bytes Read")
        for place in ("Remote", "Local")
    ]
    return (
        (number("Executor CPU Time") + cpu) / 1e9,
        np.nansum([number("Input Metrics", "Bytes Read"), *shuffled]),
        np.nansum(
            [
                number("Output Metrics", "Bytes Written"),
                number("Shuffle Write Metrics", "Shuffle Bytes Written"),
            ]
        ),
    )


def _run(source, log, lines):
    n_ended = len(log.rows)
    for (stage, attempt, *_), (number, info) in log.running.items():
        nothing = (np.nan,) * 3
        told = "it was running when the log ended"
        log.rows.append((number, stage, attempt, info, "cancelled", told, nothing))
    numbers, stages, attempts, infos, status, errors, taken = (
        zip(*log.rows, strict=True) if log.rows else ((),) * 7
    )
    launched = np.array([info.launched for info in infos], dtype=float)
    # Since 1970 there is room for 0.2 µs; since the first second for all.
    zero = float(np.floor(launched.min(initial=np.inf) / 1e3)) if len(launched) else 0.0
    launched = (launched - 1e3 * zero) / 1e3
    ended = (np.array([info.finished for info in infos]) - 1e3 * zero) / 1e3
    is_over = np.arange(len(infos)) < n_ended
    launched[~is_over], ended[~is_over] = np.nan, np.nan
    tasks, tries = tasks_and_attempts(
        [(stage, info.index) for stage, info in zip(stages, infos, strict=True)],
        attempts,
        np.array(status) == "done",  # of copies that ran at once, the one that counts
        [info.launched for info in infos],
    )
    executors = [info.executor for info in infos]
    local = _LOCAL.match(log.master)
    if local and not any(log.cores.values()) and len(set(executors)) == 1:
        log.cores = {executors[0]: int(local[1])}  # before 1.3 no event tells
    slots = {name: n // log.cpus_per_task for name, n in log.cores.items()}
    valid = np.where(ended >= launched, ended, launched)
    lanes, n_lanes = lanes_within(executors, launched, valid, slots)
    stage_of = np.zeros(int(tasks.max(initial=-1)) + 1, dtype=np.int64)
    stage_of[tasks] = np.unique(np.array(stages, dtype=np.int64), return_inverse=True)[
        1
    ]
    last = np.full(len(stage_of), -np.inf)
    np.maximum.at(last, tasks, np.nan_to_num(ended, nan=-np.inf))
    known = np.unique(np.array(stages, dtype=np.int64))
    parents = log.stages.parents(known.tolist())
    edges, notes = edges_of(source, parents, known, stage_of, last)
    cpu, read_bytes, written = np.array(taken, dtype=float).reshape(-1, 3).T
    return assemble(
        source,
        {
            schema.TASK: tasks,
            schema.ATTEMPT: tries,
            schema.NAME: schema.as_text([log.stages.name(stage) for stage in stages]),
            schema.READY: [
                (log.stages.began(stage, attempt) - 1e3 * zero) / 1e3
                for stage, attempt in zip(stages, attempts, strict=True)
            ],
            schema.STARTED: launched,
            schema.ENDED: ended,
            schema.WORKER: lanes,
            schema.HOST: schema.as_text([info.host for info in infos]),
            schema.STATUS: status,
            schema.ERROR: schema.as_text(errors),
            schema.CPU: cpu,
            schema.IN_BYTES: read_bytes,
            schema.OUT_BYTES: written,
        },
        made_by="spark",
        where=lambda row: lines.where(numbers[row]),
        zero=zero,
        n_workers=max(n_lanes, 1),
        edges=edges,
        lacks=("workers",),
        notes=[*filter(None, [lines.torn]), *notes, *_lane_notes(log, n_lanes)],
        label=log.name[:120] or source.stem,
        backend="spark",
        versions={"spark": log.version} if log.version else {},
    )


def _lane_notes(log, n_lanes):
    notes = ["cores of an executor are not told apart: the fewest that times allow"]
    if not any(log.cores.values()):
        notes.append("executors' cores are not in the log: as many as were used")
    elif n_lanes > sum(n // log.cpus_per_task for n in log.cores.values()):
        notes.append("more tasks ran at once than executors have cores for")
    if len(log.cores) > 1:
        notes.append("executors count from the beginning to the end of the run")
    return notes


FORMAT = Format("spark", "Spark event log", sniff, read)
