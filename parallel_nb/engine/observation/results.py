"""`Observation`: what tasks did to which resources, who clashes, and who says so.

Knows frames and declarations; refuses to know how the tasks were run (`observing`) and
how things are worded (`retelling`).
"""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from ...planning.conflicts import READ_WRITE, WRITE_WRITE
from ...runs import Run
from ...tasks import Shell, Task, with_results
from . import retelling
from .clashes import Clash, Declared
from .touching import (
    CHANGES,
    COMMAND,
    CONNECT,
    CONTENT,
    CREATE,
    CWD,
    DELETE,
    ENVIRONMENT,
    NAMES,
    PROCESS,
    READ,
    RENAME,
    TREE,
    WRITE,
    Access,
)

KINDS = (READ, WRITE, CREATE, DELETE, RENAME, CONNECT, ENVIRONMENT, CWD, COMMAND)
_KIND = pd.CategoricalDtype(KINDS)
_CONFLICT = pd.CategoricalDtype((WRITE_WRITE, READ_WRITE))
# What only tasks in one process have in common.
OF_PROCESS = frozenset({ENVIRONMENT, CWD})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Observation:
    """What tasks really read and write, found by watching them; made by `observe`.

    Attributes
    ----------
    accesses : DataFrame
        Who did what: `task` (position), `name`, `resource`, `kind`, `count`, `how`.

        - Files and folders are absolute paths without links; ``tcp://host:port`` and
          the like are addresses, ``env:NAME`` is a variable and ``cwd`` the working
          directory.
        - Kinds: read (also the names in a folder), write (also to rights and times),
          create, delete, rename (both names), connect, environment, cwd, command.
        - Counts are of calls: a lower bound where a process was killed or forked.
    reads, writes : tuple of tuples of str
        Resources that each task used or changed, without those that it made itself
        and took away again; empty where it was not observed. An address that it talked
        to counts as read, one that it listened on as written.
    conflicts : DataFrame
        Tasks that would disturb each other, a row for each pair and resource: `a`,
        `b` (positions), `a_name`, `b_name`, `resource`, `kind` (write-write,
        read-write), `declared`: they are kept apart by their own reads and writes, or
        one waits for the other anyway; `in_threads_only`: what they share is the
        environment or the working directory of a process. Between more than 200 tasks
        on one resource, only neighbours are listed.

        Who lists a folder conflicts with those who add names to it or take them away,
        not with those who change a file there; who makes a folder, with those who use
        it and would not have made it; who moves or removes one, with all who use
        something in it.
    tasks : tuple of Task
        Copies of the tasks, ready for `plan`: with what they declare themselves and
        what was seen. A folder that a task only lists, makes or needs is named where
        that disturbs another task, as a declared folder stands for all that is in it.
        The environment and the working directory are left out: tasks in isolated lanes
        share neither.
    observed : tuple of int
        Positions of the tasks that were observed, ascending; row i of `run.tasks` is
        the one at ``observed[i]``.
    not_observed : tuple of str
        What could not be seen, and why.
    run : Run
        The observation as a run: times, results and errors, one row for each observed
        task. As ``history=``, it tells `plan` how long tasks take.
    """

    accesses: pd.DataFrame
    reads: tuple[tuple[str, ...], ...]
    writes: tuple[tuple[str, ...], ...]
    conflicts: pd.DataFrame
    tasks: tuple[Task | Shell, ...]
    observed: tuple[int, ...]
    not_observed: tuple[str, ...]
    run: Run
    _told: retelling.Told

    @property
    def undeclared(self) -> pd.DataFrame:
        """The rows of `conflicts` that no task tells of."""
        return self.conflicts[~self.conflicts["declared"]].reset_index(drop=True)

    def __repr__(self):
        return retelling.line(self)

    def to_text(self) -> str:
        """The observation on a page: who disturbs whom, and what could not be seen."""
        return retelling.page(self, self._told)


def make_observation(
    tasks: Sequence[Task | Shell],
    accesses: Mapping[int, list[Access]],
    clashes: Sequence[Clash],
    *,
    order: Sequence[int],
    ordered: set[tuple[int, int]],
    left: Mapping[int, Sequence[str]],
    not_observed: Sequence[str],
    run: Run,
    cwd: str,
) -> Observation:
    """Put together what was found.

    Parameters
    ----------
    tasks : sequence of Task
    accesses : mapping of int to list of Access
        Of the observed tasks, by position.
    clashes : sequence of Clash
    order : sequence of int
        All tasks, each after those whose results it is passed.
    ordered : set of (int, int)
        Pairs of clashing tasks of which one waits for the other.
    left : mapping of int to sequence of str
        What tasks left changed in their process.
    not_observed : sequence of str
    run : Run
    cwd : str
        Paths are told as seen from there.
    """
    reads = [_reads(accesses.get(i, ())) for i in range(len(tasks))]
    writes = [_writes(accesses.get(i, ())) for i in range(len(tasks))]
    filled_reads, filled_writes = _for_plan(accesses, clashes, len(tasks))
    asked = {
        *(resource for each in (*filled_reads, *filled_writes) for resource in each),
        *(name for c in clashes for name in (c.resource, *c.inside)),
    }
    declared = Declared(tasks, sorted(asked))
    is_declared = [(c.first, c.then) in ordered or declared.covers(c) for c in clashes]
    return Observation(
        accesses=_accesses_frame(tasks, accesses),
        reads=tuple(map(tuple, reads)),
        writes=tuple(map(tuple, writes)),
        conflicts=_conflicts_frame(tasks, clashes, is_declared),
        tasks=_filled(tasks, order, filled_reads, filled_writes, declared),
        observed=tuple(sorted(accesses)),
        not_observed=tuple(not_observed),
        run=run,
        _told=retelling.Told(tuple(clashes), tuple(is_declared), declared, left, cwd),
    )


