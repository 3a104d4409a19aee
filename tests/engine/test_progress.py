"""The bar: there when somebody watches, true, moving during long tasks, and cheap."""

import io
import re
import threading
import time

import nbclient
import nbformat
import pytest

import parallel_nb as pnb
from parallel_nb.engine import progress as progress_module

from . import chores


@pytest.fixture
def at_once(monkeypatch):
    """No waiting for runs that are over at once, and frequent repainting."""
    monkeypatch.setattr(progress_module, "_DELAY", 0.0)
    monkeypatch.setattr(progress_module, "_EVERY", 0.02)


def numbers(text):
    """``(n, total)`` of each repainting."""
    return [tuple(map(int, pair)) for pair in re.findall(r"(\d+)/(\d+)", text)]


def test_a_bar_counts_what_is_done(at_once, capfd):
    pnb.run(chores.nap, [0.03] * 10, n_jobs=2, progress=True, label="ten naps")
    shown = capfd.readouterr().err
    assert "ten naps" in shown
    seen = numbers(shown)
    assert seen[-1] == (10, 10)
    assert [n for n, _ in seen] == sorted(n for n, _ in seen)
    assert len(set(seen)) > 3


def test_a_bar_tells_failures(at_once, capfd):
    pnb.run(chores.misbehave, [0, "raise", "SIGKILL"], n_jobs=2, progress=True)
    shown = capfd.readouterr().err
    assert "2 failed" in shown
    assert numbers(shown)[-1] == (3, 3)


def test_a_bar_of_unknown_length_counts_what_it_knows(at_once, capfd):
    inputs = (0.01 for _ in range(12))
    pnb.run(chores.nap, inputs, n_jobs=2, backend="threading", progress=True)
    assert numbers(capfd.readouterr().err)[-1] == (12, 12)


@pytest.mark.parametrize("backend", ["isolated", "threading", "sequential"])
def test_a_bar_moves_during_a_long_task(at_once, capfd, backend):
    pnb.run(chores.nap, [0.5], n_jobs=2, backend=backend, progress=True)
    assert len(numbers(capfd.readouterr().err)) >= 5


def test_no_bar_is_shown_where_nobody_watches(at_once, capfd):
    pnb.run(chores.nap, [0.05] * 4, n_jobs=2)
    assert capfd.readouterr().err == ""


def test_no_bar_is_shown_where_none_is_wanted(at_once, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    pnb.run(chores.nap, [0.05] * 4, n_jobs=2, progress=False)
    assert terminal.getvalue() == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_shown_in_a_terminal(at_once, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    pnb.run(chores.nap, [0.05] * 4, n_jobs=2)
    assert numbers(terminal.getvalue())[-1] == (4, 4)


def test_a_run_that_is_over_at_once_needs_no_bar(capfd):
    pnb.run(abs, [-1], n_jobs=2, backend="threading", progress=True)
    assert capfd.readouterr().err == ""


def test_a_bar_ends_with_a_run_that_is_interrupted(at_once, capfd):
    def interrupted():
        yield 0.05
        time.sleep(0.1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pnb.run(chores.nap, interrupted(), n_jobs=2, progress=True)
    assert not any("_paint" in thread.name for thread in threading.enumerate())
    assert capfd.readouterr().err.endswith("\n")


def test_a_bar_costs_little(capfd):
    """One second of waiting: the calling process has nothing to do but the bar."""
    pnb.run(chores.nap, [0.6] * 2, n_jobs=2, progress=True)
    before = time.process_time()
    pnb.run(chores.nap, [1.5] * 2, n_jobs=2, progress=True)
    with_bar = time.process_time() - before
    before = time.process_time()
    pnb.run(chores.nap, [1.5] * 2, n_jobs=2, progress=False)
    without = time.process_time() - before
    assert with_bar - without < 0.1
    assert capfd.readouterr().err != ""


def test_a_saved_notebook_says_how_it_ended():
    code = """
import time
import parallel_nb as pnb
run = pnb.run(time.sleep, [0.1] * 10, n_jobs=1, backend="threading")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    said = [
        output.data["text/plain"]
        for output in notebook.cells[0].outputs
        if output.output_type == "display_data"
    ]
    assert said[-1].startswith("sleep: 10 of 10 tasks done in")
    assert not any("0/10 " in text.replace("10/10 ", "") for text in said)
