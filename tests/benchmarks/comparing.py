"""How often `compare` is wrong: ``python -m tests.benchmarks.comparing``.

First with noise of known kinds, where it is certain what changed and what did not: of
repeats, of one run each (with retries, with durations in whole ms, with failures on one
side), of sweeps, of series over time. Then with a batch that is run for real, twice the
same (no alarm is right) and once with tasks that compute 10 % longer. Real repeats take
turns, and each trial takes other ones of those that were run. Takes about ten minutes.

``--critical`` prints instead how large a step noise that lasts makes by itself, which
is the table in `parallel_nb.comparison.lasting`.
"""

import argparse
import heapq

import numpy as np
import pandas as pd

import parallel_nb as pnb
from parallel_nb.comparison import changes, judging, lasting, ratios
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


def lasts(correlation, noise):
    """Noise that a run has in common with the next one: AR(1)."""

    def made(rng, n):
        own = rng.normal(size=n)
        values = np.empty(n)
        values[0] = own[0]
        for at in range(1, n):
            left = np.sqrt(1 - correlation**2)
            values[at] = correlation * values[at - 1] + left * own[at]
        return np.exp(noise * values)

    return made


SERIES = NOISE | {
    "5 %, correlation 0.5": lasts(0.5, 0.05),
    "15 %, correlation 0.5": lasts(0.5, 0.15),
    "5 %, correlation 0.7 (beyond)": lasts(0.7, 0.05),
}


def series(n_trials, rng):
    """Rows (noise, runs, share with an alarm, share whose change is found)."""
    for name, noise in SERIES.items():
        for n in (15, 30, 60):
            alarms = found = 0
            for _ in range(n_trials):
                alarms += bool(change_points(noise(rng, n), is_alarm))
                begin = 2 * n // 3
                level = np.r_[np.ones(begin), np.full(n - begin, 1.2)]
                points = change_points(level * noise(rng, n), is_alarm)
                found += any(abs(at - begin) <= 2 for at in points)
            yield name, n, alarms / n_trials, found / n_trials


def trends(n_trials, rng):
    """Rows (noise, runs, share with a trend, share whose 1 % a run is found)."""
    for name, noise in SERIES.items():
        alarms = found = 0
        for _ in range(n_trials):
            values = noise(rng, 30)
            longer = values * 1.01 ** np.arange(30)
            alarms += pnb.history(_frame(values)).trends["is_trend"].any()
            past = pnb.history(_frame(longer))
            found += past.trends["is_trend"].any() or len(past.changes) > 0
        yield name, 30, alarms / n_trials, found / n_trials


def _frame(values):
    return pd.DataFrame({"makespan": values})


def a_run(durations, *, statuses=None, retried=(), n_workers=4):
    """As a queue would run it: whoever is free takes the next task."""
    lanes = [(0.0, worker) for worker in range(n_workers)]
    rows = []
    for task, took in enumerate(durations.tolist()):
        for attempt in range(1, 2 + (task in retried)):
            free, worker = heapq.heappop(lanes)
            is_last = attempt > 1 or task not in retried
            status = statuses[task] if statuses is not None and is_last else "done"
            rows.append((task, attempt, free, free + took, worker,
                         status if is_last else "failed"))  # fmt: skip
            heapq.heappush(lanes, (free + took, worker))
    columns = ["task", "attempt", "started", "ended", "worker", "status"]
    return pnb.Run.from_frame(pd.DataFrame(rows, columns=columns), n_workers=n_workers)


# One run each: what the tasks take, and what happens to a run of them.
def plain(rng, base, times):
    return a_run(times * base)


def with_retries(rng, base, times):
    retried = set(np.flatnonzero(rng.random(len(base)) < 0.05).tolist())
    return a_run(times * base, retried=retried)


def in_ms(rng, base, times):
    return a_run(np.round(times * base / 20, 3) + 0.001)


def failing(rng, base, times):
    """One side of two: a tenth of its tasks fail half way."""
    is_failed = rng.random(len(base)) < 0.1 * (rng.random() < 0.5)
    took = np.where(is_failed, base / 2, base)
    statuses = np.where(is_failed, "failed", "done").tolist()
    return a_run(times * took, statuses=statuses)


