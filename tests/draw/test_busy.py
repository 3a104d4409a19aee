"""`utilization`: the area is the work, the line is the mean."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from parallel_nb import draw
from tests.draw.making import run_of

SOME = [(0, 0, 4), (1, 0, 2, "failed"), (1, 2.5, 3)]


def heights(ax):
    return [patch.get_data() for patch in ax.patches]


def test_the_area_is_the_work():
    (done, _) = heights(draw.utilization(run_of(*SOME)))
    assert (done.values * np.diff(done.edges)).sum() == pytest.approx(6.5)


def test_what_failed_is_set_off():
    ax = draw.utilization(run_of(*SOME))
    (_, lost) = heights(ax)
    assert (lost.values * np.diff(lost.edges)).sum() == pytest.approx(2)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["in attempts that are done", "not done"]


def test_without_failures_there_is_nothing_to_tell_apart():
    assert draw.utilization(run_of((0, 0, 4))).get_legend() is None


def test_the_mean_is_the_runs_utilization():
    run = run_of(*SOME)
    ax = draw.utilization(run)
    share = run.summary()["utilization"].item()
    assert ax.lines[1].get_ydata()[0] == pytest.approx(2 * share)
    assert [text.get_text() for text in ax.texts] == ["mean 1.62 of 2 = 81 %"]


def test_time_runs_from_zero_and_workers_from_none_to_all():
    ax = draw.utilization(run_of((0, 1, 3), n_workers=4))
    assert ax.get_xlim() == (0, 3)
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylim()[1] > 4
    assert ax.get_ylabel() == "busy workers"


def test_the_axes_that_are_given_come_back():
    ax = Figure().add_subplot()
    assert draw.utilization(run_of(*SOME), ax) is ax


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((), "nothing ran"),
        (((-1, np.nan, np.nan, "skipped"),), "nothing ran"),
        (((0, 1, 1),), "nothing took any time"),
    ],
)
def test_a_picture_of_nothing_says_so(rows, words):
    ax = draw.utilization(run_of(*rows))
    ax.get_figure().canvas.draw()
    assert [text.get_text() for text in ax.texts] == [words]
    assert draw.caption(ax).endswith("none.")


def test_the_words_say_when_workers_began_to_wait():
    caption = draw.caption(draw.utilization(run_of((0, 0, 8), (1, 0, 6))))
    assert caption == (
        "Busy workers over time in a run: 1.75 of 2 on average (88 %) in 8 s. In the "
        "last 2 s (25 % of the time) fewer than 95 % of them were busy."
    )
