"""Floor 2: `Run`, the one currency: what was attempted, when, where, what came of it.

Knows the frames and metadata of one batch and their summary as numbers and as one line
of text; refuses to know drawing, disk, joblib and who made the Run.
"""

from __future__ import annotations

import dataclasses
import enum
import threading
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from . import metrics, schema
from .errors import (
    ArgumentError,
    ResultsNotKept,
    SchemaError,
    TasksFailed,
    did_you_mean,
    one_of,
)

FORMAT_VERSION = 1

EDGES = {"task": np.dtype("int64"), "after": np.dtype("int64")}
STARTUPS = {
    "worker": np.dtype("int32"),
    "pid": np.dtype("int64"),
    "started": np.dtype("float64"),
    "ended": np.dtype("float64"),
}


class Missing(enum.Enum):
    """The type of `MISSING`, which stands where a task left no result."""

    MISSING = "missing"

    def __repr__(self):
        return "MISSING"


MISSING = Missing.MISSING


_TEXT_FIELDS = (
    "backend",
    "host",
    "started_at",
    "label",
    "order",
    "ended_by",
    "source",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Meta:
    """What is true of a whole run.

    Examples
    --------
    >>> meta = Meta(
    ...     n_workers=2,
    ...     backend="isolated",
    ...     host="here",
    ...     cpu_count=8,
    ...     started_at="2025-01-31T12:00:00+00:00",
    ...     versions={"python": "3.13"},
    ... )
    >>> Meta.from_dict(meta.to_dict()) == meta
    True
    """

    n_workers: int  # lanes, idle ones included
    backend: str  # "isolated", "loky", ...; "unknown" where nobody knows
    host: str  # where the parent ran; "" where nobody knows
    cpu_count: int  # usable cores of that host; 0 where nobody knows
    started_at: str  # ISO 8601, UTC: the run's zero; "" where nobody knows
    versions: dict[str, str] = dataclasses.field(hash=False)  # by distribution
    label: str = ""
    tags: tuple[str, ...] = ()
    order: str = "given"  # in which order ready tasks were handed over
    ended_by: str = "completion"  # or "interrupt", "error", ...
    source: str = "run"  # or "record", "frame", ...: what made it
    parent: tuple[int, int] | None = None  # (run in its log, task in it), if nested
    notes: tuple[str, ...] = ()  # what the run must say aloud
    format_version: int = FORMAT_VERSION

    def __post_init__(self):
        for field in ("n_workers", "cpu_count", "format_version"):
            value, least = getattr(self, field), 0 if field == "cpu_count" else 1
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise SchemaError(f"meta.{field}: expected an int; got {value!r}")
            if value < least:
                raise SchemaError(
                    f"meta.{field}: expected {least} or more; got {value}"
                )
            object.__setattr__(self, field, int(value))
        for field in _TEXT_FIELDS:
            value = getattr(self, field)
            if not isinstance(value, str):
                raise SchemaError(f"meta.{field}: expected a str; got {value!r}")
        if not isinstance(self.versions, Mapping):
            raise SchemaError(f"meta.versions: expected a dict; got {self.versions!r}")
        texts = {str(key): str(version) for key, version in self.versions.items()}
        object.__setattr__(self, "versions", texts)
        for field in ("tags", "notes"):
            value = getattr(self, field)
            if isinstance(value, str) or not all(isinstance(v, str) for v in value):
                raise SchemaError(
                    f"meta.{field}: expected a tuple of str; got {value!r}"
                )
            object.__setattr__(self, field, tuple(value))
        if self.parent is not None:
            try:
                run, task = map(int, self.parent)
            except (TypeError, ValueError):
                raise SchemaError(
                    f"meta.parent: expected (run, task); got {self.parent!r}"
                ) from None
            object.__setattr__(self, "parent", (run, task))

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON can hold them."""
        return {
            field: list(value) if isinstance(value, tuple) else value
            for field, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Meta:
        """A Meta from what `to_dict` gave; what a newer version added is ignored.

        Raises
        ------
        SchemaError
            If a field without a default is absent, or of another type.
        """
        known = {f.name: f for f in dataclasses.fields(cls)}
        for name, field in known.items():
            if field.default is dataclasses.MISSING and name not in fields:
                raise SchemaError(f"meta.{name}: expected a value; got no such field")
        return cls(**{name: fields[name] for name in known if name in fields})


class Run:
    """One batch of tasks: every attempt, with times, and what came of it.

    Parameters
    ----------
    attempts : DataFrame or callable
        One row per attempt as `parallel_nb.schema` has it; `schema.coerce` makes one
        from loose columns, `Run.from_frame` from another tool's table. A callable is
        called when they are first asked for, and returns a mapping with `attempts` and,
        if need be, `tracebacks`, `edges` and `startups`: whoever waits for results
        need not wait for frames.
    meta : Meta
        What is true of the whole run.
    results : list of length n_tasks, optional
        What each task returned, in input order; `MISSING` where it is not done. None if
        results were not kept.
    tracebacks : mapping of (task, attempt) to str, optional
        For attempts that have an error.
    edges : DataFrame, optional
        Columns `task`, `after` (int64): `task` had to wait for `after`.
    startups : DataFrame, optional
        Columns `worker` (int32), `pid` (int64), `started`, `ended` (float64, s since
        the run's zero): when a worker's process was being started.

    Raises
    ------
    SchemaError
        If any of these is not as described; names the column, what was expected and
        what arrived.

    Examples
    --------
    >>> meta = Meta(
    ...     n_workers=2,
    ...     backend="threading",
    ...     host="",
    ...     cpu_count=2,
    ...     started_at="",
    ...     versions={},
    ... )
    >>> attempts = schema.coerce(
    ...     {
    ...         "task": [0, 1],
    ...         "started": [0.0, 1.0],
    ...         "ended": [4.0, 3.0],
    ...         "worker": [0, 1],
    ...     }
    ... )
    >>> run = Run(attempts, meta, results=["a", "b"])
    >>> run.results
    ['a', 'b']
    >>> run.summary()[["work", "span", "makespan", "utilization"]]
       work  span  makespan  utilization
    0   6.0   4.0       4.0         0.75
    """

    # No dataclass: what it hands out are copies of what it keeps, never the fields.
    __slots__ = (
        "__weakref__",
        "_attempts",
        "_edges",
        "_make",
        "_meta",
        "_n_tasks",
        "_n_unfinished",  # made when first asked for, as is `_tasks`
        "_results",
        "_startups",
        "_tasks",
        "_tracebacks",
    )

    def __init__(
        self,
        attempts: pd.DataFrame | Callable[[], Mapping[str, Any]],
        meta: Meta,
        *,
        results: Sequence[Any] | None = None,
        tracebacks: Mapping[tuple[int, int], str] | None = None,
        edges: pd.DataFrame | None = None,
        startups: pd.DataFrame | None = None,
    ):
        if not isinstance(meta, Meta):
            raise SchemaError(f"meta: expected a Meta; got {type(meta).__name__}")
        put = object.__setattr__
        put(self, "_meta", meta)
        put(self, "_results", _listed(results))
        put(self, "_n_unfinished", None)
        put(self, "_tasks", None)
        put(self, "_make", attempts if callable(attempts) else None)
        if not callable(attempts):
            self._fill(attempts, tracebacks, edges, startups)

    def _fill(self, attempts, tracebacks=None, edges=None, startups=None):
        """Check the frames, and with them whatever depends on them."""
        attempts = schema.validate(attempts)
        n_tasks = int(attempts[schema.TASK].max()) + 1 if len(attempts) else 0
        _check_lanes(attempts, self.meta.n_workers)
        if self._results is not None and len(self._results) != n_tasks:
            raise SchemaError(
                f"results: expected one for each of the {n_tasks} tasks; "
                f"got {len(self._results)}"
            )
        put = object.__setattr__
        put(self, "_tracebacks", _checked_tracebacks(tracebacks, attempts))
        put(self, "_edges", _checked_edges(edges, n_tasks))
        put(self, "_startups", _checked_startups(startups, self.meta.n_workers))
        put(self, "_n_tasks", n_tasks)
        put(self, "_attempts", attempts)
        put(self, "_make", None)

    def __getattr__(self, name):
        # Only reached for what is not there: slots that wait to be filled.
        if name in _FILLED_LATE:
            with _ONE_FILLS:
                if self._make is not None:
                    self._fill(**self._make())
            return object.__getattribute__(self, name)
        raise AttributeError(f"a Run has no {name!r}", name=name, obj=self)

    def __getstate__(self):
        len(self._attempts)  # filled now, if not before
        names = set(self.__slots__) - {"__weakref__"}
        return None, {name: getattr(self, name) for name in names}

    def __setattr__(self, name, value):
        raise AttributeError(f"a Run is frozen: {name!r} cannot be set")

    def __delattr__(self, name):
        raise AttributeError(f"a Run is frozen: {name!r} cannot be deleted")

    def __setstate__(self, state):
        for name, value in state[1].items():
            object.__setattr__(self, name, value)

    @property
    def attempts(self) -> pd.DataFrame:
        """One row per attempt; yours to change, the Run keeps its own."""
        return self._attempts.copy(deep=False)

    @property
    def tasks(self) -> pd.DataFrame:
        """One row per task, its last attempt; row i is task i."""
        if self._tasks is None:
            object.__setattr__(self, "_tasks", _last_attempts(self._attempts))
        return self._tasks.copy(deep=False)

    @property
    def meta(self) -> Meta:
        """What is true of the whole run."""
        return self._meta

    @property
    def edges(self) -> pd.DataFrame:
        """Dependencies: columns `task`, `after`; empty if the tasks are independent."""
        return self._edges.copy(deep=False)

    @property
    def startups(self) -> pd.DataFrame:
        """Starting of workers: columns `worker`, `pid`, `started`, `ended` (s)."""
        return self._startups.copy(deep=False)

    @property
    def tracebacks(self) -> Mapping[tuple[int, int], str]:
        """Tracebacks by (task, attempt), read-only; `errors` has them in a frame."""
        return MappingProxyType(self._tracebacks)

    @property
    def n_tasks(self) -> int:
        """How many tasks the batch has."""
        return self._n_tasks

    @property
    def has_results(self) -> bool:
        """Whether results were kept."""
        return self._results is not None

    @property
    def results(self) -> list:
        """What each task returned, in input order.

        The list is the Run's own: copy it before changing it.

        Raises
        ------
        TasksFailed
            If a task is not done; lists which, with the first tracebacks.
        ResultsNotKept
            If the Run holds times only.
        """
        results = self._kept_results()
        if self._n_unfinished is None:
            status = self._attempts[schema.STATUS].array.codes  # done is 0
            if status.any():
                status = status[last_attempt_rows(self._attempts)]
            object.__setattr__(self, "_n_unfinished", int(np.count_nonzero(status)))
        if self._n_unfinished:
            raise TasksFailed(self)
        return results

    def results_or(self, default: Any) -> list:
        """What each task returned, in input order, and `default` where it is not done.

        Raises
        ------
        ResultsNotKept
            If the Run holds times only.
        """
        return [default if r is MISSING else r for r in self._kept_results()]

    def _kept_results(self) -> list:
        if self._results is None:
            raise ResultsNotKept(
                "this run kept no results, only times: ask for them when it is made, "
                "or load it with `with_results=True` if they were saved"
            )
        return self._results

    @property
    def errors(self) -> pd.DataFrame:
        """One row per attempt with an error, in the order of `attempts`.

        Columns `task`, `attempt`, `name`, `status`, `error` and `traceback` (missing
        where none was caught).
        """
        columns = ["task", "attempt", "name", "status", "error"]
        errors = self._attempts.loc[self._attempts[schema.ERROR].notna(), columns]
        keys = zip(errors["task"], errors["attempt"], strict=True)
        texts = [self._tracebacks.get(key) for key in keys]
        return errors.assign(traceback=schema.as_text(texts)).reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """One row of numbers about the run. NaN: not defined, as nothing ran.

        Returns
        -------
        DataFrame
            - ``n_tasks``; ``done``, ``failed``, ``invalid``, ``timeout``, ``crashed``,
              ``cancelled``, ``skipped``: tasks by the status of their last attempt
            - ``n_attempts``, ``n_workers``
            - ``work``: s inside attempts
            - ``span``: s of the longest dependency chain; a task's attempts add up
            - ``makespan``: s from first submission (start, where unknown) to last end;
              the starting of workers counts, where it was seen
            - ``speedup_estimated``: work / makespan, T_1 not being measured
            - ``efficiency``: speedup_estimated / n_workers
            - ``utilization``: busy / (n_workers x makespan). The same number as
              ``efficiency`` until T_1 is measured and work inflation is known
            - ``load_balance``, ``dispatch_efficiency``: their product is utilization
            - ``throughput``: tasks done per s
            - ``success_rate``: done / n_tasks
            - ``retries``: attempts beyond a task's first
            - ``longest_task``, ``longest_name``: the task with most seconds, all its
              attempts together; -1 and missing if none ran
        """
        return pd.DataFrame([_summary(self)]).astype({"longest_name": "str"})

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        columns: Mapping[str, str] | None = None,
        n_workers: int | None = None,
        label: str = "",
        backend: str = "unknown",
        source: str = "frame",
        edges: pd.DataFrame | None = None,
    ) -> Run:
        """A Run from any table of tasks with start and end.

        Parameters
        ----------
        frame : DataFrame
            One row per attempt with at least `task`, `started`, `ended`; further
            columns of `run.attempts` are used, others are left behind (the Run's notes
            say which). Times are numbers in seconds, or datetimes.
        columns : mapping of str to str, optional
            Other names in `frame` for these columns: ``{"theirs": "ours"}``.
        n_workers : int, optional
            Workers there were, idle ones included. Default: as many as are seen.
        label, backend, source : str
            For `run.meta`.
        edges : DataFrame, optional
            Columns `task`, `after` of task positions.

        Returns
        -------
        Run
            Its zero is the first submission or start.

            Tasks that are not 0 ... n - 1 are labels: they become the names (unless
            there is a `name`) and are numbered as they come. Without an `attempt`
            column every row is a task of its own.

            Without a `worker` column each attempt gets the lowest lane that is free.
            Workers that are not lanes 0 ... n - 1 are labels, numbered in sorted order.

            Without a `status` column everything is done, so no time may be missing.

        Raises
        ------
        SchemaError
            If a column is absent or its values cannot be used.
        ArgumentError
            If `columns` names something unknown, or `n_workers` is fewer than are seen.

        Examples
        --------
        >>> table = pd.DataFrame(
        ...     {
        ...         "job": ["a", "b", "c"],
        ...         "begin": [10.0, 10.0, 12.0],
        ...         "end": [12.0, 13.0, 14.0],
        ...     }
        ... )
        >>> run = Run.from_frame(
        ...     table, columns={"job": "task", "begin": "started", "end": "ended"}
        ... )
        >>> run.tasks[["task", "name", "started", "ended", "worker"]]
           task name  started  ended  worker
        0     0    a      0.0    2.0       0
        1     1    b      0.0    3.0       1
        2     2    c      2.0    4.0       0
        """
        if n_workers is not None and not n_workers >= 1:
            raise ArgumentError(f"`n_workers` must be 1 or more; got {n_workers}")
        frame = _renamed(frame, columns or {})
        notes = []
        unused = [str(c) for c in frame.columns if c not in schema.DTYPES]
        if unused:
            notes.append(f"columns not used: {', '.join(unused)}")
        frame, started_at = _dates_as_seconds(frame)
        frame = _numbered(frame, notes)
        attempts = schema.coerce(frame.drop(columns=schema.WORKER, errors="ignore"))
        if schema.STATUS not in frame.columns:
            _check_all_ran(attempts)
        handed_over = attempts[[schema.SUBMITTED, schema.STARTED]].to_numpy()
        zero = np.fmin.reduce(handed_over, axis=None, initial=np.inf)
        if np.isfinite(zero):
            attempts[list(schema.TIMES)] -= zero
        attempts[schema.WORKER] = _lanes(frame, attempts, n_workers, notes)
        seen = int(attempts[schema.WORKER].max()) + 1 if len(attempts) else 0
        meta = Meta(
            n_workers=max(seen, 1) if n_workers is None else n_workers,
            backend=backend,
            host="",
            cpu_count=0,
            started_at=started_at,
            versions={},
            label=label,
            source=source,
            notes=tuple(notes),
        )
        return cls(attempts, meta, edges=edges)

    def __repr__(self):
        numbers = _summary(self)
        counts = ", ".join(f"{numbers[s]} {s}" for s in schema.STATUSES if numbers[s])
        n_tasks, n_workers = numbers["n_tasks"], self.meta.n_workers
        head = f"{self.meta.label!r} " if self.meta.label else ""
        parts = [
            f"{head}{n_tasks} task{'s' * (n_tasks != 1)}" + (counts and f": {counts}"),
            f"{n_workers} worker{'s' * (n_workers != 1)} ({self.meta.backend})",
        ]
        if np.isfinite(numbers["speedup_estimated"]):
            parts += [
                format_seconds(numbers["makespan"]),
                f"speedup {numbers['speedup_estimated']:.1f} (estimated)",
                f"utilization {numbers['utilization']:.0%}".replace("%", " %"),
            ]
        if self.meta.ended_by != "completion":
            parts.append(f"ended by {self.meta.ended_by}")
        return f"<Run {' · '.join(parts)}>"


def format_seconds(seconds: float) -> str:
    """Three digits and a unit, for people.

    Examples
    --------
    >>> [format_seconds(s) for s in (0.0000123, 0.0123, 1.239, 83.0, 7384.0)]
    ['12.3 µs', '12.3 ms', '1.24 s', '1 min 23 s', '2 h 03 min']
    """
    if np.isnan(seconds):
        return "unknown"
    if seconds < 0:
        return f"-{format_seconds(-seconds)}"
    whole = round(seconds) if seconds >= 59.5 else 0
    if whole >= 3600:
        minutes = round(seconds / 60)
        return f"{minutes // 60} h {minutes % 60:02d} min"
    if whole >= 60:
        return f"{whole // 60} min {whole % 60:02d} s"
    if seconds == 0 or seconds >= 0.9995:
        return f"{seconds:.3g} s"
    if seconds >= 0.9995e-3:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} µs"


def _summary(run: Run) -> dict[str, Any]:
    attempts, n_workers = run._attempts, run.meta.n_workers
    task = attempts[schema.TASK].to_numpy()
    started = attempts[schema.STARTED].to_numpy()
    ended = attempts[schema.ENDED].to_numpy()
    submitted = attempts[schema.SUBMITTED].to_numpy()
    ran = np.nan_to_num(ended - started)
    work = metrics.work(ran)
    per_task = np.bincount(task, weights=ran, minlength=run.n_tasks)
    busy = metrics.busy(ran, attempts[schema.WORKER].to_numpy(), n_workers)
    statuses = run.tasks[schema.STATUS].array.codes
    counts = np.bincount(statuses, minlength=len(schema.STATUSES)).tolist()
    numbers = {
        "n_tasks": run.n_tasks,
        **dict(zip(schema.STATUSES, counts, strict=True)),
        "n_attempts": len(attempts),
        "n_workers": n_workers,
        "work": work,
        "span": metrics.span(per_task, run._edges.to_numpy()),
        "makespan": np.nan,
        "speedup_estimated": np.nan,
        "efficiency": np.nan,
        "utilization": np.nan,
        "load_balance": metrics.load_balance(busy) if busy.any() else np.nan,
        "dispatch_efficiency": np.nan,
        "throughput": np.nan,
        "success_rate": np.nan,
        "retries": int((attempts[schema.ATTEMPT].to_numpy() > 1).sum()),
        "longest_task": -1,
        "longest_name": None,
    }
    n_done = numbers["done"]
    if run.n_tasks:
        numbers["success_rate"] = metrics.success_rate(n_done, run.n_tasks)
    submitted = np.where(np.isnan(submitted), started, submitted)
    # A pool that starts before it takes its first task is waited for all the same.
    submitted = np.append(submitted, run._startups["started"].to_numpy())
    if not (np.isnan(ended).all() or np.isnan(submitted).all()):
        numbers["makespan"] = makespan = metrics.makespan(ended, submitted)
        if makespan > 0:
            numbers["speedup_estimated"] = metrics.speedup(work, makespan)
            numbers["efficiency"] = metrics.efficiency(
                numbers["speedup_estimated"], n_workers
            )
            numbers["utilization"] = metrics.utilization(busy, makespan)
            numbers["dispatch_efficiency"] = metrics.dispatch_efficiency(busy, makespan)
            numbers["throughput"] = metrics.throughput(n_done, makespan)
    if work > 0:
        numbers["longest_task"] = longest = int(per_task.argmax())
        numbers["longest_name"] = run.tasks[schema.NAME].iat[longest]
    return numbers


def last_attempt_rows(attempts: pd.DataFrame) -> np.ndarray:
    """The row of each task's last attempt, by task.

    Parameters
    ----------
    attempts : DataFrame
        Valid by `parallel_nb.schema`: tasks have no gaps, so nothing needs sorting.

    Returns
    -------
    int64 array of shape (n_tasks,)
    """
    task = attempts[schema.TASK].to_numpy()
    n_tasks = int(task.max()) + 1 if len(task) else 0
    rows = np.arange(len(task))
    if n_tasks < len(task):
        attempt = attempts[schema.ATTEMPT].to_numpy()
        last = np.zeros(n_tasks, dtype=attempt.dtype)
        np.maximum.at(last, task, attempt)
        rows = np.flatnonzero(attempt == last[task])
    by_task = np.empty(n_tasks, dtype=np.int64)
    by_task[task[rows]] = rows
    return by_task


def _last_attempts(attempts: pd.DataFrame) -> pd.DataFrame:
    order = last_attempt_rows(attempts)
    if len(order) == len(attempts) and (order == np.arange(len(order))).all():
        return attempts
    # Column by column: two thirds of the time of `attempts.take` at 1,000,000 rows.
    columns = {column: attempts[column].array.take(order) for column in attempts}
    return pd.DataFrame(columns, copy=False)


def _check_lanes(attempts: pd.DataFrame, n_workers: int) -> None:
    worker = attempts[schema.WORKER].to_numpy()
    if not len(worker):
        return
    if worker.max() >= n_workers:
        raise SchemaError(
            f"column 'worker': expected lanes below meta.n_workers = {n_workers}; got "
            f"{worker.max()} in row {worker.argmax()}"
        )
    if worker.min() < 0:
        ended = attempts[schema.ENDED].to_numpy()
        started = attempts[schema.STARTED].to_numpy()
        astray = (worker < 0) & ~np.isnan(ended - started)
        if astray.any():
            raise SchemaError(
                "column 'worker': expected a lane wherever an attempt started and "
                f"ended; got -1 in row {astray.argmax()}. `metrics.colour_lanes` finds "
                "lanes."
            )


def _listed(results):
    return results if results is None or isinstance(results, list) else list(results)


# What a Run has once its frames are there.
_FILLED_LATE = frozenset(
    {"_attempts", "_edges", "_n_tasks", "_startups", "_tracebacks"}
)
# A live view may ask from another thread while the notebook does.
_ONE_FILLS = threading.RLock()


def _checked_tracebacks(tracebacks, attempts: pd.DataFrame) -> dict:
    if not tracebacks:
        return {}
    tracebacks = {(int(t), int(a)): text for (t, a), text in tracebacks.items()}
    erred = attempts.loc[attempts[schema.ERROR].notna(), [schema.TASK, schema.ATTEMPT]]
    stray = set(tracebacks) - set(erred.itertuples(index=False, name=None))
    if stray:
        raise SchemaError(
            "tracebacks: expected (task, attempt) of attempts that have an error; got "
            f"{min(stray)}"
        )
    return tracebacks


def _checked_edges(edges: pd.DataFrame | None, n_tasks: int) -> pd.DataFrame:
    edges = _small_frame("edges", edges, EDGES)
    if len(edges):
        task, after = edges["task"].to_numpy(), edges["after"].to_numpy()
        if min(task.min(), after.min()) < 0 or max(task.max(), after.max()) >= n_tasks:
            raise SchemaError(
                f"edges: expected tasks 0 ... {n_tasks - 1}; got "
                f"{min(task.min(), after.min())} ... {max(task.max(), after.max())}"
            )
        if not (after < task).all():  # listed in their own order, none can be a circle
            try:
                for _ in metrics.in_dependency_order(n_tasks, edges.to_numpy()):
                    pass
            except ValueError as error:
                raise SchemaError(f"edges: {error}") from None
    return edges


def _checked_startups(startups: pd.DataFrame | None, n_workers: int) -> pd.DataFrame:
    startups = _small_frame("startups", startups, STARTUPS)
    worker = startups["worker"].to_numpy()
    if len(worker) and (worker.min() < 0 or worker.max() >= n_workers):
        raise SchemaError(
            f"startups: expected lanes 0 ... {n_workers - 1}; got "
            f"{worker.min()} ... {worker.max()}"
        )
    return startups


def _small_frame(name: str, frame: pd.DataFrame | None, dtypes: dict) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({c: np.empty(0, dtype) for c, dtype in dtypes.items()})
    if not isinstance(frame, pd.DataFrame) or set(frame.columns) != set(dtypes):
        got = list(frame.columns) if isinstance(frame, pd.DataFrame) else type(frame)
        raise SchemaError(f"{name}: expected the columns {list(dtypes)}; got {got}")
    for column, dtype in dtypes.items():
        got = frame[column].dtype
        if got != dtype:
            raise SchemaError(f"{name}.{column}: expected {dtype}; got {got}")
    return frame[list(dtypes)].reset_index(drop=True)


def _renamed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """`frame` under our column names, the required ones present."""
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(f"frame: expected a DataFrame; got {type(frame).__name__}")
    ours = list(columns.values())
    for theirs, our in columns.items():
        one_of("columns", our, schema.COLUMNS)
        if theirs not in frame.columns:
            raise ArgumentError(
                f"`columns` renames {theirs!r}, which the frame lacks; it has "
                f"{list(frame.columns)}.{did_you_mean(theirs, frame.columns)}"
            )
        if ours.count(our) > 1:
            raise ArgumentError(f"`columns` names {our!r} more than once")
    frame = frame.drop(columns=[c for c in frame if c in ours and c not in columns])
    frame = frame.rename(columns=dict(columns)).reset_index(drop=True)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise SchemaError(f"column {twice!r}: expected once; got it more than once")
    for column in schema.REQUIRED:
        if column not in frame.columns:
            raise SchemaError(
                f"column {column!r}: expected task, started and ended at least; got "
                f"{list(frame.columns)}.{did_you_mean(column, frame.columns)} "
                "Rename by `columns={'theirs': 'ours'}`."
            )
    return frame


def _dates_as_seconds(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Datetimes as s since the first of them, and that moment; numbers as they are."""
    frame = frame.copy(deep=False)
    for column in [*schema.TIMES, schema.CPU]:
        if column in frame and pd.api.types.is_timedelta64_dtype(frame[column]):
            frame[column] = frame[column].dt.total_seconds()
    times = [c for c in schema.TIMES if c in frame and frame[c].notna().any()]
    dated = [c for c in times if pd.api.types.is_datetime64_any_dtype(frame[c])]
    if not dated:
        return frame, ""
    if dated != times:
        others = [c for c in times if c not in dated]
        raise SchemaError(
            f"times: expected datetimes in all columns or in none; got {dated} as "
            f"datetimes, but not {others}"
        )
    moments = pd.DataFrame({c: pd.to_datetime(frame[c], utc=True) for c in dated})
    handed_over = [c for c in (schema.SUBMITTED, schema.STARTED) if c in dated]
    zero = moments[handed_over or dated].min().min()
    for column in dated:
        frame[column] = (moments[column] - zero).dt.total_seconds()
    return frame, zero.isoformat()


def _numbered(frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Tasks as positions 0 ... n - 1, their labels as names."""
    labels = frame[schema.TASK]
    if labels.isna().any():
        row = int(labels.isna().to_numpy().argmax())
        raise SchemaError(f"column 'task': expected a label; got none in row {row}")
    has_attempts = schema.ATTEMPT in frame.columns
    are_numbers = pd.api.types.is_integer_dtype(labels)
    if are_numbers and (has_attempts or labels.is_unique):
        n_tasks = labels.nunique()
        if not n_tasks or (labels.min(), labels.max()) == (0, n_tasks - 1):
            return frame
    if has_attempts:
        try:
            positions, _ = pd.factorize(labels)
        except TypeError as error:
            raise SchemaError(f"column 'task': expected labels; got {error}") from None
    else:
        positions = np.arange(len(labels))
    if are_numbers:
        notes.append("tasks were numbered anew, as they come; names hold the numbers")
    numbered = {schema.TASK: positions}
    if schema.NAME not in frame.columns:
        numbered[schema.NAME] = labels.map(str).astype("str")
    return frame.assign(**numbered)


def _check_all_ran(attempts: pd.DataFrame) -> None:
    for column in (schema.STARTED, schema.ENDED):
        unknown = attempts[column].isna().to_numpy()
        if unknown.any():
            raise SchemaError(
                f"column {column!r}: expected a time in each row, as there is no "
                "column 'status' to say what else became of it; got none in row "
                f"{unknown.argmax()}"
            )


def _lanes(frame, attempts, n_workers: int | None, notes: list[str]) -> np.ndarray:
    """The lane of each attempt: as told, else from labels, else from the times."""
    started = attempts[schema.STARTED].to_numpy()
    ended = attempts[schema.ENDED].to_numpy()
    if schema.WORKER not in frame.columns:
        try:
            lanes = metrics.colour_lanes(started, ended)
        except ValueError as error:
            raise SchemaError(f"column 'ended': {error}") from None
        notes.append("workers were not told: the fewest lanes that the times allow")
    else:
        labels = frame[schema.WORKER]
        told = labels.dropna()
        lanes = None
        if pd.api.types.is_numeric_dtype(labels) and (told % 1 == 0).all():
            used = set(told.astype("int64")) - {-1}
            bound = n_workers if n_workers is not None else len(used)
            if all(0 <= lane < bound for lane in used):
                lanes = labels.fillna(-1).to_numpy(dtype=np.int32)
        if lanes is None:
            lanes = _sorted_positions(labels)
            notes.append("workers were numbered anew, in sorted order of their labels")
        astray = (lanes < 0) & ~np.isnan(ended - started)
        if astray.any():
            raise SchemaError(
                "column 'worker': expected a worker wherever an attempt started and "
                f"ended; got none in row {astray.argmax()}"
            )
    seen = int(lanes.max()) + 1 if len(lanes) else 0
    if n_workers is not None and seen > n_workers:
        raise ArgumentError(
            f"`n_workers` must be {seen} or more, as many workers are seen; got "
            f"{n_workers}"
        )
    return lanes.astype(np.int32)


def _sorted_positions(labels: pd.Series) -> np.ndarray:
    try:
        return pd.factorize(labels, sort=True)[0]
    except TypeError:  # labels of several types have no order but as text
        return pd.factorize(labels.map(str, na_action="ignore"), sort=True)[0]
