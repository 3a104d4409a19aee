"""`history`: levels, regressions, trends; no alarm where nothing happened."""

import math

import numpy as np
import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb.comparison.changes import change_points
from parallel_nb.errors import ArgumentError


def frame(values, **columns):
    at = pd.date_range("2025-03-01", periods=len(values), freq="D", tz="UTC")
    return pd.DataFrame({"makespan": values, "started_at": at, **columns})


def noisy(*levels, noise=0.02, seed=0):
    stream = np.random.default_rng(seed)
    return np.concatenate(
        [level * np.exp(stream.normal(0, noise, n)) for level, n in levels]
    )


def test_a_regression_is_found_where_it_began():
    past = pnb.history(frame(noisy((2.0, 15), (2.4, 10))))
    assert len(past.regressions) == 1
    row = past.regressions.iloc[0]
    assert abs(row["run"] - 15) <= 1
    assert row["ratio"] == pytest.approx(1.2, rel=0.05)
    assert "slower by 1.2" in str(past)
    assert past.table["level"].tolist()[-1] == 1


def test_a_regression_and_its_cure_are_two_changes():
    past = pnb.history(frame(noisy((2.0, 12), (3.0, 8), (2.0, 12))))
    assert past.changes["verdict"].tolist() == ["slower", "faster"]
    assert len(past.regressions) == 1


def test_less_than_the_tolerance_is_no_change():
    values = noisy((2.0, 20), (2.04, 20), noise=0.001)
    assert len(pnb.history(frame(values)).changes) == 0
    assert len(pnb.history(frame(values), tolerance=0.01).changes) == 1


def test_runs_are_ordered_by_time():
    table = frame(noisy((2.0, 10), (3.0, 10)))
    past = pnb.history(table.sample(frac=1, random_state=1))
    assert past.changes["run"].tolist() == [10]
    assert past.changes["at"].iat[0] == table["started_at"].iat[10]


def test_steady_series_raise_no_alarm_more_often_than_promised():
    stream = np.random.default_rng(4)
    alarms = 0
    for _ in range(200):
        values = np.exp(stream.normal(0, 0.1, 24))
        alarms += bool(change_points(values, lambda before, after: True))
    assert alarms <= 0.05 * 200 + 3 * math.sqrt(200 * 0.05 * 0.95)


def test_other_workers_are_another_series():
    table = pd.concat(
        [
            frame(noisy((4.0, 10)), n_workers=1),
            frame(noisy((2.0, 10), seed=1), n_workers=2),
        ]
    )
    past = pnb.history(table)
    assert len(past.changes) == 0
    assert set(past.table["series"]) == {"1 worker", "2 workers"}


def test_a_slow_drift_is_a_trend():
    values = noisy((1.0, 7), noise=0.001) * 1.03 ** np.arange(7)
    past = pnb.history(frame(values))
    assert past.trends["is_trend"].tolist() == [True]
    assert past.trends["per_run"].iat[0] == pytest.approx(0.03, abs=0.003)
    assert "3 % longer" in str(past)


def test_a_short_series_says_that_it_is():
    past = pnb.history(frame([1.0, 1.1, 5.0]))
    assert "too short" in past.notes[0]


def test_higher_throughput_is_faster():
    table = frame([1.0] * 20).assign(throughput=noisy((10.0, 10), (20.0, 10)))
    past = pnb.history(table, measure="throughput")
    assert past.changes["verdict"].tolist() == ["faster"]
    assert past.changes["after"].iat[0] > past.changes["before"].iat[0]


def test_several_labels_must_be_chosen_from():
    table = frame(noisy((1.0, 10)), label=["a"] * 5 + ["b"] * 5)
    with pytest.raises(ArgumentError, match="'a', 'b'"):
        pnb.history(table)
    assert len(pnb.history(table, label="a")) == 5
    with pytest.raises(ArgumentError, match="label"):
        pnb.history(table, label="c")


def test_runs_of_any_store_or_list_will_do():
    runs = [
        pnb.Run.from_frame(
            pd.DataFrame({"task": ["a"], "started": [0.0], "ended": [1.0 + (i >= 6)]})
        )
        for i in range(12)
    ]

    class Store:
        def runs(self):
            return frame([1.0] * 12)

    past = pnb.history(runs)
    assert past.changes["run"].tolist() == [6]
    assert "from run 6 on" in str(past)
    assert len(pnb.history(Store())) == 12


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ("text", "RunStore"),
        ([], "at least one"),
        ([1], "Runs only; got int at 0"),
        (pd.DataFrame({"makespn": [1.0]}), "Did you mean"),
        (pd.DataFrame({"makespan": [math.nan]}), "something ran"),
    ],
)
def test_what_has_no_history_is_refused(runs, words):
    with pytest.raises(ArgumentError, match=words):
        pnb.history(runs)


def lasting_noise(n, correlation, noise, stream):
    """AR(1): what a run's noise has in common with that of the next one."""
    steps = stream.normal(0, 1, n)
    values = np.empty(n)
    values[0] = steps[0]
    for at in range(1, n):
        own = math.sqrt(1 - correlation**2) * steps[at]
        values[at] = correlation * values[at - 1] + own
    return np.exp(noise * values)


@pytest.mark.parametrize("n", [12, 30])
def test_noise_that_lasts_from_run_to_run_raises_no_alarm_either(n):
    stream = np.random.default_rng(8)
    alarms = sum(
        bool(change_points(lasting_noise(n, 0.5, 0.1, stream), lambda a, b: True))
        for _ in range(150)
    )
    assert alarms <= 0.05 * 150 + 2 * math.sqrt(150 * 0.05 * 0.95)


def test_a_step_is_found_in_noise_that_lasts():
    stream = np.random.default_rng(9)
    found = 0
    for _ in range(10):
        level = np.r_[np.ones(30), np.full(30, 1.25)]
        points = change_points(level * lasting_noise(60, 0.5, 0.04, stream), bool_of)
        found += any(abs(at - 30) <= 3 for at in points)
    assert found >= 8


def bool_of(before, after):
    return abs(np.median(after) / np.median(before) - 1) > 0.05


def test_sizes_beyond_which_a_step_stands_out_are_those_of_simulated_noise():
    from parallel_nb.comparison import lasting

    limits = lasting._LIMITS
    assert (np.diff(limits) > 0).all()
    assert lasting.size([1.0] * 4 + [2.0] * 4, 4, 8) == math.inf
    assert lasting.size([1.0] * 8, 4, 8) == 0.0


def test_ten_thousand_runs_need_neither_hours_nor_memory():
    values = np.exp(np.random.default_rng(1).normal(0, 0.05, 10_000))
    values[6000:] *= 1.2
    past = pnb.history(frame(values).assign(started_at=None))
    assert len(past.changes) == 1
    assert abs(past.changes["run"].iat[0] - 6000) <= 3
    assert not past.trends["is_trend"].any()
    assert past.trends["per_run"].iat[0] == pytest.approx(0.0, abs=1e-5)


def test_runs_that_did_less_are_said():
    table = frame(noisy((2.0, 10))).assign(success_rate=[1.0] * 8 + [0.5, 0.9])
    (note,) = pnb.history(table).notes
    assert "not all tasks were done in 2 of 10 runs" in note


def test_changes_of_one_day_are_told_by_the_hour():
    at = pd.date_range("2025-03-01 10:00", periods=12, freq="h", tz="UTC")
    table = pd.DataFrame({"makespan": noisy((2.0, 6), (3.0, 6)), "started_at": at})
    assert "since 2025-03-01 16:00:00" in str(pnb.history(table))
