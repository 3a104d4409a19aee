"""`compare`: verdicts, and parts that add up, on Runs that are written out."""

import math

import numpy as np
import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb.comparison import judging, ratios
from parallel_nb.errors import ArgumentError


def run(seconds, names=None, workers=None, label="", submitted=None, **extras):
    """A Run whose tasks run one after another on each worker."""
    seconds = np.asarray(seconds, float)
    workers = np.zeros(len(seconds), int) if workers is None else np.asarray(workers)
    ended = pd.Series(seconds).groupby(workers).cumsum().to_numpy()
    table = {
        "task": names or [f"t{i}" for i in range(len(seconds))],
        "started": ended - seconds,
        "ended": ended,
        "worker": workers,
    }
    return pnb.Run.from_frame(pd.DataFrame(table), label=label, **extras)


def repeats(n, factor=1.0, noise=0.01, seed=0, n_tasks=6, workers=(0, 1, 0, 1, 0, 1)):
    stream = np.random.default_rng(seed)
    base = np.array([1.0, 2.0, 3.0, 1.5, 2.5, 3.5])[:n_tasks]
    return [
        run(factor * base * np.exp(stream.normal(0, noise)), workers=workers[:n_tasks])
        for _ in range(n)
    ]


def test_a_slower_side_is_slower_and_the_other_way_round_faster():
    before, after = repeats(6), repeats(6, 1.3, seed=1)
    found = pnb.compare(before, after)
    assert found.verdict == "slower"
    assert found.ratio == pytest.approx(1.3, rel=0.03)
    assert found.low > 1
    back = pnb.compare(after, before)
    assert back.verdict == "faster"
    assert back.ratio == pytest.approx(1 / found.ratio)


def test_the_same_is_no_difference():
    found = pnb.compare(repeats(8), repeats(8, seed=1))
    assert found.verdict == "no difference seen"
    assert found.needed == 0


def test_noise_hides_a_difference_and_says_how_many_repeats_would_tell():
    found = pnb.compare(repeats(4, noise=0.2), repeats(4, 1.02, noise=0.2, seed=1))
    assert found.verdict == "can't tell"
    assert found.needed > 50


def test_a_change_within_the_tolerance_does_not_count():
    before, after = repeats(8, noise=0.001), repeats(8, 1.03, noise=0.001, seed=1)
    assert pnb.compare(before, after).verdict == "no difference seen"
    assert pnb.compare(before, after, tolerance=0.01).verdict == "slower"


def test_parts_add_up_to_the_difference_of_makespans():
    before = run([4.0, 2.0, 3.0], workers=[0, 1, 1])
    after = run([4.0, 2.0, 5.0, 1.0], workers=[0, 1, 1, 2])
    found = pnb.compare(before, after)
    assert found.parts["before"].sum() == pytest.approx(5.0)
    assert found.parts["after"].sum() == pytest.approx(7.0)
    assert found.parts["change"].sum() == pytest.approx(2.0)
    times = found.factors.set_index("factor")["times"]
    assert times[:-1].prod() == pytest.approx(times["makespan"])
    assert times["makespan"] == pytest.approx(7 / 5)


def test_one_slower_task_explains_the_whole_change():
    seconds = np.linspace(1.0, 2.0, 30)
    slower = seconds.copy()
    slower[7] += 10
    found = pnb.compare(run(seconds), run(slower))
    first = found.tasks.iloc[0]
    assert first["name"] == "t7"
    assert first["changed"]
    assert first["change"] == pytest.approx(10.0)
    assert found.tasks["changed"].sum() == 1
    assert "task 't7' +10 s" in str(found)


def test_a_longer_wait_with_the_same_work_is_schedule():
    before = run([2.0, 2.0], workers=[0, 1])
    after = run([2.0, 2.0], workers=[0, 0], n_workers=2)
    kinds = pnb.compare(before, after).parts.groupby("kind")["change"].sum()
    assert kinds["work"] == pytest.approx(0.0)
    assert kinds["work"] + kinds["schedule"] + kinds["dispatch"] == pytest.approx(2.0)


