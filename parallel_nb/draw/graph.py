"""`plan`: which tasks wait for which, round by round.

Knows boxes, dots and lines, and how much can be read in the room there is; refuses to
know where tasks stand (`layers.py`) and why they wait.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from ..errors import ArgumentError
from ..planning import Plan
from . import palette, pictures, wording
from .layers import Layers
from .legend import title_with_legend
from .margins import CHARACTER

_STYLES = {"data": "-", "order": (0, (3, 1.5)), "conflict": (0, (1, 1.4))}
_LABELS = {"data": "takes its result", "order": "comes after", "conflict": "conflict"}
_UNFOLDED = 64  # tasks in one column
_SMOOTH = np.linspace(0.0, 1.0, 17)
_SMALL, _SMALLEST = 7.5, 6.0  # points of letters that can be read, with some effort
_FEWEST = 5  # letters that say something
_MOST_LETTERS = 24  # beside a dot
_PADDING = 0.9  # of a box beside its letters, in font sizes
_TINT = 0.22  # of the agent's colour in its boxes


class Room(NamedTuple):
    """What there is for each task, in points."""

    width: float
    height: float


def plan(plan: Plan, ax: Axes | None = None) -> Axes:
    """The tasks of a plan in columns by round, a line wherever one waits for another.

    Parameters
    ----------
    plan : Plan
        As `parallel_nb.plan` makes it, of any number of tasks. Where there is no room
        for names, tasks are dots.
    ax : Axes, optional
        Where to draw. Default: as for `timeline`.

    Returns
    -------
    Axes
        x is the round. Tasks of one column may run together. Colours are agents; the
        critical path is drawn in bold.

    Raises
    ------
    ArgumentError
        If `plan` is no Plan or `ax` no Axes.

    See Also
    --------
    caption : The picture in words.

    Examples
    --------
    >>> import parallel_nb as pnb
    >>> from parallel_nb.planning import plan as make
    >>> load = pnb.Task(str.split, "5 3 8", name="load")
    >>> made = make([load, pnb.Task(max, load), pnb.Task(min, load)], n_jobs=2)
    >>> ax = plan(made)
    >>> ax.get_xlabel(), [text.get_text() for text in ax.texts]
    ('round', ['load', 'max', 'min'])
    """
    if not isinstance(plan, Plan):
        raise ArgumentError(
            f"`plan` must be a Plan; got {type(plan).__name__}. "
            "`parallel_nb.plan(tasks)` makes one."
        )
    if ax is not None:
        ax = pictures.axes_for(ax, height=0)
    layers = Layers(plan.round_of, plan.edge_positions, most_rows=_most_rows(plan, ax))
    n_rows = layers.high - layers.low + 1
    ax = pictures.axes_for(ax, height=max(2.4, 1.5 + 0.34 * n_rows))
    _frame(ax, plan, layers)
    if not plan.n_tasks:
        title_with_legend(ax, _title(plan))
        pictures.say(ax, "no tasks")
        pictures.describe(ax, _caption(plan))
        return ax
    room = _room(ax, len(plan.rounds), n_rows)
    handles = _lines(ax, plan, layers, room)
    handles = [*_tasks(ax, plan, layers, room), *handles]
    title_with_legend(ax, _title(plan), handles)
    pictures.describe(ax, _caption(plan))
    return ax


def _most_rows(plan: Plan, ax: Axes | None) -> int:
    """Rows of the longest column: all, or so many that it folds into squares."""
    highest = max(map(len, plan.rounds), default=1)
    if highest <= _UNFOLDED:
        return _UNFOLDED
    if ax is None:
        width, height = rcParams["figure.figsize"]
    else:
        width, height = ax.get_window_extent().size
    column = 0.8 * width / len(plan.rounds)
    fewest = 16 if len(plan.rounds) <= 3 else _UNFOLDED  # lines need rows of their own
    return int(np.clip(np.sqrt(highest * height / column), fewest, 2 * _UNFOLDED))


def _frame(ax: Axes, plan: Plan, layers: Layers) -> None:
    ax.set_xlabel("round")
    ax.set_xlim(-0.55, max(len(plan.rounds), 1) - 0.45)
    ax.set_ylim(layers.high + 0.6, layers.low - 0.6)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    ax.set_yticks([])
    ax.tick_params(axis="x", length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)


def _chain(plan: Plan) -> tuple[int, ...]:
    """The critical path, where it is one: a task that waits for none is no chain."""
    return plan.critical_path if len(plan.critical_path) > 1 else ()


def _room(ax: Axes, n_columns: int, n_rows: float) -> Room:
    box, dpi = ax.get_window_extent(), ax.get_figure(root=True).dpi
    return Room(
        72 * box.width / dpi / (n_columns + 0.1), 72 * box.height / dpi / (n_rows + 0.2)
    )


# --- lines ---


def _lines(ax: Axes, plan: Plan, layers: Layers, room: Room) -> list:
    """Draw the edges; what the legend has to say of them."""
    kinds = plan.edge_kinds
    chain = _chain(plan)
    critical = set(zip(chain[1:], chain, strict=False))
    pairs = list(map(tuple, plan.edge_positions.tolist()))
    is_bold = np.array([pair in critical for pair in pairs], dtype=bool)
    ink = _ink(ax)
    crowd = len(pairs) / max(room.width * room.height, 1)
    alpha = float(np.clip(0.9 - 0.1 * crowd, 0.4, 0.9))
    thin = 1.0 if len(pairs) < 200 else 0.6
    handles = []
    for kind, style in _STYLES.items():
        chosen = [at for at, each in enumerate(kinds) if each == kind]
        for bold in (False, True):
            ways = [_curve(layers.ways[at]) for at in chosen if is_bold[at] == bold]
            if ways:
                lines = LineCollection(
                    ways,
                    colors=ink if bold else palette.GREY,
                    linestyles=[style],
                    linewidths=2.2 if bold else thin,
                    alpha=1.0 if bold else alpha,
                    zorder=1.6 if bold else 1.2,
                )
                ax.add_collection(lines, autolim=False)
        if chosen:
            handles.append(
                Line2D([], [], color=palette.GREY, linestyle=style, label=_LABELS[kind])
            )
    if chain:
        label = "critical path"
        handles.append(Line2D([], [], color=ink, linewidth=2.2, label=label))
    return handles


def _curve(way) -> np.ndarray:
    """Points of a line that leaves and enters each stop in the direction of rounds."""
    stops = np.array(way)
    (x, y), steps = stops[:-1].T, np.diff(stops, axis=0).T
    bend = 3 * _SMOOTH**2 - 2 * _SMOOTH**3
    xs = x[:, None] + steps[0][:, None] * _SMOOTH
    ys = y[:, None] + steps[1][:, None] * bend
    return np.column_stack([xs.ravel(), ys.ravel()])


# --- tasks ---


def _tasks(ax: Axes, plan: Plan, layers: Layers, room: Room) -> list:
    """Draw the tasks; what the legend has to say of them."""
    colours = _colours(plan)
    agents = [task.agent for task in plan.tasks]
    ink = _ink(ax)
    largest = FontProperties(size=rcParams["font.size"]).get_size_in_points()
    longest = max(len(task.name) for task in plan.tasks)
    fits = 0.95 * room.width / (CHARACTER * longest + _PADDING)
    size = min(largest, room.height / 2, max(fits, _SMALL))
    n_letters = int((0.95 * room.width / size - _PADDING) / CHARACTER)
    if layers.n_folds == 1 and size >= _SMALLEST and n_letters >= _FEWEST:
        _boxes(ax, plan, layers, [colours[a] for a in agents], ink, size, n_letters)
    else:
        _dots(ax, plan, layers, [colours[a] for a in agents], ink, room)
    if len(colours) == 1 and None in colours:
        return []
    return [
        Patch(
            facecolor=_tinted(ax, colour, 0.5),
            edgecolor=colour,
            label=f"{name or 'any worker'} ({agents.count(name):,})",
        )
        for name, colour in colours.items()
    ]


def _colours(plan: Plan) -> dict:
    """By agents that tasks ask for; None is any worker."""
    asked = dict.fromkeys(task.agent for task in plan.tasks)
    names = [name for name in plan.agents if name in asked]
    n_known = len(palette.CATEGORIES)
    colours = dict(zip(names, palette.CATEGORIES, strict=False))
    colours |= dict.fromkeys(names[n_known:], palette.OTHER)
    if None in asked:
        colours[None] = palette.OTHER if names else palette.BLUE
    return colours


def _boxes(ax, plan, layers, colours, ink, size, n_letters) -> None:
    critical = _chain(plan)
    faces = {colour: _tinted(ax, colour, _TINT) for colour in set(colours)}
    for position, task in enumerate(plan.tasks):
        is_bold = position in critical
        ax.text(
            layers.x[position],
            layers.y[position],
            _squeezed(task.name, n_letters),
            ha="center",
            va="center_baseline",
            fontsize=size,
            fontweight="bold" if is_bold else "normal",
            zorder=3,
            bbox={
                "boxstyle": "round,pad=0.28,rounding_size=0.3",
                "facecolor": faces[colours[position]],
                "edgecolor": ink if is_bold else colours[position],
                "linewidth": 1.8 if is_bold else 1.0,
            },
        )


def _dots(ax, plan, layers, colours, ink, room: Room) -> None:
    chain = _chain(plan)
    critical = np.zeros(plan.n_tasks, dtype=bool)
    critical[list(chain)] = True
    side = 0.8 * room.width / layers.n_folds
    across = float(np.clip(0.85 * min(room.height, side), 2.5, 9.0))
    bold = max(1.25 * across, 5.0)
    ax.scatter(
        layers.x,
        layers.y,
        s=np.where(critical, bold**2, across**2),
        c=colours,
        edgecolors=[ink if is_bold else "none" for is_bold in critical],
        linewidths=min(1.4, 0.25 * bold),
        zorder=2.5,
    )
    size = max(_SMALLEST, 0.75 * FontProperties(size=rcParams["font.size"]).get_size())
    if not chain or room.width < 1.2 * size:
        return
    for position in chain:
        ax.annotate(
            _squeezed(plan.tasks[position].name, _MOST_LETTERS),
            (layers.x[position], layers.y[position]),
            xytext=(0.6 * bold, 0.8 * bold),
            textcoords="offset points",
            rotation=45,
            rotation_mode="anchor",
            ha="left",
            va="center",
            fontsize=size,
            zorder=3,
            path_effects=[withStroke(linewidth=2, foreground=tuple(_paper(ax)))],
        )
    longest = max(len(plan.tasks[position].name) for position in chain)
    letters = CHARACTER * size * min(longest, _MOST_LETTERS)
    top = layers.y[list(chain)].min() - layers.low
    _make_room_above(ax, 0.75 * letters + bold - top * room.height)


def _make_room_above(ax: Axes, points: float) -> None:
    """Move what is drawn down, so that letters above the first row stay inside."""
    box, dpi = ax.get_window_extent(), ax.get_figure(root=True).dpi
    share = min(points / (72 * box.height / dpi), 0.6)
    if share > 0:
        low, high = ax.get_ylim()
        ax.set_ylim(low, low + (high - low) / (1 - share))


def _tinted(ax: Axes, colour: str, share: float) -> tuple:
    """The colour as thin as that on the Axes' paper, but hiding lines below it."""
    return tuple(share * np.array(to_rgb(colour)) + (1 - share) * _paper(ax))


