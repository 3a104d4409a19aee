"""How much travels together: single tasks first, then what lasts the target."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb.engine.chunking import TARGET, Sizer


def settled(n_workers, seconds, *, target=TARGET):
    """A sizer that has seen many chunks of tasks that last `seconds` each."""
    sizer = Sizer(n_workers, target=target)
    for _ in range(30):
        n = max(1, int(sizer.amount(math.inf)))
        sizer.observe(n, n * seconds)
    return sizer


def test_the_first_chunks_are_single_tasks():
    assert Sizer(4).amount(1000) == 0


def test_known_durations_are_trusted_from_the_start():
    assert Sizer(4, rate=1.0).amount(math.inf) == pytest.approx(TARGET)


@pytest.mark.parametrize("seconds", [1e-6, 1e-4, 1e-3])
def test_chunks_come_to_last_as_long_as_the_target(seconds):
    assert settled(2, seconds).amount(math.inf) * seconds == pytest.approx(TARGET)


def test_tasks_longer_than_the_target_travel_alone():
    assert settled(2, 1.0).amount(math.inf) < 1


def test_trust_grows_eightfold_at_most():
    sizer = Sizer(2)
    sizer.observe(1, 1e-6)
    assert sizer.amount(math.inf) == pytest.approx(8)
    sizer.observe(8, 8e-6)
    assert sizer.amount(math.inf) == pytest.approx(64)


def test_chunks_shrink_with_what_remains_so_that_workers_end_together():
    sizer = settled(4, 1e-3)
    assert sizer.amount(80) == pytest.approx(80 / (2 * 4))
    assert sizer.amount(16) == pytest.approx(16 / (2 * 4))


def test_the_last_chunks_are_worth_their_message():
    assert settled(4, 1e-6).amount(8) * 1e-6 == pytest.approx(0.0005)


def test_a_change_of_the_tasks_nature_is_followed():
    sizer = settled(2, 1e-5)
    for _ in range(10):
        sizer.observe(10, 10 * 1e-2)
    assert sizer.amount(math.inf) <= 3 * TARGET / 1e-2


def test_tasks_too_short_to_measure_are_no_obstacle():
    sizer = Sizer(2)
    sizer.observe(1, 0.0)
    assert 0 < sizer.amount(math.inf) < math.inf


@given(
    n_workers=st.integers(1, 64),
    seen=st.lists(
        st.tuples(st.floats(1e-3, 1e6), st.floats(0, 1e3)), min_size=1, max_size=20
    ),
    remaining=st.floats(0, 1e9) | st.just(math.inf),
)
def test_whatever_was_seen_the_next_amount_is_a_number(n_workers, seen, remaining):
    sizer = Sizer(n_workers)
    for cost, seconds in seen:
        sizer.observe(cost, seconds)
    assert 0 <= sizer.amount(remaining) < math.inf
