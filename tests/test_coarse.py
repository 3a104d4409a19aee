"""Millions of short tasks as thousands: as long, as who waits for whom allows."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb import scheduling
from parallel_nb.scheduling import coarsening

RNG = np.random.default_rng


@pytest.fixture
def few(monkeypatch):
    """As of some hundreds of tasks, so that tests need no millions."""
    monkeypatch.setattr(coarsening, "_FEW", (2000, 2000))
    monkeypatch.setattr(coarsening, "_AT_MOST", (2000, 2000))


def both(problem, order):
    """Makespan of the problem, and of the coarse one, which has fewer tasks."""
    exact = scheduling.scheduled(problem, order).makespan
    small, listed = scheduling.coarse(problem, order)
    assert len(small.durations) <= len(problem.durations) / 2
    assert small.durations.sum() == pytest.approx(problem.durations.sum())
    return exact, scheduling.scheduled(small, listed).makespan


@pytest.mark.parametrize("order", ["given", "longest_first", "shortest_first"])
@pytest.mark.parametrize("at", [0, 5000, 9999])
def test_one_long_task_among_short_ones_stays_itself(few, order, at):
    lengths = RNG(0).exponential(1.0, 10_000)
    lengths[at] = 2000.0
    exact, near = both(scheduling.make_problem(lengths, 4), order)
    assert near == pytest.approx(exact, rel=0.005)


def test_workers_that_come_late_are_waited_for(few):
    lengths = RNG(0).exponential(1.0, 10_000)
    late = scheduling.make_problem(lengths, 2, available=[0.0, 3000.0])
    exact, near = both(late, "given")
    assert near == pytest.approx(exact, rel=0.005)


def test_slots_of_agents_hold(few):
    rng = RNG(0)
    agent = np.where(rng.random(10_000) < 0.4, 0, -1)
    problem = scheduling.make_problem(
        rng.exponential(1.0, 10_000), 8, agent=agent, slots=[2]
    )
    exact, near = both(problem, "given")
    assert near == pytest.approx(exact, rel=0.005)
    assert near > problem.durations.sum() / 8 * 1.2


def stages(n, between):
    """Half of the tasks, one that waits for all of these, and half that wait for it."""
    half = n // 2
    first, later = np.arange(half), np.arange(half + 1, n)
    lengths = RNG(0).exponential(1.0, n)
    lengths[half] = between
    edges = np.concatenate(
        [
            np.column_stack([np.full(half, half), first]),
            np.column_stack([later, np.full(len(later), half)]),
        ]
    )
    return lengths, edges


def test_what_went_together_may_go_together_again_while_it_is_short(few):
    lengths, edges = stages(10_000, 3000.0)
    problem = scheduling.make_problem(lengths, 4, after=edges)
    grains = scheduling.grains_of(problem)
    assert grains.sizes.sum() == 10_000
    assert grains.sums(lengths).sum() == pytest.approx(lengths.sum())
    assert grains.serve(grains.sums(lengths))
    shorter, longer = lengths.copy(), lengths.copy()
    shorter[5000] /= 2
    assert grains.serve(grains.sums(shorter))
    longer[100] = 2000.0  # what it goes with would be as long
    assert not grains.serve(grains.sums(longer))
    alone = lengths.copy()
    alone[5000] *= 2  # it is alone
    assert grains.serve(grains.sums(alone))


@pytest.mark.parametrize("n_stages", [5, 40])
@pytest.mark.parametrize("order", ["given", "critical_path"])
def test_each_of_many_stages_ends_as_if_its_tasks_were_told_apart(few, n_stages, order):
    size = 20_000 // n_stages
    first = np.arange(n_stages)[:, None] * (size + 1)
    tasks, last = first + np.arange(size), first + size
    lengths = RNG(0).exponential(1.0, n_stages * (size + 1))
    lengths[last] = 0.0  # it only waits
    ended = np.column_stack([np.repeat(last, size), tasks.ravel()])
    begin = np.column_stack([tasks[1:].ravel(), np.repeat(last[:-1], size)])
    edges = np.concatenate([ended, begin])
    problem = scheduling.make_problem(lengths, 4, after=edges)
    exact, near = both(problem, order)
    grains = scheduling.grains_of(problem)
    assert abs(near - exact) <= grains.off
    assert near == pytest.approx(exact, rel=0.02)


def test_an_order_of_tasks_becomes_one_of_what_went_together(few):
    lengths = RNG(0).exponential(1.0, 10_000)
    lengths[7] = 2000.0
    agent = np.where(RNG(1).random(10_000) < 0.4, 0, -1)
    problem = scheduling.make_problem(lengths, 4, agent=agent, slots=[2])
    exact, near = both(problem, np.arange(10_000)[::-1])
    assert near == pytest.approx(exact, rel=0.005)
    assert exact > scheduling.scheduled(problem, "given").makespan * 1.2


def test_many_workers_have_grains_that_are_short_for_them():
    lengths = RNG(0).exponential(1.0, 400_000)
    grains = scheduling.grains_of(scheduling.make_problem(lengths, 4000))
    assert grains.seconds <= lengths.sum() / 4000 / 20


def test_stages_wait_for_each_other(few):
    lengths, edges = stages(10_000, 3000.0)
    problem = scheduling.make_problem(lengths, 4, after=edges)
    exact, near = both(problem, "given")
    assert near == pytest.approx(exact, rel=0.005)
    assert near > lengths.sum() / 4 + 2000


def test_retries_of_short_tasks_count_as_work_only(few):
    lengths, again = RNG(0).exponential(1.0, 10_000), np.arange(1, 10_000, 10)
    edges = np.column_stack([again, again - 1])
    problem = scheduling.make_problem(lengths, 4, after=edges)
    exact, near = both(problem, "given")
    assert near == pytest.approx(exact, rel=0.005)


def test_a_long_pause_before_a_retry_is_kept(few):
    lengths, lags = RNG(0).exponential(1.0, 10_000), np.zeros(10_000)
    lags[9999] = 9000.0
    edges = np.array([[9999, 0]])
    problem = scheduling.make_problem(lengths, 4, after=edges, lags=lags)
    exact, near = both(problem, "given")
    assert exact > 9000
    assert near == pytest.approx(exact, rel=0.005)


def test_few_tasks_stay_as_they_are():
    problem = scheduling.make_problem([1.0, 2.0], 2)
    assert scheduling.coarse(problem, "given") == (problem, "given")


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 12))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    edges = {(max(p), min(p)) for p in draw(st.lists(pairs)) if p[0] != p[1]}
    lengths = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    put = draw(st.permutations(range(n)))
    edges = [(put[task], put[after]) for task, after in sorted(edges)]
    return np.array(lengths, float), np.array(edges, np.int64).reshape(-1, 2)


@given(graphs())
def test_the_longest_chain_of_kinds_is_that_of_tasks(graph):
    lengths, edges = graph
    kinds = scheduling.kinds_of(len(lengths), edges, is_sure=True)
    chain = kinds.longest_chain(lengths)
    span = scheduling.chain_ends(lengths, edges).max()
    assert lengths[chain].sum() == kinds.span(lengths) == span
    known = set(map(tuple, edges.tolist()))
    assert {(b, a) for a, b in itertools.pairwise(chain)} <= known


@given(graphs())
def test_tasks_are_of_a_kind_if_and_only_if_they_wait_alike(graph):
    lengths, edges = graph
    known = set(map(tuple, edges.tolist()))
    n = len(lengths)
    sets = [
        (
            frozenset(b for a, b in known if a == task),
            frozenset(a for a, b in known if b == task),
        )
        for task in range(n)
    ]
    edges = np.array(sorted(known), np.int64).reshape(-1, 2)
    of = scheduling.kinds_of(n, edges, is_sure=True).of
    for one, other in itertools.combinations(range(n), 2):
        assert (of[one] == of[other]) == (sets[one] == sets[other])


@given(graphs())
def test_chains_by_levels_are_those_by_tasks(graph):
    lengths, edges = graph
    since = scheduling.chain_ends(lengths, edges[:, ::-1])
    assert since.tolist() == scheduling.longest_paths(lengths, edges).tolist()
    chain = scheduling.longest_chain(lengths, edges)
    assert lengths[chain].sum() == since.max()
    assert chain == scheduling.critical_path(lengths, edges)


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="circle"):
        scheduling.chain_ends(np.ones(2), np.array([[0, 1], [1, 0]]))
