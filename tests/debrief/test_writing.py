"""The report: what it says of small runs, in both formats, and that it never breaks."""

import json
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from IPython.core.formatters import DisplayFormatter

import parallel_nb as pnb
from parallel_nb.debrief.writing import report
from parallel_nb.errors import ArgumentError
from parallel_nb.runs import MISSING, Run

from ..making import agents_run, run_of, two_done
from .making import lane_runs
from .reading import Reader


def three_agents():
    """Tasks of 15, 10 and 8 minutes, each on an agent of one slot, on 3 workers."""
    table = pd.DataFrame(
        {
            "task": ["build", "test", "lint"],
            "agent": ["builder", "tester", "linter"],
            "started": 0.0,
            "ended": [900.0, 600.0, 480.0],
        }
    )
    return Run.from_frame(table, agents={"builder": 1, "tester": 1, "linter": 1})


def release_check(**extras):
    """A run with every status, a retry, contexts and an aggregate."""
    known = {
        "results": [1, 2, MISSING, MISSING, MISSING, MISSING, MISSING, "all\nfine"],
        "details": {
            0: {
                "summary": "no | problems",
                "is_checked": True,
                "context": {
                    "description": "style",
                    "success_criteria": ["none", "0 errors"],
                },
            },
            1: {"is_checked": True},
            2: {"context": {"failure handling": {"retry": 1}}},
            7: {"is_aggregate": True, "context": {"aggregates": "2 tasks"}},
        },
        "edges": pd.DataFrame({"task": [7, 7], "after": [0, 1]}),
    }
    return agents_run(
        (0, 1, "reviewer", "done", 0, 0.0, 60.0),
        (1, 1, "runner", "failed", 1, 0.0, 30.0),
        (1, 2, "runner", "done", 1, 30.0, 90.0),
        (2, 1, "runner", "failed", 1, 90.0, 100.0),
        (3, 1, "reviewer", "invalid", 0, 60.0, 70.0),
        (4, 1, None, "timeout", 0, 70.0, 80.0),
        (5, 1, None, "crashed", 0, 80.0, 90.0),
        (6, 1, None, "skipped", -1, np.nan, np.nan),
        (7, 1, None, "done", 0, 90.0, 120.0),
        agents={"reviewer": 1, "runner": 1},
        label="release <2>",
        notes=("said aloud",),
        fields={
            "name": [
                *("ruff", "py|test", "py|test", "docs", "bench", "slow", "broken"),
                *("publish", "synthesis"),
            ],
            "error": [
                *(None, "E: first", None, "ValueError: no"),
                *("check 'p95 | small' returned False", "took too long"),
                *("killed by signal 9", "it needs 'docs', which is not done", None),
            ],
        },
        extras=known | extras,
    )


def rows_of(text, title):
    """The cells of the first table under a heading."""
    lines = text.partition(f"# {title}\n")[2].strip().splitlines()
    table = lines[: next((i for i, line in enumerate(lines) if "|" not in line), None)]
    return [line[2:-2].split(" | ") for line in table[2:]]


# What the figures say


def test_three_agents_say_what_adds_up():
    text = report(three_agents())
    assert "**Status: success.** 3 of 3 tasks done." in text
    assert "- **Total time:** 15 min\n" in text
    assert "- **Sequential time:** 33 min, estimated: all attempts in a row\n" in text
    assert "- **Speedup:** 2.2 (33 min → 15 min), estimated\n" in text
    assert "- **Efficiency:** 73 % (speedup / 3 workers)\n" in text
    assert "- **Utilization:** 73 % (33 min of 45 min)\n" in text
    assert "- **Bottleneck:** “build” (task 0), 15 min, 100 % of the total time" in text
    assert [row[3] for row in rows_of(text, "Agents")] == [
        "100 % (15 min of 15 min)",
        "67 % (10 min of 15 min)",
        "53 % (8 min of 15 min)",
        "73 % (33 min of 45 min)",
    ]
    assert "84 %" not in text


