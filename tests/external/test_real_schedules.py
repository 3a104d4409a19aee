"""Published instances, slept through: a run takes as long as its plan says.

Durations and edges are those of the literature, in units short enough for a test.
"""

import pytest

import parallel_nb as pnb
from parallel_nb.planning import plan
from parallel_nb.tasks import Task
from tests.engine import chores

from .test_schedules import FOLDER, KNOWN, graham, pcmax, stg

pytestmark = pytest.mark.skipif(
    "graham1969" not in KNOWN, reason=f"no instances in {FOLDER}"
)


def check_sleeps(durations, after, n_workers, *, optimum, unit):
    """Sleep through them: the optimum, within 5 % and what handing tasks on took.

    `unit` is how many seconds stand for one in the literature.
    """
    tasks = []
    for at, duration in enumerate(durations):
        waits = [tasks[before] for task, before in after if task == at]
        seconds = float(duration) * unit
        name = f"task {at}"
        tasks.append(Task(chores.nap, seconds, name=name, cost=seconds, after=waits))
    made = plan(tasks, n_jobs=n_workers)
    assert made.makespan == pytest.approx(optimum * unit)
    run = pnb.run(made, backend="threading")
    rows = run.tasks
    assert set(rows["status"]) == {"done"}
    dispatch = (rows["received"] - rows["submitted"] - made.costs.values).sum()
    makespan = run.summary()["makespan"][0]
    assert made.makespan <= makespan <= 1.05 * made.makespan + dispatch


def test_grahams_graph_takes_its_12_units():
    durations, after, _ = graham()
    check_sleeps(durations, after, 3, optimum=12, unit=0.06)


def test_a_standard_task_graph_takes_its_optimum():
    optimum = KNOWN["stg"]["optimum_by_m"]["rand0000.stg"]["8"]
    check_sleeps(*stg("rand0000.stg"), 8, optimum=optimum, unit=0.02)


def test_independent_tasks_take_their_optimum():
    name = "PCMAX_U_1_0010_05_3.txt"
    n_workers, durations = pcmax(name)
    optimum = KNOWN["pcmax"][name]["optimum"]
    check_sleeps(durations, [], n_workers, optimum=optimum, unit=0.006)
