"""`RunStore`: keep runs, find them again.

Knows ids and what may be asked; where files lie, what they say and what was read before
is known in the files beside this one.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import warnings
from collections.abc import Iterable, Sequence

import pandas as pd

from ..engine.journals.file import refuse_if_written
from ..engine.journals.recovering import recover
from ..errors import ArgumentError, StoreError, did_you_mean
from ..runs import Run
from ..store import read, write
from ..sweeps import Sweep
from . import index, pruning, querying, rows
from .describing import described, new_id
from .folders import folder_of

_JOURNAL = ".journal"
_TIDIED = 16  # so many are added by one store until it looks at the folder again


class RunStore:
    """Past runs in a folder: one immutable file each, for many writers at once.

    Parameters
    ----------
    folder : path-like or str
        Made if it is not there. Several notebooks, and machines that share the folder,
        may use it at once; nothing is locked. A URL that fsspec knows will do as well
        (``s3://bucket/runs``; needs the extra ``store``); journals are kept in folders
        of this machine only.

    Raises
    ------
    StoreError
        If it cannot be made or opened.
    ArgumentError
        If it is neither a path nor a URL.

    Examples
    --------
    >>> import tempfile
    >>> table = pd.DataFrame({"task": ["a"], "started": [0.0], "ended": [2.0]})
    >>> run = Run.from_frame(table, label="nightly")
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = RunStore(folder.name)
    >>> key = store.add(run, tags=["main"])
    >>> store.runs()[["label", "tags", "makespan", "n_tasks"]]
         label     tags  makespan  n_tasks
    0  nightly  (main,)       2.0        1
    >>> store.load(key).meta.label, store.latest("nightly").meta.tags
    ('nightly', ('main',))
    >>> folder.cleanup()
    """

    def __init__(self, folder: str | os.PathLike):
        self._folder = folder_of(folder)
        self._n_added = 0

    @property
    def folder(self) -> str:
        """Where the runs are."""
        return str(self._folder)

    def __repr__(self):
        n = len(self)
        return f"<RunStore {n:,} run{'s' * (n != 1)} in {self.folder}>"

    def __len__(self):
        return sum(name.endswith(rows.ENDING) for name in self._folder.sizes())

    def __contains__(self, key: object) -> bool:
        return f"{key}{rows.ENDING}" in self._folder.sizes()

    def add(
        self,
        run: Run,
        *,
        tags: Sequence[str] = (),
        label: str | None = None,
        with_results: bool = False,
    ) -> str:
        """The id of `run`, which is in the store from now on.

        Parameters
        ----------
        run : Run
        tags : sequence of str
            Besides those that the run has.
        label : str, optional
            Instead of the run's own.
        with_results : bool
            Also keep what the tasks returned, pickled; see `parallel_nb.save`.

        Raises
        ------
        StoreError
            If the file cannot be written: nothing is left behind, the run is as it was.
        ArgumentError
            If `run` is no Run, or `tags` no sequence of str.
        """
        return self._add(run, new_id(run), tags, label, with_results)

    def _add(self, run, key, tags=(), label=None, with_results=False) -> str:
        if not isinstance(run, Run):
            raise ArgumentError(f"`run` must be a Run; got {type(run).__name__}")
        are_many = isinstance(tags, Iterable) and not isinstance(tags, str)
        tags = tuple(tags) if are_many else tags
        if not (are_many and all(isinstance(tag, str) for tag in tags)):
            raise ArgumentError(f"`tags` must be a sequence of str; got {tags!r}")
        kept = described(run, tags, label)
        self._folder.write(
            f"{key}{rows.ENDING}",
            lambda file: write(kept, file, with_results=with_results),
        )
        if self._n_added % _TIDIED == 0:
            self._folder.clear_drafts(index.INSIDE)
            sizes = self._folder.sizes()
            if index.is_long(self._folder, sizes):
                index.listed(self._folder, sizes)
        self._n_added += 1
        return key

    def runs(self, label: str | None = None) -> pd.DataFrame:
        """One row per run, oldest first.

        Parameters
        ----------
        label : str, optional
            Only runs of this label.

        Returns
        -------
        DataFrame
            ``id``; ``label``, ``tags``, ``started_at`` (UTC), ``n_workers``,
            ``backend``, ``host``, ``cpu_count``, ``order``, ``ended_by``, ``source``,
            ``versions`` (dict), ``commit`` of the repository it was run in (``+``: with
            changes); the numbers of `Run.summary`; ``n_bytes`` of the file; ``status``:
            ``ok``, ``sweep`` for a file that holds one, or ``unreadable``, and ``why``.

        Raises
        ------
        StoreError
            If the folder cannot be listed.
        """
        frame = rows.frame_of(index.listed(self._folder, self._folder.sizes()))
        if label is None:
            return frame
        return frame[frame["label"] == label].reset_index(drop=True)

    def load(self, key: str, *, with_results: bool = False) -> Run | Sweep:
        """The run with this id, or with the only id that begins like this.

        A file that holds a Sweep, which `runs` says in ``status``, gives that.

        Raises
        ------
        ArgumentError
            If `key` is no str.
        StoreError
            If there is none, or its file cannot be read.
        """
        name = self._file_of(key)
        with self._folder.reading(name) as file:
            return read(file, self._folder.name_of(name), with_results=with_results)

    def latest(self, label: str | None = None, *, with_results: bool = False) -> Run:
        """The run that began last, of all or of one label.

        Raises
        ------
        StoreError
            If there is none.
        """
        frame = self.runs()
        frame = frame[frame["status"] == rows.OK]
        if label is not None:
            labels = frame["label"].unique().tolist()
            frame = frame[frame["label"] == label]
            if not len(frame):
                raise StoreError(
                    f"there is no run of label {label!r} in {self.folder}."
                    + did_you_mean(label, labels)
                )
        if not len(frame):
            raise StoreError(f"there is no run in {self.folder}")
        return self.load(frame["id"].iat[-1], with_results=with_results)

    def query(self, sql: str) -> pd.DataFrame:
        """What SQL says of the attempts of all runs; by DuckDB, in pieces.

        Parameters
        ----------
        sql : str
            Over ``attempts``: the columns of `Run.attempts`, and ``run``, the id; and
            ``runs``: what `runs` gives of those that can be read, ``tags`` as a list
            (``WHERE list_contains(tags, 'main')``), without ``versions``.

        Raises
        ------
        BackendError
            If DuckDB is not there: it comes with the extra ``store``.
        ArgumentError
            If the query makes no sense.
        StoreError
            If the files cannot be read. A single one that is damaged is left out, and
            a warning says so.

        Examples
        --------
        >>> import tempfile
        >>> table = pd.DataFrame(
        ...     {"task": ["a", "b"], "started": [0.0, 0.0], "ended": [2.0, 3.0]}
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = RunStore(folder)
        ...     _ = store.add(Run.from_frame(table))
        ...     store.query("SELECT run = id AS same, makespan FROM attempts, runs")
           same  makespan
        0  True       3.0
        1  True       3.0
        """
        return querying.query(self._folder, self.runs(), sql)

    @property
    def journals(self) -> list[str]:
        """Paths of journals: of runs that go on, or whose process died.

        To go on with one of the latter instead of keeping what it had done:
        ``pnb.run(…, resume=path, store=store)``, with the tasks as they were.
        """
        if not self._folder.is_local:
            return []
        names = sorted(self._folder.sizes())
        return [str(self._folder.path / n) for n in names if n.endswith(_JOURNAL)]

    def recover(self, *, with_results: bool = False) -> list[str]:
        """The ids of runs whose process died, made of their journals.

        Journals that are being written stay as they are. A journal that cannot be read
        stays, too; a warning says why.

        Parameters
        ----------
        with_results : bool
            Also keep what the tasks returned, which goes with the journal else. This
            unpickles, and a pickle can run any code.

        Raises
        ------
        StoreError
            If the folder cannot be listed.
        """
        found = []
        for path in self.journals:
            key = self._recovered(path, with_results)
            found += [key] if key else []
        return found

    def prune(
        self, keep: int | str | datetime.timedelta, *, label: str | None = None
    ) -> pd.DataFrame:
        """The runs that were removed: all but those to keep.

        Parameters
        ----------
        keep : int, timedelta or str
            So many of each label, the latest ones; or those that are no older than
            this, such as ``"30 days"``.
        label : str, optional
            Only runs of this label.

        Returns
        -------
        DataFrame
            Their rows, as of `runs`. Files that cannot be read, or are no runs, stay.

        Raises
        ------
        ArgumentError
            If `keep` is none of these.
        StoreError
            If a file cannot be removed.
        """
        gone = pruning.beyond(self.runs(label), keep)
        for key in gone["id"]:
            self._folder.remove(f"{key}{rows.ENDING}")
        self._folder.clear_drafts(index.INSIDE)
        return gone

    def new_journal(self) -> str | None:
        """A path for the journal of a run that begins; None for a store by URL."""
        if not self._folder.is_local:
            return None
        return str(self._folder.path / f"{new_id()}{_JOURNAL}")

    def take(self, run: Run, journal: str | None) -> str:
        """The id of a run that is over; its journal, if ours, goes once it is kept."""
        if journal is None or not self._is_ours(journal):
            return self.add(run)
        key = os.path.basename(journal).removesuffix(_JOURNAL)
        self._add(run, key)
        with contextlib.suppress(OSError):
            os.unlink(journal)
        return key

    def _is_ours(self, journal: str) -> bool:
        """Whether `new_journal` may have made it, for this run or an earlier one."""
        if not self._folder.is_local or not journal.endswith(_JOURNAL):
            return False
        with contextlib.suppress(OSError):
            folder = os.path.dirname(os.path.abspath(journal))
            return os.path.samefile(folder, self._folder.path)
        return False

    def _file_of(self, key: str) -> str:
        if not isinstance(key, str) or not key:
            raise ArgumentError(
                "`key` must be an id, or its beginning, as `runs()` has them in its "
                f"column `id`; got {type(key).__name__}"
            )
        keys = [
            name.removesuffix(rows.ENDING)
            for name in self._folder.sizes()
            if name.endswith(rows.ENDING)
        ]
        if key in keys:
            return f"{key}{rows.ENDING}"
        alike = [each for each in keys if each.startswith(key)]
        if len(alike) == 1:
            return f"{alike[0]}{rows.ENDING}"
        hint = f" {len(alike)} begin like this." if alike else did_you_mean(key, keys)
        raise StoreError(f"there is no run {key!r} in {self.folder}.{hint}")

    def _recovered(self, path: str, with_results: bool) -> str | None:
        key = os.path.basename(path).removesuffix(_JOURNAL)
        try:
            refuse_if_written(path)
            if key not in self:
                made = recover(path, with_results=with_results)
                self._add(made, key, with_results=with_results and made.has_results)
        except ArgumentError:
            return None  # it is being written
        except StoreError as error:
            if not os.path.exists(path):
                return None  # another one was faster
            warnings.warn(f"left as it is: {error}", RuntimeWarning, stacklevel=3)
            return None
        with contextlib.suppress(OSError):
            os.unlink(path)
        return key
