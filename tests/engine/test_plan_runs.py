"""Plans are executed for real: who waits, who is skipped, and what the rows say."""

import os
import shlex
import signal
import threading
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb.engine.policies import make_policy
from parallel_nb.planning import plan
from parallel_nb.tasks import Agent, Task, shell

from . import chores
from .processes import comes_true

BACKENDS = ["isolated", "threading", "sequential"]
PATIENCE = 30  # seconds to wait for what must come


def add(*numbers):
    return sum(numbers)


def total(numbers, more):
    return sum(numbers) + sum(more.values())


def fail(*_):
    raise ValueError("as asked")


def is_even(number):
    return number % 2 == 0


def is_broken(number):
    raise LookupError(f"cannot judge {number}")


def statuses(run):
    return dict(zip(run.tasks["name"], run.tasks["status"], strict=True))


def errors(run):
    return dict(zip(run.tasks["name"], run.tasks["error"], strict=True))


def times(run):
    """Start and end of each task that ran, by its name."""
    rows = run.tasks.set_index("name")
    return rows["started"].to_dict(), rows["ended"].to_dict()


def most_at_once(rows):
    """The most attempts that overlap; what ends as another starts does not."""
    steps = sorted([(t, 1) for t in rows["started"]] + [(t, -1) for t in rows["ended"]])
    return int(np.cumsum([step for _, step in steps]).max())


def meets(barrier):
    """Return only if so many tasks are here at the same time."""
    barrier.wait()


class Flaky:
    """Fails so often, and then does not; for threads, as it counts in memory."""

    __name__ = "flaky"

    def __init__(self, n_failures):
        self.n_left = n_failures

    def __call__(self):
        self.n_left -= 1
        if self.n_left >= 0:
            raise ValueError(f"{self.n_left} to go")
        return "at last"


# -- dependencies ------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_results_are_passed_on_also_inside_containers(backend):
    a, b = Task(add, 1, 2, name="a"), Task(add, 4, name="b")
    c = Task(total, [a, 10, b], more={"x": a, "y": 100}, name="c")
    run = pnb.run([a, b, c, Task(add, c, 1, name="d")], n_jobs=2, backend=backend)
    assert run.results == [3, 4, 120, 121]
    started, ended = times(run)
    assert started["c"] >= max(ended["a"], ended["b"])
    assert started["d"] >= ended["c"]
    assert run.edges.values.tolist() == [[2, 0], [2, 1], [3, 2]]


def test_after_waits_and_passes_nothing_on():
    a = Task(add, 1, name="a")
    tasks = [a, Task(add, 5, name="b", after=a), Task(add, 6, name="c", after="b")]
    run = pnb.run(tasks, n_jobs=2, backend="threading")
    assert run.results == [1, 5, 6]
    started, ended = times(run)
    assert started["b"] >= ended["a"]
    assert started["c"] >= ended["b"]


def test_tasks_that_wait_for_nobody_run_together():
    barrier = threading.Barrier(3, timeout=PATIENCE)
    tasks = [Task(meets, barrier, name=name, retries=1) for name in "abc"]
    run = pnb.run(tasks, n_jobs=3, backend="threading")
    assert set(statuses(run).values()) == {"done"}


def test_a_task_starts_while_others_of_the_round_before_still_run():
    is_there = threading.Event()
    a = Task(add, 1, name="a")
    tasks = [a, Task(is_there.wait, PATIENCE, name="long")]
    tasks.append(Task(is_there.set, name="c", after=a))
    run = pnb.run(tasks, n_jobs=2, backend="threading")
    assert run.results == [1, True, None]


def test_barriers_let_each_round_wait_for_the_one_before():
    a = Task(add, 1, name="a", cost=1)
    tasks = [a, Task(chores.nap, 0.2, name="long", cost=1)]
    tasks.append(Task(add, a, name="c", cost=1))
    run = pnb.run(tasks, n_jobs=2, backend="threading", barriers=True)
    started, ended = times(run)
    assert run.tasks["round"].tolist() == [0, 0, 1]
    assert started["c"] >= ended["long"]
    assert run.tasks["ready"][2] >= ended["long"]


def test_a_plan_can_be_run_again():
    a = Task(add, 1, name="a")
    made = plan([a, Task(add, a, name="b")], n_jobs=2)
    assert [pnb.run(made).results for _ in range(2)] == [[1, 1]] * 2


def test_a_plan_of_nothing_is_a_run_of_nothing():
    run = pnb.run(plan([]))
    assert (len(run.tasks), run.results) == (0, [])


