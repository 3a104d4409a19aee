"""Has commands traced by strace, where that is installed and allowed.

Knows how to put the tracer before a command, here and in an observed task's process;
refuses to know what a trace says (`traces`). Standard library only.
"""

import functools
import os
import shlex
import signal
import stat
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
    """What to put before a command, or why nothing can be.

    The name of the trace's files comes after these words, and then ``"--"``.
    """

    words: tuple[str, ...]
    releasing: tuple[str, ...]  # slower, and the tracer can let go: see `release`
    why_not: str


def find_tracer():
    """The tracer of this machine, tried out."""
    import shutil

    program = shutil.which("strace")
    if program is None:
        return Tracer((), (), "strace is not installed")
    return _tried(program)


@functools.cache
def _tried(program):
    import subprocess
    import tempfile

    said = ""
    rest = (*_OPTIONS, "-e", f"trace={_CALLS}", "-o")
    releasing = (program, "-I2", *rest)
    # With its filter only the calls asked for stop a command. But it stays for good:
    # with the tracer gone, those calls fail.
    for words in ((program, "--seccomp-bpf", *rest), releasing):
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
                return Tracer(words, releasing, "")
            said = done.stderr.strip().rpartition("\n")[2]
    return Tracer((), (), f"strace cannot trace here ({said[:100]})")


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
    import subprocess

    start, system = _posixsubprocess.fork_exec, os.system

    def traced_start(words, programs, close_fds, kept, folder, *rest):
        trace, traced, where = _traced(watch, words, programs, folder)
        if trace is None:
            return start(words, programs, close_fds, kept, folder, *rest)
        programs = [os.fsencode(traced[0])]
        pid = start(traced, programs, close_fds, kept, folder, *rest)
        watch.note("traced", trace, where, str(pid))
        return pid

    def traced_system(command):
        words = [_SHELL, "-c", command]
        trace, traced, where = _traced(watch, words, [_SHELL], None)
        if trace is None:
            return system(command)
        watch.command("os.system", command)
        watch.note("traced", trace, where)
        return system(f"exec {shlex.join(map(os.fsdecode, traced))}")

    _posixsubprocess.fork_exec = subprocess._fork_exec = traced_start
    subprocess._USE_POSIX_SPAWN = False  # the other way to start, as its docs tell
    os.system = traced_system


def _traced(watch, words, programs, folder):
    """A new trace, the words that start the command under it, and where it starts.

    None where the command is left alone: its program is not there, would lose rights
    that its file gives it, or goes by another name than its file.
    """
    alone = None, None, None
    if auditing.current() is not watch:
        return alone
    try:
        folder = os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(folder or "")))
        paths = (os.path.join(folder, os.fsdecode(each)) for each in programs)
        path = next((p for p in paths if os.access(p, os.X_OK)), None)
        if path is None:
            return alone
        called = os.path.basename(os.fsdecode(words[0]))
        gives_rights = os.stat(path).st_mode & (stat.S_ISUID | stat.S_ISGID)
        if gives_rights or called != os.path.basename(path):
            watch.note("untraced", called)
            return alone
        trace = watch.new_trace()
        return trace, [*watch.tracer, trace, "--", path, *words[1:]], folder
    except Exception:  # raised from here, it would be the task's
        watch.n_missed += 1
        return alone


def release(traces):
    """End the tracers of commands that have ended, and left something running.

    A tracer holds the command's stderr open, and whoever reads that waits for its end.

    Parameters
    ----------
    traces : mapping of str to int
        By the name of the trace's files, the command's process.
    """
    ended = [os.fsencode(trace) for trace, pid in traces.items() if not _is_alive(pid)]
    if not ended:
        return
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if b"-D" in words and any(trace in words for trace in ended):
                os.kill(int(name), signal.SIGTERM)  # it lets go of what it traces
        except OSError:
            continue


def _is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read().rpartition(b") ")[2][:1]
    except OSError:
        return False
    return state not in b"ZX"
