"""What would help follows from the figures, and from nothing else."""

import numpy as np
import pandas as pd
import pytest

from parallel_nb.debrief.advice import findings, recommendations
from parallel_nb.debrief.figures import figures
from parallel_nb.debrief.markdown import inline

from ..making import agents_run, run_of


def told(run, baseline=None):
    """What would help, and what to do, as text."""
    of = figures(run, baseline)
    found = findings(of, run)
    helps = [inline(finding.text) for finding in found]
    return helps, [inline(todo) for todo in recommendations(of, run, found)]


def side_by_side(*seconds, n_workers=None, **fields):
    """A worker for each task, all of them begun at once."""
    rows = [
        (task, 1, None, "done", task, 0.0, took) for task, took in enumerate(seconds)
    ]
    return agents_run(*rows, n_workers=n_workers or len(rows), **fields)


def one_lane(*seconds, agent=None, lane=0, first=0, begin=0.0):
    """Rows of one task after another."""
    ends = (begin + np.cumsum(seconds)).tolist()
    return [
        (first + i, 1, agent, "done", lane, end - took, end)
        for i, (took, end) in enumerate(zip(seconds, ends, strict=True))
    ]


def test_the_longest_task_bounds_the_run():
    helps, todo = told(side_by_side(900.0, 600.0, 480.0))
    assert helps == [
        "With 3 workers no schedule of these tasks can take less than 15 min; this run "
        "took 15 min, so a better order gains next to nothing.",
        "“job-0” alone took 15 min, 100 % of the total time: no number of workers "
        "makes the run shorter than its longest task. Divided evenly among 3 workers, "
        "all the work would take 11 min.",
    ]
    assert todo[0] == "Split or shorten “job-0”."


def test_the_longest_chain_bounds_the_run():
    rows = [*one_lane(4.0, 6.0), *one_lane(1.0, lane=1, first=2)]
    edges = pd.DataFrame({"task": [1], "after": [0]})
    helps, todo = told(agents_run(*rows, extras={"edges": edges}))
    assert helps[1] == (
        "The chain “job-0” → “job-1”, whose tasks wait for each other, took 10 s, "
        "100 % of the total time: no number of workers makes the run shorter. Divided "
        "evenly among 2 workers, all the work would take 5.5 s."
    )
    assert todo[0] == (
        "Split or shorten “job-1”: with 6 s it is the longest task of the chain that "
        "sets the pace."
    )


def test_where_task_and_workers_bind_together_neither_helps_alone():
    helps, todo = told(side_by_side(4.0, 4.0))
    assert "only shorter tasks and more workers together" in helps[1]
    assert not any("Split" in line for line in todo)


def test_busy_workers_bound_the_run():
    rows = [
        *one_lane(2.0, 2.0, 2.0, 2.0),
        *one_lane(2.0, 2.0, 2.0, 2.0, lane=1, first=4),
    ]
    helps, todo = told(agents_run(*rows, cpu_count=8))
    assert helps[1] == (
        "Workers were inside attempts 100 % of the time: only more of them or less "
        "work make the run shorter. From 8 workers on, the longest task is the limit "
        "(2 s)."
    )
    assert todo[0] == "Use more workers."
    helps, todo = told(agents_run(*rows, cpu_count=2))
    assert helps[1].endswith("They would have to share 2 usable cores.")
    assert "Use more workers." not in todo


def test_an_agent_with_too_few_slots_sets_the_pace():
    rows = [
        *one_lane(2.0, 2.0, 2.0, 2.0, agent="test-runner"),
        *one_lane(1.0, agent="reviewer", lane=1, first=4),
    ]
    helps, todo = told(agents_run(*rows, agents={"test-runner": 1, "reviewer": 1}))
    assert helps[1] == (
        "Agent “test-runner” was busy 100 % of the time in its 1 slot: its 8 s of work "
        "set the pace. With one slot more it needs 4 s at least."
    )
    assert todo[0] == "Give agent “test-runner” one slot more."
    assert not any("more workers" in line for line in helps + todo)


def test_an_agent_whose_workers_are_busy_too_needs_both():
    rows = [
        *one_lane(2.0, 2.0, 2.0, agent="a"),
        *one_lane(2.0, 2.0, 2.0, agent="b", lane=1, first=3),
    ]
    _, todo = told(agents_run(*rows, agents={"a": 1, "b": 1}))
    assert "Give agent “a” one slot more and the run one worker more." in todo


def test_more_slots_do_not_help_an_agent_with_one_task():
    rows = [(0, 1, "a", "done", 0, 0.0, 9.0), (1, 1, "b", "done", 1, 0.0, 1.0)]
    helps, _ = told(agents_run(*rows, agents={"a": 1, "b": 1}))
    assert not any("slot" in line for line in helps)


def test_uneven_workers_are_told_to_start_the_longest_first():
    rows = [*one_lane(1.0, 1.0, 4.0), *one_lane(1.0, 1.0, lane=1, first=3)]
    helps, todo = told(agents_run(*rows))
    assert "can take less than 4 s; this run took 6 s: 2 s (33 %) went" in helps[0]
    assert "they were busy 67 % as long as the busiest one" in helps[1]
    assert 'Start the longest tasks first (`order="longest_first"`)' in todo[0]
    helps, _ = told(agents_run(*rows, order="longest_first"))
    assert not any("busiest" in line for line in helps)


