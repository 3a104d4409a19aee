"""A journal for a batch in another order: all that the old one held, in a new file.

Knows blocks and their places; refuses to know what they mean.
"""

import os
from dataclasses import replace

import numpy as np

from ..collecting import Collector
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
    new = _free_name(path) if os.path.exists(path) else f"{path}.new"
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


def taken_over(earlier, header, path, prints, replaces, keeps_results):
    """A journal at `path` that begins with the rows of a Run of this process.

    Parameters
    ----------
    earlier : earlier.Earlier
    header : journal.Header
    path : str
    prints : keeping.Prints
    replaces : str or None
        The Run's own journal: where that is at `path`, it is replaced in one step.
    keeps_results : bool
    """
    is_own = (
        replaces is not None
        and os.path.exists(path)
        and os.path.exists(replaces)
        and os.path.samefile(path, replaces)
    )
    new = _free_name(path) if is_own else path
    journal = Journal.create(new, replace(header, n_chunks=0))
    try:
        done = np.flatnonzero(~earlier.is_left)
        journal.know(done, prints.of_known(done.tolist()))
        collector = Collector()
        collector.results = earlier.results if keeps_results else None
        collector.journal = journal
        earlier.put_rows(collector, header.zero)
        if is_own:
            os.replace(new, path)
    except BaseException:
        journal.discard()
        raise
    return journal


def _free_name(path):
    """Where a journal can be made that is to replace the one at `path`."""
    refuse_if_written(path)
    new = f"{path}.new"
    if os.path.exists(new):  # of a process that was killed meanwhile
        refuse_if_written(new)
        os.unlink(new)
    return new


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
