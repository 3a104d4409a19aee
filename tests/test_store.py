"""What was saved comes back whole or says why not; no fault costs the old file."""

import errno
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import schema, store
from parallel_nb.errors import ArgumentError, ResultsNotKept, StoreError
from parallel_nb.runs import MISSING, Meta, Run
from parallel_nb.store import load, save
from parallel_nb.sweeps import Sweep

META = Meta(
    n_workers=2,
    backend="isolated",
    host="here",
    cpu_count=8,
    started_at="2025-01-31T12:00:00+00:00",
    versions={"python": "3.13"},
    label="caf\u00e9 \udcff",
    tags=("a", "b"),
    ended_by="interrupt",
    parent=(0, 3),
    notes=("said aloud",),
    agents={"runner": 1, "reviewer": 2},
)


def full_run():
    """A Run with something in every place."""
    attempts = schema.coerce(
        {
            "task": [0, 1, 1, 2],
            "attempt": [1, 1, 2, 1],
            "name": ["fit", "fit", "fit", "score"],
            "agent": ["runner", None, None, "reviewer"],
            "status": ["done", "failed", "crashed", "skipped"],
            "submitted": [0.0, 0.0, 2.0, np.nan],
            "started": [0.1, 0.1, 2.1, np.nan],
            "ended": [1.1, 2.0, 3.5, np.nan],
            "cpu": [0.9, np.nan, np.nan, np.nan],
            "worker": [0, 1, 0, -1],
            "pid": [100, 101, 100, 0],
            "host": "here",
            "error": [None, "ValueError: no", "killed by signal 9", None],
        }
    )
    return Run(
        attempts,
        META,
        results=["a", MISSING, MISSING],
        tracebacks={(1, 1): "Traceback (most recent call last):\n  no"},
        edges=pd.DataFrame({"task": [2, 2], "after": [1, 0]}),
        startups=pd.DataFrame(
            {
                "worker": np.array([0, 1], np.int32),
                "pid": [100, 101],
                "started": [0.0, 0.05],
                "ended": [0.1, 0.1],
            }
        ),
        details={
            2: {"context": {"description": "\udcff", "limits": [1, 2.5, None]}},
            0: {"summary": "fine", "is_aggregate": True},
        },
    )


def small_run(label="small", **extras):
    frame = pd.DataFrame({"task": [0, 1], "started": [0.0, 0.0], "ended": [1.0, 2.0]})
    run = Run.from_frame(frame, label=label)
    return Run(run.attempts, run.meta, **extras)


def assert_same(run, other):
    assert other.meta == run.meta
    pd.testing.assert_frame_equal(other.attempts, run.attempts)
    pd.testing.assert_frame_equal(other.edges, run.edges)
    pd.testing.assert_frame_equal(other.startups, run.startups)
    assert dict(other.tracebacks) == dict(run.tracebacks)
    assert other.details == run.details
    pd.testing.assert_frame_equal(other.agents, run.agents)


def with_metadata(path, change):
    """Write the file anew with its header changed."""
    table = pq.read_table(path)
    metadata = dict(table.schema.metadata)
    metadata[b"parallel_nb"] = change(metadata[b"parallel_nb"])
    pq.write_table(table.replace_schema_metadata(metadata), path)


# There and back


def test_everything_comes_back_but_the_results(tmp_path):
    run = full_run()
    loaded = load(save(run, tmp_path / "run.parquet"))
    assert_same(run, loaded)
    assert not loaded.has_results


def test_results_come_back_when_both_sides_ask(tmp_path):
    path = save(full_run(), tmp_path / "run.parquet", with_results=True)
    assert load(path, with_results=True).results_or("?") == ["a", "?", "?"]
    assert not load(path).has_results


