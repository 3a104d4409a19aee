"""Which tasks disturb each other, found out by running them for real.

What each one does is in `deeds`, which a lane imports without loading this file.
"""

import os

import pytest

import parallel_nb as pnb
from parallel_nb.errors import ArgumentError, PlanError
from parallel_nb.planning import plan

from . import deeds
from .looking import kinds, pairs, words

Task = pnb.Task


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Paths in an empty working directory, as text."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return lambda *names: os.path.join(folder.resolve(), *names)


# -- the moment --


def test_two_innocent_functions_keep_one_log(path):
    def append_a(rows):
        with open("app.log", "a") as log:
            log.write("a")
        return [row for row in rows if row]

    def count(rows):
        return len(rows)

    def append_b(rows):
        with open("app.log", "a") as log:
            log.write("b")
        return sum(rows)

    tasks = [Task(each, [3, 0, 4]) for each in (append_a, count, append_b)]
    seen = pnb.observe(tasks)
    assert repr(seen) == "<Observation 3 tasks · 1 conflict, 1 undeclared>"
    assert pairs(seen) == [("append_a", "append_b", path("app.log"))]
    assert seen.undeclared["kind"].tolist() == ["write-write"]
    text = words(seen)
    assert "'append_a' and 'append_b' both write app.log; neither says so." in text
    assert seen.run.results == [[3, 4], 3, 7]
    assert plan(tasks).rounds == ((0, 1, 2),)
    assert plan(seen.tasks, history=seen.run).rounds == ((0, 1), (2,))
    assert plan(seen.tasks).explain("append_b", "append_a").endswith("app.log.")


def test_reading_what_another_writes_is_a_conflict(path):
    seen = pnb.observe(
        [
            Task(deeds.write, path("x")),
            Task(deeds.read, path("x")),
            Task(deeds.read, path("x")),
        ]
    )
    assert pairs(seen) == [("write", "read", path("x"))] * 2
    assert seen.conflicts["kind"].tolist() == ["read-write"] * 2
    assert seen.reads == ((), (path("x"),), (path("x"),))
    assert seen.writes == ((path("x"),), (), ())
    assert "'read' (task 1) and 'read' (task 2) read x, which 'write' writes" in words(
        seen
    )


def test_what_is_declared_is_not_undeclared(path):
    os.mkdir("out")
    log, other = path("out", "log"), path("other")
    tasks = [
        Task(deeds.append, log, name="a", writes="out"),
        Task(deeds.append, log, name="b", writes=log),
        Task(deeds.append, log, name="c"),
        Task(deeds.append, other, name="d"),
        Task(deeds.append, other, name="e", after="d"),
    ]
    seen = pnb.observe(tasks)
    told = dict(
        zip(
            zip(seen.conflicts["a_name"], seen.conflicts["b_name"], strict=True),
            seen.conflicts["declared"],
            strict=True,
        )
    )
    assert told == {
        ("a", "b"): True,
        ("a", "c"): False,
        ("b", "c"): False,
        ("d", "e"): True,
    }
    assert "only 'a' and 'b' say so" in words(seen)
    # What is declared stays as it was said, and is not said twice.
    assert [task.writes for task in seen.tasks] == [
        ("out",),
        (log,),
        (log,),
        (other,),
        (other,),
    ]
    assert tasks[2].writes == ()


# -- what is a conflict --


def test_a_name_that_two_use_for_temporary_files_is_a_conflict(path):
    deed = Task(deeds.use_as_temporary, path("scratch"))
    other = Task(deeds.use_as_temporary, path("scratch"))
    seen = pnb.observe([deed, other])
    assert seen.conflicts["resource"].tolist() == [path("scratch")]
    assert seen.tasks[1].writes == (path("scratch"),)
    assert seen.writes == ((), ())


