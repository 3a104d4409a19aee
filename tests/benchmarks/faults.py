"""What one bad task costs elsewhere: ``python -m tests.benchmarks.faults``.

The same deeds among the same innocents as in `tests.faults`, on plain joblib and on
other engines, each used as its own documentation would have it when one task may fail.
Timings say whether it takes milliseconds or seconds, not more. Takes five minutes.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..faults import batch, deeds, kernel, notes
from ..faults.outcome import DIES, ENDED, HANGS, Outcome
from ..faults.playing import outcomes

N_WORKERS = 2
LIMIT = 12.0  # s; who has not ended by then is taken to hang
LIMIT_OF_SLOW = 40.0  # the same for those that take seconds to start and to end
# Deeds that one engine or another does not survive; the last four with a time limit.
DEEDS = (
    "raises",
    "raises_unloadable",
    "exits",
    "returns_unpicklable",
    "returns_unloadable",
    "exits_at_once",
    "kills_itself",
    "segfaults",
    "dies_while_sending",
    "dies_half_way",
    "dies_half_way_with_a_child",
    "closes_descriptors",
    "stops_itself",
    "hangs",
    "hangs_in_c",
    "ends_at_its_limit",
)
TIMED = DEEDS[-4:]


# -- engines: results into `got`, errors into `failed`, by key -----------------------


def _ours(work, keys, limit, got, failed):
    import parallel_nb as pnb

    run = pnb.run(
        work, keys, n_jobs=N_WORKERS, backend="isolated", timeout=limit, progress=False
    )
    statuses, results = run.tasks["status"], run.results_or(None)
    for key, status, result in zip(keys, statuses, results, strict=True):
        if status == "done":
            got[key] = result
        else:
            failed[key] = status


def _joblib_list(backend, work, keys, limit, got, failed):
    from joblib import Parallel, delayed

    # Its time limit is for the start of processes, too.
    Parallel(n_jobs=N_WORKERS, backend=backend)(delayed(abs)(i) for i in range(4))
    calls = (delayed(work)(key) for key in keys)
    results = Parallel(n_jobs=N_WORKERS, backend=backend, timeout=limit)(calls)
    got.update(zip(keys, results, strict=True))


def _joblib_generator(work, keys, limit, got, failed):
    from joblib import Parallel, delayed

    Parallel(n_jobs=N_WORKERS)(delayed(abs)(i) for i in range(4))
    calls = (delayed(work)(key) for key in keys)
    results = Parallel(n_jobs=N_WORKERS, return_as="generator", timeout=limit)(calls)
    for key, result in zip(keys, results, strict=True):
        got[key] = result


def _futures(work, keys, limit, got, failed):
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(N_WORKERS) as pool:
        waiting = [(key, pool.submit(work, key)) for key in keys]
        _gather(waiting, limit, got, failed)


def _mpire(work, keys, limit, got, failed):
    from mpire import WorkerPool

    with WorkerPool(N_WORKERS) as pool:
        results = pool.imap(work, [(key,) for key in keys], task_timeout=limit)
        for key, result in zip(keys, results, strict=True):
            got[key] = result


def _pebble(work, keys, limit, got, failed):
    from pebble import ProcessPool

    with ProcessPool(N_WORKERS) as pool:
        waiting = [(key, pool.schedule(work, (key,), timeout=limit)) for key in keys]
        _gather(waiting, None, got, failed)


def _dask(work, keys, limit, got, failed):
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=N_WORKERS,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
        ) as cluster,
        Client(cluster) as client,
    ):
        waiting = [(key, client.submit(work, key, pure=False)) for key in keys]
        _gather(waiting, limit, got, failed)


def _gather(waiting, limit, got, failed):
    """One result after the other; whoever raises costs nobody else his."""
    for key, future in waiting:
        try:
            got[key] = future.result(limit)
        except Exception as error:
            failed[key] = type(error).__name__


@dataclass(frozen=True, slots=True)
class Engine:
    """Another engine."""

    name: str
    use: Callable
    is_slow: bool = False  # whether it takes seconds to start and to end


ENGINES = (
    Engine("parallel_nb", _ours),
    Engine("joblib loky, list", partial(_joblib_list, "loky")),
    Engine("joblib loky, generator", _joblib_generator),
    Engine("joblib multiprocessing", partial(_joblib_list, "multiprocessing")),
    Engine("concurrent.futures", _futures),
    Engine("mpire", _mpire),
    Engine("pebble", _pebble),
    Engine("dask.distributed", _dask, is_slow=True),
)
_BY_NAME = {engine.name: engine for engine in ENGINES}


# -- one cell ------------------------------------------------------------------------


def play(cell, folder):
    """Play a cell in its kernel; what it has is written down as it comes."""
    deed, engine = cell["fault"], _BY_NAME[cell["backend"]]
    outcome = Outcome(deed, engine.name)
    n_culprits = {"dies_while_sending": 3, "ends_at_its_limit": 4}.get(deed, 1)
    keys = batch.keys(n_culprits)
    work = partial(batch.work, folder, deed, True, 0.0)
    got, failed = _Noted(folder, "got"), _Noted(folder, "failed")
    limit = deeds.TIMEOUT if deed in TIMED else None
    began = time.perf_counter()
    try:
        engine.use(work, keys, limit, got, failed)
    except BaseException as error:
        outcome.why = f"{type(error).__name__}: {error}"[:200]
    outcome.seconds = time.perf_counter() - began
    kernel.write([outcome], folder)


class _Noted(dict):
    """Keeps no results, but notes their keys: also for a kernel that will not end."""

    def __init__(self, folder, event):
        super().__init__()
        self._folder, self._event = folder, event

    def __setitem__(self, key, value):
        is_right = not batch.is_innocent(key) or self._event != "got" or value == key
        if is_right:
            notes.put(self._folder, self._event, key)

    def update(self, pairs):
        """As a dict's, one by one."""
        for key, value in pairs:
            self[key] = value