def test_results_of_every_kind_come_back(tmp_path):
    values = [
        None,
        3,
        "text",
        np.float64(0.5),
        np.arange(3),
        np.array([None, "x"], dtype=object),
        pd.DataFrame({"a": [1]}),
        lambda x: x + 1,
    ]
    n = len(values)
    frame = pd.DataFrame({"task": range(n), "started": 0.0, "ended": 1.0})
    run = Run.from_frame(frame)
    run = Run(run.attempts, run.meta, results=values)
    path = save(run, tmp_path / "run.parquet", with_results=True)
    loaded = load(path, with_results=True).results
    assert loaded[:4] == values[:4]
    assert loaded[4].tolist() == [0, 1, 2]
    assert loaded[5].tolist() == [None, "x"]
    pd.testing.assert_frame_equal(loaded[6], values[6])
    assert loaded[7](1) == 2


def test_results_follow_their_tasks_whatever_the_order_of_rows(tmp_path):
    attempts = schema.coerce(
        {
            "task": [1, 0, 1],
            "attempt": [2, 1, 1],
            "started": 0.0,
            "ended": 1.0,
            "worker": 0,
        }
    )
    run = Run(attempts, META, results=["zero", "one"])
    path = save(run, tmp_path / "run.parquet", with_results=True)
    assert load(path, with_results=True).results == ["zero", "one"]


def test_an_empty_run_comes_back(tmp_path):
    frame = pd.DataFrame({"task": [], "started": [], "ended": []})
    run = Run.from_frame(frame)
    assert_same(run, load(save(run, tmp_path / "run.parquet")))


text = st.text(st.characters(), max_size=6)
times = st.floats(-1e9, 1e9) | st.just(np.nan)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            text,
            st.none() | text,
            st.sampled_from(schema.STATUSES),
            times,
            times,
            st.none() | text.filter(bool),
            st.integers(0, 2**62),
        ),
        max_size=8,
    ),
    text,
)
def test_any_run_comes_back(tmp_path_factory, rows, label):
    started = [min(row[3], row[4]) for row in rows]
    ended = [max(row[3], row[4]) for row in rows]
    attempts = schema.coerce(
        {
            "task": range(len(rows)),
            "name": [row[0] for row in rows],
            "agent": [row[1] for row in rows],
            "status": [row[2] for row in rows],
            "started": started,
            "ended": ended,
            "worker": 0,
            "error": [row[5] for row in rows],
            "pid": [row[6] for row in rows],
        }
    )
    tracebacks = {(i, 1): row[5] for i, row in enumerate(rows) if row[5] is not None}
    meta = Meta(1, "x", "", 1, "", {}, label=label)
    run = Run(attempts, meta, tracebacks=tracebacks)
    loaded = load(save(run, tmp_path_factory.mktemp("any") / "run.parquet"))
    assert loaded.meta == run.meta
    pd.testing.assert_frame_equal(loaded.attempts, run.attempts)
    pd.testing.assert_frame_equal(loaded.errors, run.errors)


def test_the_file_is_a_table_that_pandas_reads(tmp_path):
    path = save(full_run(), tmp_path / "run.parquet")
    frame = pd.read_parquet(path, columns=list(schema.COLUMNS))
    pd.testing.assert_frame_equal(schema.coerce(frame), full_run().attempts)


def test_save_answers_where_and_takes_text_for_a_path(tmp_path):
    path = save(small_run(), str(tmp_path / "run.parquet"))
    assert path == tmp_path / "run.parquet"
    assert [file.name for file in tmp_path.iterdir()] == ["run.parquet"]


def test_a_saved_run_replaces_the_one_before(tmp_path):
    path = save(small_run("old"), tmp_path / "run.parquet")
    path.chmod(0o640)
    save(small_run("new"), path)
    assert load(path).meta.label == "new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_keeps_pointing_at_the_file_it_names(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.parquet"
    link.symlink_to(tmp_path / "there" / "run.parquet")
    save(small_run("through"), link)
    assert link.is_symlink()
    assert load(tmp_path / "there" / "run.parquet").meta.label == "through"


# What cannot be saved


def test_results_that_were_not_kept_cannot_be_saved(tmp_path):
    with pytest.raises(ResultsNotKept):
        save(small_run(), tmp_path / "run.parquet", with_results=True)
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_cannot_be_pickled_is_named(tmp_path):
    run = small_run(results=[1, (i for i in range(3))])
    path = save(small_run("old"), tmp_path / "run.parquet")
    with pytest.raises(
        StoreError, match=r"result of task 1 \(generator\) cannot be pick"
    ):
        save(run, path, with_results=True)
    assert load(path).meta.label == "old"


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(
        StoreError, match=r"there is no folder .*nowhere; create it first"
    ):
        save(small_run(), tmp_path / "nowhere" / "run.parquet")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(StoreError, match="is a folder; name a file in it"):
        save(small_run(), tmp_path)


