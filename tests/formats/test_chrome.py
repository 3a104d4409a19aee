"""Chrome traces: whose spans are tasks, in whatever form the events come."""

import gzip
import json
from pathlib import Path

import pytest

from parallel_nb.errors import FormatError
from parallel_nb.formats import events
from parallel_nb.reading import read
from tests.formats import fuzzing

MADE = Path(__file__).parent / "made"


def span(name, ts, dur, tid=1, pid=1, **more):
    return {
        "name": name,
        "ph": "X",
        "ts": ts,
        "dur": dur,
        "pid": pid,
        "tid": tid,
    } | more


def half(phase, name, ts, tid=1):
    return {"name": name, "ph": phase, "ts": ts, "pid": 1, "tid": tid}


def named(tid, name):
    args = {"name": name}
    return {"name": "thread_name", "ph": "M", "pid": 1, "tid": tid, "args": args}


def trace(*told, **fields):
    return json.dumps({"traceEvents": list(told), **fields})


def names(run):
    return run.tasks["name"].tolist()


BUILD = trace(
    named(1, "one"),
    span("compile a", 1000, 2000, cat="build", args={"deep": [{"a": 1}, {"b": 2}]}),
    span("compile b", 1500, 1000, tid=2),
    span("link", 3000.5, 499.5),
    half("B", "pack", 4000),
    half("E", "pack", 5000),
    displayTimeUnit="ms",
).encode()


def test_microseconds_become_seconds_and_threads_workers():
    run = read(BUILD)
    assert names(run) == ["compile a", "compile b", "link", "pack"]
    assert run.attempts["started"].tolist() == pytest.approx([0, 5e-4, 2.0005e-3, 3e-3])
    assert run.attempts["ended"].tolist() == pytest.approx([2e-3, 1.5e-3, 2.5e-3, 4e-3])
    assert run.attempts["worker"].tolist() == [0, 1, 0, 0]
    assert run.meta.lacks == ()
    assert "workers: 0 one" in run.meta.notes


def test_a_bare_array_and_an_object_say_the_same():
    told = [span("a", 0, 5), span("b", 5, 5)]
    assert names(read(json.dumps(told))) == names(read(trace(*told))) == ["a", "b"]


def test_what_stands_around_the_events_does_no_harm():
    told = span("a", 0, 5)
    before = json.dumps(
        {"deviceProperties": [{"traceEvents": [1]}], "s": '"traceEvents":['}
    )
    text = (
        before[:-1]
        + ', "traceEvents" : ['
        + json.dumps(told)
        + '\n] , "x": {"y": [1]}}'
    )
    run = read(text)
    assert names(run) == ["a"]
    assert run.meta.backend == "pytorch"


@pytest.mark.parametrize(
    "ending", ["", "]", ",", ",]", ", {", ', {"ph": "X", "na', "\n,\n", ",{}]", "\n]\n"]
)
def test_an_array_may_be_left_open_as_its_format_allows(ending):
    text = (
        "[" + json.dumps(span("a", 0, 5)) + "," + json.dumps(span("b", 5, 5)) + ending
    )
    run = read(text)
    assert names(run) == ["a", "b"]
    is_torn = any("torn off" in note for note in run.meta.notes)
    assert is_torn == (ending.startswith(", {"))


def test_an_object_may_not():
    with pytest.raises(FormatError, match="torn off: expected an end of `traceEvents`"):
        read('{"traceEvents": [' + json.dumps(span("a", 0, 5)))


def test_a_span_in_another_of_its_thread_is_no_task_of_its_own():
    run = read(
        trace(span("inner", 2, 3), span("outer", 0, 10), span("elsewhere", 2, 3, tid=2))
    )
    assert names(run) == ["outer", "elsewhere"]
    assert run.summary()["work"][0] == pytest.approx(13e-6)
    assert any("1 spans lie in others" in note for note in run.meta.notes)


def test_begins_and_ends_pair_by_thread_in_the_order_of_time():
    run = read(
        trace(
            half("E", "stray", 0),
            half("B", "a", 1),
            half("B", "in a", 2),
            half("E", "in a", 3),
            half("E", "a", 5),
            half("E", "b", 9, tid=2),
            half("B", "b", 4, tid=2),
            half("B", "never ends", 7),
        )
    )
    assert names(run) == ["a", "b"]
    assert run.summary()["work"][0] == pytest.approx(9e-6)
    assert any(note.startswith("2 begins or ends") for note in run.meta.notes)


