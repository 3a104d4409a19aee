"""The toy scheduler: each control, and the anomaly that Graham found."""

import pytest

from parallel_nb import scheduling
from parallel_nb.widgets.toy_problems import GRAHAM, KINDS, graham, toy
from parallel_nb.widgets.toy_scheduler import schedule_lab

from .making import seen


@pytest.fixture
def lab():
    return schedule_lab()


@pytest.mark.parametrize(
    ("n_workers", "better", "makespan"),
    [
        (3, {}, 12.0),
        (4, {}, 15.0),
        (3, {"is_shorter": True}, 13.0),
        (3, {"is_freer": True}, 16.0),
    ],
)
def test_grahams_makespans_are_those_of_his_paper(n_workers, better, makespan):
    problem = graham(**better)
    found = scheduling.list_schedule(problem.durations, n_workers, after=problem.after)
    assert found.makespan == makespan


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_durations_is_another_picture(lab, kind):
    lab.kind.value = "equal" if kind == "skewed" else "skewed"
    before = seen(lab.framed)[0]
    lab.kind.value = kind
    assert seen(lab.framed)[0] != before
    assert f"({kind})" in lab.framed.words


@pytest.mark.parametrize(
    ("control", "value"),
    [
        ("tasks", 20),
        ("workers", 5),
        ("order", "shortest_first"),
        ("order", "best"),
    ],
)
def test_each_control_changes_the_picture_and_what_is_said(lab, control, value):
    before = seen(lab.framed)
    getattr(lab, control).value = value
    after = seen(lab.framed)
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_other_durations_can_be_drawn(lab):
    before = seen(lab.framed)
    lab.another.click()
    assert seen(lab.framed) != before


def test_one_giant_at_the_end_is_what_longest_first_is_good_for(lab):
    lab.kind.value, lab.tasks.value, lab.workers.value = "one giant", 9, 2
    assert "Above, as given: 12 s, 1.5× the bound" in lab.framed.words
    assert "Below, longest first: 8 s, 1× the bound" in lab.framed.words


@pytest.mark.parametrize("control", ["shorter", "freer"])
def test_what_is_made_better_takes_longer(lab, control):
    lab.kind.value = GRAHAM
    assert "takes 12 s" in lab.verdict.value
    getattr(lab, control).value = True
    assert "anomaly" in lab.verdict.value
    assert "longer" in lab.verdict.value


def test_controls_are_there_where_they_do_something(lab):
    assert lab.shorter.layout.display == "none"
    lab.kind.value = GRAHAM
    assert lab.shorter.layout.display == ""
    assert lab.tasks.layout.display == "none"
    assert lab.another.layout.display == "none"


def test_what_sets_three_controls_is_drawn_once(lab):
    lab.order.value, lab.workers.value = "best", 5
    frames = []
    lab.framed.picture.observe(frames.append, names="value")
    lab.kind.value = GRAHAM
    assert len(frames) == 1
    assert "on 3 workers. Above, as given: 12 s" in lab.framed.words


def test_no_schedule_beats_the_bound_that_is_drawn(lab):
    for n_workers in (1, 3, 12):
        lab.workers.value = n_workers
        problem = lab.problem
        best = scheduling.list_schedule(problem.durations, n_workers, order="best")
        bound = lab.framed.words.partition("lower bound, ")[2].partition(":")[0]
        assert float(bound.split()[0]) <= best.makespan * 1.01


def test_drawing_again_and_again_piles_nothing_up(lab):
    axes = lab._picture.canvas.figure.axes
    for n_workers in range(1, 10):
        lab.workers.value = n_workers
    assert sum(len(ax.collections) for ax in axes) == 0


def test_the_same_problem_is_drawn_by_the_same_seed():
    assert (toy("skewed", 9, 1).durations == toy("skewed", 9, 1).durations).all()


def test_a_saved_notebook_keeps_the_picture(lab):
    kept = lab._repr_mimebundle_()["text/html"]
    assert 'alt="12 tasks (skewed) on 3 workers' in kept
