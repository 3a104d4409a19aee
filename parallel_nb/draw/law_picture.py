"""A law of scaling, drawn: its curve, and the time of a job in its parts.

Knows what time consists of under each law; the laws themselves are `laws`'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import laws
from . import palette, wording
from .canvas import Canvas

MOST = 1024  # workers
JOB = 100.0  # s: what the job takes where the law fixes it
_N = np.unique(np.geomspace(1, MOST, 240))
_STYLES = {law: palette.LAW[law] for law in ("amdahl", "gustafson", "usl")}
_PARTS = {  # of a job's time: colour
    "serial": palette.ORANGE,
    "queueing": palette.ORANGE,
    "parallel": palette.BLUE,
    "keeping consistent": palette.PURPLE,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A law with its parameters, on a number of workers."""

    law: str  # "amdahl", "gustafson" or "usl"
    n_workers: int
    serial: float = 0.0  # s of Amdahl, s' of Gustafson, contention of the USL
    coherency: float = 0.0  # of the USL

    def speedups(self, n_workers) -> np.ndarray:
        """Speedup on each number of workers."""
        law = laws.LAWS[self.law]
        values = {"beta": self.coherency} if self.law == "usl" else {}
        return law.speedup(n_workers, **{law.names[0]: self.serial}, **values)

    @property
    def speedup(self) -> float:
        """On the workers of this case."""
        return float(self.speedups([self.n_workers])[0])

    @property
    def times(self) -> tuple[dict[str, float], dict[str, float]]:
        """Seconds on one worker and on all, in parts that add up."""
        n, s = self.n_workers, self.serial
        if self.law == "gustafson":  # what is done in a given time
            many = {"serial": JOB * s, "parallel": JOB * (1 - s)}
            return {"serial": JOB * s, "parallel": JOB * (1 - s) * n}, many
        first = "queueing" if self.law == "usl" else "serial"
        one = {first: JOB * s, "parallel": JOB * (1 - s)}
        many = {first: JOB * s, "parallel": JOB * (1 - s) / n}
        if self.law == "usl":
            # What is queued for is not lost on one worker: it is work like all other.
            many["keeping consistent"] = JOB * self.coherency * (n - 1)
        return one, many

    @property
    def words(self) -> str:
        """The parameters."""
        label = laws.LAWS[self.law].label
        if self.law == "usl":
            return (
                f"{label}, contention {wording.percent(self.serial)}, coherency "
                f"{self.coherency:g}"
            )
        return f"{label}, {wording.percent(self.serial)} serial"