def test_a_path_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="there is no folder"):
        save(small_run(), tmp_path / "file" / "run.parquet")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_without_permission_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="Permission denied") as caught:
            save(small_run(), tmp_path / "run.parquet")
    finally:
        tmp_path.chmod(0o700)
    assert caught.value.errno == errno.EACCES


def noisy_run(n=20_000):
    """A Run whose file takes some hundred KB however well it is compressed."""
    times = np.random.default_rng(0).random(n)
    frame = pd.DataFrame({"task": range(n), "started": times, "ended": times})
    return Run.from_frame(frame.assign(worker=0), label="new")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own with room for 64 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount command")
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_the_old_file_and_no_other(small_disk):
    path = save(small_run("old"), small_disk / "run.parquet")
    with pytest.raises(StoreError, match="No space left on device") as caught:
        save(noisy_run(), path)
    assert caught.value.errno == errno.ENOSPC
    assert load(path).meta.label == "old"
    assert [file.name for file in small_disk.iterdir()] == ["run.parquet"]


def test_a_read_only_disk_can_be_loaded_from_but_not_saved_to(small_disk):
    path = save(small_run("old"), small_disk / "run.parquet")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError, match="Read-only file system") as caught:
        save(small_run("new"), path)
    assert caught.value.errno == errno.EROFS
    assert load(path).meta.label == "old"


def in_child(code, *arguments, **options):
    """A Python process that has `noisy_run` and runs `code`."""
    prelude = """
        import importlib.util, os, resource, signal, sys
        import pyarrow.parquet
        spec = importlib.util.spec_from_file_location("tests_of_store", sys.argv[1])
        tests = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tests)
        from parallel_nb import store
        from parallel_nb.errors import StoreError
    """
    code = textwrap.dedent(prelude) + textwrap.dedent(code)
    command = [sys.executable, "-c", code, __file__, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def test_a_file_size_limit_leaves_the_old_file_and_no_other(tmp_path):
    path = save(small_run("old"), tmp_path / "run.parquet")
    code = """
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            store.save(tests.noisy_run(), sys.argv[2])
        except StoreError as error:
            print(error)
    """
    with in_child(code, path) as child:
        said = child.stdout.read()
    assert "File too large" in said
    assert load(path).meta.label == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["run.parquet"]


@pytest.mark.parametrize("moment", ["half-written", "before fsync", "before rename"])
def test_a_kill_while_saving_leaves_the_old_file(tmp_path, moment):
    path = save(small_run("old"), tmp_path / "run.parquet")
    code = """
        def stop_here(*arguments):
            print("here", flush=True)
            signal.pause()

        def write_half(table, file, **options):
            file.write(b"PAR1" + bytes(100_000))
            file.flush()
            stop_here()

        if sys.argv[3] == "half-written":
            pyarrow.parquet.write_table = write_half
        elif sys.argv[3] == "before fsync":
            os.fsync = stop_here
        else:
            os.replace = stop_here
        store.save(tests.noisy_run(), sys.argv[2])
    """
    with in_child(code, path, moment) as child:
        assert child.stdout.readline() == "here\n"
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert load(path).meta.label == "old"
    assert len(list(tmp_path.iterdir())) == 2, "the kill came while there was a draft"
    save(small_run("new"), path)
    assert load(path).meta.label == "new"


def test_an_interrupt_while_saving_leaves_the_old_file_and_no_other(
    tmp_path, monkeypatch
):
    path = save(small_run("old"), tmp_path / "run.parquet")

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(small_run("new"), path)
    assert load(path).meta.label == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["run.parquet"]


# What cannot be loaded


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StoreError, match=r"cannot read .*No such file") as caught:
        load(tmp_path / "run.parquet")
    assert caught.value.errno == errno.ENOENT


