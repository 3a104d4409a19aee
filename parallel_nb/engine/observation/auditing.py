"""From Python's audit events to touches, for the task that is being watched.

Knows the events' arguments, and which come from the machinery of imports instead of the
task; refuses to know what becomes of a touch. Standard library only.
"""

import os
import stat
import sys
import threading

# Whose opening and listing of files is a search for code.
_LOADERS = frozenset(
    {
        "_frozen_importlib",
        "_frozen_importlib_external",
        "importlib._bootstrap",
        "importlib._bootstrap_external",
    }
)
_IMPORTERS = _LOADERS | {"importlib.metadata", "linecache", "pkgutil", "zipimport"}
_MORE_THAN_READING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_THIS_MACHINE = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::", ""})

_watch = None
_is_hooked = False


def tell(watch):
    """Let `watch` know of all that happens from now on; None: nobody."""
    global _watch, _is_hooked
    if watch is not None and not _is_hooked:
        sys.addaudithook(_hook)
        _is_hooked = True
    _watch = watch


def current():
    """The watch that is being told; None outside an observed task."""
    return _watch


def _hook(event, args):
    watch = _watch
    if watch is not None:
        note = _NOTED.get(event)
        if note is not None:
            try:
                note(watch, event, args)
            except Exception:  # raised from here, it would be the task's
                watch.n_missed += 1


# -- files -------------------------------------------------------------------------


def _open(watch, event, args):
    path, mode, flags = args
    if type(path) is not str:
        if isinstance(path, int):  # its file has been opened before
            return
        path = os.fsdecode(path)
    folder = "" if path[:1] == "/" else os.getcwd()
    key = folder, path, flags
    counters = watch.known.get(key)
    if counters is None:
        counters = _first_open(watch, path, mode, flags)
        if counters:
            watch.known[key] = counters
        return
    for counter in counters:
        counter[0] += 1


def _first_open(watch, path, mode, flags):
    # Asking who opens it is an event, too: it is done where it may matter.
    if ".py" in path and _is_import(sys._getframe(3), path):
        return ()
    if mode is not None:
        how = f"open({mode!r})"
    else:
        if watch.is_own(path) or _is_inside_rmtree(sys._getframe(3)):
            return ()
        how = f"os.open({_flags(flags)})"
    place = watch.place(path)
    if not flags & _MORE_THAN_READING:
        # What it leads to, if anything, can be found out afterwards, off the clock.
        return (watch.touch("look", place, how),)
    may_create = flags & os.O_CREAT
    is_there = os.access(place, os.F_OK)  # half the time that a status takes
    if is_there:
        place, status = watch.target(path)
        if stat.S_ISDIR(status.st_mode):
            return ()  # a file that has no name, or an error
    elif not may_create:
        return ()  # it will fail
    if is_there and may_create and flags & os.O_EXCL:
        return (watch.touch("read", place, f"{how}, which was there", "file"),)
    counters = ()
    access = flags & os.O_ACCMODE
    if access != os.O_WRONLY and is_there and not flags & os.O_TRUNC:
        counters = (watch.touch("read", place, how, "file"),)
    if access != os.O_RDONLY or not counters:
        op, was = ("write", "file") if is_there else ("create", "")
        counters += (watch.touch(op, place, how, was),)
    return counters


def _flags(flags):
    names = [("O_RDONLY", "O_WRONLY", "O_RDWR", "")[flags & os.O_ACCMODE]]
    for name in ("O_CREAT", "O_EXCL", "O_TRUNC", "O_APPEND"):
        if flags & getattr(os, name):
            names.append(name)
    return "|".join(names)


def _is_import(frame, path=""):
    module = frame.f_globals.get("__name__")
    if module == "tokenize" and frame.f_back is not None:  # lines for a traceback
        module = frame.f_back.f_globals.get("__name__")
    if module not in _IMPORTERS:
        return False
    # Loaders fetch a package's data, too, and that may be the task's.
    return not path or ".py" in path.rpartition("/")[2]


def _is_importing(frame):
    while frame is not None:
        if frame.f_globals.get("__name__") in _LOADERS:
            return True
        frame = frame.f_back
    return False


def _is_inside_rmtree(frame):
    # It has told what it takes away; its steps name files by descriptors of folders.
    name = frame.f_code.co_name.lstrip("_")
    return name.startswith("rmtree") and frame.f_globals.get("__name__") == "shutil"


def _list(watch, event, args):
    frame = sys._getframe(2)
    if _is_import(frame) or _is_inside_rmtree(frame):
        return
    place, status = watch.target(args[0])
    if status is not None:
        watch.touch("list", place, event)


def _delete(watch, event, args):
    if not _is_inside_rmtree(sys._getframe(2)):
        watch.entry("delete", args[0], event, args[1])


def _rmtree(watch, event, args):
    watch.entry("deltree", args[0], event, args[1] if len(args) > 1 else -1)


def _mkdir(watch, event, args):
    watch.entry("makedir", args[0], event, args[2])


