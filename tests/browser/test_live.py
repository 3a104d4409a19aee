"""A run that shows itself in JupyterLab while it goes on."""

import json

import pytest

from . import cells

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEPT = """
import json
counts = pnb.last_run().attempts["status"].value_counts()
print(json.dumps({status: int(n) for status, n in counts.items() if n}))
"""
HALF = "4 of 8 tasks ended"


@pytest.fixture
def file(server):
    """What the tasks wait for; it comes when all else is over."""
    path = server.root / "go"
    path.unlink(missing_ok=True)
    yield path
    path.touch()


def live(cell, file):
    return cell.replace("{file}", str(file))


def painted(output):
    """Until the lanes are painted anew twice: they grow while nothing else happens."""
    before = output.says(HALF)
    for _ in range(2):
        before = output.changed(before, ["pictures"])


def test_a_run_is_painted_while_it_goes_on(notebook, file, shots):
    page = notebook(live(cells.LIVE, file), is_awaited=False)
    output = page.output(0)
    painted(output)
    assert "stops it and keeps what has finished" in output.root.inner_text()
    output.shot(shots / "live.png")
    file.touch()
    page.wait()
    output.says("naps: 8 of 8 tasks done in")
    output.shot(shots / "live-over.png")
    page.assert_well()


def test_a_run_that_is_interrupted_keeps_its_rows(notebook, file, shots):
    page = notebook(live(cells.LIVE, file), later=[KEPT], is_awaited=False)
    output = page.output(0)
    painted(output)
    page.command("notebook:interrupt-kernel")
    output.says("What had finished is kept: pnb.last_run()")
    page.wait()
    output.shot(shots / "live-interrupted.png")
    (error,) = page.errors()
    assert "KeyboardInterrupt" in error
    kept = json.loads(page.run(1).printed())
    assert kept == {"done": 4, "cancelled": 4}
    assert page.complaints == []


def test_a_run_in_the_background_is_cancelled_by_keyboard(notebook, file, shots):
    page = notebook(live(cells.LIVE_BEHIND, file), later=[KEPT], is_awaited=False)
    output = page.output(0)
    painted(output)
    output.shot(shots / "live-behind.png")
    output.strike("button", "Cancel", "Enter")
    output.says("cancelled after")
    output.shot(shots / "live-cancelled.png")
    kept = json.loads(page.run(1).printed())
    assert kept == {"done": 4, "cancelled": 4}
    page.assert_well()
