"""Fits at the ends of what laws allow: loads, bounds, many rows, the wrong noise."""

import numpy as np
import pandas as pd
import pytest

from parallel_nb.errors import ArgumentError
from parallel_nb.fitting import batches, fit, intervals, leaving_out
from parallel_nb.laws import USL as USL_LAW
from parallel_nb.sweeps import Sweep
from tests.draw.making import run_of

from .making import USL, sweep_of

# --- loads and batches that grow in part ---


def test_loads_below_one_are_fitted_and_predicted():
    busy = np.linspace(0.2, 6, 40)
    rate = USL_LAW.throughput(busy, alpha=0.4, beta=0.05, gamma=3.0)
    table = pd.DataFrame({"busy": busy, "rate": rate})
    found = fit(Sweep.from_frame(table, n="busy", throughput="rate"), "usl")
    assert found.vector == pytest.approx([0.4, 0.05, 3.0])
    assert found["peak_n"].value == pytest.approx(np.sqrt(0.6 / 0.05))
    assert found.predict(0.2)["throughput"][0] == pytest.approx(rate[0])
    with pytest.raises(ArgumentError, match=r"`n_workers` must be 0\.2 or more"):
        found.predict(0.1)


def test_makespans_follow_what_grew():
    n, growth = np.array([1, 2, 4, 8]), np.array([1.0, 1.5, 2.5, 4.5])  # s' = 0.5
    runs = [run_of(*((lane, 0, 2.0) for lane in range(each))) for each in n]
    for noise in ("relative", "absolute"):
        sweep = Sweep.from_runs(runs, scale="weak", growth=growth)
        found = fit(sweep, "gustafson", noise=noise)
        assert found.values["scaled_serial_fraction"] == pytest.approx(0.5)
        assert found.predict([8, 16])["makespan"].tolist() == pytest.approx([2, 2])


# --- where a law is at its end ---


def test_throughput_that_only_falls_has_its_peak_at_one_worker():
    table = pd.DataFrame({"n": [1, 2, 4, 8, 16, 32], "x": [10, 8, 6, 4, 2, 1.0]})
    sweep = Sweep.from_frame(table, n="n", throughput="x")
    found = fit(sweep, "usl")
    assert found["peak_n"].identified
    assert found["peak_n"].value == found["peak_n"].low == 1
    assert found["peak_speedup"].value == 1
    assert found["peak_throughput"].value == found["gamma"].value
    assert "falls from the first worker on" in fit(sweep).verdict


def test_the_interval_of_a_peak_is_all_that_the_line_allows():
    found = fit(sweep_of("usl", USL, noise=0.03), "usl")
    t = intervals.student(found.df)
    for end in (found["peak_n"].low, found["peak_n"].high):
        weights = np.array([1.0, end**2, 0.0])
        away = abs(weights @ found.vector - 1)
        assert away == pytest.approx(t * np.sqrt(weights @ found.spread @ weights))


def test_measurements_without_any_scatter_are_taken_at_their_word():
    perfect = sweep_of("linear", {"gamma": 0.1}, counts=(1, 2, 4, 8), repeats=1)
    share = fit(perfect, "amdahl")["serial_fraction"]
    assert share.value == share.low == 0
    assert not share.identified
    constant = sweep_of("amdahl", {"serial_fraction": 1.0, "gamma": 0.1})
    share = fit(constant, "amdahl")["serial_fraction"]
    assert share.value == share.low == share.high == 1


def test_leaving_one_of_many_out_needs_no_further_fits(monkeypatch):
    n = np.arange(1, 251)
    random = np.random.default_rng(0)
    x = USL_LAW.throughput(n, alpha=0.01, beta=1e-5, gamma=1.0)
    table = pd.DataFrame({"n": np.repeat(n, 2)})
    table["x"] = np.repeat(x, 2) + random.normal(0, 1, 500)
    found = fit(Sweep.from_frame(table, n="n", throughput="x"), "usl")
    first_order = found.loo
    monkeypatch.setattr(leaving_out, "_MANY", 1000)
    assert first_order == pytest.approx(found.loo, rel=1e-3)


def test_many_problems_are_solved_in_parts_alike(monkeypatch):
    sweep = sweep_of("usl", USL, noise=0.03)
    at_once = fit(sweep, "usl", bootstrap=100)["beta"]
    monkeypatch.setattr(batches, "_MOST_AT_ONCE", 60)
    assert fit(sweep, "usl", bootstrap=100)["beta"] == at_once


# --- the kind of noise, and laws that forbid what was measured ---


def test_noise_of_the_other_kind_is_flagged():
    random = np.random.default_rng(0)
    n = np.repeat([1, 2, 4, 8, 16, 32], 5)
    x = USL_LAW.throughput(n, **USL)
    relative = x * np.exp(random.normal(0, 0.05, len(n)))
    sweep = Sweep.from_frame(
        pd.DataFrame({"n": n, "x": relative}), throughput="x", n="n"
    )
    assert any(
        'noise="relative" is fairer' in each for each in fit(sweep, "usl").warnings
    )
    assert not any("fairer" in w for w in fit(sweep, "usl", noise="relative").warnings)
    even = x + random.normal(0, 0.01, len(n))
    sweep = Sweep.from_frame(pd.DataFrame({"n": n, "x": even}), throughput="x", n="n")
    assert any(
        'noise="absolute" is fairer' in each
        for each in fit(sweep, "usl", noise="relative").warnings
    )
    assert not any("fairer" in each for each in fit(sweep, "usl").warnings)


def test_measurements_that_want_a_parameter_beyond_its_bound_are_flagged():
    table = pd.DataFrame({"n": np.arange(1, 13)})
    table["x"] = table["n"] / (1 + 0.07 * (table["n"] - 1) * (1 - 0.03 * table["n"]))
    found = fit(Sweep.from_frame(table, n="n", throughput="x"), "usl")
    assert found.values["beta"] == 0
    assert any("would have beta = -" in each for each in found.warnings)
