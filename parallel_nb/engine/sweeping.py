"""`sweep`: one batch under several numbers of workers, again and again.

Knows in which order to measure; what the measurements mean is known elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import joblib
import numpy as np

from ..errors import ArgumentError, TasksFailed, one_of
from ..planning import Plan
from ..sweeps import SCALES, Sweep
from ..tasks import Shell, Task
from ..tasks.declarations import count
from .backends import name_of_backend, settings
from .growing import growth
from .jobs import Job
from .options import Options
from .progress import Progress

ORDERS = ("interleaved", "given")
# What a measurement decides itself, or what would not leave the batch the same.
_NOT_IN_A_SWEEP = ("progress", "path", "journal", "resume", "store", "deadline", "wait")


def sweep(
    work: Callable | Iterable[Task | Shell] | Plan,
    inputs: Iterable | Callable[[int], Iterable] | None = None,
    *,
    n_jobs: Sequence[int] | None = None,
    backend=None,
    repeats: int = 5,
    warmup: int = 1,
    order: str = "interleaved",
    scale: str = "strong",
    seed: int = 0,
    label: str = "",
    progress: bool | None = None,
    keep_results: bool = False,
    **options,
) -> Sweep:
    """A Sweep: a batch measured with several numbers of workers, each repeat a Run.

    Parameters
    ----------
    work, inputs
        As for `run`. With ``scale="weak"``, `inputs` are those of one worker, and n
        workers get n times as many; or a function of n that gives them all. How much
        the batch grew is then measured, as a part of it may stay the same: each input
        counts as long as it took with the fewest workers that had it. One that comes
        with its own number of workers only also counts what made it slower there.
    n_jobs : sequence of int, optional
        Numbers of workers. Default: 1, 2, 4, … and all usable cores.
    backend : str, joblib backend, or several, optional
        As for `run`; several are compared with each other.
    repeats : int
        Measurements of each number of workers and backend.
    warmup : int
        Runs of each before them that do not count: workers are started, modules
        imported and caches filled meanwhile.
    order : {"interleaved", "given"}
        Interleaved, every number of workers is measured once, in random order, before
        any is measured again: a machine that gets slower meanwhile does not look like
        a batch that scales badly. As given, all repeats of one follow each other.
    scale : {"strong", "weak"}
        Whether the batch stays the same, or grows with the workers.
    seed : int
        Decides the random order.
    label : str
        What the measurements are called in titles.
    progress : bool, optional
        Show a bar, or don't; by default only where somebody watches.
    keep_results : bool
        Whether each Run keeps what its tasks returned.
    **options
        As for `run`: `order` of tasks excepted, which is ``task_order`` here.

    Returns
    -------
    Sweep
        ``sweep.table`` has one row per measurement, ``sweep.runs`` its Run.

    Raises
    ------
    ArgumentError
        Before anything is measured.
    TasksFailed
        If a task is not done: what fails early would look fast. ``.run`` is its Run.

    Examples
    --------
    >>> measured = sweep(abs, [-1, 2], n_jobs=[1, 2], backend="threading", repeats=2)
    >>> measured.table[["n_workers", "backend", "repeat"]]
       n_workers    backend  repeat
    0          1  threading       0
    1          1  threading       1
    2          2  threading       0
    3          2  threading       1
    """
    one_of("order", order, ORDERS)
    one_of("scale", scale, SCALES)
    repeats = count("repeats", repeats, least=1)
    warmup = count("warmup", warmup, least=0)
    for name in _NOT_IN_A_SWEEP:
        if name in options:
            raise ArgumentError(f"sweep() has no argument {name!r}: see help(sweep)")
    if "task_order" in options:
        options["order"] = options.pop("task_order")
    batch = _Batch(work, inputs, scale)
    backends = _backends(backend)
    numbers = _numbers(n_jobs, backends[0])
    kinds = [
        (which, n)
        for which, each in enumerate(backends)
        # There is one worker, whatever is asked for: one measurement says it all.
        for n in (numbers if _name(each) != "sequential" else [1])
    ]
    options = {**options, "keep_results": keep_results, "label": label}

    def measure(kind):
        which, n = kind
        given = {**options, "n_jobs": n, "backend": backends[which]}
        inputs = batch.inputs(n)
        made = Job(batch.work, inputs, Options.of("sweep", **given))
        made = made.execute(progress=False)
        if (made.tasks["status"] != "done").any():
            raise TasksFailed(made)
        return made, inputs

    turns = _turns(len(kinds), repeats, order, np.random.default_rng(seed))
    n_runs = len(kinds) * warmup + len(turns)
    measured = {}
    counted = _Counted()
    with Progress(counted, lambda: n_runs, label or "sweep", progress, unit="run"):
        for kind in kinds * warmup:
            measure(kind)
            counted.n_done += 1
        for turn, at in turns:
            measured[at, turn] = measure(kinds[at])
            counted.n_done += 1
    order_of_table = sorted(measured)
    runs, inputs_of_each = zip(*(measured[key] for key in order_of_table), strict=True)
    names = [_name(backends[kinds[at][0]]) for at, _ in order_of_table]
    return Sweep.from_runs(
        runs,
        scale=scale,
        label=label,
        backends=names,
        growth=growth(runs, inputs_of_each, names) if batch.is_made else None,
    )


class _Counted:
    """What a bar reads."""

    n_done = n_failed = n_lost = 0


class _Batch:
    """The same work for every measurement, however it was passed."""

    def __init__(self, work, inputs, scale):
        is_listed = isinstance(work, Iterable) and not isinstance(work, Plan | str)
        self.work = list(work) if is_listed else work
        self._make = inputs if callable(inputs) else None
        self.is_made = self._make is not None
        self._inputs = None
        if inputs is not None and self._make is None:
            self._inputs = list(inputs)
        self._grows = scale == "weak"
        if self._grows and inputs is None:
            raise ArgumentError(
                "`scale='weak'` needs a function and the inputs of one worker: a list "
                "of tasks does not say how it grows"
            )
        if self._make is not None and not self._grows:
            raise ArgumentError(
                "`inputs` may be a function of the number of workers with "
                "scale='weak' only: else it has to be the same batch each time"
            )

    def inputs(self, n):
        """Those for `n` workers."""
        if self._make is not None:
            return list(self._make(n))
        return self._inputs * n if self._grows else self._inputs


def _backends(backend):
    several = isinstance(backend, list | tuple)
    listed = list(backend) if several else [backend]
    if not listed:
        raise ArgumentError("`backend` is an empty list: name one, or leave it out")
    return [settings(1, each).backend for each in listed]


def _name(backend):
    return name_of_backend(backend)


def _numbers(n_jobs, backend):
    """Numbers of workers, ascending, each once."""
    if n_jobs is None:
        most = joblib.cpu_count()
        powers = [2**i for i in range(most.bit_length()) if 2**i < most]
        return [*powers, most]
    several = isinstance(n_jobs, Iterable) and not isinstance(n_jobs, str)
    listed = list(n_jobs) if several else [n_jobs]
    if not listed:
        raise ArgumentError("`n_jobs` is empty: pass numbers of workers, as in [1, 2]")
    return sorted({settings(n, backend).n_workers for n in listed})


def _turns(n_kinds, repeats, order, rng):
    """``(repeat, kind)`` in the order of measuring."""
    if order == "given":
        return [(turn, at) for at in range(n_kinds) for turn in range(repeats)]
    return [
        (turn, int(at)) for turn in range(repeats) for at in rng.permutation(n_kinds)
    ]
