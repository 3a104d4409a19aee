"""A journal for a batch in another order: all that the old one held, in a new file.

Knows blocks and their places; refuses to know what they mean.
"""

import os
from dataclasses import replace

import numpy as np

from .file import refuse_if_written
from .writing import Journal


def moved(earlier, header, path):
    """A journal at `path` with what an earlier one held of the batch's tasks.

    Parameters
    ----------
    earlier : resuming.Resumed
        The file of its journal may be `path` itself: it is replaced in one step.
    header : journal.Header
        Of the batch as it is now.
    path : str
    """
    contents, positions = earlier.contents, earlier.positions
    refuse_if_written(contents.path)
    new = f"{path}.new"
    # Chunks keep their numbers: nothing comes before them in the new file.
    journal = Journal.create(new, replace(header, n_chunks=0))
    try:
        with open(contents.path, "rb") as file:
            for block in contents.blocks:
                _copy(journal, file, block, positions, header.zero)
        zero = header.zero
        journal.add_startups(
            [(lane, pid, a + zero, b + zero) for lane, pid, a, b in contents.startups]
        )
        os.replace(new, path)
    except BaseException:
        journal.discard()
        raise
    return journal


def _copy(journal, file, block, positions, zero):
    places = positions[block.tasks]
    rows = np.flatnonzero(places >= 0)
    if not len(rows):
        return
    sizes = np.maximum(block.sizes, 0)
    begins = block.results_at + np.cumsum(sizes) - sizes
    results = []
    for row in rows.tolist():
        file.seek(begins[row])
        results.append(file.read(sizes[row]))
    records = block.records[rows].copy()
    records["started"] += zero
    records["ended"] += zero
    failures = {
        new: block.failures[row]
        for new, row in enumerate(rows.tolist())
        if row in block.failures
    }
    known = block.fingerprints
    journal.copy(
        block._replace(
            records=records,
            tasks=places[rows],
            ready=block.ready + zero,
            submitted=block.submitted + zero,
            received=block.received + zero,
            failures=failures,
            fingerprints=None if known is None else known[rows],
            sizes=block.sizes[rows],
            is_peek=False,
        ),
        results,
    )