def test_spans_that_overlap_on_a_thread_get_workers_of_their_own():
    run = read(trace(span("a", 0, 1000), span("b", 500, 1000), span("c", 1500, 9)))
    assert run.meta.n_workers == 2
    assert any("overlap without nesting" in note for note in run.meta.notes)


def test_what_rounding_to_microseconds_does_is_no_overlap():
    run = read(trace(span("a", 0, 101), span("b", 100, 100), span("in b", 110, 91)))
    assert names(run) == ["a", "b"]
    assert run.meta.n_workers == 1


def test_bazels_tasks_are_actions_and_its_critical_path_is_no_worker():
    action = {"cat": "action processing"}
    path = {"cat": "critical path component", "tid": 0}
    run = read(
        trace(
            span("Compiling a", 0, 4_000_000, tid=7, **action),
            span("check cache", 1, 3, tid=7, cat="remote action cache check"),
            span("Compiling b", 0, 1_000_000, tid=8, **action),
            span("Linking", 4_000_000, 2_000_000, tid=8, **action),
            span("evaluate", 0, 9_000_000, tid=3, cat="skyframe evaluator"),
            span("action 'Compiling a'", 0, 4_000_000, **path),
            span("action 'Linking'", 4_000_000, 2_000_000, **path),
            otherData={"bazel_version": "release 7.1.0", "profile_start_ts": 1.7e12},
        )
    )
    assert names(run) == ["Compiling a", "Compiling b", "Linking"]
    assert run.meta.n_workers == 2
    assert run.edges.to_numpy().tolist() == [[2, 0]]
    assert run.summary()["span"][0] == pytest.approx(6.0)
    assert run.meta.versions == {"bazel": "7.1.0"}
    assert run.meta.started_at == "2023-11-14T22:13:20+00:00"
    assert any("critical path: 6.000 s in 2 actions" in each for each in run.meta.notes)


@pytest.mark.parametrize(
    ("date", "started_at"),
    [
        ("Mon Aug 08 15:01:48 UTC 2022", "2022-08-08T15:01:50+00:00"),
        ("Tue Aug 16 13:08:05 CEST 2022", ""),
        ("Mon Aug 99 99:01:48 UTC 2022", ""),
    ],
)
def test_bazel_tells_its_date_where_the_zone_is_known(date, started_at):
    action = span("Compile a.o", 2e6, 500, cat="action processing")
    run = read(trace(action, otherData={"date": date}))
    assert run.meta.started_at == started_at


def test_clangs_tasks_are_phases_and_its_totals_are_none():
    run = read(
        trace(
            span("Source", 10, 50),
            span("Frontend", 5, 100),
            span("Backend", 110, 40),
            span("ExecuteCompiler", 0, 155),
            span(
                "Total ExecuteCompiler", 0, 155, tid=2, args={"count": 1, "avg ms": 0}
            ),
            span("Total Source", 0, 50, tid=3, args={"count": 1, "avg ms": 0}),
            beginningOfTime=1_700_000_000_000_000,
        )
    )
    assert names(run) == ["Frontend", "Backend"]
    assert run.meta.n_workers == 1
    assert run.meta.started_at.startswith("2023-11-14T22:13:20")


def test_viztracers_threads_are_workers_by_name():
    run = read(MADE / "viztracer.json")
    assert run.meta.backend == "viztracer"
    assert run.meta.n_workers == 3
    assert run.meta.versions == {"viztracer": "1.1.1"}
    assert any("0 MainThread" in note for note in run.meta.notes)
    # Two threads slept 0.1 s in all, while a third waited for them.
    assert 0.1 <= run.summary()["work"][0] <= 0.5


def test_rays_timeline_counts_since_1970():
    run = read(
        json.dumps(
            [
                span(
                    "task::f",
                    1.7e15,
                    500,
                    pid="Node 10.0.0.1",
                    tid="worker:a1",
                    cat="task::f",
                ),
                span(
                    "task:execute",
                    1.7e15 + 100,
                    300,
                    pid="Node 10.0.0.1",
                    tid="worker:a1",
                ),
            ]
        )
    )
    assert names(run) == ["task::f"]
    assert run.meta.backend == "ray"
    assert run.meta.started_at == "2023-11-14T22:13:20+00:00"