def test_added_and_removed_tasks_are_named():
    before = run([1.0, 2.0], names=["a", "b"])
    after = run([1.0, 3.0], names=["a", "c"])
    tasks = pnb.compare(before, after).tasks.set_index("name")
    assert tasks["status"].to_dict() == {"c": "added", "b": "removed", "a": "both"}
    assert tasks.loc["c", "change"] == pytest.approx(3.0)


def test_tasks_of_one_name_are_matched_by_place():
    before = run([1.0, 2.0, 3.0], names=["f", "f", "f"])
    after = run([1.0, 2.0, 6.0], names=["f", "f", "f"])
    tasks = pnb.compare(before, after).tasks
    assert tasks.iloc[0][["name", "place"]].tolist() == ["f", 2]
    assert not any("share names" in note for note in pnb.compare(before, after).notes)
    fewer = pnb.compare(before, run([1.0, 2.0], names=["f", "f"]))
    assert any("share names" in note for note in fewer.notes)


def test_one_run_each_is_judged_over_its_tasks_and_says_so():
    stream = np.random.default_rng(0)
    seconds = stream.lognormal(0, 1, 300)
    found = pnb.compare(
        run(seconds), run(1.5 * seconds * stream.lognormal(0, 0.05, 300))
    )
    assert found.basis == "tasks"
    assert found.verdict == "slower"
    assert "one run each" in found.notes[0]
    barely = pnb.compare(run(seconds), run(1.06 * seconds))
    assert barely.verdict == "can't tell"
    assert pnb.compare(run(seconds), run(1.2 * seconds)).verdict == "slower"


def test_what_a_machine_does_to_all_tasks_of_a_run_is_no_change():
    stream = np.random.default_rng(1)
    base = stream.lognormal(0, 0.5, 40)

    def once():
        noise = stream.normal(0, 0.05, 40) + stream.normal(0, 0.03)
        return base * np.exp(noise)

    verdicts = [
        judging.verdict(ratios.of_tasks(once(), once()), 0.05) for _ in range(300)
    ]
    assert sum(each in ("slower", "faster") for each in verdicts) <= 0.05 * 300


def test_runs_whose_tasks_took_no_time_are_compared_without_factors():
    def waited(seconds):
        table = {
            "task": ["a", "b"],
            "submitted": -seconds,
            "started": 0.0,
            "ended": 0.0,
        }
        return pnb.Run.from_frame(pd.DataFrame(table))

    found = pnb.compare(waited(1.0), waited(2.0))
    assert found.ratio == pytest.approx(2.0)
    assert found.parts["change"].sum() == pytest.approx(1.0)
    assert found.factors["times"].isna().any()
    assert math.isnan(pnb.compare(waited(1.0), run([1.0])).low)


def test_a_thousandfold_is_written_out():
    after = [run([1234.5 * x]) for x in (1.0, 1.001, 1.002, 1.003)]
    before = [run([x]) for x in (1.0, 1.001, 1.002, 1.003)]
    assert "1,235× as long" in pnb.compare(before, after).headline


def test_a_sweep_that_gained_here_and_lost_there_is_not_the_same():
    before, after = sweep(n=(1, 2)), sweep(n=(1, 2), seed=1)
    table = after.table.assign(time=1 / after.throughput)
    table.loc[table["n_workers"] == 1, "time"] *= 0.7
    table.loc[table["n_workers"] == 2, "time"] /= 0.7
    mixed = pnb.Sweep.from_frame(table, n="n_workers", time="time")
    found = pnb.compare(before, mixed)
    assert found.verdict == "can't tell"
    assert "faster with 1 workers; slower with 2 workers" in found.notes[0]


def test_other_tasks_do_not_speak_for_the_rest():
    before = run(np.ones(20), names=[f"a{i}" for i in range(20)])
    after = run(np.ones(20) * 2, names=[f"b{i}" for i in range(20)])
    found = pnb.compare(before, after)
    assert found.verdict == "can't tell"
    assert found.basis == "nothing"
    assert "0 % of the work" in found.notes[0]


