"""Batches that are sick, each with its remedy followed, and batches that are well.

Knows what to run; nothing of what is found and of how long anything takes.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor

import parallel_nb as pnb
from parallel_nb.engine.lanes import close_reserve


class Case(NamedTuple):
    """A batch with a disease, and the same with the remedy followed."""

    name: str  # of the finding
    where: str  # the workers
    sick: Callable[[], Any]
    cured: Callable[[Any, Any], Any]  # of the sick Run and its finding
    n_cores: int = 0  # that its tasks keep busy
    baseline: Callable[[], Any] = lambda: None


def nap(seconds):
    """Waits, and says for how long."""
    time.sleep(seconds)
    return seconds


def naps(some):
    """Several in one task."""
    return [nap(each) for each in some]


def compute(seconds):
    """Computes for so many CPU seconds of its thread."""
    until, n = time.thread_time() + seconds, 0
    while time.thread_time() < until:
        n += 1
    return n


def computed(some):
    """Several in one task."""
    return [compute(each) for each in some]


def count(n):
    """Computes a fixed amount, whoever has the core."""
    return sum(range(n))


def parted(values, size):
    """Lists of `size` of the values."""
    return [values[at : at + size] for at in range(0, len(values), size)]


# --- batches, sick and cured ---

_SHORT = [0.01] * 24
_ROWS = [0.02] * 20 + [0.3]
_LONG = [0.3] + [0.02] * 5
_TINY = [0.0005] * 400


def cold():
    """The first run of a session: no workers yet."""
    close_reserve()
    return pnb.run(nap, _SHORT, n_jobs=2)


def cold_loky():
    """The same for joblib's own processes."""
    get_reusable_executor().shutdown(wait=True)
    return pnb.run(nap, _SHORT, n_jobs=2, backend="loky")


def alone(func, values, backend):
    """Tasks that travel one by one, as those do that ask for an agent."""
    tasks = [pnb.Task(func, value, agent="any") for value in values]
    return pnb.run(tasks, n_jobs=2, backend=backend, agents={"any": 2})


def together(func, backend):
    """As the remedy has it: one task does several."""

    def cured(run, finding):
        parts = parted(_TINY, int(finding.numbers["batch_size"]))
        return alone(func, parts, backend)

    return cured


def one_agent(slots):
    tasks = [pnb.Task(nap, 0.05, agent="gpu") for _ in range(12)]
    tasks += [pnb.Task(nap, 0.05) for _ in range(4)]
    return pnb.run(tasks, n_jobs=3, backend="threading", agents={"gpu": slots})


def chained(length):
    first = pnb.Task(nap, 0.1)
    last = pnb.Task(lambda _: nap(length), first, name="last")
    others = [pnb.Task(nap, 0.02) for _ in range(8)]
    return pnb.run([first, last, *others], n_jobs=2, backend="threading")


def writing(places):
    tasks = [pnb.Task(nap, 0.05, writes=f"/tmp/{at % places}") for at in range(8)]
    plan = pnb.plan(tasks, n_jobs=2, conflicts="lock")
    return pnb.run(plan, backend="threading")


def failing(n_failures):
    n_tried = dict.fromkeys(range(12), 0)

    def attempt(at):
        n_tried[at] += 1
        time.sleep(0.04)
        if at % 3 == 0 and n_tried[at] <= n_failures:
            raise ValueError(at)

    return pnb.run(attempt, range(12), n_jobs=2, backend="threading", retries=3)


def chunked(size):
    with pnb.record() as log:
        joblib.Parallel(2, backend="threading", batch_size=size, pre_dispatch="all")(
            joblib.delayed(nap)(each) for each in [0.04] * 8 + [0.005] * 8
        )
    return log[0]


def crowded():
    """More workers than two cores have room for, which are there already."""
    pnb.run(nap, [0.001] * 60, n_jobs=6)
    return pnb.run(compute, [0.03] * 20, n_jobs=6)


_LOCK = threading.Lock()


