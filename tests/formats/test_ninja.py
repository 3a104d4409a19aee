"""Ninja's log: builds, commands with several outputs, logs that were rewritten."""

from pathlib import Path

import pytest

from parallel_nb.errors import FormatError
from parallel_nb.reading import read
from tests.formats import fuzzing

MADE = Path(__file__).parent / "made" / "ninja"
ZERO = 1_700_000_000  # s since 1970


def log(*rows, version=5):
    lines = ["\t".join(map(str, row)) for row in rows]
    return "\n".join([f"# ninja log v{version}", *lines]) + "\n"


def made(start, end, output, build=0.0, digest="1", at=None):
    """A line of v5: the output was modified at the end of its command."""
    at = end if at is None else at
    return start, end, int((ZERO + build) * 1e9) + at * 1_000_000, output, digest


def test_builds_that_were_appended_are_runs_of_their_own():
    first, second = read(MADE / "appended.ninja_log")
    assert first.tasks["name"].tolist() == ["a.o", "b.o, b.h", "c.o", "app"]
    assert second.tasks["name"].tolist() == ["c.o", "app"]
    assert first.meta.n_workers == 2
    assert first.meta.started_at < second.meta.started_at
    assert second.meta.label == "appended, build 2 of 2"


def test_a_rewritten_log_falls_apart_into_its_builds_by_the_clock():
    first, second = read(MADE / "recompacted.ninja_log")
    assert first.tasks["name"].tolist() == ["a.o", "b.h, b.o"]
    assert second.tasks["name"].tolist() == ["c.o", "app"]
    assert any("rewritten" in note for note in first.meta.notes)


def test_one_build_is_one_run_in_seconds():
    run = read(log(made(0, 1500, "a.o"), made(0, 2000, "b.o")))
    assert run.attempts["ended"].tolist() == [1.5, 2.0]
    assert run.meta.lacks == ("workers",)
    assert run.meta.started_at.startswith("2023-11-14T22:13:20")


def test_an_end_before_the_last_one_is_a_new_build():
    runs = read(log(made(0, 900, "a"), made(0, 800, "b", build=60.0)))
    assert [len(run.tasks) for run in runs] == [1, 1]


def test_outputs_of_one_command_are_one_task_and_of_two_are_two():
    run = read(log(made(0, 9, "a"), made(0, 9, "b"), made(0, 9, "c", digest="2")))
    assert run.tasks["name"].tolist() == ["a, b", "c"]


def test_many_outputs_are_named_by_the_first():
    run = read(log(*(made(0, 9, f"o{at}") for at in range(20))))
    assert run.tasks["name"].tolist() == ["o0, o1, o2, and 17 more"]


def test_from_version_6_on_the_time_is_that_of_the_start():
    rows = [made(0, 10_000, "a", at=0), made(10_000, 11_000, "b", at=10_000)]
    run = read(log(*rows, version=6))
    assert run.meta.started_at.startswith("2023-11-14T22:13:20")
    assert len(read(log(*rows, version=7)).tasks) == 2


def test_outputs_that_were_not_modified_stay_in_their_build():
    rows = [made(0, 100, "a"), (100, 200, 0, "b", "2"), made(200, 300, "c")]
    assert len(read(log(*rows)).tasks) == 3


def test_in_a_rewritten_log_an_output_without_a_time_follows_what_it_waited_for():
    rows = [
        made(0, 5000, "a"),
        made(0, 70, "p", build=60.0),
        made(5000, 6000, "b"),
        (70, 90, 0, "q", "9"),
        made(0, 400, "c"),
        made(90, 120, "r", build=60.0),
        made(0, 300, "d"),
        made(0, 200, "e"),
        made(0, 100, "f"),
    ]
    first, second = read(log(*rows))
    assert sorted(first.tasks["name"]) == list("abcdef")
    assert sorted(second.tasks["name"]) == ["p", "q", "r"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (log(), "tells of no task"),
        (log(version=3), "line 1.*version 3"),
        (log(made(0, 5, "a"))[:-4], "line 2: expected start, end"),
        (log(("x", 5, 0, "a", "1")), "line 2: expected numbers"),
        (log(made(9, 5, "a")), "line 2: expected an end after the start"),
        (log((0, 10**30, 0, "a", "1")), "line 2: expected numbers of 64 bits"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, told):
    with pytest.raises(FormatError, match=told):
        read(text, "ninja")


@pytest.mark.parametrize("name", ["appended", "recompacted"])
def test_torn_anywhere_it_is_a_run_or_an_error(name):
    content = (MADE / f"{name}.ninja_log").read_bytes()
    fuzzing.check_torn_anywhere(content, "ninja", step=7)
    fuzzing.check_encodings(content)


@fuzzing.fuzzed
@fuzzing.given(
    fuzzing.damaged(*(path.read_bytes() for path in sorted(MADE.glob("*.ninja_log"))))
)
def test_damaged_in_any_way_it_is_a_run_or_an_error(content):
    fuzzing.check(content, "ninja")