def test_what_differs_beside_the_makespan_is_said():
    found = pnb.compare(
        run([1.0] * 6, backend="loky"), run([1.0] * 6, backend="threading", n_workers=2)
    )
    told = " ".join(found.notes)
    assert "not the same backend: loky → threading" in told
    assert "not the same n_workers: 1 → 2" in told


def test_runs_that_did_less_are_said():
    table = {"task": ["a", "b"], "started": 0.0, "ended": [1.0, 2.0]}
    failed = pnb.Run.from_frame(pd.DataFrame({**table, "status": ["done", "failed"]}))
    found = pnb.compare(run([1.0, 2.0], names=["a", "b"]), failed)
    assert any("after: not all tasks are done in 1 of 1" in n for n in found.notes)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("text", "must be a Run"),
        ([], "at least one Run"),
        ([1], "Runs only; got int at 0"),
        (pnb.Sweep.from_frame(pd.DataFrame({"n": [1], "s": [1.0]}), n="n", time="s"),
         "must be a Sweep"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(before, words):
    with pytest.raises(ArgumentError, match=words):
        pnb.compare(before, run([1.0]))


def test_a_tolerance_of_five_is_no_share():
    with pytest.raises(ArgumentError, match=r"0\.05 for 5 %; got 5"):
        pnb.compare(run([1.0]), run([1.0]), tolerance=5)


def test_a_run_in_which_nothing_ran_is_refused():
    nothing = pnb.Run.from_frame(
        pd.DataFrame(
            {"task": ["a"], "started": [math.nan], "ended": [math.nan],
             "status": ["cancelled"]}
        )
    )  # fmt: skip
    with pytest.raises(ArgumentError, match="nothing did in number 0"):
        pnb.compare(run([1.0]), nothing)


def sweep(factor=1.0, seed=0, measure="time", n=(1, 2, 4), label="", scale="strong"):
    stream = np.random.default_rng(seed)
    rows = [
        {"n": k, "value": factor * 8 / k * math.exp(stream.normal(0, 0.01))}
        for k in n
        for _ in range(6)
    ]
    table = pd.DataFrame(rows)
    if measure == "throughput":
        table["value"] = 1 / table["value"]
    named = {measure: "value"}
    return pnb.Sweep.from_frame(table, n="n", **named, label=label, scale=scale)


@pytest.mark.parametrize("measure", ["time", "throughput"])
def test_sweeps_are_compared_at_each_number_of_workers(measure):
    found = pnb.compare(sweep(measure=measure), sweep(1.2, 1, measure=measure))
    assert found.verdict == "slower"
    assert found.ratio == pytest.approx(1.2, rel=0.02)
    assert found.measurements["n_workers"].tolist() == [1, 2, 4]
    assert (found.measurements["verdict"] == "slower").all()
    assert "over 3 numbers of workers" in found.headline


def test_numbers_of_workers_that_only_one_sweep_has_are_left_out_and_said():
    found = pnb.compare(sweep(n=(1, 2, 4)), sweep(n=(2, 4, 8), seed=1))
    assert found.measurements["n_workers"].tolist() == [2, 4]
    assert "only before: 1 workers" in found.notes
    assert "only after: 8 workers" in found.notes


def test_sweeps_without_anything_in_common_are_refused():
    with pytest.raises(ArgumentError, match="in common"):
        pnb.compare(sweep(n=(1, 2)), sweep(n=(4, 8)))


def test_weak_and_strong_sweeps_are_never_mixed():
    with pytest.raises(ArgumentError, match="strong"):
        pnb.compare(sweep(), sweep(scale="weak"))


def test_sweeps_of_runs_are_explained_where_both_had_most_workers():
    def of(factor, seed):
        runs = [*repeats(3, factor, seed=seed, workers=[0] * 6)]
        runs += repeats(3, factor, seed=seed + 9)
        return pnb.Sweep.from_runs(runs)

    found = pnb.compare(of(1.0, 0), of(1.4, 1))
    assert found.n_workers == (2, 2)
    assert found.parts["change"].sum() > 0
    assert "with 2 workers" in str(found)


def test_no_alarm_on_the_same_batch_run_twice_for_real():
    def nap(seconds):
        import time

        time.sleep(seconds)

    before, after = [], []
    for _ in range(4):
        for side in (before, after):
            side.append(pnb.run(nap, [0.02] * 8, n_jobs=2, backend="threading"))
    found = pnb.compare(before, after, tolerance=0.2)
    assert found.verdict in ("no difference seen", "can't tell")
    assert found.parts["before"].sum() == pytest.approx(
        np.mean(found.makespans[0]), rel=1e-6
    )


def with_failures(seconds, n_failed):
    """The last tasks fail after a tenth of their time."""
    took = np.array(seconds, float)
    took[len(took) - n_failed :] /= 10
    table = {"task": [f"t{i}" for i in range(len(took))], "worker": 0}
    ended = np.cumsum(took)
    status = ["done"] * (len(took) - n_failed) + ["failed"] * n_failed
    times = {"started": ended - took, "ended": ended, "status": status}
    return pnb.Run.from_frame(pd.DataFrame({**table, **times}))


def test_a_side_that_is_shorter_since_it_failed_is_not_called_faster():
    seconds = np.linspace(1, 2, 40)
    whole = [run(seconds * x) for x in (1.0, 1.01, 0.99, 1.0, 1.0)]
    failed = [with_failures(seconds * x, 12) for x in (1.0, 1.01, 0.99, 1.0, 1.0)]
    for before, after in ((whole, failed), (failed, whole)):
        found = pnb.compare(before, after)
        assert found.verdict == "can't tell"
        assert found.needed == 0
        assert "less time may come of that" in " ".join(found.notes)
    assert pnb.compare(whole[0], with_failures(seconds, 12)).verdict == "can't tell"


def test_a_few_failures_do_not_hide_that_it_got_much_faster():
    seconds = np.linspace(1, 2, 40)
    whole = [run(seconds * x) for x in (1.0, 1.01, 0.99, 1.0, 1.0)]
    failed = [with_failures(seconds * x / 2, 2) for x in (1.0, 1.01, 0.99, 1.0, 1.0)]
    assert pnb.compare(whole, failed).verdict == "faster"
    # Slower for all that it left out: that is sure.
    failed = [with_failures(seconds * 3 * x, 2) for x in (1.0, 1.01, 0.99, 1.0, 1.0)]
    assert pnb.compare(whole, failed).verdict == "slower"


def test_a_mean_that_is_not_the_median_is_told_as_one():
    before = [run([1.0]) for _ in range(5)]
    after = [run([2.0 + 10 * (i == 0)]) for i in range(5)]
    found = pnb.compare(before, after)
    assert found.after - found.before == pytest.approx(1.0)
    assert found.reasons[0].startswith("+3 s on average: work +3 s")


def test_dispatch_that_was_slow_once_may_be_chance():
    def late(seconds, pause):
        table = {"task": range(20), "submitted": 0.0, "worker": 0}
        ended = np.cumsum(np.full(20, seconds + pause))
        times = {"started": ended - seconds, "ended": ended}
        return pnb.Run.from_frame(pd.DataFrame({**table, **times}))

    found = pnb.compare(late(1.0, 0.1), late(1.0, 1.5))
    assert found.ratio > 2
    assert found.verdict == "can't tell"
    assert pnb.compare(late(1.0, 0.1), late(1.5, 1.5)).verdict == "slower"
    several = [[late(1.0, pause + i / 100) for i in range(5)] for pause in (0.1, 1.5)]
    assert pnb.compare(*several).verdict == "slower"


def test_ids_and_paths_are_no_runs_and_a_hint_says_how_to_get_them():
    with pytest.raises(ArgumentError, match=r"store\.load\(id\)"):
        pnb.compare("20250301", "20250302")
