"""The laws: identities, limits, slopes, and answers that anyone can work out."""

import numpy as np
import pytest

from parallel_nb.errors import ArgumentError
from parallel_nb.laws import (
    AMDAHL,
    AMDAHL_OVERHEAD,
    GUSTAFSON,
    LAWS,
    LINEAR,
    USL,
)

N = np.array([1.0, 2, 3, 8, 64, 1000])
SOME = {
    "linear": {},
    "amdahl": {"serial_fraction": 0.1},
    "gustafson": {"scaled_serial_fraction": 0.1},
    "usl": {"alpha": 0.02, "beta": 0.001},
    "amdahl_overhead": {"serial_fraction": 0.02, "overhead": 0.001},
}


@pytest.mark.parametrize("name", LAWS)
def test_one_worker_is_one_time_as_fast(name):
    assert LAWS[name].speedup([1], **SOME[name]) == pytest.approx(1.0)


@pytest.mark.parametrize("name", LAWS)
def test_without_losses_every_law_is_linear(name):
    law = LAWS[name]
    lossless = dict.fromkeys(law.names[:-1], 0.0)
    assert law.speedup(N, **lossless) == pytest.approx(N)


@pytest.mark.parametrize("name", LAWS)
def test_slopes_are_the_derivatives(name):
    law = LAWS[name]
    values = np.array([*SOME[name].values(), 50.0])
    for at in range(len(values)):
        step = np.zeros(len(values))
        step[at] = 1e-6 * values[at]
        difference = law.curve(N, values + step) - law.curve(N, values - step)
        slopes = law.slopes(N, values)[:, at]
        assert slopes == pytest.approx(difference / (2 * step[at]), rel=1e-6)


@pytest.mark.parametrize("name", LAWS)
def test_many_curves_at_once_are_the_same_as_one_by_one(name):
    law = LAWS[name]
    one = np.array([*SOME[name].values(), 50.0])
    stack = np.stack([one, one * 0.5])
    assert law.curve(N, stack).shape == (2, len(N))
    assert law.slopes(N, stack).shape == (2, len(N), len(one))
    assert law.curve(N, stack)[1] == pytest.approx(law.curve(N, one * 0.5))


def test_the_usl_without_coherency_is_amdahls_law():
    assert USL.speedup(N, alpha=0.1, beta=0) == pytest.approx(
        AMDAHL.speedup(N, serial_fraction=0.1)
    )


def test_amdahls_law_with_an_overhead_for_each_worker_is_the_usl_in_seconds():
    s, k = 0.05, 0.002
    seconds = s + (1 - s) / N + k * (N - 1)
    speedup = AMDAHL_OVERHEAD.speedup(N, serial_fraction=s, overhead=k)
    assert 1 / speedup == pytest.approx(seconds)
    assert speedup == pytest.approx(USL.speedup(N, alpha=s, beta=k))


def test_gustafsons_share_of_the_parallel_run_is_amdahls_of_the_serial_one():
    # A run on n workers that is serial for s' of its time takes s' + n (1 - s') alone.
    n, scaled = 16, 0.1
    alone = scaled + n * (1 - scaled)
    serial = scaled / alone
    assert GUSTAFSON.speedup([n], scaled_serial_fraction=scaled) == pytest.approx(alone)
    assert AMDAHL.speedup([n], serial_fraction=serial) == pytest.approx(alone)


def consequences(law, **parameters):
    values = np.array([parameters[name] for name in law.names])
    return {c.name: float(c.flat(values)) ** c.power for c in law.consequences}


def test_the_peak_of_the_usl_is_where_its_closed_form_says():
    found = consequences(USL, alpha=0.02, beta=0.001, gamma=10.0)
    n = np.linspace(1, 200, 100_001)
    throughput = USL.throughput(n, alpha=0.02, beta=0.001, gamma=10.0)
    assert found["peak_n"] == pytest.approx(n[throughput.argmax()], rel=1e-3)
    assert found["peak_throughput"] == pytest.approx(throughput.max())
    assert found["peak_speedup"] == pytest.approx(throughput.max() / 10)


def test_amdahls_limit_is_one_over_the_serial_fraction():
    found = consequences(AMDAHL, serial_fraction=0.2, gamma=3.0)
    assert found == pytest.approx({"limit": 15.0, "max_speedup": 5.0})
    assert AMDAHL.speedup([1e9], serial_fraction=0.2) == pytest.approx(5.0)


def test_parameters_are_checked_by_name_and_bound():
    with pytest.raises(ArgumentError, match="has the parameters serial_fraction"):
        AMDAHL.speedup([2], alpha=0.1)
    with pytest.raises(ArgumentError, match="`serial_fraction` must be from 0 to 1"):
        AMDAHL.speedup([2], serial_fraction=1.5)


def test_a_law_is_frozen_and_names_its_source():
    with pytest.raises(AttributeError):
        LINEAR.name = "other"
    assert all(len(law.source) > 40 for law in LAWS.values())
