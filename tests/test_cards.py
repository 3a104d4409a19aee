"""Cards of plans, logs, observations and handles: what they say, and that safely."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import pyplot as plt
from traitlets.config import Config

import parallel_nb as pnb
from parallel_nb import display
from parallel_nb.draw import onpaper
from parallel_nb.draw.forecast import forecast, forecast_caption
from parallel_nb.engine.observation.results import Observation
from parallel_nb.engine.starting import Handle
from parallel_nb.planning import plan
from tests.draw.making import is_near, run_of
from tests.reading import read

ROOT = Path(__file__).parents[1]
EVIL = "<script>alert('\"')</script>&amp;\0"
NO_TEXT = f"{EVIL}\udcff"  # as names of files can be


def some_plan(**options):
    """Load, then two that write one file, one of them on a gpu."""
    load = pnb.Task(abs, 1, name="load", cost=12)
    tasks = [
        load,
        pnb.Task(max, load, name="clean", cost=5, writes="results.csv"),
        pnb.Task(min, load, name="train", cost=30, writes="results.csv", agent="gpu"),
    ]
    return plan(tasks, n_jobs=2, agents={"gpu": 1}, **options)


def images(html):
    return [attributes for tag, attributes in read(html)[1] if tag == "img"]


# --- plans ---


def test_a_plan_says_how_and_why():
    words, _ = read(display.card(some_plan()))
    for expected in (
        "Plan 3 tasks · 3 rounds · 2 workers",
        "sequential: no two tasks may run together: 2 tasks take results of others",
        "makespan (predicted) 47",
        "work 47",
        "span 47",
        "parallelism 1",
        "useful workers 1",
        "Lengths: costs as declared.",
        "data dependencies: found – clean takes the result of load; train takes",
        "write-write conflicts: 1 found – train waits for clean: both write results",
        "read-write conflicts: unknown – no task reads what another writes, as far as "
        "declared; 1 task declares no reads or writes",
        "cycles: none",
        "Rounds 0 load 1 clean 2 train",
        "Critical path load → clean → train (47)",
        "Agents gpu: 1 slot, 1 task, busy 64 % of the time",
    ):
        assert expected in words


def test_a_plan_names_what_to_try_next_and_it_exists():
    words, _ = read(display.card(some_plan()))
    assert "Next: pnb.run(plan), plan.explain(a, b), pnb.draw.plan(plan)" in words
    assert all(map(callable, (pnb.run, pnb.Plan.explain, pnb.draw.plan)))


def test_the_warnings_of_a_plan_are_on_its_card():
    shared = []
    tasks = [pnb.Task(max, shared, at) for at in range(2)]
    words, _ = read(display.card(plan(tasks, n_jobs=2, backend="threading")))
    assert "Warning: " in words
    assert "is shared by 2 tasks that run in threads" in words
    assert "shared mutable state: warning –" in words


def test_the_graph_of_a_plan_has_words():
    (image,) = images(display.card(some_plan()))
    assert image["alt"].startswith("A plan of 3 tasks in 3 rounds")
    assert image["src"].startswith("data:image/png;base64,")


def test_a_long_plan_has_its_schedule_for_a_picture_without_matplotlib():
    code = """