def test_links_to_one_file_are_one_resource(path):
    deeds.write("real")
    os.symlink("real", "first")
    os.symlink(path(), "folder")
    os.symlink("made_later", "dangling")
    seen = pnb.observe(
        [
            Task(deeds.append, path("first")),
            Task(deeds.read, path("folder", "real")),
            Task(deeds.write, path("dangling")),
        ]
    )
    assert pairs(seen) == [("append", "read", path("real"))]
    assert kinds(seen, 2) == {path("made_later"): ["create"]}


def test_listing_a_folder_is_disturbed_by_new_names_not_by_old_files(path):
    os.mkdir("folder")
    deeds.write("folder/old")
    seen = pnb.observe(
        [
            Task(deeds.names_in, path("folder"), name="list"),
            Task(deeds.append, path("folder", "old"), name="append"),
            Task(deeds.write, path("folder", "new"), name="make"),
        ]
    )
    assert pairs(seen) == [("list", "make", path("folder"))]
    assert seen.reads[0] == (path("folder"),)
    assert "'list' lists folder/, where 'make' adds or removes names" in words(seen)
    # For `plan`, a folder stands for all that is in it: more than listing asks for.
    assert seen.tasks[0].reads == (path("folder"),)
    assert set(plan(seen.tasks).conflicts["b_name"]) == {"append", "make"}
    alone = pnb.observe(seen.tasks[:2])
    assert alone.conflicts.empty


def test_both_may_be_ready_to_make_a_folder(path):
    seen = pnb.observe(
        [
            Task(deeds.write_in_folder, path("out", "deep"), "1", name="one"),
            Task(deeds.write_in_folder, path("out", "deep"), "2", name="two"),
            Task(deeds.write, path("out", "deep", "3"), name="three"),
        ]
    )
    # Only the third relies on the first, which happened to come before it.
    assert set(pairs(seen)) == {
        ("one", "three", path("out")),
        ("one", "three", path("out", "deep")),
    }
    assert "'three' needs out/ and out/deep/, which 'one' makes" in words(seen)
    assert [2, 0] in plan(seen.tasks).edges[["task", "after"]].to_numpy().tolist()


def test_removing_a_folder_disturbs_whoever_uses_something_in_it(path):
    os.makedirs("cache/deep")
    deeds.write("cache/deep/x")
    seen = pnb.observe(
        [
            Task(deeds.read, path("cache", "deep", "x"), name="use"),
            Task(deeds.remove_tree, path("cache"), name="clear"),
        ]
    )
    assert pairs(seen) == [("use", "clear", path("cache"))]
    assert "'use' uses what is in cache, which 'clear' moves or removes" in words(seen)
    assert not plan(seen.tasks).is_independent


# -- the process --


def test_paths_count_from_where_the_task_is(path):
    os.makedirs("sub")
    seen = pnb.observe(
        [
            Task(deeds.write_relative, "x", "sub", name="goes"),
            Task(deeds.write_relative, "x", name="stays"),
            Task(deeds.there_and_back, "sub", name="returns"),
        ]
    )
    assert path("sub", "x") in seen.writes[0]
    assert seen.writes[1] == (path("x"),)
    threads = seen.conflicts
    assert set(threads["resource"]) == {"cwd"}
    assert threads["in_threads_only"].all()
    # Isolated lanes share no working directory, so the plan need not know.
    assert plan(seen.tasks).is_independent
    assert repr(seen) == "<Observation 3 tasks · no conflict · 3 in threads only>"
    text = words(seen)
    assert "'goes' leaves the working directory changed" in text
    assert "'returns' leaves" not in text


