"""The pixels of a timeline show what happened, at any size and any number."""

import numpy as np
import pytest

from parallel_nb.draw import palette
from parallel_nb.draw.blocks import blocks
from parallel_nb.draw.paint import FAINTEST, TRACK, paint
from tests.draw.making import is_near, many, run_of

RAMP = np.linspace([0, 0, 0], [255, 255, 255], 256)


def picture(run, shape=(100, 400), color="status", **options):
    ramp = RAMP if color == "duration" else None
    return paint(blocks(run, color), shape, ramp=ramp, **options)


def test_a_lane_is_blue_while_its_worker_is_busy_and_grey_while_it_is_idle():
    pixels = picture(run_of((0, 0, 5), (0, 5, 5), (1, 0, 10)), (100, 100))
    assert is_near(pixels[30, :45], palette.BLUE, 2).all()
    assert (pixels[30, 55:] == TRACK).all()
    assert is_near(pixels[80, :95], palette.BLUE, 2).all()


def test_worker_0_is_on_top():
    pixels = picture(run_of((0, 0, 1), (1, 9, 10)), (100, 100))
    assert is_near(pixels[30, 5], palette.BLUE, 2)
    assert not is_near(pixels[80, 5], palette.BLUE, 2)


def test_opacity_is_the_share_that_attempts_cover():
    tenth = [(0, start, start + 0.05) for start in np.arange(100) / 10]
    opacity = picture(run_of(*tenth), (100, 50))[50, 1:-1, 3]
    track = TRACK[3] / 255
    lit = FAINTEST + (1 - FAINTEST) / 2
    assert opacity == pytest.approx(255 * (lit + track * (1 - lit)), abs=1)


def test_neighbours_are_told_apart_by_a_hairline_where_there_is_room():
    middle = picture(run_of((0, 0, 5), (0, 5, 10)), (100, 200))[50]
    edges = np.flatnonzero(~is_near(middle, palette.BLUE, 2))
    assert edges[0] == 99
    assert (middle[99] == TRACK).all()


def test_what_took_no_time_is_still_there():
    pixels = picture(run_of((0, 5, 5), (0, 0, 0), (0, 10, 10)), (100, 101))
    lit = np.flatnonzero(pixels[50, :, 2] > 140)
    assert lit.tolist() == [0, 50, 100]


@pytest.fixture(scope="module", params=[1, 8, 64, 500, 2_000])
def million(request):
    """A million attempts, one of which failed."""
    return many(1_000_000, request.param, failed=[500_000])


@pytest.mark.parametrize("color", ["status", "name", "duration"])
def test_one_failure_in_a_million_is_seen(million, color):
    seen = is_near(picture(million, (300, 800), color), palette.VERMILION)
    y, x = np.nonzero(seen)
    assert len(x) >= 6
    assert np.ptp(x) < 10
    assert x.mean() == pytest.approx(400, abs=5)
    n_workers = million.meta.n_workers
    lane_px = 300 / n_workers
    lane = 500_000 % n_workers
    assert y.mean() == pytest.approx((lane + 0.5) * lane_px, abs=lane_px / 2 + 3)


@pytest.mark.parametrize("color", ["status", "name", "duration"])
def test_what_is_done_is_never_marked(color):
    pixels = picture(many(10_000, 8), (300, 800), color)
    assert not is_near(pixels, palette.VERMILION).any()


def test_a_crowd_of_failures_does_not_hide_what_is_done():
    run = many(100_000, 100, failed=range(0, 100_000, 20))
    pixels = picture(run, (300, 400))
    body = pixels[pixels[..., 3] > 200][:, :3].mean(axis=0)
    assert body[2] > body[0]  # still more blue than vermilion


@pytest.mark.parametrize("status", ["failed", "timeout", "crashed", "invalid"])
def test_marks_above_the_lane_have_the_colour_of_their_status(status):
    pixels = picture(run_of((0, 0, 10), (0, 5, 5, status)), (60, 200))
    assert is_near(pixels[:5, 98:103], palette.STATUS[status], 2).any()


def test_crashes_are_white_on_dark_paper():
    pixels = picture(run_of((0, 0, 10, "crashed")), (60, 100), on_dark=True)
    assert is_near(pixels[40, 50], "#FFFFFF", 2)


def test_a_name_that_failed_keeps_its_colour_below_the_mark():
    pixels = picture(run_of((0, 0, 10, "failed", "fit")), (60, 100), "name")
    assert is_near(pixels[40, 50], palette.CATEGORIES[0], 2)
    assert is_near(pixels[2, 50], palette.VERMILION, 2)


def test_durations_run_along_the_ramp():
    pixels = picture(run_of((0, 0, 2), (1, 0, 10)), (100, 100), "duration")
    assert (pixels[80, 50, :3] > 250).all()
    assert (pixels[30, 10, :3] < 5).all()


def test_workers_that_start_up_are_hatched_until_their_first_attempt():
    pixels = picture(run_of((0, 4, 10), startups=[(0, 0, 4)]), (60, 100))
    assert len(np.unique(pixels[30:50, 2:36].reshape(-1, 4), axis=0)) == 2
    assert is_near(pixels[40, 45:95], palette.BLUE, 2).all()


def test_a_window_shows_its_part_of_the_whole():
    run = run_of((0, 0, 4), (0, 6, 10))
    whole = picture(run, (60, 100))
    part = picture(run, (60, 50), window=(5.0, 10.0))
    assert (part == whole[:, 50:]).all()


def test_a_lane_span_shows_its_lanes():
    run = run_of(*((lane, lane, lane + 1) for lane in range(4)))
    whole = picture(run, (80, 100))
    part = picture(run, (40, 100), lane_span=(1.5, 3.5))
    assert (part == whole[40:]).all()


def test_nothing_is_in_sight_beyond_the_lanes():
    assert not picture(run_of((0, 0, 1)), (20, 30), lane_span=(5.0, 9.0)).any()


def test_more_lanes_than_pixels_share_rows():
    run = run_of(*((lane, 0, 10) for lane in range(0, 1_000, 2)), n_workers=1_000)
    pixels = picture(run, (100, 10))
    lit = FAINTEST + (1 - FAINTEST) / 2
    expected = 255 * (lit + TRACK[3] / 255 * (1 - lit))
    assert pixels[..., 3] == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (7, 1000), (1000, 7)])
@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_any_size_can_be_painted(shape, scale):
    run = run_of((0, 0, 1, "failed"), (2, 0, 2), startups=[(1, 0, 1)])
    pixels = picture(run, shape, scale=scale)
    assert pixels.shape == (*shape, 4)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("color", ["status", "name", "duration"])
def test_a_run_without_attempts_has_empty_lanes(color):
    pixels = picture(run_of(n_workers=2), (40, 50), color)
    assert {tuple(p) for p in pixels.reshape(-1, 4)} == {TRACK, (0, 0, 0, 0)}
