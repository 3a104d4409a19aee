"""What happens in the lane of an observed task: every touch is written down at once.

The process ends with its task, as a hook cannot be removed; the notes outlive a crash.
Knows paths and touches; refuses to know which events there are (`auditing`) and which
touches matter (`touching`). Standard library only.
"""

import os
import pickle
import shlex
import stat
import sys
import threading
import time
from typing import NamedTuple

from .. import worker
from . import auditing, tracing

# A note is this many fields, each ended by a NUL, which no path holds.
N_FIELDS = 5
END_OF_NOTE = "\n"

# Libraries that open files in C or Rust, where no hook sees it.
_PAST_HOOKS = (
    "cv2",
    "duckdb",
    "h5py",
    "lmdb",
    "netCDF4",
    "polars",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "rasterio",
    "tables",
    "tensorflow",
    "torch",
)


class Report(NamedTuple):
    """What comes home from the lane, beside the notes."""

    status: int
    data: bytes  # the pickled result, or failure, as `worker` has them
    started: float
    ended: float
    cpu: float
    max_rss: int
    has_returned: bool  # though its result may be invalid, or cannot travel
    n_threads: int  # left running
    past_hooks: tuple[str, ...]  # libraries in use whose files cannot be seen


class Observed:
    """A call on its way to a lane, to be executed there under the hook.

    Parameters
    ----------
    call : bytes
        The pickle of function, arguments, keywords and check.
    notes : str
        An empty file.
    tracer : tuple of str
        What to put before a command to have it traced, up to the name of the file with
        the trace; empty where nothing can trace.
    """

    def __init__(self, call, notes, tracer=()):
        self.call = call
        self.notes = notes
        self.tracer = tracer

    def __call__(self):
        watch = Watch(self.notes, self.tracer)
        threads = set(threading.enumerate())
        watch.begin()
        try:
            status, result, started, ended, cpu = self._execute(watch)
        finally:
            watch.end()
        has_returned = status != worker.FAILED
        status, data = worker.pickle_result(status, result)
        return Report(
            status,
            bytes(data),
            started,
            ended,
            cpu,
            worker.peak_memory(),
            has_returned,
            len(set(threading.enumerate()) - threads),
            tuple(name for name in _PAST_HOOKS if name in sys.modules),
        )

    def _execute(self, watch):
        # Unpickling imports the task's modules, and those may touch files, too.
        try:
            function, args, kwargs, check = pickle.loads(self.call)
        except BaseException as error:
            line, text, types = worker.describe(error)
            now = worker.clock()
            failure = f"the task could not be unpickled: {line}", text, types
            return worker.FAILED, failure, now, now, 0.0
        cpu, started = time.process_time(), worker.clock()
        watch.note("started", repr(started))
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            ended = worker.clock()
            status, result = worker.FAILED, worker.describe(error)
        else:
            ended, status = worker.clock(), worker.DONE
        cpu = time.process_time() - cpu
        if status == worker.DONE and check is not None:
            from ...tasks import failed_check

            reason = failed_check(check, result)
            if reason is not None:
                status, result = worker.INVALID, ((reason, "", ()), result)
        return status, result, started, ended, cpu


