"""`fit`: from a Sweep to the estimates of one law, or of all that may be asked.

Knows the order of the steps and which law may be asked about which data; the steps are
in the files beside it.
"""

from __future__ import annotations

import numpy as np

from ..errors import ArgumentError, one_of
from ..laws import LAWS, LINEAR, Law
from . import checks, intervals
from .choosing import Fits
from .estimating import estimates_of
from .fits import Fit
from .responses import NOISES, Response
from .solving import solve, unbounded

_SYNONYMS = {"universal": "usl", "universal scalability law": "usl", "ideal": "linear"}


def fit(
    sweep,
    law: str | None = None,
    *,
    noise: str | None = None,
    bootstrap: int | None = None,
    seed: int = 0,
) -> Fit | Fits:
    """How throughput grows with workers: one law's parameters, or the laws' vote.

    Parameters
    ----------
    sweep : Sweep
        Of one backend.
    law : {"linear", "amdahl", "gustafson", "usl", "amdahl_overhead"}, optional
        Default: each that speaks about the sweep's kind of scaling.
    noise : {"relative", "absolute"}, optional
        How measurements scatter: each by the same share of itself, or all by the same
        amount. Default: relative for times, whose errors grow with them; absolute for
        throughputs and speedups, as published fits have it.
    bootstrap : int, optional
        Take intervals from so many resampled sweeps (1000 is plenty), made of the
        repeats' own deviations, which need not be normal. Default: by Student's t, and
        by profile where an estimate sits on a bound.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Fit
        If `law` is given.
    Fits
        Else: a mapping of names to Fits, with `votes`, `verdict` and `next_n`.

    Raises
    ------
    ArgumentError
        If the law speaks about the other kind of scaling, or there are fewer different
        numbers of workers than it has parameters, or several backends.

    Notes
    -----
    Least squares on logarithms (relative) or on what was measured (absolute), with
    parameters within their bounds. Intervals are 95 %: with n - p degrees of freedom
    they contain the truth in 95 of 100 sweeps; where the truth lies on a bound, in
    97.5. A parameter whose interval reaches its bound is *not identified*, and neither
    is what follows from it; nor is a peak beyond the data. Where repeats scatter
    otherwise than `noise` says, intervals are approximate, and a warning says so: with
    10 % of noise, 24 of 100 missed. Where it is skewed, gamma's missed 9 of 100.

    References
    ----------
    Gunther, *Guerrilla Capacity Planning*, Springer, 2007; Bates, Watts, *Nonlinear
    Regression Analysis and Its Applications*, Wiley, 1988.

    Examples
    --------
    >>> import pandas as pd
    >>> from parallel_nb import Sweep
    >>> table = pd.DataFrame({"n": [1, 4, 8], "seconds": [30.033, 10.888, 7.697]})
    >>> found = fit(Sweep.from_frame(table, n="n", time="seconds"), "amdahl")
    >>> round(found["serial_fraction"].value, 4), round(found["max_speedup"].value, 3)
    (0.15, 6.665)
    """
    _check_sweep(sweep)
    if noise is None:
        noise = "relative" if sweep.measure == "makespan" else "absolute"
    response = Response(one_of("noise", noise, NOISES), sweep.measure, sweep.grown)
    if bootstrap is not None and not bootstrap >= 100:
        raise ArgumentError(f"`bootstrap` must be 100 or more; got {bootstrap!r}")
    if law is not None:
        asked = LAWS[one_of("law", law, LAWS, synonyms=_SYNONYMS)]
        _check_scale(asked, sweep)
        _check_counts(asked, sweep)
        return _fit(asked, sweep, response, bootstrap, seed)
    may = [each for each in LAWS.values() if sweep.scale in each.scales]
    can = [each for each in may if not _missing(each, sweep)]
    if not can:
        _check_counts(may[0], sweep)
    made = {each.name: _fit(each, sweep, response, bootstrap, seed) for each in can}
    skipped = {each.name: _missing(each, sweep) for each in may if each not in can}
    return Fits.of(made, skipped)


def _check_sweep(sweep) -> None:
    if not hasattr(sweep, "throughput") or not hasattr(sweep, "scale"):
        raise ArgumentError(
            f"`sweep` must be a Sweep; got {type(sweep).__name__}. "
            "`Sweep.from_frame(table, n=…, time=…)` makes one of a table."
        )
    if len(sweep.backends) > 1:
        raise ArgumentError(
            f"`sweep` must be of one backend; got {', '.join(sweep.backends)}. Choose "
            f"with `sweep.only({sweep.backends[0]!r})`"
        )


