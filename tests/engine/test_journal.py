"""A journal tells what had ended, whatever became of writer, disk and bytes."""

import errno
import fcntl
import os
import pickle
import signal
import subprocess
import sys
import threading
import tracemalloc
import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from parallel_nb.engine import worker
from parallel_nb.engine.batch import Piece
from parallel_nb.engine.collecting import Collector, Origin
from parallel_nb.engine.intake import Entry
from parallel_nb.engine.journals import file as journal_file
from parallel_nb.engine.journals.layout import START_SIZE
from parallel_nb.engine.journals.reading import read
from parallel_nb.engine.journals.recovering import UNFINISHED, recover
from parallel_nb.engine.journals.writing import Header, Journal
from parallel_nb.errors import ArgumentError, StoreError
from parallel_nb.runs import MISSING
from parallel_nb.schema import STARTUPS

from ..making import meta
from . import chores

ZERO = 100.0  # s, on the host's clock
HERE = Origin(0, 40, 7, "here")


def header(**fields):
    return Header(**({"meta": meta(2), "names": "job", "zero": ZERO} | fields))


def entry(number, first, n, submitted=ZERO):
    positions = np.arange(first, first + n)
    piece = Piece(abs, False, positions, list(range(n)), float(n), ZERO)
    return Entry(number, piece, submitted)


def sent(*results, first=0, in_threads=False, zero=ZERO):
    """A block of attempts, 1 s each; an exception stands for one that raised it."""
    sink = worker.Objects() if in_threads else worker.Pickles()
    for position, result in enumerate(results, first):
        status = worker.DONE
        if isinstance(result, Exception):
            status, result = worker.FAILED, worker.describe(result)
        began = zero + position
        sink.put(position, began, began + 1, status, result, (0.5, 1.0, 4096))
    return sink.finish()[0]


@contextmanager
def writing(path, n=10, keeps_results=True, **fields):
    """A collector with a new journal."""
    collector = Collector(keeps_results)
    collector.expect(n)
    collector.journal = Journal.create(path, header(**({"n_tasks": n} | fields)))
    try:
        yield collector
    finally:
        collector.journal.close("completion")


def absorb(collector, number, first, *results, lane=0, **kinds):
    block = sent(*results, **kinds)
    chunk = entry(number, first, len(results))
    collector.absorb(chunk, block, Origin(lane, 40 + lane, 7, "here"), ZERO + 50)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.journal"


# -- back --


def test_a_recovered_run_has_the_rows_that_the_run_had(path):
    with writing(path, 9) as collector:
        absorb(collector, 1, 0, "a", ValueError("no"), {"b": 1})
        absorb(collector, 2, 3, 1.5, None, lane=1, in_threads=True)
        crash = entry(3, 5, 1, submitted=ZERO + 3)
        collector.add(
            crash, 0, "crashed", "WorkerDied: exit code 3", started=ZERO + 4,
            ended=ZERO + 5, cpu=0.25, max_rss=9, origin=Origin(1, 41, 0, "here"),
            received=ZERO + 6,
        )  # fmt: skip
        collector.add_all(entry(-1, 6, 3), "cancelled", "never started", received=ZERO)
        live = collector.finish(ZERO, 2, "job")
    run = recover(path, with_results=True)
    pd.testing.assert_frame_equal(run.attempts, live["attempts"])
    assert dict(run.tracebacks) == live["tracebacks"]
    assert "ValueError: no" in run.tracebacks[1, 1]
    m = MISSING
    assert run.results_or(m) == ["a", m, {"b": 1}, 1.5, None, m, m, m, m]
    assert run.meta == meta(2)