def test_results_that_others_need_must_be_kept():
    a = Task(add, 1, name="a")
    with pytest.raises(pnb.ArgumentError, match="keep_results=False"):
        pnb.run([a, Task(add, a, name="b")], keep_results=False)
    run = pnb.run([a, Task(add, 2, after=a)], keep_results=False, backend="threading")
    assert run.tasks["status"].tolist() == ["done", "done"]
    assert not run.has_results


def test_a_run_keeps_rounds_agents_and_lanes_of_a_plan():
    a = Task(add, 1, name="a", agent="x")
    run = pnb.run([a, Task(add, a, name="b")], n_jobs=2, agents={"x": 1})
    assert run.meta.order == "critical_path"
    assert run.tasks["agent"].tolist()[0] == "x"
    assert pd.isna(run.tasks["agent"][1])
    assert run.tasks["round"].tolist() == [0, 1]
    assert run.tasks["worker"].between(0, 1).all()


def test_the_ready_time_is_when_the_last_input_had_come():
    a = Task(add, 1, name="a")
    run = pnb.run([a, Task(add, a, name="b")], n_jobs=1, backend="threading")
    rows = run.tasks
    assert rows["received"][0] <= rows["ready"][1] <= rows["submitted"][1]


def test_tasks_may_come_from_an_iterator():
    assert pnb.run((Task(add, i) for i in range(3)), n_jobs=1).results == [0, 1, 2]


def test_a_configured_number_of_workers_holds_for_plans_too():
    a = Task(add, 1, name="a")
    with joblib.parallel_config(backend="threading", n_jobs=3):
        assert pnb.run([a, Task(add, a)]).meta.n_workers == 3


# -- order -------------------------------------------------------------------------


def in_order_of_start(run):
    return run.tasks.sort_values("started")["name"].tolist()


def test_the_longest_way_to_the_end_starts_first():
    first = Task(add, 1, name="first", cost=1)
    tasks = [Task(add, 1, name="short", cost=2), first]
    tasks.append(Task(add, first, name="then", cost=5))
    run = pnb.run(tasks, n_jobs=1, backend="sequential")
    assert in_order_of_start(run) == ["first", "then", "short"]


def test_an_earlier_run_decides_what_is_urgent():
    frame = pd.DataFrame(
        {"task": [0, 1], "name": ["b", "a"], "started": [0.0, 0.0], "ended": [9.0, 1.0]}
    )
    history = pnb.Run.from_frame(frame)
    tasks = [Task(add, 1, name=name, retries=1) for name in "ab"]
    run = pnb.run(tasks, history=history, n_jobs=1, backend="sequential")
    assert in_order_of_start(run) == ["b", "a"]
    made = plan(tasks, history=history, n_jobs=1)
    assert in_order_of_start(pnb.run(made, backend="sequential")) == ["b", "a"]


# -- failures ----------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_dependents_of_a_failed_task_are_skipped_and_say_why(backend):
    a = Task(fail, name="a")
    b = Task(add, a, name="b")
    tasks = [a, b, Task(add, 1, name="c", after=b), Task(add, 2, name="other")]
    run = pnb.run(tasks, n_jobs=2, backend=backend)
    assert statuses(run) == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "other": "done",
    }
    assert errors(run)["b"] == "it needs 'a', which is not done"
    assert errors(run)["c"] == "it needs 'b', which is not done"
    assert run.tasks["started"].isna().tolist() == [False, True, True, False]
    assert run.meta.ended_by == "completion"


def test_who_only_kept_clear_of_a_failed_task_goes_on():
    tasks = [Task(fail, name="a", writes="x"), Task(add, 1, name="b", writes="x")]
    run = pnb.run(tasks, n_jobs=2, backend="threading")
    assert statuses(run) == {"a": "failed", "b": "done"}
    started, ended = times(run)
    assert started["b"] >= ended["a"]


def test_who_follows_a_skipped_task_keeps_clear_of_those_before_it():
    has_failed = threading.Event()
    doomed = Task(fail, name="doomed", cost=9)
    tasks = [
        Task(has_failed.wait, PATIENCE, name="a", writes="x"),
        doomed,
        Task(add, 1, name="b", after=doomed, writes="x"),
        Task(add, 1, name="c", writes="x"),
    ]

    def listen(event):
        if event.kind == "skipped":
            has_failed.set()

    run = pnb.run(tasks, n_jobs=3, backend="threading", on_event=listen)
    assert statuses(run)["b"] == "skipped"
    started, ended = times(run)
    assert started["c"] >= ended["a"]


