"""Workers on other machines behind joblib's interface: what Dask and Ray share.

Keeps chunks back where fewer may run at once, brings every one of them home, whatever
becomes of it, and puts times on this machine's clock. How chunks are sent and watched
is known to `on_dask` and `on_ray`.
"""

import math
import os
import threading
import uuid
from collections import deque

import cloudpickle
from joblib.parallel import ParallelBackendBase

from ... import __version__
from ...errors import ArgumentError, BackendError
from ...metrics import concurrency
from .. import worker
from ..lanes import LaneNotStarted, Salvage, WorkerDied
from . import abroad
from .clocks import Clocks, stay_of

NAMES = ("dask", "ray")
# A function's pickle above this (bytes) travels once a worker, not with each chunk.
_INLINE = 1 << 16


class Parcel:
    """A chunk on its way through a cluster; what its callback gets."""

    __slots__ = ("callback", "chunk", "error", "future", "home", "received", "sent")

    def __init__(self, chunk, callback):
        self.chunk = chunk
        self.callback = callback
        self.future = self.home = self.error = None
        self.sent = self.received = float("nan")


class Lost(Exception):
    """A worker, or several, died with a chunk; the message says what is known."""


class Gone(BackendError):
    """There is no cluster any more."""


class Cluster(ParallelBackendBase):
    """A joblib backend for `run`'s chunks.

    Subclasses start calls and watch them; they tell `come_home` of each end.

    Parameters
    ----------
    resources : dict of str to float, optional
        What each chunk needs of a worker besides a thread.
    """

    name = ""  # under which joblib knows the engine
    chunk_seconds = 0.1  # of work a message, so that its cost stays below 5 %
    supports_retrieve_callback = True
    supports_sharedmem = False
    # Whether one that died with a chunk may have died of its neighbour's.
    is_shared = False

    def __init__(self, resources=None):
        super().__init__()
        self.resources = dict(resources or {})
        self._lock = threading.RLock()
        self._n_at_once = math.inf
        self._stays = []  # when each chunk was executed
        self._waiting = deque()
        self._suspects = deque()
        self._out = set()
        self._is_open = False
        self._clocks = None
        self.notes = ()

    # -- what subclasses do ----------------------------------------------------

    def again(self, resources=None):
        """Another one on the same cluster."""
        raise NotImplementedError

    def count_lanes(self):
        """Chunks that the cluster can execute at once."""
        raise NotImplementedError

    def share(self, data):
        """Bytes that several calls take: a reference for `begin`."""
        raise NotImplementedError

    def begin(self, parcel, keys, references):
        """Start a chunk and watch it."""
        raise NotImplementedError

    def cancel(self, futures):
        """Stop these where that is possible."""
        raise NotImplementedError

    def ping(self, whence):
        """Read a worker's clock: an `Exchange`."""
        raise NotImplementedError

    # -- what joblib asks for --------------------------------------------------

    def effective_n_jobs(self, n_jobs):
        """Number of lanes; negative counts back from all of the cluster's."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None or n_jobs < 0:
            return max(self.count_lanes() + 1 + (n_jobs or -1), 1)
        return n_jobs

    def configure(self, n_jobs=1, parallel=None, prefer=None, require=None, **kwargs):
        """Be ready for so many chunks at once."""
        self.parallel = parallel
        n_jobs = self.effective_n_jobs(n_jobs)
        # Whoever wants all of it lets the cluster have one chunk more for each lane, so
        # that no lane waits for a message; a smaller number is kept to.
        self._n_at_once = n_jobs if n_jobs < self.count_lanes() else math.inf
        self._stays = []
        self._clocks = Clocks(abroad.clock_name(), self.ping)
        self._shared = {}
        self._is_open = True
        return n_jobs

    def submit(self, chunk, callback=None):
        """Queue a chunk; `callback` gets its `Parcel`, from any thread."""
        parcel = Parcel(chunk, callback)
        with self._lock:
            self._waiting.append(parcel)
            self._hand_out()
        return parcel

    def retrieve_result_callback(self, parcel):
        """The chunk's outcome on our clock; an error says how it was lost."""
        error = parcel.error
        if error is None:
            outcome, whence = parcel.home
            outcome = self._clocks.aligned(
                outcome, whence, parcel.sent, parcel.received
            )
            stay = stay_of(outcome)
            if stay is not None:
                self._stays.append(stay)
            return outcome
        if isinstance(error, Lost):
            now = worker.clock()
            raise WorkerDied(str(error), Salvage([], None, now, now, 0)) from error
        if isinstance(error, Gone):
            raise LaneNotStarted(str(error)) from error
        raise error

    def abort_everything(self, ensure_ready=True):
        """Cancel what is out."""
        with self._lock:
            self._waiting.clear()
            self._suspects.clear()
            out, self._out = self._out, set()
        self.cancel([parcel.future for parcel in out if parcel.future is not None])

    def terminate(self):
        """Forget what was shared; the cluster itself is not ours to end."""
        if self._is_open:
            self._is_open = False
            self.notes = tuple(note for note in self.remarks() if note)
            self._shared = {}

    @property
    def most_at_once(self):
        """Chunks that were executed at once: more than lanes, if the cluster grew."""
        if not self._stays:
            return 0
        _, counts = concurrency(*zip(*self._stays, strict=True))
        return int(counts.max())

    def remarks(self):
        """What a run should say of its workers."""
        return [self._clocks.note()]

    # -- out and home ------------------------------------------------------------

    def _hand_out(self):
        """Start what may start; the lock is held."""
        while self._suspects or self._waiting:
            if self._suspects:
                # One at a time and nobody beside it: who dies now, dies of itself.
                if self._out:
                    return
                parcel = self._suspects.popleft()
            elif len(self._out) < self._n_at_once and not self._is_trying():
                parcel = self._waiting.popleft()
            else:
                return
            self._begin(parcel)

    def _is_trying(self):
        return any(parcel.error is not None for parcel in self._out)

    def _begin(self, parcel):
        self._out.add(parcel)
        parcel.sent = worker.clock()
        try:
            keys, references = self._apart(parcel.chunk)
            self.begin(parcel, keys, references)
        except Exception as error:
            gone = Gone(f"backend {self.name!r} takes no more work: {error}")
            gone.__cause__ = error
            self.come_home(parcel, error=gone)

    def _apart(self, chunk):
        """Functions of the chunk that do not travel in it."""
        functions = [chunk.function]
        if chunk.setup is not None:
            functions.append(chunk.setup[1])
        keys = {key: None for key, source, _ in functions if source is None}
        return tuple(keys), [self._shared[key] for key in keys]

    def come_home(self, parcel, home=None, error=None):
        """A chunk has ended one way or another; from any thread."""
        parcel.received = worker.clock()
        with self._lock:
            if parcel not in self._out:
                return
            self._out.remove(parcel)
            was_alone = parcel.error is not None
            is_suspect = isinstance(error, Lost) and self.is_shared and not was_alone
            parcel.home, parcel.error, parcel.future = home, error, None
            # Of several tasks, each will be on its own way soon.
            if is_suspect and len(parcel.chunk) == 1:
                self._suspects.append(parcel)
            self._hand_out()
        if not (is_suspect and len(parcel.chunk) == 1) and parcel.callback is not None:
            parcel.callback(parcel)

    # -- how things travel -------------------------------------------------------

    def baggage(self):
        """Pickles functions and inputs for this cluster."""
        return Baggage(self)

    def keep(self, key, data):
        """Share a function's pickle."""
        self._shared[key] = self.share(data)

    def check_version(self, version):
        """Both ends must speak of the same things."""
        if version != __version__:
            raise ArgumentError(
                f"the workers of backend {self.name!r} have parallel_nb {version}, "
                f"this process has {__version__}: install the same on both"
            )


