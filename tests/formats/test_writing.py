"""Runs as other tools' files: by their rules, and back again."""

import gzip
import json
import math

import numpy as np
import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb import schema
from parallel_nb.formats import chrome_out
from tests.making import meta, one_failed, run_of, two_done

# Trace Event Format: what an event of a phase must have, and of which type.
_ALWAYS = {"ph": str, "pid": int, "ts": (int, float)}
_NEEDS = {
    "X": {"name": str, "cat": str, "dur": (int, float), "tid": int},
    "M": {"name": str, "tid": int, "args": dict},
    "C": {"name": str, "args": dict},
    "i": {"name": str, "tid": int, "s": str},
    "s": {"name": str, "cat": str, "tid": int, "id": int},
    "f": {"name": str, "cat": str, "tid": int, "id": int, "bp": str},
}
_NAN = math.nan


def trace_of(run, tmp_path):
    path = pnb.write(run, tmp_path / "trace.json")

    def refuse(text):
        raise AssertionError(f"{text} is not JSON")

    trace = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    for event in trace["traceEvents"]:
        for key, kind in (_ALWAYS | _NEEDS[event["ph"]]).items():
            assert isinstance(event[key], kind), (key, event)
        assert event["ts"] >= 0
        assert event.get("dur", 0) >= 0
    return trace


def events(trace, phase, **fields):
    return [
        event
        for event in trace["traceEvents"]
        if event["ph"] == phase and fields.items() <= event.items()
    ]


def everything():
    """A Run with all that a Run can have."""
    columns = {
        "task": [0, 1, 1, 2, 3],
        "attempt": [1, 1, 2, 1, 1],
        "name": ["a", 'b "quoted" \\', "b é\x01", "c", "d"],
        "agent": ["gpu", None, None, None, None],
        "round": [0, 0, 0, 1, 1],
        "status": ["done", "failed", "done", "cancelled", "skipped"],
        "ready": [0.0, 0.0, 2.0, 3.0, _NAN],
        "submitted": [0.0, 0.1, 2.0, 3.5, _NAN],
        "started": [0.5, 0.123456789, 2.5, 4.0, _NAN],
        "ended": [3.0, 1.5, 4.0, _NAN, _NAN],
        "received": [3.1, 1.6, 4.1, _NAN, _NAN],
        "cpu": [2.0, _NAN, 1.0, _NAN, _NAN],
        "worker": [0, 1, 1, 0, -1],
        "pid": [10, 11, 12, 10, 0],
        "host": ["here", "there", "there", None, None],
        "chunk": [0, 1, 2, 3, -1],
        "max_rss": [1e6, _NAN, _NAN, _NAN, _NAN],
        "error": [None, "ValueError: no", None, None, None],
    }
    startups = {"worker": [0], "pid": [10], "started": [-0.25], "ended": [0.25]}
    return pnb.Run(
        schema.coerce(columns),
        meta(3, label="all", tags=("x",), notes=("one",), agents={"gpu": 1}),
        edges=pd.DataFrame({"task": [2, 3, 3], "after": [0, 0, 1]}),
        startups=pd.DataFrame(
            {c: np.array(startups[c], dtype) for c, dtype in schema.STARTUPS.items()}
        ),
    )


@pytest.mark.parametrize("make", [two_done, one_failed, everything])
@pytest.mark.parametrize("name", ["trace.json", "trace.json.gz"])
def test_a_trace_comes_back_as_the_run_it_was(tmp_path, make, name):
    run = make()
    again = pnb.read(pnb.write(run, tmp_path / name))
    assert again.meta == run.meta
    pd.testing.assert_frame_equal(
        again.attempts, run.attempts, check_categorical=False, atol=1e-9, rtol=0
    )
    pd.testing.assert_frame_equal(again.startups, run.startups)
    columns = ["task", "after"]
    pd.testing.assert_frame_equal(again.edges.sort_values(columns), run.edges)


def test_an_empty_run_is_a_trace(tmp_path):
    run = pnb.Run(schema.coerce({"task": [], "started": [], "ended": []}), meta())
    trace_of(run, tmp_path)
    assert pnb.read(tmp_path / "trace.json").n_tasks == 0


def test_attempts_are_spans_in_the_lanes_of_their_workers(tmp_path):
    trace = trace_of(one_failed(label="pair"), tmp_path)
    first, second = events(trace, "X", cat="attempt")
    assert (first["name"], first["ts"], first["dur"]) == ("job-0", 0.0, 4e6)
    assert (second["tid"], second["ts"], second["dur"]) == (2, 1e6, 2e6)
    assert second["args"]["status"] == "failed"
    assert second["args"]["error"] == "ValueError: no"


def test_lanes_have_names_and_idle_ones_too(tmp_path):
    run = run_of((0, 1, "done", 1, 0.0, 1.0), n_workers=3, label="lanes")
    trace = trace_of(run, tmp_path)
    names = {
        e["tid"]: e["args"]["name"] for e in events(trace, "M", name="thread_name")
    }
    assert names == {1: "worker 0", 2: "worker 1", 3: "worker 2"}
    (process,) = events(trace, "M", name="process_name")
    assert process["args"]["name"] == "lanes on here"