@pytest.mark.parametrize("deed", ["_exit", "SIGKILL"])
def test_a_crash_is_its_own_row_and_the_others_go_on(deed):
    a = Task(chores.misbehave, deed, name="a")
    tasks = [a, Task(add, a, name="b"), *[Task(add, i, name=f"c{i}") for i in range(4)]]
    run = pnb.run(tasks, n_jobs=2)
    found = statuses(run)
    assert (found.pop("a"), found.pop("b")) == ("crashed", "skipped")
    assert set(found.values()) == {"done"}
    assert "WorkerDied" in errors(run)["a"]


def test_what_cannot_be_pickled_fails_alone():
    lock = threading.Lock()
    bad = Task(add, lock, name="bad")
    tasks = [bad, Task(add, bad, name="after bad"), Task(add, 1, name="other")]
    run = pnb.run(tasks, n_jobs=2)
    assert statuses(run) == {"bad": "failed", "after bad": "skipped", "other": "done"}
    assert "could not be pickled" in errors(run)["bad"]
    assert errors(run)["after bad"] == "it needs 'bad', which is not done"


def test_a_result_that_cannot_travel_fails_its_consumer():
    a = Task(threading.Lock, name="a", agent="here")
    b = Task(add, a, name="b")
    tasks = [a, b, Task(add, b, name="c"), Task(add, 1, name="other")]
    agents = [Agent("here", slots=2, backend="threading")]
    run = pnb.run(tasks, n_jobs=2, agents=agents)
    assert list(statuses(run).values()) == ["done", "failed", "skipped", "done"]
    assert "cannot pickle '_thread.lock'" in errors(run)["b"]


class Unhashable:
    def __hash__(self):
        raise RuntimeError("no hash today")


def test_a_result_that_cannot_stand_where_its_task_stood_fails_its_consumer():
    a = Task(Unhashable, name="a")
    tasks = [a, Task(len, {a}, name="b"), Task(add, 1, name="other")]
    run = pnb.run(tasks, n_jobs=1, backend="threading")
    assert statuses(run) == {"a": "done", "b": "failed", "other": "done"}
    assert "no hash today" in errors(run)["b"]


# -- checks ------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("check", "error"),
    [
        (is_even, "check 'is_even' returned False"),
        (4, "expected 4, got 3"),
        ({"even": is_even, "odd": bool}, "check 'even' returned False"),
        (is_broken, "check 'is_broken' raised LookupError: cannot judge 3"),
    ],
)
def test_an_invalid_result_is_kept_and_not_passed_on(backend, check, error):
    a = Task(add, 1, 2, name="a", check=check)
    tasks = [a, Task(add, a, name="b")]
    run = pnb.run(tasks, n_jobs=2, backend=backend)
    assert statuses(run) == {"a": "invalid", "b": "skipped"}
    assert errors(run)["a"] == error
    assert run.results_or(None) == [3, None]


def test_a_result_that_passes_its_check_is_done():
    tasks = [Task(add, 4, name="a", check={"even": is_even, "true": bool})]
    assert pnb.run(tasks, n_jobs=1).results == [4]


def test_a_commands_output_can_be_checked_and_passed_on():
    good = shell("echo 3", name="good", check="3")
    bad = shell("echo 3", name="bad", check=lambda result: result.stdout == "4\n")
    length = Task(lambda result: len(result.stdout), good, name="length")
    tasks = [good, bad, length, Task(fail, bad, name="never")]
    run = pnb.run(tasks, n_jobs=2)
    assert list(statuses(run).values()) == ["done", "invalid", "done", "skipped"]
    results = run.results_or(None)
    assert results[1].stdout == "3\n"
    assert results[2] == 2


# -- retries -----------------------------------------------------------------------


def test_each_try_is_a_row_and_the_last_one_counts():
    flaky = Task(Flaky(2), name="flaky", retries=2)
    tasks = [flaky, Task(str.upper, flaky, name="next")]
    run = pnb.run(tasks, n_jobs=2, backend="threading")
    assert run.results == ["at last", "AT LAST"]
    rows = run.attempts[run.attempts["name"] == "flaky"]
    assert rows["attempt"].tolist() == [1, 2, 3]
    assert rows["status"].tolist() == ["failed", "failed", "done"]
    assert rows["error"].tolist()[:2] == ["ValueError: 1 to go", "ValueError: 0 to go"]
    assert (rows["started"].to_numpy()[1:] >= rows["ended"].to_numpy()[:-1]).all()


