"""Mutable objects that tasks in threads have in common are named; others are not."""

import array
import collections
import functools
import json
import logging
import random
import threading
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from parallel_nb.planning import plan
from parallel_nb.planning.sharing import is_mutable
from parallel_nb.tasks import Agent, Task, shell

seen = []
LIMIT = 3


def append(item, to):
    to.append(item)


def append_to_a_global(item):
    seen.append(item)


def append_by_way_of_another(item):
    append_to_a_global(item)


def append_within(item):
    return [seen.append(each) for each in [item]]


def remember(item, memory={}):  # noqa: B006 - that is the point
    memory[item] = item


def use_a_constant(item):
    return item + LIMIT


@functools.cache
def cached(item):
    return seen


class Counter:
    def __init__(self):
        self.count = 0

    def add(self, n):
        self.count += n

    def __call__(self, n):
        self.add(n)


@dataclass(frozen=True)
class Point:
    x: int


def counting(total):
    def add(n):
        total.count += n

    return add


def in_threads(*tasks, **asked):
    return plan(tasks, n_jobs=2, backend="threading", **asked)


def common(*tasks, **asked):
    return [(each.name, each.kind) for each in in_threads(*tasks, **asked).common]


# --- what is found ---


def test_an_argument_of_several_tasks_is_named_by_its_parameter():
    results = []
    made = in_threads(
        Task(append, 1, results, name="a"),
        Task(append, 2, to=results, name="b"),
        Task(append, 3, [], name="c"),
    )
    ((name, kind, tasks),) = made.common
    assert (name, kind, tasks) == ("to", "list", (0, 1))
    (warning,) = made.warnings
    assert warning.startswith(
        "`to` (list) is shared by 2 tasks that run in threads: a and b."
    )
    assert "backend='isolated'" in warning


def test_a_global_variable_is_named_as_such():
    assert common(Task(append, 1, seen), Task(append, 2, seen)) == [("seen", "list")]


@pytest.mark.parametrize(
    "func", [append_to_a_global, append_by_way_of_another, append_within, cached]
)
def test_globals_that_a_function_uses_are_shared_by_its_tasks(func):
    assert common(Task(func, 1), Task(func, 2)) == [("seen", "list")]


def test_defaults_closures_instances_and_bound_arguments_are_found():
    total, log = Counter(), []
    shared = functools.partial(append, to=log)
    assert common(Task(remember, 1), Task(remember, 2)) == [("memory", "dict")]
    add = counting(total)
    assert common(Task(add, 1), Task(add, 2)) == [("total", "Counter")]
    assert common(Task(total.add, 1), Task(total.add, 2)) == [("", "Counter")]
    assert common(Task(total, 1), Task(total, 2)) == [("", "Counter")]
    assert common(Task(shared, 1), Task(shared, 2)) == [("to", "list")]
    assert common(Task(total.add, 1), Task(counting(total), 2)) == [
        ("total", "Counter")
    ]


def test_what_stands_in_containers_is_found():
    frame = pd.DataFrame({"a": [1]})
    assert common(Task(print, [frame]), Task(print, {"k": (frame,)})) == [
        ("", "DataFrame")
    ]


def test_callbacks_bring_what_they_hold():
    total = Counter()
    assert common(Task(print, counting(total)), Task(print, total.add)) == [
        ("total", "Counter")
    ]


@pytest.mark.parametrize(
    "value",
    [
        {},
        set(),
        bytearray(b"a"),
        array.array("d"),
        collections.deque(),
        np.zeros(3),
        np.random.default_rng(0),
        random.Random(0),
        pd.DataFrame(),
        pd.Series(),
        SimpleNamespace(),
        Counter(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_these_can_be_changed_in_place(value):
    assert is_mutable(value)
    assert len(common(Task(print, value), Task(print, value))) == 1


# --- what is not ---


def fixed_array():
    values = np.zeros(3)
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    "value",
    [
        (1, "a"),
        frozenset([1]),
        "text",
        Point(1),
        fixed_array(),
        threading.Lock(),
        threading.Event(),
        logging.getLogger("x"),
        np.float64(3),
        Counter,
        np.add,
        json,
        None,
    ],
    ids=lambda value: type(value).__name__,
)
def test_these_cannot_or_are_made_for_sharing(value):
    assert not is_mutable(value)
    assert common(Task(print, value), Task(print, value)) == []


@pytest.mark.parametrize("func", [use_a_constant, json.dumps, abs, np.linalg.norm])
def test_functions_without_state_of_their_own_raise_no_alarm(func):
    assert common(Task(func, 1), Task(func, 2)) == []


def test_one_task_shares_with_nobody():
    assert common(Task(append_to_a_global, 1), Task(abs, 2)) == []


def test_processes_have_copies_of_their_own():
    tasks = [Task(append, 1, seen), Task(append, 2, seen)]
    for backend in (None, "isolated", "loky", "sequential"):
        made = plan(tasks, n_jobs=2, backend=backend)
        assert made.common == ()
        assert made.checklist["verdict"][4] == "none"


def test_shell_commands_run_in_processes_anyway():
    assert common(shell("ls", env={"A": "1"}), shell("ls", env={"A": "1"})) == []


class StandIn:
    """As lazy proxies are: every look at it runs code."""

    __slots__ = ()

    @property
    def __class__(self):
        raise RuntimeError("looked at")

    def __getattr__(self, name):
        raise RuntimeError(name)


class LoudList(list):
    def __iter__(self):
        raise RuntimeError("walked")


def test_looking_runs_no_code_of_the_objects():
    loud = LoudList([[1]])
    assert common(Task(print, StandIn(), loud), Task(print, StandIn(), loud)) == [
        ("", "LoudList"),
        ("", "list"),
    ]


# --- whose backend ---


def test_an_agent_with_threads_is_enough_and_one_without_is_left_out():
    made = plan(
        [
            Task(append, 1, seen, name="a", agent="thread"),
            Task(append, 2, seen, name="b", agent="thread"),
            Task(append, 3, seen, name="c"),
        ],
        n_jobs=2,
        agents=[Agent("thread", slots=2, backend="threading")],
    )
    assert made.common == (("seen", "list", (0, 1)),)
    assert made.in_threads == (True, True, False)


def test_a_backend_may_be_an_instance():
    class Threads:
        uses_threads = supports_sharedmem = True

    class SequentialBackend(Threads):
        """As joblib's, which claims to share memory as well."""

    tasks = [Task(append, 1, seen), Task(append, 2, seen)]
    assert plan(tasks, n_jobs=2, backend=Threads()).common
    assert not plan(tasks, n_jobs=2, backend=SequentialBackend()).common


def test_the_checklist_and_explanations_mention_it():
    made = in_threads(Task(append, 1, seen, name="a"), Task(append, 2, seen, name="b"))
    row = made.checklist.set_index("item").loc["shared mutable state"]
    assert (row["verdict"], row["evidence"]) == ("warning", "`seen` (list) in a and b")
    assert made.explain("a", "b").endswith(
        "In threads both could change `seen` (list)."
    )
    assert made.is_independent  # as far as declared: it may only be read


def test_threads_without_common_objects_are_said_to_have_none():
    row = in_threads(Task(abs, 1), Task(abs, 2)).checklist.iloc[4]
    assert (row["verdict"], row["evidence"]) == (
        "none",
        "tasks in threads have no mutable object in common",
    )
