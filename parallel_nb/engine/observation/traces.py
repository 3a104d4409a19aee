"""From strace's files to touches: what a command and its children did.

Knows system calls as strace writes them, and follows each process through its folders;
refuses to know who asked for the trace.
"""

import glob
import os
import re
import sys
from typing import NamedTuple

from .auditing import address
from .touching import Touch

_LINE = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+|\?)(?:<([^>]*)>)?(.*)")
_PATH = re.compile(r'(?:(AT_FDCWD|-?\d+)(?:<([^>]*)>)?, )?"((?:[^"\\]|\\.)*)"')
_FD = re.compile(r"\d+<([^>]*)>")
_FLAGS = re.compile(r"\bO_[A-Z_|O]+")
_INET = re.compile(
    r"sa_family=AF_INET6?, sin6?_port=htons\((\d+)\)"
    r'.*?(?:inet_addr\(|AF_INET6, )"([^"]*)"'
)
_UNIX = re.compile(r'sa_family=AF_UNIX, sun_path=(@?)"((?:[^"\\]|\\.)*)"')
_TYPE = re.compile(r"SOCK_(STREAM|DGRAM)")

_OPENS = frozenset({"open", "openat", "openat2", "creat"})
_DELETES = frozenset({"unlink", "unlinkat", "rmdir"})
_MAKES = frozenset({"mkdir", "mkdirat"})
_MOVES = frozenset({"rename", "renameat", "renameat2"})
_LINKS = frozenset({"link", "linkat", "symlink", "symlinkat"})
_CHANGES = frozenset(
    {
        "truncate",
        "chmod",
        "fchmodat",
        "fchmodat2",
        "chown",
        "lchown",
        "fchownat",
        "utime",
        "utimes",
        "futimesat",
        "utimensat",
        "setxattr",
        "lsetxattr",
        "removexattr",
        "lremovexattr",
    }
)
_FORKS = frozenset({"clone", "clone3", "fork", "vfork"})
_SENDS = frozenset({"connect", "bind", "sendto", "sendmsg", "sendmmsg"})

# Whether there had been a file of that name is not told.
UNKNOWN = "?"


class Trace(NamedTuple):
    """What the files of a trace say."""

    touches: list  # of Touch, in an order in which they can have been
    n_missed: int  # calls that could not be made out


def read_trace(base, folder, root=None) -> Trace:
    """What a command and its children did, but for calls that failed.

    Parameters
    ----------
    base : str
        The files' name without the number of the process.
    folder : str
        Where the first process started.
    root : int, optional
        Its number; without it, the one that no other has started.

    """
    reader = _Reader(base)
    roots = reader.roots() if root is None else [root]
    for pid in roots:
        reader.follow(pid, folder, "")
    for pid in list(reader.lines):  # those whose beginning was missed
        reader.follow(pid, folder, "")
    touches = [Touch(*key, count) for key, count in reader.counts.items()]
    return Trace(touches, reader.n_missed)


class _Process:
    """Where a process of a trace has got to."""

    def __init__(self, lines, folder, program):
        self.lines = lines
        self.folder = folder
        self.listed = []
        self.program = program
        self._searched = {folder, *sys.path}  # for modules, if this is a Python
        self._is_python = False

    def become(self, program):
        """From here on it executes another program."""
        self.program = program
        self._searched = {self.folder, *sys.path}

    def load(self, path):
        """Take note of code that is opened."""
        if path.endswith((".py", ".pyc")):
            self._is_python = self._is_python or "/encodings/" in path
            folder = os.path.dirname(path).removesuffix("/__pycache__")
            self._searched |= {folder, os.path.dirname(folder)}

    def listings(self):
        """Folders whose names it has asked for, without a search for modules."""
        if not self._is_python:
            return self.listed
        return [key for key in self.listed if key[1] not in self._searched]