def test_what_the_header_tells_comes_back(path):
    edges = pd.DataFrame({"task": [1], "after": [0]})
    names, agents = ["set up", "test"], [None, "runner"]
    with writing(
        path, 2, names=names, agents=agents, rounds=np.array([0, 1]), edges=edges,
        details={1: {"context": {"description": "all of them"}}},
    ) as collector:  # fmt: skip
        absorb(collector, 1, 0, 1)
        absorb(collector, 2, 1, 2)
        rows = [(0, 40, ZERO + 0.5, ZERO + 1.0)]
        collector.journal.add_startups(rows)
    run = recover(path)
    assert run.tasks["name"].to_list() == names
    assert run.tasks["agent"].isna().to_list() == [True, False]
    assert run.tasks["agent"][1] == "runner"
    assert run.tasks["round"].to_list() == [0, 1]
    pd.testing.assert_frame_equal(run.edges, edges)
    assert run.details[1]["context"] == {"description": "all of them"}
    started = pd.DataFrame([(0, 40, 0.5, 1.0)], columns=list(STARTUPS))
    pd.testing.assert_frame_equal(run.startups, started.astype(STARTUPS))


def test_an_invalid_result_is_kept_with_its_reason(path):
    with writing(path, 2) as collector:
        for number, sink in enumerate((worker.Pickles(), worker.Objects())):
            value = (("expected 1, got 2", "", ()), [2])
            sink.put(0, ZERO, ZERO + 1, worker.INVALID, value)
            chunk = entry(number + 1, number, 1)
            collector.absorb(chunk, sink.finish()[0], HERE, ZERO)
    run = recover(path, with_results=True)
    assert run.tasks["status"].to_list() == ["invalid", "invalid"]
    assert run.tasks["error"].to_list() == ["expected 1, got 2"] * 2
    assert run.results_or(None) == [[2], [2]]


def test_a_command_that_put_its_own_result_has_it(path):
    with writing(path, 1) as collector:
        collector.results[0] = "printed"
        chunk = entry(1, 0, 1)
        collector.add(
            chunk, 0, "done", "", started=ZERO, ended=ZERO + 1, origin=HERE
        )  # fmt: skip
    assert recover(path, with_results=True).results == ["printed"]


def test_results_are_unpickled_only_when_asked_for(path):
    with writing(path, 2) as collector:
        block = sent("fine", chores.Unloadable())
        chunk, origin = entry(1, 0, 2), HERE
        collector.journal.append(
            chunk, np.frombuffer(block[0], layout_of()), chunk.piece.positions, origin,
            received=ZERO, in_bytes=1.0, results=block[1],
        )  # fmt: skip
    run = recover(path)
    assert not run.has_results
    assert run.tasks["status"].to_list() == ["done", "done"]
    run = recover(path, with_results=True)
    assert run.results_or(None) == ["fine", None]
    assert run.tasks["status"].to_list() == ["done", "failed"]
    assert "could not be unpickled" in run.tasks["error"][1]
    assert "cannot be unpickled" in run.tracebacks[1, 1]


def layout_of():
    return np.dtype(worker.RECORD_FIELDS)


def test_a_result_that_cannot_be_pickled_leaves_its_row(path):
    with writing(path, 2) as collector:
        absorb(collector, 1, 0, threading.Lock(), "fine", in_threads=True)
        assert collector.journal.n_absent == 1
    run = recover(path, with_results=True)
    assert run.tasks["status"].to_list() == ["done", "done"]
    assert run.results_or("none") == ["none", "fine"]
    assert "1 results are not in the journal" in run.meta.notes[0]


def test_dropped_results_are_not_written(path):
    with writing(path, 1, keeps_results=False) as collector:
        absorb(collector, 1, 0, b"x" * 100_000)
    assert path.stat().st_size < 10_000
    assert recover(path).tasks["status"].to_list() == ["done"]


def test_tasks_without_an_attempt_are_cancelled(path):
    with writing(path, 4) as collector:
        absorb(collector, 1, 1, "b", "c")
        run = recover(path, with_results=True)  # while it is being written
    assert run.meta.ended_by == "killed"
    assert run.tasks["status"].to_list() == ["cancelled", "done", "done", "cancelled"]
    assert run.tasks["error"].dropna().to_list() == [UNFINISHED] * 2
    assert run.results_or(None) == [None, "b", "c", None]
    assert recover(path).meta.ended_by == "completion"