def test_a_thread_never_has_the_number_of_its_process(tmp_path):
    # A viewer would take it for the process's main thread.
    trace = trace_of(everything(), tmp_path)
    threads = {event["tid"] for event in trace["traceEvents"] if "tid" in event}
    assert not threads & {event["pid"] for event in trace["traceEvents"]}


def test_each_host_is_a_process(tmp_path):
    trace = trace_of(everything(), tmp_path)
    names = [e["args"]["name"] for e in events(trace, "M", name="process_name")]
    assert "all on there" in names


def test_counters_tell_how_many_run(tmp_path):
    trace = trace_of(two_done(), tmp_path)
    running = events(trace, "C", name="running workers")
    told = [(event["ts"] / 1e6, event["args"]["running"]) for event in running]
    assert told == [(0, 1), (1, 2), (3, 1), (4, 0)]
    shares = [e["args"]["percent"] for e in events(trace, "C", name="utilization")]
    assert shares == [50, 100, 50, 0]


def test_many_changes_of_a_counter_become_means(tmp_path, monkeypatch):
    monkeypatch.setattr(chrome_out, "_MOST_COUNTS", 4)
    rows = [(at, 1, "done", 0, float(at), at + 0.5) for at in range(8)]
    trace = trace_of(run_of(*rows, n_workers=2), tmp_path)
    running = [e["args"]["running"] for e in events(trace, "C", name="running workers")]
    assert len(running) == 5
    assert np.mean(running[:-1]) == pytest.approx(4 / 7.5, abs=1e-3)


def test_dependencies_are_arrows_between_spans(tmp_path):
    run = run_of(
        (0, 1, "done", 0, 0.0, 1.0),
        (1, 1, "done", 1, 2.0, 3.0),
        edges=pd.DataFrame({"task": [1], "after": [0]}),
    )
    trace = trace_of(run, tmp_path)
    (begin,), (end,) = events(trace, "s"), events(trace, "f")
    assert (begin["id"], begin["ts"], begin["tid"]) == (end["id"], 1e6, 1)
    assert (end["ts"], end["tid"]) == (2e6, 2)


def test_a_large_trace_is_written_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(chrome_out, "_BLOCK", 3)
    rows = [(at, 1, "done", 0, float(at), at + 0.5) for at in range(10)]
    run = run_of(*rows)
    trace_of(run, tmp_path)
    assert pnb.read(tmp_path / "trace.json").attempts.equals(run.attempts)


def test_the_same_run_is_the_same_file(tmp_path):
    one, two = (
        pnb.write(two_done(), tmp_path / f"{n}.json.gz").read_bytes() for n in "ab"
    )
    assert one == two
    assert json.loads(gzip.decompress(one))["otherData"]["n_workers"] == 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"parallel_nb":1', '"parallel_nb":2', "format 2"),
        ('"status":"done"', '"status":"dome"', "dome"),
        ('"n_attempts":2', '"n_attempts":3', "expected 3 attempts; got 2"),
        ('"task":0', '"task":"x"', "args"),
        ('"otherData"', '"someData"', "otherData"),
        ('"dur":4000000.0', '"dur":-1', "changed after"),
    ],
)
def test_a_changed_trace_is_refused(tmp_path, old, new, told):
    path = pnb.write(two_done(), tmp_path / "trace.json")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(pnb.FormatError, match=told):
        pnb.read(path)


def test_a_trace_tells_its_workers_itself(tmp_path):
    path = pnb.write(two_done(), tmp_path / "trace.json")
    with pytest.raises(pnb.ArgumentError, match="n_workers"):
        pnb.read(path, n_workers=4)


def test_a_file_that_was_there_stays_if_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "trace.json"
    path.write_text("before")

    def full(run, file):
        file.write(b"{")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chrome_out, "put", full)
    with pytest.raises(pnb.StoreError, match="No space left"):
        pnb.write(two_done(), path)
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["trace.json"]


@pytest.mark.parametrize(
    ("name", "source"),
    [("t.csv", "table"), ("t.CSV.gz", "table"), ("t.joblog", "joblog")],
)
def test_the_ending_of_the_file_says_which_format(tmp_path, name, source):
    assert pnb.read(pnb.write(two_done(), tmp_path / name)).meta.source == source


def test_any_other_ending_is_a_trace(tmp_path):
    run = two_done()
    assert pnb.read(pnb.write(run, tmp_path / "t.trace")).meta == run.meta


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(pnb.ArgumentError, match="must be a Run; got dict"):
        pnb.write({}, tmp_path / "t.json")
    with pytest.raises(pnb.ArgumentError, match="Did you mean 'chrome'"):
        pnb.write(two_done(), tmp_path / "t.json", format="perfetto")
    assert not list(tmp_path.iterdir())
