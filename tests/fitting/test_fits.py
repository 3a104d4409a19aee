"""One law on one Sweep: values, intervals, bands, what is not identified."""

import numpy as np
import pandas as pd
import pytest

from parallel_nb.errors import ArgumentError
from parallel_nb.fitting import fit
from parallel_nb.fitting.batches import solve_many
from parallel_nb.fitting.responses import Response
from parallel_nb.laws import LAWS
from parallel_nb.laws import USL as USL_LAW
from parallel_nb.sweeps import Sweep

from .making import AMDAHL, GUSTAFSON, USL, sweep_of


@pytest.mark.parametrize(
    ("law", "parameters", "scale"),
    [
        ("linear", {"gamma": 0.1}, "strong"),
        ("amdahl", AMDAHL, "strong"),
        ("usl", USL, "strong"),
        ("usl", USL, "weak"),
        ("gustafson", GUSTAFSON, "weak"),
    ],
)
@pytest.mark.parametrize("noise", ["relative", "absolute"])
@pytest.mark.parametrize("measure", ["time", "throughput"])
def test_a_law_is_found_again(law, parameters, scale, noise, measure):
    sweep = sweep_of(law, parameters, scale=scale, measure=measure)
    found = fit(sweep, law, noise=noise)
    assert dict(found.values) == pytest.approx(parameters, rel=1e-6, abs=1e-9)
    assert found.r2 == pytest.approx(1)


def test_relative_noise_makes_time_and_throughput_the_same_fit():
    made = [
        fit(sweep_of("usl", USL, noise=0.05, measure=m), "usl", noise="relative")
        for m in ("time", "throughput")
    ]
    assert dict(made[0].values) == pytest.approx(dict(made[1].values), rel=1e-7)
    assert made[0].aicc == pytest.approx(made[1].aicc)


def test_standard_errors_and_intervals_are_those_of_a_straight_line():
    # 1 / throughput of a fixed batch is a + b / n: ordinary least squares on seconds.
    sweep = sweep_of("amdahl", AMDAHL, noise=0.02)
    found = fit(sweep, "amdahl", noise="absolute")
    n, seconds = sweep.n_of_each, sweep.table["makespan"].to_numpy()
    columns = np.column_stack([np.ones(len(n)), 1 / n])
    (a, b), rss, *_ = np.linalg.lstsq(columns, seconds, rcond=None)
    assert found.values["serial_fraction"] == pytest.approx(a / (a + b), rel=1e-6)
    assert found.values["gamma"] == pytest.approx(1 / (a + b), rel=1e-6)
    assert found.rss == pytest.approx(float(rss[0]), rel=1e-9)
    # In the line's own terms the covariance must be the textbook's.
    s, gamma = found.vector
    slopes = np.array([[1 / gamma, -s / gamma**2], [-1 / gamma, -(1 - s) / gamma**2]])
    textbook = rss[0] / found.df * np.linalg.inv(columns.T @ columns)
    assert slopes @ found.spread @ slopes.T == pytest.approx(textbook, rel=1e-5)


def test_the_stack_of_problems_has_scipys_optimum():
    for seed in range(5):
        sweep = sweep_of("usl", USL, noise=0.05, seed=seed)
        found = fit(sweep, "usl")
        response = Response("relative", "makespan")
        n = sweep.n_of_each.astype(float)
        targets = response.of(n, sweep.throughput)
        starts = np.array([[0.3, 0.1, 0.3]])
        values, costs = solve_many(USL_LAW, response, n, targets, starts)
        assert costs[0] == pytest.approx(found.rss, rel=1e-8)
        assert values[0] == pytest.approx(found.vector, rel=1e-3)


def test_bands_widen_away_from_the_data_and_new_measurements_scatter_more():
    found = fit(sweep_of("usl", USL, noise=0.03), "usl")
    table = found.predict([16, 32, 64, 128])
    width = np.log(table["confidence_high"] / table["confidence_low"])
    assert (np.diff(width[1:]) > 0).all()
    assert (table["prediction_low"] < table["confidence_low"]).all()
    assert (table["prediction_high"] > table["confidence_high"]).all()
    assert table["is_extrapolated"].tolist() == [False, False, True, True]


