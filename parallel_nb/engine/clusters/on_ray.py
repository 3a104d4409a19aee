"""Chunks on a Ray cluster, as remote tasks.

Knows Ray's tasks. Ray's own joblib backend is not used: it puts Ray's pool into that
of joblib's multiprocessing and leaves it there for the rest of the session, and it
cannot say which task a worker died of.
"""

import threading
from contextlib import suppress

from ...errors import ArgumentError
from .. import worker
from . import abroad
from .clocks import Exchange
from .pool import Cluster, Gone, Lost, home

_NO_RAY = (
    "`backend='ray'` needs a package that is not installed: {}. "
    "Try: pip install 'parallel-nb[ray]'"
)
_NOT_CONNECTED = (
    "`backend='ray'` needs a cluster, and this process is connected to none: call "
    "ray.init() for one on this machine, or ray.init('auto') on a machine of the "
    "cluster, first"
)
# How long a cancelled task may take to end (seconds); it takes a few milliseconds. What
# takes longer is cancelled again, while the run goes on.
_PATIENCE = 1


class RayCluster(Cluster):
    """Lanes are the CPUs of a Ray cluster; each task has a process of its own."""

    name = "ray"
    # A message takes about 1 ms there and back.
    chunk_seconds = 0.1
    uses_threads = False

    def __init__(self, resources=None, options=None):
        super().__init__(resources)
        self._options = dict(options or {})

    @classmethod
    def found(cls, backend=None):
        """The cluster that this process is connected to."""
        try:
            import ray
        except ImportError as error:
            raise ArgumentError(_NO_RAY.format(error)) from error
        if not ray.is_initialized():
            raise ArgumentError(_NOT_CONNECTED)
        # What Ray's own backend was told about its workers holds for ours.
        return cls(options=getattr(backend, "ray_remote_args", None))

    def again(self, resources=None):
        both = {**self.resources, **(resources or {})}
        return RayCluster(both, self._options)

    def count_lanes(self):
        import ray

        return max(int(ray.cluster_resources().get("CPU", 1)), 1)

    def configure(self, *args, **kwargs):
        import ray

        options = {"num_cpus": 1, **self._options}
        needs = dict(self.resources)
        for name, option in (("CPU", "num_cpus"), ("GPU", "num_gpus")):
            if name in needs:
                options[option] = needs.pop(name)
        if needs:
            options["resources"] = {**options.get("resources", {}), **needs}
        # Whether something is executed again is the run's decision, with a row for it.
        options["max_retries"] = 0
        self._call = ray.remote(abroad.execute_in_ray).options(**options)
        self._ping = ray.remote(abroad.ping)
        return super().configure(*args, **kwargs)

    def share(self, data):
        import ray

        return ray.put(data)

    def begin(self, parcel, keys, references):
        reference = self._call.remote(parcel.chunk, home(), keys, *references)
        parcel.future = reference
        reference.future().add_done_callback(lambda end: self._watch(parcel, end))

    def _watch(self, parcel, end):
        from ray import exceptions

        try:
            found = {"home": end.result()}
            self.check_version(found["home"].whence.version)
        except exceptions.OutOfMemoryError as error:
            found = {"error": Lost(f"Ray killed its worker for memory: {error}")}
        except (exceptions.WorkerCrashedError, exceptions.NodeDiedError) as error:
            found = {"error": Lost(_first_line(error))}
        except (exceptions.LocalRayletDiedError, exceptions.RaySystemError) as error:
            found = {"error": Gone(f"the Ray cluster is gone: {error}")}
        except exceptions.RayTaskError as error:
            found = {"error": _cause_of(error)}
        except Exception as error:
            found = {"error": error}
        except BaseException as error:
            found = {"error": Gone(f"the connection to Ray has ended: {error!r}")}
        self.come_home(parcel, **found)

    def cancel(self, futures):
        import ray

        if futures and ray.is_initialized():
            left = _cancel_once(futures)
            if left:
                # A busy machine's. Ray forgets to cancel what nobody refers to any
                # more, and what was on its way to a worker when it was cancelled.
                threading.Thread(
                    target=_cancel_until_ended, args=(left,), daemon=True
                ).start()

    def ping(self, whence):
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(whence.address, soft=False)
        call = self._ping.options(num_cpus=0, max_retries=0, scheduling_strategy=there)
        sent = worker.clock()
        _, read = ray.get(call.remote(), timeout=10)
        return Exchange(sent, read, read, worker.clock())


def _cancel_once(futures):
    """Those that have not ended a second later."""
    import ray

    for future in futures:
        ray.cancel(future, force=True)
    return ray.wait(futures, num_returns=len(futures), timeout=_PATIENCE)[1]


def _cancel_until_ended(futures):
    import ray

    # Whoever shuts Ray down meanwhile ends them, too.
    with suppress(Exception):
        while futures and ray.is_initialized():
            futures = _cancel_once(futures)


def _first_line(error):
    return str(error).strip().partition("\n")[0]


def _cause_of(error):
    """What a worker could not do before it came to the tasks."""
    if isinstance(error.cause, ImportError):
        return Gone(
            f"Ray's workers cannot import it: {error.cause}. Install parallel-nb "
            "there, too."
        )
    return error
