"""Commands of tasks and commands as tasks, seen through strace where there is one."""

import os
import subprocess

import pytest

import parallel_nb as pnb
from parallel_nb.engine.observation import tracing

from . import deeds
from .looking import kinds

Task = pnb.Task
HAS_STRACE = bool(tracing.find_tracer().words)
needs_strace = pytest.mark.skipif(not HAS_STRACE, reason="strace cannot trace here")


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Paths in an empty working directory, as text."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return lambda *names: os.path.join(folder.resolve(), *names)


def test_a_command_of_a_task_is_noted(path):
    deeds.write("in")
    seen = pnb.observe([Task(deeds.run_command, ["sh", "-c", "cat in > out; rm in"])])
    commands = seen.accesses[seen.accesses["kind"] == "command"]
    assert commands["resource"].tolist() == ["sh -c 'cat in > out; rm in'"]
    if HAS_STRACE:
        assert kinds(seen) == {path("in"): ["read", "delete"], path("out"): ["create"]}


@needs_strace
def test_commands_behave_under_the_tracer_as_without_it(path):
    def behave():
        run = subprocess.run
        with pytest.raises(FileNotFoundError, match="no-such-program"):
            run(["no-such-program"])
        left = run("sleep 60 >/dev/null 2>&1 &", shell=True, capture_output=True)
        return (
            run("exit 7", shell=True).returncode,
            run(["sh", "-c", "kill -9 $$"]).returncode,
            run(["tr", "a", "b"], input="a", text=True, stdout=-1).stdout,
            left.returncode,
            os.waitstatus_to_exitcode(os.system("exit 3")),
        )

    seen = pnb.observe([Task(behave)], timeout=50)
    assert seen.run.results == [(7, -9, "b", 0, 3)]


@needs_strace
def test_a_shell_task_is_traced_with_all_its_children(path):
    os.makedirs("sub/out")
    deeds.write("sub/a b")
    deeds.write("sub/gone")
    os.symlink("a b", "sub/link")
    command = (
        "cd sub; cat link > out/copy; mv gone out/kept; rm -f missing; ls out;"
        " (echo x >> out/copy) & wait; touch tmp; rm tmp; mkdir 'é<,)'"
    )
    seen = pnb.observe([pnb.shell(command, name="story")])
    assert kinds(seen) == {
        path("sub", "a b"): ["read"],
        path("sub", "gone"): ["rename"],
        path("sub", "out"): ["read"],
        path("sub", "out", "copy"): ["create"],
        path("sub", "out", "kept"): ["rename"],
        path("sub", "é<,)"): ["create"],
    }
    result = seen.run.results[0]
    assert (result.command, result.exit_code) == (command, 0)
    assert result.stdout.split() == ["copy", "kept"]


@needs_strace
def test_shell_tasks_end_as_they_would(path):
    tasks = [
        pnb.shell("exit 3"),
        pnb.shell(["no-such-program"]),
        pnb.shell("cat", input="hello", check="hello"),
        pnb.shell("echo no", check="yes"),
        pnb.shell("pwd", cwd="/"),
        pnb.shell("sleep 60", timeout=0.5),
        pnb.shell('echo "$GREETING"', env={"GREETING": "hi"}),
    ]
    seen = pnb.observe(tasks)
    run = seen.run
    assert run.tasks["status"].tolist() == [
        "failed",
        "failed",
        "done",
        "invalid",
        "done",
        "timeout",
        "done",
    ]
    outputs = [getattr(r, "stdout", None) for r in run.results_or(None)]
    assert outputs == [None, None, "hello", "no\n", "/\n", None, "hi\n"]
    assert run.tasks["error"].iloc[0] == "exit code 3"


def test_without_a_tracer_commands_are_said_to_be_unseen(path, monkeypatch, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat"):
        os.symlink(f"/bin/{name}", tools / name)
    monkeypatch.setenv("PATH", str(tools))
    deeds.write("in")
    seen = pnb.observe(
        [
            pnb.shell("cat in > out", name="command"),
            Task(deeds.run_command, ["cat", "in"], name="call"),
        ]
    )
    assert seen.run.tasks["status"].tolist() == ["done", "done"]
    assert kinds(seen, 0) == kinds(seen, 1) == {}
    assert seen.not_observed[:2] == (
        "'command' is a command: what it read and wrote was not seen, as strace is "
        "not installed.",
        "'call' started 'cat in': what that read and wrote was not seen, as strace is "
        "not installed.",
    )
