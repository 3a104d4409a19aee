"""One batch under several numbers of workers: in which order, and what is kept."""

import time

import numpy as np
import pytest

import parallel_nb as pnb
from parallel_nb import Task
from parallel_nb.engine import growing, sweeping
from tests.draw.making import run_of

from . import chores


def sweep(work=chores.nap, inputs=(0.001,) * 4, **options):
    return pnb.sweep(work, inputs, **{"backend": "threading", "repeats": 2, **options})


def test_every_repeat_is_a_run():
    measured = sweep(n_jobs=[1, 2], repeats=3)
    assert measured.table["n_workers"].tolist() == [1, 1, 1, 2, 2, 2]
    assert [run.meta.n_workers for run in measured.runs] == [1, 1, 1, 2, 2, 2]
    for run, makespan in zip(
        measured.runs, measured.table["makespan"].tolist(), strict=True
    ):
        assert run.summary()["makespan"].item() == makespan
        assert len(run.tasks) == 4


def test_twice_the_workers_take_half_the_time():
    measured = sweep(inputs=[0.05] * 8, n_jobs=[1, 2, 4], repeats=2)
    speedup = measured.table.groupby("n_workers")["speedup"].median()
    assert np.allclose(speedup, [1, 2, 4], rtol=0.2)


def test_repeats_take_turns_in_random_order():
    turns = sweeping._turns(4, 3, "interleaved", np.random.default_rng(0))
    assert [turn for turn, _ in turns] == [0] * 4 + [1] * 4 + [2] * 4
    orders = [[at for turn, at in turns if turn == each] for each in range(3)]
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders)
    assert len(set(map(tuple, orders))) > 1
    assert sweeping._turns(2, 2, "given", None) == [(0, 0), (1, 0), (0, 1), (1, 1)]


def test_warm_ups_do_not_count(tmp_path):
    measured = sweep(
        chores.leave_mark_in, [str(tmp_path)], n_jobs=[1, 2], repeats=2, warmup=3
    )
    assert sum(chores.marks(tmp_path).values()) == 2 * (2 + 3)
    assert len(measured) == 4


def test_backends_are_told_apart_also_with_one_worker():
    measured = sweep(backend=["threading", "isolated"], n_jobs=[1, 2], repeats=1)
    assert measured.backends == ["threading", "isolated"]
    assert measured.table["backend"].tolist() == ["threading"] * 2 + ["isolated"] * 2


def test_a_batch_that_grows():
    measured = sweep(n_jobs=[1, 3], repeats=1, scale="weak")
    assert [len(run.tasks) for run in measured.runs] == [4, 12]
    assert measured.scale == "weak"
    measured = sweep(inputs=lambda n: [0.0] * n * n, n_jobs=[1, 3], scale="weak")
    assert [len(run.tasks) for run in measured.runs] == [1, 1, 9, 9]


def test_plans_and_tasks_can_be_swept():
    a = Task(time.sleep, 0.001, name="a")
    measured = pnb.sweep(
        [a, Task(time.sleep, 0.001, after=a)], n_jobs=[1, 2], repeats=1
    )
    assert [len(run.tasks) for run in measured.runs] == [2, 2]
    assert [run.meta.n_workers for run in measured.runs] == [1, 2]


def test_a_generator_is_read_once():
    measured = sweep(inputs=(0.0 for _ in range(5)), n_jobs=[1, 2], repeats=1)
    assert [len(run.tasks) for run in measured.runs] == [5, 5]


def test_numbers_of_workers_have_a_default():
    measured = sweep(repeats=1, warmup=0)
    numbers = measured.n_workers.tolist()
    assert numbers[0] == 1
    assert numbers[-1] == sweeping.joblib.cpu_count()


def test_what_fails_is_not_measured():
    with pytest.raises(pnb.TasksFailed) as error:
        sweep(chores.misbehave, [1, "raise"], n_jobs=[1, 2])
    assert len(error.value.run.tasks) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeats": 0}, "`repeats`"),
        ({"warmup": -1}, "`warmup`"),
        ({"order": "random"}, "`order`"),
        ({"scale": "both"}, "`scale`"),
        ({"n_jobs": []}, "`n_jobs` is empty"),
        ({"n_jobs": [0]}, "`n_jobs=0`"),
        ({"backend": []}, "`backend`"),
        ({"backend": "lokky"}, "Did you mean 'loky'"),
        ({"deadline": 3}, "has no argument 'deadline'"),
        ({"tiemout": 3}, "has no argument 'tiemout'"),
        ({"inputs": None, "work": [Task(abs, 1)], "scale": "weak"}, "needs a function"),
        ({"inputs": lambda n: [n]}, "with scale='weak' only"),
    ],
)
def test_what_cannot_be_measured_is_said_beforehand(options, message):
    with pytest.raises(pnb.ArgumentError, match=message):
        sweep(**options)


def test_of_a_batch_that_grows_in_part_only_that_part_counts():
    fixed, each = 0.06, 0.02
    measured = sweep(
        chores.nap,
        lambda n: [fixed] + [each] * 3 * n,
        n_jobs=[1, 4],
        repeats=3,
        scale="weak",
    )
    # 60 ms that stay and 60 ms for each worker: not 4 times as much, but 2.5 times;
    # by the clock, as a busy machine lengthens naps.
    ones = [run.tasks for run in measured.runs if run.meta.n_workers == 1]
    took = np.array([tasks["ended"] - tasks["started"] for tasks in ones])
    stays, grows = np.median(took[:, 0]), np.median(took[:, 1:])
    expected = (stays + 12 * grows) / (stays + 3 * grows)
    assert measured.grown([4])[0] == pytest.approx(expected)
    assert expected < 3.7
    for row in measured.table.itertuples():
        of_one = 1 / measured.reference["threading"]
        scaled = measured.grown([row.n_workers])[0] * of_one / row.makespan
        assert row.speedup == pytest.approx(scaled)


def test_what_slows_many_workers_down_is_not_taken_for_more_work():
    slow = [run_of(*((lane, 0, 2.0) for lane in range(4)))]
    one = [run_of(*((0, at, at + 1.0) for at in range(4)))]
    inputs = [["a", "b", "c", "d"]] * 2
    assert growing.growth(one + slow, inputs, ["x", "x"]) == [1.0, 1.0]
    # What only many workers had is counted as they took it.
    inputs[1] = [["a"], ["b"], ["c"], ["d"]]
    assert growing.growth(one + slow, inputs, ["x", "x"]) == [1.0, 2.0]
