"""What happens in a worker: calls a function on inputs and times every attempt.

Runs in every backend's workers, so it imports nothing heavy: that import is start-up
time. It knows no scheduling, no frames, and nothing of how its records travel.
"""

import copyreg
import io
import os
import pickle
import socket
import struct
import sys
import threading
import time
from collections import OrderedDict
from contextlib import nullcontext, suppress
from functools import cache
from typing import NamedTuple

try:
    import resource
except ImportError:  # Windows has no getrusage
    resource = None

# One time line for all processes of a host: perf_counter is the system-wide monotonic
# clock on Linux, macOS and Windows, not one counted from a process's own start.
clock = time.perf_counter

DONE, FAILED, INVALID = 0, 1, 2

# Position in the chunk, started, ended, status, size of the pickled result (bytes, 0
# where it was not pickled). Then what was read when a window closed after the attempt:
# CPU and wall seconds of the window, peak memory (bytes); NaN and 0 where none closed.
RECORD = struct.Struct("<qddqqddq")
RECORD_FIELDS = [
    ("position", "<i8"),
    ("started", "<f8"),
    ("ended", "<f8"),
    ("status", "<i8"),
    ("size", "<i8"),
    ("window_cpu", "<f8"),
    ("window_wall", "<f8"),
    ("max_rss", "<i8"),
]
WINDOW = struct.Struct("<ddq")
OPEN = (float("nan"), float("nan"), 0)

# Reading the CPU clock costs a microsecond, ten times an empty task. It is read after
# each attempt that lasts this long (seconds); shorter ones share what a window took.
_WINDOW = 1e-4
# A pause between attempts, such as for pickling a large result, is not the next one's.
_PAUSE = 2e-5
# Below this (seconds), asking the OS for memory would cost a percent of the attempt.
_WORTH_MEASURING_MEMORY = 1e-3
_KEPT_FUNCTIONS = 16

# Set by a lane's process; where it is None, records go home with the chunk's outcome.
slate = None
# 0 in the process that the user talks to, 1 in its workers.
nesting_level = 0
# Address space of a lane's process before it did anything, in bytes.
fresh_memory = 0
# Its working directory and environment then.
fresh_place = None

_functions = OrderedDict()
_functions_lock = threading.Lock()


class Full(Exception):
    """A sink has no room for more: the chunk shall go home with what it has."""


class Outcome(NamedTuple):
    """What a chunk sends home."""

    pid: int
    thread: int
    host: str
    blocks: list  # of (packed RECORDs, pickles or, in threads, objects)
    undecodable: str  # why the inputs could not be unpickled together, or ""
    setup: tuple | None  # when this worker's set-up began and ended, if it was now


