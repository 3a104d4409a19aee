"""What would help, and what to do: sentences that follow from a run's figures.

Knows a few limits that no schedule can beat and when each of them binds; says nothing
that the figures do not carry, and predicts nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .. import totals
from ..draw import wording
from ..runs import Run
from ..simulation import simulate
from .document import Code, Text
from .figures import Figures, is_all_done
from .phrases import arrows, listed, quote

_CLOSE = 0.95  # of a limit: as good as reached
_ROUNDING = 0.01  # of the makespan: clocks may differ by so much
_NOTABLE = 0.1  # of the makespan or the busy time: worth a sentence
_WORTH = 0.05  # of the makespan: a remedy that saves less is not told

_DO = {
    "failed": "Find out why {tasks} failed",
    "invalid": "See why the result of {tasks} is not valid",
    "timeout": "Allow more time for {tasks}, or split what is too long",
    "crashed": "Find out what ended the process of {tasks}",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the figures show, and what to do about it, if anything."""

    text: Text
    advice: Text = ""


def findings(of: Figures, run: Run) -> list[Finding]:
    """What keeps the run from being shorter or cheaper, what weighs most first."""
    if "starts" in run.meta.lacks and of.work > 0:
        return [_only_durations(of)]
    if not of.makespan > 0 or not of.work > 0:
        return [Finding("Nothing ran that took any time, so nothing can be gained.")]
    limits = _limits(of)
    limit = max(limits.values())
    if limit > of.makespan * (1 + _ROUNDING):
        return [
            Finding(
                "The times contradict each other: attempts overlap within a worker, "
                "more of an agent's tasks ran at once than it has slots, or tasks "
                "began before what they wait for had ended. What would help cannot be "
                "told from them.",
                "Check where the times come from.",
            ),
            *_costs(of),
        ]
    found = [_distance(of, limit)]
    if limit >= _CLOSE * of.makespan:
        close = {name for name, value in limits.items() if value >= _CLOSE * limit}
        found += _binding(of, run, limits, close)
    else:
        found += _imbalance(of, run)
    if "workers" in run.meta.lacks:
        found.append(
            Finding(
                "Nobody noted which worker ran what: lanes are the fewest that the "
                "times allow, so utilization and load balance are upper bounds."
            )
        )
    return [*found, *_surplus(of), *_start(of), *_costs(of)]


def recommendations(of: Figures, run: Run, found: list[Finding]) -> list[Text]:
    """What to do, in order of urgency; never empty."""
    names = run.tasks["name"].tolist()
    status = run.tasks["status"].astype("str").to_numpy()
    todo: list[Text] = []
    for kind, sentence in _DO.items():
        if of.counts[kind]:
            which = [names[task] for task in (status == kind).nonzero()[0]]
            todo.append(f"{sentence.format(tasks=listed(which))}.")
    if any(of.counts[kind] for kind in _DO):
        todo.append(("Errors and tracebacks are in ", Code("run.errors"), "."))
    if of.n_not_run and run.meta.ended_by != "wait":
        which = wording.count(of.n_not_run, "task")
        todo.append(
            (
                f"Run what was not run ({which}) once the cause is gone: ",
                Code("pnb.rerun(run)"),
                ".",
            )
        )
    flaky = ((run.tasks["attempt"] > 1).to_numpy() & (status == "done")).nonzero()[0]
    if len(flaky):
        which = listed([names[task] for task in flaky])
        todo.append(f"Find out why {which} succeeded only when tried again.")
    todo += [finding.advice for finding in found if finding.advice]
    if is_all_done(run) and of.n_workers > 1 and of.speedup > 0 and not of.is_measured:
        todo.append(
            (
                "Run the same tasks with one worker and pass that run as ",
                Code("baseline"),
                ": the speedup is estimated until then.",
            )
        )
    return todo or ["None: the figures give no reason for any."]


# Limits


def _limits(of: Figures) -> dict[str, float]:
    """Seconds that no schedule can beat: of the chain, the workers, each agent."""
    limits = {"chain": of.span, "workers": of.work / of.n_workers}
    for agent in of.agents.itertuples(index=False):
        if agent.agent != totals.ANYONE and agent.slots:
            limits[f"agent {agent.agent}"] = agent.busy / agent.slots
    return limits


def _only_durations(of: Figures) -> Finding:
    what = "task" if len(of.chain) == 1 else "chain of tasks"
    useful = wording.count(math.ceil(of.work / of.span), "worker")
    return Finding(
        "Nobody noted when tasks began, only how long they took: total time, speedup "
        "and utilization are not known. All tasks together took "
        f"{wording.seconds(of.work)}, the longest {what} {wording.seconds(of.span)}: "
        f"no number of workers gets below that, and no more than {useful} can be kept "
        "busy.",
        (
            "Schedule these durations on other numbers of workers: ",
            Code("pnb.predict(run, n_workers=[…])"),
            ".",
        ),
    )


def _distance(of: Figures, limit: float) -> Finding:
    what = "what ran" if of.n_not_run else "these tasks"
    told = (
        f"With {wording.count(of.n_workers, 'worker')} no schedule of {what} can take "
        f"less than {wording.seconds(limit)}; this run took "
        f"{wording.seconds(of.makespan)}"
    )
    if limit >= _CLOSE * of.makespan:
        return Finding(f"{told}, so a better order gains next to nothing.")
    gap = of.makespan - limit
    return Finding(
        f"{told}: {wording.seconds(gap)} ({wording.percent(gap / of.makespan)}) went "
        "into starting, handing over, waiting and the order of tasks."
    )


