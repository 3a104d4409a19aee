"""What is tried again, how often, after what, and how long after it."""

import time

import pytest

import parallel_nb as pnb
from parallel_nb import Task, shell
from parallel_nb.tasks.trying import Tries

from . import chores

BACKENDS = ["isolated", "threading", "sequential", "loky", "multiprocessing"]


class Flaky:
    """Fails so often for each input, then returns it; counts by files."""

    def __init__(self, folder, n_failures, error=ValueError):
        self.folder, self.n_failures, self.error = str(folder), n_failures, error

    def __call__(self, x):
        chores.leave_mark(self.folder, x)
        if x % 2 and chores.marks(self.folder)[str(x)] <= self.n_failures:
            raise self.error(f"not yet: {x}")
        return x


def statuses(run):
    return run.attempts["status"].astype("str").tolist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_attempt_is_a_row_and_the_last_one_counts(tmp_path, backend):
    run = pnb.run(Flaky(tmp_path, 2), range(6), n_jobs=2, backend=backend, retries=2)
    assert run.results == list(range(6))
    assert run.attempts["attempt"].tolist() == [1, 1, 2, 3] * 3
    assert statuses(run) == ["done", "failed", "failed", "done"] * 3
    assert run.summary()["retries"].item() == 6


def test_a_task_is_given_up_after_its_last_try(tmp_path):
    run = pnb.run(Flaky(tmp_path, 9), [1, 2], n_jobs=2, retries=3)
    assert statuses(run) == ["failed"] * 4 + ["done"]
    assert chores.marks(tmp_path) == {"1": 4, "2": 1}


def test_one_of_many_in_a_chunk_is_tried_again_alone(tmp_path):
    history = pnb.Run.from_frame(
        pnb.run(chores.double, range(200), backend="sequential").attempts.assign(
            started=0.0, ended=1e-4
        )
    )
    run = pnb.run(Flaky(tmp_path, 1), range(200), n_jobs=2, retries=1, history=history)
    assert run.results == list(range(200))
    assert run.attempts["chunk"].nunique() < 200
    assert set(chores.marks(tmp_path).values()) == {1, 2}


def test_a_lane_that_dies_again_and_again_is_given_up_in_the_end():
    deeds = [0, "SIGKILL", 1, 2, 3]
    run = pnb.run(chores.misbehave, deeds, n_jobs=2, retries=2)
    assert run.tasks["status"].tolist() == ["done", "crashed", "done", "done", "done"]
    assert statuses(run).count("crashed") == 3


def test_the_pause_doubles():
    run = pnb.run([Task(chores.misbehave, "raise", retries=3, backoff=0.2)])
    ready = run.attempts["ready"]
    pauses = (ready - run.attempts["received"].shift()).tolist()[1:]
    assert [round(pause / 0.2) for pause in pauses] == [1, 2, 4]
    # Nobody could have started it: it is not dispatch that it waited for.
    assert (run.attempts["started"] >= ready).all()


def test_a_pause_is_whatever_a_function_says():
    asked = []

    def soon(n):
        asked.append(n)
        return 0.01

    pnb.run(chores.misbehave, ["raise"], n_jobs=1, retries=2, backoff=soon)
    assert asked == [1, 2]


def test_other_tasks_go_on_during_a_pause(tmp_path):
    began = time.monotonic()
    work = Flaky(tmp_path, 1)
    run = pnb.run(work, range(1, 9), n_jobs=2, backend="threading", retries=1,
                  backoff=0.5)  # fmt: skip
    assert run.results == list(range(1, 9))
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    ("retry_on", "n_attempts"),
    [
        (ValueError, 2),
        (Exception, 2),
        (KeyError, 1),
        ([KeyError, ValueError], 2),
        ("failed", 2),
        (["crashed", "timeout"], 1),
        (None, 2),
    ],
)
@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_what_is_tried_again_can_be_chosen(tmp_path, retry_on, n_attempts, backend):
    run = pnb.run(
        Flaky(tmp_path, 5), [1], n_jobs=2, backend=backend, retries=1, retry_on=retry_on
    )
    assert len(run.attempts) == n_attempts