def locked(at):
    """What only one may do at a time."""
    with _LOCK:
        time.sleep(0.02)
    return at


def unlocked(at):
    """The same for any number."""
    time.sleep(0.02)
    return at


def threads(func, n_jobs):
    return pnb.run(func, range(16), n_jobs=n_jobs, backend="threading")


NUMBERS = [1_500_000] * 16

CASES = (
    Case(
        "start-up dominates",
        "isolated",
        cold,
        lambda run, _: pnb.run(nap, _SHORT, n_jobs=2),
    ),
    Case(
        "start-up dominates",
        "loky",
        cold_loky,
        lambda run, _: pnb.run(nap, _SHORT, n_jobs=2, backend="loky"),
    ),
    Case(
        "tasks too small for dispatch",
        "threading",
        lambda: alone(nap, _TINY, "threading"),
        together(naps, "threading"),
    ),
    Case(
        "tasks too small for dispatch",
        "isolated",
        lambda: alone(compute, _TINY, "isolated"),
        together(computed, "isolated"),
        n_cores=2,
    ),
    Case(
        "the longest tasks came last",
        "isolated",
        lambda: pnb.run(nap, _ROWS, n_jobs=2),
        lambda run, _: pnb.run(
            nap, _ROWS, n_jobs=2, order="longest_first", history=run
        ),
    ),
    Case(
        "a task is too long",
        "isolated",
        lambda: pnb.run(nap, _LONG, n_jobs=2),
        lambda run, _: pnb.run(nap, [0.15, 0.15, *_LONG[1:]], n_jobs=2),
    ),
    Case(
        "too many workers",
        "threading",
        lambda: pnb.run(nap, _LONG, n_jobs=6, backend="threading"),
        lambda run, finding: pnb.run(
            nap,
            _LONG,
            n_jobs=int(finding.numbers["useful_workers"]),
            backend="threading",
        ),
    ),
    Case(
        "chunks too large",
        "recorded",
        lambda: chunked(8),
        lambda run, found: chunked(int(found.numbers["batch_size"])),
    ),
    Case(
        "held by the GIL",
        "threading",
        lambda: pnb.run(count, NUMBERS, n_jobs=2, backend="threading"),
        lambda run, _: pnb.run(count, NUMBERS, n_jobs=2),
        n_cores=2,
    ),
    Case(
        "oversubscribed",
        "isolated",
        crowded,
        lambda *_: pnb.run(compute, [0.03] * 20, n_jobs=2),
        n_cores=2,
        baseline=lambda: pnb.run(compute, [0.03] * 20, n_jobs=1),
    ),
    Case(
        "work inflation",
        "threading",
        lambda: threads(locked, 2),
        lambda *_: threads(unlocked, 2),
        baseline=lambda: threads(locked, 1),
    ),
    Case(
        "an agent has too few slots",
        "threading",
        lambda: one_agent(1),
        lambda run, finding: one_agent(int(finding.numbers["enough_slots"])),
    ),
    Case(
        "a chain of tasks is too long",
        "threading",
        lambda: chained(0.4),
        lambda *_: chained(0.2),
    ),
    Case(
        "waiting for resources", "threading", lambda: writing(1), lambda *_: writing(8)
    ),
    Case(
        "lost to failures and retries",
        "threading",
        lambda: failing(2),
        lambda *_: failing(0),
    ),
)
WELL = {
    "naps, processes": lambda: pnb.run(nap, [0.03] * 20, n_jobs=2),
    "naps, threads": lambda: pnb.run(nap, [0.03] * 20, n_jobs=2, backend="threading"),
    "naps of any length": lambda: pnb.run(
        nap, np.random.default_rng(0).uniform(0.005, 0.02, 60).tolist(), n_jobs=2
    ),
    "computing, processes": lambda: pnb.run(count, NUMBERS, n_jobs=2),
    "one worker": lambda: pnb.run(count, NUMBERS, n_jobs=1, backend="sequential"),
    "short ones in chunks": lambda: pnb.run(compute, [0.004] * 100, n_jobs=2),
}
