"""Streams of tiny tasks: what the live view makes of blocks of very many rows."""

from types import SimpleNamespace

import numpy as np
import pytest

from parallel_nb.engine.watched import Blocks, Rows, Watched
from parallel_nb.engine.worker import RECORD_FIELDS
from parallel_nb.widgets.monitor.tally import Tally

DONE, FAILED = 0, 1
PAUSE = 1e-4  # s between two tasks


class Collected:
    """Blocks as a collector keeps them."""

    n_done, n_lost = 0, 0

    def __init__(self):
        self.blocks = []

    def take(self, tasks, lane, begun, durations, codes=DONE):
        """A block that began at a moment; the worker paused after each task."""
        tasks = np.asarray(tasks, np.int64)
        records = np.zeros(len(tasks), np.dtype(RECORD_FIELDS))
        ended = begun + np.cumsum(durations + PAUSE) - PAUSE
        records["started"], records["ended"] = ended - durations, ended
        records["status"] = codes
        n_lost = np.count_nonzero(records["status"])
        facts = (len(tasks), lane, 7, 0, "here", n_lost)
        self.blocks.append((records.tobytes(), tasks, facts))
        self.n_done += len(tasks) - n_lost
        self.n_lost += n_lost

    def blocks_since(self, n):
        return tuple(zip(*self.blocks[n:], strict=True)) or ((), (), ())

    def line_of(self, row):
        return f"row {row}"


def watched_by(collector, n_tasks, **of_batch):
    """What a view may ask, and a tally of it that knows nothing yet."""
    batch = SimpleNamespace(
        n_known=n_tasks, is_planned=False, names="tiny", costs=None, may_go_on=False
    )
    batch.__dict__.update(of_batch)
    job = SimpleNamespace(
        collector=collector,
        title="tiny",
        n_workers=2,
        backend="isolated",
        batch=batch,
        is_open=False,
        dispatcher=SimpleNamespace(outstanding=list),
    )
    watched = Watched(job, in_background=False)
    watched.zero = 0.0
    return watched, Tally(watched)


def test_blocks_of_many_are_told_by_some_rows_from_the_first_to_the_last():
    collector = Collected()
    watched, _ = watched_by(collector, 10_000)
    collector.take(range(7000), 1, 0.0, np.full(7000, 1e-3))
    collector.take([7000, 7001], 0, 0.0, np.full(2, 1e-3))
    few, many = watched.news()
    assert isinstance(few, Rows)
    assert few.tasks.tolist() == [7000, 7001]
    assert few.numbers.tolist() == [7000, 7001]
    assert isinstance(many, Blocks)
    assert 30 < len(many.records) < 50
    assert many.some[0] == 0
    assert many.some[-1] == 6999
    assert many.records["ended"][-1] == pytest.approx(7.7 - PAUSE)
    assert watched.news() == []


def test_a_block_in_which_one_failed_is_told_row_by_row():
    collector = Collected()
    _, tally = watched_by(collector, 5000)
    collector.take(range(2000), 0, 0.0, np.full(2000, 1e-3))
    codes = np.where(np.arange(2000) == 1234, FAILED, DONE)
    collector.take(range(2000, 4000), 1, 0.0, np.full(2000, 1e-3), codes)
    tally.look()
    assert tally.counts == {"done": 3999, "failed": 1}
    (failure,) = tally.failures
    assert (failure.task, failure.error) == (3234, "row 3234")
    collector.take([*range(4000, 4600), 3234], 0, 3.0, np.full(601, 1e-3))
    tally.look()
    assert tally.counts == {"done": 4600}


@pytest.mark.parametrize("is_shuffled", [False, True])
@pytest.mark.parametrize("costs", [None, np.geomspace(1, 4, 5000)])
def test_many_come_to_what_few_come_to(costs, is_shuffled):
    order = np.arange(5000)
    if is_shuffled:
        np.random.default_rng(0).shuffle(order)
    tallies = []
    for n_at_once in (250, 2000):
        collector = Collected()
        _, tally = watched_by(collector, 5000, costs=costs)
        begun = [0.0, 0.0]
        for first in range(0, 4000, n_at_once):
            tasks = order[first : first + n_at_once]
            lengths = np.full(n_at_once, 1e-3) if costs is None else 1e-3 * costs[tasks]
            lane = first // 2000
            collector.take(tasks, lane, begun[lane], lengths)
            begun[lane] += float((lengths + PAUSE).sum())
        tally.look()
        tally.seconds = 10.0
        tallies.append(tally)
    few, many = tallies
    assert many.counts == few.counts == {"done": 4000}
    assert many.finished.work == pytest.approx(few.finished.work, rel=0.1)
    assert many.outlook().seconds == pytest.approx(few.outlook().seconds, rel=0.15)
    shares = [tally.lanes.covered(DONE).sum(axis=1) for tally in (few, many)]
    assert shares[1] == pytest.approx(shares[0], rel=0.15)
