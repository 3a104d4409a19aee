"""What a cluster's worker does with a chunk, and how it says whose clock it read.

Runs in workers on other machines, so it imports nothing heavy; of Dask and Ray it asks
only which worker this is. Knows no files: a cluster's machines need not share a disk.
"""

import os
import sys
from functools import cache
from typing import NamedTuple

from .. import worker


class Whence(NamedTuple):
    """A worker process and its clock."""

    clock: str  # `clock_name` there
    address: str  # by which its cluster can be asked to reach it
    version: str  # of parallel_nb


class Home(NamedTuple):
    """What came back from a worker."""

    outcome: worker.Outcome
    whence: Whence


@cache
def clock_name() -> str:
    """Which clock `worker.clock` reads: processes with one name share one.

    On Linux, that of the running kernel in a time namespace; elsewhere, the machine's.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        return f"{boot} {os.readlink('/proc/self/ns/time')}"
    except OSError:
        return worker.host()


def ping() -> tuple[str, float]:
    """The clock's name and what it shows now, in seconds."""
    return clock_name(), worker.clock()


def introduce(address="") -> Whence:
    """Who this process is."""
    return Whence(clock_name(), address, sys.modules["parallel_nb"].__version__)


def pass_on(value):
    """The value itself: as a task's result it can be shared by other tasks."""
    return value


def execute(chunk, home, keys, *sources, address="") -> Home:
    """Call a chunk.

    Parameters
    ----------
    chunk : worker.Chunk
    home : tuple
        Clock and pid of the process that sent it.
    keys : sequence of str
        Functions that travelled apart from the chunk.
    *sources : bytes
        Their pickles.
    """
    if (clock_name(), os.getpid()) != home:
        # What a task of a task asks for, it gets from the one worker it is in.
        worker.nesting_level = max(worker.nesting_level, chunk.level)
    if clock_name() != home[0]:
        chunk.sheet = None  # that is on another machine, or has another clock
    apart = dict(zip(keys, sources, strict=True))
    chunk.function = _complete(chunk.function, apart)
    if chunk.setup is not None:
        key, function = chunk.setup
        chunk.setup = key, _complete(function, apart)
    return Home(chunk(), introduce(address))


def execute_in_dask(chunk, *rest) -> Home:
    """`execute` in a thread of a Dask worker."""
    from distributed import get_worker

    this = get_worker()
    # A worker with one thread for tasks is all that task's, and so is the CPU time of
    # threads that the task starts.
    chunk.in_threads = this.state.nthreads > 1
    return execute(chunk, *rest, address=this.address)


def execute_in_ray(chunk, *rest) -> Home:
    """`execute` in a process of Ray's."""
    import ray

    return execute(chunk, *rest, address=ray.get_runtime_context().get_node_id())


def _complete(function, apart):
    key, source, index = function
    return key, apart.get(key, source), index
