"""What had ended is on disk, whatever becomes of the process, and is gone on with."""

import os
import resource
import signal
import threading
import time

import pytest

import parallel_nb as pnb
from parallel_nb import Task, shell

from . import chores
from .processes import comes_true, start_script

BACKENDS = ["isolated", "threading", "sequential", "loky", "multiprocessing"]


@pytest.fixture
def journal(tmp_path):
    return str(tmp_path / "run.journal")


def statuses(run):
    return run.tasks["status"].astype("str").tolist()


def same(one, other):
    """Whether two frames tell the same, but for a rounding of times."""
    times = ["ready", "submitted", "started", "ended", "received", "cpu"]
    columns = [c for c in one.columns if c not in times]
    close = (one[times] - other[times]).abs().max().max() < 1e-6
    return close and one[columns].equals(other[columns])


# -- the process is killed ------------------------------------------------------------

KILLED = """
import parallel_nb as pnb
from tests.engine import chores

naps = [0.01] * 30 + [60.0]
pnb.run(chores.nap, naps, n_jobs=2, backend=backend, journal=journal)
"""


@pytest.mark.parametrize("backend", ["isolated", "threading", "sequential"])
def test_what_had_ended_a_second_before_is_recovered(journal, backend):
    """Also from a chunk whose last task goes on and on."""
    with start_script(KILLED, backend=backend, journal=journal) as process:
        was_seen = comes_true(lambda: n_done_in(journal) == 30, 30)
        process.kill()
    assert was_seen
    run = pnb.recover(journal, with_results=True)
    assert statuses(run) == ["done"] * 30 + ["cancelled"]
    assert run.results_or(None) == [0.01] * 30 + [None]
    assert run.meta.ended_by == "killed"
    assert run.meta.backend == backend
    assert (run.tasks["ended"] - run.tasks["started"])[:30].between(0.009, 1).all()


STUCK = """
import parallel_nb as pnb
from tests.engine import chores

naps = [0.001] * 300
naps[150] = naps[151] = 60.0
tasks = [(folder, key, seconds) for key, seconds in enumerate(naps)]
pnb.run(chores.nap_and_mark, tasks, n_jobs=2, backend=backend, journal=journal)
"""


@pytest.mark.parametrize("backend", ["isolated", "loky", "multiprocessing"])
def test_what_had_ended_in_a_chunk_that_goes_on_is_recovered(
    tmp_path, journal, backend
):
    with start_script(
        STUCK, backend=backend, journal=journal, folder=str(tmp_path)
    ) as process:
        assert comes_true(lambda: {"149"} <= set(chores.marks(tmp_path)), 30)
        ended = n_marks_that_stay(tmp_path)
        time.sleep(1.0)  # which is what is promised
        process.kill()
    run = pnb.recover(journal, with_results=True)
    done = run.tasks["status"] == "done"
    assert done.sum() == ended
    assert [r for r in run.results_or(None) if r is not None] == run.tasks["task"][
        done
    ].tolist()
    chunks = run.attempts["chunk"].value_counts()
    assert chunks.max() > 5, "they travelled together"


def n_marks_that_stay(folder):
    """How many have ended when no more do."""
    seen = [-1]

    def is_still():
        seen.append(sum(chores.marks(folder).values()))
        time.sleep(0.1)
        return seen[-1] == seen[-2]

    assert comes_true(is_still, 20)
    return seen[-1]


def n_done_in(journal):
    try:
        return statuses(pnb.recover(journal)).count("done")
    except pnb.StoreError:
        return -1  # not begun


GOES_ON = """
import parallel_nb as pnb
from tests.engine import chores

run = pnb.run(chores.nap_and_mark, inputs, n_jobs=2, journal=journal,
              resume=True)
assert run.results == [key for folder, key, nap in inputs], run
"""