def afterwards(folder):
    """What the notes say of a cell whose kernel has ended, however it did."""
    got = {note.key for note in notes.read(folder, "got")}
    failed = {note.key for note in notes.read(folder, "failed")}
    began = Counter(note.key for note in notes.read(folder, "began"))
    innocents = set(filter(batch.is_innocent, batch.keys()))
    culprits = {key for key in began if not batch.is_innocent(key)}
    is_named = bool(culprits) and failed <= culprits <= failed | got
    return {
        "n_innocent": len(innocents),
        "n_done": len(got & innocents),
        "n_twice": sum(began[key] > 1 for key in innocents),
        "saying": "named" if is_named else "not named",
    }


def describe(deed, engine):
    """What the nursery is told of a cell."""
    return {
        "fault": deed,
        "backend": engine,
        "seconds": LIMIT_OF_SLOW if _BY_NAME[engine].is_slow else LIMIT,
        "afterwards": "tests.benchmarks.faults:afterwards",
    }


# -- showing -------------------------------------------------------------------------


def in_words(outcome):
    """What became of it: who was kept, whether the culprit is known, how it ended."""
    kept = f"{outcome.n_done} of {outcome.n_innocent}"
    if outcome.n_done == outcome.n_innocent:
        kept = "all"
    words = [kept, outcome.saying if outcome.n_done or outcome.end == ENDED else ""]
    if outcome.n_twice:
        words.append(f"{outcome.n_twice} twice")
    if outcome.end == HANGS:
        words.append("hangs")
    elif outcome.end == DIES:
        words.append("kernel dies")
    else:
        words.append(f"{outcome.seconds:.1f} s")
    if outcome.orphans:
        words.append("leaves processes")
    return ", ".join(word for word in words if word)


def table(found):
    """Markdown: one line a deed, one column an engine."""
    cells = {(o.fault, o.backend): in_words(o) for o in found}
    names = [e.name for e in ENGINES if any(o.backend == e.name for o in found)]
    lines = [["a task …", *names], ["---"] * (1 + len(names))]
    for deed in DEEDS:
        if any(o.fault == deed for o in found):
            text = getattr(deeds, deed).__doc__
            lines.append([text, *(cells.get((deed, name), "") for name in names)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(arguments=None):
    """Play all, print a table."""
    asked = _parser().parse_args(arguments)
    cells = [
        (deed, engine)
        for deed in asked.deed or DEEDS
        for engine in asked.engine or _BY_NAME
    ]
    found = []
    place = "tests.benchmarks.faults:play"
    for outcome in outcomes(cells, n=asked.nurseries, play=place, describe=describe):
        found.append(outcome)
        told = f"{outcome.fault:28} {outcome.backend:24} {in_words(outcome)}"
        print(told, outcome.why.partition("\n")[0][:100], file=sys.stderr, flush=True)
    print(
        "Innocents' results kept, whether the culprit (and nobody else) is known, time;"
    )
    print(
        f"two workers, load {os.getloadavg()[0]:.1f}; it hangs if it takes {LIMIT:g} s"
    )
    print(f"({LIMIT_OF_SLOW:g} s for dask.distributed).\n")
    print(table(found))
    if asked.json is not None:
        lines = [f"{o.fault}\t{o.backend}\t{in_words(o)}" for o in found]
        with open(asked.json, "w") as file:
            json.dump(lines, file, indent=1)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.faults",
        description="What one bad task costs in other engines.",
    )
    parser.add_argument("--engine", nargs="+", choices=_BY_NAME)
    parser.add_argument("--deed", nargs="+", choices=DEEDS)
    parser.add_argument("--json", metavar="FILE", help="the words, too")
    parser.add_argument(
        "--nurseries", type=int, default=1, help="cells played side by side"
    )
    return parser


if __name__ == "__main__":
    main()
