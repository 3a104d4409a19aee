"""Schedules whose makespans are known from elsewhere: Graham, P||Cmax, STG.

Instances are read from a folder beside the repository; without it, these are skipped.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import parallel_nb as pnb
from parallel_nb.planning import plan
from parallel_nb.scheduling import critical_path, list_schedule
from parallel_nb.tasks import Task

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "external"
KNOWN = (
    json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))["schedules"]
    if (FOLDER / "expected.json").is_file()
    else {"pcmax": {}, "stg": {"optimum_by_m": {}}}
)
pytestmark = pytest.mark.skipif(
    "graham1969" not in KNOWN, reason=f"no instances in {FOLDER}"
)

PCMAX = [name for name in KNOWN["pcmax"] if name != "format"]
STG = [
    (name, int(m), optimum)
    for name, by_m in KNOWN["stg"]["optimum_by_m"].items()
    for m, optimum in by_m.items()
]


def numbers(name):
    text = (FOLDER / "schedules" / name).read_text(encoding="utf-8")
    return [
        [int(number) for number in line.split()]
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]


def graham():
    known = KNOWN["graham1969"]
    durations = [known["seconds"][str(at)] for at in range(1, 10)]
    after = [
        (int(task) - 1, other - 1)
        for task, others in known["after"].items()
        for other in others
    ]
    return np.array(durations, dtype=float), after, known["list_order_makespan"]


def pcmax(name):
    (n_workers,), (n_tasks,), *durations = numbers(name)
    assert len(durations) == n_tasks
    return n_workers, [duration for (duration,) in durations]


def stg(name):
    """Durations and edges; task numbers may begin at 0 or 1."""
    rows = numbers(name)[1:]
    place = {row[0]: at for at, row in enumerate(rows)}
    edges = [
        (at, place[before])
        for at, row in enumerate(rows)
        for before in row[3 : 3 + row[2]]
        if before in place
    ]
    return [row[1] for row in rows], edges


def test_more_workers_shorter_tasks_and_fewer_constraints_can_take_longer():
    durations, after, known = graham()
    fewer = [edge for edge in after if edge not in {(4, 3), (5, 3)}]
    other = np.array([1, 2, 4, 5, 6, 3, 9, 7, 8]) - 1
    found = {
        "m3": list_schedule(durations, 3, after=after),
        "m4": list_schedule(durations, 4, after=after),
        "m3_every_time_minus_1": list_schedule(durations - 1, 3, after=after),
        "m3_without_4-5_and_4-6": list_schedule(durations, 3, after=fewer),
        "m3_order_1_2_4_5_6_3_9_7_8": list_schedule(
            durations, 3, after=after, order=other
        ),
    }
    assert {case: each.makespan for case, each in found.items()} == known


def test_the_anomaly_costs_nothing_by_critical_path():
    durations, after, _ = graham()
    for n_workers in (3, 4):
        schedule = list_schedule(durations, n_workers, after=after, order="best")
        assert schedule.makespan == 12


@pytest.mark.parametrize("name", PCMAX)
def test_longest_first_is_as_published_and_the_best_within_a_percent(name):
    n_workers, durations = pcmax(name)
    known = KNOWN["pcmax"][name]
    if "lpt" in known:
        lpt = list_schedule(durations, n_workers, order="longest_first")
        assert lpt.makespan == known["lpt"]
    low, high = known.get("optimum_between", 2 * [known.get("optimum")])
    best = list_schedule(durations, n_workers, order="best").makespan
    assert low <= best <= 1.01 * high


@pytest.mark.parametrize(("name", "n_workers", "optimum"), STG)
def test_the_critical_path_leads_to_the_proved_optimum(name, n_workers, optimum):
    durations, after = stg(name)
    for order in ("critical_path", "best"):
        schedule = list_schedule(durations, n_workers, after=after, order=order)
        assert schedule.makespan == optimum


@pytest.mark.parametrize(("name", "n_workers", "optimum"), STG)
def test_a_plan_predicts_the_proved_optimum(name, n_workers, optimum):
    durations, after = stg(name)
    waits = {at: [] for at in range(len(durations))}
    for at, before in after:
        waits[at].append(f"task {before}")
    tasks = [
        Task(print, name=f"task {at}", after=waits[at], cost=duration)
        for at, duration in enumerate(durations)
    ]
    made = plan(tasks, n_jobs=n_workers)
    assert made.makespan == optimum
    assert made.span == sum(durations[at] for at in critical_path(durations, after))


def test_a_worst_case_of_longest_first_is_predicted_with_its_bound():
    for m in (2, 3, 5, 10):
        durations = [d for d in range(2 * m - 1, m, -1) for _ in "ab"] + 3 * [m]
        frame = pnb.predict(durations, [m], order="longest_first")
        assert frame["makespan"][0] == frame["lpt_bound"][0] == 4 * m - 1
        assert pnb.predict(durations, [m], order="best")["makespan"][0] == 3 * m


@pytest.mark.parametrize("name", PCMAX)
def test_the_best_order_is_predicted_within_a_percent_of_the_proved_optimum(name):
    n_workers, durations = pcmax(name)
    known = KNOWN["pcmax"][name]
    low, high = known.get("optimum_between", 2 * [known.get("optimum")])
    frame = pnb.predict(durations, [1, n_workers, 10 * n_workers], order="best")
    assert 0.999 * low <= frame["makespan"][1] <= 1.01 * high
    run = pnb.simulate(durations, n_workers=n_workers, order="best")
    assert low <= run.summary()["makespan"][0] <= 1.01 * high
    assert (frame["lower_bound"] <= frame["makespan"]).all()


@pytest.mark.parametrize(("name", "n_workers", "optimum"), STG)
def test_a_standard_task_graph_recorded_on_two_workers_is_predicted_for_others(
    name, n_workers, optimum
):
    durations, after = stg(name)
    recorded = pnb.simulate(durations, n_workers=2, after=after)
    frame = pnb.predict(recorded, [1, n_workers], order="critical_path", dispatch=0)
    row = frame.iloc[-1]
    assert frame["error"][0] == 0
    assert row["makespan"] == pytest.approx(optimum, rel=1e-3)
    assert row["lower_bound"] <= optimum <= row["graham_bound"]