def test_a_killed_run_goes_on_until_it_is_done(tmp_path, journal):
    """It is killed again and again; nothing that had ended is done twice."""
    inputs = [(str(tmp_path), key, 0.03) for key in range(60)]
    for n in (5, 25, 45):
        with start_script(GOES_ON, inputs=inputs, journal=journal) as process:
            was_seen = comes_true(lambda n=n: n_done_in(journal) >= n, 30)
            process.kill()
        assert was_seen
    with start_script(GOES_ON, inputs=inputs, journal=journal) as process:
        assert process.wait(60) == 0, process.stderr.read()
    marks = chores.marks(tmp_path)
    # What was on its way, or had ended within the last moment, is done again.
    assert sum(marks.values()) <= 60 + 3 * 12
    assert len(marks) == 60
    run = pnb.recover(journal)
    assert statuses(run) == ["done"] * 60
    assert run.meta.ended_by == "completion"


# -- what is in it ---------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_journal_tells_what_the_run_does(journal, backend):
    deeds = [0, "raise", 1, "unpicklable", "two", None]
    run = pnb.run(
        chores.misbehave, deeds, n_jobs=2, backend=backend, journal=journal, retries=1
    )
    found = pnb.recover(journal, with_results=True)
    assert same(found.attempts, run.attempts)
    assert found.tracebacks == run.tracebacks
    assert found.results_or("none") == run.results_or("none")
    assert found.startups.equals(run.startups) or len(run.startups)
    assert found.meta.ended_by == "completion"


def test_plans_keep_their_edges_and_agents(journal):
    a = Task(chores.double, 2, name="a", context={"description": "first"})
    tasks = [a, Task(pow, a, 2, name="b", agent="x"), shell("echo hi", name="c")]
    run = pnb.run(tasks, n_jobs=2, agents={"x": 1}, journal=journal)
    found = pnb.recover(journal, with_results=True)
    assert same(found.attempts, run.attempts)
    assert found.edges.equals(run.edges)
    assert found.agents.equals(run.agents)
    assert found.results[:2] == [4, 16]
    assert found.results[2].stdout == "hi\n"
    assert found.details[0]["context"] == {"description": "first"}


def test_it_can_be_read_while_the_run_goes_on(journal):
    handle = pnb.start(chores.nap, [0.01, 0.01, 60], n_jobs=2, journal=journal)
    try:
        assert comes_true(lambda: n_done_in(journal) == 2, 20)
    finally:
        handle.cancel()
    assert pnb.recover(journal).meta.ended_by == "cancel"


def test_nothing_is_unpickled_unasked(journal):
    pnb.run(chores.bomb, [1], n_jobs=1, backend="threading", journal=journal)
    before = chores.exploded
    assert statuses(pnb.recover(journal)) == ["done"]
    assert chores.exploded == before
    pnb.recover(journal, with_results=True)
    assert chores.exploded == before + 1


def test_streams_are_kept_as_far_as_they_were_read(journal):
    run = pnb.run(chores.double, iter(range(50)), n_jobs=2, journal=journal)
    found = pnb.recover(journal, with_results=True)
    assert found.results == run.results


# -- going on --------------------------------------------------------------------------


def test_only_the_rest_is_executed(tmp_path, journal):
    inputs = [(str(tmp_path), key, 0.0) for key in range(9)]
    pnb.run(chores.nap_and_mark, inputs[:5], n_jobs=2, journal=journal)
    run = pnb.run(chores.nap_and_mark, inputs, n_jobs=2, resume=journal)
    assert run.results == list(range(9))
    assert set(chores.marks(tmp_path).values()) == {1}
    assert statuses(pnb.recover(journal)) == ["done"] * 9


def test_tasks_are_known_by_what_they_are_not_by_where(tmp_path, journal):
    inputs = [(str(tmp_path), key, 0.0) for key in range(6)]
    pnb.run(chores.nap_and_mark, inputs, n_jobs=2, journal=journal)
    other = [(str(tmp_path), "new", 0.0), *inputs[::-1]]
    run = pnb.run(chores.nap_and_mark, other, n_jobs=2, resume=journal)
    assert run.results == ["new", 5, 4, 3, 2, 1, 0]
    assert set(chores.marks(tmp_path).values()) == {1}
    found = pnb.recover(journal, with_results=True)
    assert found.results == run.results
    assert same(found.attempts, run.attempts)


