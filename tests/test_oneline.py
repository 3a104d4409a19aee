"""A Run in one line; seconds in the unit that fits."""

import numpy as np
import pytest

from parallel_nb.runs import Run, format_seconds

from .making import meta, one_failed, run_of


def test_the_line_of_a_run():
    assert repr(one_failed(label="grid")) == (
        "<Run 'grid' 2 tasks: 1 done, 1 failed · 2 workers (isolated) · 4 s · "
        "speedup 1.5 (estimated) · utilization 75 %>"
    )


def test_the_line_says_how_an_interrupted_run_ended():
    run = Run(
        run_of((0, 1, "done", 0, 0.0, 1.0)).attempts, meta(1, ended_by="interrupt")
    )
    assert repr(run) == (
        "<Run 1 task: 1 done · 1 worker (isolated) · 1 s · speedup 1.0 (estimated) · "
        "utilization 100 % · ended by interrupt>"
    )


def test_durations_alone_are_not_placed_in_time():
    """Laid end to end they would look like a makespan that nobody measured."""
    attempts = run_of((0, 1, "done", 0, 0.0, 1.0), (1, 1, "done", 1, 0.0, 3.0)).attempts
    run = Run(attempts, meta(2, lacks=("starts",)))
    assert repr(run) == (
        "<Run 2 tasks: 2 done · 2 workers (isolated) · 4 s of work, not placed in time>"
    )
    numbers = run.summary().iloc[0]
    assert numbers["work"] == 4.0
    of_moments = ["makespan", "speedup_estimated", "efficiency", "utilization"]
    of_moments += ["load_balance", "dispatch_efficiency", "throughput"]
    assert numbers[of_moments].isna().all()
    assert run.agents[["idle", "utilization"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (9e-7, "0.9 µs"),
        (0.0009999, "1 ms"),
        (0.9999, "1 s"),
        (59.4, "59.4 s"),
        (59.7, "1 min"),
        (61.0, "1 min 01 s"),
        (3599.7, "1 h"),
        (3900.0, "1 h 05 min"),
        (360_000.0, "100 h"),
        (-0.25, "-250 ms"),
        (np.nan, "unknown"),
    ],
)
def test_seconds_are_told_in_the_unit_that_fits(seconds, text):
    assert format_seconds(seconds) == text
