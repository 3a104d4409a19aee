"""Fingerprints are the same in every process, and others once something changes."""

import functools
import json
import operator
import os
import subprocess
import sys
import threading
import time
import types
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_nb.errors import ArgumentError
from parallel_nb.tasks import Task, shell
from parallel_nb.tasks.fingerprints import SIZE, Fingerprints, fingerprint

CALLS = Fingerprints(abs)


def module(text, name="a_module", file="a_file.py"):
    """A module made of source text."""
    made = types.ModuleType(name)
    exec(compile(text, file, "exec"), made.__dict__)
    return made


def of(text, name="f", **where):
    """The fingerprint of what `text` defines as `name`."""
    return fingerprint(getattr(module(text, **where), name))


def argument(value):
    return CALLS.of_input(value)


# -- functions --


ADD = "def f(x, y=1, *, z=2):\n    return x + y + z\n"


@pytest.mark.parametrize(
    "changed",
    [
        "def f(x, y=1, *, z=2):\n    return x + y - z\n",
        "def f(x, y=2, *, z=2):\n    return x + y + z\n",
        "def f(x, y=1, *, z=3):\n    return x + y + z\n",
        "def f(x, y=1, *, zz=2):\n    return x + y + zz\n",
        "def f(x, y=1, *, z=2):\n    return x + y + z + 0\n",
        "def f(x, y=1.0, *, z=2):\n    return x + y + z\n",
        "def f(x, y=1, *, z=2):\n    yield x + y + z\n",
        "def g(x, y=1, *, z=2):\n    return x + y + z\nf = g\n",
    ],
)
def test_another_function_has_another_fingerprint(changed):
    assert of(ADD) == of(ADD)
    assert of(changed) != of(ADD)


@pytest.mark.parametrize(
    "same",
    [
        "\n\n# a comment\n" + ADD,
        "def f(x, y=1, *, z=2):\n    # why\n\n    return x + y + z\n",
        "def f(x, y=1, *, z=2): return x + y + z\n",
        "def f(x: int, y=1, *, z=2) -> int:\n    return x + y + z\n",
        "import os\nunused = 3\n" + ADD,
    ],
)
def test_lines_comments_and_what_is_not_used_do_not_count(same):
    assert of(same) == of(ADD)


def test_the_file_does_not_count():
    assert of(ADD, file="/elsewhere/b.py") == of(ADD)


def test_the_text_of_a_docstring_does_not_count():
    text = "def f(x):\n    '''{}'''\n    return 'it' + x\n"
    assert of(text.format("One.")) == of(text.format("Two."))


def test_the_module_counts_but_not_that_of_a_script():
    assert of(ADD, name="f") != of(ADD.replace("f(", "g("), name="g")
    one, two = module(ADD, "one").f, module(ADD, "two").f
    assert fingerprint(one) != fingerprint(two)
    main, mp_main = module(ADD, "__main__").f, module(ADD, "__mp_main__").f
    assert fingerprint(main) == fingerprint(mp_main)


