"""What may be planned, and for whom."""

import math
from dataclasses import FrozenInstanceError

import pytest

from parallel_nb.errors import ArgumentError, PlanError
from parallel_nb.planning import plan
from parallel_nb.tasks import Agent
from tests.planning.making import made, rounds, task

# --- agents ---


def test_an_agent_with_one_slot_makes_rounds_and_time():
    tasks = [task(f"t{at}", agent="gpu", cost=2) for at in range(3)]
    made_plan = made(*tasks, task("free", cost=2), agents={"gpu": 1})
    assert made_plan.makespan == 6
    assert rounds(made_plan) == [["t0", "free"], ["t1"], ["t2"]]
    assert made_plan.strategy == "parallel"
    assert "agent gpu has 1 slot for 3 tasks" in made_plan.why


@pytest.mark.parametrize(
    "agents",
    [
        {"gpu": 2},
        {"gpu": Agent("gpu", slots=2)},
        [Agent("gpu", slots=2)],
        Agent("gpu", slots=2),
    ],
)
def test_agents_come_as_numbers_or_agents(agents):
    assert made(task("a", agent="gpu"), agents=agents).agents == {
        "gpu": Agent("gpu", slots=2)
    }


@pytest.mark.parametrize(
    ("agents", "told"),
    [
        ({"gpu": 0}, r"`slots` must be a whole number, 1 or more; got 0"),
        ({"gpu": Agent("cpu")}, r"the Agent 'cpu' under the name 'gpu'"),
        ([Agent("gpu"), Agent("gpu")], r"`agents` has two of the name 'gpu'"),
        (["gpu"], r"`agents` must map names to numbers of slots"),
        ("gpu", r"`agents` must map names to numbers of slots"),
        (3, r"`agents` must map names to numbers of slots"),
    ],
)
def test_impossible_agents_are_refused(agents, told):
    with pytest.raises(ArgumentError, match=told):
        made(task("a"), agents=agents)


def test_an_unknown_agent_is_refused_with_the_known_ones_and_a_near_miss():
    told = r"task 0 \('a'\) asks for the agent 'gpuu'; known are 'gpu', 'cpu'.*'gpu'\?"
    with pytest.raises(PlanError, match=told):
        made(task("a", agent="gpuu"), agents={"gpu": 1, "cpu": 2})


# --- what may be planned ---


def test_one_task_needs_no_list():
    assert plan(task("a"), n_jobs=1).n_tasks == 1


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        (len, r"`tasks` must be tasks.*Pass plan\(\[Task\(func, input\)"),
        ("pytest", r"`tasks` must be tasks .*; got str"),
        ({"a": 1}, r"`tasks` must be tasks .*; got dict"),
        (3, r"`tasks` must be tasks .*; got int"),
        ([task("a"), len], r"item 1 of `tasks` must be a Task .*; got builtin"),
    ],
)
def test_only_tasks_can_be_planned(tasks, told):
    with pytest.raises(ArgumentError, match=told):
        plan(tasks)


def test_conflicts_are_ordered_or_locked():
    with pytest.raises(ArgumentError, match=r"'order', 'lock'; got 'serialise'.*order"):
        made(task("a"), conflicts="serialise")


def test_a_plan_without_tasks_is_a_plan():
    made_plan = made()
    assert made_plan.rounds == made_plan.critical_path == ()
    assert made_plan.makespan == made_plan.work == made_plan.span == 0
    assert math.isnan(made_plan.parallelism)
    assert made_plan.strategy == "sequential"
    assert "Plan of 0 tasks" in made_plan.to_text()
    assert len(made_plan.load) == 4


def test_a_plan_is_frozen():
    with pytest.raises(FrozenInstanceError):
        made(task("a")).n_workers = 3
