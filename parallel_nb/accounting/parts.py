"""The parts of a ledger: their names, what people call them, what they mean.

Knows words; refuses to know how seconds are found.
"""

from __future__ import annotations

from typing import NamedTuple

from .. import schema


class Part(NamedTuple):
    """One of the kinds of time that a worker spends."""

    name: str
    phrase: str  # in a sentence: "start-up 22 %"
    meaning: str


PARTS = (
    Part("useful", "useful", "CPU time of successful attempts"),
    Part(
        "waiting",
        "waiting inside attempts",
        "inside successful attempts without CPU: I/O, locks, the GIL, other processes",
    ),
    Part(
        "unmeasured",
        "in attempts of unknown CPU time",
        "inside successful attempts whose CPU time nobody measured: useful or waiting",
    ),
    Part(
        "lost",
        "lost attempts",
        "inside attempts that failed, were invalid, timed out, crashed or were "
        "cancelled, or that another attempt superseded",
    ),
    Part("startup", "start-up", "processes that were started and set up"),
    Part("dispatch", "dispatch", "idle while a task was ready to be taken"),
    Part(
        "blocked",
        "blocked",
        "idle while no task could be taken: dependencies, slots of agents, conflicts, "
        "pauses before a retry",
    ),
    Part(
        "tail",
        "waiting for the slowest",
        "after the worker's last attempt, until the run's last end",
    ),
)
NAMES = tuple(part.name for part in PARTS)
USEFUL, WAITING, UNMEASURED, LOST, STARTUP, DISPATCH, BLOCKED, TAIL = range(len(PARTS))
INSIDE = (USEFUL, WAITING, UNMEASURED, LOST)  # an attempt; the others are between them

SUPERSEDED = "superseded"  # done, and yet tried again
FATES = (*schema.STATUSES, SUPERSEDED)  # an attempt counts if its fate is the first


def in_words(shares) -> str:
    """The parts as a line of text, the useful one first, the largest next.

    Parameters
    ----------
    shares : sequence of float
        Of each of `PARTS`, adding up to 1.

    Examples
    --------
    >>> in_words([0.61, 0.0, 0.0, 0.0, 0.22, 0.05, 0.0, 0.12])
    'useful 61 %, start-up 22 %, waiting for the slowest 12 %, dispatch 5 %'
    """
    told = [at for at in range(len(PARTS)) if shares[at] >= 0.005]
    told.sort(key=lambda at: (at != USEFUL, -shares[at]))
    if USEFUL not in told and not shares[UNMEASURED] >= 0.005:
        told.insert(0, USEFUL)  # to say that it is next to nothing
    return ", ".join(f"{PARTS[at].phrase} {100 * shares[at]:.0f} %" for at in told)
