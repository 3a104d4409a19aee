"""The figures of a report: by hand, and the identities that must hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from parallel_nb import metrics
from parallel_nb.debrief.figures import figures
from parallel_nb.errors import ArgumentError

from ..making import agents_run, run_of, two_done
from .making import lane_runs


def one_by_one(*seconds, status="done"):
    """The baseline: tasks that long, one after another."""
    ends = np.cumsum(seconds).tolist()
    rows = [
        (task, 1, status, 0, end - took, end)
        for task, (took, end) in enumerate(zip(seconds, ends, strict=True))
    ]
    return run_of(*rows, n_workers=1)


def test_sequential_time_is_the_work_until_it_is_measured():
    of = figures(two_done())
    assert (of.sequential, of.is_measured) == (6.0, False)
    assert (of.speedup, of.efficiency) == (1.5, 0.75)
    assert np.isnan(of.work_inflation)


def test_a_baseline_measures_sequential_time():
    of = figures(two_done(), baseline=one_by_one(3.0, 2.0))
    assert (of.sequential, of.is_measured) == (5.0, True)
    assert (of.speedup, of.efficiency) == (1.25, 0.625)
    assert of.work_inflation == 1.2
    assert of.efficiency == pytest.approx(of.utilization / of.work_inflation)


def test_a_baseline_of_less_than_all_the_work_measures_nothing():
    failed = one_by_one(3.0, 2.0, status="failed")
    assert not figures(two_done(), baseline=failed).is_measured
    run = run_of((0, 1, "done", 0, 0.0, 4.0), (1, 1, "failed", 1, 0.0, 1.0))
    of = figures(run, baseline=one_by_one(3.0, 2.0))
    assert (of.sequential, of.is_measured) == (5.0, False)


@pytest.mark.parametrize(
    ("baseline", "told"),
    [
        ("run", "`baseline` must be a Run with one worker; got str"),
        (two_done(), "counted from there; got 2 workers"),
        (one_by_one(1.0), "a Run of the same 2 tasks; got 1"),
    ],
)
def test_something_else_is_no_baseline(baseline, told):
    with pytest.raises(ArgumentError) as caught:
        figures(two_done(), baseline=baseline)
    assert told in str(caught.value)


def test_the_bottleneck_is_the_longest_task():
    of = figures(two_done())
    assert (of.bottleneck, of.chain, of.has_edges) == (0, (0,), False)


def test_with_edges_the_bottleneck_is_on_the_critical_path():
    run = run_of(
        (0, 1, "done", 0, 0.0, 4.0),
        (1, 1, "done", 1, 0.0, 3.0),
        (2, 1, "done", 1, 3.0, 5.0),
        edges=pd.DataFrame({"task": [2], "after": [1]}),
    )
    of = figures(run)
    assert (of.bottleneck, of.chain, of.span) == (1, (1, 2), 5.0)


def test_all_attempts_of_a_task_count_for_it():
    run = run_of((0, 1, "failed", 0, 0.0, 1.0), (0, 2, "done", 0, 1.0, 4.0))
    of = figures(run)
    assert of.of_task.tolist() == [4.0]
    assert of.n_retried == 1
    assert of.agents["n_retried"].to_list() == [1]


def test_retried_tasks_are_counted_for_their_agent():
    run = agents_run(
        (0, 1, "a", "failed", 0, 0.0, 1.0),
        (0, 2, "a", "done", 0, 1.0, 2.0),
        (1, 1, None, "failed", 1, 0.0, 1.0),
        (1, 2, None, "failed", 1, 1.0, 2.0),
        (2, 1, "b", "done", 1, 2.0, 3.0),
    )
    of = figures(run)
    assert dict(zip(of.agents["agent"], of.agents["n_retried"], strict=True)) == {
        "a": 1,
        "b": 0,
        "": 1,
    }


def test_nothing_is_made_up_where_nothing_ran():
    of = figures(run_of((0, 1, "skipped", -1, np.nan, np.nan)))
    unknown = [of.makespan, of.sequential, of.speedup, of.efficiency, of.utilization]
    assert np.isnan([*unknown, of.paid]).all()
    assert (of.bottleneck, of.chain) == (-1, ())


@settings(deadline=None)
@given(lane_runs())
def test_figures_keep_the_identities(run):
    of = figures(run)
    assert of.n_done + of.n_not_run + sum(of.counts[s] for s in WRONG) == of.n_tasks
    if not (of.makespan > 0 and of.work > 0):
        return
    assert of.speedup * of.makespan == pytest.approx(of.sequential)
    assert of.efficiency * of.n_workers == pytest.approx(of.speedup)
    assert of.efficiency == pytest.approx(of.utilization)
    assert of.utilization * of.paid == pytest.approx(of.work)
    assert of.agents["busy"].sum() == pytest.approx(of.work)
    assert max(of.work / of.n_workers, of.span) <= of.makespan * (1 + 1e-9)
    chain = [float(of.of_task[task]) for task in of.chain]
    assert sum(chain) == pytest.approx(of.span)
    assert of.of_task[of.bottleneck] == max(chain)
    waits = set(run.edges.itertuples(index=False, name=None))
    pairs = zip(of.chain[1:], of.chain[:-1], strict=True)
    assert all(pair in waits for pair in pairs)


@settings(deadline=None)
@given(lane_runs(statuses=["done"]))
def test_measured_figures_keep_the_identities(run):
    seconds = metrics.busy(
        (run.tasks["ended"] - run.tasks["started"]).to_numpy(),
        run.tasks["task"].to_numpy(),
        max(run.n_tasks, 1),
    )
    baseline = one_by_one(*seconds[: run.n_tasks])
    of = figures(run, baseline)
    if not of.is_measured or not of.work > 0:
        return
    assert of.speedup * of.makespan == pytest.approx(of.sequential)
    assert of.efficiency == pytest.approx(of.utilization / of.work_inflation)


WRONG = ("failed", "invalid", "timeout", "crashed")
