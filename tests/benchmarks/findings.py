"""Do remedies do what they promise? ``python -m tests.benchmarks.findings``.

Runs batches that are sick, asks for findings, follows the remedy for real and shows
what that took beside what was predicted; then batches that are well, which must have no
findings. The medians of ``--repeats`` (default 5) runs of each, in turns. Takes half a
minute; exits with 1 where a prediction is off by more than 15 %.
"""

import argparse

import numpy as np

import parallel_nb as pnb

from .sick import CASES, WELL, nap

MOST_OFF = 0.15


def took(run):
    return float(run.summary()["makespan"].iloc[0])


def followed(case):
    """Recorded, predicted and measured seconds; the last two NaN if not found."""
    run = case.sick()
    found = pnb.findings(run, case.baseline())
    named = [f for f in found if f.name == case.name]
    if not named:
        return took(run), np.nan, np.nan
    return took(run), named[0].predicted, took(case.cured(run, named[0]))


def main(arguments=None):
    """Measure, show; the exit code says whether all predictions held."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.findings")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args(arguments).repeats
    pnb.run(nap, [0.0] * 8, n_jobs=2)
    pnb.run(nap, [0.0] * 8, n_jobs=2, backend="loky")
    rows = [[followed(case) for case in CASES] for _ in range(repeats)]
    is_met = True
    print(f"remedies followed; medians of {repeats}; bar {MOST_OFF:.0%}")
    for case, found in zip(CASES, np.swapaxes(rows, 0, 1), strict=True):
        n_found = int(np.sum(~np.isnan(found[:, 1])))
        told = found[~np.isnan(found[:, 1])] if n_found else found[:1]
        recorded, predicted, measured = np.median(told, axis=0)
        off = float(np.median(told[:, 1] / told[:, 2])) - 1
        is_good = abs(off) <= MOST_OFF and n_found == repeats
        is_met = is_met and is_good
        print(
            f"  {case.name:30}{case.where:10}{recorded:7.3f} s → "
            f"predicted {predicted:6.3f} s, measured {measured:6.3f} s  {off:+6.1%}  "
            f"found {n_found}/{repeats} {'✓' if is_good else '✗'}"
            f"{'  (needs two cores to itself)' if case.n_cores else ''}"
        )
    print("batches that are well")
    for name, make in WELL.items():
        make()
        told = [f.name for _ in range(repeats) for f in pnb.findings(make())]
        wrong = [each for each in told if each != "nothing to gain"]
        is_met = is_met and not wrong
        print(f"  {name:30}{', '.join(wrong) or '✓'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
