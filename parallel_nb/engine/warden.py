"""A small process that outlives the kernel by a moment, to end what it started.

Lanes and shell commands lead process groups of their own, and one that is stuck in C
cannot watch its parent; nor can a pool's worker that hangs. The warden watches for
them. Run as a program, it knows pipes, groups and processes only; imported, it is how
the parent talks to it.
"""

import atexit
import os
import select
import signal
import sys
import threading
from collections import Counter

# Where the OS has no pidfd, the parent's end is seen by asking this often (seconds).
_ASK_EVERY = 0.5

_lock = threading.Lock()
_process = None
_guarded = set()  # process groups
_guarded_alone = Counter()  # processes that lead none


def guard(group):
    """Have a process group killed when this process ends, however it ends."""
    with _lock:
        _guarded.add(group)
        if not _tell(b"+%d\n" % group):
            _replace()


def guard_alone(pids):
    """Have processes killed that lead no group, until `release_alone` as many times.

    Where the OS has no pidfd, nobody could say that a number is still the same
    process's: then this does nothing.
    """
    with _lock:
        new = [pid for pid in pids if not _guarded_alone[pid]]
        _guarded_alone.update(pids)
        if new and not _tell(b"".join(b"p%d\n" % pid for pid in new)):
            _replace()


def release_alone(pids):
    """These have ended, or their work has."""
    with _lock:
        _guarded_alone.subtract(pids)
        old = [pid for pid in pids if _guarded_alone[pid] <= 0]
        for pid in old:
            del _guarded_alone[pid]
        _tell(b"".join(b"q%d\n" % pid for pid in old))


def release(group):
    """The group is gone; its number may soon be somebody else's."""
    with _lock:
        _guarded.discard(group)
        _tell(b"-%d\n" % group)


def _tell(line):
    """Whether there is a warden to hear it."""
    if _process is None:
        return False
    try:
        os.write(_process.stdin.fileno(), line)
    except BrokenPipeError:
        return False
    return True


def _replace():
    """Start a warden, the first or the next, and tell it everything."""
    global _process
    if _process is not None:
        _process.stdin.close()
        _process.wait()
    _process = _start()
    lines = [b"+%d\n" % group for group in _guarded]
    lines += [b"p%d\n" % pid for pid in _guarded_alone]
    _tell(b"".join(lines))


def _start():
    import subprocess  # not in the warden itself, which shall start fast

    return subprocess.Popen(
        [sys.executable, "-S", __file__, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
        env={"PATH": os.environ.get("PATH", ""), **_marks()},
    )


def _marks():
    # Whoever cleans up by environment must find the warden, too.
    return {k: v for k, v in os.environ.items() if k.startswith("PARALLEL_NB_")}


def _forget():
    # The parent's warden watches the parent; a forked child needs its own.
    global _process, _lock
    _lock = threading.Lock()
    _process = None
    _guarded.clear()
    _guarded_alone.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _close():
    """At the interpreter's end: nothing is left to guard."""
    process = _process
    if process is not None:
        process.stdin.close()
        process.wait()


atexit.register(_close)


def main(parent):
    """Keep the list of groups until the parent ends, then kill them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups, alone = set(), {}
    for line in _lines_until_the_end_of(parent):
        _note(line[:1], int(line[1:]), groups, alone)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            pass
    for pidfd in alone.values():
        try:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        except OSError:
            pass


def _note(change, number, groups, alone):
    if change == b"+":
        groups.add(number)
    elif change == b"-":
        groups.discard(number)
    elif change == b"p":
        try:
            # From now on, this is that process and no other one of its number.
            alone[number] = os.pidfd_open(number)
        except (AttributeError, OSError):
            pass
    elif number in alone:
        os.close(alone.pop(number))


def _lines_until_the_end_of(parent):
    """What the parent writes, to the last word: also what it wrote as it ended."""
    poll, timeout, pidfd = select.poll(), None, None
    poll.register(0, select.POLLIN)
    try:
        pidfd = os.pidfd_open(parent)
        poll.register(pidfd, select.POLLIN)
    except (AttributeError, OSError):
        timeout = _ASK_EVERY * 1000
    buffer, has_ended = b"", False
    while True:
        ready = {fd for fd, _ in poll.poll(0 if has_ended else timeout)}
        if 0 not in ready and has_ended:
            return
        if 0 in ready:
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, buffer = (buffer + data).split(b"\n")
            yield from lines
        # A forked child of the parent may hold the pipe open.
        has_ended = has_ended or pidfd in ready or os.getppid() != parent


if __name__ == "__main__":
    main(int(sys.argv[1]))
