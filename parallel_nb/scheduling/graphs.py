"""What dependencies alone decide: order, levels, longest paths.

Knows edges between numbered tasks and how long each takes; refuses to know workers.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..metrics import in_dependency_order


class Graph:
    """Who waits for whom among tasks 0 ... n_tasks - 1; walked when asked for.

    Parameters
    ----------
    n_tasks : int
    after : int array of shape (n_edges, 2), optional
        Rows (task, after): `task` may start once `after` has ended.

    Raises
    ------
    ValueError
        If `after` is of another shape; once it is walked, if an edge points outside the
        tasks, or the tasks wait for each other in a circle.
    """

    def __init__(self, n_tasks: int, after=()):
        edges = np.asarray(after)
        if not edges.size:
            edges = np.empty((0, 2), dtype=np.int64)
        if edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype.kind not in "iu":
            raise ValueError(
                "`after` must be whole numbers of shape (n_edges, 2), rows (task, "
                f"after); got {edges.dtype} of shape {edges.shape}"
            )
        self.n_tasks = n_tasks
        self.edges = edges

    @cached_property
    def n_unmet(self) -> list:
        """For how many tasks each task waits."""
        if not len(self.edges):
            return [0] * self.n_tasks
        return np.bincount(self.edges[:, 0], minlength=self.n_tasks).tolist()

    @property
    def followers(self) -> list:
        """The tasks that wait for each task."""
        return self._walked[0]

    @property
    def order(self):
        """All tasks, each after all that it waits for."""
        return self._walked[1]

    @cached_property
    def _walked(self) -> tuple:
        if not len(self.edges):  # a million tasks need no million lists
            return [()] * self.n_tasks, range(self.n_tasks)
        followers, order = [()] * self.n_tasks, []
        try:
            for task, those in in_dependency_order(self.n_tasks, self.edges):
                followers[task] = those
                order.append(task)
        except ValueError as error:
            raise ValueError(str(error).replace("`edges`", "`after`")) from None
        return followers, order

    def checked(self) -> Graph:
        """Itself, walked: whoever asks gets the errors at once."""
        if len(self.edges):
            _ = self._walked
        return self

    def reversed(self) -> Graph:
        """The same tasks, each waiting for those that waited for it."""
        return Graph(self.n_tasks, self.edges[:, ::-1])


def longest_paths(durations, after=()) -> np.ndarray:
    """Seconds from the start of each task to the end of all that waits for it.

    At least as long remains once the task starts, however many workers there are.

    Parameters
    ----------
    durations : array of shape (n_tasks,)
        Seconds.
    after : int array of shape (n_edges, 2), optional
        Rows (task, after).

    Returns
    -------
    array of shape (n_tasks,)

    Raises
    ------
    ValueError
        If a duration is negative or unknown, an edge points outside the tasks, or the
        tasks wait for each other in a circle.

    References
    ----------
    Hu, "Parallel sequencing and assembly line problems", *Operations Research* 9(6),
    1961: the level of a task.

    Examples
    --------
    >>> longest_paths([4.0, 2.0, 3.0], after=[(2, 1)])
    array([4., 5., 3.])
    """
    lengths = checked_durations(durations)
    return np.array(paths_to_the_end(lengths.tolist(), Graph(len(lengths), after)))


def paths_to_the_end(durations: list, graph: Graph) -> list:
    """As `longest_paths`, for a graph that is there already."""
    paths, followers = durations.copy(), graph.followers
    for task in reversed(graph.order):
        if followers[task]:
            paths[task] += max([paths[follower] for follower in followers[task]])
    return paths


def critical_path(durations, after=()) -> list[int]:
    """The tasks of the longest chain, in order; shortening others gains nothing.

    Of chains that are equally long, the one that has the lower numbers earlier.

    Parameters
    ----------
    durations, after
        As for `longest_paths`.

    References
    ----------
    Kelley, Walker, "Critical-path planning and scheduling", *Eastern Joint
    Computer Conference*, 1959.

    Examples
    --------
    >>> critical_path([4.0, 2.0, 3.0], after=[(2, 1)])
    [1, 2]
    """
    lengths = checked_durations(durations).tolist()
    graph = Graph(len(lengths), after)
    paths = paths_to_the_end(lengths, graph)
    candidates = [task for task in range(len(lengths)) if not graph.n_unmet[task]]
    chain = []
    while candidates:
        task = max(candidates, key=lambda task: (paths[task], -task))
        chain.append(task)
        candidates = graph.followers[task]
    return chain


def levels(n_tasks: int, after=()) -> np.ndarray:
    """How many tasks of a chain must have ended before each task: its earliest round.

    Parameters
    ----------
    n_tasks : int
    after : int array of shape (n_edges, 2), optional
        Rows (task, after).

    Returns
    -------
    int64 array of shape (n_tasks,)

    Examples
    --------
    >>> levels(4, after=[(1, 0), (2, 1), (3, 0)])
    array([0, 1, 2, 1])
    """
    graph = Graph(n_tasks, after)
    level = [0] * n_tasks
    for task in graph.order:
        beyond = level[task] + 1
        for follower in graph.followers[task]:
            if level[follower] < beyond:
                level[follower] = beyond
    return np.array(level, dtype=np.int64)


def checked_durations(durations) -> np.ndarray:
    """Durations as float64, known and not negative."""
    lengths = np.asarray(durations, dtype=float)
    if lengths.ndim != 1:
        raise ValueError(
            f"`durations` must be one number a task; got shape {lengths.shape}"
        )
    allowed = (lengths >= 0) & (lengths < np.inf)
    if not allowed.all():
        task = int(np.argmin(allowed))
        raise ValueError(
            f"`durations` must be finite and not negative; got {lengths[task]} for "
            f"task {task}"
        )
    return lengths
