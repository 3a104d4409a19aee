"""``python -m data.make``: records again the runs and sweeps that the lessons read.

Knows what each file holds and how it is measured; what they teach, the lessons know.
Most tasks sleep, so that two cores are enough for 64 workers; those that compute are
measured with no more workers than there are cores.
"""

import argparse
import dataclasses
import threading
import time
import tokenize
from collections import Counter
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

import numpy as np

import parallel_nb as pnb
from parallel_nb.workloads import count_tokens, standard_library

HERE = Path(__file__).parent
NUMBERS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
REPEATS = 3
SLEEPS = "tasks sleep, so two cores are enough for any number of workers"
COMPUTES = "tasks compute, on a machine of two cores"


# What the tasks do.


def read_catalogue():
    """What must be done before anything else: 0.8 s."""
    time.sleep(0.8)


def fetch(file):
    """One of many: 40 ms."""
    time.sleep(0.04)


def download(n_files):
    """A catalogue, then files that wait for it."""
    catalogue = pnb.Task(read_catalogue, name="catalogue")
    files = [pnb.Task(fetch, n, after=catalogue, name="file") for n in range(n_files)]
    return [catalogue, *files]


def connecting(seconds):
    """A `fetch` for which each worker first needs a line of its own.

    Lines are opened one at a time, `seconds` each, by a server that all workers share.
    """
    server, mine = threading.Lock(), threading.local()

    def fetch(file):
        if not hasattr(mine, "line"):
            with server:
                time.sleep(seconds)
            mine.line = True
        time.sleep(0.02)

    return fetch


def names_in(paths):
    """How often each name stands in some Python files."""
    counts = Counter()
    for path in paths:
        with tokenize.open(path) as file:
            tokens = tokenize.generate_tokens(file.readline)
            counts.update(each.string for each in tokens if each.type == tokenize.NAME)
    return counts


def alike(counts):
    """Pairs among the most frequent names that are easily taken for each other."""
    total = sum(counts, Counter())
    names = [name for name, _ in total.most_common(300) if len(name) > 3]
    return [
        pair
        for pair in combinations(names, 2)
        if SequenceMatcher(None, *pair).ratio() > 0.8
    ]


def alike_in_the_library():
    """Names in every second file: counted in 48 parts, then compared in one task."""
    files = standard_library()[::2]
    parts = [
        pnb.Task(names_in, files[first::48], name=f"count {first}")
        for first in range(48)
    ]
    return pnb.gather(parts, into=alike)


# How they are measured.


def catalogue_strong():
    """The same download under 1 to 64 workers: 5 % of it is serial."""
    return pnb.sweep(
        download(380),
        n_jobs=NUMBERS,
        backend="threading",
        repeats=REPEATS,
        warmup=0,
        label="download of 380 files",
        tags=("sleeps", "strong scaling"),
    )


def catalogue_weak():
    """A download that grows: 20 files for each of 1 to 64 workers."""
    return measured(
        lambda n: (download(20 * n), None),
        scale="weak",
        label="download, 20 files a worker",
        tags=("sleeps", "weak scaling"),
    )


def connections():
    """A batch without serial code whose workers hinder each other at their start."""
    return measured(
        lambda n: (connecting(0.02), range(400)),
        scale="strong",
        label="400 files, one line a worker",
        tags=("sleeps", "strong scaling"),
    )


def program():
    """A program that computes: a parallel kernel, then an end that is serial."""
    return pnb.sweep(
        alike_in_the_library(),
        n_jobs=[1, 2],
        repeats=REPEATS,
        keep_results=True,  # the end is passed them; no file has them
        label="names that look alike",
        tags=("computes", "strong scaling"),
    )


def library(n_workers):
    """The standard library tokenized, one task a file: the fastest of three runs.

    The fastest, because whatever else the machine does can only make it slower.
    """
    files = standard_library()
    runs = [
        pnb.run(
            count_tokens,
            files,
            n_jobs=n_workers,
            name=[Path(file).stem for file in files],
            label=f"standard library, {n_workers} worker{'s' * (n_workers > 1)}",
            tags=("computes",),
            keep_results=False,
            progress=False,
        )
        for _ in range(REPEATS)
    ]
    return min(runs, key=lambda run: run.summary().makespan[0])


def measured(batch, *, scale, label, tags):
    """A Sweep in threads, each repeat a fresh batch, in random turns."""
    turns = np.random.default_rng(0)
    runs = []
    for _ in range(REPEATS):
        for n in turns.permutation(NUMBERS).tolist():
            work, inputs = batch(n)
            runs.append(
                pnb.run(
                    work,
                    inputs,
                    n_jobs=n,
                    backend="threading",
                    label=label,
                    tags=tags,
                    keep_results=False,
                    progress=False,
                )
            )
    runs.sort(key=lambda run: run.meta.n_workers)
    backends = ["threading"] * len(runs)
    return pnb.Sweep.from_runs(runs, scale=scale, label=label, backends=backends)


FILES = {
    "catalogue_64": (catalogue_strong, SLEEPS),
    "catalogue_64_weak": (catalogue_weak, SLEEPS),
    "connections_64": (connections, SLEEPS),
    "program_2": (program, COMPUTES),
    "library_1": (lambda: library(1), COMPUTES),
    "library_2": (lambda: library(2), COMPUTES),
}


def saying(made, name, said):
    """The same Run or Sweep, each Run with a note of how it came to be."""
    if isinstance(made, pnb.Sweep):
        return pnb.Sweep.from_runs(
            [saying(run, name, said) for run in made.runs],
            scale=made.scale,
            label=made.label,
            backends=made.rows["backend"].tolist(),
        )
    notes = (*made.meta.notes, f"recorded by `python -m data.make {name}`: {said}")
    return pnb.Run(
        made.attempts,
        dataclasses.replace(made.meta, notes=notes),
        tracebacks=made.tracebacks,
        edges=made.edges,
        startups=made.startups,
        details=made.details,
    )


def main():
    """Record what is asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m data.make", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FILES))
    parser.add_argument("--folder", type=Path, default=HERE, help="default: data/")
    chosen = parser.parse_args()
    if unknown := sorted(set(chosen.names) - set(FILES)):
        parser.error(f"NAME must be one of {', '.join(FILES)}; got {unknown[0]}")
    for name in chosen.names or FILES:
        make, said = FILES[name]
        path = pnb.save(saying(make(), name, said), chosen.folder / f"{name}.parquet")
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB, {pnb.load(path)!r}")


if __name__ == "__main__":
    main()
