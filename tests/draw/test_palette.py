"""Contrasts: what is drawn and written is told from the paper, on light and dark."""

import io
from dataclasses import replace

import matplotlib.style
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from PIL import Image

import parallel_nb as pnb
from parallel_nb import draw
from parallel_nb.draw import growing, palette, pictures, strip
from parallel_nb.draw.blocks import blocks
from parallel_nb.draw.law_picture import _PARTS, Case, LawPicture
from parallel_nb.draw.paint import paint

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


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_edges_of_areas_are_told_from_their_paper(paper):
    areas = {*palette.STATUS.values(), *palette.PART.values(), *palette.CATEGORIES}
    faint = [each for each in areas if on(paper, palette.edge(each)) < LINES]
    assert faint == []


@pytest.mark.parametrize("picture", ["ledger", "laws"])
def test_bright_bars_have_an_edge(picture):
    axes = pnb.laws_lab()._picture.canvas.figure.axes
    if picture == "ledger":
        rows = pd.DataFrame({"task": [0, 1], "started": [2, 2], "ended": [4.0, 3.0]})
        axes = [draw.ledger(pnb.Run.from_frame(rows.assign(submitted=0.0, cpu=1.0)))]
    bars = [patch for ax in axes for patch in ax.patches]
    bright = [bar for bar in bars if to_hex(bar.get_facecolor()).upper() in BRIGHT]
    assert bright
    for bar in bright:
        assert palette.contrast(to_hex(bar.get_edgecolor()), WHITE) >= LINES


def test_toy_tasks_have_an_edge():
    image = pnb.schedule_lab().framed.picture.value
    for colour in (palette.DEEP_ORANGE, palette.DEEP_SKY):
        assert share_of(image, colour) > 5e-4


@pytest.mark.parametrize("colour", [palette.ORANGE, palette.SKY, palette.YELLOW])
def test_bright_blocks_of_a_timeline_have_a_dark_edge_on_light_paper(colour):
    shown = blocks(uneven())
    kinds = tuple(replace(kind, colour=colour) for kind in shown.kinds)
    shown = replace(shown, kinds=kinds, failures=shown.failures[:0])
    for on_dark, is_there in ((False, True), (True, False)):
        pixels = strip.opaque(paint(shown, (200, 400), on_dark=on_dark))
        found = {palette_hex(each) for each in np.unique(pixels[:, 20], axis=0)}
        dark = [each for each in found if palette.contrast(each, WHITE) >= LINES]
        assert bool(dark) is is_there


def palette_hex(channels):
    return "#" + "".join(f"{each:02X}" for each in channels)


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
