"""Lanes that grow: exact coverage however often the picture was halved."""

import numpy as np
import pytest

from parallel_nb import schema
from parallel_nb.draw import palette
from parallel_nb.draw.growing import PAPER, TRACK, UNDER_WAY, Growing

DONE, FAILED = (schema.STATUSES.index(status) for status in ("done", "failed"))


def rgb(colour):
    return palette.rgb([colour])[0].astype(np.uint8).tolist()


def test_busy_seconds_survive_every_halving():
    rng = np.random.default_rng(0)
    lanes = Growing(3, n_columns=64, span=1.0)
    begin = np.sort(rng.uniform(0, 300, 500))
    length, lane = rng.exponential(0.5, 500), rng.integers(0, 3, 500)
    for part in np.array_split(np.arange(500), 20):
        lanes.add(
            begin[part], (begin + length)[part], lane[part], np.zeros(len(part), int)
        )
    seconds = lanes.covered(DONE).sum(axis=1) * lanes.span / 64
    assert seconds == pytest.approx(np.bincount(lane, length))


def test_time_makes_room_for_itself():
    lanes = Growing(1, n_columns=8, span=4.0)
    lanes.pixels(9.0)
    assert lanes.span == 16.0


def test_what_is_over_under_way_and_to_come_look_different():
    lanes = Growing(2, n_columns=8, span=8.0)
    lanes.add([0.0, 2.0], [2.0, 4.0], lane=[0, 0], code=[DONE, FAILED])
    top = lanes.pixels(6.0, [(0, 4.0)])[0]
    assert top[0].tolist() == rgb(palette.STATUS["done"])
    assert top[2].tolist() == rgb(palette.STATUS["failed"])
    assert top[5].tolist() == rgb(UNDER_WAY)
    assert top[7].tolist() == rgb(PAPER)
    below = lanes.pixels(6.0)[-3]
    assert below[3].tolist() == rgb(TRACK)


def test_a_short_failure_among_many_that_are_done_is_seen():
    lanes = Growing(1, n_columns=8, span=8.0)
    lanes.add([0.0, 0.99], [0.99, 1.0], lane=[0, 0], code=[DONE, FAILED])
    lanes.add([1.0], [2.0], lane=[0], code=[DONE])
    with_failure, without = lanes.pixels(8.0)[0][:2].astype(int)
    assert with_failure[0] - without[0] > 80  # more red


def test_more_lanes_than_rows_share_them():
    lanes = Growing(1000)
    lanes.add([0.0] * 1000, [1.0] * 1000, np.arange(1000), np.zeros(1000, int))
    assert lanes.size[1] <= 256
    assert lanes.pixels(1.0)[0, 0].tolist() == rgb(palette.STATUS["done"])


def test_a_lane_out_of_which_nothing_came_stays_blank():
    assert (Growing(2).pixels(0.0) == 255).all()