def test_of_a_stream_what_was_seen_comes_back(path):
    with writing(path, n_tasks=None) as collector:
        absorb(collector, 1, 0, "a")
        absorb(collector, 2, 2, "c")
    assert recover(path).tasks["status"].to_list() == ["done", "cancelled", "done"]


def test_names_may_become_known_later(path):
    with writing(path, n_tasks=1, names=["first"]) as collector:
        collector.journal.grow(3, ["second", "third"])
        absorb(collector, 1, 0, "a")
    tasks = recover(path).tasks
    assert tasks["name"].to_list() == ["first", "second", "third"]


def test_the_last_attempt_counts(path):
    with writing(path, 1) as collector:
        absorb(collector, 1, 0, ValueError("no"))
        absorb(collector, 2, 0, "well")
    run = recover(path, with_results=True)
    assert run.attempts["status"].to_list() == ["failed", "done"]
    assert run.results == ["well"]


def test_a_task_that_the_user_interrupted_has_not_failed(path):
    collector = Collector()
    collector.expect(1)
    collector.journal = Journal.create(path, header(n_tasks=1))
    failure = worker.describe(KeyboardInterrupt())
    sink = worker.Pickles()
    sink.put(0, ZERO, ZERO + 1, worker.FAILED, failure)
    collector.absorb(entry(1, 0, 1), sink.finish()[0], HERE, ZERO)
    collector.journal.close("interrupt")
    assert recover(path).tasks["status"].to_list() == ["cancelled"]


def test_fingerprints_are_those_of_the_tasks(path):
    with writing(path, 4) as collector:
        collector.journal.know(np.array([2]), b"2" * 16)
        collector.journal.know(np.array([0, 1]), b"0" * 16 + b"1" * 16)
        absorb(collector, 1, 1, "b", "c")
    found = read(path)
    assert found.changed(b"x" * 64).tolist() == [1, 2]
    assert found.changed(b"0" * 16 + b"1" * 16 + b"y" * 16).tolist() == [2]
    assert found.changed(bytes(64)).tolist() == []
    status, fingerprints, has_result = found.last()
    assert status.tolist() == [-1, 0, 0, -1]
    assert has_result.tolist() == [False, True, True, False]
    assert [f.tobytes() for f in fingerprints] == [
        bytes(16), b"1" * 16, b"2" * 16, bytes(16),
    ]  # fmt: skip


# -- attempts on their way --


def peeked(collector, chunk, *results, first=0):
    collector.journal.peek(chunk, sent(*results, first=first), Origin(0, 1, 0, ""), 0.0)


def test_what_was_seen_on_its_way_is_kept_if_nothing_comes_home(path):
    with writing(path, 4) as collector:
        chunk = entry(1, 0, 4)
        peeked(collector, chunk, "a", ValueError("b"))
        peeked(collector, chunk, "a", ValueError("b"), "c")
    run = recover(path, with_results=True)
    assert run.tasks["status"].to_list() == ["done", "failed", "done", "cancelled"]
    assert run.results_or(None) == ["a", None, "c", None]
    assert "ValueError: b" in run.tracebacks[1, 1]
    assert len(run.attempts) == 4


def test_what_was_seen_already_is_not_written_again(path):
    with writing(path, 4) as collector:
        chunk = entry(1, 0, 4)
        peeked(collector, chunk, "a", "b")
        size = path.stat().st_size
        peeked(collector, chunk, "a", "b")
        assert path.stat().st_size == size
        collector.absorb(chunk, sent("a", "b"), HERE, ZERO + 9)
        size = path.stat().st_size
        peeked(collector, chunk, "a", "b")
        assert path.stat().st_size == size


