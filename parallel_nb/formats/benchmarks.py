"""What benchmark tools measured: with several numbers of workers → a Sweep, else a Run.

Knows which parameter counts workers, and how to ask for it; refuses to know either
file's layout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from .. import schema
from ..errors import ArgumentError, SchemaError
from ..runs import Run
from ..sweeps import Sweep
from . import fields
from .assembling import assemble, lay_out
from .source import Source

N_WORKERS = "n_workers"
Measured = tuple[str, Mapping[str, Any], str, list[float], str]
COUNTERS = (
    "n_workers",
    "n_jobs",
    "jobs",
    "workers",
    "threads",
    "n_threads",
    "num_threads",
    "nthreads",
    "procs",
    "n_procs",
    "nproc",
    "nprocs",
    "processes",
    "n_processes",
    "cores",
    "n_cores",
    "cpus",
    "n_cpus",
    "num_workers",
    "num_jobs",
    "parallelism",
    "concurrency",
    "ranks",
    "nodes",
    "n",
    "j",
    "p",
    "np",
)
_MAYBE = ("nodes", "n", "j", "p", "np")  # what else is called so may be far larger
_MOST = 1024


def sweep_of(
    source: Source,
    measured: Iterable[Measured],
    columns: Mapping[str, str] | None,
    made_by: str,
) -> Sweep | Run:
    """A Sweep of (place, parameters, name, seconds of each repeat, title).

    The other parameters, and the name where it is not made of them, tell series apart:
    they are the Sweep's ``backend``. Where no parameter counts workers, a Run with a
    task for each repeat.

    Raises
    ------
    FormatError
        If a number of workers is none.
    ArgumentError
        If `columns` names another column than ``n_workers``, or no parameter.
    """
    measured = list(measured)
    if not measured:
        raise source.error("it has no measurements")
    known = dict.fromkeys(name for _, parameters, *_ in measured for name in parameters)
    counter = _counter(measured, list(known), columns)
    if counter is None:
        return _run_of(source, measured, list(known), made_by)
    rows = []
    for place, parameters, name, times, _ in measured:
        if counter not in parameters:
            raise source.error(f"expected a parameter {counter!r}; got none", place)
        n = _count(source, counter, parameters[counter], place)
        others = [f"{k}={v}" for k, v in parameters.items() if k != counter]
        series = " ".join([*([name] if name else []), *others])[:200]
        series = series.encode("utf-8", "backslashreplace").decode()
        rows.extend((n, series, each) for each in times)
    frame = pd.DataFrame(rows, columns=["n", "series", "time"])
    try:
        return Sweep.from_frame(
            frame, n="n", time="time", backend="series", label=source.stem
        )
    except SchemaError as error:
        raise source.error(str(error)) from error


def _run_of(source, measured, known, made_by) -> Run:
    """Repeats one after another, as these tools run them."""
    durations = [time for _, _, _, times, _ in measured for time in times]
    places = [place for place, _, _, times, _ in measured for _ in times]
    titles = [title for _, _, _, times, title in measured for _ in times]
    wrong = next((at for at, time in enumerate(durations) if time < 0), None)
    if wrong is not None:
        raise source.error(
            f"expected no negative time; got {durations[wrong]:g}", places[wrong]
        )
    started, ended = lay_out(durations)
    hint = (
        f"Its parameters: {', '.join(map(repr, known))[:300]}; "
        f"`columns={{{known[0][:60]!r}: {N_WORKERS!r}}}` says which one does"
        if known
        else "It has no parameters"
    )
    return assemble(
        source,
        {
            schema.NAME: schema.as_text([title[:500] for title in titles]),
            schema.STARTED: started,
            schema.ENDED: ended,
            schema.WORKER: np.zeros(len(durations), dtype=np.int64),
        },
        made_by=made_by,
        where=lambda row: places[row],
        lacks=("starts",),
        notes=(
            "no parameter counts workers, so this is no sweep: each repeat is a task. "
            + hint,
        ),
        backend=made_by,
    )


def _counter(measured, known, columns) -> str | None:
    if columns is not None:
        for theirs, our in columns.items():
            if our != N_WORKERS:
                raise ArgumentError(
                    f"`columns` must name the parameter that is {N_WORKERS!r}, as in "
                    f"{{{theirs!r}: {N_WORKERS!r}}}; got {our!r}"
                )
            if theirs not in known:
                raise ArgumentError(
                    f"`columns` names {theirs!r}; the parameters are "
                    f"{', '.join(map(repr, known)) or 'none'}"
                )
            return theirs
    folded = {name.casefold().replace("-", "_"): name for name in known}
    for name in COUNTERS:
        if name in folded and (name not in _MAYBE or _is_small(measured, folded[name])):
            return folded[name]
    return None


def _is_small(measured, name) -> bool:
    values = [fields.number_of(p[name]) for _, p, *_ in measured if name in p]
    return all(1 <= value <= _MOST and value % 1 == 0 for value in values)


def _count(source, counter, value, place):
    number = math.nan if isinstance(value, bool) else fields.number_of(value)
    if not (1 <= number < 1e9 and number == int(number)):
        raise source.error(
            f"{counter}: expected a whole number of workers from 1; got "
            f"{fields.shown(value)}",
            place,
        )
    return int(number)
