"""Ticks of a time axis are round in the unit that they are labelled with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb.draw.units import time_labels, time_step, time_ticks


@pytest.mark.parametrize(
    ("right", "labels"),
    [
        (8e-6, ["0", "2 µs", "4 µs", "6 µs", "8 µs"]),
        (0.4, ["0", "100 ms", "200 ms", "300 ms", "400 ms"]),
        (1.5, ["0", "0.5 s", "1 s", "1.5 s"]),
        (40, ["0", "10 s", "20 s", "30 s", "40 s"]),
        (600, ["0", "2 min", "4 min", "6 min", "8 min", "10 min"]),
        (4 * 3600, ["0", "1 h", "2 h", "3 h", "4 h"]),
        (40 * 86400, ["0", "240 h", "480 h", "720 h", "960 h"]),
    ],
)
def test_labels_have_one_unit_that_suits_the_span(right, labels):
    assert time_labels(time_ticks(0, right, 5)) == labels


@given(st.floats(0, 1e5), st.floats(1e-4, 1e5), st.floats(1, 9))
def test_there_are_two_ticks_at_least(left, width, n_steps):
    ticks = time_ticks(left, left + width, n_steps)
    assert len(ticks) >= 2
    assert len(set(time_labels(ticks))) == len(ticks)


def test_zooming_in_keeps_the_digits_that_tell_ticks_apart():
    assert time_labels(time_ticks(5.0, 5.001, 4)) == [
        "5 s",
        "5.0005 s",
        "5.001 s",
    ]


def test_times_before_zero_have_a_real_minus_sign():
    assert time_labels([-1.0, 0.0, 1.0]) == ["\N{MINUS SIGN}1 s", "0", "1 s"]


@given(st.floats(1e-7, 1e7), st.floats(2, 12))
def test_there_are_never_more_steps_than_asked_for(span, n_steps):
    assert span / time_step(span, n_steps) <= n_steps * (1 + 1e-6)


@given(st.floats(-1e5, 1e5), st.floats(1e-5, 1e5))
def test_ticks_lie_within_the_view_and_have_labels_of_their_own(left, span):
    ticks = time_ticks(left, left + span, 6)
    assert len(ticks) >= 1
    assert (ticks >= left - 1e-6 * span).all()
    assert (ticks <= left + span * (1 + 1e-6)).all()
    assert len(set(time_labels(ticks))) == len(ticks)


@pytest.mark.parametrize("view", [(0.0, 0.0), (0.0, np.inf), (np.nan, 1.0)])
def test_a_view_without_width_has_one_tick(view):
    assert len(time_ticks(*view, 5)) == 1


def test_no_ticks_have_no_labels():
    assert time_labels([]) == []
