import numpy as np
import pytest

from parallel_nb.errors import FormatError
from parallel_nb.formats import stages
from tests.formats.making import notes, text
from tests.formats.samples import (
    SPARK,
    jsonl,
    spark_executor,
    spark_stage,
    spark_task,
)

T0 = 1_700_000_000_000


def test_tasks_are_indices_of_stages_and_attempts_are_theirs():
    run = text(SPARK)
    assert run.n_tasks == 4
    assert len(run.attempts) == 5
    again = run.attempts.query("task == 1")
    assert again["status"].to_list() == ["failed", "done"]
    assert again["error"].iloc[0] == "java.lang.Oops: boom"
    assert run.meta.label == "count"
    assert run.meta.versions == {"spark": "3.5.1"}


def test_lanes_are_cores_of_executors_idle_ones_too():
    run = text(SPARK)
    assert run.meta.n_workers == 3
    lanes = run.attempts.groupby("host", observed=True)["worker"].unique()
    assert set(lanes["node-1"]) <= {0, 1}
    assert set(lanes["node-2"]) == {2}


def test_each_task_waits_for_all_of_the_stage_before():
    edges = text(SPARK).edges.to_numpy().tolist()
    assert sorted(edges) == [[2, 0], [2, 1], [3, 0], [3, 1]]


def test_stages_that_were_skipped_are_waited_for_by_nobody():
    log = jsonl(spark_stage(5, 4, submitted=T0), spark_task(5, 0, T0, T0 + 1000))
    assert text(log).edges.empty


def test_cpu_and_bytes_are_of_the_tasks_metrics():
    first = text(SPARK).tasks.iloc[0]
    assert first[["cpu", "in_bytes", "out_bytes"]].to_list() == [0.3, 100.0, 7.0]


def test_of_two_copies_of_a_task_the_one_that_counts_is_the_last_attempt():
    log = jsonl(
        spark_task(0, 0, T0, T0 + 3000),
        spark_task(0, 0, T0 + 1000, T0 + 3000, attempt=1, reason="TaskKilled"),
    )
    run = text(log)
    assert run.tasks["status"].to_list() == ["done"]
    assert run.attempts["status"].value_counts()["cancelled"] == 1


def test_a_task_that_ran_when_the_log_ended_is_there_without_times():
    started = spark_task(0, 1, T0, 0)
    started["Event"] = "SparkListenerTaskStart"
    run = text(jsonl(spark_task(0, 0, T0, T0 + 1000), started))
    last = run.tasks.iloc[-1]
    assert (last["status"], np.isnan(last["ended"])) == ("cancelled", True)


def test_a_stage_that_ran_again_gives_attempts():
    log = jsonl(
        spark_task(0, 0, T0, T0 + 1000),
        spark_task(0, 0, T0 + 2000, T0 + 3000, stage_attempt=1),
    )
    assert text(log).attempts["attempt"].to_list() == [1, 2]


def test_too_many_edges_become_few_and_the_run_says_so(monkeypatch):
    monkeypatch.setattr(stages, "MOST_EDGES", 3)
    run = text(SPARK)
    assert sorted(run.edges.to_numpy().tolist()) == [[2, 1], [3, 1]]
    assert "too many" in notes(run)


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (SPARK[:-30], "line 12: expected JSON"),
        (SPARK.replace('"Launch Time"', '"Start"'), "line 7: .*Launch Time"),
        (jsonl(spark_task(0, 0, T0, T0 - 5)), "line 1: .*end after the start"),
        (jsonl(spark_task(-1, 0, T0, T0)), "line 1: Stage ID"),
        (jsonl(spark_task(2**80, 0, T0, T0)), "line 1: Stage ID"),
        (
            jsonl(
                spark_stage(0, 1), spark_stage(1, 0), spark_task(0, 0, T0, T0),
                spark_task(1, 0, T0, T0),
            ),
            "circle",
        ),
        (jsonl(spark_executor("1", 10**12)), "line 1: Total Cores"),
        (jsonl({"Event": "SparkListenerLogStart"}), "no task"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_line(log, told):
    with pytest.raises(FormatError, match=told):
        text(log, "spark")
