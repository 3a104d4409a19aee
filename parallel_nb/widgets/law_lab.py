"""`laws_lab`: Amdahl, Gustafson and USL to play with, no data needed.

Knows the controls, what is said of a case, and how a guess is judged; refuses to know
formulas and pixels.
"""

from __future__ import annotations

import math
import random
import threading

import ipywidgets

from .. import laws
from ..draw import markup, wording
from ..draw.law_picture import JOB, MOST, Case, LawPicture, seconds_of
from .framed import Framed
from .page import CHECKED, LABELLED, Page, row, status

_COUNTS = (*range(1, 9), 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1000)
_PER_PAIR = (0.0, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01)
_CLOSE = 1.1  # times too high or too low: a guess that counts as right


class LawsLab(Page):
    """What `laws_lab` shows.

    Attributes
    ----------
    law : ToggleButtons
        ``"amdahl"``, ``"gustafson"`` or ``"usl"``.
    workers : SelectionSlider
    serial : FloatSlider
        Serial fraction, in percent; under the USL the contention.
    coherency : SelectionSlider
        Under the USL: what each pair of workers costs.
    thousand : Button
        The moment: 1,000 workers, 5 % serial.
    challenge : Checkbox
        Whether the speedup has to be guessed before it is seen.
    guess : BoundedFloatText
    see, another : Button
        Shows what is to be guessed; draws something else to guess.
    framed : Framed
        The picture and its words.
    """

    def __init__(self):
        self._picture, self._lock = LawPicture(), threading.RLock()
        self._is_seen, self._random = False, random.Random(0)
        self._is_held = False
        self.framed = Framed("A law's speedup by workers, and the time of a job")
        self._make_controls()
        self.verdict = ipywidgets.HTML()
        self._asked = row(self.guess, self.see, self.another)
        super().__init__(
            "Laws lab: Amdahl, Gustafson, USL",
            [
                row(self.law, self.thousand),
                row(self.workers, self.serial, self.coherency),
                row(self.challenge, self._asked),
                self.verdict,
                self.framed,
            ],
        )
        self._draw()

    def _make_controls(self) -> None:
        names = ("amdahl", "gustafson", "usl")
        self.law = ipywidgets.ToggleButtons(
            options=[(laws.LAWS[name].label, name) for name in names],
            description="Law",
            style=LABELLED,
        )
        self.workers = ipywidgets.SelectionSlider(
            options=[(f"{n:,}", n) for n in (*_COUNTS, MOST)],
            value=16,
            description="Workers",
            style=LABELLED,
        )
        self.serial = ipywidgets.FloatSlider(
            value=5.0,
            min=0.0,
            max=100.0,
            step=0.5,
            description="Serial (%)",
            readout_format=".1f",
            style=LABELLED,
        )
        self.coherency = ipywidgets.SelectionSlider(
            options=[(f"{each:g}", each) for each in _PER_PAIR],
            value=1e-4,
            description="Coherency",
            style=LABELLED,
        )
        self.thousand = ipywidgets.Button(
            description="1,000 workers, 5 % serial", layout={"width": "auto"}
        )
        self.challenge = ipywidgets.Checkbox(
            description="Challenge: guess the speedup first",
            **CHECKED,
        )
        self.guess = ipywidgets.BoundedFloatText(
            value=1.0,
            min=0.0,
            max=1e6,
            description="Your guess (×)",
            style=LABELLED,
            layout={"width": "200px"},
        )
        self.see = ipywidgets.Button(description="See it")
        self.another = ipywidgets.Button(description="Another one")
        for control in (self.law, self.workers, self.serial, self.coherency):
            control.observe(self._changed, names="value")
        self.challenge.observe(self._changed, names="value")
        self.thousand.on_click(lambda _: self._set("amdahl", 1000, 5.0))
        self.see.on_click(lambda _: self._judge())
        self.another.on_click(lambda _: self._draw_lots())

    @property
    def case(self) -> Case:
        """What the controls say."""
        coherency = self.coherency.value if self.law.value == "usl" else 0.0
        serial = self.serial.value / 100
        return Case(self.law.value, self.workers.value, serial, coherency)

    def _set(self, law: str, n_workers: int, percent: float) -> None:
        """Several controls at once, for one picture."""
        self._is_held = True
        try:
            self.law.value, self.workers.value = law, n_workers
            self.serial.value = percent
        finally:
            self._is_held = False
        self._changed()

    def _draw_lots(self) -> None:
        draw = self._random
        law = draw.choice(["amdahl", "amdahl", "gustafson", "usl"])
        percent = draw.choice([1.0, 2.0, 5.0, 10.0, 20.0, 50.0])
        self._set(law, draw.choice([4, 8, 16, 64, 256, 1000]), percent)

    def _changed(self, change=None) -> None:
        self._is_seen = False
        if not self._is_held:
            self._draw()

    def _judge(self) -> None:
        self._is_seen = True
        self._draw()

    def _draw(self) -> None:
        with self._lock:
            case, is_usl = self.case, self.law.value == "usl"
            self.coherency.layout.display = "" if is_usl else "none"
            self.serial.description = "Contention (%)" if is_usl else "Serial (%)"
            self._asked.layout.display = "" if self.challenge.value else "none"
            is_hidden = self.challenge.value and not self._is_seen
            self.verdict.value = status(markup.text(self._verdict(case)))
            image = self._picture.frame(case, is_hidden=is_hidden)
            words = question(case) if is_hidden else in_words(case)
            self.framed.show(image, self._picture.canvas.size, words)

    def _verdict(self, case: Case) -> str:
        if not (self.challenge.value and self._is_seen):
            return ""
        return judged(self.guess.value, case.speedup)

    def _kept(self) -> list[str]:
        return [self.framed.kept()]


