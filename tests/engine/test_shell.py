"""Shell commands as tasks: bounded output, exact CPU time, groups that end together."""

import os
import signal
import sys
import threading
import time

import psutil
import pytest

import parallel_nb as pnb
from parallel_nb.engine.shell import ShellAttempt

from .processes import comes_true


def outcome(command, **options):
    """The only result of a run of one command."""
    (result,) = pnb.run([pnb.shell(command, **options)], n_jobs=1).results
    return result


def failure(command, **options):
    """The error of a command that does not succeed."""
    run = pnb.run([pnb.shell(command, **options)], n_jobs=1)
    assert run.tasks["status"].tolist() == ["failed"]
    return run.tasks["error"][0]


@pytest.mark.parametrize("backend", ["isolated", "threading", "sequential"])
def test_a_command_gives_its_output_and_exit_code(backend):
    run = pnb.run([pnb.shell("echo out; echo err >&2")], n_jobs=2, backend=backend)
    (result,) = run.results
    assert (result.stdout, result.stderr, result.exit_code) == ("out\n", "err\n", 0)
    row = run.tasks.loc[0]
    assert row["status"] == "done"
    assert 0 <= row["submitted"] <= row["started"] <= row["ended"] <= row["received"]


def test_commands_and_calls_stand_in_one_batch():
    tasks = [pnb.shell("echo one"), pnb.Task(abs, -2), pnb.shell("echo three")]
    run = pnb.run(tasks * 3, n_jobs=2)
    texts = [getattr(result, "stdout", result) for result in run.results]
    assert texts == ["one\n", 2, "three\n"] * 3
    assert run.attempts["worker"].isin([0, 1]).all()


def test_commands_run_side_by_side(tmp_path):
    """Each waits for what the other does."""
    wait = "until [ -e {} ]; do sleep 0.01; done"
    tasks = [
        pnb.shell(f"touch a; {wait.format('b')}", cwd=tmp_path),
        pnb.shell(f"touch b; {wait.format('a')}", cwd=tmp_path),
    ]
    assert [result.exit_code for result in pnb.run(tasks, n_jobs=2).results] == [0, 0]


def test_a_sequence_is_a_program_with_arguments_and_no_shell():
    assert outcome(["echo", "$HOME", "a b"]).stdout == "$HOME a b\n"


def test_a_command_has_the_folder_environment_and_input_that_it_is_given(tmp_path):
    result = outcome(
        "pwd; echo $PLACE $KEPT; cat",
        cwd=tmp_path,
        env={"PLACE": "here"},
        input="typed",
    )
    assert result.stdout == f"{tmp_path}\nhere\ntyped"


def test_a_command_without_input_reads_nothing():
    assert outcome("cat; echo end").stdout == "end\n"


def test_bytes_and_large_inputs_arrive():
    text = os.urandom(1_000_000).hex()
    assert outcome("wc -c", input=text).stdout.strip() == "2000000"
    assert outcome("cat", input=b"\x00\xff").n_stdout == 2


def test_input_that_nobody_reads_is_no_obstacle():
    assert outcome("true", input="x" * 1_000_000).exit_code == 0


def test_an_exit_code_is_a_failure_with_the_last_words():
    error = failure("echo early >&2; echo the reason >&2; exit 3")
    assert error == "exit code 3: the reason"


def test_the_last_words_are_those_that_say_why_and_without_colour():
    red = "printf '\\033[31mtest_a failed\\033[0m\\n'"
    made = "echo 'make: *** [x] Error 1' >&2; exit 2"
    assert failure(f"{red}; {made}") == "exit code 2: test_a failed"
    run = pnb.run([pnb.shell(f"{red} >&2; {made}")], n_jobs=1)
    assert run.tasks["error"][0] == "exit code 2: test_a failed"
    (traceback,) = run.errors["traceback"]
    assert traceback == "test_a failed\nmake: *** [x] Error 1\n"


def test_a_failed_commands_output_is_among_the_errors():
    run = pnb.run([pnb.shell("echo one >&2; echo two >&2; exit 1")], n_jobs=1)
    assert run.errors["traceback"][0] == "one\ntwo\n"


def test_a_signal_is_told_by_name():
    assert failure("kill -SEGV $$") == "killed by SIGSEGV"


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        (["/nowhere/program"], {}, "FileNotFoundError"),
        ("true", {"cwd": "/nowhere"}, "FileNotFoundError"),
        ("echo \0", {}, "ValueError: embedded null byte"),
        ("cat", {"input": "caf\udce9"}, "UnicodeEncodeError"),
    ],
    ids=["no program", "no folder", "null byte", "no UTF-8"],
)
@pytest.mark.parametrize("backend", ["isolated", "sequential"])
def test_a_command_that_cannot_start_is_its_own_row(backend, command, options, said):
    tasks = [pnb.shell(command, **options), pnb.shell("echo fine")]
    run = pnb.run(tasks, n_jobs=2, backend=backend)
    assert run.tasks["status"].tolist() == ["failed", "done"]
    assert run.tasks["error"][0].startswith(said)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ([], "empty"),
        (["ls", 3], "strings"),
        (b"ls", "b'ls'"),
    ],
    ids=repr,
)
def test_what_is_no_command_is_refused(command, said):
    with pytest.raises(pnb.ArgumentError, match=said):
        pnb.shell(command)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"input": 7}, "text or bytes"), ({"env": {"A": 1}}, "strings")],
)
def test_what_no_command_can_be_given_is_refused(options, said):
    with pytest.raises(pnb.ArgumentError, match=said):
        pnb.shell("true", **options)


