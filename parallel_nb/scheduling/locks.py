"""Resources that tasks hold while they run, and who may try again when one gets free.

Knows readers, writers and a list's order; refuses to know time and workers.
"""

from __future__ import annotations

from heapq import heappop, heappush


class Locks:
    """Who holds which resource: one writer, or any number of readers.

    Tasks that find one taken are put aside; when it gets free, the first of each pool
    is told to try again, which then tells the next if it cannot go on for another
    reason. So a thousand writers of one file cost a thousand attempts, not a million.

    Parameters
    ----------
    wanted : sequence of collections of (resource, mode)
        What each task must have while it runs, as ``"read"`` or ``"write"``.
    rank : sequence of int
        The place of each task in the list; of those put aside the lowest tries first.
    pool_of : sequence
        Which tasks compete for the same slots: one task of a pool must not keep those
        of another from trying.
    """

    def __init__(self, wanted, rank, pool_of):
        self._wanted = [
            [(r, (r, "write") in each) for r in {resource for resource, _ in each}]
            for each in map(set, wanted)
        ]
        self._rank, self._pool_of = rank, pool_of
        self._holders: dict = {}  # resource -> readers, or -1 for a writer
        self._aside: dict = {}  # resource -> {(is_write, pool): heap of (rank, task)}
        self._told_by: dict = {}  # task -> resource that got free

    def acquire(self, task) -> tuple[bool, list]:
        """Whether the task has all it wants now; and tasks that may try as well."""
        holders, told_by = self._holders, self._told_by.pop(task, None)
        for resource, is_write in self._wanted[task]:
            held = holders.get(resource, 0)
            if held < 0 or (is_write and held):
                heaps = self._aside.setdefault(resource, {})
                heap = heaps.setdefault((is_write, self._pool_of[task]), [])
                heappush(heap, (self._rank[task], task))
                is_elsewhere = told_by is not None and told_by[0] != resource
                return False, self._next(*told_by) if is_elsewhere else []
        also: list = []
        for resource, is_write in self._wanted[task]:
            if is_write:
                holders[resource] = -1
                continue
            holders[resource] = holders.get(resource, 0) + 1
            for (aside_writes, _), heap in self._aside.get(resource, {}).items():
                if not aside_writes:  # where one reads, all may
                    also += [waiting for _, waiting in heap]
                    heap.clear()
        return True, also

    def release(self, task) -> list:
        """Give back what the task held; the tasks that may try again."""
        again: list = []
        for resource, is_write in self._wanted[task]:
            left = 0 if is_write else self._holders[resource] - 1
            self._holders[resource] = left
            if not left:
                for kind in self._aside.get(resource, ()):
                    again += self._next(resource, kind)
        return again

    def _next(self, resource, kind) -> list:
        heap = self._aside[resource][kind]
        if not heap:
            return []
        _, task = heappop(heap)
        self._told_by[task] = (resource, kind)
        return [task]
