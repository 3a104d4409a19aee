"""Do remedies do what they promise? ``python -m tests.benchmarks.findings``.

Runs batches that are sick, asks for findings, follows the remedy for real and shows
what that took beside what was predicted; then batches that are well, which must have no
findings. The medians of ``--repeats`` (default 5) runs of each, in turns. Takes half a
minute; exits with 1 where a prediction is off by more than 15 %.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor

import parallel_nb as pnb
from parallel_nb.engine.lanes import close_reserve

MOST_OFF = 0.15


class Case(NamedTuple):
    """A batch with a disease, and the same with the remedy followed."""

    name: str  # of the finding
    sick: Callable[[], Any]
    cured: Callable[[Any, Any], Any]  # of the sick Run and its finding
    n_cores: int = 0  # that its tasks keep busy


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
            joblib.delayed(nap)(0.02) for _ in range(24)
        )
    return log[0]


_NUMBERS = [1_500_000] * 16

CASES = (
    Case("start-up dominates", cold, lambda run, _: pnb.run(nap, _SHORT, n_jobs=2)),
    Case(
        "start-up dominates",
        cold_loky,
        lambda run, _: pnb.run(nap, _SHORT, n_jobs=2, backend="loky"),
    ),
    Case(
        "tasks too small for dispatch",
        lambda: alone(nap, _TINY, "threading"),
        together(naps, "threading"),
    ),
    Case(
        "tasks too small for dispatch",
        lambda: alone(compute, _TINY, "isolated"),
        together(computed, "isolated"),
        n_cores=2,
    ),
    Case(
        "the longest tasks came last",
        lambda: pnb.run(nap, _ROWS, n_jobs=2),
        lambda run, _: pnb.run(
            nap, _ROWS, n_jobs=2, order="longest_first", history=run
        ),
    ),
    Case(
        "a task is too long",
        lambda: pnb.run(nap, _LONG, n_jobs=2),
        lambda run, _: pnb.run(nap, [0.15, 0.15, *_LONG[1:]], n_jobs=2),
    ),
    Case(
        "too many workers",
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
        lambda: chunked(8),
        lambda run, found: chunked(int(found.numbers["batch_size"])),
    ),
    Case(
        "held by the GIL",
        lambda: pnb.run(count, _NUMBERS, n_jobs=2, backend="threading"),
        lambda run, _: pnb.run(count, _NUMBERS, n_jobs=2),
        n_cores=2,
    ),
    Case(
        "an agent has too few slots",
        lambda: one_agent(1),
        lambda run, finding: one_agent(int(finding.numbers["enough_slots"])),
    ),
    Case("a chain of tasks is too long", lambda: chained(0.4), lambda *_: chained(0.2)),
    Case("waiting for resources", lambda: writing(1), lambda *_: writing(8)),
    Case("lost to failures and retries", lambda: failing(2), lambda *_: failing(0)),
)
WELL = {
    "naps, processes": lambda: pnb.run(nap, [0.03] * 20, n_jobs=2),
    "naps, threads": lambda: pnb.run(nap, [0.03] * 20, n_jobs=2, backend="threading"),
    "naps of any length": lambda: pnb.run(
        nap, np.random.default_rng(0).uniform(0.005, 0.02, 60).tolist(), n_jobs=2
    ),
    "computing, processes": lambda: pnb.run(count, _NUMBERS, n_jobs=2),
    "one worker": lambda: pnb.run(count, _NUMBERS, n_jobs=1, backend="sequential"),
    "short ones in chunks": lambda: pnb.run(compute, _TINY, n_jobs=2),
}


# --- measuring ---


def took(run):
    return float(run.summary()["makespan"].iloc[0])


def followed(case):
    """Recorded, predicted and measured seconds; the last two NaN if not found."""
    run = case.sick()
    named = [f for f in pnb.findings(run) if f.name == case.name]
    if not named:
        return took(run), np.nan, np.nan
    return took(run), named[0].predicted, took(case.cured(run, named[0]))


def main(arguments=None):
    """Measure, show; the exit code says whether all predictions held."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.findings")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args(arguments).repeats
    pnb.run(nap, [0.0] * 8, n_jobs=2)
    pnb.run(nap, [0.0] * 8, n_jobs=2, backend="loky")
    rows = [[followed(case) for case in CASES] for _ in range(repeats)]
    is_met = True
    print(f"remedies followed; medians of {repeats}; bar {MOST_OFF:.0%}")
    for case, found in zip(CASES, np.swapaxes(rows, 0, 1), strict=True):
        n_found = int(np.sum(~np.isnan(found[:, 1])))
        told = found[~np.isnan(found[:, 1])] if n_found else found[:1]
        recorded, predicted, measured = np.median(told, axis=0)
        off = float(np.median(told[:, 1] / told[:, 2])) - 1
        is_good = abs(off) <= MOST_OFF and n_found == repeats
        is_met = is_met and is_good
        print(
            f"  {case.name:30}{recorded:7.3f} s → predicted {predicted:6.3f} s, "
            f"measured {measured:6.3f} s  {off:+6.1%}  found {n_found}/{repeats} "
            f"{'✓' if is_good else '✗'}"
            f"{'  (needs two cores to itself)' if case.n_cores else ''}"
        )
    print("batches that are well")
    for name, make in WELL.items():
        make()
        told = [f.name for _ in range(repeats) for f in pnb.findings(make())]
        wrong = [each for each in told if each != "nothing to gain"]
        is_met = is_met and not wrong
        print(f"  {name:30}{', '.join(wrong) or '✓'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