def test_equal_tasks_are_as_many_as_they_were(journal):
    pnb.run(chores.double, [1, 1, 1], n_jobs=2, journal=journal)
    run = pnb.run(chores.double, [1] * 5, n_jobs=2, resume=journal)
    assert run.results == [2] * 5
    assert len(run.attempts) == 5


def test_a_function_that_has_changed_is_an_error(journal):
    def made(factor):
        return lambda x: factor * x

    pnb.run(made(2), [1, 2], n_jobs=1, journal=journal)
    with pytest.raises(pnb.ArgumentError, match="are not what they were"):
        pnb.run(made(3), [1, 2], n_jobs=1, resume=journal)
    assert pnb.run(made(2), [1, 2], n_jobs=1, resume=journal).results == [2, 4]


def test_an_input_that_is_gone_is_an_error(journal):
    pnb.run(chores.double, [1, 2], n_jobs=1, journal=journal)
    with pytest.raises(pnb.ArgumentError, match=r"task 1 \('double'\) had been done"):
        pnb.run(chores.double, [1, 3], n_jobs=1, resume=journal)


def test_what_failed_is_done_again_also_when_it_was_mended(tmp_path, journal):
    def work(x):
        return 1 / x

    pnb.run(work, [0, 1], n_jobs=1, journal=journal, name=["a", "b"])
    tasks = [Task(chores.double, 4, name="a")]
    run = pnb.run([*tasks, Task(work, 1, name="b")], n_jobs=1, resume=journal)
    assert run.results == [8, 1.0]


def test_a_plan_goes_on_with_results_of_before(tmp_path, journal):
    def tasks(deed):
        a = Task(chores.nap_and_mark, (str(tmp_path), "a", 0), name="a")
        return [a, Task(chores.misbehave, deed, a, name="b"), Task(max, a, "z")]

    pnb.run(tasks("raise"), n_jobs=2, journal=journal)
    run = pnb.run(tasks("fine"), n_jobs=2, resume=journal)
    assert run.results == ["a", "fine", "z"]
    assert chores.marks(tmp_path) == {"a": 1}


def test_a_journal_can_be_gone_on_with_and_left_as_it_is(journal):
    pnb.run(chores.double, [1], n_jobs=1, journal=journal)
    size = os.path.getsize(journal)
    run = pnb.run(chores.double, [1, 2], n_jobs=1, resume=journal, journal=False)
    assert run.results == [2, 4]
    assert len(run.attempts) == 2
    assert os.path.getsize(journal) == size


def test_true_means_if_there_is_one(journal):
    first = pnb.run(chores.double, [1], n_jobs=1, journal=journal, resume=True)
    again = pnb.run(chores.double, [1, 2], n_jobs=1, journal=journal, resume=True)
    assert (first.results, again.results) == ([2], [2, 4])
    assert len(again.attempts) == 2


def test_a_journal_of_a_run_that_goes_on_is_nobody_elses(journal):
    handle = pnb.start(chores.nap, [0.01, 60], n_jobs=2, journal=journal)
    assert comes_true(lambda: n_done_in(journal) == 1, 20)
    with pytest.raises(pnb.ArgumentError):
        pnb.run(chores.nap, [0.01, 60], n_jobs=2, resume=journal)
    handle.cancel()


def test_a_torn_record_costs_its_own_attempts(journal):
    pnb.run(chores.double, range(20), n_jobs=1, backend="threading", journal=journal)
    size = os.path.getsize(journal)
    os.truncate(journal, size - 400)
    found = pnb.recover(journal)
    assert "left out" in found.meta.notes[-1]
    assert statuses(found).count("done") < 20 or found.meta.ended_by == "killed"
    run = pnb.run(chores.double, range(20), n_jobs=1, resume=journal)
    assert run.results == [2 * x for x in range(20)]