def test_a_task_fails_when_its_tries_are_used_up():
    flaky = Task(Flaky(2), name="flaky", retries=1)
    run = pnb.run([flaky, Task(add, flaky, name="b")], n_jobs=1, backend="threading")
    assert statuses(run) == {"flaky": "failed", "b": "skipped"}
    assert run.summary()["retries"][0] == 1


@pytest.mark.parametrize(
    "work",
    [
        Task(add, 3, name="a", check=4, retries=1),
        Task(chores.misbehave, "_exit", name="a", retries=1),
        shell("exit 3", name="a", retries=1),
    ],
    ids=["invalid", "crashed", "command"],
)
def test_whatever_is_not_done_is_tried_again(work):
    run = pnb.run([work], n_jobs=1)
    assert run.attempts["attempt"].tolist() == [1, 2]
    assert len(set(run.attempts["status"])) == 1


# -- agents ------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_no_more_than_its_slots_of_an_agent_run_at_once(backend):
    tasks = [Task(chores.nap, 0.01, name=f"x{i}", agent="x") for i in range(6)]
    tasks += [Task(chores.nap, 0.01, name=f"y{i}", agent="y") for i in range(6)]
    tasks += [Task(chores.nap, 0.01, name=f"z{i}") for i in range(6)]
    agents = {"x": 1, "y": 2}
    run = pnb.run(tasks, n_jobs=4, backend=backend, agents=agents)
    rows = run.attempts
    for agent, slots in agents.items():
        assert most_at_once(rows[rows["agent"] == agent]) <= slots
    assert most_at_once(rows) <= 4


def test_all_slots_of_an_agent_are_used():
    barrier = threading.Barrier(2, timeout=PATIENCE)
    tasks = [Task(meets, barrier, name=f"x{i}", agent="x") for i in range(4)]
    run = pnb.run(tasks, n_jobs=3, backend="threading", agents={"x": 2})
    assert set(run.tasks["status"]) == {"done"}


def test_a_tried_again_task_keeps_within_the_slots():
    tasks = [Task(Flaky(1), name=f"x{i}", agent="x", retries=1) for i in range(5)]
    run = pnb.run(tasks, n_jobs=3, backend="threading", agents={"x": 1})
    assert run.results == ["at last"] * 5
    assert most_at_once(run.attempts) == 1


def test_threads_of_an_agent_work_beside_isolated_lanes():
    seen = []
    tasks = [Task(seen.append, i, name=f"here{i}", agent="here") for i in range(3)]
    tasks += [Task(chores.pid, name=f"there{i}") for i in range(3)]
    agents = [Agent("here", slots=2, backend="threading")]
    run = pnb.run(tasks, n_jobs=3, agents=agents)
    assert sorted(seen) == [0, 1, 2]
    assert os.getpid() not in run.results[3:]
    assert run.tasks["pid"][:3].tolist() == [os.getpid()] * 3


def test_an_agent_with_one_thread_holds_up_nobody():
    is_there = threading.Event()
    tasks = [
        Task(is_there.wait, PATIENCE, name="long", agent="x", cost=9),
        Task(is_there.set, name="other"),
    ]
    agents = [Agent("x", slots=1, backend="threading")]
    run = pnb.run(tasks, n_jobs=2, backend="threading", agents=agents)
    assert run.results[0] is True


ready = threading.local()


def get_ready(log):
    log.append(threading.get_ident())
    ready.model = "loaded"


def use(barrier):
    barrier.wait()
    return ready.model, threading.get_ident()


def test_a_set_up_is_made_once_in_each_thread_of_an_agent():
    log, barrier = [], threading.Barrier(2, timeout=PATIENCE)
    agent = Agent("x", slots=2, backend="threading", setup=partial(get_ready, log))
    tasks = [Task(use, barrier, name=f"x{i}", agent="x") for i in range(6)]
    run = pnb.run(tasks, n_jobs=2, agents=[agent])
    models, threads = zip(*run.results, strict=True)
    assert set(models) == {"loaded"}
    assert sorted(log) == sorted(set(threads))
    assert len(log) == 2


def leave_pid(folder):
    chores.leave_mark(folder, os.getpid())


def test_a_set_up_is_made_once_in_each_lane_and_only_there(tmp_path):
    setup = partial(leave_pid, str(tmp_path))
    tasks = [Task(chores.pid, i, name=f"x{i}", agent="x") for i in range(6)]
    tasks += [Task(chores.pid, i, name=f"other{i}") for i in range(6)]
    run = pnb.run(tasks, n_jobs=2, agents=[Agent("x", slots=2, setup=setup)])
    served = {str(pid): 1 for pid in run.results[:6]}
    assert chores.marks(tmp_path) == served
    assert not set(map(str, run.results[6:])) & set(served)


