"""What a Spark event log tells of stages: names, beginnings, what they wait for.

Knows that a stage which was made before is listed again under another number, and then
has no task; refuses to know tasks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from . import fields
from .assembling import seconds
from .source import Source

MOST = 2**53


@dataclass(slots=True)
class _Stage:
    name: str = ""
    parents: tuple[int, ...] = ()
    rdd: int = -1  # what it makes
    began: dict[int, float] = field(default_factory=dict)  # by attempt; ms since 1970


class Stages:
    """The stages told so far, by number."""

    def __init__(self):
        self._known: dict[int, _Stage] = {}

    def take(self, source: Source, info: dict[str, Any], where: str) -> None:
        """Take a ``Stage Info``; a later one adds to an earlier one."""
        number = fields.count_of(source, info.get("Stage ID"), "Stage ID", where, MOST)
        stage = self._known.setdefault(number, _Stage())
        parents = info.get("Parent IDs")
        if parents:
            stage.parents = tuple(
                fields.count_of(source, parent, "Parent IDs", where, MOST)
                for parent in fields.sequence(source, parents, "Parent IDs", where)
            )
        stage.name = fields.text_of(info.get("Stage Name"), stage.name)
        made = info.get("RDD Info")
        if isinstance(made, list) and made and isinstance(made[0], dict):
            rdd = made[0].get("RDD ID")
            stage.rdd = rdd if isinstance(rdd, int) else stage.rdd
        began = info.get("Submission Time")
        if began is not None:
            attempt = info.get("Stage Attempt ID")
            attempt = attempt if isinstance(attempt, int) else 0
            stage.began[attempt] = seconds(source, began, "Submission Time", where)

    def name(self, number: int) -> str:
        """What Spark calls it, or its number."""
        stage = self._known.get(number)
        return (stage and stage.name) or f"stage {number}"

    def began(self, number: int, attempt: int) -> float:
        """When an attempt of it was submitted, in ms since 1970; or NaN."""
        stage = self._known.get(number)
        return stage.began.get(attempt, math.nan) if stage else math.nan

    def parents(self, with_tasks: Iterable[int]) -> dict[int, list[int]]:
        """Stages with tasks that each of `with_tasks` waits for.

        Adaptive execution makes a job of every stage. A job lists the stages it needs
        again, by new numbers, and skips them: the one that made the same RDD counts.
        """
        known = sorted(set(with_tasks))
        ran = set(known)
        makers: dict[int, list[int]] = {}
        for number in known:
            stage = self._known.get(number)
            if stage and stage.rdd >= 0:
                makers.setdefault(stage.rdd, []).append(number)

        def maker(parent: int) -> int:
            stage = self._known.get(parent)
            if parent in ran or not stage:
                return parent
            earlier = [n for n in makers.get(stage.rdd, ()) if n < parent]
            return earlier[-1] if earlier else parent

        return {
            number: sorted({maker(p) for p in self._known[number].parents} - {number})
            for number in known
            if number in self._known
        }
