"""`ledger`: from n workers down to the speedup that is left of them.

Knows bars and where their numbers go; refuses to know how a ledger is made.
"""

from __future__ import annotations

from typing import NamedTuple

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .. import accounting
from ..accounting import Ledger
from ..errors import ArgumentError
from ..runs import Run
from . import palette, pictures, wording
from .legend import title_with_legend
from .margins import CHARACTER

_HEAD, _ROW = 0.9, 0.3  # inches around the bars, and for each
_THICK = 0.72  # of a row
_LEAST = 0.0005  # of the whole: less than that is not worth a bar
_SURE = 0.85  # of the room beside a bar
_GAP = 4.0  # points between a bar and its number

# What keeps workers from attempts, what attempts were for nothing, and what is left.
_BETWEEN = ("startup", "dispatch", "blocked", "tail", "lost")
_INSIDE = ("waiting", "unmeasured")
_LABELS = {
    "startup": "start-up",
    "lost": "lost attempts",
    "unmeasured": "CPU unknown",
}


class _Bar(NamedTuple):
    label: str
    low: float
    high: float
    colour: str  # empty: an outline
    is_loss: bool


def ledger(run: Run | Ledger, ax: Axes | None = None) -> Axes:
    """From as many times as there are workers to the speedup: what took how much.

    Parameters
    ----------
    run : Run or Ledger
        A Run's ledger is made.
    ax : Axes, optional
        Where to draw. Default: as for `timeline`.

    Returns
    -------
    Axes
        x in times one worker, that is worker-seconds / makespan; one bar below the
        other. From ``ideal``, n_workers, each part takes away as many workers as it
        kept busy. What is left in successful attempts is the ``speedup``, estimated
        because T_1 was not measured; below it, what of that was waiting and what was
        ``useful`` CPU time. Parts below 0.05 % have no bar. Where attempts were lost,
        ``run.summary()`` counts them as work and this picture as a loss: the bar says
        ``speedup (done)``, and the caption both.

    Raises
    ------
    ArgumentError
        If `run` is neither, or `ax` no Axes.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Run
    >>> table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [4.0, 2.0]})
    >>> ax = ledger(Run.from_frame(table))
    >>> [text.get_text() for text in ax.texts]
    ['2×', '−0.5×  25 %', '1.5×  75 %']
    """
    found = _ledger_of(run)
    bars = _bars(found)
    ax = pictures.axes_for(ax, _HEAD + _ROW * max(len(bars), 3))
    ax.spines[["right", "top", "left"]].set_visible(False)
    title_with_legend(ax, _title(ax, found))
    pictures.describe(ax, _caption(found, bars))
    if not bars:
        ax.set_yticks([])
        pictures.say(ax, str(found))
        return ax
    at = range(len(bars))
    ax.set_yticks(at, [bar.label for bar in bars])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(bars) - 0.5, -0.5)
    ax.set_xlim(0, found.n_workers * 1.01)
    ax.set_xlabel("times one worker")
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}×"))
    for row, bar in enumerate(bars):
        ax.barh(
            row,
            bar.high - bar.low,
            _THICK,
            left=bar.low,
            color=bar.colour or "none",
            edgecolor=palette.edge(bar.colour or palette.GREY),
            linewidth=1.0,
            linestyle="-" if bar.colour else (0, (3, 2)),
        )
        if row + 1 < len(bars):
            level = bar.low if bar.is_loss else bar.high
            ends = row + _THICK / 2, row + 1 - _THICK / 2
            ax.plot([level, level], ends, color=palette.GREY, linewidth=0.8)
        _number(ax, row, bar, found.n_workers)
    return ax


def _ledger_of(run) -> Ledger:
    if isinstance(run, Ledger):
        return run
    if not isinstance(run, Run):
        raise ArgumentError(
            f"`run` must be a Run or a Ledger; got {type(run).__name__}"
        )
    return accounting.ledger(run)


def _bars(found: Ledger) -> list[_Bar]:
    if not found.total:
        return []
    times = {name: of / found.makespan for name, of in found.parts.items()}
    level = float(found.n_workers)
    least = _LEAST * level
    bars = [_Bar("ideal", 0.0, level, "", is_loss=False)]
    speedup = "speedup (done)" if times["lost"] > least else "speedup"
    for names, label in ((_BETWEEN, speedup), (_INSIDE, "useful CPU")):
        shown = [name for name in names if times[name] > least]
        if names is _INSIDE and not shown:
            break
        if names is _INSIDE and not times["useful"] > least and shown == [*names[1:]]:
            break  # nobody knows how useful it was
        for name in shown:
            low = max(level - times[name], 0.0)
            label_of = _LABELS.get(name, name)
            bars.append(_Bar(label_of, low, level, palette.PART[name], is_loss=True))
            level = low
        level = sum(times[name] for name in ("useful", *_INSIDE * (names is _BETWEEN)))
        bars.append(_Bar(label, 0.0, level, palette.PART["useful"], is_loss=False))
    return bars