def test_a_set_up_is_start_up_and_no_part_of_a_task():
    agent = Agent("x", slots=2, setup=partial(chores.nap, 0.2), backend="threading")
    tasks = [Task(chores.double, 1, name=name, agent="x") for name in "ab"]
    run = pnb.run(tasks, n_jobs=1, agents=[agent])
    (first, *_) = run.startups.itertuples()
    assert first.ended - first.started >= 0.2
    rows = run.tasks.sort_values("started")
    assert rows["submitted"].iloc[0] <= first.started
    assert first.ended <= rows["started"].iloc[0]


def test_a_set_up_that_raises_fails_the_tasks_of_its_agent():
    agent = Agent("x", slots=2, setup=partial(fail, None))
    tasks = [Task(add, 1, name="a", agent="x", retries=1), Task(add, 2, name="b")]
    run = pnb.run(tasks, n_jobs=2, agents=[agent], backend="threading")
    assert statuses(run) == {"a": "failed", "b": "done"}
    assert errors(run)["a"] == "the agent's set-up failed: ValueError: as asked"
    assert len(run.attempts) == 3


def test_a_set_up_that_ends_its_process_is_a_crash_of_its_task():
    agent = Agent("x", setup=partial(chores.misbehave, "_exit"))
    tasks = [Task(add, 1, name="a", agent="x"), Task(add, 2, name="b")]
    run = pnb.run(tasks, n_jobs=2, agents=[agent])
    assert statuses(run) == {"a": "crashed", "b": "done"}


def test_a_set_up_is_known_when_the_first_task_after_it_crashes():
    agent = Agent("x", setup=partial(chores.nap, 0.2))
    tasks = [
        Task(chores.misbehave, "_exit", name="a", agent="x"),
        Task(add, 2, name="b", agent="x"),
    ]
    run = pnb.run(tasks, n_jobs=1, agents=[agent])
    assert statuses(run) == {"a": "crashed", "b": "done"}
    rows = run.startups.groupby("pid")
    (crashed,) = run.tasks.loc[run.tasks["status"] == "crashed", "pid"]
    # Its process's start, then the set-up in it; the same for the process after it.
    assert rows.size().tolist() == [2, 2]
    last = rows.get_group(crashed).sort_values("started").iloc[-1]
    assert last["ended"] - last["started"] >= 0.2
    assert last["ended"] <= run.tasks["started"].min()


def test_an_agent_has_workers_of_its_own_where_a_backend_is_configured():
    barrier = threading.Barrier(3, timeout=PATIENCE)
    tasks = [Task(meets, barrier, name=f"a{i}") for i in range(3)]
    tasks += [Task(add, 1, name="x", agent="x", cost=9)]
    agents = [Agent("x", slots=2, setup=partial(chores.double, 1))]
    with joblib.parallel_config(backend="threading"):
        run = pnb.run(tasks, n_jobs=3, agents=agents)
    assert set(run.tasks["status"]) == {"done"}


# -- locks -------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["isolated", "threading"])
def test_tasks_that_lock_one_resource_never_run_together(backend):
    tasks = [Task(chores.nap, 0.01, name=f"a{i}", writes="x") for i in range(6)]
    tasks += [Task(chores.nap, 0.01, name=f"b{i}") for i in range(4)]
    made = plan(tasks, n_jobs=3, conflicts="lock")
    run = pnb.run(made, backend=backend)
    assert set(run.tasks["status"]) == {"done"}
    assert most_at_once(run.tasks[:6]) == 1
    assert not len(run.edges)


def test_whoever_is_ready_first_takes_the_lock():
    late = threading.Event()
    slow = Task(late.wait, PATIENCE, name="slow")
    tasks = [
        slow,
        Task(add, 1, name="late", after=slow, writes="x"),
        Task(late.set, name="early", writes="x"),
    ]
    run = pnb.run(plan(tasks, n_jobs=2, conflicts="lock"), backend="threading")
    assert set(run.tasks["status"]) == {"done"}
    assert in_order_of_start(run).index("early") < in_order_of_start(run).index("late")


