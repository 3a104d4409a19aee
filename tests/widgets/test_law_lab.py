"""The sandbox of laws: each control, the moment, and the challenge."""

import itertools

import numpy as np
import pytest

from parallel_nb.draw.law_picture import Case
from parallel_nb.widgets.law_lab import laws_lab

from .making import seen

LAWS = ["amdahl", "gustafson", "usl"]


@pytest.fixture
def lab():
    return laws_lab()


@pytest.mark.parametrize(
    ("law", "n", "serial", "coherency"),
    list(itertools.product(LAWS, [1, 7, 1024], [0.0, 0.3, 1.0], [0.0, 1e-3])),
)
def test_the_times_that_are_drawn_give_the_speedup_of_the_law(
    law, n, serial, coherency
):
    case = Case(law, n, serial, coherency if law == "usl" else 0.0)
    one, many = (sum(times.values()) for times in case.times)
    assert one / many == pytest.approx(case.speedup)


@pytest.mark.parametrize(
    ("control", "value", "said"),
    [
        ("law", "gustafson", "Gustafson, 5 % serial, on 16 workers: 15.2×"),
        ("workers", 1000, "on 1,000 workers: 19.6×"),
        ("serial", 50.0, "Amdahl, 50 % serial, on 16 workers: 1.88×"),
    ],
)
def test_each_control_changes_the_picture_and_what_is_said(lab, control, value, said):
    before = seen(lab.framed)
    getattr(lab, control).value = value
    assert seen(lab.framed)[0] != before[0]
    assert said in lab.framed.words


def test_coherency_is_asked_for_under_the_usl_only(lab):
    assert lab.coherency.layout.display == "none"
    lab.law.value = "usl"
    assert lab.coherency.layout.display == ""
    assert lab.serial.description == "Contention (%)"
    before = seen(lab.framed)
    lab.coherency.value = 0.01
    assert seen(lab.framed)[0] != before[0]
    assert "Fastest with 10 workers" in lab.framed.words


def test_the_moment_of_a_thousand_workers(lab):
    lab.law.value = "usl"
    lab.thousand.click()
    assert lab.framed.words == (
        "Amdahl, 5 % serial, on 1,000 workers: 19.6× as fast as one, efficiency 2 %. "
        "100 s of one worker become 5.09 s, of which 5 s serial. No number of workers "
        "is more than 20× as fast."
    )


def test_a_challenge_hides_the_answer_until_it_is_asked_for(lab):
    lab.thousand.click()
    shown = seen(lab.framed)[0]
    lab.challenge.value = True
    assert "how many times as fast" in lab.framed.words
    assert "19.6" not in lab.framed.caption.value
    assert seen(lab.framed)[0] != shown
    lab.guess.value = 950
    lab.see.click()
    assert "You said 950×, it is 19.6×: 48.4 times too high." in lab.verdict.value
    assert seen(lab.framed)[0] == shown


def test_another_challenge_hides_again(lab):
    lab.challenge.value = True
    lab.see.click()
    lab.another.click()
    assert "how many times as fast" in lab.framed.words
    assert "You said" not in lab.verdict.value


def test_the_fastest_number_of_workers_is_told(lab):
    lab.law.value = "usl"
    told = lab.framed.words
    n = int(told.partition("Fastest with ")[2].split()[0])
    every = np.arange(1, 1025)
    assert every[lab.case.speedups(every).argmax()] == n


def test_a_saved_notebook_keeps_the_picture(lab):
    kept = lab._repr_mimebundle_()["text/html"]
    assert 'alt="Amdahl, 5 % serial' in kept
    assert "data:image/png;base64," in kept
