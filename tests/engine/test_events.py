"""Listeners hear of each change of each task, and cannot end a run."""

import time

import pytest

import parallel_nb as pnb


def wait_for(seconds):
    time.sleep(seconds)
    return seconds


def fail(value):
    raise ValueError(value)


def heard(work, inputs, **options):
    events = []
    pnb.run(work, inputs, on_event=events.append, **options)
    return events


@pytest.mark.parametrize("backend", ["isolated", "loky", "threading", "sequential"])
def test_each_task_is_submitted_and_done(backend):
    events = heard(abs, [-1, -2, -3], n_jobs=2, backend=backend)
    for task, result in ((0, 1), (1, 2), (2, 3)):
        own = [event for event in events if event.task == task]
        assert [event.kind for event in own] == ["submitted", "done"]
        assert own[1].result == result
        assert own[0].time <= own[1].time
        assert own[1].name == "abs"


def test_a_failure_says_why():
    events = heard(fail, ["no"], backend="sequential")
    assert [(e.kind, e.error) for e in events] == [
        ("submitted", ""),
        ("failed", "ValueError: no"),
    ]


def test_an_event_is_told_while_others_still_run():
    times = {}

    def listen(event):
        times[event.kind, event.task] = event.time

    run = pnb.run(wait_for, [0.05, 0.6], n_jobs=2, backend="threading", on_event=listen)
    delay = times["done", 0] - run.tasks["ended"][0]
    assert 0 <= delay < 0.3  # 50 ms on a machine that has nothing else to do


def test_a_listener_that_raises_does_not_end_the_run():
    def listen(event):
        raise RuntimeError("deaf")

    with pytest.warns(RuntimeWarning, match="deaf") as caught:
        run = pnb.run(abs, [-1, -2], backend="sequential", on_event=listen)
    assert run.results == [1, 2]
    assert len(caught) == 1


def test_what_cannot_be_called_is_refused():
    with pytest.raises(pnb.ArgumentError, match="on_event"):
        pnb.run(abs, [1], on_event="print")
