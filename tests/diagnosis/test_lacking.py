"""Runs of which a foreign file did not tell all: what is said of them, and what not."""

import dataclasses
import math

import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb.errors import ArgumentError

_TABLE = pd.DataFrame(
    {
        "task": ["a", "b", "c", "d"],
        "started": [0.0, 1.0, 3.0, 12.0],
        "ended": [1.0, 3.0, 12.0, 13.0],
    }
)


def lacking(*lacks, table=_TABLE):
    run = pnb.Run.from_frame(table)
    return pnb.Run(run.attempts, dataclasses.replace(run.meta, lacks=lacks))


def test_where_time_went_is_refused_if_nobody_noted_when_tasks_began():
    with pytest.raises(ArgumentError, match="durations only") as raised:
        pnb.ledger(lacking("starts", "workers"))
    assert "pnb.predict" in str(raised.value)


def test_factors_of_durations_alone_are_not_defined_but_for_the_work():
    run = lacking("starts")
    frame = pnb.efficiencies(run, run)
    assert frame["computation_scaling"][0] == 1
    assert (
        frame.drop(columns=["n_workers", "computation_scaling"]).isna().all(axis=None)
    )
    assert "durations only" in frame.attrs["notes"][0]


def test_durations_alone_tell_the_limit_and_the_straggler():
    found = pnb.findings(lacking("starts"))
    assert [f.name for f in found] == [
        "only durations are known",
        "a straggler sets the limit",
    ]
    assert found[0].numbers == {"work": 13.0, "span": 9.0, "useful_workers": 2}
    assert found[1].tasks == (2,)
    assert found[1].numbers["then"] == 4.5
    assert "idle workers" in found.not_examined[0]
    assert math.isnan(found.makespan)
    assert "nothing ran" not in str(found)


def test_equal_durations_have_no_straggler():
    table = _TABLE.assign(started=[0.0, 1, 2, 3], ended=[1.0, 2, 3, 4])
    (finding,) = pnb.findings(lacking("starts", table=table))
    assert finding.numbers["useful_workers"] == 4


def test_work_in_vain_is_told_by_durations_alone():
    table = _TABLE.assign(status=["done", "failed", "done", "done"])
    found = pnb.findings(lacking("starts", table=table))
    (lost,) = [f for f in found if f.name == "work lost to failures and retries"]
    assert lost.numbers["lost"] == 2.0


def test_a_chain_of_durations_is_the_limit_where_tasks_wait():
    run = lacking("starts")
    edges = pd.DataFrame({"task": [3], "after": [2]})
    found = pnb.findings(pnb.Run(run.attempts, run.meta, edges=edges))
    assert found[0].numbers["span"] == 10.0


def test_a_prediction_from_durations_alone_does_not_know_its_own_error():
    frame = pnb.predict(lacking("starts"), [2, 3])
    assert frame[["measured", "error"]].isna().all(axis=None)
    assert frame["makespan"].tolist() == [13.0, 10.0, 9.0]
    assert "cannot be told" in frame.attrs["notes"][0]
    assert not frame["is_at_least"].any()


def test_a_schedule_of_durations_has_a_ledger():
    run = pnb.simulate(lacking("starts"), n_workers=2, order="longest_first")
    assert pnb.ledger(run).parts["tail"] == 5.0
    assert "only durations were recorded" in run.meta.notes[0]


def test_a_report_of_durations_alone_has_no_total_time():
    text = pnb.report(lacking("starts"))
    assert "**Total time:** not measured" in text
    assert "**Utilization:** not measured" in text
    assert "100 % (13 s of 13 s)" not in text
    assert "Only durations are known" in text
    assert "`pnb.predict(run, n_workers=[…])`" in text


def test_lanes_that_were_concluded_make_balance_an_upper_bound():
    run = lacking("workers")
    assert "upper bounds" in pnb.efficiencies(run).attrs["notes"][0]
    assert "fewest that the times allow" in pnb.ledger(run).notes[-1]
    assert "no better than they show" in pnb.findings(run).not_examined[-1]
    assert "fewest that the times allow" in pnb.predict(run, 2).attrs["notes"][0]
    assert "no better than they show" in pnb.report(run)


def test_nothing_is_said_of_runs_that_lack_nothing():
    run = lacking()
    assert pnb.efficiencies(run).attrs["notes"] == []
    assert not any("fewest" in note for note in pnb.ledger(run).notes)
    assert "no better than they show" not in pnb.report(run)


def test_time_inside_attempts_whose_cpu_nobody_measured_is_a_part_of_its_own():
    parts = pnb.ledger(lacking()).parts
    assert parts["unmeasured"] == 13.0
    assert parts["useful"] == parts["waiting"] == 0.0
