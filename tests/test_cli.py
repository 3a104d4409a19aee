"""The command line: files in, text or files out, exit codes, errors in a sentence."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import nbformat
import numpy as np
import pytest
from click.testing import CliRunner

import parallel_nb as pnb
from parallel_nb.cli import commands
from tests.formats.making import MADE
from tests.making import one_failed, run_of, two_done

COMMANDS = [
    "run",
    "show",
    "report",
    "compare",
    "convert",
    "predict",
    "history",
    "demo",
    "lab",
]


def call(*words, **options):
    """The result of a command line, in this process."""
    return CliRunner().invoke(commands, [str(word) for word in words], **options)


def fine(*words, **options):
    done = call(*words, **options)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def saved(tmp_path):
    """Write a run file; its path."""

    def save(run, name="run.parquet"):
        return pnb.save(run, tmp_path / name)

    return save


# --- all of them ---


def test_every_command_tells_of_itself_with_examples():
    assert sorted(commands.commands) == sorted(COMMANDS)
    for name in COMMANDS:
        told = fine(name, "--help").output
        assert "Usage:" in told
        assert name in {"demo", "lab"} or f"parallel-nb {name}" in told


def test_a_missing_file_is_one_sentence_and_exit_code_2(tmp_path):
    done = call("show", tmp_path / "none.parquet")
    assert done.exit_code == 2
    assert done.stderr.startswith("parallel-nb: cannot read ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_file_of_no_known_format_is_one_sentence_and_exit_code_2(tmp_path):
    (tmp_path / "x").write_text("no log at all\n")
    done = call("show", tmp_path / "x")
    assert done.exit_code == 2
    assert "none of the formats" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["show"],
        ["show", "--no-such-option", "x"],
        ["compare", "only-one"],
        ["compare", "a", "b", "c"],
        ["predict", "x", "--workers", "1,two"],
        ["run", "--joblog", "no/such/folder/log", "true", ":::", "1"],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(words):
    assert call(*words).exit_code == 2


def test_an_own_fault_is_not_hidden_behind_a_sentence(monkeypatch, saved):
    def broken(*args, **options):
        raise ZeroDivisionError

    monkeypatch.setattr("parallel_nb.accounting.making.ledger", broken)
    assert isinstance(call("show", saved(two_done())).exception, ZeroDivisionError)


# --- show ---


def test_show_has_the_summary_the_lanes_the_ledger_and_the_findings(saved):
    path = saved(two_done(label="pair"))
    told = fine("show", path).stdout
    run = pnb.load(path)
    for part in (repr(run), str(pnb.ledger(run)), str(pnb.findings(run))):
        assert part in told
    assert "100 %" in told


def test_show_reads_what_other_tools_wrote():
    (path, *_) = sorted(MADE.glob("*joblog*"))
    assert "tasks" in fine("show", path).stdout


def test_show_reads_standard_input(saved):
    content = saved(two_done(label="piped")).read_bytes()
    log = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"
    row = "1\t:\t1700000000.0\t2.0\t0\t0\t0\t0\tsleep 2\n"
    assert "1 task" in fine("show", "-", input=log + row).stdout
    assert "'piped'" in fine("show", "-", input=content).stdout


def test_show_of_a_sweep_has_its_table_and_laws(saved):
    runs = [run_of((0, 1, "done", 0, 0.0, 8.0 / n), n_workers=n) for n in (1, 2, 4, 8)]
    told = fine("show", saved(pnb.Sweep.from_runs(runs, label="four"))).stdout
    assert "'four'" in told
    assert "speedup" in told


def test_durations_alone_have_no_ledger(tmp_path):
    (tmp_path / "times.csv").write_text("task,duration\na,2\nb,3\n")
    assert "No ledger" in fine("show", tmp_path / "times.csv").stdout


def test_columns_of_a_table_can_be_told(tmp_path):
    (tmp_path / "t.csv").write_text("what,von,bis\na,0,2\nb,1,3\n")
    columns = ["--column", "von=started", "--column", "bis=ended"]
    assert "2 tasks" in fine("show", tmp_path / "t.csv", *columns).stdout
    assert call("show", tmp_path / "t.csv", "--column", "von").exit_code == 2


def test_of_several_runs_the_first_is_shown_or_the_one_asked_for(tmp_path):
    for number in (1, 2):
        pnb.save(two_done(label=f"run {number}"), tmp_path / f"{number}.parquet")
    done = fine("show", tmp_path)
    assert "'run 1'" in done.stdout
    assert "--index 0 to 1" in done.stderr
    assert "'run 2'" in fine("show", tmp_path, "--index", 1).stdout
    assert call("show", tmp_path, "--index", 2).exit_code == 2


def test_where_the_terminal_has_no_blocks_lanes_are_plain_letters(saved):
    told = CliRunner(charset="ascii").invoke(commands, ["show", str(saved(two_done()))])
    assert told.exit_code == 0
    assert "#### " in told.stdout


# --- report, convert ---


def test_report_is_the_librarys(saved):
    path = saved(one_failed(label="nightly"))
    assert fine("report", path).stdout == f"{pnb.report(pnb.load(path))}\n"


def test_report_writes_a_page_beside_the_file(saved, tmp_path):
    fine("report", saved(two_done(label="pair")), "--html")
    assert "<h1>pair</h1>" in (tmp_path / "run.html").read_text()


def test_report_writes_a_notebook_where_it_is_told(saved, tmp_path):
    target = tmp_path / "walk.ipynb"
    fine("report", saved(two_done()), "--notebook", "-o", target)
    nbformat.validate(nbformat.read(target, as_version=4))
    assert pnb.load(tmp_path / "walk.parquet").n_tasks == 2


def test_report_of_a_sweep_has_its_table(saved):
    runs = [run_of((0, 1, "done", 0, 0.0, 8.0 / n), n_workers=n) for n in (1, 2, 4, 8)]
    sweep = saved(pnb.Sweep.from_runs(runs, label="four"))
    assert fine("report", sweep).stdout.startswith("# Report: four")


@pytest.mark.parametrize("name", ["t.json", "t.json.gz", "t.parquet"])
def test_convert_keeps_the_run(saved, tmp_path, name):
    run = one_failed(label="pair")
    fine("convert", saved(run), tmp_path / name)
    again = pnb.read(tmp_path / name)
    assert again.meta == run.meta
    assert again.attempts.equals(run.attempts)


@pytest.mark.parametrize("name", ["t.csv", "t.joblog", "t.csv.gz"])
def test_convert_keeps_times_and_statuses(saved, tmp_path, name):
    run = one_failed(label="pair")
    fine("convert", saved(run), tmp_path / name)
    again = pnb.read(tmp_path / name).tasks
    assert again["status"].tolist() == run.tasks["status"].tolist()
    np.testing.assert_allclose(again["ended"], run.tasks["ended"])


def test_convert_from_another_tool_to_a_trace(tmp_path):
    (path, *_) = sorted(MADE.glob("*ninja*"))
    fine("convert", path, tmp_path / "build.json")
    trace = json.loads((tmp_path / "build.json").read_text())
    assert len(trace["traceEvents"]) > 2


def test_convert_to_an_unknown_ending_is_refused(saved, tmp_path):
    done = call("convert", saved(two_done()), tmp_path / "run.xyz")
    assert done.exit_code == 2
    assert "--to" in done.stderr
    assert not (tmp_path / "run.xyz").exists()


# --- compare, predict, history ---


def repeats(tmp_path, name, factor):
    for number in range(5):
        took = factor * (4.0 + number / 100)
        made = run_of((0, 1, "done", 0, 0.0, took), (1, 1, "done", 1, 0.0, took / 2))
        pnb.save(made, tmp_path / f"{name}{number}.parquet")
    return ",".join(str(tmp_path / f"{name}{number}.parquet") for number in range(5))


def test_compare_takes_repeats_between_commas(tmp_path):
    before, after = repeats(tmp_path, "a", 1.0), repeats(tmp_path, "b", 1.5)
    assert fine("compare", before, after).stdout.startswith("slower: 1.5×")
    assert fine("compare", after, before).stdout.startswith("faster")


def test_slower_is_exit_code_1_if_asked_for(tmp_path):
    before, after = repeats(tmp_path, "a", 1.0), repeats(tmp_path, "b", 1.5)
    assert call("compare", before, after, "--fail-on-slower").exit_code == 1
    assert call("compare", after, before, "--fail-on-slower").exit_code == 0
    strict = ["--fail-on-slower", "--tolerance", "0.6"]
    assert call("compare", before, after, *strict).exit_code == 0


def test_repeats_may_stand_behind_options_and_in_folders(tmp_path):
    for name, factor in (("old", 1.0), ("new", 1.5)):
        (tmp_path / name).mkdir()
        repeats(tmp_path / name, "r", factor)
    (tmp_path / "more").mkdir()
    more = repeats(tmp_path / "more", "r", 1.0).split(",")[0]
    told = fine(
        *("compare", "--before", tmp_path / "old", "--before", more),
        *("--after", tmp_path / "new"),
    ).stdout
    assert "over 6 and 5 repeats" in told


def test_predict_has_a_row_for_each_number(saved):
    rows = [(at, 1, "done", at % 2, at // 2, at // 2 + 1.0) for at in range(8)]
    lines = fine("predict", saved(run_of(*rows)), "--workers", "1,4").stdout.split("\n")
    header, recorded, *others = lines[:4]
    assert header.split()[:2] == ["n_workers", "makespan"]
    assert recorded.split()[:2] == ["2", "4"]
    assert [row.split()[:2] for row in others] == [["1", "8"], ["4", "2"]]


def test_a_run_is_not_predicted_from_a_sweep(saved):
    runs = [run_of((0, 1, "done", 0, 0.0, 8.0 / n), n_workers=n) for n in (1, 2)]
    done = call("predict", saved(pnb.Sweep.from_runs(runs)))
    assert done.exit_code == 2
    assert "holds a Sweep" in done.stderr


def test_history_lists_the_runs_of_a_store(tmp_path):
    store = pnb.RunStore(tmp_path / "runs")
    for _ in range(3):
        store.add(two_done(label="nightly"))
    told = fine("history", tmp_path / "runs", "--label", "nightly").stdout
    assert told.count("2025-01-31 12:00:00") == 3
    assert call("history", tmp_path / "runs", "--label", "nigthly").exit_code == 2


def test_a_misspelled_store_is_not_made(tmp_path):
    assert call("history", tmp_path / "rnus").exit_code == 2
    assert not (tmp_path / "rnus").exists()


# --- as a process ---


def process(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "parallel_nb", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_the_module_is_the_command(saved):
    done = process("show", saved(two_done(label="pair")))
    assert done.returncode == 0, done.stderr
    assert "'pair'" in done.stdout
    assert process("show", "none").stderr.startswith("parallel-nb: cannot read none")


def test_the_entry_point_is_declared():
    import tomllib

    project = Path(pnb.__file__).parents[1] / "pyproject.toml"
    scripts = tomllib.loads(project.read_text())["project"]["scripts"]
    assert scripts == {"parallel-nb": "parallel_nb.cli:main"}


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom parallel_nb.cli import commands\n"
        "commands.main(['show', '--help'], standalone_mode=False)\n"
        "print(sorted({'numpy', 'pandas', 'joblib', 'matplotlib'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("[]\n"), done.stderr


def test_a_reader_that_leaves_ends_it_quietly(saved):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "parallel_nb", "show", str(saved(two_done()))],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 141


def test_lab_opens_the_index_of_the_lessons(monkeypatch):
    opened = []
    labapp = types.SimpleNamespace(main=opened.extend)
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", labapp)
    monkeypatch.setattr("parallel_nb.cli.trying._demonstrate", lambda folder: None)
    fine("lab")
    assert [Path(path).name for path in opened] == ["00_index.ipynb"]
    assert Path(opened[0]).is_file()


def test_demo_leaves_runs_and_a_page(tmp_path, monkeypatch):
    files = sorted(str(path) for path in Path(os.__file__).parent.glob("*.py"))[:8]
    monkeypatch.setattr("parallel_nb.workloads.standard_library", lambda: files)
    told = fine("demo", "--folder", tmp_path / "demo").stdout
    assert "Tokenizing the standard library: 8 files" in told
    assert "speedup" in told
    assert told.rstrip().endswith("00_index.ipynb")
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert {"runs.html", "1_worker.parquet", "2_workers.parquet"} <= names
