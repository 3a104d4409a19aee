"""What is handed out: order, costs, names, and pieces that can be taken apart."""

import time
from itertools import count, islice

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb import ArgumentError, Run, Task, shell
from parallel_nb.engine.batch import Listed, Streamed, make_batch


def batch_of(work, inputs=None, **asked):
    """What `run` makes of its arguments."""
    options = {"name": None, "order": "given", "cost": None, "history": None}
    return make_batch(work, inputs, clock=lambda: 0.0, **(options | asked))


def positions(batch, *amounts):
    """Positions of the pieces of these amounts."""
    return [batch.take(amount).positions.tolist() for amount in amounts]


def earlier(names, durations):
    """A run of tasks with these durations (s)."""
    return Run.from_frame(
        pd.DataFrame({"task": names, "started": 0.0, "ended": durations})
    )


# -- listed -------------------------------------------------------------------------


def test_pieces_hold_as_many_tasks_as_their_amount():
    assert positions(Listed("abcde", abs), 0, 2, 9) == [[0], [1, 2], [3, 4]]


def test_a_piece_costs_what_its_tasks_cost():
    batch = Listed("abc", abs, costs=np.array([3.0, 1.0, 2.0]))
    assert batch.remaining == 6
    assert batch.take(4).cost == 4
    assert batch.remaining == 2


def test_longest_first_sorts_and_keeps_ties_in_order():
    costs = np.array([1.0, 3.0, 1.0, 3.0])
    batch = Listed("abcd", abs, costs=costs, order="longest_first")
    first, second = batch.take(6), batch.take(2)
    assert (first.inputs, first.positions.tolist()) == (["b", "d"], [1, 3])
    assert (second.inputs, second.positions.tolist()) == (["a", "c"], [0, 2])


@pytest.mark.parametrize("costs", [[0, 0, 0, 0], [0, 0, 4, 0]])
def test_tasks_without_cost_travel_no_more_together_than_others(costs):
    batch = Listed("abcd", abs, costs=np.array(costs, float))
    assert positions(batch, 0, 0, 0, 0) == [[0], [1], [2], [3]]
    assert batch.is_exhausted


def test_a_piece_holds_calls_of_one_function():
    batch, _ = batch_of([Task(abs, -1), Task(abs, -2), Task(len, "abc"), Task(abs, -3)])
    pieces = [batch.take(9) for _ in range(3)]
    assert [piece.func for piece in pieces] == [abs, len, abs]
    assert pieces[0].inputs == [((-1,), {}), ((-2,), {})]
    assert batch.is_exhausted


def test_a_shell_command_travels_alone():
    batch, _ = batch_of([shell("true"), shell("false"), Task(abs, 1)])
    assert batch.head().command == "true"
    assert positions(batch, 9, 9, 9) == [[0], [1], [2]]


@given(
    costs=st.lists(st.floats(0, 100), min_size=1, max_size=50),
    amounts=st.lists(st.floats(0, 100), min_size=1, max_size=20),
    order=st.sampled_from(["given", "longest_first"]),
)
def test_every_task_is_handed_out_once(costs, amounts, order):
    batch = Listed(list(costs), abs, costs=np.array(costs), order=order)
    taken = []
    while not batch.is_exhausted:
        piece = batch.take(amounts[len(taken) % len(amounts)])
        assert len(piece) == len(piece.positions) == len(piece.inputs) >= 1
        assert piece.inputs == [costs[i] for i in piece.positions]
        taken += piece.positions.tolist()
    assert sorted(taken) == list(range(len(costs)))


# -- pieces -------------------------------------------------------------------------


def test_a_pieces_rest_goes_on_where_it_was_left():
    rest = Listed("abcd", abs).take(4).rest(3)
    assert (rest.inputs, rest.positions.tolist(), rest.cost) == (["d"], [3], 1)


def test_a_pieces_singles_are_its_tasks():
    singles = Listed("abc", abs).take(3).singles()
    assert [single.inputs for single in singles] == [["a"], ["b"], ["c"]]
    assert [single.positions.tolist() for single in singles] == [[0], [1], [2]]
    assert sum(single.cost for single in singles) == 3


# -- streamed -----------------------------------------------------------------------


def streamed(iterator):
    return Streamed(iterator, abs, "abs", lambda: 0.0)