def _binding(of: Figures, run: Run, limits, close) -> list[Finding]:
    """What sets the limit that the run has reached."""
    if of.n_workers > 1 and "chain" in close:
        found = [_longest_chain(of, run, limits, close)]
    elif "workers" in close and not any(name.startswith("agent ") for name in close):
        found = [_busy_workers(of, run)]
    else:
        found = []
    return found + _blocked_agents(of, close)


def _longest_chain(of: Figures, run: Run, limits, close) -> Finding:
    names = run.tasks["name"]
    slowest = quote(names.iat[of.bottleneck])
    is_task = len(of.chain) == 1
    if is_task:
        told, does_more = f"{slowest} alone", "than its longest task"
        advice = f"Split or shorten {slowest}."
    else:
        chain = arrows([names.iat[task] for task in of.chain])
        told, does_more = f"The chain {chain}, whose tasks wait for each other,", ""
        longest = wording.seconds(of.of_task[of.bottleneck])
        advice = (
            f"Split or shorten {slowest}: with {longest} it is the longest task of the "
            "chain that sets the pace."
        )
    share = wording.percent(of.span / of.makespan)
    told = f"{told} took {wording.seconds(of.span)}, {share} of the total time"
    if "workers" in close:
        return Finding(
            f"{told}, and the workers were busy for as long: only shorter tasks and "
            "more workers together make the run shorter."
        )
    evenly = wording.seconds(limits["workers"])
    shorter = f"no number of workers makes the run shorter {does_more}".rstrip()
    return Finding(
        f"{told}: {shorter}. Divided evenly among "
        f"{wording.count(of.n_workers, 'worker')}, all the work would take {evenly}.",
        advice,
    )


def _blocked_agents(of: Figures, close) -> list[Finding]:
    found = []
    for agent in of.agents.itertuples(index=False):
        if f"agent {agent.agent}" not in close or agent.n_tasks <= agent.slots:
            continue
        longest = float(of.of_task[agent.longest_task])
        then = max(agent.busy / (agent.slots + 1), longest)
        if then >= _CLOSE * agent.busy / agent.slots:
            continue
        slots = wording.count(agent.slots, "slot")
        worker = " and the run one worker more" if "workers" in close else ""
        found.append(
            Finding(
                f"Agent {quote(agent.agent)} was busy "
                f"{wording.percent(agent.utilization)} of the time in its {slots}: its "
                f"{wording.seconds(agent.busy)} of work set the pace. With one slot "
                f"more it needs {wording.seconds(then)} at least.",
                f"Give agent {quote(agent.agent)} one slot more{worker}.",
            )
        )
    return found


def _busy_workers(of: Figures, run: Run) -> Finding:
    enough = wording.count(math.ceil(of.work / of.span), "worker")
    longest = "chain" if len(of.chain) > 1 else "task"
    told = (
        f"Workers were inside attempts {wording.percent(of.utilization)} of the time: "
        f"only more of them or less work make the run shorter. From {enough} on, the "
        f"longest {longest} is the limit ({wording.seconds(of.span)})."
    )
    n_cores = run.meta.cpu_count
    if 0 < n_cores <= of.n_workers:
        cores = wording.count(n_cores, "usable core")
        return Finding(f"{told} They would have to share {cores}.")
    return Finding(told, "Use more workers.")


def _imbalance(of: Figures, run: Run) -> list[Finding]:
    is_free = not of.has_edges and not run.meta.agents
    if of.n_workers == 1 or not is_free or of.n_tasks <= of.n_workers:
        return []
    if not of.load_balance < 1 - _NOTABLE or run.meta.order != "given":
        return []
    sorted_out = simulate(run, n_workers=of.n_workers, order="longest_first")
    seconds = sorted_out.summary()["makespan"].item()
    if not seconds < (1 - _WORTH) * run.summary()["makespan"].item():
        return []  # one task is too long for any order
    share = wording.percent(of.load_balance)
    return [
        Finding(
            "Some workers had much more to do than others: on average they were busy "
            f"{share} as long as the busiest one.",
            (
                "Start the longest tasks first (",
                Code('order="longest_first"'),
                "), so that short ones fill the gaps at the end.",
            ),
        )
    ]


def _surplus(of: Figures) -> list[Finding]:
    """More workers than the tasks can keep busy."""
    parallelism = of.work / of.span
    if of.n_workers < math.ceil(parallelism) + 1:
        return []
    what = "chain" if len(of.chain) > 1 else "task"
    idle = f" {of.n_idle:,} of them ran nothing." if of.n_idle else ""
    return [
        Finding(
            f"On average no more than {wording.number(parallelism)} of the "
            f"{of.n_workers:,} workers can be busy, whatever the order: that is work / "
            f"longest {what}.{idle}",
            "Use fewer workers, or more and shorter tasks.",
        )
    ]


# Costs


def _start(of: Figures) -> list[Finding]:
    if not of.lead >= _NOTABLE * of.makespan:
        return []
    return [
        Finding(
            f"{wording.seconds(of.lead)} "
            f"({wording.percent(of.lead / of.makespan)} of the total time) passed "
            "before the first attempt began.",
            "Start-up weighs less the more work a run has: put several runs into one.",
        )
    ]


def _costs(of: Figures) -> list[Finding]:
    found = []
    if of.work_inflation >= 1 + _NOTABLE:
        found.append(
            Finding(
                f"The same tasks took {wording.seconds(of.work)} under "
                f"{wording.count(of.n_workers, 'worker')} and "
                f"{wording.seconds(of.sequential)} under one: they get in each "
                "other's way.",
                "Look for what the tasks share: caches, memory, disk, the GIL.",
            )
        )
    if of.lost > 0:
        share = wording.percent(of.lost / of.work)
        found.append(
            Finding(
                f"Attempts that were not done took {wording.seconds(of.lost)}, "
                f"{share} of all busy time."
            )
        )
    return found
