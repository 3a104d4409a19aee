"""Any table: what its columns are taken for, and what is said of it."""

import pandas as pd
import pytest

from parallel_nb.errors import ArgumentError, FormatError
from parallel_nb.reading import read
from tests.formats import fuzzing
from tests.formats.making import text

PLAIN = "name,start,end\na,1.0,2.0\nb,1.5,3.0\n"
RICH = """Job Name;Host;Thread;Begin (ms);Dur (ms);Result
"one; more";n1;T2;1000;500;passed
two;n1;T1;1250;1.000,5;FAILED
""".replace("1.000,5", "1000,5")


def times(run):
    return run.attempts[["started", "ended"]].to_numpy().tolist()


def test_usual_names_are_understood_and_the_run_says_so():
    run = read(PLAIN)
    assert times(run) == [[0.0, 1.0], [0.5, 2.0]]
    assert run.tasks["name"].tolist() == ["a", "b"]
    assert run.meta.source == "table"
    assert run.meta.lacks == ("workers",)
    assert "taken by their names: 'start' as started, 'end' as ended" in run.meta.notes


def test_units_separators_quotes_and_decimal_commas():
    run = read(RICH)
    assert times(run) == [[0.0, 0.5], [0.25, pytest.approx(1.2505)]]
    assert run.tasks["name"].tolist() == ["one; more", "two"]
    assert run.tasks["worker"].tolist() == [1, 0]
    assert run.tasks["status"].tolist() == ["done", "failed"]
    assert run.tasks["host"].tolist() == ["n1", "n1"]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_each_usual_separator_is_seen(separator):
    assert times(read(PLAIN.replace(",", separator))) == [[0.0, 1.0], [0.5, 2.0]]


def test_columns_can_be_told():
    told = {"x": "started", "y": "duration", "z": "name"}
    run = read("x,y,z,w\n1,2,a,9\n3,4,b,9\n", columns=told)
    assert times(run) == [[0.0, 2.0], [2.0, 6.0]]
    assert "columns not used: w" in run.meta.notes


def test_ends_and_durations_place_a_task_too():
    run = read("end,duration\n3,2\n4,0.5\n")
    assert times(run) == [[0.0, 2.0], [2.5, 3.0]]


def test_durations_alone_are_laid_out_on_their_workers():
    run = read("test,seconds,worker\na,1.5,gw0\nb,2,gw1\nc,1,gw0\n")
    assert times(run) == [[0.0, 1.5], [0.0, 2.0], [1.5, 2.5]]
    assert run.meta.lacks == ("starts",)
    assert any("not measured" in note for note in run.meta.notes)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-01-01T10:00:00Z", "2024-01-01T10:00:01.5Z"),
        ("2024-01-01 11:00:00+01:00", "2024-01-01 11:00:01.500+01:00"),
        ("1704103200", "1704103201.5"),
        ("1704103200000", "1704103201500"),
        ("1704103200000000", "1704103201500000"),
        ("1704103200000000000", "1704103201500000000"),
    ],
    ids=range(6),
)
def test_moments_since_1970_are_seen_in_any_unit(first, second):
    run = read(f"start,end\n{first},{second}\n")
    assert times(run) == [[0.0, pytest.approx(1.5)]]
    assert run.meta.started_at == "2024-01-01T10:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "expected"), [("0:01:20", 80), ("1:20", 80), ("1m 20s", 80), ("80", 80)]
)
def test_durations_may_be_written_as_people_do(text, expected):
    assert read(f"start,elapsed\n0,{text}\n").summary()["work"][0] == expected


def test_rows_that_never_ran_say_so_by_their_status():
    run = read("name,start,end,status\na,0,1,done\nb,,,skipped\n")
    assert run.tasks["status"].tolist() == ["done", "skipped"]
    assert run.tasks["worker"].tolist() == [0, -1]


def test_a_status_that_nobody_knows_is_left_out_with_a_note():
    run = read("start,end,state\n0,1,green\n")
    assert run.tasks["status"].tolist() == ["done"]
    assert "state: not understood as a status, left out" in run.meta.notes
    with pytest.raises(FormatError, match="record 1: state: expected one of"):
        read("start,end,state\n0,1,green\n", columns={"state": "status"})


def test_attempts_of_one_task_belong_together():
    run = read("task,attempt,started,ended\nx,1,0,1\nx,2,1,2\ny,1,0,3\n")
    assert len(run.tasks) == 2
    assert run.tasks["name"].tolist() == ["x", "y"]
    assert run.tasks["attempt"].tolist() == [2, 1]