def test_a_stream_is_read_as_far_as_it_is_looked_ahead():
    numbers = count()
    batch = streamed(numbers)
    batch.look_ahead(10)
    assert (batch.n_known, next(numbers)) == (10, 10)


def test_a_stream_of_unknown_end_has_endless_work_left():
    batch = streamed(iter("abc"))
    batch.look_ahead(2)
    assert batch.remaining == float("inf")
    batch.look_ahead(4)
    assert batch.remaining == 3


def test_a_stream_is_handed_out_in_order():
    batch = streamed(islice(count(), 5))
    batch.look_ahead(10)
    assert positions(batch, 2, 0, 9) == [[0, 1], [2], [3, 4]]
    assert batch.is_exhausted


def test_what_came_before_an_error_is_handed_out():
    batch = streamed(1 // (2 - i) for i in range(9))
    batch.look_ahead(9)
    assert batch.take(9).inputs == [0, 1]
    assert batch.is_exhausted
    assert isinstance(batch.error, ZeroDivisionError)


def test_what_came_before_an_interrupt_is_known():
    def interrupted():
        yield from "abc"
        raise KeyboardInterrupt

    batch = streamed(interrupted())
    with pytest.raises(KeyboardInterrupt):
        batch.look_ahead(9)
    assert (batch.n_known, batch.n_waiting) == (3, 3)


def test_a_slow_stream_is_not_waited_for_while_there_is_something_to_do():
    def slow():
        for i in range(20):
            time.sleep(0.02)
            yield i

    batch = streamed(slow())
    batch.look_ahead(20)
    assert batch.n_known == 1


# -- estimates ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "costs"),
    [(len, [2, 1, 3]), ([2, 1, 3], [2, 1, 3])],
    ids=["function", "list"],
)
def test_costs_come_from_a_function_or_a_sequence(cost, costs):
    batch, rate = batch_of(len, ["aa", "b", "ccc"], cost=cost, order="longest_first")
    assert positions(batch, 0, 0, 0) == [[2], [0], [1]]
    assert (batch.remaining, rate) == (0, None)


def test_costs_come_from_tasks():
    tasks = [Task(abs, 1, cost=1), shell("true", cost=9), Task(abs, 2, cost=5)]
    batch, _ = batch_of(tasks, order="longest_first")
    assert positions(batch, 0, 0, 0) == [[1], [2], [0]]


def test_history_is_matched_by_name():
    history = earlier(["a", "b", "c"], [1.0, 2.0, 3.0])
    tasks = [Task(abs, 1, name=name) for name in "cab"]
    batch, rate = batch_of(tasks, history=history, order="longest_first")
    assert positions(batch, 0, 0, 0) == [[0], [2], [1]]
    assert rate == 1.0


def test_history_is_matched_by_names_given_to_the_run():
    history = earlier(["1", "2", "3"], [1.0, 2.0, 3.0])
    batch, _ = batch_of(abs, [3, 1, 2], name=str, history=history)
    assert [batch.take(0).cost for _ in range(3)] == pytest.approx([3.0, 1.0, 2.0])


def test_history_is_matched_by_position_where_names_repeat():
    history = earlier(["same", "same"], [1.0, 2.0])
    batch, _ = batch_of(abs, [1, 2], history=history, order="longest_first")
    assert positions(batch, 0, 0) == [[1], [0]]


def test_tasks_without_history_are_taken_to_be_typical():
    history = earlier(["a", "b", "c"], [1.0, 2.0, 9.0])
    tasks = [Task(abs, 1, name=name) for name in ["c", "new", "a"]]
    batch, _ = batch_of(tasks, history=history)
    assert [batch.take(0).cost for _ in range(3)] == pytest.approx([9.0, 5.0, 1.0])


def test_a_history_without_durations_is_refused():
    with pytest.raises(ArgumentError, match="must hold a task that ran"):
        batch_of(abs, [1], history=earlier([], []))


@pytest.mark.parametrize("cost", [float("inf"), float("nan"), -1, "much"])
def test_a_task_costs_a_finite_number(cost):
    with pytest.raises(ArgumentError, match="finite number ≥ 0; got"):
        Task(abs, 1, cost=cost)


def test_costs_are_finite_numbers():
    with pytest.raises(ArgumentError, match="finite numbers ≥ 0; got inf"):
        batch_of(abs, [1, 2], cost=[1, float("inf")])
