"""What a journal gives back of a run whose kernel died in the middle of it.

Reads folders of cells after their end. Knows notes and journals; nothing of backends.
"""

import os
from contextlib import suppress

import parallel_nb as pnb
from parallel_nb.errors import StoreError

from . import batch, notes

KEPT = "journal kept"
# What ended so long (s) before the kernel is on disk.
FLUSHED = 1.0
# So long (s), then, a run goes on before its kernel is ended.
PAUSE = 1.2


def path(folder):
    """Where a cell's run keeps its journal."""
    return os.path.join(folder, "journal")


def recovered(folder):
    """An outcome's `recovered`: whether all is there that has to be."""
    died = max((note.time for note in notes.read(folder, "acts")), default=0.0)
    ended = [n.key for n in notes.read(folder, "ended") if n.time < died - FLUSHED]
    ended = [key for key in ended if batch.is_innocent(key)]
    if not ended:
        return {}
    run = None
    with suppress(StoreError):
        run = pnb.recover(path(folder), with_results=True)
    if run is None:
        return {"recovered": "no journal"}
    results, statuses = run.results_or(None), run.tasks["status"]
    done = {r for r, s in zip(results, statuses, strict=True) if s == "done"}
    lost = [key for key in ended if key not in done]
    return {"recovered": f"journal lost {len(lost)}" if lost else KEPT}
