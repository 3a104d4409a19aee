"""A batch with a culprit among innocents: who they are, and what each of them does.

Imported by workers. Knows deeds by name; nothing of backends or of what is promised.
"""

import os
import time

from . import deeds, notes

N_BEFORE = 8
N_AFTER = 8
# An innocent's work, and how long the neighbour of a culprit is at work (seconds).
_SHORT = 0.002
_LONG = 0.3
# A culprit waits no longer for a neighbour; there may be none.
_PATIENCE = 0.5


def keys(n_culprits=1):
    """Inputs in order: innocents before, culprits, innocents after."""
    return [
        *(f"before {i}" for i in range(N_BEFORE)),
        *(f"culprit {i}" for i in range(n_culprits)),
        *(f"after {i}" for i in range(N_AFTER)),
    ]


def is_innocent(key):
    """Whether a task of this name does its work and nothing else."""
    return not key.startswith("culprit")


def work(folder, deed, has_neighbour, pause, key):
    """One task of the batch; an innocent's result is its key.

    While a culprit acts, an innocent is at work on the other worker, so that there is
    somebody to hit. Who will end the kernel makes a pause first (s), in which a journal
    has its time.
    """
    notes.put(folder, "began", key)
    if is_innocent(key):
        if notes.read(folder, "ready") and not notes.read(folder, "beside"):
            notes.put(folder, "beside", key)
            time.sleep(_LONG)
        time.sleep(_SHORT)
        notes.put(folder, "ended", key, os.getcwd())
        return key
    notes.put(folder, "ready", key)
    if has_neighbour:
        notes.wait(lambda: notes.read(folder, "beside"), _PATIENCE)
    time.sleep(pause)
    notes.put(folder, "acts", key)
    result = getattr(deeds, deed)(folder, key)
    notes.put(folder, "ended", key)
    return result
