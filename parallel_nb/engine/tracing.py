"""Has commands traced by strace, where that is installed and allowed.

Knows how to put the tracer before a command, here and in an observed task's process;
refuses to know what a trace says (`traces`). Standard library only.
"""

import functools
import os
import shlex
from typing import NamedTuple

from . import auditing

# A question mark passes over calls that this machine's kernel does not have.
_CALLS = "%file,%network,fchdir,?getdents,?getdents64,?clone,?clone3,?fork,?vfork"
# The tracer is a grandchild (-D), so that pid, exit code and end are the command's own;
# a file for each process (-ff), descriptors with their paths (-y), nothing cut (-s).
_OPTIONS = ("-D", "-ff", "-qq", "-y", "-s", "8192", "-e", "signal=none")
_PATIENCE = 10.0
_SHELL = "/bin/sh"


# Parent and lanes load this: what only the parent needs is imported where it is used.


class Tracer(NamedTuple):
    """What to put before a command, or why nothing can be."""

    words: tuple[str, ...]  # the name of the file with the trace comes next, then "--"
    why_not: str


def find_tracer():
    """The tracer of this machine, tried out."""
    import shutil

    program = shutil.which("strace")
    if program is None:
        return Tracer((), "strace is not installed")
    return _tried(program)


@functools.cache
def _tried(program):
    import subprocess
    import tempfile

    said = ""
    # Without the filter every call of a command stops it, not only those asked for.
    for filtered in (("--seccomp-bpf",), ()):
        words = (program, *filtered, *_OPTIONS, "-e", f"trace={_CALLS}", "-o")
        with tempfile.TemporaryDirectory(prefix="parallel_nb-") as folder:
            trace = os.path.join(folder, "trace")
            try:
                done = subprocess.run(
                    [*words, trace, "--", _SHELL, "-c", ":"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    timeout=_PATIENCE,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                said = str(error)
                continue
            if done.returncode == 0 and os.listdir(folder):
                return Tracer(words, "")
            said = done.stderr.strip().rpartition("\n")[2]
    return Tracer((), f"strace cannot trace here ({said[:100]})")


def under(words, tracer, trace, *, folder, path):
    """The words of a command, traced; None where its program is not there.

    Parameters
    ----------
    words : str or sequence of str
        A line for the shell, or a program and its arguments.
    tracer : tuple of str
    trace : str
        A file's name, to which the number of each process is added.
    folder : str
        Where it starts.
    path : str
        Where programs are looked for.
    """
    import shutil

    words = [_SHELL, "-c", words] if isinstance(words, str) else list(words)
    program = words[0]
    if os.path.dirname(program):
        found = shutil.which(os.path.join(folder, program))
    else:
        found = shutil.which(program, path=path)
    if found is None:
        return None
    return [*tracer, trace, "--", found, *words[1:]]


def trace_children(watch):
    """Start the commands of this process under the tracer, while `watch` is told.

    Nothing is put back: the process ends with the task.
    """
    import _posixsubprocess

    start, system = _posixsubprocess.fork_exec, os.system

    def traced_start(words, programs, close_fds, kept, folder, *rest):
        if auditing.current() is watch:
            traced = _traced(watch, words, programs, folder)
            if traced is not None:
                words, programs = traced, [os.fsencode(traced[0])]
        return start(words, programs, close_fds, kept, folder, *rest)

    def traced_system(command):
        if auditing.current() is watch:
            watch.command("os.system", command)
            traced = _traced(watch, [_SHELL, "-c", command], [_SHELL], None)
            if traced is not None:
                command = f"exec {shlex.join(map(os.fsdecode, traced))}"
        return system(command)

    _posixsubprocess.fork_exec, os.system = traced_start, traced_system
    import subprocess

    subprocess._fork_exec = traced_start


def _traced(watch, words, programs, folder):
    try:
        folder = os.path.join(os.getcwd(), os.fsdecode(folder or ""))
        for program in programs:
            path = os.path.join(folder, os.fsdecode(program))
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return watch.traced(path, list(words), folder)
    except Exception:  # raised from here, it would be the task's
        watch.n_missed += 1
    return None
