"""Floor 1: `Meta`, what is true of a whole run.

Knows the fields, their types and how JSON holds them; refuses to know attempts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import SchemaError

FORMAT_VERSION = 1

_COUNTS = {"n_workers": 1, "cpu_count": 0, "format_version": 1}  # and the least of each
_TEXTS = (
    "backend",
    "host",
    "started_at",
    "label",
    "order",
    "ended_by",
    "source",
    "commit",
)
_LISTS = ("tags", "notes", "lacks")
LACKING = ("starts", "workers")  # what a foreign file may not have told


@dataclasses.dataclass(frozen=True, slots=True)
class Meta:
    """What is true of a whole run.

    Attributes
    ----------
    n_workers : int
        Lanes, idle ones included.
    backend : str
        ``"isolated"``, ``"loky"``, …; ``"unknown"`` where nobody knows.
    host : str
        Where the parent ran; empty where nobody knows.
    cpu_count : int
        Usable cores of that host; 0 where nobody knows.
    started_at : str
        The run's zero: ISO 8601, UTC; empty where nobody knows.
    versions : dict of str to str
        Of Python and what the run depended on.
    label, tags : str, tuple of str
        As given to `run`.
    order : str
        In which order ready tasks were handed over: ``"given"``, ``"longest_first"``.
    ended_by : str
        ``"completion"``, ``"wait"``, ``"failure"``, ``"deadline"``, ``"interrupt"``, …
    source : str
        What made the Run: ``"run"``, ``"record"``, ``"simulated"``, a format's name, …
    parent : (int, int) or None
        Of a recorded call inside a task: that run's place in its log, and the task's.
    notes : tuple of str
        What should be known before believing the numbers.
    agents : dict of str to int
        Slots of each agent.
    lacks : tuple of str
        What was not told but concluded: ``"starts"`` where there were durations only,
        which were laid end to end; ``"workers"`` where lanes follow from what overlaps.
    commit : str
        Of the repository it was run in; a ``+`` at its end: with changes.
    is_live : bool
        Whether a view was painted meanwhile, which costs a little.
    format_version : int
        Of the file that it is kept in.

    Raises
    ------
    SchemaError
        If a field is of another type than stated, or out of its range.

    Examples
    --------
    >>> meta = Meta(
    ...     n_workers=2,
    ...     backend="isolated",
    ...     host="here",
    ...     cpu_count=8,
    ...     started_at="2025-01-31T12:00:00+00:00",
    ...     versions={"python": "3.13"},
    ... )
    >>> Meta.from_dict(meta.to_dict()) == meta
    True
    """

    n_workers: int  # lanes, idle ones included
    backend: str  # "isolated", "loky", ...; "unknown" where nobody knows
    host: str  # where the parent ran; "" where nobody knows
    cpu_count: int  # usable cores of that host; 0 where nobody knows
    started_at: str  # ISO 8601, UTC: the run's zero; "" where nobody knows
    versions: dict[str, str] = dataclasses.field(hash=False)  # by distribution
    label: str = ""
    tags: tuple[str, ...] = ()
    order: str = "given"  # in which order ready tasks were handed over
    ended_by: str = "completion"  # or "wait", "failure", "interrupt", "error", ...
    source: str = "run"  # or "record", "frame", ...: what made it
    parent: tuple[int, int] | None = None  # (run in its log, task in it), if nested
    notes: tuple[str, ...] = ()  # what the run must say aloud
    agents: dict[str, int] = dataclasses.field(  # slots of each kind of worker
        default_factory=dict, hash=False
    )
    # What was not told but concluded: "starts" where there were durations only, which
    # were laid end to end; "workers" where lanes follow from what overlaps.
    lacks: tuple[str, ...] = ()
    commit: str = ""  # of the repository it was run in; "+" at the end: with changes
    is_live: bool = False  # whether a view was painted meanwhile, which costs a little
    format_version: int = FORMAT_VERSION

    def __post_init__(self):
        put = object.__setattr__
        for field, least in _COUNTS.items():
            put(self, field, _count(f"meta.{field}", getattr(self, field), least))
        for field in _TEXTS:
            value = getattr(self, field)
            if not isinstance(value, str):
                raise SchemaError(f"meta.{field}: expected a str; got {value!r}")
        for field in _LISTS:
            put(self, field, _texts(f"meta.{field}", getattr(self, field)))
        if unknown := set(self.lacks) - set(LACKING):
            raise SchemaError(
                f"meta.lacks: expected any of {LACKING}; got {sorted(unknown)}"
            )
        if not isinstance(self.is_live, bool):
            raise SchemaError(f"meta.is_live: expected a bool; got {self.is_live!r}")
        put(self, "versions", _versions(self.versions))
        put(self, "agents", _agents(self.agents))
        if self.parent is not None:
            put(self, "parent", _parent(self.parent))

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON can hold them."""
        return {
            field: list(value) if isinstance(value, tuple) else value
            for field, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Meta:
        """A Meta from what `to_dict` gave; what a newer version added is ignored.

        Raises
        ------
        SchemaError
            If a field without a default is absent, or of another type.
        """
        known = {field.name: field for field in dataclasses.fields(cls)}
        for name, field in known.items():
            if name not in fields and (
                field.default is field.default_factory  # MISSING, both of them
            ):
                raise SchemaError(f"meta.{name}: expected a value; got no such field")
        return cls(**{name: fields[name] for name in known if name in fields})


def _count(where: str, value, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise SchemaError(f"{where}: expected an int; got {value!r}")
    if value < least:
        raise SchemaError(f"{where}: expected {least} or more; got {value}")
    return int(value)


def _texts(where: str, values) -> tuple[str, ...]:
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise SchemaError(f"{where}: expected a tuple of str; got {values!r}")
    return tuple(values)


def _versions(versions) -> dict[str, str]:
    if not isinstance(versions, Mapping):
        raise SchemaError(f"meta.versions: expected a dict; got {versions!r}")
    return {str(name): str(version) for name, version in versions.items()}


def _agents(agents) -> dict[str, int]:
    if not isinstance(agents, Mapping):
        raise SchemaError(
            f"meta.agents: expected a dict of names to slots; got {agents!r}"
        )
    for name in agents:
        if not isinstance(name, str) or not name:
            raise SchemaError(f"meta.agents: expected names as keys; got {name!r}")
    return {
        name: _count(f"meta.agents[{name!r}]", slots, 1)
        for name, slots in agents.items()
    }


def _parent(parent) -> tuple[int, int]:
    try:
        run, task = map(int, parent)
    except (TypeError, ValueError):
        raise SchemaError(
            f"meta.parent: expected (run, task); got {parent!r}"
        ) from None
    return run, task
