"""An Observation on a card: who disturbs whom, who did what, what was not seen.

Knows what to read first about an Observation; refuses to find anything out.
"""

from __future__ import annotations

import os

from ..draw import markup, palette, wording
from ..planning.wiring import enumerated, labels
from . import sheet

_CONFLICTS, _TASKS, _RESOURCES, _NAMES, _UNSEEN = 6, 12, 6, 5, 8
_NAME, _PATH, _SENTENCE = 60, 100, 300  # characters


def parts(observation) -> list[str]:
    """The pieces of the card."""
    conflicts = observation.conflicts
    is_real = ~conflicts["in_threads_only"]
    undeclared = conflicts[is_real & ~conflicts["declared"]]
    declared = conflicts[is_real & conflicts["declared"]]
    in_threads = conflicts[~is_real]
    told = _Told(observation)
    return [
        sheet.head("Observation", _size(observation)),
        _verdict(len(undeclared), len(declared)),
        _conflicts("Not declared", undeclared, told, "▲", palette.VERMILION),
        _conflicts("Declared", declared, told, "✓", palette.GREEN),
        _conflicts(
            "In threads of one process",
            in_threads,
            told,
            "●",
            palette.GREY,
        ),
        sheet.section("What each task did", _deeds(observation, told)),
        sheet.section("Not observed", _unseen(observation)),
        sheet.next_steps(
            "pnb.plan(observation.tasks)",
            "observation.accesses",
            "observation.undeclared",
        ),
    ]


class _Told:
    """What tasks and resources are called on the card."""

    def __init__(self, observation):
        self._names = labels(observation.tasks)
        self._reads, self._writes = observation.reads, observation.writes
        self._folder = os.getcwd()

    def task(self, position: int) -> str:
        return wording.shortened(self._names[position], _NAME)

    def tasks(self, positions) -> str:
        return markup.text(enumerated([self.task(at) for at in positions], _NAMES))

    def resource(self, resource: str) -> str:
        """As one would say it; the end of a long path says more than its beginning."""
        name = resource
        if name.startswith(f"{self._folder}{os.sep}"):
            name = os.path.relpath(name, self._folder)
        if len(name) > _PATH:
            name = f"…{name[1 - _PATH :]}"
        return f"<code>{markup.text(wording.shortened(name, _PATH))}</code>"

    def clash(self, resource: str, tasks) -> str:
        """What the tasks do there to disturb each other."""
        writing = [at for at in tasks if resource in self._writes[at]]
        reading = [at for at in tasks if at not in writing]
        if not writing or not all(resource in self._reads[at] for at in reading):
            return f"{self.tasks(tasks)} disturb each other there"
        both = "both " if len(writing) == 2 else ""
        said = f"{self.tasks(writing)} {both}write{'s' * (len(writing) == 1)} it"
        if reading:
            said += f", {self.tasks(reading)} read{'s' * (len(reading) == 1)} it"
        return said

    def resources(self, resources) -> str:
        named = [self.resource(each) for each in resources[:_RESOURCES]]
        if len(resources) > _RESOURCES:
            named.append(f"{len(resources) - _RESOURCES:,} more")
        return ", ".join(named)


def _size(observation) -> str:
    n_seen, n_tasks = len(observation.observed), len(observation.tasks)
    if n_seen < n_tasks:
        return f"{n_seen:,} of {n_tasks:,} tasks, one at a time"
    return f"{wording.count(n_tasks, 'task')}, one at a time"


def _verdict(n_undeclared: int, n_declared: int) -> str:
    if n_undeclared:
        said = f"{wording.count(n_undeclared, 'conflict')} that no task declares"
        return f"<p><b>{said}</b>: a plan of these tasks would not know.</p>"
    if n_declared:
        return "<p>Every conflict that was seen is declared.</p>"
    return "<p>No two tasks disturb each other, as far as could be seen.</p>"


def _conflicts(title: str, conflicts, told: _Told, mark: str, colour: str) -> str:
    """One line for a resource, with all tasks that disturb each other there."""
    involved: dict[str, dict[int, None]] = {}
    for row in conflicts.itertuples(index=False):
        involved.setdefault(row.resource, {}).update(dict.fromkeys([row.a, row.b]))
    rows = [
        sheet.marked(
            mark, colour, f"{told.resource(each)} {told.clash(each, sorted(tasks))}"
        )
        for each, tasks in list(involved.items())[:_CONFLICTS]
    ]
    if len(involved) > _CONFLICTS:
        n_more = len(involved) - _CONFLICTS
        rows.append(sheet.more(n_more, "resources", "observation.conflicts"))
    return sheet.section(title, rows)


def _deeds(observation, told: _Told) -> list[str]:
    statuses = observation.run.tasks["status"].tolist()
    rows = []
    for place, position in enumerate(observation.observed[:_TASKS]):
        deeds = [
            f"{verb} {told.resources(resources)}"
            for verb, resources in (
                ("writes", observation.writes[position]),
                ("reads", observation.reads[position]),
            )
            if resources
        ]
        if statuses[place] != "done":
            deeds.append(f"{statuses[place]}: seen as far as it got")
        name = markup.text(told.task(position))
        rows.append(f"<b>{name}</b> {'; '.join(deeds) or 'touches nothing'}")
    n_more = len(observation.observed) - len(rows)
    if n_more:
        rows.append(sheet.more(n_more, "tasks", "observation.accesses"))
    return rows


def _unseen(observation) -> list[str]:
    said = observation.not_observed
    rows = [
        markup.text(wording.shortened(sentence, _SENTENCE))
        for sentence in said[:_UNSEEN]
    ]
    if len(said) > _UNSEEN:
        n_more = len(said) - _UNSEEN
        rows.append(sheet.more(n_more, "", "observation.not_observed"))
    return rows
