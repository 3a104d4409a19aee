"""`simulate`: the Run that it would be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import parallel_nb as pnb
from parallel_nb import draw
from parallel_nb.errors import ArgumentError
from parallel_nb.scheduling import ORDERS, list_schedule

from .making import TICKS, graphs, makespan, recorded


def starts(run):
    return run.attempts["started"].tolist()


# --- durations ---


def test_a_list_is_taken_from_the_front_by_whoever_is_free():
    run = pnb.simulate([2, 1, 1, 3], n_workers=2)
    assert starts(run) == [0, 0, 1, 2]
    assert run.meta.source == "simulated"
    assert makespan(run) == 5


def test_dispatch_takes_its_seconds_before_each_task():
    run = pnb.simulate([1, 1, 1], n_workers=1, dispatch=0.5)
    assert starts(run) == [0.5, 2, 3.5]
    assert run.attempts["submitted"].tolist() == [0, 1.5, 3]
    assert makespan(run) == 4.5


def test_tasks_that_travel_together_pay_once():
    run = pnb.simulate([1, 1, 1, 1, 1], n_workers=2, dispatch=0.5, chunks=2)
    assert starts(run) == [0.5, 1.5, 0.5, 1.5, 3]
    assert run.attempts["chunk"].tolist() == [0, 0, 1, 1, 2]
    assert run.attempts["worker"].tolist() == [0, 0, 1, 1, 0]


def test_chunks_hold_what_comes_together_in_the_list():
    run = pnb.simulate([1, 3, 2, 4], n_workers=1, order="longest_first", chunks=2)
    assert run.attempts["chunk"].tolist() == [1, 0, 1, 0]
    assert starts(run) == [9, 4, 7, 0]


def test_edges_hold():
    run = pnb.simulate([1, 4, 3, 3], n_workers=2, after=[(1, 0)], order="critical_path")
    assert starts(run) == [0, 1, 0, 3]
    assert run.attempts["ready"].tolist() == [0, 1, 0, 0]
    assert run.edges.to_numpy().tolist() == [[1, 0]]


def test_a_permutation_is_an_order():
    assert starts(pnb.simulate([1, 2, 3], n_workers=1, order=[2, 0, 1])) == [3, 4, 0]


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_to_do_is_a_run(order):
    run = pnb.simulate([], n_workers=2, order=order)
    assert run.n_tasks == 0


@pytest.mark.parametrize("order", ["given", "best"])
def test_every_picture_takes_it(order):
    run = pnb.simulate([2.0, 1.0, 1.5], n_workers=2, order=order, dispatch=0.1)
    assert "3 attempts on 2 workers" in draw.caption(draw.timeline(run))
    assert "Busy workers" in draw.caption(draw.utilization(run))
    assert pnb.report(run)


# --- plans ---


def made(**options):
    load = pnb.Task(len, "a", name="load", cost=2)
    tasks = [load] + [
        pnb.Task(max, load, 0, name=f"fit {i}", cost=3 + i, agent="gpu")
        for i in range(3)
    ]
    return pnb.plan(tasks, agents={"gpu": 2}, n_jobs=3, **options)


def test_a_plan_takes_what_it_predicts():
    plan = made()
    run = pnb.simulate(plan, n_workers=3)
    assert makespan(run) == plan.makespan
    assert starts(run) == plan.schedule.started.tolist()
    assert run.tasks["name"].tolist() == [task.name for task in plan.tasks]
    assert run.meta.agents == {"gpu": 2}


def test_a_run_says_when_its_times_are_no_seconds():
    assert "times are not seconds" in pnb.simulate(made(), n_workers=1).meta.notes[0]


def test_locks_of_a_plan_hold():
    tasks = [pnb.Task(len, "a", name=f"t{i}", writes="file", cost=1) for i in range(3)]
    plan = pnb.plan(tasks, n_jobs=3, conflicts="lock")
    assert makespan(pnb.simulate(plan, n_workers=3)) == 3


# --- runs ---


def test_a_run_scheduled_as_it_was_recorded_is_the_same():
    run = recorded((0, 0, 0, 2), (1, 1, 0, 1), (2, 1, 1, 2), (3, 0, 2, 5))
    again = pnb.simulate(run, n_workers=2)
    for column in ("started", "ended", "status", "name"):
        assert again.attempts[column].tolist() == run.attempts[column].tolist()


def test_the_list_is_the_order_of_handing_over():
    run = recorded((0, 0, 2, 3), (1, 0, 0, 2), n_workers=1, submitted=[1, 0])
    assert starts(pnb.simulate(run, n_workers=1)) == [2, 0]


def test_start_up_and_dispatch_are_as_recorded():
    run = recorded((0, 0, 1, 2), (1, 0, 2.5, 3), (2, 0, 3.5, 4), n_workers=1)
    again = pnb.simulate(run, n_workers=1)
    assert starts(again) == [1, 2.5, 3.5]
    assert makespan(again) == makespan(run) == 4
    assert again.attempts["submitted"].tolist() == [0, 2, 3]
    assert again.startups["ended"].tolist() == [0.5]
    assert "measured dispatch" in again.meta.notes[-1]


def test_without_dispatch_workers_are_there_at_once():
    run = recorded((0, 0, 1, 2), (1, 0, 2.5, 3), n_workers=1)
    assert starts(pnb.simulate(run, n_workers=1, dispatch=0)) == [0, 1]


def test_chunks_stay_together_on_as_many_workers_as_recorded():
    rows = [(at, at // 2, at % 2 * 1.25, at % 2 * 1.25 + 1) for at in range(4)]
    run = recorded(*rows, chunk=[0, 0, 1, 1])
    again = pnb.simulate(run, n_workers=2)
    assert starts(again) == starts(run)
    assert makespan(again) == 2.25
    more = pnb.simulate(run, n_workers=4)
    assert makespan(more) == 1.25  # each by itself, at the mean gap


def test_chunks_that_joblib_made_do_not_come_apart():
    rows = [(at, 0, at, at + 1) for at in range(4)]
    run = recorded(*rows, chunk=[0, 0, 0, 1], n_workers=1, source="record")
    assert makespan(pnb.simulate(run, n_workers=4)) == 3


def test_what_failed_fails_again_and_waits_as_long():
    run = recorded(
        (0, 0, 0, 1),
        (0, 0, 3, 5),
        (1, 1, 0, 4),
        attempt=[1, 2, 1],
        status=["failed", "done", "done"],
        ready=[0, 3, 0],
        error=["ValueError: no", None, None],
    )
    again = pnb.simulate(run, n_workers=1, dispatch=0)
    assert starts(again) == [0, 5, 1]  # there is something to do meanwhile
    assert again.attempts["ready"].tolist() == [0, 3, 0]
    assert again.errors["error"].tolist() == ["ValueError: no"]
    assert again.summary()["retries"][0] == 1


def test_who_waits_for_a_task_waits_for_its_last_attempt():
    run = recorded(
        (0, 0, 0, 1),
        (0, 0, 1, 3),
        (1, 1, 3, 4),
        attempt=[1, 2, 1],
        edges=[(1, 0)],
        ready=[0, 1, 3],
    )
    assert starts(pnb.simulate(run, n_workers=4)) == [0, 1, 3]


def test_who_waits_for_a_task_that_did_not_run_waits_for_its_reasons():
    run = recorded(
        (0, 0, 0, 2),
        (1, -1, np.nan, np.nan),
        (2, 0, 2, 3),
        status=["failed", "skipped", "done"],
        edges=[(1, 0), (2, 1)],
    )
    again = pnb.simulate(run, n_workers=2)
    assert again.attempts["started"].fillna(-1).tolist() == [0, -1, 2]
    assert again.tasks["status"].tolist() == ["failed", "skipped", "done"]


def test_slots_of_agents_hold():
    run = recorded(
        *((at, at, 0, 1) for at in range(3)),
        n_workers=3,
        agent=["gpu", "gpu", None],
        agents={"gpu": 1},
    )
    assert sorted(starts(pnb.simulate(run, n_workers=3))) == [0, 0, 1]


def test_what_is_not_known_is_said():
    run = recorded(
        (0, 0, 0, 2),
        (1, 1, 0, 1),
        (2, -1, np.nan, np.nan),
        status=["done", "timeout", "cancelled"],
    )
    notes = pnb.simulate(run, n_workers=1).meta.notes
    assert "1 of 3 tasks have no known duration" in notes[0]
    assert "1 of 3 tasks were ended by a time limit or cancelled" in notes[1]


def test_workers_beyond_the_cores_of_tasks_that_compute_are_said():
    run = recorded((0, 0, 0, 1), cpu=[0.9], n_workers=1)
    assert "there were 8 cores" in pnb.simulate(run, n_workers=9).meta.notes[0]
    assert not pnb.simulate(run, n_workers=8).meta.notes
    idle = recorded((0, 0, 0, 1), cpu=[0.1], n_workers=1)
    assert not pnb.simulate(idle, n_workers=9).meta.notes


REFUSED = [
    ({"work": "abc"}, "`work` must be a Run, a Plan or one number of seconds a task"),
    ({"work": [1, -1]}, r"got -1.0 for task 1"),
    ({"work": [1, np.nan]}, r"Leave out what is not known"),
    ({"order": "LPT"}, "Did you mean 'longest_first'"),
    ({"order": [0, 0]}, r"hold each of the tasks 0 \.\.\. 1 once"),
    ({"dispatch": -1}, "`dispatch` must be 'measured' or seconds"),
    ({"dispatch": "no"}, "`dispatch` must be 'measured' or seconds"),
    ({"chunks": 0}, "`chunks` must be a whole number"),
    ({"chunks": 2, "after": [(1, 0)]}, "these travel alone"),
    ({"n_workers": 0}, "`n_workers` must be a whole number"),
    ({"work": recorded((0, 0, 0, 1)), "after": [(1, 0)]}, "edges of their own"),
    (
        {"work": recorded((0, -1, np.nan, np.nan), status=["skipped"])},
        "of the 1 tasks of this run none is known to have started and ended",
    ),
]


@pytest.mark.parametrize(("asked", "told"), REFUSED)
def test_what_cannot_be_simulated_is_refused_by_name(asked, told):
    with pytest.raises(ArgumentError, match=told):
        pnb.simulate(**{"work": [1, 2], "n_workers": 2, **asked})


# --- what must always hold ---


@settings(deadline=None, max_examples=25)
@given(graphs(), st.sampled_from(ORDERS))
def test_simulated_runs_are_the_schedules(problem, order):
    durations, edges, n_workers = problem
    run = pnb.simulate(durations, n_workers=n_workers, after=edges, order=order)
    schedule = list_schedule(durations, n_workers, after=edges, order=order)
    assert starts(run) == schedule.started.tolist()
    again = pnb.simulate(run, n_workers=n_workers, dispatch=0)
    assert makespan(again) <= pnb.predict(run, n_workers, dispatch=0)["graham_bound"][0]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(TICKS, min_size=1, max_size=12),
    st.integers(1, 4),
    TICKS,
    st.integers(1, 4),
)
def test_a_worker_does_one_thing_at_a_time(durations, n_workers, dispatch, size):
    run = pnb.simulate(durations, n_workers=n_workers, dispatch=dispatch, chunks=size)
    rows = run.attempts.sort_values(["worker", "started", "ended"])
    for _, mine in rows.groupby("worker"):
        gaps = mine["started"].to_numpy()[1:] - mine["ended"].to_numpy()[:-1]
        is_new = np.diff(mine["chunk"]) != 0
        assert (gaps[is_new] >= dispatch - 1e-9).all()
        assert np.allclose(gaps[~is_new], 0)
    assert (rows["ended"] - rows["started"]).sum() == pytest.approx(sum(durations))
