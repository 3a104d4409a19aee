"""Sweeps: what is measured by number of workers, and what each row says by itself."""

import pickle

import numpy as np
import pandas as pd
import pytest

from parallel_nb.errors import ArgumentError, SchemaError
from parallel_nb.runs import Run
from parallel_nb.sweeps import Sweep
from tests.draw.making import run_of

TABLE = pd.DataFrame({"n": [1, 2, 2, 4], "seconds": [12.0, 7.0, 7.4, 4.8]})


def of(table=TABLE, **options):
    options = {"n": "n", "time": "seconds"} | options
    return Sweep.from_frame(table, **options)


def test_speedup_and_efficiency_are_over_one_worker_as_measured():
    table = of().table
    assert table["speedup"].tolist() == pytest.approx([1, 12 / 7, 12 / 7.4, 2.5])
    assert table["efficiency"].tolist() == pytest.approx([1, 6 / 7, 6 / 7.4, 0.625])
    assert table["karp_flatt"].iloc[-1] == pytest.approx(0.2)
    assert np.isnan(table["karp_flatt"].iloc[0])


def test_repeats_are_numbered_as_they_come():
    assert of().table["repeat"].tolist() == [0, 0, 1, 0]


def test_time_and_throughput_give_the_same_speedups():
    table = TABLE.assign(rate=1 / TABLE["seconds"])
    by_rate = of(table, time=None, throughput="rate").table
    assert by_rate["speedup"].tolist() == pytest.approx(of().table["speedup"].tolist())
    assert by_rate["makespan"].isna().all()


def test_speedups_are_taken_as_they_are():
    sweep = of(TABLE.assign(s=[1, 1.7, 1.6, 2.5]), time=None, speedup="s")
    assert sweep.table["speedup"].tolist() == [1, 1.7, 1.6, 2.5]
    assert sweep.table["throughput"].isna().all()
    assert sweep.measure == "speedup"


def test_the_reference_is_the_median_so_that_one_bad_repeat_bends_nothing():
    table = pd.DataFrame({"n": [1, 1, 1, 2], "seconds": [10.0, 10.0, 90.0, 5.0]})
    assert of(table).table["speedup"].iloc[-1] == pytest.approx(2.0)


def test_without_one_worker_there_is_no_speedup():
    assert of(TABLE[1:]).table["speedup"].isna().all()


def test_of_weak_scaling_speedups_are_scaled_and_fractions_gustafsons():
    table = pd.DataFrame({"n": [1, 4], "seconds": [10.0, 12.5]})
    weak = of(table, scale="weak").table.iloc[-1]
    assert weak["speedup"] == pytest.approx(4 * 10 / 12.5)
    assert weak["efficiency"] == pytest.approx(0.8)
    assert weak["scaled_serial_fraction"] == pytest.approx(0.8 / 3)
    assert np.isnan(weak["karp_flatt"])
    assert of(table).table["scaled_serial_fraction"].isna().all()


def runs():
    one = run_of((0, 0, 4), (0, 4, 8))
    two = run_of((0, 0, 5), (1, 0, 4))
    return [one, two]


def test_runs_become_rows_with_their_shares():
    sweep = Sweep.from_runs(runs())
    assert len(sweep.runs) == 2
    assert isinstance(sweep.runs[1], Run)
    row = sweep.table.iloc[1]
    assert row["makespan"] == 5
    assert row["utilization"] == pytest.approx(0.9)
    assert row["load_balance"] == pytest.approx(0.9)
    assert row["work_inflation"] == pytest.approx(9 / 8)


@pytest.mark.parametrize("scale", ["strong", "weak"])
def test_efficiency_is_utilization_over_work_inflation(scale):
    table = Sweep.from_runs(runs(), scale=scale).table
    product = table["efficiency"] * table["work_inflation"]
    assert product.tolist() == pytest.approx(table["utilization"].tolist())


def test_a_part_keeps_its_runs():
    part = Sweep.from_runs(runs()).only(n_workers=[2])
    assert [run.meta.n_workers for run in part.runs] == [2]
    with pytest.raises(ArgumentError, match="`n_workers` must be among 1, 2"):
        Sweep.from_runs(runs()).only(n_workers=[3])


def test_each_backend_has_its_own_reference():
    table = pd.DataFrame(
        {"n": [1, 2, 1, 2], "seconds": [8.0, 4.0, 6.0, 6.0], "b": list("xxyy")}
    )
    sweep = of(table, backend="b")
    assert sweep.table["speedup"].tolist() == [1, 2, 1, 1]
    assert sweep.only("y").backends == ["y"]
    with pytest.raises(ArgumentError, match="`backend` must be one of 'x', 'y'"):
        sweep.only("z")


def test_precision_tells_how_many_repeats_are_missing():
    table = pd.DataFrame({"n": [1, 1, 1, 2], "seconds": [9.0, 10.0, 11.0, 5.0]})
    told = of(table).precision(0.3).set_index("n_workers")
    assert told.loc[1, "half_width"] == pytest.approx(0.248, abs=1e-3)
    assert told.loc[1, "more"] == 0
    assert np.isnan(told.loc[2, "cv"])
    assert told.loc[2, "more"] == 1
    assert of(table).precision(0.05).loc[0, "needed"] == 75


