"""Random faults for a long time: ``python -m tests.faults.soak SECONDS [SEED]``.

One task in twenty misbehaves, in batch after batch over two isolated lanes; tells as
JSON what was lost and what has grown. Knows nothing of what is allowed.
"""

import gc
import json
import random
import sys
import tempfile
import time
from collections import Counter
from functools import partial

import psutil

import parallel_nb as pnb
from parallel_nb.engine.lanes import close_reserve

from . import deeds, notes

N_LANES = 2
N_TASKS = 200
SHARE = 0.05
TIMEOUT = 0.3
# Deeds, and the statuses that may follow.
EXPECTED = {
    "raises": {"failed"},
    "raises_unpicklable": {"failed"},
    "raises_unloadable": {"failed"},
    "raises_mute": {"failed"},
    "exits": {"failed"},
    "returns_unpicklable": {"failed"},
    "returns_unloadable": {"failed"},
    "exits_at_once": {"crashed"},
    "kills_itself": {"crashed"},
    "segfaults": {"crashed"},
    "stops_itself": {"timeout"},
    "hangs": {"timeout"},
    "ignores_sigterm": {"timeout"},
    "closes_descriptors": {"done", "crashed"},
    "changes_folder": {"done"},
}


def work(folder, given):
    """One task: a deed, or a short sleep and a result that can be told from others."""
    key, deed = given
    notes.put(folder, "began", key)
    if deed:
        return getattr(deeds, deed)(folder, key)
    time.sleep(key % 7 / 2000)
    return key, bytes(key % 5 * 1000)


def batch(rng):
    """``(key, deed or "")`` of each task."""
    return [
        (key, rng.choice(sorted(EXPECTED)) if rng.random() < SHARE else "")
        for key in range(N_TASKS)
    ]


def play(given):
    """Run a batch; what was lost, executed twice without saying so, or told wrongly."""
    with tempfile.TemporaryDirectory(prefix="parallel_nb-soak-") as folder:
        run = pnb.run(
            partial(work, folder),
            given,
            n_jobs=N_LANES,
            backend="isolated",
            timeout=TIMEOUT,
            progress=False,
        )
        executions = Counter(int(note.key) for note in notes.read(folder, "began"))
    results, statuses = run.results_or(None), run.tasks["status"].tolist()
    rows = run.attempts["task"].value_counts()
    wrong = []
    for (key, deed), result, status in zip(given, results, statuses, strict=True):
        if deed:
            if status not in EXPECTED[deed]:
                wrong.append(f"{deed}: {status}")
        elif status != "done" or result != (key, bytes(key % 5 * 1000)):
            wrong.append(f"innocent {key}: {status} {run.tasks['error'][key]}")
        elif executions[key] != rows[key]:
            wrong.append(f"innocent {key}: {executions[key]} executions")
    n_again = int((rows > 1).sum())
    return wrong, sum(bool(deed) for _, deed in given), n_again


def footprint():
    """Open files, threads, processes and resident bytes of this process."""
    gc.collect()
    me = psutil.Process()
    children = len(me.children(recursive=True))
    return me.num_fds(), me.num_threads(), children, me.memory_info().rss


def soak(seconds, seed=0):
    """Batches until the time is over; a report."""
    rng = random.Random(seed)
    wrong, n_batches, n_culprits, n_again = [], 0, 0, 0
    footprints = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        lost, n, again = play(batch(rng))
        wrong += [f"batch {n_batches}: {line}" for line in lost]
        n_batches, n_culprits, n_again = n_batches + 1, n_culprits + n, n_again + again
        # Idle lanes are between two states: gone or kept. Without them, all are alike.
        close_reserve()
        footprints.append(footprint())
    return {
        "n_batches": n_batches,
        "n_tasks": n_batches * N_TASKS,
        "n_culprits": n_culprits,
        "n_again": n_again,
        "wrong": wrong,
        "footprints": footprints,
    }


if __name__ == "__main__":
    print(json.dumps(soak(float(sys.argv[1]), *map(int, sys.argv[2:]))))