def test_a_measured_baseline_is_told_as_such():
    baseline = Run.from_frame(
        pd.DataFrame(
            {
                "task": ["build", "test", "lint"],
                "started": [0.0, 840.0, 1440.0],
                "ended": [840.0, 1440.0, 1800.0],
                "worker": 0,
            }
        ),
        label="alone",
    )
    text = report(three_agents(), baseline=baseline)
    assert "- **Sequential time:** 30 min, measured with one worker (“alone”)" in text
    assert "- **Speedup:** 2 (30 min → 15 min), measured" in text
    assert "- **Efficiency:** 67 % (speedup / 3 workers)" in text
    assert "- **Work inflation:** 1.1 (33 min of work under 3 workers, 30 min" in text


def test_a_baseline_that_cannot_be_compared_is_told():
    baseline = run_of(
        (0, 1, "done", 0, 0.0, 1.0), (1, 1, "failed", 0, 1.0, 2.0), n_workers=1
    )
    text = report(two_done(), baseline=baseline)
    assert "6 s, estimated: all attempts in a row (the baseline cannot be" in text


def test_the_bottleneck_is_told_with_its_chain():
    run = run_of(
        (0, 1, "done", 0, 0.0, 4.0),
        (1, 1, "done", 1, 0.0, 3.0),
        (2, 1, "done", 1, 3.0, 5.0),
        edges=pd.DataFrame({"task": [2], "after": [1]}),
    )
    assert (
        "“job-1” (task 1), 3 s, 60 % of the total time; the critical path is "
        "“job-1” → “job-2” (5 s)"
    ) in report(run)


# What came of the tasks


def test_every_status_has_its_table():
    text = report(release_check())
    assert "**Status: partial.** 3 of 8 tasks done, 1 failed, 1 invalid, " in text
    assert rows_of(text, "Completed (3)") == [
        ["0", "ruff", "reviewer", "1", "1 min", r"no \| problems"],
        ["1", r"py\|test", "runner", "2", "1 min 30 s", ""],
        ["7", "synthesis", "any worker", "1", "30 s", "has a section of its own"],
    ]
    assert rows_of(text, "Failed (1)") == [
        ["2", "docs", "runner", "1", "10 s", "ValueError: no"]
    ]
    assert rows_of(text, "Invalid (1)") == [
        ["3", "bench", "reviewer", "1", "10 s", r"check 'p95 \| small' returned False"]
    ]
    assert rows_of(text, "Timed out (1)")[0][-1] == "took too long"
    assert rows_of(text, "Crashed (1)")[0][-1] == "killed by signal 9"
    assert rows_of(text, "Skipped (1)") == [
        ["6", "publish", "any worker", "–", "–", "it needs 'docs', which is not done"]
    ]
    assert "Cancelled" not in text


def test_contexts_stand_with_their_tasks():
    text = report(release_check())
    assert (
        "- **“ruff” (task 0)**\n"
        "  - **description:** style\n"
        "  - **success criteria:** none; 0 errors\n"
    ) in text
    assert '  - **failure handling:** {"retry": 1}\n' in text


def test_an_aggregate_has_a_section_of_its_own():
    text = report(release_check())
    section = text.partition("## Aggregate: synthesis\n")[2].partition("\n## ")[0]
    assert section == "\n```text\nall\nfine\n```\n\n- **aggregates:** 2 tasks\n"


@pytest.mark.parametrize(
    ("detail", "results", "told"),
    [
        ({"summary": "in short"}, ["long"], "in short"),
        ({}, [{"a": 1}], "{'a': 1}"),
        ({}, [""], "(empty)"),
        ({}, ["x" * 20_000], "x" * 9_999 + "…"),
        ({}, None, "Its result was not kept with the run."),
    ],
    ids=["summary", "repr", "empty", "long", "lost"],
)
def test_an_aggregate_is_told_by_summary_or_result(detail, results, told):
    run = run_of(
        (0, 1, "done", 0, 0.0, 1.0),
        results=results,
        details={0: {"is_aggregate": True, **detail}},
    )
    text = report(run, "html").partition("<h3>Aggregate: job-0</h3>")[2]
    assert Reader(
        f"<p>{text[text.index('<p>') + 3 :].partition('</p>')[0]}</p>"
    ).texts == [told]