def test_what_came_home_replaces_what_was_seen_on_its_way(path):
    with writing(path, 4) as collector:
        chunk = entry(1, 0, 4)
        peeked(collector, chunk, "a", "b")
        collector.absorb(chunk, sent("a", "b", "c"), Origin(1, 9, 0, ""), ZERO + 9)
        peeked(collector, chunk, "d", first=3)
    run = recover(path, with_results=True)
    assert run.results == ["a", "b", "c", "d"]
    assert run.attempts["received"].to_list() == [9.0, 9.0, 9.0, -ZERO]


def test_part_of_a_chunk_may_come_home_after_more_was_seen(path):
    with writing(path, 3) as collector:
        chunk = entry(1, 0, 3)
        peeked(collector, chunk, "a", "bb", "ccc")
        collector.absorb(chunk, sent("a"), Origin(1, 9, 0, ""), ZERO + 9)
    assert recover(path, with_results=True).results == ["a", "bb", "ccc"]


def test_what_is_no_whole_part_of_the_chunk_is_not_taken_for_it(path):
    with writing(path, 4) as collector:
        chunk = entry(1, 0, 4)
        packed, payload = sent("a", "b", "c")
        size = worker.RECORD.size
        for torn in (
            (packed[size:] + packed[:size], payload),
            (packed, payload[:-1]),
            (packed[:size] + packed[2 * size :], payload),
            sent("x", "y", first=3),
            (b"", b""),
        ):
            collector.journal.peek(chunk, torn, HERE, ZERO)
    assert not read(path).blocks


# -- torn and damaged --


def small_journal(path):
    """Three rows in three records; where records end."""
    ends = []
    with writing(path, 3) as collector:
        ends.append(path.stat().st_size)
        absorb(collector, 1, 0, "a")
        ends.append(path.stat().st_size)
        absorb(collector, 2, 1, ValueError("b"))
        ends.append(path.stat().st_size)
        absorb(collector, 3, 2, "c")
        ends.append(path.stat().st_size)
    return ends


def places(ends, size):
    """Every byte near the ends of records, and one in eleven of what is between."""
    near = {at for end in [0, *ends, size] for at in range(end - 48, end + 48)}
    return [at for at in range(size) if at in near or at % 11 == 0]


def test_cut_anywhere_every_whole_record_is_there(path):
    ends = small_journal(path)
    whole = path.read_bytes()
    for size in places(ends, len(whole)):
        path.write_bytes(whole[:size])
        if size < ends[0]:
            with pytest.raises(StoreError, match=r"empty|torn|middle|not there"):
                recover(path)
            continue
        found = read(path)
        n = sum(end <= size for end in ends[1:])
        assert len(found.blocks) == n, size
        torn = size - max(end for end in ends if end <= size)
        assert len(found.notes) == bool(torn)
        if torn:
            assert f"its last {torn} bytes" in found.notes[0]
    path.write_bytes(whole[: ends[2] + 5])
    run = recover(path, with_results=True)
    assert run.tasks["status"].to_list() == ["done", "failed", "cancelled"]
    assert run.meta.ended_by == "killed"
    assert "in the middle of a record" in run.meta.notes[0]


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_a_changed_byte_is_seen_and_what_was_before_is_kept(path, flip):
    ends = small_journal(path)
    whole = path.read_bytes()
    for at in places(ends, len(whole)):
        wrong = bytearray(whole)
        wrong[at] ^= flip
        path.write_bytes(wrong)
        if at < ends[0] and START_SIZE - 4 <= at < START_SIZE:
            with pytest.raises(StoreError, match=r"Upgrade|reads formats"):
                read(path)
        elif at < ends[0]:
            with pytest.raises(StoreError, match=r"not a journal|holds no run"):
                read(path)
        else:
            found = read(path)
            before = sum(end <= at for end in ends[1:])
            assert len(found.blocks) == before, at
            end = max(e for e in ends if e <= at)
            assert f"damaged at byte {end}" in found.notes[0]