@pytest.mark.parametrize(
    ("text", "one", "two"),
    [
        ("def g(): return {}\ndef f(): return g()", "1", "2"),  # a helper
        ("def h(): return {}\ndef g(): return h()\ndef f(): return g()", "1", "2"),
        ("A = {}\ndef f(): return A", "1", "2"),  # constants
        ("A = {}\ndef f(): return A", "{'rate': 0.1}", "{'rate': 0.2}"),
        ("A = {}\ndef f(): return A", "[1, (2, 3)]", "[1, (2, 4)]"),
        ("A = __import__('pathlib').Path({})\ndef f(): return A", "'a'", "'b'"),
        ("A = {}\ndef f(): return [A for _ in 'ab']", "1", "2"),
        ("A = {}\ndef f(): return lambda: A", "1", "2"),
        ("def f(): return lambda: {}", "1", "2"),  # code in code
        ("def f(x): return x in {}", "{'a', 'b'}", "{'a', 'c'}"),
        ("def f(x):\n  try: return 1\n  except {}: return 2", "OSError", "KeyError"),
        ("class C:\n  def m(self): return {}\ndef f(): return C().m()", "1", "2"),
        ("class C:\n  a = {}\ndef f(): return C.a", "1", "2"),
        ("class B:\n  a = {}\nclass C(B): pass\ndef f(): return C.a", "1", "2"),
        ("class C:\n  @property\n  def p(self): return {}\nf = C", "1", "2"),
        ("class C:\n  @staticmethod\n  def p(): return {}\nf = C", "1", "2"),
        ("class C:\n  def __call__(self): return {}\nf = C()", "1", "2"),
        ("class C:\n  def m(self): return {}\nf = C().m", "1", "2"),
        (
            "from functools import lru_cache\n@lru_cache\ndef g(): return {}\n"
            "def f(): return g()",
            "1",
            "2",
        ),
        ("from functools import cache\n@cache\ndef f(): return {}", "1", "2"),
        ("from functools import partial\nf = partial(pow, {})", "1", "2"),
        ("def g(x): return {}\nf = __import__('functools').partial(g)", "1", "2"),
        ("def make(a):\n  return lambda: a\nf = make({})", "1", "2"),  # closures
        ("def make(a):\n  return lambda: a()\nf = make(lambda: {})", "1", "2"),
    ],
)
def test_what_a_function_relies_on_counts(text, one, two):
    assert of(text.replace("{}", one)) == of(text.replace("{}", one))
    assert of(text.replace("{}", one)) != of(text.replace("{}", two))


@pytest.mark.parametrize(
    ("text", "one", "two"),
    [
        ("A = {}\ndef f(): return A", "list(range(2000))", "list(range(3000))"),
        ("A = {}\ndef f(): return A", "object()", "iter([])"),
        ("n = {}\ndef f():\n  global n\n  n += 1", "1", "2"),  # it counts its calls
        ("def g(): return {}\ndef f(x): return x.g", "1", "2"),  # an attribute
    ],
)
def test_what_is_too_large_or_no_constant_counts_by_its_name(text, one, two):
    assert of(text.replace("{}", one)) == of(text.replace("{}", two))


def test_functions_may_call_each_other():
    names = [f"f{i}" for i in range(12)]
    calls = ", ".join(f"{name}()" for name in names)
    text = "".join(f"def {name}(): return {calls}, 0\n" for name in names)
    assert of(text, name="f0") == of(text, name="f0")
    changed = text.replace("def f7(): return ", "def f7(): return 1, ")
    assert of(changed, name="f0") != of(text, name="f0")


def test_a_function_of_another_module_counts_by_its_name():
    text = "from json import dumps\ndef f(): return dumps({})"
    other = "from json import loads as dumps\ndef f(): return dumps({})"
    assert of(text) != of(other)


@pytest.mark.parametrize(
    "func", [len, operator.add, "a".join, [].append, np.sin, np.mean, json.dumps, dict]
)
def test_functions_of_libraries_have_fingerprints(func):
    assert len(fingerprint(func)) == SIZE
    assert fingerprint(func) != fingerprint(print)


def test_methods_count_with_their_objects():
    assert fingerprint("a".join) == fingerprint("a".join)
    assert fingerprint("a".join) != fingerprint("b".join)
    one, two, three = (Scale(by) for by in (1, 1, 2))
    assert fingerprint(one.apply) == fingerprint(two.apply)
    assert fingerprint(one.apply) != fingerprint(three.apply)


@dataclass
class Scale:
    by: float

    def apply(self, x):
        return self.by * x


def test_a_function_that_holds_a_lock_has_none():
    lock = threading.Lock()

    def guarded(x):
        with lock:
            return x

    with pytest.raises(ArgumentError, match=r"'guarded'.*lock.*without a journal"):
        fingerprint(guarded)


