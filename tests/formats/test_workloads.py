"""Logs of batch systems: SWF, Batsim's CSV, Slurm's sacct."""

import pytest

from parallel_nb.errors import FormatError
from parallel_nb.formats.machines import first_and_count
from parallel_nb.reading import read
from tests.formats import fuzzing

SWF = """; Version: 2.2
; Computer: a small one
; UnixStartTime: 1700000000
; MaxProcs: 8
1 0 10 100 4 -1 -1 4 200 -1 1 1 1 1 1 1 -1 -1
2 5 5 50 2 40 512 2 60 -1 0 1 1 1 1 1 -1 -1
3 20 90 10 1 -1 -1 1 60 -1 1 1 1 1 1 1 1 5
4 30 -1 -1 -1 -1 -1 8 60 -1 5 1 1 1 1 1 -1 -1
"""
BATSIM = (
    "job_id,workload_name,profile,submission_time,requested_number_of_resources,"
    "requested_time,success,final_state,starting_time,execution_time,finish_time,"
    "allocated_resources\n"
    "1,w,p,0.0,1,9,1,COMPLETED_SUCCESSFULLY,0.0,4.0,4.0,0\n"
    "2,w,p,1.0,3,9,1,COMPLETED_SUCCESSFULLY,1.0,2.0,3.0,1 3-4\n"
    "3,w,p,1.0,2,1,0,COMPLETED_WALLTIME_REACHED,4.0,1.0,5.0,0-1\n"
    "4,w,p,1.0,9,1,0,REJECTED,-1,-1,-1,\n"
)
DAY = "2024-01-01T"
SACCT = f"""\
JobID|JobName|State|ExitCode|Submit|Start|End|Elapsed|AllocCPUS|MaxRSS|TotalCPU|NodeList
101|a|COMPLETED|0:0|{DAY}10:00:00|{DAY}10:00:10|{DAY}10:10:10|00:10:00|2||15:00.500|n1
101.batch|batch|COMPLETED|0:0|{DAY}10:00:10|{DAY}10:00:10|{DAY}10:10:10|00:10:00|2|9K|1|n
101.0|x|COMPLETED|0:0|{DAY}10:00:10|{DAY}10:00:10|{DAY}10:10:10|00:10:00|2|1M|00:00.1|n1
102_1|b|c|FAILED|2:0|{DAY}10:00:00|{DAY}10:00:10|2024-01-02T10:00:20|1-00:00:10|1||0|n2
103|x|CANCELLED by 7|0:0|{DAY}10:00:00|Unknown|{DAY}10:20:10|00:00:00|0||00:00|None
104|x|RUNNING|0:0|{DAY}10:00:00|{DAY}10:00:00|Unknown|00:00:03|1|||n1
105|x|OUT_OF_MEMORY|0:125|{DAY}10:00:00|{DAY}10:00:10|{DAY}10:00:20|00:00:10|1||00:09|n3
"""


def rows(run, *columns):
    return run.tasks[list(columns)].to_numpy().tolist()


def test_a_workloads_jobs_start_after_their_wait():
    run = read(SWF)
    assert rows(run, "submitted", "started", "ended")[:3] == [
        [0.0, 10.0, 110.0],
        [5.0, 10.0, 60.0],
        [20.0, 110.0, 120.0],
    ]
    assert run.tasks["status"].tolist() == ["done", "failed", "done", "cancelled"]
    assert run.meta.started_at == "2023-11-14T22:13:20+00:00"
    assert run.meta.host == "a small one"
    assert run.edges.to_numpy().tolist() == [[2, 0]]
    # (100 s · 4 + 50 s · 2 + 10 s · 1) of 110 s · 8
    assert any("of 8 processors 58.0% were in use" in each for each in run.meta.notes)


def test_a_workload_without_a_header_is_seen():
    assert len(read(SWF.partition("8\n")[2]).tasks) == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SWF.replace("2 5 5 50", "2 x 5 50"), "line 6: submit time: expected a number"),
        ("; MaxProcs: 8\n1 0 10\n", "line 2: expected 18 numbers"),
        ("; MaxProcs: 8\n", "tells of no job"),
        (SWF.replace("100 4", "1e300 4"), "line 5: ended"),
    ],
    ids=range(4),
)
def test_what_is_wrong_in_a_workload_is_told(text, told):
    with pytest.raises(FormatError, match=told):
        read(text, "swf")


def test_machines_of_a_simulated_cluster_are_workers():
    run = read(BATSIM)
    assert run.meta.source == "batsim"
    assert run.meta.n_workers == 5
    assert run.tasks["worker"].tolist() == [0, 1, 0, -1]
    assert run.tasks["status"].tolist() == ["done", "done", "timeout", "skipped"]
    # (4 · 1 + 2 · 3 + 1 · 2) of 5 s · 5
    assert any("of 5 machines 48.0% were in use" in each for each in run.meta.notes)


