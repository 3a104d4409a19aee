"""The longest first: by declared cost, or by what an earlier run took."""

import pytest

import parallel_nb as pnb

from . import chores

LONG, SHORT = 0.12, 0.01


def started_first(run, n=1):
    """Positions of the tasks that started first."""
    return run.tasks.sort_values("started")["task"].tolist()[:n]


@pytest.mark.parametrize("backend", ["isolated", "threading", "sequential"])
@pytest.mark.parametrize(
    "cost", [lambda seconds: seconds, [1, 1, 1, 1, 9, 1]], ids=["function", "sequence"]
)
def test_the_task_of_highest_cost_starts_first(backend, cost):
    naps = [SHORT] * 4 + [LONG, SHORT]
    run = pnb.run(
        chores.nap, naps, n_jobs=1, backend=backend, order="longest_first", cost=cost
    )
    assert started_first(run) == [4]
    assert run.results == naps
    assert run.meta.order == "longest_first"


def test_costs_declared_by_tasks_count():
    tasks = [pnb.Task(chores.nap, SHORT, cost=c) for c in (1, 3, 2)]
    run = pnb.run(tasks, n_jobs=1, order="longest_first")
    assert started_first(run, 3) == [1, 2, 0]


def test_a_task_without_a_cost_counts_as_the_median_as_in_a_plan():
    tasks = [pnb.Task(chores.nap, SHORT, cost=c) for c in (1, 9, None, 2)]
    run = pnb.run(tasks, n_jobs=1, order="longest_first")
    assert started_first(run, 4) == [1, 2, 3, 0]


def test_an_earlier_run_tells_the_costs_by_position():
    naps = [SHORT, SHORT, LONG, SHORT]
    history = pnb.run(chores.nap, naps, n_jobs=1)
    run = pnb.run(chores.nap, naps, n_jobs=1, history=history, order="longest_first")
    assert started_first(run) == [2]


def test_an_earlier_run_tells_the_costs_by_name_in_any_order():
    def tasks(*naps):
        return [pnb.Task(chores.nap, nap, name=f"nap of {nap}") for nap in naps]

    history = pnb.run(tasks(LONG, SHORT, 0.05), n_jobs=1)
    run = pnb.run(
        tasks(SHORT, 0.05, LONG), n_jobs=1, history=history, order="longest_first"
    )
    assert started_first(run, 3) == [2, 1, 0]


def test_in_the_given_order_costs_only_size_the_chunks():
    run = pnb.run(chores.nap, [SHORT, LONG, SHORT], n_jobs=1, cost=lambda s: s)
    assert started_first(run, 3) == [0, 1, 2]
    assert run.meta.order == "given"


def test_longest_first_shortens_the_tail():
    naps = [0.1] * 6 + [0.6]
    as_given = pnb.run(chores.nap, naps, n_jobs=2, backend="threading")
    better = pnb.run(
        chores.nap,
        naps,
        n_jobs=2,
        backend="threading",
        order="longest_first",
        history=as_given,
    )
    gain = as_given.summary()["makespan"] - better.summary()["makespan"]
    # 0.9 s and 0.6 s, were the machine idle.
    assert gain.item() > 0.1


def test_a_skewed_batch_with_history_comes_close_to_the_best_schedule():
    naps = [0.8, *[0.02] * 40]
    history = pnb.run(chores.nap, naps, n_jobs=4, backend="threading")
    run = pnb.run(
        chores.nap,
        naps,
        n_jobs=4,
        backend="threading",
        history=history,
        order="longest_first",
    )
    summary = run.summary().iloc[0]
    bound = max(summary["work"] / 4, summary["span"])
    assert summary["makespan"] < 1.25 * bound


def test_a_change_of_length_within_a_batch_leaves_no_worker_idle():
    """Eight slow tasks behind thousands of quick ones."""
    naps = [0.0] * 3_000 + [0.2] * 8
    run = pnb.run(chores.nap, naps, n_jobs=2, backend="threading")
    slow = run.attempts.tail(8)
    assert (slow["ended"] - slow["started"] >= 0.2).all()
    # Four each, if both workers take their share; all, if one gets the last chunk.
    assert slow["worker"].value_counts().max() <= 6


@pytest.mark.parametrize("cost", [[0] * 6, [0, 0, 0, 0, 0, 5]])
def test_costs_of_zero_serialise_nothing(cost):
    run = pnb.run(chores.nap, [0.1] * 6, n_jobs=3, backend="threading", cost=cost)
    assert run.summary()["makespan"].item() < 0.45
