"""Faults that are more than one bad task: what happens around a run, or to all of it.

Each takes a backend and a folder, plays in a kernel, and returns facts for an
`Outcome`. Knows runs; nothing of what is promised.
"""

import os
import signal
import threading
import time
from functools import partial

import parallel_nb as pnb

from . import batch, deeds, journals, judging, notes

N_JOBS = 2
_ARGUMENT = 50_000_000
_WORD = "stops, keeps its rows"


# -- what tasks of scenes do -----------------------------------------------------------


def mark(folder, key):
    """An innocent: leaves marks, and its key as its result."""
    notes.put(folder, "began", key)
    time.sleep(0.005)
    notes.put(folder, "ended", key)
    return key


def wait_long(folder, key):
    """Begins, and does not end for a long time."""
    notes.put(folder, "began", key)
    time.sleep(deeds.FOR_EVER)
    return key


def die_with_the_other(folder, key):
    """Waits for a second one like itself; then both die in the same moment."""
    notes.put(folder, "began", key)
    notes.put(folder, "ready", key)
    notes.wait(lambda: len(notes.read(folder, "ready")) >= N_JOBS, 5)
    os.kill(os.getpid(), signal.SIGKILL)


def stop_when_idle(folder, key):
    """Returns; a moment later its worker is stopped (SIGSTOP)."""
    notes.put(folder, "began", key)
    worker = os.getpid()
    if os.fork() == 0:
        time.sleep(0.05)
        if os.getppid() == worker:
            os.kill(worker, signal.SIGSTOP)
        notes.put(folder, "stopped", key)
        os._exit(0)
    return key


def crash(x):
    """Dies for an odd number."""
    time.sleep(0.02)
    if x % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


# -- workers that die together, or alone -----------------------------------------------


def every_worker_dies(backend, folder):
    """all workers are killed in the same moment"""
    keys = batch.keys(N_JOBS)
    tasks = [
        pnb.Task(mark if batch.is_innocent(key) else die_with_the_other, folder, key)
        for key in keys
    ]
    run = pnb.run(tasks, n_jobs=N_JOBS, backend=backend, progress=False)
    return judging.facts(run, keys, folder)


def idle_worker_is_killed(backend, folder):
    """a worker is killed while it waits for work"""
    keys = [f"innocent {i}" for i in range(12)]

    def inputs():
        yield from keys[:4]
        if backend == "sequential":  # it is the one that yields
            yield from keys[4:]
            return
        notes.wait(lambda: len(notes.read(folder, "ended")) == 4, 10)
        time.sleep(0.2)
        _signal_idle(folder, signal.SIGKILL)
        time.sleep(0.2)
        yield from keys[4:]

    run = pnb.run(
        partial(mark, folder), inputs(), n_jobs=N_JOBS, backend=backend, progress=False
    )
    return judging.facts(run, keys, folder)


def _signal_idle(folder, number):
    """To who has waited longest: it has the lock, where they take turns."""
    lasts = {note.pid: note.time for note in notes.read(folder, "ended")}
    pid = min(lasts, key=lasts.get)
    if pid != os.getpid():
        os.kill(pid, number)


def idle_worker_is_stopped(backend, folder):
    """a worker is stopped (SIGSTOP) while it waits for work"""
    keys = [f"innocent {i}" for i in range(4)]

    def inputs():
        yield from keys
        if backend != "sequential":  # it is the one that asks
            notes.wait(lambda: len(notes.read(folder, "ended")) == len(keys), 10)
            time.sleep(0.1)
            _signal_idle(folder, signal.SIGSTOP)

    run = pnb.run(
        partial(mark, folder), inputs(), n_jobs=N_JOBS, backend=backend, progress=False
    )
    return judging.facts(run, keys, folder)


def stopped_worker_gets_50_mb(backend, folder):
    """50 MB of arguments go to a worker that was stopped; the run has a deadline"""
    keys = ["stops", "beside", *(f"innocent {i}" for i in range(3))]

    def inputs():
        yield from ((key, None) for key in keys[:2])
        if backend != "sequential":
            notes.wait(lambda: notes.read(folder, "stopped"), 5)
        for key in keys[2:]:
            yield key, argument

    argument = os.urandom(_ARGUMENT)
    # Where it should not come to that, a busy machine has its time.
    deadline = 15.0 if backend == "isolated" else 4.0
    due = time.perf_counter() + deadline
    run = pnb.run(
        partial(_stop_or_mark, folder),
        inputs(),
        n_jobs=N_JOBS,
        backend=backend,
        deadline=deadline,
        progress=False,
    )
    late = time.perf_counter() - due
    told = {**judging.facts(run, keys, folder), "recovery": late}
    if run.meta.ended_by == "deadline":
        told["saying"] = _how_it_ended(run, folder, "deadline")
    return told


