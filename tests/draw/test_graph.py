"""`draw.plan`: boxes while names can be read, dots beyond; words that say the same."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure

from parallel_nb import ArgumentError, draw
from parallel_nb.draw import palette
from parallel_nb.planning import plan
from parallel_nb.tasks import Task


def task(name, *args, **declared):
    return Task(print, *args, name=name, **declared)


def some():
    """load -> fit (gpu) -> report; lint beside them; fit and prune share a file."""
    load = task("load", cost=2)
    fit = task("fit", load, cost=8, agent="gpu", writes="model")
    prune = task("prune", load, cost=3, writes="model")
    report = task("report", fit, cost=1, after="prune")
    return plan(
        [load, fit, prune, report, task("lint", cost=1)], n_jobs=2, agents={"gpu": 1}
    )


def layered(n_rounds, n_each):
    """Rounds of equal size, each task waiting for the one beside it."""
    tasks = []
    for at in range(n_rounds * n_each):
        after = [f"task {at - n_each}"] if at >= n_each else ()
        tasks.append(task(f"task {at}", after=after, cost=1 + at % 3))
    return plan(tasks, n_jobs=4)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    found = ax.get_legend()
    return [] if found is None else [text.get_text() for text in found.get_texts()]


def lines(ax):
    return [each for each in ax.collections if isinstance(each, LineCollection)]


def dots(ax):
    return [each for each in ax.collections if isinstance(each, PathCollection)]


def test_tasks_stand_in_the_columns_of_their_rounds():
    made = some()
    ax = draw.plan(made)
    assert texts(ax) == ["load", "fit", "prune", "report", "lint"]
    assert [text.get_position()[0] for text in ax.texts] == made.round_of.tolist()
    assert ax.get_xlabel() == "round"


def test_each_kind_of_waiting_has_a_line_of_its_own():
    ax = draw.plan(some())
    assert sum(len(each.get_segments()) for each in lines(ax)) == len(some().edges)
    assert set(legend(ax)) == {
        "gpu (1)",
        "any worker (4)",
        "takes its result",
        "comes after",
        "conflict",
        "critical path",
    }


def test_the_critical_path_is_bold():
    made = some()
    ax = draw.plan(made)
    bold = {text.get_text() for text in ax.texts if text.get_fontweight() == "bold"}
    assert bold == {"load", "fit", "prune", "report"}
    widths = [each.get_linewidths()[0] for each in lines(ax)]
    n_bold = sum(
        len(each.get_segments())
        for each, width in zip(lines(ax), widths, strict=True)
        if width > 2
    )
    assert n_bold == len(made.critical_path) - 1


def test_a_task_that_waits_for_none_is_no_critical_path():
    ax = draw.plan(plan([task("a"), task("b")], n_jobs=2))
    assert legend(ax) == []
    assert "critical" not in ax.get_title() + draw.caption(ax)
    assert {text.get_fontweight() for text in ax.texts} == {"normal"}


def test_agents_have_colours_and_without_any_there_is_one():
    ax = draw.plan(some())
    edge = [text.get_bbox_patch().get_edgecolor() for text in ax.texts]
    assert len(set(edge)) >= 2
    made = plan([task("a"), task("b")], n_jobs=2)
    edges = {t.get_bbox_patch().get_edgecolor() for t in draw.plan(made).texts}
    assert edges == {mpl.colors.to_rgba(palette.BLUE)}


def test_more_agents_than_colours_share_the_last():
    names = [f"agent {at}" for at in range(9)]
    tasks = [task(name, agent=name) for name in names]
    ax = draw.plan(plan(tasks, n_jobs=2, agents=dict.fromkeys(names, 1)))
    assert len(legend(ax)) == 9
    assert len({t.get_bbox_patch().get_edgecolor() for t in ax.texts}) == 7


def test_fifty_tasks_have_names_that_can_be_read():
    ax = draw.plan(layered(5, 10))
    assert texts(ax)[-1] == "task 49"
    assert min(text.get_fontsize() for text in ax.texts) >= 6


def test_five_hundred_tasks_are_dots_with_the_critical_path_named():
    made = layered(10, 50)
    ax = draw.plan(made)
    (cloud,) = dots(ax)
    assert len(cloud.get_offsets()) == 500
    assert len(texts(ax)) == len(made.critical_path) == 10


def test_a_long_column_is_folded_into_the_room_there_is():
    ax = draw.plan(plan([task(f"t{at}") for at in range(500)], n_jobs=2))
    (cloud,) = dots(ax)
    x, y = cloud.get_offsets().T
    assert np.ptp(x) < 1
    assert len(np.unique(y)) < 64
    low, high = sorted(ax.get_ylim())
    assert low < y.min()
    assert y.max() < high


def test_names_above_the_first_row_stay_inside():
    chain = [
        task(f"step {at}", after=f"step {at - 1}" if at else ()) for at in range(50)
    ]
    ax = draw.plan(plan(chain, n_jobs=2))
    ax.figure.draw_without_rendering()
    top = ax.get_window_extent().y1
    assert max(text.get_window_extent().y1 for text in ax.texts) <= top + 2


def test_long_names_keep_their_ends():
    names = [f"evaluate the large model on part {at}" for at in range(8)]
    tasks = [
        task(name, after=names[at - 1] if at else ()) for at, name in enumerate(names)
    ]
    shown = texts(draw.plan(plan(tasks, n_jobs=2)))
    assert all("…" in text for text in shown)
    assert [text[-1] for text in shown] == list("01234567")


def test_names_are_shown_as_they_are():
    ax = draw.plan(plan([task("a $x$ _b")], n_jobs=1))
    assert texts(ax) == [r"a \$x\$ _b"]
    ax.figure.draw_without_rendering()


def test_dark_paper_gets_light_ink():
    with mpl.rc_context({"axes.facecolor": "black", "figure.facecolor": "black"}):
        ax = draw.plan(some())
    bold = ax.texts[0].get_bbox_patch()
    assert bold.get_edgecolor() == (1, 1, 1, 1)


def test_the_caption_says_what_the_picture_shows():
    assert draw.caption(draw.plan(some())) == (
        "A plan of 5 tasks in 4 rounds, up to 2 at once (mixed). Tasks wait for others "
        "5 times: 3 by data, 1 by order, 1 by conflict. Critical path, 14: load, fit, "
        "prune, report. Predicted makespan on 2 workers: 14."
    )


def test_a_long_critical_path_is_shortened_in_the_caption():
    chain = [task(f"t{at}", after=f"t{at - 1}" if at else ()) for at in range(40)]
    caption = draw.caption(draw.plan(plan(chain, n_jobs=2)))
    assert "t0, t1, t2, 34 more, t37, t38, t39" in caption


def test_no_tasks_are_said_to_be_none():
    ax = draw.plan(plan([], n_jobs=1))
    assert texts(ax) == ["no tasks"]
    assert draw.caption(ax) == "A plan without tasks."


def test_the_axes_that_are_given_come_back():
    ax = Figure().add_subplot()
    assert draw.plan(some(), ax) is ax


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([],), r"`plan` must be a Plan; got list\. `parallel_nb.plan\(tasks\)` makes"),
        ((some(), 3), r"`ax` must be matplotlib Axes or None; got int"),
        ((layered(1, 100), Figure()), r"`ax` must be matplotlib Axes or None"),
    ],
)
def test_only_plans_and_axes_will_do(arguments, told):
    with pytest.raises(ArgumentError, match=told):
        draw.plan(*arguments)