def test_rays_waiting_and_calls_of_its_own_are_no_tasks():
    run = read(
        trace(
            span("worker_idle", 0, 900, cat="worker_idle"),
            span("ray.get", 0, 5000, tid="driver:1", cat="ray.get"),
            span("grow", 1000, 500, cat="task"),
            span("task:execute", 1100, 300, cat="task:execute"),
        )
    )
    assert names(run) == ["grow"]
    assert (run.meta.backend, run.meta.n_workers) == ("ray", 1)
    assert any("3 spans of Ray's own" in note for note in run.meta.notes)


def test_a_span_without_a_length_had_not_ended():
    unended = {"name": "open", "ph": "X", "ts": 2000, "pid": 1, "tid": 1}
    run = read(trace(span("a", 1000, 500), unended))
    assert names(run) == ["a"]
    assert any("1 spans (X) without `dur`" in note for note in run.meta.notes)


def test_lengths_are_kept_though_times_since_1970_have_no_room_for_them():
    run = read(trace(span("a", 1.7e15, 0.375), span("b", 1.7e15 + 2.25, 1.125)))
    attempts = run.attempts
    assert (attempts["ended"] - attempts["started"]).tolist() == pytest.approx(
        [0.375e-6, 1.125e-6], abs=1e-9
    )
    assert attempts["started"].tolist() == [0.0, 2.25e-6]


def test_what_rounding_lets_overlap_runs_one_after_the_other():
    run = read(trace(span("a", 0, 101), span("b", 100, 100), span("c", 200, 50)))
    started, ended = (run.attempts[name].to_numpy() for name in ("started", "ended"))
    assert run.meta.n_workers == 1
    assert (started[1:] >= ended[:-1]).all()
    assert (ended - started).sum() == pytest.approx(251e-6)


def test_pytorchs_frame_is_no_worker():
    run = read(
        trace(
            span("aten::conv", 10, 5, cat="cpu_op"),
            span(
                "PyTorch Profiler (0)", 0, 99, pid="Spans", tid="Profiler", cat="Trace"
            ),
            baseTimeNanoseconds=1_700_000_000_000_000_000,
        )
    )
    assert names(run) == ["aten::conv"]
    assert run.meta.started_at.startswith("2023-11-14T22:13:20")


def test_threads_stand_in_the_order_that_the_trace_wants():
    order = {"ph": "M", "name": "thread_sort_index", "pid": 1}
    run = read(
        trace(
            order | {"tid": 10, "args": {"sort_index": -5}},
            span("a", 0, 5, tid=2),
            span("b", 0, 5, tid=10),
            span("c", 0, 5, tid=9),
        )
    )
    assert dict(zip(run.tasks["name"], run.tasks["worker"], strict=True)) == {
        "b": 0,
        "a": 1,
        "c": 2,
    }


def test_a_threads_own_clock_is_cpu_time():
    assert read(trace(span("a", 0, 500, tdur=200))).tasks["cpu"][0] == pytest.approx(
        2e-4
    )


def test_numbers_may_be_text_and_names_missing():
    run = read('[{"ph":"X","ts":"1","dur":"2.5","pid":"p","tid":null}]')
    assert run.summary()["work"][0] == pytest.approx(2.5e-6)


def test_what_writers_get_wrong_is_read_all_the_same():
    text = trace(span("a", 0, 5), span("b", 5, 5)).encode()
    nan = text.replace(b'"tid": 1}', b'"tid": 1, "args": {"x": NaN, "y": -Infinity}}')
    half = text.replace(b'"a"', b'"a\\ud800"')
    latin = text.replace(b'"a"', b'"a\xe9"')
    for content in (nan, half, latin):
        assert len(read(content).tasks) == 2


