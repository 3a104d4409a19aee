"""Which observed tasks would disturb each other, over what, and whether they say so.

Knows the accesses of all tasks, and what tasks declare; refuses to know how either was
found out.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from types import SimpleNamespace
from typing import NamedTuple

from ...planning.reach import ways
from ...planning.resources import Resources
from .noise import system_folders
from .touching import (
    CHANGES,
    CONTENT,
    CREATE,
    CWD,
    ENVIRONMENT,
    FOLDER,
    NAMES,
    NOTHING,
    READ,
    TREE,
    Access,
)

# Tasks on one resource of which every pair is told; beyond, only neighbours are.
_MOST_ON_ONE = 200
# Declarations that are looked for inside of a folder that two tasks have to do with.
_LOOKED_FOR = 50


class Clash(NamedTuple):
    """Two tasks and what they must not do at the same time."""

    first: int
    then: int
    resource: str
    first_writes: bool
    then_writes: bool
    over: str  # the part of the resource, as `touching` has it
    owner: int = -1  # of the two, who makes, changes or removes the folder
    inside: tuple[str, ...] = ()  # what in it the other uses, or which names change


def without_noise(accesses: Mapping[int, list[Access]], cwd) -> dict[int, list[Access]]:
    """Accesses by task, without reading in the system's folders.

    What another task changes there is no noise.
    """
    system = system_folders(cwd)
    changed = {
        access.resource
        for listed in accesses.values()
        for access in listed
        if access.kind in CHANGES
    }

    def matters(access):
        is_system = f"{access.resource}/".startswith(system)
        return not is_system or access.kind != READ or access.resource in changed

    return {task: list(filter(matters, listed)) for task, listed in accesses.items()}


def find_clashes(
    accesses: Mapping[int, list[Access]], *, in_vain=frozenset(), relative=frozenset()
) -> list[Clash]:
    """Pairs of tasks that touch one resource, at least one of them changing it.

    Parameters
    ----------
    accesses : mapping of int to list of Access
        By task.
    in_vain : set of int
        Tasks that are not done: a folder that they could not make was in their way.
    relative : set of int
        Tasks that use paths relative to the working directory.

    Returns
    -------
    list of Clash
        - A file, name or address: one changes it, the other reads or changes it.
        - A folder's names: one lists them, the other adds or takes away a name.
        - A folder: one makes it, the other uses something in it without being ready to
          make it. Two tasks that would both make it do not clash.
        - A tree: one moves or removes a folder, the other uses something in it.
        - Of the process, where it is shared: both set a variable, to different values;
          one changes the working directory and the other does, too, or relies on it.

        What a task made and took away again clashes only with those who use the same
        name.
    """
    tables = _Tables(accesses, in_vain)
    return sorted(
        [
            *tables.on_content(),
            *tables.on_names(),
            *tables.on_folders(),
            *tables.on_variables(),
            *tables.on_working_directory(relative),
        ]
    )


class _Tables:
    """The accesses, by what they concern."""

    def __init__(self, accesses, in_vain):
        self.content = defaultdict(dict)  # resource -> task -> whether it writes
        self.listed = defaultdict(set)  # folder -> tasks
        self.names = defaultdict(lambda: defaultdict(list))  # folder -> task -> names
        self.trees = defaultdict(set)  # folder -> tasks that move or remove it
        self.made = defaultdict(set)  # folder -> tasks that make it
        self.ready = defaultdict(set)  # task -> folders that it would make
        self.variables = defaultdict(dict)  # name -> task -> values
        self.movers = set()  # tasks that change the working directory
        self.used = defaultdict(dict)  # task -> resource -> whether it writes
        for task, listed in accesses.items():
            for access in listed:
                self._enter(task, access, task in in_vain)

    def _enter(self, task, access, is_in_vain):
        resource, writes = access.resource, access.kind in CHANGES
        if access.part == NOTHING:
            return
        if access.kind == ENVIRONMENT:
            self.variables[resource][task] = access.values
        elif access.kind == CWD:
            self.movers.add(task)
        elif access.part in (CONTENT, TREE):
            users = self.content[resource]
            users[task] = users.get(task, False) or writes
        elif access.part == NAMES:
            self.listed[resource].add(task)
        elif access.part == FOLDER and access.kind == READ:
            if is_in_vain:
                self.content[resource][task] = False
            else:
                self.ready[task].add(resource)
        elif access.part == FOLDER and access.kind != CREATE:
            self.content[resource][task] = True
        if not os.path.isabs(resource):
            return
        if not (access.part == FOLDER and access.kind == READ):
            used = self.used[task]
            used[resource] = used.get(resource, False) or writes
        if access.part == FOLDER and access.kind == CREATE:
            self.ready[task].add(resource)
        if access.is_temporary:
            return
        if access.changes_names:
            self.names[os.path.dirname(resource)][task].append(resource)
        if access.part == TREE:
            self.trees[resource].add(task)
        if access.part == FOLDER and access.kind == CREATE:
            self.made[resource].add(task)

    def on_content(self) -> Iterator[Clash]:
        for resource, users in self.content.items():
            makers = self.made.get(resource, ())
            users = {**users, **dict.fromkeys(makers, True)} if makers else users
            if len(users) < 2 or not any(users.values()):
                continue
            tasks = sorted(users)
            pairs = combinations if len(tasks) <= _MOST_ON_ONE else _neighbours
            for first, then in pairs(tasks, 2):
                if users[first] or users[then]:
                    yield Clash(
                        first, then, resource, users[first], users[then], CONTENT
                    )

    def on_names(self):
        for folder in self.listed.keys() & self.names.keys():
            for lister in self.listed[folder]:
                for changer, names in self.names[folder].items():
                    if changer != lister:
                        inside = tuple(names[:_LOOKED_FOR])
                        yield _ordered(changer, lister, folder, False, NAMES, inside)

    def on_folders(self):
        """Who uses something inside a folder that another makes, moves or removes."""
        if not self.trees and not self.made:
            return
        inside = defaultdict(lambda: defaultdict(list))  # (folder, task) by part
        for task, used in self.used.items():
            for resource in used:
                self._find_around(task, resource, inside)
        for (folder, owner, part), users in inside.items():
            for task, resources in users.items():
                writes = part == TREE and any(self.used[task][r] for r in resources)
                names = tuple(resources[:_LOOKED_FOR])
                yield _ordered(owner, task, folder, writes, part, names)

    def _find_around(self, task, resource, inside):
        is_made = False
        for folder in (resource, *_folders_around(resource)):
            is_made = is_made or folder in self.ready[task]
            owners = [(owner, TREE) for owner in self.trees.get(folder, ())]
            if not is_made:
                owners += [(owner, FOLDER) for owner in self.made.get(folder, ())]
            for owner, part in owners:
                if owner != task:
                    inside[folder, owner, part][task].append(resource)

    def on_variables(self):
        for name, users in self.variables.items():
            for first, then in combinations(sorted(users), 2):
                if users[first] != users[then] or len(users[first]) > 1:
                    yield Clash(first, then, name, True, True, ENVIRONMENT)

    def on_working_directory(self, relative):
        for mover in self.movers:
            for other in (self.movers | relative) - {mover}:
                yield _ordered(mover, other, CWD, other in self.movers, CWD)


def _ordered(owner, other, resource, other_writes, part, inside=()):
    """The clash of one who changes something with another, in the order of tasks."""
    if owner < other:
        return Clash(owner, other, resource, True, other_writes, part, owner, inside)
    return Clash(other, owner, resource, other_writes, True, part, owner, inside)


def _neighbours(tasks, _):
    return pairwise(tasks)


def _folders_around(path):
    inner, outer = path, os.path.dirname(path)
    while outer != inner:
        yield outer
        inner, outer = outer, os.path.dirname(outer)


# -- what is declared --------------------------------------------------------------


class Declared:
    """What tasks say of themselves, asked resource by resource.

    Parameters
    ----------
    tasks : sequence of Task
    resources : iterable of str
        All that will be asked for.
    """

    def __init__(self, tasks, resources):
        probe = SimpleNamespace(reads=(), writes=tuple(resources))
        found = Resources([*tasks, probe]).accesses
        self._users = {
            resource: {
                access.task: access.is_write
                for access in accesses
                if access.task < len(tasks)
            }
            for resource, accesses in found.items()
        }

    def by(self, task, resource) -> bool | None:
        """Whether a task says that it writes the resource; None: it says nothing."""
        return self._users.get(resource, {}).get(task)

    def covers(self, clash: Clash) -> bool:
        """Whether both say enough to be kept apart over this."""
        for resource in (clash.resource, *clash.inside):
            said = self.by(clash.first, resource), self.by(clash.then, resource)
            if None not in said and any(said):
                return True
        return False


def in_order(clashes, order, waits) -> set[tuple[int, int]]:
    """Pairs of clashing tasks of which one waits for the other in any case."""
    pairs = {(c.first, c.then) for c in clashes}
    pairs |= {(then, first) for first, then in pairs}
    ordered, _ = ways(order, waits, pairs)
    return ordered | {(then, first) for first, then in ordered}
