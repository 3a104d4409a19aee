"""Floor 1: what comes with the attempts of a Run, checked against them.

Knows which lanes, tracebacks, edges, start-ups and details fit a frame of attempts;
refuses to know what a Run does with them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from . import metrics, schema
from .errors import SchemaError, did_you_mean

CONTEXT = "context"  # what was declared: description, success criteria, ...
SUMMARY = "summary"  # what to say of the result
IS_AGGREGATE = "is_aggregate"  # whether the task makes one result of several others'
IS_CHECKED = "is_checked"  # whether the task says what makes a result valid
DETAILS = {CONTEXT: Mapping, SUMMARY: str, IS_AGGREGATE: bool, IS_CHECKED: bool}


class Details(Mapping):
    """Details by task: what you get is yours to change, the Run keeps its own.

    Parameters
    ----------
    by_task : dict of int to dict
        As `checked_details` makes it.
    """

    __slots__ = ("_by_task",)

    def __init__(self, by_task: dict[int, dict[str, Any]]):
        self._by_task = by_task

    def __getitem__(self, task: int) -> dict[str, Any]:
        return copy.deepcopy(self._by_task[task])

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_task)

    def __len__(self) -> int:
        return len(self._by_task)

    def __repr__(self):
        return repr(self._by_task)


@dataclass(frozen=True, slots=True)
class Parts:
    """The attempts of a Run and what comes with them, checked."""

    attempts: pd.DataFrame
    tracebacks: dict[tuple[int, int], str]
    edges: pd.DataFrame
    startups: pd.DataFrame
    details: Details
    n_tasks: int


def checked(
    n_workers: int,
    results: list | None,
    *,
    attempts: pd.DataFrame,
    tracebacks=None,
    edges=None,
    startups=None,
    details=None,
) -> Parts:
    """All of it, if it is valid and fits together; parameters as of `Run`.

    Raises
    ------
    SchemaError
        Says what does not fit.
    """
    attempts = schema.validate(attempts)
    n_tasks = int(attempts[schema.TASK].max()) + 1 if len(attempts) else 0
    check_lanes(attempts, n_workers)
    if results is not None and len(results) != n_tasks:
        raise SchemaError(
            f"results: expected one for each of the {n_tasks} tasks; got {len(results)}"
        )
    return Parts(
        attempts=attempts,
        tracebacks=checked_tracebacks(tracebacks, attempts),
        edges=checked_edges(edges, n_tasks),
        startups=checked_startups(startups, n_workers),
        details=checked_details(details, n_tasks),
        n_tasks=n_tasks,
    )


def made_late(made) -> Mapping[str, Any]:
    """What a callable returned, if it is a mapping of what `checked` takes."""
    known = [name for name in Parts.__slots__ if name != "n_tasks"]
    if not isinstance(made, Mapping) or "attempts" not in made:
        got = list(made) if isinstance(made, Mapping) else type(made).__name__
        raise SchemaError(
            f"attempts: expected a callable to return a mapping with 'attempts' in it; "
            f"got {got}"
        )
    for name in made:
        if name not in known:
            raise SchemaError(
                f"attempts: expected a callable to return any of {known}; got "
                f"{name!r}.{did_you_mean(name, known)}"
            )
    return made


def checked_details(
    details: Mapping[int, Mapping[str, Any]] | None, n_tasks: int
) -> Details:
    """Details as JSON holds them, by task, the empty ones left out.

    Parameters
    ----------
    details : mapping of int to mapping, optional
        For some of the tasks, any of ``context`` (mapping of str to object),
        ``summary`` (str), ``is_aggregate`` and ``is_checked`` (bool); None stands for
        nothing.
    n_tasks : int

    Returns
    -------
    Details
        What JSON cannot hold is there as its text: no value may cost a run its record.

    Raises
    ------
    SchemaError
        If there is no such task, or no such detail, or a detail is of another type.

    Examples
    --------
    >>> checked_details({0: {"context": {"limit": (1, 2)}, "summary": None}}, 1)
    {0: {'context': {'limit': [1, 2]}}}
    """
    if details is None:
        return Details({})
    if not isinstance(details, Mapping):
        raise SchemaError(
            f"details: expected a mapping of tasks; got {type(details).__name__}"
        )
    kept = {}
    for task, entry in details.items():
        is_number = isinstance(task, int | np.integer) and not isinstance(task, bool)
        if not is_number or not 0 <= task < n_tasks:
            raise SchemaError(
                f"details: expected tasks 0 ... {n_tasks - 1}; got {task!r}"
            )
        if not isinstance(entry, Mapping):
            raise SchemaError(f"details[{task}]: expected a mapping; got {entry!r:.80}")
        plain = {key: _detail(task, key, value) for key, value in entry.items()}
        plain = {key: plain[key] for key in DETAILS if plain.get(key)}
        if plain:
            kept[int(task)] = plain
    return Details(kept)


def _detail(task, key, value):
    if key not in DETAILS:
        raise SchemaError(
            f"details[{task}]: expected {', '.join(map(repr, DETAILS))}; got {key!r}."
            + did_you_mean(key, DETAILS)
        )
    if value is None:
        return None
    if DETAILS[key] is bool and isinstance(value, np.bool_):
        value = bool(value)
    if not isinstance(value, DETAILS[key]):
        expected = DETAILS[key].__name__.lower()
        raise SchemaError(
            f"details[{task}][{key!r}]: expected a {expected}; got {value!r:.80}"
        )
    return _plain_mapping(value) if key == CONTEXT else value


def _plain_mapping(values: Mapping) -> dict[str, Any]:
    return {_text(key): _plain(value) for key, value in values.items()}


def _plain(value):
    """What JSON makes of a value, so that a file gives back the same."""
    try:
        return json.loads(json.dumps(value, default=_nearest))
    except Exception:  # odd keys, circles, or an error of its own
        return _text(value)


def _nearest(value):
    """What stands for a value that JSON does not know."""
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return _text(value)


def _text(value) -> str:
    try:
        return str(value)
    except Exception:  # its own, whatever it is
        return f"<{type(value).__name__}>"


def check_lanes(attempts: pd.DataFrame, n_workers: int) -> None:
    """Refuse attempts that ran on no lane, or on one that there was not.

    Raises
    ------
    SchemaError
        Says which attempt and which lane.
    """
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


def checked_tracebacks(
    tracebacks: Mapping[tuple[int, int], str] | None, attempts: pd.DataFrame
) -> dict[tuple[int, int], str]:
    """Tracebacks by (task, attempt), if each belongs to an attempt with an error."""
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


def checked_edges(edges: pd.DataFrame | None, n_tasks: int) -> pd.DataFrame:
    """Edges, if they are between tasks that there are and go round in no circle."""
    edges = schema.validate_small("edges", edges, schema.EDGES)
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


def checked_startups(startups: pd.DataFrame | None, n_workers: int) -> pd.DataFrame:
    """Start-ups, if they are of workers that there were."""
    startups = schema.validate_small("startups", startups, schema.STARTUPS)
    worker = startups[schema.WORKER].to_numpy()
    if len(worker) and (worker.min() < 0 or worker.max() >= n_workers):
        raise SchemaError(
            f"startups: expected lanes 0 ... {n_workers - 1}; got "
            f"{worker.min()} ... {worker.max()}"
        )
    return startups
