"""Tasks: what they are made of, whose results they are passed, what makes one valid."""

import pickle
import subprocess
import sys
from collections import defaultdict, namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parallel_nb import ArgumentError, tasks
from parallel_nb.tasks import (
    Agent,
    ShellResult,
    Task,
    checked,
    failed_check,
    inputs_of,
    is_task,
    median_factor,
    name_of,
    shell,
    with_results,
)

Pair = namedtuple("Pair", "left right")

ONE = Task(abs, -1, name="one")
TWO = Task(abs, -2, name="two")
LISTING = shell("ls", name="listing")


def printed(text):
    return ShellResult("echo", 0, text, "", len(text), 0)


# --- declaring ---


def test_a_task_keeps_what_it_is_told():
    task = Task(
        pow,
        2,
        10,
        mod=7,
        name="power",
        agent="gpu",
        after=["first", ONE],
        reads=["table", Path("in.csv")],
        writes="out/",
        cost=3,
        check={"small": bool},
        context={"description": "…"},
        timeout=60,
        retries=2,
        summary=str,
    )
    assert (task.args, task.kwargs) == ((2, 10), {"mod": 7})
    assert (task.name, task.agent, task.after) == ("power", "gpu", ("first", ONE))
    assert task.reads == ("table", "./in.csv")
    assert task.writes == ("out/",)
    assert (task.cost, task.timeout, task.retries) == (3.0, 60.0, 2)
    assert task.check == {"small": bool}
    assert task.context == {"description": "…"}
    assert task.summary is str


def test_a_shell_command_takes_the_same_declarations():
    declared = {
        "agent": "test-runner",
        "after": ("one",),
        "reads": ("src",),
        "writes": ("report.xml",),
        "cost": 2.0,
        "check": "ok",
        "context": {"why": "…"},
        "timeout": "3x median",
        "retries": 1,
        "summary": str,
    }
    command = shell("pytest -q", **declared)
    assert {name: getattr(command, name) for name in declared} == declared


@pytest.mark.parametrize("after", ["one", ONE, LISTING])
def test_one_task_to_wait_for_needs_no_list(after):
    assert Task(abs, 1, after=after).after == (after,)
    assert Task(abs, 1, after=iter([after])).after == (after,)


def test_a_path_stays_a_path_also_where_it_looks_like_a_name():
    assert Task(abs, 1, reads=Path("table")).reads == ("./table",)
    assert Task(abs, 1, reads=Path("a/table")).reads == ("a/table",)
    assert Task(abs, 1, reads="table").reads == ("table",)


@pytest.mark.parametrize(
    ("given", "kept", "factor"),
    [
        ("3x median", "3x median", 3.0),
        ("2.5 × Median", "2.5x median", 2.5),
        (1, 1.0, None),
        (None, None, None),
    ],
)
def test_a_timeout_is_in_seconds_or_medians(given, kept, factor):
    timeout = Task(abs, 1, timeout=given).timeout
    assert timeout == kept
    assert median_factor(timeout) == factor


REFUSED = [
    ({"agent": ""}, r"`agent` must be the name of an agent; got ''"),
    ({"agent": Agent("gpu")}, r"got Agent\(name='gpu'.* Pass 'gpu'"),
    ({"after": 3}, r"`after` must be a task or the name of one.*; got int \(3\)"),
    ({"after": ["one", None]}, r"`after` must be .*; got NoneType"),
    ({"after": len}, r"`after` must be .*; got builtin_function_or_method"),
    ({"reads": ""}, r"`reads` must be names of resources or paths; got ''"),
    ({"writes": [3]}, r"`writes` must be names of resources or paths; got 3"),
    ({"writes": 3}, r"`writes` must be names of resources or paths; got 3"),
    ({"cost": -1}, r"`cost` must be a finite number ≥ 0; got -1"),
    ({"cost": "long"}, r"`cost` must be a finite number ≥ 0; got 'long'"),
    ({"timeout": 0}, r"`timeout` must be a number of seconds above 0.*; got 0"),
    ({"timeout": "3 medians"}, r"such as '3x median'; got '3 medians'"),
    ({"timeout": "-1x median"}, r"such as '3x median'; got '-1x median'"),
    ({"timeout": "x median"}, r"such as '3x median'; got 'x median'"),
    ({"timeout": True}, r"`timeout` must be .*; got True"),
    ({"timeout": [1]}, r"`timeout` must be .*; got \[1\]"),
    ({"retries": -1}, r"`retries` must be a whole number, 0 or more; got -1"),
    ({"retries": 1.5}, r"`retries` must be a whole number"),
    ({"retries": True}, r"`retries` must be a whole number"),
    ({"context": "text"}, r"`context` must be a mapping.*; got str"),
    ({"summary": "text"}, r"`summary` must be callable; got str \('text'\)"),
    ({"check": {"a": len, "b": 3}}, r"got both, as 'b' maps to 3"),
    ({"check": {1: len}}, r"`check` must name each callable by a string; got \[1\]"),
    ({"name": 3}, r"`name` must be a string; got 3"),
]


