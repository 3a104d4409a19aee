"""What benchmark tools measured with several numbers of workers → a Sweep.

Knows which parameter counts workers, and how to ask for it; refuses to know either
file's layout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ..errors import ArgumentError, SchemaError
from ..sweeps import Sweep
from . import fields
from .source import Source

N_WORKERS = "n_workers"
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


def sweep_of(
    source: Source,
    measured: Iterable[tuple[str, Mapping[str, Any], str, list[float]]],
    columns: Mapping[str, str] | None,
) -> Sweep:
    """A Sweep of (place, parameters, name, seconds of each repeat).

    The other parameters, and the name where it is not made of them, tell series apart:
    they are the Sweep's ``backend``.

    Raises
    ------
    FormatError
        If no parameter counts workers; says which there are.
    ArgumentError
        If `columns` names another column than ``n_workers``, or no parameter.
    """
    measured = list(measured)
    if not measured:
        raise source.error("it has no measurements")
    known = dict.fromkeys(name for _, parameters, *_ in measured for name in parameters)
    counter = _counter(source, list(known), columns)
    rows = []
    for place, parameters, name, times in measured:
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


def _counter(source, known, columns):
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
        if name in folded:
            return folded[name]
    if not known:
        raise source.error(
            "expected a parameter for the number of workers, as `hyperfine "
            "--parameter-list threads 1,2,4` or `pytest.mark.parametrize('n_jobs', …)` "
            "has it; got no parameters"
        )
    listed = ", ".join(map(repr, known))[:300]
    raise source.error(
        "expected a parameter such as threads, jobs or n_workers; got "
        f"{listed}. Name it: `columns={{{known[0][:60]!r}: {N_WORKERS!r}}}`"
    )


def _count(source, counter, value, place):
    number = math.nan if isinstance(value, bool) else fields.number_of(value)
    if not (1 <= number < 1e9 and number == int(number)):
        raise source.error(
            f"{counter}: expected a whole number of workers from 1; got "
            f"{fields.shown(value)}",
            place,
        )
    return int(number)
