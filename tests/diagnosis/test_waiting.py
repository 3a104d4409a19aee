"""Findings on agents, chains, resources and failures: the seconds they predict."""

import math

from .making import in_turn, on, one, only


def test_an_agent_with_one_slot_makes_workers_wait():
    rows = in_turn(0, 4, 1, agent="gpu")
    found = one("AgentTooScarce", *rows, agents={"gpu": 1})
    assert found.predicted == 2
    assert found.numbers["enough_slots"] == 2
    assert "Agent “gpu” was busy 100 % of the time in its 1 slot" in found.evidence


def test_an_agent_is_not_scarce_while_workers_are_busy():
    rows = [*in_turn(0, 4, 1, agent="gpu"), *in_turn(1, 4, 1)]
    only("NothingToGain", *rows, agents={"gpu": 1})


def test_a_chain_is_named_and_its_longest_task():
    rows = on(0, 0, 1), on(0, 1, 4, ready=1), on(1, 0, 1)
    found = one("ChainTooLong", *rows, edges=[(1, 0)])
    assert found.predicted == 2.5
    assert found.tasks == (0, 1)
    assert "no number of workers gets below that" in found.evidence
    assert found.numbers["without_waiting"] == 3


def test_a_wait_that_nothing_known_explains_is_for_resources():
    rows = on(0, 0, 2), on(1, 2, 4, ready=2)
    found = one("WaitingForResources", *rows)
    assert found.predicted == 2
    assert found.sure == "possible"


def test_attempts_in_vain_are_counted_and_named():
    rows = (
        on(0, 0, 2, task=0, status="failed"),
        on(0, 2, 4, task=0, attempt=2, ready=2),
        on(1, 0, 2, task=1),
    )
    found = one("LostAttempts", *rows)
    assert found.predicted == 2
    assert found.tasks == (0,)
    assert "1 failed (2 s)" in found.evidence


def test_what_never_got_done_cannot_be_predicted():
    rows = on(0, 0, 4, status="failed"), on(1, 0, 4)
    found = only("LostAttempts", *rows)
    assert math.isnan(found.predicted)
    assert "1 task never got done" in found.caveats[-1]


def test_attempts_that_a_race_cancelled_were_meant_to_be():
    rows = on(0, 0, 4, status="cancelled"), on(1, 0, 4)
    only("NothingToGain", *rows, ended_by="wait")
