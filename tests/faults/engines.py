"""What a backend needs besides itself: for Dask, a cluster of two processes.

Knows how clusters are started; nothing of faults.
"""

import sys
from contextlib import contextmanager

# After so many deaths (and one) of a worker with it, Dask gives a task up.
ALLOWED_FAILURES = 1
# By default ■, which signals the whole process group, ends the cluster as well.
_DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"


@contextmanager
def opened(backend):
    """Have what the backend needs, and put it away."""
    if backend != "dask":
        yield
        return
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


def wait_until_ready(backend):
    """Those that died are being replaced."""
    if backend == "dask":
        import distributed

        distributed.get_client().wait_for_workers(2, timeout=60)