def test_readers_of_a_locked_resource_run_together():
    barrier = threading.Barrier(2, timeout=PATIENCE)
    tasks = [Task(add, 1, name="w", writes="x", cost=9)]
    tasks += [Task(meets, barrier, name=name, reads="x") for name in "ab"]
    made = plan(tasks, n_jobs=2, conflicts="lock")
    assert set(pnb.run(made, backend="threading").tasks["status"]) == {"done"}


# -- ends before the end -----------------------------------------------------------


def test_the_first_success_ends_a_plan():
    first = Task(add, 1, name="first")
    tasks = [
        Task(chores.nap, 60, name="slow"),
        first,
        Task(chores.nap, first, name="b"),
    ]
    run = pnb.run([*tasks, Task(fail, name="bad")], n_jobs=2, wait="any")
    assert statuses(run)["first"] == "done"
    assert statuses(run)["slow"] == "cancelled"
    assert statuses(run)["b"] == "cancelled"
    assert errors(run)["b"] == "not needed: enough tasks had succeeded"
    assert run.meta.ended_by == "wait"


@pytest.mark.parametrize("wait", [2, 0.4])
def test_enough_successes_end_a_plan(wait):
    first = Task(add, 0, name="first")
    tasks = [first, *[Task(add, first, i, name=f"a{i}") for i in range(4)]]
    run = pnb.run(tasks, n_jobs=1, wait=wait, backend="sequential")
    assert run.tasks["status"].tolist() == ["done"] * 2 + ["cancelled"] * 3
    assert run.meta.ended_by == "wait"


def test_skipped_tasks_can_put_a_threshold_out_of_reach():
    a = Task(fail, name="a")
    tasks = [a, Task(add, a, name="b"), Task(add, 1, name="possible")]
    run = pnb.run(tasks, n_jobs=1, wait=2, backend="sequential")
    assert list(statuses(run).values()) == ["failed", "skipped", "cancelled"]
    assert run.meta.ended_by == "impossible"


def test_stop_lets_running_ones_finish_and_starts_none():
    has_failed = threading.Event()
    tasks = [
        Task(has_failed.wait, PATIENCE, name="running", cost=9),
        Task(fail, name="bad", cost=9, retries=0),
        Task(add, 1, name="waiting"),
        Task(add, 1, name="too", writes="x"),
    ]

    def listen(event):
        if event.kind == "failed":
            has_failed.set()

    run = pnb.run(
        tasks, n_jobs=2, backend="threading", on_failure="stop", on_event=listen
    )
    found = statuses(run)
    assert (found["running"], found["bad"]) == ("done", "failed")
    assert (found["waiting"], found["too"]) == ("cancelled", "cancelled")
    assert errors(run)["too"] == "not started: a task had failed"
    assert run.meta.ended_by == "failure"


def test_stop_starts_none_after_a_task_that_cannot_be_sent():
    tasks = [Task(add, threading.Lock(), name="bad", cost=9)]
    tasks += [Task(add, i, name=f"a{i}", retries=1) for i in range(4)]
    run = pnb.run(tasks, n_jobs=2, on_failure="stop")
    assert statuses(run).pop("bad") == "failed"
    assert run.tasks["status"].tolist()[1:] == ["cancelled"] * 4


def test_tasks_that_cannot_be_sent_can_put_a_threshold_out_of_reach():
    lock = threading.Lock()
    tasks = [Task(add, lock, name=name, cost=9) for name in ("a", "b")]
    run = pnb.run([*tasks, Task(add, 1, name="c", cost=1)], n_jobs=1, wait=2)
    assert list(statuses(run).values()) == ["failed", "failed", "cancelled"]
    assert run.meta.ended_by == "impossible"


def test_stop_gives_running_ones_no_second_try():
    has_failed = threading.Event()

    def wait_and_fail():
        assert has_failed.wait(PATIENCE)
        raise ValueError("too")

    def listen(event):
        if event.kind == "failed":
            has_failed.set()

    tasks = [Task(fail, name="bad"), Task(wait_and_fail, name="running", retries=3)]
    run = pnb.run(
        tasks, n_jobs=2, backend="threading", on_failure="stop", on_event=listen
    )
    assert statuses(run) == {"bad": "failed", "running": "failed"}
    assert len(run.attempts) == 2


def test_raise_raises_when_all_that_ran_has_ended():
    a = Task(fail, name="a", cost=9)
    tasks = [a, Task(add, a, name="b"), Task(add, 1, name="c")]
    with pytest.raises(pnb.TasksFailed, match="as asked") as caught:
        pnb.run(tasks, n_jobs=1, backend="threading", on_failure="raise")
    assert list(statuses(caught.value.run).values()) == [
        "failed",
        "skipped",
        "cancelled",
    ]


