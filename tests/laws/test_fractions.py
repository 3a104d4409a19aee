"""Serial fractions of single measurements, against the laws that define them."""

import numpy as np
import pytest

from parallel_nb.laws import (
    AMDAHL,
    GUSTAFSON,
    USL,
    karp_flatt,
    scaled_serial_fraction,
)

N = np.array([2, 4, 16, 1000])


def test_karp_flatt_of_amdahls_law_is_its_serial_fraction():
    assert karp_flatt(AMDAHL.speedup(N, serial_fraction=0.07), N) == pytest.approx(0.07)


def test_karp_flatt_of_the_usl_rises_by_beta_for_each_worker():
    found = karp_flatt(USL.speedup(N, alpha=0.05, beta=1e-3), N)
    assert found == pytest.approx(0.05 + 1e-3 * N)


def test_gustafsons_fraction_is_that_of_his_law():
    speedup = GUSTAFSON.speedup(N, scaled_serial_fraction=0.07)
    assert scaled_serial_fraction(speedup, N) == pytest.approx(0.07)


@pytest.mark.parametrize("fraction", [karp_flatt, scaled_serial_fraction])
def test_one_worker_says_nothing(fraction):
    assert np.isnan(fraction([1.0], [1])).all()


def test_more_than_n_times_as_fast_is_below_zero():
    assert karp_flatt([4.5], [4]) < 0


@pytest.mark.parametrize("fraction", [karp_flatt, scaled_serial_fraction])
def test_what_is_no_speedup_is_refused(fraction):
    with pytest.raises(ValueError, match="`speedup` must be positive"):
        fraction([0.0], [2])
    with pytest.raises(ValueError, match="`n_workers` must be positive"):
        fraction([1.0], [0])
