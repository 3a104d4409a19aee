"""How long an attempt may take: in seconds, or by what the others took."""

import numpy as np
import pandas as pd
import pytest

from parallel_nb.engine.limits import Limits, MedianLimit, seconds_of
from parallel_nb.engine.planned import medians_of
from parallel_nb.errors import ArgumentError
from parallel_nb.planning import plan
from parallel_nb.runs import Run
from parallel_nb.tasks import Task, shell

RECORDS = np.dtype([("status", "i8"), ("started", "f8"), ("ended", "f8")])


def history(**seconds):
    table = pd.DataFrame({"name": list(seconds), "ended": list(seconds.values())})
    return Run.from_frame(table.assign(task=range(len(table)), started=0.0))


def records(*durations, status=0):
    return np.array([(status, 1.0, 1.0 + d) for d in durations], RECORDS)


def limits_of(planned, timeout=None):
    limits = Limits(planned.tasks, timeout, medians_of(planned))
    return [seconds_of(limits.of(i)) for i in range(len(planned.tasks))]


def test_a_limit_can_be_a_multiple_of_a_known_median():
    tasks = [
        Task(abs, name="a", timeout="3x median"),
        Task(abs, name="b", timeout=7),
        Task(abs, name="c"),
    ]
    assert limits_of(plan(tasks, history=history(a=2.0, b=1.0, c=1.0))) == [6, 7, None]


def test_the_median_is_that_of_all_tasks_of_a_name():
    tasks = [Task(abs, name="a", timeout="2x median") for _ in range(3)]
    frame = history(a=2.0, b=4.0, c=9.0).attempts.assign(name="a")
    assert limits_of(plan(tasks, history=Run.from_frame(frame))) == [8.0] * 3


def test_the_runs_limit_is_for_tasks_without_one():
    tasks = [Task(abs, timeout=7), Task(abs), shell("true")]
    assert limits_of(plan(tasks), timeout=2.0) == [7, 2, 2]


def test_a_median_that_nobody_will_know_is_refused():
    tasks = [Task(abs, -i, timeout="3x median") for i in range(5)]
    with pytest.raises(
        ArgumentError, match="5 tasks are alike, and it takes more than"
    ):
        Limits(tasks)


def test_nothing_is_too_long_before_five_are_known():
    limit = MedianLimit(2.0)
    limit.learn([1.0] * 4)
    assert limit() is None
    limit.learn([3.0])
    assert limit() == 2.0


def test_a_long_run_forgets_how_it_began():
    limit = MedianLimit(1.0)
    limit.learn([100.0] * 1000)
    limit.learn([1.0] * 1000)
    assert limit() == 1.0


def test_each_function_has_a_median_of_its_own():
    tasks = [Task(f, i, timeout="2x median") for f in (abs, hash) for i in range(6)]
    limits = Limits(tasks)
    limits.learn(None, records(1, 1, 1, 1, 1), range(5), 0)
    limits.learn(None, records(3, 3, 3, 3, 3), range(6, 11), 0)
    assert limits.of(0)() == 2.0
    assert limits.of(11)() == 6.0


def test_only_what_is_done_says_how_long_it_takes():
    limits = Limits(None, "2x median")
    limits.learn(None, records(9, 9, 9, 9, 9, status=1), range(5), 0)
    assert limits.of(0)() is None
