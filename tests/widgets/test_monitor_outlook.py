"""How long the rest takes: known answers, and how often the bounds hold."""

import numpy as np
import pytest

from parallel_nb.scheduling import list_schedule
from parallel_nb.widgets.monitor.outlook import LEAST, Finished, outlook


def finished(durations, costs=None):
    made = Finished()
    durations = np.asarray(durations, dtype=float)
    made.add(durations, np.ones(len(durations)) if costs is None else np.asarray(costs))
    return made


def test_nothing_is_said_before_some_attempts_are_over():
    assert outlook(finished([1.0] * (LEAST - 1)), 9.0, 9.0, 9, [], 2, 1.0) is None


def test_even_tasks_have_no_spread_but_the_last_round():
    found = outlook(finished([2.0] * 10), 8.0, 8.0, 8, [], 2, 1.0)
    assert found.low == 8.0  # 16 s of work for 2 workers
    assert found.high == 9.0  # and half of a task by Graham's bound
    assert found.low <= found.seconds <= found.high


def test_one_worker_has_no_last_round():
    found = outlook(finished([2.0] * 10), 3.0, 3.0, 3, [], 1, 1.0)
    assert found == (6.0, 6.0, 6.0)


def test_what_is_under_way_counts_for_what_it_still_needs():
    found = outlook(finished([4.0] * 6), 1.0, 1.0, 1, [3.0], 4, 1.0)
    assert found.seconds == pytest.approx(1.0)


def test_idle_workers_make_it_longer():
    full = outlook(finished([2.0] * 10), 8.0, 8.0, 8, [], 1, 1.0)
    half = outlook(finished([2.0] * 10), 8.0, 8.0, 8, [], 1, 0.5)
    assert half.seconds == 2 * full.seconds


def test_known_costs_say_what_the_rest_takes():
    # The long ones came first: their mean would promise ten times too much.
    of_costs = finished([10.0] * 5, [10.0] * 5)
    found = outlook(of_costs, 5.0, 5.0, 5, [], 1, 1.0)
    assert found == (5.0, 5.0, 5.0)


def test_more_spread_means_wider_bounds():
    even = outlook(finished([2.0] * 20), 50.0, 50.0, 50, [], 2, 1.0)
    uneven = outlook(finished([1.0, 3.0] * 10), 50.0, 50.0, 50, [], 2, 1.0)
    assert uneven.high - uneven.low > even.high - even.low


@pytest.mark.parametrize("sigma", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_workers", [1, 4])
def test_bounds_hold_nearly_always(sigma, n_workers):
    """Schedules of random durations, each asked at half of its time.

    Two standard deviations would be 95 % if sums of skewed durations were normal.
    """
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        durations = rng.lognormal(0.0, sigma, 120)
        made = list_schedule(durations, n_workers)
        now = made.ended.max() / 2
        over, begun = made.ended <= now, made.started <= now
        n_left = int((~over).sum())
        found = outlook(
            finished(durations[over]),
            float(n_left),
            float(n_left),
            n_left,
            (now - made.started[begun & ~over]).tolist(),
            n_workers,
            1.0,
        )
        left = made.ended.max() - now
        held.append(found.low - 1e-9 <= left <= found.high + 1e-9)
    assert np.mean(held) >= 0.85
