"""The files of one run: the journal that it goes on with, its own, where it ends up.

Knows paths and options; what is written in a journal, others know.
"""

import os
import warnings
from contextlib import suppress

from ...errors import StoreError
from ...store import save
from ..details import details_of
from ..options import JOURNAL, journal_to_resume
from .keeping import Keeping, Prints, fingerprints_of
from .resuming import Resumed
from .writing import Header


class Files:
    """What a run reads before its start and writes until its end.

    Parameters
    ----------
    options : Options

    Attributes
    ----------
    earlier : Resumed or None
        What a journal held of the batch, once that is known.

    Raises
    ------
    ArgumentError
        If there is no journal to go on with.
    """

    def __init__(self, options):
        self._options = options
        self._resumed = journal_to_resume(options)
        self._journal = options.journal
        if self.resumes and options.journal is None and not options.has_no_journal:
            self._journal = self._resumed
        self._batch = self._function = self._prints = None
        self._keeping = self._replaces = None
        self.earlier = None

    @property
    def resumes(self):
        """Whether an earlier run is gone on with."""
        return self._resumed is not None

    def know(self, batch, function, earlier=None, replaces=None):
        """Take in what is to be done; `function` does all of it, or is None.

        Where it goes on with a run of this process, that is `earlier`; its journal,
        `replaces`, may give way to this one's.
        """
        if self._journal is None and not self.resumes:
            return
        self.earlier, self._replaces = earlier, replaces
        self._batch, self._function = batch, function
        self._prints = Prints(function, getattr(batch, "items", ()))
        if self.resumes:
            inputs = None if function is None else batch.items
            self.earlier = Resumed(
                self._resumed,
                batch.names,
                fingerprints_of(self._prints, batch.n_known, inputs),
                keeps_results=self._options.keep_results,
            )

    def begin(self, meta, zero, n_chunks):
        """The journal, begun before the work is; None where there is none.

        Raises
        ------
        ArgumentError, StoreError
            If it cannot be written there.
        """
        if self._journal is None:
            return None
        batch, planned = self._batch, {}
        if batch.is_planned:
            planned = {
                "agents": batch.agents,
                "rounds": batch.rounds,
                "edges": batch.edges,
            }
        items = getattr(batch, "items", None)
        header = Header(
            meta,
            batch.names,
            zero,
            n_tasks=None if items is None else batch.n_known,
            details=details_of(() if self._function is not None else items, None),
            n_chunks=n_chunks,
            **planned,
        )
        self._keeping = Keeping(
            self._journal,
            header,
            self._prints,
            earlier=self.earlier,
            replaces=self._replaces,
            keeps_results=self._options.keep_results,
        )
        return self._keeping

    def let_go(self):
        """Leave the journal to others, after a run that ended in its own code."""
        if self._keeping is not None:
            self._keeping.let_go()

    def save(self, made):
        """The Run in its file; a journal beside it is over when the Run is whole."""
        self._put_into_store(made)
        path = self._options.path
        if path is None:
            return
        try:
            save(made, path)
        except StoreError as error:
            _warn_unsaved(error, stacklevel=5)
            return
        if self._journal == path + JOURNAL and made.meta.ended_by == "completion":
            with suppress(OSError):  # who deleted it before did the same
                os.unlink(self._journal)

    def _put_into_store(self, made):
        if self._options.store is None:
            return
        try:
            self._options.store.take(made, self._journal)
        except StoreError as error:
            _warn_unsaved(error, stacklevel=6)


def _warn_unsaved(error, stacklevel):
    """What it took so long to make is still here."""
    warnings.warn(
        f"the run could not be saved: {error}. It is in memory, as last_run(): "
        "save(last_run(), …) elsewhere",
        RuntimeWarning,
        stacklevel=stacklevel,
    )
