"""Floor 2: `Run`, the one currency: what was attempted, when, where, what came of it.

Knows the frames and metadata of one batch and shows them as one line of text; refuses
to know drawing, disk, joblib and who made the Run.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from . import oneline, schema, tables, totals
from .attachments import Parts, checked, made_late
from .errors import ArgumentError, ResultsNotKept, SchemaError, TasksFailed
from .meta import Meta
from .oneline import format_seconds

__all__ = ["MISSING", "Meta", "Missing", "Run", "format_seconds"]


class Missing(enum.Enum):
    """The type of `MISSING`, which stands where a task left no result."""

    MISSING = "missing"

    def __repr__(self):
        return "MISSING"


MISSING = Missing.MISSING


class Run:
    """One batch of tasks: every attempt, with times, and what came of it.

    Parameters
    ----------
    attempts : DataFrame or callable
        One row per attempt as `parallel_nb.schema` has it; `schema.coerce` makes one
        from loose columns, `Run.from_frame` from another tool's table. A callable is
        called when they are first asked for, and returns a mapping with `attempts` and,
        if need be, `tracebacks`, `edges`, `startups` and `details`, which are not
        passed beside it then: whoever waits for results need not wait for frames.
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
    details : mapping of int to mapping, optional
        What was said of some of the tasks: ``context`` (mapping), what was declared,
        such as a description or success criteria; ``summary`` (str) of the result;
        ``is_aggregate`` (bool), whether it makes one result of others'. A value that
        JSON cannot hold is kept as its text.
    is_done : bool, optional
        Whether every task is done, where `attempts` is a callable and its maker knows:
        results are then given without making frames first.

    Raises
    ------
    SchemaError
        If any of these is not as described; names the column, what was expected and
        what arrived.
    ArgumentError
        If something is passed beside a callable that the callable should return.

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
        "_kept",
        "_make",
        "_meta",
        "_n_unfinished",  # made when first asked for, as is `_tasks`
        "_results",
        "_tasks",
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
        details: Mapping[int, Mapping[str, Any]] | None = None,
        is_done: bool | None = None,
    ):
        if not isinstance(meta, Meta):
            raise SchemaError(f"meta: expected a Meta; got {type(meta).__name__}")
        if not (results is None or isinstance(results, list)):
            results = list(results)
        parts = {
            "tracebacks": tracebacks,
            "edges": edges,
            "startups": startups,
            "details": details,
        }
        is_late = callable(attempts)
        if is_late:
            _refuse_beside_callable(parts)
        else:
            parts = checked(meta.n_workers, results, attempts=attempts, **parts)
        put = object.__setattr__
        put(self, "_meta", meta)
        put(self, "_results", results)
        put(self, "_make", attempts if is_late else None)
        put(self, "_kept", None if is_late else parts)
        put(self, "_tasks", None)
        put(self, "_n_unfinished", 0 if is_done and is_late else None)

    def _parts(self) -> Parts:
        """The frames and what goes with them, made now if they were not before."""
        if self._kept is None:
            with _ONE_MAKES:
                if self._kept is None:
                    made = made_late(self._make())
                    kept = checked(self._meta.n_workers, self._results, **made)
                    object.__setattr__(self, "_kept", kept)
                    object.__setattr__(self, "_make", None)
        return self._kept

    def __getstate__(self):
        self._parts()
        names = set(self.__slots__) - {"__weakref__"}
        return None, {name: getattr(self, name) for name in names}

    def __setstate__(self, state):
        for name, value in state[1].items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        raise AttributeError(f"a Run is frozen: {name!r} cannot be set")

    def __delattr__(self, name):
        raise AttributeError(f"a Run is frozen: {name!r} cannot be deleted")

    @property
    def attempts(self) -> pd.DataFrame:
        """One row per attempt; yours to change, the Run keeps its own."""
        return self._parts().attempts.copy(deep=False)

    @property
    def tasks(self) -> pd.DataFrame:
        """One row per task, its last attempt; row i is task i."""
        if self._tasks is None:
            tasks = totals.last_attempts(self._parts().attempts)
            object.__setattr__(self, "_tasks", tasks)
        return self._tasks.copy(deep=False)

    @property
    def agents(self) -> pd.DataFrame:
        """One row per agent; agent ``""`` are the tasks that any worker may do.

        Those that were declared come first, in that order; ``""`` comes last, and only
        if there are such tasks.

        Returns
        -------
        DataFrame
            - ``agent``; ``slots``: attempts of it at once (of ``""``: n_workers; 0
              where nobody knows)
            - ``n_tasks``; ``done``, ``failed``, ``invalid``, ``timeout``, ``crashed``,
              ``cancelled``, ``skipped``: its tasks by the status of their last attempt
            - ``busy``: s inside attempts
            - ``idle``: slots x makespan - busy (s); ``utilization``: busy / (slots x
              makespan). NaN where there is no makespan or nobody knows the slots
            - ``load``: its share of all busy seconds; NaN if nothing ran
            - ``longest_task``, ``longest_name``: its task with most seconds, all
              attempts together; -1 and missing if none ran

        Examples
        --------
        >>> table = pd.DataFrame(
        ...     {
        ...         "task": ["lint", "test"],
        ...         "agent": ["reviewer", "runner"],
        ...         "started": [0.0, 0.0],
        ...         "ended": [1.0, 4.0],
        ...     }
        ... )
        >>> run = Run.from_frame(table, agents={"reviewer": 1, "runner": 1})
        >>> run.agents[["agent", "slots", "busy", "idle", "utilization", "load"]]
              agent  slots  busy  idle  utilization  load
        0  reviewer      1   1.0   3.0         0.25   0.2
        1    runner      1   4.0   0.0         1.00   0.8
        """
        kept, meta = self._parts(), self._meta
        return totals.by_agent(
            kept.attempts,
            self.tasks,
            meta.agents,
            meta.n_workers,
            totals.makespan(kept.attempts, kept.startups) if self._is_timed else np.nan,
        )

    @property
    def meta(self) -> Meta:
        """What is true of the whole run."""
        return self._meta

    @property
    def edges(self) -> pd.DataFrame:
        """Dependencies: columns `task`, `after`; empty if the tasks are independent."""
        return self._parts().edges.copy(deep=False)

    @property
    def startups(self) -> pd.DataFrame:
        """Starting of workers: columns `worker`, `pid`, `started`, `ended` (s)."""
        return self._parts().startups.copy(deep=False)

    @property
    def tracebacks(self) -> Mapping[tuple[int, int], str]:
        """Tracebacks by (task, attempt), read-only; `errors` has them in a frame."""
        return MappingProxyType(self._parts().tracebacks)

    @property
    def details(self) -> Mapping[int, dict[str, Any]]:
        """What was said of some of the tasks, by task, read-only.

        Each entry has any of ``context`` (dict), ``summary`` (str), ``is_aggregate``
        and ``is_checked`` (True), as JSON can hold them.
        """
        return self._parts().details

    @property
    def n_tasks(self) -> int:
        """How many tasks the batch has."""
        return self._parts().n_tasks

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
            attempts = self._parts().attempts
            status = attempts[schema.STATUS].array.codes  # done is 0
            if status.any():
                status = status[totals.last_attempt_rows(attempts)]
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
        kept = self._parts()
        errors = kept.attempts.loc[kept.attempts[schema.ERROR].notna(), columns]
        keys = zip(errors["task"], errors["attempt"], strict=True)
        texts = [kept.tracebacks.get(key) for key in keys]
        return errors.assign(traceback=schema.as_text(texts)).reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """One row of numbers about the run. NaN: not defined, as nothing ran.

        Where only durations were recorded, and no times (``"starts"`` in `Meta.lacks`),
        all that depends on when tasks ran is NaN: makespan, speedup, efficiency,
        utilization, load balance, dispatch efficiency and throughput.

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
        return pd.DataFrame([self._numbers()]).astype({"longest_name": "str"})

    def _numbers(self) -> dict[str, Any]:
        kept = self._parts()
        return totals.summary(
            kept.attempts,
            self.tasks,
            kept.edges,
            kept.startups,
            self.meta.n_workers,
            is_timed=self._is_timed,
        )

    @property
    def _is_timed(self) -> bool:
        """Whether it was noted when tasks began, and not durations alone."""
        return "starts" not in self._meta.lacks

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        columns: Mapping[str, str] | None = None,
        n_workers: int | None = None,
        agents: Mapping[str, int] | None = None,
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
        agents : mapping of str to int, optional
            Slots of each agent, those included that did nothing. Default: for each
            agent that is seen, as many as it ever used at once.
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
            If `columns` names something unknown, `n_workers` is fewer than are seen, or
            `agents` lacks one that is seen.

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
        table = tables.read(
            frame, columns=columns or {}, n_workers=n_workers, agents=agents
        )
        meta = Meta(
            n_workers=table.n_workers,
            backend=backend,
            host="",
            cpu_count=0,
            started_at=table.started_at,
            versions={},
            label=label,
            source=source,
            notes=table.notes,
            agents=table.agents,
        )
        return cls(table.attempts, meta, edges=edges)

    def __repr__(self):
        return f"<Run {oneline.of_run(self._meta, self._numbers())}>"


# A live view may ask from another thread while the notebook does.
_ONE_MAKES = threading.RLock()


def _refuse_beside_callable(parts: Mapping[str, Any]) -> None:
    for name, part in parts.items():
        if part is not None:
            raise ArgumentError(
                f"`{name}` cannot stand beside a callable that makes the attempts: "
                f"have it return {name!r} in its mapping, too"
            )
