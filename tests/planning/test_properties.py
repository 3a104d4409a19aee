"""What holds for every plan."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import metrics, scheduling
from parallel_nb.planning import plan
from tests.planning.making import batches, made, overlapping, task


@settings(deadline=None)
@given(batches(), st.integers(1, 4), st.sampled_from(["order", "lock"]))
def test_predictions_keep_to_order_slots_and_conflicts(tasks, n_workers, handling):
    agents = {"one": 1, "two": 2}
    made_plan = plan(tasks, n_jobs=n_workers, agents=agents, conflicts=handling)
    started, ended, worker = made_plan.schedule
    for at, before in enumerate(made_plan.predecessors):
        assert (ended[before] <= started[at]).all()
        assert (np.array(made_plan.round_of)[before] < made_plan.round_of[at]).all()
    assert ((worker >= 0) & (worker < n_workers)).all()
    assert overlapping(made_plan) == []
    for name, slots in agents.items():
        mine = [at for at, each in enumerate(tasks) if each.agent == name]
        _, counts = metrics.concurrency(started[mine], ended[mine])
        assert counts.max(initial=0) <= slots
        for members in made_plan.rounds:
            assert sum(tasks[at].agent == name for at in members) <= slots
    for members in made_plan.rounds:
        for a, b in itertools.combinations(members, 2):
            assert not made_plan.settled.between(a, b)[2]


@settings(deadline=None)
@given(batches(), st.integers(1, 4))
def test_predictions_lie_between_the_bounds(tasks, n_workers):
    made_plan = plan(tasks, n_jobs=n_workers, agents={"one": 9, "two": 9})
    work, span = made_plan.work, made_plan.span
    makespan = made_plan.makespan
    assert makespan >= scheduling.lower_bound(work, span, n_workers)
    assert makespan <= scheduling.graham_bound(work, span, n_workers) * (1 + 1e-12)
    assert made_plan.load["busy"][:n_workers].sum() == pytest.approx(work)


@settings(deadline=None)
@given(batches())
def test_every_conflict_is_settled_with_no_edge_too_many(tasks):
    made_plan = plan(tasks, n_jobs=1, agents={"one": 1, "two": 2})
    for a, b in itertools.combinations(range(len(tasks)), 2):
        if made_plan.settled.between(a, b)[2]:
            assert "cannot run together, but" not in made_plan.explain(a, b)
            assert "can run together" not in made_plan.explain(a, b)
    pairs = made_plan.edge_positions.tolist()
    for pair, kind in zip(pairs, made_plan.edge_kinds, strict=True):
        if kind == "conflict":
            others = [each for each in pairs if each != pair]
            assert not waits_for(others, *pair)


def waits_for(pairs, task, other):
    found, waiting = set(), [task]
    while waiting:
        at = waiting.pop()
        waiting += [after for each, after in pairs if each == at and after not in found]
        found.update(after for each, after in pairs if each == at)
    return other in found


@settings(deadline=None)
@given(batches(), st.sampled_from(["order", "lock"]))
def test_each_conflict_is_listed_once_and_counted(tasks, handling):
    made_plan = plan(tasks, n_jobs=1, agents={"one": 1, "two": 2}, conflicts=handling)
    listed = made_plan.conflicts
    assert not listed.duplicated(["a", "b", "resource"]).any()
    pairs = set(zip(listed["a"], listed["b"], strict=True))
    expected = {
        made_plan.settled.between(a, b)[:2]
        for a, b in itertools.combinations(range(len(tasks)), 2)
        if made_plan.settled.between(a, b)[2]
    }
    assert pairs == expected
    counts = listed["kind"].value_counts().to_dict()
    assert counts == made_plan.settled.n_pairs


def test_ten_thousand_tasks_with_twenty_thousand_edges_are_planned_at_once():
    rng = np.random.default_rng(0)
    tasks = [
        task(
            f"t{at}",
            after=[f"t{other}" for other in rng.integers(max(0, at - 200), at, 2)]
            if at > 2
            else (),
            cost=1.0,
        )
        for at in range(10_000)
    ]
    began = time.process_time()
    made_plan = made(*tasks)
    assert made_plan.makespan >= 2500
    assert len(made_plan.rounds) > 1
    assert time.process_time() - began < 3  # 0.3 s where nothing else runs
