"""One cell: a fault in a backend, in a process that may not survive it.

Runs in a kernel of its own, which stands for the notebook's. Writes what happened to a
file; what only others can see is left to the nursery.
"""

import faulthandler
import json
import os
import signal
import time
import warnings
from dataclasses import asdict
from functools import partial

import parallel_nb as pnb
from parallel_nb.errors import ArgumentError

from . import batch, engines, journals, judging
from .catalogue import DIES, FAULTS, POOLS
from .outcome import ENDED, RAISED, REFUSED, Outcome

RESULT = "outcome.json"
N_JOBS = 2


def main(cell, folder):
    """Play the cell; its outcome is in the folder then, if we live to write it.

    The same for cells that share a cluster: their outcomes are there once all are.
    """
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    outcomes = [Outcome(fault, cell["backend"]) for fault in cell["faults"]]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", UserWarning)
        with engines.opened(cell["backend"], folder):
            for number, outcome in enumerate(outcomes):
                own = folder
                if len(outcomes) > 1:
                    own = os.path.join(folder, str(number))
                    os.mkdir(own)
                seen.clear()
                play(outcome, FAULTS[outcome.fault], own)
                outcome.warned = sorted({str(warning.message) for warning in seen})
    write(outcomes, folder)


def write(outcomes, folder):
    """Whole or not at all."""
    path = os.path.join(folder, RESULT)
    with open(path + ".part", "w") as file:
        json.dump([asdict(outcome) for outcome in outcomes], file)
    os.replace(path + ".part", path)


def play(outcome, fault, folder):
    """Run the fault's batch or scene, then ask the backend for more."""
    outcome.at_most = fault.at_most
    outcome.perhaps_again = fault.is_late and outcome.backend in POOLS
    if outcome.backend in engines.CLUSTERS:
        # It alone decides who travelled with whom.
        outcome.perhaps_again = "perhaps" in fault.promises[outcome.backend]
    began = time.perf_counter()
    try:
        if fault.scene is not None:
            told = fault.scene(outcome.backend, folder)
        else:
            told = _run(fault, outcome.backend, folder)
    except ArgumentError as error:
        outcome.end, outcome.why = REFUSED, str(error)
    except BaseException as error:
        outcome.end, outcome.why = RAISED, f"{type(error).__name__}: {error}"
    else:
        outcome.end = ENDED
        for name, value in told.items():
            setattr(outcome, name, value)
    outcome.seconds = time.perf_counter() - began
    # Who is promised to be busy is so from the first second on.
    is_busy = fault.promises[outcome.backend].endswith("unusable")
    patience = 2.0 if is_busy else judging.PATIENCE
    if outcome.end != REFUSED:
        began = time.perf_counter()
        try:
            engines.wait_until_ready(outcome.backend)
            outcome.is_usable = judging.second_run(outcome.backend, patience)
        except BaseException as error:
            outcome.is_usable = False
            outcome.why += f" then {type(error).__name__}: {error}"
        outcome.again = time.perf_counter() - began


def _run(fault, backend, folder):
    keys = batch.keys(fault.n_culprits)
    # Only for those that end the kernel: who ends a worker does so beside a neighbour.
    pause = journals.PAUSE if fault.promises[backend].startswith(DIES) else 0.0
    work = partial(batch.work, folder, fault.deed, backend != "sequential", pause)
    run = pnb.run(
        work,
        keys,
        n_jobs=N_JOBS,
        backend=backend,
        journal=journals.path(folder) if pause else None,
        progress=False,
        **fault.options,
    )
    return judging.facts(run, keys, folder)
