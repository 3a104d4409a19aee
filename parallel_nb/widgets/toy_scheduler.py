"""`schedule_lab`: a few tasks, some workers, an order, and what comes of it.

Knows the controls and what is said of two schedules; the problems are in
`toy_problems.py`, schedules and bounds in `scheduling`.
"""

from __future__ import annotations

import threading

import ipywidgets
import numpy as np

from .. import scheduling
from ..draw import markup, wording
from ..draw.toy_picture import ToyPicture
from .framed import Framed
from .page import CHECKED, LABELLED, Page, row, status
from .toy_problems import GRAHAM, KINDS, SKEWED, Toy, graham, toy

_ORDERS = {
    "given": "as given",
    "shortest_first": "shortest first",
    "critical_path": "longest path first",
    "best": "best that a search finds",
}
_BESIDE = "longest_first"
_OF_GRAHAM = 3  # workers
_MOST_KNOWN = 200  # schedules


class ScheduleLab(Page):
    """What `schedule_lab` shows.

    Attributes
    ----------
    kind : Dropdown
        Of durations: equal, skewed, one giant, or Graham's nine tasks.
    tasks, workers : IntSlider
    order : Dropdown
        Of the upper schedule; the lower one is longest first.
    another : Button
        Draws other durations.
    shorter, freer : Checkbox
        Of Graham's tasks: a second off each; two dependencies left out.
    framed : Framed
        The picture and its words.
    """

    def __init__(self):
        self._picture, self._lock = ToyPicture(), threading.RLock()
        self._seed, self._known, self._is_setting = 0, {}, False
        self.framed = Framed("Two schedules of the same tasks")
        self._make_controls()
        self.verdict = ipywidgets.HTML()
        super().__init__(
            "Schedule lab: orders, bounds, Graham's anomaly",
            [
                row(self.kind, self.another, self.shorter, self.freer),
                row(self.tasks, self.workers, self.order),
                self.verdict,
                self.framed,
            ],
        )
        self._draw()

    def _make_controls(self) -> None:
        self.kind = ipywidgets.Dropdown(
            options=KINDS, value=SKEWED, description="Durations", style=LABELLED
        )
        self.tasks = ipywidgets.IntSlider(
            value=12, min=2, max=40, description="Tasks", style=LABELLED
        )
        self.workers = ipywidgets.IntSlider(
            value=_OF_GRAHAM, min=1, max=12, description="Workers", style=LABELLED
        )
        self.order = ipywidgets.Dropdown(
            options=[(told, name) for name, told in _ORDERS.items()],
            description="Order above",
            style=LABELLED,
        )
        self.another = ipywidgets.Button(description="Other durations")
        self.shorter, self.freer = (
            ipywidgets.Checkbox(
                description=told,
                **CHECKED,
            )
            for told in ("Each task 1 s shorter", "Two dependencies less")
        )
        self.kind.observe(self._of_kind, names="value")
        for control in (self.tasks, self.workers, self.order, self.shorter, self.freer):
            control.observe(self._draw, names="value")
        self.another.on_click(lambda _: self._draw_lots())

    @property
    def problem(self) -> Toy:
        """What the controls say."""
        if self.kind.value == GRAHAM:
            return graham(is_shorter=self.shorter.value, is_freer=self.freer.value)
        return toy(self.kind.value, self.tasks.value, self._seed)

    def _draw_lots(self) -> None:
        self._seed += 1
        self._draw()

    def _of_kind(self, change) -> None:
        self._is_setting = True  # one picture for the three of them
        try:
            if change["new"] == GRAHAM:
                self.order.value, self.workers.value = "given", _OF_GRAHAM
        finally:
            self._is_setting = False
        self._draw()

    def _draw(self, change=None) -> None:
        if self._is_setting:
            return
        with self._lock:
            is_graham = self.kind.value == GRAHAM
            for control in (self.shorter, self.freer):
                control.layout.display = "" if is_graham else "none"
            self.tasks.layout.display = "none" if is_graham else ""
            self.another.layout.display = "" if self.kind.value == SKEWED else "none"
            problem, n_workers = self.problem, self.workers.value
            orders = (self.order.value, _BESIDE)
            above, below = (
                self._schedule(problem, n_workers, order) for order in orders
            )
            work, span = float(problem.durations.sum()), _span(problem)
            bound = float(scheduling.lower_bound(work, span, n_workers))
            most = float(scheduling.graham_bound(work, span, n_workers))
            told = _ORDERS[self.order.value]
            pair = [(told, above), ("longest first", below)]
            self.verdict.value = status(markup.text(self._verdict(above.makespan)))
            image = self._picture.frame(pair, bound)
            words = (
                f"{wording.count(len(problem.durations), 'task')} "
                f"({self.kind.value}) on {wording.count(n_workers, 'worker')}. Above, "
                f"{told}: {_times(above.makespan, bound)}. Below, longest first: "
                f"{_times(below.makespan, bound)}. The dashed line is the lower bound, "
                f"{wording.seconds(bound)}: no schedule is shorter. No order of a "
                f"list takes longer than {wording.seconds(most)}. The longest task is "
                "orange."
            )
            self.framed.show(image, self._picture.canvas.size, words)

    def _schedule(self, problem: Toy, n_workers: int, order: str):
        """A schedule; those that a search took long for are kept."""
        key = problem.durations.tobytes(), problem.after, n_workers, order
        if key not in self._known:
            self._known[key] = scheduling.list_schedule(
                problem.durations, n_workers, after=problem.after, order=order
            )
            if len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]
        return self._known[key]

    def _verdict(self, makespan: float) -> str:
        """What Graham's anomaly is, where it is to be seen."""
        if self.kind.value != GRAHAM or self.order.value != "given":
            return ""
        base = graham()
        known = scheduling.list_schedule(base.durations, _OF_GRAHAM, after=base.after)
        took = wording.seconds(known.makespan)
        better = [f"{self.workers.value} workers"] * (self.workers.value > _OF_GRAHAM)
        better += ["shorter tasks"] * self.shorter.value
        better += ["fewer dependencies"] * self.freer.value
        if not better:
            return (
                f"On {_OF_GRAHAM} workers it takes {took}. Give it a worker more, "
                "shorter tasks, or fewer dependencies."
            )
        if self.workers.value >= _OF_GRAHAM and makespan > known.makespan:
            return (
                f"Graham's anomaly: with {' and '.join(better)} it takes "
                f"{wording.seconds(makespan)} instead of {took}, longer."
            )
        return f"It takes {wording.seconds(makespan)}; {took} before."

    def _kept(self) -> list[str]:
        return [self.verdict.value, self.framed.kept()]


def _span(problem: Toy) -> float:
    paths = scheduling.longest_paths(problem.durations, np.array(problem.after))
    return float(paths.max()) if problem.after else float(problem.durations.max())


def _times(makespan: float, bound: float) -> str:
    return f"{wording.seconds(makespan)}, {wording.factor(makespan / bound)} the bound"


def schedule_lab() -> ScheduleLab:
    """A toy scheduler: durations, workers, an order, and two schedules to compare.

    Returns
    -------
    ScheduleLab
        A widget. A notebook shows it, and keeps its picture for those who open it
        without a kernel. Its controls can be set from code as well.

    References
    ----------
    Graham, "Bounds on multiprocessing timing anomalies", *SIAM Journal on Applied
    Mathematics* 17(2), 1969: lists, longest first, and the anomaly.

    Examples
    --------
    >>> lab = schedule_lab()
    >>> lab.kind.value = "Graham's"
    >>> lab.workers.value = 4
    >>> "Graham&#x27;s anomaly: with 4 workers it takes 15 s" in lab.verdict.value
    True
    """
    return ScheduleLab()
