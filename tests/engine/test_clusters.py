"""Chunks on a cluster made of promises: who may start, and who is blamed."""

import pytest

from parallel_nb.engine import worker
from parallel_nb.engine.clusters import abroad
from parallel_nb.engine.clusters.pool import Cluster, Gone, Lost
from parallel_nb.engine.lanes import LaneNotStarted, WorkerDied

WHENCE = abroad.Whence(abroad.clock_name(), "there", "")


class Promised(Cluster):
    """Starts nothing; a test says what becomes of each chunk."""

    name = "promised"
    is_shared = True
    n_lanes = 4

    def __init__(self):
        super().__init__()
        self.started = []

    def count_lanes(self):
        return self.n_lanes

    def begin(self, parcel, keys, references):
        parcel.future = parcel.chunk
        self.started.append(parcel)

    def cancel(self, futures):
        self.cancelled = futures


class Chunk(list):
    """So many tasks."""

    function = ("key", b"", None)
    setup = None
    __hash__ = object.__hash__


@pytest.fixture
def cluster():
    made = Promised()
    made.configure(4)
    return made


def submit(cluster, n, size=1):
    home = []
    for _ in range(n):
        cluster.submit(Chunk(range(size)), home.append)
    return home


def succeed(cluster, parcel):
    outcome = worker.Outcome(1, 1, "there", [(b"", b"")], "", None)
    cluster.come_home(parcel, home=abroad.Home(outcome, WHENCE))


def test_all_of_a_cluster_gets_more_than_it_has_lanes_for(cluster):
    submit(cluster, 8)
    assert len(cluster.started) == 8


def test_a_part_of_a_cluster_gets_one_chunk_a_lane(cluster):
    cluster.configure(2)
    home = submit(cluster, 5)
    assert len(cluster.started) == 2
    succeed(cluster, cluster.started[0])
    assert len(cluster.started) == 3
    assert len(home) == 1


def test_negative_n_jobs_count_back_from_all_lanes(cluster):
    assert [cluster.effective_n_jobs(n) for n in (-1, -2, None, 9)] == [4, 3, 4, 9]


def test_a_suspect_is_tried_again_with_nobody_beside_it(cluster):
    home = submit(cluster, 2)
    suspect, neighbour = cluster.started
    cluster.come_home(suspect, error=Lost("two workers died"))
    submit(cluster, 1)
    # Neither it nor anybody new goes while the neighbour is out.
    assert (len(cluster.started), home) == (2, [])
    succeed(cluster, neighbour)
    assert cluster.started[2:] == [suspect]
    succeed(cluster, suspect)
    assert home == [neighbour, suspect]
    assert cluster.retrieve_result_callback(suspect).host == "there"
    assert len(cluster.started) == 4


def test_who_kills_workers_when_alone_is_blamed(cluster):
    home = submit(cluster, 1)
    (culprit,) = cluster.started
    cluster.come_home(culprit, error=Lost("2 workers died with it"))
    assert cluster.started == [culprit, culprit]
    cluster.come_home(culprit, error=Lost("2 workers died with it"))
    assert home == [culprit]
    with pytest.raises(WorkerDied, match="2 workers died with it") as raised:
        cluster.retrieve_result_callback(culprit)
    assert raised.value.salvage.position is None


def test_of_several_tasks_each_is_tried_by_itself_first(cluster):
    home = submit(cluster, 1, size=3)
    cluster.come_home(cluster.started[0], error=Lost("died"))
    assert len(home) == 1
    assert len(cluster.started) == 1


def test_a_cluster_that_takes_no_work_says_so_by_each_chunk(cluster, monkeypatch):
    def refuse(*_):
        raise OSError("no route")

    monkeypatch.setattr(cluster, "begin", refuse)
    (parcel,) = submit(cluster, 1)
    assert isinstance(parcel.error, Gone)
    with pytest.raises(LaneNotStarted, match="no route"):
        cluster.retrieve_result_callback(parcel)


def test_what_is_aborted_is_cancelled_and_never_comes_home(cluster):
    cluster.configure(2)
    home = submit(cluster, 3)
    cluster.abort_everything()
    assert cluster.cancelled == [parcel.chunk for parcel in cluster.started] or set(
        map(id, cluster.cancelled)
    ) == {id(parcel.chunk) for parcel in cluster.started}
    for parcel in cluster.started:
        succeed(cluster, parcel)
    assert home == []
    assert len(cluster.started) == 2
