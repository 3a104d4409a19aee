"""`predict`: what other numbers of workers would take, beside what was recorded.

Knows points, a curve and a band of bounds; refuses to know how they were predicted.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from ..errors import ArgumentError
from ..runs import Run
from ..simulation import predict as predicted
from . import palette, pictures, wording
from .axis import DurationFormatter
from .legend import title_with_legend

HEIGHT = 3.4  # inches
_NEEDED = (
    "n_workers",
    "makespan",
    "lower_bound",
    "graham_bound",
    "method",
    "measured",
    "error",
    "is_at_least",
)
_BEYOND = 8  # times the recorded number of workers
_ROOM = 1.35  # beyond the first and the last count, as a factor
_LEAST_GAP = 0.12  # of two labels of the axis, in decades
_MOST_MOMENTS = 6  # on the axis of time
_ROUND = [
    *(10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0),
    *(n * 3600.0 for n in (1, 2, 6, 12, 24, 48, 120, 240, 480, 1200, 2400, 4800)),
]
_CLOSE = 5e-4  # of the lower bound
_NOTHING_GAINED = 1.01  # times the shortest makespan


def predict(prediction: pd.DataFrame | Run, ax: Axes | None = None) -> Axes:
    """Predicted makespans by number of workers, with bounds and the recorded point.

    Parameters
    ----------
    prediction : DataFrame or Run
        As `parallel_nb.predict` makes it; of a Run, for one worker up to eight times
        the recorded number.
    ax : Axes, optional
        Where to draw. Default: as for `timeline`.

    Returns
    -------
    Axes
        x is the number of workers, y seconds, both logarithmic: work that is shared
        perfectly falls along a straight line. The band lies between what no schedule
        beats and what no order exceeds; it is absent where slots or locks may keep
        workers waiting. On grey paper, tasks that compute would need more cores than
        there were when they were recorded.

    Raises
    ------
    ArgumentError
        If `prediction` is neither, or `ax` no Axes.

    See Also
    --------
    caption : The picture in words.

    Examples
    --------
    >>> import parallel_nb as pnb
    >>> ax = predict(pnb.predict([1.0, 1.0, 2.0], [1, 2, 4]))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('workers', 'makespan')
    """
    frame = _frame_of(prediction)
    label = str(frame.attrs.get("label", ""))
    frame = frame.sort_values("n_workers", kind="stable")
    ax = pictures.axes_for(ax, HEIGHT)
    ax.set_xlabel("workers")
    ax.set_ylabel("makespan")
    ax.spines[["right", "top"]].set_visible(False)
    shown = frame[frame["makespan"] > 0]
    if not len(shown):
        title_with_legend(ax, _title(label))
        ax.tick_params(axis="y", left=False, labelleft=False)
        pictures.say(ax, "nothing takes any time")
        pictures.describe(ax, "Predicted makespans: nothing takes any time.")
        return ax
    _axes(ax, shown)
    handles = [*_bounds(ax, shown), *_points(ax, shown), *_beyond_cores(ax, frame)]
    title_with_legend(ax, _title(label), handles)
    pictures.describe(ax, _caption(label, shown, frame.attrs.get("notes", ())))
    return ax


def _frame_of(prediction) -> pd.DataFrame:
    if isinstance(prediction, Run):
        return predicted(prediction, _counts(prediction.meta.n_workers))
    if not isinstance(prediction, pd.DataFrame):
        raise ArgumentError(
            "`prediction` must be a frame of `parallel_nb.predict`, or a Run; got "
            f"{type(prediction).__name__}"
        )
    absent = [name for name in _NEEDED if name not in prediction]
    if absent or not len(prediction):
        raise ArgumentError(
            "`prediction` must have the columns of `parallel_nb.predict` and a row; it "
            f"lacks {', '.join(absent) or 'rows'}"
        )
    return prediction


def _counts(n_recorded: int) -> list[int]:
    """Powers of two, and the recorded number doubled again and again."""
    most = _BEYOND * n_recorded
    powers = [2**at for at in range(int(math.log2(most)) + 1)]
    doubled = [n_recorded * 2**at for at in range(int(math.log2(_BEYOND)) + 1)]
    return sorted({*powers, *doubled})


def _axes(ax: Axes, frame: pd.DataFrame) -> None:
    counts = np.unique(frame["n_workers"].to_numpy())
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(counts[0] / _ROOM, counts[-1] * _ROOM)
    ticks: list[int] = []
    least = _LEAST_GAP * max(math.log10(counts[-1] / counts[0]), 1) / 2
    for count in counts[::-1].tolist():
        if not ticks or math.log10(ticks[-1] / count) >= least:
            ticks.append(count)
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    ax.xaxis.set_minor_locator(NullLocator())
    times = frame[["makespan", "lower_bound", "graham_bound", "measured"]].to_numpy()
    times = times[times > 0]
    low, high = times.min() / 1.2, times.max() * 1.2
    ax.set_ylim(low, high)
    ax.yaxis.set_major_locator(FixedLocator(_moments(low, high)))
    ax.yaxis.set_major_formatter(DurationFormatter())
    ax.yaxis.set_minor_locator(NullLocator())


def _moments(low: float, high: float) -> list[float]:
    """Round durations between two others for a logarithmic axis; not many.

    Examples
    --------
    >>> _moments(8.0, 400.0), _moments(0.0008, 9.0)
    ([10.0, 20.0, 30.0, 60.0, 120.0, 300.0], [0.001, 0.01, 0.1, 1.0])
    """
    tens = [10.0**power for power in range(-9, 1)]
    fine = [float(f"{n * ten:.0e}") for ten in tens for n in (1, 2, 5)]
    for each in ([*fine, *_ROUND], [*tens, *_ROUND[::2]], [*tens, *_ROUND[::4]]):
        found = [moment for moment in each if low <= moment <= high]
        if len(found) <= _MOST_MOMENTS:
            break
    if len(found) > 1:
        return found
    return [float(f"{low:.2g}"), float(f"{high:.2g}")] if high > 1.1 * low else [low]


def _bounds(ax: Axes, frame: pd.DataFrame) -> list:
    """What no schedule beats, and what no order exceeds."""
    x = frame["n_workers"].to_numpy()
    lower, upper = frame["lower_bound"].to_numpy(), frame["graham_bound"].to_numpy()
    floor = ax.plot(
        x,
        lower,
        color=palette.GREY,
        linestyle=(0, (1, 1.5)),
        linewidth=1.4,
        label="lower bound",
        zorder=1.5,
    )
    if np.isnan(upper).all():
        return floor
    band = ax.fill_between(
        x,
        lower,
        upper,
        where=~np.isnan(upper),
        color=palette.SKY,
        alpha=0.25,
        linewidth=0,
        label="any order",
        zorder=1,
    )
    return [band, *floor]


def _points(ax: Axes, frame: pd.DataFrame) -> list:
    """The predicted curve, and what was measured."""
    ink = ax.yaxis.label.get_color()  # black on white paper, white on black
    is_least = bool(frame["is_at_least"].any())
    x, y = frame["n_workers"].to_numpy(), frame["makespan"].to_numpy()
    curve = ax.plot(
        x,
        y,
        color=palette.BLUE,
        marker="o",
        markersize=5,
        linewidth=1.8,
        label="predicted, at least" if is_least else "predicted",
        zorder=2.5,
    )
    known = frame[frame["measured"] > 0]
    if not len(known):
        return curve
    points = ax.plot(
        known["n_workers"],
        known["measured"],
        color=ink,
        marker="D",
        markersize=8,
        markerfacecolor="none",
        markeredgewidth=1.8,
        linestyle="none",
        label=f"recorded (model {_signed(known['error'].iat[0])})",
        zorder=3,
    )
    return [*curve, *points]


def _beyond_cores(ax: Axes, frame: pd.DataFrame) -> list:
    """Grey paper where tasks that compute would need more cores than there were."""
    cores = frame.attrs.get("cores", 0)
    _, right = ax.get_xlim()
    if not 0 < cores < frame["n_workers"].max():
        return []
    paper = ax.axvspan(
        max(cores, ax.get_xlim()[0]),
        right,
        color=palette.GREY,
        alpha=0.15,
        linewidth=0,
        label=f"needs more than {wording.count(cores, 'core')}",
        zorder=0.5,
    )
    return [paper]


def _signed(error: float) -> str:
    """How far the model is off, with its sign.

    Examples
    --------
    >>> _signed(-0.0123), _signed(0.2), _signed(0.00001)
    ('−1.2 %', '+20 %', '±0.0 %')
    """
    hundredths = 100 * error
    if abs(hundredths) < 0.05:
        return "±0.0 %"
    digits = 1 if abs(hundredths) < 10 else 0
    return f"{hundredths:+.{digits}f} %".replace("-", "\N{MINUS SIGN}")


def _title(label: str) -> str:
    name = f"{wording.shortened(label, 40)} · " if label else ""
    return f"{name}predicted makespan"


def _caption(label: str, frame: pd.DataFrame, notes) -> str:
    """What the picture shows, in words."""
    whose = f" of run “{wording.shortened(label, 60)}”" if label else ""
    each = frame.drop_duplicates("n_workers")
    some = each.iloc[np.unique(np.linspace(0, len(each) - 1, 6).astype(int))]
    told = [
        f"{wording.seconds(row.makespan)} on {row.n_workers:,}"
        for row in some.itertuples()
    ]
    least = "at least " if frame["is_at_least"].any() else ""
    sentences = [f"Predicted makespan{whose} by number of workers: {least}"]
    sentences[0] += ", ".join(told) + "."
    known = frame[frame["measured"] > 0]
    if len(known):
        row = known.iloc[0]
        sentences.append(
            f"Recorded were {wording.seconds(row['measured'])} on "
            f"{wording.count(int(row['n_workers']), 'worker')}; scheduled again, the "
            f"model is off by {_signed(row['error'])}."
        )
    enough = each[each["makespan"] <= _NOTHING_GAINED * each["makespan"].min()]
    first, most = int(enough["n_workers"].min()), int(each["n_workers"].max())
    if first < most:
        sentences.append(f"More than {wording.count(first, 'worker')} gain nothing.")
    last = each.iloc[-1]
    above = last["makespan"] / last["lower_bound"] - 1
    if math.isfinite(above):
        is_shortest = above < _CLOSE
        far = "" if is_shortest else f"{wording.percent(above)} above "
        sentences.append(
            f"On {wording.count(most, 'worker')} it is {far}what no schedule can beat."
        )
    sentences += [f"{note[0].upper()}{note[1:]}." for note in notes]
    return " ".join(sentences)
