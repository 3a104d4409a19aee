"""From touches to accesses: what one observed task did to which resource, in the end.

Reads the notes of a task and looks at what it left on disk. Knows temporary files and
calls that failed; refuses to know what is noise (`noise`) and other tasks.
"""

import os
from functools import cache
from typing import NamedTuple

from .auditing import signature
from .noise import is_noise
from .witness import END_OF_NOTE, N_FIELDS, status_of

READ, WRITE, CREATE, DELETE, RENAME = "read", "write", "create", "delete", "rename"
CONNECT, ENVIRONMENT, CWD, COMMAND = "connect", "environment", "cwd", "command"
CHANGES = frozenset({WRITE, CREATE, DELETE, RENAME})

# What of a resource an access concerns.
CONTENT = "content"  # the file, the name, the address
NAMES = "names"  # which names there are in a folder
FOLDER = "folder"  # that the folder exists
TREE = "tree"  # the folder with all that is in it
PROCESS = "process"  # what tasks share only where they share a process
NOTHING = ""  # nothing that could be shared

_MAKING = frozenset({"create", "link", "arrive", "arrivetree", "write"})
_STARTERS = frozenset({"os.posix_spawn", "os.exec", "pty.spawn"})
# Clocks of file systems tick this coarsely (ns).
_TICK = 20_000_000


class Touch(NamedTuple):
    """One kind of event on one resource, as `auditing` or `traces` has it."""

    op: str
    resource: str
    how: str
    was: str  # what was there before: "file", "folder", nothing; "?": not known
    count: int


class Access(NamedTuple):
    """One kind of access of a task to a resource."""

    resource: str
    kind: str
    part: str
    how: tuple[str, ...]
    count: int
    is_temporary: bool = False  # made by the task, and gone with it
    is_own: bool = False  # reading what the task itself had made
    changes_names: bool = False  # adds a name to its folder, or takes one away
    values: frozenset = (
        frozenset()
    )  # what an environment variable was set to, disguised


class Notes(NamedTuple):
    """What the notes of a task say beside its touches."""

    touches: list
    led: dict  # links that are gone, or lead elsewhere now -> where they led
    started: float  # on the host's clock; NaN: it did not come to that
    left_folder: str  # where the process was left; empty: where it had been
    left_variables: frozenset
    traced: list  # of (name of the trace's files, folder, pid or 0)
    untraced: list  # names of programs
    uses_relative: bool
    n_missed: int


