"""What has ended in a chunk that is on its way shows in memory that leaves no trace."""

import os
import pickle
import tempfile
import time

import pytest

from parallel_nb.engine import sheets, worker

RECORD = worker.RECORD


@pytest.fixture
def sheet():
    made = sheets.new_sheet()
    yield made
    made.close()


def results(blocks):
    """``{position: result}`` of blocks."""
    found = {}
    for records, payload in blocks:
        at = 0
        for record in RECORD.iter_unpack(records):
            position, size = record[0], record[4]
            found[position] = pickle.loads(payload[at : at + size])
            at += size
    return found


def begun(sheet):
    sink = sheets.opened(sheet.address)
    sink.start()
    return sink


def put(sink, position, result):
    sink.put(position, 10.0 + position, 10.5 + position, worker.DONE, result)


def test_nothing_has_ended_before_anything_began(sheet):
    assert sheet.news() == ([], 0, 0)
    sink = begun(sheet)
    assert sheet.news()[0] == []
    sink.finish()


def test_an_attempt_shows_as_soon_as_it_has_ended_and_is_news_once(sheet):
    sink = begun(sheet)
    put(sink, 0, "a")
    blocks, pid, _ = sheet.news()
    assert (results(blocks), pid) == ({0: "a"}, os.getpid())
    assert sheet.news()[0] == []
    put(sink, 1, "b")
    put(sink, 2, "c")
    assert results(sheet.news()[0]) == {1: "b", 2: "c"}
    assert results(sheet.all()[0]) == {0: "a", 1: "b", 2: "c"}


def test_what_goes_home_is_what_shows(sheet):
    sink = begun(sheet)
    for position in range(100):
        put(sink, position, position * "x")
    shown = results(sheet.all()[0])
    assert results(sink.finish()) == shown == {i: i * "x" for i in range(100)}


def test_a_worker_that_has_ended_leaves_what_it_wrote(sheet):
    if os.fork() == 0:
        put(begun(sheet), 0, "last words")
        os._exit(0)
    os.wait()
    assert results(sheet.all()[0]) == {0: "last words"}


def test_a_sheet_without_room_ends_the_chunk_and_loses_nothing(monkeypatch, sheet):
    small = sheets.LAYOUT._replace(n_records=3)
    monkeypatch.setattr(sheets, "LAYOUT", small)
    with_little_room = sheets.Sheet()
    chunk = worker.Chunk(
        abs, pickle.dumps(range(-9, 0)), 9, is_star=False, budget=9.0, in_threads=False
    )
    chunk.sheet = with_little_room.address
    outcome = chunk()
    assert results(outcome.blocks) == {0: 9, 1: 8, 2: 7, 3: 6}
    assert results(with_little_room.all()[0]) == {0: 9, 1: 8, 2: 7}
    with_little_room.close()


def test_a_result_larger_than_the_sheet_goes_home(monkeypatch):
    monkeypatch.setattr(sheets, "LAYOUT", sheets.LAYOUT._replace(n_bytes=100))
    sheet = sheets.Sheet()
    sink = begun(sheet)
    put(sink, 0, "small")
    with pytest.raises(worker.Full):
        put(sink, 1, 200 * "x")
    assert results(sink.finish()) == {0: "small", 1: 200 * "x"}
    sheet.close()


def test_a_closed_sheet_shows_nothing_and_its_name_is_nobodys():
    sheet = sheets.Sheet()
    put(begun(sheet), 0, "a")
    sheet.close()
    sheet.close()
    assert sheet.news() == ([], 0, 0)
    assert sheets.opened(sheet.address) is None


def test_another_file_of_that_name_is_left_alone(sheet):
    path, _ = sheet.address
    assert sheets.opened((path, bytes(16))) is None
    with tempfile.NamedTemporaryFile() as other:
        other.write(b"mine")
        other.flush()
        assert sheets.opened((other.name, bytes(16))) is None
        other.seek(0)
        assert other.read() == b"mine"


def test_a_pipe_of_that_name_delays_nobody(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    began = time.perf_counter()
    assert sheets.opened((str(tmp_path / "pipe"), bytes(16))) is None
    assert time.perf_counter() - began < 1


def test_it_takes_memory_only_as_it_is_used(sheet):
    before = worker.peak_memory()
    put(begun(sheet), 0, bytes(1000))
    assert worker.peak_memory() - before < 10e6
    assert os.stat(sheet.address[0]).st_blocks * 512 < 100_000


def test_no_file_is_left_open(sheet):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        one = sheets.Sheet()
        put(begun(one), 0, 1)
        one.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_where_there_is_none_a_chunk_goes_its_way(monkeypatch):
    def refuse(name):
        raise OSError("no memory")

    monkeypatch.setattr(os, "memfd_create", refuse)
    assert sheets.new_sheet() is None
