"""`ledger`: whose time is what, on runs small enough to count by hand."""

import math

import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb import ArgumentError, Run, ledger
from tests.engine import chores

from .making import NAN, run_of, spent


def on(worker, started, ended, **fields):
    return {"worker": worker, "started": started, "ended": ended, **fields}


# --- inside attempts ---


def test_cpu_is_useful_and_the_rest_of_an_attempt_is_waiting():
    found = ledger(run_of(on(0, 0, 4, cpu=3), on(1, 0, 4, cpu=0)))
    assert spent(found) == {"useful": 3, "waiting": 5}
    assert str(found) == "useful 38 %, waiting inside attempts 62 %"


def test_what_nobody_measured_is_neither_useful_nor_waiting():
    found = ledger(run_of(on(0, 0, 4, cpu=NAN), on(1, 0, 4, cpu=1)))
    assert spent(found) == {"useful": 1, "waiting": 3, "unmeasured": 4}
    assert "in attempts of unknown CPU time 50 %" in str(found)


def test_without_any_cpu_times_nothing_is_called_useful():
    found = ledger(run_of(on(0, 0, 4, cpu=NAN), on(1, 0, 3, cpu=NAN)))
    assert (
        str(found)
        == "in attempts of unknown CPU time 88 %, waiting for the slowest 12 %"
    )


def test_cpu_of_inner_threads_is_told_and_not_counted():
    found = ledger(run_of(on(0, 0, 4, cpu=10), on(1, 0, 4, cpu=4)))
    assert spent(found) == {"useful": 8}
    assert found.excess_cpu == 6


@pytest.mark.parametrize(
    "status", ["failed", "invalid", "timeout", "crashed", "cancelled"]
)
def test_an_attempt_that_is_not_done_is_lost_cpu_and_all(status):
    found = ledger(run_of(on(0, 0, 4, status=status), on(1, 0, 4)))
    assert spent(found) == {"useful": 4, "lost": 4}
    assert found.lost.to_dict("records") == [
        {"why": status, "n_attempts": 1, "seconds": 4.0}
    ]


def test_what_another_attempt_superseded_is_lost_by_that_name():
    found = ledger(
        run_of(
            on(0, 0, 1, task=0, attempt=1),
            on(0, 1, 4, task=0, attempt=2),
            on(1, 0, 2, task=1, attempt=1, status="failed"),
            on(1, 2, 4, task=1, attempt=2),
        )
    )
    assert spent(found) == {"useful": 5, "lost": 3}
    assert dict(zip(found.lost["why"], found.lost["seconds"], strict=True)) == {
        "failed": 2,
        "superseded": 1,
    }


def test_the_cpu_of_lost_attempts_is_no_excess():
    found = ledger(run_of(on(0, 0, 4, cpu=9, status="failed"), n_workers=1))
    assert found.excess_cpu == 0


# --- between attempts ---


def test_after_its_last_attempt_a_worker_waits_for_the_slowest():
    assert spent(ledger(run_of(on(0, 0, 4), on(1, 0, 1)))) == {"useful": 5, "tail": 3}


def test_start_ups_count_where_no_attempt_runs():
    run = run_of(on(0, 2, 5), on(1, 3, 5), startups=[(0, -1, 1), (1, -1, 4), (1, 4, 9)])
    # The run begins with the first start-up; what goes on beside an attempt, or after
    # the end, takes nobody's time.
    found = ledger(run)
    assert found.makespan == run.summary()["makespan"][0] == 6
    assert spent(found) == {"useful": 5, "startup": 6, "dispatch": 1}


def test_start_ups_that_overlap_each_other_count_once():
    run = run_of(on(0, 4, 5), n_workers=1, startups=[(0, 0, 3), (0, 1, 4), (0, 2, 2)])
    assert spent(ledger(run)) == {"useful": 1, "startup": 4}


