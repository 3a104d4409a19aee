"""Chunks on a `distributed.Client`'s cluster.

Knows Dask's futures. joblib's own connector is asked for its client only: it never says
that one of its futures has failed, and whoever waits for that one waits for ever.
"""

import uuid
from contextlib import nullcontext
from weakref import WeakKeyDictionary

from ...errors import ArgumentError
from .. import worker
from . import abroad
from .clocks import Exchange
from .pool import Cluster, Gone, Lost, home

_NO_DASK = (
    "`backend='dask'` needs a package that is not installed: {}. "
    "Try: pip install 'parallel-nb[dask]'"
)
_NO_CLIENT = (
    "`backend='dask'` needs a cluster, and there is none yet. On this machine:\n\n"
    "    from dask.distributed import Client\n"
    "    client = Client(threads_per_worker=1)\n\n"
    "or Client('scheduler:8786') for one that runs elsewhere. Then pass "
    "`client=client`, or nothing: the newest client is used"
)
# How long a cluster may take to get its first worker (seconds).
_PATIENCE = 60
# Dask warns from 10 MB on that they would better be somewhere already.
_QUIET_UP_TO = 1 << 20

_introduced = WeakKeyDictionary()  # addresses of workers by client


class DaskCluster(Cluster):
    """Lanes are the threads of a Dask cluster's workers.

    Parameters
    ----------
    client : distributed.Client
    """

    name = "dask"
    # A message takes 1.5 to 5 ms there and back.
    chunk_seconds = 0.2
    uses_threads = True
    is_shared = True

    def __init__(self, client, resources=None, options=None):
        super().__init__(resources)
        self.client = client
        self._workers = set()  # addresses
        self._options = dict(options or {})

    @classmethod
    def found(cls, client, backend=None):
        """The cluster of a client, of joblib's backend, or of the newest client."""
        try:
            from distributed import Client, get_client
        except ImportError as error:
            raise ArgumentError(_NO_DASK.format(error)) from error
        options = {}
        if client is None and not isinstance(backend, str):
            client, options = backend.client, dict(backend.submit_kwargs)
        if client is None:
            try:
                client = get_client()
            except ValueError as error:
                raise ArgumentError(_NO_CLIENT) from error
        if not isinstance(client, Client):
            raise ArgumentError(
                f"`client` must be a distributed.Client; got {type(client).__name__}"
            )
        if client.asynchronous:
            raise ArgumentError(
                "`client` must not be asynchronous: Client(…), not "
                "Client(…, asynchronous=True)"
            )
        if client.status != "running":
            raise ArgumentError(f"`client` is {client.status}: {_NO_CLIENT}")
        return cls(client, options.pop("resources", None), options)

    def again(self, resources=None):
        both = {**self.resources, **(resources or {})}
        return DaskCluster(self.client, both, self._options)

    def count_lanes(self):
        threads = self.client.nthreads()
        if threads:
            self._workers = set(threads)
            return sum(threads.values())
        # One that grows when there is work gets some.
        try:
            self.client.submit(abroad.ping, pure=False).result(_PATIENCE)
        except TimeoutError as error:
            raise ArgumentError(
                f"the Dask cluster had no worker after {_PATIENCE} s: see "
                "client.dashboard_link, or cluster.scale(…)"
            ) from error
        return max(sum(self.client.nthreads().values()), 1)

    def configure(self, *args, **kwargs):
        n_lanes = super().configure(*args, **kwargs)
        known = _introduced.setdefault(self.client, set())
        if not self._workers <= known:
            self._introduce(known)
        return n_lanes

    def _introduce(self, known):
        """See whether the workers can do what will be asked of them."""
        try:
            met = self.client.run(abroad.introduce)
        except ModuleNotFoundError as error:
            raise ArgumentError(
                f"the workers of the Dask cluster cannot import it: {error}. Install "
                "parallel-nb there, too."
            ) from error
        for address, whence in met.items():
            self.check_version(whence.version)
            known.add(address)

    def share(self, data):
        # As a result it can be made once more when whoever has it dies; what is
        # scattered could not.
        with _unwarned(len(data)):
            return self.client.submit(
                abroad.pass_on, data, pure=False, key=f"pnb-shared-{uuid.uuid4().hex}"
            )

    def begin(self, parcel, keys, references):
        n_bytes = len(parcel.chunk.inputs)
        with _unwarned(n_bytes):
            parcel.future = self.client.submit(
                abroad.execute_in_dask,
                parcel.chunk,
                home(),
                keys,
                *references,
                key=f"pnb-{uuid.uuid4().hex}",
                pure=False,
                resources=self.resources or None,
                **self._options,
            )
        self.client.loop.add_callback(self._watch, parcel, parcel.future)

    async def _watch(self, parcel, future):
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            found = {"home": await future}
        except KilledWorker as error:
            found = {
                "error": Lost(
                    f"{error.allowed_failures + 1} workers of the Dask cluster died "
                    f"with it, the last was {error.last_worker.address}"
                )
            }
        except FutureCancelledError as error:
            gone = self.client.status != "running" or "scheduler" in str(error)
            found = {
                "error": Gone(f"the Dask cluster is gone: {error}") if gone else error
            }
        except Exception as error:
            found = {"error": error}
        except BaseException as error:
            # This loop is being ended, and with it the client.
            found = {"error": Gone(f"the Dask client was closed: {error!r}")}
        self.come_home(parcel, **found)

    def cancel(self, futures):
        if futures and self.client.status == "running":
            self.client.cancel(futures, force=True)

    def ping(self, whence):
        address = whence.address
        sent = worker.clock()
        _, read = self.client.run(abroad.ping, workers=[address])[address]
        return Exchange(sent, read, read, worker.clock())

    def remarks(self):
        left = 0
        if self.client.status == "running":
            left = len(self._workers - set(self.client.nthreads()))
        note = ""
        if left:
            workers = "1 worker" if left == 1 else f"{left} workers"
            note = (
                f"{workers} left the Dask cluster during the run: what they held was "
                "executed again, and rows show the last time only"
            )
        return [*super().remarks(), note]


def _unwarned(n_bytes):
    if n_bytes < _QUIET_UP_TO:
        return nullcontext()
    import dask

    return dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"})