def test_older_names_of_batsim_are_known():
    old = BATSIM.replace("job_id", "jobID").replace("_resources\n", "_processors\n")
    assert len(read(old).tasks) == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BATSIM.replace("1 3-4", "1 4-3"), "line 3: allocated_resources"),
        (BATSIM.replace("1.0,2.0,3.0", "x,2.0,3.0"), "line 3: starting_time"),
        (
            BATSIM.replace("starting_time", "begin"),
            "line 1: expected a column starting",
        ),
        (BATSIM + "5,w,p\n", "line 6: expected 12 fields"),
        (BATSIM.partition("\n")[0] + "\n", "tells of no job"),
    ],
    ids=range(5),
)
def test_what_is_wrong_in_a_simulation_is_told(text, told):
    with pytest.raises(FormatError, match=told):
        read(text, "batsim")


def test_ranges_of_machines():
    assert first_and_count("3") == (3, 1, 3)
    assert first_and_count("4-6 0,9") == (0, 5, 9)
    assert first_and_count("a") is None
    assert first_and_count("6-4") is None


def test_slurms_jobs_are_tasks_and_its_steps_are_not():
    run = read(SACCT)
    assert run.meta.source == "slurm"
    assert run.tasks["name"].tolist() == ["a", "b|c", "x", "x"]
    assert run.tasks["status"].tolist() == ["done", "failed", "cancelled", "crashed"]
    assert rows(run, "submitted", "started", "ended")[:2] == [
        [0.0, 10.0, 610.0],
        [0.0, 10.0, 86420.0],
    ]
    assert run.tasks["max_rss"][0] == 2**20
    assert run.tasks["cpu"][0] == 900.5
    assert run.tasks["error"].tolist()[1:] == [
        "failed: exit code 2",
        "cancelled",
        "out of memory: killed by signal 125",
    ]
    assert "1 jobs have not ended: left out" in run.meta.notes
    assert "local times, the first 2024-01-01 10:00:10" in run.meta.notes
    assert run.meta.started_at == ""


def test_slurm_without_a_header_is_read_by_what_fields_look_like():
    run = read(SACCT.partition("\n")[2])
    assert len(run.tasks) == 4
    assert rows(run, "started", "ended")[0] == [10.0, 610.0]
    assert any(note.startswith("no header") for note in run.meta.notes)


def test_slurm_with_bars_at_the_ends_is_the_same():
    text = SACCT.replace("\n", "|\n").replace("|b|c|", "|bc|")
    assert len(read(text).tasks) == 4


@pytest.mark.parametrize(
    "row", ["1|a|b|COMPLETED|00:01:00|run.sh", "1|ab|COMPLETED|00:01:00|run.sh | tee x"]
)
def test_a_name_or_a_command_may_hold_the_separator(row):
    run = read(f"JobID|JobName|State|Elapsed|SubmitLine\n{row}\n")
    assert run.summary()["work"][0] == 60.0
    assert run.tasks["name"][0].replace("|", "") == "ab"


@pytest.mark.parametrize("text", [SWF, SACCT], ids=["swf", "slurm"])
def test_it_is_said_that_nobody_told_how_large_the_cluster_is(text):
    said = "most jobs that ran at once"
    assert any(said in note for note in read(text).meta.notes)
    assert not any(said in note for note in read(text, n_workers=64).meta.notes)


def test_slurms_lengths_alone_are_laid_out():
    run = read(
        "JobID|JobName|State|Elapsed\n1|a|COMPLETED|01:00:00\n2|b|FAILED|00:30\n"
    )
    assert run.meta.lacks == ("starts", "workers")
    assert run.attempts["ended"].tolist() == [3600.0, 3630.0]


def test_slurm_in_seconds_since_1970_has_a_date():
    run = read("JobID|Start|End|State\n1|1700000000|1700000009|COMPLETED\n")
    assert run.meta.started_at == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("JobID|JobName|State\n1|a|COMPLETED\n", "expected the fields Start and End"),
        (
            SACCT.replace("2024-01-01T10:00:10", "soon"),
            "line 2: Start: expected a time",
        ),
        (SACCT.replace("1-00:00:10", "x"), "line 5: Elapsed: expected"),
        (SACCT + "106|x\n", "line 9: expected 12 fields"),
        ("JobID|Start|End\n", "no job that ended"),
    ],
    ids=range(5),
)
def test_what_is_wrong_in_an_accounting_is_told(text, told):
    with pytest.raises(FormatError, match=told):
        read(text, "slurm")


@pytest.mark.parametrize(
    ("text", "name"), [(SWF, "swf"), (BATSIM, "batsim"), (SACCT, "slurm")]
)
def test_torn_anywhere_or_recoded_it_is_a_run_or_an_error(text, name):
    fuzzing.check_torn_anywhere(text.encode(), name, step=9)
    fuzzing.check_encodings(text.encode())


