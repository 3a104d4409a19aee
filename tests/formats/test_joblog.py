"""GNU parallel's job log: jobs, attempts, slots."""

from pathlib import Path

import pytest

from parallel_nb.errors import FormatError
from parallel_nb.reading import read
from tests.formats import fuzzing

MADE = Path(__file__).parent / "made"
NAMES = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand"


def log(*rows, names=NAMES):
    lines = ["\t".join(map(str, row)) for row in rows]
    return "\n".join([names, *lines]) + "\n"


def job(seq, start, runtime, command="work", host=":", exitval=0, signal=0):
    return seq, host, f"{start:.3f}", f"{runtime:10.3f}", 0, 0, exitval, signal, command


def test_jobs_that_were_run_again_have_two_attempts():
    run = read(MADE / "joblog.txt")
    assert len(run.tasks) == 6
    assert len(run.attempts) == 8
    again = run.attempts[run.attempts["attempt"] == 2]
    assert again["task"].tolist() == [2, 5]
    assert run.tasks["status"].tolist() == ["done"] * 2 + ["failed"] + ["done"] * 2 + [
        "failed"
    ]
    assert run.attempts["error"].dropna().unique().tolist() == ["exit code 1"]
    assert any("2 jobs ran again" in note for note in run.meta.notes)
    assert run.meta.started_at.startswith("20")


def test_a_job_that_was_killed_says_by_what():
    run = read(MADE / "joblog_killed.txt")
    assert run.tasks["status"].tolist() == ["done", "crashed"]
    assert run.tasks["error"][1] == "killed by SIGTERM"


def test_the_table_of_results_is_read_as_the_log():
    run = read(MADE / "joblog_results.csv")
    assert run.tasks["name"].tolist() == ["echo a,b; sleep 0.1", "echo a,b; sleep 0.2"]
    assert run.meta.source == "joblog"


def test_a_command_may_hold_tabs_and_the_runtime_other_names():
    text = log(
        job(1, 5.0, 2.0, "a\tb\tc"), names=NAMES.replace("JobRuntime", "Runtime")
    )
    assert read(text).tasks["name"].tolist() == ["a\tb\tc"]


def test_as_many_slots_as_there_were_though_times_are_rounded():
    # The second job began when the first ended, but seems to begin before.
    text = log(job(1, 100.000, 1.0006), job(2, 101.000, 1.0), job(3, 102.0, 1.0))
    assert read(text).meta.n_workers == 1
    text = log(job(1, 100.0, 1.01), job(2, 101.0, 1.0))
    assert read(text).meta.n_workers == 2


def test_durations_are_as_exact_as_they_are_written():
    run = read(log(job(1, 1700000000.123, 0.001)))
    assert run.summary()["work"][0] == pytest.approx(0.001, abs=1e-12)


def test_remote_hosts_are_kept():
    run = read(log(job(1, 0.0, 1.0, host="one"), job(2, 0.0, 1.0, host="two")))
    assert run.tasks["host"].tolist() == ["one", "two"]
    assert read(log(job(1, 0.0, 1.0))).tasks["host"].isna().all()


def test_idle_slots_can_be_told():
    assert read(log(job(1, 0.0, 1.0)), n_workers=8).meta.n_workers == 8


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (log(), "tells of no job"),
        (log(job(1, 0.0, 1.0)) + "2\t:\t3", "line 3: expected 9 fields.*torn off"),
        (log(job("x", 0.0, 1.0)), "line 2: Seq: expected a number; got 'x'"),
        (log(job(1, float("nan"), 1.0)), "line 2: Starttime: expected a number"),
        (log(job(1, 0.0, -1.0)), "line 2: expected an end after the start"),
        (log(job(10**30, 0.0, 1.0)), "line 2: Seq"),
        (log(job(1, 1e14, 1.0)), "line 2"),
        (NAMES.replace("Exitval", "Exit") + "\n", "Exitval"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, told):
    with pytest.raises(FormatError, match=told):
        read(text, "joblog")


@pytest.mark.parametrize("name", ["joblog.txt", "joblog_results.csv"])
def test_torn_anywhere_it_is_a_run_or_an_error(name):
    fuzzing.check_torn_anywhere((MADE / name).read_bytes(), "joblog", step=11)


def test_in_any_encoding_it_is_the_same():
    fuzzing.check_encodings((MADE / "joblog.txt").read_bytes())


@fuzzing.fuzzed
@fuzzing.given(
    fuzzing.damaged(
        *((MADE / name).read_bytes() for name in ("joblog.txt", "joblog_results.csv"))
    )
)
def test_damaged_in_any_way_it_is_a_run_or_an_error(content):
    fuzzing.check(content, "joblog")