import sys
from parallel_nb import Task, display
from parallel_nb.planning import plan
card = display.card(plan([Task(abs, at, cost=1) for at in range(301)], n_jobs=4))
assert "Predicted schedule of 301 tasks on 4 workers in 76; workers are busy" in card
sys.exit("matplotlib" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_critical_path_is_black_in_a_schedule():
    first = pnb.Task(abs, 1, cost=3)
    made = plan([first, pnb.Task(max, first, cost=1), pnb.Task(abs, 2, cost=2)])
    made = plan(made.tasks, n_jobs=2)
    drawn = forecast(made)
    assert drawn.window == (0.0, 4.0)
    pixels = mpl.image.imread(_file(drawn.image)) * 255
    row = pixels[10]  # worker 0
    assert is_near(row[100], "#000000")
    assert is_near(pixels[-10][100], "#0072B2")  # worker 1
    assert "busy 75 % of the time. Critical path, in black: 2 tasks, 4" in (
        forecast_caption(made)
    )


def _file(data):
    import io

    return io.BytesIO(data)


def test_nothing_that_takes_time_is_no_schedule():
    tasks = [pnb.Task(abs, at, cost=0) for at in range(301)]
    words, tags = read(display.card(plan(tasks, n_jobs=2)))
    assert "Predicted schedule of 301 tasks on 2 workers: nothing takes any" in words
    assert "img" not in [tag for tag, _ in tags]


@pytest.mark.parametrize("n_tasks", [0, 1])
def test_the_smallest_plans_have_cards(n_tasks):
    words, _ = read(display.card(plan([pnb.Task(abs, 1)] * n_tasks)))
    assert f"sequential: there is {'one' if n_tasks else 'no'} task" in words


def test_many_rounds_and_conflicts_are_counted():
    tasks = [pnb.Task(abs, 1, name=f"t{at}", writes="log.txt") for at in range(12)]
    words, _ = read(display.card(plan(tasks, n_jobs=2)))
    assert "write-write conflicts: 66 found – t1 waits for t0: both write" in words
    assert "And 63 more in plan.conflicts." in words
    assert "and 6 more rounds in plan.rounds" in words
    assert "t0 → t1 → t2 → t3 → … 4 more … → t8" in words


def test_a_graph_is_on_white_paper_whatever_the_notebook_likes():
    plain = onpaper.graph_on_paper(some_plan())
    with plt.style.context("dark_background"), mpl.rc_context({"font.size": 30}):
        styled = onpaper.graph_on_paper(some_plan())
        assert mpl.rcParams["font.size"] == 30
    assert styled == plain
    assert plain.width == 728
    assert plt.get_fignums() == []


def test_a_graph_does_not_get_too_heavy():
    generator = np.random.default_rng(0)
    tasks = []
    for at in range(300):
        inputs = generator.choice(len(tasks[-30:]), 2) if len(tasks) > 2 else []
        tasks.append(pnb.Task(abs, *(tasks[-30:][i] for i in inputs), name=f"t{at}"))
    assert len(onpaper.graph_on_paper(plan(tasks, n_jobs=2)).image) < 400_000


# --- logs ---


def recorded():
    """A call, and one whose two tasks each make another."""

    def outer(at):
        return joblib.Parallel(1)(joblib.delayed(abs)(i) for i in range(at + 1))

    with pnb.record("search") as log:
        joblib.Parallel(2, "threading")(joblib.delayed(abs)(at) for at in range(3))
        joblib.Parallel(1)(joblib.delayed(outer)(at) for at in range(2))
    return log


def test_a_log_has_a_line_and_a_picture_for_each_call():
    html = display.card(recorded())
    words, _ = read(html)
    assert "search 4 recorded calls · 8 tasks · 2 inside tasks of others" in words
    assert "log[0] 3 × abs · 2 workers (threading) · " in words
    assert "log[1] 2 × " in words
    assert re.search(r"log\[3\] 2 × abs .* in task 1 of \[1\]", words)
    assert [image["alt"].split(":")[0] for image in images(html)] == [
        "Timeline of run “search”"
    ] * 4
    assert "Next: log[0], log.summary(), pnb.draw.timeline(log[0])" in words


def test_nested_calls_are_indented_below_their_own():
    rows = re.findall(
        r'margin-left:(\d+)px"><code>log\[(\d)\]', display.card(recorded())
    )
    assert rows == [("0", "0"), ("0", "1"), ("18", "2"), ("18", "3")]


def test_the_failures_of_a_call_are_counted():
    with pnb.record() as log, pytest.raises(ValueError, match="invalid literal"):
        joblib.Parallel(1)(joblib.delayed(int)(text) for text in "1x")
    words, _ = read(display.card(log))
    assert "2 × int · 1 failed · 1 worker" in words


def test_twenty_calls_are_shown_and_inner_ones_give_way():
    class Log(list):
        """As one that has been recorded."""

    runs = [run_of((0, 0, 1))]
    for _ in range(30):
        inner = run_of((0, 0, 1))
        object.__setattr__(inner.meta, "parent", (0, 0))
        runs.append(inner)
    runs += [run_of((0, 0, 1)) for _ in range(2)]
    Log.__module__ = "parallel_nb.engine.recording"
    words, _ = read(display.card(Log(runs)))
    assert words.count("in task 0 of [0]") == 17
    assert "log[31]" in words
    assert "log[32]" in words
    assert "and 13 more in log.summary()" in words


def test_an_empty_log_says_so():
    with pnb.record() as log:
        pass
    words, _ = read(display.card(log))
    assert "No joblib.Parallel call so far." in words


# --- observations ---


def observation(**changes):
    """Two tasks that keep one log, one of which reads what a third writes."""
    tasks = [pnb.Task(abs, 1, name=name) for name in ("clean", "fit", NO_TEXT)]
    log, table = str(Path.cwd() / "app.log"), "/data/table.csv"
    columns = ["a", "b", "a_name", "b_name", "resource", "kind"]
    rows = [
        (0, 1, "clean", "fit", log, "write-write", False, False),
        (1, 2, "fit", EVIL, table, "read-write", True, False),
        (0, 2, "clean", EVIL, "env:MODE", "write-write", False, True),
    ]
    fields = {
        "accesses": pd.DataFrame(),
        "reads": ((), (table,), ()),
        "writes": ((log, "env:MODE"), (log,), (table, "env:MODE")),
        "conflicts": pd.DataFrame(
            rows, columns=[*columns, "declared", "in_threads_only"]
        ),
        "tasks": tuple(tasks),
        "observed": (0, 1, 2),
        "not_observed": ("Whatever C does.", NO_TEXT),
        "run": run_of((0, 0, 1), (0, 1, 2), (0, 2, 3, "failed", "x", "no")),
        "_told": None,
    }
    return Observation(**{**fields, **changes})


def test_an_observation_has_what_nobody_declared_first():
    words, _ = read(display.card(observation()))
    head, rest = words.split("Not declared", 1)
    assert head.endswith(
        "1 conflict that no task declares: a plan of these tasks would not know. "
    )
    assert rest.startswith(" ▲app.log clean and fit both write it Declared ✓")
    assert "/data/table.csv '<script>" in rest
    assert "writes it, fit reads it In threads of one process ●env:MODE" in rest


def test_an_observation_tells_who_did_what_and_what_was_not_seen():
    words, _ = read(display.card(observation()))
    for expected in (
        "3 tasks, one at a time",
        "clean writes app.log, env:MODE fit writes app.log; reads /data/table.csv",
        "failed: seen as far as it got",
        "Not observed Whatever C does.",
        "Next: pnb.plan(observation.tasks), observation.accesses",
    ):
        assert expected in words


def test_a_quiet_observation_says_so():
    seen = observation(
        conflicts=observation().conflicts.iloc[:0],
        reads=((),) * 3,
        writes=((),) * 3,
        observed=(0,),
    )
    words, _ = read(display.card(seen))
    assert "1 of 3 tasks, one at a time" in words
    assert "No two tasks disturb each other, as far as could be seen." in words
    assert "clean touches nothing" in words


def test_many_resources_are_counted():
    files = tuple(f"/data/{at}" for at in range(30))
    words, _ = read(display.card(observation(reads=(files, (), ()))))
    assert "/data/5, 24 more" in words


def test_a_real_observation_has_a_card(tmp_path):
    log = tmp_path / "app.log"

    def append():
        with open(log, "a") as file:
            file.write("x")

    seen = pnb.observe([pnb.Task(append, name=name) for name in ("one", "two")])
    words, _ = read(display.card(seen))
    assert "app.log one and two both write it" in words


# --- handles ---


@pytest.fixture
def handle():
    """A run in the background: one task failed, one goes on, one has not begun."""
    is_over, has_failed = threading.Event(), threading.Event()

    def work(at):
        if at == 0:
            raise ValueError(EVIL)
        is_over.wait(60)

    tasks = [pnb.Task(work, at, name=f"task {at} <b>") for at in range(3)]
    started = pnb.start(
        tasks,
        n_jobs=1,
        backend="threading",
        on_event=lambda event: event.kind == "failed" and has_failed.set(),
    )
    assert has_failed.wait(60)
    until = time.monotonic() + 60
    while started.progress[0] < 1 or "submitted" not in set(started.status()["state"]):
        assert time.monotonic() < until
        time.sleep(0.001)
    yield started
    is_over.set()
    started.wait(60)


def test_a_handle_shows_how_far_it_is(handle):
    html = display.card(handle)
    words, tags = read(html)
    assert "Run running in the background · 1 of 3 tasks ended" in words
    assert "1 failed" in words
    assert re.search(r"Tasks ■ submitted task 1 <b>", words)
    assert "■ failed task 0 <b>: ValueError: <script>" in words
    assert "Next: handle.wait(), handle.status(), handle.cancel()" in words
    (bar,) = (each for _, each in tags if each.get("role") == "progressbar")
    assert bar["aria-valuenow"] == "33"


def test_when_it_has_ended_a_handle_shows_its_run():
    handle = pnb.start(abs, [-1], n_jobs=1, backend="threading")
    run = handle.wait(60)
    words, _ = read(display.card(handle))
    assert "1 done" in words
    assert "Next: handle.run.tasks, pnb.findings(handle.run)" in words
    assert display.bundle(handle)["text/plain"] == f"<Handle of {run!r}>"


# --- all of them ---


def each_kind(handle):
    seconds = pd.DataFrame({"n": [1, 2, 4, 8], "t": [8.0, 4.5, 2.8, 1.9]})
    sweep = pnb.Sweep.from_frame(seconds, n="n", time="t", label=EVIL)
    return {
        "Run": run_of((0, 0, 1, "failed", NO_TEXT, EVIL), label=NO_TEXT, notes=[EVIL]),
        "Plan": plan(
            [
                pnb.Task(abs, 1, name=NO_TEXT, agent=EVIL, writes=NO_TEXT, cost=1)
                for _ in range(2)
            ],
            agents={EVIL: 1},
        ),
        "Log": recorded(),
        "Observation": observation(),
        "Handle": handle,
        "Ledger": pnb.ledger(run_of((0, 0, 1), label=NO_TEXT)),
        "Findings": pnb.findings(run_of((0, 0, 1), label=NO_TEXT)),
        "Comparison": pnb.compare(*[run_of((0, 0, 1), label=NO_TEXT)] * 2),
        "History": pnb.history([run_of((0, 0, 1), label=NO_TEXT)] * 2),
        "Sweep": sweep,
        "Fit": pnb.fit(sweep, "amdahl"),
        "Fits": pnb.fit(sweep),
    }


def test_names_are_no_markup_and_nothing_outside_is_needed(handle):
    for kind, shown in each_kind(handle).items():
        html = display.card(shown)
        words, tags = read(html)
        assert "script" not in {tag for tag, _ in tags}, kind
        assert ("<script>" in words) is (kind not in ("Log", "Fit")), kind
        assert not re.search(r"https?:|url\(|@import|<link", html)
        assert all(image["alt"] for image in images(html))
        assert "table" not in {tag for tag, _ in tags}
        html.encode("utf-8")


def test_a_real_shell_shows_all_of_them(handle):
    config = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=config)
    try:
        pnb.load_ipython_extension(shell)
        for shown in each_kind(handle).values():
            data, _ = shell.display_formatter.format(shown)
            assert data["text/html"].startswith("<style>")
            assert data["text/plain"] == repr(shown)
    finally:
        InteractiveShell.clear_instance()


def test_every_card_is_tried_here(handle):
    assert set(each_kind(handle)) == {name for _, name in display._CARDS}
    assert isinstance(handle, Handle)