def test_a_folder_cannot_be_loaded(tmp_path):
    with pytest.raises(StoreError, match=r"cannot read .*Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not a run file: it is empty"),
        (b"PA", "is not a run file: it is not a Parquet file"),
        (b"task,started,ended\n", "is not a run file: it is not a Parquet file"),
        (b"PAR1", "is torn"),
        (b"PAR1PAR1", "is torn"),
        (b"PAR1" + bytes(20) + b"PAR1", "is damaged"),
    ],
    ids=["empty", "two-bytes", "csv", "four-bytes", "eight-bytes", "no-footer"],
)
def test_something_else_is_no_run_file(tmp_path, content, told):
    path = tmp_path / "run.parquet"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=told):
        load(path)


def test_a_torn_file_is_told_wherever_it_was_torn(tmp_path):
    path = save(full_run(), tmp_path / "run.parquet")
    whole = path.read_bytes()
    for length in [*range(4, len(whole), 251), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(StoreError, match="is torn"):
            load(path)


def test_a_flipped_bit_in_the_data_is_noticed(tmp_path):
    path = save(full_run(), tmp_path / "run.parquet")
    group = pq.ParquetFile(path).metadata.row_group(0)
    whole = path.read_bytes()
    for number in range(group.num_columns):
        column = group.column(number)
        if column.path_in_schema not in schema.COLUMNS:
            continue
        damaged = bytearray(whole)
        # The last byte of the column's last page is data, not a page header.
        begin = column.dictionary_page_offset or column.data_page_offset
        damaged[begin + column.total_compressed_size - 1] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match="is damaged"):
            load(path)


def test_a_foreign_table_is_told_with_what_to_do(tmp_path):
    path = tmp_path / "theirs.parquet"
    pd.DataFrame({"task": [1]}).to_parquet(path)
    with pytest.raises(
        StoreError, match=r"not a run file of parallel_nb.*Run.from_frame"
    ):
        load(path)


def test_a_file_of_a_newer_version_says_who_wrote_it_and_what_to_do(tmp_path):
    path = save(small_run(), tmp_path / "run.parquet")
    newer = {"format_version": 99, "written_by": "7.0", "more": "to come"}
    with_metadata(path, lambda _: json.dumps(newer).encode())
    told = r"format 99, written by parallel_nb 7\.0; this is .* up to 1\. Upgrade: `pip"
    with pytest.raises(StoreError, match=told):
        load(path)


@pytest.mark.parametrize(
    "header",
    [b"", b"\xff", b"[]", b"{}", b'"x"', b'{"format_version": [1]}'],
    ids=["empty", "bytes", "list", "bare", "text", "odd-version"],
)
def test_a_header_that_makes_no_sense_is_told(tmp_path, header):
    path = save(small_run(), tmp_path / "run.parquet")
    with_metadata(path, lambda _: header)
    with pytest.raises(
        StoreError, match=r"run\.parquet (is damaged|has run file format)"
    ):
        load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("meta"),
        lambda header: header.pop("edges"),
        lambda header: header.update(meta=3),
        lambda header: header["meta"].update(n_workers="two"),
        lambda header: header["meta"].update(n_workers=0),
        lambda header: header.update(edges={"task": [5], "after": [0]}),
        lambda header: header.update(startups={"worker": ["x"]}),
        lambda header: header.update(details={"9": {"summary": "no such task"}}),
        lambda header: header.update(details={"x": {}}),
        lambda header: header.update(details={"0": 3}),
        lambda header: header["meta"].update(agents={"x": "many"}),
    ],
    ids=[
        "no-meta",
        "no-edges",
        "odd-meta",
        "text",
        "zero",
        "edges",
        "startups",
        "details",
        "no-task",
        "odd-details",
        "agents",
    ],
)
def test_a_header_that_does_not_fit_is_told(tmp_path, change):
    path = save(small_run(), tmp_path / "run.parquet")

    def changed(text):
        header = json.loads(text)
        change(header)
        return json.dumps(header).encode()

    with_metadata(path, changed)
    with pytest.raises(StoreError, match=r"run\.parquet is damaged"):
        load(path)


