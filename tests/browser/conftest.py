"""One Jupyter server and one Chromium for all tests of this folder.

They skip, with the reason, where one of the two cannot be had. Both end with the last
test here: while Playwright runs, no other test could have an event loop of its own.
"""

import os
from pathlib import Path

import pytest

from . import cells, serving
from .driving import Lab

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package", autouse=True)
def all_that_is_needed():
    """Skips, with one reason for all tests."""
    lacking = serving.lacking()
    if lacking:
        pytest.skip(f"a browser's tests need {lacking}")


@pytest.fixture(scope="package")
def chromium(all_that_is_needed):
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=serving.chromium(), args=_FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(chromium, tmp_path_factory):
    """A Jupyter server of our own; it and all its kernels end with the tests."""
    with serving.Server(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="package")
def shots(tmp_path_factory):
    """Where screenshots go: $PARALLEL_NB_SHOTS, or a folder of pytest's."""
    folder = os.environ.get("PARALLEL_NB_SHOTS")
    folder = Path(folder) if folder else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="package")
def lab(chromium, server):
    """JupyterLab with one notebook, in which each widget has a cell."""
    opened = Lab(chromium, server, cells.WIDGETS.values())
    yield opened
    opened.close()
    server.end_kernels()


@pytest.fixture
def notebook(chromium, server):
    """Opens a notebook of some cells, by default in JupyterLab, and runs them."""
    opened = []

    def open_one(*sources, **options):
        opened.append(Lab(chromium, server, sources, **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
