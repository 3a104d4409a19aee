"""What happened, by those who did it: one file of lines that any process may add to.

Counts executions independently of what a Run says of them. Knows nothing of faults.
"""

import os
import time
from typing import NamedTuple


class Note(NamedTuple):
    """One line."""

    event: str
    key: str
    pid: int
    time: float  # s on the host's clock, which is that of a Run's rows
    more: str


def put(folder, event, key, more=""):
    """Add a line; whole, whoever writes at the same time, and whatever dies next."""
    line = f"{event}\t{key}\t{os.getpid()}\t{time.perf_counter()!r}\t{more}\n"
    fd = os.open(_path(folder), os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(fd, line.encode())
    os.close(fd)


def read(folder, event=None):
    """All notes so far, or those of one event."""
    try:
        with open(_path(folder)) as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        what, key, pid, when_, more = line.split("\t")
        if event in (None, what):
            found.append(Note(what, key, int(pid), float(when_), more))
    return found


def when(folder, event, key):
    """When this was noted the last time, or NaN."""
    times = [note.time for note in read(folder, event) if note.key == key]
    return times[-1] if times else float("nan")


def wait(claim, seconds):
    """Whether `claim()` comes true within so many seconds."""
    until = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True


def _path(folder):
    return os.path.join(folder, "notes")
