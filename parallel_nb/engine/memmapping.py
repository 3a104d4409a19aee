"""Pickles that leave large numpy arrays in memory-mapped files, as joblib's do.

Knows joblib's reducers and their temporary folder; private names of joblib that are
used here are pinned by tests.
"""

import copyreg
import io
import os
import uuid
from collections import ChainMap

import cloudpickle
from joblib._memmapping_reducer import (
    TemporaryResourcesManager,
    get_memmapping_reducers,
)

# A function's pickle above this (bytes) travels as a file, read once a worker.
_INLINE = 1 << 16


class _Pickler(cloudpickle.Pickler):
    def __init__(self, file, table):
        # The C pickler reads its table once, while it is initialised.
        self.dispatch_table = table
        super().__init__(file)


class Memmapper:
    """Pickles for workers on this host; owns the files it makes.

    Parameters
    ----------
    max_nbytes : int or None
        Arrays from this size on are mapped; None maps none.
    mmap_mode : str or None
        As in `numpy.memmap`.
    temp_folder : str or None
    """

    def __init__(self, max_nbytes=1_000_000, mmap_mode="r", temp_folder=None):
        self._root = temp_folder
        self._manager = None
        self._functions = []  # paths
        reducers, _ = get_memmapping_reducers(
            temp_folder_resolver=self._folder,
            max_nbytes=max_nbytes,
            mmap_mode=mmap_mode,
            unlink_on_gc_collect=False,
        )
        self._table = ChainMap(
            reducers, cloudpickle.Pickler.dispatch_table, copyreg.dispatch_table
        )

    def _folder(self):
        """Where the files are; most runs have none, and need no resource tracker."""
        if self._manager is None:
            self._manager = TemporaryResourcesManager(self._root)
        return self._manager.resolve_temp_folder_name()

    def dumps(self, value):
        """Pickle by cloudpickle, large arrays mapped."""
        buffer = io.BytesIO()
        _Pickler(buffer, self._table).dump(value)
        return buffer.getvalue()

    def function(self, func):
        """A callable, or several at once, ready to travel as ``(key, source)``.

        Functions of a notebook see each other's global variables only where they were
        pickled together.
        """
        key = uuid.uuid4().hex
        data = self.dumps(func)
        if len(data) <= _INLINE:
            return key, data
        folder = self._folder()
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, f"{key}.function")
        with open(path, "wb") as file:
            file.write(data)
        self._functions.append(path)
        return key, path

    def close(self):
        """Delete the files."""
        # joblib's resource tracker knows the arrays only, and complains of others.
        while self._functions:
            os.unlink(self._functions.pop())
        if self._manager is not None:
            self._manager._clean_temporary_resources(force=True)