def _ink(ax: Axes) -> str:
    is_dark = float(_paper(ax) @ (0.299, 0.587, 0.114)) < 0.4
    return palette.on_paper(palette.BLACK, is_dark)


def _paper(ax: Axes) -> np.ndarray:
    """What is seen behind the tasks."""
    for colour in (ax.get_facecolor(), ax.get_figure(root=True).get_facecolor()):
        if to_rgba(colour)[3] >= 0.5:
            return np.array(to_rgb(colour))
    return np.ones(3)


# --- words ---


def _squeezed(name: str, most: int) -> str:
    """A name in at most so many letters, its end among them: numbers stand there.

    Examples
    --------
    >>> _squeezed("train model 26", 10)
    'train … 26'
    """
    name = wording.shortened(name, 200)
    if len(name) > most:
        n_last = (most - 1) // 3
        name = f"{name[: most - 1 - n_last]}…{name[len(name) - n_last :]}"
    return name.replace("$", r"\$")


def _title(plan: Plan) -> str:
    parts = [
        wording.count(plan.n_tasks, "task"),
        wording.count(len(plan.rounds), "round"),
    ]
    if _chain(plan):
        parts.append(f"critical path {plan.costs.text(plan.span)}")
    return " · ".join(parts)


def _caption(plan: Plan) -> str:
    """What the picture shows, in words."""
    if not plan.n_tasks:
        return "A plan without tasks."
    n_rounds = len(plan.rounds)
    widest = max(map(len, plan.rounds))
    tasks, rounds = (
        wording.count(plan.n_tasks, "task"),
        wording.count(n_rounds, "round"),
    )
    text = f"A plan of {tasks} in {rounds}, up to {widest:,} at once ({plan.strategy})"
    kinds = plan.edge_kinds
    counts = [f"{kinds.count(kind):,} by {kind}" for kind in _STYLES if kind in kinds]
    if counts:
        text += f". Tasks wait for others {len(kinds):,} times: {', '.join(counts)}"
    sentences = [f"{text}."]
    if _chain(plan):
        names = [wording.shortened(plan.tasks[p].name, 40) for p in _chain(plan)]
        if len(names) > 6:
            names[3:-3] = [f"{len(names) - 6} more"]
        sentences.append(
            f"Critical path, {plan.costs.text(plan.span)}: {', '.join(names)}."
        )
    makespan = plan.costs.text(plan.makespan)
    workers = wording.count(plan.n_workers, "worker")
    sentences.append(f"Predicted makespan on {workers}: {makespan}.")
    return " ".join(sentences)
