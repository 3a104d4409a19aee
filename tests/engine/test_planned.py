"""A plan's tasks are handed out when they may start, the most urgent one first."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb.engine.planned import Planned, check_results_kept
from parallel_nb.errors import ArgumentError
from parallel_nb.planning import plan
from parallel_nb.runs import Run
from parallel_nb.tasks import Task, shell


class Clock:
    """Shows the time that it was set to."""

    now = 0.0

    def __call__(self):
        return self.now


def task(name, *args, **options):
    return Task(max, *args, name=name, **options)


class Batch:
    """A `Planned` whose tasks go by their names, and end when the test says so."""

    def __init__(self, tasks, *, barriers=False, **options):
        self.clock = Clock()
        self.plan = plan(tasks, n_jobs=options.pop("n_jobs", 4), **options)
        self.planned = Planned(self.plan, self.clock, uses_barriers=barriers)
        self.results = [None] * len(tasks)
        self.pieces = {}

    def starts(self):
        """Names of all that may start now, as they are handed out."""
        names = []
        while (piece := self.planned.next_piece(self.results)) is not None:
            names.append(self.planned.names[piece.positions[0]])
            self.pieces[names[-1]] = piece
        return names

    def ends(self, name, *, is_done=True, result=None):
        """It ends; names of tasks that are skipped, and because of which."""
        position = self.planned.names.index(name)
        self.results[position] = result
        self.planned.release(position)
        names = self.planned.names
        skipped = self.planned.settle(position, is_done)
        return [(names[task], names[cause]) for task, cause in skipped]

    def fails(self, name):
        return self.ends(name, is_done=False)

    def again(self, name):
        position = self.planned.names.index(name)
        self.planned.release(position)
        self.planned.again(position)


# -- who goes when -----------------------------------------------------------------


def test_a_task_is_handed_out_when_all_it_waits_for_has_ended():
    a, b = task("a"), task("b")
    batch = Batch([a, b, task("c", after=[a, b])])
    assert batch.starts() == ["a", "b"]
    batch.ends("a")
    assert batch.starts() == []
    batch.ends("b")
    assert batch.starts() == ["c"]


def test_the_longest_way_to_the_end_goes_first():
    short, first = task("short", cost=5), task("first", cost=1)
    batch = Batch([short, first, task("then", after=first, cost=9)])
    assert batch.starts() == ["first", "short"]


def test_equals_go_in_the_order_given():
    assert Batch([task("b"), task("a"), task("c")]).starts() == ["b", "a", "c"]


def test_a_piece_says_since_when_it_was_ready():
    a = task("a")
    batch = Batch([a, task("b", after=a)])
    batch.starts()
    batch.clock.now = 3.0
    batch.ends("a")
    batch.clock.now = 5.0
    batch.starts()
    assert batch.pieces["a"].ready == 0.0
    assert batch.pieces["b"].ready == 3.0


def test_news_of_ready_tasks_is_told_once():
    a = task("a")
    batch = Batch([a, task("b", after=a)])
    assert batch.planned.newly_ready() == [0]
    assert batch.planned.newly_ready() == []
    batch.starts()
    batch.ends("a")
    assert batch.planned.newly_ready() == [1]


def test_no_task_at_all_is_a_batch_that_has_ended():
    batch = Batch([])
    assert batch.starts() == []
    assert not batch.planned.may_go_on
    assert batch.planned.take_rest() == []


# -- what is passed on -------------------------------------------------------------


def test_results_stand_where_tasks_stood():
    a, b = task("a"), task("b")
    batch = Batch([a, b, task("c", a, [b, 7], key={"deep": (b, [a])})])
    batch.starts()
    batch.ends("a", result="A")
    batch.ends("b", result="B")
    batch.starts()
    ((args, kwargs),) = batch.pieces["c"].inputs
    assert args == ("A", ["B", 7])
    assert kwargs == {"key": {"deep": ("B", ["A"])}}


def test_arguments_without_a_task_are_not_copied():
    large = [1, 2, 3]
    batch = Batch([task("a", large, key=large)])
    batch.starts()
    ((args, kwargs),) = batch.pieces["a"].inputs
    assert args[0] is large
    assert kwargs["key"] is large


def test_a_check_travels_with_the_arguments():
    batch = Batch([task("a", 1, check=callable)])
    batch.starts()
    assert batch.pieces["a"].inputs == [((1,), {}, callable)]


def test_a_command_travels_as_itself():
    command = shell("true", name="command")
    batch = Batch([command])
    batch.starts()
    assert batch.pieces["command"].func is command


class Unhashable:
    def __hash__(self):
        raise RuntimeError("no hash today")


@pytest.mark.parametrize("result", [[1], Unhashable()])
def test_a_result_that_cannot_stand_there_is_the_error_of_its_consumer(result):
    a = task("a")
    batch = Batch([a, task("b", {a})])
    batch.starts()
    batch.ends("a", result=result)
    assert batch.starts() == ["b"]
    assert isinstance(batch.pieces["b"].error, (ArgumentError, RuntimeError))


def test_passing_results_on_needs_results():
    a = task("a")
    with pytest.raises(ArgumentError, match="keep_results"):
        check_results_kept(plan([a, task("b", a)]), keep_results=False)
    check_results_kept(plan([a, task("b", a)]), keep_results=True)
    check_results_kept(plan([a, task("b", after=a)]), keep_results=False)


# -- agents ------------------------------------------------------------------------


def test_no_more_than_its_slots_are_out_for_an_agent():
    tasks = [task(name, agent="gpu") for name in "abc"]
    batch = Batch(tasks, agents={"gpu": 2})
    assert batch.starts() == ["a", "b"]
    batch.ends("a")
    assert batch.starts() == ["c"]


def test_a_busy_agent_holds_up_nobody_else():
    tasks = [task(name, agent="gpu", cost=9) for name in "ab"]
    batch = Batch([*tasks, task("c", cost=1)], agents={"gpu": 1})
    assert batch.starts() == ["a", "c"]


def test_the_most_urgent_goes_first_over_all_agents():
    batch = Batch(
        [
            task("low", agent="x", cost=1),
            task("high", agent="y", cost=3),
            task("middle", cost=2),
        ],
        agents={"x": 1, "y": 1},
    )
    assert batch.starts() == ["high", "middle", "low"]


# -- failures ----------------------------------------------------------------------


def test_who_needs_a_failed_task_is_skipped_with_all_behind():
    a = task("a")
    b = task("b", a)
    c = task("c", after=b)
    batch = Batch([a, b, c, task("other")])
    assert batch.starts() == ["a", "other"]
    assert batch.fails("a") == [("b", "a"), ("c", "b")]
    assert batch.starts() == []
    assert not batch.ends("other")
    assert not batch.planned.may_go_on


def test_a_task_is_skipped_once_though_two_of_its_inputs_fail():
    a, b = task("a"), task("b")
    batch = Batch([a, b, task("c", a, b)])
    batch.starts()
    assert batch.fails("a") == [("c", "a")]
    assert batch.fails("b") == []


def test_the_reason_to_skip_names_what_was_needed():
    batch = Batch([task("a")])
    assert batch.planned.reason_to_skip(0) == "it needs 'a', which is not done"


def test_who_only_kept_clear_of_a_failed_task_goes_on():
    batch = Batch([task("a", writes="x"), task("b", writes="x")])
    assert batch.starts() == ["a"]
    assert batch.fails("a") == []
    assert batch.starts() == ["b"]


def test_who_follows_a_skipped_task_keeps_clear_of_those_before_it():
    # c keeps clear of b, and of a by way of b; when b is skipped, a still runs.
    doomed = task("doomed", cost=9)
    tasks = [
        task("a", writes="x"),
        doomed,
        task("b", after=doomed, writes="x"),
        task("c", writes="x"),
    ]
    batch = Batch(tasks)
    assert sorted(batch.starts()) == ["a", "doomed"]
    assert batch.fails("doomed") == [("b", "doomed")]
    assert batch.starts() == []
    batch.ends("a")
    assert batch.starts() == ["c"]


def test_another_attempt_is_handed_out_again_and_takes_its_slot():
    batch = Batch([task("a", agent="x"), task("b", agent="x")], agents={"x": 1})
    assert batch.starts() == ["a"]
    batch.clock.now = 2.0
    batch.again("a")
    assert batch.starts() == ["a"]
    assert batch.pieces["a"].ready == 2.0
    batch.ends("a")
    assert batch.starts() == ["b"]


# -- locks -------------------------------------------------------------------------


def locked(*tasks, **options):
    return Batch(list(tasks), conflicts="lock", **options)


def test_writers_of_one_resource_take_turns_the_most_urgent_first():
    batch = locked(
        task("a", writes="x", cost=1),
        task("b", writes="x", cost=3),
        task("c", writes="x", cost=2),
    )
    for name in "bca":
        assert batch.starts() == [name]
        batch.ends(name)


def test_readers_go_together_and_a_writer_waits_for_the_last():
    batch = locked(
        task("a", reads="x", cost=3),
        task("b", reads="x", cost=2),
        task("c", writes="x", cost=1),
    )
    assert batch.starts() == ["a", "b"]
    batch.ends("a")
    assert batch.starts() == []
    batch.ends("b")
    assert batch.starts() == ["c"]


def test_all_readers_may_go_when_a_writer_has_ended():
    batch = locked(
        task("w", writes="x", cost=9), task("a", reads="x"), task("b", reads="x")
    )
    assert batch.starts() == ["w"]
    batch.ends("w")
    assert batch.starts() == ["a", "b"]


def test_a_task_takes_all_its_locks_or_none():
    batch = locked(
        task("a", writes="x", cost=9),
        task("both", writes=["x", "y"], cost=5),
        task("b", writes="y", cost=1),
    )
    assert batch.starts() == ["a", "b"]
    batch.ends("a")
    assert batch.starts() == []
    batch.ends("b")
    assert batch.starts() == ["both"]


def test_a_lock_that_one_cannot_use_goes_to_the_next():
    # x gets free, but `both` cannot go on without y: `last` need not wait for it.
    batch = locked(
        task("a", writes="x", cost=9),
        task("b", writes="y", cost=9),
        task("both", writes=["x", "y"], cost=5),
        task("last", writes="x", cost=1),
    )
    assert batch.starts() == ["a", "b"]
    batch.ends("a")
    assert batch.starts() == ["last"]


def test_a_lock_is_not_kept_for_an_agent_without_a_free_slot():
    batch = locked(
        task("w", writes="x", cost=9),
        task("busy", agent="gpu", cost=8),
        task("a", writes="x", agent="gpu", cost=5),
        task("b", writes="x", cost=1),
        agents={"gpu": 1},
    )
    assert batch.starts() == ["w", "busy"]
    batch.ends("w")
    assert batch.starts() == ["b"]


def test_a_failed_attempt_gives_its_locks_back():
    batch = locked(task("a", writes="x", cost=2), task("b", writes="x", cost=1))
    assert batch.starts() == ["a"]
    batch.fails("a")
    assert batch.starts() == ["b"]


# -- barriers ----------------------------------------------------------------------


def test_a_round_waits_for_all_of_the_round_before():
    a = task("a")
    batch = Batch([a, task("slow"), task("b", after=a)], barriers=True)
    assert batch.starts() == ["a", "slow"]
    batch.ends("a")
    assert batch.starts() == []
    batch.clock.now = 4.0
    batch.ends("slow")
    assert batch.starts() == ["b"]
    assert batch.pieces["b"].ready == 4.0


def test_a_round_that_is_skipped_is_no_barrier():
    a = task("a")
    b = task("b", after=a)
    other = task("other")
    tasks = [a, b, other, task("c", after=b), task("last", writes="x")]
    batch = Batch([*tasks, task("end", after=other)], barriers=True)
    assert batch.starts() == ["a", "other", "last"]
    batch.fails("a")
    batch.ends("last")
    assert batch.starts() == []
    batch.ends("other")
    assert batch.starts() == ["end"]


def test_another_attempt_is_no_reason_to_wait_for_a_barrier():
    a = task("a")
    batch = Batch([a, task("b", after=a)], barriers=True)
    batch.starts()
    batch.again("a")
    assert batch.starts() == ["a"]


# -- the rest ----------------------------------------------------------------------


def test_the_rest_is_what_was_never_handed_out_and_not_skipped():
    a, b = task("a"), task("b")
    batch = Batch([a, b, task("c", a), task("d", b), task("e", b)])
    batch.starts()
    batch.fails("a")
    assert batch.planned.n_waiting == 2
    rest = [int(piece.positions[0]) for piece in batch.planned.take_rest()]
    assert rest == [3, 4]
    assert batch.planned.take_rest() == []
    assert batch.planned.n_waiting == 0


def test_a_run_is_told_agents_rounds_and_edges():
    a = task("a", agent="x")
    planned = Batch([a, task("b", a), task("c", after=a)], agents={"x": 1}).planned
    assert planned.agents == ["x", None, None]
    assert planned.rounds.tolist() == [0, 1, 1]
    assert planned.rounds.dtype == np.int32
    assert planned.edges.values.tolist() == [[1, 0], [2, 0]]


# -- time limits -------------------------------------------------------------------


def history(**seconds):
    """A Run of tasks that took so long."""
    import pandas as pd

    frame = pd.DataFrame(
        {"name": list(seconds), "started": 0.0, "ended": list(seconds.values())}
    )
    return Run.from_frame(frame.rename_axis("task").reset_index())


# -- in virtual time ---------------------------------------------------------------


def makespan_of(planned, clock, costs, n_workers):
    """End of the last task when each takes its cost and nothing else takes time."""
    running, n_free = [], n_workers
    results = [None] * len(costs)
    while True:
        while n_free and (piece := planned.next_piece(results)) is not None:
            position = int(piece.positions[0])
            heapq.heappush(running, (clock.now + costs[position], position))
            n_free -= 1
        if not running:
            return clock.now
        clock.now = running[0][0]
        while running and running[0][0] == clock.now:
            _, position = heapq.heappop(running)
            planned.release(position)
            planned.settle(position, True)
            n_free += 1


@st.composite
def batches(draw):
    """Tasks that wait for earlier ones, ask for agents and use resources."""
    tasks = []
    for i in range(draw(st.integers(0, 14))):
        few = st.lists(st.sampled_from(tasks), max_size=3) if tasks else st.just([])
        tasks.append(
            task(
                f"t{i}",
                after=draw(few),
                agent=draw(st.sampled_from([None, None, "x", "y"])),
                reads=draw(st.sets(st.sampled_from("pqr"), max_size=2)),
                writes=draw(st.sets(st.sampled_from("pqr"), max_size=1)),
                cost=draw(st.integers(0, 5)),
            )
        )
    return tasks


@given(
    tasks=batches(),
    n_workers=st.integers(1, 4),
    slots=st.integers(1, 2),
    conflicts=st.sampled_from(["order", "lock"]),
)
def test_a_plan_takes_as_long_as_it_says(tasks, n_workers, slots, conflicts):
    made = plan(
        tasks, n_jobs=n_workers, agents={"x": slots, "y": 1}, conflicts=conflicts
    )
    clock = Clock()
    planned = Planned(made, clock)
    costs = made.costs.values.tolist()
    assert makespan_of(planned, clock, costs, n_workers) == made.makespan
    assert not planned.may_go_on
