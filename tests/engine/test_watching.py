"""What is seen of a task, and that nothing but the knowledge of it stays behind."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

import parallel_nb as pnb
from parallel_nb.engine import lanes
from parallel_nb.engine.observation import auditing, witness
from parallel_nb.engine.observation.touching import read_notes, settle
from parallel_nb.planning import plan

from . import deeds
from .looking import kinds, pairs
from .processes import ROOT, comes_true, marked

Task = pnb.Task


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Paths in an empty working directory, as text."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return lambda *names: os.path.join(folder.resolve(), *names)


def seen_by(func, *args, **options):
    """The observation of one task."""
    return pnb.observe([Task(func, *args)], **options)


# -- files --


@pytest.mark.parametrize(
    ("mode", "there", "expected"),
    [
        ("r", True, ["read"]),
        ("r+", True, ["read", "write"]),
        ("w", True, ["write"]),
        ("w", False, ["create"]),
        ("w+", True, ["write"]),
        ("a", True, ["write"]),
        ("a+", True, ["read", "write"]),
        ("x", False, ["create"]),
        (os.O_RDONLY, True, ["read"]),
        (os.O_WRONLY | os.O_APPEND, True, ["write"]),
        (os.O_RDWR | os.O_CREAT, True, ["read", "write"]),
        (os.O_RDWR | os.O_CREAT | os.O_TRUNC, True, ["write"]),
        (os.O_WRONLY | os.O_CREAT | os.O_EXCL, False, ["create"]),
        (os.O_RDONLY | os.O_CREAT, False, ["create"]),
    ],
)
def test_the_way_of_opening_tells_what_is_done(path, watched, mode, there, expected):
    if there:
        deeds.write("x")

    def deed():
        if isinstance(mode, str):
            open("x", mode).close()
        else:
            deeds.open_by_number("x", mode)

    assert watched(deed) == {path("x"): expected}


@pytest.fixture
def watched(tmp_path):
    """What a deed done in a fork of this process comes to, by resource."""
    notes = tmp_path / "notes"
    notes.touch()

    def watch(deed):
        began = time.time_ns()
        if (pid := os.fork()) == 0:
            code = 1
            try:
                watch = witness.Watch(str(notes))
                watch.begin()
                deed()
                watch.end()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        found = {}
        said = read_notes(notes)
        for access in settle(said.touches, began, said.led):
            if not access.is_temporary:
                found.setdefault(access.resource, []).append(access.kind)
        assert said.n_missed == 0
        return {resource: sorted(kinds) for resource, kinds in found.items()}

    return watch


def test_names_are_moved_removed_made_and_linked(path, watched):
    for name in ("a", "b", "c", "d"):
        deeds.write(name)
    os.makedirs("tree/below")

    def deed():
        deeds.rename("a", "a2")
        deeds.remove("b")
        deeds.link("c", "c2")
        deeds.symlink("c", "c3")
        deeds.change_rights_and_times("d")
        deeds.make_folder("new")
        deeds.remove_tree("tree")

    assert watched(deed) == {
        path("a"): ["rename"],
        path("a2"): ["rename"],
        path("b"): ["delete"],
        path("c"): ["read"],
        path("c2"): ["create"],
        path("c3"): ["create"],
        path("d"): ["write"],
        path("new"): ["create"],
        path("tree"): ["delete"],
    }


def test_what_comes_to_nothing_is_no_access(path, watched):
    deeds.write("there")

    def deed():
        deeds.read_missing("missing")
        deeds.create_or_give_up("there")
        for attempt in (os.remove, os.rmdir, os.chdir, os.listdir):
            with pytest.raises(OSError, match="missing"):
                attempt("missing")
        with pytest.raises(OSError, match="there"):
            os.rename("there", "missing/there")

    # That the file was in the way is something the task has learned.
    assert watched(deed) == {path("there"): ["read"]}


def test_temporary_files_are_nobodys_business(path, watched):
    deeds.write("log")

    def deed():
        deeds.use_temporary_files()
        deeds.use_as_temporary("scratch")
        deeds.replace_whole(path("log"), "new")

    assert watched(deed) == {path("log"): ["rename"]}


def test_descriptors_of_folders_are_looked_up(path, watched):
    os.mkdir("folder")
    deeds.write("folder/x")

    def deed():
        deeds.write_by_folder_descriptor("folder", "x", "y")

    assert watched(deed) == {
        path("folder"): ["read"],
        path("folder", "x"): ["delete"],
        path("folder", "y"): ["create"],
    }


def test_where_a_link_led_when_it_was_read_counts(path, watched):
    deeds.write("old")
    os.symlink("old", "link")

    def deed():
        deeds.read("link")
        os.remove("link")
        os.symlink("new", "link")

    found = watched(deed)
    assert found[path("old")] == ["read"]
    assert found[path("link")] == ["create", "delete"]


# -- the process --


def test_threads_and_forks_of_a_task_are_the_task(path):
    seen = pnb.observe(
        [
            Task(deeds.write_in_thread, path("thread")),
            Task(deeds.write_in_fork, path("fork")),
            Task(deeds.leave_a_thread),
        ]
    )
    assert kinds(seen, 0) == {path("thread"): ["create"]}
    assert kinds(seen, 1) == {path("fork"): ["create"]}
    said = "'leave_a_thread' left 1 thread running, which was ended."
    assert said in seen.not_observed


def test_each_task_starts_afresh(path):
    with open("helper.py", "w") as file:
        file.write("VALUE = open('settings').read()\n")
    deeds.write("settings")
    seen = pnb.observe([Task(deeds.import_from, path(), "helper") for _ in range(2)])
    # The module's file is no resource; what it reads when it is imported is, each time.
    assert kinds(seen, 0) == kinds(seen, 1) == {path("settings"): ["read"]}


# -- libraries --


def test_databases_arrays_and_tables_are_seen(path):
    seen = pnb.observe(
        [
            Task(deeds.keep_table, path("base")),
            Task(deeds.keep_table, path("base")),
            Task(deeds.count_table, path("base")),
            Task(deeds.save_array, path("a.npy")),
            Task(deeds.load_array, path("a.npy")),
            Task(deeds.save_frame, path("t.csv")),
        ]
    )
    found = [kinds(seen, task) for task in range(6)]
    assert found[:3] == [
        {path("base"): ["create"]},
        {path("base"): ["read", "write"]},
        {path("base"): ["read"]},
    ]
    assert found[3][path("a.npy")] == ["create"]
    assert found[4][path("a.npy")] == ["read"]
    assert found[5][path("t.csv")] == ["create"]
    assert set(pairs(seen)) == {
        ("keep_table", "keep_table", path("base")),
        ("keep_table", "count_table", path("base")),
        ("save_array", "load_array", path("a.npy")),
    }


def test_addresses_are_resources(path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        seen = seen_by(deeds.talk_to, port)
        thread.join()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port_2 = free.getsockname()[1]
    assert kinds(seen) == {f"tcp://localhost:{port}": ["connect"]}
    assert seen.reads == ((f"tcp://localhost:{port}",),)
    assert f"What is kept behind 'tcp://localhost:{port}'." in seen.not_observed
    both = pnb.observe([Task(deeds.listen_on, port_2) for _ in range(2)])
    assert both.conflicts["resource"].tolist() == [f"tcp://localhost:{port_2}"]
    assert len(plan(both.tasks).rounds) == 2


# -- faults --


@pytest.mark.parametrize(
    ("deed", "status", "error"),
    [
        ("raise", "failed", "ValueError: as asked"),
        ("exit", "failed", "SystemExit: 2"),
        ("_exit", "crashed", "the worker process died: exit code 3"),
        ("kill", "crashed", "the worker process died: killed by SIGKILL"),
        ("sleep", "timeout", "it took longer than 1 s"),
    ],
)
def test_a_task_is_observed_as_far_as_it_gets(path, deed, status, error):
    limit = {"timeout": 1} if deed == "sleep" else {}
    seen = seen_by(deeds.write_then, path("x"), deed, **limit)
    row = seen.run.tasks.iloc[0]
    assert (row["status"], row["error"]) == (status, error)
    assert 0 <= row["started"] <= row["ended"]
    assert kinds(seen) == {path("x"): ["create"]}
    assert any("would have done after it" in said for said in seen.not_observed)


def test_a_result_that_cannot_travel_hides_nothing(path):
    seen = seen_by(deeds.return_unpicklable, path("x"))
    assert "could not be pickled" in seen.run.errors["error"].iloc[0]
    assert kinds(seen) == {path("x"): ["create"]}
    assert not any("would have done" in said for said in seen.not_observed)


def test_a_task_that_cannot_travel_is_a_row(path):
    seen = seen_by(deeds.nothing, threading.Lock())
    assert seen.run.errors["error"].iloc[0].startswith("the task could not be pickled")
    assert seen.accesses.empty


def test_a_check_is_part_of_its_task(path):
    deeds.write("expected", "y")

    def check(result):
        return result == deeds.read(path("expected"))

    seen = pnb.observe([Task(deeds.write, path("x"), check=check)])
    assert seen.run.tasks["status"].tolist() == ["invalid"]
    assert seen.run.results_or(None) == [path("x")]
    assert seen.reads == ((path("expected"),),)


def test_names_that_cannot_be_do_not_spoil_the_notes(path):
    def deed():
        with pytest.raises(ValueError, match="null"):
            deeds.run_command(["true", "a\0b"])
        deeds.write("x")

    seen = seen_by(deed)
    assert seen.writes == ((path("x"),),)
    assert any("could not be made out" in said for said in seen.not_observed)


def test_what_changed_without_a_call_is_found_out(path):
    os.mkdir("sub")

    def deed():
        import ctypes

        ctypes.CDLL(None).chdir(b"sub")
        os.environ._data[b"OBSERVED_D"] = b"1"

    seen = seen_by(deed)
    found = kinds(seen)
    assert found == {"cwd": ["cwd"], "env:OBSERVED_D": ["environment"]}


def test_notes_go_on_when_the_task_closes_all_files(path, watched):
    def deed():
        deeds.close_all_descriptors("x")
        with open("y", "w") as file:  # which must not get the notes
            file.write("mine")
        deeds.write("z")

    assert set(watched(deed)) == {path("x"), path("y"), path("z")}
    assert deeds.read("y") == "mine"


def test_strange_names_survive(path, watched):
    name = os.fsdecode(b"a\n\xff b")
    assert watched(lambda: deeds.write(name)) == {path(name): ["create"]}
    seen = seen_by(deeds.write, path(name))
    assert seen.writes == ((path(name),),)
    assert r"\udcff" in seen.accesses["resource"].iloc[0]


# -- nothing stays behind --


def left_by(mark):
    """Processes that inherited a mark, but for the one that guards all lanes."""
    processes = marked(mark)
    return [p.pid for p in processes if "warden" not in " ".join(p.cmdline())]


def test_no_process_and_no_file_is_left(path, tmp_path, monkeypatch):
    mark = str(tmp_path)
    monkeypatch.setenv("PARALLEL_NB_TEST_MARK", mark)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    warm = len(lanes._reserve)
    pnb.observe(
        [
            Task(deeds.leave_a_process, 60),
            Task(deeds.leave_a_thread),
            pnb.shell("sleep 60 & echo started"),
            Task(deeds.sleep, 60, timeout=0.5),
        ]
    )
    assert comes_true(lambda: not left_by(mark)), "a process was left behind"
    assert len(lanes._reserve) == warm
    assert os.listdir(tmp_path) == ["place"]


def test_an_interrupt_leaves_nothing(tmp_path):
    code = (
        "import parallel_nb as pnb, sys\n"
        "from tests.engine import deeds\n"
        "print('on', flush=True)\n"
        "try:\n"
        f"    task = pnb.Task(deeds.write_then, {str(tmp_path / 'x')!r}, 'sleep')\n"
        "    pnb.observe([task])\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PARALLEL_NB_TEST_MARK": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert comes_true((tmp_path / "x").exists, 30)
        process.send_signal(2)
        assert process.stdout.readline() == "on\n"
        assert process.stdout.readline() == "interrupted\n"
        assert comes_true(lambda: left_by(str(tmp_path)) == [process.pid])
    finally:
        process.communicate(timeout=30)
    assert comes_true(lambda: not marked(str(tmp_path)))


def test_runs_go_on_without_a_hook(path):
    seen_by(deeds.nothing)
    hooked = pnb.run(_is_hooked, [None], n_jobs=1, backend="isolated").results
    assert hooked == [False]


def _is_hooked(_):
    from parallel_nb.engine.observation import auditing

    return auditing._is_hooked


# -- what it costs --


def test_the_lane_loads_nothing_heavy_for_it():
    code = (
        "import sys, json, parallel_nb.engine.serve\n"
        "import parallel_nb.engine.observation.witness\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    heavy = {
        "numpy",
        "pandas",
        "joblib",
        "matplotlib",
        "cloudpickle",
        "multiprocessing",
    }
    assert not heavy & set(json.loads(done.stdout))


def test_the_hook_costs_microseconds(path):
    for i in range(50):
        deeds.write(f"f{i}")
    names = [path(f"f{i}") for i in range(50)]

    def deed():
        began = time.process_time()
        for _ in range(20):
            for name in names:
                open(name).close()
                id(name)
        return time.process_time() - began

    def hooked():
        auditing.tell(watch)
        try:
            return deed()
        finally:
            auditing.tell(None)

    watch = witness.Watch(deeds.write(path("notes"), ""))
    if (pid := os.fork()) == 0:  # a hook stays in its process
        both = [(deed(), hooked()) for _ in range(15)]
        deeds.write("seconds", json.dumps(both))
        os._exit(0)
    os.waitpid(pid, 0)
    plain, watched = map(min, zip(*json.loads(deeds.read("seconds")), strict=True))
    n_events = 2 * 20 * 50
    assert (watched - plain) / n_events < 5e-6