def test_a_command_names_its_task_shortly():
    assert pnb.shell("x" * 100).name == "x" * 39 + "…"
    assert pnb.shell(["ls", "-l"]).name == "ls -l"
    assert pnb.shell("ls", name="list").name == "list"


# -- output -------------------------------------------------------------------------


def test_long_output_keeps_head_and_tail():
    result = outcome("seq 1 200000")
    assert result.stdout.startswith("1\n2\n3\n")
    assert result.stdout.endswith("199999\n200000\n")
    assert result.n_stdout == 1_288_895
    left_out = result.n_stdout - 2 * 65_536
    assert f"\n… {left_out:,} bytes left out …\n" in result.stdout
    assert len(result.stdout) < 2 * 65_536 + 100


@pytest.mark.parametrize("n", [65_536, 65_537, 131_072])
def test_output_that_fits_is_whole(n):
    assert outcome(f"head -c {n} /dev/zero | tr '\\0' x").stdout == "x" * n


def test_a_flood_of_output_costs_no_memory():
    before = psutil.Process().memory_info().rss
    result = outcome("head -c 300000000 /dev/zero; head -c 1000000 /dev/zero >&2")
    assert (result.n_stdout, result.n_stderr) == (300_000_000, 1_000_000)
    assert psutil.Process().memory_info().rss - before < 30_000_000


def test_output_that_is_no_text_is_kept_readable():
    assert outcome(r"printf 'caf\351'").stdout == "caf\ufffd"


def test_a_child_left_in_the_background_is_not_waited_for():
    began = time.monotonic()
    result = outcome("echo before; sleep 20 & echo $!")
    assert time.monotonic() - began < 10
    pid = int(result.stdout.split()[1])
    os.kill(pid, signal.SIGKILL)


def test_output_written_just_before_the_end_is_kept():
    for _ in range(20):
        assert (
            outcome("head -c 50000 /dev/zero | tr '\\0' x; echo end").n_stdout == 50_004
        )


# -- what it took -------------------------------------------------------------------


def test_cpu_time_is_the_commands_own_and_its_childrens():
    spin = "import time\nwhile time.process_time() < 0.3: pass"
    tasks = [
        pnb.shell([sys.executable, "-c", spin]),
        pnb.shell("sleep 0.3"),
        pnb.shell(f'{sys.executable} -c "{spin}"; true'),
    ]
    cpu = pnb.run(tasks, n_jobs=3).tasks["cpu"]
    assert 0.3 <= cpu[0] < 0.6
    assert cpu[1] < 0.1
    assert 0.3 <= cpu[2] < 0.6


def test_memory_is_the_commands_peak_where_it_exceeds_the_callers():
    # The system counts the moment before the program is loaded, when the new process
    # is still a copy of its parent.
    mine = psutil.Process().memory_info().rss
    use = f"x = bytearray({4 * mine}); x[::4096] = x[::4096]"
    tasks = [pnb.shell([sys.executable, "-c", use]), pnb.shell("true")]
    memory = pnb.run(tasks, n_jobs=1).tasks["max_rss"]
    assert 4 * mine < memory[0] < 6 * mine
    assert memory.isna()[1]


# -- cancelling ---------------------------------------------------------------------


def start(command):
    """An attempt under way in a thread of its own."""
    attempt = ShellAttempt(pnb.shell(command))
    thread = threading.Thread(target=attempt)
    thread.start()
    assert comes_true(lambda: attempt.pid)
    return attempt, thread


def test_a_cancelled_command_ends_with_its_whole_group():
    attempt, thread = start("sleep 30 & sleep 30; true")
    assert comes_true(lambda: len(psutil.Process(attempt.pid).children()) == 2)
    children = psutil.Process(attempt.pid).children()
    attempt.cancel()
    thread.join(5)
    assert not thread.is_alive()
    assert comes_true(lambda: not any(child.is_running() for child in children))
    assert attempt.result.exit_code == -signal.SIGTERM


def test_a_command_may_clean_up_when_it_is_cancelled():
    attempt, thread = start("trap 'echo bye; exit 0' TERM; sleep 30 & wait")
    assert comes_true(lambda: psutil.Process(attempt.pid).children())
    attempt.cancel()
    thread.join(5)
    assert attempt.result.stdout == "bye\n"


def test_a_command_that_will_not_end_is_killed():
    attempt, thread = start("trap '' TERM; while true; do sleep 0.05; done")
    assert comes_true(lambda: psutil.Process(attempt.pid).children())
    attempt.cancel()
    thread.join(5)
    assert attempt.result.exit_code == -signal.SIGKILL


def test_cancelling_what_has_ended_does_nothing():
    attempt, thread = start("true")
    thread.join()
    attempt.cancel()
    assert attempt.result.exit_code == 0


def test_what_is_cancelled_before_it_starts_never_starts(tmp_path):
    attempt = ShellAttempt(pnb.shell(f"touch {tmp_path / 'started'}"))
    attempt.cancel()
    attempt()
    assert "cancelled before it started" in attempt.error
    assert os.listdir(tmp_path) == []


def test_many_commands_leave_no_file_open():
    pnb.run([pnb.shell("true")] * 2, n_jobs=2)
    before = psutil.Process().num_fds()
    pnb.run([pnb.shell("true")] * 30, n_jobs=2)
    assert psutil.Process().num_fds() == before
