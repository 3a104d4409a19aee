"""The questions that a notebook asks of a Run or a Sweep, each with the call.

Knows which questions what was recorded can answer; refuses to know notebooks. A
question is (key, title, text, code): the key makes cell ids that stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..runs import Run
from ..sweeps import Sweep

_MANY_TASKS = 10


class Question(NamedTuple):
    """One step of the walk: a heading, a sentence on what is seen, a call."""

    key: str  # letters and hyphens
    title: str
    text: str
    code: str


def questions(kept: Run | Sweep, file: str) -> Iterator[Question]:
    """What to ask of `kept`, which is in `file` beside the notebook."""
    yield Question("load", "", "", _loading(kept, file))
    yield from _of_sweep(kept) if isinstance(kept, Sweep) else _of_run(kept)


def headline(kept: Run | Sweep) -> tuple[str, str]:
    """Title, and what the notebook is about."""
    if isinstance(kept, Sweep):
        about = (
            "The same batch was measured with several numbers of workers. How does it "
            "scale, which law does it follow, and what is worth measuring next?"
        )
        return kept.label or "A sweep", about
    meta = kept.meta
    where = f" on {meta.host}" if meta.host else ""
    moment = meta.started_at.partition(".")[0].replace("T", " ").removesuffix("+00:00")
    when = f", {moment} UTC" if moment else ""
    about = (
        f"A batch of {kept.n_tasks:,} task{'s' * (kept.n_tasks != 1)} under "
        f"{meta.n_workers:,} worker{'s' * (meta.n_workers != 1)} "
        f"({meta.backend}){where}{when}. Where did the worker-seconds go, and what "
        "would help?"
    )
    return meta.label or "A run", about


def _loading(kept: Run | Sweep, file: str) -> str:
    name = "sweep" if isinstance(kept, Sweep) else "run"
    return (
        "import parallel_nb as pnb\n\n"
        f"{name} = pnb.load({file!r})  # beside this notebook\n{name}"
    )


def _of_run(run: Run) -> Iterator[Question]:
    lacks = run.meta.lacks
    has_ran = bool(run.attempts["ended"].notna().any())
    yield Question(
        "summary",
        "In numbers",
        "Work is the seconds inside of attempts, span the longest chain of tasks that "
        "wait for each other, makespan all of it from the first submission to the last "
        "end. Utilization is load balance × dispatch efficiency.",
        'run.summary().T.rename(columns={0: "value"})',
    )
    if bool((run.tasks["status"] != "done").any()) or len(run.errors):
        yield Question(
            "errors",
            "What went wrong",
            "Every attempt with an error is a row, also those that were tried again.",
            'run.errors[["task", "attempt", "name", "status", "error"]].head(20)',
        )
        yield Question(
            "statuses",
            "",
            "",
            'run.tasks["status"].value_counts().loc[lambda counts: counts > 0]',
        )
    if not has_ran:
        return
    yield Question(
        "timeline",
        "Who did what, when",
        "A lane for each worker, a block for each attempt. Look for gaps, for blocks "
        "that are much longer than others, and for lanes that end early."
        + _caution(lacks),
        "pnb.draw.timeline(run);",
    )
    yield Question(
        "utilization",
        "How busy the workers were",
        "Where the curve falls before the end, the last tasks were waited for.",
        "pnb.draw.utilization(run);",
    )
    yield Question(
        "longest",
        "Which tasks took longest",
        "`run.tasks` is a pandas frame with one row per task: sort it, group it by "
        "name, worker or agent.",
        'tasks = run.tasks.assign(duration=run.tasks["ended"] - run.tasks["started"])\n'
        'columns = ["task", "name", "status", "worker", "started", "duration", "cpu"]\n'
        f'tasks.nlargest({_MANY_TASKS}, "duration")[columns]',
    )
    if "starts" not in lacks:
        yield Question(
            "ledger",
            "Where the worker-seconds went",
            "Workers × makespan, each second in one part; the parts add up.",
            "ledger = pnb.ledger(run)\nledger",
        )
        yield Question("ledger-picture", "", "", "pnb.draw.ledger(run);")
    if run.meta.agents:
        yield Question(
            "agents",
            "Agents",
            "Slots and load of each kind of worker.",
            "run.agents",
        )
    if len(run.edges):
        yield Question(
            "edges",
            "Who waited for whom",
            "One row for each task and one that it had to wait for.",
            "run.edges.head(20)",
        )
    yield Question(
        "findings",
        "What is wrong, and what would help",
        "Ranked by what the remedy would save. Savings are predictions: the recorded "
        "attempts, scheduled again.",
        "findings = pnb.findings(run)\nfindings",
    )
    counts = sorted({1, 2, 4, 8, 16, 32} | {2 * run.meta.n_workers})
    yield Question(
        "predict",
        "What other numbers of workers would take",
        "The first row is the number that was recorded, with the model's own error. "
        "It holds where tasks do not slow each other down.",
        f"predicted = pnb.predict(run, n_workers={counts})\npredicted",
    )
    yield Question("predict-picture", "", "", "pnb.draw.predict(predicted);")
    yield Question(
        "explore",
        "Turn it over",
        "Zoom, pick tasks, ask what if. It needs a running kernel.",
        "pnb.explore(run)",
    )


def _of_sweep(sweep: Sweep) -> Iterator[Question]:
    yield Question(
        "table",
        "In numbers",
        "One row per measurement. Efficiency is speedup / workers.",
        "sweep.table",
    )
    yield Question(
        "precision",
        "How well repeats agree",
        "`half_width` is half of the mean's 95 % interval as a share of it, `more` the "
        "repeats that are missing for 5 %.",
        "sweep.precision(within=0.05)",
    )
    yield Question(
        "fit",
        "Which law it follows",
        "Each law with its parameters and intervals; three ways vote on which one to "
        "believe, and the verdict says what the data cannot tell.",
        "fits = pnb.fit(sweep)\nfits",
    )
    yield Question(
        "speedup",
        "Speedup",
        "Every repeat is a point. Beyond the last measured number of workers, curves "
        "are extrapolation.",
        f"pnb.draw.speedup(sweep, fits, up_to={2 * max(sweep.n_workers)});",
    )
    yield Question("efficiency", "", "", "pnb.draw.efficiency(sweep, fits);")
    yield Question(
        "next",
        "What to measure next",
        "The number of workers that would tell the laws apart best.",
        "fits.next_n",
    )
    yield Question(
        "verdict",
        "",
        "",
        "print(fits.verdict)\nfor warning in fits.warnings:\n    print(warning)",
    )
    if sweep.runs:
        yield Question(
            "last-run",
            "The run with most workers",
            "Why is it not as fast as the ideal? Each run of the sweep is kept: "
            "`sweep.runs`.",
            "run = max(sweep.runs, key=lambda run: run.meta.n_workers)\n"
            "pnb.draw.timeline(run);",
        )
        yield Question("last-findings", "", "", "pnb.findings(run)")
    yield Question(
        "explore",
        "Turn it over",
        "Switch laws, leave points out, ask for other numbers. It needs a running "
        "kernel.",
        "pnb.explore(sweep)",
    )


def _caution(lacks: tuple[str, ...]) -> str:
    if "starts" in lacks:
        return (
            " **These places are not measured:** the file has durations only, which "
            "were laid end to end."
        )
    if "workers" in lacks:
        return " Workers were not told: these are the fewest lanes that fit."
    return ""
