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
