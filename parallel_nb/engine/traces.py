"""From strace's files to touches: what a command and its children did.

Knows system calls as strace writes them, and follows each process through its folders;
refuses to know who asked for the trace.
"""

import glob
import os
import re

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


def read_trace(base, folder, root=None):
    """The touches in the files of a trace, in an order in which they can have been.

    Parameters
    ----------
    base : str
        The files' name without the number of the process.
    folder : str
        Where the first process started.
    root : int, optional
        Its number; without it, the one that no other has started.

    Returns
    -------
    list of Touch
        Calls that failed are left out.
    """
    reader = _Reader(base)
    roots = reader.roots() if root is None else [root]
    for pid in roots:
        reader.follow(pid, folder, "")
    for pid in list(reader.lines):  # those whose beginning was missed
        reader.follow(pid, folder, "")
    return [Touch(*key, count) for key, count in reader.counts.items()]


class _Reader:
    def __init__(self, base):
        self.counts = {}
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
        waiting = [(iter(self.lines.pop(pid, ())), folder, program)]
        while waiting:
            lines, folder, program = waiting.pop()
            for match in lines:
                call, args, answer, opened, rest = match.groups()
                if call in ("chdir", "fchdir"):
                    if answer == "0":
                        folder = self._chdir(args, folder)
                elif call in _FORKS:
                    if int(answer) in self.lines if answer.isdigit() else False:
                        waiting.append((lines, folder, program))
                        child = iter(self.lines.pop(int(answer)))
                        waiting.append((child, folder, program))
                        break
                elif call == "execve" and answer == "0":
                    path = self._paths(args, folder)[0]
                    program = os.path.basename(path)
                    self._add("read", os.path.realpath(path), f"execve by {program}")
                else:
                    self._note(call, args, answer, opened, rest, folder, program)

    def _chdir(self, args, folder):
        if (fd := _FD.match(args)) is not None:
            return _text(fd[1])
        paths = self._paths(args, folder)
        return os.path.realpath(paths[0]) if paths else folder

    def _note(self, call, args, answer, opened, rest, folder, program):
        has_failed = answer.startswith("-")
        how = f"{call} by {program}" if program else call
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
            self._open(call, args, opened, how, folder)
        elif call.startswith("getdents"):
            if (fd := _FD.match(args)) is not None:
                self._add("list", _text(fd[1]), how)
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

    def _open(self, call, args, opened, how, folder):
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
            place = os.path.realpath(self._paths(args, folder)[0])
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
