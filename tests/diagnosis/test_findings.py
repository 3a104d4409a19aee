"""Findings of Runs that are written out, with the exact seconds that they predict."""

import math

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import parallel_nb as pnb
from parallel_nb import diagnosis
from parallel_nb.diagnosis import Finding, Findings
from parallel_nb.errors import ArgumentError
from tests.accounting.making import NAN, run_of, runs


def on(worker, started, ended, **fields):
    return {"worker": worker, "started": started, "ended": ended, **fields}


def kinds(found):
    return [type(finding).__name__ for finding in found]


def one(kind, *rows, **options):
    """The finding of a kind, which must be among those of a Run."""
    baseline = options.pop("baseline", None)
    found = pnb.findings(run_of(*rows, **options), baseline)
    (finding,) = [f for f in found if type(f).__name__ == kind]
    return finding


def only(kind, *rows, **options):
    """The finding of a kind, which must be the only one of a Run."""
    baseline = options.pop("baseline", None)
    found = pnb.findings(run_of(*rows, **options), baseline)
    assert kinds(found) == [kind]
    return found[0]


def in_turn(worker, n, length, *, begin=0.0, gap=0.0, **fields):
    """Rows of n attempts of a worker, one after the other."""
    step = length + gap
    return [
        on(worker, begin + at * step, begin + at * step + length, **fields)
        for at in range(n)
    ]


# --- starting and handing over ---


def test_workers_that_are_there_save_their_start():
    found = only(
        "StartupDominates",
        on(0, 2, 4),
        on(1, 2, 4),
        startups=[(0, 0, 2), (1, 0, 2)],
    )
    assert found.predicted == 2
    assert "50 % of the worker time" in found.evidence
    assert "n_jobs=1" not in found.remedy  # which would take 4 s, too


def test_little_work_is_done_without_starting_anybody():
    rows = on(0, 8, 9), on(1, 8, 9)
    found = only("StartupDominates", *rows, startups=[(0, 0, 8), (1, 0, 8)])
    assert found.predicted == 1
    assert "`n_jobs=1` starts none and takes 2 s" in found.remedy


def test_tiny_tasks_are_better_done_many_at_a_time():
    rows = [*in_turn(0, 16, 0.125, gap=0.125), *in_turn(1, 16, 0.125, gap=0.125)]
    found = only("TasksTooSmall", *rows)
    assert found.makespan == 3.875
    assert found.numbers["batch_size"] == 16
    assert found.predicted == 2.0
    assert "Let one task do 16 of them" in found.remedy


def test_what_handing_over_costs_more_than_doing_is_done_in_a_loop():
    rows = [*in_turn(0, 16, 0.125, gap=4), *in_turn(1, 16, 0.125, begin=2, gap=4)]
    found = one("TasksTooSmall", *rows)
    assert found.predicted == 4.0
    assert "plain loop" in found.remedy


def test_gaps_that_are_short_beside_the_tasks_are_no_alarm():
    rows = [*in_turn(0, 8, 4, gap=0.125), *in_turn(1, 8, 4, gap=0.125)]
    only("NothingToGain", *rows)


def test_chunks_that_are_too_large_leave_workers_without():
    rows = [
        *in_turn(0, 4, 1, chunk=0),
        *in_turn(1, 4, 1, chunk=1),
        *in_turn(0, 4, 1, begin=4, chunk=2),
    ]
    found = one("ChunksTooLarge", *rows, source="record")
    assert found.predicted == 6
    assert "`batch_size=2`" in found.remedy


# --- the tail ---


def test_a_long_task_that_came_last_should_come_first():
    found = only("LongestLast", on(0, 0, 2), on(1, 0, 2), on(0, 2, 6))
    assert (found.makespan, found.predicted, found.saving) == (6, 4, 2)
    assert found.tasks == (2,)
    assert found.sure == "likely"


def test_runs_that_were_sorted_are_not_told_to_be():
    rows = on(0, 0, 2), on(1, 0, 2), on(0, 2, 6)
    found = pnb.findings(run_of(*rows, order="longest_first"))
    assert "LongestLast" not in kinds(found)


