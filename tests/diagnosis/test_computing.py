"""Findings on cores, threads and a baseline: the seconds they predict."""

import math

import pytest

import parallel_nb as pnb
from tests.accounting.making import run_of

from .making import in_turn, kinds, on, only


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


def test_tasks_that_waited_in_the_baseline_too_need_more_workers_than_cores():
    alone = run_of(*in_turn(0, 4, 4, cpu=2), n_workers=1, cpu_count=2)
    rows = [on(worker, 0, 4, cpu=2) for worker in range(4)]
    only("NothingToGain", *rows, n_workers=4, cpu_count=2, baseline=alone)


def test_a_baseline_that_computed_all_the_time_makes_oversubscription_likely():
    alone = run_of(*in_turn(0, 4, 2), n_workers=1, cpu_count=2)
    rows = [on(worker, 0, 4, cpu=2) for worker in range(4)]
    found = only("Oversubscribed", *rows, n_workers=4, cpu_count=2, baseline=alone)
    assert found.sure == "likely"


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


def test_a_core_serves_several_workers_whose_tasks_wait_half_the_time():
    alone = run_of(*in_turn(0, 8, 4, cpu=2), n_workers=1, cpu_count=2)
    rows = [on(worker, 0, 8, cpu=2) for worker in range(8)]
    found = only("Oversubscribed", *rows, n_workers=8, cpu_count=2, baseline=alone)
    assert found.numbers["useful_workers"] == 4
    assert found.predicted == 8


def test_cpu_time_of_tasks_shorter_than_the_clocks_can_tell_means_nothing():
    short = 2**-20
    rows = [*in_turn(0, 4, short, cpu=3 * short), *in_turn(1, 4, short, cpu=3 * short)]
    found = pnb.findings(run_of(*rows, cpu_count=2))
    assert kinds(found) == ["NothingToGain"]


def test_threads_that_hardly_computed_in_the_baseline_are_not_held_by_the_gil():
    alone = run_of(*in_turn(0, 8, 1, cpu=0.25), n_workers=1, backend="threading")
    (found,) = threads(1, baseline=alone)
    assert kinds([found]) == ["WorkInflation"]
