"""Widgets where no kernel is, and no network."""

import nbclient
import nbconvert
import nbformat
import pytest

from . import cells

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_page_made_of_an_executed_notebook_shows_pictures_offline(
    chromium, tmp_path, shots
):
    made = [nbformat.v4.new_code_cell(each) for each in cells.WIDGETS.values()]
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