def _rename(watch, event, args):
    source, target, source_fd, target_fd = args
    was = watch.entry("move", source, f"{event} from", source_fd)
    if was:
        op = "arrivetree" if was == "folder" else "arrive"
        watch.entry(op, target, f"{event} to", target_fd)


def _link(watch, event, args):
    source, target, source_fd, target_fd = args
    place, status = watch.target(source, source_fd)
    if status is not None:
        watch.touch("read", place, event, "file")
        watch.entry("link", target, event, target_fd)


def _symlink(watch, event, args):
    watch.entry("link", args[1], event, args[2])
    watch.forget()


def _change(watch, event, args):
    dir_fd = args[-1] if event in _ENDING_IN_FOLDER else -1
    place, status = watch.target(args[0], dir_fd)
    if status is not None:
        watch.touch("write", place, event, "file")


def _sqlite(watch, event, args):
    path = os.fsdecode(args[0])
    if path.startswith("file:"):
        path = path[5:].partition("?")[0]
        path = path[2:] if path.startswith("//") else path
    if path and not path.startswith(":memory:"):
        place, status = watch.target(path)
        # What it does there shows in the file afterwards.
        watch.touch("sqlite", place, event, signature(status))


def signature(status):
    """What a file is like, to see later whether it has changed; empty: not there."""
    if status is None:
        return ""
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"


# -- the process -------------------------------------------------------------------


def _chdir(watch, event, args):
    place, status = watch.target(args[0])
    if status is not None:
        watch.touch("cwd", "cwd", event, place)


def _environment(watch, event, args):
    import zlib

    how = "set" if event == "os.putenv" else "unset"
    if _is_importing(sys._getframe(2)):
        how += " by an import"
    # It may be a secret: noted is only what tells whether two are the same.
    value = f"{zlib.crc32(os.fsencode(args[1])):08x}" if len(args) > 1 else ""
    watch.touch("environment", f"env:{os.fsdecode(args[0])}", how, value)


def _command(watch, event, args):
    if event == "os.system":
        watch.command(event, args[0])
    else:
        watch.command(event, args[0] if event == "pty.spawn" else args[1])


# -- sockets -----------------------------------------------------------------------


def _look_up(watch, event, args):
    host, port = args[:2]
    if host is None or not port:
        return
    host = os.fsdecode(host)
    port = port if isinstance(port, int) else os.fsdecode(port)
    watch.hosts[threading.get_ident(), str(port)] = host
    watch.touch("connect", address("tcp", host, port), event)


def _connect(watch, event, args):
    sock, where = args
    is_ours = event == "socket.bind"
    if isinstance(where, str | bytes):
        where = os.fsdecode(where)
        if where[:1] in ("", "\0"):  # Linux's abstract ones
            watch.touch("connect", f"unix://{where[1:]}", event)
        elif is_ours:
            watch.entry("create", where, event)
        else:
            watch.touch("connect", watch.target(where)[0], event)
        return
    if not isinstance(where, tuple) or not isinstance(where[0], str):
        return
    import socket

    protocol = "udp" if sock.type == socket.SOCK_DGRAM else "tcp"
    host, port = where[:2]
    if not is_ours:
        host = watch.hosts.get((threading.get_ident(), str(port)), host)
        watch.touch("connect", address(protocol, host, port), event)
    elif port:  # else any that is free
        watch.touch("serve", address(protocol, host, port), event)


def address(protocol, host, port):
    """The name of a socket's address; every way to say this machine is one.

    Examples
    --------
    >>> address("tcp", "127.0.0.1", 5432), address("udp", "fe80::1", 53)
    ('tcp://localhost:5432', 'udp://[fe80::1]:53')
    """
    host = "localhost" if host in _THIS_MACHINE else host
    host = f"[{host}]" if ":" in host else host
    return f"{protocol}://{host}:{port}"


# Those that may end in a descriptor of a folder.
_ENDING_IN_FOLDER = frozenset({"os.chmod", "os.chown", "os.utime"})
_NOTED = {
    "open": _open,
    "os.listdir": _list,
    "os.scandir": _list,
    "os.remove": _delete,
    "os.rmdir": _delete,
    "shutil.rmtree": _rmtree,
    "os.mkdir": _mkdir,
    "os.rename": _rename,
    "os.link": _link,
    "os.symlink": _symlink,
    "os.truncate": _change,
    "os.chmod": _change,
    "os.chown": _change,
    "os.utime": _change,
    "os.chflags": _change,
    "os.setxattr": _change,
    "os.removexattr": _change,
    "sqlite3.connect": _sqlite,
    "os.chdir": _chdir,
    "os.putenv": _environment,
    "os.unsetenv": _environment,
    "subprocess.Popen": _command,
    "os.system": _command,
    "os.exec": _command,
    "os.posix_spawn": _command,
    "pty.spawn": _command,
    "socket.getaddrinfo": _look_up,
    "socket.connect": _connect,
    "socket.sendto": _connect,
    "socket.bind": _connect,
}
