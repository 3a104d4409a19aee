"""Places where two rare things meet: a stop and a retry, a kill and a success."""

import os
import signal
import threading
import time
import warnings

import pytest

import parallel_nb as pnb
from parallel_nb import ArgumentError, BackendError, Task, shell
from parallel_nb.engine import lanes
from parallel_nb.engine.dispatch import Dispatcher
from parallel_nb.engine.journals import keeping
from parallel_nb.engine.journals.file import refuse_if_written

from . import chores


def rows(run):
    status = run.attempts["status"].astype("str")
    return list(zip(run.attempts["task"], run.attempts["attempt"], status, strict=True))


def nothing(event):
    """A listener: with one, tasks travel one by one."""


def fail_unless(there, x):
    if not there:
        raise ValueError(x)
    return x


def refuse(x):
    raise ValueError(x)


class FailsOnce:
    def __init__(self, folder, who=1):
        self.folder, self.who = str(folder), who

    def __call__(self, x):
        chores.leave_mark(self.folder, x)
        if x == self.who and chores.marks(self.folder)[str(x)] == 1:
            raise ValueError(x)
        return x


# -- pools and lanes --


class _Breaks:
    """`slow` dies in its pool and once in its lane; then `late` breaks the pool."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __call__(self, who):
        chores.leave_mark(self.folder, who)
        n = chores.marks(self.folder)[who]
        if who == "slow" and n < 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if who == "late":
            time.sleep(1.2)
            if n == 1:
                os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(2.5 if who == "slow" else 0.05)
        return who


def test_a_pool_that_is_repaired_takes_no_suspect_with_it(tmp_path):
    work = _Breaks(tmp_path)
    run = pnb.run(
        [
            Task(work, "slow", retries=2, backoff=0.6),
            Task(work, "quick"),
            Task(work, "late"),
            Task(work, "other"),
        ],
        n_jobs=2,
        backend="loky",
    )
    assert [r for r in rows(run) if r[0] == 0] == [
        (0, 1, "cancelled"),
        (0, 2, "crashed"),
        (0, 3, "done"),
    ]


def kill_at_zero(x):
    if x == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return x


def test_events_count_attempts_as_rows_do_where_a_pool_is_lost():
    told = []
    run = pnb.run(
        kill_at_zero, range(3), n_jobs=2, backend="loky", on_event=told.append
    )
    last = {event.task: event.attempt for event in told}
    assert [last[task] for task in range(3)] == run.tasks["attempt"].tolist()


def test_whoever_looks_at_a_call_does_not_see_the_one_before_it(monkeypatch):
    seen, perform = [], lanes.Lane._perform

    def looked_at(self, job, startups):
        seen.append(self.peek(job))
        return perform(self, job, startups)

    monkeypatch.setattr(lanes.Lane, "_perform", looked_at)
    pnb.run(abs, range(3000), n_jobs=1, backend="isolated")
    assert len(seen) > 2
    assert not any(seen)


def rest(x):
    time.sleep(0.03 if x == 60 else 0.005 * (x > 60))
    return x


def test_what_follows_an_attempt_that_ends_at_its_limit_is_not_blamed(monkeypatch):
    kill, delays = lanes._kill_group, [0.012]

    def late(pid):
        time.sleep(delays.pop() if delays else 0.0)
        kill(pid)

    monkeypatch.setattr(lanes, "_kill_group", late)
    run = pnb.run(rest, range(100), n_jobs=1, timeout=0.022)
    assert not delays  # the limit was reached
    assert run.results == list(range(100))


def test_a_lane_is_replaced_where_an_answer_was_not_taken(monkeypatch):
    within, faults = lanes.Lane._within_limit, [MemoryError]

    def fails_once(self, job, wait):
        if faults:
            raise faults.pop()
        return within(self, job, wait)

    monkeypatch.setattr(lanes.Lane, "_within_limit", fails_once)
    pnb.run(abs, [-1], n_jobs=1)
    assert not faults
    assert pnb.run(abs, [-2, -3], n_jobs=1).results == [2, 3]


@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_no_thread_at_all_is_a_clear_error(monkeypatch, backend):
    start = threading.Thread.start

    def refuse(self):
        if self.name.startswith("parallel_nb-"):
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(BackendError, match="no thread could be started"):
        pnb.run(abs, [1, 2], n_jobs=2, backend=backend)


# -- times --


@pytest.mark.parametrize("backend", ["sequential", "threading", "isolated"])
def test_a_deadline_that_has_come_before_the_first_task_is_told(backend):
    run = pnb.run(abs, [1, 2], n_jobs=2, backend=backend, deadline=1e-9)
    assert run.meta.ended_by == "deadline"


@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_limits_may_be_longer_than_the_system_counts(backend):
    run = pnb.run(abs, [-1, -2], n_jobs=2, backend=backend, timeout=1e9, deadline=1e11)
    assert run.results == [1, 2]


def test_a_command_may_have_longer_than_the_system_counts():
    run = pnb.run([shell("sleep 0.1", timeout=1e9)], n_jobs=1)
    assert run.tasks["status"].tolist() == ["done"]


def test_a_thousand_attempts_do_not_exhaust_the_backoff():
    asked = []

    def at_last(x):
        asked.append(x)
        return fail_unless(len(asked) > 1100, x)

    run = pnb.run(at_last, [1], backend="sequential", retries=2000)
    assert run.results == [1]


def test_more_retries_than_a_run_can_number_are_refused():
    with pytest.raises(ArgumentError, match="at most 10,000"):
        pnb.run(abs, [1], retries=50_000)


def test_a_fatal_error_does_not_wait_for_the_next_attempt(monkeypatch):
    lanes.close_reserve()
    spawn, n = lanes._spawn, []

    def refuse_later(*args):
        n.append(args)
        if len(n) > 2:
            raise OSError(11, "no more processes")
        return spawn(*args)

    monkeypatch.setattr(lanes, "_spawn", refuse_later)
    began = time.monotonic()
    with pytest.raises(BackendError):
        pnb.run(_die_late, range(4), n_jobs=2, retries=3, backoff=600)
    assert time.monotonic() - began < 60


def _die_late(x):
    if x == 0:
        raise ValueError(x)
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)


# -- the end of a run --


def hang_at(x):
    if x == 2990:
        time.sleep(60)
    return x


def test_a_timeout_that_stops_a_run_in_its_last_chunk_ends_it_early(tmp_path):
    path = tmp_path / "run.parquet"
    run = pnb.run(
        hang_at, range(3000), n_jobs=1, timeout=0.4, on_timeout="stop", path=path
    )
    assert (run.tasks["status"] == "cancelled").any()
    assert run.meta.ended_by == "failure"
    assert os.path.exists(f"{path}.journal")  # it can be gone on with


def test_who_is_stopped_before_its_next_attempt_stays_failed():
    def work(x):
        if x == 500:
            raise KeyError(x)
        return fail_unless(x != 501, x)

    run = pnb.run(
        work,
        range(2000),
        backend="sequential",
        retries=1,
        retry_on=KeyError,
        on_failure="stop",
    )
    assert [r for r in rows(run) if r[0] in (500, 501)] == [
        (500, 1, "failed"),
        (501, 1, "failed"),
    ]


def kill_at_500(x):
    if x == 500:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def test_a_backoff_that_raises_loses_no_row():
    def wrong(attempt):
        raise RuntimeError("no idea")

    with pytest.raises(RuntimeError, match="no idea") as caught:
        pnb.run(kill_at_500, range(2000), n_jobs=1, retries=1, backoff=wrong)
    assert len(caught.value.run.tasks) == 2000


@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_the_last_event_of_a_task_is_its_status_although_it_waited(backend):
    told, has_failed = [], threading.Event()

    def listen(event):
        told.append(event)
        if event.kind == "retried":
            has_failed.set()

    job = pnb.start(
        refuse,
        [1],
        n_jobs=1,
        backend=backend,
        retries=3,
        backoff=600,
        on_event=listen,
    )
    assert has_failed.wait(60)
    run = job.cancel()
    assert (told[-1].kind, told[-1].error) == ("failed", run.tasks["error"][0])
    assert job.status()["state"].tolist() == ["failed"]


def test_no_result_stays_of_an_attempt_before_the_last_one():
    asked = []

    def work():
        asked.append(None)
        time.sleep(1.0 if len(asked) == 2 else 0.0)
        return "wrong"

    task = Task(work, check=lambda result: False, retries=1, timeout=0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = pnb.run([task], n_jobs=1, backend="threading")
    assert rows(run) == [(0, 1, "invalid"), (0, 2, "timeout")]
    assert run.results_or(None) == [None]


def test_commands_that_ignore_the_request_to_end_are_ended_together():
    stubborn = 'trap "" TERM; while true; do sleep 0.05; done'
    tasks = [shell(stubborn, name=str(i)) for i in range(8)]
    began = time.monotonic()
    pnb.run(tasks, n_jobs=8, deadline=0.3)
    assert time.monotonic() - began < 2.0  # one after the other: 2.7 s


def test_a_stop_that_skips_others_does_not_change_what_is_told_of_its_cause():
    told = []
    tasks = [
        Task(refuse, 1, name="fails", retries=1, backoff=600),
        Task(abs, 1, name="behind it", after=["fails"]),
        Task(time.sleep, 30, name="hangs", timeout=0.3, on_timeout="stop"),
    ]
    run = pnb.run(tasks, n_jobs=2, on_event=told.append)
    last = {event.task: event.kind for event in told}
    assert run.tasks["status"].tolist() == ["failed", "skipped", "timeout"]
    assert [last[task] for task in range(3)] == ["failed", "skipped", "timeout"]


# -- journals --


def test_a_run_with_a_journal_can_be_done_again(tmp_path):
    path, work = tmp_path / "journal", FailsOnce(tmp_path)
    first = pnb.run(work, range(4), n_jobs=1, journal=path)
    again = pnb.rerun(first)
    assert again.results == [0, 1, 2, 3]
    told = pnb.recover(path, with_results=True)
    assert told.results == [0, 1, 2, 3]
    assert rows(told) == rows(again)
    resumed = pnb.run(work, range(4), n_jobs=1, resume=path)
    assert rows(resumed) == rows(again)


def test_a_new_journal_of_what_is_done_again_holds_all(tmp_path):
    first = pnb.run(FailsOnce(tmp_path), range(4), backend="sequential")
    again = pnb.rerun(first, journal=tmp_path / "journal")
    told = pnb.recover(tmp_path / "journal", with_results=True)
    assert (rows(told), told.results) == (rows(again), again.results)


def test_the_journal_of_another_run_is_not_replaced(tmp_path):
    pnb.run(abs, [1], backend="sequential", journal=tmp_path / "other")
    first = pnb.run(FailsOnce(tmp_path), range(4), backend="sequential")
    with pytest.raises(ArgumentError, match="journal of an earlier run"):
        pnb.rerun(first, journal=tmp_path / "other")


def test_what_is_done_again_under_another_path_leaves_no_journal(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    work = FailsOnce(tmp_path)
    first = pnb.run(work, range(4), backend="sequential", path=folder / "a")
    pnb.rerun(first, path=folder / "b")
    assert sorted(os.listdir(folder)) == ["a", "b"]


def test_results_that_were_not_kept_are_not_made_up(tmp_path):
    first = pnb.run(
        FailsOnce(tmp_path), range(4), backend="sequential", keep_results=False
    )
    with pytest.raises(ArgumentError, match="kept no results"):
        pnb.rerun(first, keep_results=True)


def test_all_is_done_again_of_a_run_that_had_enough():
    first = pnb.run(abs, range(5), backend="sequential", wait=2, on_event=nothing)
    assert len(pnb.rerun(first).results) == 5


def test_a_journal_that_somebody_deleted_does_not_cost_the_run(tmp_path):
    path = tmp_path / "run.parquet"

    def work(x):
        if x == 1:
            os.unlink(f"{path}.journal")
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = pnb.run(work, range(3), backend="sequential", path=path)
    assert run.results == [0, 1, 2]


def test_a_recovered_run_leaves_the_pause_out_as_its_run_does(tmp_path):
    path = tmp_path / "journal"
    pnb.run(abs, range(5), backend="sequential", wait=2, on_event=nothing, journal=path)
    time.sleep(1.0)
    run = pnb.run(abs, range(5), backend="sequential", resume=path)
    told = pnb.recover(path)
    assert told.summary()["makespan"][0] == pytest.approx(
        run.summary()["makespan"][0], abs=0.1
    )


def test_a_recovered_run_has_the_attempts_of_its_run(tmp_path):
    path = tmp_path / "journal"
    pnb.run(abs, range(5), backend="sequential", wait=2, on_event=nothing, journal=path)
    run = pnb.run(abs, range(5), backend="sequential", resume=path)
    assert rows(pnb.recover(path)) == rows(run) == [(i, 1, "done") for i in range(5)]


def test_enough_that_was_done_earlier_starts_nothing(tmp_path):
    path, asked = tmp_path / "journal", tmp_path / "asked"
    asked.mkdir()
    work = FailsOnce(asked, who=None)
    options = {"backend": "sequential", "wait": 2, "on_event": nothing}
    pnb.run(work, range(5), journal=path, **options)
    run = pnb.run(work, range(5), resume=path, **options)
    assert sum(chores.marks(asked).values()) == 2
    assert run.meta.ended_by == "wait"


def test_the_board_shows_what_was_done_before(tmp_path):
    path = tmp_path / "journal"
    options = {"n_jobs": 1, "backend": "threading"}
    pnb.run(abs, range(4), wait=2, on_event=nothing, journal=path, **options)
    job = pnb.start(abs, range(4), resume=path, **options)
    job.wait(60)
    assert job.status()["state"].tolist() == ["done"] * 4


def test_arguments_that_an_attempt_changed_are_known_again(tmp_path):
    path = tmp_path / "journal"

    def work(values):
        values.append(1)
        return fail_unless(len(values) > 1, len(values))

    pnb.run(work, [[], []], backend="sequential", journal=path, retries=1)
    run = pnb.run(work, [[], []], backend="sequential", resume=path)
    assert run.results == [2, 2]


def test_a_function_without_a_fingerprint_is_looked_at_once(tmp_path, monkeypatch):
    n, lock, Fingerprints = [], threading.Lock(), keeping.Fingerprints

    def counted(function):
        n.append(function)
        return Fingerprints(function)

    monkeypatch.setattr(keeping, "Fingerprints", counted)
    run = pnb.run(
        lambda x: x if lock else None,
        range(20),
        backend="threading",
        n_jobs=1,
        on_event=nothing,
        journal=tmp_path / "journal",
    )
    assert len(n) == 1
    assert run.meta.notes[0].startswith("20 of the journal's tasks")


def test_results_that_no_pickle_can_hold_are_counted_once(tmp_path):
    def work(x):
        time.sleep(0.05)
        return threading.Lock()

    run = pnb.run(work, range(20), backend="sequential", journal=tmp_path / "journal")
    assert run.meta.notes[0].startswith("20 results are not in the journal")


def test_a_run_that_ends_in_its_own_code_lets_its_journal_go(tmp_path, monkeypatch):
    path = tmp_path / "journal"

    def interrupted(self, why):
        raise KeyboardInterrupt

    monkeypatch.setattr(Dispatcher, "account_for_the_rest", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pnb.run(abs, [1, 2], backend="sequential", journal=path)
    refuse_if_written(path)


def test_what_a_killed_process_left_beside_a_journal_is_no_obstacle(tmp_path):
    path = tmp_path / "journal"
    pnb.run(abs, range(3), backend="sequential", journal=path)
    (tmp_path / "journal.new").write_bytes(path.read_bytes()[:40])
    run = pnb.run(abs, [2, 1, 0, 3], backend="sequential", resume=path)
    assert run.results == [2, 1, 0, 3]


# -- sweeps --


def test_one_worker_is_measured_as_one():
    swept = pnb.sweep(
        abs,
        [1, 2],
        n_jobs=[1, 2],
        backend=["sequential", "threading"],
        repeats=1,
        warmup=0,
        scale="weak",
    )
    of = swept.table[["backend", "n_workers"]].to_numpy().tolist()
    assert of == [["sequential", 1], ["threading", 1], ["threading", 2]]
    assert [len(run.tasks) for run in swept.runs] == [2, 2, 4]