class Chunk:
    """Some inputs of one function, executed one after the other in one worker.

    Parameters
    ----------
    function : object
        The callable itself, or ``(key, pickle or path, index)`` where it has to travel;
        `index` picks it from a tuple of callables that were pickled together.
    inputs : list or bytes
        The inputs, or their pickle.
    size : int
        Number of inputs.
    is_star : bool
        Whether an input is ``(args, kwargs)``, or ``(args, kwargs, check)`` with a
        success criterion, or the only argument.
    budget : float
        Seconds after which the rest is handed back instead of executed: a wrong guess
        of the tasks' length costs one attempt's time, not a chunk's.
    in_threads : bool
        Whether neighbours share the process, which decides the CPU clock.
    level : int
        How deep a ``joblib.Parallel`` called by a task is nested.
    setup : tuple, optional
        ``(key, callable as function is)``, to be called once in each worker.
    max_memory : int, optional
        Bytes of address space that a lane's process may take besides what it had when
        it was fresh.
    """

    def __init__(
        self,
        function,
        inputs,
        size,
        *,
        is_star,
        budget,
        in_threads,
        level=1,
        setup=None,
        max_memory=None,
    ):
        self.function = function
        self.inputs = inputs
        self.size = size
        self.is_star = is_star
        self.budget = budget
        self.in_threads = in_threads
        self.level = level
        self.setup = setup
        self.max_memory = max_memory
        self.sheet = None  # where an attempt shows as soon as it has ended, if anywhere
        self.setup_times = None
        self.is_stopped = False
        self.began = None  # when the first attempt did, on the host's clock
        self.sink = None
        self.thread = 0

    def __len__(self):
        return self.size

    def __call__(self):
        sink = self.sink = self._open_sink()
        self.thread = threading.get_ident()
        limited = _MemoryLimit(self.max_memory)
        with suppress(Full), _nested_parallelism(self.level), limited:
            try:
                function = _decode_function(self.function)
            except BaseException as error:
                self._fail_all(sink, "the function could not be unpickled", error)
                return self._outcome(sink)
            if self.setup is not None:
                try:
                    self.setup_times = _set_up(*self.setup)
                    if self.setup_times is not None and slate is not None:
                        slate.set_up(*self.setup_times)
                except BaseException as error:
                    self._fail_all(sink, "the agent's set-up failed", error)
                    return self._outcome(sink)
            inputs = self.inputs
            if isinstance(inputs, bytes):
                try:
                    inputs = pickle.loads(inputs)
                except BaseException as error:
                    if self.size > 1:
                        return self._outcome(sink, undecodable=_line(error))
                    self._fail_all(sink, "the input could not be unpickled", error)
                    return self._outcome(sink)
            self._execute(function, inputs, sink)
        return self._outcome(sink)

    def _is_at_home(self):
        """Whether a KeyboardInterrupt here is the user's and not the task's own."""
        return (
            not isinstance(self.inputs, bytes)
            and threading.current_thread() is threading.main_thread()
        )

    def _open_sink(self):
        if isinstance(self.inputs, bytes):
            if slate is not None:
                return slate
            return self._sheet_sink() or Pickles()
        return Objects()

    def _sheet_sink(self):
        if self.sheet is None:
            return None
        from .sheets import opened

        return opened(self.sheet)

    def _execute(self, function, inputs, sink):
        now, cpu = clock, _cpu_clock(self.in_threads)
        put, close = sink.put, sink.close
        is_star = self.is_star
        until = now() + self.budget
        sink.start()
        window_cpu = cpu()
        window_start = self.began = now()
        look, rested = window_start + _WINDOW, window_start + _PAUSE
        is_open = False
        for position, value in enumerate(inputs):
            started = now()
            if started > rested:
                spent = cpu()
                if is_open:
                    close(spent - window_cpu, started - window_start, 0)
                window_cpu, window_start = spent, now()
                started, look = window_start, window_start + _WINDOW
            try:
                result = function(*value[0], **value[1]) if is_star else function(value)
            except BaseException as error:
                ended = now()
                if isinstance(error, KeyboardInterrupt) and self._is_at_home():
                    sink.interrupted = (position, started, ended)
                    raise
                status, result = FAILED, describe(error)
            else:
                ended = now()
                status = DONE
                if is_star and len(value) > 2:
                    status, result = _judge(value[2], result)
            if ended <= look:
                put(position, started, ended, status, result)
                is_open = True
            else:
                spent = cpu()
                lasted = ended - started
                memory = peak_memory() if lasted > _WORTH_MEASURING_MEMORY else 0
                window = spent - window_cpu, ended - window_start, memory
                put(position, started, ended, status, result, window)
                window_cpu, window_start = spent, ended
                look, is_open = ended + _WINDOW, False
                if ended > until or self.is_stopped:
                    return
            rested = ended + _PAUSE
        if is_open:
            close(cpu() - window_cpu, now() - window_start, 0)

    def _fail_all(self, sink, what, error):
        line, text, types = describe(error)
        for position in range(self.size):
            now = clock()
            failure = (f"{what}: {line}", text, types)
            sink.put(position, now, now, FAILED, failure)

    def _outcome(self, sink, undecodable=""):
        return Outcome(
            os.getpid(),
            self.thread,
            host(),
            sink.finish(),
            undecodable,
            self.setup_times,
        )


class Objects:
    """Keeps results as they are: for workers that share the caller's memory."""

    def __init__(self):
        self.records = bytearray()
        self.results = []
        self.interrupted = None

    def start(self):
        """Nothing to mark: a thread dies only with its process."""

    def put(self, position, started, ended, status, result, window=OPEN):
        self.records += RECORD.pack(position, started, ended, status, 0, *window)
        self.results.append(result)

    def close(self, cpu, wall, memory):
        WINDOW.pack_into(
            self.records, len(self.records) - WINDOW.size, cpu, wall, memory
        )

    def finish(self):
        # A copy: a thread that was told to stop may still add to its own.
        results = self.results[:]
        return [(bytes(self.records[: len(results) * RECORD.size]), results)]


class Pickles:
    """Pickles each result by itself, so that one bad result spoils no other."""

    def __init__(self):
        self.records = bytearray()
        self.payload = bytearray()
        self.interrupted = None

    def start(self):
        """Nothing to mark: these records die with their process."""

    def put(self, position, started, ended, status, result, window=OPEN):
        status, data = pickle_result(status, result)
        self.records += RECORD.pack(
            position, started, ended, status, len(data), *window
        )
        self.payload += data

    close = Objects.close

    def finish(self):
        return [(bytes(self.records), bytes(self.payload))]


def pickle_result(status, result):
    """The status and the pickle of a result; a failure when it cannot be pickled."""
    try:
        return status, dumps(result)
    except BaseException as error:
        line, text, types = describe(error)
        failure = (f"the result could not be pickled: {line}", text, types)
        return FAILED, pickle.dumps(failure, pickle.HIGHEST_PROTOCOL)


