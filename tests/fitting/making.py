"""Sweeps whose law is known."""

import numpy as np
import pandas as pd

from parallel_nb.laws import LAWS
from parallel_nb.sweeps import Sweep

COUNTS = (1, 2, 4, 8, 16, 32)


def sweep_of(
    law,
    parameters,
    *,
    counts=COUNTS,
    repeats=3,
    noise=0.0,
    seed=0,
    measure="time",
    scale="strong",
):
    """Measurements of a law; `noise` is the share by which each errs."""
    n = np.repeat(counts, repeats)
    throughput = LAWS[law].throughput(n, **parameters)
    random = np.random.default_rng(seed)
    throughput = throughput * np.exp(random.normal(0, noise, len(n)) if noise else 0)
    grown = n if scale == "weak" else 1
    value = grown / throughput if measure == "time" else throughput
    table = pd.DataFrame({"n": n, "value": value})
    return Sweep.from_frame(table, n="n", **{measure: "value"}, scale=scale)


USL = {"alpha": 0.05, "beta": 0.001, "gamma": 0.1}
AMDAHL = {"serial_fraction": 0.1, "gamma": 0.1}
GUSTAFSON = {"scaled_serial_fraction": 0.1, "gamma": 0.1}
