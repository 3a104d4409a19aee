"""How long tasks take, and what follows: work, span, makespan, load."""

import numpy as np
import pandas as pd
import pytest

from parallel_nb import Run
from parallel_nb.errors import ArgumentError
from parallel_nb.planning.making import usable_cores
from tests.planning.making import made, task


def test_declared_costs_make_work_span_and_critical_path():
    made_plan = made(
        task("load", cost=1),
        task("fit", after="load", cost=4),
        task("plot", after="load", cost=2),
        task("aside", cost=3),
        n_jobs=2,
    )
    assert (made_plan.work, made_plan.span, made_plan.parallelism) == (10, 5, 2)
    assert [made_plan.tasks[at].name for at in made_plan.critical_path] == [
        "load",
        "fit",
    ]
    assert made_plan.priority.tolist() == [5, 4, 2, 3]
    assert made_plan.makespan == 5
    assert made_plan.costs.unit == "cost"


def test_without_costs_tasks_are_counted_and_it_is_said():
    made_plan = made(task("a"), task("b", after="a"), task("c"), n_jobs=1)
    assert made_plan.makespan == 3
    assert made_plan.priority.tolist() == [2, 1, 1]
    assert made_plan.costs.source == "no costs known: counted in tasks"
    assert "makespan 3 tasks" in repr(made_plan)


def test_tasks_without_a_cost_among_others_count_as_the_median_and_it_is_said():
    made_plan = made(task("a", cost=1), task("b", cost=3), task("c"))
    assert made_plan.costs.values.tolist() == [1, 3, 2]
    (warning,) = made_plan.warnings
    assert warning.startswith("1 of 3 tasks have no length in the costs as declared")


def ran(**seconds):
    """A Run of tasks one after another, by name and length."""
    ended = np.cumsum(list(seconds.values()))
    return Run.from_frame(
        pd.DataFrame(
            {
                "task": list(seconds),
                "name": [name.rstrip("_") for name in seconds],
                "started": ended - list(seconds.values()),
                "ended": ended,
            }
        ),
        label="last week",
    )


def test_a_history_tells_lengths_by_name():
    made_plan = made(task("b"), task("a"), history=ran(a=1.0, b=2.0))
    assert made_plan.costs.values.tolist() == [2, 1]
    assert made_plan.costs.unit == "s"
    assert made_plan.costs.source == "durations of the earlier run 'last week'"
    assert "makespan 2 s" in repr(made_plan)


def test_a_history_tells_lengths_by_position_where_names_repeat():
    made_plan = made(task("a"), task("a"), history=ran(a=1.0, a_=2.0, a__=6.0))
    assert made_plan.costs.values.tolist() == [1, 2]


def test_a_history_tells_lengths_by_position_where_no_name_is_known():
    made_plan = made(task("x"), task("y"), history=ran(a=1.0, b=2.0))
    assert made_plan.costs.values.tolist() == [1, 2]


def test_namesakes_elsewhere_in_the_history_lend_their_median():
    made_plan = made(task("x"), task("a"), task("a"), history=ran(a=1.0, b=5.0))
    assert made_plan.costs.values.tolist() == [1, 1, 1]
    assert made_plan.costs.n_guessed == 1


def ended(*rows):
    """A Run of tasks that all started at once: name, length and status."""
    names, lengths, statuses = zip(*rows, strict=True)
    frame = {"task": names, "started": 0.0, "ended": lengths, "status": statuses}
    return Run.from_frame(pd.DataFrame(frame))


def test_an_invalid_result_took_as_long_as_a_valid_one():
    history = ended(("a", 4.0, "done"), ("b", 9.0, "invalid"), ("c", 5.0, "done"))
    made_plan = made(task("a"), task("b"), task("c"), history=history)
    assert made_plan.costs.values.tolist() == [4, 9, 5]
    assert made_plan.costs.n_guessed == 0


@pytest.mark.parametrize("status", ["failed", "timeout", "crashed", "cancelled"])
def test_what_broke_off_took_as_long_at_least(status):
    history = ended(("a", 4.0, "done"), ("early", 0.1, status), ("late", 60.0, status))
    made_plan = made(task("a"), task("early"), task("late"), history=history)
    assert made_plan.costs.values.tolist() == [4, 4, 60]
    assert made_plan.costs.n_guessed == 2
    (warning,) = made_plan.warnings
    assert "median of the others, or as long as they lasted" in warning