def test_a_start_up_of_which_nobody_saw_the_end_has_no_time():
    run = run_of(on(0, 2, 5), n_workers=1, startups=[(0, 0, NAN)])
    assert spent(ledger(run)) == {"useful": 3, "dispatch": 2}


def test_a_worker_that_starts_and_gets_nothing_waits_for_the_slowest():
    run = run_of(on(0, 0, 4), startups=[(1, 0, 1)])
    assert spent(ledger(run)) == {"useful": 4, "startup": 1, "tail": 3}


def test_idle_while_a_task_is_ready_is_dispatch():
    found = ledger(run_of(on(0, 0, 1), on(0, 3, 4), on(1, 0, 4)))
    assert spent(found) == {"useful": 6, "dispatch": 2}


def test_idle_while_none_is_ready_is_blocked():
    found = ledger(run_of(on(0, 0, 1), on(0, 3, 4, ready=2.5), on(1, 0, 4)))
    assert spent(found) == {"useful": 6, "dispatch": 0.5, "blocked": 1.5}


def test_a_task_that_waits_inside_a_chunk_of_another_worker_could_have_been_taken():
    # Worker 1 has the last two in one chunk while worker 0 has nothing until 6.
    rows = [on(0, 0, 1), on(1, 0, 3), on(1, 3, 6), on(0, 6, 7, ready=5)]
    found = ledger(run_of(*rows))
    assert found.workers.loc[0, ["dispatch", "blocked"]].tolist() == [2 + 1, 2]


def test_a_worker_without_attempts_is_in_the_tail_unless_it_could_have_had_one():
    found = ledger(run_of(on(0, 0, 1), on(0, 1, 4)))
    assert found.workers.loc[1, ["dispatch", "tail"]].tolist() == [1, 3]


def test_a_pause_before_a_retry_is_blocked():
    found = ledger(
        run_of(
            on(0, 0, 1, task=0, attempt=1, status="failed"),
            on(0, 5, 6, task=0, attempt=2, ready=5),
            n_workers=1,
        )
    )
    assert spent(found) == {"useful": 1, "lost": 1, "blocked": 4}


def test_a_task_of_an_agent_without_a_free_slot_cannot_be_taken():
    rows = [on(0, 0, 3, agent="tester"), on(1, 3, 4, agent="tester"), on(1, 0, 1)]
    assert spent(ledger(run_of(*rows, agents={"tester": 1}))) == {
        "useful": 5,
        "blocked": 2,
        "tail": 1,
    }
    assert spent(ledger(run_of(*rows, agents={"tester": 2}))) == {
        "useful": 5,
        "dispatch": 2,
        "tail": 1,
    }


def test_a_task_that_never_started_could_have_been_taken_until_it_was_cancelled():
    rows = [on(0, 0, 1), on(0, 5, 6, ready=5), {"status": "cancelled", "received": 3}]
    found = ledger(run_of(*rows, n_workers=1))
    assert spent(found) == {"useful": 2, "dispatch": 2, "blocked": 2}


def test_a_task_that_was_skipped_waited_for_nobody():
    rows = [on(0, 0, 1), on(0, 5, 6, ready=5), {"status": "skipped", "ready": NAN}]
    assert spent(ledger(run_of(*rows, n_workers=1))) == {"useful": 2, "blocked": 4}


# --- when nobody noted it ---


def test_where_ready_is_unknown_it_follows_from_edges_and_a_note_says_so():
    rows = [on(0, 0, 1, ready=NAN), on(1, 0, 3, ready=NAN), on(0, 4, 5, ready=NAN)]
    found = ledger(run_of(*rows, edges=[(2, 1)]))
    assert found.workers.loc[0, ["blocked", "dispatch"]].tolist() == [2, 1]
    (note,) = found.notes
    assert note.startswith("nobody noted when 3 of 3 attempts became ready")


