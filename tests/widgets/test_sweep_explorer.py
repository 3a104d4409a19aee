"""Each control of a Sweep's explorer, and what the data do not tell."""

import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb.sweeps import Sweep

from ..fitting.making import AMDAHL, USL, sweep_of
from .making import seen


@pytest.fixture
def page():
    return pnb.explore(sweep_of("usl", USL, noise=0.02))


def test_the_best_law_is_on_at_first(page):
    assert [name for name, control in page.laws.items() if control.value] == ["usl"]
    assert "USL 8." in page.framed.words
    assert "alpha = 0.05" in page.read_out.value


def test_laws_are_switched_on_and_off(page):
    before = seen(page.framed)
    page.laws["amdahl"].value = True
    both = seen(page.framed)
    assert "Amdahl" in page.framed.words
    assert "serial_fraction = " in page.read_out.value
    assert both[0] != before[0]
    page.laws["amdahl"].value = False
    assert seen(page.framed) == before


@pytest.mark.parametrize(
    ("control", "value"),
    [("measure", "efficiency"), ("bands", False), ("logarithmic", True)],
)
def test_each_control_is_another_picture(page, control, value):
    before = seen(page.framed)[0]
    getattr(page, control).value = value
    assert seen(page.framed)[0] != before


def test_what_was_drawn_before_leaves_no_trace(page):
    page.logarithmic.value, page.bands.value = True, False
    page.measure.value = "efficiency"
    page.laws["amdahl"].value = True
    page.up_to.value = 1024
    fresh = pnb.explore(page._sweep)
    for name in ("measure", "bands", "logarithmic"):
        getattr(page, name).value = getattr(fresh, name).value
    page.laws["amdahl"].value = False
    for up_to in (64, 128):
        page.up_to.value = fresh.up_to.value = up_to
        assert seen(page.framed) == seen(fresh.framed)


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("measure", ["speedup", "efficiency"])
def test_laws_are_followed_to_1024_workers(page, measure, logarithmic):
    page.measure.value, page.logarithmic.value = measure, logarithmic
    assert page.up_to.options[0] == ("32", 32)
    page.up_to.value = page.up_to.options[-1][1]
    assert "With 1024 workers, beyond the measurements" in page.framed.words


def test_what_the_data_do_not_tell_is_said_so():
    page = pnb.explore(sweep_of("amdahl", AMDAHL, noise=0.02))
    page.laws["usl"].value = True
    assert "beta: not identified" in page.read_out.value


def test_the_data_are_there_in_a_table(page):
    assert "The data (18 rows)" in page.data.value
    assert page.data.value.count("<tr>") == 19
    assert '<th scope="col">n workers</th>' in page.data.value


def test_one_of_several_backends_is_shown_at_a_time():
    tables = [
        pd.DataFrame({"n": [1, 2, 4], "t": [8.0, 5.0, slowest], "backend": backend})
        for slowest, backend in ((3.0, "threading"), (4.0, "loky"))
    ]
    sweep = Sweep.from_frame(pd.concat(tables), n="n", time="t", backend="backend")
    page = pnb.explore(sweep)
    assert page.backend.layout.display == ""
    before = seen(page.framed)[0]
    page.backend.value = "loky"
    assert seen(page.framed)[0] != before
    assert "4" in page.data.value


def test_a_sweep_too_small_for_laws_shows_its_measurements():
    table = pd.DataFrame({"n": [4], "t": [2.0]})
    page = pnb.explore(Sweep.from_frame(table, n="n", time="t"))
    assert page.framed.words


def test_every_control_has_a_label(page):
    controls = [page.measure, page.bands, page.logarithmic, page.up_to, page.backend]
    assert all(control.description for control in [*controls, *page.laws.values()])


def test_a_saved_notebook_keeps_picture_parameters_and_data(page):
    kept = page._repr_mimebundle_()["text/html"]
    assert "data:image/png;base64," in kept
    assert "alpha = " in kept
    assert "The data (18 rows)" in kept
