"""All faults: what is done, with which options, and what each backend promises then.

A promise is the very word that the outcome must have: whoever is lost, or runs twice,
or is left behind, changes the word. Deeds and scenes describe themselves.
"""

from dataclasses import dataclass, field

from . import deeds, scenes
from .engines import CLUSTERS

BACKENDS = (
    "isolated",
    "loky",
    "multiprocessing",
    "threading",
    "sequential",
    *CLUSTERS,
)
POOLS = ("loky", "multiprocessing")
# Seconds that a cell may take; hangs that are promised get less.
LIMIT = 25.0
LIMIT_OF_HANGS = 3.0
# A cluster has to start, and starts its workers anew.
MORE_FOR_CLUSTERS = 60.0
# What outlives its kernel for longer than this (seconds) is an orphan; a cluster's own
# processes look from time to time whether it is still there.
GRACE = 2.0
GRACE_OF_CLUSTERS = 30.0
# So many cells share one: whoever waits for the last waits for all.
N_TOGETHER = 8

NO_HARM = "no harm"
FAILED = "failed"
CRASHED = "crashed"
AGAIN = "crashed, others again"
PERHAPS_AGAIN = "crashed, others perhaps again"
TIMEOUT = "timeout"
DIES = "kernel dies"
KEPT = f"{DIES}, journal kept"
HANGS = "hangs"
REFUSED = "refused"
LEFT = ", leaves processes"
STOPS = "stops, keeps its rows"
# Nobody else shares a cluster with what ends so.
_ALONE = (LEFT, "then unusable")
# Where a cluster's own ways, and not a run's, decide what happens.
NOT_PROMISED = "not promised"
BUSY = f"{STOPS}, then unusable"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and what is promised for it.

    Attributes
    ----------
    name, text : str
        What it is called; what happens, a sentence's second half.
    promises : dict of str to str
        By backend; a backend that is not there is not tried.
    deed : str or None
        Name of a function in `deeds`: what a culprit does.
    scene : callable or None
        A function of `scenes` instead.
    """

    name: str
    text: str
    promises: dict
    deed: str | None = None
    scene: object = None
    n_culprits: int = 1
    at_most: str = ""  # the status of a culprit that may as well be done
    is_late: bool = False  # whether it comes when the neighbour may have ended
    options: dict = field(default_factory=dict)


FAULTS = {}


def _add(
    function,
    isolated,
    pools=None,
    threading=None,
    sequential=None,
    dask=None,
    ray=None,
    **more,
):
    """Register; what is not said is promised as in the backend before.

    What is not said of Dask is as in isolated lanes, and what is not said of Ray is as
    in Dask; `NOT_PROMISED` is left out.
    """
    loky, multiprocessing = pools if isinstance(pools, tuple) else (pools, pools)
    promises, last = {}, None
    words = (isolated, loky, multiprocessing, threading, sequential, dask or isolated)
    for backend, word in zip(BACKENDS, (*words, ray), strict=True):
        last = word if word is not None else last
        if last != NOT_PROMISED:
            promises[backend] = last
    name = function.__name__.replace("_", " ")
    is_scene = function.__module__ == scenes.__name__
    FAULTS[name] = Fault(
        name,
        function.__doc__,
        promises,
        deed=None if is_scene else function.__name__,
        scene=function if is_scene else None,
        **more,
    )


_LIMITED = {"options": {"timeout": deeds.TIMEOUT}}

_add(deeds.raises, FAILED)
_add(deeds.raises_unpicklable, FAILED)
_add(deeds.raises_unloadable, FAILED)
_add(deeds.raises_mute, FAILED)
_add(deeds.exits, FAILED)
_add(deeds.returns_unpicklable, FAILED, FAILED, NO_HARM)
_add(deeds.returns_unloadable, FAILED, FAILED, NO_HARM)
_add(deeds.returns_200_mb, NO_HARM)
_add(deeds.exits_at_once, CRASHED, AGAIN, KEPT, dask=PERHAPS_AGAIN)
_add(deeds.kills_itself, CRASHED, AGAIN, KEPT, dask=PERHAPS_AGAIN)
_add(deeds.segfaults, CRASHED, AGAIN, KEPT, dask=PERHAPS_AGAIN)
_add(
    deeds.dies_while_sending,
    "at most crashed",
    f"at most {PERHAPS_AGAIN}",
    KEPT,
    dask=NOT_PROMISED,
    n_culprits=3,
    at_most="crashed",
    is_late=True,
)
_add(
    deeds.dies_half_way,
    CRASHED,
    PERHAPS_AGAIN,
    NO_HARM,
    dask=NOT_PROMISED,
    is_late=True,
)
_add(
    deeds.dies_half_way_with_a_child,
    CRASHED,
    f"{PERHAPS_AGAIN}{LEFT}",
    f"{NO_HARM}{LEFT}",
    dask=NOT_PROMISED,
    is_late=True,
)
_add(
    deeds.closes_descriptors,
    NO_HARM,
    f"{NO_HARM}, others again",
    NO_HARM,
    dask=PERHAPS_AGAIN,
)
_add(
    deeds.nests_isolated_lanes,
    CRASHED,
    PERHAPS_AGAIN,
    KEPT,
    dask=NOT_PROMISED,
    is_late=True,
)
_add(deeds.stops_itself, TIMEOUT, REFUSED, HANGS, REFUSED, REFUSED, **_LIMITED)
_add(deeds.hangs, TIMEOUT, REFUSED, TIMEOUT, REFUSED, REFUSED, **_LIMITED)
_add(deeds.hangs_in_c, TIMEOUT, REFUSED, HANGS, REFUSED, REFUSED, **_LIMITED)
_add(deeds.ignores_sigterm, TIMEOUT, REFUSED, TIMEOUT, REFUSED, REFUSED, **_LIMITED)
_add(
    deeds.ends_at_its_limit,
    "at most timeout",
    REFUSED,
    "at most timeout",
    REFUSED,
    REFUSED,
    n_culprits=4,
    at_most="timeout",
    **_LIMITED,
)
_add(
    deeds.allocates_too_much,
    FAILED,
    REFUSED,
    dask=REFUSED,
    options={"max_memory": deeds.MAX_MEMORY},
)
_add(deeds.changes_folder, NO_HARM)
_add(deeds.writes_10_mb, NO_HARM)
_add(
    deeds.leaves_children,
    NO_HARM,
    f"{NO_HARM}{LEFT}",
    dask=f"{NO_HARM}{LEFT}",
    ray=NO_HARM,
)
_add(deeds.leaves_forks, NO_HARM, f"{NO_HARM}{LEFT}", dask=NOT_PROMISED)
_add(deeds.leaves_threads, NO_HARM)
_add(deeds.nests_joblib, NO_HARM)
_add(deeds.nests_a_run, NO_HARM)
_add(
    scenes.every_worker_dies,
    CRASHED,
    PERHAPS_AGAIN,
    DIES,
    dask=PERHAPS_AGAIN,
    is_late=True,
)
_add(scenes.idle_worker_is_killed, NO_HARM)
_add(
    scenes.idle_worker_is_stopped,
    NO_HARM,
    (HANGS, NO_HARM),
    NO_HARM,
    dask=NOT_PROMISED,
)
_add(scenes.stopped_worker_gets_50_mb, NO_HARM, STOPS, HANGS, dask=NOT_PROMISED)
_add(scenes.run_beside_crashes, NO_HARM)
_add(scenes.run_crashes_beside, "crashed", None, DIES)
_add(scenes.stops_at_three, STOPS, dask=BUSY, ray=STOPS)
_add(scenes.stops_at_its_deadline, STOPS, STOPS, STOPS, HANGS, BUSY, STOPS)
_add(scenes.is_interrupted, STOPS, dask=BUSY, ray=STOPS)
_add(scenes.group_is_interrupted, STOPS, dask=BUSY, ray=STOPS)
_add(scenes.kernel_is_killed, KEPT, ray=f"{KEPT}{LEFT}")


# Whether loky hands anything to a worker that was stopped is left to chance; if not,
# its own end waits for that worker.
_UNASKED = f"{NO_HARM}, kernel does not end"
BY_CHANCE = {
    ("idle worker is stopped", "loky"): _UNASKED,
    ("stopped worker gets 50 mb", "loky"): _UNASKED,
}


def cell(backend, *faults):
    """What the nursery is told of a cell, or of several that share a cluster."""
    promises = [FAULTS[fault].promises[backend] for fault in faults]
    seconds = LIMIT_OF_HANGS if promises[0].startswith(HANGS) else LIMIT * len(faults)
    if backend in CLUSTERS:
        seconds += MORE_FOR_CLUSTERS
    told = {"faults": faults, "backend": backend, "seconds": seconds, "grace": GRACE}
    if backend in CLUSTERS and LEFT not in promises[0]:
        told["grace"] = GRACE_OF_CLUSTERS
    if promises[0].startswith(DIES):
        told["afterwards"] = "tests.faults.journals:recovered"
    return told


def together(cells):
    """Lists of cells: of the same cluster's, several that should leave it as it was.

    To start a cluster takes longer than what is then done with it.
    """
    lists, open_lists = [], {}
    for fault, backend in cells:
        promise = FAULTS[fault].promises[backend]
        is_alone = promise.startswith((DIES, HANGS)) or promise.endswith(_ALONE)
        # Dask's nannies may give up who dies again and again.
        is_alone |= backend == "dask" and "crashed" in promise
        if backend not in CLUSTERS or is_alone:
            lists.append([(fault, backend)])
            continue
        if len(open_lists.get(backend, ())) in (0, N_TOGETHER):
            open_lists[backend] = []
            lists.append(open_lists[backend])
        open_lists[backend].append((fault, backend))
    return lists


def all_cells():
    """Every (fault, backend)."""
    return [(name, b) for name, fault in FAULTS.items() for b in fault.promises]


# The short form: faults that differ little, under one head.
GROUPS = {
    "raises, or calls `sys.exit`": ("raises", "raises mute", "exits"),
    "has a result or an exception that cannot be pickled or unpickled": (
        "raises unpicklable",
        "raises unloadable",
        "returns unpicklable",
        "returns unloadable",
    ),
    "kills its process (`os._exit`, a signal, a segmentation fault)": (
        "exits at once",
        "kills itself",
        "segfaults",
    ),
    "outlasts its `timeout=` in Python": ("hangs", "ignores sigterm"),
    "outlasts its `timeout=` in C, or stopped": ("hangs in c", "stops itself"),
    "wants more than `max_memory=`": ("allocates too much",),
    "returns 200 MB, writes 10 MB, leaves threads, runs a batch itself": (
        "returns 200 mb",
        "writes 10 mb",
        "leaves threads",
        "nests joblib",
        "nests a run",
    ),
    "leaves processes behind": ("leaves children", "leaves forks"),
    "*an idle worker is killed*": ("idle worker is killed",),
    "*all workers are killed at once*": ("every worker dies",),
    "*enough have succeeded, ■, Ctrl-C*": (
        "stops at three",
        "is interrupted",
        "group is interrupted",
    ),
    "*the run's `deadline=`*": ("stops at its deadline",),
    "*the kernel is killed*": ("kernel is killed",),
}