def test_a_frame_is_read_as_a_file_is():
    frame = pd.DataFrame({"start": [1.0, 1.5], "end": [2.0, 3.0]}, index=["a", "b"])
    run = read(frame)
    assert times(run) == [[0.0, 1.0], [0.5, 2.0]]
    assert run.tasks["name"].tolist() == ["a", "b"]
    dated = pd.DataFrame({"t": pd.to_datetime(["2024-01-01 10:00"]), "d": [5]})
    run = read(dated, columns={"t": "started", "d": "duration"})
    assert run.meta.started_at == "2024-01-01T10:00:00+00:00"
    assert times(run) == [[0.0, 5.0]]
    spans = pd.DataFrame({"duration": pd.to_timedelta([1, 2], unit="min")})
    assert read(spans).summary()["work"][0] == 180.0


def test_a_name_that_a_frame_has_twice_is_refused():
    frame = pd.DataFrame([[1.0, 1.0, 2.0]], columns=["start", "start", "end"])
    with pytest.raises(FormatError, match="'start': expected once"):
        read(frame)


def test_a_frame_stays_as_it_was():
    frame = pd.DataFrame({"start": [1.0, 1.5], "end": [2.0, 3.0]})
    before = frame.copy()
    read(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,y\n1,2\n", "a column of starts, ends or durations; got x, y"),
        ("name,start\na,1\n", "expected an end or a duration"),
        ("name,start,end\n", "tells of no task"),
        ("name,start,end\na,1,oops\nb,1,2\n", "record 1: end: expected a number"),
        ("name,start,end\na,1,2\nb,1,\n", "record 2: expected an end; got none"),
        ("name,start,end\na,3,2\n", "record 1: expected an end after the start"),
        ("name,start,end\na,1,2,3,4\n", "expected a table"),
        ("name,start,end\na,1,2\nb,1,2,3\n", "line 3"),
        ("name,duration\na,-1\n", "record 1: duration: expected no negative"),
        ("start,end\n2024-01-01,5\n", "all dates or all numbers"),
        ("task,start,end,worker\na,0,1,\n", "record 1: worker: expected one"),
        ("start,end\n0,inf\n", "record 1"),
        ('start,end\n"0,1\n', "expected a table"),
    ],
    ids=range(13),
)
def test_what_is_wrong_is_told_with_its_record(text, told):
    with pytest.raises(FormatError, match=told):
        read(text, "table")


def test_a_mapping_that_cannot_be_is_refused():
    with pytest.raises(ArgumentError, match=r"renames 'beginn'.*Did you mean"):
        read("begin,end\n0,1\n", columns={"beginn": "started"})
    with pytest.raises(ArgumentError, match="must map to any of"):
        read("begin,end\n0,1\n", columns={"begin": "begun"})
    with pytest.raises(ArgumentError, match="more than once"):
        read("a,b,end\n0,1,2\n", columns={"a": "started", "b": "started"})


def test_in_any_encoding_it_is_the_same():
    fuzzing.check_encodings(RICH.encode())


def test_torn_anywhere_it_is_a_run_or_an_error():
    fuzzing.check_torn_anywhere(RICH.encode(), "table", step=5)


@fuzzing.fuzzed
@fuzzing.given(
    fuzzing.damaged(
        PLAIN.encode(),
        RICH.encode(),
        b"task,attempt,started,ended,cpu\nx,1,0,1,0.5\nx,2,1,2,0.5\ny,1,0,3,1\n",
        b"id\tstart\tend\tworker\n1\t2024-01-01T10:00:00Z\t2024-01-01T10:00:01Z\t3\n",
        b"job,elapsed\na,0:01:20\nb,1m 20s\n",
    )
)
def test_damaged_in_any_way_it_is_a_run_or_an_error(content):
    fuzzing.check(content, "table")


@pytest.mark.parametrize(
    "told",
    ["2025/01/31 12:00:{:02}", "2025-01-31 12:00:{:02} UTC", "2025-01-31T12:00:{:02}Z"],
)
def test_dates_may_be_written_in_several_ways(told):
    run = text(f"name,start,end\na,{told.format(1)},{told.format(3)}\n")
    assert run.tasks["ended"].to_list() == [2.0]
    assert run.meta.started_at == "2025-01-31T12:00:01+00:00"


def test_a_date_that_may_be_two_is_asked_for():
    with pytest.raises(
        FormatError, match=r"start: expected times such as .*'01/02/2025"
    ):
        text("name,start,end\na,01/02/2025 12:00,01/02/2025 12:01\n")
