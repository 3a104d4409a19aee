"""Contrasts: what is drawn and written is told from the paper, on light and dark."""

import io

import matplotlib.style
import numpy as np
import pytest
from PIL import Image

import parallel_nb as pnb
from parallel_nb.draw import growing, palette, pictures, strip
from parallel_nb.widgets.law_picture import _PARTS, Case, LawPicture

from ..widgets.making import uneven

WHITE, BLACK = "#FFFFFF", "#000000"
PAPERS = {"light": WHITE, "dark": BLACK}
LETTERS, LINES = 4.5, 3.0
# Bright areas, each with its name in a legend and its number in the caption.
BRIGHT = {palette.ORANGE, palette.SKY, palette.YELLOW}


def on(paper, colour):
    seen = palette.on_paper(colour, is_dark=paper == BLACK)
    return palette.contrast(seen, paper)


def test_contrast_is_that_of_the_guidelines():
    assert palette.contrast(BLACK, WHITE) == pytest.approx(21.0)
    assert palette.contrast(WHITE, WHITE) == 1.0
    # W3C's failing and passing greys.
    assert palette.contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.005)
    assert palette.contrast(WHITE, "#767676") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_letters_are_read_on_their_paper(paper):
    for colour in (palette.GREY, palette.BLACK):
        assert on(paper, colour) >= LETTERS


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_lines_are_told_from_their_paper(paper):
    lines = [colour for colour, _ in palette.LAW.values()]
    lines += [palette.GREY, palette.DEEP_ORANGE, palette.VERMILION]
    assert {
        colour: on(paper, colour) for colour in lines if on(paper, colour) < 3
    } == {}


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_areas_are_told_from_their_paper_unless_a_legend_names_them(paper):
    areas = {*palette.STATUS.values(), *palette.PART.values(), *palette.CATEGORIES}
    faint = {colour for colour in areas if on(paper, colour) < LINES}
    assert faint <= (BRIGHT if paper == WHITE else set())


def test_what_went_wrong_is_told_from_all_papers_and_tracks():
    for paper in (WHITE, BLACK, growing.TRACK, growing.UNDER_WAY):
        assert palette.contrast(palette.VERMILION, paper) >= 2.5
    assert palette.contrast(palette.BLUE, growing.TRACK) >= LINES
    assert palette.contrast(palette.BLUE, growing.UNDER_WAY) >= LINES


def test_letters_inside_of_areas_are_read():
    for colour in {*_PARTS.values(), palette.SKY, palette.ORANGE}:
        assert palette.contrast(palette.ink(colour), colour) >= LETTERS


def pixels_of(image):
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB")).reshape(-1, 3)


def share_of(image, colour):
    return float((pixels_of(image) == palette.rgb([colour])[0]).all(axis=1).mean())


def test_a_point_on_a_curve_is_seen_on_dark_paper():
    case = Case("amdahl", 16, 0.05)
    with matplotlib.style.context("dark_background"):
        hidden = LawPicture().frame(case, is_hidden=True)
        shown = LawPicture().frame(case)
    # The point and its number, and the time on all workers.
    assert share_of(shown, WHITE) > share_of(hidden, WHITE) + 5e-4


def test_numbers_of_toy_tasks_are_read_on_dark_paper():
    with matplotlib.style.context("dark_background"):
        toy = pnb.schedule_lab()
        toy.kind.value, toy.tasks.value = "equal", 6
        image = toy.framed.picture.value
    assert share_of(image, palette.SKY) > 0.1
    # Names, moments and an axis are white: below one in a hundred pixels.
    assert share_of(image, WHITE) < 0.01


def test_what_if_has_the_paper_of_the_other_pictures():
    for style, paper, other in (
        ("default", WHITE, BLACK),
        ("dark_background", BLACK, WHITE),
    ):
        with matplotlib.style.context(style):
            page = pnb.explore(uneven())
            page.section.value = "What if"
        image = page.what_if.simulated.picture.value
        assert share_of(image, paper) > 0.01
        assert share_of(image, other) == 0.0


@pytest.mark.parametrize("of_axes", ["none", "#202020"])
def test_paper_is_the_one_that_is_seen(of_axes):
    rc = {"axes.facecolor": of_axes, "figure.facecolor": "#101010"}
    with matplotlib.rc_context(rc):
        colour, is_dark = pictures.paper()
    assert is_dark
    assert colour.tolist() == pytest.approx([32.0 if of_axes != "none" else 16.0] * 3)


def test_pixels_are_mixed_with_paper():
    half = np.array([[[255, 0, 0, 51]]], dtype=np.uint8)
    assert strip.opaque(half).tolist() == [[[255, 204, 204]]]
    assert strip.opaque(half, (0, 0, 100)).tolist() == [[[51, 0, 80]]]
