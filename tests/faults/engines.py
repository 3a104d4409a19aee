"""What a backend needs besides itself: for Dask and Ray, a cluster of two processes.

Knows how clusters are started; nothing of faults.
"""

import os
import sys
from contextlib import contextmanager, nullcontext, suppress

import psutil

CLUSTERS = {"dask": "distributed", "ray": "ray"}  # and the package that each needs

# After so many deaths (and one) of a worker with it, Dask gives a task up.
ALLOWED_FAILURES = 1
# By default ■, which signals the whole process group, ends the cluster as well.
_DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
# Results of 200 MB wait there (bytes).
_OBJECT_STORE = 600_000_000


def opened(backend, folder):
    """Have what the backend needs, and put it away; `folder` may be written to."""
    if backend == "dask":
        return _dask()
    if backend == "ray":
        return _ray(folder)
    return nullcontext()


@contextmanager
def _dask():
    import dask
    import distributed

    # Workers need not load what only the nursery does.
    main = sys.modules["__main__"]
    main.__spec__ = main.__file__ = None
    settings = {"distributed.scheduler.allowed-failures": ALLOWED_FAILURES}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            preload=[_DEAF],
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2, timeout=60)
        yield


@contextmanager
def _ray(folder):
    # Ray keeps to itself, and to this machine.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    start_ray(num_cpus=2, object_store_memory=_OBJECT_STORE, _temp_dir=folder)
    try:
        yield
    finally:
        ray.shutdown()


def start_ray(**options):
    """`ray.init`; tried again where a busy machine keeps Ray's own agents waiting.

    Its raylet ends itself when they have not come up within fifteen seconds.
    """
    import ray

    quiet = {"include_dashboard": False, "log_to_driver": False}
    before = psutil.Process().children(recursive=True)
    for n_left in (2, 1, 0):
        try:
            return ray.init(logging_level="CRITICAL", **quiet, **options)
        except Exception:
            ray.shutdown()
            for process in psutil.Process().children(recursive=True):
                if process not in before:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
            if not n_left:
                raise


def wait_until_ready(backend):
    """Those that died are being replaced."""
    if backend == "dask":
        import distributed

        client = distributed.get_client()
        for n_left in (2, 1, 0):
            try:
                return client.wait_for_workers(2, timeout=20)
            except TimeoutError:
                if not n_left:
                    raise
                # A nanny may give up a worker that dies in the middle of its start.
                client.cluster.scale(2)