@pytest.mark.parametrize(("declared", "told"), REFUSED, ids=str)
def test_what_cannot_be_declared_is_refused_by_name(declared, told):
    with pytest.raises(ArgumentError, match=told):
        Task(abs, 1, **declared)
    with pytest.raises(ArgumentError, match=told):
        shell("ls", **declared)


def test_a_shell_command_can_be_expected_to_print_a_text_only():
    with pytest.raises(ArgumentError, match=r"the text that it should print; got 3"):
        shell("ls", check=3)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Agent("gpu", slots=0), r"`slots` must be a whole number, 1 or more"),
        (lambda: Agent("gpu", slots="2"), r"`slots` must be .*; got '2'"),
        (lambda: Agent(""), r"`name` of an agent is empty"),
        (lambda: Agent(3), r"`name` must be a string; got 3"),
        (lambda: Agent("gpu", setup=3), r"`setup` must be callable; got int"),
    ],
)
def test_an_impossible_agent_is_refused(make, told):
    with pytest.raises(ArgumentError, match=told):
        make()


def test_only_tasks_and_shell_commands_are_tasks():
    assert is_task(ONE)
    assert is_task(LISTING)
    assert not is_task(len)


def test_tasks_are_told_apart_by_identity():
    assert shell("ls") != shell("ls")
    assert len({shell("ls", env={"A": "1"}), shell("ls"), Task(abs, 1)}) == 3


def test_tasks_can_be_sent_elsewhere():
    sent = pickle.loads(pickle.dumps([ONE, LISTING, Agent("gpu", setup=dict)]))
    assert [sent[0].name, sent[1].name, sent[2].name] == ["one", "listing", "gpu"]


def test_a_task_shows_others_by_their_names():
    task = Task(sum, [ONE, TWO], after=LISTING, retries=1, cost=0.0)
    assert repr(task) == (
        "Task(sum, [<task 'one'>, <task 'two'>], after=(<task 'listing'>,), "
        "cost=0.0, retries=1)"
    )


def test_a_command_shows_what_was_said_of_it_and_no_more():
    assert repr(shell("ruff check .")) == "shell('ruff check .')"
    command = shell(
        ["ls", "-l"], name="list", cwd="/", env={"KEY": "secret"}, after=ONE, retries=2
    )
    assert repr(command) == (
        "shell(('ls', '-l'), name='list', cwd='/', after=(<task 'one'>,), retries=2)"
    )


def test_a_deep_diamond_of_tasks_is_shown_in_no_time():
    task = ONE
    for _ in range(100):
        task = Task(max, task, task)
    assert repr(task) == "Task(max, <task 'max'>, <task 'max'>)"


# --- tasks in arguments ---


def test_a_task_among_the_arguments_is_no_error_but_one_as_the_function_is():
    assert inputs_of(Task(abs, ONE)) == [ONE]
    with pytest.raises(ArgumentError, match="cannot stand inside a task"):
        Task(ONE)


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        (ONE, 1),
        ([ONE, 5], [1, 5]),
        ((ONE, (TWO,)), (1, (2,))),
        ({"a": [ONE], TWO: 3}, {"a": [1], 2: 3}),
        ({ONE, 5}, {1, 5}),
        (frozenset([TWO]), frozenset([2])),
        (Pair(ONE, right=TWO), Pair(1, 2)),
        ([[[[ONE]]], LISTING], [[[[1]]], "a.txt"]),
    ],
)
def test_results_stand_where_tasks_stood(given, filled):
    task = Task(print, given, end=given)
    results = {ONE: 1, TWO: 2, LISTING: "a.txt"}
    args, kwargs = with_results(task, results)
    assert args == (filled,)
    assert kwargs == {"end": filled}
    assert type(args[0]) is type(filled)
    assert task.args == (given,)