def test_bands_are_the_same_in_every_measure():
    found = fit(sweep_of("usl", USL, noise=0.03), "usl")
    makespan = found.predict([8], "makespan").iloc[0]
    throughput = found.predict([8], "throughput").iloc[0]
    speedup = found.predict([8], "speedup").iloc[0]
    assert makespan["confidence_low"] == pytest.approx(
        1 / throughput["confidence_high"]
    )
    assert speedup["speedup"] == pytest.approx(
        throughput["throughput"] / found.sweep.reference[""]
    )
    efficiency = found.predict([8], "efficiency")["efficiency"][0]
    assert efficiency == pytest.approx(speedup["speedup"] / 8)


def test_an_estimate_on_its_bound_is_not_identified_nor_what_rests_on_it():
    sweep = sweep_of("amdahl", AMDAHL, noise=0.03, seed=0)
    found = fit(sweep, "usl")
    assert found.values["beta"] == 0
    assert found["beta"].method == "profile"
    assert not found["beta"].identified
    assert found["beta"].low == 0
    assert found["beta"].high > 0
    peak = found["peak_n"]
    assert not peak.identified
    assert np.isnan(peak.value)
    assert peak.high == np.inf
    # As far as the profile lets beta go, there is the nearest peak.
    nearest = np.sqrt((1 - found.values["alpha"]) / found["beta"].high)
    assert peak.low == pytest.approx(nearest)
    assert "not identified" in str(peak)
    assert found["alpha"].identified


def test_a_peak_beyond_the_data_is_not_identified():
    sweep = sweep_of("usl", USL, noise=1e-4, counts=(1, 2, 4, 8))
    found = fit(sweep, "usl")
    assert found["beta"].identified
    for name in ("peak_n", "peak_speedup", "peak_throughput"):
        assert not found[name].identified
        assert "the data end at n = 8" in found[name].reason
    assert found["peak_n"].low > 8


def test_a_peak_within_the_data_is_identified():
    found = fit(sweep_of("usl", USL, noise=0.01), "usl")
    assert found["peak_n"].identified
    truth = np.sqrt(0.95 / 0.001)
    assert found["peak_n"].low < truth < found["peak_n"].high


def test_a_serial_fraction_that_may_be_nothing_is_not_identified():
    found = fit(sweep_of("linear", {"gamma": 1.0}, noise=0.05, seed=1), "amdahl")
    assert not found["serial_fraction"].identified
    assert not found["max_speedup"].identified
    assert "rests on serial_fraction" in found["max_speedup"].reason


def test_as_many_measurements_as_parameters_leave_no_interval():
    found = fit(sweep_of("amdahl", AMDAHL, counts=(1, 8), repeats=1), "amdahl")
    assert found["serial_fraction"].value == pytest.approx(0.1)
    assert not found["serial_fraction"].identified
    assert "no more measurements than parameters" in found["gamma"].reason
    assert np.isnan(found.predict([4])["confidence_low"]).all()


def test_the_bootstrap_agrees_with_students_t_where_noise_is_normal():
    sweep = sweep_of("usl", USL, noise=0.03, repeats=8)
    by_t, drawn = fit(sweep, "usl"), fit(sweep, "usl", bootstrap=2000)
    for name in USL:
        assert drawn[name].method == "bootstrap"
        width = by_t[name].high - by_t[name].low
        assert drawn[name].high - drawn[name].low == pytest.approx(width, rel=0.2)
    assert (
        fit(sweep, "usl", bootstrap=200)["beta"]
        == fit(sweep, "usl", bootstrap=200)["beta"]
    )


def test_karp_flatt_is_level_under_amdahl_and_rises_by_beta_under_the_usl():
    level = fit(sweep_of("amdahl", AMDAHL), "amdahl").karp_flatt([2, 64])
    assert level["karp_flatt"].tolist() == pytest.approx([0.1, 0.1])
    rising = fit(sweep_of("usl", USL), "usl").karp_flatt([2, 64])
    assert rising["karp_flatt"].tolist() == pytest.approx([0.052, 0.114])