class LawPicture:
    """Curves on the left, times on the right; only what moves is drawn anew."""

    def __init__(self):
        self.canvas = Canvas(9.6, 3.5)
        curves, times = self.canvas.axes(1, 2)
        self.canvas.figure.subplots_adjust(
            left=0.075, right=0.985, top=0.86, bottom=0.15, wspace=0.12
        )
        curves.set_xscale("log", base=2)
        curves.set_yscale("log", base=2)
        curves.set_xlim(1, MOST * 1.1)
        curves.set_ylim(0.5, MOST * 3)
        ticks = [1, 4, 16, 64, 256, 1024]
        for axis in (curves.xaxis, curves.yaxis):
            axis.set_ticks(ticks, [f"{tick:,}" for tick in ticks])
            axis.set_tick_params(which="minor", length=0)
        curves.set_xlabel("workers")
        curves.set_ylabel("speedup")
        curves.spines[["right", "top"]].set_visible(False)
        curves.plot(_N, _N, color=palette.GREY, linewidth=1, linestyle=(0, (1, 2)))
        curves.annotate("ideal", (200, 260), color=palette.GREY, ha="right")
        self._curves = {
            name: curves.plot(
                [], [], color=colour, linestyle=style, label=laws.LAWS[name].label
            )[0]
            for name, (colour, style) in _STYLES.items()
        }
        curves.legend(
            handles=list(self._curves.values()),
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=3,
            frameon=False,
        )
        ink = curves.xaxis.label.get_color()  # white on dark paper
        (self._point,) = curves.plot([], [], "o", color=ink, markersize=7)
        self._number = curves.annotate(
            "", (1, 1), xytext=(-8, 6), textcoords="offset points", ha="right"
        )
        self._number.set_fontweight("bold")
        times.set_xlim(0, 1)
        times.set_ylim(1.75, -0.75)
        times.axis("off")
        keys = [
            times.barh(-9, 0, **_area(colour), label=label)
            for label, colour in (
                ("serial, or queueing", palette.ORANGE),
                ("parallel", palette.BLUE),
                ("keeping consistent", palette.PURPLE),
            )
        ]
        times.legend(
            handles=keys,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=3,
            frameon=False,
            handlelength=1.1,
            handletextpad=0.5,
            columnspacing=0.8,
        )
        self._times = times
        self._bars = [
            (name, row, times.barh(row, 0, 0.5, **_area(colour)).patches[0])
            for row in (0, 1)
            for name, colour in _PARTS.items()
        ]
        self._labels = [times.text(0, row - 0.32, "") for row in (0, 1)]
        self._inside = {
            (name, row): times.text(
                *(0, row, ""), ha="center", va="center", color=palette.ink(colour)
            )
            for row in (0, 1)
            for name, colour in _PARTS.items()
        }
        moving = [*self._curves.values(), self._point, self._number]
        moving += [bar for _, _, bar in self._bars]
        self.canvas.move(*moving, *self._labels, *self._inside.values())

    def frame(self, case: Case, *, is_hidden: bool = False) -> bytes:
        """A PNG file of a case; what it comes to is left out if it is to be guessed."""
        with self.canvas.lock:
            for name, line in self._curves.items():
                is_own = name == case.law
                like = Case(name, 1, case.serial, case.coherency)
                shown = not is_hidden and (is_own or case.law != "usl" or name == "usl")
                shown = shown and (is_own or name != "usl")
                line.set_data(_N, like.speedups(_N) if shown else np.nan * _N)
                line.set_linewidth(2.8 if is_own else 1.2)
            at = (case.n_workers, np.nan if is_hidden else case.speedup)
            self._point.set_data([at[0]], [at[1]])
            self._number.xy = at
            # Above the curve, where it falls below it.
            is_falling = case.speedup < case.speedups([0.9 * case.n_workers])[0]
            self._number.set_position((-8, -18 if is_falling else 6))
            text = "" if is_hidden else wording.factor(case.speedup)
            self._number.set_text(text)
            self._set_times(case, is_hidden)
            return self.canvas.frame()

    def _set_times(self, case: Case, is_hidden: bool) -> None:
        times = [
            {} if is_hidden and row else each for row, each in enumerate(case.times)
        ]
        totals = [sum(each.values()) for each in times]
        longest = max(totals)
        ends = [0.0, 0.0]
        for name, row, bar in self._bars:
            seconds = times[row].get(name, 0.0)
            bar.set_x(ends[row])
            bar.set_width(seconds / longest)
            bar.set_visible(seconds > 0)
            inside = self._inside[name, row]
            inside.set_position((ends[row] + seconds / longest / 2, row))
            told = f"{name} {seconds_of(seconds)}"
            inside.set_text(
                told if seconds / longest > 0.017 * len(told) + 0.02 else ""
            )
            ends[row] += seconds / longest
        who = ("1 worker", wording.count(case.n_workers, "worker"))
        for label, name, total in zip(self._labels, who, totals, strict=True):
            label.set_text(f"{name}: {seconds_of(total) if total else '?'}")


def _area(colour: str) -> dict:
    return {"facecolor": colour, "edgecolor": palette.edge(colour), "linewidth": 1.0}


def seconds_of(value: float) -> str:
    """Seconds that stay seconds, as hundreds of them are easy to compare.

    Examples
    --------
    >>> seconds_of(100.0), seconds_of(95005.0)
    ('100 s', '95,005 s')
    """
    return f"{wording.number(value)} s"
