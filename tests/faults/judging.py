"""From a Run and the notes of its tasks to facts: who was lost, who ran twice.

Knows Runs and batches; nothing of what is promised.
"""

from collections import Counter

import psutil

import parallel_nb as pnb

from . import batch, engines, notes

# A cluster that serves does so within this time (s), also while it starts workers anew;
# it is much less than what hangs would hold it.
PATIENCE = 30.0


def facts(run, keys, folder):
    """What an `Outcome` says of a run of these tasks."""
    results = run.results_or(None)
    tasks, attempts = run.tasks, run.attempts
    keys = keys[: len(tasks)]  # a generator's rest is never asked for
    innocent = [i for i, key in enumerate(keys) if batch.is_innocent(key)]
    culprits = [i for i, key in enumerate(keys) if not batch.is_innocent(key)]
    executions = Counter(note.key for note in notes.read(folder, "began"))
    done = tasks["status"] == "done"
    chunks = set(attempts.loc[attempts["task"].isin(culprits), "chunk"]) - {-1}
    mates = attempts["chunk"].isin(chunks) & attempts["task"].isin(innocent)
    return {
        "statuses": [tasks["status"][i] for i in culprits],
        "errors": [str(tasks["error"][i]) for i in culprits],
        "n_attempts": int((attempts["task"] == culprits[0]).sum()) if culprits else 0,
        "n_innocent": len(innocent),
        "n_done": sum(bool(done[i]) and results[i] == keys[i] for i in innocent),
        "n_twice": sum(executions[keys[i]] > 1 for i in innocent),
        "n_mates": int(mates.sum()),
        "recovery": recovery(run, culprits),
        "ended_by": run.meta.ended_by,
        "n_children": len(living_children(folder)),
    }


def recovery(run, culprits):
    """Seconds from the first culprit's end to the next start on its worker."""
    attempts = run.attempts
    bad = attempts[attempts["task"].isin(culprits) & (attempts["status"] != "done")]
    if bad.empty or bad["ended"].isna().all():
        return None
    bad = bad.loc[bad["ended"].idxmin()]
    later = attempts["started"] >= bad["ended"]
    if run.meta.backend == "isolated":
        later &= attempts["worker"] == bad["worker"]
    if not later.any():
        return None
    return float(attempts["started"][later].min() - bad["ended"])


def living_children(folder):
    """Pids of processes that tasks have noted and that still live."""
    return [
        int(note.more)
        for note in notes.read(folder, "child")
        if is_alive(int(note.more))
    ]


def is_alive(pid):
    """Whether there is such a process, and it is more than an entry in a list."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def second_run(backend, seconds=PATIENCE):
    """Whether the backend serves once more, right now."""
    # A cluster's workers may be busy with what nobody can end.
    patience = {"deadline": seconds} if backend in engines.CLUSTERS else {}
    run = pnb.run(abs, range(-6, 0), n_jobs=2, backend=backend, **patience)
    return run.results_or(None) == [6, 5, 4, 3, 2, 1]