def test_a_task_longer_than_its_share_should_be_split():
    found = only("TaskTooLong", on(0, 0, 4), on(1, 0, 1), on(1, 1, 2))
    assert found.predicted == 3
    assert "no number of workers gets below 4 s" in found.evidence
    assert found.tasks == (0,)


def test_three_equal_tasks_on_two_workers_should_be_split():
    found = only("TaskTooLong", on(0, 0, 4), on(1, 0, 4), on(0, 4, 8))
    assert found.predicted == 6


def test_workers_that_change_nothing_are_too_many():
    rows = on(0, 0, 4), on(1, 0, 1), on(2, 0, 1), on(3, 0, 1), on(1, 1, 2)
    found = one("TooManyWorkers", *rows, n_workers=4)
    assert found.numbers["useful_workers"] == 2
    assert found.predicted == 4
    assert found.numbers["spared_worker_seconds"] == 8


def test_workers_that_an_order_would_use_are_not_too_many():
    rows = on(0, 0, 2), on(1, 0, 2), on(2, 0, 2), on(0, 2, 6)
    found = pnb.findings(run_of(*rows, n_workers=3))
    assert "TooManyWorkers" not in kinds(found)


# --- computing ---


def threads(cpu, **options):
    rows = [*in_turn(0, 4, 2, cpu=cpu), *in_turn(1, 4, 2, cpu=cpu)]
    return pnb.findings(
        run_of(*rows, backend="threading", **options.pop("meta", {})), **options
    )


def test_threads_that_share_one_core_should_be_processes():
    (found,) = threads(1)
    assert kinds([found]) == ["HeldByTheGIL"]
    assert found.predicted == 4
    assert found.sure == "possible"
    assert "50 % of each attempt was computing" in found.evidence


def test_a_baseline_that_computed_all_the_time_makes_the_gil_likely():
    alone = run_of(*in_turn(0, 8, 1), n_workers=1, backend="threading")
    (found,) = threads(1, baseline=alone)
    assert kinds([found]) == ["HeldByTheGIL"]  # which explains the inflation
    assert found.sure == "likely"
    assert "with 1 worker, it was 100 %" in found.evidence


@pytest.mark.parametrize("cpu", [2, 0.1])
def test_threads_that_compute_at_once_or_wait_are_not_held(cpu):
    assert kinds(threads(cpu)) == ["NothingToGain"]


def test_on_one_core_nobody_can_tell_the_gil():
    assert "HeldByTheGIL" not in kinds(threads(1, meta={"cpu_count": 1}))


def test_processes_are_not_held_by_the_gil():
    rows = [*in_turn(0, 4, 2, cpu=1), *in_turn(1, 4, 2, cpu=1)]
    only("NothingToGain", *rows)


def test_more_computing_workers_than_cores_only_take_turns():
    rows = [on(worker, 0, 4, cpu=2) for worker in range(4)]
    found = only("Oversubscribed", *rows, n_workers=4, cpu_count=2)
    assert found.predicted == 4
    assert "`n_jobs=2`" in found.remedy
    assert "each had a core 50 % of its time" in found.evidence


def test_waiting_workers_may_be_more_than_cores():
    rows = [on(worker, 0, 4, cpu=0.1) for worker in range(4)]
    only("NothingToGain", *rows, n_workers=4, cpu_count=2)


def test_threads_inside_tasks_times_workers_should_fit_the_cores():
    alone = run_of(*in_turn(0, 2, 2, cpu=4), n_workers=1, cpu_count=2)
    rows = on(0, 0, 6, cpu=6), on(1, 0, 6, cpu=6)
    found = only("Oversubscribed", *rows, cpu_count=2, baseline=alone)
    assert found.predicted == 4
    assert "computes with 2 threads, so 2 workers have 4 on 2 cores" in found.evidence
    assert "OMP_NUM_THREADS=1" in found.remedy


def test_inner_threads_are_seen_without_a_baseline_where_a_core_is_left():
    rows = [on(worker, 0, 4, cpu=5) for worker in range(3)]
    found = only("Oversubscribed", *rows, n_workers=3, cpu_count=3)
    assert math.isclose(found.numbers["inner_threads"], 1.25)
    assert found.sure == "possible"