def test_attempts_that_are_not_valid_are_told(tmp_path):
    path = save(small_run(), tmp_path / "run.parquet")
    table = pq.read_table(path)
    ended = table.schema.get_field_index("ended")
    pq.write_table(table.set_column(ended, "ended", pa.array([-1.0, -1.0])), path)
    with pytest.raises(
        StoreError, match="is damaged: column 'ended': expected no less"
    ):
        load(path)


def test_what_a_newer_writer_of_the_same_format_adds_is_ignored(tmp_path):
    path = save(small_run("same"), tmp_path / "run.parquet")

    def changed(text):
        header = json.loads(text)
        header["mood"] = header["meta"]["mood"] = "good"
        header["details"] = {"1": {"summary": "fine", "mood": "good"}}
        return json.dumps(header).encode()

    with_metadata(path, changed)
    table = pq.read_table(path)
    pq.write_table(table.append_column("mood", pa.array(["good", "bad"])), path)
    assert load(path).meta.label == "same"
    assert load(path).details == {1: {"summary": "fine"}}


# Sweeps


def small_sweep(label="small", **options):
    """Of three Runs, one of which has something in every place."""
    runs = [small_run("one"), full_run(), small_run("three", **options)]
    return Sweep.from_runs(runs, label=label, backends=["x", "y", "x"])


def assert_same_sweep(sweep, other):
    pd.testing.assert_frame_equal(other.rows, sweep.rows)
    pd.testing.assert_frame_equal(other.table, sweep.table)
    for name in ("measure", "scale", "label"):
        assert getattr(other, name) == getattr(sweep, name)
    assert len(other.runs) == len(sweep.runs)
    for own, back in zip(sweep.runs, other.runs, strict=True):
        assert_same(own, back)


def test_a_sweep_comes_back_with_each_of_its_runs(tmp_path):
    sweep = small_sweep()
    path = save(sweep, tmp_path / "sweep.parquet")
    assert_same_sweep(sweep, load(path))
    assert load(path).runs[1].errors.traceback.notna().tolist() == [True, False]
    assert not load(path).runs[0].tracebacks


@pytest.mark.parametrize("measure", ["time", "throughput", "speedup"])
@pytest.mark.parametrize("scale", ["strong", "weak"])
def test_a_sweep_of_mere_measurements_comes_back(tmp_path, measure, scale):
    table = pd.DataFrame({"n": [1, 2, 2, 4], "m": [1 / 3, 0.7, np.nextafter(1, 2), 9]})
    sweep = Sweep.from_frame(
        table, n="n", scale=scale, label="caf\u00e9 \udcff", **{measure: "m"}
    )
    assert_same_sweep(sweep, load(save(sweep, tmp_path / "sweep.parquet")))


def test_shares_that_are_not_known_stay_unknown(tmp_path):
    rows = small_sweep().rows.assign(load_balance=np.nan)
    sweep = Sweep(rows, measure="makespan")
    assert_same_sweep(sweep, load(save(sweep, tmp_path / "sweep.parquet")))


def test_a_run_in_which_nothing_ran_comes_back_in_its_sweep(tmp_path):
    nothing = Run.from_frame(pd.DataFrame({"task": [], "started": [], "ended": []}))
    rows = small_sweep().rows[:2]
    for runs in ([small_run(), nothing], [nothing, small_run()], [nothing, nothing]):
        sweep = Sweep(rows, measure="makespan", runs=runs)
        assert_same_sweep(sweep, load(save(sweep, tmp_path / "sweep.parquet")))


def test_the_results_of_a_sweep_come_back_when_both_sides_ask(tmp_path):
    runs = [small_run(results=[n, {"n": n}]) for n in range(3)]
    path = tmp_path / "sweep.parquet"
    save(Sweep.from_runs(runs), path, with_results=True)
    assert [run.results for run in load(path, with_results=True).runs] == [
        [n, {"n": n}] for n in range(3)
    ]
    assert not load(path).runs[0].has_results