def test_variables_are_noted_and_their_values_are_not(path):
    seen = pnb.observe(
        [
            Task(deeds.set_variable, "OBSERVED_A", "secret-1", name="a"),
            Task(deeds.set_variable, "OBSERVED_A", "secret-2", name="b"),
            Task(deeds.set_variable, "OBSERVED_B", "same", name="c"),
            Task(deeds.set_variable, "OBSERVED_B", "same", name="d"),
            Task(deeds.set_variable_for_a_while, "OBSERVED_C", name="e"),
        ]
    )
    assert kinds(seen) == {"env:OBSERVED_A": ["environment"]}
    assert seen.writes[0] == ("env:OBSERVED_A",)
    assert pairs(seen) == [("a", "b", "env:OBSERVED_A")]
    assert seen.conflicts["in_threads_only"].all()
    assert seen.tasks[0].writes == ()
    text = words(seen)
    assert "'a' and 'b' both set OBSERVED_A, and not to the same." in text
    assert "'e' leaves" not in text
    assert "secret" not in text + seen.accesses.to_string()


# -- data and order --


def test_inputs_come_first_and_are_passed_on(path):
    one = Task(deeds.one)
    two = Task(deeds.add, one, 1, name="two")
    tasks = [
        Task(deeds.add, [two][0], two, name="four"),
        two,
        one,
        Task(deeds.read, path("x"), after="late", name="early"),
        Task(deeds.write, path("x"), name="late"),
    ]
    seen = pnb.observe(tasks)
    assert seen.run.results == [4, 2, 1, "x", path("x")]
    assert seen.conflicts["declared"].tolist() == [True]
    edges = {tuple(row) for row in seen.run.edges.to_numpy().tolist()}
    assert edges == {(0, 1), (1, 2), (3, 4)}
    # The copies refer to each other, not to the originals.
    four, copied_two, copied_one = seen.tasks[:3]
    assert four.args == (copied_two, copied_two)
    assert copied_two.args == (copied_one, 1)
    assert plan(seen.tasks).edges["kind"].tolist() == ["data", "data", "order"]


def test_what_needs_a_failed_task_is_skipped(path):
    bad = Task(deeds.write_then, path("x"), "raise", name="bad")
    seen = pnb.observe([bad, Task(deeds.add, bad, name="next")])
    assert seen.run.tasks["status"].tolist() == ["failed", "skipped"]
    assert kinds(seen) == {path("x"): ["create"]}
    assert "'next' did not run: it needs 'bad', which is not done." in seen.not_observed


def test_a_circle_is_refused_before_anything_runs(path):
    tasks = [
        Task(deeds.write, path("x"), name="a", after="b"),
        Task(deeds.write, path("x"), name="b", after="a"),
    ]
    with pytest.raises(PlanError, match="circle"):
        pnb.observe(tasks)
    assert not os.path.exists("x")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tasks": deeds.one}, "Task"),
        ({"tasks": [deeds.one]}, "item 0"),
        ({"tasks": [], "sample": 0}, "`sample`"),
        ({"tasks": [], "sample": True}, "`sample`"),
        ({"tasks": [], "timeout": -1}, "`timeout`"),
        ({"tasks": [], "timeout": "1 s"}, "`timeout`"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        pnb.observe(**arguments)


def test_nothing_to_observe_is_an_observation():
    seen = pnb.observe([])
    assert repr(seen) == "<Observation 0 tasks · no conflict>"
    assert seen.accesses.empty
    assert seen.undeclared.empty
    assert seen.run.n_tasks == 0


def test_a_sample_takes_from_every_function_and_says_what_is_left_out(path):
    base = Task(deeds.one)
    tasks = [
        *(Task(deeds.append, path("log"), name=f"append {i}") for i in range(9)),
        base,
        Task(deeds.add, base),
    ]
    seen = pnb.observe(tasks, sample=4)
    assert seen.observed == (0, 8, 9, 10)
    assert seen.run.tasks["name"].tolist() == ["append 0", "append 8", "one", "add"]
    assert seen.reads[3] == seen.writes[3] == ()
    assert len(seen.tasks) == 11
    assert seen.not_observed[0] == "7 tasks outside the sample."
    assert repr(seen).startswith("<Observation 4 of 11 tasks · 1 conflict")
    # What a chosen task waits for is observed as well.
    assert pnb.observe(tasks[9:], sample=1).observed == (0,)
    assert pnb.observe([tasks[10], base], sample=1).observed == (0, 1)