@pytest.mark.parametrize("block", [1, 40, 150, 400])
def test_it_does_not_matter_how_the_file_is_cut_into_blocks(monkeypatch, block):
    whole = read(BUILD)
    monkeypatch.setattr(events, "BLOCK", block)
    cut = read(BUILD, "chrome")
    assert cut.attempts.equals(whole.attempts)
    assert cut.meta == whole.meta
    packed = gzip.compress(BUILD.replace(b"}, {", b"},\n   {"))
    assert read(packed).attempts.equals(whole.attempts)
    bare = json.dumps(json.loads(BUILD)["traceEvents"]).encode()
    for end in range(len(bare) - 150, len(bare)):
        fuzzing.check(bare[:end], "chrome")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"events": []}', "expected a field `traceEvents`"),
        ("3", "expected an array of events"),
        ("[]", "expected spans"),
        ('[{"ph": "i", "ts": 3}]', "expected spans .* got 1 events"),
        (
            trace(span("a", 0, 5), span("b", None, 5)),
            "event 2: ts: expected µs; got none",
        ),
        (trace(span("a", 0, "x")), "event 1: dur: expected µs; got 'x'"),
        (
            trace({"ph": "X", "ts": 1, "name": "a"}),
            "dur: expected µs; got none in all 1 spans",
        ),
        (trace(span("a", 0, 5), span("b", 9, -5)), "event 2: expected an end after"),
        (trace(span("a", 0, 5), span("b", [1], 5)), "event 2: ts: expected"),
        (trace(span("a", 0, 5), 7), "event 2: expected `object`"),
        (trace(span("a", 0, 1e30)), "event 1: ended: expected seconds"),
        (trace(span("a", 0, 5)) + "x", "fields of the trace"),
        ("[" + json.dumps(span("a", 0, 5)) + "] []", "nothing after the array"),
        ('[{"ph": "X", "args": ' + "[" * 99_999, "nested too deeply"),
        ('[{"ph": "X",, }]', "expected JSON"),
    ],
    ids=range(15),
)
def test_what_is_wrong_is_told_with_its_event(text, told):
    with pytest.raises(FormatError, match=told):
        read(text.encode(), "chrome")


def test_in_any_encoding_it_is_the_same():
    fuzzing.check_encodings(BUILD)


def test_torn_anywhere_it_is_a_run_or_an_error():
    bare = json.dumps(json.loads(BUILD)["traceEvents"]).encode()
    fuzzing.check_torn_anywhere(bare, "chrome", step=13)
    fuzzing.check_torn_anywhere(BUILD, "chrome", step=13)


@fuzzing.fuzzed
@fuzzing.given(fuzzing.damaged(BUILD, (MADE / "viztracer.json").read_bytes()))
def test_damaged_in_any_way_it_is_a_run_or_an_error(content):
    fuzzing.check(content, "chrome")


def _begin_end(phase, key, at, **more):
    return {"ph": phase, "cat": "job", "name": f"job {key}", "pid": 1, "tid": 1,
            "ts": at * 1e6, **more}  # fmt: skip


def test_asynchronous_spans_are_read_where_there_are_no_others():
    events = [
        _begin_end("b", 1, 0.0, id="0x1"),
        _begin_end("b", 2, 1.0, id2={"local": 2}),
        _begin_end("b", 1, 1.5, id="0x1"),  # a step of the first
        _begin_end("n", 1, 1.7, id="0x1"),
        _begin_end("e", 1, 2.0, id="0x1"),
        _begin_end("e", 1, 4.0, id="0x1"),
        _begin_end("e", 2, 3.0, id2={"local": 2}),
        _begin_end("b", 3, 4.0, id="0x3"),
        _begin_end("e", 3, 5.0, id="0x3"),
    ]
    run = read(json.dumps(events))
    assert run.tasks["name"].tolist() == ["job 1", "job 2", "job 3"]
    assert run.tasks["ended"].tolist() == [4.0, 3.0, 5.0]
    assert run.meta.n_workers == 2
    assert run.meta.lacks == ("workers",)
    assert any("asynchronous" in note for note in run.meta.notes)


def test_asynchronous_spans_beside_those_of_threads_are_told():
    events = [
        {"ph": "X", "name": "f", "ts": 0, "dur": 5e6, "pid": 1, "tid": 1},
        _begin_end("b", 1, 0.0, id=1),
        _begin_end("e", 1, 9.0, id=1),
    ]
    run = read(json.dumps(events))
    assert run.summary()["work"][0] == 5.0
    assert any(note.startswith("1 asynchronous spans") for note in run.meta.notes)