class _Reader:
    """The files of a trace, process by process."""

    def __init__(self, base):
        self.counts = {}
        self.n_missed = 0
        self.lines = {}
        self._protocols = {}
        for path in sorted(glob.glob(f"{glob.escape(base)}.*")):
            with open(path, encoding="latin-1") as file:
                pid = path.rpartition(".")[2]
                self.lines[int(pid)] = [m for m in map(_LINE.match, file) if m]

    def roots(self):
        """Processes that no process of this trace has started."""
        children = {
            m[3] for lines in self.lines.values() for m in lines if m[1] in _FORKS
        }
        return [pid for pid in self.lines if str(pid) not in children]

    def follow(self, pid, folder, program):
        """Go through the calls of a process, and of those it starts where it does."""
        waiting = [_Process(self._take(pid), folder, program)]
        while waiting:
            process = waiting.pop()
            for match in process.lines:
                try:
                    child = self._step(process, *match.groups())
                except (IndexError, ValueError):
                    self.n_missed += 1
                    continue
                if child is not None:
                    waiting += [process, child]
                    break
            else:
                for key in process.listings():
                    self._add(*key)

    def _step(self, process, call, args, answer, opened, rest):
        """One call of a process; the child that it starts by it, if that is traced."""
        if call in ("chdir", "fchdir"):
            if answer == "0":
                process.folder = self._chdir(args, process.folder)
        elif call in _FORKS:
            if answer.isdigit() and int(answer) in self.lines:
                lines = self._take(int(answer))
                return _Process(lines, process.folder, process.program)
        elif call == "execve":
            if answer == "0":
                path = self._paths(args, process.folder)[0]
                process.become(os.path.basename(path))
                how = f"execve by {process.program}"
                self._add("read", os.path.realpath(path), how)
        else:
            self._note(call, args, answer, opened, rest, process)
        return None

    def _take(self, pid):
        return iter(self.lines.pop(pid, ()))

    def _chdir(self, args, folder):
        if (fd := _FD.match(args)) is not None:
            return _text(fd[1])
        paths = self._paths(args, folder)
        return os.path.realpath(paths[0]) if paths else folder

    def _note(self, call, args, answer, opened, rest, process):
        has_failed, folder = answer.startswith("-"), process.folder
        how = f"{call} by {process.program}" if process.program else call
        if call in _SENDS:
            if not has_failed or "EINPROGRESS" in rest:
                self._send(call, args, how, folder)
        elif call == "socket" and opened is not None:
            if (kind := _TYPE.search(args)) is not None:
                self._protocols[opened] = "udp" if kind[1] == "DGRAM" else "tcp"
        elif call in _MAKES and (not has_failed or "EEXIST" in rest):
            was = "folder" if has_failed else ""
            self._add("makedir", _entry(self._paths(args, folder)[0]), how, was)
        elif has_failed:
            return
        elif call in _OPENS:
            self._open(call, args, opened, how, process)
        elif call.startswith("getdents"):
            if (fd := _FD.match(args)) is not None:
                process.listed.append(("list", _text(fd[1]), how))
        elif call in _DELETES:
            is_folder = call == "rmdir" or "AT_REMOVEDIR" in args
            was = "folder" if is_folder else "file"
            self._add("delete", _entry(self._paths(args, folder)[0]), how, was)
        elif call in _MOVES:
            source, target = map(_entry, self._paths(args, folder)[:2])
            is_tree = os.path.isdir(target) and not os.path.islink(target)
            self._add("move", source, f"{how}, from", "folder" if is_tree else "file")
            op = "arrivetree" if is_tree else "arrive"
            self._add(op, target, f"{how}, to", UNKNOWN)
        elif call in _LINKS:
            paths = self._paths(args, folder)
            if call.startswith("link"):
                self._add("read", os.path.realpath(paths[0]), how, "file")
            self._add("link", _entry(paths[1]), how)
        elif call in _CHANGES:
            paths = self._paths(args, folder)
            if paths:
                self._add("write", os.path.realpath(paths[0]), how, "file")
            elif (fd := _FD.match(args)) is not None:
                self._add("write", _text(fd[1]), how, "file")

    def _open(self, call, args, opened, how, process):
        if call == "creat":
            flags = {"O_WRONLY", "O_CREAT", "O_TRUNC"}
        else:
            found = _FLAGS.search(args[args.rfind('"') :])
            flags = set(found[0].split("|")) if found is not None else set()
        if flags & {"O_DIRECTORY", "O_PATH", "O_TMPFILE"}:
            return
        if opened is not None:
            place = _text(opened).removesuffix(" (deleted)")
        else:
            place = os.path.realpath(self._paths(args, process.folder)[0])
        process.load(place)
        if not place.startswith("/") or os.path.isdir(place):
            return
        creates, writes = "O_CREAT" in flags, bool(flags & {"O_WRONLY", "O_RDWR"})
        if "O_WRONLY" not in flags and not flags & {"O_TRUNC", "O_EXCL"}:
            self._add("read", place, how, UNKNOWN if creates else "file")
        if creates and "O_EXCL" in flags:
            self._add("create", place, how)
        elif writes or creates:
            self._add("write", place, how, UNKNOWN if creates else "file")

    def _send(self, call, args, how, folder):
        is_ours = call == "bind"
        for port, host in _INET.findall(args):
            fd = _FD.match(args)
            protocol = self._protocols.get(fd[1] if fd is not None else "", "tcp")
            if port != "0":
                op = "serve" if is_ours else "connect"
                self._add(op, address(protocol, host, port), how)
        for is_abstract, path in _UNIX.findall(args):
            if is_abstract:
                self._add("connect", f"unix://{_text(path)}", how)
            elif path:
                place = os.path.join(folder, _text(path))
                self._add("create" if is_ours else "connect", _entry(place), how)

    def _paths(self, args, folder):
        """The paths among the arguments, from the folders that they start in."""
        paths = []
        for _, base, path in _PATH.findall(args):
            paths.append(os.path.join(_text(base) if base else folder, _text(path)))
        return paths

    def _add(self, op, resource, how, was=""):
        key = op, resource, how, was
        self.counts[key] = self.counts.get(key, 0) + 1


def _text(escaped):
    """A path as it was before strace escaped it."""
    raw = escaped.encode("latin-1").decode("unicode_escape").encode("latin-1")
    return os.fsdecode(raw)


def _entry(path):
    """A name in its folder: the folder's links are followed, its own is not."""
    folder, name = os.path.split(path.rstrip("/") or "/")
    if name in ("", ".", ".."):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(folder), name)
