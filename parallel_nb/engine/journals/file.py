"""The file of a journal: one writer, appended to, on disk within a second.

Knows locks, descriptors, full disks and who else has the file; refuses to know what the
bytes mean, and to be a reason for a run to end.
"""

import errno
import os
import stat
import threading
import warnings
import weakref
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # without it, nothing keeps two runs from one journal
    fcntl = None

from ...errors import ArgumentError, StoreError
from .layout import MAGIC

# Seconds between two times that the disk is asked to hold what was written.
_SYNC_EVERY = 0.5
_JOINED = 1 << 16  # bytes; a record of more is written part by part
_AT_ONCE = 512  # parts; the OS takes a thousand
_CANNOT_SYNC = {errno.EINVAL, errno.EROFS, errno.ENOTSUP}


class JournalFile:
    """Bytes that outlive their writer; what cannot be written is left out.

    A record is in the hands of the OS when `append` returns, and on disk within a
    second. When that fails, it warns once and takes no more.

    Parameters
    ----------
    path : path-like
    first : list of bytes
        What to begin with.
    size : int, optional
        Bytes of a file to go on with; what is beyond `end` of them is cut off. By
        default, a new file.
    end : int

    Attributes
    ----------
    problem : str
        Why it stopped, and what to do; empty while it goes on.

    Raises
    ------
    ArgumentError
        If there is a file already where a new one is wanted, if another run writes it,
        or if it has not the size that it should have.
    StoreError
        If it cannot be written.
    """

    def __init__(self, path, first, *, size=None, end=0):
        self.path = path = os.fspath(path)
        self.problem = ""
        self._size = end
        self._is_untold = False
        self._lock = threading.Lock()
        self._is_dirty = threading.Event()
        self._is_closing = threading.Event()
        self._fd = _open(self.path, is_there=size is not None)
        try:
            self._begin(first, size)
        except BaseException:
            os.close(self._fd)
            raise
        _OPEN.add(self)
        self._syncer = threading.Thread(
            target=self._keep_in_sync, name="parallel_nb-journal", daemon=True
        )
        self._syncer.start()

    def _begin(self, first, size):
        there = os.fstat(self._fd).st_size
        if size is None and there:
            raise ArgumentError(_why_refused(self.path, os.pread(self._fd, 64, 0)))
        if size is not None and there != size:
            raise ArgumentError(
                f"the journal {self.path} has changed since it was read: another run "
                "went on with it. Try again."
            )
        with _telling(self.path):
            os.ftruncate(self._fd, self._size)
            try:
                self._size += _write_all(self._fd, first)
                _sync(self._fd)
            except BaseException:
                os.ftruncate(self._fd, self._size)
                if size is None:
                    os.unlink(self.path)  # locked and empty: nobody else's
                raise
        _flush_folder(self.path)

    @property
    def takes_more(self):
        """Whether there is a use in making records; warns if it just ended."""
        if self._is_untold:
            self._warn()
        return self._fd >= 0 and not self.problem

    def append(self, parts):
        """Write the parts of a record, all of them or none."""
        with self._lock:
            if self._fd >= 0 and not self.problem:
                self._append(parts)
        if self._is_untold:
            self._warn()

    def _append(self, parts):
        try:
            self._size += _write_all(self._fd, parts)
        except BaseException as error:
            # A reader would drop half a record, but with it what came after.
            try:
                os.ftruncate(self._fd, self._size)
            except OSError:
                pass
            if not isinstance(error, OSError):
                raise
            self._stop(error)
        else:
            if not self._is_dirty.is_set():
                self._is_dirty.set()

    def close(self):
        """Bring everything to disk; does it once."""
        if self._fd < 0:
            return
        self._is_closing.set()
        self._is_dirty.set()
        self._syncer.join()
        with self._lock:
            try:
                _sync(self._fd)
            except OSError as error:
                self._stop(error)
            descriptor, self._fd = self._fd, -1
            os.close(descriptor)
        if self._is_untold:
            self._warn()

    def _keep_in_sync(self):
        while not self._is_closing.is_set():
            self._is_dirty.wait()
            self._is_dirty.clear()
            try:
                _sync(self._fd)
                if not os.fstat(self._fd).st_nlink:
                    raise FileNotFoundError(errno.ENOENT, "it was deleted")
            except OSError as error:
                self._stop(error)
                return
            self._is_closing.wait(_SYNC_EVERY)

    def _stop(self, error):
        if not self.problem:
            self.problem = (
                f"the journal {self.path} stopped: {_why(error)}. The run goes on and "
                "keeps everything in memory; what ends from now on would be lost with "
                "this process. Save the run when it has ended, elsewhere if need be."
            )
            self._is_untold = True

    def _warn(self):
        """Say what is wrong, in the run's own thread, where filters may be set."""
        self._is_untold = False
        try:
            warnings.warn(self.problem, RuntimeWarning, stacklevel=4)
        except RuntimeWarning:
            # Where warnings are errors, the run goes on all the same.
            pass


_OPEN = weakref.WeakSet()


def _forget_in_child():
    """A forked process would keep the lock for as long as it lives."""
    for journal in list(_OPEN):
        descriptor, journal._fd = journal._fd, -1
        if descriptor >= 0:
            os.close(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


def _open(path, is_there=False):
    """A descriptor, locked."""
    folder = os.path.dirname(path) or os.curdir
    with _telling(path):
        if not os.path.isdir(folder):
            raise FileNotFoundError(
                errno.ENOENT, f"there is no folder {folder}; create it first"
            )
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        flags |= 0 if is_there else os.O_CREAT
        descriptor = os.open(path, flags, 0o666)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ArgumentError(f"{path} is no file that could hold a journal")
        if fcntl is not None:
            with _telling(path):
                _lock(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def refuse_if_written(path):
    """An ArgumentError if a run writes the journal now."""
    os.close(_open(path, is_there=True))


def _lock(descriptor, path):
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ArgumentError(
            f"the journal {path} is being written by another run. Wait for its end, or "
            "choose another path. `recover` reads it meanwhile."
        ) from None
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL):
            raise


def _why_refused(path, begins):
    if not begins.startswith(MAGIC):
        return f"there is a file at {path}, and it is no journal: choose another path"
    return (
        f"there is a journal of an earlier run at {path}. Read it with "
        f"recover({path!r}), go on with its run by run(..., resume={path!r}), or "
        "delete it."
    )


@contextmanager
def _telling(path):
    """Failures of the file system as StoreErrors that name the journal."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        told = StoreError(
            f"cannot write the journal {path}: {_why(error)}. Choose another path, or "
            "run without a journal."
        )
        told.errno = error.errno
        raise told from error


def _why(error):
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    return error.strerror or str(error)


def _write_all(descriptor, parts):
    """Write parts one after the other; how many bytes that were."""
    size = sum(map(len, parts))
    if size <= _JOINED:
        parts = [b"".join(parts)]
    views = [memoryview(part) for part in parts if len(part)]
    while views:
        group = views[:_AT_ONCE]
        if len(group) == 1:
            written = os.write(descriptor, group[0])
        else:
            written = os.writev(descriptor, group)
        done = 0
        while done < len(group) and written >= len(group[done]):
            written -= len(group[done])
            done += 1
        views = views[done:]
        if written:
            views[0] = views[0][written:]
    return size


def _sync(descriptor):
    try:
        os.fdatasync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def _flush_folder(path):
    """Make the file's name outlive a power cut, where the system can."""
    try:
        descriptor = os.open(os.path.dirname(path) or os.curdir, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