def test_results_that_a_sweep_does_not_have_are_told(tmp_path):
    path = tmp_path / "sweep.parquet"
    with pytest.raises(ResultsNotKept):
        save(small_sweep(results=[1, 2]), path, with_results=True)
    mere = Sweep(small_sweep().rows, measure="makespan")
    with pytest.raises(ArgumentError, match="`with_results` must be False for a Swee"):
        save(mere, path, with_results=True)
    assert not path.exists()
    save(mere, path)
    with pytest.raises(StoreError, match="holds no results: it is a sweep without ru"):
        load(path, with_results=True)
    save(small_sweep(), path)
    with pytest.raises(StoreError, match="holds no results: it was saved without"):
        load(path, with_results=True)


def test_the_attempts_of_a_sweep_are_a_table_that_pandas_reads(tmp_path):
    sweep = small_sweep()
    frame = pd.read_parquet(save(sweep, tmp_path / "sweep.parquet"))
    assert frame["run"].tolist() == [0, 0, 1, 1, 1, 1, 2, 2]
    of_one = frame[frame["run"] == 1][list(schema.COLUMNS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(schema.coerce(of_one), full_run().attempts)


def test_what_all_runs_of_a_sweep_share_is_written_once(tmp_path):
    path = save(Sweep.from_runs([full_run()] * 9), tmp_path / "sweep.parquet")
    header = json.loads(pq.read_schema(path).metadata[b"parallel_nb"])
    assert len(header["shared"]) == 2  # edges, details


def test_a_sweep_is_refused_by_those_who_know_runs_only(tmp_path):
    path = save(small_sweep(), tmp_path / "sweep.parquet")
    header = json.loads(pq.read_schema(path).metadata[b"parallel_nb"])
    assert header["kind"] == "sweep"
    assert header["format_version"] != 1, "the only one that the first readers take"


def test_a_file_without_a_kind_is_that_of_a_run(tmp_path):
    path = save(full_run(), tmp_path / "run.parquet")

    def first(text):
        header = json.loads(text)
        assert header["format_version"] == 1
        del header["kind"]
        return json.dumps(header).encode()

    with_metadata(path, first)
    assert_same(full_run(), load(path))


def test_a_kind_that_came_later_is_told_with_what_to_do(tmp_path):
    path = save(small_run(), tmp_path / "run.parquet")
    later = {"format_version": 3, "kind": "forest", "written_by": "7.0"}
    with_metadata(path, lambda _: json.dumps(later).encode())
    told = (
        r"forest file format 3, written by .* 7\.0.* a run and a sweep\. Upgrade: `pip"
    )
    with pytest.raises(StoreError, match=told):
        load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.pop("runs"),
        lambda header: header.pop("sweep"),
        lambda header: header.pop("measurements"),
        lambda header: header.pop("shared"),
        lambda header: header.update(shared=[]),
        lambda header: header.update(runs=3),
        lambda header: header["runs"].pop(),
        lambda header: header["runs"].append(header["runs"][0]),
        lambda header: header["runs"][0].pop("meta"),
        lambda header: header["sweep"].update(scale="odd"),
        lambda header: header["measurements"]["n_workers"].pop(),
        lambda header: header["measurements"].update(value=[0, 0, 0]),
        lambda header: header["measurements"].update(value=["x", "y", "z"]),
        lambda header: header.update(kind="run"),
        lambda header: header.update(kind=["run"]),
    ],
    ids=[
        "no-runs",
        "no-sweep",
        "no-measurements",
        "no-shared",
        "less-shared",
        "odd-runs",
        "run-missing",
        "run-too-many",
        "no-meta",
        "odd-scale",
        "lengths",
        "zero",
        "text",
        "other-kind",
        "odd-kind",
    ],
)
def test_a_header_that_does_not_fit_the_sweep_is_told(tmp_path, change):
    path = save(small_sweep(), tmp_path / "sweep.parquet")

    def changed(text):
        header = json.loads(text)
        change(header)
        return json.dumps(header).encode()

    with_metadata(path, changed)
    with pytest.raises(
        StoreError, match=r"sweep\.parquet (is damaged|has .* format 2)"
    ):
        load(path)


