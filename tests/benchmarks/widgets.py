"""What a frame costs in the kernel: ``python -m tests.benchmarks.widgets``.

Each control of the widgets is moved again and again, and the time from its handler to
the encoded picture is taken: the median, the longest, and the first, which makes what
the others keep. Bars: 50 ms at 100,000 attempts, 120 ms at a million, by the median of
wall times. ``--quick`` takes a hundredth of the attempts. Takes five minutes.
"""

import argparse
import itertools
import time
from statistics import median

import nbclient
import nbformat
import numpy as np
import pandas as pd

import parallel_nb as pnb
from parallel_nb import schema
from parallel_nb.runs import Meta, Run
from parallel_nb.scheduling import list_schedule

BARS = {100_000: 0.050, 1_000_000: 0.120}  # s
LAB_BAR = 0.050  # s
_N_WORKERS = 16
_N_NAMES = 40
_FAILED = 1e-4
_MOVES = 15


def recorded(n: int) -> Run:
    """A Run of skewed durations with some names and some failures."""
    rng = np.random.default_rng(0)
    durations = rng.lognormal(0.0, 1.0, n)
    schedule = list_schedule(durations, _N_WORKERS)
    codes = (rng.random(n) < _FAILED).astype(np.int8)
    names = np.char.add("fit-", (np.arange(n) % _N_NAMES).astype(str))
    frame = schema.coerce(
        {
            "task": np.arange(n),
            "name": names,
            "status": pd.Categorical.from_codes(codes, categories=schema.STATUSES),
            "submitted": 0.0,
            "started": schedule.started,
            "ended": schedule.ended,
            "cpu": 0.9 * durations,
            "worker": schedule.worker,
        }
    )
    meta = Meta(
        n_workers=_N_WORKERS,
        backend="isolated",
        host="here",
        cpu_count=_N_WORKERS,
        started_at="",
        versions={},
    )
    return Run(frame, meta)


def moves(page, run: Run) -> dict:
    """What to do to each control: a name, and a callable that does it once more."""
    last = page.window.max
    rng = np.random.default_rng(1)
    wide = ((0.0, last * (0.9 + 0.1 * each)) for each in rng.random(1000))
    narrow = ((last * each, last * (each + 0.01)) for each in 0.9 * rng.random(1000))
    colours = itertools.cycle(["name", "agent", "duration", "status"])
    tasks = iter(rng.integers(run.n_tasks, size=1000).tolist())
    workers = itertools.cycle([*range(1, 65), *range(64, 0, -1)])
    orders = itertools.cycle(["longest_first", "shortest_first", "given"])
    costs = itertools.cycle([0.001, 0.01, 0.1])
    sections = itertools.cycle(["Ledger", "What if", "Task"])

    def put(control, values):
        return lambda: setattr(control, "value", next(values))

    def named(of: str, control, values):
        def move():
            page.color.value = of
            began = time.perf_counter()
            control.value = next(values)
            return time.perf_counter() - began

        return move

    return {
        "window, all of it": put(page.window, wide),
        "window, 1 %": put(page.window, narrow),
        "window, by name": named("name", page.window, wide),
        "window, by duration": named("duration", page.window, wide),
        "colour": put(page.color, colours),
        "zoom in": page.zoom_in.click,
        "whole run, zoomed in before": page.whole.click,
        "task": put(page.task.task, tasks),
        "section": put(page.section, sections),
        "what if: workers": put(page.what_if.workers, workers),
        "what if: order": put(page.what_if.order, orders),
        "what if: handing over": put(page.what_if.dispatch, costs),
    }


