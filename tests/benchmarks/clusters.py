"""Chunks on clusters against bare calls: ``python -m tests.benchmarks.clusters``.

`pnb.run` on Dask and on Ray, recorded, against `client.map` and Ray's remote tasks on
the same local cluster, in turns. Knows how clusters are started; timing, rows and
numbers are made elsewhere.

Takes about four minutes on two cores that do nothing else; ``--quick`` takes less than
one and says only that everything works.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from . import lengths, overhead, peers, showing, tables
from .peers import Map, Peer
from .sections import COLUMNS, N_WORKERS, Plan, _against

_BAR = 1.0
# As many as bare calls can make in half a second.
_N_TASKS = {"0": 300, "100 µs": 300, "1 ms": 300, "10 ms": 100}


@contextmanager
def _ray(n_workers) -> Iterator[Map]:
    import ray

    ray.init(
        num_cpus=n_workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    calls = {}

    def mapped(func, inputs):
        if func not in calls:
            calls[func] = ray.remote(func)
        return ray.get([calls[func].remote(value) for value in inputs])

    try:
        yield mapped
    finally:
        ray.shutdown()


BARE = {
    "dask": Peer("client.map", peers._dask, "distributed", True, 300),
    "ray": Peer("ray tasks", _ray, "ray", True, 300),
}


def main(arguments=None):
    """Measure, save, show."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.clusters",
        description="pnb.run on Dask and Ray, against bare calls on the same cluster.",
    )
    parser.add_argument(
        "--pairs", type=int, metavar="N", help="pairs of timings (default: 9)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one pair, few tasks: does it all work?"
    )
    parser.add_argument(
        "--only", nargs="+", choices=BARE, help="these instead of all clusters"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="for every timing; .parquet or .csv"
    )
    parser.add_argument("--seed", type=int, default=0, help="decides who goes first")
    asked = parser.parse_args(arguments)
    plan = Plan(
        n_pairs=asked.pairs or (1 if asked.quick else tables.LEAST_PAIRS),
        share=0.05 if asked.quick else 1.0,
        rng=np.random.default_rng(asked.seed),
        say=overhead._say,
    )
    rows = measure(plan, asked.only or BARE)
    if asked.out is not None:
        overhead.save(rows, asked.out)
    print(table(rows, is_judged=not asked.quick))


def measure(plan: Plan, names) -> pd.DataFrame:
    """Every timing, one row each."""
    rows = []
    for name in names:
        with ExitStack() as stack:
            try:
                mapped = stack.enter_context(BARE[name].open(N_WORKERS))
            except ImportError:
                plan.say(f"{name} is left out: pip install {BARE[name].needs}")
                continue
            for length in lengths.LENGTHS:
                if length.name in _N_TASKS:
                    n_tasks = _N_TASKS[length.name]
                    bare = BARE[name].name
                    rows += _against(
                        plan, "clusters", name, bare, mapped, length, n_tasks
                    )
    return pd.DataFrame(rows, columns=COLUMNS)


def table(rows: pd.DataFrame, *, is_judged: bool) -> str:
    """Medians and their ratios by length; the bar is to be no slower."""
    shown = []
    for (ours, theirs, at), group in rows.groupby(["ours", "theirs", "at"], sort=False):
        bar = _BAR if is_judged else tables.NAN
        line = tables._versus("clusters", ours, theirs, at, group, bar)
        work = (_median(group, "work") / N_WORKERS) if is_judged else tables.NAN
        shown.append(
            {
                "length": at,
                "": line["what"],
                "tasks": f"{line['n_tasks']:.0f}",
                "ours": showing.quantity(line["ours"], "s"),
                "theirs": showing.quantity(line["theirs"], "s"),
                "work / workers": showing.quantity(work, "s"),
                "median": showing.quantity(line["median"], "x"),
                "95 % interval": showing.interval(line),
                "bar": showing.verdict(line),
            }
        )
    return pd.DataFrame(shown).to_string(index=False)


def _median(group, column):
    return group[column].median()


if __name__ == "__main__":
    main()