def test_raise_raises_nothing_when_enough_have_succeeded():
    tasks = [Task(add, 1, name="a"), Task(add, 1, name="b", retries=1)]
    run = pnb.run(tasks, n_jobs=1, wait="any", on_failure="raise", backend="sequential")
    assert statuses(run) == {"a": "done", "b": "cancelled"}


def test_cancelled_commands_keep_no_result_and_are_told_of():
    told = {}

    def listen(event):
        told.setdefault(event.name, []).append(event.kind)

    tasks = [
        shell("trap 'exit 0' TERM; echo up; while :; do sleep 0.02; done", name="slow"),
        Task(chores.nap, 0.3, name="quick"),
    ]
    run = pnb.run(tasks, n_jobs=2, wait="any", on_event=listen)
    assert statuses(run) == {"slow": "cancelled", "quick": "done"}
    assert run.results_or(None) == [None, 0.3]
    assert told["slow"] == ["submitted", "cancelled"]


def test_a_command_that_ended_by_itself_is_not_cancelled(tmp_path):
    go = tmp_path / "go"

    def listen(event):
        if event.kind == "done":
            go.touch()
            # The command ends, and the run hears of it only after this.
            assert comes_true(lambda: "(execute)" not in str(threading.enumerate()))
            raise KeyboardInterrupt

    until_go = f"until [ -e {shlex.quote(str(go))} ]; do sleep 0.01; done"
    tasks = [shell(until_go, name="command"), Task(add, 1, name="a")]
    with pytest.raises(KeyboardInterrupt):
        pnb.run(tasks, n_jobs=2, backend="threading", on_event=listen)
    assert statuses(pnb.last_run()) == {"command": "done", "a": "done"}


# -- events ------------------------------------------------------------------------


def test_events_tell_all_that_happens_in_order():
    flaky = Task(Flaky(1), name="flaky", retries=1, cost=3)
    bad = Task(fail, flaky, name="bad", cost=3, agent="x")
    tasks = [flaky, bad, Task(add, bad, name="never"), Task(add, 1, name="last")]
    told = []
    pnb.run(
        tasks,
        agents={"x": 1},
        n_jobs=1,
        backend="sequential",
        on_event=lambda event: told.append((event.kind, event.name, event.attempt)),
    )
    assert told == [
        ("ready", "flaky", 0),
        ("ready", "last", 0),
        ("submitted", "flaky", 1),
        ("retried", "flaky", 1),
        ("submitted", "flaky", 2),
        ("done", "flaky", 2),
        ("ready", "bad", 0),
        ("submitted", "bad", 1),
        ("failed", "bad", 1),
        ("skipped", "never", 0),
        ("submitted", "last", 1),
        ("done", "last", 1),
    ]


def test_events_say_who_and_why():
    bad = Task(fail, name="bad", agent="x")
    events = []
    pnb.run(
        [bad, Task(add, bad, name="never"), Task(add, 1, name="good")],
        agents={"x": 1},
        n_jobs=1,
        backend="sequential",
        on_event=events.append,
    )
    by_kind = {event.kind: event for event in events}
    assert (by_kind["failed"].agent, by_kind["failed"].task) == ("x", 0)
    assert by_kind["failed"].error == "ValueError: as asked"
    assert by_kind["skipped"].error == "it needs 'bad', which is not done"
    assert (by_kind["done"].result, by_kind["done"].error) == (1, "")
    assert [event.time for event in events] == sorted(event.time for event in events)


def test_a_task_that_cannot_be_sent_was_never_submitted():
    told = []
    pnb.run(
        [Task(add, threading.Lock(), name="bad", retries=1)],
        n_jobs=1,
        on_event=lambda event: told.append((event.kind, event.attempt)),
    )
    assert told == [("ready", 0), ("retried", 1), ("failed", 2)]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ready", "b"),
        ("submitted", "b"),
        ("done", "a"),
        ("retried", "flaky"),
        ("failed", "bad"),
        ("skipped", "never"),
    ],
)
def test_an_interrupt_in_a_listener_loses_no_row(kind, name):
    def listen(event):
        if (event.kind, event.name) == (kind, name):
            raise KeyboardInterrupt

    bad = Task(fail, name="bad")
    tasks = [Task(add, 1, name="a"), Task(add, 2, name="b"), bad]
    tasks += [Task(add, bad, name="never"), Task(Flaky(1), name="flaky", retries=1)]
    with pytest.raises(KeyboardInterrupt):
        pnb.run(tasks, n_jobs=2, backend="threading", on_event=listen)
    run = pnb.last_run()
    assert run.meta.ended_by == "interrupt"
    assert run.tasks["name"].tolist() == ["a", "b", "bad", "never", "flaky"]
    has_tried_twice = set(run.attempts["name"][run.attempts["attempt"] > 1])
    assert has_tried_twice <= {"flaky"}
    if kind == "done":
        assert statuses(run)["a"] == "done"


