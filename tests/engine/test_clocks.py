"""Clocks of other machines: bounds that hold, and times moved by them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb.engine import worker
from parallel_nb.engine.clusters.abroad import Whence
from parallel_nb.engine.clusters.clocks import Clocks, Exchange, Offset, offset_between

THERE = Whence("theirs", "tcp://there:1", "1.0")
HERE = Whence("ours", "tcp://here:1", "1.0")


def outcome_of(*times, pid=7):
    """A chunk whose attempts began and ended then."""
    packed = b"".join(
        worker.RECORD.pack(i, began, ended, worker.DONE, 0, *worker.OPEN)
        for i, (began, ended) in enumerate(times)
    )
    return worker.Outcome(pid, 1, "there", [(packed, b"")], "", None)


def times_of(outcome):
    ((packed, _),) = outcome.blocks
    records = np.frombuffer(packed, worker.RECORD_FIELDS)
    return list(zip(records["started"], records["ended"], strict=True))


@given(
    offset=st.floats(-1e6, 1e6),
    ways=st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1
    ),
)
def test_the_true_offset_is_within_the_bounds_whatever_the_ways_took(offset, ways):
    exchanges = []
    for there, stay, back in ways:
        began = there - offset
        exchanges.append(Exchange(0.0, began, began + stay, there + stay + back))
    found = offset_between(exchanges)
    assert found.low - 1e-9 <= offset <= found.high + 1e-9
    assert abs(found.seconds - offset) <= found.uncertainty + 1e-9
    # The shortest round trip decides; a longer one adds nothing.
    assert found.uncertainty <= min(there + back for there, _, back in ways) / 2 + 1e-9


def test_exchanges_that_contradict_each_other_widen_the_bounds():
    drifted = [Exchange(0, 10, 10, 1), Exchange(100, 108, 108, 101)]
    found = offset_between(drifted)
    assert (found.low, found.high) == (-9, -8)


def test_an_offset_is_refuted_only_by_more_than_it_may_be_wrong():
    offset = Offset(-10.5, -9.5)
    assert not offset.is_refuted_by(Exchange(0.0, 9.6, 10.0, 1.0))  # 0.4 too early
    assert offset.is_refuted_by(Exchange(0.0, 9.4, 10.0, 1.0))  # 0.6 too early
    assert offset.is_refuted_by(Exchange(0.0, 10.0, 11.6, 1.0))  # 0.6 too late


def test_times_on_our_own_clock_are_left_alone():
    clocks = Clocks("ours", ping=lambda whence: pytest.fail("nobody need be asked"))
    outcome = outcome_of((1.0, 2.0))
    assert clocks.aligned(outcome, HERE, 0.0, 3.0) is outcome
    assert clocks.note() == ""


def test_another_clock_is_measured_once_and_its_times_are_moved():
    asked = []

    def ping(whence):
        asked.append(whence.address)
        return Exchange(0.0, 100.5, 100.5, 1.0)

    clocks = Clocks("ours", ping)
    first = clocks.aligned(outcome_of((102.0, 103.0)), THERE, 1.0, 4.0)
    n_asked = len(asked)
    second = clocks.aligned(outcome_of((103.0, 104.0), pid=8), THERE, 2.0, 5.0)
    assert times_of(first) == [(2.0, 3.0)]
    assert times_of(second) == [(3.0, 4.0)]
    assert len(asked) == n_asked > 10
    assert set(asked) == {"tcp://there:1"}
    assert clocks.note() == "clocks of 2 workers were aligned to within 5e+02 ms"


def test_a_clock_that_was_set_is_measured_again():
    now = [100.0]

    def ping(_):
        return Exchange(0.0, now[0] + 0.001, now[0] + 0.001, 0.002)

    clocks = Clocks("ours", ping)
    clocks.aligned(outcome_of((100.5, 100.6)), THERE, 0.0, 1.0)
    now[0] = 200.0
    moved = clocks.aligned(outcome_of((200.5, 200.6)), THERE, 0.0, 1.0)
    assert times_of(moved)[0] == pytest.approx((0.5, 0.6), abs=0.01)


def test_a_worker_that_has_left_is_bounded_by_its_own_chunk():
    def ping(_):
        raise OSError("nobody there")

    clocks = Clocks("ours", ping)
    moved = clocks.aligned(outcome_of((100.0, 101.0)), THERE, 0.0, 1.5)
    assert times_of(moved) == [(0.25, 1.25)]
    assert "within 2.5e+02 ms" in clocks.note()


def test_without_any_times_there_is_nothing_to_go_by():
    def ping(_):
        raise OSError("nobody there")

    empty = outcome_of()
    moved = Clocks("ours", ping).aligned(empty._replace(setup=(1.0, 2.0)), THERE, 0, 1)
    assert all(math.isnan(at) for at in moved.setup)
