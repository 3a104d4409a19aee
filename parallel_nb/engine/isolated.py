"""Isolated lanes as a joblib backend, for `run` and for any `joblib.Parallel`.

Importing this module registers the backend under the name ``"isolated"``.
"""

import pickle

from joblib import cpu_count, register_parallel_backend
from joblib.parallel import AutoBatchingMixin, ParallelBackendBase

from .lanes import LaneFuture, Lease, Place
from .memmapping import Memmapper


class IsolatedBackend(AutoBatchingMixin, ParallelBackendBase):
    """Runs calls in supervised processes that share nothing with each other.

    A worker that crashes, hangs or is killed takes one call with it; the others go on
    and its process is replaced. Processes stay warm between calls of `joblib.Parallel`
    as long as environment, working directory and import path stay as they are.

    Examples
    --------
    >>> from joblib import Parallel, delayed
    >>> Parallel(n_jobs=2, backend="isolated")(delayed(abs)(i) for i in (-1, -2))
    [1, 2]
    """

    supports_retrieve_callback = True
    supports_inner_max_num_threads = True
    uses_threads = False
    supports_sharedmem = False
    default_n_jobs = 1

    _lease = _memmapper = None
    _earlier = ()  # start-ups of leases that have ended

    def effective_n_jobs(self, n_jobs):
        """Number of lanes: negative counts back from the usable cores."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None:
            return 1
        if n_jobs < 0:
            return max(cpu_count() + 1 + n_jobs, 1)
        return n_jobs

    def configure(self, n_jobs=1, parallel=None, prefer=None, require=None, **kwargs):
        """Lease the lanes and return their number; processes start with the work."""
        options = {**self.backend_kwargs, **kwargs}
        n_jobs = self.effective_n_jobs(n_jobs)
        self.parallel = parallel
        self._memmapper = Memmapper(
            max_nbytes=options.get("max_nbytes", 1_000_000),
            mmap_mode=options.get("mmap_mode", "r"),
            temp_folder=options.get("temp_folder"),
        )
        self._lease = Lease(n_jobs, Place.now(self._prepare_worker_env(n_jobs)))
        return n_jobs

    @property
    def startups(self):
        """``(lane, pid, began, ready)`` of each process started for this call."""
        now = self._lease.startups if self._lease is not None else ()
        return [*self._earlier, *now]

    def submit(self, func, callback=None, limit=None):
        """Queue a call; a future that tells its lane.

        An attempt that takes longer than `limit` seconds, or what that returns, is
        ended with its process.
        """
        try:
            payload = self._memmapper.dumps(func)
        except Exception as error:
            refused = LaneFuture(None)
            cause = pickle.PicklingError(f"the task could not be pickled: {error}")
            cause.__cause__ = error
            refused.set_exception(cause)
            if callback is not None:
                refused.add_done_callback(callback)
            return refused
        return self._lease.submit(payload, callback, limit)

    def peek(self, job):
        """What has ended so far of a call in progress: ``(blocks, pid)``."""
        lease = self._lease  # another thread may give it back meanwhile
        return lease.peek(job) if lease is not None else ([], 0)

    def retrieve_result_callback(self, out):
        """The call's result; its exception is raised."""
        return out.result()

    def terminate(self):
        """Give the lanes back and delete the mapped arrays."""
        if self._lease is not None:
            self._lease.release()
            self._earlier = (*self._earlier, *self._lease.startups)
            self._memmapper.close()
            self._lease = self._memmapper = None
        self.reset_batch_stats()

    def abort_everything(self, ensure_ready=True):
        """Kill what runs; with `ensure_ready`, be ready for more."""
        if self._lease is not None:
            self._lease.kill_busy()
            self.terminate()
        if ensure_ready:
            self.configure(
                n_jobs=self.parallel.n_jobs,
                parallel=self.parallel,
                **self.parallel._backend_kwargs,
            )


def register_backend():
    """Make ``backend="isolated"`` known to joblib, as `run` and `record` do unasked.

    Examples
    --------
    >>> import joblib
    >>> register_backend()
    >>> with joblib.parallel_config(backend="isolated", n_jobs=2):
    ...     joblib.Parallel()(joblib.delayed(abs)(x) for x in (-1, 2))
    [1, 2]
    """
    register_parallel_backend("isolated", IsolatedBackend)


register_backend()
