"""Where a picture goes, and that a notebook shows it once, with words."""

import html
import re

import nbformat
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from nbclient import NotebookClient

from parallel_nb import draw
from parallel_nb.draw import pictures
from parallel_nb.errors import ArgumentError
from tests.draw.making import many, run_of

RUN = [(0, 0, 4), (1, 0, 2)]


@pytest.fixture
def _no_open_figures():
    pyplot.switch_backend("agg")
    pyplot.close("all")
    yield
    pyplot.close("all")


@pytest.mark.usefixtures("_no_open_figures")
class TestWithPyplot:
    def test_a_figure_that_was_just_opened_is_used(self):
        figure = pyplot.figure(figsize=(9, 2))
        assert draw.timeline(run_of(*RUN)).get_figure() is figure

    def test_axes_that_were_just_opened_are_used(self):
        _, (_, right) = pyplot.subplots(ncols=2)
        assert draw.timeline(run_of(*RUN)) is right

    def test_a_figure_with_something_in_it_is_left_alone(self):
        pyplot.plot([1, 2])
        before = pyplot.gcf()
        assert draw.timeline(run_of(*RUN)).get_figure() is not before

    def test_pyplot_does_not_keep_our_figures(self):
        draw.timeline(run_of(*RUN))
        assert pyplot.get_fignums() == []


@pytest.mark.parametrize("wrong", [Figure(), "ax", np.array([1])])
def test_what_is_no_axes_is_refused(wrong):
    with pytest.raises(ArgumentError, match="`ax` must be matplotlib Axes or None"):
        draw.timeline(run_of(*RUN), wrong)


def test_a_figure_has_the_words_of_all_its_axes():
    figure = Figure()
    above, below = figure.subplots(2)
    draw.timeline(run_of(*RUN), above)
    draw.utilization(run_of(*RUN), below)
    told = draw.caption(figure)
    assert told == f"{draw.caption(above)} {draw.caption(below)}"


def test_other_axes_have_no_words():
    assert draw.caption(Figure().add_subplot()) == ""


def test_rendering_twice_as_sharp_keeps_the_size():
    figure = draw.timeline(run_of(*RUN)).get_figure()
    dpi, canvas = figure.dpi, figure.canvas
    plain, size = pictures.rendered(figure)
    sharp, same_size = pictures.rendered(figure, scale=2)
    assert size == same_size
    assert len(sharp) > len(plain)
    assert (figure.dpi, figure.canvas) == (dpi, canvas)


def test_the_bundle_has_the_picture_and_its_words():
    ax = draw.timeline(run_of(*RUN, label='"<b>"'))
    bundle, metadata = ax._repr_mimebundle_()
    told = re.search('alt="([^"]*)"', bundle["text/html"]).group(1)
    assert html.unescape(told) == draw.caption(ax) == bundle["text/plain"]
    assert bundle["image/png"] in bundle["text/html"]
    assert metadata["image/png"]["width"] == 896


def test_a_heavy_picture_is_less_sharp(monkeypatch):
    ax = draw.timeline(many(5_000, 100))
    sharp = len(ax._repr_mimebundle_()[0]["image/png"])
    monkeypatch.setattr(pictures, "_HEAVY", 10_000)
    assert len(ax._repr_mimebundle_()[0]["image/png"]) < 0.7 * sharp


CELLS = {
    "set up": """
        import sys
        import pandas as pd
        from IPython.display import display
        from parallel_nb import Run, draw
        table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
        run = Run.from_frame(table)
        """,
    "last value": "draw.timeline(run)",
    "its figure": "draw.timeline(run).figure",
    "assigned": "ax = draw.timeline(run)\nax.set_title('Mine');",
    "another last value": "draw.timeline(run)\n40 + 2",
    "in a function": "def plot():\n    draw.timeline(run)\nplot()",
    "displayed": "display(draw.timeline(run))",
    "captured": "%%capture captured\ndraw.timeline(run)",
    "what was captured": "print(len(captured.outputs))",
    "nothing": "x = 1",
    "shown again": "ax",
    "two": "draw.timeline(run)\ndraw.utilization(run)",
    "no pyplot yet": "print('matplotlib.pyplot' in sys.modules)",
    "pyplot opens": """
        import matplotlib.pyplot as plt
        plt.figure(figsize=(8, 2))
        draw.timeline(run)
        """,
    "pyplot axes": """
        _, axes = plt.subplots(2)
        draw.timeline(run, ax=axes[0])
        draw.utilization(run, ax=axes[1])
        None
        """,
    "last value, pyplot there": "draw.timeline(run)",
    "its figure, pyplot there": "fig = draw.timeline(run).figure\nfig",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each of the cells left in a notebook, by a real kernel."""
    import textwrap

    cells = [nbformat.v4.new_code_cell(textwrap.dedent(c)) for c in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def images(outputs):
    return [out for out in outputs if "image/png" in out.get("data", {})]


@pytest.mark.parametrize(
    ("cell", "n_pictures"),
    [
        ("last value", 1),
        ("its figure", 1),
        ("assigned", 1),
        ("another last value", 1),
        ("in a function", 1),
        ("displayed", 1),
        ("captured", 0),
        ("nothing", 0),
        ("shown again", 1),
        ("two", 2),
        ("pyplot opens", 1),
        ("pyplot axes", 1),
        ("last value, pyplot there", 1),
        ("its figure, pyplot there", 1),
    ],
)
def test_a_notebook_shows_each_picture_once(outputs, cell, n_pictures):
    assert len(images(outputs[cell])) == n_pictures


@pytest.mark.parametrize(
    "cell", ["last value", "its figure", "assigned", "in a function"]
)
def test_a_notebook_keeps_the_words(outputs, cell):
    (shown,) = images(outputs[cell])
    assert 'alt="Timeline of a run: 2 attempts' in shown["data"]["text/html"]
    assert shown["data"]["text/plain"].startswith("Timeline of a run")


def test_a_captured_picture_is_captured(outputs):
    assert outputs["what was captured"][0]["text"] == "1\n"


def test_no_picture_needs_pyplot(outputs):
    assert outputs["no pyplot yet"][0]["text"] == "False\n"
