"""`draw.ledger`: bars that lead from n workers to the speedup, and say how."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import parallel_nb as pnb
from parallel_nb import ArgumentError, draw
from parallel_nb.draw import palette
from tests.accounting.making import NAN, run_of


def on(worker, started, ended, **fields):
    return {"worker": worker, "started": started, "ended": ended, **fields}


SICK = [
    on(0, 1, 5, cpu=3),
    on(1, 1, 2, status="failed"),
    on(1, 2, 3),
    on(1, 4, 4.5, ready=3.5),
]
STARTS = [(0, 0, 1), (1, 0, 1)]


def bars(ax):
    """Left and right end of each bar, by what stands beside it."""
    labels = [label.get_text() for label in ax.get_yticklabels()]
    boxes = [patch.get_bbox() for patch in ax.patches]
    return {label: (box.x0, box.x1) for label, box in zip(labels, boxes, strict=True)}


def test_each_bar_takes_off_what_its_part_took():
    run = run_of(*SICK, startups=STARTS)
    found = pnb.ledger(run)
    shown = bars(draw.ledger(run))
    assert list(shown) == [
        "ideal",
        "start-up",
        "dispatch",
        "blocked",
        "tail",
        "lost attempts",
        "speedup (done)",
        "waiting",
        "useful CPU",
    ]
    assert shown["ideal"] == (0, 2)
    level = 2
    for label, part in (
        ("start-up", "startup"),
        ("dispatch", "dispatch"),
        ("blocked", "blocked"),
        ("tail", "tail"),
        ("lost attempts", "lost"),
    ):
        left = level - found.parts[part] / found.makespan
        assert shown[label] == pytest.approx((left, level))
        level = left
    assert shown["speedup (done)"] == pytest.approx((0, level))
    with_lost = level + found.parts["lost"] / found.makespan
    assert with_lost == pytest.approx(run.summary()["speedup_estimated"][0])
    assert shown["waiting"] == pytest.approx((level - 1 / 5, level))
    assert shown["useful CPU"] == pytest.approx((0, level - 1 / 5))


def test_without_losses_the_speedup_is_that_of_the_summary():
    run = run_of(on(0, 0, 4, cpu=NAN), on(1, 0, 3, cpu=NAN))
    shown = bars(draw.ledger(run))
    assert list(shown) == ["ideal", "tail", "speedup"]
    speedup = run.summary()["speedup_estimated"][0]
    assert shown["speedup"] == pytest.approx((0, speedup))


def test_where_only_some_cpu_times_are_known_the_others_have_a_bar():
    shown = bars(draw.ledger(run_of(on(0, 0, 4, cpu=NAN), on(1, 0, 4, cpu=3))))
    assert shown["waiting"] == pytest.approx((1.75, 2))
    assert shown["CPU unknown"] == pytest.approx((0.75, 1.75))
    assert shown["useful CPU"] == pytest.approx((0, 0.75))


def test_every_bar_says_how_much_it_is():
    ax = draw.ledger(run_of(*SICK, startups=STARTS))
    texts = [text.get_text() for text in ax.texts]
    assert texts[0] == "2×"
    assert "−0.4×  20 %" in texts
    assert len(texts) == len(ax.patches)


def test_a_ledger_is_drawn_like_its_run():
    run = run_of(*SICK)
    assert bars(draw.ledger(pnb.ledger(run))) == bars(draw.ledger(run))


@pytest.mark.parametrize("inches", [2.4, 3.2, 6.4, 12.0])
@pytest.mark.parametrize(
    "run",
    [
        run_of(*SICK, startups=STARTS, label="a label that is rather long"),
        run_of(on(0, 0, 4, cpu=0.01), n_workers=64),
        run_of(on(0, 0, 4), on(1, 0, 3.99)),
    ],
    ids=["sick", "empty", "full"],
)
def test_numbers_stay_inside_the_picture_and_off_each_other(run, inches):
    figure = Figure(figsize=(inches, 3), layout="constrained")
    ax = draw.ledger(run, figure.add_subplot())
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    labels = [label.get_window_extent() for label in ax.get_yticklabels()]
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
        others = [*labels, *(other for other in boxes if other is not box)]
        assert inches < 3 or not any(
            box.x0 < o.x1 and o.x0 < box.x1 and box.y0 < o.y1 and o.y0 < box.y1
            for o in others
        )


def test_each_part_has_a_colour_of_its_own():
    assert set(palette.PART) == set(pnb.ledger(run_of()).parts)
    assert len(set(palette.PART.values())) == len(palette.PART)


def test_the_words_say_what_the_bars_do():
    caption = draw.caption(draw.ledger(run_of(*SICK, startups=STARTS, label="sick")))
    assert caption == (
        "Ledger of run “sick” on 2 workers in 5 s: estimated speedup 1.1× of 2× by "
        "what was done (1.3× if lost attempts count as work). Lost to start-up 0.4× "
        "(20 %), dispatch 0.1× (5 %), blocked 0.1× (5 %), tail 0.1× (5 %), lost "
        "attempts 0.2× (10 %). Inside successful attempts waiting 0.2× (10 %), useful "
        "CPU 0.9× (45 %)."
    )


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (run_of(), "nothing ran"),
        (run_of(on(0, 1, 1)), "nothing took any time"),
    ],
)
def test_a_picture_of_nothing_says_so(run, words):
    ax = draw.ledger(run)
    ax.get_figure().canvas.draw()
    assert [text.get_text() for text in ax.texts] == [words]
    assert draw.caption(ax) == f"Ledger of a run on 2 workers: {words}."


def test_the_axes_that_are_given_come_back():
    ax = Figure().add_subplot()
    assert draw.ledger(run_of(*SICK), ax) is ax


@pytest.mark.parametrize("wrong", [None, pd.DataFrame(), np.zeros(3)])
def test_what_is_neither_is_refused(wrong):
    with pytest.raises(ArgumentError, match="`run` must be a Run or a Ledger; got"):
        draw.ledger(wrong)