def test_dicts_of_other_kinds_stay_what_they_are():
    given = defaultdict(list, a=[ONE])
    ((filled,), _) = with_results(Task(print, given), {ONE: 1})
    assert filled == {"a": [1]}
    assert filled["b"] == []
    assert "b" not in given


class StandIn:
    """As lazy proxies are: every look at it runs code."""

    @property
    def __class__(self):
        raise RuntimeError("looked at")


class Endless(list):
    def __iter__(self):
        while True:
            yield 1


def test_looking_for_tasks_runs_no_code_of_the_arguments():
    task = Task(print, StandIn(), [StandIn(), Endless([ONE])])
    assert inputs_of(task) == [ONE]


def test_inputs_are_found_once_each_in_the_order_they_come():
    assert inputs_of(Task(print, [TWO, {"k": ONE}], TWO, end=(LISTING,))) == [
        TWO,
        ONE,
        LISTING,
    ]
    assert inputs_of(LISTING) == []


def test_arguments_without_tasks_stay_the_very_same_objects():
    shared, frame = [1, [2]], pd.DataFrame({"a": [1]})
    (same, other, inner), _ = with_results(
        Task(print, shared, frame, [shared, ONE]), {ONE: 1}
    )
    assert same is shared
    assert other is frame
    assert inner[0] is shared


def test_a_list_twice_among_the_arguments_is_one_list_afterwards():
    both = [ONE]
    (left, right), _ = with_results(Task(print, both, both), {ONE: 1})
    assert left is right


def test_a_list_that_holds_itself_is_no_trap():
    held = [ONE]
    held.append(held)
    assert inputs_of(Task(print, held)) == [ONE]
    ((filled,), _) = with_results(Task(print, held), {ONE: 1})
    assert filled[0] == 1
    assert filled[1] is filled


def test_arguments_nested_deeply_are_searched_without_recursion():
    deep = []
    for _ in range(50_000):
        deep = [deep]
    assert inputs_of(Task(print, deep)) == []


def test_containers_known_to_hold_no_task_are_passed_over():
    large, barren = [1, 2, 3], set()
    assert inputs_of(Task(print, large), barren=barren) == []
    assert barren == {id(large)}


def test_a_result_that_cannot_stand_in_a_set_is_refused():
    with pytest.raises(ArgumentError, match=r"an item of a set, but .* a list, cannot"):
        with_results(Task(print, {ONE}), {ONE: [1]})
    with pytest.raises(ArgumentError, match=r"a key of a dict, but .* a dict, cannot"):
        with_results(Task(print, {ONE: 1}), {ONE: {}})


def test_a_result_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        with_results(Task(print, ONE), {TWO: 2})


# --- checks ---


def is_small(result):
    return result < 10


def says_nothing(result):
    assert result


def raises_nothing_said(result):
    raise ValueError


@pytest.mark.parametrize(
    ("check", "result", "reason"),
    [
        (None, None, None),
        (is_small, 3, None),
        (is_small, 30, "check 'is_small' returned False"),
        (is_small, "a", "check 'is_small' raised TypeError: '<' not supported"),
        (raises_nothing_said, 1, "check 'raises_nothing_said' raised ValueError"),
        (sys.exit, "enough", "check 'exit' raised SystemExit: enough"),
        (
            says_nothing,
            1,
            "check 'says_nothing' returned None; it must return something true",
        ),
        ({"p95": is_small, "even": lambda r: r % 2 == 0}, 4, None),
        ({"p95": is_small, "even": lambda r: r % 2 == 0}, 3, "check 'even' returned"),
        (
            {"p95": is_small, "odd": lambda r: r % 2},
            30,
            "check 'p95' returned False; check 'odd' returned 0",
        ),
        (
            lambda r: np.array([r, r]),
            1,
            "check '<lambda>' raised ValueError: The truth",
        ),
        (3, 3, None),
        (3, 4, "expected 3, got 4"),
        ({"a": 1}, {"a": 1}, None),
        ({}, {"a": 1}, "expected {}, got {'a': 1}"),
        ("x" * 500, "y", "expected 'xxx"),
    ],
)
def test_a_check_gives_a_reason_or_none(check, result, reason):
    told = checked(Task(abs, 1, check=check), result)
    assert told == reason or told.startswith(reason)


