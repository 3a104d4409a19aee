"""How far the clocks of other machines are from ours, and between which bounds.

What cannot be bounds it: a time that was read before its message had been sent, or
after the answer had arrived. Knows numbers; refuses to know clusters.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .. import worker

# The shortest of this many round trips has hardly waited for anything.
N_PINGS = 40
_RECORD = np.dtype(worker.RECORD_FIELDS)


class Exchange(NamedTuple):
    """A message and its answer, in seconds: the outer two on our clock."""

    sent: float
    began: float
    ended: float
    received: float


@dataclass(frozen=True, slots=True)
class Offset:
    """Seconds to add to another clock's times to get ours."""

    low: float
    high: float

    @property
    def seconds(self) -> float:
        """The middle of the bounds."""
        return (self.low + self.high) / 2

    @property
    def uncertainty(self) -> float:
        """How far from the middle the truth may be."""
        return (self.high - self.low) / 2

    def is_refuted_by(self, seen: Exchange) -> bool:
        """Whether it puts an exchange further out of order than it may be wrong."""
        too_early = seen.sent - (seen.began + self.seconds)
        too_late = seen.ended + self.seconds - seen.received
        return max(too_early, too_late) > self.uncertainty

    def shift(self, outcome: worker.Outcome) -> worker.Outcome:
        """The outcome of a chunk with its times on our clock."""
        setup = outcome.setup
        if setup is not None:
            setup = tuple(at + self.seconds for at in setup)
        blocks = [(self._shifted(packed), values) for packed, values in outcome.blocks]
        return outcome._replace(blocks=blocks, setup=setup)

    def _shifted(self, packed):
        records = np.frombuffer(packed, _RECORD).copy()
        records["started"] += self.seconds
        records["ended"] += self.seconds
        return records.tobytes()


SAME = Offset(0.0, 0.0)


def offset_between(exchanges: Iterable[Exchange]) -> Offset:
    """The bounds that all exchanges allow.

    No symmetry of the ways there and back is assumed: the bounds hold however long each
    took. If no offset satisfies all exchanges, as the clocks drifted meanwhile, the
    bounds span what they disagree about.

    References
    ----------
    F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3 (1989),
    146-158. K. Marzullo, S. Owicki, "Maintaining the time in a distributed system",
    Operating Systems Review 19 (1985), 44-54.

    Examples
    --------
    >>> offset_between([Exchange(10, 3, 3, 14), Exchange(20, 11, 12, 22)])
    Offset(low=9, high=10)
    """
    exchanges = list(exchanges)
    low = max(one.sent - one.began for one in exchanges)
    high = min(one.received - one.ended for one in exchanges)
    return Offset(min(low, high), max(low, high))


class Clocks:
    """The clocks that were met, by name.

    Parameters
    ----------
    own : str
        Name of our own.
    ping : callable
        ``ping(whence)`` reads another clock once: an `Exchange`; raises if nobody
        answers.
    """

    def __init__(self, own: str, ping: Callable):
        self._ping = ping
        self._known = {own: SAME}
        self._worst = 0.0
        self._processes = set()  # whose clocks are not ours

    def aligned(self, outcome, whence, sent, received) -> worker.Outcome:
        """An outcome that came home, with its times on our clock.

        A clock is measured when it is met first, and once more whenever an outcome
        refutes what was measured.
        """
        known = self._known.get(whence.clock)
        if known is SAME:
            return outcome
        self._processes.add((whence.clock, outcome.pid))
        seen = _exchange_of(outcome, sent, received)
        if known is None or (seen is not None and known.is_refuted_by(seen)):
            known = self._measured(whence, seen)
        return known.shift(outcome)

    def _measured(self, whence, seen):
        exchanges = [] if seen is None else [seen]
        try:
            for _ in range(N_PINGS):
                exchanges.append(self._ping(whence))
        except Exception:
            # It has left. What its chunk took bounds its clock, too.
            if not exchanges:
                return Offset(math.nan, math.nan)
        found = self._known[whence.clock] = offset_between(exchanges)
        self._worst = max(self._worst, found.uncertainty)
        return found

    def note(self) -> str:
        """How well clocks were aligned, in a sentence; empty where all are ours."""
        n = len(self._processes)
        if not n:
            return ""
        whose = "the clock of 1 worker was" if n == 1 else f"clocks of {n} workers were"
        return f"{whose} aligned to within {1e3 * self._worst:.2g} ms"


def _exchange_of(outcome, sent, received):
    """What the times of a chunk say of its clock; None if it has none."""
    stay = stay_of(outcome)
    return None if stay is None else Exchange(sent, *stay, received)


def stay_of(outcome) -> tuple[float, float] | None:
    """When a chunk's first attempt began and its last ended; None if it has none."""
    records = [np.frombuffer(packed, _RECORD) for packed, _ in outcome.blocks]
    records = [block for block in records if len(block)]
    if not records:
        return None
    return (
        min(float(block["started"].min()) for block in records),
        max(float(block["ended"].max()) for block in records),
    )
