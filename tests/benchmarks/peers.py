"""What others offer for the same job: a function, inputs, a list of results in order.

Each is used as its own documentation would have it, with its processes kept warm where
it can keep them. Knows their interfaces and nothing of what is timed; imports them only
when they are opened.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

Map = Callable[[Callable, range], list]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another engine.

    `open(n_workers)` is a context manager that gives ``map(func, inputs)``.
    """

    name: str
    open: Callable[[int], AbstractContextManager[Map]]
    needs: str  # the distribution to install
    is_isolating: bool  # whether a task that raises costs the others nothing
    most_tasks: int  # more would take too long to be of use


def joblib(backend: str, n_workers: int) -> AbstractContextManager[Map]:
    """`joblib.Parallel` as everybody calls it."""
    return _joblib(backend, n_workers)


@contextmanager
def _joblib(backend, n_workers) -> Iterator[Map]:
    from joblib import Parallel, delayed

    def mapped(func, inputs):
        # loky's processes outlive the call, multiprocessing's don't.
        return Parallel(n_jobs=n_workers, backend=backend)(
            delayed(func)(value) for value in inputs
        )

    yield mapped


@contextmanager
def _futures(n_workers) -> Iterator[Map]:
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(n_workers) as pool:

        def mapped(func, inputs):
            # Not its `map`, where the first error hides the results behind it.
            futures = [pool.submit(func, value) for value in inputs]
            return [future.result() for future in futures]

        yield mapped


@contextmanager
def _futures_chunked(n_workers) -> Iterator[Map]:
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(n_workers) as pool:
        yield lambda func, inputs: list(
            pool.map(func, inputs, chunksize=_chunk_size(inputs, n_workers))
        )


@contextmanager
def _mpire(n_workers) -> Iterator[Map]:
    from mpire import WorkerPool

    with WorkerPool(n_workers, keep_alive=True, enable_insights=True) as pool:
        yield pool.map


@contextmanager
def _pebble(n_workers) -> Iterator[Map]:
    from pebble import ProcessPool

    with ProcessPool(n_workers) as pool:
        yield lambda func, inputs: list(pool.map(func, inputs).result())


@contextmanager
def _pebble_chunked(n_workers) -> Iterator[Map]:
    from pebble import ProcessPool

    with ProcessPool(n_workers) as pool:
        yield lambda func, inputs: list(
            pool.map(func, inputs, chunksize=_chunk_size(inputs, n_workers)).result()
        )


@contextmanager
def _dask(n_workers) -> Iterator[Map]:
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
        ) as cluster,
        Client(cluster) as client,
    ):
        # Pure calls would be answered from memory the second time.
        yield lambda func, inputs: client.gather(client.map(func, inputs, pure=False))


def _chunk_size(inputs, n_workers):
    """What `multiprocessing.Pool.map` would take: four chunks a worker."""
    return max(1, -(-len(inputs) // (4 * n_workers)))


PEERS = (
    Peer("concurrent.futures", _futures, "", True, 3_000),
    Peer("concurrent.futures, chunks", _futures_chunked, "", False, 50_000),
    Peer("mpire, insights", _mpire, "mpire", False, 50_000),
    Peer("pebble", _pebble, "pebble", True, 3_000),
    Peer("pebble, chunks", _pebble_chunked, "pebble", True, 50_000),
    Peer("dask.distributed", _dask, "distributed", True, 200),
)
