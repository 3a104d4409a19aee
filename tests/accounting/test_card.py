"""The card of a Ledger: the parts to the eye and in words."""

import parallel_nb as pnb
from parallel_nb import display
from tests.reading import read

from .making import NAN, run_of


def on(worker, started, ended, **fields):
    return {"worker": worker, "started": started, "ended": ended, **fields}


def card(*rows, **options):
    return display.card(pnb.ledger(run_of(*rows, **options)))


def test_a_ledger_says_where_the_time_went():
    words, _ = read(card(on(0, 0, 4, cpu=3), on(1, 0, 1, status="failed")))
    for expected in (
        "Ledger 2 workers × 4 s = 8 s of worker time",
        "useful 38 %, waiting for the slowest 38 %, waiting inside attempts 12 %",
        "tail 38 %, 0.75× one worker: after the worker's last attempt",
        "lost 12 %, 0.25× one worker: inside attempts that failed",
        "(1 failed)",
        "pnb.draw.ledger(ledger)",
    ):
        assert expected in words


def test_what_nobody_noted_is_told():
    words, _ = read(card(on(0, 0, 4, ready=NAN)))
    assert "Note: nobody noted when 1 of 1 attempts became ready" in words


def test_cpu_time_of_inner_threads_is_told():
    words, _ = read(card(on(0, 0, 4, cpu=7)))
    assert "Note: 3 s of CPU time beyond the attempts' durations are left out" in words


def test_a_ledger_of_nothing_says_so():
    words, tags = read(card())
    assert "nothing ran." in words
    assert not [
        tag for tag, attributes in tags if "pnb-bar" in attributes.get("class", "")
    ]
