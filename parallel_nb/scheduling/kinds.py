"""Tasks that no schedule tells apart: they wait, and are waited for, alike.

Knows edges and agents of millions of tasks as arrays; refuses to know how long tasks
take and in which order they are listed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .levelwise import chain_ends, longest_chain

_AT_ONCE = 1 << 16  # edges: what is made of them fits the processor's cache
_SPARE = 8  # times as many tasks as stretches of one kind, or kinds are hardly fewer
_FEW = np.iinfo(np.int16).max


class Kinds(NamedTuple):
    """The kind of each task; who waits for whom among kinds, all of one for all.

    Attributes
    ----------
    of : int array of shape (n_tasks,)
        The kind of each task, numbered as they come.
    n : int
    edges : int array of shape (n_edges, 2)
        Rows (kind, after), each once.
    """

    of: np.ndarray
    n: int
    edges: np.ndarray

    def longest(self, lengths: np.ndarray) -> np.ndarray:
        """Seconds of the longest task of each kind."""
        found = np.zeros(self.n)
        np.maximum.at(found, self.of, lengths)
        return found

    def span(self, lengths: np.ndarray) -> float:
        """Seconds of the longest chain of tasks."""
        return float(chain_ends(self.longest(lengths), self.edges).max(initial=0.0))

    def longest_chain(self, lengths: np.ndarray) -> list[int]:
        """As `scheduling.longest_chain`: of each kind the longest task."""
        longest = self.longest(lengths)
        chain = longest_chain(longest, self.edges)
        rank = np.full(self.n, -1)
        rank[chain] = np.arange(len(chain))
        places = np.flatnonzero((lengths == longest[self.of]) & (rank[self.of] >= 0))
        found = np.empty(len(chain), dtype=np.int64)
        found[rank[self.of[places[::-1]]]] = places[::-1]  # numpy keeps the last
        return found.tolist()


def kinds_of(
    n_tasks: int, edges: np.ndarray, *, agent=None, lags=None, is_sure: bool = False
) -> Kinds | None:
    """The kinds of tasks, None if there are hardly fewer than tasks.

    Parameters
    ----------
    n_tasks : int
    edges : int array of shape (n_edges, 2)
        Rows (task, after).
    agent : int array of shape (n_tasks,), optional
        -1 for none.
    lags : array of shape (n_tasks,), optional
        Seconds. Whoever has to wait so is of a kind of its own.
    is_sure : bool
        Whether kinds are wanted however many there are.

    Examples
    --------
    >>> found = kinds_of(4, np.array([(2, 0), (2, 1), (3, 2)]), is_sure=True)
    >>> found.of.tolist(), found.edges.tolist()
    ([0, 0, 1, 2], [[1, 0], [2, 1]])
    """
    if not len(edges) and lags is None:
        numbers = np.zeros(n_tasks, np.int16) if agent is None else agent + 1
        n_kinds = int(numbers.max(initial=0)) + 1
        if n_kinds <= _FEW:
            numbers = numbers.astype(np.int16)
        return Kinds(numbers, n_kinds, np.empty((0, 2), dtype=np.int64))
    marks = _marks(n_tasks, edges, agent, lags)
    begins = np.flatnonzero(np.append(True, marks[1:] != marks[:-1]))
    if not is_sure and len(begins) * _SPARE > n_tasks:
        return None
    _, first, number = np.unique(marks[begins], return_index=True, return_inverse=True)
    by_first = np.argsort(first)
    rank = np.empty(len(first), dtype=np.int16 if len(first) <= _FEW else np.int64)
    rank[by_first] = np.arange(len(first))
    of = np.repeat(rank[number], np.diff(np.append(begins, n_tasks)))
    return Kinds(of, len(first), edges_between(of, edges, len(first)))


def _marks(n_tasks: int, edges: np.ndarray, agent, lags) -> np.ndarray:
    """A number for each task, the same for those that are of one kind.

    Sums of random numbers: of the same ones for the same sets, and of others for
    others, but for one chance in some 10^19.
    """
    marks = np.zeros(n_tasks, dtype=np.uint64)
    for at in range(0, len(edges), _AT_ONCE):
        task, after = edges[at : at + _AT_ONCE].T
        np.add.at(marks, task, _mixed(after, 1))
        np.add.at(marks, after, _mixed(task, 2))
    if agent is not None:
        marks += _mixed(agent + 1, 3)
    if lags is not None:
        waits = np.flatnonzero(lags)
        marks[waits] = _mixed(waits, 4)
    return marks


def _mixed(values: np.ndarray, salt: int) -> np.ndarray:
    """A number of 64 bits for each, as good as random: the steps of SplitMix64."""
    mixed = values.astype(np.uint64)
    mixed += np.uint64(1)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed += np.uint64(salt * 0xD1B54A32D192ED03 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def edges_between(of: np.ndarray, edges: np.ndarray, n: int) -> np.ndarray:
    """The edges between kinds of tasks, each once."""
    seen = [np.empty(0, dtype=np.int64)]
    for at in range(0, len(edges), _AT_ONCE):
        task, after = edges[at : at + _AT_ONCE].T
        codes = of[task].astype(np.int64) * n + of[after]
        seen.append(codes[np.append(True, codes[1:] != codes[:-1])])
    codes = np.sort(np.concatenate(seen))
    if len(codes):
        codes = codes[np.append(True, codes[1:] != codes[:-1])]
    return np.column_stack([codes // n, codes % n])