def _stop_or_mark(folder, given):
    key, _ = given
    if key == "stops":
        return stop_when_idle(folder, key)
    # Meanwhile the other one is the first to wait for work.
    time.sleep(0.5 if key == "beside" else 0.0)
    return mark(folder, key)


# -- runs beside each other ------------------------------------------------------------


def run_beside_crashes(backend, folder):
    """another run, in the background, loses its workers"""
    beside = pnb.start(crash, range(6), n_jobs=N_JOBS, backend="isolated")
    told = _innocents(backend, folder)
    other = beside.wait(timeout=30)
    right = ["done", "crashed"] * 3
    if other.tasks["status"].tolist() != right:
        told["saying"] = "rows of the other are wrong"
    return told


def run_crashes_beside(backend, folder):
    """the run loses its workers while another, in the background, goes on"""
    keys = [f"innocent {i}" for i in range(40)]
    beside = pnb.start(partial(mark, folder), keys, n_jobs=N_JOBS)
    run = pnb.run(crash, range(6), n_jobs=N_JOBS, backend=backend, progress=False)
    told = judging.facts(beside.wait(timeout=30), keys, folder)
    told["statuses"] = run.tasks["status"].tolist()
    told["errors"] = [str(error) for error in run.tasks["error"]]
    if told["statuses"] != ["done", "crashed"] * 3:
        told["saying"] = "its rows are wrong"
    return told


def _innocents(backend, folder):
    keys = [f"innocent {i}" for i in range(40)]
    run = pnb.run(
        partial(mark, folder), keys, n_jobs=N_JOBS, backend=backend, progress=False
    )
    return judging.facts(run, keys, folder)


# -- ends before the end ---------------------------------------------------------------


def stops_at_three(backend, folder):
    """the run ends once three tasks have succeeded, and others hang"""
    return _ends_early(backend, folder, "wait", wait=3)


def stops_at_its_deadline(backend, folder):
    """the run ends at its deadline, and tasks hang"""
    return _ends_early(backend, folder, "deadline", deadline=1.0)


def is_interrupted(backend, folder):
    """the kernel gets SIGINT, as from Ctrl-C, and tasks hang"""
    _interrupt(folder, partial(os.kill, os.getpid(), signal.SIGINT))
    return _ends_early(backend, folder, "interrupt")


def group_is_interrupted(backend, folder):
    """the kernel's process group gets SIGINT, as from ■, and tasks hang"""
    _interrupt(folder, partial(os.killpg, os.getpgrp(), signal.SIGINT))
    return _ends_early(backend, folder, "interrupt")


def kernel_is_killed(backend, folder):
    """the kernel is killed (SIGKILL), and tasks hang"""
    how = partial(os.kill, os.getpid(), signal.SIGKILL)
    _interrupt(folder, how, pause=journals.PAUSE)
    return _ends_early(backend, folder, "nothing", journal=journals.path(folder))


def _interrupt(folder, how, pause=0.2):
    def when_ready():
        notes.wait(lambda: _n(folder, "hangs"), 20)
        time.sleep(pause)
        notes.put(folder, "acts", "")
        how()

    threading.Thread(target=when_ready, daemon=True).start()


def _n(folder, start):
    return sum(note.key.startswith(start) for note in notes.read(folder, "began"))


def _ends_early(backend, folder, reason, **options):
    keys = [f"innocent {i}" for i in range(3)] + [f"hangs {i}" for i in range(4)]
    tasks = [
        pnb.Task(wait_long if key.startswith("hangs") else mark, folder, key)
        for key in keys
    ]
    began = time.perf_counter()
    try:
        run = pnb.run(tasks, n_jobs=N_JOBS, backend=backend, progress=False, **options)
    except KeyboardInterrupt:
        run = pnb.last_run()
    ended = time.perf_counter()
    told = judging.facts(run, keys, folder)
    acts = notes.when(folder, "acts", "")
    due = began + options["deadline"] if "deadline" in options else acts
    # NaN where the end was due when the tasks said so.
    told["recovery"] = ended - due if due == due else None
    return {**told, "saying": _how_it_ended(run, folder, reason)}


def _how_it_ended(run, folder, reason):
    """Whether it ended for this reason, with a row for all and the results it had."""
    if run.meta.ended_by != reason:
        return f"ends by {run.meta.ended_by}"
    tasks, results = run.tasks, run.results_or(None)
    ended = {note.key for note in notes.read(folder, "ended")}
    done = {r for r, s in zip(results, tasks["status"], strict=True) if s == "done"}
    if not ended <= done:
        return "loses results"
    if rest := set(tasks["status"]) - {"done", "cancelled"}:
        return f"rows say {', '.join(sorted(rest))}"
    return _WORD