def test_an_exception_of_the_notebooks_own_is_known_again(tmp_path):
    class Own(Exception):
        pass

    run = pnb.run(Flaky(tmp_path, 1, Own), [1], n_jobs=1, retries=1, retry_on=Own)
    assert run.results == [1]


def test_what_a_task_says_itself_goes_before_what_the_run_says(tmp_path):
    tasks = [Task(Flaky(tmp_path, 9), 1, retries=0), Task(Flaky(tmp_path, 9), 3)]
    run = pnb.run(tasks, n_jobs=2, retries=2)
    assert run.attempts["task"].tolist() == [0, 1, 1, 1]


def test_commands_are_tried_again_too(tmp_path):
    line = f"echo x >> {tmp_path}/log; test $(wc -l < {tmp_path}/log) -ge 3"
    run = pnb.run([shell(line)], n_jobs=1, retries=5)
    assert statuses(run) == ["failed", "failed", "done"]


def test_what_waits_for_a_task_waits_for_its_last_try(tmp_path):
    first = Task(Flaky(tmp_path, 1), 1)
    run = pnb.run([first, Task(chores.double, first)], n_jobs=2, retries=1)
    assert run.results == [1, 2]


def test_an_end_by_failure_waits_for_the_last_try(tmp_path):
    run = pnb.run(Flaky(tmp_path, 1), range(6), n_jobs=2, retries=1, on_failure="raise")
    assert run.results == list(range(6))


def test_a_run_that_is_stopped_leaves_a_task_with_the_failure_that_it_had():
    work = [Task(chores.misbehave, "raise", name="waits", retries=1, backoff=30),
            Task(chores.misbehave, "raise", name="stops", after=[])]  # fmt: skip
    began = time.monotonic()
    run = pnb.run(work, n_jobs=1, on_failure="stop")
    assert time.monotonic() - began < 10
    assert run.tasks["status"].tolist() == ["failed", "failed"]
    assert run.meta.ended_by == "failure"


def test_counts_are_true_when_nothing_is_tried_any_more():
    handle = pnb.start(chores.misbehave, ["raise"], n_jobs=1, retries=1, backoff=30)
    while not handle.status()["state"].eq("retried").any():
        time.sleep(0.01)
    assert handle.progress == (0, 1)
    run = handle.cancel()
    assert handle.progress == (1, 1)
    assert run.tasks["status"].tolist() == ["failed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "`retries` must be a whole number"),
        ({"backoff": -1}, "`backoff` must be seconds"),
        ({"backoff": "1"}, "`backoff` must be seconds"),
        ({"retry_on": "timeuot"}, "`retry_on` must be statuses"),
        ({"retry_on": int}, "`retry_on` must be statuses"),
        ({"on_timeout": "skip"}, "`on_timeout` must be one of"),
        ({"deadline": 0}, "`deadline` must be the number of seconds"),
        ({"timeout": -3}, "`timeout` must be a number of seconds"),
        ({"max_memory": "much"}, "`max_memory` must be a number of bytes"),
    ],
)
@pytest.mark.parametrize("begin", [pnb.run, pnb.start])
def test_what_cannot_be_is_refused_before_work_starts(options, message, begin):
    with pytest.raises(pnb.ArgumentError, match=message):
        begin(chores.double, [1], **options)


def test_a_pause_that_is_no_time_ends_the_run_with_what_there_is():
    with pytest.raises(pnb.ArgumentError, match="must return seconds") as error:
        pnb.run(chores.misbehave, ["raise", 1], n_jobs=1, retries=1, backoff=str)
    assert len(error.value.run.tasks) == 2


def test_tries_say_nothing_of_what_is_no_failure():
    assert Tries(retries=3).pause(1, "cancelled") is None
    assert Tries(retries=3, on_timeout="fail").pause(1, "timeout") is None
    assert Tries(retries=3, on_timeout="fail").pause(1, "failed") == 0.0
