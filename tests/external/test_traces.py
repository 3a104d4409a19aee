"""Logs of other tools whose figures are known from elsewhere.

They are read from a folder beside the repository; without it, these are skipped.
"""

import itertools
import json
from pathlib import Path

import pytest

from parallel_nb import metrics
from parallel_nb.reading import read
from parallel_nb.simulation import simulate

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "external"
KNOWN = (
    json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))["traces"]
    if (FOLDER / "expected.json").is_file()
    else {}
)
pytestmark = pytest.mark.skipif(not KNOWN, reason=f"no traces in {FOLDER}")


def makespan(run):
    return run.attempts["ended"].max() - run.attempts["started"].min()


def mean_wait(run):
    return (run.attempts["started"] - run.attempts["submitted"]).mean()


def longest_wait(run):
    return (run.attempts["started"] - run.attempts["submitted"]).max()


def at_once(run):
    _, counts = metrics.concurrency(run.attempts["started"], run.attempts["ended"])
    return counts.max()


# What the names in expected.json mean for a Run.
FIGURES = {
    "tasks": lambda run: len(run.tasks),
    "rows": lambda run: len(run.attempts),
    "jobs": lambda run: len(run.tasks),
    "machines": lambda run: run.meta.n_workers,
    "completed": lambda run: (run.tasks["status"] == "done").sum(),
    "failed": lambda run: (run.tasks["status"] == "failed").sum(),
    "edges": lambda run: len(run.edges),
    "makespan_s": makespan,
    "busy_s": lambda run: run.summary()["work"][0],
    "work_s": lambda run: run.summary()["work"][0],
    "span_s": lambda run: run.summary()["span"][0],
    "longest_s": lambda run: (run.attempts["ended"] - run.attempts["started"]).max(),
    "max_concurrency": at_once,
    "mean_wait_s": mean_wait,
    "max_wait_s": longest_wait,
}

# File, the format it must be taken for, and which of its figures a Run can show.
TOLD = [
    *(
        (
            f"bazel/local-jobs-{n_jobs}.json.gz",
            "chrome",
            ["tasks", "makespan_s", "busy_s", "max_concurrency"],
        )
        for n_jobs in (4, 100)
    ),
    (
        "batsim/easy_out_jobs.csv",
        "batsim",
        ["tasks", "machines", "makespan_s", "mean_wait_s", "max_wait_s"],
    ),
    (
        "cargo/rust_hawktracer_cargo-timing_2020.html",
        "cargo",
        ["tasks", "makespan_s", "busy_s", "longest_s"],
    ),
    ("github_actions/octokit_workflow_job_examples.json", "github_actions", ["jobs"]),
    ("junit/junit.gloo.standalone.xml", "junit", ["tasks", "busy_s"]),
    (
        "nextflow/jianhong_chipseq_ae5e8d5_execution_trace.txt",
        "nextflow",
        ["tasks", "completed", "failed", "max_concurrency"],
    ),
    (
        "spark/local-1532512550423",
        "spark",
        ["tasks", "makespan_s", "busy_s", "max_concurrency"],
    ),
    *(
        (name, "wfformat", ["tasks", "edges", "work_s", "span_s"])
        for name in KNOWN
        if name.startswith("wfformat/")
    ),
    (
        "gnu_parallel/plot_joblog_example.txt",
        "joblog",
        ["tasks", "makespan_s", "busy_s", "max_concurrency"],
    ),
]


@pytest.mark.parametrize(
    ("name", "made_by", "figures"), TOLD, ids=[name for name, *_ in TOLD]
)
def test_what_is_known_of_a_file_is_what_its_run_says(name, made_by, figures):
    run = read(FOLDER / "traces" / name)
    assert run.meta.source == made_by
    for figure in figures:
        known = KNOWN[name][figure]
        # Known to so many digits: half of the last one is what rounding took.
        digits = len(str(known).partition(".")[2]) if isinstance(known, float) else 6
        assert FIGURES[figure](run) == pytest.approx(
            known, rel=1e-12, abs=0.5000001 * 10**-digits
        ), figure


def test_bazels_critical_path_is_told_to_the_millisecond():
    for n_jobs in (4, 100):
        name = f"bazel/local-jobs-{n_jobs}.json.gz"
        seconds = KNOWN[name]["critical_path_s"]
        run = read(FOLDER / "traces" / name)
        assert any(f"critical path: {seconds:.3f} s" in each for each in run.meta.notes)
        # Its actions depend on one another; their own times differ by what Bazel did
        # around them.
        assert run.summary()["span"][0] == pytest.approx(seconds, abs=2e-3)