def _check_scale(law: Law, sweep) -> None:
    if sweep.scale in law.scales:
        return
    if sweep.scale == "strong":
        why = (
            "the sweep is of strong scaling: the batch stayed the same. Gustafson's s′ "
            "is a share of the time on n workers of a batch that grew with n, and no "
            "serial fraction of this one. Ask 'amdahl' or 'usl'; if the batch did "
            'grow, say scale="weak" when the Sweep is made'
        )
    else:
        why = (
            "the sweep is of weak scaling: the batch grew with n. Amdahl's s is a "
            "share of the time that one worker takes for a batch that stays the same. "
            "Ask 'gustafson' or 'usl'; if the batch did stay the same, say "
            'scale="strong" when the Sweep is made'
        )
    raise ArgumentError(f"`law` cannot be {law.name!r}: {why}")


def _missing(law: Law, sweep) -> str:
    """Why there are too few measurements for a law; "" if there are enough."""
    n_known, n_open = len(sweep.n_workers), len(law.parameters)
    if n_known >= n_open:
        return ""
    return (
        f"{n_open} parameters need as many different numbers of workers; "
        f"{n_known} {'was' if n_known == 1 else 'were'} measured"
    )


def _check_counts(law: Law, sweep) -> None:
    missing = _missing(law, sweep)
    if missing:
        raise ArgumentError(f"`sweep` is too small for {law.name!r}: {missing}")


def _fit(law: Law, sweep, response: Response, n_samples: int | None, seed: int) -> Fit:
    n = sweep.n_of_each.astype(float)
    targets = response.of(n, sweep.throughput)
    vector = solve(law, response, n, targets)
    fitted = law.curve(n, vector)
    # Above 0 is more than fitted, also where less time is more.
    sign = np.sign(response.slope(n, fitted))
    deviations = (targets - response.of(n, fitted)) * sign
    rss, df = float((deviations**2).sum()), len(n) - len(vector)
    slopes = response.slope(n, fitted)[:, None] * law.slopes(n, vector)
    spread = intervals.covariance(slopes, rss / df if df > 0 else np.nan)
    drawn = None
    if n_samples is not None and df > 0:
        drawn = intervals.bootstrap(
            law, response, n, targets, vector, n_samples=n_samples, seed=seed
        )
    aic, aicc = _criteria(rss, targets, len(vector))
    total = float(((targets - targets.mean()) ** 2).sum())
    return Fit(
        law=law,
        sweep=sweep,
        noise=response.noise,
        response=response,
        estimates=estimates_of(law, response, n, targets, vector, spread, drawn),
        vector=vector,
        spread=spread,
        fitted=fitted,
        deviations=deviations,
        rss=rss,
        df=df,
        r2=1 - rss / total if total > 0 else np.nan,
        aic=aic,
        aicc=aicc,
        checks=_checks(law, response, n, targets, vector, deviations),
    )


def _criteria(rss: float, targets: np.ndarray, n_parameters: int):
    """AIC and AICc, the spread of measurements counting as a parameter.

    References
    ----------
    Akaike, "A new look at the statistical model identification", *IEEE Transactions on
    Automatic Control* 19(6), 1974; Hurvich, Tsai, "Regression and time series model
    selection in small samples", *Biometrika* 76(2), 1989.
    """
    n, k = len(targets), n_parameters + 1
    least = n * (1e-15 * np.abs(targets).max()) ** 2  # what rounding leaves
    aic = n * (np.log(2 * np.pi * max(rss, least, 1e-300) / n) + 1) + 2 * k
    if n - k - 1 <= 0:
        return float(aic), np.nan
    return float(aic), float(aic + 2 * k * (k + 1) / (n - k - 1))


def _checks(law, response, n, targets, vector, deviations) -> tuple[checks.Check, ...]:
    group = np.unique(n, return_inverse=True)[1]
    repeats = np.bincount(group)
    within = targets - (np.bincount(group, targets) / repeats)[group]
    df = len(n) - len(repeats)
    is_bound = (vector == law.lower) | (vector == law.upper)
    free = unbounded(law, response, n, targets) if is_bound.any() else vector
    left = response.of(n, law.curve(n, free)) - targets
    free_rss, free_df = float((left**2).sum()), len(n) - len(vector)
    if df >= 2:  # how repeats scatter, whatever the law
        variance = float((within**2).sum()) / df
    else:
        df, variance = _scatter(response, n, targets)
    rss = float((deviations**2).sum())
    return (
        checks.superlinear(n, targets, response, variance, df),
        checks.bounds(law, vector, free, rss, free_rss, free_df),
        checks.lack_of_fit(n, deviations, len(law.parameters)),
        checks.runs(n, deviations),
        checks.scatter(n, targets, response),
    )


def _scatter(response, n, targets) -> tuple[int, float]:
    """How measurements scatter about the curve that bends most freely."""
    law = LAWS["usl"] if len(np.unique(n)) > len(LAWS["usl"].parameters) else LINEAR
    df = len(n) - len(law.parameters)
    if not df > 0:
        return df, np.nan
    free = law.curve(n, unbounded(law, response, n, targets))
    return df, float(((response.of(n, free) - targets) ** 2).sum()) / df