def read_notes(path) -> Notes:
    """The notes in a file, as far as they were written."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        fields = file.read().split("\0")
    touches, counts, led, traced, untraced, left = {}, {}, {}, [], [], set()
    started, folder, uses_relative, n_missed = float("nan"), "", False, 0
    for i in range(0, len(fields) - N_FIELDS, N_FIELDS):
        what, about, how, was, end = fields[i : i + N_FIELDS]
        if end != END_OF_NOTE:
            break
        op, _, count = what.partition(" ")
        if op == "started":
            started = float(about)
        elif op == "left" and about == "cwd":
            folder = how
        elif op == "left":
            left.add(about)
        elif op == "led":
            led.setdefault(about, how)
        elif op == "traced":
            traced.append((about, how, int(was or 0)))
        elif op == "untraced":
            untraced.append(about)
        elif op == "relative":
            uses_relative = True
        elif op == "missed":
            n_missed = int(about)
        else:
            key = op, about, how, was
            touches.setdefault(key, None)
            if count:
                counts[key] = int(count)
    # Left changed, though no event has told of it.
    for name in left - {key[1] for key in touches}:
        touches["environment", name, "changed", ""] = None
    if folder and not any(key[0] == "cwd" for key in touches):
        touches["cwd", "cwd", "changed", folder] = None
    listed = [Touch(*key, counts.get(key, 1)) for key in touches]
    return Notes(
        listed,
        led,
        started,
        folder,
        frozenset(left),
        traced,
        untraced,
        uses_relative,
        n_missed,
    )


def is_untraced(how):
    """Whether commands started like this escape a tracer."""
    return how in _STARTERS


def settle(touches, began, led=None) -> list[Access]:
    """The accesses behind a task's touches, once it has ended.

    Parameters
    ----------
    touches : list of Touch
        In the order in which they came first.
    began : int
        When the task began, ns of the wall clock.
    led : mapping of str to str, optional
        Links that the task has changed, and where they led before.

    Returns
    -------
    list of Access
        One for each resource, kind and part. Attempts that came to nothing and what is
        always noise are left out.
    """
    return _Settling(touches, began, led or {}).accesses()


class _Settling:
    def __init__(self, touches, began, led):
        self._touches = [t for t in touches if not is_noise(t.resource, t.op)]
        self._began = began
        self._led = led
        self._was_there = set()
        self._made = set()  # what was not
        self._makes = {  # what is, at some time
            t.resource
            for t in touches
            if t.op in _MAKING or (t.op == "makedir" and t.was != "folder")
        }
        self._deleted = {t.resource for t in touches if t.op in ("delete", "move")}
        self._exists = cache(os.path.lexists)
        self._found = {}

    def accesses(self):
        for touch in self._touches:
            getattr(self, f"_{touch.op}")(touch)
        return [self._ended(access) for access in self._found.values()]

    def _ended(self, access):
        is_new = access.resource in self._made - self._was_there
        is_temporary = is_new and not self._exists(access.resource)
        return access._replace(is_temporary=is_temporary)

    def _add(self, touch, kind, part=CONTENT, **more):
        if touch.resource not in self._made:
            self._was_there.add(touch.resource)
        key = touch.resource, kind, part
        access = Access(touch.resource, kind, part, (touch.how,), touch.count, **more)
        known = self._found.get(key)
        if known is not None:
            access = access._replace(
                how=tuple(dict.fromkeys((*known.how, touch.how))),
                count=known.count + touch.count,
                is_own=known.is_own and access.is_own,
                changes_names=known.changes_names or access.changes_names,
                values=known.values | access.values,
            )
        self._found[key] = access

    # -- one method for each kind of touch ------------------------------------

    def _read(self, touch):
        self._add(touch, READ, is_own=touch.resource in self._made)

    def _look(self, touch):
        place = self._led.get(touch.resource) or os.path.realpath(touch.resource)
        if os.path.isdir(place) or is_noise(place, touch.op):
            return
        # Of what is gone, it may have been read, or have been missed and made.
        if self._exists(place) or place in self._deleted - self._makes:
            self._read(touch._replace(resource=place))

    def _list(self, touch):
        self._add(touch, READ, NAMES, is_own=touch.resource in self._made)

    def _write(self, touch):
        if self._is_new(touch):
            self._create(touch)
        else:
            self._add(touch, WRITE)

    def _create(self, touch):
        # It may have been made through a link that had led nowhere.
        self._link(touch._replace(resource=os.path.realpath(touch.resource)))

    def _link(self, touch):
        self._made.add(touch.resource)
        self._add(touch, CREATE, changes_names=True)

    def _makedir(self, touch):
        if touch.was:  # had it not been there, the task would have made it
            how = f"{touch.how}, which was there"
            self._add(touch._replace(how=how), READ, FOLDER, is_own=True)
            return
        self._made.add(touch.resource)
        self._add(touch, CREATE, FOLDER, changes_names=True)

    def _delete(self, touch, part=CONTENT):
        if self._has_failed(touch):
            return
        if touch.was == "folder" and part == CONTENT:
            part = FOLDER
        self._add(touch, DELETE, part, changes_names=True)

    def _deltree(self, touch):
        self._delete(touch, TREE if touch.was == "folder" else CONTENT)

    def _move(self, touch):
        if self._has_failed(touch):
            return
        part = TREE if touch.was == "folder" else CONTENT
        self._add(touch, RENAME, part, changes_names=True)

    def _arrive(self, touch, part=CONTENT):
        is_new = self._is_new(touch)
        if is_new:
            self._made.add(touch.resource)
        self._add(touch, RENAME, part, changes_names=is_new)

    def _arrivetree(self, touch):
        self._arrive(touch, TREE)

    def _sqlite(self, touch):
        is_there = self._exists(touch.resource)
        if not touch.was:
            if is_there:
                self._create(touch)
            return
        now = signature(status_of(touch.resource))
        if touch.was != now or self._exists(f"{touch.resource}-wal"):
            self._add(touch, WRITE)
        if is_there:
            self._add(touch, READ, is_own=touch.resource in self._made)

    def _connect(self, touch):
        self._add(touch, CONNECT)

    def _serve(self, touch):
        self._add(touch, WRITE)

    def _environment(self, touch):
        # Imports settle a process once, and need not be kept apart for that.
        part = NOTHING if touch.how.endswith(" by an import") else PROCESS
        self._add(touch, ENVIRONMENT, part, values=frozenset({touch.was}))

    def _cwd(self, touch):
        self._add(touch._replace(how=f"{touch.how} to {touch.was}"), CWD, PROCESS)

    def _command(self, touch):
        self._add(touch, COMMAND, NOTHING)

    def _has_failed(self, touch):
        """Whether what should be gone is there, and nothing has put it there again."""
        return self._exists(touch.resource) and touch.resource not in self._makes

    def _is_new(self, touch):
        """Whether the task has made the name, as far as can be told afterwards."""
        if touch.was != "?" or touch.resource in self._made:
            return not touch.was and touch.resource not in self._made
        if not self._exists(touch.resource):
            return touch.resource in self._deleted
        # A folder is as old as the last change of the names in it.
        folder = status_of(os.path.dirname(touch.resource))
        return folder is not None and folder.st_mtime_ns >= self._began - _TICK
