"""List scheduling: worst cases of the literature, bounds, what must always hold."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import metrics, scheduling
from parallel_nb.errors import ArgumentError
from parallel_nb.scheduling import ORDERS, list_schedule

# Binary fractions: sums of these are exact, so that ties are ties.
TICKS = st.integers(0, 64).map(lambda ticks: ticks / 8)


@st.composite
def problems(draw, *, n_tasks=10, limited=True, durations=TICKS):
    """Durations, edges in any direction of numbers, agents, locks, workers."""
    n = draw(st.integers(0, n_tasks))
    lengths = draw(st.lists(durations, min_size=n, max_size=n))
    number = draw(st.permutations(range(n)))  # of the task at each place in an order
    edges = [
        (number[then], number[first])
        for then in range(n)
        for first in draw(st.sets(st.integers(0, max(then - 1, 0)), max_size=3))
        if first < then
    ]
    asked = {"after": edges}
    if limited:
        slots = draw(st.lists(st.integers(1, 3), max_size=2))
        agents = st.integers(-1, len(slots) - 1)
        access = st.tuples(st.sampled_from("xyz"), st.sampled_from(["read", "write"]))
        asked["slots"] = slots
        asked["agent"] = draw(st.lists(agents, min_size=n, max_size=n))
        locks = st.sets(access, max_size=2)
        asked["locks"] = draw(st.lists(locks, min_size=n, max_size=n))
    return lengths, draw(st.integers(1, 4)), asked


def by_the_book(durations, n_workers, after, order, agent=None, slots=(), locks=None):
    """Starts by Graham's rule, looking through the whole list at every moment.

    A task of no length ends once all have begun that can at its moment.
    """
    started, ended = {}, {}
    now, just_begun = 0.0, set()
    while len(started) < len(durations):
        running = [t for t in started if ended[t] > now or t in just_begun]
        begun = None
        if len(running) < n_workers:
            for task in order:
                if task in started:
                    continue
                before = [other for waiting, other in after if waiting == task]
                if any(other in running or other not in ended for other in before):
                    continue
                if agent and agent[task] >= 0:
                    n_same = sum(agent[other] == agent[task] for other in running)
                    if n_same >= slots[agent[task]]:
                        continue
                if locks and any(clash(locks[task], locks[t]) for t in running):
                    continue
                begun = task
                break
        if begun is not None:
            started[begun], ended[begun] = now, now + durations[begun]
            just_begun.add(begun)
        else:
            now = min(ended[t] for t in running)
            just_begun.clear()
    return [started[task] for task in range(len(durations))]


def clash(one, other):
    return any(
        r == s and "write" in (mode, mode_of_other)
        for r, mode in one
        for s, mode_of_other in other
    )


def overlap(schedule, a, b):
    """Whether two tasks run at the same time, for however short."""
    return max(schedule.started[a], schedule.started[b]) < min(
        schedule.ended[a], schedule.ended[b]
    )


# --- worst cases ---


@pytest.mark.parametrize("m", [2, 3, 4, 7])
def test_longest_first_is_worst_for_grahams_example_and_the_best_is_found(m):
    durations = [d for d in range(2 * m - 1, m, -1) for _ in "ab"] + 3 * [m]
    assert list_schedule(durations, m, order="longest_first").makespan == 4 * m - 1
    assert list_schedule(durations, m, order="best").makespan == 3 * m
    assert (4 * m - 1) / (3 * m) == pytest.approx(scheduling.lpt_ratio(m))


@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_a_long_task_at_the_end_is_worst_for_a_list(m):
    durations = m * (m - 1) * [1] + [m]
    assert list_schedule(durations, m).makespan == 2 * m - 1
    for order in ("longest_first", "critical_path", "best"):
        assert list_schedule(durations, m, order=order).makespan == m
    assert (2 * m - 1) / m == pytest.approx(scheduling.list_ratio(m))


def test_the_shortest_first_waits_least_on_average():
    durations = [4.0, 1.0, 2.0]
    ended = {
        order: list_schedule(durations, 1, order=order).ended.mean()
        for order in ("given", "longest_first", "shortest_first")
    }
    assert ended["shortest_first"] < ended["given"] < ended["longest_first"]


def test_the_critical_path_goes_before_longer_tasks():
    #  0 (1 s) -> 1 (4 s)    2, 3 (3 s each)
    schedule = list_schedule([1, 4, 3, 3], 2, after=[(1, 0)], order="critical_path")
    assert schedule.started.tolist() == [0, 1, 0, 3]
    assert list_schedule([1, 4, 3, 3], 2, after=[(1, 0)], order="longest_first")
    assert schedule.makespan == 6


# --- what a schedule says ---


def test_a_schedule_unpacks_into_starts_ends_and_workers():
    started, ended, worker = list_schedule([2, 1, 1, 3], 2)
    assert started.tolist() == [0, 0, 1, 2]
    assert ended.tolist() == [2, 1, 2, 5]
    assert metrics.busy(ended - started, worker, 2).tolist() in ([5, 2], [2, 5])


def test_a_chain_stays_with_the_lowest_worker():
    schedule = list_schedule([1, 1, 1], 4, after=[(1, 0), (2, 1)])
    assert schedule.worker.tolist() == [0, 0, 0]


def test_more_workers_than_tasks_leave_some_idle():
    schedule = list_schedule([1, 2], 5)
    assert schedule.worker.tolist() == [0, 1]
    assert schedule.n_workers == 5


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_to_do_takes_no_time(order):
    schedule = list_schedule([], 3, order=order)
    assert schedule.makespan == 0.0
    assert len(schedule.worker) == len(schedule.order) == 0


def test_a_list_may_be_any_permutation():
    assert list_schedule([1, 2, 3], 1, order=[2, 0, 1]).started.tolist() == [3, 4, 0]


def test_an_agent_with_one_slot_works_on_one_at_a_time():
    schedule = list_schedule([1, 1, 1], 3, agent=[0, 0, -1], slots=[1])
    assert schedule.started.tolist() == [0, 1, 0]


def test_readers_share_and_a_writer_is_alone():
    locks = [{("x", "read")}, {("x", "write")}, {("x", "read")}]
    assert list_schedule([2, 1, 1], 3, locks=locks).started.tolist() == [0, 2, 0]


def test_to_read_and_write_is_to_write():
    locks = [{("x", "read"), ("x", "write")}, {("x", "read")}]
    assert list_schedule([1, 1], 2, locks=locks).started.tolist() == [0, 1]


def test_a_thousand_writers_of_one_resource_cost_no_million_attempts():
    locks = 5_000 * [[("log", "write")]]
    assert list_schedule(np.ones(5_000), 64, locks=locks).makespan == 5_000


REFUSED = [
    ({"order": "LPT"}, r"Did you mean 'longest_first'"),
    ({"order": [0, 0]}, r"hold each of the positions 0 \.\.\. 1 once"),
    ({"order": [0.0, 1.0]}, r"`order` must be one of 'given'"),
    ({"n_workers": 0}, r"`n_workers` must be a whole number, 1 or more; got 0"),
    ({"n_workers": 1.5}, r"`n_workers` must be a whole number"),
    ({"agent": [0, 1], "slots": [1]}, r"`agent` must be positions in `slots`"),
    ({"agent": [0], "slots": [1]}, r"`agent` must be one number a task: 2"),
    ({"agent": [0, 0], "slots": [0]}, r"`slots` must be a whole number"),
    ({"locks": [()]}, r"`locks` must be one collection a task: 2; got 1"),
    ({"locks": [(), [("x", "w")]]}, r"`locks` must be one of 'read', 'write'"),
]


@pytest.mark.parametrize(("asked", "told"), REFUSED)
def test_what_cannot_be_scheduled_is_refused_by_name(asked, told):
    with pytest.raises(ArgumentError, match=told):
        list_schedule(**{"durations": [1, 2], "n_workers": 2, **asked})


@pytest.mark.parametrize(
    ("durations", "after", "told"),
    [
        ([1, -1], (), r"`durations` must be finite and not negative; got -1.0 for"),
        ([1, np.nan], (), r"got nan for task 1"),
        ([[1]], (), r"`durations` must be one number a task; got shape \(1, 1\)"),
        ([1, 1], [(0, 2)], r"`after` must point at tasks 0 \.\.\. 1; got 0 \.\.\. 2"),
        ([1, 1], [(0, 1), (1, 0)], r"`after` lets tasks wait in a circle"),
        ([1, 1], [(0.5, 1)], r"`after` must be whole numbers of shape \(n_edges, 2\)"),
        ([1, 1], [0, 1], r"got int64 of shape \(2,\)"),
    ],
)
def test_impossible_durations_and_edges_are_refused(durations, after, told):
    with pytest.raises(ValueError, match=told):
        list_schedule(durations, 2, after=after)


# --- bounds and graphs ---


def test_with_one_worker_all_bounds_are_the_work():
    assert scheduling.lower_bound(12.0, 4.0, 1) == 12.0
    assert scheduling.graham_bound(12.0, 4.0, 1) == 12.0
    assert scheduling.list_ratio(1) == scheduling.lpt_ratio(1) == 1.0


def test_bounds_take_many_counts_at_once():
    assert scheduling.lower_bound(12.0, 4.0, [2, 6]).tolist() == [6.0, 4.0]
    assert scheduling.graham_bound(12.0, 4.0, [2, 4]).tolist() == [8.0, 6.0]


@pytest.mark.parametrize("n_workers", [0, -1, 1.5, [1, 0]])
def test_bounds_refuse_impossible_counts(n_workers):
    with pytest.raises(ValueError, match=r"`n_workers` must be whole numbers, 1 or"):
        scheduling.lower_bound(1.0, 1.0, n_workers)


def test_two_of_one_task_more_than_workers_share_a_worker():
    assert scheduling.packing_bound([6, 5, 5, 4], 3) == 9
    assert scheduling.packing_bound([], 3) == 0


def test_levels_and_paths_of_a_diamond():
    #   0 -> 1 -> 3
    #   0 -> 2 -> 3
    after = [(1, 0), (2, 0), (3, 1), (3, 2)]
    assert scheduling.levels(4, after).tolist() == [0, 1, 1, 2]
    assert scheduling.longest_paths([1, 2, 5, 1], after).tolist() == [7, 3, 6, 1]
    assert scheduling.critical_path([1, 2, 5, 1], after) == [0, 2, 3]


def test_of_equal_chains_the_critical_path_is_the_one_with_lower_numbers():
    assert scheduling.critical_path([1, 1, 1, 1], [(2, 0), (3, 1)]) == [0, 2]
    assert scheduling.critical_path([]) == []


def test_a_critical_path_begins_where_nothing_is_waited_for():
    assert scheduling.critical_path([3.0, 0.0], [(0, 1)]) == [1, 0]


def test_a_task_of_no_length_ends_once_all_have_started_that_can():
    # As when tasks are handed over: who is free gets one before any end is heard of.
    locks = [{("x", "read")}, {("x", "write")}, {("x", "read")}]
    started, _, _ = list_schedule([0.0, 1.0, 1.0], 2, locks=locks)
    assert started.tolist() == [0.0, 1.0, 0.0]


# --- what must always hold ---


@settings(deadline=None)
@given(problems(), st.sampled_from(ORDERS[:-1]))
def test_schedules_are_those_of_grahams_rule(problem, order):
    durations, n_workers, asked = problem
    schedule = list_schedule(durations, n_workers, order=order, **asked)
    paths = scheduling.longest_paths(durations, asked["after"])
    keys = {
        "given": np.zeros(len(durations)),
        "longest_first": -np.array(durations),
        "shortest_first": np.array(durations),
        "critical_path": -paths,
    }
    listed = np.argsort(keys[order], kind="stable").tolist()
    assert schedule.started.tolist() == by_the_book(
        durations, n_workers, order=listed, **asked
    )


@settings(deadline=None)
@given(problems(), st.sampled_from(ORDERS))
def test_nothing_overlaps_that_must_not(problem, order):
    durations, n_workers, asked = problem
    schedule = list_schedule(durations, n_workers, order=order, **asked)
    started, ended, worker = schedule
    assert (ended - started).tolist() == durations
    for task, other in asked["after"]:
        assert started[task] >= ended[other]
    assert ((worker >= 0) & (worker < n_workers)).all()
    for a, b in itertools.combinations(range(len(durations)), 2):
        if overlap(schedule, a, b):
            assert worker[a] != worker[b]
            assert not clash(asked["locks"][a], asked["locks"][b])
    for agent, slots in enumerate(asked["slots"]):
        mine = [task for task, asks in enumerate(asked["agent"]) if asks == agent]
        _, counts = metrics.concurrency(started[mine], ended[mine])
        assert counts.max(initial=0) <= slots


@settings(deadline=None)
@given(problems(limited=False), st.sampled_from(ORDERS))
def test_makespans_lie_between_the_bounds(problem, order):
    durations, n_workers, asked = problem
    makespan = list_schedule(durations, n_workers, order=order, **asked).makespan
    work, span = sum(durations), metrics.span(durations, asked["after"])
    assert makespan >= scheduling.lower_bound(work, span, n_workers) * (1 - 1e-12)
    assert makespan <= scheduling.graham_bound(work, span, n_workers) * (1 + 1e-12)


@settings(deadline=None)
@given(problems(durations=st.integers(1, 64).map(lambda ticks: ticks / 8)))
def test_the_order_of_a_schedule_leads_to_it_again(problem):
    durations, n_workers, asked = problem
    best = list_schedule(durations, n_workers, order="best", **asked)
    again = list_schedule(durations, n_workers, order=best.order, **asked)
    assert again.started.tolist() == best.started.tolist()


@settings(deadline=None)
@given(problems())
def test_the_best_is_no_worse_than_the_rules(problem):
    durations, n_workers, asked = problem
    best = list_schedule(durations, n_workers, order="best", **asked).makespan
    for order in ("critical_path", "longest_first"):
        assert (
            best <= list_schedule(durations, n_workers, order=order, **asked).makespan
        )


@settings(deadline=None)
@given(st.lists(TICKS, min_size=1, max_size=6), st.integers(1, 3))
def test_independent_tasks_keep_to_the_bounds_of_the_optimum(durations, n_workers):
    optimum = min(
        max(np.bincount(lanes, durations))
        for lanes in itertools.product(range(n_workers), repeat=len(durations))
    )
    assert scheduling.packing_bound(durations, n_workers) <= optimum * (1 + 1e-12)
    found = {o: list_schedule(durations, n_workers, order=o).makespan for o in ORDERS}
    assert found["given"] <= scheduling.list_ratio(n_workers) * optimum * (1 + 1e-12)
    ratio = scheduling.lpt_ratio(n_workers)
    assert found["longest_first"] <= ratio * optimum * (1 + 1e-12)
    assert optimum <= found["best"] <= found["longest_first"]


@settings(deadline=None)
@given(st.lists(TICKS, max_size=30), st.integers(1, 5))
def test_workers_take_turns_without_overlap_also_for_tasks_of_no_length(durations, n):
    started, ended, worker = list_schedule(durations, n)
    busy = metrics.busy(durations, worker, n)
    assert (busy <= ended.max(initial=0)).all()
    for lane in range(n):
        mine = np.flatnonzero(worker == lane)
        mine = mine[np.lexsort([ended[mine], started[mine]])]
        assert (started[mine][1:] >= ended[mine][:-1]).all()


@settings(deadline=None)
@given(st.lists(TICKS, max_size=20), st.integers(1, 5))
def test_the_fast_way_for_independent_tasks_is_the_long_way(durations, n_workers):
    fast = list_schedule(durations, n_workers)
    agent = [0] * len(durations)
    slow = list_schedule(durations, n_workers, agent=agent, slots=[n_workers])
    assert fast.started.tolist() == slow.started.tolist()


def test_many_tasks_are_balanced_to_a_percent():
    rng = np.random.default_rng(5)
    for n_workers, n_tasks in ((4, 40), (10, 60), (25, 150)):
        durations = rng.integers(1, 100, n_tasks).astype(float)
        bound = scheduling.packing_bound(durations, n_workers)
        best = list_schedule(durations, n_workers, order="best").makespan
        assert best <= 1.01 * bound


def test_scheduling_to_and_fro_finds_what_no_rule_does():
    durations = [6, 2, 6, 2, 3, 5, 6, 5]
    after = [(4, 0), (5, 0), (5, 1), (5, 2), (5, 3), (5, 4), (6, 2)]
    found = {
        order: list_schedule(durations, 2, after=after, order=order).makespan
        for order in ORDERS
    }
    assert found.pop("best") == 18  # 17.5 is the work of each
    assert min(found.values()) == 19


# --- workers that come later, tasks that wait for a moment ---


def test_workers_take_part_when_they_are_there():
    schedule = list_schedule([2, 2, 2], 2, available=[0, 3])
    assert schedule.started.tolist() == [0, 2, 3]
    assert schedule.worker.tolist() == [0, 0, 1]


def test_a_worker_that_comes_too_late_does_nothing():
    schedule = list_schedule([1, 1], 2, available=[9, 0])
    assert schedule.worker.tolist() == [1, 1]
    assert list_schedule([1, 1], 2, after=[(1, 0)], available=[9, 0]).makespan == 2


def test_a_lag_holds_back_its_task_and_nobody_else():
    schedule = list_schedule([1, 1, 3], 1, after=[(1, 0)], lags=[0, 2, 0])
    assert schedule.started.tolist() == [0, 4, 1]
    assert list_schedule([1], 1, lags=[2]).started.tolist() == [2]
    assert list_schedule([1, 1], 2, after=[(1, 0)], lags=[0, 2]).makespan == 4


@settings(deadline=None)
@given(st.lists(TICKS, max_size=12), st.lists(TICKS, min_size=1, max_size=4))
def test_the_fast_way_with_late_workers_is_the_long_way(durations, available):
    n_workers = len(available)
    fast = list_schedule(durations, n_workers, available=available)
    agent = [0] * len(durations)
    slow = list_schedule(
        durations, n_workers, agent=agent, slots=[n_workers], available=available
    )
    assert fast.started.tolist() == slow.started.tolist()
    for schedule in (fast, slow):
        for task, worker in enumerate(schedule.worker.tolist()):
            assert schedule.started[task] >= available[worker]
        for a, b in itertools.combinations(range(len(durations)), 2):
            assert not (
                schedule.worker[a] == schedule.worker[b] and overlap(schedule, a, b)
            )


# --- many numbers of workers ---

LENGTHS = st.lists(
    st.one_of(TICKS, st.floats(0, 1000, allow_subnormal=False)),
    min_size=1,
    max_size=60,
)


def test_bounds_decide_where_they_agree():
    problem = scheduling.make_problem(np.ones(100_000), 1)
    found = scheduling.makespans(problem, [1, 7, 64], "given")
    assert not found.is_simulated.any()
    assert found.middle == pytest.approx([100_000, 14_286, 1563], rel=1e-3)


def test_between_two_counts_that_take_as_long_nothing_is_simulated():
    lengths = np.append(np.random.default_rng(0).random(2000), 500.0)
    problem = scheduling.make_problem(lengths, 1)
    found = scheduling.makespans(problem, range(3, 60), [2000, *range(2000)])
    assert found.is_simulated.sum() <= 2
    assert found.middle == pytest.approx(500.0)


def test_a_wider_machine_than_a_graph_can_use_is_simulated_once():
    problem = scheduling.make_problem([1, 2, 3, 1], 1, after=[(1, 0), (2, 0), (3, 1)])
    found = scheduling.makespans(problem, [1, 3, 4, 100], "given")
    assert found.middle.tolist() == [7, 4, 4, 4]


@settings(deadline=None)
@given(LENGTHS, st.sampled_from(ORDERS), st.lists(TICKS, max_size=5))
def test_many_counts_are_as_each_by_itself(durations, order, late):
    def available(n_workers):
        there = [*sorted(late), *n_workers * [max(late, default=0.0)]]
        return np.array(there[:n_workers]) if late else None

    counts = [1, 2, 3, 5, 8, 13, 70]
    problem = scheduling.make_problem(durations, 1)
    found = scheduling.makespans(problem, counts, order, available=available)
    for at, n_workers in enumerate(counts):
        there = available(n_workers)
        asked = {"order": order, "available": there}
        took = list_schedule(durations, n_workers, **asked).makespan
        if order != "best" or found.is_simulated[at]:
            assert found.low[at] <= took * (1 + 1e-9)
        assert took <= found.high[at] * (1 + 1e-9)
        assert found.high[at] <= found.low[at] * (1 + 2 * scheduling.AGREED)


@settings(deadline=None)
@given(problems(), st.sampled_from(ORDERS))
def test_many_counts_of_tasks_that_wait_are_as_each_by_itself(problem, order):
    durations, _, asked = problem
    made = scheduling.make_problem(durations, 1, **asked)
    found = scheduling.makespans(made, [1, 2, 4, 20], order)
    for at, n_workers in enumerate([1, 2, 4, 20]):
        took = list_schedule(durations, n_workers, order=order, **asked).makespan
        assert found.middle[at] == pytest.approx(took, rel=scheduling.AGREED)


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 9))
def test_longest_first_keeps_to_its_own_bound(durations, n_workers):
    took = list_schedule(durations, n_workers, order="longest_first").makespan
    bound = scheduling.lpt_bound(durations, n_workers)
    graham = scheduling.graham_bound(sum(durations), max(durations), n_workers)
    assert took <= bound * (1 + 1e-9)
    assert bound <= graham * (1 + 1e-9)


# --- few long tasks ---


@pytest.mark.parametrize(("n_tasks", "n_workers"), [(36, 12), (60, 20), (50, 10)])
def test_balances_that_are_known_to_be_perfect_are_found_within_a_percent(
    n_tasks, n_workers
):
    rng, whole = np.random.default_rng(3), 10_000
    durations = []
    for _ in range(n_workers):
        cuts = rng.choice(np.arange(1, whole), n_tasks // n_workers - 1, replace=False)
        durations += np.diff([0, *np.sort(cuts), whole]).tolist()
    rng.shuffle(durations)
    best = list_schedule(durations, n_workers, order="best").makespan
    assert whole <= best <= 1.01 * whole


def test_the_search_finds_the_same_each_time():
    durations = np.random.default_rng(1).integers(1, 1000, 30)
    found = [list_schedule(durations, 10, order="best") for _ in "ab"]
    assert found[0].started.tolist() == found[1].started.tolist()
