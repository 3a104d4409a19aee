"""Cards: that IPython shows them, that they are light, and what a Run's says."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from parallel_nb import display
from parallel_nb.draw import strip
from parallel_nb.errors import ArgumentError
from parallel_nb.runs import Run
from tests.draw.making import many, run_of
from tests.reading import read

ROOT = Path(__file__).parents[1]
SOME = [
    (0, 0, 4),
    (1, 0, 2, "failed", "fit", "ValueError: no"),
    (1, 2, 3, "done", "fit"),
]


@pytest.fixture
def shell():
    config = Config({"HistoryManager": {"enabled": False}})
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


def test_a_shell_shows_a_run_as_a_line_and_a_card(shell):
    run = run_of(*SOME)
    assert display.register()
    shown, _ = shell.display_formatter.format(run)
    assert shown == {"text/plain": repr(run), "text/html": display.card(run)}


def test_a_shell_can_be_named(shell):
    other = InteractiveShell(config=shell.config)
    assert display.register(other)
    assert "text/html" in other.display_formatter.format(run_of(*SOME))[0]


def test_every_type_that_has_a_card_exists():
    for module, name in display._CARDS:
        assert isinstance(getattr(import_module(module), name), type)


def test_what_has_no_card_is_refused():
    with pytest.raises(ArgumentError, match=r"one of Run, Plan, Log, .*; got int"):
        display.card(3)


def test_a_kind_of_run_has_the_card_of_a_run():
    class Special(Run):
        pass

    run = run_of(*SOME)
    assert "makespan 4 s" in read(display.card(Special(run.attempts, run.meta)))[0]


def test_without_ipython_there_is_nothing_to_tell():
    code = (
        "import sys; from parallel_nb import display; "
        "sys.exit(display.register() or 'IPython' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_card_does_not_wait_for_matplotlib():
    code = (
        "import sys; from parallel_nb import display; "
        "from tests.draw.making import run_of; display.card(run_of((0, 0, 1))); "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_card_has_the_numbers_to_read_first():
    words, _ = read(display.card(run_of(*SOME, label="search")))
    for expected in (
        "search 3 tasks · 2 workers (isolated)",
        "makespan 4 s",
        "speedup (estimated) 1.75×",
        "utilization 88 %",
        "efficiency 88 %",
        "load balance 88 %",
        "2 done",
        "1 failed",
    ):
        assert expected in words


def test_the_card_names_what_to_try_next_and_it_exists():
    import parallel_nb as pnb

    words, _ = read(display.card(run_of(*SOME)))
    assert "Next: run.tasks, pnb.findings(run), pnb.explore(run)" in words
    assert callable(pnb.draw.timeline)
    assert callable(pnb.save)


def test_the_picture_has_words_and_its_own_data():
    _, tags = read(display.card(run_of(*SOME)))
    (image,) = (attributes for tag, attributes in tags if tag == "img")
    assert image["alt"].startswith("Timeline of a run: 3 attempts on 2 workers in 4 s")
    assert image["src"].startswith("data:image/png;base64,")


def test_the_first_failures_are_told():
    rows = [
        (0, at, at + 1, "failed", f"name {at}", "ValueError: no") for at in range(5)
    ]
    words, _ = read(display.card(run_of(*rows)))
    assert "task 0 name 0 failed: ValueError: no" in words
    assert "name 2" in words
    assert "name 3" not in words
    assert "and 2 more in run.errors" in words


def test_tasks_that_others_stopped_are_no_failures():
    words, _ = read(display.card(run_of((0, 0, 1), (-1, np.nan, np.nan, "skipped"))))
    assert "1 skipped" in words
    assert "task 1" not in words


def test_what_a_run_must_say_aloud_is_on_the_card():
    words, _ = read(display.card(run_of(*SOME, notes=["lanes were guessed"])))
    assert "Note: lanes were guessed" in words


def test_names_and_errors_are_no_markup():
    evil = "<script>alert('\"')</script>&amp;\0\udcff"
    run = run_of((0, 0, 1, "failed", evil, evil), label=evil, notes=[evil])
    card = display.card(run)
    words, tags = read(card)
    assert "script" not in {tag for tag, _ in tags}
    assert words.count("<script>") >= 4
    card.encode("utf-8")


def test_the_card_refers_to_nothing_outside():
    card = display.card(run_of(*SOME))
    assert not re.search(r"https?:|url\(|@import|<link|<script", card)


@pytest.mark.parametrize("rows", [(), ((-1, np.nan, np.nan, "cancelled"),)])
def test_a_run_that_never_ran_has_a_card_without_a_picture(rows):
    words, tags = read(display.card(run_of(*rows)))
    assert "img" not in [tag for tag, _ in tags]
    assert "Timeline of a run" in words
    assert "makespan –" in words


def test_a_single_instant_has_a_card():
    words, _ = read(display.card(run_of((0, 1, 1))))
    assert "makespan 0 s" in words


def test_the_strip_is_opaque_and_fits_the_card():
    drawn = strip.strip(run_of(*SOME))
    assert (drawn.width, drawn.height) == (720, 36)
    assert drawn.window == (0.0, 4.0)
    white = strip.opaque(np.array([[[0, 0, 0, 0], [255, 0, 0, 255], [0, 0, 0, 51]]]))
    assert white.tolist() == [[[255] * 3, [255, 0, 0], [204] * 3]]


def test_a_card_of_many_attempts_stays_small():
    assert len(display.card(many(200_000, 64, failed=range(0, 200_000, 10)))) < 300_000