def laws_lab() -> LawsLab:
    """Amdahl, Gustafson and USL to play with: sliders, curves, and time drawn as time.

    Returns
    -------
    LawsLab
        A widget. A notebook shows it, and keeps its picture for those who open it
        without a kernel. Its controls can be set from code as well.

    References
    ----------
    Amdahl, 1967; Gustafson, 1988; Gunther, 1993: see `parallel_nb.laws`.

    Examples
    --------
    >>> lab = laws_lab()
    >>> lab.thousand.click()
    >>> lab.framed.words.partition(". ")[0]
    'Amdahl, 5 % serial, on 1,000 workers: 19.6× as fast as one, efficiency 2 %'
    """
    return LawsLab()


def question(case: Case) -> str:
    """What is to be guessed."""
    n = wording.count(case.n_workers, "worker")
    return f"{case.words}, on {n}: how many times as fast as one worker?"


def in_words(case: Case) -> str:
    """What the picture of a case shows."""
    n, speedup = case.n_workers, case.speedup
    one, many = (sum(each.values()) for each in case.times)
    text = (
        f"{case.words}, on {wording.count(n, 'worker')}: {wording.factor(speedup)} as "
        f"fast as one, efficiency {wording.percent(speedup / n)}. "
    )
    took = f"{seconds_of(one)} of one worker become {seconds_of(many)}"
    if case.law == "gustafson":
        text += (
            f"The problem grows with the workers: in {seconds_of(JOB)} they do "
            f"what one would take {seconds_of(one)} for."
        )
    elif case.law == "amdahl":
        text += f"{took}, of which {seconds_of(case.times[1]['serial'])} serial."
        if case.serial > 0:
            limit = wording.factor(1 / case.serial)
            text += f" No number of workers is more than {limit} as fast."
    else:
        text += f"{took}.{_peak(case)}"
    return text


def _peak(case: Case) -> str:
    """Where more workers begin to hurt."""
    if not case.coherency > 0:
        return ""
    best = max(1, math.floor(math.sqrt((1 - case.serial) / case.coherency)))
    best = max((best, best + 1), key=lambda n: float(case.speedups([n])[0]))
    at_best = float(case.speedups([best])[0])
    return (
        f" Fastest with {wording.count(best, 'worker')}: {wording.factor(at_best)}; "
        "more of them are slower."
    )


def judged(guess: float, speedup: float) -> str:
    """A guess beside what it is.

    Examples
    --------
    >>> judged(500.0, 19.6)
    'You said 500×, it is 19.6×: 25.5 times too high.'
    >>> judged(20.0, 19.6)
    'You said 20×, it is 19.6×: right.'
    """
    said = f"You said {wording.factor(guess)}, it is {wording.factor(speedup)}"
    if guess <= 0:
        return f"{said}."
    ratio = guess / speedup
    if 1 / _CLOSE <= ratio <= _CLOSE:
        return f"{said}: right."
    side, times = ("high", ratio) if ratio > 1 else ("low", 1 / ratio)
    return f"{said}: {times:.3g} times too {side}."
