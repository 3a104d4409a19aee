"""Who waits for whom in the end, for many pairs at once.

Knows positions and what each waits for; refuses to know why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

_BITS = 4096  # sources followed at once: memory stays at half a KiB a task


def ways(
    order: Sequence[int],
    waits: Sequence[Collection[int]],
    pairs: Iterable[tuple[int, int]],
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Pairs (first, then) between which there is a way, and is one by way of others.

    Parameters
    ----------
    order : sequence of int
        All tasks, each after those it waits for.
    waits : sequence of collections of int
        For each task, those that it waits for.
    pairs : iterable of (int, int)

    Returns
    -------
    any_way, long_way : sets of pairs
        Of the second task waiting for the first; and of its doing so apart from a
        direct edge.

    Examples
    --------
    >>> ways([0, 1, 2], [(), (0,), (0, 1)], [(0, 1), (0, 2), (1, 0)])
    ({(0, 1), (0, 2)}, {(0, 2)})
    """
    wanted: dict[int, list[int]] = {}
    for first, then in pairs:
        wanted.setdefault(then, []).append(first)
    sources = sorted({first for firsts in wanted.values() for first in firsts})
    any_way, long_way = set(), set()
    for begin in range(0, len(sources), _BITS):
        block = sources[begin : begin + _BITS]
        bit = {task: 1 << number for number, task in enumerate(block)}
        reached = [0] * len(order)
        for task in order:
            beyond = own = 0
            for other in waits[task]:
                beyond |= reached[other]
                if other in bit:
                    own |= bit[other]
            reached[task] = beyond | own
            for first in wanted.get(task, ()):
                mask = bit.get(first, 0)
                if mask & reached[task]:
                    any_way.add((first, task))
                    if mask & beyond:
                        long_way.add((first, task))
    return any_way, long_way
