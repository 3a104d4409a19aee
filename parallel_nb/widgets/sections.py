"""What can be shown below a Run's timeline: a task, the ledger, findings, what if.

Each section knows its controls and the one function that its handler calls; refuses to
know the timeline.
"""

from __future__ import annotations

import threading
from importlib import import_module

import ipywidgets

from .. import accounting
from ..draw import caption, markup, wording
from ..draw import ledger as draw_ledger
from ..draw.canvas import Canvas
from ..errors import ArgumentError
from ..runs import Run
from ..simulation.loads import MEASURED
from .framed import Framed
from .page import LABELLED, row, status
from .task_page import TaskPages
from .what_if import Answer, WhatIf

_DISPATCH = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)  # s
_ORDERS = {
    "given": "as recorded",
    "longest_first": "longest first",
    "shortest_first": "shortest first",
    "critical_path": "longest path first",
    "best": "best that a search finds",
}
_EXACT = 1e-5  # relative: what is below is rounding
_FEW = 200  # tasks: a search for the best order takes dozens of schedules


class Section(ipywidgets.VBox):
    """Part of a page that is made when it is first opened.

    A section has `_open`, which makes what it shows, and `kept`, its still life.
    """

    def __init__(self, children):
        self._is_open = False
        super().__init__(children, layout={"display": "none", "width": "100%"})

    def show(self, is_shown: bool) -> None:
        """Show or hide it."""
        if is_shown and not self._is_open:
            self._is_open = True
            self._open()
        self.layout.display = "" if is_shown else "none"

    def _open(self) -> None: ...

    def kept(self) -> str:
        """HTML that needs no kernel."""
        return ""


class TaskSection(Section):
    """Pick a task: its attempts, error and traceback."""

    def __init__(self, run: Run):
        self._pages, self._placed = TaskPages(run), (None, None)
        self.task = ipywidgets.BoundedIntText(
            value=0,
            min=0,
            max=max(run.n_tasks - 1, 0),
            description="Task",
            style=LABELLED,
            layout={"width": "170px"},
        )
        listed = [("choose …", -1), *self._pages.worth_a_look()]
        self.notable = ipywidgets.Dropdown(
            options=listed,
            value=-1,
            description="Failed or longest",
            style=LABELLED,
            layout={"width": "auto", "max_width": "100%"},
        )
        self.zoom = ipywidgets.Button(description="Zoom to task")
        self.text = ipywidgets.HTML()
        self.task.observe(self._tell, names="value")
        self.notable.observe(self._jump, names="value")
        super().__init__([row(self.task, self.notable, self.zoom), self.text])

    def place(self) -> tuple[int, float, float]:
        """Worker, start and end of the task's last attempt."""
        task = self.task.value
        if self._placed[0] != task:  # looked up once, not in each frame
            self._placed = task, self._pages.place(task)
        return self._placed[1]

    def _jump(self, change) -> None:
        if change["new"] >= 0:
            self.task.value = change["new"]

    def _open(self) -> None:
        self._tell()

    def _tell(self, change=None) -> None:
        if not len(self._pages.rows(self.task.value)):
            self.text.value = status("There are no tasks.")
            return
        page = self._pages.page(self.task.value)
        self.text.value = f'<div role="status" style="line-height:1.45">{page}</div>'

    def kept(self) -> str:
        """What is told of the task."""
        return self.text.value


class LedgerSection(Section):
    """Where the worker-seconds went."""

    def __init__(self, run: Run):
        self._run = run
        self.framed = Framed("Ledger: from the ideal to the speedup")
        self.notes = ipywidgets.HTML()
        super().__init__([self.framed, self.notes])

    def _open(self) -> None:
        found = accounting.ledger(self._run)
        canvas = Canvas(9.0, 3.2)
        (ax,) = canvas.axes()
        canvas.figure.subplots_adjust(left=0.17, right=0.97, top=0.88, bottom=0.14)
        draw_ledger(found, ax=ax)
        self.framed.show(canvas.frame(), canvas.size, caption(ax))
        told = [f"<li>{markup.text(note)}</li>" for note in found.notes]
        self.notes.value = f"<ul>{''.join(told)}</ul>" if told else ""

    def kept(self) -> str:
        """The picture, with its notes."""
        return self.framed.kept() + self.notes.value


class FindingsSection(Section):
    """What would help, as `parallel_nb.findings` ranks it."""

    def __init__(self, run: Run):
        self._run = run
        self.text = ipywidgets.HTML()
        super().__init__([self.text])

    @staticmethod
    def is_known() -> bool:
        """Whether this package finds anything."""
        return _find() is not None

    def _open(self) -> None:
        found = [f"<li>{_told(each)}</li>" for each in _find()(self._run)]
        nothing = status("Nothing stands out.")
        self.text.value = f"<ol>{''.join(found)}</ol>" if found else nothing

    def kept(self) -> str:
        """The list."""
        return self.text.value