def test_more_jobs_inflate_the_work_of_the_same_build():
    work = [
        FIGURES["work_s"](read(FOLDER / f"traces/bazel/local-jobs-{n_jobs}.json.gz"))
        for n_jobs in (4, 100)
    ]
    assert work[1] / work[0] == pytest.approx(2.53, abs=0.005)


def test_machines_of_a_simulation_were_in_use_as_known():
    name = "batsim/easy_out_jobs.csv"
    notes = read(FOLDER / "traces" / name).meta.notes
    share = KNOWN[name]["utilization"]
    assert any(f"of 32 machines {share:.1%} were in use" in note for note in notes)


def test_each_line_of_a_ninja_log_is_an_output_of_one_build():
    name = "ninja/swift-models_v5.ninja_log"
    runs = read(FOLDER / "traces" / name)
    outputs = sum(
        int(note.partition(" ")[0])
        for run in runs
        for note in run.meta.notes
        if " outputs of " in note
    )
    assert outputs == KNOWN[name]["rows"]
    for before, after in itertools.pairwise(runs):
        assert before.meta.started_at < after.meta.started_at
    for run in runs:
        assert makespan(run) >= run.summary()["span"][0]
        assert at_once(run) == run.meta.n_workers


@pytest.mark.parametrize("name", ["glslCommon", "glslFunction"])
def test_a_translation_unit_takes_no_longer_than_its_compiler(name):
    path = FOLDER / "traces/clang" / f"hlsl2glsl-mac-clang-10.0-dev__{name}.json"
    run = read(path)
    events = json.loads(path.read_text())["traceEvents"]
    whole = next(e["dur"] for e in events if e["name"] == "ExecuteCompiler") * 1e-6
    assert run.meta.n_workers == 1
    assert 0.9 * whole <= run.summary()["work"][0] <= makespan(run) <= whole


def test_a_workload_and_the_simulation_it_came_from_agree():
    run = read(FOLDER / "traces/swf/easy_mediumWL_smallPF.swf")
    assert len(run.tasks) == 800
    assert at_once(run) == run.meta.n_workers == 19


def test_what_nextflow_calls_duration_counts_from_submission():
    name = "nextflow/jianhong_chipseq_ae5e8d5_execution_trace.txt"
    run, known = read(FOLDER / "traces" / name), KNOWN[name]
    assert run.summary()["makespan"][0] == pytest.approx(known["makespan_s"], abs=1e-5)
    assert run.summary()["work"][0] == pytest.approx(known["realtime_sum_s"], abs=1e-5)
    durations = run.attempts["ended"] - run.attempts["submitted"]
    assert durations.sum() == pytest.approx(known["busy_s"], abs=1e-5)


def test_a_build_by_cargo_tells_its_jobs_and_when_metadata_were_ready():
    name = "cargo/rust_hawktracer_cargo-timing_2020.html"
    run, known = read(FOLDER / "traces" / name), KNOWN[name]
    assert run.meta.n_workers == known["jobs"]
    # What is known as edges are the units that had metadata before they ended.
    told = sum("rmeta_time" in each["context"] for each in run.details.values())
    assert told == known["rmeta_edges"]
    assert run.summary()["span"][0] <= known["makespan_s"]
    starts, ends = run.tasks["started"].to_numpy(), run.tasks["ended"].to_numpy()
    tasks, after = run.edges.to_numpy().T
    assert (starts[tasks] >= ends[after] - 0.02).all()


def test_a_suite_tells_its_own_time():
    name = "junit/junit.gloo.standalone.xml"
    run = read(FOLDER / "traces" / name)
    assert any(f"{KNOWN[name]['suite_s']:g} s" in note for note in run.meta.notes)


@pytest.mark.parametrize(
    "name", ["testsuite-in-testsuite.xml", "NUnit-correct2.junit-xml"]
)
def test_suites_in_suites_have_all_their_tests(name):
    run = read(FOLDER / "traces/junit" / name)
    assert run.n_tasks == {"t": 5, "N": 218}[name[0]]
    assert not any("add up" in note for note in run.meta.notes)


@pytest.mark.parametrize("name", [n for n in KNOWN if n.startswith("wfformat/")])
def test_a_workflow_is_simulated_between_its_span_and_its_work(name):
    run, known = read(FOLDER / "traces" / name), KNOWN[name]
    reported = f"makespan of {known['reported_makespan_s']:g} s"
    assert any(reported in note for note in run.meta.notes)
    enough = simulate(run, n_workers=known["tasks"]).summary()["makespan"][0]
    assert enough == pytest.approx(known["span_s"], abs=1e-3)
    alone = simulate(run, n_workers=1).summary()["makespan"][0]
    assert alone == pytest.approx(known["work_s"], abs=1e-3)
