"""The page: one file, safe and offline, that says what the Runs say."""

import os
import re

import numpy as np
import pandas as pd
import pytest

from parallel_nb.errors import ArgumentError, StoreError
from parallel_nb.reading import read as load
from parallel_nb.reporting import to_html
from parallel_nb.sweeps import Sweep
from tests.draw.making import many, run_of
from tests.test_display import read

SOME = [
    (0, 0, 4),
    (1, 0, 2, "failed", "fit", "ValueError: no"),
    (1, 2, 3, "done", "fit"),
]


@pytest.fixture
def page(tmp_path):
    """Write a page; its words and tags."""

    def write(runs, **options):
        path = to_html(runs, tmp_path / "page.html", **options)
        return read(path.read_text(encoding="utf-8").partition("<body>")[2][:-16])

    return write


def test_one_run_has_a_page(page):
    words, tags = page(run_of(*SOME, label="search"))
    assert words.startswith("search 3 tasks · 2 workers (isolated) makespan 4 s")
    assert [tag for tag, _ in tags].count("img") == 3
    assert "Side by side" not in words


def test_each_picture_has_words_and_its_own_data(page):
    _, tags = page(run_of(*SOME))
    alts = [attributes["alt"] for tag, attributes in tags if tag == "img"]
    assert [alt.split()[0] for alt in alts] == ["Timeline", "Busy", "Ledger"]
    sources = [attributes["src"] for tag, attributes in tags if tag == "img"]
    assert all(source.startswith("data:image/png;base64,") for source in sources)


def test_several_runs_are_compared_with_the_first(page):
    runs = {"one": run_of((0, 0, 8)), "two": run_of((0, 0, 4), (1, 0, 4))}
    words, _ = page(runs, title="Both")
    assert words.startswith("Both one two Side by side one two tasks 1 2 done 1 2")
    assert "makespan 8 s 4 s 0.5× work 8 s 8 s 1×" in words
    assert "speedup (estimated) 1× 2×" in words


def test_comparable_runs_share_one_time_scale(page):
    long, half, short = (run_of((0, 0, seconds)) for seconds in (8, 4, 0.01))
    assert "share one time scale" in page([long, half])[0]
    assert "share one time scale" not in page([long, short])[0]


def test_runs_without_names_are_numbered_and_none_is_lost(page):
    runs = [
        run_of((0, 0, 1)),
        run_of((0, 0, 1), label="a"),
        run_of((0, 0, 1), label="a"),
    ]
    words, _ = page(runs)
    assert words.startswith("3 runs Run 1 a a (3) Side by side")


def test_the_longest_attempts_come_first(page):
    rows = [(0, 10 * at, 10 * at + 1 + at, "done", f"name {at}") for at in range(12)]
    words, _ = page(run_of(*rows))
    told = re.findall(r"name (\d+) done", words)
    assert told == [str(at) for at in range(11, 1, -1)]


def test_what_went_wrong_has_its_traceback(page):
    words, _ = page(run_of(*SOME, tracebacks={(1, 1): "Traceback:\n  no"}))
    assert "What went wrong task 1 fit failed: ValueError: no Traceback: no" in words


def test_many_failures_are_counted(page):
    words, _ = page(many(1_000, 4, failed=range(100)))
    assert "and 80 more in run.errors" in words


def test_the_page_says_where_it_comes_from(page):
    words, _ = page(run_of(*SOME))
    assert "started 2025-01-31 12:00:00 UTC host here usable cores 8" in words
    assert "versions joblib 1.5.0, python 3.13.1" in words


def test_whatever_is_in_a_run_is_no_markup(page):
    evil = "</title><script>alert('\"')</script>&amp;\0\udcff"
    run = run_of(
        (0, 0, 1, "failed", evil, evil),
        label=evil,
        notes=[evil],
        tracebacks={(0, 1): evil},
    )
    for runs in (run, {evil: run, "other": run}):
        words, tags = page(runs, title=evil)
        assert "script" not in [tag for tag, _ in tags]
        assert words.count("<script>") >= 5


def test_the_page_needs_no_other_file(tmp_path):
    text = to_html(run_of(*SOME), tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(|@import|<link|<script", text)
    assert not re.search(r'(src|href)="(?!data:image/png;base64,|#)', text)
    assert text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    "rows", [(), ((-1, np.nan, np.nan, "skipped"),), ((0, 1, 1),), ((0, 1, np.nan),)]
)
def test_a_run_of_nothing_has_a_page(page, rows):
    words, _ = page([run_of(*rows), run_of(*SOME)])
    assert "Where it comes from" in words


def test_an_old_page_is_replaced(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    to_html(run_of(*SOME), path)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_write_that_fails_leaves_the_old_page_alone(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        to_html(run_of(*SOME), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"cannot write .*nowhere.page\.html"):
        to_html(run_of(*SOME), tmp_path / "nowhere" / "page.html")


def test_a_folder_is_no_page(tmp_path):
    with pytest.raises(StoreError, match="is a folder"):
        to_html(run_of(*SOME), tmp_path)


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "must hold one Run at least"),
        (3, "must be a Run, a mapping of names to Runs or an iterable"),
        ({"a": 3}, "number 1 is a int"),
        ([None], "number 1 is a NoneType"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, runs, message):
    with pytest.raises(ArgumentError, match=message):
        to_html(runs, tmp_path / "page.html")
    assert os.listdir(tmp_path) == []


def test_a_sweep_has_its_verdict_pictures_and_measurements(page):
    table = pd.DataFrame({"n": [1, 2, 4, 8], "s": [9.0, 5.0, 3.0, 2.0]})
    sweep = Sweep.from_frame(table, n="n", time="s", label="four")
    words, tags = page(sweep)
    assert words.startswith("four Sweep 'four'")
    assert "Amdahl" in words
    assert [tag for tag, _ in tags].count("img") == 2
    assert "Measurements n_workers" in words


def test_a_sweep_that_no_law_fits_still_has_a_page(page):
    sweep = Sweep.from_frame(pd.DataFrame({"n": [1], "s": [9.0]}), n="n", time="s")
    words, _ = page(sweep)
    assert words.startswith("Sweep Sweep")


def test_a_page_of_an_imported_run_loads_nothing(tmp_path):
    (tmp_path / "times.csv").write_text("task,duration\na,2\nb,3\n")
    target = to_html(load(tmp_path / "times.csv"), tmp_path / "page.html")
    content = target.read_text(encoding="utf-8")
    assert "laid end to end" in content
    links = re.findall(r'\b(?:src|href)="([^"]{5})', content)
    assert set(links) <= {"data:"}
    assert "@import" not in content


def test_the_page_says_where_the_time_went_and_what_would_help(page):
    words, tags = page(run_of((0, 0, 2), (1, 0, 2), (0, 2, 6)))
    assert "Where the worker-seconds went" in words
    assert "the longest tasks came last: 6 s → 4 s (predicted, likely)" in words
    assert 'Start the longest tasks first: order="longest_first" with' in words
    assert "code" in [tag for tag, _ in tags]


def test_where_only_durations_are_known_nothing_is_told_of_workers(page):
    frame = pd.DataFrame({"task": [0, 1], "duration": [2.0, 4.0]})
    words, tags = page(load(frame))
    assert "only durations are known" in words
    assert "worker-seconds went" not in words
    assert [tag for tag, _ in tags].count("img") == 1
