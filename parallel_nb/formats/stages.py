"""Stages that wait for stages → edges between their tasks.

Knows that n tasks waiting for m make n x m edges, and what to do where that is too
many; refuses to know how a log tells of stages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .numbering import in_order
from .source import Source

MOST_EDGES = 1_000_000


def edges_of(
    source: Source,
    parents: Mapping[int, Sequence[int]],
    known: np.ndarray,
    stage_of: np.ndarray,
    last: np.ndarray,
) -> tuple[np.ndarray, list[str]]:
    """Pairs (task, after), and what to say of them.

    Parameters
    ----------
    source : Source
        Named in errors.
    parents : mapping of int to sequence of int
        Stages that a stage waits for. Those without a task do not count: what they
        would have made was there.
    known : int array of shape (n_stages,)
        Stages that have tasks, ascending.
    stage_of : int array of shape (n_tasks,)
        Position of each task's stage in `known`.
    last : array of shape (n_tasks,)
        When each task ended (s).

    Raises
    ------
    FormatError
        If stages wait for each other in a circle.
    """
    known = known.tolist()
    position = {stage: at for at, stage in enumerate(known)}
    pairs = {
        (position[stage], position[parent])
        for stage in known
        for parent in parents.get(stage, ())
        if parent in position and parent != stage
    }
    _, stuck = in_order(len(known), pairs)
    if stuck is not None:
        raise source.error(f"stage {known[stuck]}: stages wait in a circle")
    notes = []
    if len(known) > 1:
        notes.append(
            "tasks wait for the stages before theirs; what made one job follow another "
            "is not in the log, nor among the edges"
        )
    by_stage = np.argsort(stage_of, kind="stable")
    members = np.split(by_stage, np.bincount(stage_of).cumsum()[:-1])
    waited = members
    n_edges = sum(len(members[stage]) * len(members[parent]) for stage, parent in pairs)
    if n_edges > MOST_EDGES:
        notes.append(
            f"{n_edges:,} edges are too many: tasks wait for the one that ended last "
            "in the stage before, instead of for all of it"
        )
        waited = [tasks[[int(np.argmax(last[tasks]))]] for tasks in members]
    made = [
        np.stack(
            np.meshgrid(members[stage], waited[parent], indexing="ij"), axis=-1
        ).reshape(-1, 2)
        for stage, parent in sorted(pairs)
    ]
    return np.concatenate(made) if made else np.empty((0, 2), np.int64), notes
