"""Programs in a process of their own, and what they leave behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


def start_script(text, mark="", **names):
    """A program in a fresh interpreter, in the background; `names` are its globals."""
    header = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    return subprocess.Popen(
        [sys.executable, "-c", header + text],
        cwd=ROOT,
        env={**os.environ, "PARALLEL_NB_TEST_MARK": mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def marked(mark):
    """Living processes that inherited this mark."""
    found = []
    for process in psutil.process_iter():
        try:
            is_marked = process.environ().get("PARALLEL_NB_TEST_MARK") == mark
            if is_marked and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def comes_true(claim, seconds=5):
    """Whether `claim()` is true at some time within the next seconds."""
    until = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