def test_zeros_at_the_end_are_no_records(path):
    small_journal(path)
    with path.open("ab") as file:
        file.write(bytes(4096))
    found = read(path)
    assert len(found.blocks) == 3
    assert found.ended_by == "completion"
    assert "damaged" in found.notes[0]


@pytest.mark.parametrize("text", [b"PAR1 something", b"\x89PNG\r\n\x1a\n", b"x"])
def test_another_file_is_no_journal(path, text):
    path.write_bytes(text)
    with pytest.raises(StoreError, match="is not a journal"):
        recover(path)
    with pytest.raises(ArgumentError, match="no journal: choose another path"):
        Journal.create(path, header())
    assert path.read_bytes() == text


def test_a_newer_journal_says_that_an_upgrade_reads_it(path):
    small_journal(path)
    text = bytearray(path.read_bytes())
    text[START_SIZE - 4] = 2
    path.write_bytes(text)
    with pytest.raises(StoreError, match=r"format 2.*Upgrade"):
        recover(path)


def test_no_file_is_said_to_be_none(path):
    with pytest.raises(StoreError, match="No such file") as caught:
        recover(path)
    assert caught.value.errno == errno.ENOENT


# -- killed --

APPENDS = """
import sys
import numpy as np
from tests.engine.test_journal import writing, absorb
with writing({path!r}, 100_000) as collector:
    for number in range(100_000):
        kind = bool(number % 2)
        absorb(collector, number + 1, number, "r" * (number % 5000), in_threads=kind)
        sys.stdout.write(f"{{number}}\\n")
        sys.stdout.flush()
"""


@pytest.mark.parametrize("n", [1, 40, 300])
def test_all_that_was_appended_outlives_a_kill(path, n):
    code = APPENDS.format(path=str(path))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if int(line) == n:
                break
        process.kill()
        last = [int(line) for line in process.stdout.read().split()[:-1]]
    n_appended = max([n, *last]) + 1
    found = read(path)
    status, _, has_result = found.last()
    assert (status[:n_appended] == 0).all()
    assert has_result[1:n_appended].all()
    results, failures = found.results()
    assert results[:n_appended] == ["r" * (i % 5000) for i in range(n_appended)]
    assert not failures
    assert recover(path).meta.ended_by == "killed"


FORKS = """
import os, signal, sys
from tests.engine.test_journal import header, Journal
journal = Journal.create({path!r}, header())
if not os.fork():
    os.read(0, 1)
    os._exit(0)
sys.stdout.write("x")
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_child_that_outlives_the_writer_does_not_hold_the_journal(path):
    code = FORKS.format(path=str(path))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.read(1) == b"x"
        assert process.wait() == -signal.SIGKILL
        with path.open("rb") as file:
            # The child may be about to let go of it.
            fcntl.flock(file, fcntl.LOCK_EX)
        Journal.resume(header(), read(path)).close("completion")
        process.stdin.write(b"x")


# -- disks and folders --


def test_a_file_system_that_gets_full_ends_the_journal_and_not_the_run(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        path = folder / "run.journal"
        with writing(path) as collector:
            absorb(collector, 1, 0, b"x" * 30_000)
            with pytest.warns(RuntimeWarning, match=r"run\.journal.*the disk is full"):
                absorb(collector, 2, 1, b"y" * 100_000)
            absorb(collector, 3, 2, "later")  # says nothing more
            assert "Save the run" in collector.journal.problem
            assert collector.results[1:3] == [b"y" * 100_000, "later"]
        found = read(path)
        assert len(found.blocks) == 1
        assert not found.notes  # nothing is torn
        (folder / "fill").write_bytes(b"")
        with pytest.raises(OSError, match="No space"):
            (folder / "fill").write_bytes(b"x" * 64_000)
        with pytest.raises(StoreError, match="disk is full") as caught:
            Journal.create(folder / "other.journal", header(names=["n"] * 10_000))
        assert caught.value.errno == errno.ENOSPC
        assert not (folder / "other.journal").exists()
    finally:
        subprocess.run(["umount", str(folder)], check=True)


LIMITED = """
import resource, warnings
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from tests.engine.test_journal import absorb, writing
with warnings.catch_warnings(record=True) as caught, writing({path!r}) as collector:
    warnings.simplefilter("always")
    absorb(collector, 1, 0, b"x" * 30_000)
    for number in range(1, 4):
        absorb(collector, number + 1, number, b"x" * 30_000)
