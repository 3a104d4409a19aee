"""What is measured: each section times something and yields one row a timing.

Knows `parallel_nb` and what it is held against; refuses to know bars and tables. Both
sides get the same function and inputs, are warmed up, and must return the same.
"""

import itertools
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import parallel_nb as pnb
from parallel_nb.engine.lanes import Lease, Place, close_reserve

from . import lengths, peers
from .measuring import timings

ROOT = Path(__file__).parents[2]
N_WORKERS = 2
NAN = float("nan")
OURS, THEIRS = "ours", "theirs"

# What a row may have: times in seconds, sizes in bytes, NaN where it does not apply.
COLUMNS = (
    "section",
    "at",  # the tasks' length
    "ours",
    "theirs",  # what it is held against
    "pair",
    "turn",  # 0 where it went first
    "side",  # OURS or THEIRS
    "seconds",  # from outside
    "n_tasks",
    "n_workers",
    "makespan",  # this and the next two as the Run has them
    "work",
    "span",
    "after_last",  # from the arrival of the last result to the end
    "frame",  # making the Run's frame
    "n_started",  # processes started meanwhile
    "n_bytes",  # of the frame
)

# Ours, and the joblib backend that it is held against.
BACKENDS = (
    ("isolated", "loky"),
    ("loky", "loky"),
    ("threading", "threading"),
    ("multiprocessing", "multiprocessing"),
    ("sequential", "sequential"),
)
# One task at a time, for want of a second worker or because the tasks hold the
# interpreter's lock: as many of them would take twice as long.
ONE_AT_A_TIME = {"threading", "sequential"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure."""

    n_pairs: int
    share: float  # of the tasks that a full measurement has
    rng: np.random.Generator
    say: Callable[[str], None]  # tells whoever watches what comes next

    def count(self, n_tasks):
        """Number of tasks, where a full measurement has `n_tasks`."""
        return max(8, round(n_tasks * self.share))

    def repeats(self, most):
        """Number of timings of what takes seconds and hardly varies."""
        return min(self.n_pairs, most)


class Disagreement(AssertionError):
    """The two sides did not return the same: their times mean nothing."""


def plain(plan: Plan) -> Iterator[dict]:
    """Recorded by `pnb.run` against plain `joblib.Parallel`, by length and backend."""
    for backend, theirs in BACKENDS:
        n_workers = 1 if backend == "sequential" else N_WORKERS
        with peers.joblib(theirs, n_workers) as mapped:
            for length in lengths.LENGTHS:
                n_tasks = length.n_tasks
                if backend in ONE_AT_A_TIME and length.seconds:
                    n_tasks //= 2
                elif backend == "threading":
                    n_tasks //= 5  # plain joblib takes 50 µs for each
                yield from _against(
                    plan, "plain", backend, f"joblib {theirs}", mapped, length, n_tasks
                )


def isolating(plan: Plan) -> Iterator[dict]:
    """Isolated lanes against other engines, by length."""
    for peer in peers.PEERS:
        with ExitStack() as stack:
            try:
                mapped = stack.enter_context(peer.open(N_WORKERS))
            except ImportError:
                plan.say(f"{peer.name} is left out: pip install {peer.needs}")
                continue
            for length in lengths.LENGTHS:
                n_tasks = min(length.n_tasks, peer.most_tasks)
                yield from _against(
                    plan, "peers", "isolated", peer.name, mapped, length, n_tasks
                )


def _against(plan, section, backend, peer, mapped, length, n_tasks):
    n_tasks = plan.count(n_tasks)
    n_workers = 1 if backend == "sequential" else N_WORKERS
    plan.say(f"{section}: {backend} / {peer}, {n_tasks} × {length.name}")
    inputs, expected = range(n_tasks), list(range(n_tasks))

    def ours(inputs=inputs):
        run = pnb.run(
            length.func, inputs, n_jobs=n_workers, backend=backend, progress=False
        )
        return run.results, run

    def theirs(inputs=inputs):
        return mapped(length.func, inputs), None

    for warm_up in (ours, theirs):
        warm_up(range(max(8, n_tasks // 10)))
    calls = {OURS: ours, THEIRS: theirs}
    for timing in timings(calls, plan.n_pairs, plan.rng):
        results, run = timing.value
        if results != expected:
            raise Disagreement(f"{section}, {timing.side}: {backend}, {peer}")
        yield {
            **_row(section, timing, at=length.name, ours=backend, theirs=peer),
            "n_tasks": n_tasks,
            "n_workers": n_workers,
            "frame": NAN if run is None else _seconds_to_make_frame(run),
            **(_facts(run, timing) if run is not None else {}),
        }


def _seconds_to_make_frame(run):
    """The frame is made when first asked for: beside what is timed, not in it."""
    began = time.perf_counter()
    _ = run.attempts
    return time.perf_counter() - began


def _row(section, timing, *, ours, theirs="", at=""):
    return {
        "section": section,
        "at": at,
        "ours": ours,
        "theirs": theirs,
        "pair": timing.pair,
        "turn": timing.turn,
        "side": timing.side,
        "seconds": timing.seconds,
    }


def _facts(run, timing):
    """What the Run itself says; a Run's zero is when `pnb.run` was called."""
    summary = run.summary().iloc[0]
    return {
        "makespan": summary["makespan"],
        "work": summary["work"],
        "span": summary["span"],
        "after_last": timing.seconds - run.attempts["received"].max(),
        "n_started": len(run.startups),
    }


def skewed(plan: Plan) -> Iterator[dict]:
    """200 Pareto-distributed sleeps on eight workers: history against plain joblib."""
    n_workers, n_tasks = lengths.N_SLEEPERS, len(lengths.PARETO)
    inputs = range(n_tasks)
    plan.say(f"skewed: {n_tasks} Pareto-distributed sleeps, {n_workers} workers")

    def run(inputs=inputs, **how):
        made = pnb.run(
            lengths.sleep_pareto,
            inputs,
            n_jobs=n_workers,
            backend="isolated",
            progress=False,
            **how,
        )
        return made.results, made

    def row(ours, theirs, timing):
        results, made = timing.value
        if results != list(inputs):
            raise Disagreement(f"skewed, {timing.side}")
        return {
            **_row("skewed", timing, ours=ours, theirs=theirs),
            "n_tasks": n_tasks,
            "n_workers": n_workers,
            **(_facts(made, timing) if made is not None else {}),
        }

    warm_up = inputs[: 4 * n_workers]
    run(warm_up)
    for timing in timings({OURS: run}, 1, plan.rng):
        _, first = timing.value
        yield row("as given", "", timing)
    with peers.joblib("loky", n_workers) as mapped:
        mapped(lengths.sleep_pareto, warm_up)
        calls = {
            OURS: partial(run, history=first, order="longest_first"),
            THEIRS: lambda: (mapped(lengths.sleep_pareto, inputs), None),
        }
        for timing in timings(calls, plan.repeats(6), plan.rng):
            yield row("longest first", "joblib loky", timing)


def recording(plan: Plan) -> Iterator[dict]:
    """A scikit-learn grid search on the digits, with `record` and without."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    x, y = load_digits(return_X_y=True)
    grid = {"C": [0.1, 1.0, 10.0], "gamma": [3e-4, 1e-3, 3e-3]}
    if plan.share < 1:
        grid = {"C": [1.0], "gamma": [1e-3]}
    n_tasks = 5 * len(grid["C"]) * len(grid["gamma"])
    plan.say(f"recording: a grid search of {n_tasks} fits")

    def search():
        fitted = GridSearchCV(SVC(), grid, cv=5, n_jobs=N_WORKERS, refit=False)
        return fitted.fit(x, y).cv_results_["mean_test_score"].tolist()

    def recorded():
        with pnb.record() as log:
            scores = search()
        if len(log) != 1 or log[0].n_tasks != n_tasks:
            raise Disagreement(f"recording: {log!r}")
        return scores

    expected = search()
    recorded()
    calls = {OURS: recorded, THEIRS: search}
    for timing in timings(calls, plan.n_pairs, plan.rng):
        if timing.value != expected:
            raise Disagreement(f"recording, {timing.side}")
        yield {
            **_row("recording", timing, ours="with record()", theirs="without"),
            "n_tasks": n_tasks,
            "n_workers": N_WORKERS,
        }


def journal(plan: Plan) -> Iterator[dict]:
    """With every attempt on disk within a second, and without, by length."""
    with tempfile.TemporaryDirectory() as folder:
        paths = (Path(folder) / str(i) for i in itertools.count())
        for backend in ("isolated", "threading"):
            for length in lengths.LENGTHS:
                n_tasks = length.n_tasks
                if backend in ONE_AT_A_TIME and length.seconds:
                    n_tasks //= 2
                yield from _journalled(plan, backend, length, n_tasks, paths)


def _journalled(plan, backend, length, n_tasks, paths):
    n_tasks = plan.count(n_tasks)
    plan.say(f"journal: {backend}, {n_tasks} × {length.name}")
    inputs, expected = range(n_tasks), list(range(n_tasks))

    def run(inputs=inputs, **how):
        made = pnb.run(
            length.func,
            inputs,
            n_jobs=N_WORKERS,
            backend=backend,
            progress=False,
            **how,
        )
        return made.results

    run(range(max(8, n_tasks // 10)))
    calls = {OURS: lambda: run(journal=next(paths)), THEIRS: run}
    for timing in timings(calls, plan.n_pairs, plan.rng):
        if timing.value != expected:
            raise Disagreement(f"journal, {timing.side}: {backend}")
        yield {
            **_row("journal", timing, at=length.name, ours=backend, theirs="without"),
            "n_tasks": n_tasks,
            "n_workers": N_WORKERS,
        }


def frames(plan: Plan) -> Iterator[dict]:
    """What a million attempts take: memory, time to the frame, save and load."""
    n_tasks = plan.count(1_000_000)
    plan.say(f"frame: {n_tasks:,} attempts")
    common = {"n_tasks": n_tasks, "n_workers": N_WORKERS}

    def run():
        made = pnb.run(
            lengths.nothing,
            range(n_tasks),
            n_jobs=N_WORKERS,
            backend="isolated",
            progress=False,
        )
        return made, made.tasks

    made, _ = run()
    for timing in timings({OURS: run}, plan.repeats(6), plan.rng):
        made, tasks = timing.value
        if len(tasks) != n_tasks or made.results != list(range(n_tasks)):
            raise Disagreement("frame: tasks are missing")
        n_bytes = made.attempts.memory_usage(deep=True, index=True).sum()
        yield {
            **_row("frame", timing, ours="run"),
            **common,
            **_facts(made, timing),
            "n_bytes": int(n_bytes),
        }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.parquet"

        def save_and_load():
            pnb.save(made, path)
            return pnb.load(path)

        save_and_load()
        for timing in timings({OURS: save_and_load}, plan.repeats(6), plan.rng):
            if not timing.value.attempts.equals(made.attempts):
                raise Disagreement("frame: the file holds something else")
            yield {**_row("frame", timing, ours="save and load"), **common}


def starts(plan: Plan) -> Iterator[dict]:
    """`import parallel_nb` against a bare interpreter, a lane against a loky worker."""
    n = max(15, plan.n_pairs) if plan.share == 1 else plan.n_pairs
    plan.say("starts: import parallel_nb")
    calls = {OURS: partial(_python, "import parallel_nb"), THEIRS: _python}
    for call in calls.values():
        call()
    for timing in timings(calls, n, plan.rng):
        yield _row("starts", timing, ours="import parallel_nb", theirs="bare python")
    plan.say("starts: a worker process")
    calls = {OURS: _start_lane, THEIRS: _start_loky_worker}
    close_reserve()  # or the first lane would be a warm one
    for call in calls.values():
        call()()
    for timing in timings(calls, n, plan.rng):
        timing.value()
        yield _row("starts", timing, ours="a lane", theirs="a loky worker")


def _python(code="pass"):
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def _start_lane():
    """From nothing to a first result; gives what ends the process again."""
    lease = Lease(1, Place.now({}))
    lease.submit(pickle.dumps(partial(abs, -1))).result()

    def end():
        lease.release()
        close_reserve()

    return end


def _start_loky_worker():
    from loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(1)
    executor.submit(abs, -1).result()
    return partial(executor.shutdown, kill_workers=True)


SECTIONS = {
    "starts": starts,
    "frame": frames,
    "recording": recording,
    "journal": journal,
    "skewed": skewed,
    "plain": plain,
    "peers": isolating,
}
