import numpy as np
import pyarrow as pa
import pytest

from parallel_nb.errors import FormatError
from parallel_nb.formats import stages
from parallel_nb.reading import read
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


@pytest.mark.parametrize("n_less", [1, 2, 30, 200])
def test_of_a_log_that_ends_in_a_line_the_rest_is_read(n_less):
    run = text(SPARK.rstrip()[:-n_less])
    assert "line 12 is torn off" in notes(run)
    assert len(run.attempts) == len(text(SPARK).attempts) - 1


def test_of_a_torn_archive_what_can_be_unfolded_is_read(tmp_path):
    lines = [spark_task(0, k, T0 + k, T0 + k + 7 * k % 11) for k in range(4000)]
    packed = pa.compress(jsonl(*lines).encode(), "zstd", asbytes=True)
    whole = read(write(tmp_path / "app.zstd", packed))
    assert (whole.n_tasks, whole.meta.label) == (4000, "app")
    torn = read(write(tmp_path / "torn.zstd", packed[: len(packed) * 9 // 10]))
    assert 0 < torn.n_tasks < 4000
    assert "what stands before that was read" in notes(torn)


def write(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("names", [
    ("events_1_app", "events_2_app.zstd", "events_10_app"),
    ("eventlog-2021-06-15--15-00", "eventlog-2021-06-15--16-00", "eventlog"),
])  # fmt: skip
def test_the_files_of_a_rolled_log_are_one_run(tmp_path, names):
    lines = SPARK.splitlines(keepends=True)
    parts = ["".join(lines[a:b]) for a, b in ((0, 5), (5, 9), (9, None))]
    for name, part in zip(names, parts, strict=True):
        content = part.encode()
        if name.endswith(".zstd"):
            content = pa.compress(content, "zstd", asbytes=True)
        write(tmp_path / name, content)
    write(tmp_path / "appstatus_app", "")
    run = read(tmp_path)
    assert run.attempts.equals(text(SPARK).attempts)
    assert run.edges.equals(text(SPARK).edges)


def test_what_was_compacted_stands_for_all_before(tmp_path):
    write(tmp_path / "events_1_app", "torn{")
    write(tmp_path / "events_2_app", "torn{")
    write(tmp_path / "events_2_app.compact", jsonl(spark_task(0, 0, T0, T0 + 1000)))
    write(tmp_path / "events_3_app", jsonl(spark_task(0, 1, T0, T0 + 2000)))
    assert read(tmp_path).attempts["ended"].to_list() == [1.0, 2.0]
    write(tmp_path / "events_3_app", jsonl(spark_task(0, 1, T0, T0 - 1)))
    with pytest.raises(FormatError, match=r"line 1 of events_3_app: .*after the start"):
        read(tmp_path)


def test_a_stage_that_was_skipped_is_waited_for_where_it_ran():
    def stage(number, rdd, *parents):
        told = spark_stage(number, *parents)
        told["Stage Info"]["RDD Info"] = [{"RDD ID": rdd}, {"RDD ID": 0}]
        return told

    # Adaptive execution: stage 1 is what stage 0 made, under another number.
    log = jsonl(
        stage(0, 3),
        spark_task(0, 0, T0, T0 + 1000),
        stage(1, 3),
        stage(2, 5, 1),
        spark_task(2, 0, T0 + 1000, T0 + 2000),
    )
    assert text(log).edges.to_numpy().tolist() == [[1, 0]]


def test_lines_of_others_may_come_first():
    other = {"Event": "DBCEventLoggingListenerMetadata", "Rollover Number": 0}
    assert text(jsonl(other) + SPARK).n_tasks == 4


def test_a_local_master_tells_its_cores_where_no_event_does():
    local = {
        "Event": "SparkListenerEnvironmentUpdate",
        "Spark Properties": {"spark.master": "local[8]"},
    }
    done = spark_task(0, 0, T0, T0 + 1000)
    assert text(jsonl(local, done)).meta.n_workers == 8


def test_milliseconds_since_1970_stay_what_they_are():
    log = jsonl(*(spark_task(0, k, T0 + k, T0 + 2 * k + 1) for k in range(5)))
    assert text(log).attempts["ended"].to_list() == [0.001, 0.003, 0.005, 0.007, 0.009]


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (SPARK.replace('"Event"', "Event", 3), "line 1: expected JSON"),
        (SPARK.replace("}\n", "\n", 7), "line 1: expected JSON"),
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
