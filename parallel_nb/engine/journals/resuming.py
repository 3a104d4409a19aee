"""Which of a batch's tasks a journal holds already.

Knows names and fingerprints; what does not fit is an error, not a guess.
"""

import os
from collections import defaultdict, deque

import numpy as np

from ... import schema
from ...errors import ArgumentError, StoreError
from .. import worker
from ..earlier import Earlier
from .keeping import UNKNOWN
from .reading import read
from .recovering import run_of

_SHOWN = 3


class Resumed(Earlier):
    """What a journal tells of a batch.

    Parameters
    ----------
    path : str
        Of the journal.
    names : str or list of str
        Of the batch's tasks.
    fingerprints : array of shape (n,)
        Theirs, 16 bytes each.
    keeps_results : bool
        Whether results are wanted: what is done and left none is done again.

    Raises
    ------
    ArgumentError
        If a task that is done there is not in the batch, or is not what it was.
    StoreError
        If the journal cannot be read.
    """

    def __init__(self, path, names, fingerprints, *, keeps_results):
        self.contents = contents = read(path)
        run = run_of(contents, with_results=keeps_results)
        n = len(fingerprints)
        status = run.tasks[schema.STATUS].astype("str").to_numpy()
        codes, known, has_result = contents.last()
        if len(status) != len(codes):
            raise StoreError(f"the journal {path} is damaged: its tasks do not add up")
        is_done = (status == "done") & (codes == worker.DONE)
        if keeps_results:
            is_done &= has_result
        self.positions = _matched(
            path,
            (run.tasks[schema.NAME].tolist(), known, is_done),
            ([names] * n if isinstance(names, str) else names, fingerprints),
        )
        is_left = np.ones(n, bool)
        is_left[self.positions[is_done & (self.positions >= 0)]] = False
        super().__init__(run, self.positions, n, is_left)

    def goes_on_at(self, path):
        """Whether a journal there can simply be gone on with."""
        is_same = os.path.exists(path) and os.path.samefile(path, self.contents.path)
        was_tried = self.contents.last()[0] >= 0
        stay = self.positions == np.arange(len(self.positions))
        return is_same and bool(stay[was_tried].all())


def _matched(path, old, new):
    """Where each of the journal's tasks is in the batch; -1 for nowhere."""
    places = defaultdict(deque)
    keys = zip(new[0], map(bytes, new[1]), strict=True)
    for position, key in enumerate(keys):
        places[key].append(position)
    positions, odd = np.full(len(old[0]), -1, np.int64), []
    # Those that are done first: of equal tasks, those are the ones that are.
    order = np.argsort(~old[2], kind="stable")
    names, prints = old[0], list(map(bytes, old[1]))
    for task in order.tolist():
        is_known = prints[task] != UNKNOWN
        found = places.get((names[task], prints[task])) if is_known else None
        if found:
            positions[task] = found.popleft()
        elif old[2][task] and prints[task] != UNKNOWN:
            odd.append(task)
    if odd:
        raise ArgumentError(_what_is_odd(path, odd, names, set(new[0])))
    return positions


def _what_is_odd(path, odd, names, new_names):
    shown = [f"task {task} ({names[task]!r})" for task in sorted(odd)[:_SHOWN]]
    more = f" and {len(odd) - _SHOWN:,} more" if len(odd) > _SHOWN else ""
    there = {names[task] in new_names for task in odd}
    why = {
        (True,): "their function or arguments are not what they were",
        (False,): "the batch has no task of that name",
    }.get(tuple(there), "they are not in the batch, or not what they were")
    return (
        f"the journal {path} is of another batch: {', '.join(shown)}{more} had been "
        f"done, and {why}. Resume with the tasks as they were, or begin anew with "
        "another journal."
    )