def lab_moves() -> dict:
    """The same of the widgets that have no Run."""
    laws, toy = pnb.laws_lab(), pnb.schedule_lab()
    toy.tasks.value = toy.tasks.max
    n = np.repeat([1, 2, 4, 8, 16, 32], 3)
    seconds = 10 * (0.1 + 0.9 / n) * np.random.default_rng(0).normal(1, 0.02, len(n))
    table = pd.DataFrame({"n": n, "seconds": seconds})
    of_sweep = pnb.explore(pnb.Sweep.from_frame(table, n="n", time="seconds"))
    up_to = itertools.cycle([each for _, each in of_sweep.up_to.options])
    kinds = itertools.cycle(["equal", "one giant", "skewed"])

    def put(control, values):
        return lambda: setattr(control, "value", next(values))

    return {
        "laws: law": put(laws.law, itertools.cycle(["gustafson", "usl", "amdahl"])),
        "laws: serial": put(laws.serial, itertools.cycle(range(0, 100, 7))),
        "laws: workers": put(laws.workers, itertools.cycle([1, 4, 64, 1000])),
        "toy: workers": put(toy.workers, itertools.cycle(range(1, 13))),
        "toy: durations": put(toy.kind, kinds),
        "toy: order": put(toy.order, itertools.cycle(["best", "given"])),
        "sweep: up to": put(of_sweep.up_to, up_to),
    }


def timed(page, name: str, move) -> list[float]:
    """Seconds of each of some moves."""
    taken = []
    for _ in range(_MOVES):
        if name.startswith("whole run"):
            page.zoom_in.click()
        began = time.perf_counter()
        told = move()
        taken.append(told or time.perf_counter() - began)
    return taken


# CPU seconds of the whole kernel, in runs with and without the view by turns: what its
# thread takes is not all, as others send what it has painted.
LIVE = """
import time, parallel_nb as pnb
from statistics import median
def once(shown, *batch, **options):
    cpu, wall = time.process_time(), time.perf_counter()
    pnb.run(*batch, progress=shown, **options)
    return time.process_time() - cpu, time.perf_counter() - wall
def pairs(label, *batch, n_pairs=5, **options):
    more, walls = [], []
    for at in range(n_pairs):
        order = (True, False) if at % 2 else (False, True)
        found = {shown: once(shown, *batch, **options) for shown in order}
        more.append((found[True][0] - found[False][0]) / found[True][1])
        walls.append(found[True][1])
    low, high = min(more), max(more)
    mark = "✓" if median(more) <= 0.01 else "✗"
    print(f"  {label:28} {median(more):+.2%} ({low:+.2%} to {high:+.2%}) of "
          f"{median(walls):.1f} s {mark}")
"""
# The first run shown imports ipywidgets, which belongs to no frame.
LIVE_BATCHES = """
pnb.run(time.sleep, [0.1] * 16, n_jobs=2, backend="threading", progress=True)
pairs("8 lanes, long", time.sleep, [0.5] * 128, n_jobs=8, backend="threading")
pairs("tiny tasks", abs, range(4_000_000), n_jobs=2)
"""


def live_share(batches: str = LIVE_BATCHES) -> str:
    """Shares of a core that the live monitor takes, measured in a kernel."""
    cells = [nbformat.v4.new_code_cell(code) for code in (LIVE, batches)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    outputs = notebook.cells[1].outputs
    return "".join(each.text for each in outputs if each.output_type == "stream")


def report(name: str, taken: list[float], bar: float) -> None:
    """One line: the median, the longest and the first, beside the bar."""
    found = median(taken)
    numbers = " ".join(f"{1e3 * t:6.0f}" for t in (found, max(taken), taken[0]))
    mark = "✓" if found <= bar else "✗"
    print(f"  {name:28} {numbers}  ≤ {1e3 * bar:.0f} {mark}")


def main() -> None:
    """Measure and print, one line a control."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    print("labs and a sweep of 18 measurements; ms median, max, first")
    for name, move in lab_moves().items():
        report(name, timed(None, name, move), LAB_BAR)
    print("live monitor; bar: 1 % of a core more than without; median of pairs")
    print(live_share())
    for n_attempts, bar in BARS.items():
        run = recorded(n_attempts // 100 if is_quick else n_attempts)
        began = time.perf_counter()
        page = pnb.explore(run)
        made = time.perf_counter() - began
        print(f"{run.n_tasks:,} attempts: made in {made:.2f} s; ms median, max, first")
        for name, move in moves(page, run).items():
            if name == "task":
                page.whole.click()
                page.color.value = "status"
                page.section.value = "Task"
            if name.startswith("what if"):
                page.section.value = "What if"
            report(name, timed(page, name, move), bar)


if __name__ == "__main__":
    main()
