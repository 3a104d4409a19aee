"""Several laws on one Sweep: votes, disagreement, the verdict, what to measure next."""

import pickle

import numpy as np
import pandas as pd
import pytest

from parallel_nb.errors import ArgumentError
from parallel_nb.fitting import fit
from parallel_nb.sweeps import Sweep

from .making import AMDAHL, GUSTAFSON, USL, sweep_of


def test_all_laws_of_the_kind_of_scaling_are_asked():
    strong = fit(sweep_of("usl", USL, noise=0.02))
    assert list(strong) == ["linear", "amdahl", "usl", "amdahl_overhead"]
    weak = fit(sweep_of("gustafson", GUSTAFSON, noise=0.02, scale="weak"))
    assert list(weak) == ["linear", "gustafson", "usl"]


@pytest.mark.parametrize(
    ("law", "parameters", "scale"),
    [
        ("amdahl", AMDAHL, "strong"),
        ("usl", USL, "strong"),
        ("gustafson", GUSTAFSON, "weak"),
    ],
)
def test_the_law_that_made_the_data_wins(law, parameters, scale):
    found = fit(sweep_of(law, parameters, noise=0.02, scale=scale, seed=3))
    assert found.best.law.name == law
    assert found.agree
    assert "by all three tests" in found.verdict


def test_a_law_that_draws_anothers_curve_has_no_vote():
    found = fit(sweep_of("usl", USL, noise=0.02))
    assert found["usl"].rss == pytest.approx(found["amdahl_overhead"].rss, rel=1e-6)
    assert "amdahl_overhead" not in set(found.votes["law"])
    assert "same curve as USL" in str(found)


def test_disagreement_is_said_aloud_and_is_what_to_measure_next():
    n = [1, 18, 36, 72, 108, 144, 216]  # as many as that published case has
    x = [65, 996, 1652, 1853, 1829, 1775, 1702]
    table = pd.DataFrame({"n": n, "x": x})
    found = fit(Sweep.from_frame(table, n="n", throughput="x"))
    assert not found.agree
    assert "The tests disagree: AICc says Amdahl" in found.verdict
    assert f"Measure n = {found.next_n} next, where the laws differ most" in (
        found.verdict
    )
    assert found.next_n == 432


def test_the_verdict_says_what_the_data_cannot():
    sweep = sweep_of("usl", USL, noise=1e-3, counts=(1, 2, 4, 8))
    assert "A peak is not identified: the data end at n = 8" in fit(sweep).verdict
    linear = sweep_of("linear", {"gamma": 1.0}, noise=0.02, seed=5)
    assert "No loss shows up to n = 32" in fit(linear).verdict


def test_one_more_measurement_narrows_as_much_as_was_promised():
    sweep = sweep_of("amdahl", AMDAHL, noise=0.02, counts=(1, 2, 4, 8))
    found = fit(sweep, "amdahl")
    promised = found.next_measurements().iloc[0]
    assert promised["n_workers"] == found.next_n
    assert promised["quantity"] == "max_speedup"
    # The same scatter with one more row: only the design changes.
    n = np.append(sweep.n_of_each, found.next_n).astype(float)
    slopes = found.slopes(n)
    before = np.linalg.inv(slopes[:-1].T @ slopes[:-1])[0, 0]
    after = np.linalg.inv(slopes.T @ slopes)[0, 0]
    assert promised["narrows"] == pytest.approx(1 - np.sqrt(after / before))


def test_next_measurements_can_be_kept_to_what_can_be_had():
    found = fit(sweep_of("usl", USL, noise=0.02), "usl")
    assert found.next_measurements(up_to=10)["n_workers"].max() == 10


def test_laws_for_which_there_is_too_little_are_skipped_and_why_is_said():
    found = fit(sweep_of("amdahl", AMDAHL, counts=(1, 8), noise=0.01))
    assert list(found) == ["linear", "amdahl"]
    assert "3 parameters need" in found.skipped["usl"]
    assert "usl not asked" in str(found)


def test_one_number_of_workers_is_enough_for_a_line_only():
    found = fit(sweep_of("linear", {"gamma": 1.0}, counts=(4,), noise=0.01))
    assert list(found) == ["linear"]
    assert "Too few measurements to choose a law" in found.verdict


def test_the_table_for_a_terminal_says_not_identified():
    found = fit(sweep_of("amdahl", AMDAHL, noise=0.03, seed=2))
    assert "beta not identified" in str(found)
    assert repr(found).startswith("<Fits 4 laws · ")


def test_leaving_one_out_finds_the_law_that_bends_too_much():
    found = fit(sweep_of("usl", USL, noise=0.02, seed=1))
    loo = found.table.set_index("law")["loo"]
    assert loo["usl"] < loo["amdahl"] < loo["linear"]


def test_an_unknown_law_is_refused_by_name():
    found = fit(sweep_of("amdahl", AMDAHL, noise=0.01))
    assert "gustafson" not in found
    with pytest.raises(ArgumentError, match="`name` must be one of"):
        found["gustafson"]


def test_fits_can_be_pickled():
    found = fit(sweep_of("usl", USL, noise=0.02))
    again = pickle.loads(pickle.dumps(found))
    assert again.verdict == found.verdict
    assert again["usl"]["beta"] == found["usl"]["beta"]


def test_two_numbers_of_workers_are_told_as_they_are():
    found = fit(sweep_of("amdahl", AMDAHL, counts=(1, 4), repeats=1))
    assert found.verdict == (
        "Too few measurements to choose a law: 4 workers do 3.08 times what one worker "
        "does, 76.9 % of the ideal. Measure n = 8 next."
    )


def test_of_one_number_of_workers_the_next_is_one_worker():
    assert fit(sweep_of("linear", {"gamma": 1.0}, counts=(4,))).next_n == 1
    assert fit(sweep_of("linear", {"gamma": 1.0}, counts=(1,))).next_n == 2


def test_a_batch_that_gains_nothing_is_said_to():
    sweep = sweep_of("amdahl", {"serial_fraction": 1.0, "gamma": 0.1}, noise=0.01)
    assert "more workers bring next to nothing" in fit(sweep).verdict


def test_aicc_abstains_where_it_is_not_known_of_every_law():
    found = fit(sweep_of("usl", USL, noise=0.01, counts=(1, 2, 4, 8, 16), repeats=1))
    votes = found.votes.set_index("way")
    assert votes["law"].isna()["AICc"]
    assert votes.loc["AICc", "why"] == "too few measurements for USL"
    assert found.best.law.name == "usl"


def test_superlinear_data_are_flagged_whatever_law_wins():
    n = np.array([1, 2, 4, 8, 16, 32])
    table = pd.DataFrame({"n": n, "s": 8 / n**1.2})
    found = fit(Sweep.from_frame(table, n="n", time="s"))
    assert found.verdict.startswith(
        "Linear, by all three tests. No loss shows up to n = 32. But 32 workers do 64 "
        "times what 1 does: more than their number explains"
    )
