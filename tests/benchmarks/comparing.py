"""How often `compare` is wrong: ``python -m tests.benchmarks.comparing``.

First with noise of known kinds, where it is certain what changed and what did not; then
with a batch that is run for real, twice the same (no alarm is right) and once with
tasks that compute 10 % longer. Real repeats take turns, and each trial takes other ones
of those that were run. Takes about three minutes.
"""

import argparse

import numpy as np

import parallel_nb as pnb
from parallel_nb.comparison import judging, ratios
from parallel_nb.comparison.changes import change_points

MOST_ALARMS = 0.05
LEAST_FOUND = 0.95
TOLERANCE = 0.05
SLOWER = 1.1
N_REPEATS = 10

NOISE = {
    "3 %, normal": lambda rng, n: np.exp(rng.normal(0, 0.03, n)),
    "5 %, normal": lambda rng, n: np.exp(rng.normal(0, 0.05, n)),
    "skewed": lambda rng, n: 1 + rng.lognormal(-4, 1, n),
    "2 %, one in ten disturbed": lambda rng, n: (
        np.exp(rng.normal(0, 0.02, n))
        * (1 + (rng.random(n) < 0.1) * rng.exponential(0.5, n))
    ),
}


def is_alarm(before, after):
    found = judging.verdict(ratios.of_repeats(before, after), TOLERANCE)
    return found in (judging.SLOWER, judging.FASTER)


def is_found(before, after):
    ratio = ratios.of_repeats(before, after)
    return judging.verdict(ratio, TOLERANCE) == judging.SLOWER


def simulated(n_trials, rng):
    """Rows (noise, repeats, share of alarms, share found)."""
    for name, noise in NOISE.items():
        for n in (5, N_REPEATS, 20):
            alarms = found = 0
            for _ in range(n_trials):
                alarms += is_alarm(noise(rng, n), noise(rng, n))
                found += is_found(noise(rng, n), SLOWER * noise(rng, n))
            yield name, n, alarms / n_trials, found / n_trials


def series(n_trials, rng):
    """Rows (noise, runs, share with an alarm, share whose change is found)."""
    for name, noise in NOISE.items():
        alarms = found = 0
        for _ in range(n_trials):
            alarms += bool(change_points(noise(rng, 30), is_alarm))
            level = np.r_[np.ones(20), np.full(10, 1.2)]
            points = change_points(level * noise(rng, 30), is_alarm)
            found += any(abs(at - 20) <= 2 for at in points)
        yield name, 30, alarms / n_trials, found / n_trials


def real(n_runs, n_trials, rng):
    """Rows for a batch that is run for real; tasks of 10 ms of CPU time."""
    from tests.benchmarks.lengths import burn

    def makespan(seconds):
        run = pnb.run(burn, [seconds] * 40, n_jobs=2, progress=False)
        return float(run.summary()["makespan"].iat[0])

    makespan(0.01)
    runs = np.array([[makespan(0.01), makespan(0.01 * SLOWER)] for _ in range(n_runs)])
    same, slower = runs.T
    alarms = found = 0
    for _ in range(n_trials):
        # Neighbours in time against neighbours, as repeats that take turns are.
        begin = rng.integers(0, n_runs - 2 * N_REPEATS + 1)
        window = same[begin : begin + 2 * N_REPEATS]
        alarms += is_alarm(window[::2], window[1::2])
        found += is_found(
            same[begin : begin + N_REPEATS], slower[begin : begin + N_REPEATS]
        )
    spread = float(np.std(np.log(same), ddof=1))
    name = f"for real, {100 * spread:.1f} % noise"
    yield name, N_REPEATS, alarms / n_trials, found / n_trials


def show(title, rows):
    print(title)
    for name, n, alarms, found in rows:
        marks = ["✓" if alarms <= MOST_ALARMS else "✗"]
        marks.append("" if n < N_REPEATS else "✓" if found >= LEAST_FOUND else "✗")
        print(
            f"  {name:<28} {n:>3}  false alarms {alarms:6.1%} {marks[0]}  "
            f"found {found:6.1%} {marks[1]}"
        )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=60, help="real ones; 0: none")
    chosen = parser.parse_args(arguments)
    rng = np.random.default_rng(1)
    print(
        f"bars: at most {MOST_ALARMS:.0%} false alarms, at least {LEAST_FOUND:.0%} of "
        f"changes by {SLOWER - 1:.0%} found in {N_REPEATS} repeats"
    )
    show("compare: noise, repeats on each side", simulated(chosen.trials, rng))
    n_series = max(chosen.trials // 10, 1)
    show("history: a step by 20 % among runs", series(n_series, rng))
    if chosen.runs >= 2 * N_REPEATS:
        show("compare: neighbours in time", real(chosen.runs, chosen.trials, rng))


if __name__ == "__main__":
    main()
