import json

import pytest

from parallel_nb.errors import FormatError
from parallel_nb.reading import read
from tests.formats.making import MADE, notes, text

STATS = (MADE / "snakemake-stats.json").read_text()
TABLE = (
    "s\th:m:s\tmax_rss\tmean_load\tcpu_time\n"
    "2.5\t0:00:02\t10.0\t0\t1.5\n"
    "1\t0:00:01\t-\t0\tNA\n"
)


def test_files_of_one_job_are_one_task():
    run = text(STATS)
    assert sorted(run.tasks["name"]) == [
        "part2.txt",
        "part3.txt",
        "part5.txt",
        "whole.txt",
    ]
    assert "3 files came from a job that made others" in notes(run)
    assert run.meta.lacks == ("workers",)


def test_durations_are_exact_and_starts_fit_both_times():
    run = text(STATS)
    lengths = run.tasks["ended"] - run.tasks["started"]
    assert lengths.sum() == pytest.approx(run.summary()["work"][0])
    assert run.summary()["makespan"][0] < 2.5
    assert run.meta.n_workers == 2


def test_a_benchmarks_repetitions_are_laid_end_to_end():
    run = text(TABLE)
    assert run.tasks["ended"].to_list() == [2.5, 3.5]
    assert run.tasks["cpu"].iloc[0] == 1.5
    assert run.tasks["max_rss"].iloc[0] == 10 * 1024**2
    assert run.tasks["cpu"].isna().to_list() == [False, True]
    assert run.meta.lacks == ("starts", "workers")


def test_a_real_benchmark_with_gaps_is_read():
    assert read(MADE / "snakemake-benchmark.tsv").n_tasks == 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (STATS.replace("Tue Nov 24", "yesterday"), "file .*: start-time: .*yesterday"),
        (STATS.replace('"duration"', '"lasted"'), "'duration'"),
        (STATS.replace('"files"', '"outputs"'), "files: expected an object"),
        (STATS[:-20], "line .*expected JSON"),
        (TABLE.replace("2.5", "soon"), "line 2: s: .*'soon'"),
        (TABLE.replace("\t10.0", ""), "line 2: expected 5 fields"),
        (TABLE.replace("2.5", "-2.5"), "line 2: .*end after the start"),
    ],
)
def test_what_cannot_be_is_told(content, told):
    with pytest.raises(FormatError, match=told):
        text(content, "snakemake")


def test_repetitions_without_a_time_are_left_out_and_said():
    run = text(TABLE + "NA\tNA\tNA\tNA\tNA\n-\t-\t-\t-\t-\n")
    assert run.n_tasks == 2
    assert "2 repetitions have no time" in notes(run)


def job(begin, end, duration):
    clock = "Sun Jan 24 17:49:{:02} 2021".format
    return {"start-time": clock(begin), "stop-time": clock(end), "duration": duration}


def test_what_starts_lose_to_the_second_makes_no_overlap():
    # One core: 0.1 to 2.95, then 2.96 to 3.96
    files = {"a": job(0, 2, 2.85), "b": job(2, 3, 1.0)}
    run = text(json.dumps({"total_runtime": 3.9, "rules": {}, "files": files}))
    assert run.meta.n_workers == 1
    assert run.tasks["started"].to_list() == [0.0, 2.85]


def test_jobs_that_fit_the_whole_only_side_by_side_are_so():
    files = {"a": job(0, 0, 0.9), "b": job(0, 0, 0.8)}
    run = text(json.dumps({"total_runtime": 1.0, "rules": {}, "files": files}))
    assert run.meta.n_workers == 2