ALONE = {
    "40 tasks": (plain, 40),
    "300 tasks": (plain, 300),
    "one in 20 tried again": (with_retries, 300),
    "durations in whole ms": (in_ms, 300),
    "one in ten fails, or none": (failing, 300),
}


def alone(n_trials, rng):
    """Rows for one run each: 5 % noise of tasks, 3 % of all tasks of a run alike."""
    for name, (make, n_tasks) in ALONE.items():
        alarms = found = 0
        for _ in range(n_trials):
            base = rng.lognormal(0, 0.7, n_tasks)

            def once(base=base, make=make, n_tasks=n_tasks, slower=1.0):
                noise = np.exp(rng.normal(0, 0.05, n_tasks) + rng.normal(0, 0.03))
                return make(rng, base, slower * noise)

            same = pnb.compare(once(), once())
            alarms += same.verdict in (judging.SLOWER, judging.FASTER)
            found += pnb.compare(once(), once(slower=1.3)).verdict == judging.SLOWER
        yield name, 1, alarms / n_trials, found / n_trials


def sweeps(n_trials, rng):
    """Rows for sweeps of 1, 2, 4 and 8 workers: all of them 10 % slower, or none."""

    def once(noise, n, times):
        table = [
            pd.DataFrame({"n": workers, "time": times * 8 / workers * noise(rng, n)})
            for workers in (1, 2, 4, 8)
        ]
        return pnb.Sweep.from_frame(pd.concat(table), n="n", time="time")

    for name, noise in NOISE.items():
        for n in (3, N_REPEATS):
            alarms = found = 0
            for _ in range(n_trials):
                verdicts = [
                    pnb.compare(once(noise, n, 1.0), once(noise, n, times)).verdict
                    for times in (1.0, SLOWER)
                ]
                alarms += verdicts[0] in (judging.SLOWER, judging.FASTER)
                found += verdicts[1] == judging.SLOWER
            yield name, n, alarms / n_trials, found / n_trials


def critical(rng):
    """Numbers, and the size that 5 in 100 series of such noise exceed."""
    for n in lasting._CRITICAL:
        sizes = []
        for _ in range(max(200, min(6000, 2_000_000 // n))):
            values = np.log(lasts(lasting.CORRELATION, 1.0)(rng, n))
            ranks = values.argsort().argsort()[None] + 1.0
            scores = [changes._scores(ranks, w)[0] for w in changes._widths(n)]
            best = int(np.argmax([each.max() for each in scores]))
            at = int(np.argmax(scores[best])) + changes.LEAST
            sizes.append(lasting.size(values, at, changes._widths(n)[best]))
        yield n, float(np.quantile(sizes, 0.95))


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


def show(title, rows, least=N_REPEATS):
    print(title)
    for name, n, alarms, found in rows:
        marks = ["✓" if alarms <= MOST_ALARMS else "✗"]
        marks.append("" if n < least else "✓" if found >= LEAST_FOUND else "✗")
        if "(beyond)" in name:
            marks = ["", ""]
        print(
            f"  {name:<30} {n:>3}  false alarms {alarms:6.1%} {marks[0]:1}  "
            f"found {found:6.1%} {marks[1]}",
            flush=True,
        )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=60, help="real ones; 0: none")
    parser.add_argument("--critical", action="store_true")
    chosen = parser.parse_args(arguments)
    rng = np.random.default_rng(1)
    if chosen.critical:
        for n, limit in critical(rng):
            print(f"{n:>6}: {limit:.2f}", flush=True)
        return
    print(
        f"bars: at most {MOST_ALARMS:.0%} false alarms, at least {LEAST_FOUND:.0%} of "
        f"changes by {SLOWER - 1:.0%} found in {N_REPEATS} repeats"
    )
    show("compare: noise, repeats on each side", simulated(chosen.trials, rng))
    n_few = max(chosen.trials // 5, 1)
    show("compare: one run each, 30 % slower", alone(n_few, rng), least=1)
    show("compare: sweeps, repeats of each number of workers", sweeps(n_few, rng))
    never = 10**9  # no bar for what is found: it is as it is
    show("history: a step by 20 % among runs", series(n_few, rng), least=never)
    show("history: 1 % longer with each run", trends(n_few, rng), least=never)
    if chosen.runs >= 2 * N_REPEATS:
        show("compare: neighbours in time", real(chosen.runs, chosen.trials, rng))


if __name__ == "__main__":
    main()
