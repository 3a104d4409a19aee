"""Runs that end before all is done keep a row for every task."""

import time

import pytest

import parallel_nb as pnb

from . import chores

BACKENDS = ["isolated", "threading", "sequential"]


def wait_for(seconds):
    time.sleep(seconds)
    return seconds


def fail_on_two(value):
    if value == 2:
        raise ValueError("two")
    return value


def statuses(run):
    return run.tasks["status"].astype("str").tolist()


def test_any_success_ends_the_run_and_cancels_the_rest():
    began = time.perf_counter()
    run = pnb.run(wait_for, [20.0, 0.05, 20.0], n_jobs=3, wait="any")
    assert time.perf_counter() - began < 10
    assert statuses(run) == ["cancelled", "done", "cancelled"]
    assert run.meta.ended_by == "wait"
    assert run.results_or(None) == [None, 0.05, None]


def test_a_failure_is_no_success_to_wait_for():
    run = pnb.run(fail_on_two, [2, 2, 1], n_jobs=1, wait="any", on_event=lambda _: None)
    assert statuses(run) == ["failed", "failed", "done"]


def test_a_threshold_out_of_reach_ends_the_run():
    run = pnb.run(
        fail_on_two,
        [2, 2, 1, 1],
        wait=3,
        backend="sequential",
        on_event=lambda _: None,
    )
    assert run.meta.ended_by == "impossible"
    assert statuses(run).count("failed") == 2
    assert len(run.tasks) == 4


def fail_soon(value):
    if value == 2:
        raise ValueError("two")
    time.sleep(0.05)  # the lane that is to fail may start later than its neighbour
    return value


@pytest.mark.parametrize("backend", BACKENDS)
def test_stop_starts_nothing_after_a_failure(backend):
    run = pnb.run(
        fail_soon,
        [1, 2, *[1] * 200],
        n_jobs=2,
        on_failure="stop",
        backend=backend,
        on_event=lambda _: None,
    )
    assert run.meta.ended_by == "failure"
    assert statuses(run)[:2] == ["done", "failed"]
    assert statuses(run).count("cancelled") > 150


def test_stop_after_the_last_failure_is_an_ordinary_end():
    run = pnb.run(fail_on_two, [2], on_failure="stop", backend="sequential")
    assert run.meta.ended_by == "completion"


def test_raise_raises_with_the_run_in_hand():
    with pytest.raises(pnb.TasksFailed, match="two") as caught:
        pnb.run(fail_on_two, [1, 2], on_failure="raise", backend="sequential")
    assert statuses(caught.value.run) == ["done", "failed"]


@pytest.mark.parametrize(
    "backend", ["isolated", "threading", "loky", "multiprocessing"]
)
def test_what_had_ended_in_chunks_that_hang_is_kept(backend):
    """They travel with what hangs, and never come home."""
    naps = [0.002] * 100 + [60.0, 60.0] + [0.002] * 100
    pnb.run(chores.nap, [0.0] * 4, n_jobs=2, backend=backend)  # its workers are there
    run = pnb.run(chores.nap, naps, n_jobs=2, backend=backend, deadline=1.5)
    assert run.meta.ended_by == "deadline"
    done = run.tasks["status"] == "done"
    assert done[:85].all()
    kept = [0.002 if is_done else None for is_done in done]
    assert run.results_or(None) == kept
    hang = run.attempts.query("status == 'cancelled' and chunk >= 0")
    mates = run.attempts["chunk"].isin(hang["chunk"])
    assert (run.attempts["status"][mates] == "done").any(), "none travelled with them"
