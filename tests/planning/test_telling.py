"""A plan in words: strategy, checklist, reasons, a line and a page."""

import numpy as np
import pytest

from parallel_nb.errors import ArgumentError
from tests.planning.making import made, task


@pytest.mark.parametrize(
    ("tasks", "n_jobs", "strategy", "why"),
    [
        ([task("a"), task("b")], 2, "parallel", "no task waits for another; no reads"),
        ([task("a"), task("b")], 1, "sequential", "there is one worker"),
        ([task("a")], 2, "sequential", "there is one task"),
        (
            [task("a"), task("b", after="a")],
            2,
            "sequential",
            "no two tasks may run together: 1 task is to come after another",
        ),
        (
            [task("a"), task("b", after="a"), task("c", writes="x"), task("d")],
            2,
            "mixed",
            "2 rounds with up to 3 tasks at once, as 1 task is to come after another",
        ),
        (
            [task("a", writes="x"), task("b", writes="x"), task("c", writes="x")],
            2,
            "sequential",
            "2 tasks wait because of resources",
        ),
    ],
)
def test_the_strategy_is_a_word_and_a_reason(tasks, n_jobs, strategy, why):
    made_plan = made(*tasks, n_jobs=n_jobs)
    assert made_plan.strategy == strategy
    assert why in made_plan.why


def test_locks_and_slots_are_reasons_for_a_mixed_strategy():
    tasks = [task(name, writes="x", agent="one") for name in "abc"]
    made_plan = made(*tasks, task("d"), agents={"one": 2}, conflicts="lock")
    assert made_plan.why == (
        "3 rounds with up to 2 tasks at once, as 3 tasks lock what they share, "
        "agent one has 2 slots for 3 tasks"
    )


def test_resources_that_nobody_fights_over_are_none_not_unknown():
    made_plan = made(task("a", reads="x"), task("b", writes="y"))
    checklist = made_plan.checklist.set_index("item")
    assert checklist.loc["write-write conflicts", "verdict"] == "none"
    assert made_plan.why == "no task waits for another or disturbs it"


def test_the_checklist_has_a_verdict_and_evidence_for_each_item():
    load = task("load", writes="x")
    made_plan = made(load, task("fit", load, reads="x"), task("log", writes="x"))
    checklist = made_plan.checklist.set_index("item")
    assert checklist["verdict"].to_dict() == {
        "data dependencies": "found",
        "write-write conflicts": "found",
        "read-write conflicts": "found",
        "ordering requirements": "none",
        "shared mutable state": "none",
        "cycles": "none",
    }
    evidence = checklist["evidence"]
    assert evidence["data dependencies"] == "fit takes the result of load"
    assert "log writes x, which fit reads (serialised)" in evidence.to_list()[2]
    assert "fit reads x, which load writes (ordered)" in evidence.to_list()[2]


def test_what_nobody_declared_is_unknown_not_absent():
    checklist = made(task("a"), task("b")).checklist.set_index("item")
    assert checklist.loc["write-write conflicts"].to_list() == [
        "unknown",
        "no reads or writes declared: unknown; observe() can find out",
    ]


def test_one_task_that_declares_nothing_leaves_it_unknown():
    made_plan = made(task("a", reads="x"), task("b"))
    checklist = made_plan.checklist.set_index("item")
    assert checklist.loc["read-write conflicts"].to_list() == [
        "unknown",
        "no task reads what another writes, as far as declared; 1 task declares no "
        "reads or writes: unknown; observe() can find out",
    ]
    assert "disturbs" not in made_plan.why
    assert "1 task declares no reads or writes: unknown" in made_plan.why


def test_conflicts_that_are_declared_do_not_hide_those_that_may_be_there():
    tasks = [task("a", writes="x"), task("b", writes="x"), task("c"), task("d")]
    checklist = made(*tasks).checklist.set_index("item")
    verdict, evidence = checklist.loc["write-write conflicts"].to_list()
    assert verdict == "found"
    assert evidence.endswith(
        "2 tasks declare no reads or writes: unknown; observe() can find out"
    )


def test_much_evidence_is_counted():
    tasks = [task("a"), *[task(f"t{at}", after="a") for at in range(10)]]
    evidence = made(*tasks).checklist["evidence"][3]
    assert evidence.endswith("; and 7 more")


def explained():
    load = task("load")
    return made(
        load,
        task("fit", load, writes="model"),
        task("prune", writes="model"),
        task("report", after=["fit", "prune"]),
        task("one", agent="gpu"),
        task("other", agent="gpu"),
        agents={"gpu": 1},
    )


