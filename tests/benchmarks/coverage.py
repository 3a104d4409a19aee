"""How often intervals hold the truth: ``python -m tests.benchmarks.coverage``.

Sweeps are made of laws whose parameters are known, and fitted as a user would. Of 100
intervals of 95 % about 95 must hold the truth: of each parameter, of what follows from
them, of the curve inside and beyond the data, and 95 of 100 prediction bands the next
measurement. What is identified in fewer than nine of ten sweeps, or fitted with noise
that is not so, is told and not judged. 2,000 sweeps of each case take 20 minutes of one
core; ``--sweeps 100`` says in a minute whether it works, ``--jobs`` spreads the cases.
"""

import argparse
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

import parallel_nb as pnb
from parallel_nb.laws import LAWS

N_SWEEPS = 2000
LEAST, MOST = 0.93, 0.97
_MOSTLY = 0.9  # identified in so many: in fewer, only lucky ones are asked
_COUNTS = (1, 2, 4, 8, 16, 32)
_AT = (8, 32, 64)  # inside, at the end, and twice beyond it


@dataclass(frozen=True, slots=True)
class Case:
    """Sweeps of one kind, and what is expected of them."""

    name: str
    law: str
    parameters: tuple  # as the law has them
    noise: float  # share of each, or of the throughputs' geometric mean
    repeats: int
    measure: str = "time"
    scatter: str = "relative"  # or "absolute", or "skewed": now and then far too slow
    options: tuple = ()  # of `fit`
    most: float = MOST
    is_judged: bool = True

    @property
    def scale(self) -> str:
        """The kind of scaling that the law speaks about."""
        return LAWS[self.law].scales[0]

    def curve(self, n):
        """Throughput as it is."""
        named = zip(LAWS[self.law].names, self.parameters, strict=True)
        return LAWS[self.law].throughput(n, **dict(named))

    def measured(self, n, random):
        """Throughput as a measurement finds it, one for each of `n`."""
        truth = self.curve(n)
        if self.scatter == "relative":
            return truth * np.exp(random.normal(0, self.noise, len(n)))
        if self.scatter == "skewed":
            late = random.exponential(self.noise, len(n))
            return truth / np.exp(late - self.noise)
        usual = np.exp(np.log(self.curve(np.array(_COUNTS))).mean())
        if self.measure == "time":
            return 1 / _positive(1 / truth, self.noise / usual, random)
        return _positive(truth, self.noise * usual, random)

    def sweep(self, random):
        """A Sweep of it."""
        n = np.repeat(_COUNTS, self.repeats)
        throughput = self.measured(n, random)
        grown = n if self.scale == "weak" else 1
        value = grown / throughput if self.measure == "time" else throughput
        table = pd.DataFrame({"n": n, "value": value})
        return pnb.Sweep.from_frame(
            table, n="n", **{self.measure: "value"}, scale=self.scale
        )


def _positive(truth, level, random):
    """With noise of one size, drawn anew where nothing would be left."""
    while True:
        found = truth + random.normal(0, level, len(truth))
        if (found > 0).all():
            return found


AMDAHL = (0.1, 0.1)
GUSTAFSON = (0.1, 0.1)
USL = (0.05, 0.001, 0.1)
_GRID = [(noise, repeats) for noise in (0.01, 0.03, 0.1) for repeats in (1, 3, 5)]


def cases():
    """Every case, the plain ones first."""
    kinds = [
        ("amdahl", AMDAHL, "time", "relative"),
        ("gustafson", GUSTAFSON, "time", "relative"),
        ("usl", USL, "time", "relative"),
        ("amdahl", AMDAHL, "throughput", "absolute"),
        ("usl", USL, "throughput", "absolute"),
    ]
    for law, parameters, measure, scatter in kinds:
        for noise, repeats in _GRID:
            name = f"{law} {measure}, {noise:.0%}"
            yield Case(name, law, parameters, noise, repeats, measure, scatter)
    near, on, line = (0.01, 1e-4, 0.1), (0.05, 0.0, 0.1), (0.0, 0.1)
    # Bands at a bound are wide rather than wrong.
    yield Case("usl near its bound", "usl", near, 0.05, 3, most=1.0)
    yield Case("usl on its bound", "usl", on, 0.03, 3, most=1.0)
    yield Case("amdahl on its bound", "amdahl", line, 0.03, 3, most=1.0)
    drawn = (("bootstrap", 500),)
    yield Case("usl bootstrap", "usl", USL, 0.03, 5, options=drawn)
    yield Case("amdahl bootstrap", "amdahl", AMDAHL, 0.03, 5, options=drawn)
    # The noise is not what the fit takes it for.
    for name, options in (("usl skewed", ()), ("usl skewed, bootstrap", drawn)):
        skewed = ("usl", USL, 0.05, 5, "time", "skewed", options)
        yield Case(name, *skewed, is_judged=False)
    for measure, scatter in (("throughput", "relative"), ("time", "absolute")):
        name = f"usl {measure}, {scatter} noise taken for the other"
        yield Case(name, "usl", USL, 0.1, 5, measure, scatter, is_judged=False)