@pytest.mark.parametrize("numbers", [[0, 1, 0], [0, 1, 3], [-1, 0, 1], [0, 0, None]])
def test_rows_that_belong_to_no_run_are_told(tmp_path, numbers):
    numbers = np.repeat(numbers, [2, 4, 2]).tolist()
    path = save(small_sweep(), tmp_path / "sweep.parquet")
    table = pq.read_table(path)
    at = table.schema.get_field_index("run")
    odd = pa.array(numbers, pa.int32())
    pq.write_table(table.set_column(at, "run", odd), path)
    with pytest.raises(StoreError, match="is damaged: rows that belong to none"):
        load(path)


@pytest.mark.parametrize("column", ["run", "task", "ended"])
def test_a_column_that_a_sweep_lacks_is_told(tmp_path, column):
    path = save(small_sweep(), tmp_path / "sweep.parquet")
    pq.write_table(pq.read_table(path).drop_columns(column), path)
    with pytest.raises(StoreError, match=f"is damaged: .*{column}"):
        load(path)


def test_a_file_size_limit_leaves_the_old_sweep_and_no_other(tmp_path):
    path = save(small_sweep("old"), tmp_path / "sweep.parquet")
    code = """
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            store.save(tests.Sweep.from_runs([tests.noisy_run()] * 2), sys.argv[2])
        except StoreError as error:
            print(error)
    """
    with in_child(code, path) as child:
        said = child.stdout.read()
    assert "File too large" in said
    assert load(path).label == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["sweep.parquet"]


def test_loading_a_sweep_never_unpickles_unless_asked(tmp_path):
    mark = tmp_path / "sprung"
    runs = [small_run(results=[1, 2])]
    path = tmp_path / "sweep.parquet"
    save(Sweep.from_runs(runs), path, with_results=True)
    table = pq.read_table(path)
    at = table.schema.get_field_index("result")
    traps = pa.array([pickle.dumps(Trap(mark))] * 2, pa.large_binary())
    pq.write_table(table.set_column(at, "result", traps), path)
    load(path)
    assert not mark.exists()
    load(path, with_results=True)
    assert mark.exists(), "the trap works"


def test_what_is_neither_run_nor_sweep_is_not_saved(tmp_path):
    with pytest.raises(ArgumentError, match="`kept` must be a Run or a Sweep; got Dat"):
        save(pd.DataFrame(), tmp_path / "run.parquet")
    assert list(tmp_path.iterdir()) == []


# Pickles


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def test_loading_never_unpickles_unless_asked(tmp_path):
    mark = tmp_path / "sprung"
    path = save(small_run(), tmp_path / "run.parquet")
    trap = pickle.dumps(Trap(mark))
    table = pq.read_table(path)
    # In every place that could be taken for one.
    for name in ("result", "traceback2"):
        table = table.append_column(name, pa.array([trap, trap], pa.large_binary()))
    metadata = {**table.schema.metadata, b"results": trap, b"PANDAS_ATTRS": trap}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    load(path)
    assert not mark.exists()
    load(path, with_results=True)
    assert mark.exists(), "the trap works"


def test_results_asked_of_a_file_without_any_are_told(tmp_path):
    path = save(small_run(results=[1, 2]), tmp_path / "run.parquet")
    with pytest.raises(StoreError, match="holds no results: it was saved without"):
        load(path, with_results=True)


def test_a_result_that_cannot_be_unpickled_here_is_named(tmp_path):
    path = save(small_run(results=[1, 2]), tmp_path / "run.parquet", with_results=True)
    table = pq.read_table(path)
    lost = b"cno_such_module\nThing\n."
    broken = pa.array([pickle.dumps(1), lost], pa.large_binary())
    number = table.schema.get_field_index("result")
    pq.write_table(table.set_column(number, "result", broken), path)
    with pytest.raises(
        StoreError, match=r"task 1 .* ModuleNotFoundError: .*no_such_mod"
    ):
        load(path, with_results=True)


def test_the_store_loads_nothing_that_draws_or_runs():
    code = "import sys, parallel_nb.store; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert store.__name__ in loaded
    assert not {"joblib", "loky", "matplotlib", "ipywidgets", "scipy"} & set(loaded)
