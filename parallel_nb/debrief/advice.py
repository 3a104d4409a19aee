"""What would help, and what to do: the findings in a report's words, and what failed.

Knows in which order things are told and how; refuses to know how they are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnosis import Finding, Findings
from ..draw import wording
from ..runs import Run
from .document import Bullets, Code, Strong, Text
from .figures import Figures, is_all_done
from .phrases import listed

_DO = {
    "failed": "Find out why {tasks} failed",
    "invalid": "See why the result of {tasks} is not valid",
    "timeout": "Allow more time for {tasks}, or split what is too long",
    "crashed": "Find out what ended the process of {tasks}",
}
_CODE = re.compile("`([ -_a-~…]+)`")


def helps(found: Findings) -> Bullets:
    """What keeps the run from being shorter or cheaper, what weighs most first."""
    told = [_told(finding) for finding in found]
    if found.not_examined:
        told.append(f"Not examined: {'; '.join(found.not_examined)}.")
    return Bullets(tuple(told))


def recommendations(of: Figures, run: Run, found: Findings) -> Bullets:
    """What to do, in order of urgency; never empty."""
    todo: list[Text] = [*_what_failed(of, run), *_what_helps(found)]
    if is_all_done(run) and of.n_workers > 1 and of.speedup > 0 and not of.is_measured:
        todo.append(
            (
                "Run the same tasks with one worker and pass that run as ",
                Code("baseline"),
                ": the speedup is estimated until then.",
            )
        )
    return Bullets(tuple(todo) or ("None: the figures give no reason for any.",))


def _told(finding: Finding) -> Text:
    notes = "".join(f" Note: {caveat}." for caveat in finding.caveats)
    evidence = f" {finding.evidence}{notes}"
    return (Strong(f"{_capital(finding.headline)}."), *_parts(evidence))


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _what_failed(of: Figures, run: Run) -> Iterator[Text]:
    names = run.tasks["name"].tolist()
    status = run.tasks["status"].astype("str").to_numpy()
    for kind, sentence in _DO.items():
        if of.counts[kind]:
            which = [names[task] for task in (status == kind).nonzero()[0]]
            yield f"{sentence.format(tasks=listed(which))}."
    if any(of.counts[kind] for kind in _DO):
        yield "Errors and tracebacks are in ", Code("run.errors"), "."
    if of.n_not_run and run.meta.ended_by != "wait":
        which = wording.count(of.n_not_run, "task")
        yield (
            f"Run what was not run ({which}) once the cause is gone: ",
            Code("pnb.rerun(run)"),
            ".",
        )
    flaky = ((run.tasks["attempt"] > 1).to_numpy() & (status == "done")).nonzero()[0]
    if len(flaky):
        which = listed([names[task] for task in flaky])
        yield f"Find out why {which} succeeded only when tried again."


def _what_helps(found: Findings) -> Iterator[Text]:
    for finding in found:
        if not finding.remedy:
            continue
        if finding.saving > 0:
            took = wording.seconds(finding.makespan)
            then = wording.seconds(finding.predicted)
            gain = f" That makes {then} of {took} (predicted, {finding.sure})."
        else:
            gain = ""
        yield (f"{_capital(finding.name)}: ", *_parts(finding.remedy + gain))


def _parts(text: str) -> list[Text]:
    """What is between backticks as code, where nobody else's words are likely."""
    pieces = enumerate(_CODE.split(text))
    return [Code(piece) if at % 2 else piece for at, piece in pieces if piece]