# --- what speaks against a law ---


def test_a_law_that_misses_the_means_of_repeats_is_flagged():
    sweep = sweep_of("usl", USL | {"beta": 0.01}, noise=0.02, repeats=5)
    assert "lack of fit" in fit(sweep, "amdahl").warnings[0]
    assert fit(sweep, "usl").warnings == ()


def test_residuals_that_keep_their_sign_are_flagged():
    table = pd.DataFrame({"n": np.arange(1, 25)})
    table["x"] = np.where(table["n"] < 12, table["n"], 12)  # a wall, no curve
    found = fit(Sweep.from_frame(table, n="n", throughput="x"), "amdahl")
    assert any("keep their sign" in each for each in found.warnings)


def test_superlinear_speedup_is_flagged():
    table = pd.DataFrame({"n": [1, 2, 4, 8] * 3})
    random = np.random.default_rng(0)
    table["s"] = table["n"] ** -1.15 * np.exp(random.normal(0, 0.01, 12))
    found = fit(Sweep.from_frame(table, n="n", time="s"), "usl")
    assert any("more than their number explains" in each for each in found.warnings)


def test_a_well_behaved_sweep_raises_no_alarm():
    n_alarms = sum(
        bool(fit(sweep_of("usl", USL, noise=0.03, seed=seed), "usl").warnings)
        for seed in range(60)
    )
    assert n_alarms <= 12  # three tests at 5 % each


# --- what is refused ---


def test_gustafsons_law_is_refused_for_strong_scaling_and_amdahls_for_weak():
    with pytest.raises(ArgumentError, match=r"'gustafson'.*strong scaling.*'amdahl'"):
        fit(sweep_of("amdahl", AMDAHL), "gustafson")
    with pytest.raises(ArgumentError, match=r"'amdahl'.*weak scaling.*'gustafson'"):
        fit(sweep_of("gustafson", GUSTAFSON, scale="weak"), "amdahl")


def test_too_few_numbers_of_workers_are_refused():
    with pytest.raises(ArgumentError, match="3 parameters need as many different"):
        fit(sweep_of("usl", USL, counts=(1, 8)), "usl")


def test_several_backends_are_refused():
    table = pd.DataFrame({"n": [1, 2, 1, 2], "s": 1.0, "b": ["x", "x", "y", "y"]})
    sweep = Sweep.from_frame(table, n="n", time="s", backend="b")
    with pytest.raises(ArgumentError, match=r"sweep.only\('x'\)"):
        fit(sweep, "linear")
    assert fit(sweep.only("x"), "linear").df == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"law": "ahmdal"}, "Did you mean 'amdahl'"),
        ({"noise": "log"}, "`noise` must be one of"),
        ({"bootstrap": 5}, "`bootstrap` must be 100 or more"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        fit(sweep_of("amdahl", AMDAHL), **arguments)


def test_what_is_no_sweep_is_refused():
    with pytest.raises(ArgumentError, match="`sweep` must be a Sweep; got DataFrame"):
        fit(pd.DataFrame())


def test_predictions_say_what_they_cannot():
    table = pd.DataFrame({"n": [1, 2, 4], "s": [1.0, 1.8, 3.0]})
    found = fit(Sweep.from_frame(table, n="n", speedup="s"), "amdahl")
    assert found.predict([8]).columns[1] == "speedup"
    with pytest.raises(ArgumentError, match="only speedups were measured"):
        found.predict([8], "makespan")
    with pytest.raises(ArgumentError, match="`n_workers` must be 1 or more"):
        found.predict([0.5])
    with pytest.raises(ArgumentError, match="`name` must be one of"):
        found["beta"]


def test_every_law_can_be_fitted_by_its_name():
    for name, law in LAWS.items():
        sweep = sweep_of("linear", {"gamma": 1.0}, noise=0.01, scale=law.scales[0])
        assert fit(sweep, name).law is law