class Watch:
    """The notes of one task, written from this process and what it forks.

    Parameters
    ----------
    notes : str
        The file.
    tracer : tuple of str
        As `Observed` has it.
    """

    def __init__(self, notes, tracer=()):
        self.tracer = tracer
        self.known = {}  # what was opened, as it was asked for -> its counters
        self.hosts = {}  # (thread, port) -> name that was looked up
        self.n_missed = 0  # events that could not be made sense of
        self._notes = notes
        self._counters = {}  # touch -> [count]
        self._folders = {}  # folder as it was asked for -> the same without links
        self._uses_relative = False
        self._n_traced = 0
        self._open()

    def begin(self):
        """From here on, what happens in this process is the task's doing."""
        self._environment = dict(os.environ)
        self._folder = os.getcwd()
        if self.tracer:
            tracing.trace_children(self)
        auditing.tell(self)

    def end(self):
        """From here on it is not; how the process was left is noted."""
        auditing.tell(None)
        try:
            folder = os.getcwd()
        except OSError:
            folder = "a folder that is gone"
        if folder != self._folder:
            self.note("left", "cwd", folder)
        before, after = self._environment, dict(os.environ)
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                self.note("left", f"env:{name}")
        for (op, *fields), (count,) in self._counters.items():
            if count > 1:
                self.note(f"{op} {count}", *fields)
        if self.n_missed:
            self.note("missed", str(self.n_missed))

    # -- notes ---------------------------------------------------------------

    def touch(self, op, resource, how, was=""):
        """Note a touch if it is the first of its kind; its counter."""
        key = op, resource, how, was
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = [0]
            self.note(*key)
        counter[0] += 1
        return counter

    def note(self, what, about="", how="", was=""):
        """Add a note to the file, in one go: nothing comes between."""
        text = f"{what}\0{about}\0{how}\0{was}\0{END_OF_NOTE}\0"
        if text.count("\0") != N_FIELDS:  # no name of anything that there is
            self.n_missed += 1
            return
        data = text.encode("utf-8", "surrogateescape")
        try:
            os.write(self._fd, data)
        except OSError:  # the task has closed it
            self._open()
            os.write(self._fd, data)

    def _open(self):
        import fcntl

        self._fd = fd = os.open(self._notes, os.O_WRONLY | os.O_APPEND)
        # As high as can be: should the task close it, none of its files has the number.
        highest = min(os.sysconf("SC_OPEN_MAX"), 1 << 16) - 8
        try:
            self._fd = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, highest)
        except OSError:
            return
        os.close(fd)

    def is_own(self, path):
        """Whether it is the file with the notes."""
        return path == self._notes

    # -- paths ---------------------------------------------------------------

    def place(self, path, dir_fd=-1):
        """Where a path points: its folder without links, its name as it is; or None."""
        if type(path) is not str:
            if path is None:
                path = "."
            elif isinstance(path, int):
                return _path_of(path)
            else:
                path = os.fsdecode(path)
        if path[:1] != "/":
            is_from_here = dir_fd is None or dir_fd < 0
            base = os.getcwd() if is_from_here else _path_of(dir_fd)
            if base is None:
                return None
            if is_from_here and not self._uses_relative:
                self._uses_relative = True
                self.note("relative")
            path = f"{base}/{path}"
        folder, _, name = path.rpartition("/")
        if name in ("", ".", ".."):
            return os.path.realpath(path)
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder or "/").rstrip("/")
        return f"{real}/{name}"

    def target(self, path, dir_fd=-1):
        """What a path leads to, links followed, and its status (None: nothing)."""
        place = self.place(path, dir_fd)
        status = status_of(place)
        if status is not None and stat.S_ISLNK(status.st_mode):
            place = os.path.realpath(place)
            status = status_of(place)
        return place, status

    def entry(self, op, path, how, dir_fd=-1):
        """Note what is done to a name in a folder, unless it takes away what is not.

        Returns
        -------
        str
            What it was: ``"folder"``, ``"file"``, or nothing.
        """
        place = self.place(path, dir_fd)
        if place is None:
            return ""
        status, was = status_of(place), ""
        if status is not None:
            was = "folder" if stat.S_ISDIR(status.st_mode) else "file"
        if was or op not in ("delete", "deltree", "move"):
            self.touch(op, place, how, was)
        if was and op != "makedir" and not stat.S_ISREG(status.st_mode):
            if stat.S_ISLNK(status.st_mode):
                self.note("led", place, os.path.realpath(place))
            self.forget()
        return was

    def forget(self):
        """Folders or links change: what paths mean must be found out anew."""
        self.known.clear()
        self._folders.clear()

    # -- commands ------------------------------------------------------------

    def command(self, how, words):
        """Note a command that the task starts."""
        if isinstance(words, str | bytes | os.PathLike):
            text = os.fsdecode(words)
        else:
            text = shlex.join(map(os.fsdecode, words))
        if not (self.tracer and text.startswith(f"exec {self.tracer[0]} ")):
            self.touch("command", text, how)

    def new_trace(self):
        """A name for the files of one more trace."""
        self._n_traced += 1
        return f"{self._notes}-{os.getpid()}-{self._n_traced}"


def status_of(place):
    """What the OS says of a place, links not followed; None where nothing is."""
    try:
        return os.lstat(place)
    except (OSError, ValueError, TypeError):
        return None


def _path_of(fd):
    """The path of an open descriptor, where the OS tells it."""
    try:
        path = os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return None
    return path if path[:1] == "/" else None
