"""95 % intervals contain the truth in 95 of 100 sweeps."""

import numpy as np
import pytest

from parallel_nb.fitting import fit
from parallel_nb.laws import LAWS

from .making import AMDAHL, GUSTAFSON, USL, sweep_of

FAR = np.array([1, 32, 64])


def coverage(law, parameters, n_sweeps, **options):
    """Share of sweeps whose intervals and bands hold the truth, by name."""
    truth = np.array([parameters[name] for name in LAWS[law].names])
    known = dict(parameters)
    known |= {c.name: c.flat(truth) ** c.power for c in LAWS[law].consequences}
    curve = LAWS[law].throughput(FAR, **parameters)
    hits = dict.fromkeys([*known, *FAR], 0)
    for seed in range(n_sweeps):
        found = fit(sweep_of(law, parameters, seed=seed, **options), law)
        for name, value in known.items():
            # What there is no interval for is not held against it.
            hits[name] += not (value < found[name].low or value > found[name].high)
        bands = found.predict(FAR, "throughput")
        inside = (bands["confidence_low"] <= curve) & (
            curve <= bands["confidence_high"]
        )
        for n, is_inside in zip(FAR, inside, strict=True):
            hits[n] += is_inside
    return {name: hit / n_sweeps for name, hit in hits.items()}


CASES = {
    "usl, time": ("usl", USL, {"noise": 0.03}),
    "usl, throughput": ("usl", USL, {"noise": 0.02, "measure": "throughput"}),
    "amdahl": ("amdahl", AMDAHL, {"noise": 0.03, "counts": (1, 2, 4, 8)}),
    "gustafson": (
        "gustafson",
        GUSTAFSON,
        {"noise": 0.03, "scale": "weak", "counts": (1, 2, 4, 8)},
    ),
}


@pytest.mark.parametrize("case", ["usl, time", "amdahl", "gustafson"])
def test_intervals_hold_the_truth_in_about_95_of_100_sweeps(case):
    law, parameters, options = CASES[case]
    n_sweeps = 150
    three_sigma = 3 * np.sqrt(0.95 * 0.05 / n_sweeps)
    for name, share in coverage(law, parameters, n_sweeps, **options).items():
        assert abs(share - 0.95) <= three_sigma, name


@pytest.mark.slow
@pytest.mark.parametrize("case", ["usl, time", "amdahl", "gustafson"])
def test_intervals_hold_the_truth_in_93_to_97_of_100_sweeps(case):
    law, parameters, options = CASES[case]
    for name, share in coverage(law, parameters, 2000, **options).items():
        assert 0.93 <= share <= 0.97, name


@pytest.mark.slow
def test_intervals_hold_the_truth_where_estimates_sit_on_bounds():
    near = {"alpha": 0.01, "beta": 1e-4, "gamma": 0.1}  # beta is 0 in a third of them
    found = coverage("usl", near, 2000, noise=0.05)
    for name in near:
        assert 0.93 <= found[name] <= 0.97, name
