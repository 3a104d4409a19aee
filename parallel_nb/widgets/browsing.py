"""`browse`: the table of past runs, to explore one and to set two beside each other.

Knows the controls; refuses to know files, tables and pictures.
"""

from __future__ import annotations

import os
import threading

import ipywidgets
import pandas as pd

from ..draw import markup
from ..errors import ArgumentError, ParallelNbError
from ..runs import Run
from ..runstore import RunStore
from . import browsing_table as tables
from .browsing_folder import Folder
from .browsing_pair import Pair
from .exploring import explore
from .page import LABELLED, Page, row, status

_NONE = ""


def browse(folder: str | os.PathLike | RunStore = ".") -> Browser:
    """The past runs of a store or folder: filter, sort, explore one, compare two.

    Parameters
    ----------
    folder : RunStore or path-like
        A store, or a folder with files that `save` wrote and with journals. Anything
        else will do that has a method ``runs()``, which gives a frame with one row a
        run and at least the column ``id``, and a method ``load(id)``.

    Returns
    -------
    Browser
        A widget. Only the heads of files are read, until one of them is opened; files
        that cannot be read are listed as such. Its controls can be set from code.

    Raises
    ------
    ArgumentError
        If there is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from parallel_nb import Run, save
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("monday", "tuesday"):
    ...         _ = save(
    ...             Run.from_frame(table, label=label), Path(folder, f"{label}.parquet")
    ...         )
    ...     shown = browse(folder)
    ...     shown.filter.value = "tues"
    ...     [option for option, _ in shown.run.options]
    ['tuesday · 2 tasks · 2 workers · 4 s']
    """
    if isinstance(folder, str | os.PathLike):
        folder = Folder(folder)
    elif not (hasattr(folder, "runs") and hasattr(folder, "load")):
        raise ArgumentError(
            "`folder` must be a path, a RunStore, or have runs() and load(id); got "
            f"{type(folder).__name__}"
        )
    return Browser(folder)


