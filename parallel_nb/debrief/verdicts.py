"""How a run went as a whole.

Knows what counts as success; refuses to know times.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..draw import wording
from .figures import NOT_RUN, WENT_WRONG, Figures

# Why a run ended, in words; "completion" needs none.
_ENDED_BY = {
    "wait": "The run ended as soon as enough tasks had succeeded.",
    "impossible": "The run ended when too few tasks could still succeed.",
    "failure": "The run ended because a task had failed.",
    "cancel": "The run was cancelled.",
    "interrupt": "The run was interrupted.",
    "error": "An error ended the run.",
    "completion": "",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The overall status, and what it rests on."""

    status: str
    reason: str


def verdict(of: Figures, ended_by: str) -> Verdict:
    """The overall status of a run, as `report` defines it."""
    return Verdict(_status(of, ended_by), _reason(of, ended_by))


def _status(of: Figures, ended_by: str) -> str:
    if not of.n_tasks:
        return "no tasks"
    if not of.n_done or ended_by == "impossible":
        return "failure"
    n_wrong = sum(of.counts[status] for status in WENT_WRONG)
    is_reached = ended_by == "wait"
    if not is_reached and (n_wrong or of.n_not_run):
        return "partial"
    return "success with issues" if n_wrong or of.n_retried else "success"


def _reason(of: Figures, ended_by: str) -> str:
    if not of.n_tasks:
        return "The run has no tasks."
    others = [
        f"{of.counts[status]:,} {status}"
        for status in (*WENT_WRONG, *NOT_RUN)
        if of.counts[status]
    ]
    told = f"{of.n_done:,} of {wording.count(of.n_tasks, 'task')} done"
    sentences = [f"{', '.join([told, *others])}."]
    if of.n_retried:
        retried = wording.count(of.n_retried, "task")
        sentences.append(f"{retried} took more than one attempt.")
    sentences.append(_ENDED_BY.get(ended_by, f"The run was ended by {ended_by}."))
    return " ".join(filter(None, sentences))
