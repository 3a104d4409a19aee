"""`Fits`: several laws on one Sweep, their votes, and a verdict in a sentence.

Knows three ways to choose among laws and says when they disagree; refuses to hide it.

References
----------
Burnham, Anderson, *Model Selection and Multimodel Inference*, Springer, 2002: AICc.
Bates, Watts, 1988: nested F. Self, Liang, "Asymptotic properties of maximum likelihood
estimators and likelihood ratio tests under nonstandard conditions", *Journal of the
American Statistical Association* 82(398), 1987: half the p-value, where the simpler law
lies on the bound of one parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import one_of
from . import telling
from .designing import telling_apart
from .fits import Fit

_DOUBT = 0.05
_CLOSE = 2.0  # a difference of AICc that means little


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fits(Mapping):
    """Every law that may be asked about a Sweep; a mapping of names to Fits.

    Made by `fit`. ``print(fits)`` shows them in a table with the verdict.
    """

    fits: Mapping[str, Fit]
    skipped: Mapping[str, str]  # laws that were not asked, and why
    loo: Mapping[str, float]  # leave-one-out error by law
    ballot: tuple[tuple[str, str | None, str], ...]  # the rows of `votes`

    @classmethod
    def of(cls, fits: Mapping[str, Fit], skipped: Mapping[str, str]) -> Fits:
        """Laws that have voted."""
        loo = {name: fit.loo for name, fit in fits.items()}
        aicc = {name: fit.aicc for name, fit in fits.items()}
        asked = _asked(fits)
        ballot = (
            ("AICc", *_least(asked, aicc, "difference {:.3g} to {}", _CLOSE)),
            ("leave-one-out", *_least(asked, loo, "error {:.3g} less than of {}")),
            ("nested F", *_nested(asked)),
        )
        return cls(dict(fits), dict(skipped), loo, ballot)

    def __getitem__(self, name: str) -> Fit:
        return self.fits[one_of("name", name, self.fits)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fits)

    def __len__(self) -> int:
        return len(self.fits)

    def __contains__(self, name) -> bool:
        return name in self.fits

    @property
    def sweep(self):
        """What was fitted."""
        return next(iter(self.fits.values())).sweep

    @property
    def table(self) -> pd.DataFrame:
        """One row per law, the simplest first.

        Returns
        -------
        DataFrame
            ``law``, ``n_parameters``, ``residual_se``, ``r2``, ``aic``, ``aicc``,
            ``loo``, ``identified`` (whether all parameters are), ``warnings`` (how
            many), ``votes`` (how many of three; a law that draws another's curve is not
            asked).
        """
        chosen = self.votes["law"].tolist()
        rows = [
            {
                "law": name,
                "n_parameters": len(fit.vector),
                "residual_se": fit.residual_se,
                "r2": fit.r2,
                "aic": fit.aic,
                "aicc": fit.aicc,
                "loo": self.loo[name],
                "identified": all(fit[each].identified for each in fit.law.names),
                "warnings": len(fit.warnings),
                "votes": chosen.count(name),
            }
            for name, fit in self.fits.items()
        ]
        return pd.DataFrame(rows).astype({"law": "str"})

    @property
    def votes(self) -> pd.DataFrame:
        """Which law each of three ways would choose.

        Returns
        -------
        DataFrame
            ``way``: ``AICc``, ``leave-one-out`` (error at numbers of workers left out),
            ``nested F`` (a further parameter must lower the sum of squares more than
            chance does, at 5 %); ``law``, missing where a way cannot tell; ``why``.
        """
        frame = pd.DataFrame(self.ballot, columns=["way", "law", "why"])
        return frame.astype(dict.fromkeys(frame.columns, "str"))

    @property
    def agree(self) -> bool:
        """Whether every way that can tell chooses the same law."""
        return self.votes["law"].dropna().nunique() == 1

    @property
    def best(self) -> Fit:
        """The law with most votes; of equals the one with the fewest parameters."""
        counts = self.votes["law"].dropna().value_counts()
        asked = [fit.law.name for fit in _asked(self.fits)]
        most = [name for name in asked if name in counts.index]
        if not most:
            return self.fits[asked[0]]
        return self.fits[max(most, key=lambda name: counts[name])]

    @property
    def verdict(self) -> str:
        """What the data say and what they cannot, in a few sentences."""
        return telling.verdict(self)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against the chosen law, one sentence each."""
        return self.best.warnings

    @property
    def next_n(self) -> int:
        """The number of workers to measure next.

        Where the ways disagree: where the laws that they choose differ most. Else where
        one more measurement narrows the answer of the chosen law most. Where a single
        number was measured, one worker, which all others are compared with.
        """
        known = self.sweep.n_workers
        if len(known) == 1 and known[0] > 1:
            return 1
        chosen = list(dict.fromkeys(self.votes["law"].dropna()))
        if len(chosen) > 1:
            return telling_apart(self.fits[chosen[0]], self.fits[chosen[1]])
        return self.best.next_n

    def __repr__(self):
        return f"<Fits {len(self)} laws · {self.verdict}>"

    def __str__(self):
        return telling.table(self)


def _asked(fits: Mapping[str, Fit]) -> list[Fit]:
    """Those that may be voted for, the simplest first: one for each curve."""
    asked = [fit for fit in fits.values() if not fit.law.same_curve]
    return sorted(asked, key=lambda fit: len(fit.vector))


def _least(
    asked: list[Fit], criterion: Mapping[str, float], wording: str, close: float = 0.0
) -> tuple[str | None, str]:
    """The law with the least of a criterion, and by how much."""
    label = {fit.law.name: fit.law.label for fit in asked}
    known = {name: criterion[name] for name in label if np.isfinite(criterion[name])}
    if len(known) < 2:
        return None, "too few measurements to tell"
    first, second, *_ = sorted(known, key=known.get)
    by = known[second] - known[first]
    why = wording.format(by, label[second])
    if by < close:
        why += ", which means little"
    unknown = [label[name] for name in label if name not in known]
    if unknown:
        return None, f"too few measurements for {' and '.join(unknown)}"
    return first, why


def _nested(asked: list[Fit]) -> tuple[str | None, str]:
    """The law that no law which includes it beats by more than chance."""
    from scipy.special import fdtrc

    current, told = asked[0], []
    for larger in asked[1:]:
        further = len(larger.vector) - len(current.vector)
        if current.law.name not in larger.law.includes or larger.df < 1:
            continue
        gain = max(current.rss - larger.rss, 0.0) / further
        if larger.rss > 0:
            f = gain / (larger.rss / larger.df)
        else:
            f = np.inf if gain > 0 else 0.0
        p = float(fdtrc(further, larger.df, f)) * (0.5 if further == 1 else 1.0)
        told.append(f"{larger.law.label} over {current.law.label}: p = {p:.2g}")
        if p < _DOUBT:
            current = larger
    if not told:
        return None, "too few measurements to tell"
    return current.law.name, "; ".join(told)
