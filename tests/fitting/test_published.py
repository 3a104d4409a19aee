"""Published measurements: what others found in them, and what can be said of them."""

import numpy as np
import pandas as pd
import pytest

from parallel_nb.fitting import fit
from parallel_nb.sweeps import Sweep


def of(n, x):
    return Sweep.from_frame(pd.DataFrame({"n": n, "x": x}), n="n", throughput="x")


# Schwartz, *Practical Scalability Analysis with the Universal Scalability Law*,
# VividCortex, 2015: the first ten numbers of threads of Tkachenko's MySQL benchmark.
MYSQL = [955.16, 1878.91, 2688.01, 3548.68, 4315.54]
MYSQL += [5130.43, 5931.37, 6531.08, 7219.8, 7867.61]


def test_a_forecast_from_a_third_of_a_benchmark_is_the_books():
    found = fit(of(range(1, 11), MYSQL), "usl")
    alpha, beta, _ = found.vector
    assert int(np.sqrt((1 - alpha) / beta)) == 46
    told = found.predict([20, 46], "throughput")["throughput"]
    assert told.astype(int).tolist() == [12572, 16049]
    assert 20 / told[0] == pytest.approx(0.00159, abs=5e-6)  # s, by Little's law
    # The book's forecast lies far beyond the data, and its pairs may cost nothing.
    assert not found["peak_n"].identified
    assert found["peak_n"].low < 36 < found["peak_n"].high  # where all 32 have it


# The same book: NodeJS and Java at PayPal, fitted there without bounds.
USERS = [1, 5, 10, 15, 20, 25]
NODE = [3.3, 11.8, 18, 21.6, 24.6, 25.5]
JAVA = [1.8, 7.6, 11.5, 11.3]


def test_contention_of_one_server_and_pairs_of_the_other():
    node = fit(of(USERS, NODE), "usl")
    assert node.vector == pytest.approx([0.0769533, 2.87866e-4, 3.105917], rel=1e-5)
    # R's nls would have -0.0252 for Java's alpha, and the book sets it to 0.
    java = fit(of(USERS[:4], JAVA), "usl")
    assert java.values["alpha"] == 0
    assert java.values["beta"] == pytest.approx(0.006158, rel=1e-3)
    assert not java["alpha"].identified


# Gunther, *Guerrilla Capacity Planning*, Springer, 2007, table 5.1: a ray tracer. R's
# package usl 3.0 prints these coefficients of its first six rows.
TRACED = [20, 78, 130, 170, 190, 200]


def test_a_ray_tracer_up_to_twenty_processors():
    found = fit(of([1, 4, 8, 12, 16, 20], TRACED), "usl")
    assert found.vector[:2].round(5).tolist() == [0.02444, 0.00163]
    assert found.vector[2] == pytest.approx(20.85605, abs=5e-6)
    # With three degrees of freedom the interval of alpha does include 0.
    assert found["alpha"].low == 0
    assert found["beta"].identified


# R's package usl 3.0: SPEC SDM91 on a SPARCcenter 2000, as its tests print it.
SDM91 = [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2]


def test_a_sparccenter_of_many_users():
    n = [1, 18, 36, 72, 108, 144, 216]
    found = fit(of(n, SDM91), "usl")
    fitted = found.fitted.round()
    assert fitted.tolist() == [90, 1078, 1541, 1850, 1879, 1822, 1646]
    residuals = found.residuals["residual"].round(2).tolist()
    assert residuals == [-25.1, -81.66, 111.09, 3.05, -49.99, -46.6, 56.0]
    assert found["peak_n"].value == pytest.approx(96.51956, rel=1e-4)
    assert found["limit"].value == pytest.approx(3245.589, rel=1e-4)
    assert found["optimal_n"].value == pytest.approx(36.06401, rel=1e-4)


# Gunther, Puglia, Tomasette, *Communications of the ACM* 58(4), 2015: a superlinear
# speedup is a contention below 0, which is said and not fitted.
def test_superlinear_speedup_is_told_as_the_contention_it_would_need():
    n = np.array([1, 2, 3, 5, 10, 15, 20])
    speedup = n / (1 - 0.0288 * (n - 1) + 0.000447 * n * (n - 1))
    random = np.random.default_rng(0)
    found = fit(of(n, speedup * np.exp(random.normal(0, 1e-3, len(n)))), "usl")
    assert found.values["alpha"] == 0
    assert any("would have alpha = -0.02" in each for each in found.warnings)
    assert any("more than their number explains" in each for each in found.warnings)
