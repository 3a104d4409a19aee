"""Small records of tools that cannot be run here, written by their documentation."""

import json


def jsonl(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


# --- Spark: two stages of two tasks, the second after the first; a task fails once.


def spark_task(
    stage,
    index,
    launched,
    finished,
    *,
    attempt=0,
    stage_attempt=0,
    reason="Success",
    **more,
):
    return {
        "Event": "SparkListenerTaskEnd",
        "Stage ID": stage,
        "Stage Attempt ID": stage_attempt,
        "Task Type": "ResultTask",
        "Task End Reason": {"Reason": reason, "Class Name": "java.lang.Oops", **more}
        if reason != "Success"
        else {"Reason": "Success"},
        "Task Info": {
            "Task ID": 10 * stage + index + attempt,
            "Index": index,
            "Attempt": attempt,
            "Launch Time": launched,
            "Finish Time": finished,
            "Executor ID": "1" if index % 2 else "2",
            "Host": "node-1" if index % 2 else "node-2",
            "Failed": reason != "Success",
            "Killed": False,
        },
        "Task Metrics": {
            "Executor CPU Time": 250_000_000,
            "Executor Deserialize CPU Time": 50_000_000,
            "Input Metrics": {"Bytes Read": 100},
            "Output Metrics": {"Bytes Written": 7},
        },
    }


def spark_stage(number, *parents, submitted=None, event="SparkListenerStageSubmitted"):
    info = {
        "Stage ID": number,
        "Stage Attempt ID": 0,
        "Stage Name": f"map at {number}",
        "Number of Tasks": 2,
        "Parent IDs": list(parents),
    }
    if submitted is not None:
        info["Submission Time"] = submitted
    return {"Event": event, "Stage Info": info}


def spark_executor(name, cores):
    return {
        "Event": "SparkListenerExecutorAdded",
        "Timestamp": 1,
        "Executor ID": name,
        "Executor Info": {"Host": f"node-{name}", "Total Cores": cores},
    }


SPARK = jsonl(
    {"Event": "SparkListenerLogStart", "Spark Version": "3.5.1"},
    {"Event": "SparkListenerApplicationStart", "App Name": "count", "Timestamp": 1},
    spark_executor("1", 2),
    spark_executor("2", 1),
    {"Event": "SparkListenerBlockManagerAdded", "Executor ID": 7, "Maximum Memory": {}},
    spark_stage(0, submitted=1_700_000_000_000),
    spark_task(0, 0, 1_700_000_000_000, 1_700_000_001_000),
    spark_task(
        0,
        1,
        1_700_000_000_000,
        1_700_000_002_000,
        reason="ExceptionFailure",
        Description="boom",
    ),
    spark_task(0, 1, 1_700_000_002_000, 1_700_000_003_000, attempt=1),
    spark_stage(1, 0, submitted=1_700_000_003_000),
    spark_task(1, 0, 1_700_000_003_000, 1_700_000_004_000),
    spark_task(1, 1, 1_700_000_003_000, 1_700_000_005_000),
)

# --- Nextflow, as its documentation shows it.

NEXTFLOW = "\n".join(
    "\t".join(field.strip() for field in line.split("|"))
    for line in """
task_id | hash | native_id | name | status | exit | submit | duration | realtime \
| %cpu | peak_rss | peak_vmem | rchar | wchar
1 | aa/000001 | 11 | ALIGN (a) | COMPLETED | 0 | 2025-01-31 12:00:00.000 | 1m 20s | 1m \
| 150.0% | 1.5 GB | 2 GB | 3 KB | 5 B
2 | aa/000002 | 12 | ALIGN (b) | FAILED | 137 | 2025-01-31 12:00:00.000 | 10s | 9.5s \
| - | - | - | - | -
3 | aa/000003 | 13 | ALIGN (b) | COMPLETED | 0 | 2025-01-31 12:00:11.000 | 757ms \
| 57ms | 90% | 10 MB | 20 MB | 1 KB | 1 KB
4 | aa/000004 | 14 | INDEX | CACHED | 0 | 2024-12-31 12:00:11.000 | 2h | 1h \
| 90% | 10 MB | 20 MB | 1 KB | 1 KB
5 | aa/000005 | - | MERGE | ABORTED | - | - | - | - | - | - | - | - | -
""".strip().splitlines()
)


# --- GitHub's API.


def github_job(number, name, created, started, completed, conclusion, **more):
    return {
        "id": number,
        "run_id": 7,
        "run_attempt": 1,
        "name": name,
        "status": "completed" if completed else "in_progress",
        "conclusion": conclusion,
        "created_at": created,
        "started_at": started,
        "completed_at": completed,
        "runner_name": f"runner-{number % 2}",
        "steps": [],
        **more,
    }


def at(second):
    return f"2025-01-31T12:00:{second:02d}Z"


GITHUB_JOBS = [
    github_job(1, "lint", at(0), at(2), at(10), "success", steps=[
        {"name": "Set up job", "status": "completed", "conclusion": "success",
         "number": 1, "started_at": at(2), "completed_at": at(5)}]),
    github_job(2, "test (3.11)", at(0), at(3), at(20), "failure"),
    github_job(4, "docs", at(0), at(22), at(30), "success"),
    github_job(5, "deploy", at(20), at(20), at(19), "skipped", runner_name=None),
    github_job(6, "slow", at(20), at(21), None, None),
]  # fmt: skip
GITHUB = json.dumps({"total_count": 5, "jobs": GITHUB_JOBS})


# --- Airflow's API.


def airflow_instance(task, start, end, state="success", **more):
    return {
        "dag_id": "etl",
        "dag_run_id": "manual__1",
        "task_id": task,
        "map_index": -1,
        "state": state,
        "start_date": start,
        "end_date": end,
        "duration": None,
        "try_number": 1,
        "hostname": "worker-1",
        "pool": "default_pool",
        "queued_when": None,
        **more,
    }


AIRFLOW_INSTANCES = [
    airflow_instance("begin", at(0), at(0), hostname=""),
    airflow_instance("load", "2025-01-31T12:00:01.5+00:00", at(9), queued_when=at(1)),
    airflow_instance("scale", at(2), at(4), map_index=0),
    airflow_instance("scale", at(2), at(6), "failed", map_index=1, try_number=3),
    airflow_instance("report", None, None, "upstream_failed"),
    airflow_instance("watch", at(3), None, "running"),
]
AIRFLOW = json.dumps({"task_instances": AIRFLOW_INSTANCES, "total_entries": 6})

# --- WfFormat 1.5, and as it was before.

WFFORMAT = json.dumps(
    {
        "name": "diamond",
        "schemaVersion": "1.5",
        "workflow": {
            "specification": {
                "tasks": [
                    {"name": "end", "id": "d", "parents": ["b", "c"], "children": []},
                    {"name": "begin", "id": "a", "parents": [], "children": ["b", "c"]},
                    {"name": "left", "id": "b", "parents": ["a"], "children": ["d"]},
                    {"name": "right", "id": "c", "parents": ["a"], "children": ["d"]},
                ]
            },
            "execution": {
                "makespanInSeconds": 100.0,
                "tasks": [
                    {"id": "a", "runtimeInSeconds": 1.0, "avgCPU": 50.0},
                    {"id": "b", "runtimeInSeconds": 2.0},
                    {"id": "c", "runtimeInSeconds": 3.0},
                    {"id": "d", "runtimeInSeconds": 1.0},
                ],
                "machines": [{"nodeName": "n", "cpu": {"coreCount": 4}}],
            },
        },
        "runtimeSystem": {"name": "Pegasus"},
    }
)
WFFORMAT_OLD = json.dumps(
    {
        "name": "chain",
        "schemaVersion": "1.2",
        "workflow": {
            "makespan": 6,
            "jobs": [
                {"name": "a", "type": "compute", "runtime": 2.0, "parents": []},
                {"name": "b", "type": "compute", "runtime": 3.0, "parents": ["a"]},
            ],
        },
        "wms": {"name": "Makeflow"},
    }
)

# --- A stream of Dask's, as the client gives it.


def dask_entry(
    key, start, stop, *, worker="tcp://10.0.0.1:4000", thread=1, status="OK"
):
    return {
        "key": key,
        "worker": worker,
        "thread": 1,
        "status": status,
        "nbytes": 24,
        "startstops": [
            {"action": "transfer", "start": start - 0.25, "stop": start},
            {"action": "compute", "start": start, "stop": stop},
        ],
    }


DASK_STREAM = [
    dask_entry("inc-3af236bc-1", 100.0, 101.0),
    dask_entry("inc-3af236bc-2", 100.0, 103.0, worker="tcp://10.0.0.2:4000"),
    dask_entry(("sum-part", 0), 103.0, 104.0),
    dask_entry("inc-3af236bc-1", 103.0, 105.0, worker="tcp://10.0.0.2:4000"),
]

JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="outer" time="3.0">
    <testcase classname="pkg.A" name="one" time="1.5"/>
    <testsuite name="inner" time="1.0">
      <testcase name="two" time="2.0">
        <failure type="E" message="no">trace</failure>
      </testcase>
      <testcase name="three"><skipped message="later"/></testcase>
    </testsuite>
  </testsuite>
</testsuites>
"""
