"""Has cells played, by nurseries side by side, and hands out their outcomes.

Knows processes; nothing of faults.
"""

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path

from .catalogue import cell, together
from .outcome import Outcome

ROOT = Path(__file__).parents[2]
N_NURSERIES = 2


def outcomes(cells, *, n=N_NURSERIES, play=None, describe=None):
    """Play (fault, backend) pairs; yields an `Outcome` each as it comes.

    Parameters
    ----------
    n : int
        How many are played side by side.
    play : str, optional
        ``"module:function"`` that plays a cell in its kernel, instead of `kernel.main`.
    describe : callable, optional
        Makes of a pair what the nursery is told, instead of `catalogue.cell`.
    """
    command = [sys.executable, "-m", "tests.faults.nursery"]
    if play is not None:
        command.append(play)
    waiting, done = queue.SimpleQueue(), queue.SimpleQueue()
    if describe is not None:
        told = [{**describe(*pair), "faults": pair[:1]} for pair in cells]
    else:
        told = [_told(pairs) for pairs in together(cells)]
    for one in told:
        waiting.put(one)
    threads = [
        threading.Thread(target=_nurse, args=(command, waiting, done), daemon=True)
        for _ in range(min(n, len(told)))
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in cells:
            told = done.get()
            if isinstance(told, BaseException):
                raise told
            yield Outcome(**told)
    finally:
        # Whoever wants no more waits for those that are being played.
        while not waiting.empty():
            waiting.get()
        for thread in threads:
            thread.join()


def _told(pairs):
    return cell(pairs[0][1], *(fault for fault, _ in pairs))


def _nurse(command, waiting, done):
    alone = []
    try:
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as nursery:
            while True:
                try:
                    asked = alone.pop() if alone else waiting.get_nowait()
                except queue.Empty:
                    break
                nursery.stdin.write(json.dumps(asked) + "\n")
                nursery.stdin.flush()
                line = nursery.stdout.readline()
                if not line:
                    raise RuntimeError(f"the nursery ended in the middle of {asked}")
                found = json.loads(line)
                if found is None:
                    # One of them did something to its kernel: which one?
                    alone += [cell(asked["backend"], one) for one in asked["faults"]]
                    continue
                for outcome in found:
                    done.put(outcome)
            nursery.stdin.close()
    except BaseException as error:
        done.put(error)
