import base64
import gzip
import json
import struct

import pytest

from parallel_nb.errors import ArgumentError, FormatError
from parallel_nb.reading import read
from tests.formats.making import MADE, notes, text
from tests.formats.samples import DASK_STREAM, dask_entry

REPORTS = ("dask-report.html", "dask-report-2022.html")


def columns(**more):
    return {
        "start": [100_500.0, 102_000.0],  # ms, of the middle
        "duration": [1000.0, 2000.0],
        "key": ["inc-1", "inc-2"],
        "name": ["inc", "inc"],
        "color": ["blue", "black"],
        "worker": ["tcp://h:1", "tcp://h:2"],
        "worker_thread": ["tcp://h:1-5", "tcp://h:2-6"],
        **more,
    }


def report(table, *, before=""):
    document = json.dumps({"id": {"roots": {"references": [{"data": table}]}}})
    return (
        f"<!DOCTYPE html>\n<title>Dask Performance Report</title>{before}\n"
        f'<script type="application/json" id="1">{document}</script>'
    )


def packed(values, squeeze=lambda b: b):
    data = base64.b64encode(squeeze(struct.pack("<2d", *values))).decode()
    return {"type": "ndarray", "array": {"type": "bytes", "data": data},
            "shape": [2], "dtype": "float64", "order": "little"}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_a_real_report_has_its_tasks_on_its_threads(name):
    run = read(MADE / name)
    assert run.tasks["name"].value_counts().to_dict() == {
        "wait": 5,
        "sum": 1,
        "broken": 1,
    }
    assert run.tasks["status"].value_counts()["failed"] == 1
    assert run.meta.n_workers == 2
    assert run.meta.lacks == ()
    assert "transfer" in notes(run)
    assert run.summary()["work"][0] >= 0.15


def test_a_report_and_its_stream_tell_the_same():
    of_report = read(MADE / "dask-report.html").attempts
    of_stream = read(MADE / "dask-stream.json").attempts
    for column in ("started", "ended"):
        assert of_report[column].to_list() == pytest.approx(
            of_stream[column].to_list(), abs=1e-6
        )
    assert of_report["name"].to_list() == of_stream["name"].to_list()


def test_rectangles_are_told_by_their_middle():
    run = text(report(columns()))
    assert run.tasks["started"].to_list() == [0.0, 1.0]
    assert run.tasks["ended"].to_list() == [1.0, 3.0]
    assert run.tasks["status"].to_list() == ["done", "failed"]
    assert run.meta.started_at.startswith("1970-01-01T00:01:40")


def test_keys_that_json_made_lists_of_are_told_apart():
    table = columns(key=[["inc-3af236bc", 0], ["inc-3af236bc", 1]])
    assert text(report(table)).n_tasks == 2
    stream = json.dumps(
        [dask_entry(["inc-3af236bc", number], 1.0, 2.0) for number in range(3)]
    )
    assert text(stream).n_tasks == 3


@pytest.mark.parametrize("title", ["Bokeh Plot", "Dask Task Stream"])
def test_pages_of_before_there_was_a_report_are_read(title):
    page = report(columns()).replace("Dask Performance Report", title)
    assert text(page).n_tasks == 2


def test_widths_are_kept_though_times_since_1970_have_no_room_for_them():
    # Two rectangles that touch: their middles are rounded to 0.24 µs.
    width, first = 64.5184, 1_574_959_623_640.304
    table = columns(
        start=[first, first + width],
        duration=[width, width],
        worker_thread=["tcp://h:1-5"] * 2,
    )
    run = text(report(table))
    started, ended = (run.attempts[name].to_numpy() for name in ("started", "ended"))
    assert (ended - started).tolist() == pytest.approx([width / 1e3] * 2, abs=2e-9)
    assert started[1] >= ended[0]


def test_tasks_of_one_thread_that_overlap_are_told():
    table = columns(start=[100_500.0, 101_500.0], worker_thread=["tcp://h:1-5"] * 2)
    assert "begin before its last one ended, by up to 0.5 s" in notes(
        text(report(table))
    )


@pytest.mark.parametrize(
    "squeeze", [bytes, gzip.compress], ids=["as they are", "compressed"]
)
def test_packed_columns_are_unpacked(squeeze):
    table = columns(start=packed([100_500.0, 102_000.0], squeeze))
    assert text(report(table)).summary()["makespan"][0] == 3.0


def test_a_document_of_newer_bokeh_nests_its_columns():
    table = {"type": "map", "entries": [[k, v] for k, v in columns().items()]}
    assert text(report(table)).n_tasks == 2


def test_what_the_client_gave_is_read_as_it_is():
    run = read(DASK_STREAM)
    assert run.n_tasks == 3
    assert run.attempts["attempt"].to_list() == [1, 1, 1, 2]
    assert run.tasks["name"].to_list() == ["inc", "inc", "sum-part"]
    assert run.meta.n_workers == 2
    assert set(run.attempts["host"]) == {"10.0.0.1", "10.0.0.2"}
    assert "4 times transfer, 1 s" in notes(run)
    assert run.summary()["makespan"][0] == 5.0


def test_a_stream_is_read_from_json_and_from_lines_of_it():
    n_attempts = len(read(DASK_STREAM).attempts)
    lines = "\n".join(json.dumps(entry) for entry in DASK_STREAM)
    assert len(text(json.dumps(DASK_STREAM)).attempts) == n_attempts
    assert len(text(lines).attempts) == n_attempts


def test_spans_of_older_versions_are_triples():
    entry = DASK_STREAM[0] | {"startstops": [("compute", 1.0, 2.0)]}
    assert read([entry]).summary()["work"][0] == 1.0


def test_nothing_in_a_stream_is_unpickled():
    bomb = "b'cos\\nsystem\\n(S\"false\"\\ntR.'"
    assert read([DASK_STREAM[0] | {"type": bomb}]).n_tasks == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (report(columns(duration=[1.0])), "duration: expected 2 values"),
        (report(columns(start=["soon", 1.0])), "rectangle 1: start: .*'soon'"),
        (report(columns(start=packed([1, 2], lambda b: b[:5]))), "start: .*array"),
        (report(columns())[:-60], "task stream's columns"),
        (report({}), "task stream's columns"),
        (report(columns()).replace('{"id"', "{id"), "line 3: .*expected JSON"),
        (json.dumps([{"key": "a", "startstops": []}]), "worker"),
        (json.dumps(DASK_STREAM)[:-5], "expected JSON"),
    ],
)
def test_what_cannot_be_is_told(content, told):
    with pytest.raises(FormatError, match=told):
        text(content, "dask")


def test_a_list_that_is_no_stream_is_refused():
    with pytest.raises(FormatError, match="task stream"):
        read([1, 2])
    with pytest.raises(FormatError, match="no task"):
        read([])
    with pytest.raises(ArgumentError, match="format"):
        read(DASK_STREAM, "joblog")