def test_an_aggregate_whose_text_cannot_be_had_is_told_as_such():
    class Shy:
        def __repr__(self):
            raise RuntimeError("no")

    details = {0: {"is_aggregate": True}}
    run = run_of((0, 1, "done", 0, 0.0, 1.0), results=[Shy()], details=details)
    assert r"(Shy, whose repr() raised RuntimeError)" in report(run)


def test_an_aggregate_that_is_not_done_is_listed_with_the_others():
    details = {0: {"is_aggregate": True, "context": {"aggregates": "2 tasks"}}}
    text = report(run_of((0, 1, "failed", 0, 0.0, 1.0), details=details))
    assert "Aggregate:" not in text
    assert "- **aggregates:** 2 tasks" in text


def test_long_lists_are_cut_and_say_so():
    rows = [(task, 1, "done", 0, float(task), task + 1.0) for task in range(60)]
    text = report(run_of(*rows))
    assert len(rows_of(text, "Completed (60)")) == 50
    assert "and 10 more in `run.tasks`" in text
    agents = {f"agent-{n}": 1 for n in range(60)}
    text = report(agents_run((0, 1, "agent-0", "done", 0, 0.0, 1.0), agents=agents))
    *shown, whole = rows_of(text, "Agents")
    assert len(shown) == 50
    assert whole[0] == "**all**"
    assert text.count("and 10 more in `run.agents`") == 2


def test_where_nobody_has_an_agent_none_is_listed():
    text = report(two_done())
    assert "- **Agents:** none declared" in text
    assert [row[:3] for row in rows_of(text, "Agents")] == [
        ["any worker", "2", "2 of 2"]
    ]
    assert "| # | task | time |" in text


def test_slots_that_nobody_knows_are_not_made_up():
    text = report(agents_run((0, 1, "x", "done", 0, 0.0, 1.0)))
    assert rows_of(text, "Agents")[0][1:5] == ["unknown", "1 of 1", "not measured", "–"]


def test_busy_and_idle_add_up_for_each_agent_and_for_the_run():
    text = report(release_check())
    assert [[row[0], row[1], *row[3:6]] for row in rows_of(text, "Agents")] == [
        ["reviewer", "1", "58 % (1 min 10 s of 2 min)", "50 s", "32 %"],
        ["runner", "1", "83 % (1 min 40 s of 2 min)", "20 s", "45 %"],
        ["any worker", "2", "21 % (50 s of 4 min)", "3 min 10 s", "23 %"],
        ["**all**", "2", "92 % (3 min 40 s of 4 min)", "20 s", "100 %"],
    ]
    assert "while a worker is busy for one of them, it counts as idle for" in text


@pytest.mark.parametrize("agents", [{"a": 1}, {}], ids=["one agent", "none"])
def test_a_row_for_all_is_needed_beside_others_only(agents):
    name = next(iter(agents), None)
    run = agents_run((0, 1, name, "done", 0, 0.0, 1.0), agents=agents)
    text = report(run)
    assert "**all**" not in text
    assert "Agents share" not in text


# How well it went


def test_quality_is_told_by_agent_and_for_all():
    assert rows_of(report(release_check()), "Quality") == [
        ["reviewer", "2", "50 % (1 of 2)", "50 % (1 of 2)", "0", "0"],
        ["runner", "2", "50 % (1 of 2)", "100 % (1 of 1)", "1", "1"],
        ["any worker", "4", "25 % (1 of 4)", "–", "2", "0"],
        ["**all**", "8", "38 % (3 of 8)", "75 % (3 of 4)", "3", "1"],
    ]


def test_without_a_check_nothing_is_validated():
    (row,) = rows_of(report(two_done()), "Quality")
    assert row[2:4] == ["100 % (2 of 2)", "–"]