def _reads(accesses):
    return dict.fromkeys(
        a.resource
        for a in accesses
        if a.kind in (READ, CONNECT) and not a.is_own and not a.is_temporary
    )


def _writes(accesses):
    return dict.fromkeys(
        a.resource
        for a in accesses
        if a.kind in CHANGES or a.part == PROCESS
        if not a.is_temporary
    )


def _for_plan(accesses, clashes, n):
    """Resources to declare: a folder only where it is what two tasks clash over."""
    reads, writes = [{} for _ in range(n)], [{} for _ in range(n)]
    for task, listed in accesses.items():
        whole = [a for a in listed if a.part in (CONTENT, TREE)]
        reads[task] = _reads(whole)
        writes[task] = _writes(whole)
    for clash in clashes:
        if clash.over in OF_PROCESS:
            continue
        for task, is_write in (
            (clash.first, clash.first_writes),
            (clash.then, clash.then_writes),
        ):
            # Who changes names in a folder names these, not the folder.
            is_owner = task == clash.owner
            is_whole = clash.owner < 0 or is_owner != (clash.over == NAMES)
            named = (clash.resource,) if is_whole else clash.inside
            (writes if is_write else reads)[task].update(dict.fromkeys(named))
    return reads, writes


def _accesses_frame(tasks, accesses):
    rows = []
    for task in sorted(accesses):
        by_kind = groupby(
            sorted(accesses[task], key=lambda a: (a.resource, KINDS.index(a.kind))),
            key=lambda a: (a.resource, a.kind),
        )
        for (resource, kind), group in by_kind:
            group = list(group)
            how = list(dict.fromkeys(how for a in group for how in a.how))
            if all(a.is_temporary for a in group):
                how.append("temporary")
            count = sum(a.count for a in group)
            rows.append((task, tasks[task].name, resource, kind, count, ", ".join(how)))
    columns = zip(*rows, strict=True) if rows else [()] * 6
    task, name, resource, kind, count, how = columns
    return pd.DataFrame(
        {
            "task": np.array(task, np.int64),
            "name": _text(name),
            "resource": _text(resource),
            "kind": pd.Categorical(kind, dtype=_KIND),
            "count": np.array(count, np.int64),
            "how": _text(how),
        }
    )


def _conflicts_frame(tasks, clashes, is_declared):
    rows = {}
    for clash, declared in zip(clashes, is_declared, strict=True):
        key = clash.first, clash.then, clash.resource
        both = clash.first_writes and clash.then_writes
        in_threads = clash.over in OF_PROCESS
        known = rows.get(key, (False, True, True))
        rows[key] = (
            known[0] or both,
            known[1] and declared,
            known[2] and in_threads,
        )
    found = sorted(rows)
    said = [rows[key] for key in found]
    kinds = [WRITE_WRITE if both else READ_WRITE for both, _, _ in said]
    return pd.DataFrame(
        {
            "a": np.array([a for a, _, _ in found], np.int64),
            "b": np.array([b for _, b, _ in found], np.int64),
            "a_name": _text([tasks[a].name for a, _, _ in found]),
            "b_name": _text([tasks[b].name for _, b, _ in found]),
            "resource": _text([resource for _, _, resource in found]),
            "kind": pd.Categorical(kinds, dtype=_CONFLICT),
            "declared": np.array([declared for _, declared, _ in said], bool),
            "in_threads_only": np.array([only for _, _, only in said], bool),
        }
    )


def _text(values):
    # Names on disk need not be text; what cannot be is shown escaped.
    shown = [v.encode("utf-8", "backslashreplace").decode() for v in values]
    return pd.array(shown, dtype="str")


# -- tasks that say what they do ---------------------------------------------------


def _filled(tasks, order, reads, writes, declared):
    """Copies of the tasks that declare more, and refer to each other's copies."""
    copies: dict = {}
    filled = {}
    for position in order:
        task = tasks[position]
        more_reads = [r for r in reads[position] if declared.by(position, r) is None]
        more_writes = [w for w in writes[position] if not declared.by(position, w)]
        fields = {
            "reads": (*task.reads, *(r for r in more_reads if r not in more_writes)),
            "writes": (*task.writes, *more_writes),
            "after": tuple(copies.get(each, each) for each in task.after),
        }
        filled[position] = copies[task] = _copy(task, fields, copies)
    return tuple(filled[position] for position in range(len(tasks)))


def _copy(task, fields, copies):
    if isinstance(task, Shell):
        return dataclasses.replace(task, **fields)
    made = copy.copy(task)
    for field, value in fields.items():
        setattr(made, field, value)
    made.args, made.kwargs = with_results(task, copies)
    return made
