"""Tasks that must not run together, and what is done about it.

Knows resources in use and an order of all tasks; puts conflicting tasks one after
another, or has them lock what they share. Refuses to know costs and workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .reach import ways
from .resources import Access, Resources
from .wiring import CONFLICT, enumerated

WRITE_WRITE, READ_WRITE = "write-write", "read-write"
ORDERED, SERIALISED, LOCKED = "ordered", "serialised", "locked"
HANDLINGS = ("order", "lock")
_MOST_PAIRS = 100_000


class Shared(NamedTuple):
    """Something that two tasks use, and at least one of them changes."""

    resource: str
    first_writes: bool
    then_writes: bool
    n_direct: int  # how many of the two name it; the others name folders around it

    @property
    def kind(self) -> str:
        """Write-write or read-write."""
        return WRITE_WRITE if self.first_writes and self.then_writes else READ_WRITE


class Conflicts:
    """The conflicts of a batch, settled.

    Parameters
    ----------
    tasks : sequence of Task
    order : sequence of int
        All tasks, each after those it waits for.
    waits : list of dict of int to str
        For each task, what it waits for and why; not changed.
    handling : {"order", "lock"}

    Attributes
    ----------
    waits : list of dict of int to str
        With ``"conflict"`` where a task waits for another because of a resource.
    locks : tuple of frozensets of (str, str)
        What each task holds while it runs: pairs of resource and mode.
    n_pairs : dict of str to int
        By kind, how many pairs of tasks are in conflict, over each resource, those that
        have an order included.
    nearest : dict of (int, int) to list of Shared
        What the tasks of a pair share, the earlier task first; only pairs that settle
        all others when they are settled.
    handled : dict of (int, int) to str
        For the same pairs: ordered anyway, serialised, or locked.
    """

    def __init__(self, tasks, order, waits, handling):
        self.handling = handling
        self.resources = Resources(tasks)
        self.waits = waits
        self.locks = (frozenset(),) * len(tasks)
        self._order = order
        self._declared = waits
        self._rank = [0] * len(tasks)
        for place, task in enumerate(order):
            self._rank[task] = place
        counts = [_n_pairs(uses) for uses in self.resources.accesses.values()]
        self.n_pairs = {
            WRITE_WRITE: sum(writes for writes, _ in counts),
            READ_WRITE: sum(reads for _, reads in counts),
        }
        self.nearest = self._pairs(_nearest)
        ordered, _ = ways(order, waits, self.nearest)
        settled = LOCKED if handling == "lock" else SERIALISED
        self.handled = {
            pair: ORDERED if pair in ordered else settled for pair in self.nearest
        }
        unordered = [pair for pair in self.nearest if pair not in ordered]
        if unordered and handling == "lock":
            self._lock(unordered)
        elif unordered:
            self._serialise(unordered)

    def _pairs(self, choose) -> dict[tuple[int, int], list[Shared]]:
        """By tasks, earlier one first: what they share."""
        pairs: dict = {}
        for resource, accesses in self.resources.accesses.items():
            by_rank = sorted(accesses, key=lambda access: self._rank[access.task])
            for first, then in choose(by_rank):
                shared = Shared(
                    resource,
                    first.is_write,
                    then.is_write,
                    first.is_direct + then.is_direct,
                )
                pairs.setdefault((first.task, then.task), []).append(shared)
        return pairs

    def _serialise(self, unordered):
        """An edge for each conflict that no other way between the two settles."""
        together = [wait.copy() for wait in self._declared]
        for first, then in unordered:
            together[then][first] = CONFLICT
        _, long_way = ways(self._order, together, unordered)
        for first, then in long_way:
            del together[then][first]
        self.waits = together

    def _lock(self, unordered):
        """Locks on each resource over which some tasks have no order."""
        contended = {s.resource for pair in unordered for s in self.nearest[pair]}
        held: list[set] = [set() for _ in self._rank]
        for resource in contended:
            for access in self.resources.accesses[resource]:
                mode = "write" if access.is_write else "read"
                held[access.task].add((resource, mode))
        self.locks = tuple(map(frozenset, held))

    @property
    def is_complete(self) -> bool:
        """Whether `listed` has all pairs, not only the nearest."""
        return sum(self.n_pairs.values()) <= _MOST_PAIRS

    def listed(self) -> list[tuple[int, int, Shared, str]]:
        """Each conflict: earlier task, later task, what they share, how it is settled.

        Up to 100,000 pairs; beyond, each task with its nearest only.
        """
        pairs = self._pairs(_all) if self.is_complete else self.nearest
        ordered, _ = ways(self._order, self._declared, pairs)
        settled = LOCKED if self.handling == "lock" else SERIALISED
        return [
            (*pair, shared, ORDERED if pair in ordered else settled)
            for pair in sorted(pairs)
            for shared in pairs[pair]
            if shared.n_direct
        ]

    def between(self, one: int, other: int) -> tuple[int, int, list[Shared]]:
        """Two tasks, the earlier one first, and what they conflict over."""
        first, then = sorted((one, other), key=self._rank.__getitem__)
        found = []
        for resource, accesses in self.resources.accesses.items():
            uses = {access.task: access for access in accesses}
            if first in uses and then in uses:
                a, b = uses[first], uses[then]
                if (a.is_direct or b.is_direct) and (a.is_write or b.is_write):
                    n_direct = a.is_direct + b.is_direct
                    found.append(Shared(resource, a.is_write, b.is_write, n_direct))
        return first, then, found

    def clause(self, named: Sequence[str], first: int, then: int, shared) -> str:
        """Who does what with what the two share, as a clause."""
        parts = []
        for writes, said in (
            ((True, True), "both write {texts}"),
            ((True, False), "{then} reads {texts}, which {first} writes"),
            ((False, True), "{then} writes {texts}, which {first} reads"),
        ):
            texts = [
                self.resources.text(each.resource, is_within=each.n_direct == 1)
                for each in shared
                if (each.first_writes, each.then_writes) == writes and each.n_direct
            ]
            if texts:
                words = {"first": named[first], "then": named[then]}
                parts.append(said.format(texts=enumerated(texts, 3), **words))
        return " and ".join(parts)


def _nearest(accesses):
    """Each use of a resource with those that it must not overlap, the last before it.

    After a write, what was before it is out of sight: whoever follows the write follows
    that as well.
    """
    writer, readers = None, []
    for access in accesses:
        if access.is_write:
            for reader in readers or ([writer] if writer is not None else ()):
                yield reader, access
            writer, readers = access, []
        else:
            if writer is not None:
                yield writer, access
            readers.append(access)


def _all(accesses):
    for place, then in enumerate(accesses):
        for first in accesses[:place]:
            if first.is_write or then.is_write:
                yield first, then


def _n_pairs(accesses: Sequence[Access]) -> tuple[int, int]:
    """Write-write and read-write pairs of which one at least is direct."""
    n = Counter((access.is_write, access.is_direct) for access in accesses)
    writers, readers = n[True, True], n[False, True]
    writers_around, readers_around = n[True, False], n[False, False]
    both_write = writers * (writers - 1) // 2 + writers * writers_around
    one_writes = writers * (readers + readers_around) + readers * writers_around
    return both_write, one_writes
