"""Opens a joblib backend for a run and hands it chunks by the backend's own submit.

Knows how joblib configures, names and ends backends. Private names of joblib that are
used here are pinned by tests.
"""

import difflib
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass

import joblib
from joblib import parallel as joblib_parallel
from joblib.parallel import ParallelBackendBase, SequentialBackend, ThreadingBackend

from ..errors import ArgumentError
from . import warden, worker
from .chunking import ALONE, TARGET
from .clusters.pool import NAMES, Cluster, cluster_of, restore_multiprocessing
from .collecting import Origin
from .isolated import IsolatedBackend
from .killing import is_dead, kill, kill_executor
from .memmapping import Memmapper
from .sheets import new_sheet
from .threads import ThreadLanes

# loky tells of a death within milliseconds, if it tells of it at all (seconds).
_SILENCE = 0.5
DEFAULT = "isolated" if os.name == "posix" else "loky"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which backend with how many workers, after arguments and joblib's context."""

    backend: object  # a registered name, an instance, or a Cluster
    n_workers: int


def settings(n_jobs=None, backend=None, client=None) -> Settings:
    """Resolve explicit arguments, then an active `joblib.parallel_config`, then ours.

    A client by itself asks for its Dask cluster.

    Raises
    ------
    ArgumentError
        For an unknown backend, ``n_jobs=0`` or one that is no integer.
    """
    context = getattr(
        joblib_parallel._backend, "config", joblib_parallel.default_parallel_config
    )
    is_worker = worker.nesting_level > 0
    if backend is None and client is None:
        active = context["backend"]
        if isinstance(active, ParallelBackendBase):
            # A nested level has its own instance, which knows how deep it is.
            backend = active
            is_worker = is_worker or (active.nesting_level or 0) > 0
        elif is_worker:
            backend = "sequential"
        elif context["prefer"] == "threads" or context["require"] == "sharedmem":
            backend = "threading"
        else:
            backend = DEFAULT
    cluster = cluster_of(backend, client)
    backend = _checked_backend(backend) if cluster is None else cluster
    if n_jobs is None:
        configured = context["n_jobs"]
        if configured is joblib_parallel.default_parallel_config["n_jobs"]:
            configured = None
        # Inside a worker the cores are taken already.
        n_jobs = configured if configured is not None else 1 if is_worker else -1
    return Settings(backend, _checked_n_jobs(n_jobs, cluster))


