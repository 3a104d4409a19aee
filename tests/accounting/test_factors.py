"""`efficiencies`: factors that multiply, and what they need."""

import pandas as pd
import pytest

from parallel_nb import ArgumentError, Run, efficiencies

from .making import run_of


def on(worker, started, ended, **fields):
    return {"worker": worker, "started": started, "ended": ended, **fields}


ONE = run_of(on(0, 0.5, 3.5), on(0, 3.5, 4.5), n_workers=1, startups=[(0, 0, 0.5)])
TWO = run_of(on(0, 1, 4), on(1, 1, 3), startups=[(0, 0, 1), (1, 0, 1)])


def test_the_factors_are_those_of_the_busy_times():
    row = efficiencies(TWO).iloc[0]
    assert row["n_workers"] == 2
    assert row["makespan"] == 4
    assert row["load_balance"] == pytest.approx(2.5 / 3)
    assert row["dispatch_efficiency"] == pytest.approx(3 / 4)
    assert row["parallel_efficiency"] == pytest.approx(5 / 8)


def test_global_efficiency_is_parallel_efficiency_by_computation_scaling():
    row = efficiencies(TWO, ONE).iloc[0]
    assert row["computation_scaling"] == pytest.approx(4 / 5)
    assert row["global_efficiency"] == pytest.approx(5 / 8 * 4 / 5)
    assert row["speedup"] == pytest.approx(4.5 / 4)
    own = efficiencies(ONE).iloc[0]["parallel_efficiency"]
    assert row["speedup"] == pytest.approx(2 * row["global_efficiency"] / own)


def test_a_run_is_its_own_perfect_reference():
    row = efficiencies(TWO, TWO).iloc[0]
    assert row["computation_scaling"] == 1 == row["speedup"]
    assert row["global_efficiency"] == row["parallel_efficiency"]


def test_without_a_reference_scaling_is_not_known():
    row = efficiencies(TWO).iloc[0]
    assert row[["computation_scaling", "global_efficiency", "speedup"]].isna().all()


@pytest.mark.parametrize("run", [run_of(), run_of(on(0, 1, 1))])
def test_where_nothing_took_time_nothing_is_defined(run):
    row = efficiencies(run, run).iloc[0].drop(["n_workers", "makespan"])
    assert row.isna().all()


def test_a_reference_of_other_tasks_is_refused():
    with pytest.raises(ArgumentError, match="one of 1 tasks beside one of 2"):
        efficiencies(TWO, run_of(on(0, 0, 1)))


@pytest.mark.parametrize(
    ("arguments", "parameter"),
    [((None,), "run"), ((TWO, 4.5), "reference"), ((pd.DataFrame(),), "run")],
)
def test_what_is_no_run_is_refused_by_name(arguments, parameter):
    with pytest.raises(ArgumentError, match=f"`{parameter}` must be a Run"):
        efficiencies(*arguments)


def test_workers_that_did_nothing_count():
    table = pd.DataFrame({"task": [0], "started": [0.0], "ended": [2.0]})
    row = efficiencies(Run.from_frame(table, n_workers=4)).iloc[0]
    assert row["load_balance"] == 0.25