def test_where_nothing_was_done_what_broke_off_is_all_there_is():
    history = ended(("a", 1.0, "failed"), ("b", 3.0, "failed"))
    made_plan = made(task("b"), task("c"), history=history)
    assert made_plan.costs.values.tolist() == [3, 3]


def test_a_history_must_be_a_run_in_which_something_ran():
    with pytest.raises(ArgumentError, match=r"`history` must be a Run; got list"):
        made(task("a"), history=[1.0])
    frame = pd.DataFrame(
        {"task": [0], "started": [np.nan], "ended": [np.nan], "status": ["skipped"]}
    )
    with pytest.raises(ArgumentError, match="must hold a task that ran"):
        made(task("a"), history=Run.from_frame(frame, n_workers=1))


def test_the_report_of_three_tasks_on_three_agents():
    # 15, 10 and 8 minutes: 33 -> 15 minutes, utilization 100 / 67 / 53 %.
    names = ["reviewer", "tester", "writer"]
    tasks = [
        task(name, agent=name, cost=minutes * 60)
        for name, minutes in zip(names, [15, 10, 8], strict=True)
    ]
    made_plan = made(*tasks, n_jobs=3, agents=dict.fromkeys(names, 1))
    assert made_plan.work == 33 * 60
    assert made_plan.makespan == 15 * 60
    load = made_plan.load
    agents = load[load["kind"] == "agent"]
    assert agents["name"].to_list() == names
    assert agents["utilization"].round(2).to_list() == [1.0, 0.67, 0.53]
    workers = load[load["kind"] == "worker"]
    share = workers["utilization"].mean()
    assert share == pytest.approx(33 / 45)
    assert workers["busy"].sum() == made_plan.work


def test_an_agent_with_more_slots_is_busy_in_all_of_them():
    made_plan = made(
        task("a", agent="x", cost=2), task("b", agent="x", cost=1), agents={"x": 2}
    )
    last = made_plan.load.iloc[-1]
    assert (last["slots"], last["n_tasks"], last["busy"]) == (2, 2, 3.0)
    assert last["utilization"] == 0.75


@pytest.mark.parametrize(
    ("costs", "n_useful"),
    [([1] * 6, 6), ([6, 1, 1, 1, 1, 1, 1], 2), ([3, 2, 1], 2), ([0, 0], 1), ([], 1)],
)
def test_the_most_workers_worth_having(costs, n_useful):
    made_plan = made(*[task(f"t{at}", cost=cost) for at, cost in enumerate(costs)])
    assert made_plan.n_useful == n_useful


def test_work_alone_does_not_tell_how_many_workers_are_worth_having():
    wide = [task(f"t{at}", cost=1) for at in range(4)]
    made_plan = made(*wide, task("last", *wide, cost=4))
    assert made_plan.parallelism == 1.6
    assert made_plan.n_useful == 4


def test_slots_limit_the_workers_worth_having():
    tasks = [task(f"t{at}", agent="x") for at in range(6)]
    assert made(*tasks, agents={"x": 2}).n_useful == 2


@pytest.mark.parametrize(("n_jobs", "n_workers"), [(1, 1), (7, 7), (np.int64(3), 3)])
def test_the_number_of_workers_is_as_asked(n_jobs, n_workers):
    assert made(task("a"), n_jobs=n_jobs).n_workers == n_workers


def test_negative_numbers_of_workers_count_back_from_the_usable_cores():
    assert made(n_jobs=None).n_workers == made(n_jobs=-1).n_workers == usable_cores()
    assert made(n_jobs=-2).n_workers == max(usable_cores() - 1, 1)
    assert made(n_jobs=-1000).n_workers == 1


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2", True])
def test_impossible_numbers_of_workers_are_refused(n_jobs):
    with pytest.raises(ArgumentError, match="`n_jobs` must be a whole number"):
        made(task("a"), n_jobs=n_jobs)
