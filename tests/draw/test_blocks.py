"""What a timeline shows of a Run, before there are pixels."""

import numpy as np
import pandas as pd
import pytest

from parallel_nb.draw.blocks import blocks
from parallel_nb.errors import ArgumentError
from tests.draw.making import run_of


def legend(shown):
    return [(kind.label, kind.n_attempts) for kind in shown.kinds]


def test_statuses_are_counted_whether_they_started_or_not():
    run = run_of((0, 0, 1), (0, 1, 2, "failed"), (-1, np.nan, np.nan, "skipped"))
    shown = blocks(run)
    assert legend(shown) == [("done", 1), ("failed", 1), ("skipped", 1)]
    assert [kind.is_drawn for kind in shown.kinds] == [True, True, False]
    assert shown.kind.tolist() == [0, 1]


def test_names_with_most_seconds_have_colours_and_the_rest_share_one():
    rows = [(0, 0, 1 + at, "done", f"name {at}") for at in range(9)]
    shown = blocks(run_of(*rows), "name")
    assert legend(shown) == [
        *((f"name {at}", 1) for at in (8, 7, 6, 5, 4, 3)),
        ("3 other names", 3),
    ]
    assert shown.kind.tolist() == [6, 6, 6, 5, 4, 3, 2, 1, 0]


def test_a_single_other_name_is_named():
    rows = [(0, 0, 7 - at, "done", f"name {at}") for at in range(7)]
    assert legend(blocks(run_of(*rows), "name"))[-1] == ("name 6", 1)


def test_even_durations_have_a_linear_scale():
    shade = blocks(run_of((0, 0, 1), (0, 1, 3), (0, 3, 6)), "duration").shade
    assert (shade.lowest, shade.highest, shade.is_log) == (1.0, 3.0, False)
    assert shade.values.tolist() == [0.0, 0.5, 1.0]


def test_skewed_durations_have_a_logarithmic_scale():
    shade = blocks(run_of((0, 0, 1), (0, 1, 11), (0, 11, 111)), "duration").shade
    assert shade.is_log
    assert np.diff(shade.values)[1] == pytest.approx(0.5, abs=0.01)


def test_durations_of_zero_do_not_break_a_logarithmic_scale():
    shade = blocks(run_of((0, 0, 0), (0, 0, 1), (0, 1, 1001)), "duration").shade
    assert shade.is_cut
    assert np.isfinite(shade.values).all()


def test_failures_are_those_not_done_that_started():
    run = run_of((0, 0, 1, "crashed"), (-1, np.nan, np.nan, "cancelled"), (0, 1, 2))
    assert blocks(run).failures.tolist() == [0]


def test_an_unknown_end_is_drawn_at_the_start():
    shown = blocks(run_of((0, 1, np.nan, "crashed")))
    assert shown.ended.tolist() == [1.0]


def test_an_unknown_worker_has_a_lane_of_its_own():
    shown = blocks(run_of((0, 0, 1), (-1, 1, np.nan, "crashed")))
    assert shown.lanes == ("0", "unknown")
    assert shown.lane.tolist() == [0, 1]


def test_idle_workers_have_lanes():
    assert blocks(run_of((0, 0, 1), n_workers=3)).lanes == ("0", "1", "2")


def test_the_window_reaches_from_zero_over_startups_to_the_last_end():
    run = run_of((0, 2, 5), startups=[(0, -1, 6)])
    assert blocks(run).window == (-1.0, 6.0)
    assert blocks(run_of((0, 2, 5))).window == (0.0, 5.0)


def test_startups_without_an_end_are_left_out():
    shown = blocks(run_of((0, 0, 1), startups=[(0, 0, np.nan)]))
    assert len(shown.startups[0]) == 0


@pytest.mark.parametrize("rows", [(), ((0, 0, 0),), ((-1, np.nan, np.nan, "skipped"),)])
@pytest.mark.parametrize("color", ["status", "name", "duration"])
def test_a_window_always_has_a_width(rows, color):
    left, right = blocks(run_of(*rows), color).window
    assert right > left


def test_an_unknown_colouring_is_refused_with_a_hint():
    with pytest.raises(ArgumentError, match=r"`color` must be one of .* 'duration'\?"):
        blocks(run_of((0, 0, 1)), "durations")


def test_a_frame_is_refused_with_the_way_to_make_a_run_of_it():
    with pytest.raises(ArgumentError, match=r"got DataFrame\. `Run\.from_frame`"):
        blocks(pd.DataFrame())
