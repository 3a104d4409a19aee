"""Pictures of scaling: marks, curves, grey paper, words; and cards that show them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from parallel_nb import display, draw
from parallel_nb.draw import palette
from parallel_nb.errors import ArgumentError
from parallel_nb.fitting import fit
from parallel_nb.sweeps import Sweep
from tests.fitting.making import AMDAHL, GUSTAFSON, USL, sweep_of
from tests.making import run_of
from tests.reading import read

SWEEP = sweep_of("usl", USL, noise=0.03)
FITS = fit(SWEEP)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def marks(ax):
    return [line for line in ax.lines if line.get_linestyle() == "None"]


@pytest.mark.parametrize("picture", [draw.speedup, draw.efficiency, draw.karp_flatt])
def test_every_repeat_is_shown(picture):
    (measured,) = marks(picture(SWEEP))
    column = {"speedup": "speedup", "efficiency": "efficiency"}.get(
        picture.__name__, "karp_flatt"
    )
    expected = SWEEP.table[column].dropna()
    assert measured.get_ydata() == pytest.approx(expected.to_numpy())


def test_laws_differ_by_line_as_well_as_by_colour():
    ax = draw.speedup(SWEEP, [FITS["amdahl"], FITS["usl"]])
    one, other = [line for line in ax.lines if line.get_linewidth() == 2]
    assert to_hex(one.get_color()).upper() == palette.BLUE
    assert one.get_color() != other.get_color()
    assert one._unscaled_dash_pattern != other._unscaled_dash_pattern
    assert legend(ax)[-2:] == ["Amdahl, 95 % band", "USL, 95 % band"]
    assert len(ax.collections) == 2  # the bands


def test_of_all_fits_those_with_votes_are_drawn():
    assert legend(draw.speedup(SWEEP, FITS)) == [
        "measured (18)",
        "ideal",
        "USL, 95 % band",
    ]


def test_beyond_the_measurements_the_paper_is_grey_and_says_so():
    ax = draw.speedup(SWEEP, FITS, up_to=64)
    assert "extrapolated →" in [text.get_text() for text in ax.texts]
    (grey,) = ax.patches
    assert grey.get_x() == 32
    assert draw.speedup(SWEEP, FITS).patches[:] == []
    assert "With 64 workers, beyond the measurements, by law: USL" in draw.caption(ax)


def test_the_ideal_does_not_flatten_what_was_measured():
    ax = draw.speedup(SWEEP, FITS, up_to=1000)
    highest = SWEEP.table["speedup"].max()
    assert highest < ax.get_ylim()[1] < 2 * highest


def test_the_curve_is_what_the_fit_predicts():
    ax = draw.efficiency(SWEEP, FITS["usl"])
    (curve,) = [line for line in ax.lines if line.get_linewidth() == 2]
    n = curve.get_xdata()
    assert curve.get_ydata() == pytest.approx(
        FITS["usl"].predict(n, "efficiency")["efficiency"].to_numpy()
    )


def test_captions_say_what_an_eye_would_see():
    table = pd.DataFrame({"n": [1, 2, 4], "s": [12.0, 6.0, 4.0]})
    sweep = Sweep.from_frame(table, n="n", time="s", label="sorting")
    assert draw.caption(draw.speedup(sweep)) == (
        "Speedup in “sorting”, strong scaling, 3 measurements of 3 numbers of workers "
        "from 1 to 4: on average at most 3×, with 4 workers (75 % of the ideal)."
    )
    assert "on average 75 % with 4, 100 % with 1" in draw.caption(
        draw.efficiency(sweep)
    )
    assert "on average 0 % with 2, 11.1 % with 4; it rises" in draw.caption(
        draw.karp_flatt(sweep)
    )


def test_several_backends_have_marks_of_their_own():
    table = SWEEP.table.assign(b="loky")[["n_workers", "makespan", "b"]]
    both = pd.concat([table, table.assign(b="threading")])
    sweep = Sweep.from_frame(both, time="makespan", backend="b")
    one, other = marks(draw.speedup(sweep))
    assert one.get_marker() != other.get_marker()
    assert one.get_color() != other.get_color()


def test_without_one_worker_speedups_are_estimated_by_the_law():
    sweep = SWEEP.only(n_workers=[2, 4, 8, 16, 32])
    made = fit(sweep, "usl")
    ax = draw.speedup(sweep, made)
    assert ax.get_ylabel() == "speedup, estimated"
    assert marks(ax)[0].get_ydata() == pytest.approx(
        sweep.throughput / made.values["gamma"]
    )
    alone = draw.speedup(sweep)
    assert [text.get_text() for text in alone.texts] == [
        "no speedup: one worker was not measured"
    ]
    assert "so there is none" in draw.caption(alone)


def test_karp_flatt_is_refused_for_weak_scaling():
    sweep = sweep_of("gustafson", GUSTAFSON, scale="weak")
    assert draw.speedup(sweep, fit(sweep)).get_ylabel() == "speedup (scaled)"
    with pytest.raises(ArgumentError, match="strong scaling"):
        draw.karp_flatt(sweep)
    with pytest.raises(ArgumentError, match="`fits` must be of the sweep"):
        draw.speedup(SWEEP, fit(sweep))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sweep",), "`sweep` must be a Sweep; got str"),
        ((SWEEP, 3), "`fits` must be what"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        draw.speedup(*arguments)
    with pytest.raises(ArgumentError, match="`up_to` must be 32 or more"):
        draw.speedup(SWEEP, up_to=8)


def test_it_draws_into_the_axes_that_it_is_given():
    ax = Figure().add_subplot()
    assert draw.karp_flatt(SWEEP, FITS, ax=ax) is ax
    assert ax.get_xlim()[1] > 32


# --- cards ---


def test_the_card_of_a_sweep_says_whether_repeats_agree():
    words, tags = read(display.card(SWEEP))
    assert "n = 32" in words
    assert [tag for tag, _ in tags].count("img") == 1
    once = sweep_of("usl", USL, repeats=1)
    assert "how precise they are is not known" in read(display.card(once))[0]
    exact = sweep_of("usl", USL)
    assert "Each mean is known to 5 %" in read(display.card(exact))[0]


def test_the_card_of_fits_has_the_verdict_and_the_votes():
    words, tags = read(display.card(FITS))
    assert FITS.verdict in words
    assert words.count("USL") > 3
    (image,) = (attributes for tag, attributes in tags if tag == "img")
    assert image["alt"].startswith("Speedup in a sweep")


def test_the_card_of_a_fit_says_what_is_not_identified():
    made = fit(sweep_of("amdahl", AMDAHL, noise=0.03, seed=2), "usl")
    words, _ = read(display.card(made))
    assert "beta not identified (95 %: 0 to" in words
    assert "peak_n not identified" in words
    assert "peak_throughput not identified: it rests on beta" in words


def test_names_are_no_markup():
    table = pd.DataFrame({"n": [1, 2, 4], "s": [4.0, 2.2, 1.3]})
    evil = "<script>$x_"
    sweep = Sweep.from_frame(table, n="n", time="s", label=evil)
    for shown in (sweep, fit(sweep), fit(sweep, "amdahl")):
        _, tags = read(display.card(shown))
        assert "script" not in {tag for tag, _ in tags}
    assert np.isfinite(draw.speedup(sweep).get_ylim()).all()


@pytest.mark.parametrize("counts", [(1,), (4,), (1, 2)])
def test_the_smallest_sweeps_can_be_drawn(counts):
    sweep = sweep_of("linear", {"gamma": 1.0}, counts=counts, repeats=1)
    for picture in (draw.speedup, draw.efficiency, draw.karp_flatt):
        ax = picture(sweep, list(fit(sweep).values()), up_to=9)
        ax.get_figure().canvas.draw()
        assert draw.caption(ax)
        assert draw.caption(picture(sweep))


def runs(*works):
    """A sweep of Runs of 1, 2, … workers with so much work each."""
    made = []
    for n, work in enumerate(works, 1):
        rows = [(lane, 1, "done", lane, 0.0, work / n) for lane in range(n)]
        made.append(run_of(*rows, n_workers=n))
    return Sweep.from_runs(made)


def test_work_inflation_is_what_the_same_tasks_took_more():
    ax = draw.work_inflation(runs(8.0, 10.0, 12.0))
    (measured,) = marks(ax)
    assert measured.get_xydata().tolist() == [[1, 1.0], [2, 1.25], [3, 1.5]]
    assert "on average 1.5 with 3, 1 with 1; it rises" in draw.caption(ax)


def test_work_that_nobody_knows_is_not_drawn():
    with pytest.raises(ArgumentError, match="must be made of Runs"):
        draw.work_inflation(SWEEP)
