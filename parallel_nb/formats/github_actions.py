"""GitHub Actions' jobs, as its REST API, its webhooks and its command line tell them.

Source: GitHub REST API, "Workflow jobs": ``created_at``, ``started_at``,
``completed_at`` as ISO 8601 to 1 s, null until they happen; ``gh run view --json jobs``
writes them in camel case. It cannot know who waited for whom (that is in the workflow's
file), nor CPU time.
"""

from __future__ import annotations

import math

import numpy as np

from .. import metrics, schema
from ..runs import Run
from . import fields
from .assembling import assemble, moment
from .numbering import tasks_and_attempts
from .source import Source
from .spec import Format

_STATUS = {
    "success": "done",
    "neutral": "done",
    "failure": "failed",
    "startup_failure": "failed",
    "action_required": "failed",
    "timed_out": "timeout",
    "cancelled": "cancelled",
    "stale": "cancelled",
    "skipped": "skipped",
}
_MARKS = (b'"workflow_job"', b'"started_at"', b'"startedAt"')
_RANKS = {"queued": 1, "pending": 1, "requested": 1, "waiting": 2, "in_progress": 3}
_OVER = 4
_NEVER = "0001-01-01"  # what the command line writes for null


def sniff(source: Source) -> bool:
    """Whether jobs with these times are in it."""
    head = source.head
    if head.lstrip()[:1] not in {b"[", b"{"}:
        return False
    if b'"workflow_job"' in head:
        return True
    has_times = any(mark in head for mark in _MARKS)
    return has_times and (
        b'"steps"' in head or b'"runner_name"' in head or b'"databaseId"' in head
    )


def read(source: Source, n_workers: int | None = None):
    """The Run of the jobs: several attempts of a run, and pages, are put together.

    A job that was not over has no times and is cancelled; what ran in steps is in
    ``details``.
    """
    known: list[dict] = []
    latest: dict = {}
    place = 0
    for document in fields.documents(source):
        for job in _jobs(source, document):
            place += 1
            where = f"job {place}"
            fields.mapping(source, job, "jobs", where)
            told = _told(source, job, where)
            before = latest.get(told["id"])
            if before is None or not _is_same(before, told):
                known.append(told)
                latest[told["id"]] = told
            elif told["rank"] > before["rank"]:
                before.update(told)
    return _run(source, known, n_workers)


def _is_same(before, told):
    """Whether two payloads of one id tell of one job: its state went on, or it ended.

    Identities repeat where payloads were made anonymous.
    """
    if before["key"] != told["key"] or before["attempt"] != told["attempt"]:
        return False
    if before["rank"] == told["rank"] == _OVER:
        return all(before[each] == told[each] for each in ("times", "status", "steps"))
    return before["rank"] != told["rank"]


def _jobs(source, document):
    """Every job in a page, a payload, or a list of either."""
    if isinstance(document, list):
        for each in document:
            yield from _jobs(source, each)
        return
    fields.mapping(source, document, "the file")
    if document.get("workflow_job") is not None:
        yield document["workflow_job"]
    elif "jobs" in document:
        yield from fields.sequence(source, document["jobs"], "jobs")
    elif {"started_at", "startedAt"} & document.keys():
        yield document
    else:
        raise source.error(
            "expected jobs, a workflow_job, or a job's started_at; got "
            f"the fields {', '.join(map(repr, list(document)[:10]))}"
        )


def _told(source, job, where):
    def at(*names):
        text = next((job[name] for name in names if job.get(name)), None)
        if text is None or (isinstance(text, str) and text.startswith(_NEVER)):
            return math.nan
        return moment(source, text, names[0], where)

    if not {"started_at", "startedAt"} & job.keys():
        raise source.error("expected a field 'started_at'; got none", where)
    if not {"completed_at", "completedAt"} & job.keys():
        raise source.error("expected a field 'completed_at'; got none", where)
    created = at("created_at", "createdAt")
    started, ended = at("started_at", "startedAt"), at("completed_at", "completedAt")
    conclusion = fields.text_of(job.get("conclusion"))
    is_over = not math.isnan(ended)
    status = _STATUS.get(conclusion, "done" if is_over and not conclusion else "failed")
    error = None if status == "done" else conclusion
    if not is_over:
        said = fields.text_of(job.get("status"), "not over").replace("_", " ")
        status, error = "cancelled", f"{said} when this was written"
        started = math.nan
    elif status == "skipped" or (status == "cancelled" and ended < started):
        started = ended = math.nan  # it has both times, and they mean nothing
    if created > started:
        created = math.nan
    number = job.get("id", job.get("databaseId"))
    attempt = job.get("run_attempt", 1)
    name = fields.text_of(job.get("name"), "job")
    return {
        "id": number if isinstance(number, int | str) else where,
        "rank": _OVER if is_over else _RANKS.get(fields.text_of(job.get("status")), 0),
        "key": (str(job.get("run_id", "")), name),
        "name": name,
        "attempt": attempt if isinstance(attempt, int) and 0 < attempt < 2**31 else 1,
        "times": (created, started, ended),
        "status": status,
        "error": error,
        "runner": fields.text_of(job.get("runner_name", job.get("runnerName"))),
        "steps": _steps(source, job),
        "where": where,
    }


