"""Which tasks touch the same thing: resources, by name or by path.

Knows when two texts mean one resource, and that a folder contains its files; refuses to
know in which order tasks go. Looks at the disk for links and for what exists, and
opens nothing.
"""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from ..tasks.declarations import encodable


class Access(NamedTuple):
    """One task's use of one resource."""

    task: int
    is_write: bool
    is_direct: bool  # it names the resource itself, not a folder around it


class Resources:
    """What is used by more than one task, and changed by at least one of them.

    Attributes
    ----------
    accesses : dict of str to list of Access
        By resource, one for each task, in the order of tasks.
    """

    def __init__(self, tasks: Sequence):
        self._texts: dict[str, str] = {}  # as first declared
        direct: dict[str, dict[int, bool]] = defaultdict(dict)
        identify = _Identities(tasks)
        for position, task in enumerate(tasks):
            for texts, is_write in ((task.reads, False), (task.writes, True)):
                for text in texts:
                    key = identify(task, text)
                    self._texts.setdefault(key, text)
                    used = direct[key]
                    used[position] = used.get(position, False) or is_write
        self.accesses = {}
        for key in direct:
            accesses = _accesses(key, direct)
            if len(accesses) > 1 and any(access.is_write for access in accesses):
                self.accesses[key] = accesses

    def text(self, key: str, *, is_within: bool = False) -> str:
        """A resource as a task first declared it, and the folder that it is within.

        As in frames, what UTF-8 cannot hold is written with backslashes.
        """
        folder = next((f for f in _folders(key) if f in self._texts), None)
        told = self._texts[key]
        if is_within and folder is not None:
            told = f"{told} in {self._texts[folder]}"
        return encodable(told)


def _accesses(key, direct):
    uses = {task: (is_write, True) for task, is_write in direct[key].items()}
    for folder in _folders(key):
        for task, is_write in direct.get(folder, {}).items():
            writes, is_direct = uses.get(task, (False, False))
            uses[task] = (writes or is_write, is_direct)
    return [Access(task, *use) for task, use in sorted(uses.items())]


def _folders(key):
    """The folders around a path, the innermost first; a name lies in none."""
    is_address = "://" in key
    if not (is_address or os.path.isabs(key)):
        return
    split = posixpath.dirname if is_address else os.path.dirname
    inner, outer = key, split(key)
    while outer and outer != inner:
        yield outer
        inner, outer = outer, split(outer)


class _Identities:
    """From a text to what it stands for: an absolute path, an address, or a name."""

    def __init__(self, tasks):
        self._known: dict[tuple[str, str], str] = {}
        self._real: dict[str, str] = {}
        names = set()
        for task in tasks:
            where = getattr(task, "cwd", None) or ""
            for text in (*task.reads, *task.writes):
                if (where, text) not in self._known:
                    key = self._key(where, text)
                    self._known[where, text] = key
                    if key == text and not _is_path(text):
                        names.add((where, text))
        if names:
            self._find_paths_among(names)

    def __call__(self, task, text):
        return self._known[getattr(task, "cwd", None) or "", text]

    def _key(self, where, text):
        if "://" in text:
            scheme, _, rest = text.partition("://")
            return f"{scheme}://{posixpath.normpath(rest)}"
        path = os.path.join(os.path.abspath(where), os.path.expanduser(text))
        if _is_path(text) or os.path.lexists(path):
            return self._resolved(path)
        return text

    def _find_paths_among(self, names):
        """A name that others use as a path is one, though nothing is there yet."""
        paths = {key for key in self._known.values() if os.path.isabs(key)}
        if not paths:
            return
        for key in list(paths):
            paths.update(_folders(key))
        for where, text in names:
            path = self._resolved(os.path.join(os.path.abspath(where), text))
            if path in paths:
                self._known[where, text] = path

    def _resolved(self, path):
        """As `os.path.realpath`, with folders looked at once."""
        path = os.path.normpath(path) if ".." not in path else os.path.realpath(path)
        folder, name = os.path.split(path)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        path = os.path.join(self._real[folder], name)
        return os.path.realpath(path) if os.path.islink(path) else path


def _is_path(text):
    return (
        os.sep in text
        or (os.altsep is not None and os.altsep in text)
        or text.startswith((os.curdir, "~"))
        or os.path.isabs(text)
    )