@pytest.mark.parametrize(
    "change", [{"cwd": "src"}, {"env": {"A": "1"}}, {"input": "text"}]
)
def test_a_command_counts_by_what_it_runs(change):
    lint = shell("ruff check .")
    assert fingerprint(lint) == fingerprint(shell("ruff check .", name="lint", cost=2))
    assert fingerprint(lint) != fingerprint(shell("ruff check"))
    assert fingerprint(lint) != fingerprint(shell("ruff check .", **change))
    assert fingerprint(shell(["a b"])) != fingerprint(shell(["a", "b"]))
    assert Fingerprints(lint).of() == Fingerprints(shell("ruff check .")).of()


# -- arguments --

Point = namedtuple("Point", "x y")
DIFFERENT = [
    None, True, False, 0, 1, -1, 16, 10**5000, 0.0, -0.0, 1.0, float("inf"), 1j,
    "", "1", "a", "ab", "a" * 5000, "a" * 5001, b"", b"1", b"a" * 5000, "\udcff",
    (), (1,), (1, 2), ((1,), 2), (1, (2,)), [], [1], [1, 2], ["ab"], ["a", "b"],
    {}, {1: 2}, {2: 1}, {1: [2]}, {1, 2}, {1, 3}, frozenset({1, 2}), {(1, 2)},
    {"a": {"b": 1}}, {"a": {"b": 2}}, range(3), range(4), slice(1), ..., int, float,
    np.arange(3), np.arange(3.0), np.arange(3).reshape(3, 1), np.arange(4),
    np.array(["a", None], object), np.array(3), np.int64(3), np.float64(3),
    np.datetime64("2025-01-01"), np.dtype("f8"), np.zeros((2, 3)), np.zeros((3, 2)),
    pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), pd.DataFrame({"a": ["x"]}),
    pd.Series([1]), pd.Series([1], name="a"), pd.Timestamp("2025-01-01"),
    pd.Categorical(["a"]), Decimal("1"), Path("a"), Path("b"), OrderedDict(a=1),
    Point(1, 2), Point(2, 1), Scale(1), Scale(2), time.gmtime(0), os, json, abs, max,
    functools.partial(abs, 1), functools.partial(abs, 2), np.random.default_rng(1),
    np.random.default_rng(2), Task(abs, 1, name="one"), Task(abs, 1, name="two"),
]  # fmt: skip


def test_different_arguments_have_different_fingerprints():
    found = {}
    for value in DIFFERENT:
        other = found.setdefault(argument(value), value)
        assert other is value, (other, value)


def test_functions_among_arguments_count_with_their_code():
    one, two, three = (eval(f"lambda x: x + {n}") for n in (1, 1, 2))
    assert argument([one]) == argument([two])
    assert argument([one]) != argument([three])


def test_equal_values_count_the_same_whoever_else_holds_them():
    inner = [1, 2]
    assert argument([inner, inner]) == argument([[1, 2], [1, 2]])
    text = "".join(["a", "b"])
    assert argument((text, text)) == argument(("ab", "a" + "b"))
    assert argument({"a": 1, "b": 2}) == argument({"b": 2, "a": 1})
    scale = Scale(1)
    assert argument({"a": scale, "b": scale}) == argument(
        {"a": Scale(1), "b": Scale(1)}
    )


def test_what_holds_itself_has_a_fingerprint():
    one, two, three = [1], [1], [2]
    for each in (one, two, three):
        each.append(each)
    assert argument(one) == argument(two) != argument(three)


def test_a_tangle_takes_no_more_time_than_its_size():
    nodes = [types.SimpleNamespace(value=i) for i in range(40)]
    for node in nodes:
        node.others = nodes
    assert len(argument(nodes[0])) == SIZE


def test_a_task_stands_for_its_name():
    assert argument([Task(abs, 1, name="a")]) == argument([Task(max, 2, name="a")])
    assert argument(Task(abs, 1, name="a")) != argument("a")
    assert argument(shell("ls", name="a")) == argument(Task(abs, 1, name="a"))


