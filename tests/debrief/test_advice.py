"""What would help is what was found, and what failed comes first in what to do."""

import numpy as np
import pandas as pd
import pytest

from parallel_nb.debrief.advice import _parts, helps, recommendations
from parallel_nb.debrief.figures import figures
from parallel_nb.debrief.markdown import inline
from parallel_nb.diagnosis import findings

from ..making import agents_run, run_of


def told(run, baseline=None):
    """What would help, and what to do, as text."""
    of, found = figures(run, baseline), findings(run, baseline)
    todo = recommendations(of, run, found)
    return [list(map(inline, told.items)) for told in (helps(found), todo)]


def side_by_side(*seconds, n_workers=None, **fields):
    """A worker for each task, all of them begun at once."""
    rows = [
        (task, 1, None, "done", task, 0.0, took) for task, took in enumerate(seconds)
    ]
    return agents_run(*rows, n_workers=n_workers or len(rows), **fields)


def one_lane(*seconds, agent=None, lane=0, first=0, begin=0.0):
    """Rows of one task after another."""
    ends = (begin + np.cumsum(seconds)).tolist()
    return [
        (first + i, 1, agent, "done", lane, end - took, end)
        for i, (took, end) in enumerate(zip(seconds, ends, strict=True))
    ]


def test_each_finding_is_told_with_what_it_saves_and_its_remedy():
    rows = [*one_lane(1.0, 1.0, 4.0), *one_lane(1.0, 1.0, lane=1, first=3)]
    run = agents_run(*rows)
    (finding,) = findings(run)
    told_of, todo = told(run)
    assert told_of[0].startswith(
        "**The longest tasks came last: 6 s → 4 s (predicted, likely).** "
    )
    assert 'Start the longest tasks first: `order="longest_first"`' in todo[0]
    assert todo[0].endswith("That makes 4 s of 6 s (predicted, likely).")
    assert all(note in told_of[0] for note in finding.caveats)


def test_a_well_run_batch_is_told_that_nothing_is_to_be_gained():
    rows = [
        *one_lane(2.0, 2.0, 2.0, 2.0),
        *one_lane(2.0, 2.0, 2.0, 2.0, lane=1, first=4),
    ]
    told_of, todo = told(agents_run(*rows, cpu_count=8))
    assert told_of[0].startswith("**Nothing to gain.** ")
    assert "more workers make it shorter" in todo[0]


def test_what_failures_cost_is_told():
    run = run_of(
        (0, 1, "failed", 0, 0.0, 1.0),
        (0, 2, "done", 0, 1.0, 4.0),
        (1, 1, "crashed", 1, 0.0, 2.0),
    )
    told_of, todo = told(run)
    assert any("lost to failures and retries" in line.lower() for line in told_of)
    assert todo[:3] == [
        "Find out what ended the process of “job-1”.",
        "Errors and tracebacks are in `run.errors`.",
        "Find out why “job-0” succeeded only when tried again.",
    ]


def test_each_way_to_go_wrong_has_its_advice():
    statuses = ["failed", "invalid", "timeout", "crashed", "skipped"]
    rows = [
        (task, 1, status, 0, float(task), task + 1.0)
        for task, status in enumerate(statuses)
    ]
    _, todo = told(run_of(*rows))
    assert todo[:6] == [
        "Find out why “job-0” failed.",
        "See why the result of “job-1” is not valid.",
        "Allow more time for “job-2”, or split what is too long.",
        "Find out what ended the process of “job-3”.",
        "Errors and tracebacks are in `run.errors`.",
        "Run what was not run (1 task) once the cause is gone: `pnb.rerun(run)`.",
    ]


def test_many_tasks_are_named_by_the_first_of_them():
    rows = [(task, 1, "failed", 0, float(task), task + 1.0) for task in range(7)]
    _, todo = told(run_of(*rows))
    assert todo[0].endswith("“job-4” and 2 more failed.")


def test_what_was_not_needed_need_not_be_run():
    run = run_of(
        (0, 1, "done", 0, 0.0, 1.0), (1, 1, "cancelled", 1, 0.0, 1.0), n_workers=2
    )
    assert any("Run what was not run" in line for line in told(run)[1])
    won = agents_run(
        (0, 1, None, "done", 0, 0.0, 1.0),
        (1, 1, None, "cancelled", 1, 0.0, 1.0),
        ended_by="wait",
    )
    assert not any("Run what was not run" in line for line in told(won)[1])


def test_an_estimated_speedup_asks_to_be_measured():
    run = side_by_side(4.0, 4.0)
    assert told(run)[1][-1].startswith("Run the same tasks with one worker")
    baseline = agents_run(*one_lane(4.0, 4.0), n_workers=1)
    assert not any("one worker" in line for line in told(run, baseline)[1])


def test_what_is_slower_than_in_the_baseline_is_told():
    baseline = agents_run(*one_lane(2.0, 3.0), n_workers=1)
    told_of, _ = told(side_by_side(4.0, 6.0), baseline)
    assert any("Work inflation" in line for line in told_of)


def test_what_nobody_could_look_into_is_told():
    lanes_unknown = agents_run(*one_lane(2.0, 3.0), n_workers=1, lacks=("workers",))
    told_of, _ = told(lanes_unknown)
    assert told_of[-1].startswith("Not examined: ")


@pytest.mark.parametrize(
    "run",
    [
        run_of((0, 1, "done", 0, 0.0, 4.0), (1, 1, "done", 0, 0.0, 4.0), n_workers=1),
        run_of(
            (0, 1, "done", 0, 0.0, 4.0),
            (1, 1, "done", 1, 0.0, 4.0),
            edges=pd.DataFrame({"task": [1], "after": [0]}),
        ),
        agents_run(
            (0, 1, "a", "done", 0, 0.0, 4.0),
            (1, 1, "a", "done", 1, 0.0, 4.0),
            agents={"a": 1},
        ),
    ],
    ids=["overlap", "edge", "slots"],
)
def test_from_times_that_contradict_each_other_nothing_is_concluded(run):
    told_of, todo = told(run)
    assert told_of[0].startswith("**The times contradict each other.** ")
    assert told_of[1:] == [
        "Not examined: all else, until the times agree with each other."
    ]
    assert any(line.endswith("Check where the times come from.") for line in todo)


def test_where_nothing_ran_nothing_can_be_gained():
    for run in (
        run_of((0, 1, "skipped", -1, np.nan, np.nan)),
        run_of((0, 1, "done", 0, 1.0, 1.0)),
    ):
        told_of, _ = told(run)
        assert told_of == [
            "**Nothing ran.** No attempt is known to have taken any time."
        ]


def test_what_stands_between_backticks_is_code_if_it_may_be_ours():
    text = "".join(inline(part) for part in _parts("use `a|b`, not `ä` or “`x” y`"))
    assert text == "use `a|b`, not \\`ä\\` or “\\`x” y\\`"
