"""The numbers of a Run: by hand, where nothing ran, and their identities."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb import schema

from .making import agents_run, run_of, two_done


def test_the_summary_by_hand():
    run = run_of(
        (0, 1, "failed", 0, 1.0, 3.0),
        (0, 2, "done", 0, 3.0, 5.0),
        (1, 1, "done", 1, 1.0, 3.0),
        (2, 1, "skipped", -1, np.nan, np.nan),
        fields={"submitted": [0.0, 3.0, 0.0, np.nan]},
    )
    summary = run.summary()
    assert len(summary) == 1
    assert summary.iloc[0].to_dict() == {
        "n_tasks": 3,
        "done": 2,
        "failed": 0,
        "invalid": 0,
        "timeout": 0,
        "crashed": 0,
        "cancelled": 0,
        "skipped": 1,
        "n_attempts": 4,
        "n_workers": 2,
        "work": 6.0,
        "span": 4.0,
        "makespan": 5.0,
        "speedup_estimated": 1.2,
        "efficiency": 0.6,
        "utilization": 0.6,
        "load_balance": 0.75,
        "dispatch_efficiency": 0.8,
        "throughput": 0.4,
        "success_rate": pytest.approx(2 / 3),
        "retries": 1,
        "longest_task": 0,
        "longest_name": "job-0",
    }


def test_the_span_follows_the_edges():
    chained = run_of(
        (0, 1, "done", 0, 0.0, 4.0),
        (1, 1, "done", 1, 4.0, 6.0),
        edges=pd.DataFrame({"task": [1], "after": [0]}),
    )
    assert chained.summary().at[0, "span"] == 6.0


def test_the_makespan_begins_at_the_start_where_submission_is_unknown():
    run = run_of((0, 1, "done", 0, 1.0, 3.0), (1, 1, "done", 1, 2.0, 4.0))
    assert run.summary().at[0, "makespan"] == 3.0


def test_a_run_in_which_nothing_ran_has_no_speedup():
    summary = run_of((0, 1, "skipped", -1, np.nan, np.nan)).summary().iloc[0]
    assert summary["work"] == 0.0
    assert summary[["makespan", "speedup_estimated", "load_balance"]].isna().all()
    assert summary["success_rate"] == 0.0
    assert summary["longest_task"] == -1
    assert pd.isna(summary["longest_name"])


def test_an_end_without_any_beginning_is_no_makespan():
    summary = run_of((0, 1, "crashed", 0, np.nan, 3.0)).summary().iloc[0]
    assert pd.isna(summary["makespan"])
    assert summary["crashed"] == 1


def test_an_empty_run_can_be_summed_up():
    run = run_of()
    assert run.n_tasks == 0
    assert len(run.tasks) == 0
    assert pd.isna(run.summary().at[0, "success_rate"])
    assert repr(run) == "<Run 0 tasks · 2 workers (isolated)>"


def test_attempts_too_short_for_the_clock_do_not_break_the_summary():
    summary = run_of((0, 1, "done", 0, 1.0, 1.0)).summary().iloc[0]
    assert summary["makespan"] == 0.0
    assert summary[["speedup_estimated", "utilization", "throughput"]].isna().all()


def test_summaries_of_runs_can_be_stacked():
    both = pd.concat([two_done().summary(), run_of().summary()])
    assert both.dtypes.to_dict() == two_done().summary().dtypes.to_dict()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.001, 100)), min_size=1))
def test_summaries_keep_the_identities(tasks):
    clock = [0.0] * 4
    rows = []
    for task, (worker, seconds) in enumerate(tasks):
        rows.append((task, 1, "done", worker, clock[worker], clock[worker] + seconds))
        clock[worker] += seconds
    row = run_of(*rows, n_workers=4).summary().iloc[0]
    product = row["load_balance"] * row["dispatch_efficiency"]
    assert row["utilization"] == pytest.approx(product)
    assert row["efficiency"] == pytest.approx(row["utilization"])
    lower_bound = max(row["work"] / row["n_workers"], row["span"])
    assert lower_bound <= row["makespan"] * (1 + 1e-12)


# Agents


def test_three_agents_of_one_slot_by_hand():
    run = agents_run(
        (0, 1, "a", "done", 0, 0.0, 900.0),
        (1, 1, "b", "done", 1, 0.0, 600.0),
        (2, 1, "c", "done", 2, 0.0, 480.0),
        agents={"a": 1, "b": 1, "c": 1},
        n_workers=3,
    )
    assert run.agents["utilization"].to_list() == pytest.approx([1, 2 / 3, 8 / 15])
    assert run.agents["idle"].to_list() == [0.0, 300.0, 420.0]
    assert run.agents["load"].to_list() == pytest.approx([15 / 33, 10 / 33, 8 / 33])
    summary = run.summary().iloc[0]
    assert summary["speedup_estimated"] == pytest.approx(2.2)
    assert summary["efficiency"] == pytest.approx(11 / 15)


def test_agents_by_hand():
    run = agents_run(
        (0, 1, "b", "failed", 0, 0.0, 2.0),
        (0, 2, "b", "done", 0, 2.0, 5.0),
        (1, 1, None, "invalid", 1, 0.0, 4.0),
        (2, 1, "b", "skipped", -1, np.nan, np.nan),
        (3, 1, "other", "done", 1, 4.0, 10.0),
        agents={"a": 2, "b": 1},
    )
    agents = run.agents.set_index("agent")
    assert agents.index.to_list() == ["a", "b", "other", ""]
    assert agents["slots"].to_list() == [2, 1, 0, 2]
    assert agents["n_tasks"].to_list() == [0, 2, 1, 1]
    assert agents["done"].to_list() == [0, 1, 1, 0]
    assert agents["invalid"].to_list() == [0, 0, 0, 1]
    assert agents["skipped"].to_list() == [0, 1, 0, 0]
    assert agents["busy"].to_list() == [0.0, 5.0, 6.0, 4.0]
    assert agents["idle"].to_list() == pytest.approx(
        [20.0, 5.0, np.nan, 16.0], nan_ok=True
    )
    assert agents["utilization"].to_list() == pytest.approx(
        [0.0, 0.5, np.nan, 0.2], nan_ok=True
    )
    assert agents["load"].to_list() == pytest.approx([0.0, 1 / 3, 0.4, 4 / 15])
    assert agents["longest_task"].to_list() == [-1, 0, 3, 1]
    assert agents["longest_name"].fillna("none").to_list() == [
        "none",
        "job-0",
        "job-3",
        "job-1",
    ]


def test_of_tasks_equally_long_the_first_is_the_longest():
    row = ("a", "done", 0, 0.0, 1.0)
    run = agents_run((0, 1, *row), (1, 1, *row), (2, 1, *row))
    assert run.agents["longest_task"].to_list() == [0]
    assert run.agents["longest_task"].iat[0] == run.summary()["longest_task"].iat[0]


def test_an_agent_without_a_name_is_anyone():
    run = agents_run((0, 1, "", "done", 0, 0.0, 1.0), (1, 1, None, "done", 1, 0.0, 1.0))
    assert run.agents[["agent", "slots", "n_tasks"]].to_numpy().tolist() == [["", 2, 2]]


def test_where_nothing_ran_agents_have_no_shares():
    run = agents_run((0, 1, "a", "skipped", -1, np.nan, np.nan), agents={"a": 1})
    row = run.agents.iloc[0]
    assert row[["n_tasks", "skipped", "busy"]].to_list() == [1, 1, 0.0]
    assert row[["idle", "utilization", "load"]].isna().all()
    assert agents_run().agents.empty
    assert agents_run(agents={"a": 1}).agents["n_tasks"].to_list() == [0]
    dtypes = agents_run().agents.dtypes.to_dict()
    assert dtypes == two_done().agents.dtypes.to_dict()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.sampled_from(schema.STATUSES),
            st.integers(0, 2),
            st.floats(0.001, 100),
        ),
        min_size=1,
    )
)
def test_agents_add_up_to_the_run(tasks):
    clock = [0.0] * 3
    rows = []
    for task, (agent, status, worker, seconds) in enumerate(tasks):
        began = clock[worker]
        clock[worker] += seconds
        rows.append((task, 1, agent, status, worker, began, clock[worker]))
    run = agents_run(*rows, agents={"a": 2, "b": 1}, n_workers=3)
    agents, summary = run.agents, run.summary().iloc[0]
    paid = agents["slots"] * summary["makespan"]
    assert agents["busy"].sum() == pytest.approx(summary["work"])
    assert (agents["busy"] + agents["idle"]).to_list() == pytest.approx(paid.to_list())
    assert (agents["utilization"] * paid).to_list() == pytest.approx(
        agents["busy"].to_list()
    )
    assert agents["load"].sum() == pytest.approx(1)
    for status in schema.STATUSES:
        assert agents[status].sum() == summary[status]
    assert agents["n_tasks"].sum() == run.n_tasks
    assert summary["longest_task"] in agents["longest_task"].to_list()
