"""Who waits for whom because a task says so, and what cannot be."""

import pytest

from parallel_nb.errors import ArgumentError, PlanError
from tests.planning.making import edges, made, reasons, rounds, task


def test_tasks_that_declare_nothing_are_independent():
    made_plan = made(task("a"), task("b"), task("c"))
    assert made_plan.is_independent
    assert len(made_plan.edges) == len(made_plan.conflicts) == 0
    assert rounds(made_plan) == [["a", "b", "c"]]


def test_a_task_waits_for_those_in_its_arguments():
    load = task("load")
    made_plan = made(load, task("fit", {"data": [load]}))
    assert edges(made_plan) == [("fit", "load", "data")]
    assert reasons(made_plan) == ["fit takes the result of load"]
    assert made_plan.inputs == ((), (0,))


@pytest.mark.parametrize("by", ["name", "itself"])
def test_a_task_waits_for_those_it_is_to_come_after(by):
    first = task("first")
    second = task("second", after="first" if by == "name" else first)
    made_plan = made(second, first)
    assert edges(made_plan) == [("second", "first", "order")]
    assert reasons(made_plan) == ["second is to come after first"]
    assert [each.tolist() for each in made_plan.predecessors] == [[1], []]


def test_a_result_is_the_stronger_reason_to_wait():
    load = task("load")
    made_plan = made(load, task("fit", load, after=["load", load]))
    assert edges(made_plan) == [("fit", "load", "data")]


def test_tasks_with_one_name_are_told_apart_by_position():
    first, second = task("fit"), task("fit")
    made_plan = made(first, second, task("rank models", first, second))
    assert made_plan.names == ("fit (task 0)", "fit (task 1)", "'rank models'")
    assert reasons(made_plan)[1] == "'rank models' takes the result of fit (task 1)"


LOST = task("lost")
IMPOSSIBLE = [
    ([task("load"), task("fit", after="laod")], r"no task is called so.*'load'\?"),
    ([task("fit", after="x")], r"`after` of task 0 \('fit'\) names 'x'"),
    (
        [task("a"), task("b"), task("a"), task("c", after="a")],
        r"names 'a', and 2 tasks are called so, at 0, 2\. Pass the task itself",
    ),
    ([task("a", after=LOST)], r"waits for the task 'lost', which is not in the batch"),
    ([task("a", LOST)], r"waits for the task 'lost', which is not in the batch"),
    ([task("a", agent="gpu")], r"no agents are known. Pass `agents=\{'gpu': 1\}`"),
]


@pytest.mark.parametrize(("tasks", "told"), IMPOSSIBLE)
def test_waiting_for_what_is_not_there_is_refused(tasks, told):
    with pytest.raises(PlanError, match=told):
        made(*tasks)


def test_a_task_listed_twice_is_refused_and_the_remedy_told():
    twice = task("twice")
    with pytest.raises(
        ArgumentError, match=r"items 0 and 2 .* same task, 'twice'\. Make"
    ):
        made(twice, task("twice"), twice)


def test_a_circle_is_printed_with_its_reasons():
    a = task("a", after="c")
    b = task("b", a)
    with pytest.raises(PlanError) as caught:
        made(task("aside"), a, b, task("c", after=b), task("later", after="c"))
    assert str(caught.value) == (
        "tasks wait for each other in a circle: a → c → b → a. "
        "a is to come after c; c is to come after b; b takes the result of a. "
        "Take one of these away."
    )


def test_a_task_that_waits_for_itself_is_the_smallest_circle():
    with pytest.raises(PlanError, match=r"circle: a → a\. a is to come after a\."):
        made(task("a", after="a"))


def test_a_list_of_arguments_can_close_a_circle():
    held = []
    one = task("one", held)
    held.append(task("two", one))
    with pytest.raises(PlanError, match="one → two → one"):
        made(one, held[0])


def test_a_long_circle_is_shortened():
    ring = [task(f"t{at}", after=f"t{(at + 1) % 500}") for at in range(500)]
    with pytest.raises(PlanError) as caught:
        made(*ring)
    assert "t0 → t1 → t2" in str(caught.value)
    assert "… → t0" in str(caught.value)
    assert len(str(caught.value)) < 1000
