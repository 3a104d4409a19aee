"""What can be said of a run besides what it has to do, checked.

One list of names and defaults, for `run`, `start` and `rerun` alike.
"""

import math
import os
import re
import sys
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import ArgumentError
from ..tasks import Shell
from ..tasks.declarations import checked_timeout, positive_seconds
from ..tasks.trying import Tries, checked_tries

# A run's journal, beside the file that the run is saved in.
JOURNAL = ".journal"

_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_UNITS |= {f"{unit}i": 1024**i for i, unit in enumerate(("k", "m", "g", "t"), 1)}
# Where an attempt that takes too long can be ended or left behind.
_TIMING = ("isolated", "threading")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The arguments of `run` after the work and its inputs, which are described there.

    Raises
    ------
    ArgumentError
        If one is not what it may be, as far as that shows without the others.
    """

    n_jobs: int | None = None
    backend: Any = None
    client: Any = None
    agents: Any = None
    name: Any = None
    label: str = ""
    tags: Any = ()
    order: str = "given"
    cost: Any = None
    history: Any = None
    wait: Any = "all"
    on_failure: str = "continue"
    barriers: bool = False
    timeout: Any = None
    on_timeout: str | None = None
    retries: int | None = None
    backoff: Any = None
    retry_on: Any = None
    deadline: float | None = None
    max_memory: Any = None
    path: Any = None
    journal: Any = None
    resume: Any = None
    store: Any = None
    on_event: Any = None
    keep_results: bool = True
    tries: Tries = field(init=False)
    has_no_journal: bool = field(init=False)  # as was asked for
    is_stores_journal: bool = field(init=False)  # it goes once the store has the Run

    def __post_init__(self):
        put = object.__setattr__
        if self.on_event is not None and not callable(self.on_event):
            raise ArgumentError(f"`on_event` must be callable; got {self.on_event!r}")
        put(self, "timeout", checked_timeout(self.timeout))
        tries = checked_tries(
            self.retries, self.backoff, self.retry_on, self.on_timeout
        )
        put(self, "tries", tries)
        put(self, "deadline", _checked_deadline(self.deadline))
        put(self, "max_memory", checked_memory(self.max_memory))
        put(self, "path", _checked_path(self.path))
        put(self, "has_no_journal", self.journal is False)
        needs_journal = _checked_store(self.store) and not self.resume
        needs_journal &= self.journal is None and self.path is None
        put(self, "is_stores_journal", needs_journal)
        if needs_journal:
            put(self, "journal", self.store.new_journal())
        put(self, "journal", _journal_path(self.path, self.journal))

    @classmethod
    def of(cls, caller, **given):
        """From keywords of a public function, whose name an error can tell."""
        known = {each.name for each in fields(cls) if each.init}
        unknown = set(given) - known
        if unknown:
            raise ArgumentError(
                f"{caller}() has no argument {min(unknown)!r}; it has "
                + ", ".join(sorted(known))
            )
        return cls(**given)


def _checked_deadline(deadline):
    if deadline is None:
        return None
    seconds = positive_seconds(deadline)
    if seconds is None:
        raise ArgumentError(
            "`deadline` must be the number of seconds, above 0, that the whole run may "
            f"take; got {deadline!r}"
        )
    return seconds


def checked_memory(given):
    """A size in bytes from a number or a text.

    Examples
    --------
    >>> checked_memory("1.5 GB"), checked_memory("200 MiB"), checked_memory(None)
    (1500000000, 209715200, None)
    """
    if given is None:
        return None
    found = None
    if isinstance(given, str):
        found = re.fullmatch(r"\s*([\d.]+)\s*([kmgt]?i?)b?\s*", given.lower())
    try:
        if found is not None:
            n_bytes = float(found[1]) * _UNITS[found[2]]
        else:
            n_bytes = math.nan if isinstance(given, bool | str) else float(given)
    except (KeyError, TypeError, ValueError):
        n_bytes = math.nan
    if not 1 <= n_bytes < math.inf:
        raise ArgumentError(
            "`max_memory` must be a number of bytes, or a size such as '500 MB' or "
            f"'2 GiB'; got {given!r:.60}"
        )
    return int(n_bytes)


def _checked_path(path):
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"`path` must be a path; got {path!r:.60}")
    path = os.fspath(path)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ArgumentError(f"`path={path!r}`: there is no folder {folder!r}")
    return path


def _checked_store(store):
    """Whether there is one."""
    if store is None:
        return False
    if not (hasattr(store, "new_journal") and hasattr(store, "take")):
        raise ArgumentError(
            f"`store` must be a RunStore; got {type(store).__name__}. "
            "`RunStore(folder)` makes one."
        )
    return True


def _journal_path(path, journal):
    """Where the journal is to be: as said, else beside the file; None for nowhere."""
    if journal is False or (journal is None and path is None):
        return None
    if journal is None or journal is True:
        if path is None:
            raise ArgumentError("`journal=True` needs `path`, beside which it will be")
        return path + JOURNAL
    if not isinstance(journal, str | os.PathLike):
        raise ArgumentError(
            f"`journal` must be a path, or False for none; got {journal!r:.60}"
        )
    return os.fspath(journal)


def journal_to_resume(options):
    """The journal of an earlier run that is to be gone on with; None for none.

    Raises
    ------
    ArgumentError
        If there is no such file, or nothing that says which.
    """
    resume = options.resume
    if resume is None or resume is False:
        return None
    if resume is True:
        if options.journal is None:
            raise ArgumentError("`resume=True` needs `journal` or `path` to say which")
        return options.journal if os.path.exists(options.journal) else None
    if not isinstance(resume, str | os.PathLike):
        raise ArgumentError(f"`resume` must be a path or True; got {resume!r:.60}")
    resume = os.fspath(resume)
    for found in (resume + JOURNAL, resume):
        if os.path.exists(found):
            return found
    raise ArgumentError(
        f"`resume={resume!r}`: there is no such journal, nor {resume + JOURNAL!r}. A "
        "run keeps one with `journal=`, or with `path=` until it is complete."
    )


def check_limits(limits, tasks, name_of_pool):
    """A limit needs workers that can be ended, or left behind, one by one.

    Parameters
    ----------
    limits : limits.Limits
    tasks : sequence, or None
        None where one function does them all.
    name_of_pool : callable
        Backend of a task, or of None.

    Raises
    ------
    ArgumentError
    """
    if not limits.has_any:
        return
    for position, task in enumerate([None] if tasks is None else tasks):
        if isinstance(task, Shell) or limits.of(position) is None:
            continue
        name = name_of_pool(task)
        if name not in _TIMING:
            whose = "" if task is None else f" of {task.name!r}"
            raise ArgumentError(
                f"`timeout`{whose} cannot be kept by backend {name!r}, which cannot "
                "end one task alone: use 'isolated' (or 'threading', which leaves "
                "the thread behind)"
            )


def check_memory(max_memory, names_of_pools):
    """A limit on memory needs processes that are this run's own, on Linux.

    Raises
    ------
    ArgumentError
    """
    if max_memory is None:
        return
    if sys.platform != "linux" or not hasattr(os, "wait4"):
        raise ArgumentError(
            "`max_memory` can be kept on Linux only: this system does not limit the "
            "address space of a process"
        )
    for name in names_of_pools:
        if name != "isolated":
            raise ArgumentError(
                f"`max_memory` cannot be kept by backend {name!r}, whose workers are "
                "not this run's own processes: use backend='isolated'"
            )
