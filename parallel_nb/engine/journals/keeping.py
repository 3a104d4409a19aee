"""A run's journal while the run goes on: begun, fed, looked after, closed.

Knows when what is written; refuses to know the bytes.
"""

import threading
import weakref

import numpy as np

from ...errors import ArgumentError
from ...tasks import Shell
from ...tasks.fingerprints import Fingerprints
from .. import worker
from .moving import moved, taken_over
from .writing import Header, Journal

UNKNOWN = bytes(16)

# Seconds between two looks at what has ended in chunks that are still on their way.
_LOOK_EVERY = 0.4


class Prints:
    """Fingerprints of a batch's tasks, by which a journal knows them again.

    A task that has none is kept like any other, and would be executed again.

    Parameters
    ----------
    function : callable or None
        What does all of them; None where each item says.
    items : sequence of Task or Shell

    Attributes
    ----------
    n_without : int
        Tasks without one.
    why : str
        Of the first of them.
    """

    def __init__(self, function, items):
        self._function = function
        self._items = items
        self._known = {}
        self._without = set()
        self.why = ""

    def of(self, position, value=None):
        """16 bytes for the task at a position, or for an input of the function."""
        try:
            if self._function is not None:
                return self._prints_of(self._function).of_input(value)
            task = self._items[position]
            if isinstance(task, Shell):
                return Fingerprints(task).of()
            return self._prints_of(task.func).of(task.args, task.kwargs)
        except ArgumentError as error:
            self._without.add(position)
            self.why = self.why or str(error)
            return UNKNOWN

    @property
    def n_without(self):
        return len(self._without)

    def _prints_of(self, function):
        found = self._known.get(id(function))
        if found is None:
            try:
                found = Fingerprints(function)
            except ArgumentError as error:
                found = error  # it would take as long to find out for each task
            self._known[id(function)] = found
        if isinstance(found, ArgumentError):
            raise found
        return found

    @property
    def note(self):
        """What to say of those that have none."""
        if not self.n_without:
            return ()
        return (
            f"{self.n_without:,} of the journal's tasks would be executed again by "
            f"resume, done or not: {self.why}",
        )

    def of_known(self, positions):
        """16 bytes each for tasks whose inputs are still there, zeros for others."""
        items, found = self._items, []
        for position in positions:
            is_gone = hasattr(items, "keys") and position not in items
            value = None if is_gone or self._function is None else items[position]
            found.append(UNKNOWN if is_gone else self.of(position, value))
        return b"".join(found)

    def of_piece(self, piece):
        """16 bytes for each task that travels in a piece."""
        positions = piece.positions.tolist()
        return b"".join(map(self.of, positions, piece.inputs))


class Keeping:
    """Writes what a run does into its journal; a context manager.

    Parameters
    ----------
    path : str
    header : journal.Header
    prints : Prints
    earlier : resuming.Resumed or earlier.Earlier, optional
        What the journal held already, or the Run of this process that is gone on with.
    keeps_results : bool
    replaces : str, optional
        The journal of that Run, which this one may replace.
    """

    def __init__(
        self, path, header: Header, prints, *, earlier, keeps_results, replaces=None
    ):
        if earlier is None:
            self._journal = Journal.create(path, header)
        elif not hasattr(earlier, "contents"):
            self._journal = taken_over(
                earlier, header, path, prints, replaces, keeps_results
            )
        elif earlier.goes_on_at(path):
            self._journal = Journal.resume(header, earlier.contents)
        else:
            self._journal = moved(earlier, header, path)
        self._journal.keeps_results = keeps_results
        self._prints = prints
        self._outstanding = dict
        self._is_known = np.zeros(0, bool)
        self._is_over = threading.Event()
        self._thread = None

    def watch(self, outstanding):
        """Look, from now on, at chunks that are on their way.

        Parameters
        ----------
        outstanding : callable
            Gives entries; called from another thread.
        """
        self._outstanding = outstanding
        ours = weakref.ref(self)
        self._thread = threading.Thread(
            target=_look_now_and_then,
            args=(ours, self._is_over),
            name="parallel_nb-journal-eye",
            daemon=True,
        )
        self._thread.start()

    def look(self):
        """Write what has ended in chunks that are on their way."""
        now = worker.clock()
        for entry in self._outstanding():
            if entry.workers is None or entry.chunk is None:
                continue
            blocks, origin = entry.workers.peek(entry)
            for block in blocks:
                self._journal.peek(entry, block, origin, now)

    def know(self, piece):
        """Remember what the tasks of a piece are, before they are executed.

        The first time counts: an attempt may leave its arguments changed.
        """
        positions = piece.positions
        n = int(positions.max(initial=-1)) + 1
        if n > len(self._is_known):
            more = np.zeros(max(n, 2 * len(self._is_known)), bool)
            more[: len(self._is_known)] = self._is_known
            self._is_known = more
        if self._is_known[positions].all():
            return
        self._is_known[positions] = True
        self._journal.know(piece.positions, self._prints.of_piece(piece))

    @property
    def append(self):
        """The journal's, for a collector."""
        return self._journal.append

    def close(self, meta, startups):
        """Write how the run ended; what there is to say of the journal itself."""
        self._stop_looking()
        self._journal.add_startups(startups)
        self._journal.close(meta.ended_by, meta)
        notes = [self._journal.problem] if self._journal.problem else []
        notes += self._prints.note
        n = self._journal.n_absent
        if n:
            notes.append(
                f"{n} result{'s are' if n > 1 else ' is'} not in the journal, as no "
                "pickle can hold them"
            )
        return tuple(notes)

    def let_go(self):
        """Leave the journal as it is, for others to go on with."""
        self._stop_looking()
        self._journal.let_go()

    def _stop_looking(self):
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()


def _look_now_and_then(ours, is_over):
    # It does not keep a run alive that nobody has any more.
    while not is_over.wait(_LOOK_EVERY):
        keeping = ours()
        if keeping is None:
            return
        keeping.look()
        del keeping


def fingerprints_of(prints, n, inputs):
    """Fingerprints of a whole batch, as one array of 16 bytes each."""
    values = inputs if inputs is not None else [None] * n
    joined = b"".join(prints.of(i, value) for i, value in enumerate(values))
    return np.frombuffer(joined, "V16")