# -- beside the run's own file ---------------------------------------------------------


def test_a_run_with_a_path_is_saved_and_its_journal_goes(tmp_path):
    path = tmp_path / "run.parquet"
    seen = []
    run = pnb.run(
        chores.double,
        range(4),
        n_jobs=2,
        path=path,
        on_event=lambda event: seen.append(os.path.exists(f"{path}.journal")),
    )
    assert all(seen)
    assert sorted(os.listdir(tmp_path)) == ["run.parquet"]
    assert pnb.load(path).attempts.equals(run.attempts)


def test_an_interrupted_one_keeps_it(tmp_path):
    path = tmp_path / "run.parquet"
    run = pnb.run(chores.nap, [0.01, 60], n_jobs=2, path=path, deadline=1.0)
    assert statuses(run) == ["done", "cancelled"]
    assert sorted(os.listdir(tmp_path)) == ["run.parquet", "run.parquet.journal"]
    both = pnb.run(
        chores.nap, [0.01, 60], n_jobs=2, path=path, resume=path, timeout=0.1
    )
    assert statuses(both) == ["done", "timeout"]
    assert len(both.attempts[both.attempts["status"] == "done"]) == 1


def test_no_journal_if_so_wished(tmp_path):
    path = tmp_path / "run.parquet"
    pnb.run(chores.nap, [60], n_jobs=1, path=path, journal=False, deadline=0.2)
    assert os.listdir(tmp_path) == ["run.parquet"]


# -- what goes wrong -------------------------------------------------------------------


def test_a_place_that_cannot_be_written_is_told_before_work_starts(tmp_path):
    (tmp_path / "file").touch()
    for options in (
        {"journal": tmp_path / "file" / "j"},
        {"journal": "/proc/nothing/j"},
        {"path": tmp_path / "no" / "run.parquet"},
        {"journal": 3},
        {"resume": tmp_path / "nothing"},
        {"resume": True},
        {"journal": True},
    ):
        with pytest.raises((pnb.StoreError, pnb.ArgumentError)):
            pnb.run(chores.leave_mark, [str(tmp_path)], n_jobs=1, **options)
    assert not chores.marks(tmp_path)


def test_a_full_disk_ends_the_journal_and_not_the_run(journal, monkeypatch):
    """The system lets no file grow beyond what this process may write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.warns(RuntimeWarning, match="the journal .* stopped"):
            run = pnb.run(
                chores.itself,
                [os.urandom(3000)] * 20,
                n_jobs=2,
                backend="threading",
                journal=journal,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert statuses(run) == ["done"] * 20
    assert "stopped" in run.meta.notes[0]
    assert 0 < statuses(pnb.recover(journal)).count("done") < 20


def test_a_result_that_no_pickle_can_hold_is_missing_and_told(journal):
    run = pnb.run(chores.double, [1, 2], n_jobs=2, backend="threading", journal=journal)
    assert run.meta.notes == ()
    os.unlink(journal)
    run = pnb.run(
        lambda _: threading.Lock(), [1], n_jobs=1, backend="threading", journal=journal
    )
    assert "1 result is not in the journal" in run.meta.notes[0]
    again = pnb.run(
        lambda _: threading.Lock(), [1], n_jobs=1, backend="threading", resume=journal
    )
    assert len(again.attempts) == 2  # it is wanted, so it is made again


def test_what_cannot_be_known_again_is_told_and_done_again(tmp_path, journal):
    def work(lock):
        return chores.leave_mark(str(tmp_path), "done")

    def execute(**options):
        locks = [threading.Lock()]
        return pnb.run(work, locks, n_jobs=1, backend="threading", **options)

    run = execute(journal=journal)
    assert "has no fingerprint" in run.meta.notes[0]
    assert statuses(pnb.recover(journal)) == ["done"]
    again = execute(resume=journal)
    assert again.results == ["done"]
    assert len(again.attempts) == 1  # the other one may have been anything
    assert chores.marks(tmp_path) == {"done": 2}
