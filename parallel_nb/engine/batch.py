"""What a run has to do, handed out in pieces: inputs of one function, or a task list.

Knows order, names and costs; nothing of workers, times or results.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..errors import ArgumentError, one_of
from ..runs import Run
from ..tasks import Shell, Task, name_of

ORDERS = ("given", "longest_first")

# Seconds a producer may keep idle workers waiting while the engine looks ahead.
_PATIENCE = 0.01


@dataclass(slots=True)
class Piece:
    """Tasks that travel together."""

    func: Any  # a callable, or a Shell
    is_star: bool
    positions: np.ndarray  # int64, positions in the batch
    inputs: list
    cost: float
    ready: float  # when the inputs were known, on the host's clock

    def __len__(self):
        return len(self.inputs)

    def rest(self, n):
        """The piece without its first `n` tasks."""
        share = (len(self) - n) / len(self)
        return Piece(
            self.func,
            self.is_star,
            self.positions[n:],
            self.inputs[n:],
            self.cost * share,
            self.ready,
        )

    def singles(self):
        """Each task by itself."""
        return [
            Piece(
                self.func,
                self.is_star,
                self.positions[i : i + 1],
                self.inputs[i : i + 1],
                self.cost / len(self),
                self.ready,
            )
            for i in range(len(self))
        ]


class Listed:
    """A batch known from the start, in any order.

    Parameters
    ----------
    items : sequence
        Inputs of `func`, or tasks where `func` is None.
    func : callable or None
    costs : array of shape (n,), optional
        Expected length of each, in any unit.
    order : {"given", "longest_first"}
    """

    def __init__(self, items, func, *, costs=None, order="given", ready=0.0):
        self.items = items
        self._func = func
        self._ready = ready
        self._next = 0
        self.n_known = len(items)
        if order == "longest_first":
            self._order = np.argsort(-costs, kind="stable")
        else:
            self._order = np.arange(len(items))
        ordered = np.ones(len(items)) if costs is None else costs[self._order]
        self._cumulative = np.concatenate(([0.0], np.cumsum(ordered)))
        self._is_identity = order == "given"

    @property
    def is_exhausted(self):
        return self._next == self.n_known

    @property
    def n_waiting(self):
        """Tasks known and not handed out."""
        return self.n_known - self._next

    def look_ahead(self, n):
        """Nothing to do: everything is known."""

    @property
    def remaining(self):
        """Cost not handed out yet."""
        return self._cumulative[-1] - self._cumulative[self._next]

    def head(self):
        """The function, or the shell command, of the next task."""
        if self._func is not None:
            return self._func
        item = self.items[self._order[self._next]]
        return item if isinstance(item, Shell) else item.func

    def take(self, amount):
        """The next tasks of one function, of at most `amount` cost but at least one."""
        start = self._next
        reach = self._cumulative[start] + amount
        stop = int(np.searchsorted(self._cumulative, reach, side="right")) - 1
        stop = min(max(stop, start + 1), self.n_known)
        positions = self._order[start:stop]
        if self._func is not None:
            if self._is_identity:
                inputs = list(self.items[start:stop])
            else:
                inputs = [self.items[i] for i in positions]
            func, is_star = self._func, False
        else:
            tasks = [self.items[i] for i in positions]
            func, inputs = _same_function(tasks)
            is_star = True
            stop = start + len(inputs)
            positions = positions[: len(inputs)]
        self._next = stop
        cost = float(self._cumulative[stop] - self._cumulative[start])
        return Piece(func, is_star, positions, inputs, cost, self._ready)

    def names(self, n):
        """Names of the first `n` tasks where tasks carry them, else None."""
        return None if self._func is not None else [item.name for item in self.items]


def _same_function(tasks):
    first = tasks[0]
    if isinstance(first, Shell):
        return first, [((), {})]
    inputs = []
    for task in tasks:
        if isinstance(task, Shell) or task.func is not first.func:
            break
        inputs.append((task.args, task.kwargs))
    return first.func, inputs


class Streamed:
    """Inputs of one function from an iterator of unknown length, read as needed."""

    def __init__(self, iterator, func, clock):
        self._iterator = iterator
        self._func = func
        self._clock = clock
        self._buffer = []
        self._start = 0
        self._is_done = False
        self.error = None  # what the iterator raised
        self.n_known = 0

    @property
    def is_exhausted(self):
        if not self._buffer:
            self.look_ahead(1)
        return not self._buffer

    @property
    def n_waiting(self):
        """Inputs read and not handed out."""
        return len(self._buffer)

    def look_ahead(self, n):
        """Read until `n` inputs wait, the iterator ends, or it takes too long."""
        until = time.monotonic() + _PATIENCE
        while not self._is_done and len(self._buffer) < n:
            step = 1 if not self._buffer else min(64, n - len(self._buffer))
            before = len(self._buffer)
            try:
                # extend() keeps what came before an error.
                self._buffer.extend(islice(self._iterator, step))
            except Exception as error:
                self.error, self._is_done = error, True
            arrived = len(self._buffer) - before
            self.n_known += arrived
            if arrived < step:
                self._is_done = True
            if time.monotonic() > until:
                return

    @property
    def remaining(self):
        return float(len(self._buffer)) if self._is_done else float("inf")

    def head(self):
        return self._func

    def take(self, amount):
        n = min(max(1, int(min(amount, 1e9))), len(self._buffer))
        inputs, self._buffer = self._buffer[:n], self._buffer[n:]
        positions = np.arange(self._start, self._start + n)
        self._start += n
        return Piece(self._func, False, positions, inputs, float(n), self._clock())

    def names(self, n):
        return None


def make_batch(work, inputs, *, order, cost, history, clock):
    """Check what the user passed and turn it into a batch.

    Returns
    -------
    batch : Listed or Streamed
    rate : float or None
        Seconds per unit of cost, where costs are durations.
    name : str
        The function's name; empty for a list of tasks.

    Raises
    ------
    ArgumentError
        Before anything runs, naming the argument and what it may be.
    """
    one_of("order", order, ORDERS)
    if cost is not None and history is not None:
        raise ArgumentError("pass `cost` or `history`, not both: each is an estimate")
    if inputs is None:
        items, func, name = _checked_tasks(work), None, ""
    else:
        if isinstance(work, Task | Shell) or not callable(work):
            raise ArgumentError(
                f"`func` must be callable when inputs are given; got "
                f"{type(work).__name__} ({work!r:.60})"
            )
        items, func, name = _checked_inputs(inputs), work, name_of(work)
    is_estimated = cost is not None or history is not None
    if func is None and not is_estimated:
        is_estimated = any(item.cost is not None for item in items)
    if order == "longest_first" and not is_estimated:
        raise ArgumentError(
            "`order='longest_first'` needs to know lengths: pass `cost=` (a function "
            "of the input or a sequence), `history=` (an earlier Run), or Task(cost=…)"
        )
    if not isinstance(items, Sequence | np.ndarray):
        if not is_estimated:
            return Streamed(iter(items), func, clock), None, name
        items = list(items)
    costs = rate = None
    if is_estimated:
        costs, rate = _costs(items, func, name, cost, history)
    ready = clock()
    return Listed(items, func, costs=costs, order=order, ready=ready), rate, name


def _checked_tasks(work):
    if isinstance(work, Task | Shell):
        return [work]
    if callable(work):
        raise ArgumentError(
            f"no inputs for {name_of(work)!r}: pass run(func, inputs) or "
            "run([Task(func, …)])"
        )
    if not isinstance(work, Iterable):
        raise ArgumentError(
            f"`work` must be a function with inputs or tasks; got {type(work).__name__}"
        )
    items = list(work)
    for position, item in enumerate(items):
        if not isinstance(item, Task | Shell):
            raise ArgumentError(
                f"item {position} of the batch must be a Task or a shell(...) command; "
                f"got {type(item).__name__} ({item!r:.60})"
            )
    return items


def _checked_inputs(inputs):
    if isinstance(inputs, str | bytes):
        raise ArgumentError(
            "`inputs` must be an iterable of inputs, one task each; got a "
            f"{type(inputs).__name__}, whose characters would be tasks. "
            "Put it into a list."
        )
    if not isinstance(inputs, Iterable):
        raise ArgumentError(
            f"`inputs` must be an iterable; got {type(inputs).__name__} "
            f"({inputs!r:.60})"
        )
    if isinstance(inputs, list | tuple | range | np.ndarray):
        return inputs
    # Anything else may be slow, endless, or not indexable by position (a DataFrame).
    return inputs


def _costs(items, func, name, cost, history):
    """Costs per item, and seconds per unit where known."""
    if history is not None:
        if not isinstance(history, Run):
            raise ArgumentError(
                f"`history` must be a Run; got {type(history).__name__}"
            )
        return _durations(items, func, name, history), 1.0
    if cost is None:
        given = [item.cost for item in items]
        if None in given:
            missing = given.index(None)
            raise ArgumentError(
                f"task {missing} ({items[missing].name!r}) has no cost while others "
                "have: give one to each task, or to none"
            )
        return np.asarray(given, float), None
    if callable(cost):
        costs = np.fromiter((cost(item) for item in items), float, len(items))
    else:
        costs = np.asarray(list(cost), float)
    if costs.shape != (len(items),):
        raise ArgumentError(
            f"`cost` must have one number per task: {len(items)}; got {costs.shape}"
        )
    if not (costs >= 0).all():
        raise ArgumentError("`cost` must be numbers ≥ 0; got a negative or NaN one")
    return costs, None


def _durations(items, func, name, history):
    """Durations of an earlier run, by name where names are unique, else by position."""
    tasks = history.tasks
    seconds = (tasks["ended"] - tasks["started"]).to_numpy()
    if not np.isfinite(seconds).any():
        raise ArgumentError("`history` holds no task that ran")
    typical = float(np.nanmedian(seconds))
    names = None if func is not None else [item.name for item in items]
    if names and tasks["name"].is_unique and len(set(names)) == len(names):
        known = dict(zip(tasks["name"], seconds, strict=True))
        found = np.array([known.get(n, np.nan) for n in names], float)
        if np.isfinite(found).any():
            return np.where(np.isfinite(found), found, typical)
    found = np.full(len(items), np.nan)
    n = min(len(items), len(seconds))
    found[:n] = seconds[:n]
    return np.where(np.isfinite(found), found, typical)


def names_of(name, batch, n, default) -> "str | list[str]":
    """One name for all tasks, or a list of `n`."""
    own = batch.names(n)
    if name is None:
        return own if own is not None else default
    if isinstance(name, str):
        return name
    names = [str(x) for x in name]
    if len(names) != n:
        raise ArgumentError(
            f"`name` must be a string, a function of the input, or one string per "
            f"task: {n}; got {len(names)}"
        )
    return names
