"""Starts a kernel for each cell, ends it when its time is up, counts who is left.

A program: reads cells from stdin, one JSON object a line, and writes lists of
outcomes; its argument, if any, names the function that plays them. It imports the
library once and forks, so a fresh kernel costs ten milliseconds. Every process that
outlives a kernel becomes its child, however it detached itself.
"""

import ctypes
import importlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress

import psutil

# Everything that a run loads, so that kernels are born with it.
import parallel_nb.engine.clusters.on_dask
import parallel_nb.engine.clusters.on_ray
import parallel_nb.engine.running
import parallel_nb.engine.starting
import parallel_nb.errors
import parallel_nb.runs  # noqa: F401

from . import kernel
from .outcome import DIES, HANGS, Outcome

with suppress(ImportError):
    import distributed  # noqa: F401

MARK = "PARALLEL_NB_FAULTS"
# Seconds after which what outlives its kernel is an orphan; a cell may give it more.
_GRACE = 2.0
_SET_CHILD_SUBREAPER = 36
_LAST_WORDS = 6000


def main(play=kernel.main):
    """Play cells until stdin ends."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for line in sys.stdin:
        cell = json.loads(line)
        folder = tempfile.mkdtemp(prefix="parallel_nb-fault-")
        pid = os.fork()
        if pid == 0:
            _become_a_kernel(folder)
            # Its end shall be an interpreter's, with all that is done then.
            return play(cell, folder)
        try:
            outcomes = _watch(pid, cell, folder)
        finally:
            _end_all()
            shutil.rmtree(folder, ignore_errors=True)
        print(json.dumps(outcomes), flush=True)
    return None


def _become_a_kernel(folder):
    os.setsid()
    # Whoever started us in the background may have had it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ[MARK] = folder
    null = os.open(os.devnull, os.O_RDONLY)
    said = os.open(os.path.join(folder, "said"), os.O_CREAT | os.O_RDWR)
    for ours, theirs in ((null, 0), (said, 1), (said, 2)):
        os.dup2(ours, theirs)


def _watch(pid, cell, folder):
    """The outcomes of a kernel, as it tells them or as we see them.

    None when it was to play several cells and one of them did something to it.
    """
    path = os.path.join(folder, kernel.RESULT)
    grace = cell.get("grace", _GRACE)
    code = _wait(pid, cell["seconds"])
    ended = time.time()
    if code is None:
        os.kill(pid, signal.SIGUSR1)  # it writes its stacks, if it still can
        time.sleep(0.2)
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if is_told := os.path.exists(path):
        with open(path) as file:
            outcomes = json.load(file)
        farewell = ended - os.path.getmtime(path)
    else:
        outcomes = [
            _fields(Outcome(fault, cell["backend"])) for fault in cell["faults"]
        ]
        farewell = 0.0
    if len(outcomes) > 1:
        if not is_told or code is None or _wait_for_the_rest(grace)[0]:
            return None
        return [{**outcome, "farewell": farewell} for outcome in outcomes]
    (outcome,) = outcomes
    if is_told:
        outcome["farewell"] = farewell
        outcome["is_endless"] = code is None
    else:
        outcome["end"] = HANGS if code is None else DIES
        outcome["why"] = "" if code is None else f"exit code {code}"
        outcome["seconds"] = cell["seconds"] if code is None else 0.0
    if code is None or not is_told:
        outcome["why"] += _last_words(folder)
    outcome["orphans"], outcome["gone_after"] = _wait_for_the_rest(grace)
    after = cell.get("afterwards")
    if after:
        outcome.update(_named(after)(folder))
    return [outcome]


def _wait_for_the_rest(grace):
    """Who is left, and the seconds until there was nobody, or patience ended."""
    began = time.monotonic()
    while is_left := _reap():
        if time.monotonic() > began + grace:
            break
        time.sleep(0.01)
    left = [_described(process) for process in _living()] if is_left else []
    if is_left and not left:
        left = ["one that forks and ends all the time"]
    return left, time.monotonic() - began


def _fields(outcome):
    from dataclasses import asdict

    return asdict(outcome)


def _wait(pid, seconds):
    """The exit code, negative for a signal, or None when the time is up."""
    fd = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return None
    finally:
        os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _last_words(folder):
    with open(os.path.join(folder, "said"), "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _LAST_WORDS))
        return "\n" + file.read().decode(errors="replace")


def _living():
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def _reap():
    """Whether anybody is left: each of them is our child, or becomes it in the end."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


def _described(process):
    try:
        return " ".join(process.cmdline())[:120]
    except psutil.NoSuchProcess:
        return "(gone)"


def _end_all():
    """Kill what is left, by groups: one that goes on forking is caught as a whole."""
    own = os.getpgrp()
    while _reap():
        for process in _living():
            try:
                group = os.getpgid(process.pid)
                if group != own:
                    os.killpg(group, signal.SIGKILL)
                else:
                    process.kill()
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        time.sleep(0.01)


def _named(place):
    """What ``"module:function"`` names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


if __name__ == "__main__":
    main(*map(_named, sys.argv[1:]))
