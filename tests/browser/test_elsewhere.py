"""Widgets in Notebook 7, in Voilà, and where no kernel is and no network."""

import nbclient
import nbconvert
import nbformat
import pytest

from . import cells
from .driving import Output, Page, written

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_page_made_of_an_executed_notebook_shows_pictures_offline(
    chromium, tmp_path, shots
):
    # Of past runs there is a table, until one is opened.
    sources = [each for name, each in cells.WIDGETS.items() if name != "past"]
    made = [nbformat.v4.new_code_cell(each) for each in sources]
    notebook = nbformat.v4.new_notebook(cells=made)
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    assert notebook.metadata.widgets  # what a page without a network cannot show
    html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    pictures = page.locator("[class^=pnb-kept] img")
    assert pictures.count() >= len(made)
    for at in range(pictures.count()):
        assert pictures.nth(at).is_visible()
        assert pictures.nth(at).evaluate("(image) => image.naturalWidth") > 400
        assert pictures.nth(at).get_attribute("alt")
    page.screenshot(path=shots / "static.png", full_page=True)
    context.close()


def test_widgets_work_in_notebook_7(notebook, shots):
    page = notebook(cells.RUN, cells.PAST, where="notebooks")
    run = page.output(0)
    assert "80 attempts on 4 workers" in run.seen()["words"]
    run.press("slider", "In view (s), from", *["ArrowRight"] * 3)
    run.press("button", "name", "Enter")
    run.says("Coloured by name.")
    run.press("button", "What if", "Enter")
    run.press("slider", "Workers", "ArrowRight")
    run.shot(shots / "notebook-7.png")
    past = page.output(1)
    past.strike("listbox", "Run", "ArrowDown")
    past.press("button", "Explore", "Enter")
    past.says("Opened ")
    page.assert_well()


def test_widgets_work_in_voila(chromium, server, shots):
    name = written(server, [cells.RUN, cells.LAWS])
    page = Page(chromium, server.address(f"voila/render/{name}"))
    shown = Output(page.tab, page.tab.locator("body"))
    shown.says("80 attempts on 4 workers")
    shown.says("Amdahl, 5 % serial")
    shown.press("slider", "In view (s), from", *["ArrowRight"] * 3)
    shown.press("button", "name", "Enter")
    shown.says("Coloured by name.")
    now = shown.press("button", "1,000 workers, 5 % serial", "Enter")
    assert "19.6× as fast as one" in now["words"]
    page.tab.screenshot(path=shots / "voila.png", full_page=True)
    assert page.complaints == []
    page.close()
