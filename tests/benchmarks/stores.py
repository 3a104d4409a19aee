"""A store of many runs: ``python -m tests.benchmarks.stores``.

Lists 10,000 runs, and asks 100,000,000 attempts of 1,000 runs by SQL, in a process of
its own whose memory is watched. Files of the same content are one file under many
names, so little disk is used; reading them is as much work as ever. Takes two minutes.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import parallel_nb as pnb

N_RUNS = 10_000
MOST_TO_LIST = 1.0  # s
N_LARGE, N_ATTEMPTS = 1_000, 100_000

SQL = """
SELECT status, count(*) AS n, sum(ended - started) AS work, max(ended) AS latest
FROM attempts GROUP BY status
"""


def a_run(n_attempts, label):
    rng = np.random.default_rng(1)
    took = rng.lognormal(-3, 0.5, n_attempts)
    worker = np.arange(n_attempts) % 64
    ended = pd.Series(took).groupby(worker).cumsum().to_numpy()
    table = {
        "task": np.arange(n_attempts),
        "name": "simulate",
        "started": ended - took,
        "ended": ended,
        "cpu": 0.9 * took,
        "worker": worker,
    }
    return pnb.Run.from_frame(pd.DataFrame(table), label=label)


def fill(folder, run, n_runs):
    """`n_runs` files of one content."""
    store = pnb.RunStore(folder)
    key = store.add(run)
    for at in range(1, n_runs):
        os.link(Path(folder, f"{key}.parquet"), Path(folder, f"copy-{at:06}.parquet"))
    return store


def seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def listing(n_runs):
    with tempfile.TemporaryDirectory() as folder:
        store = fill(folder, a_run(100, "nightly"), n_runs)
        first = seconds(store.runs)
        again = sorted(seconds(store.runs) for _ in range(5))[2]
        adding = sorted(seconds(lambda: store.add(a_run(100, "one"))) for _ in range(5))
        alone = sorted(seconds(lambda: a_run(100, "one")) for _ in range(5))
    mark = "✓" if again <= MOST_TO_LIST else "✗"
    print(f"list {n_runs:,} runs that nobody listed before   {first:6.2f} s")
    print(f"list them again (median of 5)               {again:6.2f} s  {mark}")
    print(f"add one more                                {adding[2] - alone[2]:6.3f} s")


def asking(n_runs, n_attempts):
    with tempfile.TemporaryDirectory() as folder:
        fill(folder, a_run(n_attempts, "large"), n_runs)
        # Begun fresh, since the peak of memory is that of the whole process.
        arguments = ["-m", __spec__.name, "--ask", folder]
        subprocess.run([sys.executable, *arguments], check=True)


def ask(folder):
    store = pnb.RunStore(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.perf_counter(), time.process_time()
    found = store.query(SQL)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    mark = "✓" if 1024 * peak < whole else "✗"
    n = int(found["n"].sum())
    print(
        f"sums over {n:,} attempts of {len(store):,} runs   {took:.1f} s "
        f"({used:.1f} s CPU), {(peak - before) / 1024:,.0f} MB more than before, "
        f"{peak / 1024:,.0f} MB at most of {whole / 2**20:,.0f} MB  {mark}"
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=N_RUNS)
    parser.add_argument("--large", type=int, default=N_LARGE)
    parser.add_argument("--attempts", type=int, default=N_ATTEMPTS)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.ask:
        ask(chosen.ask)
        return
    listing(chosen.runs)
    asking(chosen.large, chosen.attempts)


if __name__ == "__main__":
    main()