def test_long_values_are_shortened_in_reasons():
    assert len(checked(Task(abs, 1, check="x" * 5000), "y" * 5000)) < 450


@pytest.mark.parametrize(
    ("expected", "result", "is_valid"),
    [
        (np.array([1, 2]), np.array([1, 2]), True),
        (np.array([1, 2]), np.array([1, 3]), False),
        (np.array([1, 2]), np.array([1, 2, 3]), False),
        (3, np.array([3, 3]), False),
        (3, np.float64(3), True),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), True),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]}), False),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), False),
        (pd.Series([1, 2]), pd.Series([1, 2]), True),
        (float("nan"), float("nan"), False),
    ],
)
def test_arrays_and_frames_are_compared_as_wholes(expected, result, is_valid):
    assert (failed_check(expected, result) is None) is is_valid


def test_the_very_same_object_is_as_expected():
    nan = float("nan")
    assert failed_check(nan, nan) is None


class Odd:
    def __eq__(self, other):
        raise RuntimeError("incomparable")

    def __repr__(self):
        raise RuntimeError("unspeakable")

    __hash__ = None


def test_values_that_cannot_be_compared_or_shown_are_reasons_too():
    assert failed_check(Odd(), 3) == (
        "expected <Odd>, comparing with it raised RuntimeError: incomparable"
    )


def test_a_text_is_compared_with_what_a_shell_command_printed():
    command = shell("echo ok", check="ok")
    assert checked(command, printed("ok\n")) is None
    assert checked(command, printed("no\n")) == "expected 'ok', got 'no'"


def test_a_check_of_a_shell_command_gets_its_result():
    command = shell("ls", check=lambda result: result.n_stdout > 2)
    assert checked(command, printed("a.txt")) is None
    assert checked(command, printed("a")) == "check '<lambda>' returned False"


def test_a_mapping_that_names_no_callable_is_an_expected_value():
    assert checked(Task(dict, check={"a": 1}), {"a": 2}) == (
        "expected {'a': 1}, got {'a': 2}"
    )


# --- names and imports ---


def test_a_callable_without_a_name_is_called_by_its_type():
    assert name_of(Pair) == "Pair"
    assert name_of(np.add) == "add"
    assert name_of(Odd()) == "Odd"


def test_checking_loads_nothing_heavy():
    code = (
        "import sys, parallel_nb.tasks\n"
        "print({'numpy', 'pandas', 'joblib', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_to_judge_a_result_a_worker_loads_nothing_of_how_tasks_are_declared():
    code = """
import sys
import parallel_nb.engine.worker
before = set(sys.modules)
from parallel_nb.tasks import failed_check
assert failed_check(3, 4) == "expected 3, got 4"
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = ["parallel_nb.tasks", "parallel_nb.tasks.checks"]
    assert (done.stdout, done.stderr) == (f"{loaded}\n", "")


def test_each_name_of_tasks_is_there_when_it_is_asked_for():
    assert all(hasattr(tasks, name) for name in tasks.__all__)
    assert dir(tasks) == tasks.__all__
    assert not hasattr(tasks, "nonsense")


@pytest.mark.parametrize("resources", ["GPU", {"GPU": 0}, {"GPU": "1"}, {1: 1}])
def test_resources_of_an_agent_are_amounts_by_name(resources):
    with pytest.raises(ArgumentError, match="`resources` must map names to numbers"):
        Agent("x", resources=resources)


def test_an_agent_keeps_its_own_resources():
    needed = {"GPU": 1}
    agent = Agent("x", resources=needed)
    needed["GPU"] = 2
    assert agent.resources == {"GPU": 1}
    assert hash(agent) == hash(Agent("x"))
