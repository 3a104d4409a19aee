"""`parallel-nb run`: commands, inputs, quoting, logs, and what an end leaves."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

import parallel_nb as pnb
from parallel_nb.cli import commands
from parallel_nb.cli.lines import lines

COMPATIBLE = "--joblog-compatible"


def run(*words, **options):
    return CliRunner().invoke(commands, ["run", *map(str, words)], **options)


def printed(*words, **options):
    """The lines that commands printed, sorted, as jobs end in any order."""
    done = run(COMPATIBLE, *words, **options)
    assert done.exit_code == 0, done.output
    return sorted(done.stdout.splitlines())


# --- which commands ---


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{}", "a/b.tar.gz"),
        ("{.}", "a/b.tar"),
        ("{/}", "b.tar.gz"),
        ("{//}", "a"),
        ("{/.}", "b.tar"),
        ("{#}", "1"),
        ("{1}", "a/b.tar.gz"),
        ("{1/.}", "b.tar"),
        ("{2}", "{2}"),
        ("x{}y", "xa/b.tar.gzy"),
    ],
)
def test_replacement_strings(template, expected):
    assert lines(["echo", template], [["a/b.tar.gz"]]) == [f"echo {expected}"] or (
        template == "{2}"  # there is no second source: it is no replacement string
    )


@pytest.mark.parametrize(
    "value", ["b c", "it's", '"', "$HOME", "`id`", "a;b", "*", "\\", "", "-n x", "ä"]
)
def test_inputs_reach_commands_as_they_are(value):
    (line,) = lines(["printf", "%s", "{}"], [[value]])
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True)
    assert done.stdout == value


@pytest.mark.skipif(not shutil.which("parallel"), reason="GNU parallel is not there")
@pytest.mark.parametrize(
    "words",
    [
        ["echo", ":::", "a", "b c", "it's"],
        ["echo", "{#}", "{.}", "{/}", "{//}", "{/.}", ":::", "a/b.c", "d", "/e.f/g"],
        ["echo", "x{}y", ":::", "$HOME", "*"],
        ["echo", "{2}-{1}", ":::", "a", "b", ":::", "1", "2"],
        ["echo", "{1.}", "{2/}", ":::", "a.b", ":::", "c/d"],
    ],
)
def test_as_gnu_parallel_does(words, monkeypatch):
    monkeypatch.setenv("PARALLEL_SHELL", "/bin/sh")
    theirs = subprocess.run(
        ["parallel", "--will-cite", *words], capture_output=True, text=True, check=True
    )
    assert printed(*words) == sorted(theirs.stdout.splitlines())


def test_a_command_for_each_input():
    assert printed("-j", 2, "echo", "{}", ":::", "a", "b c") == ["a", "b c"]


def test_two_dashes_end_the_options():
    assert printed("--", "echo", "-n{}", ":::", "a") == ["-na"]


def test_inputs_come_from_files_and_standard_input(tmp_path):
    (tmp_path / "in").write_text("a\nb c\n")
    assert printed("echo", "::::", tmp_path / "in") == ["a", "b c"]
    assert printed("-a", tmp_path / "in", "echo") == ["a", "b c"]
    assert printed("echo", "{}", input="x\ny\n") == ["x", "y"]
    assert printed("-0", "echo", "{}", input="x y\0z\0") == ["x y", "z"]


def test_commands_come_from_a_file_or_standard_input(tmp_path):
    (tmp_path / "batch").write_text("echo a\n\necho b | tr b c\n")
    assert printed(tmp_path / "batch") == ["a", "c"]
    assert printed(input="echo d\n") == ["d"]
    assert printed("-a", tmp_path / "batch") == ["a", "c"]


def test_nothing_to_run_is_a_usage_error():
    assert run("echo", ":::").exit_code == 2
    assert run(input="").exit_code == 2


def test_a_missing_file_of_inputs_is_one_sentence(tmp_path):
    done = run("echo", "::::", tmp_path / "none")
    assert done.exit_code == 2
    assert "No such file" in done.stderr


# --- what becomes of them ---


def test_output_is_whole_and_goes_where_it_went():
    big = "seq 1 40000; echo {} >&2"
    done = run(COMPATIBLE, "-j", 2, big, ":::", "left", "right")
    numbers = [str(n) for n in range(1, 40_001)]
    assert done.stdout.splitlines() == numbers * 2
    assert sorted(done.stderr.splitlines()) == ["left", "right"]


def test_output_of_a_failed_command_is_shown_and_the_exit_code_is_1():
    done = run(COMPATIBLE, "echo {}; exit {}", ":::", "0", "3")
    assert done.exit_code == 1
    assert sorted(done.stdout.split()) == ["0", "3"]


def test_a_board_and_a_report_tell_of_the_rest():
    done = run("-j", 2, "sh -c {}", ":::", "exit 3", "echo good")
    assert done.exit_code == 1
    assert done.stdout.startswith("# Report: sh -c {}")
    assert "exit code 3" in done.stdout
    assert "good" in done.stdout
    assert "failed" in done.stderr
    assert run("--quiet", "true", ":::", "1").stderr == ""


def test_a_command_that_takes_too_long_is_ended():
    done = run("--timeout", 0.2, "--quiet", "sleep {}", ":::", "60")
    assert done.exit_code == 1
    assert "timeout" in done.stdout


def test_a_wrong_limit_is_one_sentence():
    done = run("--timeout", "soon", "true", ":::", "1")
    assert done.exit_code == 2
    assert done.stderr.startswith("parallel-nb: `timeout`")


def test_a_command_is_tried_again(tmp_path):
    flag = tmp_path / "flag"
    line = f"test -e {flag} || {{ touch {flag}; exit 1; }}"
    path = tmp_path / "run.parquet"
    assert run("--retries", 1, "--quiet", "--save", path, input=line).exit_code == 0
    assert pnb.load(path).attempts["status"].tolist() == ["failed", "done"]


def test_the_run_is_kept_where_it_is_asked_for(tmp_path):
    path, store, log = tmp_path / "r.parquet", tmp_path / "runs", tmp_path / "log"
    done = run(
        *("--save", path, "--store", store, "--joblog", log, "--label", "echoes"),
        *("--quiet", "-j", 2, "echo {}", ":::", "a", "b"),
    )
    assert done.exit_code == 0, done.output
    assert pnb.load(path).meta.label == "echoes"
    assert pnb.RunStore(store).latest("echoes").n_tasks == 2
    assert pnb.read(log).tasks["name"].tolist() == ["echo a", "echo b"]
    assert {each.name for each in tmp_path.iterdir()} == {"r.parquet", "runs", "log"}


def test_the_job_log_has_exit_codes_and_signals(tmp_path):
    log = tmp_path / "log"
    run("--joblog", log, "--quiet", input="exit 7\nkill -9 $$\ntrue\n")
    rows = [line.split("\t") for line in log.read_text().splitlines()[1:]]
    told = {row[0]: (row[6], row[7]) for row in rows}
    assert told == {"1": ("7", "0"), "2": ("-1", "9"), "3": ("0", "0")}


@pytest.mark.skipif(not shutil.which("parallel"), reason="GNU parallel is not there")
def test_gnu_parallel_goes_on_with_the_job_log(tmp_path):
    log = tmp_path / "log"
    run("--joblog", log, "--quiet", "echo {}", ":::", "a", "b")
    done = subprocess.run(
        ["parallel", "--will-cite", "--resume", "--joblog", log, "echo", "{}"]
        + [":::", "a", "b", "c"],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "c\n", done.stderr


def test_ctrl_c_is_130_and_keeps_the_rows(tmp_path):
    path, log, ready = tmp_path / "run.parquet", tmp_path / "log", tmp_path / "ready"
    os.mkfifo(ready)
    process = subprocess.Popen(
        [sys.executable, "-m", "parallel_nb", "run", "-j", "1", "--save", path]
        + ["--joblog", log, "--", "sh", "-c", "{}", ":::"]
        + ["true", f"echo go >{ready}; sleep 60", "true"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert ready.read_text() == "go\n"  # waits until the second command has begun
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.endswith("parallel-nb: interrupted\n")
    assert "Traceback" not in said
    kept = pnb.load(path)
    assert kept.meta.ended_by == "interrupt"
    assert kept.tasks["status"].tolist() == ["done", "cancelled", "cancelled"]
    assert "true" in log.read_text()


def test_a_reader_that_leaves_ends_it_quietly():
    command = f"{sys.executable} -m parallel_nb run {COMPATIBLE} seq {{}} ::: 100000"
    done = subprocess.run(f"{command} | head -1", shell=True, capture_output=True)
    assert (done.stdout, done.stderr) == (b"1\n", b"")


# --- what is said of a command ---


def test_a_command_is_told_by_what_it_printed_last_or_by_its_exit_code():
    tasks = [pnb.shell("echo one; echo two"), pnb.shell("true")]
    made = pnb.run(tasks, n_jobs=1)
    assert pnb.status(made)["result"].tolist() == ["two", "exit code 0"]
    told = pnb.report(made)
    assert "| two |" in told
    assert "ShellResult" not in told


def test_the_board_says_of_a_silent_command_that_it_succeeded():
    told = run("-j", 1, "--", "true", ":::", "1").stderr
    assert "exit code 0" in told
    assert "ShellResult" not in told
