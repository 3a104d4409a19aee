"""What a run left undone is done in another one, and both are one Run."""

import pickle

import numpy as np
import pytest

import parallel_nb as pnb
from parallel_nb import Task, shell

from . import chores


class Once:
    """Fails the first time for odd inputs; counts by files."""

    def __init__(self, folder, fault="raise"):
        self.folder, self.fault = str(folder), fault

    def __call__(self, x):
        chores.leave_mark(self.folder, x)
        if x % 2 and chores.marks(self.folder)[str(x)] == 1:
            chores.nap(60) if self.fault == "nap" else chores.misbehave(self.fault)
        return 10 * x


def statuses(run):
    return run.tasks["status"].astype("str").tolist()


@pytest.mark.parametrize("backend", ["isolated", "threading", "sequential", "loky"])
def test_only_what_is_not_done_is_done_again(tmp_path, backend):
    first = pnb.run(Once(tmp_path), range(7), n_jobs=2, backend=backend)
    both = pnb.rerun(first)
    assert both.results == [10 * x for x in range(7)]
    assert chores.marks(tmp_path) == {str(x): 1 + x % 2 for x in range(7)}
    assert both.attempts["attempt"].tolist() == [1, 1, 2, 1, 1, 2, 1, 1, 2, 1]
    assert pnb.last_run() is both


def test_what_had_been_is_as_it_was(tmp_path):
    first = pnb.run(Once(tmp_path), range(5), n_jobs=2)
    both = pnb.rerun(first)
    before = both.attempts[both.attempts["attempt"] == 1].reset_index(drop=True)
    times = ["ready", "submitted", "started", "ended", "received", "cpu"]
    assert np.allclose(before[times], first.attempts[times], atol=1e-9, equal_nan=True)
    same = ["task", "name", "worker", "pid", "host", "chunk", "status", "out_bytes"]
    for column in [*same, "max_rss", "error"]:
        assert before[column].equals(first.attempts[column]), column
    assert both.tracebacks.items() >= first.tracebacks.items()
    assert both.meta.started_at == first.meta.started_at


def test_times_go_on_where_the_first_run_ended(tmp_path):
    first = pnb.run(Once(tmp_path), range(5), n_jobs=2)
    both = pnb.rerun(first)
    again = both.attempts[both.attempts["attempt"] == 2]
    end = first.attempts["received"].max()
    assert again["submitted"].between(end, end + 5).all()
    assert "the pause between the two is left out" in both.meta.notes[-1]
    assert set(again["chunk"]).isdisjoint(first.attempts["chunk"])


def test_what_needed_a_failed_task_is_done_then(tmp_path):
    a = Task(Once(tmp_path), 1, name="a")
    tasks = [a, Task(chores.double, a, name="b"), Task(Once(tmp_path), 2, name="c")]
    first = pnb.run(tasks, n_jobs=2)
    assert statuses(first) == ["failed", "skipped", "done"]
    both = pnb.rerun(first)
    assert both.results == [10, 20, 20]
    assert both.attempts["attempt"].tolist() == [1, 2, 1, 1]
    assert chores.marks(tmp_path) == {"1": 2, "2": 1}


def test_results_of_the_first_run_are_passed_on(tmp_path):
    made = Task(Once(tmp_path), 2, name="made")
    tasks = [made, Task(pow, made, 2, after="odd"), Task(Once(tmp_path), 5, name="odd")]
    first = pnb.run(tasks, n_jobs=1)
    assert statuses(first) == ["done", "skipped", "failed"]
    assert pnb.rerun(first).results == [20, 400, 50]


def test_a_result_that_was_not_kept_cannot_be_passed_on(tmp_path):
    made = Task(chores.double, 2, name="made")
    tasks = [made, Task(Once(tmp_path), 1), Task(chores.double, 4, after="Once")]
    first = pnb.run(tasks, n_jobs=1, keep_results=False)
    assert statuses(pnb.rerun(first)) == ["done", "done", "done"]


