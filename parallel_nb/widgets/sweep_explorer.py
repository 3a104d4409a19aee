"""A Sweep as a page: what more workers brought, and what laws make of it.

Knows the controls and which laws are switched on; refuses to know how laws are fitted
and drawn.
"""

from __future__ import annotations

import math
import threading

import ipywidgets

from .. import draw, fitting
from ..draw import markup, wording
from ..draw.canvas import Canvas
from ..errors import ArgumentError
from .framed import Framed
from .page import CHECKED, LABELLED, Page, row, status

_FURTHEST = 1024  # workers
_FURTHER = (1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
_COLUMNS = ("n_workers", "repeat", "makespan", "speedup", "efficiency", "karp_flatt")
_MOST_ROWS = 200
_MOST_TICKS = 6  # of a linear axis
_PARAMETERS = '<b>{}</b><ul style="line-height:1.45">{}</ul>'


class SweepExplorer(Page):
    """What `explore` shows of a Sweep.

    Attributes
    ----------
    backend : Dropdown
        Which measurements are shown, where there are several backends.
    measure : ToggleButtons
        ``"speedup"`` or ``"efficiency"``.
    laws : dict of str to Checkbox
        The laws that speak about the sweep, by name; at first the best is on.
    bands, logarithmic : Checkbox
        Confidence bands; logarithmic axes.
    up_to : SelectionSlider
        Workers up to which laws are drawn.
    framed : Framed
        The picture and its words.
    """

    def __init__(self, sweep):
        self._sweep, self._lock = sweep, threading.RLock()
        self._fits: dict[str, object] = {}
        self.framed = Framed("Measurements of a sweep, and laws")
        self.read_out, self.data = ipywidgets.HTML(), ipywidgets.HTML()
        self.laws: dict[str, ipywidgets.Checkbox] = {}
        self._make_controls()
        self._of_laws = row()
        name = wording.shortened(sweep.label, 60) or "a sweep"
        super().__init__(
            f"Explorer of {name}: {wording.count(len(sweep), 'measurement')}",
            [
                row(self.backend, self.measure, self.bands, self.logarithmic),
                self._of_laws,
                self.up_to,
                self.framed,
                self.read_out,
                self.data,
            ],
        )
        self._choose()

    def _make_controls(self) -> None:
        backends = list(self._sweep.backends)
        self.backend = ipywidgets.Dropdown(
            options=[(each or "unknown", each) for each in backends],
            description="Backend",
            style=LABELLED,
        )
        self.backend.layout.display = "" if len(backends) > 1 else "none"
        self.measure = ipywidgets.ToggleButtons(
            options=["speedup", "efficiency"], description="Show", style=LABELLED
        )
        self.bands = ipywidgets.Checkbox(True, description="95 % bands", **CHECKED)
        self.logarithmic = ipywidgets.Checkbox(
            description="Logarithmic axes", **CHECKED
        )
        last = math.ceil(self._sweep.n_workers[-1])
        further = sorted({last, *(round(last * each) for each in _FURTHER)})
        further = [n for n in further if n <= max(last, _FURTHEST)]
        if last < _FURTHEST:
            further = sorted({*further, _FURTHEST})
        self.up_to = ipywidgets.SelectionSlider(
            options=[(f"{n:,}", n) for n in further],
            description="Laws up to (workers)",
            style=LABELLED,
            layout={"width": "480px", "max_width": "100%"},
        )
        self.backend.observe(self._choose, names="value")
        for control in (self.measure, self.bands, self.logarithmic, self.up_to):
            control.observe(self._draw, names="value")

    def _choose(self, change=None) -> None:
        """Fit the laws to the measurements of one backend."""
        with self._lock:
            self._chosen, self._canvas = self._sweep, _canvas()
            # There are few of them, and each takes longer than a slider may wait.
            self._frames: dict[tuple, tuple[bytes, str, str]] = {}
            if len(self._sweep.backends) > 1:
                self._chosen = self._sweep.only(backend=self.backend.value)
            self._verdict = ""
            try:
                fits = fitting.fit(self._chosen)
                self._fits, best = dict(fits), fits.best.law.name
                self._verdict = str(fits.verdict)
            except ArgumentError as error:
                self._fits, best = {}, ""
                self._verdict = str(error)
            self.laws = {
                name: ipywidgets.Checkbox(
                    name == best,
                    description=fit.law.label,
                    **CHECKED,
                )
                for name, fit in self._fits.items()
            }
            for control in self.laws.values():
                control.observe(self._draw, names="value")
            self._of_laws.children = tuple(self.laws.values())
            self.data.value = _table(self._chosen.table)
            self._draw()

    def _draw(self, change=None) -> None:
        with self._lock:
            on = tuple(name for name, control in self.laws.items() if control.value)
            controls = (self.measure, self.bands, self.logarithmic, self.up_to)
            state = (on, *(control.value for control in controls))
            if state not in self._frames:
                self._frames[state] = self._frame([self._fits[name] for name in on])
            image, words, read_out = self._frames[state]
            self.framed.show(image, self._canvas.size, words)
            self.read_out.value = read_out

    def _frame(self, shown) -> tuple[bytes, str, str]:
        """A PNG file, its words, and what the laws come to."""
        up_to = max(self.up_to.value, math.ceil(self._chosen.n_workers[-1]))
        self._canvas.clear()
        (ax,) = self._canvas.figure.axes
        plot = draw.speedup if self.measure.value == "speedup" else draw.efficiency
        plot(self._chosen, shown, up_to=up_to, ax=ax)
        if not self.bands.value:
            for band in ax.collections:
                band.set_visible(False)
            for text in _entries(ax):
                text.set_text(text.get_text().removesuffix(", 95 % band"))
        if self.logarithmic.value:
            self._put_on_log(ax, up_to)
        else:
            for axis in (ax.xaxis, ax.yaxis):  # each tick takes a millisecond
                axis.get_major_locator().set_params(nbins=_MOST_TICKS)
        words = f"{draw.caption(ax)} {self._how(shown)}"
        # Title and legend stay where only the slider is moved.
        title = ax.get_title(), *(each.get_text() for each in _entries(ax))
        drawn = [*ax.patches, *ax.collections, *ax.lines, *ax.texts, ax.xaxis, ax.yaxis]
        drawn.sort(key=lambda each: each.get_zorder())
        image = self._canvas.frame(*drawn, over=title)
        return image, words, self._read_out(shown)

    def _how(self, shown) -> str:
        """In which way it is drawn, in words."""
        axes = "logarithmic" if self.logarithmic.value else "linear"
        if not shown:
            return f"Axes are {axes}."
        bands = "with" if self.bands.value else "without"
        return f"Laws are drawn {bands} their 95 % bands, on {axes} axes."

    def _put_on_log(self, ax, up_to: int) -> None:
        first = float(self._chosen.n_workers[0])
        low = self._chosen.table[self.measure.value].min()
        for line in ax.lines:
            drawn = line.get_ydata()
            low = min([low, *(float(y) for y in drawn if y > 0)])
        high, right = ax.get_ylim()[1], ax.get_xlim()[1]
        ax.set_xscale("log", base=2)
        ax.set_yscale("log", base=2 if self.measure.value == "speedup" else 10)
        ax.set_xlim(first / 1.1, right)
        ax.set_ylim(low / 1.15 if low > 0 else high / 1000, high)
        ticks = [n for n in (2**k for k in range(20)) if first <= n <= up_to]
        ax.set_xticks(ticks, [f"{n:,}" for n in ticks], minor=False)
        if self.measure.value == "speedup":
            ticks = [n for n in (2**k for k in range(20)) if low / 1.15 <= n <= high]
            ax.set_yticks(ticks, [f"{n:,}" for n in ticks], minor=False)
        else:
            steps = (1, 2, 5) if low > 0.02 else (1,)
            ticks = [each * 10.0**k for k in range(-5, 1) for each in steps]
            ticks = [tick for tick in ticks if low / 1.15 <= tick <= high]
            ax.set_yticks(ticks, [wording.percent(tick) for tick in ticks])
            ax.tick_params(axis="y", which="minor", length=0, labelleft=False)

    def _read_out(self, shown) -> str:
        told = []
        for fit in shown:
            lines = [
                f"<li>{markup.text(each)} <small>({markup.text(each.meaning)})</small>"
                for each in fit.estimates.values()
            ]
            lines += [f"<li>Warning: {markup.text(each)}" for each in fit.warnings]
            told.append(_PARAMETERS.format(markup.text(fit.law.label), "".join(lines)))
        return status(markup.text(self._verdict)) + "".join(told)

    def _kept(self) -> list[str]:
        return [self.framed.kept(), self.read_out.value, self.data.value]


def _entries(ax) -> list:
    legend = ax.get_legend()
    return legend.get_texts() if legend is not None else []


def _canvas() -> Canvas:
    canvas = Canvas(9.0, 3.9)
    (ax,) = canvas.axes()
    canvas.figure.subplots_adjust(left=0.08, right=0.97, top=0.84, bottom=0.13)
    canvas.settle(ax.xaxis, 0.5, -0.105)
    canvas.settle(ax.yaxis, -0.062, 0.5)
    return canvas


def _table(table) -> str:
    """The measurements, folded away."""
    columns = [name for name in _COLUMNS if name in table and table[name].notna().any()]
    shown = table[columns].head(_MOST_ROWS)
    heads = "".join(
        f'<th scope="col">{markup.text(name.replace("_", " "))}</th>'
        for name in columns
    )
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in each) + "</tr>"
        for each in shown.itertuples(index=False)
    )
    more = len(table) - len(shown)
    left_out = f"<p>and {more:,} more in <code>sweep.table</code></p>" * (more > 0)
    return (
        f"<details><summary>The data ({wording.count(len(table), 'row')})</summary>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{left_out}"
        "</details>"
    )


def _cell(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else markup.text(value)
