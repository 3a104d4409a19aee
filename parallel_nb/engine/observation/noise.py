"""Paths that say nothing about a task: the kernel's, the system's, Python's, our own.

Knows where things are on this machine; refuses to know what is done to them.
"""

import os
import site
import sys
import sysconfig
import tempfile
from functools import cache

_NEVER = ("/proc/", "/sys/", "/dev/pts/", "/dev/fd/")
_DEVICES = frozenset(
    f"/dev/{name}"
    for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx")
)
_OURS = (
    "joblib_memmapping_folder_",
    "loky-",
    "parallel_nb-observe-",
    "parallel_nb-record-",
    "pymp-",
)
_SYSTEM = (
    "/bin",
    "/etc",
    "/lib",
    "/lib64",
    "/sbin",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local/lib",
    "/usr/share",
    "/System",
    "/Library",
)


def is_noise(resource, op):
    """Whether nobody cares: the kernel's windows, caches of bytecode, our own files."""
    if op in ("environment", "cwd", "command", "serve"):
        return False
    if resource.startswith(_NEVER) or resource in _DEVICES:
        return True
    parts = resource.split("/")
    if "__pycache__" in parts or resource.endswith(".pyc"):
        return True
    for folder, names in _passing():
        if resource.startswith(folder):
            return resource[len(folder) :].startswith(names)
    return False


@cache
def _passing():
    """Folders for what passes, and the names there that are nobody's business."""
    temporary = os.path.realpath(tempfile.gettempdir()) + os.sep
    return (temporary, _OURS), ("/dev/shm/", (*_OURS, "sem."))


@cache
def system_folders(cwd) -> tuple[str, ...]:
    """Folders of the system and of Python: reading there is no task's business.

    Parameters
    ----------
    cwd : str
        A folder in which one works is none of them.
    """
    folders = {*_SYSTEM, *sysconfig.get_paths().values()}
    folders |= {sys.prefix, sys.base_prefix, sys.exec_prefix}
    if site.ENABLE_USER_SITE:
        folders.add(site.getusersitepackages())
    real = {os.path.realpath(folder) for folder in folders} | folders
    here = os.path.realpath(cwd) + os.sep
    kept = {f"{folder.rstrip(os.sep)}{os.sep}" for folder in real}
    return tuple(sorted(f for f in kept if f != os.sep and not here.startswith(f)))
