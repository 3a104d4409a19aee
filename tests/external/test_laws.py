"""Published scaling measurements: the coefficients that others found in them.

Measurements are read from a folder beside the repository; without it, they are skipped.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parallel_nb import Sweep, fit
from parallel_nb.laws import (
    AMDAHL,
    GUSTAFSON,
    USL,
    karp_flatt,
    scaled_serial_fraction,
)

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "external"
KNOWN = (
    json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))["scaling"]
    if (FOLDER / "expected.json").is_file()
    else {}
)
pytestmark = pytest.mark.skipif(not KNOWN, reason=f"no measurements in {FOLDER}")


def sweep(name):
    table = pd.read_csv(FOLDER / KNOWN[name]["file"])
    return Sweep.from_frame(table, n=table.columns[0], throughput="throughput")


def printed(value, like):
    """The value, to as many significant digits as another is printed with."""
    digits = len(
        f"{like!r}".split("e")[0].replace("-", "").replace(".", "").lstrip("0")
    )
    return float(f"{value:.{digits}g}")


def test_specsdm91_to_the_printed_digits():
    known = KNOWN["specsdm91"]["usl"]
    found = fit(sweep("specsdm91"), "usl")
    for name, se in zip(("alpha", "beta", "gamma"), known["se"], strict=True):
        assert printed(found[name].value, known[name]) == known[name]
        assert printed(found[name].se, se) == se
        assert found[name].identified
    for name in ("peak_n", "peak_throughput", "limit", "optimal_n"):
        assert printed(found[name].value, known[name]) == known[name]
        assert found[name].identified
    assert printed(found.residual_se, known["residual_se"]) == known["residual_se"]
    assert found.df == known["df"]
    for name, (low, high) in KNOWN["specsdm91"]["ci95_t"].items():
        assert found[name].low == pytest.approx(low, rel=5e-3)
        assert found[name].high == pytest.approx(high, rel=5e-4)
        assert found[name].method == "t"


def test_specsdm91_is_a_case_on_which_criteria_disagree():
    found = fit(sweep("specsdm91"))
    assert found["usl"].aic < found["amdahl"].aic
    assert found["usl"].aicc > found["amdahl"].aicc
    votes = found.votes.set_index("way")["law"]
    assert votes["AICc"] == "amdahl"
    assert votes["nested F"] == "usl"
    assert not found.agree
    assert found.verdict.startswith("The tests disagree: AICc says Amdahl")


def test_raytracer_has_no_peak():
    known = KNOWN["raytracer"]["usl"]
    found = fit(sweep("raytracer"), "usl")
    assert found.values["beta"] == known["beta"] == 0.0
    for name in ("alpha", "gamma"):
        assert printed(found.values[name], known[name]) == known[name]
    assert printed(found.residual_se, known["residual_se"]) == known["residual_se"]
    assert not found["beta"].identified
    assert found["beta"].method == "profile"
    for name in ("peak_n", "peak_throughput"):
        assert not found[name].identified
        assert np.isnan(found[name].value)
        assert "includes its bound 0" in found[name].reason
    assert "A peak is not identified" not in fit(sweep("raytracer")).verdict  # Amdahl


def test_cisco_within_its_tolerance():
    known = KNOWN["cisco"]
    found = fit(sweep("cisco"), "usl")
    for name in ("alpha", "beta", "gamma"):
        expected = pytest.approx(known["usl"][name], rel=known["relative_tolerance"])
        assert found[name].value == expected
    assert int(found["peak_n"].value) == known["usl"]["peak_n_floor"]
    assert found["peak_throughput"].value == pytest.approx(
        known["usl"]["peak_throughput"], rel=known["relative_tolerance"]
    )
    assert any("residuals keep their sign" in each for each in found.warnings)


def test_synthetic_throughputs_give_back_what_made_them():
    known = KNOWN["synthetic"]
    table = pd.DataFrame({"n": known["n"], "x": known["throughput"]})
    found = fit(Sweep.from_frame(table, n="n", throughput="x"), "usl")
    for name, value in known["usl"].items():
        assert found[name].value == pytest.approx(value, rel=5e-4)


def test_the_usl_forwards():
    known = KNOWN["usl_forward"]
    found = USL.throughput(
        known["n"], gamma=known["gamma"], alpha=known["alpha"], beta=known["beta"]
    )
    assert found == pytest.approx(known["throughput"], rel=1e-11)


def test_the_closed_form_of_the_peak():
    known = KNOWN["usl_closed_form"]
    values = np.array([known["alpha"], known["beta"], 1.0])
    found = {c.name: c.flat(values) ** c.power for c in USL.consequences}
    assert found["peak_n"] == pytest.approx(known["peak_n"], abs=5e-5)
    assert found["optimal_n"] == pytest.approx(known["optimal_n"])


def test_the_amdahl_lesson():
    known = KNOWN["amdahl_lesson"]
    table = pd.DataFrame({"n": known["n"], "seconds": known["seconds"]})
    lesson = Sweep.from_frame(table, n="n", time="seconds")
    found = fit(lesson, "amdahl")
    assert found["serial_fraction"].value == pytest.approx(
        known["fit_serial_fraction"], abs=1e-5
    )
    e = lesson.table["karp_flatt"].to_numpy()[1:]
    assert e.round(5).tolist() == known["karp_flatt"]


def test_amdahls_limit():
    known = KNOWN["amdahl_limit"]
    values = np.array([known["serial_fraction"], 1.0])
    found = {c.name: c.flat(values) ** c.power for c in AMDAHL.consequences}
    assert found["max_speedup"] == pytest.approx(known["max_speedup"])


def test_gustafsons_table():
    known = KNOWN["gustafson1988"]
    fractions = known["serial_fraction_on_parallel_run"]
    found = scaled_serial_fraction(known["scaled_speedup"], known["n"])
    assert found.round(7).tolist() == fractions
    for fraction, speedup in zip(fractions, known["scaled_speedup"], strict=True):
        forwards = GUSTAFSON.speedup([known["n"]], scaled_serial_fraction=fraction)
        assert forwards == pytest.approx(speedup, abs=1e-4)


@pytest.mark.parametrize("kind", ["constant", "rising"])
def test_karp_and_flatts_tables(kind):
    known = KNOWN["karp_flatt_textbook"]
    found = karp_flatt(known[kind]["speedup"], known["n"])
    assert found == pytest.approx(known[kind]["e"], abs=2e-3)
