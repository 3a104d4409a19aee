"""The memory that a lane shares with its parent: what was done outlives the worker."""

import mmap
import pickle

import pytest

from parallel_nb.engine import slate, worker
from parallel_nb.engine.slate import Slate

RECORD = worker.RECORD


@pytest.fixture
def memory():
    shared, file = slate.new_memory()
    with file:
        yield shared
    shared.close()


@pytest.fixture
def sent():
    return []


@pytest.fixture
def written(memory, sent):
    """A worker's slate that has begun a chunk."""
    made = Slate(
        memory, lambda records, payload: sent.append((records, bytes(payload)))
    )
    made.decode()
    made.start()
    return made


def put(written, position, result):
    written.put(position, 10.0 + position, 10.5 + position, worker.DONE, result)


def results(records, payload):
    """``{position: result}`` of a block."""
    found, at = {}, 0
    for record in RECORD.iter_unpack(records):
        position, size = record[0], record[4]
        found[position] = pickle.loads(payload[at : at + size])
        at += size
    return found


def test_the_parent_reads_what_was_put(memory, written):
    put(written, 0, "a")
    put(written, 1, "b")
    records, payload, position, started = slate.salvage(memory)
    assert results(records, payload) == {0: "a", 1: "b"}
    assert position == 2
    assert started >= 11.5


@pytest.mark.parametrize("n_stored", range(5))
def test_a_kill_between_two_stores_leaves_whole_results(memory, written, n_stored):
    """The head's four numbers are stored one after the other."""
    put(written, 0, "a")
    before = bytes(memory[:32])
    put(written, 1, "b" * 100)
    after = bytes(memory[:32])
    memory[:32] = after[: 8 * n_stored] + before[8 * n_stored :]
    found = results(*slate.salvage(memory)[:2])
    assert found in ({0: "a"}, {0: "a", 1: "b" * 100})
    assert len(found) == (2 if n_stored >= 2 else 1)


def test_a_child_maps_the_same_memory():
    memory, file = slate.new_memory()
    with file:
        other = slate.open_memory(file.fileno())
    made = Slate(other, None)
    made.start()
    put(made, 0, "a")
    assert results(*slate.salvage(memory)[:2]) == {0: "a"}
    memory.close()
    other.close()


def test_nobody_is_to_blame_while_inputs_are_unpickled(memory, written):
    put(written, 0, "of the last chunk")
    written.decode()
    assert slate.salvage(memory)[:3] == (b"", b"", None)


def test_the_first_attempt_is_to_blame_from_the_start(memory, written):
    assert slate.salvage(memory)[2] == 0


def test_a_wiped_slate_tells_whether_the_worker_began(memory, written):
    put(written, 0, "of the last chunk")
    slate.wipe(memory)
    assert slate.is_untouched(memory)
    written.decode()
    assert not slate.is_untouched(memory)


def test_a_full_slate_is_sent_and_begun_anew(memory, written, sent):
    n = slate.LANE.n_records + 10
    for position in range(n):
        put(written, position, position)
    (block,) = sent
    records, payload, position, _ = slate.salvage(memory)
    assert results(*block) | results(records, payload) == {i: i for i in range(n)}
    assert len(results(records, payload)) == 10
    assert position == n


def test_results_that_do_not_fit_are_sent_by_themselves(memory, written, sent):
    large = "x" * slate.LANE.n_bytes
    put(written, 0, "small")
    put(written, 1, large)
    put(written, 2, "after")
    assert [results(*block) for block in sent] == [{0: "small"}, {1: large}]
    records, payload, position, _ = slate.salvage(memory)
    assert results(records, payload) == {2: "after"}
    assert position == 3


def test_whoever_sends_a_large_result_is_to_blame_until_it_is_sent(memory):
    blamed = []

    def send(records, payload):
        blamed.append(slate.salvage(memory)[2])

    made = Slate(memory, send)
    made.start()
    put(made, 0, "small")
    put(made, 1, "x" * slate.LANE.n_bytes)
    assert blamed == [1, 1]
    assert slate.salvage(memory)[2] == 2


def test_a_block_that_was_sent_may_stand_there_still(memory):
    """Whoever dies between sending and forgetting leaves both; positions tell."""
    seen = []

    def send(records, payload):
        seen.append(results(*slate.salvage(memory)[:2]))

    made = Slate(memory, send)
    made.start()
    put(made, 0, "small")
    put(made, 1, "x" * slate.LANE.n_bytes)
    assert seen[0] == {0: "small"}


def test_a_result_that_cannot_be_pickled_is_put_as_a_failure(memory, written):
    put(written, 0, pytest)
    put(written, 1, (x for x in ()))
    records, payload, *_ = slate.salvage(memory)
    statuses = [record[3] for record in RECORD.iter_unpack(records)]
    assert statuses[1] == worker.FAILED
    assert "could not be pickled" in results(records, payload)[1][0]


def test_finish_hands_over_the_last_block(written):
    assert written.finish() == []
    put(written, 0, "a")
    (block,) = written.finish()
    assert results(*block) == {0: "a"}


def test_the_window_of_the_last_record_can_be_closed_later(memory, written):
    put(written, 0, "a")
    written.close(0.25, 0.5, 1024)
    (record,) = RECORD.iter_unpack(slate.salvage(memory)[0])
    assert record[5:] == (0.25, 0.5, 1024)


def test_memory_has_the_size_it_says(memory):
    assert isinstance(memory, mmap.mmap)
    assert len(memory) == slate.LANE.size
