"""Where the tasks of a graph stand in a picture: in columns, with few lines crossing.

Knows columns, edges and rows; refuses to know what tasks are and how they are drawn.

References
----------
Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system
structures", *IEEE Transactions on Systems, Man, and Cybernetics* 11(2), 1981: columns,
bends, barycentres. Rows are then moved towards their neighbours by isotonic regression.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

_SWEEPS = 8
_MOST_BENDS = 4000  # beyond, edges go straight from task to task
_BEND = 0.5  # room that a bend takes, in rows
_THIN = 0.25  # the same among very many tasks
_MANY = 100


class Layers:
    """Places for tasks, and the way of each edge between them.

    Parameters
    ----------
    column : int array of shape (n_tasks,)
        From 0; every edge leads from a lower to a higher one.
    edges : int array of shape (n_edges, 2)
        Rows (task, after).
    most_rows : int
        A column with more tasks is folded: several tasks share a row.

    Attributes
    ----------
    x, y : float arrays of shape (n_tasks,)
        In columns and rows; folded columns are less than one wide.
    low, high : float
        The first and the last row, those of bends included.
    n_folds : int
        Tasks in one row of the fullest column.
    ways : list of lists of (float, float)
        For each edge, where it begins, bends and ends.
    """

    def __init__(self, column, edges, *, most_rows: int):
        column = np.asarray(column).tolist()
        self._column = list(column)
        self._is_task = [True] * len(column)
        chains = self._bent(np.asarray(edges).reshape(-1, 2).tolist())
        self._before: list[list[int]] = [[] for _ in self._column]
        self._after: list[list[int]] = [[] for _ in self._column]
        for link in {link for chain in chains for link in pairwise(chain)}:
            self._after[link[0]].append(link[1])
            self._before[link[1]].append(link[0])
        self._columns: list[list[int]] = [
            [] for _ in range(max(column, default=-1) + 1)
        ]
        for node, number in enumerate(self._column):
            self._columns[number].append(node)
        counts = Counter(column)
        self._folds = [-(-counts[c] // most_rows) for c in range(len(self._columns))]
        self.n_folds = max(self._folds, default=1)
        self._row = [0.0] * len(self._column)
        self._order()
        self._straighten()
        self._place(len(column))
        self.ways = [[self._point(node) for node in chain] for chain in chains]

    def _bent(self, edges) -> list[list[int]]:
        """Each edge as a chain of nodes; bends in the columns that it passes.

        Edges that leave one task share their bends.
        """
        column = self._column
        spans = {}
        for task, after in edges:
            spans[after] = max(spans.get(after, 0), column[task] - column[after])
        has_bends = sum(max(span - 1, 0) for span in spans.values()) <= _MOST_BENDS
        bends: dict[tuple[int, int], int] = {}
        chains = []
        for task, after in edges:
            chain = [after]
            for number in range(column[after] + 1, column[task]) if has_bends else ():
                if (after, number) not in bends:
                    bends[after, number] = len(self._column)
                    self._column.append(number)
                    self._is_task.append(False)
                chain.append(bends[after, number])
            chains.append([*chain, task])
        return chains

    def _order(self):
        """Within columns, by the mean row of neighbours, from both sides in turns."""
        for nodes in self._columns:
            self._number(nodes)
        for sweep in range(_SWEEPS):
            forwards = sweep % 2 == 0
            neighbours = self._before if forwards else self._after
            for nodes in self._columns if forwards else self._columns[::-1]:
                wish = {node: self._mean(neighbours[node], node) for node in nodes}
                nodes.sort(key=wish.__getitem__)
                self._number(nodes)

    def _number(self, nodes):
        for row, node in enumerate(nodes):
            self._row[node] = row - (len(nodes) - 1) / 2

    def _mean(self, neighbours, node):
        rows = self._row
        if not neighbours:
            return rows[node]
        return sum([rows[each] for each in neighbours]) / len(neighbours)

    def _straighten(self):
        """Rows as near to those of neighbours as the room that each needs allows."""
        bend = _BEND if sum(self._is_task) <= _MANY else _THIN
        offsets = []
        for nodes, fold in zip(self._columns, self._folds, strict=True):
            sizes = [1 / fold if self._is_task[node] else bend for node in nodes]
            room = [(one + other) / 2 for one, other in pairwise(sizes)]
            offsets.append(np.concatenate([[0.0], np.cumsum(room)]))
            self._set(nodes, offsets[-1] - offsets[-1][-1] / 2)
        for sweep in range(_SWEEPS):
            columns = list(zip(self._columns, offsets, strict=True))
            for nodes, offset in columns if sweep % 2 == 0 else columns[::-1]:
                links = [self._before[node] + self._after[node] for node in nodes]
                wish = [
                    self._mean(each, node) if each else 0.0
                    for node, each in zip(nodes, links, strict=True)
                ]
                self._set(nodes, _ascending(np.array(wish) - offset) + offset)

    def _set(self, nodes, rows: np.ndarray):
        for node, row in zip(nodes, rows.tolist(), strict=True):
            self._row[node] = row

    def _place(self, n_tasks):
        x = np.array(self._column, dtype=float)
        y = np.array(self._row)
        for number, nodes in enumerate(self._columns):
            fold = self._folds[number]
            if fold > 1:
                tasks = [node for node in nodes if self._is_task[node]]
                place = np.arange(len(tasks))
                centre = y[tasks].mean()
                row, side = place // fold, place % fold
                y[tasks] = row - row.max() / 2 + centre
                x[tasks] += (side - (fold - 1) / 2) * (0.8 / fold)
        self._at = np.column_stack([x, y])
        self.x, self.y = x[:n_tasks], y[:n_tasks]
        self.low, self.high = (float(y.min()), float(y.max())) if len(y) else (0.0, 0.0)

    def _point(self, node):
        return tuple(self._at[node].tolist())


def _ascending(values: np.ndarray) -> np.ndarray:
    """The nearest values, by least squares, that do not descend.

    References
    ----------
    Barlow, Bartholomew, Bremner, Brunk, *Statistical Inference under Order
    Restrictions*, 1972: pool adjacent violators.

    Examples
    --------
    >>> _ascending(np.array([1.0, 3.0, 2.0, 4.0]))
    array([1. , 2.5, 2.5, 4. ])
    """
    blocks: list[tuple[float, int]] = []  # (mean, length)
    for value in values.tolist():
        mean, length = value, 1
        while blocks and blocks[-1][0] > mean:
            before, n_before = blocks.pop()
            mean = (before * n_before + mean * length) / (n_before + length)
            length += n_before
        blocks.append((mean, length))
    return np.repeat([mean for mean, _ in blocks], [length for _, length in blocks])