class Baggage:
    """Pickles that hold all they need: no file is shared with the workers."""

    def __init__(self, cluster):
        self._cluster = cluster

    def dumps(self, value):
        """Pickle by cloudpickle."""
        return cloudpickle.dumps(value)

    def function(self, func):
        """A callable, or several at once, ready to travel as ``(key, source)``."""
        key = uuid.uuid4().hex
        data = cloudpickle.dumps(func)
        if len(data) <= _INLINE:
            return key, data
        self._cluster.keep(key, data)
        return key, None

    def close(self):
        """Nothing to delete."""


def restore_multiprocessing():
    """Take Ray's pool out of joblib's multiprocessing backend, if it is in it.

    Ray's own joblib backend does, and leaves it: from then on, ``"multiprocessing"``
    would be Ray without saying so.
    """
    from multiprocessing.pool import Pool

    from joblib.pool import PicklingPool

    if PicklingPool.__bases__ != (Pool,):
        PicklingPool.__bases__ = (Pool,)


def home():
    """Clock and process of this end."""
    return abroad.clock_name(), os.getpid()


def cluster_of(backend, client=None):
    """The cluster that a run's ``backend=`` and ``client=`` mean; None for no cluster.

    Raises
    ------
    ArgumentError
        If there is none, with what to do about it.
    """
    if isinstance(backend, Cluster):
        return backend
    name = backend if isinstance(backend, str) else _name_of_instance(backend)
    if client is not None and name not in (None, "dask"):
        raise ArgumentError(
            f"`client` belongs to backend='dask'; got backend={backend!r}"
        )
    if client is not None or name == "dask":
        from .on_dask import DaskCluster

        return DaskCluster.found(client, backend)
    if name == "ray":
        from .on_ray import RayCluster

        return RayCluster.found(backend)
    return None


def _name_of_instance(backend):
    """The engine behind a backend of joblib's or of Ray's own."""
    if backend is None:
        return None
    names = {"DaskDistributedBackend": "dask", "RayBackend": "ray"}
    return names.get(type(backend).__name__, "")
