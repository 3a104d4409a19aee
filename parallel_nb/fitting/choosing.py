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
                "loo": fit.loo,
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
        rows = [
            ("AICc", *self._least("aicc", "difference {:.3g} to {}")),
            ("leave-one-out", *self._least("loo", "error {:.3g} less than of {}")),
            ("nested F", *self._nested()),
        ]
        frame = pd.DataFrame(rows, columns=["way", "law", "why"])
        return frame.astype(dict.fromkeys(frame.columns, "str"))

    @property
    def agree(self) -> bool:
        """Whether every way that can tell chooses the same law."""
        return self.votes["law"].dropna().nunique() == 1

    @property
    def best(self) -> Fit:
        """The law with most votes; of equals the one with the fewest parameters."""
        counts = self.votes["law"].dropna().value_counts()
        most = [name for name in self._asked() if name in counts.index]
        if not most:
            return self.fits[self._asked()[0]]
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
        one more measurement narrows the answer of the chosen law most.
        """
        chosen = list(dict.fromkeys(self.votes["law"].dropna()))
        if len(chosen) > 1:
            return telling_apart(self.fits[chosen[0]], self.fits[chosen[1]])
        return self.best.next_n

    def _asked(self) -> list[str]:
        """Laws that may be voted for, the simplest first: one for each curve."""
        names = [n for n, fit in self.fits.items() if not fit.law.same_curve]
        return sorted(names, key=lambda name: len(self.fits[name].vector))

    def _least(self, criterion: str, wording: str) -> tuple[str | None, str]:
        """The law with the least of a criterion, and by how much."""
        found = {name: getattr(self.fits[name], criterion) for name in self._asked()}
        known = {name: each for name, each in found.items() if np.isfinite(each)}
        if len(known) < 2:
            return None, "too few measurements to tell"
        first, second, *_ = sorted(known, key=known.get)
        by = known[second] - known[first]
        why = wording.format(by, self.fits[second].law.label)
        if criterion == "aicc" and by < _CLOSE:
            why += ", which means little"
        unknown = [self.fits[n].law.label for n in found if n not in known]
        if unknown:
            why += f"; too few measurements for {' and '.join(unknown)}"
        return first, why

    def _nested(self) -> tuple[str | None, str]:
        """The law that no law which includes it beats by more than chance."""
        from scipy.special import fdtrc

        names = self._asked()
        current, told = self.fits[names[0]], []
        for name in names[1:]:
            larger = self.fits[name]
            further = len(larger.vector) - len(current.vector)
            if current.law.name not in larger.law.includes or larger.df < 1:
                continue
            if larger.rss > 0:
                f = (
                    max(current.rss - larger.rss, 0)
                    / further
                    / (larger.rss / larger.df)
                )
            else:
                f = np.inf if current.rss > 0 else 0.0
            p = float(fdtrc(further, larger.df, f)) * (0.5 if further == 1 else 1.0)
            told.append(f"{larger.law.label} over {current.law.label}: p = {p:.2g}")
            if p < _DOUBT:
                current = larger
        if not told:
            return None, "too few measurements to tell"
        return current.law.name, "; ".join(told)

    def __repr__(self):
        return f"<Fits {len(self)} laws · {self.verdict}>"

    def __str__(self):
        return telling.table(self)
