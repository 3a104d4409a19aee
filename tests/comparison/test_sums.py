"""What explains a change adds up to it, whatever was run."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import parallel_nb as pnb
from parallel_nb import schema

STATUSES = ["done", "done", "failed", "timeout", "crashed", "cancelled", "invalid"]


def seconds(most):
    return st.one_of(st.just(0.0), st.floats(1e-3, most))


@st.composite
def runs(draw, may_overlap=False):
    """Lanes, agents, dependencies, retries, start-ups; some numbers are not known."""
    n_workers = draw(st.integers(1, 4))
    agents = {agent: draw(st.integers(1, 2)) for agent in ("tester", "reviewer")}
    free, rows, startups = [0.0] * n_workers, [], []
    for worker in range(n_workers):
        if draw(st.booleans()):
            began, took = -draw(seconds(1.0)), draw(seconds(2.0))
            startups.append((worker, 100 + worker, began, began + took))
            free[worker] = max(0.0, began + took)
    n_tasks = draw(st.integers(1, 5))
    for task in range(n_tasks):
        agent = draw(st.sampled_from(["tester", "reviewer", ""]))
        for attempt in range(1, draw(st.integers(1, 3)) + 1):
            worker = draw(st.integers(0, n_workers - 1))
            started = free[worker] + draw(seconds(1.0))
            ended = started + draw(seconds(3.0))
            free[worker] = (started + ended) / 2 if may_overlap else ended
            submitted = draw(st.one_of(st.just(np.nan), st.just(started * 0.9)))
            cpu = draw(st.sampled_from([np.nan, 0.0, 0.7, 1.5])) * (ended - started)
            rows.append(
                {
                    "task": task,
                    "attempt": attempt,
                    "name": f"name {task % 4}",
                    "agent": agent,
                    "status": draw(st.sampled_from(STATUSES)),
                    "submitted": submitted,
                    "started": started,
                    "ended": ended,
                    "cpu": cpu,
                    "worker": worker,
                }
            )
    edges = [(b, a) for b in range(n_tasks) for a in range(b) if draw(st.booleans())]
    meta = pnb.Meta(
        n_workers=n_workers,
        backend="isolated",
        host="",
        cpu_count=4,
        started_at="",
        versions={},
        agents=agents,
    )
    return pnb.Run(
        schema.coerce(pd.DataFrame(rows)),
        meta,
        edges=pd.DataFrame(edges, columns=["task", "after"], dtype="int64"),
        startups=pd.DataFrame(
            {
                column: np.array([row[at] for row in startups], dtype)
                for at, (column, dtype) in enumerate(schema.STARTUPS.items())
            }
        ),
    )


def makespan(run):
    return float(run.summary()["makespan"].iat[0])


def work(run):
    return float(run.summary()["work"].iat[0])


def some(of):
    return st.lists(of.filter(lambda run: makespan(run) > 0), min_size=1, max_size=2)


quick = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(some(runs()), some(runs()))
def test_parts_tasks_and_factors_add_up_to_the_change(before, after):
    found = pnb.compare(before, after)
    change = np.mean([*map(makespan, after)]) - np.mean([*map(makespan, before)])
    assert found.parts["before"].sum() == pytest.approx(
        np.mean([*map(makespan, before)])
    )
    assert found.parts["change"].sum() == pytest.approx(change, abs=1e-9)
    kinds = found.parts.groupby("kind")["change"].sum()
    assert set(kinds.index) == {"work", "dispatch", "schedule"}
    assert kinds.sum() == pytest.approx(change, abs=1e-9)
    # Work is what the tasks took, and no part of it is anything else.
    assert found.tasks["change"].sum() == pytest.approx(kinds["work"], abs=1e-9)
    shares = [
        np.mean([work(run) / run.meta.n_workers for run in side])
        for side in (before, after)
    ]
    assert kinds["work"] == pytest.approx(shares[1] - shares[0], abs=1e-9)
    if all(work(run) > 0 for run in [*before, *after]):
        times = found.factors.set_index("factor")["times"]
        assert times[:-1].prod() == pytest.approx(times["makespan"])


@quick
@given(runs(may_overlap=True).filter(lambda run: makespan(run) > 0), some(runs()))
def test_parts_add_up_where_attempts_overlap_in_a_lane_too(before, after):
    found = pnb.compare(before, after)
    change = np.mean([*map(makespan, after)]) - makespan(before)
    assert found.parts["change"].sum() == pytest.approx(change, abs=1e-9)


def test_no_seconds_of_a_real_run_are_missing(tmp_path):
    import time

    def nap(i, path, pause):
        mark = path / f"{pause} {i}"
        time.sleep(pause)
        if i == 1 and not mark.exists():
            mark.touch()
            raise ValueError("again")

    def once(pause):
        first = pnb.Task(nap, 0, tmp_path, pause, agent="tester", name="first")
        return pnb.run(
            [
                first,
                pnb.Task(nap, 1, tmp_path, pause, name="again", retries=1),
                pnb.Task(nap, 2, tmp_path, pause, after=[first], name="after"),
            ],
            agents={"tester": 1},
            n_jobs=2,
            progress=False,
        )

    before, after = once(0.01), once(0.05)
    assert len(after.attempts) == 4
    found = pnb.compare(before, after)
    change = makespan(after) - makespan(before)
    assert found.parts["change"].sum() == pytest.approx(change)
    works = found.parts.loc[found.parts["kind"] == "work", "change"].sum()
    assert found.tasks["change"].sum() == pytest.approx(works)
    assert set(found.tasks["name"]) == {"first", "again", "after"}