def _number(ax: Axes, row: int, bar: _Bar, n_workers: int) -> None:
    """Write how much it is beside the bar, or inside where there is more room."""
    value, size = bar.high - bar.low, _font_size()
    sign = "\N{MINUS SIGN}" if bar.is_loss else ""
    short = f"{sign}{wording.factor(value)}"
    share = f"  {wording.percent(value / n_workers)}" if bar.colour else ""
    left, right = ax.get_xlim()
    points = _width(ax) / (right - left)
    rooms = {
        "right": (right - bar.high) * points,
        "left": bar.low * points,
        "inside": value * points,
    }
    # A layout that is still to come may leave less than there is now.
    rooms = {side: _SURE * room - 2 * _GAP for side, room in rooms.items()}
    text, side = short, max(rooms, key=rooms.get)
    # The first that fits: beside the bar rather than in it, with its share if it can.
    beside = sorted(("left", "right"), key=rooms.get, reverse=True)
    order = (*beside, "inside") if bar.is_loss else ("right", "inside")
    for words in (short + share, short):
        fitting = [s for s in order if rooms[s] >= len(words) * CHARACTER * size]
        if fitting:
            text, side = words, fitting[0]
            break
    ax.annotate(
        text,
        xy=(bar.low if side == "left" else bar.high, row),
        xytext=(_GAP if side == "right" else -_GAP, 0),
        textcoords="offset points",
        ha="left" if side == "right" else "right",
        va="center",
        fontsize=size,
        color=_ink(bar) if side == "inside" else rcParams["text.color"],
    )


def _ink(bar: _Bar) -> str:
    """What can be read on the bar."""
    if not bar.colour:
        return rcParams["text.color"]
    return palette.BLACK if bar.is_loss else "white"


def _font_size() -> float:
    return FontProperties(size=rcParams["xtick.labelsize"]).get_size_in_points()


def _width(ax: Axes) -> float:
    """In points."""
    return ax.get_window_extent().width / ax.get_figure(root=True).dpi * 72


def _title(ax: Axes, found: Ledger) -> str:
    """Whose it is and how large, on two lines where one is too short."""
    pieces = [wording.count(found.n_workers, "worker")]
    if found.label:
        pieces.insert(0, wording.shortened(found.label, 60))
    if found.total:
        pieces.append(wording.seconds(found.makespan))
    size = FontProperties(size=rcParams["axes.titlesize"]).get_size_in_points()
    title = " · ".join(pieces)
    if found.label and len(title) * CHARACTER * size > _width(ax):
        title = f"{pieces[0]}\n{' · '.join(pieces[1:])}"
    return title


def _caption(found: Ledger, bars: list[_Bar]) -> str:
    """What the bars say."""
    name = f"run “{wording.shortened(found.label, 60)}”" if found.label else "a run"
    who = wording.count(found.n_workers, "worker")
    if not bars:
        return f"Ledger of {name} on {who}: {found}."
    n, totals = found.n_workers, [bar for bar in bars if not bar.is_loss]
    losses = [bar for bar in bars if bar.is_loss]
    between = [bar for bar in losses if bars.index(bar) < bars.index(totals[1])]
    text = (
        f"Ledger of {name} on {who} in {wording.seconds(found.makespan)}: estimated "
        f"speedup {wording.factor(totals[1].high)} of {n}×"
    )
    lost = found.parts["lost"] / found.makespan
    if lost > _LEAST * n:
        with_lost = wording.factor(totals[1].high + lost)
        text += f" by what was done ({with_lost} if lost attempts count as work)"
    text += "."
    if between:
        text += f" Lost to {_listed(between, n)}."
    if len(totals) > 2:
        inside = [bar for bar in losses if bar not in between]
        text += (
            f" Inside successful attempts {_listed(inside, n)}, useful CPU "
            f"{wording.factor(totals[2].high)} ({wording.percent(totals[2].high / n)})."
        )
    return text


def _listed(bars: list[_Bar], n_workers: int) -> str:
    told = []
    for bar in bars:
        value = bar.high - bar.low
        share = wording.percent(value / n_workers)
        told.append(f"{bar.label} {wording.factor(value)} ({share})")
    return ", ".join(told)
