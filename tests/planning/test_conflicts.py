"""Tasks that disturb each other: one after another, or locked out."""

from pathlib import Path

from tests.planning.making import (
    conflicts,
    edges,
    made,
    overlapping,
    reasons,
    rounds,
    task,
)

# --- conflicts ---


def test_two_writers_are_serialised_as_given_and_the_reason_is_kept():
    made_plan = made(task("A", writes="results.csv"), task("B", writes="results.csv"))
    assert edges(made_plan) == [("B", "A", "conflict")]
    assert reasons(made_plan) == ["B waits for A: both write results.csv"]
    assert conflicts(made_plan) == [
        ("A", "B", "results.csv", "write-write", "serialised")
    ]
    assert not made_plan.is_independent


def test_a_reader_and_a_writer_are_serialised_whoever_comes_first():
    reads_first = made(task("A", reads="x"), task("B", writes="x"))
    assert reasons(reads_first) == ["B waits for A: B writes x, which A reads"]
    writes_first = made(task("A", writes="x"), task("B", reads="x"))
    assert reasons(writes_first) == ["B waits for A: B reads x, which A writes"]
    assert conflicts(writes_first) == [("A", "B", "x", "read-write", "serialised")]


def test_readers_do_not_disturb_each_other():
    assert made(task("A", reads="x"), task("B", reads=["x", "y"])).is_independent


def test_readers_between_writers_run_together():
    made_plan = made(
        task("A", writes="x"),
        task("B", reads="x"),
        task("C", reads="x"),
        task("D", writes="x"),
    )
    assert rounds(made_plan) == [["A"], ["B", "C"], ["D"]]
    assert len(made_plan.edges) == 4  # none from A to D: it is implied
    assert len(made_plan.conflicts) == 5


def test_several_resources_are_one_reason():
    made_plan = made(
        task("A", writes=["x", "y"], reads="z"), task("B", writes=["x", "y", "z"])
    )
    assert reasons(made_plan) == [
        "B waits for A: both write x and y and B writes z, which A reads"
    ]


def test_conflicts_that_an_order_settles_add_no_edge():
    made_plan = made(
        task("A", writes="x"), task("B", after="A"), task("C", after="B", writes="x")
    )
    assert edges(made_plan) == [("B", "A", "order"), ("C", "B", "order")]
    assert conflicts(made_plan) == [("A", "C", "x", "write-write", "ordered")]


def test_conflicts_that_other_conflicts_settle_add_no_edge():
    tasks = [task(name, writes="log") for name in "ABC"]
    made_plan = made(*tasks)
    assert edges(made_plan) == [("B", "A", "conflict"), ("C", "B", "conflict")]
    assert [row[:2] for row in conflicts(made_plan)] == [
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    ]


def test_an_order_against_the_list_is_kept():
    made_plan = made(task("A", writes="x", after="B"), task("B", writes="x"))
    assert edges(made_plan) == [("A", "B", "order")]
    assert conflicts(made_plan) == [("B", "A", "x", "write-write", "ordered")]


def test_conflicting_tasks_go_as_one_worker_would_take_them():
    made_plan = made(task("A", writes="x", after="C"), task("B", writes="x"), task("C"))
    assert edges(made_plan) == [("A", "B", "conflict"), ("A", "C", "order")]


def test_beyond_many_pairs_only_the_nearest_are_listed():
    made_plan = made(*[task(f"t{at}", writes="log") for at in range(600)])
    assert made_plan.settled.n_pairs["write-write"] == 600 * 599 // 2
    assert len(made_plan.conflicts) == 599
    assert repr(made_plan).startswith(
        "<Plan 600 tasks: sequential · 600 rounds · 179,700 conflicts serialised"
    )


# --- locks ---


def test_locks_keep_conflicting_tasks_apart_and_leave_the_order_open():
    made_plan = made(
        task("A", writes="x", cost=1),
        task("B", writes="x", cost=5),
        task("C", reads="y"),
        conflicts="lock",
    )
    assert len(made_plan.edges) == 0
    assert made_plan.locks == (
        frozenset({("x", "write")}),
        frozenset({("x", "write")}),
        frozenset(),
    )
    assert conflicts(made_plan) == [("A", "B", "x", "write-write", "locked")]
    assert made_plan.schedule.started.tolist()[:2] == [5, 0]
    assert not made_plan.is_independent


def test_tasks_that_have_an_order_need_no_locks():
    made_plan = made(
        task("A", writes="x"), task("B", writes="x", after="A"), conflicts="lock"
    )
    assert made_plan.locks == (frozenset(), frozenset())
    assert conflicts(made_plan) == [("A", "B", "x", "write-write", "ordered")]


def test_who_locks_a_folder_locks_what_others_use_in_it():
    made_plan = made(
        task("A", reads="src/"),
        task("B", writes="src/b.py"),
        task("C", writes="src/c.py"),
        conflicts="lock",
    )
    assert rounds(made_plan) in ([["A"], ["B", "C"]], [["B", "C"], ["A"]])
    resources = [{Path(name).name for name, _ in held} for held in made_plan.locks]
    assert resources == [{"b.py", "c.py"}, {"b.py"}, {"c.py"}]


def test_an_order_between_some_does_not_hide_a_conflict_with_a_third():
    made_plan = made(
        task("A", writes="src/"),
        task("B", writes="src/"),
        task("C", writes="src/c.py", after="B"),
        conflicts="lock",
    )
    assert not overlapping(made_plan)
    assert made_plan.explain("A", "C").startswith("A and C cannot run together")


def test_locks_can_schedule_better_than_the_given_order():
    tasks = [
        task("A", writes="x", cost=1),
        task("B", writes=["x", "y"], cost=1),
        task("C", writes="y", cost=1),
    ]
    assert made(*tasks).makespan == 3
    assert made(*tasks, conflicts="lock").makespan == 2
