"""`timeline`: what stands around the lanes, and that the picture is there."""

import io
import pickle
from itertools import pairwise

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from parallel_nb import draw
from parallel_nb.draw import palette
from parallel_nb.draw.blocks import blocks
from parallel_nb.errors import ArgumentError
from tests.draw.making import is_near, many, run_of
from tests.making import agents_run

COLORS = ["status", "name", "agent", "duration"]
SOME = [(0, 0, 4), (1, 0, 2, "failed", "fit"), (1, 2, 3, "done", "fit")]
ODD_RUNS = {
    "no task": (),
    "nothing started": ((-1, np.nan, np.nan, "skipped"),),
    "one instant": ((0, 0, 0),),
    "no end": ((0, 1, np.nan, "crashed"),),
    "no worker": ((-1, 1, np.nan, "crashed"), (0, 0, 1)),
    "all failed": ((0, 0, 1, "failed"), (0, 1, 1, "timeout")),
}


def pixels_of(ax):
    """What the figure looks like, and the rows and columns of its Axes."""
    canvas = FigureCanvasAgg(ax.get_figure())
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    left, bottom, right, top = np.rint(ax.bbox.extents).astype(int)
    height = len(pixels)
    return pixels, pixels[height - top : height - bottom, left:right]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_axes_that_are_given_come_back():
    ax = Figure().add_subplot()
    assert draw.timeline(run_of(*SOME), ax) is ax


def test_lanes_are_workers_and_x_is_seconds():
    ax = draw.timeline(run_of(*SOME))
    left, right = ax.get_xlim()
    assert (left, right) == (0, pytest.approx(4.04))
    assert ax.get_ylim() == (1.5, -0.5)
    assert ax.get_ylabel() == "worker"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0", "1"]
    ticks = ax.get_xticklabels()
    assert [label.get_text() for label in ticks][:3] == ["0", "0.5 s", "1 s"]


@pytest.mark.parametrize("n_workers", [17, 64, 512])
def test_many_lanes_have_few_round_labels(n_workers):
    ax = draw.timeline(many(1_000, n_workers))
    pixels_of(ax)
    shown = [text.get_text() for text in ax.get_yticklabels() if text.get_text()]
    assert 3 <= len(shown) <= 18
    assert shown[0] == "0"
    assert len({int(b) - int(a) for a, b in pairwise(shown)}) == 1


def test_the_title_says_whose_it_is_and_how_large():
    ax = draw.timeline(run_of(*SOME, label="search"))
    assert ax.get_title() == "search · 3 tasks · 2 workers · 4 s"


def test_the_legend_counts_attempts_by_status():
    run = run_of(*SOME, (-1, np.nan, np.nan, "skipped"), startups=[(0, 0, 1)])
    assert legend_of(draw.timeline(run)) == [
        "done (2)",
        "failed (1)",
        "skipped (1, not started)",
        "starting up (1)",
    ]


def test_the_legend_counts_attempts_by_name():
    ax = draw.timeline(run_of(*SOME), color="name")
    assert legend_of(ax) == ["task (1)", "fit (2)", "not done (1)"]


AGENTS = [
    (0, 1, "tester", "done", 0, 0.0, 1.0),
    (1, 1, None, "done", 1, 0.0, 3.0),
    (2, 1, "tester", "failed", 0, 1.0, 2.5),
    (3, 1, "idle", "skipped", -1, np.nan, np.nan),
]


def test_the_legend_counts_attempts_by_agent_and_the_caption_says_it():
    ax = draw.timeline(agents_run(*AGENTS, agents={"tester": 1}), color="agent")
    expected = ["any worker (1)", "tester (2)", "idle (1)", "not done (1)"]
    assert legend_of(ax) == expected
    assert draw.caption(ax).endswith(
        " Colours tell the agent: any worker (1 attempt), tester (2 attempts), idle "
        "(1 attempt)."
    )
    pixels_of(ax)


def test_agents_have_colours_that_any_colour_vision_tells_apart():
    names = [f"agent-{n}" for n in range(9)]
    rows = [(n, 1, name, "done", 0, n, n + 9.0 - n / 9) for n, name in enumerate(names)]
    shown = blocks(agents_run(*rows), "agent")
    assert [kind.colour for kind in shown.kinds] == [*palette.CATEGORIES, palette.OTHER]
    assert shown.kinds[-1].label == "3 other agents"