assert collector.n_done == 4
(told,) = caught
assert "File too large" in str(told.message), told.message
"""


def test_a_file_that_may_not_grow_has_what_fitted(path):
    code = LIMITED.format(path=str(path))
    subprocess.run([sys.executable, "-c", code], check=True)
    found = read(path)
    assert len(found.blocks) == 1
    assert not found.notes


def test_where_warnings_are_errors_the_run_goes_on_all_the_same(path, monkeypatch):
    with writing(path) as collector, warnings.catch_warnings():
        warnings.simplefilter("error")
        monkeypatch.setattr(journal_file.os, "write", _refuse)
        absorb(collector, 1, 0, "a")
        monkeypatch.undo()
        assert collector.results[0] == "a"
        assert "Input/output error" in collector.journal.problem


def _refuse(*args):
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_record_that_was_half_written_is_taken_away(path, monkeypatch):
    with writing(path) as collector:
        size = path.stat().st_size
        write = os.write

        def half(descriptor, data):
            monkeypatch.setattr(journal_file.os, "write", _refuse)
            return write(descriptor, data[: len(data) // 2])

        monkeypatch.setattr(journal_file.os, "write", half)
        with pytest.warns(RuntimeWarning, match="Input/output error"):
            absorb(collector, 1, 0, "a")
        monkeypatch.undo()
        assert path.stat().st_size == size


def test_a_deleted_journal_is_missed(path, monkeypatch):
    monkeypatch.setattr(journal_file, "_SYNC_EVERY", 0.001)
    with writing(path) as collector:
        path.unlink()
        absorb(collector, 1, 0, "a")
        collector.journal._file._syncer.join(timeout=60)  # it has nothing to do now
        with pytest.warns(RuntimeWarning, match="it was deleted"):
            absorb(collector, 2, 1, "b")


@pytest.mark.parametrize("place", ["no/folder/j", "file/j", "/proc/j", "/sys/j", "."])
def test_where_no_file_can_be_there_is_no_start(tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot write the journal .*without a"):
        Journal.create(tmp_path / place, header())
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_device_is_no_journal():
    with pytest.raises(ArgumentError, match="no file that could hold"):
        Journal.create("/dev/null", header())


def test_what_is_written_is_on_disk_soon(path, monkeypatch):
    synced, sync = threading.Event(), os.fdatasync

    def watch(descriptor):
        sync(descriptor)
        synced.set()

    monkeypatch.setattr(journal_file.os, "fdatasync", watch)
    with writing(path) as collector:
        for number in range(2):
            synced.clear()
            absorb(collector, number + 1, number, "a")
            assert synced.wait(timeout=30)


def test_a_large_result_is_not_copied(path):
    size = 20_000_000
    packed, payload = sent(b"x" * size)
    chunk = entry(1, 0, 1)
    with writing(path, 1) as collector:
        records = np.frombuffer(packed, layout_of())
        tracemalloc.start()
        try:
            collector.journal.append(
                chunk, records, chunk.piece.positions, HERE, received=ZERO,
                in_bytes=1.0, results=payload,
            )  # fmt: skip
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < size / 20
    assert recover(path, with_results=True).results == [b"x" * size]


def test_many_large_results_are_written_in_order(path):
    results = [bytes([i % 256]) * 70_000 for i in range(700)]
    with writing(path, 700) as collector:
        absorb(collector, 1, 0, *results, in_threads=True)
    assert recover(path, with_results=True).results == results


# -- two of them --


def test_a_journal_that_is_there_is_refused_with_what_can_be_done(path):
    small_journal(path)
    before = path.read_bytes()
    with pytest.raises(ArgumentError, match=r"recover\(.*resume=.*delete"):
        Journal.create(path, header())
    assert path.read_bytes() == before


@pytest.mark.parametrize("where", ["this process", "another process"])
def test_two_runs_never_write_one_journal(path, where):
    with writing(path) as collector:
        absorb(collector, 1, 0, "a")
        contents = read(path)
        if where == "this process":
            with pytest.raises(ArgumentError, match="being written by another run"):
                Journal.create(path, header())
            with pytest.raises(ArgumentError, match="being written by another run"):
                Journal.resume(header(), contents)
        else:
            code = (
                "from tests.engine.test_journal import Journal, header\n"
                f"Journal.create({str(path)!r}, header())"
            )
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True
            )
            assert "being written by another run" in done.stderr
        absorb(collector, 2, 1, "b")
    assert len(read(path).blocks) == 2


# -- gone on with --


def test_a_run_that_is_gone_on_with_is_one_run(path):
    ends = small_journal(path)
    os.truncate(path, ends[2] + 7)
    contents = read(path)
    assert contents.n_chunks == 2
    later = ZERO + 1000.0  # another clock, as after a restart of the machine
    collector = Collector()
    collector.expect(3)
    contents.restore(collector, later - 60.0)
    assert (collector.n_done, collector.n_failed, collector.n_lost) == (1, 0, 0)
    collector.journal = Journal.resume(
        header(n_tasks=3, zero=later - 60.0, n_chunks=2), contents
    )
    for number, task in ((3, 1), (4, 2)):
        block = sent(f"again {task}", zero=later)
        chunk = entry(number, task, 1, submitted=later)
        collector.absorb(chunk, block, Origin(0, 50, 7, "here"), later)
    live = collector.finish(later - 60.0, 2, "job")["attempts"]
    collector.journal.close("completion")
    run = recover(path, with_results=True)
    assert run.results == ["a", "again 1", "again 2"]
    assert run.attempts["status"].to_list() == ["done", "failed", "done", "done"]
    assert run.attempts["chunk"].to_list() == [1, 2, 3, 4]
    assert run.meta.ended_by == "completion"
    assert not run.meta.notes
    # The pause between the two is left out, as it is of the Run itself.
    far = pytest.approx(60.0)
    assert run.attempts["started"].to_list() == [0.0, 0.0, far, far]
    pd.testing.assert_frame_equal(
        run.attempts.drop(columns=_TIMES), live.drop(columns=_TIMES)
    )


_TIMES = ["ready", "submitted", "started", "ended", "received", "cpu"]


def test_chunks_of_a_later_run_that_counts_anew_are_others(path):
    small_journal(path)
    contents = read(path)
    journal = Journal.resume(header(n_tasks=4), contents)
    collector = Collector()
    collector.expect(4)
    collector.journal = journal
    absorb(collector, 1, 3, "d")
    journal.close("completion")
    assert recover(path).attempts["chunk"].to_list() == [1, 2, 3, 4]


def test_a_journal_that_has_changed_since_is_not_gone_on_with(path):
    small_journal(path)
    contents = read(path)
    Journal.resume(header(), contents).close("completion")
    with pytest.raises(ArgumentError, match="has changed since it was read"):
        Journal.resume(header(), contents)


def test_a_failure_travels_as_text():
    """What a reader takes apart without unpickling has been taken apart by a writer."""
    _, payload = sent(ValueError("no"))
    line, _, types = pickle.loads(payload)
    assert line == "ValueError: no"
    assert types[0] == "builtins.ValueError"
