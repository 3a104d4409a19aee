"""What a saved notebook shows of a widget where no kernel is."""

import nbconvert
import nbformat
import pytest

import parallel_nb as pnb

from ..fitting.making import AMDAHL, sweep_of
from .making import uneven

WIDGETS = {
    "run": lambda: pnb.explore(uneven()),
    "sweep": lambda: pnb.explore(sweep_of("amdahl", AMDAHL)),
    "laws": pnb.laws_lab,
    "schedules": pnb.schedule_lab,
}


@pytest.mark.parametrize("name", WIDGETS)
def test_a_page_made_of_the_notebook_shows_the_picture_and_its_words(name):
    cell = nbformat.v4.new_code_cell("it", id="shown", execution_count=1)
    kept = WIDGETS[name]()._repr_mimebundle_()
    cell.outputs = [
        nbformat.v4.new_output("execute_result", data=kept, execution_count=1)
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.validate(notebook)
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert '<img alt="' in page
    assert "<figcaption>" in page
    assert "widget-view+json" not in page
