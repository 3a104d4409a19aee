"""One time line for all processes of a host, and CPU seconds that mean something."""

import numpy as np
import pytest

import parallel_nb as pnb

from . import chores

BACKENDS = ["isolated", "loky", "multiprocessing", "threading", "sequential"]

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


def in_order(rows):
    """Whether each attempt was submitted, started, ended and received in that order."""
    times = rows[["submitted", "started", "ended", "received"]].to_numpy()
    return np.isfinite(times).all() and (np.diff(times, axis=1) >= 0).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_times_of_thousands_of_attempts_are_in_order(backend, n_jobs):
    rows = pnb.run(chores.double, range(3_000), n_jobs=n_jobs, backend=backend).attempts
    assert len(rows) == 3_000
    assert in_order(rows)
    assert (rows["ready"] <= rows["submitted"]).all()
    assert rows["submitted"].min() >= 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_times_of_tasks_that_last_are_in_order(backend):
    run = pnb.run(chores.nap, [0.003] * 60, n_jobs=3, backend=backend)
    assert in_order(run.attempts)
    assert (run.attempts["ended"] - run.attempts["started"]).min() >= 0.003


@pytest.mark.parametrize("backend", BACKENDS)
def test_attempts_of_one_lane_do_not_overlap(backend):
    rows = pnb.run(chores.double, range(2_000), n_jobs=3, backend=backend).attempts
    for _, lane in rows.sort_values("started").groupby("worker"):
        assert (lane["started"].to_numpy()[1:] >= lane["ended"].to_numpy()[:-1]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_task_sees_on_the_clock_lies_within_its_row(backend):
    run = pnb.run(look_at_the_clock, range(200), n_jobs=2, backend=backend)
    # One unknown shift, the run's zero, is the same for all of them.
    shift = np.array(run.results) - run.tasks["started"]
    slack = run.tasks["ended"] - run.tasks["started"]
    assert shift.max() - shift.min() <= slack.max()


def look_at_the_clock(_):
    import time

    return time.perf_counter()


def test_failed_attempts_are_on_the_time_line_too():
    run = pnb.run(chores.misbehave, [0, "raise", "SIGKILL", 1] * 5, n_jobs=2)
    rows = run.attempts
    assert (rows["submitted"] <= rows["started"]).all()
    assert (rows["started"] <= rows["ended"]).all()
    assert (rows["ended"] <= rows["received"]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_spinning_uses_the_cpu_and_sleeping_does_not(backend):
    work = [chores.spin, chores.nap] * 4
    tasks = [pnb.Task(deed, 0.05) for deed in work]
    run = pnb.run(tasks, n_jobs=1, backend=backend)
    cpu = run.tasks["cpu"].to_numpy()
    used = np.array(run.results)[0::2]
    assert (cpu[0::2] >= used).all()
    assert np.median(cpu[0::2] - used) < 0.01
    assert np.median(cpu[1::2]) < 0.01


def test_threads_are_charged_with_their_own_cpu_only():
    work = [chores.spin, chores.nap] * 4
    tasks = [pnb.Task(deed, 0.05) for deed in work]
    rows = pnb.run(tasks, n_jobs=2, backend="threading").tasks
    assert rows["cpu"][1::2].max() < 0.03


@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_tiny_tasks_share_what_their_chunk_used(backend):
    run = pnb.run(chores.double, range(5_000), n_jobs=1, backend=backend)
    rows = run.tasks
    assert rows["cpu"].notna().all()
    assert (rows["cpu"] >= 0).all()
    work = (rows["ended"] - rows["started"]).sum()
    assert 0.2 * work < rows["cpu"].sum() < 2 * work


def test_workers_are_seen_starting_before_they_work(monkeypatch):
    monkeypatch.setenv("PLACE", "of new lanes")
    run = pnb.run(chores.nap, [0.02] * 8, n_jobs=2)
    first = run.attempts.groupby("worker")["started"].min()
    starts = run.startups.set_index("worker")
    assert (starts["started"] < starts["ended"]).all()
    assert (starts["ended"] <= first.loc[starts.index]).all()
    assert set(starts["pid"]) == set(run.attempts["pid"])


def test_the_wall_clock_of_the_zero_is_kept():
    from datetime import UTC, datetime, timedelta

    before = datetime.now(UTC)
    run = pnb.run(abs, [1], backend="threading")
    zero = datetime.fromisoformat(run.meta.started_at)
    assert before <= zero <= datetime.now(UTC)
    assert zero.utcoffset() == timedelta(0)


def test_sizes_of_what_travelled_are_known_for_single_tasks():
    run = pnb.run(chores.itself, [b"x" * 100_000], n_jobs=1)
    assert 100_000 < run.tasks["in_bytes"][0] < 101_000
    assert 100_000 < run.tasks["out_bytes"][0] < 101_000
