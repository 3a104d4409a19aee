"""Findings as a whole: none where nothing is to gain, ranked, readable, honest."""

import math

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import parallel_nb as pnb
from parallel_nb import diagnosis
from parallel_nb.diagnosis import Finding, Findings
from parallel_nb.errors import ArgumentError
from tests.accounting.making import NAN, run_of, runs

from .making import in_turn, kinds, on, one, only, sick

# --- nothing, and what nobody knows ---


def test_a_run_that_is_as_good_as_can_be_is_told_so():
    found = only("NothingToGain", on(0, 0, 4), on(1, 0, 4))
    assert found.saving == 0
    assert "takes less than 4 s" in found.evidence
    assert "Only shorter tasks" in found.remedy


def test_more_workers_are_mentioned_where_tasks_wait():
    rows = [*in_turn(0, 4, 2, cpu=0), *in_turn(1, 4, 2, cpu=0)]
    found = only("NothingToGain", *rows, cpu_count=2)
    assert "4 would take 4 s" in found.remedy


def test_more_workers_than_cores_are_not_promised_anything():
    rows = [*in_turn(0, 4, 2), *in_turn(1, 4, 2)]
    found = only("NothingToGain", *rows, cpu_count=2)
    assert "4 would have to share 2 cores" in found.remedy


def test_a_run_without_time_has_nothing_to_find():
    found = pnb.findings(run_of())
    assert kinds(found) == ["NothingRan"]
    assert str(found).startswith("1 finding · nothing ran")


def test_imported_runs_say_what_was_not_examined():
    table = pd.DataFrame(
        {"task": [0, 1], "started": [0.0, 0.0], "ended": [4.0, 4.0], "worker": [0, 1]}
    )
    found = pnb.findings(pnb.Run.from_frame(table, backend="threading"))
    assert kinds(found) == ["NothingToGain"]
    told = "; ".join(found.not_examined)
    for subject in ("start-up", "handing over", "the GIL", "oversubscription"):
        assert subject in told
    assert "Not examined: start-up, as nobody noted" in str(found)


def test_gaps_are_not_blamed_where_nobody_knows_what_was_ready():
    rows = in_turn(0, 16, 0.125, gap=0.125, ready=NAN)
    found = pnb.findings(run_of(*rows, n_workers=1))
    assert "TasksTooSmall" not in kinds(found)
    assert any("handing over" in each for each in found.not_examined)


# --- all together ---


def test_what_saves_most_comes_first():
    found = pnb.findings(sick())
    savings = [finding.saving for finding in found]
    assert savings == sorted(savings, reverse=True)
    assert len(found) >= 2


def test_findings_are_a_sequence_with_a_table_and_text():
    found = pnb.findings(sick())
    assert isinstance(found, Findings)
    assert all(isinstance(finding, Finding) for finding in found)
    table = found.table
    assert table["name"].tolist() == [finding.name for finding in found]
    assert (table["makespan"] - table["predicted"] == table["saving"]).all()
    text = str(found)
    assert text.startswith(f"sick · {len(found)} findings · 10 s on 2 workers\n1. ")
    assert "“long”" in text
    assert "Do: " in text
    assert repr(found) == text


def test_tasks_of_the_same_name_are_told_apart():
    found = one("LongestLast", on(0, 0, 2), on(1, 0, 2), on(0, 2, 6))
    assert "“task” (task 2)" in found.evidence


def test_a_finding_cannot_be_changed():
    found = pnb.findings(sick())[0]
    with pytest.raises(AttributeError):
        found.predicted = 0.0


@pytest.mark.parametrize("wrong", [{"run": 3}, {"run": sick(), "baseline": 3}])
def test_only_runs_have_findings(wrong):
    with pytest.raises(ArgumentError, match="must be a Run; got int"):
        pnb.findings(**wrong)


def test_a_baseline_is_of_the_same_tasks():
    with pytest.raises(ArgumentError, match="one of 1 tasks beside one of 4"):
        pnb.findings(sick(), run_of(on(0, 0, 1)))


@given(runs())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_run_has_findings_that_can_be_read(run):
    found = [*pnb.findings(run), *pnb.findings(run, baseline=run)]
    assert len(found) >= 2
    assert "WorkInflation" not in kinds(found)
    for finding in found:
        assert str(finding)
        assert finding.sure in diagnosis.results.CERTAINTIES
        assert math.isnan(finding.predicted) or finding.predicted >= 0


@settings(deadline=None)
@given(st.lists(st.integers(1, 64).map(float), min_size=3, max_size=40))
def test_what_another_order_brings_is_what_simulate_says(lengths):
    run = pnb.simulate(lengths, n_workers=3)
    found = [f for f in pnb.findings(run) if f.name == "the longest tasks came last"]
    other = pnb.simulate(lengths, n_workers=3, order="longest_first")
    makespan = other.summary()["makespan"].iloc[0]
    assert [finding.predicted for finding in found] == [makespan] * len(found)
    saved = run.summary()["makespan"].iloc[0] - makespan
    assert not found or saved > 0


def test_a_task_that_its_limit_ended_is_not_to_be_split():
    rows = [on(0, 0, 10, status="timeout"), on(1, 0, 1), on(1, 1, 2)]
    names = [finding.name for finding in pnb.findings(run_of(*rows))]
    assert "a task is too long" not in names
    done = [on(0, 0, 10), on(1, 0, 1), on(1, 1, 2)]
    names = [finding.name for finding in pnb.findings(run_of(*done))]
    assert "a task is too long" in names
