"""What a plan costs before and while it runs: ``python -m tests.benchmarks.planning``.

Plans 10,000 tasks with 20,000 edges, then has them scheduled by workers that answer at
once, so that nothing but the scheduler takes time. Takes half a minute.
"""

import argparse
import gc
import random
import statistics
import time
from typing import NamedTuple

from parallel_nb.engine import worker
from parallel_nb.engine.collecting import Collector
from parallel_nb.engine.dispatch import Dispatcher
from parallel_nb.engine.planned import Planned
from parallel_nb.planning import plan
from parallel_nb.tasks import Task

N_TASKS = 10_000
N_WORKERS = 4
MOST_TO_PLAN = 1.0  # seconds for all tasks
MOST_TO_SCHEDULE = 100e-6  # seconds a task
_REPEATS = 5

_RECORD = worker.RECORD.pack(0, 1.0, 1.0, worker.DONE, 0, 0.0, 0.0, 0)


# -- batches -----------------------------------------------------------------------


def _layered(n, rng, make):
    """Each task waits for two of the 500 before it: 2 n - 3 edges."""
    tasks = []
    for i in range(n):
        near = tasks[-500:]
        tasks.append(make(i, rng.sample(near, min(2, len(near)))))
    return tasks


def _passing_results(n, rng):
    return _layered(n, rng, lambda i, near: Task(max, *near, 0, name=f"t{i}")), {}


def _ordered(n, rng):
    return _layered(n, rng, lambda i, near: Task(max, 0, name=f"t{i}", after=near)), {}


def _with_agents(n, rng):
    def make(i, near):
        return Task(max, *near, 0, name=f"t{i}", agent=f"agent {i % 5}")

    return _layered(n, rng, make), {"agents": {f"agent {i}": 2 for i in range(5)}}


def _one_file(n, rng):
    return [Task(max, 0, name=f"t{i}", writes="the file") for i in range(n)], {}


def _one_lock(n, rng):
    return _one_file(n, rng)[0], {"conflicts": "lock"}


def _many_locks(n, rng):
    def make(i):
        reads = [f"file {rng.randrange(50)}" for _ in range(3)]
        return Task(max, 0, name=f"t{i}", reads=reads, writes=f"file {i % 50}")

    return list(map(make, range(n))), {"conflicts": "lock"}


BATCHES = {
    "results passed on": _passing_results,
    "order only": _ordered,
    "five agents": _with_agents,
    "one file, in order": _one_file,
    "one file, locked": _one_lock,
    "50 files, locked": _many_locks,
}


# -- workers that answer at once ---------------------------------------------------


class _Chunk:
    inputs = sink = None
    is_stopped = False


class AtOnce:
    """Stands for `backends.Workers`: what is submitted has been done already."""

    n_workers = N_WORKERS
    name = "at once"
    is_inline = False
    shares_memory = True
    chunk_seconds = 0.05
    can_lose_others = is_of_threads = False

    def __init__(self):
        self._outcome = worker.Outcome(1, 1, "host", [(_RECORD, [None])], "", None)

    def chunk(self, piece, budget):
        return _Chunk()

    def sheet(self, chunk):
        return None

    def submit(self, chunk, callback, limit):
        callback(self._outcome)

    def result(self, out):
        return out


# -- measuring ---------------------------------------------------------------------


class Cost(NamedTuple):
    """CPU seconds: for the whole batch, and a task's share of them."""

    n_edges: int
    plan: float
    prepare: float
    loop: float
    frame: float

    @property
    def schedule(self):
        """All that the scheduler does for a task."""
        return self.prepare + self.loop + self.frame


def measure(make, n_tasks, rng) -> Cost:
    """Plan and schedule one batch."""
    tasks, options = make(n_tasks, rng)
    gc.collect()
    now = time.process_time  # others may have the cores; nothing here ever waits
    began = now()
    made = plan(tasks, n_jobs=N_WORKERS, **options)
    planned = now()
    batch = Planned(made, worker.clock)
    prepared = now()
    collector = Collector()
    collector.expect(n_tasks)
    Dispatcher(batch, {None: AtOnce()}, collector).run()
    ended = now()
    collector.finish(
        0.0, N_WORKERS, batch.names, agents=batch.agents, rounds=batch.rounds
    )
    framed = now()
    assert collector.n_done == n_tasks
    return Cost(
        sum(map(len, made.predecessors)),
        planned - began,
        (prepared - planned) / n_tasks,
        (ended - prepared) / n_tasks,
        (framed - ended) / n_tasks,
    )


def typical(costs) -> Cost:
    """The median of each."""
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


# -- showing -----------------------------------------------------------------------


def main(arguments=None):
    """Measure, show; the exit code says whether all bars are met."""
    asked = _parser().parse_args(arguments)
    rows, is_met = [], True
    for name, make in BATCHES.items():
        rng = random.Random(asked.seed)
        costs = [measure(make, asked.tasks, rng) for _ in range(asked.repeats)]
        cost = typical(costs)
        has_planned = cost.plan <= MOST_TO_PLAN
        has_scheduled = cost.schedule <= MOST_TO_SCHEDULE
        is_met = is_met and has_planned and has_scheduled
        rows.append(
            [
                name,
                f"{cost.n_edges:,.0f}",
                f"{cost.plan:.2f} s {_mark(has_planned)}",
                *(f"{part * 1e6:.0f}" for part in cost[2:]),
                f"{cost.schedule * 1e6:.0f} µs {_mark(has_scheduled)}",
            ]
        )
    plan_bar, bar = f"plan ≤ {MOST_TO_PLAN:g} s", f"sum ≤ {MOST_TO_SCHEDULE * 1e6:g} µs"
    heads = ["", "edges", plan_bar, "prepare", "loop", "frame", bar]
    print(f"{asked.tasks:,} tasks on {N_WORKERS} workers that answer at once;")
    print(f"CPU time, medians of {asked.repeats}; µs a task where nothing else is said")
    print(_table([heads, *rows]))
    return 0 if is_met else 1


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.planning",
        description="What a plan costs before and while it runs.",
    )
    parser.add_argument("--tasks", type=int, default=N_TASKS, metavar="N")
    parser.add_argument("--repeats", type=int, default=_REPEATS, metavar="N")
    parser.add_argument(
        "--seed", type=int, default=0, help="decides who waits for whom"
    )
    return parser


def _mark(is_met):
    return "✓" if is_met else "✗"


def _table(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


if __name__ == "__main__":
    raise SystemExit(main())
