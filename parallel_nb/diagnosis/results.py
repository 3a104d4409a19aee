"""`Finding` and `Findings`: what is wrong with a run, what to do, what it would save.

Knows how findings are laid out in text and in a frame; refuses to know how they are
found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from .. import schema
from . import words

SURE, LIKELY, POSSIBLE = CERTAINTIES = ("sure", "likely", "possible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that keeps a run from being shorter or cheaper, and its remedy.

    Each kind of finding is a class of its own, whose ``name`` says what is wrong.

    Attributes
    ----------
    evidence, remedy : str
        Sentences: what the Run shows, what to do.
    makespan : float
        Seconds, as recorded.
    predicted : float
        Seconds, if the remedy is followed; NaN where the data cannot tell.
    sure : str
        ``"sure"``: by the recorded times. ``"likely"``: if tasks take as long as they
        did. ``"possible"``: something else would leave the same traces, or it is the
        most to gain.
    caveats : tuple of str
        What the data do not tell.
    tasks : tuple of int
        Those that it is about, the worst first.
    numbers : mapping of str to float
        The evidence, for whoever computes with it.
    """

    name: ClassVar[str] = ""

    evidence: str
    remedy: str
    makespan: float
    predicted: float
    sure: str
    caveats: tuple[str, ...] = ()
    tasks: tuple[int, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict, hash=False)

    @classmethod
    def lacking(cls, case) -> str:
        """Why nobody can tell by this Run whether it is so; empty if one can."""
        return ""

    @classmethod
    def look(cls, case) -> Iterator[Finding]:
        """The findings of this kind in a `Case`: as a rule one or none."""
        yield from ()

    @property
    def saving(self) -> float:
        """Seconds that the remedy saves; NaN where the data cannot tell."""
        return self.makespan - self.predicted

    @property
    def headline(self) -> str:
        """One line: what is wrong, and what the remedy would make of the run."""
        if math.isnan(self.predicted) or self.predicted == self.makespan:
            return self.name
        took, then = words.seconds(self.makespan), words.seconds(self.predicted)
        return f"{self.name}: {took} → {then} (predicted, {self.sure})"

    def __str__(self):
        lines = [self.headline, self.evidence, f"Do: {self.remedy}" * bool(self.remedy)]
        lines += [f"Note: {caveat}." for caveat in self.caveats]
        return "\n  ".join(filter(None, lines))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Findings(Sequence):
    """What is wrong with a run, what saves most first; a sequence of `Finding`.

    Attributes
    ----------
    label : str
        Of the run.
    n_workers : int
    makespan : float
        Seconds.
    model_error : float
        How far re-scheduling is off on the recorded run, predicted / measured - 1; NaN
        where nothing had to be scheduled again.
    not_examined : tuple of str
        What could not be looked into, and why.

    Examples
    --------
    >>> from parallel_nb import Run, findings
    >>> table = pd.DataFrame(
    ...     {
    ...         "task": ["a", "b", "c"],
    ...         "started": [0.0, 0.0, 2.0],
    ...         "ended": [2.0, 2.0, 6.0],
    ...         "worker": [0, 1, 0],
    ...     }
    ... )
    >>> found = findings(Run.from_frame(table))
    >>> found.table[["name", "makespan", "predicted", "saving"]]
                             name  makespan  predicted  saving
    0  the longest tasks came last       6.0        4.0     2.0
    """

    label: str
    n_workers: int
    makespan: float
    model_error: float
    not_examined: tuple[str, ...]
    _all: tuple[Finding, ...]

    def __len__(self):
        return len(self._all)

    def __getitem__(self, at):
        return self._all[at]

    @property
    def table(self) -> pd.DataFrame:
        """One row per finding, in this order.

        Returns
        -------
        DataFrame
            ``name``; ``makespan``, ``predicted``, ``saving`` (s); ``share``, saving /
            makespan; ``sure``; ``evidence``, ``remedy``; ``tasks`` (tuples of
            positions).
        """
        numbers = ("makespan", "predicted", "saving")
        columns = {name: [getattr(f, name) for f in self] for name in numbers}
        shares = [f.saving / f.makespan if f.makespan > 0 else math.nan for f in self]
        return pd.DataFrame(
            {
                "name": schema.as_text([f.name for f in self]),
                **{name: pd.Series(columns[name], dtype=float) for name in numbers},
                "share": pd.Series(shares, dtype=float),
                "sure": pd.Categorical([f.sure for f in self], CERTAINTIES),
                "evidence": schema.as_text([f.evidence for f in self]),
                "remedy": schema.as_text([f.remedy for f in self]),
                "tasks": pd.Series([f.tasks for f in self], dtype=object),
            }
        )

    @property
    def size(self) -> str:
        """Of what these are the findings, in a few words."""
        if math.isnan(self.makespan):
            return self._all[0].name if self._all else "nothing ran"
        workers = words.count(self.n_workers, "worker")
        return f"{words.seconds(self.makespan)} on {workers}"

    def __str__(self):
        label = f"{words.shortened(self.label)} · " if self.label else ""
        lines = [f"{label}{words.count(len(self), 'finding')} · {self.size}"]
        for at, finding in enumerate(self, 1):
            lines += [f"{at}. " + str(finding).replace("\n", "\n ")]
        if self.not_examined:
            lines.append(f"Not examined: {'; '.join(self.not_examined)}.")
        return "\n".join(lines)

    def __repr__(self):
        return str(self)
