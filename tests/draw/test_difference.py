"""`draw.compare` and `draw.history`: what is drawn is what was found."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

import parallel_nb as pnb
from parallel_nb import ArgumentError, draw
from tests.comparison.test_compare import repeats, run, sweep
from tests.comparison.test_past import frame, noisy


def test_the_pieces_of_each_bar_are_its_makespan():
    found = pnb.compare(repeats(3), repeats(3, 1.5, seed=1))
    ax = draw.compare(found)
    boxes = [patch.get_bbox() for patch in ax.patches]
    for row, side in enumerate(("before", "after")):
        of_row = [box for box in boxes if box.y0 < row < box.y1]
        assert sum(box.width for box in of_row) == pytest.approx(
            found.parts[side].sum()
        )
        assert max(box.x1 for box in of_row) == pytest.approx(found.parts[side].sum())


def test_every_repeat_has_a_tick():
    found = pnb.compare(repeats(4), repeats(3, 1.5, seed=1))
    ticks = [len(lines.get_segments()) for lines in draw.compare(found).collections]
    assert ticks == [4, 3]


def test_the_caption_tells_the_verdict_and_the_parts():
    text = draw.caption(draw.compare(pnb.compare(repeats(4), repeats(4, 1.5, seed=1))))
    assert text.startswith("Repeats compared, slower: 1.5")
    assert "unknown CPU time +" in text


def test_sweeps_have_a_row_for_each_number_of_workers():
    ax = draw.compare(pnb.compare(sweep(), sweep(1.2, 1)))
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["1 worker", "2 workers", "4 workers"]
    assert "4 workers 1.2" in draw.caption(ax)


def test_axes_come_in_and_go_out():
    ax = Figure().add_subplot()
    assert draw.compare(pnb.compare(run([1.0]), run([2.0])), ax) is ax
    other = Figure().add_subplot()
    assert draw.history(pnb.history(frame([1.0, 2.0])), other) is other


@pytest.mark.parametrize("function", [draw.compare, draw.history])
def test_what_is_no_such_thing_is_refused(function):
    with pytest.raises(ArgumentError, match=r"pnb\."):
        function(run([1.0]))


def test_each_level_is_a_line_at_its_median_and_each_change_has_its_factor():
    past = pnb.history(frame(noisy((2.0, 12), (3.0, 10))))
    ax = draw.history(past)
    levels = [line.get_ydata() for line in ax.lines if line.get_linewidth() == 2]
    assert [ys[0] for ys in levels] == pytest.approx(past.table["typical"].unique())
    assert [text.get_text() for text in ax.texts] == ["slower 1.49×"]
    assert "slower: 2 s → 2.98 s" in draw.caption(ax)


def test_runs_without_a_time_are_drawn_by_their_place():
    ax = draw.history(pnb.history(pd.DataFrame({"makespan": [1.0, 1.1, 1.2]})))
    assert ax.get_xlabel() == "run"


def test_both_have_cards_with_their_picture_in_words():
    from parallel_nb.display import card

    found = card(pnb.compare(repeats(4), repeats(4, 1.5, seed=1)))
    assert 'alt="Repeats compared, slower' in found
    assert "Tasks that changed most" in found
    past = card(pnb.history(frame(noisy((2.0, 12), (3.0, 10)))))
    assert 'alt="Past runs, makespan' in past
    assert "slower 1.49×" in past