def test_agents_that_nobody_declared_are_any_worker():
    ax = draw.timeline(run_of(*SOME), color="agent")
    assert legend_of(ax) == ["any worker (3)", "not done (1)"]


@pytest.mark.parametrize("picture", [draw.timeline, draw.utilization])
@pytest.mark.parametrize("lengths", [(2, 5), (5, 2)])
def test_pictures_that_share_an_axis_show_the_longest_run(picture, lengths):
    upper, lower = Figure().subplots(2, sharex=True)
    for ax, length in zip((upper, lower), lengths, strict=True):
        picture(run_of((0, 0, length)), ax)
    left, right = upper.get_xlim()
    assert left == 0
    assert 5 <= right < 5.1
    assert lower.get_xlim() == (left, right)


def test_a_picture_drawn_again_has_its_own_window():
    ax = Figure().subplots(2, sharex=True)[0]
    for length in (5, 2):
        draw.timeline(run_of((0, 0, length)), ax)
    assert ax.get_xlim()[1] < 2.1


def test_names_are_shown_literally():
    odd = ["$x^2$", "_private", "two\nlines", "caf\u00e9 \udcff", "a" * 99]
    rows = [(0, at, at + 1, "done", name) for at, name in enumerate(odd)]
    ax = draw.timeline(run_of(*rows, label="$\\alpha_"), color="name")
    pixels_of(ax)
    shown = legend_of(ax)
    assert len(shown) == len(odd)
    assert r"\$x^2\$ (1)" in shown
    assert " _private (1)" in shown
    assert "two lines (1)" in shown


@pytest.mark.parametrize(
    ("lengths", "is_log"), [((1, 2, 3), False), ((0.01, 0.1, 10), True)]
)
def test_durations_have_a_colour_bar_that_fits_their_spread(lengths, is_log):
    rows = [(at, 0, length) for at, length in enumerate(lengths)]
    ax = draw.timeline(run_of(*rows), color="duration")
    image, (bar,) = ax.images[0], ax.child_axes
    assert isinstance(image.norm, LogNorm) is is_log
    assert (image.norm.vmin, image.norm.vmax) == (lengths[0], lengths[-1])
    assert bar.get_ylabel() == "attempt duration"
    pixels_of(ax)
    labels = [label.get_text() for label in bar.get_yticklabels()]
    assert all(label.endswith(("s", "0")) for label in labels if label)


@pytest.mark.parametrize("shortest", [1.93, 2.0, 0.2, 0.0199])
def test_a_colour_bar_tells_its_scale_by_two_ticks_at_least(shortest):
    rng = np.random.default_rng(0)
    lengths = (
        np.geomspace(shortest, 2.07, 80)
        if shortest < 1
        else rng.uniform(shortest, 2.07, 80)
    )
    ends = np.cumsum(lengths)
    rows = [(0, end - length, end) for end, length in zip(ends, lengths, strict=True)]
    ax = draw.timeline(run_of(*rows), color="duration")
    pixels_of(ax)
    (bar,) = ax.child_axes
    low, high = bar.get_ylim()
    assert sum(low <= tick <= high for tick in bar.get_yticks()) >= 2


def test_durations_that_no_clock_tells_apart_have_one_colour():
    rows = [(0, k / 10, (k + 1) / 10) for k in range(100)]  # equal but for rounding
    shade = blocks(run_of(*rows), "duration").shade
    assert np.ptp(shade.values) == 0


def test_a_colour_bar_fits_beside_axes_of_the_users():
    figure = Figure()
    ax = draw.timeline(run_of(*SOME), figure.add_subplot(), color="duration")
    assert len(figure.axes) == 2
    pixels_of(ax)


def test_a_failure_among_a_million_is_seen_in_the_figure():
    clean = is_near(pixels_of(draw.timeline(many(1_000_000, 8)))[1], palette.VERMILION)
    ax = draw.timeline(many(1_000_000, 8, failed=[500_000]))
    seen = is_near(pixels_of(ax)[1], palette.VERMILION)
    assert not clean.any()
    assert seen.sum() >= 6