def test_the_same_tasks_that_take_longer_are_inflated():
    alone = run_of(*in_turn(0, 4, 1), n_workers=1)
    rows = [*in_turn(0, 2, 2), *in_turn(1, 2, 2)]
    found = only("WorkInflation", *rows, baseline=alone)
    assert found.predicted == 2
    assert "took 2× as long as with 1 worker" in found.evidence
    assert "They compute for longer: 2× the CPU time" in found.evidence


def test_tasks_that_wait_for_longer_have_another_cause():
    alone = run_of(*in_turn(0, 4, 1, cpu=0.5), n_workers=1)
    rows = [*in_turn(0, 2, 2, cpu=0.5), *in_turn(1, 2, 2, cpu=0.5)]
    found = only("WorkInflation", *rows, baseline=alone)
    assert "They wait for longer" in found.evidence


def test_tasks_that_take_as_long_as_in_the_baseline_are_no_alarm():
    alone = run_of(*in_turn(0, 4, 1), n_workers=1)
    rows = [*in_turn(0, 2, 1.0625), *in_turn(1, 2, 1.0625)]
    only("NothingToGain", *rows, baseline=alone)


# --- waiting and losing ---


def test_an_agent_with_one_slot_makes_workers_wait():
    rows = in_turn(0, 4, 1, agent="gpu")
    found = one("AgentTooScarce", *rows, agents={"gpu": 1})
    assert found.predicted == 2
    assert found.numbers["enough_slots"] == 2
    assert "Agent “gpu” was busy 100 % of the time in its 1 slot" in found.evidence


def test_an_agent_is_not_scarce_while_workers_are_busy():
    rows = [*in_turn(0, 4, 1, agent="gpu"), *in_turn(1, 4, 1)]
    only("NothingToGain", *rows, agents={"gpu": 1})


def test_a_chain_is_named_and_its_longest_task():
    rows = on(0, 0, 1), on(0, 1, 4, ready=1), on(1, 0, 1)
    found = one("ChainTooLong", *rows, edges=[(1, 0)])
    assert found.predicted == 2.5
    assert found.tasks == (0, 1)
    assert "no number of workers gets below that" in found.evidence
    assert found.numbers["without_waiting"] == 3


def test_a_wait_that_nothing_known_explains_is_for_resources():
    rows = on(0, 0, 2), on(1, 2, 4, ready=2)
    found = one("WaitingForResources", *rows)
    assert found.predicted == 2
    assert found.sure == "possible"


def test_attempts_in_vain_are_counted_and_named():
    rows = (
        on(0, 0, 2, task=0, status="failed"),
        on(0, 2, 4, task=0, attempt=2, ready=2),
        on(1, 0, 2, task=1),
    )
    found = one("LostAttempts", *rows)
    assert found.predicted == 2
    assert found.tasks == (0,)
    assert "1 failed (2 s)" in found.evidence


def test_what_never_got_done_cannot_be_predicted():
    rows = on(0, 0, 4, status="failed"), on(1, 0, 4)
    found = only("LostAttempts", *rows)
    assert math.isnan(found.predicted)
    assert "1 task never got done" in found.caveats[-1]


def test_attempts_that_a_race_cancelled_were_meant_to_be():
    rows = on(0, 0, 4, status="cancelled"), on(1, 0, 4)
    only("NothingToGain", *rows, ended_by="wait")


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


def sick():
    return run_of(
        on(0, 2, 4, name="short"),
        on(1, 2, 4, name="short"),
        on(0, 4, 10, name="long"),
        on(1, 4, 5, name="short"),
        startups=[(0, 0, 2), (1, 0, 2)],
        label="sick",
    )


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
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_any_run_has_findings_that_can_be_read(run):
    found = pnb.findings(run)
    assert len(found) >= 1
    assert str(found)
    assert len(found.table) == len(found)
    for finding in found:
        assert finding.sure in diagnosis.results.CERTAINTIES
        assert math.isnan(finding.predicted) or finding.predicted >= 0