def test_positions_and_keywords_count():
    found = {
        CALLS.of(),
        CALLS.of((1, 2)),
        CALLS.of((2, 1)),
        CALLS.of(((1, 2),)),
        CALLS.of((1,), {"b": 2}),
        CALLS.of((1,), {"c": 2}),
        CALLS.of((), {"a": 1, "b": 2}),
    }
    assert len(found) == 7
    kwargs = {"b": 2, "a": 1}
    assert CALLS.of((), {"a": 1, "b": 2}) == CALLS.of((), kwargs)


def test_the_function_counts_in_its_calls():
    assert Fingerprints(abs).of((1,)) != Fingerprints(max).of((1,))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_one_input_is_one_argument(value):
    assert CALLS.of_input(value) == CALLS.of((value,)) == CALLS.of((value,), {})


plain = st.recursive(
    st.integers(-2, 2) | st.booleans() | st.text("ab", max_size=2) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.tuples(),
    max_leaves=5,
)


@given(plain, plain)
def test_fingerprints_are_equal_where_values_and_types_are(one, two):
    assert (argument(one) == argument(two)) == (repr(one) == repr(two))


@pytest.mark.parametrize(
    ("args", "kwargs", "told"),
    [
        ((1, threading.Lock()), {}, "argument 1 of 'abs' .a lock"),
        ((), {"rows": (i for i in "ab")}, "argument 'rows' of 'abs' .a generator"),
        (([{"a": [threading.Lock()]}],), {}, "argument 0 of 'abs' .a list"),
    ],
)
def test_an_argument_without_a_fingerprint_is_named(args, kwargs, told):
    with pytest.raises(ArgumentError, match=f"{told}.*such as a path or a list"):
        CALLS.of(args, kwargs)


def test_an_endless_depth_is_told():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ArgumentError, match=r"argument 0 .*RecursionError"):
        CALLS.of_input(deep)


def test_a_large_array_is_read_once():
    calls, array = Fingerprints(abs), np.zeros(3_000_000)
    before = calls.of((array, 1))
    array[0] = 1  # unnoticed, as it is not read again
    assert calls.of((array, 1)) == before
    assert calls.of((array, 2)) != before
    assert calls.of((array.copy(), 1)) != before
    assert Fingerprints(abs).of((array, 1)) != before


SCRIPT = """
import sys, json
sys.path.insert(0, {root!r})
from tests.test_fingerprints import DIFFERENT, CALLS, Scale, argument
from parallel_nb.tasks.fingerprints import fingerprint, Fingerprints

names = {{"alpha", "beta", "gamma", "delta"}}
def helper(x):
    return x in {{"alpha", "beta", "gamma"}}
class Model:
    kinds = frozenset(["one", "two", "three"])
    def __init__(self):
        self.seen = frozenset(["one", "two", 3, None])
    def fit(self, x):
        return helper(x) and names and self.kinds
def work(x, model=Model()):
    return model.fit(x)
mixed = [names, {{1, "a", None}}, {{frozenset(["a", "b"]): 1}}, Model(), work]
for value in [*DIFFERENT, *mixed, [work, Model]]:
    print(argument(value).hex())
for func in (work, Model, Model().fit, helper, json.dumps, print, Scale(1).apply):
    print(fingerprint(func).hex())
"""


def test_fingerprints_are_the_same_in_every_process(tmp_path):
    root = str(Path(__file__).parents[1])
    found = []
    for seed, folder, blank in (("1", "one", ""), ("2", "two", "\n\n# moved\n")):
        script = tmp_path / folder / "script.py"
        script.parent.mkdir()
        script.write_text(blank + SCRIPT.format(root=root))
        done = subprocess.run(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.split())
    assert found[0] == found[1]
    assert len(found[0]) == len(DIFFERENT) + 6 + 7