_PLAIN = frozenset({int, float, bool, str, bytes, type(None), complex})


def dumps(value):
    """Pickle for the way home: plainly, or with cloudpickle what only that can."""
    if type(value) in _PLAIN:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    buffer = io.BytesIO()
    numpy = sys.modules.get("numpy")
    try:
        pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
        if numpy is not None:
            pickler.dispatch_table = {
                **copyreg.dispatch_table,
                numpy.memmap: _reduce_memmap,
            }
        pickler.dump(value)
        return buffer.getbuffer()
    except BaseException:
        import cloudpickle

        return cloudpickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def _reduce_memmap(array):
    # Arrays that joblib mapped for the trip here must not be sent back as references to
    # files that are deleted when the run ends.
    from joblib._memmapping_reducer import reduce_array_memmap_backward

    return reduce_array_memmap_backward(array)


def _judge(check, result):
    """A result against its success criterion: kept together with what is wrong."""
    from ..tasks import failed_check

    reason = failed_check(check, result)
    return (DONE, result) if reason is None else (INVALID, ((reason, "", ()), result))


_ready = threading.local()


def _set_up(key, function):
    """Call a set-up once in this worker; when it began and ended, if that was now."""
    if key in _ready.__dict__:
        return None
    began = clock()
    _decode_function(function)()
    _ready.__dict__[key] = True
    return began, clock()


def _decode_function(function):
    """The callable itself, unpickled once a worker and run."""
    if callable(function):
        return function
    key, source, index = function
    found = _decode_source(key, source)
    return found if index is None else found[index]


def _decode_source(key, source):
    with _functions_lock:
        found = _functions.get(key)
    if found is None:
        if isinstance(source, str):
            with open(source, "rb") as file:
                source = file.read()
        found = pickle.loads(source)
        with _functions_lock:
            _functions[key] = found
            while len(_functions) > _KEPT_FUNCTIONS:
                _functions.popitem(last=False)
    return found


def _nested_parallelism(level):
    """Keep a task's own joblib calls from using all cores once more, as joblib does.

    Lanes have installed this for good, and joblib may not be imported in them yet.
    """
    parallel = sys.modules.get("joblib.parallel")
    if slate is not None or parallel is None:
        return nullcontext()
    if level > 1:
        backend = parallel.SequentialBackend(nesting_level=level)
    else:
        backend = parallel.ThreadingBackend(nesting_level=level)
    return parallel.parallel_config(backend=backend, n_jobs=None)


class _MemoryLimit:
    """Holds a lane's process to its limit while it executes; a context manager.

    The soft limit only, and not on the way home: there, results need room, too.
    """

    def __init__(self, n_bytes):
        self._n_bytes = n_bytes if slate is not None else None

    def __enter__(self):
        if self._n_bytes is not None:
            self._before = resource.getrlimit(resource.RLIMIT_AS)
            soft = min(fresh_memory + self._n_bytes, _finite(self._before[1]))
            resource.setrlimit(resource.RLIMIT_AS, (soft, self._before[1]))

    def __exit__(self, *error):
        if self._n_bytes is not None:
            resource.setrlimit(resource.RLIMIT_AS, self._before)


def _finite(limit):
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def place():
    """Working directory and environment of this process."""
    try:
        folder = os.getcwd()
    except FileNotFoundError:
        folder = ""
    return folder, dict(os.environ)


def go_home():
    """Undo what tasks did to this lane's place; raises where that cannot be undone.

    What they imported stays: to load it again is what a warm lane saves.
    """
    if place() == fresh_place:
        return
    folder, environment = fresh_place
    os.chdir(folder)
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


def address_space():
    """Bytes of address space that this process has taken; 0 where unknown."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _cpu_clock(in_threads):
    return time.thread_time if in_threads else time.process_time


@cache
def host():
    """Name of the machine."""
    return socket.gethostname()


def peak_memory():
    """Highest resident memory of this process so far, in bytes; 0 where unknown."""
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def describe(error):
    """An exception as text that always survives a pickle.

    Returns
    -------
    line : str
        ``"ValueError: …"``.
    text : str
        The traceback without this module's frame.
    types : tuple of str
        Qualified names of the exception's classes, most derived first.
    """
    import traceback

    kind = type(error)
    below = error.__traceback__.tb_next if error.__traceback__ else None
    text = "".join(traceback.format_exception(kind, error, below))
    types = tuple(f"{k.__module__}.{k.__qualname__}" for k in kind.__mro__)
    return _line(error), text, types


def _line(error):
    try:
        message = str(error)
    except BaseException as second:
        message = f"(its str() raised {type(second).__name__})"
    name = type(error).__qualname__
    return f"{name}: {message}" if message else name
