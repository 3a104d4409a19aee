"""A run in the background: its handle, its board, its end."""

import os
import signal
import threading
import time

import joblib
import pytest

import parallel_nb as pnb


def wait_for(seconds):
    time.sleep(seconds)
    return seconds


def fail(value):
    raise ValueError(value)


def test_a_handle_gives_the_run_when_it_has_ended():
    handle = pnb.start(wait_for, [0.01] * 4, n_jobs=2)
    run = handle.wait(timeout=60)
    assert run is handle.run
    assert run.results == [0.01] * 4
    assert handle.progress == (4, 4)
    assert not handle.is_running


def test_it_does_not_block():
    handle = pnb.start(wait_for, [30.0], n_jobs=1)
    assert handle.is_running
    assert handle.run is None
    handle.cancel()


def test_waiting_can_time_out_and_the_run_goes_on():
    handle = pnb.start(wait_for, [30.0], n_jobs=1)
    with pytest.raises(TimeoutError, match="goes on"):
        handle.wait(timeout=0.05)
    assert handle.is_running
    handle.cancel()


@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_cancel_keeps_what_had_finished(backend):
    done = threading.Event()

    def listen(event):
        if event.kind == "done":
            done.set()

    handle = pnb.start(
        wait_for, [0.01, *[0.5] * 40], n_jobs=2, backend=backend, on_event=listen
    )
    assert done.wait(60)
    run = handle.cancel()
    assert run.meta.ended_by == "cancel"
    assert run.results_or(None)[0] == 0.01
    assert (run.tasks["status"] == "cancelled").sum() > 30
    assert handle.run is run


def test_the_board_shows_each_task():
    handle = pnb.start(fail, ["no"], n_jobs=1, backend="threading")
    handle.wait(60)
    board = pnb.status(handle)
    assert board[["task", "state", "result"]].values.tolist() == [
        ["fail", "failed", "ValueError: no"]
    ]
    assert pnb.status(handle.run)["state"].tolist() == ["failed"]


def test_a_foreground_parallel_beside_it_disturbs_neither():
    handle = pnb.start(wait_for, [0.05] * 20, n_jobs=2)
    for n_jobs in (2, 3):
        values = joblib.Parallel(n_jobs=n_jobs)(
            joblib.delayed(wait_for)(0.02) for _ in range(6)
        )
        assert values == [0.02] * 6
    with pytest.raises(ValueError, match="loud"):
        joblib.Parallel(n_jobs=2)(joblib.delayed(fail)("loud") for _ in range(4))
    assert handle.wait(60).results == [0.05] * 20


def test_an_interrupt_of_the_foreground_leaves_it_alone():
    handle = pnb.start(wait_for, [0.05] * 20, n_jobs=2)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        time.sleep(30)
    assert handle.wait(60).results == [0.05] * 20


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "sequential"])
def test_backends_that_share_processes_are_refused(backend):
    with pytest.raises(pnb.ArgumentError, match="in the background"):
        pnb.start(abs, [1], backend=backend)


def test_an_unknown_argument_is_named():
    with pytest.raises(pnb.ArgumentError, match="'njobs'"):
        pnb.start(abs, [1], njobs=2)


def test_bad_input_is_refused_at_once():
    with pytest.raises(pnb.ArgumentError, match="n_jobs"):
        pnb.start(abs, [1], n_jobs=0)


def test_a_status_says_of_results_what_their_tasks_say():
    tasks = [
        pnb.Task(sorted, [3, 1], summary=lambda found: f"{len(found)} found"),
        pnb.Task(sorted, [2, 1]),
        pnb.Task(fail, 1, summary=str),
    ]
    told = []
    run = pnb.run(tasks, n_jobs=1, backend="sequential", on_event=told.append)
    expected = ["2 found", "[1, 2]", "ValueError: 1"]
    assert pnb.status(run)["result"].tolist() == expected
    assert [e.summary for e in told if e.kind == "done"] == ["2 found", ""]
    handle = pnb.start(tasks, n_jobs=1, backend="threading")
    handle.wait(timeout=60)
    assert handle.status()["result"].tolist() == expected


class Model:
    def summary(self):
        raise AssertionError("this is the user's own")


def test_a_summary_that_an_input_has_is_not_asked_for():
    told = []
    pnb.run(type, [Model()], backend="sequential", on_event=told.append)
    assert [e.summary for e in told if e.kind == "done"] == [""]


def test_halves_of_characters_do_not_cost_a_handle_its_status():
    handle = pnb.start(
        [pnb.Task(fail, "\udcff", name="a\udcff")], n_jobs=1, backend="threading"
    )
    handle.wait(timeout=60)
    for board in (handle.status(), pnb.status(handle.run)):
        assert board["task"][0] == r"a\udcff"
        assert board["result"][0] == r"ValueError: \udcff"
    handle = pnb.start(str, ["\udcff"], n_jobs=1, name=["b\udcff"], backend="threading")
    handle.wait(timeout=60)
    assert handle.status()["task"][0] == r"b\udcff"