def test_zooming_in_shows_single_attempts_of_a_million():
    ax = draw.timeline(many(1_000_000, 2))
    ax.set_xlim(5, 5 + 10 * 2e-5)
    _, lanes = pixels_of(ax)
    row = is_near(lanes[len(lanes) // 4], palette.BLUE, 2)
    assert np.count_nonzero(np.diff(row.astype(int)) == -1) in (9, 10, 11)


def test_turning_the_axes_turns_the_lanes():
    ax = draw.timeline(run_of((0, 0, 1), (1, 0, 4)))
    upright = pixels_of(ax)[1]
    ax.invert_yaxis()
    ax.invert_xaxis()
    turned = pixels_of(ax)[1]
    busy = [is_near(p, palette.BLUE, 2).mean(axis=1) for p in (upright, turned)]
    half = len(upright) // 2
    assert busy[0][:half].sum() < busy[0][half:].sum()
    assert busy[1][:half].sum() > busy[1][half:].sum()
    lower = is_near(turned[half + 10 : -10], palette.BLUE, 2)
    assert not lower[:, :100].any()
    assert lower[:, -100:].any()


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("rows", ODD_RUNS.values(), ids=ODD_RUNS)
def test_odd_runs_are_drawn(rows, color):
    ax = draw.timeline(run_of(*rows), color=color)
    pixels_of(ax)
    assert draw.caption(ax)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("no task", "no tasks"),
        ("nothing started", "no attempt has started"),
        ("one instant", "no attempt took a measurable time"),
    ],
)
def test_a_picture_of_nothing_says_so(rows, words):
    ax = draw.timeline(run_of(*ODD_RUNS[rows]))
    assert [text.get_text() for text in ax.texts] == [words]


def test_the_words_say_what_the_picture_shows():
    ax = draw.timeline(run_of(*SOME, label="search"))
    assert draw.caption(ax) == (
        "Timeline of run “search”: 3 attempts on 2 workers in 4 s; 2 done, 1 failed. "
        "Inside attempts 88 % of the time, worker 1 the least (75 %)."
    )


def test_titles_set_later_keep_clear_of_the_legend():
    ax = draw.timeline(run_of(*SOME))
    ax.set_title("Mine")
    pixels_of(ax)
    title = ax.title.get_window_extent()
    assert title.y0 >= ax.get_legend().get_window_extent().y1 - 1
    assert title.y1 <= ax.get_figure().bbox.y1


def test_labels_set_later_stay_on_the_paper():
    ax = draw.timeline(run_of(*SOME), color="duration")
    ax.set_xlabel("time")
    ax.set_yticks([0, 1], ["the first worker", "the second worker"])
    ax.get_figure().suptitle("Above")
    pixels_of(ax)
    paper = ax.get_figure().bbox
    for text in (ax.xaxis.label, ax.yaxis.label, *ax.get_yticklabels()):
        box = text.get_window_extent()
        assert paper.x0 <= box.x0
        assert box.x1 <= ax.bbox.x0 or text is ax.xaxis.label
        assert paper.y0 <= box.y0
    (bar,) = ax.child_axes
    assert bar.yaxis.label.get_window_extent().x1 <= paper.x1


def test_rcparams_are_honoured():
    with mpl.rc_context():
        mpl.style.use("dark_background")
        mpl.rcParams["figure.figsize"] = (4, 2)
        mpl.rcParams["image.cmap"] = "magma"
        ax = draw.timeline(run_of((0, 0, 4, "crashed")))
        pixels, lanes = pixels_of(ax)
        assert ax.images[0].get_cmap().name == "magma"
    assert pixels.shape[1] == 560
    assert (pixels[0, 0] == [0, 0, 0, 255]).all()
    assert is_near(lanes, "#FFFFFF", 2).mean() > 0.5  # crashes, else black


def test_another_colour_map_can_be_chosen_afterwards():
    ax = draw.timeline(run_of((0, 0, 1), (0, 1, 4)), color="duration")
    before = pixels_of(ax)[1].copy()
    ax.images[0].set_cmap("Greys")
    assert (pixels_of(ax)[1] != before).any()


@pytest.mark.parametrize("file_format", ["png", "svg", "pdf"])
def test_every_format_holds_the_picture(file_format):
    file = io.BytesIO()
    figure = draw.timeline(run_of(*SOME)).figure
    figure.savefig(file, format=file_format, bbox_inches="tight", dpi=150)
    assert len(file.getvalue()) > 1_000


def test_a_figure_can_be_pickled():
    ax = draw.timeline(run_of(*SOME), Figure().add_subplot())
    copy = pickle.loads(pickle.dumps(ax.get_figure()))
    assert draw.caption(copy) == draw.caption(ax)


def test_a_wrong_colouring_draws_nothing():
    ax = Figure().add_subplot()
    with pytest.raises(ArgumentError, match="`color` must be one of"):
        draw.timeline(run_of(*SOME), ax, color="worker")
    assert not ax.has_data()