def test_where_ready_is_unknown_submission_stands_in():
    rows = [on(0, 0, 1, ready=NAN), on(0, 4, 5, ready=NAN, submitted=3)]
    assert spent(ledger(run_of(*rows, n_workers=1))) == {
        "useful": 2,
        "blocked": 2,
        "dispatch": 1,
    }


def test_where_ready_is_unknown_a_retry_is_ready_when_the_attempt_before_has_ended():
    rows = [
        on(1, 0, 3, ready=NAN, task=0, attempt=1, status="failed"),
        on(0, 4, 5, ready=NAN, task=0, attempt=2),
        on(0, 0, 1, ready=NAN, task=1),
    ]
    found = ledger(run_of(*rows))
    assert found.workers.loc[0, ["blocked", "dispatch"]].tolist() == [2, 1]


def test_where_start_ups_are_not_noted_the_time_before_the_first_attempt_is_one():
    rows = [on(0, 1, 4), on(1, 2, 3), on(1, 3.5, 4)]
    seen = ledger(run_of(*rows, {"submitted": 0.0, "ended": 0.0}))
    unseen = ledger(run_of(*rows, {"submitted": 0.0, "ended": 0.0}, backend="loky"))
    assert spent(seen) == {"useful": 4.5, "dispatch": 3.5}
    assert spent(unseen) == {"useful": 4.5, "startup": 3, "dispatch": 0.5}
    assert seen.notes == ()
    assert unseen.notes[0].startswith("nobody noted when workers were started")


def test_attempts_that_overlap_in_a_lane_share_its_time_and_a_note_says_so():
    rows = [on(0, 0, 4, cpu=2), on(0, 1, 2), on(0, 2, 6, cpu=4)]
    found = ledger(run_of(*rows, n_workers=1))
    # The first has its 4 s, the third what is left of its own, the second nothing.
    assert spent(found) == {"useful": 2 + 2, "waiting": 2}
    assert found.uncounted == 1 + 2
    assert "overlap in their lanes by 3 s" in found.notes[0]


def test_an_attempt_without_an_end_has_no_time():
    found = ledger(run_of(on(0, 0, NAN, status="crashed"), on(0, 3, 4), n_workers=1))
    assert spent(found) == {"useful": 1, "dispatch": 3}
    assert found.lost.to_dict("records") == [
        {"why": "crashed", "n_attempts": 1, "seconds": 0.0}
    ]


# --- nothing to tell ---


def test_a_run_of_nothing_has_an_empty_ledger():
    found = ledger(run_of())
    assert math.isnan(found.makespan)
    assert found.total == 0
    assert spent(found) == {}
    assert str(found) == "nothing ran"
    assert found.table["share"].isna().all()
    assert found.lost.empty


def test_a_run_that_took_no_time_has_no_seconds_to_share():
    found = ledger(run_of(on(0, 2, 2), agents={"tester": 1}))
    assert found.total == 0 == found.makespan
    assert str(found) == "nothing took any time"
    assert found.agents["total"].tolist() == [0]


def test_where_nothing_was_useful_it_says_so_first():
    found = ledger(run_of(on(0, 0, 4, status="failed"), n_workers=1))
    assert str(found) == "useful 0 %, lost attempts 100 %"


# --- its frames ---


def test_the_table_says_how_many_workers_each_part_took():
    found = ledger(run_of(on(0, 0, 4), on(1, 0, 1)))
    table = found.table.set_index("part")
    assert table.loc["tail", ["seconds", "share", "workers"]].tolist() == [
        3,
        0.375,
        0.75,
    ]
    assert table["workers"].sum() == 2
    assert table["meaning"].str.len().min() > 10


def test_the_series_says_when_it_was():
    found = ledger(run_of(on(0, 0, 4, cpu=2), on(1, 0, 1)), bins=2)
    rows = found.series.to_dict("records")
    assert [(r["started"], r["ended"], r["tail"]) for r in rows] == [
        (0, 2, 1),
        (2, 4, 2),
    ]
    assert [(r["useful"], r["waiting"]) for r in rows] == [(2, 1), (1, 1)]


