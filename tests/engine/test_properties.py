"""What must always hold, whatever is run: a final row each, results in their places."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import parallel_nb as pnb

from . import chores

DEEDS = st.sampled_from([0, 0, 0, 1, 2, "raise", "exit", "return unpicklable"])
DEATHS = st.sampled_from([0, 0, 0, 1, "raise", "SIGKILL", "_exit"])
BACKENDS = st.sampled_from(["isolated", "loky", "threading", "sequential"])

few = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def check(run, deeds):
    """One final row for each task, its status and its result in its place."""
    rows = run.attempts
    assert rows["task"].tolist() == list(range(len(deeds)))
    assert rows["attempt"].eq(1).all()
    results = run.results_or("none")
    for deed, status, result in zip(deeds, run.tasks["status"], results, strict=True):
        if isinstance(deed, int):
            assert (status, result) == ("done", deed)
        elif deed in ("SIGKILL", "_exit"):
            assert (status, result) == ("crashed", "none")
        elif deed != "return unpicklable" or run.meta.backend in ("isolated", "loky"):
            assert (status, result) == ("failed", "none")
        else:
            assert status == "done"
    summary = run.summary().iloc[0]
    assert summary["n_attempts"] == summary["n_tasks"] == len(deeds)


@few
@given(deeds=st.lists(DEEDS, max_size=60), n_jobs=st.integers(1, 4), backend=BACKENDS)
def test_every_task_has_one_final_row_on_every_backend(deeds, n_jobs, backend):
    run = pnb.run(chores.misbehave, deeds, n_jobs=n_jobs, backend=backend)
    check(run, deeds)


@few
@given(deeds=st.lists(DEATHS, max_size=30), n_jobs=st.integers(1, 3))
def test_every_death_is_one_row_and_nobody_is_executed_twice(
    deeds, n_jobs, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("marks")

    def work(numbered):
        i, deed = numbered
        chores.leave_mark(folder, i)
        return chores.misbehave(deed)

    run = pnb.run(work, list(enumerate(deeds)), n_jobs=n_jobs)
    check(run, deeds)
    assert chores.marks(folder) == {str(i): 1 for i in range(len(deeds))}


@few
@given(
    naps=st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.02]), max_size=40),
    is_stream=st.booleans(),
    backend=BACKENDS,
)
def test_results_are_in_input_order_whatever_tasks_last(naps, is_stream, backend):
    inputs = list(enumerate(naps))
    run = pnb.run(
        lambda numbered: (chores.nap(numbered[1]), numbered[0])[1],
        iter(inputs) if is_stream else inputs,
        n_jobs=3,
        backend=backend,
    )
    assert run.results == list(range(len(naps)))


@few
@given(
    costs=st.lists(st.floats(0, 10), min_size=1, max_size=40),
    n_jobs=st.integers(1, 3),
)
def test_any_costs_in_any_order_are_the_same_tasks(costs, n_jobs):
    run = pnb.run(
        chores.itself,
        costs,
        n_jobs=n_jobs,
        backend="threading",
        order="longest_first",
        cost=lambda cost: cost,
    )
    assert run.results == costs


@few
@given(
    n_before=st.integers(0, 30),
    backend=st.sampled_from(["isolated", "threading", "sequential"]),
)
def test_inputs_that_raise_anywhere_lose_nothing_before_it(n_before, backend):
    def inputs():
        yield from range(n_before)
        raise LookupError("no more")

    with pytest.raises(pnb.InputsFailed) as caught:
        pnb.run(chores.double, inputs(), n_jobs=2, backend=backend)
    assert caught.value.position == n_before
    assert caught.value.run.results == [2 * i for i in range(n_before)]