class Browser(Page):
    """What `browse` shows.

    Attributes
    ----------
    filter : Text
        Words, each of which has to be in a run's label, tags, name, date, backend, …
    order : Dropdown
    run : Select
        All that match; picks one.
    other : Dropdown
        What to compare it with.
    explore, compare, refresh : Button
    below : Box
        What was opened last: an explorer, or a `Pair`.
    said : HTML
        What came of the last step.
    """

    def __init__(self, store):
        self._store, self._lock = store, threading.RLock()
        self._where = str(getattr(store, "folder", store))
        self._rows = self._matching = tables.complete(store.runs())
        self._is_held = False
        self._opened = None
        self._make_controls()
        self.table, self.problems = (
            ipywidgets.HTML(layout={"width": "100%", "margin": "0"}) for _ in range(2)
        )
        self.said = ipywidgets.HTML()
        self.below = ipywidgets.VBox(layout={"width": "100%"})
        super().__init__(
            f"Runs in {self._where}",
            [
                row(self.filter, self.order, self.refresh),
                self.said,
                self.table,
                row(self.run),
                row(self.explore, self.other, self.compare),
                self.problems,
                self.below,
            ],
        )
        self._list()

    def _make_controls(self) -> None:
        wide = {"width": "100%", "max_width": "720px"}
        self.filter = ipywidgets.Text(
            description="Filter",
            placeholder="words of a label, tag, date, backend …",
            style=LABELLED,
            layout={"width": "380px", "max_width": "100%"},
        )
        self.order = ipywidgets.Dropdown(
            options=list(tables.ORDERS),
            description="Order",
            style=LABELLED,
            layout={"width": "auto"},
        )
        self.run = ipywidgets.Select(
            description="Run", rows=6, style=LABELLED, layout=wide
        )
        self.other = ipywidgets.Dropdown(
            description="Compare with",
            style=LABELLED,
            layout={"width": "auto", "max_width": "100%"},
        )
        self.explore, self.compare, self.refresh = (
            ipywidgets.Button(description=name, layout={"width": "auto"})
            for name in ("Explore", "Compare", "Read the folder again")
        )
        self.filter.observe(self._list, names="value")
        self.order.observe(self._list, names="value")
        self.run.observe(self._mark, names="value")
        self.explore.on_click(lambda _: self._explore())
        self.compare.on_click(lambda _: self._compare())
        self.refresh.on_click(lambda _: self._read_again())

    def _list(self, change=None) -> None:
        """Those that match; what was picked stays picked if it is among them."""
        with self._lock:
            asked = self.filter.value
            found = tables.chosen(self._rows, asked, self.order.value)
            self._matching = found
            good = found[found["problem"] == ""]
            options = [(tables.line(r), r.id) for r in good.itertuples(index=False)]
            ids = [id for _, id in options]
            before = self.run.value
            self._is_held = True
            try:
                self.run.options = options
                self.run.value = before if before in ids else next(iter(ids), None)
            finally:
                self._is_held = False
            self.problems.value = tables.problems(found)
            self._say(tables.caption(found, len(self._rows), asked, self._where))
            self._mark()

    def _list_others(self) -> None:
        """What the run that is picked can be compared with: all others that match.

        And with what was chosen before, if the filter leaves it out now.
        """
        beside, kept = self.other.value, self._rows[self._rows["problem"] == ""]
        left_out = kept[(kept["id"] == beside) & ~kept["id"].isin(self._matching["id"])]
        good = self._matching[self._matching["problem"] == ""]
        others = pd.concat([good[good["id"] != self.run.value], left_out])
        self.other.options = [
            ("choose …", _NONE),
            *((tables.line(r), r.id) for r in others.itertuples(index=False)),
        ]
        self.other.value = beside if beside in set(others["id"]) else _NONE

    def _mark(self, change=None) -> None:
        if self._is_held:
            return
        self._list_others()
        self.table.value = tables.table(self._matching, self.run.value)
        nothing = self.run.value is None
        self.explore.disabled = self.compare.disabled = nothing

    def _say(self, words: str) -> None:
        self.said.value = status(markup.text(words))

    def _read_again(self) -> None:
        self._rows = tables.complete(self._store.runs())
        self._list()

    def _load(self, id: str):
        """What is kept under an id; None, and a word on why, where it cannot be."""
        try:
            return self._store.load(id)
        except (ParallelNbError, OSError) as error:
            self._say(f"{id} cannot be read: {error}")
            return None

    def _explore(self) -> None:
        with self._lock:
            if (run := self._load(self.run.value)) is not None:
                self._show(explore(run), f"Opened {self._called(self.run.value)}.")

    def _compare(self) -> None:
        with self._lock:
            ids = self.run.value, self.other.value
            if ids[1] in (_NONE, None):
                self._say("Choose another run to compare with.")
                return
            runs = [self._load(id) for id in ids]
            if any(run is None for run in runs):
                return
            if not all(isinstance(run, Run) for run in runs):
                self._say("Two runs can be set beside each other; sweeps cannot.")
                return
            names = tuple(map(self._called, ids))
            if names[0] == names[1]:
                names = ids
            self._show(Pair(*runs, names), f"{names[0]} beside {names[1]}.")

    def _called(self, id: str) -> str:
        label = self._rows.loc[self._rows["id"] == id, "label"]
        return str(label.iat[0]) if len(label) and label.iat[0] else str(id)

    def _show(self, opened, words: str) -> None:
        for widget in self.below.children:
            widget.close()
        self._opened = opened
        self.below.children = [opened]
        self._say(words)

    def _kept(self) -> list[str]:
        pieces = [self.said.value, self.table.value, self.problems.value]
        if isinstance(self._opened, Pair):
            pieces.append(self._opened.kept())
        elif self._opened is not None:
            pieces += self._opened._kept()
        return pieces