EXPLANATIONS = [
    ("load", "load", "load is one task: it cannot run beside itself."),
    ("fit", "load", "fit takes the result of load."),
    ("load", "fit", "fit takes the result of load."),
    ("fit", "prune", "prune waits for fit: both write model."),
    (
        "report",
        "load",
        "report waits for load by way of fit: fit takes the result of load; "
        "report is to come after fit.",
    ),
    ("one", "other", "one and other cannot run together: agent gpu has 1 slot."),
    (
        "load",
        "one",
        "load and one can run together as far as is known: neither waits for the "
        "other, but neither declares what it reads or writes; observe() can find out.",
    ),
    (
        "fit",
        "one",
        "fit and one can run together as far as is known: neither waits for the "
        "other, but one does not declare what it reads or writes; observe() can find "
        "out.",
    ),
]


@pytest.mark.parametrize(("a", "b", "told"), EXPLANATIONS)
def test_two_tasks_can_run_together_or_there_is_a_reason(a, b, told):
    assert explained().explain(a, b) == told


def test_locked_tasks_are_explained_as_such():
    made_plan = made(task("A", reads="x"), task("B", writes="x"), conflicts="lock")
    assert made_plan.explain("B", "A") == (
        "B and A cannot run together, but either may go first: "
        "B writes x, which A reads."
    )


def test_a_conflict_beside_the_way_is_told_as_well():
    made_plan = made(
        task("A", writes="x"), task("B", after="A"), task("C", after="B", writes="x")
    )
    assert made_plan.explain("A", "C").endswith("Besides, A and C both write x.")


def test_one_worker_is_mentioned():
    made_plan = made(task("a"), task("b"), n_jobs=1)
    assert made_plan.explain("a", "b").endswith("There is one worker, though.")


def test_tasks_are_explained_by_name_position_or_themselves():
    made_plan = explained()
    load, fit = made_plan.tasks[:2]
    assert made_plan.explain(0, 1) == made_plan.explain(load, fit)
    assert made_plan.explain(np.int64(0), "fit") == made_plan.explain("load", fit)


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ("laod", r"`a` must be the name, the Task .*; got 'laod'. Did you mean 'load'"),
        (9, r"one of the plan's 3 tasks; got 9"),
        (-1, r"one of the plan's 3 tasks; got -1"),
        (task("lost"), r"one of the plan's 3 tasks"),
        ("twin", r"`a` must be one task; there are 2 of 'twin', at 1 and 2"),
    ],
)
def test_only_tasks_of_the_plan_can_be_explained(which, told):
    with pytest.raises(ArgumentError, match=told):
        made(task("load"), task("twin"), task("twin")).explain(which, 0)


def test_the_line_is_stable_and_short():
    tasks = [task("A", writes="x", cost=1), task("B", writes="x"), task("C")]
    assert repr(made(*tasks, n_jobs=2)) == (
        "<Plan 3 tasks: mixed · 2 rounds · 1 conflict serialised · 1 warning · "
        "makespan 2 · 2 workers>"
    )


def test_the_page_tells_rounds_conflicts_path_and_prediction():
    load = task("load", cost=1)
    made_plan = made(
        load,
        task("fit", load, writes="model", cost=4, agent="gpu"),
        task("prune", load, writes="model", cost=2),
        task("plot", load, cost=1),
        task("plot", load, cost=1),
        agents={"gpu": 1},
        n_jobs=2,
    )
    assert (
        made_plan.to_text()
        == """\
Plan of 5 tasks on 2 workers: mixed.
  3 rounds with up to 3 tasks at once, as 4 tasks take results of others, 1 task waits
    because of a resource.

Rounds
   0  load
   1  fit and plot × 2
   2  prune

Conflicts
  prune waits for fit: both write model

Critical path
  7: load → fit → prune

Prediction (costs as declared)
  makespan 7 on 2 workers, starting up left out
  work 9, span 7, parallelism 1.3
  2 workers are worth having: more would not be faster

Agents
  gpu: 1 slot, 1 task, busy 4 (57 % of its time)"""
    )


def test_the_page_of_a_large_plan_stays_a_page():
    chain = [
        task(f"t{at}", after=f"t{at - 1}" if at else (), writes="x")
        for at in range(300)
    ]
    text = made(*chain).to_text()
    assert "… and 288 more rounds" in text
    assert "… and 287 more conflicts" in text
    assert "… 292 more …" in text
    assert len(text.splitlines()) < 50
    assert max(map(len, text.splitlines())) <= 88


def test_halves_of_characters_in_names_and_resources_are_told_with_backslashes():
    made_plan = made(
        task("a\udcff", writes="x\udcff"), task("b\udcff", reads="x\udcff"), n_jobs=2
    )
    row = made_plan.conflicts.iloc[0]
    assert row["a_name"] == r"a\udcff"
    assert row["resource"] == r"x\udcff"
    assert r"\udcff" in made_plan.edges["reason"][0]
    for text in (
        repr(made_plan),
        made_plan.to_text(),
        *made_plan.checklist["evidence"],
    ):
        text.encode()
