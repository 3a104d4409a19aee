"""`draw.predict`: the curve, the band, what was recorded, and that in words."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import parallel_nb as pnb
from parallel_nb import draw
from parallel_nb.errors import ArgumentError
from tests.draw.making import run_of
from tests.simulation.making import recorded

SOME = [(0, 0, 4), (1, 0, 2), (1, 2.5, 3)]


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_curve_is_the_prediction_and_the_floor_its_lower_bound():
    frame = pnb.predict([4.0, 2, 2], [4, 1, 2])
    found = lines(draw.predict(frame))
    assert found["predicted"].get_xydata().tolist() == [[1, 8], [2, 4], [4, 4]]
    assert found["lower bound"].get_ydata().tolist() == [8, 4, 4]


def test_the_band_reaches_up_to_what_no_order_exceeds():
    frame = pnb.predict([4.0, 2, 2], [1, 2])
    (band,) = draw.predict(frame).collections
    points = band.get_paths()[0].vertices
    assert points[points[:, 0] == 2][:, 1].max() == frame["graham_bound"][1] == 6
    assert points[points[:, 0] == 2][:, 1].min() == frame["lower_bound"][1] == 4


def test_there_is_no_band_where_nothing_is_known_from_above():
    tasks = [pnb.Task(len, "", name=n, cost=1, writes="x") for n in "ab"]
    plan = pnb.plan(tasks, n_jobs=2, conflicts="lock")
    ax = draw.predict(pnb.predict(plan, [1, 2]))
    assert not ax.collections
    assert labels(ax) == ["lower bound", "predicted"]


def test_a_run_is_predicted_up_to_eight_times_its_workers():
    ax = draw.predict(run_of(*SOME))
    assert lines(ax)["predicted"].get_xdata().tolist() == [1, 2, 4, 8, 16]
    (point,) = [line for line in ax.get_lines() if "recorded" in line.get_label()]
    assert point.get_xydata().tolist() == [[2, 4]]


def test_the_legend_owns_up_to_the_models_error():
    frame = pnb.predict(run_of(*SOME), [2])
    frame["error"] = -0.0312
    assert "recorded (model −3.1 %)" in labels(draw.predict(frame))


def test_both_axes_are_logarithmic_with_the_counts_as_ticks():
    ax = draw.predict(pnb.predict([1.0] * 8, [1, 2, 8]))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    ax.get_figure().canvas.draw()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["8", "2", "1"]
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        *("1 s", "2 s", "5 s")
    ]


def test_the_paper_is_grey_where_computing_tasks_lack_cores():
    run = simulated(cpu=[3.9, 3.9], n_workers=1)
    ax = draw.predict(pnb.predict(run, [4, 16]))
    (paper,) = ax.patches
    assert paper.get_label() == "needs more than 8 cores"
    assert paper.get_x() == 8
    assert "16 workers take that long only where each has a core." in draw.caption(ax)
    assert not draw.predict(pnb.predict(run, [4, 8])).patches
    idle = simulated(cpu=[0.1, 0.1], n_workers=1)
    assert not draw.predict(pnb.predict(idle, [4, 16])).patches


def simulated(**columns):
    return recorded((0, 0, 0, 4), (1, 0, 4, 8), **columns)


def test_what_is_known_to_take_longer_is_told():
    run = run_of((0, 0, 4), (1, 0, 2, "timeout"))
    ax = draw.predict(run)
    assert "predicted, at least" in labels(ax)
    assert "workers: at least" in draw.caption(ax)


def test_the_words_tell_numbers_the_error_and_where_it_ends():
    assert draw.caption(draw.predict(run_of(*SOME, label="fits"))) == (
        "Predicted makespan of run “fits” by number of workers: 7.5 s on 1, 4 s on 2, "
        "4 s on 4, 4 s on 8, 4 s on 16. Recorded were 4 s on 2 workers; scheduled "
        "again, the model is off by ±0.0 %. More than 2 workers gain nothing. On 16 "
        "workers it is what no schedule can beat. Simulated with the measured "
        "dispatch: 0.5 s before a chunk."
    )
    frame = pnb.predict(5 * [1.0], [1, 2])
    told = draw.caption(draw.predict(frame))
    assert told.endswith("On 2 workers it is 20 % above what no schedule can beat.")


def test_the_axes_that_are_given_come_back():
    ax = Figure().add_subplot()
    assert draw.predict(pnb.predict([1.0], [1]), ax) is ax


def test_black_turns_white_on_dark_paper():
    from matplotlib import style

    with style.context("dark_background"):
        ax = draw.predict(run_of(*SOME))
    (point,) = [line for line in ax.get_lines() if "recorded" in line.get_label()]
    assert to_hex(point.get_color()) == "#ffffff"


def test_a_picture_of_nothing_says_so():
    ax = draw.predict(pnb.predict([0.0], [1, 2]))
    assert [text.get_text() for text in ax.texts] == ["nothing takes any time"]
    assert draw.caption(ax) == "Predicted makespans: nothing takes any time."


@pytest.mark.parametrize(
    "frame",
    [
        pnb.predict([3.0, 1.0], [2]),
        pnb.predict(np.full(50, 1e-6), [1, 1000]),
        pnb.predict(np.full(2000, 1e5), [1, 7, 90]),
    ],
)
def test_any_range_can_be_drawn(frame):
    ax = draw.predict(frame)
    ax.get_figure().canvas.draw()
    assert len(ax.get_yticks()) >= 1
    low, high = ax.get_ylim()
    assert 0 < low < frame["makespan"].min() <= frame["makespan"].max() < high


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (3, "must be a frame of `parallel_nb.predict`, or a Run; got int"),
        (pnb.predict([1.0], [1])[["n_workers"]], "it lacks makespan, lower_bound"),
        (pnb.predict([1.0], [1]).head(0), "it lacks rows"),
    ],
)
def test_what_is_no_prediction_is_refused(wrong, told):
    with pytest.raises(ArgumentError, match=told):
        draw.predict(wrong)