def _steps(source, job):
    steps = []
    told = job.get("steps")
    for step in told if isinstance(told, list) else ():
        if not isinstance(step, dict):
            continue
        entry = {"name": fields.text_of(step.get("name"), "step")}
        conclusion = step.get("conclusion")
        if conclusion:
            entry["conclusion"] = fields.text_of(conclusion)
        begin = step.get("started_at", step.get("startedAt"))
        end = step.get("completed_at", step.get("completedAt"))
        if begin and end and not str(begin).startswith(_NEVER):
            took = moment(source, end, "completed_at", entry["name"]) - moment(
                source, begin, "started_at", entry["name"]
            )
            entry["seconds"] = round(took, 3)
        steps.append(entry)
    return steps


def _run(source, jobs, n_workers):
    created, started, ended = (
        np.array([job["times"] for job in jobs], dtype=float).reshape(-1, 3).T
    )
    # Of one run, a name that comes again with the same attempt is another job.
    seen: dict = {}
    keys = []
    for job in jobs:
        key = (*job["key"], job["attempt"])
        seen[key] = seen.get(key, -1) + 1
        keys.append((*job["key"], seen[key]))
    tasks, attempts = tasks_and_attempts(keys, [job["attempt"] for job in jobs])
    columns = {
        schema.TASK: tasks,
        schema.ATTEMPT: attempts,
        schema.NAME: schema.as_text([job["name"] for job in jobs]),
        schema.SUBMITTED: created,
        schema.STARTED: started,
        schema.ENDED: ended,
        schema.STATUS: [job["status"] for job in jobs],
        schema.ERROR: schema.as_text([job["error"] for job in jobs]),
    }
    runners = _runners(jobs, started, ended)
    if runners is not None:
        columns[schema.WORKER] = runners
    n_open = sum(math.isnan(job["times"][2]) for job in jobs)
    n_open -= sum(job["status"] == "skipped" for job in jobs)
    notes = ["times are to the second; who waited for whom is in the workflow's file"]
    if n_open > 0:
        notes.append(f"{n_open} jobs were not over: no times")
    run = assemble(
        source,
        columns,
        made_by="github_actions",
        where=lambda row: jobs[row]["where"],
        zero=0.0,
        notes=notes,
        n_workers=n_workers,
        backend="github_actions",
    )
    details = {
        int(task): {"context": {"steps": job["steps"]}}
        for task, job in zip(tasks, jobs, strict=True)
        if job["steps"]
    }
    return Run(run.attempts, run.meta, details=details)


def _runners(jobs, started, ended):
    """Names of runners as workers; None where they do not tell machines apart."""
    names = [job["runner"] or None for job in jobs]
    ran = ~(np.isnan(started) | np.isnan(ended))
    if not ran.any() or any(
        name is None and did for name, did in zip(names, ran, strict=True)
    ):
        return None
    rows_of: dict[str, list[int]] = {}
    for row in np.flatnonzero(ran).tolist():
        rows_of.setdefault(names[row], []).append(row)
    for rows in rows_of.values():
        # A pool's machines share a name, and then jobs overlap by more than rounding.
        begin = started[rows] + 1
        begin, end = np.minimum(begin, ended[rows]), ended[rows]
        if (end < begin).any() or metrics.colour_lanes(begin, end).max(initial=0) > 0:
            return None
    return np.array(
        [name if did else None for name, did in zip(names, ran, strict=True)],
        dtype=object,
    )


FORMAT = Format("github_actions", "GitHub Actions jobs", sniff, read, ("n_workers",))