def test_workers_that_cannot_be_used_are_told():
    helps, todo = told(side_by_side(4.0, 2.0, n_workers=8))
    assert helps[-1] == (
        "On average no more than 1.5 of the 8 workers can be busy, whatever the order: "
        "that is work / longest task. 6 of them ran nothing."
    )
    assert "Use fewer workers, or more and shorter tasks." in todo


def test_a_slow_start_is_told():
    run = run_of((0, 1, "done", 0, 2.0, 4.0), fields={"submitted": 0.0}, n_workers=1)
    helps, _ = told(run)
    assert helps[-1] == (
        "2 s (50 % of the total time) passed before the first attempt began."
    )


def test_what_failures_cost_is_told():
    run = run_of(
        (0, 1, "failed", 0, 0.0, 1.0),
        (0, 2, "done", 0, 1.0, 4.0),
        (1, 1, "crashed", 1, 0.0, 2.0),
    )
    helps, todo = told(run)
    assert helps[-1] == "Attempts that were not done took 3 s, 50 % of all busy time."
    assert todo[:3] == [
        "Find out what ended the process of “job-1”.",
        "Errors and tracebacks are in `run.errors`.",
        "Find out why “job-0” succeeded only when tried again.",
    ]


def test_each_way_to_go_wrong_has_its_advice():
    statuses = ["failed", "invalid", "timeout", "crashed", "skipped"]
    rows = [
        (task, 1, status, 0, float(task), task + 1.0)
        for task, status in enumerate(statuses)
    ]
    _, todo = told(run_of(*rows))
    assert todo[:6] == [
        "Find out why “job-0” failed.",
        "See why the result of “job-1” is not valid.",
        "Allow more time for “job-2”, or split what is too long.",
        "Find out what ended the process of “job-3”.",
        "Errors and tracebacks are in `run.errors`.",
        "Run what was not run (1 task) once the cause is gone: `pnb.rerun(run)`.",
    ]


def test_many_tasks_are_named_by_the_first_of_them():
    rows = [(task, 1, "failed", 0, float(task), task + 1.0) for task in range(7)]
    _, todo = told(run_of(*rows))
    assert todo[0].endswith("“job-4” and 2 more failed.")


def test_what_was_not_needed_need_not_be_run():
    run = run_of(
        (0, 1, "done", 0, 0.0, 1.0), (1, 1, "cancelled", 1, 0.0, 1.0), n_workers=2
    )
    assert any("Run what was not run" in line for line in told(run)[1])
    won = agents_run(
        (0, 1, None, "done", 0, 0.0, 1.0),
        (1, 1, None, "cancelled", 1, 0.0, 1.0),
        ended_by="wait",
    )
    assert not any("Run what was not run" in line for line in told(won)[1])


def test_an_estimated_speedup_asks_to_be_measured():
    run = side_by_side(4.0, 4.0)
    assert told(run)[1][-1].startswith("Run the same tasks with one worker")
    baseline = agents_run(*one_lane(4.0, 4.0), n_workers=1)
    assert told(run, baseline)[1] == ["None: the figures give no reason for any."]


def test_tasks_that_get_in_each_others_way_are_told():
    baseline = agents_run(*one_lane(2.0, 3.0), n_workers=1)
    helps, _ = told(side_by_side(4.0, 4.0), baseline)
    assert helps[-1] == (
        "The same tasks took 8 s under 2 workers and 5 s under one: they get in each "
        "other's way."
    )


@pytest.mark.parametrize(
    "run",
    [
        run_of((0, 1, "done", 0, 0.0, 4.0), (1, 1, "done", 0, 0.0, 4.0), n_workers=1),
        run_of(
            (0, 1, "done", 0, 0.0, 4.0),
            (1, 1, "done", 1, 0.0, 4.0),
            edges=pd.DataFrame({"task": [1], "after": [0]}),
        ),
        agents_run(
            (0, 1, "a", "done", 0, 0.0, 4.0),
            (1, 1, "a", "done", 1, 0.0, 4.0),
            agents={"a": 1},
        ),
    ],
    ids=["overlap", "edge", "slots"],
)
def test_from_times_that_contradict_each_other_nothing_is_concluded(run):
    helps, todo = told(run)
    assert len(helps) == 1
    assert helps[0].startswith("The times contradict each other")
    assert "Check where the times come from." in todo


def test_where_nothing_ran_nothing_can_be_gained():
    helps, _ = told(run_of((0, 1, "skipped", -1, np.nan, np.nan)))
    assert helps == ["Nothing ran that took any time, so nothing can be gained."]
    helps, _ = told(run_of((0, 1, "done", 0, 1.0, 1.0)))
    assert helps == ["Nothing ran that took any time, so nothing can be gained."]


def test_one_busy_worker_is_told_how_many_more_would_help():
    helps, _ = told(agents_run(*one_lane(1.0, 2.0, 3.0), n_workers=1, cpu_count=4))
    assert "From 2 workers on, the longest task is the limit (3 s)." in helps[1]


def test_no_order_is_advised_where_one_task_is_too_long_for_any():
    """Two workers: one task of 9 s, four of 1 s; the given order is as good as any."""
    rows = [(0, 1, "done", 0, 0.0, 9.0)]
    rows += [(task, 1, "done", 1, task - 1.0, float(task)) for task in range(1, 5)]
    helps, todo = told(run_of(*rows))
    assert not any("longest tasks first" in line for line in [*helps, *todo])
