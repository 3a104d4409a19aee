import pytest

from parallel_nb.errors import FormatError
from tests.formats.making import notes, text
from tests.formats.samples import NEXTFLOW


def test_a_start_that_is_not_told_is_reckoned_back_from_the_end():
    first = text(NEXTFLOW).tasks.iloc[0]
    assert first[["name", "submitted", "started", "ended"]].to_list() == [
        "ALIGN (a)",
        0.0,
        20.0,
        80.0,
    ]


def test_a_task_that_failed_and_ran_again_has_two_attempts():
    attempts = text(NEXTFLOW).attempts.query("name == 'ALIGN (b)'")
    assert attempts["status"].to_list() == ["failed", "done"]
    assert attempts["attempt"].to_list() == [1, 2]
    assert attempts["error"].iloc[0] == "exit code 137"
    assert attempts["ended"].iloc[1] == pytest.approx(11.757)


def test_what_came_from_the_cache_is_left_out_and_said():
    run = text(NEXTFLOW)
    assert "INDEX" not in set(run.tasks["name"])
    assert "1 cached" in notes(run)


def test_what_was_aborted_before_it_ran_has_no_times():
    last = text(NEXTFLOW).tasks.iloc[-1]
    assert last["status"] == "cancelled"
    assert last["worker"] == -1


def test_units_of_sizes_and_shares_are_bytes_and_seconds():
    first = text(NEXTFLOW).tasks.iloc[0]
    assert first["max_rss"] == 1.5 * 1024**3
    assert first["in_bytes"] == 3 * 1024
    assert first["cpu"] == 90.0  # 150 % of a minute


def test_a_raw_trace_is_in_milliseconds():
    raw = (
        "task_id\thash\tname\tstatus\tsubmit\tstart\tcomplete\trealtime\n"
        "1\ta/1\tx\tCOMPLETED\t1700000000000\t1700000000500\t1700000002600\t2000\n"
    )
    run = text(raw)
    assert run.tasks[["started", "ended"]].iloc[0].to_list() == [0.5, 2.5]
    assert run.meta.started_at.startswith("2023-11-14T22:13:20")


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("1d 2h", 93600), ("3m 4s", 184), ("1.5s", 1.5), ("250ms", 0.25), ("0ms", 0)],
)
def test_a_duration_of_several_units_is_added_up(told, seconds):
    line = (
        NEXTFLOW.splitlines()[1]
        .replace("1m 20s", "10d")
        .replace("\t1m\t", f"\t{told}\t")
    )
    run = text("\n".join([NEXTFLOW.splitlines()[0], line]))
    assert run.summary()["work"][0] == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("1m 20s", "1 fortnight", "line 2: duration: .*1 fortnight"),
        ("FAILED", "FELL", "line 3: status: .*'FELL'"),
        ("\t9.5s\t", "\t", "line 3: expected 14 fields"),
        ("2025-01-31 12:00:11.000", "noon", "line 4: submit: .*noon"),
        ("duration\t", "lasted\t", "none of duration"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(old, new, told):
    with pytest.raises(FormatError, match=told):
        text(NEXTFLOW.replace(old, new), "nextflow")


LENGTHS = "name\tstatus\trealtime\t%cpu\na\tCOMPLETED\t1m 20s\t50%\n"


def test_a_trace_of_lengths_alone_is_laid_end_to_end():
    run = text(LENGTHS + "b\tFAILED\t2s\t-\nc\tABORTED\t-\t-\n")
    assert run.tasks["ended"].to_list()[:2] == [80.0, 82.0]
    assert run.tasks["worker"].to_list() == [0, 0, -1]
    assert run.meta.lacks == ("starts", "workers")


@pytest.mark.parametrize("told", ["80s", "1min 20sec", "1 m 20 s", "80000 ms", "80000"])
def test_durations_may_be_written_in_several_ways(told):
    assert text(LENGTHS.replace("1m 20s", told)).summary()["work"][0] == 80.0


@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_another_separator_is_seen(separator):
    run = text(LENGTHS.replace("\t", separator))
    assert run.meta.source == "nextflow"
    assert run.n_tasks == 1


def test_names_that_come_again_are_no_execution():
    assert text(LENGTHS + LENGTHS.replace("a\t", "b\t")).n_tasks == 2


def test_a_run_that_was_cached_as_a_whole_is_told():
    with pytest.raises(FormatError, match="all of its 1 executions are cached"):
        text(LENGTHS.replace("COMPLETED", "CACHED"))