def _find():
    try:
        return import_module("parallel_nb.diagnosis.making").findings
    except ModuleNotFoundError:
        return None


def _told(finding) -> str:
    """HTML: the headline, and what else there is to say."""
    head, *more = str(finding).splitlines()
    told = [f"<b>{markup.text(head)}</b>", *(markup.text(line) for line in more)]
    return "<br>".join(told)


class WhatIfSection(Section):
    """The same attempts on other workers, in another order, handed over otherwise."""

    def __init__(self, run: Run):
        self._run, self._what_if = run, None
        self._lock = threading.Lock()
        n_workers = run.meta.n_workers
        orders = [name for name in _ORDERS if name not in ("critical_path", "best")]
        if len(run.edges):
            orders.append("critical_path")
        if run.n_tasks <= _FEW:
            orders.append("best")
        self.workers = ipywidgets.IntSlider(
            value=n_workers,
            min=1,
            max=max(16, 4 * n_workers),
            description="Workers",
            style=LABELLED,
        )
        self.order = ipywidgets.Dropdown(
            options=[(_ORDERS[name], name) for name in orders],
            description="Order",
            style=LABELLED,
        )
        costs = [(wording.seconds(cost), cost) for cost in _DISPATCH]
        self.dispatch = ipywidgets.SelectionSlider(
            options=[("as measured", MEASURED), *costs],
            description="Handing over takes",
            style=LABELLED,
            layout={"width": "380px"},
        )
        self.answer = ipywidgets.HTML()
        self.recorded = Framed("The run as recorded")
        self.simulated = Framed("The run re-scheduled")
        controls = (self.workers, self.order, self.dispatch)
        for control in controls:
            control.observe(self._ask, names="value")
        super().__init__([row(*controls), self.answer, self.recorded, self.simulated])

    def _open(self) -> None:
        try:
            self._what_if = WhatIf(self._run)
        except ArgumentError as error:
            self.answer.value = status(markup.text(error))
            return
        self._ask()

    def _ask(self, change=None) -> None:
        if self._what_if is None:
            return
        with self._lock:
            order, dispatch = self.order.value, self.dispatch.value
            answer = self._what_if.ask(self.workers.value, order, dispatch)
            recorded, simulated = self._what_if.pictures(answer)
            self.answer.value = status(self._in_words(answer))
            of_recorded = (
                f"Recorded: {wording.count(self._run.meta.n_workers, 'worker')}, "
                f"{wording.seconds(self._what_if.makespan)}. Worker 0 on top, "
                f"{wording.seconds(recorded[2])} wide."
            )
            of_simulated = (
                f"Re-scheduled: {wording.count(answer.n_workers, 'worker')}, "
                f"{_ORDERS[order]}, {wording.seconds(answer.makespan)}; to the same "
                "scale."
            )
            self.recorded.show(*recorded[:2], of_recorded)
            self.simulated.show(*simulated[:2], of_simulated)

    def _in_words(self, answer: Answer) -> str:
        recorded, error = self._what_if.makespan, self._what_if.error
        n = wording.count(answer.n_workers, "worker")
        sign = "\N{PLUS-MINUS SIGN}" if abs(error) < _EXACT else "+"
        sign = "\N{MINUS SIGN}" if error <= -_EXACT else sign
        off = wording.percent(abs(error) if abs(error) >= _EXACT else 0.0)
        text = (
            f"<b>{n}: {wording.seconds(answer.makespan)}</b> (predicted) instead of "
            f"{wording.seconds(recorded)}, {_compared(recorded, answer.makespan)}. No "
            f"order on {n} beats {wording.seconds(answer.lower_bound)}. Model error: "
            f"{sign}{off}, the recorded schedule by the same "
            "model beside what it took."
        )
        if answer.n_pieces:
            text += f" Reckoned in {answer.n_pieces:,} pieces of the list."
        return text + "".join(f"<br>Note: {markup.text(n)}." for n in answer.notes)

    def kept(self) -> str:
        """The answer and both pictures."""
        return self.answer.value + self.recorded.kept() + self.simulated.kept()


def _compared(recorded: float, makespan: float) -> str:
    if not (recorded > 0 and makespan > 0):
        return "which cannot be compared"
    if makespan > recorded:
        return f"{wording.factor(makespan / recorded)} as long"
    return f"{wording.factor(recorded / makespan)} as fast"
