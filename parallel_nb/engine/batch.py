"""What a run has to do, handed out in pieces: inputs of one function, or a task list.

Knows order, names and costs; nothing of workers, times or results.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..errors import ArgumentError, one_of
from ..planning.costs import SECONDS, costs_of
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
    error: Exception | None = None  # why it cannot be sent

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

    def single(self, i):
        """One of its tasks by itself."""
        return Piece(
            self.func,
            self.is_star,
            self.positions[i : i + 1],
            self.inputs[i : i + 1],
            self.cost / len(self),
            self.ready,
        )

    def singles(self):
        """Each task by itself."""
        return [self.single(i) for i in range(len(self))]


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
    names : str or list of str
        What all tasks are called, or each of them.
    error : Exception, optional
        What ended the reading of the items.
    """

    is_planned = False

    def __init__(
        self,
        items,
        func,
        *,
        costs=None,
        order="given",
        names="",
        error=None,
        ready=0.0,
    ):
        self.items = items
        self.names = names
        self.error = error
        self._func = func
        self._ready = ready
        self._next = 0
        self.n_known = len(items)
        if order == "longest_first":
            self._order = np.argsort(-costs, kind="stable")
        else:
            self._order = np.arange(len(items))
        self._costs = np.ones(len(items)) if costs is None else _positive(costs)
        self._cumulative = self._summed()
        self._is_identity = order == "given"

    def _summed(self):
        return np.concatenate(([0.0], np.cumsum(self._costs[self._order])))

    def skip(self, is_left):
        """Leave out all tasks but these, a bool array of shape (n,)."""
        self._order = self._order[is_left[self._order]]
        self._cumulative = self._summed()
        self._is_identity = False

    @property
    def costs(self):
        """Expected length of each task, in any unit; all above 0."""
        return self._costs

    @property
    def is_exhausted(self):
        return self._next == len(self._order)

    @property
    def n_waiting(self):
        """Tasks known and not handed out."""
        return len(self._order) - self._next

    @property
    def may_go_on(self):
        """Whether more may come."""
        return self.n_waiting > 0

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
        stop = min(max(stop, start + 1), len(self._order))
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


class Some(dict):
    """Inputs by position, where nobody needs the others any more."""

    def __init__(self, inputs, n):
        super().__init__(inputs)
        self._n = n

    def __len__(self):
        return self._n


def _positive(costs):
    """No cost at all would put any number of tasks into one chunk."""
    least = costs[costs > 0].min(initial=np.inf)
    return np.where(costs > 0, costs, least if np.isfinite(least) else 1.0)


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

    is_planned = False

    def __init__(self, iterator, func, names, clock):
        self._iterator = iterator
        self._func = func
        self._clock = clock
        self.names = names
        self._buffer = []
        self._start = 0
        self._is_done = False
        self.error = None  # what the iterator raised

    @property
    def n_known(self):
        """Inputs read so far."""
        return self._start + len(self._buffer)

    @property
    def is_exhausted(self):
        if not self._buffer:
            self.look_ahead(1)
        return not self._buffer

    @property
    def n_waiting(self):
        """Inputs read and not handed out."""
        return len(self._buffer)

    @property
    def may_go_on(self):
        """Whether more may come."""
        return bool(self._buffer) or not self._is_done

    def look_ahead(self, n):
        """Read until `n` inputs wait, the iterator ends, or it takes too long."""
        until, step = time.monotonic() + _PATIENCE, 1
        while not self._is_done and len(self._buffer) < n:
            before = len(self._buffer)
            try:
                # extend() keeps what came before an error.
                self._buffer.extend(islice(self._iterator, step))
            except Exception as error:
                self.error, self._is_done = error, True
            if len(self._buffer) - before < step:
                self._is_done = True
            if time.monotonic() > until:
                return
            step = min(2 * step, 64, n - len(self._buffer))

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


def make_batch(work, inputs, *, name, order, cost, history, clock):
    """Check what the user passed and turn it into a batch.

    Returns
    -------
    batch : Listed or Streamed
    rate : float or None
        Seconds per unit of cost, where costs are durations.

    Raises
    ------
    ArgumentError
        Before anything runs, naming the argument and what it may be.
    """
    one_of("order", order, ORDERS)
    if cost is not None and history is not None:
        raise ArgumentError("pass `cost` or `history`, not both: each is an estimate")
    if inputs is None:
        items, func = _checked_tasks(work), None
        names = [item.name for item in items]
    else:
        if isinstance(work, Task | Shell) or not callable(work):
            raise ArgumentError(
                f"`func` must be callable when inputs are given; got "
                f"{type(work).__name__} ({work!r:.60})"
            )
        items, func, names = _checked_inputs(inputs), work, name_of(work)
    is_estimated = cost is not None or history is not None
    if func is None and not is_estimated:
        is_estimated = any(item.cost is not None for item in items)
    if order == "longest_first" and not is_estimated:
        raise ArgumentError(
            "`order='longest_first'` needs to know lengths: pass `cost=` (a function "
            "of the input or a sequence), `history=` (an earlier Run), or Task(cost=…)"
        )
    names = name if isinstance(name, str) else names
    is_named = name is not None and not isinstance(name, str)
    error = None
    if not isinstance(items, list | tuple | range | np.ndarray | Some):
        # Anything else may be slow, endless, or not sliced by position.
        if not is_estimated and not is_named:
            return Streamed(iter(items), func, names, clock), None
        items, error = _read(items)
    if is_named:
        names = [str(x) for x in _one_each("name", name, items, error)]
    costs = rate = None
    if is_estimated:
        costs, rate = _costs(items, cost, history, names, error)
    batch = Listed(
        items,
        func,
        costs=costs,
        order=order,
        names=names,
        error=error,
        ready=clock(),
    )
    return batch, rate


def _read(iterable):
    """All that the iterable gives, and what it raised instead of ending."""
    items = []
    try:
        items.extend(iterable)
    except Exception as error:
        return items, error
    return items, None


def _one_each(parameter, given, items, error):
    """A value per item from a function of the item, or from as many values."""
    if callable(given):
        return [given(item) for item in items]
    values = list(given) if isinstance(given, Iterable) else given
    if error is not None and isinstance(values, list):
        # There would have been more items.
        values = values[: len(items)]
    if not isinstance(values, list) or len(values) != len(items):
        got = len(values) if isinstance(values, list) else repr(given)
        raise ArgumentError(
            f"`{parameter}` must be a function of the input, or hold one value per "
            f"task: {len(items)}; got {got}"
        )
    return values


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
    return inputs


def _costs(items, cost, history, names, error):
    """Costs per item, and seconds per unit where known."""
    if cost is None:
        names = [names] * len(items) if isinstance(names, str) else names
        declared = [item.cost for item in items] if history is None else None
        known = costs_of(names, declared, history)
        return known.values, 1.0 if known.unit == SECONDS else None
    costs = np.asarray(_one_each("cost", cost, items, error), float)
    if not ((costs >= 0) & (costs < np.inf)).all():
        wrong = costs[~((costs >= 0) & (costs < np.inf))][0]
        raise ArgumentError(f"`cost` must be finite numbers ≥ 0; got {wrong}")
    return costs, None