def test_statuses_can_be_chosen(tmp_path):
    deeds = ["raise", "SIGKILL", "raise", 3]
    first = pnb.run(chores.misbehave, deeds, n_jobs=2)
    both = pnb.rerun(first, only="crashed")
    assert both.attempts["task"].tolist() == [0, 1, 1, 2, 3]
    both = pnb.rerun(first, only=["failed", "crashed"])
    assert both.attempts["task"].tolist() == [0, 0, 1, 1, 2, 2, 3]


def test_who_needs_what_is_not_chosen_is_refused():
    bad = Task(chores.misbehave, "raise", name="bad")
    first = pnb.run([bad, Task(chores.double, bad, name="needs it")], n_jobs=1)
    with pytest.raises(pnb.ArgumentError, match="'needs it' comes after 'bad'"):
        pnb.rerun(first, only="skipped")


def test_it_can_be_done_otherwise(tmp_path):
    first = pnb.run(Once(tmp_path, "nap"), range(4), n_jobs=2, timeout=0.3)
    assert statuses(first) == ["done", "timeout", "done", "timeout"]
    both = pnb.rerun(first, backend="threading", timeout=30, n_jobs=3)
    assert both.results == [0, 10, 20, 30]
    assert both.meta.backend == "threading"
    assert both.meta.n_workers == 3


def test_commands_are_done_again(tmp_path):
    line = f"test -e {tmp_path}/x || {{ touch {tmp_path}/x; exit 3; }}"
    first = pnb.run([shell(line), shell("true")], n_jobs=2)
    assert statuses(first) == ["failed", "done"]
    assert statuses(pnb.rerun(first)) == ["done", "done"]


def test_a_stream_is_known_as_far_as_it_was_read(tmp_path):
    first = pnb.run(Once(tmp_path), (x for x in range(40)), n_jobs=2)
    both = pnb.rerun(first)
    assert both.results == [10 * x for x in range(40)]


def test_an_interrupted_run_goes_on(tmp_path):
    handle = pnb.start(chores.nap, [0.01, 0.01, 60, 60], n_jobs=2)
    while handle.progress[0] < 2:
        pass
    first = handle.cancel()
    assert statuses(first)[:2] == ["done", "done"]
    both = pnb.rerun(first, timeout=0.2)
    assert statuses(both) == ["done", "done", "timeout", "timeout"]


def test_a_rerun_can_be_rerun(tmp_path):
    class Twice(Once):
        def __call__(self, x):
            chores.leave_mark(self.folder, x)
            if chores.marks(self.folder)[str(x)] <= x:
                raise ValueError(x)
            return x

    first = pnb.run(Twice(tmp_path), [0, 1, 2], n_jobs=1, backend="sequential")
    both = pnb.rerun(pnb.rerun(first))
    assert both.results == [0, 1, 2]
    assert both.attempts["attempt"].tolist() == [1, 1, 2, 1, 2, 3]


def test_attempts_of_before_do_not_count_as_tries(tmp_path):
    first = pnb.run(chores.misbehave, ["raise"], n_jobs=1, retries=1)
    assert len(pnb.rerun(first).attempts) == 4


def test_nothing_left_is_refused():
    with pytest.raises(pnb.ArgumentError, match="all tasks are done"):
        pnb.rerun(pnb.run(chores.double, [1], n_jobs=1))
    failed = pnb.run(chores.misbehave, ["raise"], n_jobs=1)
    with pytest.raises(pnb.ArgumentError, match="no task is timeout"):
        pnb.rerun(failed, only="timeout")


@pytest.mark.parametrize("only", ["done", "fialed", ["failed", "x"]])
def test_what_is_no_failure_cannot_be_chosen(only):
    run = pnb.run(chores.misbehave, ["raise"], n_jobs=1)
    with pytest.raises(pnb.ArgumentError, match="`only` must be"):
        pnb.rerun(run, only=only)


def test_a_run_from_elsewhere_holds_no_functions():
    run = pnb.run(chores.misbehave, ["raise"], n_jobs=1)
    copy = pickle.loads(pickle.dumps(run))
    with pytest.raises(pnb.ArgumentError, match="holds no functions"):
        pnb.rerun(copy)