def test_where_nothing_ran_nothing_was_measured():
    text = report(run_of((0, 1, "skipped", -1, np.nan, np.nan)))
    assert "**Status: failure.** 0 of 1 task done, 1 skipped." in text
    for name in ("Total time", "Sequential time", "Speedup", "Efficiency"):
        assert f"- **{name}:** not measured\n" in text
    assert "- **Bottleneck:** none: nothing ran\n" in text


def test_a_run_without_tasks_says_no_more_than_that():
    assert report(run_of()).splitlines() == [
        "# Report",
        "",
        "**Status: no tasks.** The run has no tasks.",
        "",
        "- **Host:** here",
        "- **Started:** 2025-01-31 12:00:00 UTC",
    ]


def test_what_is_known_of_the_run_comes_first():
    lines = report(release_check()).splitlines()
    assert lines[0] == r"# Report: release \<2\>"
    assert lines[4:9] == [
        "- **Workers:** 2 (isolated)",
        "- **Host:** here",
        "- **Started:** 2025-01-31 12:00:00 UTC",
        "- **Note:** said aloud",
        "",
    ]


# Both formats, whatever the run


def test_both_formats_say_the_same():
    run = release_check()
    written = re.sub(r"\\(.)", r"\1", report(run))
    texts = Reader(report(run, "html")).texts
    assert len(texts) > 100
    assert all(line in written for text in texts for line in text.splitlines())


def test_names_cannot_break_out_of_the_page():
    bad = "<script>alert(1)</script>"
    run = run_of(
        (0, 1, "failed", 0, 0.0, 1.0),
        (1, 1, "done", 0, 1.0, 2.0),
        label=bad,
        fields={"name": bad, "error": [bad, None], "agent": bad},
        details={1: {"context": {bad: bad}, "summary": bad, "is_aggregate": True}},
    )
    written = report(run, "html")
    assert "<script" not in written
    assert set(Reader(written).tags).isdisjoint({"script", "img", "a", "link"})


def test_a_notebook_shows_a_report_and_elsewhere_it_is_a_string():
    for format, kind in (("markdown", "text/markdown"), ("html", "text/html")):
        text = report(two_done(), format)
        bundle, _ = DisplayFormatter().format(text)
        assert set(bundle) == {"text/plain", kind}
        assert bundle[kind] == text
        assert json.loads(json.dumps(text)) == text
        assert pickle.loads(pickle.dumps(text)) == text


def test_a_run_from_a_file_has_the_same_report(tmp_path):
    run = release_check()
    path = pnb.save(run, tmp_path / "run.parquet", with_results=True)
    loaded = pnb.load(path, with_results=True)
    for format in ("markdown", "html"):
        assert report(loaded, format) == report(run, format)


@settings(deadline=None, max_examples=50)
@given(lane_runs())
def test_whatever_happened_there_is_a_report(run):
    text = report(run)
    Reader(report(run, "html"))
    assert not re.search(r"\b(nan|inf|NaN|NaT|None(?!: the))\b", text)
    if run.n_tasks:
        numbers = run.summary().iloc[0]
        assert f"- **Tasks completed:** {numbers['done']} of {run.n_tasks}" in text
        n_agents = len(run.agents)
        assert len(rows_of(text, "Agents")) == n_agents + (n_agents > 1)


def test_overlapping_attempts_are_reported_without_conclusions():
    run = run_of((0, 1, "done", 0, 0.0, 4.0), (1, 1, "done", 0, 0.0, 4.0), n_workers=1)
    text = report(run)
    assert "The times contradict each other" in text
    assert "200 % (8 s of 4 s)" in text


# Arguments


def test_an_unknown_format_is_refused_with_the_one_that_was_meant():
    with pytest.raises(ArgumentError, match=r"`format` must be.*Did you mean 'markdow"):
        report(two_done(), "md")


def test_something_else_is_no_run():
    with pytest.raises(ArgumentError, match="`run` must be a Run; got DataFrame"):
        report(two_done().tasks)


def test_the_baseline_must_be_one_worker():
    with pytest.raises(ArgumentError, match="counted from there; got 2 workers"):
        report(two_done(), baseline=two_done())