def _checked_backend(backend):
    if isinstance(backend, ParallelBackendBase):
        return backend
    known = joblib_parallel.BACKENDS
    if isinstance(backend, str):
        if backend in known:
            return backend
        if backend in joblib_parallel.EXTERNAL_BACKENDS:
            try:
                joblib_parallel.EXTERNAL_BACKENDS[backend]()
            except ImportError as error:
                raise ArgumentError(
                    f"`backend={backend!r}` needs a package that is not installed: "
                    f"{error}"
                ) from error
            return backend
    names = sorted({*known, *joblib_parallel.EXTERNAL_BACKENDS, *NAMES})
    near = difflib.get_close_matches(str(backend), names, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(
        f"`backend` must be one of {', '.join(map(repr, names))} or a joblib backend "
        f"instance; got {backend!r}.{hint}"
    )


def _checked_n_jobs(n_jobs, cluster):
    if isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__"):
        raise ArgumentError(
            f"`n_jobs` must be an integer: 1, 2, … workers, or -1 for all cores; "
            f"got {n_jobs!r}"
        )
    n_jobs = int(n_jobs)
    if n_jobs == 0:
        raise ArgumentError(
            "`n_jobs=0` means no worker at all: pass 1, 2, … or -1 for all cores"
        )
    if cluster is not None:
        return cluster.effective_n_jobs(n_jobs)
    if n_jobs < 0:
        return max(joblib.cpu_count() + 1 + n_jobs, 1)
    return n_jobs


class Workers:
    """An open backend: chunks go in, outcomes come out; a context manager.

    Attributes
    ----------
    name : str
        The backend that does the work; joblib replaces some by `sequential` where
        there is one worker.
    n_workers : int
    is_inline : bool
        Whether chunks are executed in the calling thread, by calling them.
    shares_memory : bool
        Whether workers see the caller's objects instead of pickles.
    chunk_seconds : float
        Seconds of work that hide what a message costs.
    shows_progress : bool
        Whether `peek` is to see what has ended in chunks that are on their way, also
        where that costs something.

    Parameters
    ----------
    chosen : Settings
    setup : callable, optional
        Called once in each worker before its first chunk.
    functions : sequence of callable
        What will be called besides; told beforehand only where there is a `setup`.
    is_beside : bool
        Whether the calling thread has to stay free, for other workers or to watch this
        one: joblib takes it where there is one worker.
    max_memory : int, optional
        Bytes that a lane's process may take besides what it had when it was fresh.
    resources : dict of str to float, optional
        What a chunk needs of a cluster's worker; other backends have none to give.
    """

    def __init__(
        self,
        chosen: Settings,
        *,
        setup=None,
        functions=(),
        is_beside=False,
        max_memory=None,
        resources=None,
    ):
        backend = chosen.backend
        if isinstance(backend, Cluster):
            # All may share a cluster, but each brings its own chunks home.
            backend = backend.again(resources)
        # What was configured is in `chosen`: an argument wins over a configured wish.
        self._parallel = joblib.Parallel(
            n_jobs=chosen.n_workers, backend=backend, prefer=None, require=None
        )
        self._chosen = chosen
        self._is_beside = is_beside
        self._max_memory = max_memory
        self._threads = None
        self._lanes = None
        self._setup = setup
        self._bundled = (setup, *functions) if setup is not None else ()
        self._key = uuid.uuid4().hex
        self._functions = {}
        self._memmapper = None
        self.opened = float("nan")
        self.shows_progress = False

    def __enter__(self):
        if self._chosen.backend == "multiprocessing":
            restore_multiprocessing()
        self.began = worker.clock()
        self._parallel.__enter__()
        self.opened = worker.clock()
        backend = self._parallel._backend
        self.is_inline = isinstance(backend, SequentialBackend)
        self.shares_memory = bool(getattr(backend, "supports_sharedmem", False))
        self.name = name_of_backend(backend, self._chosen.backend)
        self.n_workers = 1 if self.is_inline else self._chosen.n_workers
        self.chunk_seconds = getattr(
            backend, "chunk_seconds", ALONE if self.is_inline else TARGET
        )
        if isinstance(backend, Cluster):
            self._memmapper = backend.baggage()
        elif not self.shares_memory:
            kwargs = self._parallel._backend_kwargs
            self._memmapper = Memmapper(
                kwargs.get("max_nbytes"), kwargs.get("mmap_mode"), kwargs["temp_folder"]
            )
        if type(backend) is ThreadingBackend or (self.is_inline and self._is_beside):
            # Threads of our own: joblib's cannot be left behind one by one.
            self._threads = ThreadLanes(self.n_workers)
            self.is_inline, self.name = False, "threading"
        self._ends_attempts = isinstance(backend, IsolatedBackend)
        self._silent_since = self.opened
        self._processes = self._pool_processes()
        self._guarded = set()
        if hasattr(backend, "start_call"):
            backend.start_call()
        self._parallel._calling = True
        return self

    def __exit__(self, *error):
        # A process that was stopped would not hear that it shall end.
        kill(getattr(self._backend, "_pool", None))
        warden.release_alone(self._guarded)
        try:
            self._parallel.__exit__(*error)
            # A cluster may have grown meanwhile.
            n_seen = getattr(self._backend, "most_at_once", 0)
            self.n_workers = max(self.n_workers, n_seen)
        finally:
            self._functions.clear()
            if self._threads is not None:
                self._threads.close()
            if self._lanes is not None:
                self._lanes.__exit__(*error)
            if self._memmapper is not None:
                self._memmapper.close()

    @property
    def _backend(self):
        return self._parallel._backend

    def startups(self):
        """``(lane, pid, began, ready)`` of workers whose start was seen."""
        seen = list(getattr(self._backend, "startups", ()))
        if self.name == "multiprocessing":
            # The pool forks all its workers before it takes work.
            seen = [(i, 0, self.began, self.opened) for i in range(self.n_workers)]
        return seen + (self._lanes.startups() if self._lanes is not None else [])

    @property
    def notes(self):
        """What there is to say of a cluster's workers, after it has been left."""
        return tuple(getattr(self._backend, "notes", ()))

    @property
    def n_abandoned(self):
        """Threads that were left behind and still run."""
        return 0 if self._threads is None else self._threads.n_abandoned

    @property
    def n_running(self):
        """Threads that are at work and were not left behind."""
        return 0 if self._threads is None else self._threads.n_running

    @property
    def is_of_threads(self):
        """Whether an attempt that takes too long can only be left behind."""
        return self._threads is not None

    @property
    def can_lose_others(self):
        """Whether a worker's death takes more with it than what it worked on."""
        return self.name in ("loky", "multiprocessing") and os.name == "posix"

    def in_lanes(self):
        """Isolated workers for what these have been given, where one may kill them."""
        if self._lanes is None:
            chosen = Settings("isolated", self.n_workers)
            self._lanes = Workers(
                chosen, setup=self._setup, functions=self._bundled[1:]
            ).__enter__()
        return self._lanes

    def has_lost_one(self):
        """Whether a process of a pool died and nobody says so.

        A multiprocessing pool never does; loky not while it reads half a result.
        """
        if self._processes - self._pool_processes():
            return True
        if self.name != "loky":
            return False
        now = worker.clock()
        if not any(is_dead(pid) for pid in self._loky_processes()):
            self._silent_since = now
        return now > self._silent_since + _SILENCE

    def _pool_processes(self):
        pool = getattr(self._backend, "_pool", None)
        if self.name != "multiprocessing" or pool is None:
            return set()
        return {process.pid for process in pool._pool if process.is_alive()}

    def _loky_processes(self):
        return set(getattr(self._backend._workers, "_processes", ()))

    def guard(self):
        """See to it that a pool's processes end with this one, whatever they do.

        Lanes see to it themselves; who uses loky's processes besides, and this process
        lives, does not notice.
        """
        is_loky = self.name == "loky"
        pids = self._loky_processes() if is_loky else self._pool_processes()
        if pids == self._guarded:
            return
        with suppress(OSError):  # no process can be started for it
            warden.guard_alone(pids - self._guarded)
        warden.release_alone(self._guarded - pids)
        self._guarded = pids

    def function(self, func):
        """A callable ready to travel; pickled once a run."""
        if self.shares_memory:
            return func
        if id(func) not in self._functions:
            # The function is kept, so that its id stays its own.
            for one, travelling in self._travelling(func):
                self._functions[id(one)] = one, travelling
        return self._functions[id(func)][1]

    def _travelling(self, func):
        if all(func is not one for one in self._bundled):
            return [(func, (*self._memmapper.function(func), None))]
        # Together, so that they see what the set-up left in their module.
        try:
            key, source = self._memmapper.function(self._bundled)
        except Exception:
            fit = [one for one in self._bundled if self._can_travel(one)]
            if len(fit) == len(self._bundled):
                raise
            self._bundled = tuple(fit)
            return self._travelling(func)
        return [(one, (key, source, i)) for i, one in enumerate(self._bundled)]

    def _can_travel(self, func):
        try:
            self._memmapper.function(func)
        except Exception:
            return False
        return True

    def chunk(self, piece, budget):
        """A chunk ready for `submit`; raises what pickling raises."""
        inputs = piece.inputs
        if not self.shares_memory:
            inputs = self._memmapper.dumps(inputs)
        setup = None
        if self._setup is not None:
            setup = self._key, self.function(self._setup)
        return worker.Chunk(
            self.function(piece.func),
            inputs,
            len(piece),
            is_star=piece.is_star,
            budget=budget,
            in_threads=self.shares_memory and not self.is_inline,
            level=(self._backend.nesting_level or 0) + 1,
            setup=setup,
            max_memory=self._max_memory,
        )

    def sheet(self, chunk):
        """What shows a chunk's progress, where it needs that; the chunk knows it then.

        Whoever asks closes it when the chunk is home or lost.
        """
        shows_itself = self.shares_memory or self._ends_attempts
        # One task alone has ended when its chunk is on its way home.
        if not self.shows_progress or shows_itself or len(chunk) == 1:
            return None
        sheet = new_sheet()
        chunk.sheet = sheet and sheet.address
        return sheet

    def submit(self, chunk, callback, limit=None):
        """Hand a chunk over; `callback` gets what `result` takes, from any thread.

        Not where `is_inline`: there, the chunk is called. Where attempts can be ended,
        those are that take longer than `limit` (s, or a function that tells).
        """
        if self._threads is not None:
            return self._threads.submit(chunk, callback)
        if self._ends_attempts:
            return self._backend.submit(chunk, callback, limit)
        return self._backend.submit(chunk, callback)

    def peek(self, entry):
        """What has ended so far of a chunk on its way, where that shows, and where.

        Returns
        -------
        (list of blocks, Origin)
            As `Collector.absorb` takes them.
        """
        chunk, lane, pid, blocks = entry.chunk, entry.lane, os.getpid(), []
        if entry.sheet is not None:
            blocks, pid, thread = entry.sheet.news()
            return blocks, Origin(lane, pid, thread, worker.host())
        if self.shares_memory:
            sink = chunk.sink
            blocks = sink.finish() if sink is not None else []
        elif self._ends_attempts and entry.call is not None:
            blocks, pid = self._backend.peek(entry.call)
        if lane < 0:
            lane = getattr(entry.call, "lane", 0)
        return blocks, Origin(lane, pid, chunk.thread, worker.host())

    def abandon(self, call):
        """Leave a thread behind with what `submit` returned; False if it is done."""
        return self._threads.abandon(call)

    def result(self, out):
        """The `worker.Outcome` behind a callback's argument; raises its error."""
        if self.is_inline:
            return out
        if self._threads is not None:
            return out.result()
        return self._backend.retrieve_result_callback(out)

    def abort(self, *, be_ready):
        """End what runs where the backend can; be ready for more if asked."""
        if self._lanes is not None and not be_ready:
            # What runs there has nothing to do with a pool that is to be repaired.
            self._lanes.abort(be_ready=False)
        if self._threads is not None:
            self._threads.drop_waiting()
        elif not self.is_inline:
            kill(getattr(self._backend, "_pool", None))
            if self.name == "loky":
                if self._backend._workers is None:
                    return  # once is enough
                kill_executor(self._backend._workers)
            self._backend.abort_everything(ensure_ready=be_ready)
            if be_ready:
                self._processes = self._pool_processes()


def name_of_backend(backend, chosen=""):
    """The name under which a backend is registered, else its class's name."""
    if isinstance(backend, str):
        return backend
    if isinstance(backend, Cluster):
        return backend.name
    for name, factory in joblib_parallel.BACKENDS.items():
        if type(backend) is factory:
            return name
    return chosen if chosen and isinstance(chosen, str) else type(backend).__name__