def test_it_is_frozen_and_can_be_pickled():
    sweep = of()
    with pytest.raises(AttributeError, match="frozen"):
        sweep.label = "other"
    again = pickle.loads(pickle.dumps(sweep))
    pd.testing.assert_frame_equal(again.table, sweep.table)
    table = sweep.table
    table.loc[0, "speedup"] = 9
    assert sweep.table.loc[0, "speedup"] == 1


def test_the_frame_comes_back_untouched():
    before = TABLE.copy()
    of()
    pd.testing.assert_frame_equal(TABLE, before)


def test_it_tells_itself_in_one_line():
    assert repr(of(label="sort")) == (
        "<Sweep 'sort' 1, 2, 4 workers · 1 to 2 repeats of each · strong scaling · "
        "makespan measured>"
    )


def test_times_may_be_timedeltas():
    table = TABLE.assign(seconds=pd.to_timedelta(TABLE["seconds"], unit="s"))
    assert of(table).table["makespan"].tolist() == [12.0, 7.0, 7.4, 4.8]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": "cores"}, SchemaError, "expected a column of the frame; got 'cores'"),
        ({"time": None}, ArgumentError, "exactly one of `time`.*got none"),
        ({"speedup": "n"}, ArgumentError, "got time and speedup"),
        ({"scale": "weak scaling"}, ArgumentError, "`scale` must be one of"),
    ],
)
def test_what_cannot_be_read_is_named(options, error, message):
    with pytest.raises(error, match=message):
        of(**options)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("n", 0, "expected whole numbers from 1; got 0"),
        ("n", 1.5, r"expected whole numbers from 1; got 1\.5"),
        ("seconds", -1.0, "expected positive numbers; got -1"),
        ("seconds", np.nan, "expected a number in each row; got nan in row 1"),
        ("seconds", 0.0, "got 0 in row 1. Drop rows in which nothing was done"),
        ("n", 1e12, "expected up to 1,000,000,000; got 1e.12"),
    ],
)
def test_values_that_cannot_be_are_refused(column, value, message):
    table = TABLE.astype(float)
    table.loc[1, column] = value
    with pytest.raises(SchemaError, match=message):
        of(table)


def test_text_that_is_no_number_is_shown():
    with pytest.raises(SchemaError, match="expected numbers; got 'four' in row 3"):
        of(TABLE.assign(n=["1", "2", "2", "four"]))


def test_no_measurement_is_no_sweep():
    with pytest.raises(SchemaError, match="at least one measurement"):
        of(TABLE[:0])


# --- loads: how many were at work on average ---

LOADS = pd.DataFrame({"busy": [0.5, 1.0, 2.5], "rate": [2.6, 5.0, 9.0]})


def test_loads_may_have_fractions_where_throughput_was_measured():
    table = of(LOADS, n="busy", time=None, throughput="rate").table
    assert table["n_workers"].tolist() == [0.5, 1.0, 2.5]
    assert table["speedup"].tolist() == pytest.approx([0.52, 1, 1.8])
    assert table["karp_flatt"].isna().tolist() == [True, True, False]


def test_fractions_of_workers_have_no_makespan():
    with pytest.raises(
        SchemaError, match=r"got 0\.5\. Fractions are loads.*throughput"
    ):
        of(LOADS, n="busy", time="rate")
    with pytest.raises(SchemaError, match="expected numbers above 0; got -0"):
        of(LOADS.assign(busy=[-0.5, 1, 2]), n="busy", time=None, throughput="rate")


# --- batches of which a part does not grow ---


def test_what_does_not_grow_is_not_counted_n_times():
    # A fixed second, and three that grow and are shared: four seconds with any n.
    fixed, shared = 1.0, 3.0
    makespans = [run_of((0, 0, fixed + shared)), run_of((0, 0, fixed + shared))]
    makespans[1] = run_of(*((lane, 0, fixed + shared) for lane in range(4)))
    growth = [1.0, (fixed + 4 * shared) / (fixed + shared)]
    weak = Sweep.from_runs(makespans, scale="weak", growth=growth)
    row = weak.table.iloc[1]
    assert row["speedup"] == pytest.approx(growth[1])
    # Gustafson's s' is the fixed part's share of the parallel run.
    assert row["scaled_serial_fraction"] == pytest.approx(fixed / (fixed + shared))
    assert Sweep.from_runs(makespans, scale="weak").table["speedup"].iloc[1] == 4
    again = pickle.loads(pickle.dumps(weak))
    assert again.grown([1, 4, 7]).tolist() == pytest.approx([1, 3.25, 5.5])


def test_a_batch_grows_with_its_workers_unless_it_is_told_otherwise():
    weak = of(scale="weak")
    assert weak.grown([1, 2.5, 8]).tolist() == [1, 2.5, 8]
    assert of().grown([1, 8]).tolist() == [1, 1]


def test_growth_is_of_each_run():
    with pytest.raises(ArgumentError, match="`growth` must have one number for each"):
        Sweep.from_runs(runs(), scale="weak", growth=[1.0])
    with pytest.raises(SchemaError, match="growth: expected positive numbers; got -1"):
        Sweep.from_runs(runs(), scale="weak", growth=[1.0, -1.0])
