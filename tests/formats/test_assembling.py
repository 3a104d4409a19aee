"""A foreign file's columns become a Run, or an error that names the record."""

import numpy as np
import pytest

from parallel_nb.errors import ArgumentError, FormatError
from parallel_nb.formats.assembling import (
    LAID_OUT,
    WORKERS_CONCLUDED,
    assemble,
    lay_out,
    moment,
    seconds,
)
from parallel_nb.formats.source import Source

SOURCE = Source(b"some", name="build.log")


def run_of(started, ended, **more):
    columns = {"started": np.array(started), "ended": np.array(ended)}
    others = {k: more.pop(k) for k in list(more) if k in COLUMNS}
    return assemble(SOURCE, columns | others, made_by="test", **more)


COLUMNS = {"worker", "task", "attempt", "name", "status", "submitted", "cpu", "agent"}


def test_times_count_from_the_first_submission_or_start():
    run = run_of([5.0, 6.0], [7.0, 8.0], submitted=[4.0, np.nan], zero=1.7e9)
    assert run.attempts["started"].tolist() == [1.0, 2.0]
    assert run.meta.started_at == "2023-11-14T22:13:24+00:00"


def test_a_clock_without_a_date_gives_none():
    assert run_of([5.0], [7.0]).meta.started_at == ""


def test_lanes_follow_from_what_overlaps_and_the_run_says_so():
    run = run_of([0.0, 1.0, 2.0], [2.0, 3.0, 4.0])
    assert run.attempts["worker"].tolist() == [0, 1, 0]
    assert run.meta.lacks == ("workers",)
    assert WORKERS_CONCLUDED in run.meta.notes


def test_workers_that_were_told_are_kept_whatever_they_are_called():
    told = run_of([0.0, 0.0], [1.0, 1.0], worker=["b", "a"])
    assert told.attempts["worker"].tolist() == [1, 0]
    assert told.meta.lacks == ()
    numbered = run_of([0.0, 0.0], [1.0, 1.0], worker=np.array([0, 3]), n_workers=4)
    assert numbered.attempts["worker"].tolist() == [0, 3]
    assert numbered.meta.n_workers == 4


def test_lanes_with_gaps_are_numbered_anew():
    run = run_of([0.0, 0.0], [1.0, 1.0], worker=np.array([7, 3]))
    assert run.attempts["worker"].tolist() == [1, 0]
    assert run.meta.n_workers == 2


def test_both_ways_to_a_run_give_the_same():
    numbered = run_of([0.0, 1.0, 1.0], [2.0, 3.0, 4.0], name=["a", "b", "c"])
    labelled = run_of([0.0, 1.0, 1.0], [2.0, 3.0, 4.0], task=["a", "b", "c"])
    columns = ["task", "attempt", "name", "started", "ended", "worker", "status"]
    assert numbered.attempts[columns].equals(labelled.attempts[columns])
    assert numbered.meta == labelled.meta


def test_fewer_workers_than_are_seen_are_refused():
    with pytest.raises(ArgumentError, match="must be 2 or more"):
        run_of([0.0, 0.0], [1.0, 1.0], n_workers=1)


@pytest.mark.parametrize(
    ("started", "ended", "told"),
    [
        ([0.0, 2.0], [1.0, 1.5], "record 2: expected an end after the start"),
        ([0.0, np.nan], [1.0, 1.5], "record 2: expected a start; got none"),
        ([0.0, 1.0], [1.0, np.inf], "record 2: ended: expected seconds"),
        ([0.0, -1e13], [1.0, 1.0], "record 2: started: expected seconds"),
        ([], [], "tells of no task"),
    ],
)
def test_times_that_cannot_be_are_told_with_their_place(started, ended, told):
    with pytest.raises(FormatError, match=f"build.log.*{told}"):
        run_of(started, ended)


def test_what_is_done_has_times_and_what_never_ran_need_not():
    nan = np.nan
    run = run_of([0.0, nan], [1.0, nan], status=["done", "skipped"])
    assert run.attempts["worker"].tolist() == [0, -1]
    with pytest.raises(FormatError, match="record 2: expected a start"):
        run_of([0.0, nan], [1.0, nan], status=["done", "done"])


def test_lines_are_named_where_they_are_known():
    with pytest.raises(FormatError, match="line 12"):
        run_of([0.0, 2.0], [1.0, 1.0], where=[3, 12])
    with pytest.raises(FormatError, match="event b"):
        run_of([0.0, 2.0], [1.0, 1.0], where=lambda row: f"event {'ab'[row]}")


def test_tasks_laid_out_say_that_their_places_were_not_measured():
    started, ended = lay_out([1.0, 2.0])
    run = run_of(started, ended, lacks=("starts",))
    assert run.meta.lacks == ("starts", "workers")
    assert run.meta.notes.count(LAID_OUT) == 1


def test_edges_are_positions():
    run = run_of([0.0, 1.0], [1.0, 2.0], edges=[(1, 0)])
    assert run.edges.to_numpy().tolist() == [[1, 0]]


def test_what_the_schema_refuses_is_the_formats_error():
    with pytest.raises(FormatError, match="status"):
        run_of([0.0], [1.0], status=["well"])
    with pytest.raises(FormatError, match="cpu"):
        run_of([0.0], [1.0], cpu=[-1.0])


@pytest.mark.parametrize("value", ["x", None, True, "nan", float("inf"), [], "9" * 400])
def test_a_field_that_is_no_number_is_named(value):
    with pytest.raises(
        FormatError, match=r"build\.log, line 3: dur: expected a number"
    ):
        seconds(SOURCE, value, "dur", "line 3")


def test_a_number_may_be_written_as_text():
    assert seconds(SOURCE, " 1.5", "dur", "") == 1.5


def test_a_time_without_a_zone_counts_as_utc():
    assert moment(SOURCE, "1970-01-01T00:01:00", "start", "") == 60.0
    assert moment(SOURCE, "1970-01-01T01:01:00+01:00", "start", "") == 60.0
    with pytest.raises(FormatError, match="start: expected a time"):
        moment(SOURCE, "yesterday", "start", "")