def truth_of(case):
    """Every number that the fit gives, as it is."""
    law = LAWS[case.law]
    values = np.array(case.parameters)
    known = dict(zip(law.names, case.parameters, strict=True))
    with np.errstate(divide="ignore"):
        return known | {
            each.name: float(np.power(each.flat(values), each.power))
            for each in law.consequences
        }


def cover(case, n_sweeps):
    """Shares of one case: of all intervals, and of those that are identified.

    Returns
    -------
    dict
        ``(what, name)`` to ``(share, how many)``; `what` is ``interval``,
        ``identified``, ``curve``, ``next`` or ``alarm``.
    """
    hits = {}

    def count(what, name, is_hit):
        hits.setdefault((what, name), []).append(bool(is_hit))

    random = np.random.default_rng(0)
    at = np.array(_AT, dtype=float)
    curve, truth = case.curve(at), truth_of(case)
    for _ in range(n_sweeps):
        found = pnb.fit(case.sweep(random), case.law, **dict(case.options))
        for name, value in truth.items():
            estimate = found[name]
            holds = estimate.low <= value <= estimate.high
            if not np.isnan(estimate.low):
                count("interval", name, holds)
            if estimate.identified and name not in found.law.names:
                count("identified", name, holds)
        for check in found.checks:
            if np.isfinite(check.p_value):
                count("alarm", check.name, check.warning)
        bands = found.predict(at, "throughput")
        new = case.measured(at, random)
        for i, n in enumerate(_AT):
            row = bands.iloc[i]
            is_in = row["confidence_low"] <= curve[i] <= row["confidence_high"]
            count("curve", f"n = {n}", is_in)
            is_in = row["prediction_low"] <= new[i] <= row["prediction_high"]
            count("next", f"n = {n}", is_in)
    return {key: (float(np.mean(each)), len(each)) for key, each in hits.items()}


def main(arguments=None):
    """Measure, show; the exit code says whether all bars are met."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.coverage")
    parser.add_argument("--sweeps", type=int, default=N_SWEEPS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name begins so")
    asked = parser.parse_args(arguments)
    chosen = [case for case in cases() if case.name.startswith(asked.only)]
    of_case = partial(cover, n_sweeps=asked.sweeps)
    told = map(of_case, chosen)  # each is shown as soon as it is known
    if asked.jobs > 1:
        told = pnb.run(of_case, chosen, n_jobs=asked.jobs, progress=False).results
    is_met = True
    for case, shares in zip(chosen, told, strict=True):
        is_met = _show(case, shares, asked.sweeps) and is_met
    return 0 if is_met else 1


def _show(case, shares, n_sweeps):
    """Print a case; whether it meets the bar."""
    slack = 0.0 if n_sweeps >= N_SWEEPS else 3 * np.sqrt(0.05 * 0.95 / n_sweeps)
    is_met = True
    print(f"{case.name}, {case.repeats} repeat{'s' * (case.repeats != 1)}")
    for what in ("interval", "identified", "curve", "next"):
        cells = []
        for (kind, name), (share, n) in shares.items():
            if kind != what:
                continue
            is_in = LEAST - slack <= share <= case.most + slack
            is_enough = n >= _MOSTLY * n_sweeps
            if case.is_judged and is_enough:
                is_met = is_met and is_in
            mark = ("✓" if is_in else "✗") if is_enough else "?"
            some = f" of {n}" if n < n_sweeps else ""
            cells.append(f"{name} {share:.1%} {mark}{some}")
        if cells:
            print(f"    {what:11}{'   '.join(cells)}")
    alarms = [
        f"{name} {share:.1%}"
        for (kind, name), (share, _) in shares.items()
        if kind == "alarm"
    ]
    print(f"    {'alarms':11}{'   '.join(alarms)}", flush=True)
    return is_met


if __name__ == "__main__":
    raise SystemExit(main())