@fuzzing.fuzzed
@fuzzing.given(fuzzing.damaged(SWF.encode()))
def test_a_damaged_workload_is_a_run_or_an_error(content):
    fuzzing.check(content, "swf")


@fuzzing.fuzzed
@fuzzing.given(fuzzing.damaged(BATSIM.encode()))
def test_a_damaged_simulation_is_a_run_or_an_error(content):
    fuzzing.check(content, "batsim")


@fuzzing.fuzzed
@fuzzing.given(fuzzing.damaged(SACCT.encode(), SACCT.partition("\n")[2].encode()))
def test_a_damaged_accounting_is_a_run_or_an_error(content):
    fuzzing.check(content, "slurm")


def test_parts_of_a_stopped_job_are_attempts_and_their_sum_is_left_out():
    run = read(
        "; Version: 2.2\n"
        "7 0 5 30 4 -1 -1 4 60 -1 1 1 1 1 1 1 -1 -1\n"
        "7 0 5 10 4 -1 -1 4 60 -1 2 1 1 1 1 1 -1 -1\n"
        "7 -1 85 20 4 -1 -1 4 60 -1 3 1 1 1 1 1 -1 -1\n"
        "8 1 1 1 1 -1 -1 1 60 -1 1 1 1 1 1 1 -1 -1\n"
    )
    attempts = run.attempts.sort_values(["task", "attempt"])
    assert attempts["started"].tolist() == [5.0, 100.0, 2.0]
    assert attempts["ended"].tolist() == [15.0, 120.0, 3.0]
    assert attempts["attempt"].tolist() == [1, 2, 1]
    assert any("1 jobs were stopped and went on" in each for each in run.meta.notes)


def test_jobs_of_a_model_start_when_they_are_submitted():
    run = read(SWF.replace("0 10 100", "0 -1 100"))
    assert rows(run, "started", "ended")[0] == [0.0, 100.0]
    assert any("1 jobs have no wait" in each for each in run.meta.notes)
    assert not any("were in use" in each for each in run.meta.notes)


def test_a_simulated_start_follows_from_the_waiting():
    run = read(
        "jobID,submission_time,waiting_time,execution_time,allocated_processors\n"
        "1,10,5,20,0-1\n2,10,0,5,2\n"
    )
    assert run.meta.source == "batsim"
    assert rows(run, "submitted", "started", "ended") == [
        [0.0, 5.0, 25.0],
        [0.0, 0.0, 5.0],
    ]


def test_jobs_that_share_a_simulated_machine_are_told():
    shared = BATSIM + "5,w,p,1.0,1,9,1,COMPLETED_SUCCESSFULLY,1.5,3.0,4.5,1\n"
    assert any("1 jobs began while another" in each for each in read(shared).meta.notes)
    assert not any("while another" in each for each in read(BATSIM).meta.notes)


def test_without_a_header_the_length_that_agrees_is_the_elapsed_one():
    run = read(
        f"9|9|c|{DAY}10:00:00|{DAY}10:00:01|{DAY}10:00:05|{DAY}10:01:05|05:00:00|"
        "00:01:00|0:0|COMPLETED\n"
        f"10|10|c|{DAY}10:00:00|{DAY}10:00:01|None|{DAY}10:00:30|05:00:00|"
        "00:00:00|0:0|CANCELLED by 8\n"
    )
    assert rows(run, "name", "submitted", "started", "ended", "status")[0] == [
        "job 9",
        0.0,
        5.0,
        65.0,
        "done",
    ]
    assert run.tasks["started"].isna().tolist() == [False, True]
    assert any("JobIDRaw, Submit, Start, End, Elapsed" in n for n in run.meta.notes)


def test_steps_are_counted():
    assert "2 steps are parts of their jobs" in read(SACCT).meta.notes


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_slurm_between_other_separators_is_the_same(separator):
    text = SACCT.replace("|b|c|", "|bc|").replace("|", separator)
    assert read(text).meta.source == "slurm"
    assert len(read(text).tasks) == 4


def test_a_table_with_a_jobid_is_not_slurms_for_that():
    run = read("JobID,Start,End\n1,0.0,2.5\n2,1.0,2.0\n")
    assert run.meta.source == "table"


def test_a_state_that_is_cut_off_is_understood():
    run = read("JobID|State|Elapsed\n1|OUT_OF_ME+|00:01:00\n2|CANCELLED+|00:01:00\n")
    assert run.tasks["status"].tolist() == ["crashed", "cancelled"]


def test_a_job_without_a_state_and_an_end_has_not_ended():
    run = read(
        f"JobID|Start|End|Elapsed\n1|{DAY}10:00:00|{DAY}10:00:09|00:00:09\n"
        f"2|{DAY}10:00:00|Unknown|00:00:03\n"
    )
    assert "1 jobs have not ended: left out" in run.meta.notes