def test_slots_of_agents_are_paid_for_like_workers():
    found = ledger(
        run_of(
            on(0, 0, 2, agent="tester"),
            on(0, 3, 4, agent="tester"),
            on(1, 0, 8),
            agents={"tester": 1, "writer": 2},
        )
    )
    agents = found.agents.set_index("agent")
    own = agents.loc["tester"]
    assert own[["slots", "useful", "dispatch", "tail", "total"]].tolist() == [
        1,
        3,
        1,
        4,
        8,
    ]
    idle = agents.loc["writer"]
    assert idle[["slots", "useful", "tail", "total"]].tolist() == [2, 0, 16, 16]


def test_the_start_of_an_agents_process_takes_its_slot():
    found = ledger(
        run_of(
            on(0, 2, 4, agent="tester", pid=7),
            on(0, 0, 1, pid=8),
            agents={"tester": 1},
            startups=[(0, 1, 2, 7), (1, 0, 4, 8)],
        )
    )
    assert found.agents.loc[0, ["startup", "dispatch", "useful"]].tolist() == [1, 1, 2]


def test_frames_are_the_callers_to_change():
    found = ledger(run_of(on(0, 0, 4), agents={"tester": 1}))
    for name in ("table", "workers", "agents", "series", "lost"):
        frame = getattr(found, name)
        for column in frame.columns:
            frame[column] = 0
            assert not getattr(found, name)[column].equals(frame[column]) or frame.empty
            break
    assert spent(found) == {"useful": 4, "tail": 4}


def test_a_ledger_is_frozen():
    with pytest.raises(AttributeError):
        ledger(run_of()).n_workers = 3


@pytest.mark.parametrize("wrong", [None, pd.DataFrame(), "run"])
def test_only_a_run_has_a_ledger(wrong):
    with pytest.raises(ArgumentError, match="`run` must be a Run; got"):
        ledger(wrong)


@pytest.mark.parametrize("bins", [0, -1, 2.5, True])
def test_bins_are_counted(bins):
    with pytest.raises(ArgumentError, match="`bins` must be a positive integer"):
        ledger(run_of(), bins=bins)


# --- of real runs ---


def test_tasks_that_sleep_wait():
    shares = ledger(
        pnb.run(chores.nap, [0.1] * 4, n_jobs=2, backend="threading")
    ).shares
    assert shares["waiting"] > 0.8
    assert shares["useful"] < 0.1


def test_the_starting_of_lanes_is_seen():
    run = pnb.run(chores.nap, [0.01] * 4, n_jobs=2, backend="isolated")
    found = ledger(run)
    begin, end = found.window
    startups = run.startups
    in_window = startups["ended"].clip(begin, end) - startups["started"].clip(
        begin, end
    )
    assert found.parts["startup"] == pytest.approx(in_window.sum())


def test_who_waits_for_a_result_is_blocked():
    first = pnb.Task(chores.nap, 0.3, name="first")
    then = pnb.Task(chores.nap, 0.3, name="then", after=[first])
    beside = pnb.Task(chores.nap, 0.05, name="beside")
    last = pnb.Task(chores.nap, 0.3, name="last", after=[first])
    run = pnb.run([first, beside, then, last], n_jobs=2, backend="threading")
    found = ledger(run)
    assert found.parts["blocked"] == pytest.approx(0.25, abs=0.1)
    assert found.parts["dispatch"] < 0.1


def test_an_imported_table_without_lanes_is_told_apart_all_the_same():
    table = pd.DataFrame(
        {"task": range(4), "started": [0, 0, 2, 3], "ended": [2.0, 3.0, 5.0, 4.0]}
    )
    found = ledger(Run.from_frame(table))
    assert spent(found) == {"unmeasured": 9, "tail": 1}