def test_an_interrupt_while_the_last_news_is_told_loses_no_row():
    def listen(event):
        if event.kind == "cancelled":
            signal.raise_signal(signal.SIGINT)

    tasks = [Task(fail, name="a", cost=9)]
    tasks += [Task(add, i, name=f"b{i}", cost=1, retries=1) for i in range(3)]
    with pytest.raises(KeyboardInterrupt):
        pnb.run(
            tasks, n_jobs=1, backend="threading", on_failure="stop", on_event=listen
        )
    assert list(statuses(pnb.last_run()).values()) == ["failed", *["cancelled"] * 3]


# -- in the background -------------------------------------------------------------


def test_a_plan_in_the_background_can_be_cancelled():
    has_one = threading.Event()

    def listen(event):
        if event.kind == "done":
            has_one.set()

    first = Task(add, 1, name="first")
    slow = Task(chores.nap, 60, name="slow", after=first)
    tasks = [first, slow, Task(add, slow, name="never")]
    handle = pnb.start(plan(tasks, n_jobs=2), on_event=listen)
    assert has_one.wait(PATIENCE)
    run = handle.cancel()
    assert list(statuses(run).values()) == ["done", "cancelled", "cancelled"]
    assert run.meta.ended_by == "cancel"
    board = handle.status()
    assert board["state"].tolist() == ["done", "cancelled", "cancelled"]
    assert handle.progress == (3, 3)


def test_the_board_shows_who_waits():
    first = Task(chores.nap, 60, name="first", agent="x")
    handle = pnb.start(
        [first, Task(add, first, name="next")], n_jobs=1, agents={"x": 1}
    )
    board = handle.status()
    handle.cancel()
    assert board["agent"][0] == "x"
    assert board["state"].tolist()[1] == "waiting"


# -- known not to hold yet ---------------------------------------------------------


def test_a_function_that_cannot_travel_fails_alone_in_its_agent():
    lock = threading.Lock()
    agent = Agent("x", setup=partial(chores.double, 1))
    tasks = [Task(add, 1, name="good", agent="x")]
    tasks.append(Task(lambda: lock.locked(), name="bad", agent="x"))
    run = pnb.run(tasks, n_jobs=1, agents=[agent])
    assert statuses(run) == {"good": "done", "bad": "failed"}


def test_lanes_of_an_agent_are_started_up_too(monkeypatch):
    monkeypatch.setenv("PLACE", "where no lane is warm")
    agent = Agent("x", setup=partial(chores.double, 1))
    run = pnb.run([Task(chores.pid, agent="x")], n_jobs=1, agents=[agent])
    assert len(run.startups) == 2  # the process, and the set-up in it


def test_an_agents_loky_processes_serve_nobody_else(tmp_path):
    setup = partial(leave_pid, str(tmp_path))
    tasks = [Task(chores.pid, i, name=f"x{i}", agent="x") for i in range(2)]
    tasks += [Task(chores.pid, i, name=f"other{i}") for i in range(2)]
    agents = [Agent("x", slots=2, setup=setup)]
    run = pnb.run(tasks, n_jobs=2, backend="loky", agents=agents)
    assert not set(run.results[:2]) & set(run.results[2:])


@pytest.mark.parametrize("begin", [pnb.run, pnb.start])
@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "sequential"])
def test_what_everybody_shares_is_refused_as_an_agents_own(begin, backend):
    agents = [Agent("x", slots=2, backend=backend)]
    with pytest.raises(pnb.ArgumentError, match=f"of agent 'x' .*; got '{backend}'"):
        begin([Task(add, 1, agent="x")], n_jobs=1, agents=agents)


def test_a_share_of_successes_is_not_one_too_many():
    assert make_policy(0.07, "continue", 100).n_needed == 7


def is_daemon():
    return threading.current_thread().daemon


def test_an_agents_cancelled_thread_keeps_no_interpreter_from_ending():
    agents = [Agent("x", slots=1, backend="threading")]
    run = pnb.run([Task(is_daemon, agent="x")], n_jobs=1, agents=agents)
    assert run.results == [True]
